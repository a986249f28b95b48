/* Calls: reserve, confirm, release: one script for all, pipelined; replies arrive in the order of
 * the calls. */
#include "shared.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hookstream/clock.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_MAX 256u

/* One atomic step per key. A confirmation of an expired reservation counts: the event is safe here.
 * A key of another replica, pending or confirmed, stays, unless the replica that confirmed it has
 * since lost the event, according to its own list (S5). */
const char hs_shared_script[] =
    "local held = redis.call('GET', KEYS[1])\n"
    "local function is_lost()\n"
    "  local who, at = string.match(held or '', '^c(.+):(%d+)$')\n"
    "  local ranges = who and redis.call('GET', string.sub(KEYS[1], 1, -33) .. 'lost:' .. who)\n"
    "  if not ranges then return false end\n"
    "  for first, last in string.gmatch(ranges, '(%d+)-(%d+)') do\n"
    "    if tonumber(first) <= tonumber(at) and tonumber(at) <= tonumber(last) then return true "
    "end\n"
    "  end\n"
    "  return false\n"
    "end\n"
    "if ARGV[1] == 'reserve' then\n"
    "  if held and string.sub(held, 1, 1) == 'c' then\n"
    "    if not is_lost() then return 'seen' end\n"
    "  elseif held and held ~= ARGV[2] then return 'held' end\n"
    "  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
    "  return 'ours'\n"
    "end\n"
    "if held and held ~= ARGV[2] and not (ARGV[1] == 'confirm' and is_lost()) then\n"
    "  return 'other'\n"
    "end\n"
    "if ARGV[1] == 'confirm' then\n"
    "  redis.call('SET', KEYS[1], 'c' .. ARGV[4], 'PX', ARGV[3])\n"
    "elseif held then\n"
    "  redis.call('DEL', KEYS[1])\n"
    "end\n"
    "return 'done'\n";

int hs_shared_call(struct hs_shared_link *link, enum hs_shared_operation operation, const char *key,
                   uint64_t sequence, redisCallbackFn *on_reply)
{
    static const char *const names[] = {"reserve", "confirm", "release"};
    const struct hs_dedupe_shared *shared = link->shared;
    char whole[KEY_MAX];
    snprintf(whole, sizeof(whole), "%s%s", shared->options->prefix, key);
    char where[sizeof(shared->tag) + 24];
    snprintf(where, sizeof(where), "%s:%" PRIu64, shared->tag, sequence);
    const char *words[] = {
        "EVALSHA",
        link->script,
        "1",
        whole,
        names[operation],
        shared->mine,
        operation == HS_SHARED_CONFIRM ? shared->window_ms : shared->reservation_ms,
        where,
    };
    int code =
        redisAsyncCommandArgv(link->redis, on_reply, NULL, HS_ARRAY_SIZE(words), words, NULL);
    return code == REDIS_OK ? 0 : -ENOTCONN;
}

/* ---- The end of a call ---- */

static void call_free(struct hs_shared_link *link, struct hs_shared_asks *list,
                      struct hs_shared_ask *call)
{
    TAILQ_REMOVE(list, call, link);
    link->count--;
    free(call);
}

/* The call is freed before its asker is notified. */
static void tell(struct hs_shared_link *link, struct hs_shared_asks *list,
                 struct hs_shared_ask *call, enum hs_shared_verdict verdict)
{
    struct hs_shared_ask was = *call;
    call_free(link, list, call);
    if (verdict != HS_SHARED_UNKNOWN) {
        hs_counter_add(link->results[verdict], 1);
        hs_histogram_observe(link->seconds, (double)(hs_clock_monotonic_ns() - was.since_ns) / 1e9,
                             1);
    }
    if (was.told != NULL)
        was.told(was.context, verdict);
    else if (verdict == HS_SHARED_OURS)
        hs_shared_link_release(link, &was.key);
}

static enum hs_shared_verdict read_verdict(const redisReply *reply)
{
    struct hs_slice text = hs_slice(reply->str, (size_t)reply->len);
    if (hs_slice_equal(text, HS_SLICE("ours")))
        return HS_SHARED_OURS;
    if (hs_slice_equal(text, HS_SLICE("seen")))
        return HS_SHARED_SEEN;
    return hs_slice_equal(text, HS_SLICE("held")) ? HS_SHARED_HELD : HS_SHARED_UNKNOWN;
}

static void on_call(redisAsyncContext *redis, void *data, void *context)
{
    struct hs_shared_link *link = redis->data;
    const redisReply *reply = data;
    if (link == NULL || reply == NULL)
        return; /* the link ends; its disconnect reports that */
    if (reply->type != REDIS_REPLY_STRING) {
        hs_shared_leave_for(link, reply);
        return;
    }
    struct hs_shared_ask *call = TAILQ_FIRST(&link->sent);
    HS_ASSERT(call != NULL);
    if (call->operation == HS_SHARED_RESERVE)
        tell(link, &link->sent, call, read_verdict(reply));
    else
        call_free(link, &link->sent, call);
}

/* ---- Sending ---- */

