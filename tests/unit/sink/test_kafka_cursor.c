/* The Kafka cursor's bookkeeping: what its record says, and what follows from it. */
#include "hs_test.h"
#include "kafka/cursor.h"

#include <stdio.h>
#include <string.h>

static struct hs_kafka_progress progress;
static struct hs_kafka_cursor cursor;

static void set_up(void)
{
    memset(&progress, 0, sizeof(progress));
    memset(&cursor, 0, sizeof(cursor));
}

static void give_and_commit(uint64_t sequence)
{
    progress.given = sequence;
    hs_kafka_progress_cursor(&progress, &cursor);
    hs_kafka_progress_commit(&progress, &cursor);
}

START_TEST(a_record_is_read_as_it_was_written)
{
    struct hs_kafka_cursor written = {.journal = "592461f8", .owner = "ff3d2e50", .sequence = 90};
    char text[HS_KAFKA_CURSOR_TEXT];
    size_t size = hs_kafka_cursor_text(&written, text);
    ck_assert_uint_eq(size, strlen("hookstream 1 592461f8 ff3d2e50 90 -"));
    ck_assert_mem_eq(text, "hookstream 1 592461f8 ff3d2e50 90 -", size);
    for (size_t i = 0; i < HS_KAFKA_HOLES; i++)
        written.holes[i] = (struct hs_hole){i + 1, (uint32_t)(i % 31 + 1)};
    written.hole_count = HS_KAFKA_HOLES;
    size = hs_kafka_cursor_text(&written, text);
    ck_assert_int_eq(hs_kafka_cursor_parse(hs_slice(text, size), &cursor), 0);
    ck_assert_str_eq(cursor.journal, "592461f8");
    ck_assert_str_eq(cursor.owner, "ff3d2e50");
    ck_assert_uint_eq(cursor.sequence, 90);
    ck_assert_uint_eq(cursor.hole_count, HS_KAFKA_HOLES);
    ck_assert_mem_eq(cursor.holes, written.holes, sizeof(written.holes));
}
END_TEST

START_TEST(the_longest_record_has_room)
{
    struct hs_kafka_cursor written = {.sequence = UINT64_MAX, .hole_count = HS_KAFKA_HOLES};
    memset(written.journal, 'j', sizeof(written.journal) - 1);
    memset(written.owner, 'o', sizeof(written.owner) - 1);
    for (size_t i = 0; i < HS_KAFKA_HOLES; i++)
        written.holes[i] = (struct hs_hole){UINT64_MAX - i, UINT32_MAX};
    char text[HS_KAFKA_CURSOR_TEXT];
    size_t size = hs_kafka_cursor_text(&written, text);
    ck_assert_int_eq(hs_kafka_cursor_parse(hs_slice(text, size), &cursor), 0);
}
END_TEST

START_TEST(what_is_no_record_of_ours_is_refused)
{
    static const char *const bad[] = {
        "",
        "12",
        "hookstream",
        "hookstream 2 j o 5 -",
        "hookstream 1 j o 5",
        "hookstream 1 j o 5 ",
        "hookstream 1 j o x -",
        "hookstream 1 j  5 -",
        "hookstream 1 j o 5 7:1",
        "hookstream 1 j o 5 3:0",
        "hookstream 1 j o 5 3:4294967296",
        "hookstream 1 j o 5 3",
        "hookstream 1 j o 5 0:1",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(bad); i++)
        ck_assert_msg(hs_kafka_cursor_parse(hs_slice_text(bad[i]), &cursor) == -EINVAL, "taken: %s",
                      bad[i]);
}
END_TEST

START_TEST(the_position_is_before_the_first_hole)
{
    set_up();
    hs_kafka_progress_begin(&progress, NULL);
    ck_assert_uint_eq(hs_kafka_progress_position(&progress), 0);
    hs_kafka_progress_leave_out(&progress, 9, 1);
    hs_kafka_progress_leave_out(&progress, 7, 4);
    give_and_commit(20);
    ck_assert_uint_eq(cursor.sequence, 20);
    ck_assert_uint_eq(cursor.hole_count, 2);
    ck_assert_uint_eq(hs_kafka_progress_position(&progress), 6);

    /* And so it is for a process that knows nothing else. */
    struct hs_kafka_progress after = {0};
    hs_kafka_progress_begin(&after, &cursor);
    ck_assert_uint_eq(hs_kafka_progress_position(&after), 6);
    ck_assert(hs_kafka_progress_is_stored(&after, 7, 0));
    ck_assert(!hs_kafka_progress_is_stored(&after, 7, 2));
    ck_assert(hs_kafka_progress_is_stored(&after, 8, 0));
    ck_assert(!hs_kafka_progress_is_stored(&after, 9, 0));
    ck_assert(hs_kafka_progress_is_stored(&after, 20, 31));
    ck_assert(!hs_kafka_progress_is_stored(&after, 21, 0));
}
END_TEST

