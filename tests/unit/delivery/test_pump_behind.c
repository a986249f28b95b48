/* A sink that lost events it had confirmed: what it lacks stays in the journal, and what it has
 * again makes room, without a further event having to come. And how far behind a saved cursor may
 * be. The sink is one of the test's own, and the test calls what the loop would. */
#include "pump.c" /* its static functions are what the loop calls */
#include "hs_test.h"

#include "../journal/model_disk.h"
#include "../sink/kind.h"

#include <hookstream/journal_inspect.h>

#define EVENTS 100u
#define BODY_SIZE 4000u /* some fifteen events a segment */
#define SEGMENT_SIZE 65536u

static struct model_disk *disk;
static struct hs_metrics *metrics;
static struct hs_journal *journal;
static struct hs_pump *pump;

static void ignore_skip(struct hs_sink *sink, uint64_t sequence)
{
}

static void ignore_close(struct hs_sink *sink)
{
}

static const struct hs_sink_ops ops = {.skip = ignore_skip, .close = ignore_close};
static struct hs_sink sink = {.ops = &ops};

static void append(void)
{
    static const char body[BODY_SIZE];
    struct hs_event event = {.received_wall_ns = hs_clock_wall_ns(),
                             .source = HS_SLICE("fanfare"),
                             .id = HS_SLICE("e1"),
                             .type = HS_SLICE("order.created"),
                             .body = hs_slice(body, BODY_SIZE)};
    uint64_t sequence;
    ck_assert_int_eq(hs_journal_append(journal, &event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(journal, sequence), HS_JOURNAL_DURABLE);
}

/* A journal of EVENTS events, sequences from 1, all of them read; those up to `done` are. */
static void begin_at(uint64_t done)
{
    struct hs_journal_options options = {
        .path = "/j", .max_size = 1 << 24, .segment_size = SEGMENT_SIZE};
    struct hs_dead_letters_options letters = {
        .max_size = 1 << 24, .retain_ns = HS_NS_PER_SECOND, .body_max = BODY_SIZE};
    static const struct hs_journal_watcher nobody;
    disk = model_create(1);
    metrics = hs_metrics_create();
    ck_assert_int_eq(hs_journal_open(model_table(disk), &options, metrics, &journal), 0);
    pump = hs_alloc(sizeof(*pump));
    pump->name = "redis";
    pump->journal = journal;
    pump->metrics = metrics;
    pump->resent = hs_metrics_counter(metrics, HS_METRIC_sink_resent_total, pump->name);
    ck_assert_int_eq(hs_dead_letters_open(journal, &letters, metrics, &pump->letters), 0);
    pump->sink = &sink;
    pump->read_sequence = EVENTS;
    pump->save_at = UINT64_MAX; /* the test saves, or nobody */
    hs_window_init(&pump->window);
    pthread_mutex_init(&pump->lock, NULL);
    ck_assert_int_eq(open_events(pump), 0);
    ck_assert_int_eq(hs_cursor_open(journal, "redis", HS_CURSOR_FROM_OLDEST, &pump->cursor), 0);
    ck_assert_int_eq(hs_journal_start(journal, &nobody), 0);
    for (unsigned i = 0; i < EVENTS; i++)
        append();
    ck_assert_int_eq(hs_reader_open(journal, EVENTS + 1, &pump->reader), 0);
    hs_cursor_move(pump->cursor, done);
    hs_cursor_give(pump->cursor, EVENTS);
    ck_assert_int_eq(hs_cursor_save(pump->cursor), 0);
}

static void begin(void)
{
    begin_at(EVENTS);
}

static void end(void)
{
    struct hs_dead_letters *letters = pump->letters;
    hs_journal_stop(journal);
    hs_pump_free(pump);
    hs_dead_letters_close(letters);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
    model_free(disk);
}

/* The keeper has rounds of a second. */
static void await_oldest(uint64_t least)
{
    uint64_t deadline = hs_clock_monotonic_ns() + 20 * HS_NS_PER_SECOND;
    while (hs_journal_oldest(journal) < least) {
        ck_assert_msg(hs_clock_monotonic_ns() < deadline, "events from %llu on are held",
                      (unsigned long long)hs_journal_oldest(journal));
        sched_yield();
    }
}

/* The server says so when it is in touch again. */
static void sink_has(uint64_t position)
{
    on_resume(pump, position, position);
    settle(pump);
}

START_TEST(what_a_sink_lost_is_held_and_goes_as_it_has_it_again)
{
    begin();
    sink_has(10);
    hs_journal_allow_removal(journal); /* nothing is kept for its age */
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_le(hs_journal_oldest(journal), 11);
    sink_has(60);
    await_oldest(40);
    ck_assert_uint_le(hs_journal_oldest(journal), 61);
    sink_has(EVENTS);
    await_oldest(80);
    ck_assert_uint_eq(hs_cursor_position(pump->cursor), EVENTS);
    end();
}
END_TEST

START_TEST(a_sink_that_says_less_and_has_the_last_one_that_it_confirmed_lost_nothing)
{
    begin();
    on_resume(pump, 10, EVENTS);
    ck_assert_uint_eq(pump->read_sequence, EVENTS);
    on_resume(pump, 10, EVENTS - 1);
    ck_assert_uint_eq(pump->read_sequence, 10);
    end();
}
END_TEST

/* Event 5 is open, all behind it are done. */
static void open_one(void)
{
    begin_at(4);
    for (uint64_t sequence = 5; sequence <= EVENTS; sequence++) {
        struct hs_window_entry *entry = hs_window_push(&pump->window, sequence, 1);
        if (sequence != 5)
            hs_window_done(&pump->window, entry, 1);
    }
}

START_TEST(what_a_sink_lost_behind_an_open_event_is_read_again)
{
    open_one();
    on_resume(pump, 4, 90);
    ck_assert_uint_eq(pump->read_sequence, 4);
    ck_assert(hs_window_is_empty(&pump->window));
    end();
}
END_TEST

START_TEST(a_sink_that_lost_nothing_is_given_what_is_open)
{
    open_one();
    on_resume(pump, 4, EVENTS);
    ck_assert_uint_eq(pump->read_sequence, EVENTS);
    ck_assert_uint_eq(pump->window.again_count, 1);
    end();
}
END_TEST

static uint64_t saved(void)
{
    struct hs_journal_summary summary;
    ck_assert_int_eq(hs_journal_summarize(model_table(disk), "/j", &summary), 0);
    uint64_t position = 0;
    for (size_t i = 0; i < summary.cursor_count; i++)
        if (strcmp(summary.cursors[i].name, pump->name) == 0)
            position = summary.cursors[i].position;
    hs_journal_summary_free(&summary);
    return position;
}

static void settle_up_to(uint64_t last)
{
    for (uint64_t sequence = hs_cursor_position(pump->cursor) + 1; sequence <= last; sequence++)
        hs_window_done(&pump->window, hs_window_find(&pump->window, sequence), 1);
    settle(pump);
}

/* P5: without a turn of the timer. */
START_TEST(a_cursor_is_saved_as_soon_as_it_is_a_window_past_the_saved_one)
{
    begin_at(1);
    for (uint64_t sequence = 2; sequence <= EVENTS; sequence++)
        hs_window_push(&pump->window, sequence, 1)->lost = true; /* it is no route's to count */
    pump->save_at = 50;
    settle_up_to(49);
    ck_assert_uint_eq(saved(), 1);
    settle_up_to(60);
    ck_assert_uint_eq(saved(), 60);
    ck_assert_uint_eq(pump->save_at, 60 + HS_PUMP_WINDOW);
    settle_up_to(70);
    ck_assert_uint_eq(saved(), 60);
    end();
}
END_TEST

HS_TEST_MAIN("pump behind", what_a_sink_lost_is_held_and_goes_as_it_has_it_again,
             a_sink_that_says_less_and_has_the_last_one_that_it_confirmed_lost_nothing,
             what_a_sink_lost_behind_an_open_event_is_read_again,
             a_sink_that_lost_nothing_is_given_what_is_open,
             a_cursor_is_saved_as_soon_as_it_is_a_window_past_the_saved_one)
