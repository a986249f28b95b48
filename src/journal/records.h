/* Records: the records of one open segment in order, through a buffer. Finds the next record and
 * checks that it is whole; the user decides which ones count (reader.c, recover.c, summary.c).
 * Threads: belongs to one at a time.
 *
 * Behind damage any byte may look like the head of a record, since senders choose what bodies hold.
 * Reading a segment still takes time in proportion to its size:
 *   - The head of a damaged record may still say where the next one begins.
 *   - Elsewhere a head counts only if its parts fit its length and its sequence is possible.
 *   - A checksum of bytes that are not a record is charged to a budget, which grows with the
 *     bytes passed (`wasted`). Candidates that it does not cover are retried, last first,
 *     when the next whole record is found. */
#ifndef HS_JOURNAL_RECORDS_H
#define HS_JOURNAL_RECORDS_H

#include "format.h"

struct hs_records {
    const struct hs_disk *disk;
    int file; /* -1: none */
    uint64_t seed;
    uint64_t end;    /* bytes from here on are not read; the user may move it forwards */
    uint64_t offset; /* in the file, of data[0] */
    char *data;      /* HS_READER_BUFFER bytes, or a larger record's size */
    size_t capacity;
    size_t at, size; /* the next record begins at data[at]; `size` bytes were read */
    uint64_t next;   /* the sequence of the next record: one more than the last */
    uint64_t wasted; /* bytes of wrong checksums, each place once */
    uint64_t wasted_place;
    uint64_t sure; /* a whole record begins here, found behind damage */
};

void hs_records_init(struct hs_records *records, const struct hs_disk *disk);
/* Closes the file and frees. */
void hs_records_free(struct hs_records *records);
/* Takes the file number and moves before the first record, whose sequence is `first`. */
void hs_records_enter(struct hs_records *records, int file, uint64_t seed, uint64_t first,
                      uint64_t end);
/* Closes the file. */
void hs_records_leave(struct hs_records *records);
/* Where the next record begins in the file. */
uint64_t hs_records_place(const struct hs_records *records);
/* The next record: its length, and `ret_event` is valid until the next call other than
 * hs_records_pass(); 0: no more before `end`; -EBADMSG: damaged; -errno. */
HS_MUST_CHECK ssize_t hs_records_peek(struct hs_records *records, struct hs_event *ret_event);
/* Drops what was read and not passed, since the file may have changed; it now ends at `end`. */
void hs_records_reread(struct hs_records *records, uint64_t end);
/* The bytes of the record last peeked at. */
const char *hs_records_bytes(const struct hs_records *records);
void hs_records_pass(struct hs_records *records, size_t length);
/* After -EBADMSG: continues to the next whole record, or to the end. -errno. */
HS_MUST_CHECK int hs_records_pass_damage(struct hs_records *records);

#endif
