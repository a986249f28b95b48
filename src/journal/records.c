/* Records: see records.h. Reads by pread, never by mmap: a mapped journal counts as resident memory
 * (160 to 315 MB were measured). */
#include "records.h"

#include <hookstream/disk.h>
#include <hookstream/hash.h>
#include <stdlib.h>

/* The budget for checksums that may be wrong: the longest record, plus eight times the bytes
 * passed. */
#define WASTED_FREE ((uint64_t)HS_RECORD_MAX)
#define WASTED_FACTOR 8u
#define ALWAYS_CHECKED 2048u /* covers the length of most records: at most 36 overlap */
#define LATE_MAX 64u
#define PIECE (64u << 10)

void hs_records_init(struct hs_records *records, const struct hs_disk *disk)
{
    *records = (struct hs_records){.disk = disk, .file = -1, .capacity = HS_READER_BUFFER};
    records->data = hs_alloc(records->capacity);
}

void hs_records_leave(struct hs_records *records)
{
    hs_disk_close(records->disk, records->file);
    records->file = -1;
    records->at = records->size = 0;
}

void hs_records_free(struct hs_records *records)
{
    hs_records_leave(records);
    free(records->data);
}

void hs_records_enter(struct hs_records *records, int file, uint64_t seed, uint64_t first,
                      uint64_t end)
{
    hs_records_leave(records);
    records->file = file;
    records->seed = seed;
    records->end = end > HS_SEGMENT_HEADER ? end : HS_SEGMENT_HEADER;
    records->offset = HS_SEGMENT_HEADER;
    records->next = first;
    records->wasted = records->wasted_place = records->sure = 0;
}

uint64_t hs_records_place(const struct hs_records *records)
{
    return records->offset + records->at;
}

void hs_records_reread(struct hs_records *records, uint64_t end)
{
    records->offset += records->at;
    records->at = records->size = 0;
    records->end = end > records->offset ? end : records->offset;
}

const char *hs_records_bytes(const struct hs_records *records)
{
    return records->data + records->at;
}

void hs_records_pass(struct hs_records *records, size_t length)
{
    HS_ASSERT(length <= records->size - records->at);
    records->next = hs_record_sequence(hs_records_bytes(records)) + 1;
    records->at += length;
}

/* Moves the remaining bytes to the front, in a buffer with room for `wanted` bytes. */
static void make_room(struct hs_records *records, size_t wanted)
{
    if (records->at > 0) {
        memmove(records->data, records->data + records->at, records->size - records->at);
        records->offset += records->at;
        records->size -= records->at;
        records->at = 0;
    }
    /* Grows for a large record, and shrinks to the usual size after it. */
    size_t capacity = wanted > HS_READER_BUFFER ? wanted : HS_READER_BUFFER;
    if (capacity > records->capacity ||
        (capacity < records->capacity && records->size <= capacity)) {
        records->data = hs_realloc_array(records->data, capacity, 1);
        records->capacity = capacity;
    }
}

/* Makes at least `wanted` bytes available. 1: they are; 0: `end` comes first; -EBADMSG: the file
 * ends first; -errno. */
static int have(struct hs_records *records, size_t wanted)
{
    if (records->size - records->at >= wanted)
        return 1;
    if (wanted > records->end - hs_records_place(records))
        return 0;
    make_room(records, wanted);
    uint64_t from = records->offset + records->size;
    size_t room = records->capacity - records->size;
    uint64_t rest = records->end - from;
    ssize_t got = hs_disk_read(records->disk, records->file, records->data + records->size,
                               rest < room ? (size_t)rest : room, from);
    if (got < 0)
        return (int)got;
    records->size += (size_t)got;
    if (records->size < wanted)
        return hs_fail(-EBADMSG, "a segment is shorter than what was written to it");
    return 1;
}

/* ---- The budget for wrong checksums ---- */

