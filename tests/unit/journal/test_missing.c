/* Missing: the oldest segments are gone, and with them a cursor. The mark knows whether the keeper
 * removed them. A loss is reported, a removal in good order never is, whenever the power goes. */
#include "journal_help.h"

#include <hookstream/hash.h>

#define EVENTS 100u

static struct hs_cursor *open_cursor(struct bench *bench, const char *name)
{
    struct hs_cursor *cursor;
    int code = hs_cursor_open(bench->journal, name, HS_CURSOR_FROM_OLDEST, &cursor);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    return cursor;
}

static double damages(struct bench *bench)
{
    return bench_metric(bench, "journal_damaged_total{journal=\"events\"}");
}

static bool is_dead(struct bench *bench)
{
    pthread_mutex_lock(&bench->disk->lock);
    bool dead = bench->disk->dead;
    pthread_mutex_unlock(&bench->disk->lock);
    return dead;
}

/* Starts, moves the cursors `a` and `b` to these positions, lets the keeper remove what it may, and
 * closes. `wanted`: what is awaited of the oldest sequence. */
static void run(struct bench *bench, uint64_t append, uint64_t a_to, uint64_t b_to, uint64_t wanted)
{
    bench_start(bench);
    struct hs_cursor *a = open_cursor(bench, "a"), *b = open_cursor(bench, "b");
    if (append > 0)
        bench_append(bench, 1, append);
    hs_cursor_move(a, a_to);
    hs_cursor_move(b, b_to);
    ck_assert_int_eq(hs_cursor_save(a), 0);
    ck_assert_int_eq(hs_cursor_save(b), 0);
    hs_journal_allow_removal(bench->journal);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) >= wanted));
    hs_journal_stop(bench->journal);
    hs_cursor_close(a);
    hs_cursor_close(b);
    bench_close(bench);
}

/* A stopped journal of some segments: `a` had all events, `b` none. */
static struct bench *filled(uint64_t seed)
{
    struct bench *bench = bench_create(seed);
    run(bench, EVENTS, EVENTS, 0, 1);
    return bench;
}

/* The first sequence after the oldest segment. */
static uint64_t second_segment(struct bench *bench)
{
    struct hs_segment_info *segments;
    size_t count;
    bench_open(bench);
    hs_journal_segments(bench->journal, &segments, &count);
    ck_assert_uint_gt(count, 2);
    uint64_t second = segments[1].first;
    free(segments);
    bench_close(bench);
    return second;
}

/* Where `b` begins when its cursor is gone, and how much damage was counted at the start. */
static uint64_t begins_after(struct bench *bench, double *ret_damages)
{
    double before = damages(bench);
    if (model_peek(bench->disk, "/j/cursors/b.cursor") != NULL)
        model_unlink(bench->disk, "/j/cursors/b.cursor");
    bench_open(bench);
    struct hs_cursor *b = open_cursor(bench, "b");
    uint64_t position = hs_cursor_position(b);
    *ret_damages = damages(bench) - before;
    hs_cursor_close(b);
    return position;
}

START_TEST(a_cursor_and_the_oldest_segment_are_gone)
{
    struct bench *bench = filled(1);
    uint64_t second = second_segment(bench);
    double counted;
    model_unlink(bench->disk, segment_of(1));
    ck_assert_uint_eq(begins_after(bench, &counted), 0);
    ck_assert_uint_eq(hs_journal_begin(bench->journal), second); /* so 1 to second - 1 are lost */
    ck_assert(counted == 2);                                     /* the cursor and the segment */
    bench_free(bench);
}
END_TEST

START_TEST(a_cursor_and_every_segment_are_gone)
{
    struct bench *bench = filled(2);
    double counted;
    for (uint64_t first = 1; first <= EVENTS + 1; first++)
        if (model_peek(bench->disk, segment_of(first)) != NULL)
            model_unlink(bench->disk, segment_of(first));
    ck_assert_uint_eq(begins_after(bench, &counted), 0);
    ck_assert_uint_eq(hs_journal_begin(bench->journal), EVENTS + 1);
    ck_assert(counted == 2);
    bench_free(bench);
}
END_TEST

