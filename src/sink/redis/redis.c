/* Redis sink: parcels are gathered into a batch while the one before is in flight; a batch is one
 * transaction that also moves the cursor. See redis.h for the invariants, and
 * docs/internals/exactly-once-redis.md for the reasons. */
#include "redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

static struct hs_redis *of(struct hs_sink *sink)
{
    return (struct hs_redis *)sink; /* its first member */
}

bool hs_redis_is_free(const struct hs_redis *redis)
{
    return redis->stage == HS_REDIS_READY && !redis->is_flying && !redis->store.is_out;
}

/* ---- How a batch ended ---- */

/* Redis's message about a message that failed individually, if it was kept. */
static const char *words_of(const struct hs_redis *redis, const struct hs_failure *failure)
{
    const struct hs_redis_trouble *own = &redis->own;
    return own->error != NULL && failure == &own->error->failure ? own->text : failure->words;
}

#define OWN_TEXT_MAX (HS_REDIS_TEXT_MAX + HS_REDIS_KEY_SHOWN + 16u)

/* Describes an entry that failed individually, with its key. */
static void describe(const struct hs_redis *redis, const struct hs_redis_batch *batch,
                     const struct hs_redis_entry *entry, char ret_text[OWN_TEXT_MAX])
{
    char key[HS_REDIS_KEY_SHOWN];
    hs_redis_batch_key(batch, entry, key);
    snprintf(ret_text, OWN_TEXT_MAX, "stream %s: %s", key, words_of(redis, entry->failure));
}

static void tell_all(struct hs_redis *redis, struct hs_redis_batch *batch,
                     const struct hs_failure *failure, const char *detail)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct hs_redis_entry *entry = &batch->entries[i];
        char own[OWN_TEXT_MAX];
        if (entry->failure == NULL || failure != NULL) {
            hs_sink_complete(&redis->sink, entry->sequence, entry->part, failure, detail);
            continue;
        }
        describe(redis, batch, entry, own);
        hs_sink_complete(&redis->sink, entry->sequence, entry->part, entry->failure, own);
    }
    hs_redis_batch_clear(batch);
}

static void maybe_room(struct hs_redis *redis)
{
    if (!redis->owes_room || redis->stage != HS_REDIS_READY)
        return;
    redis->owes_room = false;
    redis->sink.host.room(redis->sink.host.context);
}

/* Nothing of the batch was applied: it is given back, and the gathered messages behind it too,
 * since they must not pass it. */
static void give_back(struct hs_redis *redis, struct hs_redis_batch *batch)
{
    struct hs_redis_trouble trouble = redis->trouble;
    if (trouble.error->failure.outcome != HS_TRANSIENT)
        hs_redis_hold(redis, &trouble);
    tell_all(redis, batch, &trouble.error->failure, trouble.text);
    tell_all(redis, redis->gathering, &trouble.error->failure, trouble.text);
    if (trouble.error->leave)
        hs_redis_leave(redis, trouble.error->failure.label, trouble.text);
    else
        maybe_room(redis);
}

static bool goes_again(const struct hs_redis_entry *entry)
{
    return entry->failure != NULL && entry->failure->outcome != HS_PERMANENT;
}

/* The server's replies to the batch were read: the results of its entries are kept, whatever
 * becomes of the connection. */
static void book(struct hs_redis *redis, const struct hs_redis_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct hs_redis_entry *entry = &batch->entries[i];
        if (entry->failure != NULL)
            hs_redis_progress_fail(&redis->progress, entry->sequence, entry->part);
        else if (redis->progress.hole_count > 0)
            hs_redis_progress_arrive(&redis->progress, entry->sequence, entry->part);
    }
    if (batch->count > 0 && batch->entries[batch->count - 1].sequence > redis->progress.applied)
        redis->progress.applied = batch->entries[batch->count - 1].sequence;
}

/* The first entry that must be sent again, or NULL. */
static const struct hs_redis_entry *find_again(const struct hs_redis_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (goes_again(&batch->entries[i]))
            return &batch->entries[i];
    return NULL;
}