/* Whether the budget covers a checksum that may be wrong, including the bytes passed so far. */
static bool is_affordable(const struct hs_records *records, size_t length)
{
    uint64_t place = hs_records_place(records), passed = place - HS_SEGMENT_HEADER;
    return place == records->sure || length <= ALWAYS_CHECKED ||
           records->wasted + length <= WASTED_FREE + WASTED_FACTOR * passed;
}

static void note_waste(struct hs_records *records, uint64_t place, size_t length)
{
    records->wasted += place != records->wasted_place ? length : 0;
    records->wasted_place = place;
}

ssize_t hs_records_peek(struct hs_records *records, struct hs_event *ret_event)
{
    int code = have(records, HS_RECORD_HEADER);
    if (code <= 0)
        return code;
    size_t length = hs_record_whole_length(hs_records_bytes(records), records->size - records->at);
    if (length == 0)
        return hs_fail(-EBADMSG, "no record where one should begin");
    if (!is_affordable(records, length))
        return hs_fail(-EBADMSG, "too many damaged records");
    code = have(records, length);
    if (code == -EBADMSG)
        note_waste(records, hs_records_place(records), length);
    if (code < 0)
        return code;
    if (code == 0)
        return hs_fail(-EBADMSG, "a record is longer than its segment");
    code = hs_record_decode(hs_records_bytes(records), length, records->seed, ret_event);
    if (code == -EBADMSG)
        note_waste(records, hs_records_place(records), length);
    return code < 0 ? code : (ssize_t)length;
}

/* ---- Beyond damage ---- */

/* Possibly a record. */
struct candidate {
    uint64_t place, sequence;
    size_t length;
};

struct search {
    uint64_t hole; /* nothing is known from here on */
    uint64_t next; /* the sequence of the record that began there */
    struct candidate found;
    struct candidate late[LATE_MAX]; /* the last candidates that the budget did not cover */
    size_t late_count;               /* in total */
};

static void go_to(struct hs_records *records, uint64_t place)
{
    if (place >= records->offset && place <= records->offset + records->size) {
        records->at = (size_t)(place - records->offset);
        return;
    }
    records->offset = place;
    records->at = records->size = 0;
}

/* Whether the head at hand may be that of a record. Each record before it took HS_RECORD_HEADER
 * bytes or more, and one sequence. */
static bool look(const struct hs_records *records, const struct search *search,
                 struct candidate *ret_candidate)
{
    const char *head = hs_records_bytes(records);
    size_t length = hs_record_whole_length(head, records->size - records->at);
    uint64_t place = hs_records_place(records), sequence = hs_record_sequence(head);
    if (length == 0 || length > records->end - place || sequence < search->next ||
        sequence - search->next > (place - search->hole) / HS_RECORD_HEADER ||
        hs_record_durable(head) >= sequence)
        return false;
    *ret_candidate = (struct candidate){place, sequence, length};
    return true;
}

/* Checks the checksum of a record that is not in memory as a whole, in pieces. What is in memory
 * stays, and a large record is not moved about. 1: right; 0: wrong; -errno. */
static int check_in_file(struct hs_records *records, const struct candidate *candidate)
{
    HS_AUTO_FREE char *piece = hs_alloc(PIECE);
    struct hs_hasher *hasher = hs_hasher_create(records->seed);
    uint64_t checksum = 0;
    int code = 1;
    for (size_t done = 0; code == 1 && done < candidate->length;) {
        size_t size = candidate->length - done < PIECE ? candidate->length - done : PIECE;
        ssize_t got =
            hs_disk_read(records->disk, records->file, piece, size, candidate->place + done);
        code = got < 0 ? (int)got : (size_t)got == size;
        if (code != 1)
            break;
        size_t head = done == 0 ? 16 : 0;
        checksum = done == 0 ? hs_get64(piece + 8) : checksum;
        hs_hasher_add(hasher, hs_slice(piece + head, size - head));
        done += size;
    }
    uint64_t hash = hs_hasher_end(hasher);
    return code == 1 ? hash == checksum : code;
}

