/* Append, commit, read: what goes in comes out, in order, and only once it is durable. */
#include "journal_help.h"

#include <hookstream/clock.h>

START_TEST(every_field_comes_back_as_it_went_in)
{
    struct bench *bench = bench_create(1);
    bench_start(bench);
    ck_assert_uint_eq(bench_append(bench, 1, 200), 200);
    bench_expect(bench, 1, 1, 200);
    bench_free(bench);
}
END_TEST

START_TEST(an_event_of_nothing_and_one_of_the_longest_parts_come_back)
{
    struct bench *bench = bench_create(2);
    bench->options.segment_size = 8 << 20;
    bench_start(bench);
    char *most = calloc(1, 4 << 20);
    memset(most, 'm', 4 << 20);
    struct hs_event empty = {.received_wall_ns = 1},
                    large = {
                        .received_wall_ns = UINT64_MAX,
                        .flaw = HS_EVENT_NOT_ENVELOPE,
                        .source = {most, UINT16_MAX},
                        .id = {most, UINT16_MAX},
                        .type = {most, UINT16_MAX},
                        .body = {most, 4 << 20},
                        .header_count = 1,
                        .headers = {{{most, UINT16_MAX}, {most, UINT16_MAX}}},
                    };
    uint64_t sequence;
    ck_assert_int_eq(hs_journal_append(bench->journal, &empty, &sequence), 0);
    ck_assert_int_eq(hs_journal_append(bench->journal, &large, &sequence), 0);
    ck_assert_int_eq(hs_journal_append(bench->journal, &empty, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 0, &reader), 0);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert_uint_eq(event.body.size + event.id.size + event.source.size + event.type.size, 0);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert(hs_slice_equal(event.body, large.body));
    ck_assert(hs_slice_equal(event.headers[0].value, large.headers[0].value));
    ck_assert_int_eq(event.flaw, HS_EVENT_NOT_ENVELOPE);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert_uint_eq(event.sequence, 3);
    hs_reader_close(reader);
    free(most);
    bench_free(bench);
}
END_TEST

START_TEST(what_cannot_be_kept_whole_is_refused)
{
    struct bench *bench = bench_create(3);
    bench_start(bench);
    char *most = calloc(1, HELP_SEGMENT);
    uint64_t sequence = 77;
    struct hs_event event = {.id = {most, UINT16_MAX + 1}};
    ck_assert_int_eq(hs_journal_append(bench->journal, &event, &sequence), -EMSGSIZE);
    size_t fits = HELP_SEGMENT - HS_SEGMENT_HEADER - HS_RECORD_HEADER;
    event = (struct hs_event){.body = {most, fits + 1}};
    ck_assert_int_eq(hs_journal_append(bench->journal, &event, &sequence), -EMSGSIZE);
    ck_assert_uint_eq(sequence, 77);
    event.body.size = fits;
    ck_assert_int_eq(hs_journal_append(bench->journal, &event, &sequence), 0);
    ck_assert_uint_eq(sequence, 1);
    ck_assert_int_eq(hs_journal_wait(bench->journal, 1), HS_JOURNAL_DURABLE);
    ck_assert_int_eq(hs_journal_append(bench->journal, &event, &sequence), 0);
    ck_assert_int_eq(hs_journal_wait(bench->journal, 2), HS_JOURNAL_DURABLE);
    free(most);
    bench_free(bench);
}
END_TEST

START_TEST(J3_nothing_is_seen_before_it_is_synced)
{
    struct bench *bench = bench_create(4);
    bench_start(bench);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    model_hold_syncs(bench->disk, true);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 5, &sequence), 0);
    model_await_held(bench->disk);
    ck_assert_int_eq(hs_reader_next(reader, &event), 0);
    ck_assert_int_eq(hs_journal_outcome(bench->journal, sequence), HS_JOURNAL_PENDING);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 0);
    ck_assert_uint_eq(hs_journal_last(bench->journal), 1);
    model_hold_syncs(bench->disk, false);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert(is_event(&event, 5));
    hs_reader_close(reader);
    bench_free(bench);
}
END_TEST

