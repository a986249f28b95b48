/* Tail: what bytes that are no whole records may be: room that was never written, a write that
 * a crash tore, or records that were good and are damaged now. Shared by recover.c and walk.c.
 * Threads: any. */
#ifndef HS_JOURNAL_TAIL_H
#define HS_JOURNAL_TAIL_H

#include "format.h"

/* Whether the file holds nothing but zeros from `from` to `end` (or its own end). 1, 0 or
 * -errno. */
HS_MUST_CHECK int hs_tail_is_blank(const struct hs_disk *disk, int file, uint64_t from,
                                   uint64_t end);
/* How many bytes there are from `from` to the last one that is not zero. -errno. */
HS_MUST_CHECK int64_t hs_tail_extent(const struct hs_disk *disk, int file, uint64_t from,
                                     uint64_t end);
/* Whether a crash may have torn what lies from `from` to `end`: a sector of it was never
 * written, since a segment is reserved as zeros and a disk writes whole sectors. 1, 0 or
 * -errno. */
HS_MUST_CHECK int hs_tail_looks_torn(const struct hs_disk *disk, int file, uint64_t from,
                                     uint64_t end);
/* Whether the file is one that is still written to, or was when the system stopped: what is
 * finished is cut at its last record and ends in that. 1, 0 or -errno; 1 also for the few
 * finished ones that cannot be told from such. */
HS_MUST_CHECK int hs_tail_is_open(const struct hs_disk *disk, int file, uint64_t size);
/* How many records there are from `from` on if their lengths are to be believed and lead
 * exactly to `end`, where the file ends: a segment is cut there when it is finished, and what is
 * in it then was synced. 0: they do not; -errno. */
HS_MUST_CHECK int hs_tail_records(const struct hs_disk *disk, int file, uint64_t from,
                                  uint64_t end);

#endif
