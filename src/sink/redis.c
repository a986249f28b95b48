/* Redis: XADD and the cursor in one MULTI, over hiredis' asynchronous connection.
 *
 * Exactly once. The cursor's key holds "<sequence> <confirmed>": the last sequence of the
 * batch that was written with it, and the last one whose replies we had read and whose
 * failures were settled when it was written. One batch is in flight at a time, so a batch
 * that Redis refused is never overtaken by a later cursor. When a connection ends in the
 * middle, or the process does, the next one reads the key back:
 *
 *   up to confirmed              done
 *   above it, up to sequence     was executed, but a reply may have gone unread that said
 *                                that one stream's key holds something else (WRONGTYPE is the
 *                                only error that EXEC meets half-way). These are asked for
 *                                with TYPE instead of being written again.
 *   above sequence               was not executed: sent again
 */
#include "redis.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <hiredis/adapters/libevent.h>

#define BATCH_MESSAGES 1000u
#define BATCH_BYTES (512u << 10)
#define COMMANDS_MAX (64u << 20) /* one event alone may be large */
#define RETRY_LEAST_MS 100u
#define RETRY_MOST_MS 5000u
#define CONNECT_MS 5000u

/* Each state and what holds in it. */
enum redis_state {
    REDIS_AWAY,       /* no connection; the timer is set to try again */
    REDIS_CONNECTING, /* the connection is being made; the timer bounds it */
    REDIS_GREETING,   /* connected; AUTH, SELECT and the cursor's GET are under way */
    REDIS_READY,      /* takes parcels */
};

struct entry {
    uint64_t sequence;
    unsigned part;
    size_t begin, end; /* of its command in `commands` */
};

struct batch {
    struct hs_buffer commands;
    struct entry entries[BATCH_MESSAGES];
    size_t count, replies;                /* replies: of single commands, so far */
    bool verifying;                       /* TYPE instead of XADD */
    const struct hs_error_class *refusal; /* the first error while queueing */
    char refusal_text[200];
};

struct redis {
    struct hs_sink sink;
    struct hs_redis_url url;
    char *cursor_key;
    redisAsyncContext *context;
    struct event *on_timer, *on_send;
    enum redis_state state;
    unsigned failures;
    struct batch *gathering, *flying;
    bool in_flight, full;
    uint64_t written;   /* sequence in the cursor's key */
    uint64_t confirmed; /* all up to it is settled */
    uint64_t unsettled; /* a failure that the owner has not settled yet; 0: none */
    uint64_t verify_until;
    struct hs_json_tree *tree;
    struct hs_buffer scratch;
};

/* ---- Connection ---- */

static void tell(struct redis *redis, enum hs_sink_state state, const char *reason,
                 const char *detail)
{
    redis->sink.host.state(redis->sink.host.context, state, reason, detail);
}

static void set_timer(struct redis *redis, unsigned ms)
{
    struct timeval after = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
    evtimer_add(redis->on_timer, &after);
}

static void clear_batch(struct batch *batch)
{
    hs_buffer_clear(&batch->commands);
    batch->count = batch->replies = 0;
    batch->verifying = false;
    batch->refusal = NULL;
}

/* The connection is gone, whoever ended it. What was in flight is decided by the cursor. */
static void go_away(struct redis *redis, enum hs_sink_state state, const char *reason,
                    const char *detail)
{
    redis->context = NULL;
    redis->in_flight = false;
    clear_batch(redis->flying);
    clear_batch(redis->gathering);
    redis->state = REDIS_AWAY;
    tell(redis, state, reason, detail);
    unsigned doublings = redis->failures > 6 ? 6 : redis->failures;
    unsigned wait = RETRY_LEAST_MS << doublings;
    redis->failures++;
    uint32_t random;
    hs_random_bytes(&random, sizeof(random));
    wait = wait > RETRY_MOST_MS || state == HS_SINK_HOLDING ? RETRY_MOST_MS : wait;
    set_timer(redis, wait / 2 + random % (wait / 2 + 1));
}

/* Ends the connection ourselves. */
static void hang_up(struct redis *redis, enum hs_sink_state state, const char *reason,
                    const char *detail)
{
    redisAsyncContext *context = redis->context;
    if (context != NULL) {
        context->data = NULL; /* its last callbacks are no business of ours */
        redisAsyncFree(context);
    }
    go_away(redis, state, reason, detail);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;
    if (redis != NULL)
        go_away(redis, HS_SINK_CONNECTING, "connection_lost",
                status == REDIS_OK ? "closed" : context->errstr);
}

/* ---- Greeting ---- */