static void send_gathered(struct hs_redis *redis);

static void store_if_ahead(struct hs_redis *redis)
{
    if (hs_redis_progress_is_ahead(&redis->progress))
        hs_redis_store_soon(redis);
}

/* If the batch was applied, it was applied except for entries that failed individually. */
void hs_redis_finish(struct hs_redis *redis)
{
    static const struct hs_failure behind = {HS_TRANSIENT, "order",
                                             "one before it has to be sent again first"};
    struct hs_redis_batch *batch = redis->flying;
    redis->is_flying = false;
    hs_redis_expect(redis, false);
    if (redis->trouble.error != NULL) {
        give_back(redis, batch);
        return;
    }
    redis->attempts = 0;
    const struct hs_redis_entry *again = find_again(batch);
    if (again == NULL) {
        hs_sink_set_state(&redis->sink, HS_SINK_UP, "", "");
        if (redis->gathering->count > 0)
            send_gathered(redis); /* Redis works while we report */
    } else if (again->failure->outcome == HS_BLOCKED) {
        char own[OWN_TEXT_MAX];
        describe(redis, batch, again, own);
        hs_sink_set_state(&redis->sink, HS_SINK_BLOCKED, again->failure->label, own);
    }
    if (hs_redis_is_free(redis) && hs_redis_progress_owes(&redis->progress))
        hs_redis_store(redis);
    tell_all(redis, batch, NULL, NULL);
    redis->own.error = NULL;
    if (again != NULL)
        tell_all(redis, redis->gathering, &behind, behind.words);
    store_if_ahead(redis);
    maybe_room(redis);
}

void hs_redis_stored(struct hs_redis *redis, const struct hs_redis_trouble *trouble)
{
    if (redis->is_flying) { /* and waits for replicas: it cannot be given back */
        if (trouble->error != NULL)
            hs_redis_refused(redis, trouble);
        else
            hs_redis_wait_ask(redis);
        return;
    }
    if (trouble->error != NULL && (trouble->error->leave || redis->gathering->count > 0)) {
        redis->trouble = *trouble;
        give_back(redis, redis->flying); /* empty */
    } else if (redis->gathering->count > 0) {
        send_gathered(redis);
    }
    store_if_ahead(redis);
    maybe_room(redis);
}

/* ---- Replies ---- */

/* The commands behind a refused MULTI may be executed all the same, the cursor's SET among them:
 * the next connection reads the result. */
static void on_multi(redisAsyncContext *link, void *reply, void *context)
{
    struct hs_redis *redis = link->data;
    if (redis == NULL || reply == NULL)
        return;
    hs_redis_note(&redis->trouble, reply);
    if (redis->trouble.error != NULL)
        hs_redis_refused(redis, &redis->trouble);
}

/* Records the first error that a command of the batch in flight met, with its key. */
static void note_refused(struct hs_redis *redis, const redisReply *reply,
                         const struct hs_redis_entry *entry)
{
    char key[HS_REDIS_KEY_SHOWN];
    struct hs_redis_trouble refused = {0};
    hs_redis_note(&refused, reply);
    if (refused.error == NULL || redis->trouble.error != NULL)
        return;
    hs_redis_batch_key(redis->flying, entry, key);
    redis->trouble.error = refused.error;
    snprintf(redis->trouble.text, sizeof(redis->trouble.text), "stream %s: %.240s", key,
             refused.text);
}

/* Reply to a queued command: QUEUED, or why the transaction will be discarded. */
static void on_queued(redisAsyncContext *link, void *reply, void *context)
{
    struct hs_redis *redis = link->data;
    if (redis == NULL || reply == NULL || ((redisReply *)reply)->type != REDIS_REPLY_ERROR)
        return;
    if (context != NULL)
        note_refused(redis, reply, context);
    else /* the cursor's SET */
        hs_redis_note(&redis->trouble, reply);
}

