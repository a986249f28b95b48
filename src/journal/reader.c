/* Reader: walks the segments forwards with a buffer of its own, and never looks at a byte
 * that is not durable (J3): it asks the table how far a segment may be read. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdlib.h>

struct hs_reader {
    struct hs_journal *journal;
    uint64_t next; /* the smallest sequence that is wanted */
    uint64_t seen_durable; /* when nothing was left; until it moves there is nothing */

    /* The segment that is open. */
    int file; /* -1: none */
    uint64_t first, last, end, seed;
    bool sealed;

    /* Its bytes from `offset` on; those before `at` are done with. */
    char *data;
    size_t capacity, at, size;
    uint64_t offset;
};

int hs_reader_open(struct hs_journal *journal, uint64_t from, struct hs_reader **ret_reader)
{
    struct hs_reader *reader = hs_alloc(sizeof(*reader));
    reader->journal = journal;
    reader->next = from;
    reader->file = -1;
    reader->seen_durable = UINT64_MAX;
    reader->capacity = HS_READER_BUFFER;
    reader->data = hs_alloc(reader->capacity);
    *ret_reader = reader;
    return 0;
}

static void leave_segment(struct hs_reader *reader)
{
    hs_disk_close(reader->journal->disk, reader->file);
    reader->file = -1;
    reader->at = reader->size = 0;
}

void hs_reader_close(struct hs_reader *reader)
{
    if (reader == NULL)
        return;
    leave_segment(reader);
    free(reader->data);
    free(reader);
}

int hs_reader_seek(struct hs_reader *reader, uint64_t from)
{
    /* Forwards in the same segment: what lies between is passed over as it is read. */
    if (from < reader->next || reader->file < 0 || (reader->sealed && from > reader->last))
        leave_segment(reader);
    reader->next = from;
    reader->seen_durable = UINT64_MAX;
    return 0;
}

/* ---- Segments ---- */

static void look(struct hs_reader *reader, const struct hs_segment *segment)
{
    reader->first = segment->first;
    reader->last = segment->last;
    reader->end = segment->end;
    reader->seed = segment->seed;
    reader->sealed = segment->sealed;
}

/* How far the open segment may be read by now. One that was removed stays as it was seen. */
static void look_again(struct hs_reader *reader)
{
    struct hs_journal *journal = reader->journal;
    pthread_mutex_lock(&journal->table_lock);
    for (size_t i = 0; i < journal->segment_count; i++)
        if (journal->segments[i]->first == reader->first)
            look(reader, journal->segments[i]);
    pthread_mutex_unlock(&journal->table_lock);
}

/* 1: opened the segment that has `next` or what comes after it; 0: there is none. */
static int enter_segment(struct hs_reader *reader)
{
    struct hs_journal *journal = reader->journal;
    HS_AUTO_FREE char *path = NULL;
    pthread_mutex_lock(&journal->table_lock);
    const struct hs_segment *segment = hs_table_find(journal, reader->next);
    if (segment != NULL) {
        look(reader, segment);
        path = hs_strdup(segment->path);
    }
    pthread_mutex_unlock(&journal->table_lock);
    if (path == NULL)
        return 0;
    int file = hs_disk_open(journal->disk, path, O_RDONLY);
    /* Removed between the look and the open: an error now, and the next call finds what
     * comes after it. */
    if (file < 0)
        return file;
    reader->file = file;
    reader->offset = HS_SEGMENT_HEADER;
    reader->at = reader->size = 0;
    return 1;
}

/* ---- Bytes ---- */

static void make_room(struct hs_reader *reader, size_t wanted)
{
    if (reader->at > 0) {
        memmove(reader->data, reader->data + reader->at, reader->size - reader->at);
        reader->offset += reader->at;
        reader->size -= reader->at;
        reader->at = 0;
    }
    size_t capacity = wanted > HS_READER_BUFFER ? wanted : HS_READER_BUFFER;
    /* Larger for a large record, and back to the usual size after it. */
    bool shrink = reader->capacity > HS_READER_BUFFER && reader->size <= capacity;
    if (capacity > reader->capacity || (shrink && capacity < reader->capacity)) {
        reader->data = hs_realloc_array(reader->data, capacity, 1);
        reader->capacity = capacity;
    }
}