static int command(struct redis *redis, redisCallbackFn *reply, void *data, size_t count,
                   const struct hs_slice *words)
{
    hs_buffer_clear(&redis->scratch);
    hs_resp_array(&redis->scratch, count);
    for (size_t i = 0; i < count; i++)
        hs_resp_bulk(&redis->scratch, words[i]);
    if (redisAsyncFormattedCommand(redis->context, reply, data, redis->scratch.data,
                                   redis->scratch.size) != REDIS_OK)
        return hs_fail(-EIO, "cannot send to Redis");
    return 0;
}

static struct hs_slice reply_text(const redisReply *reply)
{
    return hs_slice(reply->str, reply->str ? (size_t)reply->len : 0);
}

/* false: the greeting cannot go on; the connection is ended. */
static bool is_good(struct redis *redis, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return true;
    const struct hs_error_class *class = hs_redis_classify(reply_text(reply));
    char detail[256];
    snprintf(detail, sizeof(detail), "%.150s%s%s", reply->str, class->advice[0] ? "; " : "",
             class->advice);
    hang_up(redis, class->outcome == HS_TRANSIENT ? HS_SINK_CONNECTING : HS_SINK_HOLDING,
            class->reason, detail);
    return false;
}

static void on_greeting(redisAsyncContext *context, void *answer, void *data)
{
    struct redis *redis = context->data;
    if (redis != NULL && answer != NULL)
        (void)is_good(redis, answer);
}

/* "<sequence> <confirmed>" */
static bool read_cursor(struct hs_slice text, uint64_t *ret_sequence, uint64_t *ret_confirmed)
{
    const char *space = text.size ? memchr(text.data, ' ', text.size) : NULL;
    if (space == NULL)
        return false;
    size_t size = (size_t)(space - text.data);
    return hs_slice_to_u64(hs_slice(text.data, size), UINT64_MAX, ret_sequence) == 0 &&
           hs_slice_to_u64(hs_slice(space + 1, text.size - size - 1), *ret_sequence,
                           ret_confirmed) == 0;
}

static void on_cursor(redisAsyncContext *context, void *answer, void *data)
{
    struct redis *redis = context->data;
    const redisReply *reply = answer;
    if (redis == NULL || reply == NULL || !is_good(redis, reply))
        return;
    uint64_t sequence = 0, confirmed = 0;
    if (reply->type == REDIS_REPLY_STRING &&
        !read_cursor(reply_text(reply), &sequence, &confirmed)) {
        hang_up(redis, HS_SINK_HOLDING, "cursor",
                "the cursor's key holds something that is no cursor: remove it, or choose another "
                "cursor_key");
        return;
    }
    redis->written = redis->verify_until = sequence;
    redis->confirmed = confirmed;
    redis->unsettled = 0;
    redis->state = REDIS_READY;
    redis->failures = 0;
    redis->full = false;
    evtimer_del(redis->on_timer);
    tell(redis, HS_SINK_UP, "", "");
    redis->sink.host.resume(redis->sink.host.context, confirmed);
}

static int greet(struct redis *redis)
{
    const struct hs_sink_options *options = redis->sink.options;
    const char *user = redis->url.username ? redis->url.username : options->username;
    const char *password = redis->url.password ? redis->url.password : options->password;
    int code = 0;
    if (password != NULL && user != NULL) {
        struct hs_slice words[] = {HS_SLICE("AUTH"), hs_slice_text(user), hs_slice_text(password)};
        code = command(redis, on_greeting, NULL, 3, words);
    } else if (password != NULL) {
        struct hs_slice words[] = {HS_SLICE("AUTH"), hs_slice_text(password)};
        code = command(redis, on_greeting, NULL, 2, words);
    }
    if (code == 0 && redis->url.database > 0) {
        char digits[16];
        int size = snprintf(digits, sizeof(digits), "%u", redis->url.database);
        struct hs_slice words[] = {HS_SLICE("SELECT"), hs_slice(digits, (size_t)size)};
        code = command(redis, on_greeting, NULL, 2, words);
    }
    struct hs_slice words[] = {HS_SLICE("GET"), hs_slice_text(redis->cursor_key)};
    return code < 0 ? code : command(redis, on_cursor, NULL, 2, words);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;
    if (redis == NULL)
        return;
    if (status != REDIS_OK) {
        /* hiredis frees the context after this. */
        go_away(redis, HS_SINK_CONNECTING, "connect", context->errstr);
        return;
    }
    redis->state = REDIS_GREETING;
    if (greet(redis) < 0)
        hang_up(redis, HS_SINK_CONNECTING, "connect", hs_error_text());
}