/* The meaning of TYPE for the key of a verified entry. A key that is gone held a stream. */
static void judge_type(const redisReply *reply, struct hs_redis_entry *entry)
{
    struct hs_slice text = hs_slice(reply->str, (size_t)reply->len);
    if (!hs_slice_equal(text, HS_SLICE("stream")) && !hs_slice_equal(text, HS_SLICE("none")))
        entry->failure = &hs_redis_error(HS_SLICE("WRONGTYPE"))->failure;
}

/* A fault that an operator must fix takes precedence over a dead letter. */
static void note_own(struct hs_redis_trouble *own, const redisReply *reply)
{
    if (own->error != NULL && own->error->failure.outcome == HS_PERMANENT)
        own->error = NULL;
    hs_redis_note(own, reply);
}

/* The replies of the commands that were sent, in the order of their entries. Only TYPE returns a
 * status; XADD returns the id that it assigned. */
static bool take_results(struct hs_redis *redis, redisReply *const *replies, size_t count)
{
    size_t at = 0;
    redis->own.error = NULL;
    for (size_t i = 0; i < redis->flying->count; i++) {
        struct hs_redis_entry *entry = &redis->flying->entries[i];
        if (entry->command_size == 0)
            continue;
        if (at == count)
            return false;
        const redisReply *reply = replies[at++];
        if (reply->type == REDIS_REPLY_ERROR) {
            entry->failure = &hs_redis_error(hs_slice(reply->str, (size_t)reply->len))->failure;
            note_own(&redis->own, reply);
        } else if (reply->type == REDIS_REPLY_STATUS) {
            judge_type(reply, entry);
        }
    }
    return at + 1 == count; /* and the cursor's SET */
}

static void on_exec(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    const redisReply *reply = data;
    if (redis == NULL || reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        hs_redis_note(&redis->trouble, reply); /* unless a queued one gave the reason */
        hs_redis_progress_answered(&redis->progress, false);
        return;
    }
    if (reply->type == REDIS_REPLY_NIL) {
        hs_redis_fenced(redis);
        return;
    }
    if (reply->type != REDIS_REPLY_ARRAY || redis->trouble.error != NULL ||
        !take_results(redis, reply->element, reply->elements)) {
        hs_redis_leave(redis, "protocol", "Redis answered something else than was asked");
        return;
    }
    const redisReply *set = reply->element[reply->elements - 1];
    hs_redis_progress_answered(&redis->progress, set->type != REDIS_REPLY_ERROR);
    book(redis, redis->flying);
}

static bool waits(const struct hs_redis *redis)
{
    return redis->wait.replicas > 0 && redis->flying->count > 0;
}

/* The last reply of a batch, except that of WAIT: the cursor is watched for the next (R2). */
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
    if (!waits(redis))
        hs_redis_finish(redis);
}

/* For a batch that verifies: the type of a key. */
static void on_type(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    const redisReply *reply = data;
    if (redis == NULL || reply == NULL)
        return;
    struct hs_redis_batch *batch = redis->flying;
    while (batch->entries[redis->replies].command_size == 0)
        redis->replies++;
    struct hs_redis_entry *entry = &batch->entries[redis->replies++];
    if (reply->type == REDIS_REPLY_STATUS)
        judge_type(reply, entry);
    else
        note_refused(redis, reply, entry);
    while (redis->replies < batch->count && batch->entries[redis->replies].command_size == 0)
        redis->replies++;
    if (redis->replies < batch->count)
        return;
    if (redis->trouble.error == NULL)
        book(redis, batch);
    hs_redis_finish(redis);
}

/* ---- Sending ---- */

/* A link that is ending refuses it; its end is reported separately. */
static void send_command(struct hs_redis *redis, redisCallbackFn *on_reply,
                         struct hs_redis_entry *entry, const char *command)
{
    HS_IGNORE(
        redisAsyncFormattedCommand(redis->link, on_reply, entry, command, entry->command_size));
}

static void send_entries(struct hs_redis *redis, redisCallbackFn *on_reply)
{
    const struct hs_redis_batch *batch = redis->flying;
    const char *at = batch->commands.data;
    for (size_t i = 0; i < batch->count; i++) {
        size_t size = batch->entries[i].command_size;
        if (size > 0)
            send_command(redis, on_reply, &batch->entries[i], at);
        at += size;
    }
}