/* Reads until at least `wanted` bytes are at hand. 1: they are; 0: the durable bytes end
 * before; -errno. */
static int have(struct hs_reader *reader, size_t wanted)
{
    if (reader->size - reader->at >= wanted)
        return 1;
    if (reader->offset + reader->at + wanted > reader->end)
        look_again(reader);
    if (reader->offset + reader->at + wanted > reader->end)
        return 0;
    make_room(reader, wanted);
    uint64_t from = reader->offset + reader->size;
    size_t room = reader->capacity - reader->size;
    uint64_t rest = reader->end - from;
    ssize_t got = hs_disk_read(reader->journal->disk, reader->file, reader->data + reader->size,
                               rest < room ? (size_t)rest : room, from);
    if (got < 0)
        return (int)got;
    reader->size += (size_t)got;
    return reader->size - reader->at >= wanted;
}

/* ---- Records ---- */

/* The record at hand: its length when it is whole and valid; 0: the durable bytes end here;
 * -EBADMSG: damaged; -errno. */
static ssize_t take_record(struct hs_reader *reader, struct hs_event *ret_event)
{
    int code = have(reader, HS_RECORD_HEADER);
    if (code <= 0)
        return code;
    size_t length = hs_record_length(reader->data + reader->at, reader->size - reader->at);
    if (length == 0)
        return hs_fail(-EBADMSG, "no record where one should begin");
    code = have(reader, length);
    if (code < 0)
        return code;
    if (code == 0)
        return hs_fail(-EBADMSG, "a record is longer than what is durable");
    code = hs_record_decode(reader->data + reader->at, length, reader->seed, ret_event);
    return code < 0 ? code : (ssize_t)length;
}

/* Goes on to the next whole record of the segment, or to its end. -EBADMSG, or -errno. */
static int pass_damage(struct hs_reader *reader)
{
    struct hs_journal *journal = reader->journal;
    uint64_t begin = reader->offset + reader->at;
    hs_counter_add(journal->damaged, 1);
    ssize_t length;
    struct hs_event event;
    do {
        int code = have(reader, 8);
        if (code < 0)
            return code;
        if (code == 0)
            break;
        reader->at += 8;
        length = take_record(reader, &event);
    } while (length == -EBADMSG);
    hs_log_limited(HS_LOG_ERROR, "journal_damaged",
                   "a damaged record in the journal was passed over: events are lost on this disk",
                   HS_F("segment", "%020" PRIu64, reader->first),
                   HS_F("offset", "%" PRIu64, begin),
                   HS_F("bytes", "%" PRIu64, reader->offset + reader->at - begin));
    return hs_fail(-EBADMSG, "damaged bytes in segment %020" PRIu64 " at offset %" PRIu64,
                   reader->first, begin);
}

/* Nothing durable is left at hand: 1: another segment may have more; 0: no more yet. */
static int at_end(struct hs_reader *reader)
{
    if (!reader->sealed)
        return 0;
    if (reader->next <= reader->last)
        reader->next = reader->last + 1;
    leave_segment(reader);
    return 1;
}

int hs_reader_next(struct hs_reader *reader, struct hs_event *ret_event)
{
    uint64_t durable = hs_journal_durable(reader->journal);
    if (durable == reader->seen_durable)
        return 0;
    for (;;) {
        if (reader->file < 0) {
            int entered = enter_segment(reader);
            if (entered < 0)
                return entered;
            if (entered == 0)
                break;
        }
        /* Beyond `last` a finished segment may hold bytes that are void (J4). */
        bool over = reader->sealed && reader->next > reader->last;
        ssize_t length = over ? 0 : take_record(reader, ret_event);
        if (length == -EBADMSG)
            return pass_damage(reader);
        if (length < 0)
            return (int)length;
        if (length == 0) {
            if (at_end(reader) == 0)
                break;
            continue;
        }
        reader->at += (size_t)length;
        if (ret_event->sequence < reader->next)
            continue;
        if (reader->sealed && ret_event->sequence > reader->last)
            continue;
        reader->next = ret_event->sequence + 1;
        return 1;
    }
    reader->seen_durable = durable;
    return 0;
}
