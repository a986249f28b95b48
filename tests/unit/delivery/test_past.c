/* The routes of before, on a disk that loses power: what decided when an event was accepted is
 * known at the next start (P4), also when a run was killed while it noted that. */
#include "past.h"

#include "../journal/model_disk.h"
#include "../route/routing.h"
#include <hookstream/metrics.h>
#include <inttypes.h>

#define SEEDS 20u
#define CHANGES 71u /* more than are told apart */
#define SYNCS 4u    /* at least as many as a start makes in that folder */

#define ROUTES(to)                                                                                 \
    ROUTING_SINKS "routes:\n  - {name: all, match: order.created, to: " to                         \
                  "}\ndefault: dead_letter\n"

/* Redis has only what is accepted by the second ones. */
static const char *const routes_of_runs[] = {
    ROUTES("[{sink: kafka, topic: all}]"),
    ROUTES("[{sink: kafka, topic: all}, {sink: redis, stream: orders}]"),
    ROUTES("[{sink: kafka, topic: others}]"),
};

struct house {
    struct model_disk *disk;
    struct hs_metrics *metrics;
    struct hs_journal *journal;
};

/* Starts with the routes of the run; what noting them gave. */
static int start(struct house *house, unsigned run)
{
    struct hs_journal_options options = {.path = "/j", .max_size = 1 << 20, .segment_size = 16384};
    ck_assert_int_eq(
        hs_journal_open(model_table(house->disk), &options, house->metrics, &house->journal), 0);
    struct hs_journal_watcher watcher = {.context = NULL};
    ck_assert_int_eq(hs_journal_start(house->journal, &watcher), 0);
    struct routing routing;
    routing_open(&routing, routes_of_runs[run]);
    routing_expect_no_findings(&routing, routes_of_runs[run]);
    struct hs_delivery_spec spec = {
        .journal = house->journal, .sinks = &routing.sinks, .sources = &routing.sources};
    int code = hs_past_record(&spec, routing.router);
    routing_close(&routing);
    return code;
}

static void stop(struct house *house)
{
    hs_journal_close(house->journal);
    house->journal = NULL;
}

static void accept_one(struct house *house)
{
    struct hs_event event = routing_event("order.created", "fanfare", "{}");
    uint64_t sequence;
    ck_assert_int_eq(hs_journal_append(house->journal, &event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(house->journal, sequence), HS_JOURNAL_DURABLE);
}

/* Whether Redis was to have the event, by what is known now. */
static bool was_for_redis(struct house *house, uint64_t sequence)
{
    struct hs_past *past;
    ck_assert_int_eq(hs_past_open(house->journal, "redis", 0, &past), 0);
    struct hs_event event = routing_event("order.created", "fanfare", "{}");
    event.sequence = sequence;
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &event);
    bool was = hs_past_was_for(past, work);
    hs_work_free(work);
    hs_past_free(past);
    return was;
}

static void house_open(struct house *house, uint64_t seed)
{
    *house = (struct house){.disk = model_create(seed), .metrics = hs_metrics_create()};
}

static void house_close(struct house *house)
{
    stop(house);
    hs_metrics_free(house->metrics);
    model_free(house->disk);
}

START_TEST(P4_the_routes_of_each_event_are_known)
{
    struct house house;
    house_open(&house, 1);
    for (unsigned run = 0; run < HS_ARRAY_SIZE(routes_of_runs); run++) {
        ck_assert_int_eq(start(&house, run), 0);
        accept_one(&house);
        if (run + 1 < HS_ARRAY_SIZE(routes_of_runs))
            stop(&house);
    }
    ck_assert(!was_for_redis(&house, 1));
    ck_assert(was_for_redis(&house, 2));
    ck_assert(!was_for_redis(&house, 3));
    house_close(&house);
}
END_TEST

/* The second run is killed at one of its syncs. */
static void tell_kill(uint64_t seed, uint64_t sync)
{
    struct house house;
    house_open(&house, seed);
    ck_assert_int_eq(start(&house, 0), 0);
    accept_one(&house);
    stop(&house);
    model_fail_at(house.disk, MODEL_FSYNC, "/routing", sync, 1, EIO);
    (void)start(&house, 1);
    stop(&house);
    model_heal(house.disk);
    /* This start may find them noted, and takes events by them. */
    ck_assert_int_eq(start(&house, 1), 0);
    accept_one(&house);
    stop(&house);
    model_power_cut(house.disk);
    ck_assert_int_eq(start(&house, 2), 0);
    ck_assert_msg(was_for_redis(&house, 2), "seed %" PRIu64 ", sync %" PRIu64, seed, sync);
    house_close(&house);
}

/* Which names a power cut keeps is drawn from the seed. */
START_TEST(P4_a_kill_before_the_names_are_synced)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (uint64_t sync = 1; sync <= SYNCS; sync++)
            tell_kill(seed, sync);
}
END_TEST

/* More changes than are kept: the oldest go, and not the latest. */
START_TEST(P4_many_changes_while_a_sink_is_behind)
{
    struct house house;
    house_open(&house, 3);
    for (unsigned change = 0; change < CHANGES; change++) {
        ck_assert_int_eq(start(&house, change % 2), 0);
        accept_one(&house);
        stop(&house);
    }
    ck_assert_int_eq(start(&house, 1), 0);
    accept_one(&house);
    stop(&house);
    ck_assert_int_eq(start(&house, 0), 0);
    ck_assert(was_for_redis(&house, CHANGES + 1));
    ck_assert(!was_for_redis(&house, CHANGES));
    ck_assert(was_for_redis(&house, CHANGES - 1));
    house_close(&house);
}
END_TEST

HS_TEST_MAIN("delivery past", P4_the_routes_of_each_event_are_known,
             P4_a_kill_before_the_names_are_synced, P4_many_changes_while_a_sink_is_behind)