static void connect_now(struct redis *redis)
{
    redisAsyncContext *context = redis->url.socket != NULL
                                     ? redisAsyncConnectUnix(redis->url.socket)
                                     : redisAsyncConnect(redis->url.host, redis->url.port);
    if (context == NULL || context->err != 0) {
        char detail[128];
        snprintf(detail, sizeof(detail), "%s", context != NULL ? context->errstr : "no memory");
        if (context != NULL)
            redisAsyncFree(context);
        go_away(redis, HS_SINK_CONNECTING, "connect", detail);
        return;
    }
    context->data = redis;
    redis->context = context;
    redis->state = REDIS_CONNECTING;
    redisLibeventAttach(context, redis->sink.base);
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
    set_timer(redis, CONNECT_MS);
}

static void on_timer(evutil_socket_t file, short what, void *context)
{
    struct redis *redis = context;
    if (redis->state == REDIS_AWAY)
        connect_now(redis);
    else if (redis->state != REDIS_READY)
        hang_up(redis, HS_SINK_CONNECTING, "connect", "no answer within 5 s");
}

/* ---- Batches ---- */

static void end_flight(struct redis *redis)
{
    redis->in_flight = false;
    clear_batch(redis->flying);
    event_active(redis->on_send, EV_TIMEOUT, 0);
}

static void complete(struct redis *redis, const struct entry *entry, enum hs_outcome outcome,
                     const char *reason, const char *detail)
{
    if (outcome != HS_DELIVERED && (redis->unsettled == 0 || entry->sequence < redis->unsettled))
        redis->unsettled = entry->sequence;
    redis->sink.host.completed(redis->sink.host.context, entry->sequence, entry->part, outcome,
                               reason, detail);
}

/* Nothing of the batch was applied. */
static void complete_all(struct redis *redis, const struct hs_error_class *class, const char *text)
{
    char detail[320];
    snprintf(detail, sizeof(detail), "%.180s%s%s", text, class->advice[0] ? "; " : "",
             class->advice);
    /* One command that Redis does not take refuses the others with it: none may be lost, so
     * what would be permanent for one is held for all. */
    enum hs_outcome outcome = class->outcome == HS_PERMANENT ? HS_HELD : class->outcome;
    for (size_t i = 0; i < redis->flying->count; i++)
        complete(redis, &redis->flying->entries[i], outcome, class->reason, detail);
}

/* The reply to one command while it is queued: an error makes EXEC refuse the batch. */
static void on_queued(redisAsyncContext *context, void *answer, void *data)
{
    struct redis *redis = context->data;
    const redisReply *reply = answer;
    if (redis == NULL || reply == NULL || reply->type != REDIS_REPLY_ERROR ||
        redis->flying->refusal != NULL)
        return;
    redis->flying->refusal = hs_redis_classify(reply_text(reply));
    snprintf(redis->flying->refusal_text, sizeof(redis->flying->refusal_text), "%.180s",
             reply->str);
}

static void take_results(struct redis *redis, const redisReply *reply)
{
    struct batch *batch = redis->flying;
    for (size_t i = 0; i < batch->count; i++) {
        const redisReply *result = reply->element[i];
        if (result->type != REDIS_REPLY_ERROR) {
            complete(redis, &batch->entries[i], HS_DELIVERED, "delivered", "");
            continue;
        }
        const struct hs_error_class *class = hs_redis_classify(reply_text(result));
        complete(redis, &batch->entries[i], class->outcome, class->reason, result->str);
    }
    uint64_t last = batch->entries[batch->count - 1].sequence;
    if (last > redis->written)
        redis->written = last;
    redis->confirmed = redis->unsettled > 0 ? redis->unsettled - 1 : redis->written;
}

static void on_exec(redisAsyncContext *context, void *answer, void *data)
{
    struct redis *redis = context->data;
    const redisReply *reply = answer;
    if (redis == NULL || reply == NULL)
        return;
    struct batch *batch = redis->flying;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == batch->count + 1 &&
        reply->element[batch->count]->type != REDIS_REPLY_ERROR) {
        take_results(redis, reply);
    } else if (batch->refusal != NULL) {
        complete_all(redis, batch->refusal, batch->refusal_text);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        complete_all(redis, hs_redis_classify(reply_text(reply)), reply->str);
    } else {
        /* Neither refused nor whole: only the cursor knows. It is read back by the next
         * connection. */
        hang_up(redis, HS_SINK_CONNECTING, "protocol", "EXEC gave an answer of another shape");
        return;
    }
    end_flight(redis);
}

