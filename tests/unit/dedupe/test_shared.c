/* The shared dedupe against a real Redis: the results of queries, and what remains in Redis. */
#include "shared.h"
#include "sink/redis_server.h"

#include <event2/event.h>
#include <hookstream/clock.h>

#define PATIENCE_S 30

struct replica {
    struct hs_dedupe_options options;
    struct hs_metrics *metrics;
    struct event_base *base;
    struct event *patience;
    struct hs_dedupe_shared *shared;
    struct hs_shared_link *link;
};

/* One query and its result. */
struct asker {
    struct hs_shared_ask *ask;
    unsigned told;
    enum hs_shared_verdict verdict;
};

static void on_patience(evutil_socket_t file, short what, void *context)
{
    ck_abort_msg("waited in vain");
}

static void replica_open(struct replica *replica, const char *url, const char *identity)
{
    *replica = (struct replica){
        .options = {.window_ns = 3600 * HS_NS_PER_SECOND,
                    .store = HS_DEDUPE_REDIS,
                    .url = url,
                    .prefix = "id:",
                    .reservation_ns = 60 * HS_NS_PER_SECOND,
                    .timeout_ns = 10 * HS_NS_PER_SECOND},
        .metrics = hs_metrics_create(),
        .base = event_base_new(),
    };
    replica->patience = evtimer_new(replica->base, on_patience, NULL);
    struct timeval patience = {PATIENCE_S, 0};
    event_add(replica->patience, &patience);
    ck_assert_int_eq(
        hs_dedupe_shared_create(&replica->options, identity, replica->metrics, &replica->shared),
        0);
    ck_assert_int_eq(hs_shared_link_open(replica->shared, replica->base, &replica->link), 0);
}

static void replica_close(struct replica *replica)
{
    hs_shared_link_close(replica->link);
    hs_dedupe_shared_free(replica->shared);
    event_free(replica->patience);
    event_base_free(replica->base);
    hs_metrics_free(replica->metrics);
}

/* Runs the loop until a condition holds; gives up after a limit. */
#define UNTIL(replica, condition)                                                                  \
    while (!(condition))                                                                           \
    event_base_loop((replica)->base, EVLOOP_ONCE)

static bool is_up(struct replica *replica)
{
    struct hs_dedupe_shared_status status;
    hs_dedupe_shared_status(replica->shared, &status);
    return status.up;
}

static void on_told(void *context, enum hs_shared_verdict verdict)
{
    struct asker *asker = context;
    asker->told++;
    asker->verdict = verdict;
}

static void begin(struct replica *replica, struct asker *asker, const char *id)
{
    struct hs_shared_key key;
    *asker = (struct asker){0};
    hs_shared_key(HS_SLICE("s"), hs_slice_text(id), &key);
    asker->ask = hs_shared_link_ask(replica->link, &key, on_told, asker);
    ck_assert_uint_eq(asker->told, 0);
}

static enum hs_shared_verdict ask(struct replica *replica, const char *id)
{
    struct asker asker;
    begin(replica, &asker, id);
    ck_assert_ptr_nonnull(asker.ask);
    UNTIL(replica, asker.told > 0);
    ck_assert_uint_eq(asker.told, 1);
    return asker.verdict;
}

static struct hs_shared_key key_of(const char *id)
{
    struct hs_shared_key key;
    hs_shared_key(HS_SLICE("s"), hs_slice_text(id), &key);
    return key;
}

static void confirm(struct replica *replica, const char *id)
{
    struct hs_shared_key key = key_of(id);
    hs_shared_link_confirm(replica->link, &key, 7);
}

static const char *held(struct redis_server *server, const char *id)
{
    return server_get(server, "GET id:%s", key_of(id).hex);
}

/* All commands were answered. */
static void settle(struct replica *replica)
{
    UNTIL(replica, replica->link->count == 0);
}

START_TEST(the_key_is_the_same_for_every_version)
{
    ck_assert_str_eq(key_of("evt_1").hex, "0deac97595e5cf6f1688357abe611ccf");
}
END_TEST

START_TEST(S1_seen_only_what_was_confirmed)
{
    struct redis_server server = server_create();
    struct replica one, two;
    replica_open(&one, server.url, "one");
    replica_open(&two, server.url, "two");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    ck_assert_int_eq(ask(&two, "a"), HS_SHARED_HELD);
    confirm(&one, "a");
    settle(&one);
    ck_assert_int_eq(ask(&two, "a"), HS_SHARED_SEEN);
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_SEEN);
    ck_assert_str_eq(held(&server, "a"), "cone:7");
    ck_assert_int_eq(ask(&two, "b"), HS_SHARED_OURS);
    replica_close(&one);
    replica_close(&two);
    server_end(&server);
}
END_TEST

/* As hs_dedupe_shared_lose() gets it from a dedupe. */
static void lose(struct replica *replica, const char *ranges)
{
    replica->shared->lost = hs_strdup(ranges);
    replica->shared->lost_version++;
    hs_shared_link_publish(replica->link);
}