START_TEST(all_that_came_during_a_sync_share_the_next)
{
    struct bench *bench = bench_create(5);
    bench_start(bench);
    bench_append(bench, 1, 1);
    model_hold_syncs(bench->disk, true);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 2, &sequence), 0);
    model_await_held(bench->disk);
    uint64_t before = bench->disk->syncs;
    for (uint64_t number = 3; number <= 12; number++)
        ck_assert_int_eq(append_number(bench->journal, number, &sequence), 0);
    model_hold_syncs(bench->disk, false);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    ck_assert_uint_eq(bench->disk->syncs - before, 2);
    bench_expect(bench, 1, 1, 12);
    bench_free(bench);
}
END_TEST

START_TEST(J2_sequences_go_on_after_a_stop)
{
    struct bench *bench = bench_create(6);
    for (uint64_t round = 0; round < 20; round++) {
        bench_start(bench);
        ck_assert_uint_eq(bench_append(bench, round * 10 + 1, round * 10 + 10), round * 10 + 10);
        bench_close(bench);
    }
    bench_open(bench);
    ck_assert_uint_eq(hs_journal_durable(bench->journal), 200);
    ck_assert_uint_eq(hs_journal_last(bench->journal), 200);
    ck_assert_uint_eq(hs_journal_oldest(bench->journal), 1);
    bench_expect(bench, 1, 1, 200);
    bench_free(bench);
}
END_TEST

START_TEST(starts_without_events_leave_one_segment)
{
    struct bench *bench = bench_create(7);
    for (unsigned round = 0; round < 5; round++) {
        bench_start(bench);
        bench_close(bench);
    }
    bench_open(bench);
    struct hs_segment_info *segments;
    size_t count;
    hs_journal_segments(bench->journal, &segments, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_lt(segments[0].last, segments[0].first);
    free(segments);
    bench_free(bench);
}
END_TEST

START_TEST(segments_turn_over_and_a_reader_does_not_notice)
{
    struct bench *bench = bench_create(8);
    bench_start(bench);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    for (uint64_t number = 1; number <= 300; number++) {
        bench_append(bench, number, number);
        ck_assert_int_eq(hs_reader_next(reader, &event), 1);
        ck_assert(is_event(&event, number));
        ck_assert_int_eq(hs_reader_next(reader, &event), 0);
    }
    hs_reader_close(reader);
    struct hs_segment_info *segments;
    size_t count;
    hs_journal_segments(bench->journal, &segments, &count);
    ck_assert_uint_gt(count, 10);
    for (size_t i = 0; i + 1 < count; i++) {
        ck_assert(segments[i].sealed);
        ck_assert_uint_eq(segments[i].last + 1, segments[i + 1].first);
        ck_assert_uint_le(segments[i].bytes, HELP_SEGMENT);
        ck_assert_uint_eq(segments[i].newest_wall_ns,
                          UINT64_C(1700000000000000000) + segments[i].last * 1000003);
    }
    ck_assert(!segments[count - 1].sealed);
    free(segments);
    bench_free(bench);
}
END_TEST

START_TEST(a_batch_may_span_several_segments)
{
    struct bench *bench = bench_create(9);
    bench_start(bench);
    model_hold_syncs(bench->disk, true);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 1, &sequence), 0);
    model_await_held(bench->disk);
    for (uint64_t number = 2; number <= 200; number++)
        ck_assert_int_eq(append_number(bench->journal, number, &sequence), 0);
    model_hold_syncs(bench->disk, false);
    ck_assert_int_eq(hs_journal_wait(bench->journal, sequence), HS_JOURNAL_DURABLE);
    bench_expect(bench, 1, 1, 200);
    bench_close(bench);
    bench_open(bench);
    bench_expect(bench, 1, 1, 200);
    bench_free(bench);
}
END_TEST

