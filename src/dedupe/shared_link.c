/* Link: one thread's connection to the Redis of the shared dedupe: connects, greets, watches, and
 * reconnects with backoff. The commands: shared_calls.c. */
#include "shared.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <stdlib.h>

#define RECONNECT_LEAST_MS 100u
#define RECONNECT_DOUBLINGS 5u
#define GREETING_NS (2 * HS_NS_PER_SECOND)

static void add(struct event *event, uint64_t ns)
{
    struct timeval time = hs_clock_timeval(ns);
    HS_IGNORE(event_add(event, &time)); /* fails only without memory */
}

/* ---- Leaving ---- */

/* From 100 ms to 3.2 s, a quarter of it random. */
static uint64_t backoff_ns(unsigned attempts)
{
    unsigned doublings = attempts < RECONNECT_DOUBLINGS ? attempts : RECONNECT_DOUBLINGS;
    uint64_t wait = (RECONNECT_LEAST_MS * HS_NS_PER_MS) << doublings, random;
    hs_random_bytes(&random, sizeof(random));
    return wait - wait / 4 + random % (wait / 4);
}

static void begin_waiting(struct hs_shared_link *link, const char *reason, const char *text)
{
    char place[HS_REDIS_PLACE_TEXT], detail[HS_REDIS_PLACE_TEXT + 192];
    hs_redis_url_place(&link->shared->url, place);
    snprintf(detail, sizeof(detail), "%s: %s", place, text);
    if (link->stage == HS_SHARED_READY)
        atomic_fetch_sub(&link->shared->ready, 1);
    hs_shared_note(link->shared, reason, detail);
    if (!link->logged)
        hs_log(HS_LOG_WARN, "the shared dedupe is unavailable", HS_F("reason", "%s", reason),
               HS_F("detail", "%s", detail));
    link->logged = true;
    link->stage = HS_SHARED_WAITING;
    link->redis = NULL;
    HS_IGNORE(event_del(link->on_late));
    add(link->on_timer, backoff_ns(link->attempts++));
    hs_shared_fail_calls(link);
}

static void end_connection(struct hs_shared_link *link)
{
    redisAsyncContext *redis = link->redis;
    if (redis == NULL)
        return;
    redis->data = NULL; /* its callbacks no longer belong to a link */
    link->redis = NULL;
    redisAsyncFree(redis);
}

void hs_shared_leave(struct hs_shared_link *link, const char *reason, const char *detail)
{
    end_connection(link);
    begin_waiting(link, reason, detail);
}

/* The first word of a Redis error is a code: NOAUTH, WRONGPASS, READONLY, OOM, NOSCRIPT. */
void hs_shared_leave_for(struct hs_shared_link *link, const redisReply *reply)
{
    bool is_error = reply->type == REDIS_REPLY_ERROR;
    struct hs_slice text =
        is_error ? hs_slice(reply->str, (size_t)reply->len) : HS_SLICE("an unknown reply");
    char detail[192];
    snprintf(detail, sizeof(detail), "%.*s", HS_SLICE_ARG(text));
    hs_shared_leave(link, is_error ? "error" : "reply", detail);
}

/* ---- Greeting ---- */

static void on_tried(redisAsyncContext *redis, void *data, void *context)
{
    struct hs_shared_link *link = redis->data;
    const redisReply *reply = data;
    if (link == NULL || reply == NULL)
        return;
    if (reply->type != REDIS_REPLY_STRING) {
        hs_shared_leave_for(link, reply);
        return;
    }
    HS_IGNORE(event_del(link->on_timer));
    link->stage = HS_SHARED_READY;
    link->attempts = 0;
    link->was_up = true;
    atomic_fetch_add(&link->shared->ready, 1);
    if (link->logged)
        hs_log(HS_LOG_INFO, "the shared dedupe is available again");
    link->logged = false;
    link->published = 0;          /* Redis may have been restarted empty */
    hs_shared_link_publish(link); /* before any query */
    hs_shared_send_waiting(link);
}

/* Tries the script on a key of our own, so that a Redis that refuses writes reports it now. */
static void on_loaded(redisAsyncContext *redis, void *data, void *context)
{
    struct hs_shared_link *link = redis->data;
    const redisReply *reply = data;
    if (link == NULL || reply == NULL)
        return;
    if (reply->type != REDIS_REPLY_STRING || (size_t)reply->len >= sizeof(link->script)) {
        hs_shared_leave_for(link, reply);
        return;
    }
    memcpy(link->script, reply->str, (size_t)reply->len);
    link->script[reply->len] = '\0';
    char key[80];
    snprintf(key, sizeof(key), "try:%s", link->shared->mine + 1);
    /* Only a link that is ending refuses a command, and its end is reported anyway. */
    HS_IGNORE(hs_shared_call(link, HS_SHARED_RESERVE, key, 0, on_tried));
}

static void on_greeting(redisAsyncContext *redis, void *data, void *context)
{
    struct hs_shared_link *link = redis->data;
    const redisReply *reply = data;
    if (link != NULL && reply != NULL && reply->type == REDIS_REPLY_ERROR)
        hs_shared_leave_for(link, reply);
}

/* ---- Connecting ---- */