START_TEST(a_hole_ends_when_the_owner_needs_nothing_more_of_it)
{
    set_up();
    hs_kafka_progress_begin(&progress, NULL);
    hs_kafka_progress_leave_out(&progress, 7, 1);
    give_and_commit(20);
    hs_kafka_progress_skip(&progress, 6);
    ck_assert(!hs_kafka_progress_is_ahead(&progress));
    ck_assert_uint_eq(hs_kafka_progress_position(&progress), 6);
    hs_kafka_progress_skip(&progress, 7);
    ck_assert(hs_kafka_progress_is_ahead(&progress));
    ck_assert_uint_eq(hs_kafka_progress_position(&progress), 20);
    give_and_commit(0);
    ck_assert_uint_eq(cursor.sequence, 20);
    ck_assert_uint_eq(cursor.hole_count, 0);
    ck_assert(!hs_kafka_progress_is_ahead(&progress));
    hs_kafka_progress_leave_out(&progress, 7, 1); /* too late to matter */
    ck_assert_uint_eq(progress.hole_count, 0);
}
END_TEST

START_TEST(a_hole_that_the_cursor_has_not_reached_is_kept_but_not_stored)
{
    set_up();
    hs_kafka_progress_begin(&progress, NULL);
    hs_kafka_progress_leave_out(&progress, 30, 1);
    give_and_commit(20);
    ck_assert_uint_eq(cursor.hole_count, 0);
    ck_assert_uint_eq(progress.hole_count, 1);
    give_and_commit(31);
    ck_assert_uint_eq(cursor.hole_count, 1);
}
END_TEST

START_TEST(what_was_skipped_moves_the_cursor)
{
    set_up();
    hs_kafka_progress_begin(&progress, NULL);
    give_and_commit(20);
    hs_kafka_progress_skip(&progress, 500);
    ck_assert(hs_kafka_progress_is_ahead(&progress));
    give_and_commit(0);
    ck_assert_uint_eq(cursor.sequence, 500);
    ck_assert(!hs_kafka_progress_is_ahead(&progress));
}
END_TEST

START_TEST(more_holes_than_fit_keep_later_events_back)
{
    set_up();
    hs_kafka_progress_begin(&progress, NULL);
    for (uint64_t n = 1; n < HS_KAFKA_HOLES; n++)
        hs_kafka_progress_leave_out(&progress, n, 1);
    ck_assert(hs_kafka_progress_has_room(&progress));
    hs_kafka_progress_leave_out(&progress, 100, 1);
    ck_assert(!hs_kafka_progress_has_room(&progress));
    hs_kafka_progress_leave_out(&progress, 200, 1); /* has no place: the barrier */
    hs_kafka_progress_skip(&progress, 199);
    ck_assert_uint_eq(progress.hole_count, 0);
    ck_assert(!hs_kafka_progress_has_room(&progress));
    hs_kafka_progress_skip(&progress, 200);
    ck_assert(hs_kafka_progress_has_room(&progress));
}
END_TEST

START_TEST(a_cluster_that_lost_its_last_records_counts_more)
{
    set_up();
    hs_kafka_progress_begin(&progress, NULL);
    give_and_commit(20);
    hs_kafka_progress_skip(&progress, 20);
    cursor.sequence = 12;
    hs_kafka_progress_begin(&progress, &cursor);
    ck_assert_uint_eq(hs_kafka_progress_position(&progress), 12);
    ck_assert(!hs_kafka_progress_is_stored(&progress, 13, 0));
    give_and_commit(14);
    ck_assert_uint_eq(cursor.sequence, 14);
}
END_TEST

HS_TEST_MAIN("kafka cursor", a_record_is_read_as_it_was_written, the_longest_record_has_room,
             what_is_no_record_of_ours_is_refused, the_position_is_before_the_first_hole,
             a_hole_ends_when_the_owner_needs_nothing_more_of_it,
             a_hole_that_the_cursor_has_not_reached_is_kept_but_not_stored,
             what_was_skipped_moves_the_cursor, more_holes_than_fit_keep_later_events_back,
             a_cluster_that_lost_its_last_records_counts_more)
