/* Id ranges: see id_ranges.h. */
#include "id_ranges.h"

#include <stdlib.h>

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_numbers(const void *left, const void *right)
{
    const struct hs_id_range *a = left, *b = right;
    int order = compare(a->first, b->first);
    return order != 0 ? order : compare(a->last, b->last);
}

void hs_id_ranges_sort(struct hs_id_range *ranges, size_t count)
{
    if (count > 1)
        qsort(ranges, count, sizeof(*ranges), by_numbers);
}

struct hs_id_range *hs_id_ranges_find(struct hs_id_range *ranges, size_t count, uint64_t first,
                                      uint64_t last)
{
    const struct hs_id_range wanted = {.first = first, .last = last};
    return count > 0 ? bsearch(&wanted, ranges, count, sizeof(*ranges), by_numbers) : NULL;
}

const struct hs_segment_info *hs_segment_before(const struct hs_segment_info *segments,
                                                size_t count, uint64_t sequence)
{
    size_t low = 0, high = count; /* those before `low` begin at or before it, those from `high` on
                                   * do not */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments[middle].first <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &segments[low - 1] : NULL;
}

uint64_t hs_id_range_lost(const struct hs_id_range *range, const struct hs_segment_info *segments,
                          size_t count, bool *ret_stale)
{
    const struct hs_segment_info *segment = hs_segment_before(segments, count, range->first);
    *ret_stale = segment != NULL && segment->first == range->first && segment->last != range->last;
    if (segment == NULL || segment->last >= range->last)
        return segment == NULL || segment->first == range->first ? range->last + 1 : range->first;
    if (segment->first == range->first)
        return segment->last + 1;
    return range->first <= segment->last ? range->first : range->last + 1;
}