START_TEST(a_loss_is_not_forgotten_before_the_cursors_are_safe)
{
    struct bench *bench = filled(3);
    double counted;
    model_unlink(bench->disk, segment_of(1));
    model_unlink(bench->disk, "/j/cursors/b.cursor");
    /* A start that ends before it opened the cursors. */
    bench_start(bench);
    bench_append(bench, EVENTS + 1, EVENTS + 50); /* with a new mark */
    bench_close(bench);
    ck_assert_uint_eq(begins_after(bench, &counted), 0);
    ck_assert(counted == 2);
    bench_free(bench);
}
END_TEST

START_TEST(a_loss_is_reported_until_every_cursor_is_past_it)
{
    struct bench *bench = filled(4);
    uint64_t second = second_segment(bench);
    double counted;
    model_unlink(bench->disk, segment_of(1));
    bench->options.retain_ns = UINT64_MAX;
    run(bench, 0, EVENTS, second - 1, 1);
    ck_assert_uint_eq(begins_after(bench, &counted), second - 1);
    ck_assert(counted == 1); /* the cursor alone */
    bench_free(bench);
}
END_TEST

START_TEST(what_every_sink_has_passed_is_no_loss)
{
    struct bench *bench = filled(5);
    bench->options.retain_ns = UINT64_MAX;
    run(bench, 0, EVENTS, EVENTS, 1);
    double before = damages(bench);
    model_unlink(bench->disk, segment_of(1));
    bench_open(bench);
    ck_assert(damages(bench) == before);
    bench_free(bench);
}
END_TEST

START_TEST(what_the_keeper_removed_is_no_loss)
{
    struct bench *bench = filled(6);
    double counted;
    bench->options.retain_ns = 0;
    run(bench, 0, EVENTS, EVENTS, EVENTS / 2);
    uint64_t position = begins_after(bench, &counted);
    ck_assert_uint_eq(position, hs_journal_oldest(bench->journal) - 1);
    ck_assert_uint_gt(position, 0);
    ck_assert(counted == 1);
    bench_free(bench);
}
END_TEST

/* The power goes at any call while segments are removed. */
START_TEST(a_removal_that_a_power_cut_interrupts_is_no_loss)
{
    for (uint64_t call = 1; call <= 120; call++) {
        struct bench *bench = filled(100 + call);
        double counted;
        bench->options.retain_ns = 0;
        bench_start(bench);
        struct hs_cursor *a = open_cursor(bench, "a"), *b = open_cursor(bench, "b");
        hs_cursor_move(b, EVENTS);
        ck_assert_int_eq(hs_cursor_save(b), 0);
        model_cut_after(bench->disk, call);
        hs_journal_allow_removal(bench->journal);
        AWAIT((hs_keeper_wake(bench->journal),
               is_dead(bench) || hs_journal_oldest(bench->journal) > EVENTS / 2));
        hs_journal_stop(bench->journal);
        hs_cursor_close(a);
        hs_cursor_close(b);
        bench_close(bench);
        model_power_cut(bench->disk);
        uint64_t position = begins_after(bench, &counted);
        ck_assert_msg(position == hs_journal_oldest(bench->journal) - 1,
                      "call %" PRIu64 ": events from %" PRIu64 " on are reported lost", call,
                      position + 1);
        bench_free(bench);
    }
}
END_TEST

START_TEST(an_early_mark_says_nothing_of_the_beginning)
{
    struct bench *bench = filled(7);
    uint64_t second = second_segment(bench);
    double counted;
    const char zeros[16] = {0};
    model_damage(bench->disk, "/j/mark", 48, zeros, sizeof(zeros));
    model_damage(bench->disk, "/j/mark", 4096 + 48, zeros, sizeof(zeros));
    struct model_file *mark = model_peek(bench->disk, "/j/mark");
    model_file_cut(mark, 4096 + 48); /* as large as an early version makes it */
    model_unlink(bench->disk, segment_of(1));
    ck_assert_uint_eq(begins_after(bench, &counted), second - 1);
    ck_assert(counted == 1);
    bench_close(bench);
    /* From this run on it says so. */
    bench->options.retain_ns = UINT64_MAX;
    run(bench, 0, EVENTS, second - 1, 1);
    model_unlink(bench->disk, segment_of(second));
    ck_assert_uint_eq(begins_after(bench, &counted), second - 1);
    ck_assert_uint_gt(hs_journal_begin(bench->journal), second);
    bench_free(bench);
}
END_TEST

