/* Tail: classifies bytes that are not whole records: space never written, a write torn by a crash,
 * or good records damaged later. Shared by recover.c and walk.c.
 * Threads: any. */
#ifndef HS_JOURNAL_TAIL_H
#define HS_JOURNAL_TAIL_H

#include "format.h"

/* Whether the file holds nothing but zeros from `from` to `end` (or its own end). 1, 0 or
 * -errno. */
HS_MUST_CHECK int hs_tail_is_blank(const struct hs_disk *disk, int file, uint64_t from,
                                   uint64_t end);
/* The number of bytes from `from` to the last nonzero byte. -errno. */
HS_MUST_CHECK int64_t hs_tail_extent(const struct hs_disk *disk, int file, uint64_t from,
                                     uint64_t end);
/* Whether a crash may have torn the bytes from `from` to `end`. A segment is reserved as zeros and
 * a disk writes whole sectors, so a tear leaves a sector that was never written. 1, 0 or -errno. */
HS_MUST_CHECK int hs_tail_looks_torn(const struct hs_disk *disk, int file, uint64_t from,
                                     uint64_t end);
/* Whether the file is still being written, or was when the system stopped. A finished file is cut
 * at its last record and ends in it. 1, 0 or -errno; 1 also for the few finished files that look
 * unfinished. */
HS_MUST_CHECK int hs_tail_is_open(const struct hs_disk *disk, int file, uint64_t size);
/* The number of records from `from` on, if their lengths lead exactly to `end`, the end of the
 * file. A segment is cut there when it is finished, and everything in it was synced by then. 0:
 * they do not; -errno. */
HS_MUST_CHECK int hs_tail_records(const struct hs_disk *disk, int file, uint64_t from,
                                  uint64_t end);

#endif
