/* Format of the journal, version 1. All numbers are little-endian. docs/journal-format.md describes
 * it with the reasons, for readers in other languages.
 *
 *   <journal>/LOCK                     held by the process that has the journal open
 *   <journal>/meta                     identity and hash key (folder.c)
 *   <journal>/segments/<first>.hsj     20 digits: the first sequence it may hold
 *   <journal>/segments/next            a segment prepared ahead, reads as zeros
 *   <journal>/cursors/<name>.cursor    the progress of a sink (cursor.c)
 *   <journal>/ids/                     the dedupe's
 *
 * A segment begins with a header of 4096 bytes. Its first 88 bytes are as follows and are repeated
 * at byte 2048, so that a lost sector does not take the seed; the rest is zeros:
 *
 *   offset size
 *        0    8  "HSJRNL\0\1": magic and the version in its last byte
 *        8   36  the journal's identity (a UUID as text), 4 zeros
 *       48    8  first: the first sequence that it may hold
 *       56    8  previous_last: the last valid sequence before it. Records of the segment
 *                before it with a larger sequence are void (J4).
 *       64    8  created, ns since 1970
 *       72    8  seed of its records' checksums, random: older bytes never look valid
 *       80    8  XXH3-64 of bytes 0 to 79
 *
 * The records follow without gaps, each on an 8-byte boundary. A length of 0 (the zeros of a
 * prepared segment) ends them.
 *
 *        0    4  length of the whole record with padding, a multiple of 8
 *        4    4  "REC1"
 *        8    8  XXH3-64, with the segment's seed, of bytes 16 to length - 1
 *       16    8  sequence
 *       24    8  received, ns since 1970
 *       32    8  durable: the last sequence that was durable when this was written. A damaged
 *                record below a later record's durable is bit rot, not a torn tail.
 *       40    2  bytes of source
 *       42    2  bytes of id
 *       44    2  bytes of type
 *       46    1  number of headers
 *       47    1  flaw (enum hs_event_flaw)
 *       48    4  bytes of headers
 *       52    4  bytes of body
 *       56       source, id, type, headers (2 bytes name size, 2 bytes value size, name,
 *                value, each), body, zeros up to the length */
#ifndef HS_JOURNAL_FORMAT_H
#define HS_JOURNAL_FORMAT_H

#include <hookstream/limits.h>
#include <hookstream/journal.h>

#define HS_FORMAT_VERSION 1u
#define HS_SEGMENT_HEADER 4096u
#define HS_SEGMENT_COPY 2048u /* offset of the header's copy */
#define HS_RECORD_HEADER 56u

struct hs_segment_header {
    char identity[37];
    uint64_t first, previous_last, created_wall_ns, seed;
    bool from_copy; /* read: the first one is damaged, the copy is good */
};

/* `ret_bytes` has HS_SEGMENT_HEADER bytes. */
void hs_segment_header_encode(const struct hs_segment_header *header, char *ret_bytes);
/* Decodes HS_SEGMENT_HEADER bytes. 0, also if only one of the two copies is good; -EPROTO: unknown
 * version; -EBADMSG: damaged or not a segment. */
HS_MUST_CHECK int hs_segment_header_decode(const char *bytes, struct hs_segment_header *ret_header);

/* The record's length; 0 if the event is too large for a record. */
size_t hs_record_size(const struct hs_event *event);
/* Encodes all but the checksum and `durable` into `size` = hs_record_size() bytes. */
void hs_record_encode(const struct hs_event *event, uint64_t sequence, size_t size,
                      char *ret_bytes);
/* Sets `durable` and the checksum. */
void hs_record_seal(char *bytes, uint64_t durable, uint64_t seed);
/* The length and sequence of the record at `bytes`, plausible but unchecked; 0: no record. */
size_t hs_record_length(const char *bytes, size_t available);
/* The same, and the sizes of its parts add up to that length, as in every record written. */
size_t hs_record_whole_length(const char *bytes, size_t available);
/* Whether its checksum matches its `length` bytes. */
bool hs_record_is_whole(const char *bytes, size_t length, uint64_t seed);
/* Possible lengths of a damaged record: two of its three marks (the length, "REC1" and the sizes of
 * its parts) must agree. Returns the number of lengths. */
size_t hs_record_guess_lengths(const char *bytes, size_t available, size_t ret_lengths[2]);
uint64_t hs_record_sequence(const char *bytes);
uint64_t hs_record_durable(const char *bytes);
uint64_t hs_record_received_ns(const char *bytes);
/* Checks the record, which is complete in `length` bytes, and returns the event as slices of it.
 * -EBADMSG: damaged. */
HS_MUST_CHECK int hs_record_decode(const char *bytes, size_t length, uint64_t seed,
                                   struct hs_event *ret_event);
/* The same without the checksum, for records in memory. */
HS_MUST_CHECK int hs_record_view(const char *bytes, size_t length, struct hs_event *ret_event);

#endif