/* A kill during the first start is no damage: the mark has blocks, or half of them, and no slot. */
START_TEST(a_mark_that_was_never_written_is_not_called_damaged)
{
    static const char zeros[4160];
    for (unsigned known = 0; known < 2; known++) {
        struct bench *bench = bench_create(40);
        bench_open(bench);
        bench_close(bench);
        struct model_file *file = model_peek(bench->disk, "/j/mark");
        ck_assert_ptr_nonnull(file);
        model_file_cut(file, 0);
        model_file_write(file, zeros, known == 0 ? 100 : sizeof(zeros), 0);
        if (known == 1) { /* but a journal that was in use has written one */
            bench_open(bench);
            hs_journal_allow_removal(bench->journal);
            bench_close(bench);
            file = model_peek(bench->disk, "/j/mark");
            model_file_cut(file, 0);
            model_file_write(file, zeros, sizeof(zeros), 0);
        }
        bench_open(bench);
        ck_assert(damages(bench) == known);
        bench_free(bench);
    }
}
END_TEST

START_TEST(an_early_version_that_wrote_the_mark_since_is_noticed)
{
    struct bench *bench = filled(8);
    uint64_t second = second_segment(bench);
    double counted;
    /* It writes 48 bytes of a later turn, and leaves those behind them. */
    for (uint64_t slot = 0; slot < 2; slot++) {
        struct model_file *mark = model_peek(bench->disk, "/j/mark");
        char bytes[48];
        memcpy(bytes, mark->cache + slot * 4096, sizeof(bytes));
        hs_put64(bytes + 8, hs_get64(bytes + 8) + 10);
        hs_put64(bytes + 40, hs_hash64(hs_slice(bytes, 40), 0));
        model_damage(bench->disk, "/j/mark", slot * 4096, bytes, sizeof(bytes));
    }
    model_unlink(bench->disk, segment_of(1));
    ck_assert_uint_eq(begins_after(bench, &counted), second - 1);
    ck_assert(counted == 1); /* its other half is good */
    bench_free(bench);
}
END_TEST

START_TEST(a_segment_stays_until_the_mark_says_that_it_goes)
{
    struct bench *bench = bench_create(9);
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "a");
    uint64_t last = bench_append(bench, 1, EVENTS);
    hs_cursor_move(cursor, last);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    model_fail_at(bench->disk, MODEL_SYNC, "/j/mark", 1, UINT64_MAX, EIO);
    hs_journal_allow_removal(bench->journal);
    for (unsigned i = 0; i < 50; i++) {
        hs_keeper_wake(bench->journal);
        sched_yield();
        ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    }
    model_heal(bench->disk);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) > EVENTS / 2));
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(a_mark_that_cannot_be_written_does_not_fill_the_journal)
{
    struct bench *bench = bench_create(10);
    bench->options.max_size = 8 * HELP_SEGMENT;
    bench_start(bench);
    struct hs_cursor *cursor = open_cursor(bench, "a");
    hs_journal_allow_removal(bench->journal);
    model_fail_at(bench->disk, MODEL_SYNC, "/j/mark", 1, UINT64_MAX, EIO);
    for (uint64_t number = 1; number <= 500; number++) {
        uint64_t sequence;
        AWAIT(append_number(bench->journal, number, &sequence) == 0);
        ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
        hs_cursor_move(cursor, sequence);
        ck_assert_int_eq(hs_cursor_save(cursor), 0);
    }
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal missing", a_cursor_and_the_oldest_segment_are_gone,
             a_cursor_and_every_segment_are_gone,
             a_loss_is_not_forgotten_before_the_cursors_are_safe,
             a_loss_is_reported_until_every_cursor_is_past_it,
             what_every_sink_has_passed_is_no_loss, what_the_keeper_removed_is_no_loss,
             a_removal_that_a_power_cut_interrupts_is_no_loss,
             an_early_mark_says_nothing_of_the_beginning,
             a_mark_that_was_never_written_is_not_called_damaged,
             an_early_version_that_wrote_the_mark_since_is_noticed,
             a_segment_stays_until_the_mark_says_that_it_goes,
             a_mark_that_cannot_be_written_does_not_fill_the_journal)