/* The transaction, then WATCH and WAIT, which must succeed before the next one: in one write. */
static void send_transaction(struct hs_redis *redis)
{
    struct hs_slice key = hs_slice_text(redis->cursor_key);
    hs_redis_progress_send(&redis->progress, redis->flying);
    hs_redis_send(redis, on_multi, (struct hs_slice[]){HS_SLICE("MULTI")}, 1);
    send_entries(redis, on_queued);
    hs_redis_send_cursor(redis, on_queued);
    hs_redis_send(redis, on_exec, (struct hs_slice[]){HS_SLICE("EXEC")}, 1);
    hs_redis_send(redis, on_watched, (struct hs_slice[]){HS_SLICE("WATCH"), key}, 2);
    if (waits(redis))
        hs_redis_wait_ask(redis);
}

static bool has_commands(const struct hs_redis_batch *batch)
{
    return batch->commands.size > 0;
}

/* Earlier failures are stored first (R6). */
static void send_gathered(struct hs_redis *redis)
{
    HS_ASSERT(hs_redis_is_free(redis));
    if (hs_redis_progress_owes(&redis->progress)) {
        hs_redis_store(redis);
        return;
    }
    struct hs_redis_batch *batch = redis->gathering;
    redis->gathering = redis->flying;
    redis->flying = batch;
    redis->is_flying = true;
    redis->replies = 0;
    redis->trouble.error = NULL;
    /* hiredis reads one byte past the last command. */
    hs_buffer_append_byte(&batch->commands, '\0');
    HS_ASSERT(hs_buffer_status(&batch->commands) == 0);
    batch->commands.size--;
    hs_redis_expect(redis, true);
    if (batch->verifies && has_commands(batch))
        send_entries(redis, on_type);
    else
        send_transaction(redis);
}

/* ---- The interface ---- */

static enum hs_submit say_full(struct hs_redis *redis)
{
    redis->owes_room = true;
    return HS_SUBMIT_FULL;
}

static bool verifies_part(const struct hs_redis *redis, const struct hs_parcel *parcel, size_t at)
{
    return hs_redis_progress_verifies(&redis->progress, parcel->sequence,
                                      parcel->messages[at].part);
}

/* A parcel has parts to verify and parts to write if a part failed individually in a batch whose
 * connection ended before that was reported. It goes into a batch that writes and verifies
 * there. */
static enum hs_submit submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct hs_redis *redis = of(sink);
    if (redis->stage != HS_REDIS_READY ||
        hs_redis_progress_waits(&redis->progress, parcel->sequence))
        return say_full(redis);
    bool verifies = true;
    for (size_t i = 0; i < parcel->count && verifies; i++)
        verifies = verifies_part(redis, parcel, i);
    struct hs_redis_batch *batch = redis->gathering;
    if (batch->count > 0 &&
        (batch->verifies != verifies || !hs_redis_batch_has_room(batch, parcel->count))) {
        if (hs_redis_is_free(redis))
            send_gathered(redis);
        batch = redis->gathering;
        if (batch->count > 0)
            return say_full(redis);
    }
    batch->verifies = verifies;
    for (size_t i = 0; i < parcel->count; i++)
        hs_redis_batch_add(batch, parcel->sequence, &parcel->messages[i],
                           verifies || verifies_part(redis, parcel, i), redis->tree);
    sink->in_flight += parcel->count;
    if (hs_redis_is_free(redis) && hs_redis_batch_is_full(batch))
        send_gathered(redis);
    return HS_SUBMIT_ACCEPTED;
}

static void push(struct hs_sink *sink)
{
    struct hs_redis *redis = of(sink);
    if (hs_redis_is_free(redis) && redis->gathering->count > 0)
        send_gathered(redis);
}