START_TEST(a_reader_seeks_forwards_and_back)
{
    struct bench *bench = bench_create(10);
    bench_start(bench);
    bench_append(bench, 1, 300);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 150, &reader), 0);
    const uint64_t places[] = {150, 151, 299, 1, 2, 300, 7, 300, 150, 149};
    for (size_t i = 0; i < HS_ARRAY_SIZE(places); i++) {
        ck_assert_int_eq(hs_reader_seek(reader, places[i]), 0);
        ck_assert_int_eq(hs_reader_next(reader, &event), 1);
        ck_assert_uint_eq(event.sequence, places[i]);
        ck_assert(is_event(&event, places[i]));
    }
    ck_assert_int_eq(hs_reader_seek(reader, 301), 0);
    ck_assert_int_eq(hs_reader_next(reader, &event), 0);
    bench_append(bench, 301, 301);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert_uint_eq(event.sequence, 301);
    hs_reader_close(reader);
    bench_free(bench);
}
END_TEST

START_TEST(a_stop_commits_what_was_appended_and_refuses_more)
{
    struct bench *bench = bench_create(11);
    bench->options.commit_window_ns = UINT64_C(3600) * 1000000000; /* it must not be waited for */
    bench_start(bench);
    uint64_t sequence;
    for (uint64_t number = 1; number <= 100; number++)
        ck_assert_int_eq(append_number(bench->journal, number, &sequence), 0);
    hs_journal_stop(bench->journal);
    ck_assert_int_eq(hs_journal_outcome(bench->journal, sequence), HS_JOURNAL_DURABLE);
    ck_assert_int_eq(append_number(bench->journal, 101, &sequence), -ESHUTDOWN);
    const char *reason;
    ck_assert(!hs_journal_writable(bench->journal, &reason));
    ck_assert_str_eq(reason, "the journal is stopped");
    bench_expect(bench, 1, 1, 100);
    bench_free(bench);
}
END_TEST

START_TEST(a_journal_that_did_not_start_takes_nothing)
{
    struct bench *bench = bench_create(12);
    bench_open(bench);
    uint64_t sequence;
    ck_assert_int_eq(append_number(bench->journal, 1, &sequence), -ESHUTDOWN);
    bench_free(bench);
}
END_TEST

START_TEST(identity_and_key_stay)
{
    struct bench *bench = bench_create(13);
    bench_start(bench);
    char identity[37];
    memcpy(identity, hs_journal_identity(bench->journal), sizeof(identity));
    uint64_t key = hs_journal_hash_key(bench->journal);
    ck_assert_uint_eq(strlen(identity), 36);
    bench_close(bench);
    bench_open(bench);
    ck_assert_str_eq(hs_journal_identity(bench->journal), identity);
    ck_assert_uint_eq(hs_journal_hash_key(bench->journal), key);
    ck_assert_str_eq(hs_journal_path(bench->journal), "/j");
    ck_assert(!hs_journal_in_memory(bench->journal));
    bench_free(bench);
}
END_TEST

START_TEST(a_wakeup_is_told_and_can_be_taken_back)
{
    struct bench *bench = bench_create(14);
    bench_start(bench);
    struct hs_wakeup told, never;
    ck_assert_int_eq(hs_wakeup_init(&told), 0);
    ck_assert_int_eq(hs_wakeup_init(&never), 0);
    hs_journal_subscribe(bench->journal, &never);
    hs_journal_subscribe(bench->journal, &told);
    hs_journal_unsubscribe(bench->journal, &never);
    hs_journal_unsubscribe(bench->journal, &never);
    bench_append(bench, 1, 1);
    hs_journal_stop(bench->journal); /* the committer told before it ended */
    ck_assert(!atomic_load(&told.armed));
    ck_assert(atomic_load(&never.armed));
    hs_journal_unsubscribe(bench->journal, &told);
    hs_wakeup_close(&told);
    hs_wakeup_close(&never);
    bench_free(bench);
}
END_TEST