/* The reply to TYPE for an event that was executed but not confirmed. */
static void on_type(redisAsyncContext *context, void *answer, void *data)
{
    struct redis *redis = context->data;
    const redisReply *reply = answer;
    if (redis == NULL || reply == NULL)
        return;
    struct batch *batch = redis->flying;
    const struct entry *entry = &batch->entries[batch->replies++];
    if (reply->type == REDIS_REPLY_STATUS && hs_slice_equal(reply_text(reply), HS_SLICE("stream")))
        complete(redis, entry, HS_DELIVERED, "delivered", "");
    else if (reply->type == REDIS_REPLY_STATUS &&
             hs_slice_equal(reply_text(reply), HS_SLICE("none")))
        /* Written, and the stream removed since. */
        complete(redis, entry, HS_DELIVERED, "delivered", "");
    else if (reply->type == REDIS_REPLY_STATUS)
        complete(redis, entry, HS_PERMANENT, "wrong_type", "the stream's key holds something else");
    else
        complete(redis, entry, HS_TRANSIENT, "type", reply->str ? reply->str : "");
    if (batch->replies < batch->count)
        return;
    uint64_t last = batch->entries[batch->count - 1].sequence;
    if (redis->unsettled == 0 && last > redis->confirmed)
        redis->confirmed = last;
    end_flight(redis);
}

static int send_commands(struct redis *redis, redisCallbackFn *reply)
{
    struct batch *batch = redis->flying;
    for (size_t i = 0; i < batch->count; i++) {
        const struct entry *entry = &batch->entries[i];
        if (redisAsyncFormattedCommand(redis->context, reply, NULL,
                                       batch->commands.data + entry->begin,
                                       entry->end - entry->begin) != REDIS_OK)
            return hs_fail(-EIO, "cannot send to Redis");
    }
    return 0;
}

static int send_transaction(struct redis *redis)
{
    struct batch *batch = redis->flying;
    uint64_t last = batch->entries[batch->count - 1].sequence;
    char value[48];
    int size = snprintf(value, sizeof(value), "%" PRIu64 " %" PRIu64,
                        last > redis->written ? last : redis->written, redis->confirmed);
    struct hs_slice multi[] = {HS_SLICE("MULTI")}, exec[] = {HS_SLICE("EXEC")};
    struct hs_slice cursor[] = {HS_SLICE("SET"), hs_slice_text(redis->cursor_key),
                                hs_slice(value, (size_t)size)};
    int code = command(redis, on_queued, NULL, 1, multi);
    if (code == 0)
        code = send_commands(redis, on_queued);
    if (code == 0)
        code = command(redis, on_queued, NULL, 3, cursor);
    return code < 0 ? code : command(redis, on_exec, NULL, 1, exec);
}

static void send_batch(struct redis *redis)
{
    if (redis->state != REDIS_READY || redis->in_flight || redis->gathering->count == 0)
        return;
    struct batch *batch = redis->gathering;
    redis->gathering = redis->flying;
    redis->flying = batch;
    redis->in_flight = true;
    int code = batch->verifying ? send_commands(redis, on_type) : send_transaction(redis);
    if (code < 0)
        hang_up(redis, HS_SINK_CONNECTING, "connection_lost", hs_error_text());
}

/* After a flight: what has gathered goes out, and whoever was turned away is called. */
static void on_send(evutil_socket_t file, short what, void *context)
{
    struct redis *redis = context;
    if (redis->full && redis->state == REDIS_READY) {
        redis->full = false;
        redis->sink.host.room(redis->sink.host.context);
    }
    send_batch(redis);
}

/* ---- Parcels ---- */

static enum hs_submit turn_away(struct redis *redis)
{
    redis->full = true;
    /* In flight: on_send follows. Else the batch that is in the way is sent first. */
    if (redis->state == REDIS_READY && !redis->in_flight)
        event_active(redis->on_send, EV_TIMEOUT, 0);
    return HS_SUBMIT_FULL;
}

static void add_entry(struct redis *redis, const struct hs_parcel *parcel,
                      const struct hs_message *message)
{
    struct batch *batch = redis->gathering;
    struct entry *entry = &batch->entries[batch->count++];
    *entry = (struct entry){parcel->sequence, message->part, batch->commands.size, 0};
    if (batch->verifying) {
        hs_resp_array(&batch->commands, 2);
        hs_resp_bulk(&batch->commands, HS_SLICE("TYPE"));
        hs_resp_bulk(&batch->commands, message->destination);
    } else if (hs_resp_xadd(&batch->commands, message, redis->tree) < 0) {
        /* Flat fields of what has none: the body goes out as one. */
        struct hs_target_options options = *message->target;
        struct hs_message plain = *message;
        options.fields = HS_FIELDS_BODY;
        plain.target = &options;
        int code = hs_resp_xadd(&batch->commands, &plain, redis->tree);
        HS_ASSERT(code == 0);
    }
    entry->end = batch->commands.size;
}

