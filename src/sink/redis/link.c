/* Redis link: one connection at a time: made, greeted (AUTH, SELECT, the cursor, replicas), watched
 * by a timer, and made again with backoff. Knows no batches. */
#include "redis.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <stdio.h>

#define RECONNECT_LEAST_MS 100u
#define RECONNECT_MOST_MS 5000u
#define GREETING_MS 5000u     /* to connect and to read the cursor */
#define TOUCHES_OF_ANOTHER 3u /* within TOUCHED_NS */
#define TOUCHED_NS (60 * HS_NS_PER_SECOND)
#define REPLY_MS 15000u /* for a batch; leaving early is harmless (R2), but wasteful */

static void wait_for(struct hs_redis *redis, uint64_t ms)
{
    struct timeval time = hs_clock_timeval(ms * HS_NS_PER_MS);
    HS_IGNORE(event_add(redis->on_timer, &time)); /* fails only without memory */
}

/* ---- Trouble ---- */

void hs_redis_note(struct hs_redis_trouble *trouble, const struct redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR || trouble->error != NULL)
        return;
    struct hs_slice text = hs_slice(reply->str, (size_t)reply->len);
    trouble->error = hs_redis_error(text);
    snprintf(trouble->text, sizeof(trouble->text), "%s: %.*s", trouble->error->failure.words,
             HS_SLICE_ARG(text));
}

void hs_redis_hold(struct hs_redis *redis, const struct hs_redis_trouble *trouble)
{
    hs_sink_set_state(&redis->sink, HS_SINK_BLOCKED, trouble->error->failure.label, trouble->text);
}

/* ---- Leaving ---- */

static void begin_waiting(struct hs_redis *redis, const char *reason, const char *text)
{
    char place[HS_REDIS_PLACE_TEXT], words[HS_REDIS_PLACE_TEXT + HS_REDIS_TEXT_MAX];
    hs_redis_url_place(&redis->url, place);
    snprintf(words, sizeof(words), "%s: %s", place, text);
    hs_redis_set_stage(redis, HS_REDIS_WAITING);
    redis->link = NULL;
    hs_redis_wait_stop(redis);
    hs_redis_forget(redis);
    /* The number of replicas no longer matters once the server is gone. */
    if (redis->sink.state != HS_SINK_BLOCKED || strcmp(redis->sink.reason, HS_REDIS_TOO_FEW) == 0)
        hs_sink_set_state(&redis->sink, HS_SINK_CONNECTING, reason, words);
    wait_for(redis, hs_sink_backoff_ms(redis->attempts++, RECONNECT_LEAST_MS, RECONNECT_MOST_MS));
}

void hs_redis_leave(struct hs_redis *redis, const char *reason, const char *text)
{
    redisAsyncContext *link = redis->link;
    if (link != NULL) {
        link->data = NULL; /* nobody needs its callbacks now */
        redisAsyncFree(link);
    }
    begin_waiting(redis, reason, text);
}

void hs_redis_expect(struct hs_redis *redis, bool replies)
{
    if (replies)
        wait_for(redis, REPLY_MS + redis->wait.timeout_ms);
    else
        HS_IGNORE(event_del(redis->on_timer));
}

void hs_redis_send(struct hs_redis *redis, hs_redis_reply_fn *on_reply,
                   const struct hs_slice *words, size_t count)
{
    struct hs_buffer command;
    hs_buffer_init(&command, HS_REDIS_BATCH_CEILING);
    hs_redis_command(&command, words, count);
    hs_buffer_append_byte(&command, '\0'); /* hiredis reads one byte past a command */
    HS_ASSERT(hs_buffer_status(&command) == 0);
    HS_IGNORE(
        redisAsyncFormattedCommand(redis->link, on_reply, NULL, command.data, command.size - 1));
    hs_buffer_free(&command);
}

/* ---- Greeting ---- */

/* Whoever gave the key an expiry, wrote its value back or made the server load its data touched it
 * once. A second hookstream touches it with each of its connections. */
