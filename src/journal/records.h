/* Records: the records of one open segment, one after the other, through a buffer. Knows
 * where the next one is and whether it is whole; which ones count, its user knows (reader.c,
 * recover.c, summary.c). Threads: belongs to one at a time.
 *
 * Behind damage any byte may look like the head of a record, since senders choose what bodies
 * hold. To read a segment costs time in proportion to its size all the same:
 *   - The head of a damaged record may still say where the next one begins.
 *   - Elsewhere a head counts only if its parts fit its length and its sequence can be right.
 *   - Checksums of what turns out to be no record are paid for out of a budget that grows with
 *     the bytes passed (`wasted`). What it does not pay for is tried once more, the last
 *     first, when the next whole record is found. */
#ifndef HS_JOURNAL_RECORDS_H
#define HS_JOURNAL_RECORDS_H

#include "format.h"

struct hs_records {
    const struct hs_disk *disk;
    int file; /* -1: none */
    uint64_t seed;
    uint64_t end;    /* no byte from here on is looked at; the user may move it forwards */
    uint64_t offset; /* in the file, of data[0] */
    char *data;      /* HS_READER_BUFFER bytes, or a larger record's size */
    size_t capacity;
    size_t at, size; /* the next record begins at data[at]; `size` bytes were read */
    uint64_t next;   /* the sequence of the next record: each has one more than the last */
    uint64_t wasted; /* bytes of checksums that were wrong, each place once */
    uint64_t wasted_place;
    uint64_t sure; /* a whole record begins here: it was found behind damage */
};

void hs_records_init(struct hs_records *records, const struct hs_disk *disk);
/* Closes the file and frees. */
void hs_records_free(struct hs_records *records);
/* Takes the file number and is before the first record, whose sequence is `first`. */
void hs_records_enter(struct hs_records *records, int file, uint64_t seed, uint64_t first,
                      uint64_t end);
/* Closes the file. */
void hs_records_leave(struct hs_records *records);
/* Where the next record begins in the file. */
uint64_t hs_records_place(const struct hs_records *records);
/* The next record: its length, and `ret_event` is valid until the next call that is not
 * hs_records_pass(); 0: no more before `end`; -EBADMSG: damaged; -errno. */
HS_MUST_CHECK ssize_t hs_records_peek(struct hs_records *records, struct hs_event *ret_event);
/* Forgets what was read and not passed: the file may have changed; it ends at `end` now. */
void hs_records_reread(struct hs_records *records, uint64_t end);
/* The bytes of the record that was peeked at. */
const char *hs_records_bytes(const struct hs_records *records);
void hs_records_pass(struct hs_records *records, size_t length);
/* After -EBADMSG: goes on to the next whole record, or to the end. -errno. */
HS_MUST_CHECK int hs_records_pass_damage(struct hs_records *records);

#endif
