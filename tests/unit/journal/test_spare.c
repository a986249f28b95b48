/* What stays free beside the segments: the copies of what waits fit before their segment goes. */
#include "journal_help.h"

#define MIB ((uint64_t)1 << 20)

static _Atomic uint64_t room;   /* what the disk says is free */
static _Atomic uint64_t factor; /* of the copies */

static int64_t tell_room(void *context, const char *path)
{
    return (int64_t)atomic_load(&room);
}

static uint64_t of_bytes(void *context, uint64_t bytes, uint64_t events)
{
    return atomic_load(&factor) * bytes;
}

static uint64_t of_events(void *context, uint64_t bytes, uint64_t events)
{
    return events;
}

/* A journal that every cursor is open of; segments that were not there are added to its table. */
static struct bench *create(hs_journal_copies_fn *copies)
{
    struct bench *bench = bench_create(1);
    bench_open(bench);
    bench->journal->removal_allowed = true;
    hs_journal_keep_free(bench->journal, copies, NULL);
    atomic_store(&factor, 1);
    return bench;
}

static struct hs_segment *add(struct bench *bench, uint64_t first, uint64_t last, uint64_t size)
{
    struct hs_segment *segment =
        hs_table_add(bench->journal, &(struct hs_segment_header){.first = first});
    segment->last = last;
    segment->size = segment->end = size;
    segment->sealed = true;
    return segment;
}

static uint64_t spare(struct bench *bench, uint64_t next)
{
    pthread_mutex_lock(&bench->journal->table_lock);
    uint64_t bytes = hs_spare_for(bench->journal, next);
    pthread_mutex_unlock(&bench->journal->table_lock);
    return bytes;
}

static struct hs_cursor *cursor_at(struct bench *bench, uint64_t sequence)
{
    struct hs_cursor *cursor;
    ck_assert_int_eq(hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor), 0);
    if (sequence > 0) {
        hs_cursor_move(cursor, sequence);
        ck_assert_int_eq(hs_cursor_save(cursor), 0);
    }
    return cursor;
}

START_TEST(copies_as_large_as_events_need_the_room_of_the_largest_segment)
{
    struct bench *bench = create(of_bytes);
    struct hs_cursor *cursor = cursor_at(bench, 0);
    ck_assert_uint_eq(spare(bench, 2 * MIB), 2 * MIB); /* also of one that is only to be made */
    add(bench, 1, 10, 2 * MIB);
    add(bench, 11, 20, 5 * MIB);
    add(bench, 21, 30, 3 * MIB);
    ck_assert_uint_eq(spare(bench, 2 * MIB), 5 * MIB);
    ck_assert_uint_eq(spare(bench, 8 * MIB), 8 * MIB);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

/* A segment that goes gives less room than the copies of the next one need. */
START_TEST(copies_larger_than_events_need_more_with_each_segment)
{
    struct bench *bench = create(of_bytes);
    struct hs_cursor *cursor = cursor_at(bench, 0);
    atomic_store(&factor, 3);
    add(bench, 1, 10, MIB);
    ck_assert_uint_eq(spare(bench, 0), 3 * MIB);
    add(bench, 11, 20, MIB);
    ck_assert_uint_eq(spare(bench, 0), 5 * MIB);
    ck_assert_uint_eq(spare(bench, MIB), 7 * MIB);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(what_every_cursor_is_past_needs_no_copies)
{
    struct bench *bench = create(of_bytes);
    struct hs_cursor *cursor = cursor_at(bench, 10);
    add(bench, 1, 10, 9 * MIB);
    add(bench, 11, 20, 2 * MIB);
    ck_assert_uint_eq(spare(bench, MIB), 2 * MIB);
    bench->journal->removal_allowed = false; /* who is past it is not known yet */
    ck_assert_uint_eq(spare(bench, MIB), 9 * MIB);
    hs_journal_keep_free(bench->journal, NULL, NULL);
    ck_assert_uint_eq(spare(bench, MIB), 0);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

/* In the active segment and the next one they are as small as those before, or 1 KiB. */
START_TEST(events_are_counted_and_those_to_come_estimated)
{
    struct bench *bench = create(of_events);
    struct hs_cursor *cursor = cursor_at(bench, 0);
    ck_assert_uint_eq(spare(bench, MIB), 1024);
    add(bench, 1, 2, 0)->end = MIB; /* frees nothing, so that only events count here */
    ck_assert_uint_eq(spare(bench, 0), 2);
    add(bench, 3, 8194, 0)->end = MIB; /* 128 bytes each */
    ck_assert_uint_eq(spare(bench, 0), 8194);
    ck_assert_uint_eq(spare(bench, MIB), 2 * 8192 + 2);
    struct hs_segment *active = add(bench, 8195, 8294, MIB);
    active->sealed = false;
    ck_assert_uint_eq(spare(bench, 0), 2 * 8192 + 2); /* it may still be filled */
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

static struct bench *create_short(uint64_t free_bytes)
{
    struct bench *bench = bench_create(1);
    bench->options.segment_size = 4 * MIB;
    bench->options.retain_ns = UINT64_MAX / 2;
    ((struct hs_disk *)(uintptr_t)model_table(bench->disk))->room = tell_room;
    atomic_store(&room, free_bytes);
    atomic_store(&factor, 1);
    bench_open(bench);
    hs_journal_keep_free(bench->journal, of_bytes, NULL);
    ck_assert_int_eq(hs_journal_start(bench->journal, &bench->watcher), 0);
    return bench;
}

START_TEST(no_segment_is_made_in_the_room_of_copies)
{
    struct bench *bench = create_short(2 * MIB); /* for one of 1 MiB, with 1.1 MiB beside it */
    const char *reason;
    ck_assert(!hs_journal_writable(bench->journal, &reason));
    ck_assert_ptr_nonnull(strstr(reason, "at least 2.1 MiB are needed (1.0 MiB of them stay free "
                                         "for dead letters), 8.5 MiB for one of the usual size"));
    atomic_store(&room, 3 * MIB);
    AWAIT(bench_writable(bench));
    bench_append(bench, 1, 100);
    bench_free(bench);
}
END_TEST

/* Long before their time is over. */
START_TEST(delivered_segments_go_where_copies_lack_room)
{
    struct bench *bench = create_short(64 * MIB);
    struct hs_cursor *cursor = cursor_at(bench, 0);
    hs_journal_allow_removal(bench->journal);
    uint64_t last = 0;
    for (uint64_t number = 1; number <= 24000; number++)
        ck_assert_int_eq(append_number(bench->journal, number, &last), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, last), HS_JOURNAL_DURABLE);
    hs_cursor_move(cursor, last);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    atomic_store(&room, MIB);
    AWAIT((hs_keeper_wake(bench->journal), hs_journal_oldest(bench->journal) > 1));
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal spare", copies_as_large_as_events_need_the_room_of_the_largest_segment,
             copies_larger_than_events_need_more_with_each_segment,
             what_every_cursor_is_past_needs_no_copies,
             events_are_counted_and_those_to_come_estimated,
             no_segment_is_made_in_the_room_of_copies, delivered_segments_go_where_copies_lack_room)
