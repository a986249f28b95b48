/* Id ranges: the existing id files, compared with the journal's segments. Every lookup is a binary
 * search: a start makes one per file and one per segment. Knows nothing of files. Threads: one at a
 * time. */
#ifndef HS_DEDUPE_ID_RANGES_H
#define HS_DEDUPE_ID_RANGES_H

#include <hookstream/journal.h>

struct hs_id_range {
    uint64_t first, last;           /* as in the name of its file */
    bool is_read;                   /* its header, which says the next two */
    uint64_t count, newest_wall_ns; /* of its ids */
    bool whole;                     /* all its ids were read */
    uint64_t kept;                  /* its ids that have not expired */
};

/* Sorts by `first`, then by `last`, as the other functions require. */
void hs_id_ranges_sort(struct hs_id_range *ranges, size_t count);
/* The range with these two numbers, or NULL. */
struct hs_id_range *hs_id_ranges_find(struct hs_id_range *ranges, size_t count, uint64_t first,
                                      uint64_t last);

/* The segments are in the order of hs_journal_segments(). Returns the last one that begins at or
 * before `sequence`, or NULL. */
const struct hs_segment_info *hs_segment_before(const struct hs_segment_info *segments,
                                                size_t count, uint64_t sequence);

/* The first sequence of the range that its segments lost: the segment exists and ends before the
 * range, or is missing between others. range->last + 1: none is lost. The oldest segments are
 * removed regularly. `ret_stale`: the segment ends elsewhere than the range. */
uint64_t hs_id_range_lost(const struct hs_id_range *range, const struct hs_segment_info *segments,
                          size_t count, bool *ret_stale);

#endif
