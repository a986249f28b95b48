/* Id ranges: the same answers as by examining every segment; and more files and segments than any
 * journal has: examining each for each would take minutes. */
#include "hs_test.h"
#include "id_ranges.h"

#include <inttypes.h>
#include <stdlib.h>

#define MANY 600000u

static uint64_t seed = 1;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

/* Segments of up to 9 sequences each, of which the last ones, or all, may be void. */
static size_t draw_segments(struct hs_segment_info *segments, size_t most)
{
    size_t count = draw(most + 1);
    uint64_t next = 1 + draw(20);
    for (size_t i = 0; i < count; i++) {
        uint64_t size = draw(10), used = size == 0 ? 0 : draw(size + 1);
        segments[i] = (struct hs_segment_info){.first = next, .last = next + used - 1};
        next += size + 1;
    }
    return count;
}

/* The first implementation of id_files.c. */
static uint64_t lost_by_looking(const struct hs_id_range *range,
                                const struct hs_segment_info *segments, size_t count,
                                bool *ret_stale)
{
    uint64_t lost = range->last + 1;
    *ret_stale = false;
    for (size_t i = 0; i < count; i++) {
        const struct hs_segment_info *segment = &segments[i];
        if (segment->first == range->first) {
            *ret_stale = segment->last != range->last;
            return segment->last < range->last ? segment->last + 1 : range->last + 1;
        }
        if (segment->first < range->first && range->first <= segment->last)
            lost = range->first;
    }
    return lost;
}

START_TEST(what_a_range_lost_is_as_by_looking_at_every_segment)
{
    for (unsigned round = 0; round < 200000; round++) {
        struct hs_segment_info segments[8];
        size_t count = draw_segments(segments, HS_ARRAY_SIZE(segments));
        struct hs_id_range range = {.first = 1 + draw(60)};
        range.last = range.first + draw(10);
        bool stale, wanted_stale;
        uint64_t wanted = lost_by_looking(&range, segments, count, &wanted_stale);
        if (hs_id_range_lost(&range, segments, count, &stale) != wanted || stale != wanted_stale)
            ck_abort_msg("round %u: not %" PRIu64 ", %d", round, wanted, wanted_stale);
    }
}
END_TEST

START_TEST(a_range_is_found_by_both_numbers)
{
    struct hs_id_range ranges[] = {
        {.first = 30, .last = 39}, {.first = 10, .last = 19}, {.first = 10, .last = 12}};
    hs_id_ranges_sort(ranges, 3);
    ck_assert_ptr_eq(hs_id_ranges_find(ranges, 3, 10, 12), &ranges[0]);
    ck_assert_ptr_eq(hs_id_ranges_find(ranges, 3, 10, 19), &ranges[1]);
    ck_assert_ptr_eq(hs_id_ranges_find(ranges, 3, 30, 39), &ranges[2]);
    ck_assert_ptr_null(hs_id_ranges_find(ranges, 3, 10, 18));
    ck_assert_ptr_null(hs_id_ranges_find(ranges, 3, 40, 49));
    ck_assert_ptr_null(hs_id_ranges_find(ranges, 0, 10, 12));
    ck_assert_ptr_null(hs_id_ranges_find(NULL, 0, 10, 12));
    hs_id_ranges_sort(NULL, 0);
}
END_TEST

START_TEST(more_files_than_any_journal_has_are_looked_up_in_time)
{
    struct hs_id_range *ranges = calloc(MANY, sizeof(*ranges));
    struct hs_segment_info *segments = calloc(MANY, sizeof(*segments));
    for (size_t i = 0; i < MANY; i++) {
        size_t at = MANY - 1 - i; /* a folder lists them in any order */
        ranges[at] = (struct hs_id_range){.first = 1 + i * 10, .last = 10 + i * 10};
        segments[i] = (struct hs_segment_info){.first = 1 + i * 10, .last = 10 + i * 10};
    }
    hs_id_ranges_sort(ranges, MANY);
    for (size_t i = 0; i < MANY; i++) {
        bool stale;
        const struct hs_segment_info *segment = &segments[i];
        struct hs_id_range *range = hs_id_ranges_find(ranges, MANY, segment->first, segment->last);
        if (range != &ranges[i] || hs_segment_before(segments, MANY, range->last) != segment ||
            hs_id_range_lost(range, segments, MANY, &stale) != range->last + 1 || stale)
            ck_abort_msg("range %zu", i); /* ck_assert() for each would take longer than the rest */
    }
    free(ranges);
    free(segments);
}
END_TEST

HS_TEST_MAIN("dedupe id ranges", what_a_range_lost_is_as_by_looking_at_every_segment,
             a_range_is_found_by_both_numbers,
             more_files_than_any_journal_has_are_looked_up_in_time)
