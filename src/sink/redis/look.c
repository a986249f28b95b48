/* Redis look: while nothing is written, checks that the cursor's key still has the stored value.
 * Redis does not notify its clients of a flush, so otherwise only the next event would reveal it.
 * Knows no batches. */
#include "redis.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#define LOOK_S 1

/* The next greeting finds the cause. */
static void judge(struct hs_redis *redis, const redisReply *reply)
{
    struct hs_redis_cursor found = {.sequence = 0};
    bool is_text = reply->type == REDIS_REPLY_STRING;
    struct hs_slice text = is_text ? hs_slice(reply->str, (size_t)reply->len) : HS_SLICE_NONE;
    bool is_wrong =
        reply->type == REDIS_REPLY_ERROR &&
        hs_slice_starts_with(hs_slice(reply->str, (size_t)reply->len), HS_SLICE("WRONGTYPE"));
    if (reply->type == REDIS_REPLY_ERROR && !is_wrong)
        return; /* the next write meets it, too */
    if (!is_wrong && hs_redis_cursor_parse(text, &found) == 0 &&
        found.sequence == redis->look.expected)
        return;
    redis->is_refused = found.sequence > redis->look.expected; /* by someone else */
    hs_redis_leave(redis, "cursor_changed", "the cursor's key changed: it is read again");
}

static void on_value(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    if (redis == NULL || data == NULL)
        return;
    redis->look.is_out = false;
    judge(redis, data);
}

static void on_time(evutil_socket_t file, short what, void *context)
{
    struct hs_redis *redis = context;
    if (!hs_redis_is_free(redis) || redis->gathering->count > 0 || redis->look.is_out ||
        redis->progress.is_awaited || redis->progress.stored.sequence == 0)
        return;
    redis->look.is_out = true;
    redis->look.expected = redis->progress.stored.sequence;
    hs_redis_send(redis, on_value,
                  (struct hs_slice[]){HS_SLICE("GET"), hs_slice_text(redis->cursor_key)}, 2);
}

int hs_redis_look_init(struct hs_redis *redis)
{
    static const struct timeval period = {LOOK_S, 0};
    redis->look.on_time = event_new(redis->sink.base, -1, EV_PERSIST, on_time, redis);
    if (redis->look.on_time == NULL || event_add(redis->look.on_time, &period) < 0)
        return hs_fail(-ENOMEM, "cannot make the events of the sink %s", redis->sink.name);
    return 0;
}

void hs_redis_look_close(struct hs_redis *redis)
{
    if (redis->look.on_time != NULL)
        event_free(redis->look.on_time);
}
