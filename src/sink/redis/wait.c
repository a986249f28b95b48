/* Redis wait: with `wait: {replicas: n}` a write on the master counts only once n replicas have it,
 * too. WAIT covers the writes of its own connection. A new connection begins with a write (the
 * greeting's APPEND), and replicas apply the writes of a master in order. So its WAIT also covers
 * what an older connection wrote. Whatever the answer, nothing is written again because of it: the
 * data is on the master. Knows no batches. */
#include "redis.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hookstream/clock.h>
#include <inttypes.h>
#include <stdio.h>

/* Between two questions; the server itself takes `wait.timeout` for each answer. */
#define PAUSE_LEAST_MS 100u
#define PAUSE_MOST_MS 5000u

static void go_on(struct hs_redis *redis)
{
    redis->wait.failures = 0;
    if (redis->stage == HS_REDIS_GREETING)
        hs_redis_greeted(redis);
    else
        hs_redis_finish(redis);
}

/* Too few replicas have it: reports that and asks again after a while. That may be long, so
 * failures are stored first (R6). */
static void ask_later(struct hs_redis *redis, long long have)
{
    char words[HS_REDIS_TEXT_MAX];
    snprintf(words, sizeof(words),
             "%lld of %" PRIu64 " replicas have what was written: look at them, or lower "
             "`wait.replicas`; it is asked again, not written again",
             have, redis->wait.replicas);
    hs_sink_set_state(&redis->sink, HS_SINK_BLOCKED, HS_REDIS_TOO_FEW, words);
    hs_redis_expect(redis, false);
    if (redis->stage == HS_REDIS_READY && hs_redis_progress_owes(&redis->progress)) {
        hs_redis_store(redis);
        return;
    }
    uint64_t ms = hs_sink_backoff_ms(redis->wait.failures++, PAUSE_LEAST_MS, PAUSE_MOST_MS);
    struct timeval pause = hs_clock_timeval(ms * HS_NS_PER_MS);
    HS_IGNORE(event_add(redis->wait.on_pause, &pause)); /* fails only without memory */
}

/* An error proves nothing about the data: the cursor is read back, and WAIT is sent again. */
static void leave(struct hs_redis *redis, const redisReply *reply)
{
    struct hs_redis_trouble trouble = {0};
    hs_redis_note(&trouble, reply);
    if (trouble.error == NULL) {
        hs_redis_leave(redis, "protocol", "Redis answered something else than was asked");
        return;
    }
    hs_redis_refused(redis, &trouble);
}

static void on_wait(redisAsyncContext *link, void *data, void *context)
{
    struct hs_redis *redis = link->data;
    const redisReply *reply = data;
    if (redis == NULL || reply == NULL)
        return;
    if (redis->trouble.error != NULL)
        go_on(redis); /* a refused batch wrote nothing */
    else if (reply->type != REDIS_REPLY_INTEGER)
        leave(redis, reply);
    else if ((uint64_t)reply->integer >= redis->wait.replicas)
        go_on(redis);
    else
        ask_later(redis, reply->integer);
}

void hs_redis_wait_ask(struct hs_redis *redis)
{
    char replicas[24], timeout[24];
    int sizes[] = {snprintf(replicas, sizeof(replicas), "%" PRIu64, redis->wait.replicas),
                   snprintf(timeout, sizeof(timeout), "%" PRIu64, redis->wait.timeout_ms)};
    hs_redis_send(redis, on_wait,
                  (struct hs_slice[]){HS_SLICE("WAIT"), hs_slice(replicas, (size_t)sizes[0]),
                                      hs_slice(timeout, (size_t)sizes[1])},
                  3);
    hs_redis_expect(redis, true);
}

static void on_pause(evutil_socket_t file, short what, void *context)
{
    hs_redis_wait_ask(context);
}

int hs_redis_wait_init(struct hs_redis *redis, const struct hs_redis_wait_options *options)
{
    redis->wait.replicas = options->replicas;
    redis->wait.timeout_ms = options->timeout_ns / UINT64_C(1000000);
    redis->wait.on_pause = evtimer_new(redis->sink.base, on_pause, redis);
    if (redis->wait.on_pause == NULL)
        return hs_fail(-ENOMEM, "cannot make the events of the sink %s", redis->sink.name);
    return 0;
}

void hs_redis_wait_stop(struct hs_redis *redis)
{
    HS_IGNORE(event_del(redis->wait.on_pause));
}

void hs_redis_wait_close(struct hs_redis *redis)
{
    if (redis->wait.on_pause != NULL)
        event_free(redis->wait.on_pause);
}