START_TEST(S5_what_a_replica_lost_is_anybodys)
{
    struct redis_server server = server_create();
    struct replica one, two;
    replica_open(&one, server.url, "one");
    replica_open(&two, server.url, "two");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    confirm(&one, "a");
    settle(&one);
    lose(&one, "1-6 8-20 ");
    ck_assert_int_eq(ask(&one, "x"), HS_SHARED_OURS); /* the list exists by now */
    ck_assert_int_eq(ask(&two, "a"), HS_SHARED_SEEN); /* it is number 7 */
    free(one.shared->lost);
    lose(&one, "1-7 8-20 ");
    ck_assert_int_eq(ask(&one, "x"), HS_SHARED_OURS);
    ck_assert_int_eq(ask(&two, "a"), HS_SHARED_OURS);
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_HELD);
    confirm(&two, "a");
    settle(&two);
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_SEEN);
    /* Also by a later link. */
    struct replica again;
    replica_open(&again, server.url, "two");
    again.shared->lost = hs_strdup("7-7 ");
    again.shared->lost_version++;
    ck_assert_int_eq(ask(&again, "a"), HS_SHARED_OURS);
    replica_close(&again);
    /* Confirmed by one that could not query before. */
    confirm(&one, "a");
    settle(&one);
    ck_assert_str_eq(held(&server, "a"), "ptwo");
    replica_close(&one);
    replica_close(&two);
    server_end(&server);
}
END_TEST

START_TEST(S2_what_is_pending_by_itself_is_taken_over)
{
    struct redis_server server = server_create();
    struct replica one;
    replica_open(&one, server.url, "one");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    replica_close(&one);
    replica_open(&one, server.url, "one");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    ck_assert_str_eq(held(&server, "a"), "pone");
    replica_close(&one);
    server_end(&server);
}
END_TEST

START_TEST(what_is_released_is_free_and_only_ones_own_is)
{
    struct redis_server server = server_create();
    struct replica one, two;
    struct hs_shared_key key = key_of("a");
    replica_open(&one, server.url, "one");
    replica_open(&two, server.url, "two");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    UNTIL(&two, is_up(&two));
    hs_shared_link_release(two.link, &key);
    settle(&two);
    ck_assert_str_eq(held(&server, "a"), "pone");
    hs_shared_link_release(one.link, &key);
    settle(&one);
    ck_assert_int_eq(ask(&two, "a"), HS_SHARED_OURS);
    /* Nor is a confirmation of what another replica now has pending. */
    confirm(&one, "a");
    settle(&one);
    ck_assert_str_eq(held(&server, "a"), "ptwo");
    confirm(&two, "a");
    hs_shared_link_release(two.link, &key);
    settle(&two);
    ck_assert_str_eq(held(&server, "a"), "ctwo:7");
    replica_close(&one);
    replica_close(&two);
    server_end(&server);
}
END_TEST

START_TEST(a_confirmation_after_the_reservation_ended_counts)
{
    struct redis_server server = server_create();
    struct replica one;
    replica_open(&one, server.url, "one");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    server_do(&server, "FLUSHALL");
    confirm(&one, "a");
    settle(&one);
    ck_assert_str_eq(held(&server, "a"), "cone:7");
    ck_assert_int_gt(strtol(server_get(&server, "TTL id:%s", key_of("a").hex), NULL, 10), 3000);
    replica_close(&one);
    server_end(&server);
}
END_TEST

START_TEST(S3_who_went_is_not_told_and_leaves_nothing_reserved)
{
    struct redis_server server = server_create();
    struct replica one;
    struct asker gone, stays;
    replica_open(&one, server.url, "one");
    begin(&one, &gone, "a");
    begin(&one, &stays, "b");
    hs_shared_link_drop(gone.ask);
    UNTIL(&one, stays.told > 0);
    settle(&one);
    ck_assert_uint_eq(gone.told, 0);
    ck_assert_str_eq(held(&server, "a"), "");
    ck_assert_str_eq(held(&server, "b"), "pone");
    replica_close(&one);
    server_end(&server);
}
END_TEST

START_TEST(S3_nobody_is_there_at_the_start)
{
    struct replica one;
    struct asker asker;
    replica_open(&one, "redis://127.0.0.1:1/0", "one");
    begin(&one, &asker, "a");
    ck_assert_ptr_nonnull(asker.ask);
    UNTIL(&one, asker.told > 0);
    ck_assert_int_eq(asker.verdict, HS_SHARED_UNKNOWN);
    begin(&one, &asker, "a");
    ck_assert_ptr_null(asker.ask);
    ck_assert(!hs_shared_link_refuses(one.link));
    one.options.on_unavailable = HS_DEDUPE_REFUSE;
    ck_assert(hs_shared_link_refuses(one.link));
    replica_close(&one);
}
END_TEST