static void tell_touched(struct hs_redis *redis)
{
    uint64_t now_ns = hs_clock_monotonic_ns();
    if (now_ns - redis->touched_ns > TOUCHED_NS)
        redis->touches = 0;
    if (redis->touches == 0)
        redis->touched_ns = now_ns;
    bool again = ++redis->touches >= TOUCHES_OF_ANOTHER;
    hs_log(HS_LOG_WARN,
           again
               ? "another connection touched the sink's cursor again and again: is a second "
                 "hookstream using a copy of this journal?"
               : "the key of the sink's cursor was touched and still has its value, so nothing is "
                 "lost: an EXPIRE, a RESTORE or SWAPDB of it, or a reload of the server's data",
           HS_F("sink", "%s", redis->sink.name), HS_F("key", "%s", redis->cursor_key));
}

/* Nobody moved the cursor, and it exists. */
static bool has_same_cursor(const struct hs_redis *redis)
{
    return redis->read.sequence > 0 && redis->read.sequence == redis->progress.stored.sequence;
}

void hs_redis_greeted(struct hs_redis *redis)
{
    HS_IGNORE(event_del(redis->on_timer));
    hs_redis_set_stage(redis, HS_REDIS_READY);
    /* A batch that was refused was not applied: anything beyond the earlier ones is not ours. */
    bool was_refused = redis->is_refused;
    bool is_anothers = was_refused && redis->read.sequence > redis->progress.stored.sequence;
    redis->is_refused = false;
    bool was_touched = was_refused && !is_anothers && has_same_cursor(redis);
    uint64_t position = hs_redis_progress_begin(&redis->progress, &redis->read);
    if (was_touched)
        tell_touched(redis);
    hs_redis_ready(redis, position,
                   is_anothers                 ? HS_SINK_ANOTHERS
                   : redis->read.sequence == 0 ? HS_SINK_CURSOR_GONE
                                               : redis->read.sequence);
}

static void note_damaged(struct hs_redis *redis)
{
    static const struct hs_redis_error damaged = {
        "",
        {HS_BLOCKED, "cursor_damaged",
         "the cursor's key holds something else: look at it, and remove it or set another "
         "`cursor_key`"},
        true};
    redis->trouble.error = &damaged;
    snprintf(redis->trouble.text, sizeof(redis->trouble.text), "%s: %s", redis->cursor_key,
             damaged.failure.words);
}

/* No event is concerned here: a key of a wrong type is the cursor's. */
static void note_greeting(struct hs_redis *redis, const redisReply *reply)
{
    if (redis->trouble.error != NULL)
        return;
    hs_redis_note(&redis->trouble, reply);
    if (redis->trouble.error != NULL && redis->trouble.error->failure.outcome == HS_PERMANENT)
        note_damaged(redis);
}

/* Replies of which only an error matters. */
static void on_greeting(redisAsyncContext *link, void *reply, void *context)
{
    struct hs_redis *redis = link->data;
    if (redis != NULL && reply != NULL)
        note_greeting(redis, reply);
}

static void on_cursor(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    const redisReply *reply = data;
    if (redis == NULL || reply == NULL)
        return;
    note_greeting(redis, reply);
    if (redis->trouble.error != NULL)
        return;
    bool is_text = reply->type == REDIS_REPLY_STRING;
    struct hs_slice text = is_text ? hs_slice(reply->str, (size_t)reply->len) : HS_SLICE_NONE;
    if (!is_text || hs_redis_cursor_parse(text, &redis->read) < 0)
        note_damaged(redis);
}

void hs_redis_refused(struct hs_redis *redis, const struct hs_redis_trouble *trouble)
{
    struct hs_redis_trouble why = *trouble;
    if (why.error->failure.outcome != HS_TRANSIENT)
        hs_redis_hold(redis, &why);
    hs_redis_leave(redis, why.error->failure.label, why.text);
}

void hs_redis_fenced(struct hs_redis *redis)
{
    redis->is_refused = true;
    hs_redis_progress_answered(&redis->progress, false);
    hs_redis_leave(redis, "cursor_changed",
                   "the cursor's key changed during a transaction, which had no effect: it is read "
                   "again");
}

