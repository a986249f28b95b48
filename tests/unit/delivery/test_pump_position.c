/* The pump and a sink that is exactly once, a real Redis: what the server says of its position
 * is not taken for its own where it can be another's, and dead letters hold up only what comes
 * behind them. */
#include "../route/routing.h"
#include "../sink/redis_server.h"

#include <hookstream/delivery.h>
#include <hookstream/metrics.h>
#include <inttypes.h>

/* More than two batches, so that there is a backlog behind what is in flight. */
#define EVENTS 6000u
#define MIXED 400u
#define PATIENCE 3000 /* looks of 10 ms */

struct house {
    struct redis_server server;
    char folder[64];
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct routing routing;
    struct hs_delivery *delivery;
};

static void open_journal(struct house *house)
{
    strcpy(house->folder, "/tmp/hs-pump-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(house->folder));
    house->metrics = hs_metrics_create();
    struct hs_journal_options options = {.path = house->folder, .max_size = 64 << 20};
    struct hs_dead_letters_options letters = {
        .max_size = 64 << 20, .retain_ns = UINT64_MAX / 2, .body_max = 4096};
    ck_assert_int_eq(hs_journal_open(hs_disk_system(), &options, house->metrics, &house->journal),
                     0);
    struct hs_journal_watcher watcher = {.context = NULL};
    ck_assert_int_eq(hs_journal_start(house->journal, &watcher), 0);
    ck_assert_int_eq(
        hs_dead_letters_open(house->journal, &letters, house->metrics, &house->letters), 0);
}

static void start_delivery(struct house *house)
{
    static char yaml[512];
    snprintf(yaml, sizeof(yaml),
             "sinks:\n  redis: {type: redis, url: \"%s\", start: oldest}\n"
             "sources: {fanfare: {path: /a}}\n"
             "routes:\n  - {name: all, match: order.created, to: [{sink: redis, stream: "
             "\"s{body.n}\"}]}\n"
             "default: dead_letter\n",
             house->server.url);
    routing_open(&house->routing, yaml);
    routing_expect_no_findings(&house->routing, yaml);
    struct hs_delivery_spec spec = {
        .journal = house->journal,
        .letters = house->letters,
        .metrics = house->metrics,
        .config = house->routing.config,
        .sinks = &house->routing.sinks,
        .sources = &house->routing.sources,
    };
    ck_assert_int_eq(hs_delivery_start(&spec, &house->delivery), 0);
}

/* Every so many cannot be delivered; 0: none. */
static void accept_events(struct house *house, unsigned count, unsigned bad_every)
{
    uint64_t sequence = 0;
    for (unsigned i = 1; i <= count; i++) {
        bool bad = bad_every > 0 && i % bad_every == 0;
        struct hs_event event = routing_event("order.created", "fanfare", bad ? "{}" : "{\"n\":1}");
        ck_assert_int_eq(hs_journal_append(house->journal, &event, &sequence), 0);
    }
    ck_assert_int_eq(hs_journal_wait(house->journal, sequence), HS_JOURNAL_DURABLE);
}

/* Until every event up to this one is done. */
static void await_position(struct house *house, uint64_t position)
{
    for (int i = 0; hs_delivery_position(house->delivery, 0) < position; i++) {
        ck_assert_msg(i < PATIENCE, "the sink is at event %" PRIu64,
                      hs_delivery_position(house->delivery, 0));
        poll(NULL, 0, 10);
    }
}

static void await_held(struct house *house, const char *reason)
{
    struct hs_pump_status status = {0};
    for (int i = 0; i < PATIENCE; i++) {
        hs_delivery_status(house->delivery, 0, &status);
        if (status.state == HS_SINK_BLOCKED)
            break;
        poll(NULL, 0, 10);
    }
    ck_assert_str_eq(status.reason, reason);
}

static void house_close(struct house *house)
{
    hs_delivery_stop(house->delivery, 0);
    hs_delivery_free(house->delivery);
    routing_close(&house->routing);
    hs_dead_letters_close(house->letters);
    hs_journal_close(house->journal);
    hs_metrics_free(house->metrics);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", house->folder);
    ck_assert_int_eq(system(command), 0);
    server_end(&house->server);
}

START_TEST(where_another_program_wrote_nothing_is_written_until_someone_decides)
{
    struct house house = {.server = server_create()};
    signal(SIGPIPE, SIG_IGN);
    open_journal(&house);
    start_delivery(&house);
    accept_events(&house, 1, 0);
    await_position(&house, 1);
    server_do(&house.server, "SET hookstream:cursor:%s:redis %s",
              hs_journal_identity(house.journal), "5000 5000");
    accept_events(&house, EVENTS - 1, 0);
    await_held(&house, "cursor_ahead");
    ck_assert_str_eq(server_get(&house.server, "XLEN s1"), "1");
    ck_assert_uint_eq(hs_delivery_position(house.delivery, 0), 1); /* none is taken for done */
    house_close(&house);
}
END_TEST

START_TEST(R5_events_and_dead_letters_in_turn_all_end)
{
    struct house house = {.server = server_create()};
    signal(SIGPIPE, SIG_IGN);
    open_journal(&house);
    start_delivery(&house);
    accept_events(&house, MIXED, 2);
    await_position(&house, MIXED);
    char good[24];
    snprintf(good, sizeof(good), "%u", MIXED / 2);
    ck_assert_str_eq(server_get(&house.server, "XLEN s1"), good);
    ck_assert_uint_eq(hs_dead_letters_count(house.letters), MIXED / 2);
    house_close(&house);
}
END_TEST

HS_TEST_MAIN("pump position", where_another_program_wrote_nothing_is_written_until_someone_decides,
             R5_events_and_dead_letters_in_turn_all_end)
