/* Faults: writes and syncs that fail, disks that are full, for a while. */
#include "journal_help.h"

/* ---- What the watcher was told ---- */

struct told {
    pthread_mutex_t lock;
    struct hs_journal *journal;
    uint64_t failed[4096];
    size_t count;
    bool seen_before; /* somebody could see the failure before the watcher was told */
    bool appended;    /* an append was taken while it was told */
};

static void on_failed(void *context, const struct hs_event *event)
{
    struct told *told = context;
    struct made made;
    uint64_t sequence;
    pthread_mutex_lock(&told->lock);
    ck_assert_uint_lt(told->count, HS_ARRAY_SIZE(told->failed));
    told->failed[told->count++] = event->sequence;
    ck_assert(is_event(event, number_of(event)));
    told->seen_before = told->seen_before ||
                        hs_journal_outcome(told->journal, event->sequence) != HS_JOURNAL_PENDING ||
                        hs_journal_last(told->journal) < event->sequence;
    make_event(&made, 99999);
    told->appended =
        told->appended || hs_journal_append(told->journal, &made.event, &sequence) == 0;
    pthread_mutex_unlock(&told->lock);
}

static struct bench *watched(uint64_t seed, struct told *told)
{
    struct bench *bench = bench_create(seed);
    *told = (struct told){.count = 0};
    pthread_mutex_init(&told->lock, NULL);
    bench->watcher = (struct hs_journal_watcher){.context = told, .failed = on_failed};
    bench_start(bench);
    told->journal = bench->journal;
    return bench;
}

/* The next batch waits in its sync with the events `first` to `last`, and the sync fails. */
static uint64_t fail_a_batch(struct bench *bench, uint64_t first, uint64_t last)
{
    uint64_t sequence = 0;
    model_hold_syncs(bench->disk, true);
    ck_assert_int_eq(append_number(bench->journal, first, &sequence), 0);
    model_await_held(bench->disk);
    for (uint64_t number = first + 1; number <= last; number++)
        ck_assert_int_eq(append_number(bench->journal, number, &sequence), 0);
    model_fail_at(bench->disk, MODEL_SYNC, NAMED, 1, 1, EIO);
    model_hold_syncs(bench->disk, false);
    return sequence;
}

START_TEST(J4_a_failed_sync_voids_the_batch_and_what_was_appended_since)
{
    struct told told;
    struct bench *bench = watched(1, &told);
    bench_append(bench, 1, 5);
    uint64_t last = fail_a_batch(bench, 100, 110);
    ck_assert_uint_eq(last, 16);
    for (uint64_t sequence = 6; sequence <= 16; sequence++)
        ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    for (uint64_t sequence = 1; sequence <= 5; sequence++)
        ck_assert_int_eq(hs_journal_outcome(bench->journal, sequence), HS_JOURNAL_DURABLE);
    ck_assert_uint_eq(told.count, 11);
    for (size_t i = 0; i < told.count; i++)
        ck_assert_uint_eq(told.failed[i], 6 + i);
    ck_assert_msg(!told.seen_before, "the failure was seen before the watcher was told");
    ck_assert_msg(!told.appended, "an append was taken while the batch failed");
    AWAIT(bench_writable(bench));
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 5);
    ck_assert_uint_eq(bench_append(bench, 6, 9), 20); /* J2: 6 to 16 are gone for good */
    ck_assert_int_eq(hs_journal_outcome(bench->journal, 16), HS_JOURNAL_FAILED);
    ck_assert_int_eq(hs_journal_outcome(bench->journal, 17), HS_JOURNAL_DURABLE);
    ck_assert_int_eq(hs_journal_outcome(bench->journal, 5), HS_JOURNAL_DURABLE);
    bench_expect(bench, 1, 1, 9);
    bench_close(bench);
    bench_open(bench);
    bench_expect(bench, 1, 1, 9);
    ck_assert(bench_metric(bench, "journal_errors_total{journal=\"events\",operation=\"sync\"}") ==
              1);
    bench_free(bench);
}
END_TEST