START_TEST(in_memory_it_is_the_same_without_a_disk)
{
    struct bench *bench = bench_create(15);
    bench->options.store = HS_STORE_MEMORY;
    bench->options.path = NULL;
    bench_start(bench);
    ck_assert(hs_journal_in_memory(bench->journal));
    struct hs_cursor *cursor;
    ck_assert_int_eq(hs_cursor_open(bench->journal, "sink", HS_CURSOR_FROM_OLDEST, &cursor), 0);
    hs_journal_allow_removal(bench->journal);
    bench_append(bench, 1, 500);
    bench_expect(bench, 1, 1, 500);
    ck_assert_uint_eq(bench->disk->calls, 0);
    /* What is delivered goes at once: memory is for what is not. */
    hs_cursor_move(cursor, 500);
    ck_assert_int_eq(hs_cursor_save(cursor), 0);
    hs_keeper_wake(bench->journal);
    while (hs_journal_oldest(bench->journal) == 1)
        hs_keeper_wake(bench->journal);
    hs_cursor_close(cursor);
    bench_free(bench);
}
END_TEST

START_TEST(events_of_a_turned_over_segment_are_read_from_a_removed_file)
{
    struct bench *bench = bench_create(16);
    bench->options.retain_ns = 0;
    bench_start(bench);
    bench_append(bench, 1, 100);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    hs_journal_allow_removal(bench->journal); /* no cursor holds anything */
    while (hs_journal_oldest(bench->journal) == 1)
        hs_keeper_wake(bench->journal);
    /* The open file stays readable, and what comes after it is found. */
    uint64_t before = 1;
    while (hs_reader_next(reader, &event) == 1) {
        ck_assert(is_event(&event, event.sequence));
        ck_assert_uint_gt(event.sequence, before);
        before = event.sequence;
    }
    ck_assert_uint_eq(before, 100);
    hs_reader_close(reader);
    bench_free(bench);
}
END_TEST

START_TEST(a_reader_at_the_end_of_a_segment_that_is_removed_goes_on)
{
    struct bench *bench = bench_create(17);
    bench->options.retain_ns = 0;
    bench_start(bench);
    bench_append(bench, 1, 3);
    struct hs_reader *reader;
    struct hs_event event;
    ck_assert_int_eq(hs_reader_open(bench->journal, 1, &reader), 0);
    for (uint64_t number = 1; number <= 3; number++)
        ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert_int_eq(hs_reader_next(reader, &event), 0);
    hs_journal_allow_removal(bench->journal);
    bench_append(bench, 4, 100);
    while (hs_journal_oldest(bench->journal) <= 4)
        hs_keeper_wake(bench->journal);
    uint64_t oldest = hs_journal_oldest(bench->journal);
    ck_assert_int_eq(hs_reader_next(reader, &event), 1);
    ck_assert_uint_ge(event.sequence, 4);
    ck_assert_uint_le(event.sequence, oldest > 4 ? oldest + 100 : 4);
    while (hs_reader_next(reader, &event) == 1)
        ck_assert(is_event(&event, event.sequence));
    ck_assert_uint_eq(event.sequence, 100);
    hs_reader_close(reader);
    bench_free(bench);
}
END_TEST

HS_TEST_MAIN("journal", every_field_comes_back_as_it_went_in,
             an_event_of_nothing_and_one_of_the_longest_parts_come_back,
             what_cannot_be_kept_whole_is_refused, J3_nothing_is_seen_before_it_is_synced,
             all_that_came_during_a_sync_share_the_next, J2_sequences_go_on_after_a_stop,
             starts_without_events_leave_one_segment,
             segments_turn_over_and_a_reader_does_not_notice, a_batch_may_span_several_segments,
             a_reader_seeks_forwards_and_back, a_stop_commits_what_was_appended_and_refuses_more,
             a_journal_that_did_not_start_takes_nothing, identity_and_key_stay,
             a_wakeup_is_told_and_can_be_taken_back, in_memory_it_is_the_same_without_a_disk,
             events_of_a_turned_over_segment_are_read_from_a_removed_file,
             a_reader_at_the_end_of_a_segment_that_is_removed_goes_on)
