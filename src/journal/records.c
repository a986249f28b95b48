/* Records: see records.h. Bytes come by pread, never by mmap: a mapped journal counts as
 * resident memory (160 to 315 MB were measured). */
#include "records.h"

#include <stdlib.h>

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

void hs_records_enter(struct hs_records *records, int file, uint64_t seed, uint64_t end)
{
    hs_records_leave(records);
    records->file = file;
    records->seed = seed;
    records->end = end > HS_SEGMENT_HEADER ? end : HS_SEGMENT_HEADER;
    records->offset = HS_SEGMENT_HEADER;
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
    records->at += length;
}

/* Moves what is left to the front, in a buffer that `wanted` bytes fit in. */
static void make_room(struct hs_records *records, size_t wanted)
{
    if (records->at > 0) {
        memmove(records->data, records->data + records->at, records->size - records->at);
        records->offset += records->at;
        records->size -= records->at;
        records->at = 0;
    }
    /* Larger for a large record, and back to the usual size after it. */
    size_t capacity = wanted > HS_READER_BUFFER ? wanted : HS_READER_BUFFER;
    if (capacity > records->capacity ||
        (capacity < records->capacity && records->size <= capacity)) {
        records->data = hs_realloc_array(records->data, capacity, 1);
        records->capacity = capacity;
    }
}

/* Whether at least `wanted` bytes are at hand. 1: they are; 0: `end` comes before; -EBADMSG:
 * the file ends before; -errno. */
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

ssize_t hs_records_peek(struct hs_records *records, struct hs_event *ret_event)
{
    int code = have(records, HS_RECORD_HEADER);
    if (code <= 0)
        return code;
    size_t length = hs_record_length(hs_records_bytes(records), records->size - records->at);
    if (length == 0)
        return hs_fail(-EBADMSG, "no record where one should begin");
    code = have(records, length);
    if (code < 0)
        return code;
    if (code == 0)
        return hs_fail(-EBADMSG, "a record is longer than its segment");
    code = hs_record_decode(hs_records_bytes(records), length, records->seed, ret_event);
    return code < 0 ? code : (ssize_t)length;
}

static void go_to_end(struct hs_records *records)
{
    records->offset = records->end;
    records->at = records->size = 0;
}

/* Over what is at hand and does not even begin like a record, cheaply: a zeroed tail has
 * eight million such places. */
static void skip_nonsense(struct hs_records *records)
{
    while (records->size - records->at >= 8 + HS_RECORD_HEADER &&
           hs_record_length(hs_records_bytes(records) + 8, records->size - records->at - 8) == 0)
        records->at += 8;
}

int hs_records_pass_damage(struct hs_records *records)
{
    struct hs_event event;
    ssize_t length;
    do {
        int code = have(records, 8 + HS_RECORD_HEADER);
        if (code < 0 && code != -EBADMSG)
            return code;
        if (code <= 0) {
            go_to_end(records);
            return 0;
        }
        skip_nonsense(records);
        records->at += 8;
        length = hs_records_peek(records, &event);
    } while (length == -EBADMSG);
    if (length == 0)
        go_to_end(records);
    return length < 0 ? (int)length : 0;
}