static int check(struct hs_records *records, const struct candidate *candidate)
{
    uint64_t place = candidate->place, at_hand = records->offset + records->size;
    int code = place >= records->offset && at_hand - place >= candidate->length && place <= at_hand
                   ? hs_record_is_whole(records->data + (place - records->offset),
                                        candidate->length, records->seed)
                   : check_in_file(records, candidate);
    if (code == 0)
        note_waste(records, place, candidate->length);
    return code;
}

/* Whether a whole record of this sequence begins at `place`. 1, 0 or -errno. */
static int try_place(struct hs_records *records, struct search *search, uint64_t place,
                     uint64_t sequence)
{
    if (place > records->end || records->end - place < HS_RECORD_HEADER)
        return 0;
    go_to(records, place);
    int code = have(records, HS_RECORD_HEADER);
    if (code <= 0)
        return code == -EBADMSG ? 0 : code;
    struct candidate candidate;
    if (!look(records, search, &candidate) || candidate.sequence != sequence ||
        !is_affordable(records, candidate.length))
        return 0;
    code = check(records, &candidate);
    search->found = candidate;
    return code;
}

/* Follows the length in the damaged record's own head. 1: the next record is there; 0: the search
 * continues at search->hole; -errno. */
static int follow_head(struct hs_records *records, struct search *search)
{
    size_t lengths[2], count = 0;
    int code = have(records, HS_RECORD_HEADER);
    if (code == 1)
        count = hs_record_guess_lengths(hs_records_bytes(records), records->size - records->at,
                                        lengths);
    else if (code < 0 && code != -EBADMSG)
        return code;
    for (size_t i = 0; i < count; i++) {
        code = try_place(records, search, search->hole + lengths[i], search->next + 1);
        if (code != 0)
            return code;
    }
    go_to(records, search->hole);
    return 0;
}

/* Moves to the next place where a record may begin. 1; 0: there is none; -errno. */
static int next_candidate(struct hs_records *records, struct search *search,
                          struct candidate *ret_candidate)
{
    for (;;) {
        int code = have(records, 8 + HS_RECORD_HEADER);
        if (code <= 0)
            return code == -EBADMSG ? 0 : code;
        while (records->size - records->at >= 8 + HS_RECORD_HEADER) {
            records->at += 8;
            if (look(records, search, ret_candidate))
                return 1;
        }
    }
}

/* 1: found a whole record; 0: there is none; -errno. */
static int scan(struct hs_records *records, struct search *search)
{
    struct candidate candidate;
    int code;
    while ((code = next_candidate(records, search, &candidate)) == 1) {
        if (!is_affordable(records, candidate.length)) {
            search->late[search->late_count++ % LATE_MAX] = candidate;
            continue;
        }
        code = check(records, &candidate);
        if (code != 0) {
            search->found = candidate;
            return code;
        }
    }
    return code;
}

/* A candidate that the budget did not cover may be whole. Tries those before the record found. */
static int try_late(struct hs_records *records, const struct search *search, bool found)
{
    uint64_t place = found ? search->found.place : records->end;
    uint64_t sequence = found ? search->found.sequence : UINT64_MAX;
    size_t kept = search->late_count < LATE_MAX ? search->late_count : LATE_MAX;
    go_to(records, place);
    for (size_t i = 1; i <= kept; i++) {
        const struct candidate *late = &search->late[(search->late_count - i) % LATE_MAX];
        if (late->length > place - late->place || late->sequence >= sequence ||
            !is_affordable(records, late->length))
            continue;
        int code = check(records, late);
        if (code < 0)
            return code;
        if (code > 0) {
            go_to(records, late->place);
            break;
        }
    }
    return 0;
}

int hs_records_pass_damage(struct hs_records *records)
{
    struct search search = {.hole = hs_records_place(records), .next = records->next};
    int code = follow_head(records, &search);
    if (code == 0)
        code = scan(records, &search);
    if (code == 0 || code == 1)
        code = try_late(records, &search, code == 1);
    records->sure = hs_records_place(records);
    return code;
}