START_TEST(S3_a_redis_that_dies_or_stands_still_leaves_nobody_waiting)
{
    struct redis_server server = server_create();
    struct replica one;
    struct asker askers[100];
    replica_open(&one, server.url, "one");
    one.options.timeout_ns = 50 * HS_NS_PER_MS;
    for (int round = 0; round < 4; round++) {
        UNTIL(&one, is_up(&one));
        kill(server.pid, SIGSTOP);
        for (size_t i = 0; i < HS_ARRAY_SIZE(askers); i++) {
            char id[32];
            snprintf(id, sizeof(id), "%d-%zu", round, i);
            begin(&one, &askers[i], id);
            ck_assert_ptr_nonnull(askers[i].ask);
        }
        if (round % 2)
            server_kill(&server);
        UNTIL(&one, askers[HS_ARRAY_SIZE(askers) - 1].told > 0);
        for (size_t i = 0; i < HS_ARRAY_SIZE(askers); i++) {
            ck_assert_uint_eq(askers[i].told, 1);
            ck_assert_int_eq(askers[i].verdict, HS_SHARED_UNKNOWN);
        }
        if (round % 2)
            server_start(&server);
        else
            kill(server.pid, SIGCONT);
    }
    replica_close(&one);
    server_end(&server);
}
END_TEST

START_TEST(confirmations_wait_for_a_redis_that_is_away)
{
    struct redis_server server = server_create();
    struct replica one;
    replica_open(&one, server.url, "one");
    UNTIL(&one, is_up(&one));
    server_kill(&server);
    confirm(&one, "a"); /* in flight to no one */
    UNTIL(&one, !is_up(&one));
    confirm(&one, "b");
    server_start(&server);
    UNTIL(&one, is_up(&one));
    settle(&one);
    ck_assert_str_eq(held(&server, "a"), "cone:7");
    ck_assert_str_eq(held(&server, "b"), "cone:7");
    replica_close(&one);
    server_end(&server);
}
END_TEST

START_TEST(of_too_many_confirmations_the_oldest_are_dropped_and_counted)
{
    struct replica one;
    char id[32];
    replica_open(&one, "redis://127.0.0.1:1/0", "one");
    for (unsigned i = 0; i < HS_SHARED_CALLS_MAX + 7; i++) {
        snprintf(id, sizeof(id), "%u", i);
        confirm(&one, id);
    }
    ck_assert_uint_eq(one.link->count, HS_SHARED_CALLS_MAX);
    ck_assert_uint_eq(hs_counter_value(one.link->unconfirmed), 7);
    ck_assert_str_eq(TAILQ_FIRST(&one.link->unsent)->key.hex, key_of("7").hex);
    replica_close(&one);
}
END_TEST

START_TEST(a_key_of_another_kind_is_told_and_others_go_on)
{
    struct redis_server server = server_create();
    struct replica one;
    struct hs_dedupe_shared_status status;
    replica_open(&one, server.url, "one");
    server_do(&server, "LPUSH id:%s x", key_of("a").hex);
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_UNKNOWN);
    hs_dedupe_shared_status(one.shared, &status);
    ck_assert(!status.up);
    ck_assert_ptr_nonnull(strstr(status.detail, "WRONGTYPE"));
    UNTIL(&one, is_up(&one));
    ck_assert_int_eq(ask(&one, "b"), HS_SHARED_OURS);
    replica_close(&one);
    server_end(&server);
}
END_TEST

START_TEST(what_is_said_last_is_said_at_the_end)
{
    struct redis_server server = server_create();
    struct replica one;
    struct asker unheard;
    replica_open(&one, server.socket_url, "one");
    ck_assert_int_eq(ask(&one, "a"), HS_SHARED_OURS);
    confirm(&one, "a");
    begin(&one, &unheard, "b");
    replica_close(&one);
    ck_assert_uint_eq(unheard.told, 0);
    while (strcmp(held(&server, "a"), "cone:7") != 0)
        poll(NULL, 0, 5);
    server_end(&server);
}
END_TEST

HS_TEST_MAIN("dedupe shared", the_key_is_the_same_for_every_version,
             S1_seen_only_what_was_confirmed, S5_what_a_replica_lost_is_anybodys,
             S2_what_is_pending_by_itself_is_taken_over,
             what_is_released_is_free_and_only_ones_own_is,
             a_confirmation_after_the_reservation_ended_counts,
             S3_who_went_is_not_told_and_leaves_nothing_reserved, S3_nobody_is_there_at_the_start,
             S3_a_redis_that_dies_or_stands_still_leaves_nobody_waiting,
             confirmations_wait_for_a_redis_that_is_away,
             of_too_many_confirmations_the_oldest_are_dropped_and_counted,
             a_key_of_another_kind_is_told_and_others_go_on, what_is_said_last_is_said_at_the_end)