static void on_connect(const redisAsyncContext *redis, int status)
{
    struct hs_shared_link *link = redis->data;
    /* hiredis frees the connection after this returns. */
    if (link != NULL && status != REDIS_OK)
        begin_waiting(link, "connect", redis->errstr != NULL ? redis->errstr : "");
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
    struct hs_shared_link *link = redis->data;
    if (link != NULL)
        begin_waiting(link, "disconnected", redis->errstr != NULL ? redis->errstr : "");
}

static void greet(struct hs_shared_link *link)
{
    redisAsyncContext *redis;
    if (hs_redis_connect(&link->shared->url, link->base, &redis) < 0) {
        begin_waiting(link, "connect", hs_error_text());
        return;
    }
    redis->data = link;
    link->redis = redis;
    link->stage = HS_SHARED_GREETING;
    HS_IGNORE(redisAsyncSetConnectCallback(redis, on_connect)); /* fail only if set before */
    HS_IGNORE(redisAsyncSetDisconnectCallback(redis, on_disconnect));
    hs_redis_login(redis, &link->shared->url, on_greeting);
    const char *load[] = {"SCRIPT", "LOAD", hs_shared_script};
    HS_IGNORE(redisAsyncCommandArgv(redis, on_loaded, NULL, HS_ARRAY_SIZE(load), load, NULL));
    add(link->on_timer, GREETING_NS);
}

static void on_timer(evutil_socket_t file, short what, void *context)
{
    struct hs_shared_link *link = context;
    HS_ASSERT(link->stage != HS_SHARED_READY);
    if (link->stage == HS_SHARED_WAITING)
        greet(link);
    else
        hs_shared_leave(link, "timeout", "no answer while connecting");
}

/* ---- Watching replies ---- */

/* The oldest call with a waiting asker. Before the first greeting queries wait, too. */
static const struct hs_shared_ask *oldest(const struct hs_shared_link *link)
{
    if (!TAILQ_EMPTY(&link->sent))
        return TAILQ_FIRST(&link->sent);
    return link->was_up ? NULL : TAILQ_FIRST(&link->unsent);
}

void hs_shared_watch(struct hs_shared_link *link)
{
    if (oldest(link) != NULL && !event_pending(link->on_late, EV_TIMEOUT, NULL))
        add(link->on_late, link->shared->options->timeout_ns);
}

static void on_late(evutil_socket_t file, short what, void *context)
{
    struct hs_shared_link *link = context;
    const struct hs_shared_ask *call = oldest(link);
    if (call == NULL)
        return;
    uint64_t age = hs_clock_monotonic_ns() - call->since_ns;
    uint64_t timeout = link->shared->options->timeout_ns;
    if (age < timeout)
        add(link->on_late, timeout - age);
    else
        hs_shared_leave(link, "timeout", "no answer within dedupe.timeout");
}

/* ---- Life ---- */

static void open_cells(struct hs_shared_link *link)
{
    static const char *const names[HS_SHARED_RESULTS] = {
        [HS_SHARED_OURS] = "ours",       [HS_SHARED_SEEN] = "seen",
        [HS_SHARED_HELD] = "held",       [HS_SHARED_ACCEPTED] = "accepted",
        [HS_SHARED_REFUSED] = "refused",
    };
    struct hs_metrics *metrics = link->shared->metrics;
    for (size_t i = 0; i < HS_SHARED_RESULTS; i++)
        link->results[i] = hs_metrics_counter(metrics, HS_METRIC_dedupe_shared_total, names[i]);
    link->unconfirmed = hs_metrics_counter(metrics, HS_METRIC_dedupe_shared_unconfirmed_total);
    link->seconds = hs_metrics_histogram(metrics, HS_METRIC_dedupe_shared_seconds);
}

int hs_shared_link_open(struct hs_dedupe_shared *shared, struct event_base *base,
                        struct hs_shared_link **ret_link)
{
    struct hs_shared_link *link = hs_alloc(sizeof(*link));
    link->shared = shared;
    link->base = base;
    TAILQ_INIT(&link->sent);
    TAILQ_INIT(&link->unsent);
    open_cells(link);
    atomic_fetch_add(&shared->links, 1);
    link->on_timer = evtimer_new(base, on_timer, link);
    link->on_late = evtimer_new(base, on_late, link);
    if (link->on_timer == NULL || link->on_late == NULL) {
        hs_shared_link_close(link);
        return hs_fail(-ENOMEM, "cannot create the events of the shared dedupe");
    }
    event_active(link->on_timer, EV_TIMEOUT, 0);
    *ret_link = link;
    return 0;
}

void hs_shared_link_close(struct hs_shared_link *link)
{
    if (link == NULL)
        return;
    hs_shared_forget_calls(link);
    if (link->stage == HS_SHARED_READY)
        redisAsyncHandleWrite(link->redis); /* the last confirmations; may end the connection */
    if (link->stage == HS_SHARED_READY)
        atomic_fetch_sub(&link->shared->ready, 1);
    end_connection(link);
    if (link->on_timer != NULL)
        event_free(link->on_timer);
    if (link->on_late != NULL)
        event_free(link->on_late);
    atomic_fetch_sub(&link->shared->links, 1);
    free(link);
}

bool hs_shared_link_refuses(struct hs_shared_link *link)
{
    bool refuses = link->shared->options->on_unavailable == HS_DEDUPE_REFUSE;
    hs_counter_add(link->results[refuses ? HS_SHARED_REFUSED : HS_SHARED_ACCEPTED], 1);
    return refuses;
}
