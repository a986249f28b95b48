/* Proves F2 where the target lost letters that it had confirmed: its server says so when it is
 * back. The sink is one of the test's own, and the test calls what the loop would. */
#include "forward.c" /* its static functions are what the loop calls */
#include "hs_test.h"

#include "../../../src/journal/internal.h"
#include "../journal/model_disk.h"
#include "../sink/kind.h"

#define LETTERS 20u
#define BODY_SIZE (1u << 20) /* three letters a segment */

static struct model_disk *disk;
static struct hs_metrics *metrics;
static struct hs_journal *journal;
static struct hs_dead_letters *letters;
static struct hs_forward *forward;

static void ignore_skip(struct hs_sink *sink, uint64_t sequence)
{
}

static void ignore_close(struct hs_sink *sink)
{
}

static const struct hs_sink_ops ops = {.skip = ignore_skip, .close = ignore_close};
static struct hs_sink sink = {.ops = &ops};

static void put(const char *body)
{
    struct hs_event event = {.sequence = 77,
                             .received_wall_ns = hs_clock_wall_ns(),
                             .source = HS_SLICE("fanfare"),
                             .id = HS_SLICE("e1"),
                             .type = HS_SLICE("order.created"),
                             .body = hs_slice(body, BODY_SIZE)};
    struct hs_dead_letter_reason why = {.reason = "too_large", .sink = "kafka"};
    uint64_t ticket;
    ck_assert_int_eq(hs_dead_letters_put(letters, &event, &why, &ticket), 0);
    ck_assert_int_eq(hs_journal_wait(letters->journal, ticket), HS_JOURNAL_DURABLE);
}

/* A store of LETTERS letters, numbers from 1, all of them forwarded. */
static void begin(void)
{
    static const struct hs_node target;
    struct hs_journal_options outer = {.path = "/j", .max_size = 1 << 24, .segment_size = 65536};
    struct hs_dead_letters_options options = {.max_size = 64 << 20,
                                              .retain_ns = 3600 * HS_NS_PER_SECOND,
                                              .forward = &target,
                                              .body_max = BODY_SIZE};
    disk = model_create(1);
    metrics = hs_metrics_create();
    ck_assert_int_eq(hs_journal_open(model_table(disk), &outer, metrics, &journal), 0);
    ck_assert_int_eq(hs_dead_letters_open(journal, &options, metrics, &letters), 0);
    char *body = calloc(1, BODY_SIZE);
    for (unsigned i = 0; i < LETTERS; i++)
        put(body);
    free(body);
    hs_cursor_give(letters->forwarded, LETTERS);
    hs_cursor_move(letters->forwarded, LETTERS);
    ck_assert_int_eq(hs_cursor_save(letters->forwarded), 0);
    forward = hs_alloc(sizeof(*forward));
    forward->letters = letters;
    forward->metrics = metrics;
    forward->sink = &sink;
    forward->read_number = LETTERS;
    hs_window_init(&forward->window);
    pthread_mutex_init(&forward->lock, NULL);
    ck_assert_int_eq(open_events(forward), 0);
}

static void end(void)
{
    hs_forward_free(forward);
    hs_dead_letters_close(letters);
    hs_journal_close(journal);
    hs_metrics_free(metrics);
    model_free(disk);
}

/* By an operator. */
static void remove_letters(uint64_t first, uint64_t last)
{
    uint64_t numbers[LETTERS];
    size_t count = 0;
    for (uint64_t number = first; number <= last; number++)
        numbers[count++] = number;
    ck_assert_int_eq(hs_dead_letters_remove(letters, numbers, count), (int64_t)count);
}

/* What the keeper may remove in its next round, whenever that is. */
static uint64_t removable(void)
{
    pthread_mutex_lock(&letters->journal->table_lock);
    uint64_t last = hs_cursors_least(letters->journal);
    pthread_mutex_unlock(&letters->journal->table_lock);
    return last;
}

/* The keeper has rounds of a second. */
static void await_oldest(uint64_t least)
{
    uint64_t deadline = hs_clock_monotonic_ns() + 20 * HS_NS_PER_SECOND;
    while (hs_journal_oldest(letters->journal) < least) {
        ck_assert_msg(hs_clock_monotonic_ns() < deadline, "letters from %llu on are held",
                      (unsigned long long)hs_journal_oldest(letters->journal));
        sched_yield();
    }
}

START_TEST(F2_a_sink_that_fell_back_holds_only_what_it_lacks_and_the_store_has)
{
    begin();
    on_resume(forward, 2, 2);
    settle(forward);
    remove_letters(1, 10);
    ck_assert_uint_eq(removable(), 2); /* it has not looked yet, so all that it lacks is held */
    follow_the_store(forward);
    settle(forward);
    await_oldest(8);
    ck_assert_uint_le(hs_journal_oldest(letters->journal), 11);
    ck_assert_uint_eq(hs_cursor_position(letters->forwarded), LETTERS);
    end();
}
END_TEST

START_TEST(F2_a_sink_that_has_all_again_holds_nothing)
{
    begin();
    on_resume(forward, 2, 2);
    settle(forward);
    on_resume(forward, LETTERS, LETTERS);
    settle(forward);
    remove_letters(1, LETTERS);
    await_oldest(LETTERS - 2);
    end();
}
END_TEST

HS_TEST_MAIN("forward", F2_a_sink_that_fell_back_holds_only_what_it_lacks_and_the_store_has,
             F2_a_sink_that_has_all_again_holds_nothing)
