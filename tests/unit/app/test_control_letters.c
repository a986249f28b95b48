/* Dead letters retried while the journal's disk fails: a letter is removed only when its event is
 * durable. */
#include "control.h"

#include "../../../src/delivery/letters.h"
#include "../../../src/journal/internal.h"
#include "../journal/model_disk.h"
#include "../route/routing.h"
#include <hookstream/clock.h>
#include <hookstream/delivery.h>
#include <hookstream/metrics.h>
#include <inttypes.h>
#include <poll.h>

#define LETTERS 3u
#define FLOOD 40u /* more than max_size with it */
/* Larger than a reader's buffer, so that each letter is a read of its own. */
#define BODY_SIZE (2u * HS_READER_BUFFER)

struct house {
    struct model_disk *disk;
    struct hs_disk table; /* the model's, except for pread */
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct routing routing;
    struct hs_control control;
    uint64_t awaited; /* 0: none */
    bool evicts;      /* letters make room during the next read behind the first event */
};
static struct house house;

/* As the dead letters' thread does beside the round. */
static void make_room(void)
{
    if (!house.evicts || hs_journal_next(house.journal) == 1)
        return;
    house.evicts = false;
    house.letters->tidied_ns = 0;
    hs_dead_letters_tidy(house.letters);
    ck_assert_uint_gt(hs_dead_letters_number(house.letters, 1), 1);
}

/* Simulates a slow read of the next letter: meanwhile the previous event has failed, and the
 * journal has recovered. */
static ssize_t slow_pread(void *context, int file, void *data, size_t size, off_t offset)
{
    const char *reason;
    if (house.awaited > 0 && hs_journal_next(house.journal) > house.awaited) {
        ck_assert_int_eq(hs_journal_wait(house.journal, house.awaited), HS_JOURNAL_FAILED);
        house.awaited = 0;
        while (!hs_journal_writable(house.journal, &reason))
            poll(NULL, 0, 1);
    }
    make_room();
    return model_pread(house.disk, file, data, size, offset);
}

static void open_stores(void)
{
    house.disk = model_create(1);
    house.table = *model_table(house.disk);
    house.table.context = house.disk;
    house.table.pread = slow_pread;
    house.metrics = hs_metrics_create();
    struct hs_journal_options options = {
        .path = "/j", .max_size = 64 << 20, .segment_size = 4 << 20};
    struct hs_dead_letters_options letters = {
        .max_size = 16 << 20, .retain_ns = UINT64_MAX / 2, .body_max = BODY_SIZE};
    ck_assert_int_eq(hs_journal_open(&house.table, &options, house.metrics, &house.journal), 0);
    house.journal->mend_wait_ns = HS_NS_PER_MS; /* one request takes about a second at most */
    struct hs_journal_watcher watcher = {.context = NULL};
    ck_assert_int_eq(hs_journal_start(house.journal, &watcher), 0);
    ck_assert_int_eq(hs_dead_letters_open(house.journal, &letters, house.metrics, &house.letters),
                     0);
}

static void open_control(void)
{
    static const char yaml[] = ROUTING_SINKS
        "routes:\n  - {name: all, match: order.created, to: [{sink: redis, stream: s}]}\n"
        "default: dead_letter\n";
    routing_open(&house.routing, yaml);
    routing_expect_no_findings(&house.routing, yaml);
    struct hs_resender_spec spec = {.journal = house.journal,
                                    .config = house.routing.config,
                                    .sinks = &house.routing.sinks,
                                    .sources = &house.routing.sources};
    house.control = (struct hs_control){
        .journal = house.journal,
        .letters = house.letters,
        .resender = hs_resender_create(&spec),
        .retried = hs_metrics_counter(house.metrics, HS_METRIC_resent_total, "dead-letter"),
    };
    ck_assert_ptr_nonnull(house.control.resender);
}

static void put_letters(const char *reason, uint64_t first, uint64_t count)
{
    char *body = hs_alloc(BODY_SIZE);
    memset(body, ' ', BODY_SIZE);
    memcpy(body, "{}", 2);
    struct hs_event event = routing_event("order.created", "fanfare", "");
    event.body = hs_slice(body, BODY_SIZE);
    struct hs_dead_letter_reason why = {.reason = reason, .sink = "redis"};
    for (uint64_t number = first; number < first + count; number++) {
        uint64_t ticket;
        ck_assert_int_eq(hs_dead_letters_put(house.letters, &event, &why, &ticket), 0);
        ck_assert_uint_eq(ticket, number);
        while (hs_dead_letters_outcome(house.letters, ticket) == HS_JOURNAL_PENDING)
            poll(NULL, 0, 1);
    }
    free(body);
}

static void begin(void)
{
    open_stores();
    open_control();
    put_letters("transform", 1, LETTERS);
}

static void end(void)
{
    hs_resender_free(house.control.resender);
    routing_close(&house.routing);
    hs_dead_letters_close(house.letters);
    hs_journal_close(house.journal);
    hs_metrics_free(house.metrics);
    model_free(house.disk);
    house = (struct house){.disk = NULL};
}

static unsigned retry(struct hs_slice query)
{
    struct hs_buffer json;
    hs_buffer_init(&json, 1 << 20);
    unsigned status = hs_control_letters(&house.control, HS_LETTERS_RETRY, query, &json);
    hs_buffer_free(&json);
    return status;
}

static unsigned retry_all(void)
{
    return retry(HS_SLICE("all=1"));
}

static bool is_listed(uint64_t number)
{
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    ck_assert_int_eq(hs_letter_reader_open(house.letters, number, &reader), 0);
    bool listed = hs_letter_reader_next(reader, &letter) > 0 && letter.number == number;
    hs_letter_reader_close(reader);
    return listed;
}

START_TEST(letters_that_are_sent_again_are_taken_out)
{
    begin();
    ck_assert_uint_eq(retry_all(), 200);
    ck_assert_uint_eq(hs_dead_letters_count(house.letters), 0);
    ck_assert_uint_eq(hs_journal_durable(house.journal), LETTERS);
    end();
}
END_TEST

START_TEST(a_letter_that_is_moved_during_the_round_is_sent_again_once)
{
    begin();
    put_letters("not_json", LETTERS + 1, FLOOD);
    house.evicts = true;
    ck_assert_uint_eq(retry(HS_SLICE("reason=transform")), 200);
    ck_assert(!house.evicts);
    ck_assert_uint_eq(hs_journal_durable(house.journal), LETTERS);
    end();
}
END_TEST

START_TEST(L1_a_letter_whose_event_failed_stays_though_later_ones_are_safe)
{
    begin();
    house.awaited = hs_journal_next(house.journal);
    /* Of the current segment: the keeper may sync the next one at any time. */
    model_fail_at(house.disk, MODEL_SYNC, "/j/segments/0", 1, 1, EIO);
    ck_assert_uint_eq(retry_all(), 503);
    ck_assert(is_listed(1));
    ck_assert(!is_listed(2));
    ck_assert(!is_listed(3));
    ck_assert_uint_eq(retry_all(), 200);
    ck_assert_uint_eq(hs_dead_letters_count(house.letters), 0);
    end();
}
END_TEST

HS_TEST_MAIN("control letters", letters_that_are_sent_again_are_taken_out,
             a_letter_that_is_moved_during_the_round_is_sent_again_once,
             L1_a_letter_whose_event_failed_stays_though_later_ones_are_safe)