/* Sends a call, or adds it to the waiting list. */
static void put(struct hs_shared_link *link, struct hs_shared_ask *call)
{
    bool sent = link->stage == HS_SHARED_READY &&
                hs_shared_call(link, call->operation, call->key.hex, call->sequence, on_call) == 0;
    if (sent && call->operation != HS_SHARED_RESERVE)
        call->since_ns = hs_clock_monotonic_ns(); /* it may have waited long */
    if (sent)
        TAILQ_INSERT_TAIL(&link->sent, call, link);
    else
        TAILQ_INSERT_TAIL(&link->unsent, call, link);
    hs_shared_watch(link);
}

static struct hs_shared_ask *make(struct hs_shared_link *link, enum hs_shared_operation operation,
                                  const struct hs_shared_key *key)
{
    struct hs_shared_ask *call = hs_alloc(sizeof(*call));
    *call = (struct hs_shared_ask){
        .operation = operation, .key = *key, .since_ns = hs_clock_monotonic_ns()};
    link->count++;
    return call;
}

struct hs_shared_ask *hs_shared_link_ask(struct hs_shared_link *link,
                                         const struct hs_shared_key *key, hs_shared_told_fn *told,
                                         void *context)
{
    bool may_wait = !link->was_up && link->attempts == 0;
    if ((link->stage != HS_SHARED_READY && !may_wait) || link->count >= HS_SHARED_CALLS_MAX)
        return NULL;
    struct hs_shared_ask *call = make(link, HS_SHARED_RESERVE, key);
    call->told = told;
    call->context = context;
    put(link, call);
    return call;
}

void hs_shared_link_drop(struct hs_shared_ask *ask)
{
    ask->told = NULL;
}

void hs_shared_link_confirm(struct hs_shared_link *link, const struct hs_shared_key *key,
                            uint64_t sequence)
{
    struct hs_shared_ask *oldest = TAILQ_FIRST(&link->unsent);
    if (link->count >= HS_SHARED_CALLS_MAX) {
        hs_counter_add(link->unconfirmed, 1);
        if (oldest == NULL || oldest->operation != HS_SHARED_CONFIRM)
            return;
        call_free(link, &link->unsent, oldest);
    }
    struct hs_shared_ask *call = make(link, HS_SHARED_CONFIRM, key);
    call->sequence = sequence;
    put(link, call);
}

/* Without a connection nothing need be done: the reservation expires by itself. */
void hs_shared_link_release(struct hs_shared_link *link, const struct hs_shared_key *key)
{
    if (link->stage == HS_SHARED_READY && link->count < HS_SHARED_CALLS_MAX)
        put(link, make(link, HS_SHARED_RELEASE, key));
}

/* ---- What this replica lost ---- */

static void on_published(redisAsyncContext *redis, void *data, void *context)
{
    struct hs_shared_link *link = redis->data;
    const redisReply *reply = data;
    if (link != NULL && reply != NULL && reply->type == REDIS_REPLY_ERROR)
        hs_shared_leave_for(link, reply);
}

void hs_shared_link_publish(struct hs_shared_link *link)
{
    struct hs_dedupe_shared *shared = link->shared;
    uint64_t version = atomic_load_explicit(&shared->lost_version, memory_order_acquire);
    if (version == link->published || link->stage != HS_SHARED_READY)
        return;
    char key[KEY_MAX];
    snprintf(key, sizeof(key), "%slost:%s", shared->options->prefix, shared->tag);
    pthread_mutex_lock(&shared->lock);
    const char *words[] = {"SET", key, shared->lost, "PX", shared->window_ms};
    int code =
        redisAsyncCommandArgv(link->redis, on_published, NULL, HS_ARRAY_SIZE(words), words, NULL);
    pthread_mutex_unlock(&shared->lock);
    if (code == REDIS_OK)
        link->published = version;
}

void hs_shared_send_waiting(struct hs_shared_link *link)
{
    struct hs_shared_asks waiting = TAILQ_HEAD_INITIALIZER(waiting);
    TAILQ_CONCAT(&waiting, &link->unsent, link);
    struct hs_shared_ask *call;
    while ((call = TAILQ_FIRST(&waiting)) != NULL) {
        TAILQ_REMOVE(&waiting, call, link);
        put(link, call);
    }
}

/* ---- After the link is gone ---- */

void hs_shared_fail_calls(struct hs_shared_link *link)
{
    /* Those in flight are older than those waiting. */
    TAILQ_CONCAT(&link->sent, &link->unsent, link);
    TAILQ_CONCAT(&link->unsent, &link->sent, link);
    struct hs_shared_ask *call, *next;
    for (call = TAILQ_FIRST(&link->unsent); call != NULL; call = next) {
        next = TAILQ_NEXT(call, link);
        if (call->operation == HS_SHARED_RELEASE)
            call_free(link, &link->unsent, call);
    }
    /* The callback may not confirm from within: that could drop the next call. */
    call = TAILQ_FIRST(&link->unsent);
    while (call != NULL) {
        next = TAILQ_NEXT(call, link);
        if (call->operation == HS_SHARED_RESERVE)
            tell(link, &link->unsent, call, HS_SHARED_UNKNOWN);
        call = next;
    }
}

void hs_shared_forget_calls(struct hs_shared_link *link)
{
    struct hs_shared_ask *call;
    TAILQ_CONCAT(&link->sent, &link->unsent, link);
    while ((call = TAILQ_FIRST(&link->sent)) != NULL)
        call_free(link, &link->sent, call);
}