static enum hs_submit redis_submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct redis *redis = (struct redis *)sink;
    struct batch *batch = redis->gathering;
    if (redis->state != REDIS_READY)
        return turn_away(redis);
    bool verifying = parcel->sequence <= redis->verify_until;
    if (batch->count > 0 &&
        (batch->verifying != verifying || batch->count + parcel->count > BATCH_MESSAGES ||
         batch->commands.size >= BATCH_BYTES))
        return turn_away(redis);
    batch->verifying = verifying;
    for (size_t i = 0; i < parcel->count; i++)
        add_entry(redis, parcel, &parcel->messages[i]);
    return HS_SUBMIT_ACCEPTED;
}

static void redis_push(struct hs_sink *sink)
{
    send_batch((struct redis *)sink);
}

/* The owner has nothing open up to here: failures are settled. */
static void redis_skip(struct hs_sink *sink, uint64_t sequence)
{
    struct redis *redis = (struct redis *)sink;
    if (redis->unsettled == 0 || sequence < redis->unsettled)
        return;
    redis->unsettled = 0;
    redis->confirmed = redis->written;
}

/* ---- Life ---- */

static struct batch *make_batch(void)
{
    struct batch *batch = hs_alloc(sizeof(*batch));
    hs_buffer_init(&batch->commands, COMMANDS_MAX);
    return batch;
}

static void free_batch(struct batch *batch)
{
    if (batch == NULL)
        return;
    hs_buffer_free(&batch->commands);
    free(batch);
}

static void redis_close(struct hs_sink *sink)
{
    struct redis *redis = (struct redis *)sink;
    if (redis->context != NULL) {
        redis->context->data = NULL;
        redisAsyncFree(redis->context);
    }
    if (redis->on_timer != NULL)
        event_free(redis->on_timer);
    if (redis->on_send != NULL)
        event_free(redis->on_send);
    hs_redis_url_free(&redis->url);
    free_batch(redis->gathering);
    free_batch(redis->flying);
    hs_json_tree_free(redis->tree);
    hs_buffer_free(&redis->scratch);
    free(redis->cursor_key);
    free(redis);
}

static int redis_open(struct hs_sink *common, const char *identity, struct hs_sink **ret_sink)
{
    struct redis *redis = hs_alloc(sizeof(*redis));
    redis->sink = *common;
    redis->gathering = make_batch();
    redis->flying = make_batch();
    redis->tree = hs_json_tree_create();
    hs_buffer_init(&redis->scratch, 1u << 20);
    int code = hs_redis_url_parse(hs_slice_text(common->options->url), &redis->url);
    if (code == 0 && asprintf(&redis->cursor_key, "%s:%s:%s", common->options->cursor_key, identity,
                              common->name) < 0)
        code = hs_fail(-ENOMEM, "no memory for a key");
    if (code == 0) {
        redis->on_timer = evtimer_new(common->base, on_timer, redis);
        redis->on_send = evtimer_new(common->base, on_send, redis);
        if (redis->on_timer == NULL || redis->on_send == NULL)
            code = hs_fail(-ENOMEM, "cannot make the events of the sink %s", common->name);
    }
    if (code < 0) {
        redis_close(&redis->sink);
        return code;
    }
    set_timer(redis, 0);
    *ret_sink = &redis->sink;
    return 0;
}

static size_t redis_in_flight(const struct hs_sink *sink)
{
    const struct redis *redis = (const struct redis *)sink;
    return redis->gathering->count + redis->flying->count;
}

static void redis_check(struct hs_config *config, const char *name,
                        const struct hs_sink_options *options)
{
    struct hs_redis_url url;
    if (options->url == NULL)
        return;
    if (hs_redis_url_parse(hs_slice_text(options->url), &url) < 0)
        hs_config_error(config, hs_node_get(options->node, "url"), "sink `%s`: %s", name,
                        hs_error_text());
    else
        hs_redis_url_free(&url);
}

const struct hs_sink_type hs_redis_type = {
    .open = redis_open,
    .submit = redis_submit,
    .push = redis_push,
    .skip = redis_skip,
    .in_flight = redis_in_flight,
    .close = redis_close,
    .check = redis_check,
};