static void skip(struct hs_sink *sink, uint64_t sequence)
{
    struct hs_redis *redis = of(sink);
    if (hs_redis_progress_skip(&redis->progress, sequence))
        maybe_room(redis);
    hs_redis_store_soon(redis);
}

static void leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts)
{
    (void)parts; /* the cursor keeps whole events */
    hs_redis_progress_leave_out(&of(sink)->progress, sequence);
}

void hs_redis_ready(struct hs_redis *redis, uint64_t position, uint64_t last)
{
    hs_sink_set_state(&redis->sink, HS_SINK_UP, "", "");
    redis->store.is_barred = !redis->sink.host.resume(redis->sink.host.context, position, last);
    if (!redis->store.is_barred && hs_redis_is_free(redis) &&
        hs_redis_progress_owes(&redis->progress))
        hs_redis_store(redis);
}

void hs_redis_forget(struct hs_redis *redis)
{
    redis->is_flying = false;
    redis->store.is_out = false;
    redis->look.is_out = false;
    redis->owes_room = false;
    redis->sink.in_flight = 0;
    for (size_t i = 0; i < HS_ARRAY_SIZE(redis->batches); i++)
        hs_redis_batch_clear(&redis->batches[i]);
}

static void close_sink(struct hs_sink *sink)
{
    struct hs_redis *redis = of(sink);
    hs_redis_link_close(redis);
    hs_redis_wait_close(redis);
    hs_redis_store_close(redis);
    hs_redis_look_close(redis);
    for (size_t i = 0; i < HS_ARRAY_SIZE(redis->batches); i++)
        hs_redis_batch_free(&redis->batches[i]);
    hs_redis_url_free(&redis->url);
    hs_json_tree_free(redis->tree);
    free(redis->cursor_key);
    free(redis);
}

static const struct hs_sink_ops ops = {submit, push, skip, leave_out, close_sink};

static char *make_cursor_key(const struct hs_sink_spec *spec)
{
    char *key = NULL;
    int size = asprintf(&key, "%s:%s:%s", hs_redis_options(spec->options)->cursor_key,
                        spec->identity, spec->name);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    return key;
}

int hs_redis_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink)
{
    const struct hs_redis_options *options = hs_redis_options(spec->options);
    struct hs_redis_url url;
    int code = hs_redis_url_parse(options->url, options->username, options->password, &url);
    if (code < 0)
        return code;
    struct hs_redis *redis = hs_alloc(sizeof(*redis));
    hs_sink_init(&redis->sink, &ops, spec);
    redis->url = url;
    redis->cursor_key = make_cursor_key(spec);
    redis->tree = hs_json_tree_create();
    redis->flying = &redis->batches[0];
    redis->gathering = &redis->batches[1];
    for (size_t i = 0; i < HS_ARRAY_SIZE(redis->batches); i++)
        hs_redis_batch_init(&redis->batches[i]);
    code = hs_redis_store_init(redis);
    if (code == 0)
        code = hs_redis_wait_init(redis, &options->wait);
    if (code == 0)
        code = hs_redis_look_init(redis);
    if (code == 0)
        code = hs_redis_link_init(redis);
    if (code < 0) {
        close_sink(&redis->sink);
        return code;
    }
    *ret_sink = &redis->sink;
    return 0;
}

void hs_redis_check(struct hs_config *config, const struct hs_sink_options *sink)
{
    const struct hs_redis_options *options = hs_redis_options(sink);
    const struct hs_node *place = sink->node != NULL ? hs_node_get(sink->node, "url") : NULL;
    struct hs_redis_url url;
    if (options->url == NULL)
        return; /* missing: the binding reported it */
    if (hs_redis_url_parse(options->url, options->username, options->password, &url) < 0)
        hs_config_error(config, HS_FINDING_SINK_URL, place != NULL ? place : sink->node, "%s",
                        hs_error_text());
    else
        hs_redis_url_free(&url);
    if (options->cursor_key == NULL || options->cursor_key[0] == '\0')
        hs_config_error(config, HS_FINDING_CURSOR_PLACE, sink->node, "`cursor_key` is empty");
}
