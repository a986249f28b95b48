/* Lost ranges: sequences whose events the journal lost, as few disjoint ranges in ascending order.
 * Knows nothing of files. Threads: one at a time. */
#ifndef HS_DEDUPE_LOST_RANGES_H
#define HS_DEDUPE_LOST_RANGES_H

#include <hookstream/limits.h>
#include <hookstream/buffer.h>

struct hs_lost_range {
    uint64_t first, last;
    uint32_t hour; /* of the newest part */
};

struct hs_lost_ranges {
    struct hs_lost_range items[HS_LOST_RANGES_MAX];
    size_t count;
};

/* Whether all from `first` to `last` are included. */
bool hs_lost_ranges_cover(const struct hs_lost_ranges *ranges, uint64_t first, uint64_t last);
/* Adds a range and merges adjacent ones. When there are too many, the two closest are merged,
 * including the gap between; with `exact` one is dropped instead. */
void hs_lost_ranges_add(struct hs_lost_ranges *ranges, const struct hs_lost_range *range,
                        bool exact);
/* Drops ranges older than `window_hours`. */
void hs_lost_ranges_age(struct hs_lost_ranges *ranges, uint32_t now_hour, uint32_t window_hours);

/* As text, one range per line: "first-last hour". */
void hs_lost_ranges_write(const struct hs_lost_ranges *ranges, struct hs_buffer *ret_text);
/* -EBADMSG: a line is damaged; those before it were added. */
HS_MUST_CHECK int hs_lost_ranges_read(struct hs_lost_ranges *ranges, struct hs_slice text);

#endif
