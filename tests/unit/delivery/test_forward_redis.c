/* The forwarding of dead letters and what it holds back in their store (F2): a real Redis, whose
 * cursor goes back as after a failover. */
#include "forward.h"
#include "letters.h"

#include "../../../src/journal/internal.h"
#include "../route/routing.h"
#include "../sink/redis_server.h"
#include <hookstream/clock.h>
#include <hookstream/metrics.h>

#define LETTERS 5u
#define FLOOD 18u /* of the largest letters: more than fits */
#define BODY_MAX (1u << 20)
#define PATIENCE 3000 /* looks of 10 ms */
#define AWAIT(condition)                                                                           \
    for (int look = 0; !(condition); look++) {                                                     \
        ck_assert_msg(look < PATIENCE, "waited too long for " #condition);                         \
        poll(NULL, 0, 10);                                                                         \
    }

struct house {
    struct redis_server server;
    char folder[64];
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct routing routing;
    struct hs_forward *forward;
};

static void read_config(struct house *house)
{
    static char yaml[512];
    snprintf(yaml, sizeof(yaml),
             "sinks:\n  redis: {type: redis, url: \"%s\"}\n"
             "sources: {fanfare: {path: /a}}\nroutes: []\ndefault: dead_letter\n"
             "forward: {sink: redis, stream: letters}\n",
             house->server.url);
    routing_open(&house->routing, yaml);
}

static void open_stores(struct house *house)
{
    strcpy(house->folder, "/tmp/hs-forward-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(house->folder));
    house->metrics = hs_metrics_create();
    struct hs_journal_options options = {.path = house->folder, .max_size = 64 << 20};
    struct hs_dead_letters_options letters = {
        .max_size = 16 << 20,
        .retain_ns = HS_NS_PER_SECOND,
        .forward = hs_node_get(hs_config_root(house->routing.config), "forward"),
        .body_max = BODY_MAX,
    };
    ck_assert_int_eq(hs_journal_open(hs_disk_system(), &options, house->metrics, &house->journal),
                     0);
    ck_assert_int_eq(
        hs_dead_letters_open(house->journal, &letters, house->metrics, &house->letters), 0);
}

static void start_forward(struct house *house)
{
    struct hs_delivery_spec spec = {
        .journal = house->journal,
        .letters = house->letters,
        .metrics = house->metrics,
        .config = house->routing.config,
        .sinks = &house->routing.sinks,
        .sources = &house->routing.sources,
    };
    ck_assert_int_eq(hs_forward_start(&spec, house->letters->options.forward, &house->forward), 0);
}

/* Received long ago. */
static void put_for(struct house *house, const char *reason, size_t body_size)
{
    char *body = calloc(1, body_size + 1);
    ck_assert_ptr_nonnull(body);
    memset(body, ' ', body_size);
    memcpy(body, "{}", 2);
    struct hs_event event = routing_event("order.created", "fanfare", "");
    event.body = hs_slice(body, body_size);
    event.received_wall_ns = 1;
    struct hs_dead_letter_reason why = {.reason = reason};
    uint64_t ticket;
    ck_assert_int_eq(hs_dead_letters_put(house->letters, &event, &why, &ticket), 0);
    AWAIT(hs_dead_letters_outcome(house->letters, ticket) == HS_JOURNAL_DURABLE);
    free(body);
}

static void put_letter(struct house *house)
{
    put_for(house, "no_route", 2);
}

/* Letters of another kind push the first one out of its segment; its new number. */
static uint64_t move_first(struct house *house)
{
    for (unsigned i = 0; i < FLOOD; i++)
        put_for(house, "not_json", BODY_MAX);
    if (house->forward != NULL)
        AWAIT(hs_cursor_position(house->letters->forwarded) == 1 + FLOOD);
    house->letters->tidied_ns = 0;
    hs_dead_letters_tidy(house->letters);
    uint64_t number = hs_dead_letters_number(house->letters, 1);
    ck_assert_uint_gt(number, 1 + FLOOD);
    return number;
}

/* Up to here segments of the store may go. */
static uint64_t least(struct house *house)
{
    struct hs_journal *store = house->letters->journal;
    pthread_mutex_lock(&store->table_lock);
    uint64_t sequence = hs_cursors_least(store);
    pthread_mutex_unlock(&store->table_lock);
    return sequence;
}

static uint64_t forwarded(struct house *house)
{
    struct hs_pump_status status;
    hs_forward_status(house->forward, &status);
    return status.delivered;
}

/* The metric's figure of what was lost and is sent again. */
static uint64_t cursor_lost(struct house *house)
{
    static const char series[] = "\nhookstream_sink_cursor_lost_events_total{"
                                 "sink=\"dead_letters.forward\",outcome=\"replayed\"} ";
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_metrics_render(house->metrics, &page);
    hs_buffer_append_byte(&page, '\0');
    const char *at = strstr(page.data, series);
    uint64_t count = at != NULL ? strtoull(at + strlen(series), NULL, 10) : 0;
    hs_buffer_free(&page);
    return count;
}

static void house_close(struct house *house)
{
    hs_forward_free(house->forward);
    hs_dead_letters_close(house->letters);
    hs_journal_close(house->journal);
    routing_close(&house->routing);
    hs_metrics_free(house->metrics);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", house->folder);
    ck_assert_int_eq(system(command), 0);
    server_end(&house->server);
}

START_TEST(F2_what_was_sent_again_is_held_back_no_longer)
{
    struct house house = {.server = server_create()};
    signal(SIGPIPE, SIG_IGN);
    read_config(&house);
    open_stores(&house);
    start_forward(&house);
    for (unsigned i = 0; i < LETTERS; i++)
        put_letter(&house);
    AWAIT(hs_cursor_position(house.letters->forwarded) == LETTERS);
    server_do(&house.server, "SET hookstream:cursor:%s:dead_letters.forward %s",
              hs_journal_identity(house.letters->journal), "2 2");
    server_do(&house.server, "CLIENT KILL TYPE normal");
    AWAIT(forwarded(&house) == LETTERS + 3);
    ck_assert_uint_eq(cursor_lost(&house), 3);
    ck_assert_str_eq(server_get(&house.server, "XLEN letters"), "8");
    hs_dead_letters_tidy(house.letters); /* all are past their time, and soon for an hour */
    house.letters->aged_since_ns -= UINT64_C(3600) * 1000000000;
    house.letters->tidied_ns = 0;
    hs_dead_letters_tidy(house.letters);
    ck_assert_uint_eq(hs_dead_letters_count(house.letters), 0);
    AWAIT(least(&house) == LETTERS);
    house_close(&house);
}
END_TEST

START_TEST(a_letter_that_was_forwarded_and_moved_is_not_forwarded_again)
{
    struct house house = {.server = server_create()};
    signal(SIGPIPE, SIG_IGN);
    read_config(&house);
    open_stores(&house);
    start_forward(&house);
    put_letter(&house);
    uint64_t number = move_first(&house);
    AWAIT(hs_cursor_position(house.letters->forwarded) >= number);
    put_for(&house, "no_route", 2);
    AWAIT(hs_cursor_position(house.letters->forwarded) > number);
    ck_assert_str_eq(server_get(&house.server, "XLEN letters"), "20"); /* 1, the flood, 1 */
    house_close(&house);
}
END_TEST

START_TEST(a_letter_that_was_moved_before_it_was_forwarded_is_forwarded_once)
{
    struct house house = {.server = server_create()};
    signal(SIGPIPE, SIG_IGN);
    read_config(&house);
    open_stores(&house);
    put_letter(&house);
    uint64_t number = move_first(&house);
    char kept[24];
    snprintf(kept, sizeof(kept), "%llu", (unsigned long long)hs_dead_letters_count(house.letters));
    start_forward(&house);
    AWAIT(hs_cursor_position(house.letters->forwarded) >= number);
    ck_assert_str_eq(server_get(&house.server, "XLEN letters"), kept);
    house_close(&house);
}
END_TEST

START_TEST(a_server_that_forgot_all_gets_letters_that_were_moved_too)
{
    struct house house = {.server = server_create()};
    signal(SIGPIPE, SIG_IGN);
    read_config(&house);
    open_stores(&house);
    start_forward(&house);
    put_letter(&house);
    uint64_t number = move_first(&house);
    AWAIT(hs_cursor_position(house.letters->forwarded) >= number);
    server_do(&house.server, "FLUSHALL");
    char kept[24];
    snprintf(kept, sizeof(kept), "%llu", (unsigned long long)hs_dead_letters_count(house.letters));
    AWAIT(strcmp(server_get(&house.server, "XLEN letters"), kept) == 0);
    ck_assert_uint_eq(cursor_lost(&house), hs_dead_letters_count(house.letters));
    house_close(&house);
}
END_TEST

HS_TEST_MAIN("delivery forward redis", a_server_that_forgot_all_gets_letters_that_were_moved_too,
             F2_what_was_sent_again_is_held_back_no_longer,
             a_letter_that_was_forwarded_and_moved_is_not_forwarded_again,
             a_letter_that_was_moved_before_it_was_forwarded_is_forwarded_once)
