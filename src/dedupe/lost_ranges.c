/* Lost ranges: see lost_ranges.h. */
#include "lost_ranges.h"

#include <inttypes.h>

bool hs_lost_ranges_cover(const struct hs_lost_ranges *ranges, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (ranges->items[i].first <= first && last <= ranges->items[i].last)
            return true;
    return false;
}

static void take_out(struct hs_lost_ranges *ranges, size_t at)
{
    ranges->count--;
    memmove(&ranges->items[at], &ranges->items[at + 1],
            (ranges->count - at) * sizeof(ranges->items[0]));
}

/* The index of the second of the two closest neighbours. */
static size_t closest(const struct hs_lost_ranges *ranges)
{
    size_t best = 1;
    for (size_t i = 2; i < ranges->count; i++)
        if (ranges->items[i].first - ranges->items[i - 1].last <
            ranges->items[best].first - ranges->items[best - 1].last)
            best = i;
    return best;
}

static void make_room(struct hs_lost_ranges *ranges, bool exact)
{
    if (ranges->count < HS_LOST_RANGES_MAX)
        return;
    size_t at = exact ? 0 : closest(ranges);
    if (!exact) {
        struct hs_lost_range *before = &ranges->items[at - 1];
        const struct hs_lost_range *range = &ranges->items[at];
        before->last = range->last;
        before->hour = range->hour > before->hour ? range->hour : before->hour;
    }
    take_out(ranges, at);
}

void hs_lost_ranges_add(struct hs_lost_ranges *ranges, const struct hs_lost_range *added,
                        bool exact)
{
    struct hs_lost_range range = *added;
    size_t at = 0;
    while (at < ranges->count) {
        const struct hs_lost_range *other = &ranges->items[at];
        bool apart = hs_add_sat(other->last, 1) < range.first;
        if (apart || hs_add_sat(range.last, 1) < other->first) {
            at++;
            continue;
        }
        range.first = other->first < range.first ? other->first : range.first;
        range.last = other->last > range.last ? other->last : range.last;
        range.hour = other->hour > range.hour ? other->hour : range.hour;
        take_out(ranges, at);
    }
    make_room(ranges, exact);
    at = 0;
    while (at < ranges->count && ranges->items[at].first < range.first)
        at++;
    memmove(&ranges->items[at + 1], &ranges->items[at],
            (ranges->count - at) * sizeof(ranges->items[0]));
    ranges->items[at] = range;
    ranges->count++;
}

void hs_lost_ranges_age(struct hs_lost_ranges *ranges, uint32_t now_hour, uint32_t window_hours)
{
    for (size_t i = ranges->count; i > 0; i--)
        if (now_hour > ranges->items[i - 1].hour &&
            now_hour - ranges->items[i - 1].hour > window_hours)
            take_out(ranges, i - 1);
}

void hs_lost_ranges_write(const struct hs_lost_ranges *ranges, struct hs_buffer *ret_text)
{
    for (size_t i = 0; i < ranges->count; i++)
        hs_buffer_printf(ret_text, "%" PRIu64 "-%" PRIu64 " %" PRIu32 "\n", ranges->items[i].first,
                         ranges->items[i].last, ranges->items[i].hour);
}

/* Parses up to `end`, and skips it. */
static int read_number(struct hs_slice *text, char end, uint64_t most, uint64_t *ret_number)
{
    const char *at = text->size > 0 ? memchr(text->data, end, text->size) : NULL;
    if (at == NULL)
        return -EBADMSG;
    size_t size = (size_t)(at - text->data);
    int code = hs_slice_to_u64(hs_slice(text->data, size), most, ret_number);
    *text = hs_slice(text->data + size + 1, text->size - size - 1);
    return code < 0 ? -EBADMSG : 0;
}

int hs_lost_ranges_read(struct hs_lost_ranges *ranges, struct hs_slice text)
{
    while (text.size > 0) {
        struct hs_lost_range range = {0};
        uint64_t hour = 0;
        int code = read_number(&text, '-', UINT64_MAX, &range.first);
        if (code == 0)
            code = read_number(&text, ' ', UINT64_MAX, &range.last);
        if (code == 0)
            code = read_number(&text, '\n', UINT32_MAX, &hour);
        if (code < 0 || range.first > range.last)
            return hs_fail(-EBADMSG, "a list of lost ranges is damaged");
        range.hour = (uint32_t)hour;
        hs_lost_ranges_add(ranges, &range, false);
    }
    return 0;
}