START_TEST(J4_a_failed_segment_is_never_synced_again)
{
    struct told told;
    struct bench *bench = watched(2, &told);
    bench_append(bench, 1, 5);
    uint64_t sequence = fail_a_batch(bench, 100, 103);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    model_fail_at(bench->disk, MODEL_SYNC | MODEL_FSYNC | MODEL_WRITE, segment_of(1), 1, UINT64_MAX,
                  EIO);
    AWAIT(bench_writable(bench));
    bench_append(bench, 6, 100);
    hs_journal_stop(bench->journal);
    ck_assert_uint_eq(bench->disk->faults[0].times, UINT64_MAX);
    bench_free(bench);
}
END_TEST

START_TEST(last_is_what_a_retry_of_any_kept_event_may_wait_for)
{
    struct told told;
    struct bench *bench = watched(3, &told);
    bench_append(bench, 1, 5);
    uint64_t sequence = fail_a_batch(bench, 100, 103);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    AWAIT(hs_journal_last(bench->journal) != sequence);
    ck_assert_uint_eq(hs_journal_last(bench->journal), 5);
    ck_assert_int_eq(hs_journal_outcome(bench->journal, 5), HS_JOURNAL_DURABLE);
    bench_free(bench);
}
END_TEST

START_TEST(while_it_is_broken_it_says_so_and_why)
{
    struct told told;
    struct bench *bench = watched(4, &told);
    bench->journal->mend_wait_ns = UINT64_C(3600) * 1000000000;
    uint64_t sequence = fail_a_batch(bench, 1, 1);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_FAILED);
    const char *reason;
    ck_assert(!hs_journal_writable(bench->journal, &reason));
    ck_assert_str_eq(reason, "cannot sync: Input/output error");
    ck_assert_int_eq(append_number(bench->journal, 2, &sequence), -EROFS);
    ck_assert_str_eq(hs_error_text(), "cannot sync: Input/output error");
    ck_assert(bench_metric(bench, "journal_writable") == 0);
    hs_journal_stop(bench->journal); /* does not wait for the disk */
    ck_assert_int_eq(append_number(bench->journal, 2, &sequence), -ESHUTDOWN);
    bench_free(bench);
}
END_TEST

START_TEST(each_of_many_failed_ranges_is_known)
{
    struct told told;
    struct bench *bench = watched(5, &told);
    uint64_t good[200], bad[200];
    for (size_t i = 0; i < 60; i++) {
        good[i] = bench_append(bench, i, i);
        bad[i] = fail_a_batch(bench, 1000 + i * 2, 1001 + i * 2);
        ck_assert_int_eq(hs_journal_wait(bench->journal, bad[i]), HS_JOURNAL_FAILED);
        AWAIT(bench_writable(bench));
    }
    for (size_t i = 0; i < 60; i++) {
        ck_assert_int_eq(hs_journal_outcome(bench->journal, good[i]), HS_JOURNAL_DURABLE);
        ck_assert_int_eq(hs_journal_outcome(bench->journal, bad[i] - 1), HS_JOURNAL_FAILED);
        ck_assert_int_eq(hs_journal_outcome(bench->journal, bad[i]), HS_JOURNAL_FAILED);
    }
    /* Past the ranges that are kept, what failed is still not called durable. */
    for (size_t i = 60; i < 140; i++) {
        bad[i] = fail_a_batch(bench, 1000 + i, 1000 + i);
        ck_assert_int_eq(hs_journal_wait(bench->journal, bad[i]), HS_JOURNAL_FAILED);
        AWAIT(bench_writable(bench));
    }
    bench_append(bench, 60, 60);
    for (size_t i = 0; i < 140; i++)
        ck_assert_int_eq(hs_journal_outcome(bench->journal, bad[i]), HS_JOURNAL_FAILED);
    bench_expect(bench, 1, 0, 60);
    bench_free(bench);
}
END_TEST

