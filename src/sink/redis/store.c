/* Redis store: writes the cursor without a batch: at once if it has a hole that the server does not
 * know of (R6), otherwise after a while in which no batch wrote it. Knows no batches. */
#include "redis.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#define IDLE_MS 500u

/* ---- Replies ---- */

static void on_queued(redisAsyncContext *link, void *reply, void *context)
{
    struct hs_redis *redis = link->data;
    if (redis != NULL && reply != NULL)
        hs_redis_note(&redis->store.trouble, reply);
}

/* Even without MULTI the SET may be executed: the next connection reads whether it was. */
static void on_multi(redisAsyncContext *link, void *reply, void *context)
{
    struct hs_redis *redis = link->data;
    on_queued(link, reply, context);
    if (redis != NULL && redis->store.trouble.error != NULL)
        hs_redis_refused(redis, &redis->store.trouble);
}

static void on_exec(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    const redisReply *reply = data;
    if (redis == NULL || reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_NIL) {
        hs_redis_fenced(redis);
        return;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1)
        reply = reply->element[0]; /* of the SET */
    hs_redis_note(&redis->store.trouble, reply);
    if (reply->type != REDIS_REPLY_STATUS && redis->store.trouble.error == NULL)
        hs_redis_leave(redis, "protocol", "Redis answered something else than was asked");
    else
        hs_redis_progress_answered(&redis->progress, redis->store.trouble.error == NULL);
}

/* The last reply. */
static void on_watched(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    const redisReply *reply = data;
    if (redis == NULL || reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        hs_redis_leave(redis, "watch", reply->str);
        return;
    }
    redis->store.is_out = false;
    hs_redis_expect(redis, false);
    struct hs_redis_trouble trouble = redis->store.trouble;
    hs_redis_stored(redis, &trouble);
}

/* ---- Sending ---- */

void hs_redis_send_cursor(struct hs_redis *redis, hs_redis_reply_fn *on_reply)
{
    struct hs_slice key = hs_slice_text(redis->cursor_key);
    struct hs_buffer value;
    hs_buffer_init(&value, HS_REDIS_CURSOR_TEXT);
    hs_redis_cursor_text(&redis->progress.sent, &value);
    HS_ASSERT(hs_buffer_status(&value) == 0);
    hs_redis_send(redis, on_reply,
                  (struct hs_slice[]){HS_SLICE("SET"), key, hs_buffer_slice(&value)}, 3);
    hs_buffer_free(&value);
}

void hs_redis_store(struct hs_redis *redis)
{
    HS_ASSERT(redis->stage == HS_REDIS_READY && !redis->store.is_out);
    struct hs_slice key = hs_slice_text(redis->cursor_key);
    redis->store.is_out = true;
    redis->store.trouble.error = NULL;
    hs_redis_progress_send(&redis->progress, NULL);
    hs_redis_expect(redis, true);
    hs_redis_send(redis, on_multi, (struct hs_slice[]){HS_SLICE("MULTI")}, 1);
    hs_redis_send_cursor(redis, on_queued);
    hs_redis_send(redis, on_exec, (struct hs_slice[]){HS_SLICE("EXEC")}, 1);
    hs_redis_send(redis, on_watched, (struct hs_slice[]){HS_SLICE("WATCH"), key}, 2);
}

/* A batch being gathered will write it. */
static void on_idle(evutil_socket_t file, short what, void *context)
{
    struct hs_redis *redis = context;
    redis->store.is_soon = false;
    if (!redis->store.is_barred && hs_redis_is_free(redis) && redis->gathering->count == 0 &&
        hs_redis_progress_is_ahead(&redis->progress))
        hs_redis_store(redis);
}

void hs_redis_store_soon(struct hs_redis *redis)
{
    if (redis->store.is_soon)
        return;
    static const struct timeval time = {0, IDLE_MS * 1000};
    redis->store.is_soon = true;
    HS_IGNORE(event_add(redis->store.on_idle, &time)); /* fails only without memory */
}

/* ---- Life ---- */

int hs_redis_store_init(struct hs_redis *redis)
{
    redis->store.on_idle = evtimer_new(redis->sink.base, on_idle, redis);
    if (redis->store.on_idle == NULL)
        return hs_fail(-ENOMEM, "cannot make the events of the sink %s", redis->sink.name);
    return 0;
}

void hs_redis_store_close(struct hs_redis *redis)
{
    if (redis->store.on_idle != NULL)
        event_free(redis->store.on_idle);
}
