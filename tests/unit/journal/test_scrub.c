/* Scrub: damage is met before the sink that still needs the events reads them, so that a retry of
 * a lost event is new (D2). */
#include "journal_help.h"

#include <hookstream/clock.h>

#define EVENTS 100u

struct heard {
    _Atomic uint64_t calls, first, last;
};

static void on_lost(void *context, uint64_t first, uint64_t last)
{
    struct heard *heard = context;
    atomic_store(&heard->first, first);
    atomic_store(&heard->last, last);
    atomic_fetch_add(&heard->calls, 1);
}

static double damages(struct bench *bench)
{
    return bench_metric(bench, "journal_damaged_total{journal=\"events\"}");
}

/* Running, with events in several segments, of which the cursor has passed those up to `passed`. */
static struct bench *running(struct heard *heard, uint64_t passed, struct hs_cursor **ret_cursor)
{
    struct bench *bench = bench_create(1);
    bench->watcher.context = heard;
    bench->watcher.lost = on_lost;
    bench_start(bench);
    ck_assert_int_eq(hs_cursor_open(bench->journal, "a", HS_CURSOR_FROM_OLDEST, ret_cursor), 0);
    bench_append(bench, 1, EVENTS);
    hs_cursor_move(*ret_cursor, passed);
    ck_assert_int_eq(hs_cursor_save(*ret_cursor), 0);
    return bench;
}

static void end(struct bench *bench, struct hs_cursor *cursor)
{
    hs_journal_stop(bench->journal);
    hs_cursor_close(cursor);
    bench_free(bench);
}

/* Spoils the first record of the segment at this index; gives its sequence. */
static uint64_t spoil(struct bench *bench, size_t index)
{
    struct hs_segment_info *segments;
    size_t count, size;
    hs_journal_segments(bench->journal, &segments, &count);
    ck_assert_uint_gt(count, index + 1);
    uint64_t first = segments[index].first;
    free(segments);
    pthread_mutex_lock(&bench->disk->lock);
    struct model_file *file = model_peek(bench->disk, segment_of(first));
    ck_assert_ptr_nonnull(file);
    file->cache[record_at(file, 0, &size) + HS_RECORD_HEADER] ^= 1;
    pthread_mutex_unlock(&bench->disk->lock);
    return first;
}

START_TEST(D2_a_start_meets_damage_before_it_is_over)
{
    struct heard heard = {0};
    struct hs_cursor *cursor;
    struct bench *bench = running(&heard, 0, &cursor);
    uint64_t lost = spoil(bench, 1);
    hs_journal_scrub(bench->journal);
    ck_assert_uint_eq(atomic_load(&heard.calls), 1);
    ck_assert_uint_eq(atomic_load(&heard.first), lost);
    ck_assert_uint_eq(atomic_load(&heard.last), lost);
    ck_assert_double_eq(damages(bench), 1);
    end(bench, cursor);
}
END_TEST

START_TEST(what_every_sink_has_passed_is_not_read)
{
    struct heard heard = {0};
    struct hs_cursor *cursor;
    struct bench *bench = running(&heard, EVENTS - 1, &cursor);
    (void)spoil(bench, 1);
    hs_journal_scrub(bench->journal);
    ck_assert_uint_eq(atomic_load(&heard.calls), 0);
    ck_assert_double_eq(damages(bench), 0);
    end(bench, cursor);
}
END_TEST

START_TEST(D2_a_round_meets_what_was_damaged_since)
{
    struct heard heard = {0};
    struct hs_cursor *cursor;
    struct bench *bench = running(&heard, 0, &cursor);
    hs_journal_scrub(bench->journal);
    ck_assert_uint_eq(atomic_load(&heard.calls), 0);
    uint64_t lost = spoil(bench, 2);
    pthread_mutex_lock(&bench->journal->table_lock);
    ck_assert_uint_le(bench->journal->scrub_due_ns - hs_clock_monotonic_ns(), HS_SCRUB_ROUND_NS);
    bench->journal->scrub_due_ns = 0;
    hs_scrubber_wake(bench->journal);
    pthread_mutex_unlock(&bench->journal->table_lock);
    AWAIT(atomic_load(&heard.calls) > 0);
    ck_assert_uint_eq(atomic_load(&heard.first), lost);
    end(bench, cursor);
}
END_TEST

START_TEST(a_suspect_segment_is_read_at_once)
{
    struct heard heard = {0};
    struct hs_cursor *cursor;
    struct bench *bench = running(&heard, 0, &cursor);
    uint64_t lost = spoil(bench, 1);
    pthread_mutex_lock(&bench->journal->table_lock);
    bench->journal->segments[1]->suspect = true;
    hs_scrubber_wake(bench->journal);
    pthread_mutex_unlock(&bench->journal->table_lock);
    AWAIT(atomic_load(&heard.calls) > 0);
    ck_assert_uint_eq(atomic_load(&heard.first), lost);
    end(bench, cursor);
}
END_TEST

START_TEST(a_stop_ends_a_round)
{
    struct heard heard = {0};
    struct hs_cursor *cursor;
    struct bench *bench = running(&heard, 0, &cursor);
    pthread_mutex_lock(&bench->journal->table_lock);
    bench->journal->scrub_due_ns = 0;
    hs_scrubber_wake(bench->journal);
    pthread_mutex_unlock(&bench->journal->table_lock);
    end(bench, cursor);
    ck_assert_uint_eq(atomic_load(&heard.calls), 0);
}
END_TEST

HS_TEST_MAIN("journal scrub", D2_a_start_meets_damage_before_it_is_over,
             what_every_sink_has_passed_is_not_read, D2_a_round_meets_what_was_damaged_since,
             a_suspect_segment_is_read_at_once, a_stop_ends_a_round)