START_TEST(J1_J4_any_call_may_fail_and_what_was_said_of_each_event_holds)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct told told;
        struct bench *bench = watched(seed, &told);
        const unsigned calls[] = {MODEL_WRITE,  MODEL_SYNC, MODEL_FSYNC,    MODEL_RENAME,
                                  MODEL_UNLINK, MODEL_OPEN, MODEL_ALLOCATE, MODEL_TRUNCATE};
        uint64_t durable[101] = {0};
        for (uint64_t number = 1; number <= 100; number++) {
            if (number % 10 == 0)
                model_fail(bench->disk, calls[model_draw(bench->disk, 8)],
                           1 + model_draw(bench->disk, 4), 1 + model_draw(bench->disk, 3),
                           number % 20 == 0 ? ENOSPC : EIO);
            uint64_t sequence;
            AWAIT(bench_writable(bench));
            if (append_number(bench->journal, number, &sequence) == 0 &&
                hs_journal_wait(bench->journal, sequence) == HS_JOURNAL_DURABLE)
                durable[number] = sequence;
        }
        model_heal(bench->disk);
        if (seed % 2 == 0)
            AWAIT(bench_writable(bench));
        bench_close(bench); /* if not mended: the stop does that */
        model_power_cut(bench->disk);
        bench_open(bench);
        struct hs_reader *reader;
        struct hs_event event;
        ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
        int code;
        while ((code = hs_reader_next(reader, &event)) == 1) {
            uint64_t number = number_of(&event);
            ck_assert_uint_eq(event.sequence, durable[number]);
            durable[number] = 0;
        }
        ck_assert_msg(code == 0, "seed %d: %s", (int)seed, hs_error_text());
        for (uint64_t number = 1; number <= 100; number++)
            ck_assert_msg(durable[number] == 0, "seed %d: event %d is lost", (int)seed,
                          (int)number);
        ck_assert(!told.seen_before && !told.appended);
        hs_reader_close(reader);
        bench_free(bench);
    }
}
END_TEST

START_TEST(short_writes_are_continued)
{
    struct bench *bench = bench_create(6);
    bench->disk->short_writes = true;
    bench_start(bench);
    bench_append(bench, 1, 100);
    bench_close(bench);
    bench_open(bench);
    bench_expect(bench, 1, 1, 100);
    bench_free(bench);
}
END_TEST

START_TEST(a_full_disk_is_said_and_mended_by_itself)
{
    struct told told;
    struct bench *bench = watched(7, &told);
    /* Neither the next segment can be reserved nor another be made. */
    uint64_t sequence, number = 1;
    model_limit(bench->disk, 3 * HELP_SEGMENT);
    int code;
    while ((code = append_number(bench->journal, number, &sequence)) == 0 &&
           hs_journal_wait(bench->journal, sequence) == HS_JOURNAL_DURABLE)
        number++;
    if (code == 0)
        AWAIT((code = append_number(bench->journal, number, &sequence)) < 0);
    ck_assert_int_eq(code, -ENOSPC);
    ck_assert_int_eq(bench_writable(bench), false);
    model_limit(bench->disk, 0);
    AWAIT(bench_writable(bench));
    bench_append(bench, number, number + 5);
    bench_expect(bench, 1, 1, number + 5);
    bench_free(bench);
}
END_TEST

START_TEST(a_full_disk_lets_delivered_events_go_before_retain)
{
    struct told told;
    struct bench *bench = watched(8, &told);
    struct hs_cursor *cursor;
    ck_assert_int_eq(hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor), 0);
    hs_journal_allow_removal(bench->journal);
    model_limit(bench->disk, 6 * HELP_SEGMENT);
    for (uint64_t number = 1; number <= 300; number++) {
        uint64_t sequence;
        do
            AWAIT(bench_writable(bench));
        while (append_number(bench->journal, number, &sequence) < 0 ||
               hs_journal_wait(bench->journal, sequence) != HS_JOURNAL_DURABLE);
        hs_cursor_move(cursor, sequence);
        HS_IGNORE(hs_cursor_save(cursor)); /* needs some space, too */
    }
    ck_assert_uint_gt(hs_journal_oldest(bench->journal), 100);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