/* The last reply of the greeting, except that of WAIT. */
static void on_watched(redisAsyncContext *link, void *reply, void *context)
{
    struct hs_redis *redis = link->data;
    if (redis == NULL || reply == NULL)
        return;
    note_greeting(redis, reply);
    if (redis->trouble.error != NULL)
        hs_redis_refused(redis, &redis->trouble);
    else if (redis->wait.replicas > 0)
        hs_redis_wait_ask(redis);
    else
        hs_redis_greeted(redis);
}

/* Detects before anything is sent whether the user may begin and end a transaction: the commands
 * behind a refused MULTI are executed one by one. Appending nothing counts as a change: it voids
 * what an older connection of ours may still have in flight (R2). Then the value is read, and
 * watched before anything is sent. */
static void send_greeting(struct hs_redis *redis)
{
    struct hs_slice key = hs_slice_text(redis->cursor_key);
    redis->trouble = (struct hs_redis_trouble){0};
    hs_redis_login(redis->link, &redis->url, on_greeting);
    hs_redis_send(redis, on_greeting, (struct hs_slice[]){HS_SLICE("MULTI")}, 1);
    hs_redis_send(redis, on_greeting, (struct hs_slice[]){HS_SLICE("EXEC")}, 1);
    hs_redis_send(redis, on_greeting, (struct hs_slice[]){HS_SLICE("APPEND"), key, HS_SLICE("")},
                  3);
    hs_redis_send(redis, on_cursor, (struct hs_slice[]){HS_SLICE("GET"), key}, 2);
    hs_redis_send(redis, on_watched, (struct hs_slice[]){HS_SLICE("WATCH"), key}, 2);
}

/* ---- Connecting ---- */

static void on_connect(const redisAsyncContext *link, int status)
{
    struct hs_redis *redis = link->data;
    if (redis == NULL || status == REDIS_OK)
        return;
    /* hiredis frees the link when we return. */
    begin_waiting(redis, "connect", link->errstr != NULL ? link->errstr : "");
}

static void on_disconnect(const redisAsyncContext *link, int status)
{
    struct hs_redis *redis = link->data;
    if (redis != NULL)
        begin_waiting(redis, "disconnected", link->errstr != NULL ? link->errstr : "");
}

static int connect_link(struct hs_redis *redis)
{
    redisAsyncContext *link;
    int code = hs_redis_connect(&redis->url, redis->sink.base, &link);
    if (code < 0)
        return code;
    link->data = redis;
    redis->link = link;
    hs_redis_set_stage(redis, HS_REDIS_GREETING);
    HS_IGNORE(redisAsyncSetConnectCallback(link, on_connect)); /* fail only if set before */
    HS_IGNORE(redisAsyncSetDisconnectCallback(link, on_disconnect));
    return 0;
}

static void on_timer(evutil_socket_t file, short what, void *context)
{
    struct hs_redis *redis = context;
    switch (redis->stage) {
    case HS_REDIS_WAITING:
        if (redis->sink.state == HS_SINK_STATE_COUNT)
            hs_sink_set_state(&redis->sink, HS_SINK_CONNECTING, "start", "not connected yet");
        if (connect_link(redis) < 0) {
            begin_waiting(redis, "connect", hs_error_text());
            return;
        }
        send_greeting(redis);
        wait_for(redis, GREETING_MS);
        return;
    case HS_REDIS_GREETING:
        hs_redis_leave(redis, "timeout", "no answer while connecting");
        return;
    case HS_REDIS_READY:
        hs_redis_leave(redis, "timeout", "no answer to what was written");
        return;
    }
}

/* ---- Life ---- */

int hs_redis_link_init(struct hs_redis *redis)
{
    redis->on_timer = evtimer_new(redis->sink.base, on_timer, redis);
    if (redis->on_timer == NULL)
        return hs_fail(-ENOMEM, "cannot make the events of the sink %s", redis->sink.name);
    event_active(redis->on_timer, EV_TIMEOUT, 0);
    return 0;
}

void hs_redis_link_close(struct hs_redis *redis)
{
    if (redis->link != NULL) {
        redis->link->data = NULL;
        redisAsyncFree(redis->link);
    }
    if (redis->on_timer != NULL)
        event_free(redis->on_timer);
}