/* Whatever its size: a segment that grew as far as the disk lets it would leave no room for a
 * cursor, and without that nothing could be removed. */
START_TEST(a_disk_that_segments_filled_keeps_room_for_cursors)
{
    for (uint64_t extra = 0; extra < 400; extra += 8) {
        struct told told;
        struct bench *bench = watched(extra, &told);
        struct hs_cursor *cursor;
        ck_assert_int_eq(hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor), 0);
        hs_journal_allow_removal(bench->journal);
        model_limit(bench->disk, 4 * HELP_SEGMENT + extra);
        uint64_t sequence = 0, number = 1;
        while (append_number(bench->journal, number++, &sequence) == 0 &&
               hs_journal_wait(bench->journal, sequence) == HS_JOURNAL_DURABLE)
            continue;
        hs_cursor_move(cursor, hs_journal_durable(bench->journal));
        AWAIT(hs_cursor_save(cursor) == 0);
        AWAIT(bench_writable(bench));
        hs_cursor_close(cursor);
        bench_free(bench);
    }
}
END_TEST

START_TEST(a_full_disk_at_the_start_is_waited_for)
{
    struct bench *bench = bench_create(9);
    bench_start(bench);
    bench_append(bench, 1, 3);
    bench_close(bench);
    model_unlink(bench->disk, "/j/segments/next");
    model_limit(bench->disk, 1);
    bench_start(bench);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 4, &sequence), -ENOSPC);
    bench_expect(bench, 1, 1, 3); /* sinks go on */
    model_limit(bench->disk, 0);
    AWAIT(bench_writable(bench));
    bench_append(bench, 4, 5);
    bench_expect(bench, 1, 1, 5);
    bench_free(bench);
}
END_TEST

START_TEST(a_disk_that_fails_at_the_start_is_an_error)
{
    struct bench *bench = bench_create(10);
    bench_open(bench);
    model_fail(bench->disk, MODEL_ALLOCATE, 1, 1, EIO);
    ck_assert_int_eq(hs_journal_start(bench->journal, &bench->watcher), -EIO);
    bench_close(bench);
    for (uint64_t nth = 1; nth < 20; nth++) {
        model_fail(bench->disk, MODEL_FSYNC | MODEL_SYNC | MODEL_RENAME | MODEL_READ, nth, 1, EIO);
        int code = bench_try_open(bench);
        ck_assert(code == 0 || code == -EIO);
        bench_close(bench);
        model_heal(bench->disk);
    }
    bench_start(bench);
    bench_append(bench, 1, 3);
    bench_free(bench);
}
END_TEST

START_TEST(a_read_that_fails_is_an_error_and_not_the_end)
{
    struct told told;
    struct bench *bench = watched(11, &told);
    bench_append(bench, 1, 3);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    model_fail(bench->disk, MODEL_READ, 1, 1, EIO);
    ck_assert_int_eq(hs_reader_next(reader, &event), -EIO);
    model_fail(bench->disk, MODEL_OPEN, 1, 1, EMFILE);
    for (uint64_t number = 1; number <= 3; number++) {
        ck_assert_int_eq(hs_reader_next(reader, &event), 1);
        ck_assert(is_event(&event, number));
    }
    hs_reader_close(reader);
    model_heal(bench->disk);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal faults", J4_a_failed_sync_voids_the_batch_and_what_was_appended_since,
             J4_a_failed_segment_is_never_synced_again,
             last_is_what_a_retry_of_any_kept_event_may_wait_for,
             while_it_is_broken_it_says_so_and_why, each_of_many_failed_ranges_is_known,
             J1_J4_any_call_may_fail_and_what_was_said_of_each_event_holds,
             short_writes_are_continued, a_full_disk_is_said_and_mended_by_itself,
             a_full_disk_lets_delivered_events_go_before_retain,
             a_disk_that_segments_filled_keeps_room_for_cursors,
             a_full_disk_at_the_start_is_waited_for, a_disk_that_fails_at_the_start_is_an_error,
             a_read_that_fails_is_an_error_and_not_the_end)
