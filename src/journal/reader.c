/* Reader: walks the segments forwards and never reads a byte that is not durable (J3): it asks the
 * table how far a segment may be read. */
#include "internal.h"
#include "records.h"

#include <fcntl.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>

/* Tries to open a segment that the keeper removes at the same moment. */
#define ENTER_TRIES 16u

struct hs_reader {
    struct hs_journal *journal;
    uint64_t next;         /* the smallest sequence wanted */
    uint64_t seen_durable; /* when nothing was left; nothing new until it moves */
    struct hs_records records;
    uint64_t first, last; /* of the segment that is open */
    bool sealed;
    uint64_t expected;          /* the sequence after the last one passed in it */
    struct hs_reader_loss loss; /* of the last damage */
    struct hs_counter *damaged; /* NULL: none found yet */
    bool looks_only;
};

int hs_reader_open(struct hs_journal *journal, uint64_t from, struct hs_reader **ret_reader)
{
    struct hs_reader *reader = hs_alloc(sizeof(*reader));
    reader->journal = journal;
    reader->next = from;
    reader->seen_durable = UINT64_MAX;
    hs_records_init(&reader->records, journal->disk);
    *ret_reader = reader;
    return 0;
}

void hs_reader_look_only(struct hs_reader *reader)
{
    reader->looks_only = true;
}

void hs_reader_close(struct hs_reader *reader)
{
    if (reader == NULL)
        return;
    hs_records_free(&reader->records);
    free(reader);
}

int hs_reader_seek(struct hs_reader *reader, uint64_t from)
{
    /* Forwards in the same segment: records in between are passed as they are read. */
    if (from < reader->next || (reader->sealed && from > reader->last))
        hs_records_leave(&reader->records);
    reader->next = from;
    reader->seen_durable = UINT64_MAX;
    return 0;
}

/* ---- Segments ---- */

/* How far the open segment may now be read. */
static void look_again(struct hs_reader *reader)
{
    struct hs_journal *journal = reader->journal;
    bool found = false;
    pthread_mutex_lock(&journal->table_lock);
    size_t index = hs_table_index(journal, reader->first);
    if (index < journal->segment_count) {
        const struct hs_segment *segment = journal->segments[index];
        /* An empty one may have been replaced by another of the same first sequence. */
        found = segment->first == reader->first && segment->seed == reader->records.seed;
        reader->last = found ? segment->last : reader->last;
        reader->records.end = found ? segment->end : reader->records.end;
        reader->sealed = found ? segment->sealed : reader->sealed;
    }
    pthread_mutex_unlock(&journal->table_lock);
    /* Removed: it was finished, and every cursor has passed it. */
    reader->sealed = reader->sealed || !found;
}

/* 1: opened the segment with `next`, or the first one after it; 0: there is none; -ENODATA: its
 * file was deleted. */
static int enter_segment(struct hs_reader *reader)
{
    struct hs_journal *journal = reader->journal;
    int file = -ENOENT;
    bool gone = false;
    for (unsigned i = 0; i < ENTER_TRIES && file == -ENOENT; i++) {
        HS_AUTO_FREE char *path = NULL;
        uint64_t seed = 0, end = 0;
        pthread_mutex_lock(&journal->table_lock);
        const struct hs_segment *segment = hs_table_find(journal, reader->next);
        if (segment != NULL) {
            reader->first = reader->expected = segment->first;
            reader->last = segment->last;
            reader->sealed = segment->sealed;
            seed = segment->seed;
            end = segment->end;
            gone = segment->gone;
            path = hs_strdup(segment->path);
        }
        pthread_mutex_unlock(&journal->table_lock);
        if (path == NULL)
            return 0;
        /* Removed since the look: the next look finds the one after it. */
        file = hs_disk_open(journal->disk, path, O_RDONLY);
        if (file == -ENOENT && gone)
            return -ENODATA;
        if (file >= 0)
            hs_records_enter(&reader->records, file, seed, reader->first, end);
    }
    return file < 0 ? file : 1;
}

/* ---- Records ---- */

/* Beyond `last` a finished segment may hold void bytes (J4). */
static bool is_done(const struct hs_reader *reader)
{
    return reader->sealed && (reader->next > reader->last || reader->last < reader->first);
}

static ssize_t peek(struct hs_reader *reader, struct hs_event *ret_event)
{
    ssize_t length = is_done(reader) ? 0 : hs_records_peek(&reader->records, ret_event);
    if (length != 0 || reader->sealed)
        return length;
    look_again(reader);
    return is_done(reader) ? 0 : hs_records_peek(&reader->records, ret_event);
}

/* A segment holds one record per sequence up to its last: those from `expected` to `last` are
 * missing. Reported by the first reader to find it. -EBADMSG. */
static int lose(struct hs_reader *reader, uint64_t last, uint64_t begin, uint64_t end)
{
    HS_AUTO_FREE char *path = hs_segment_path(reader->journal->segments_path, reader->first);
    uint64_t first = reader->expected;
    reader->loss.first = first > reader->next ? first : reader->next;
    reader->loss.last = last;
    reader->expected = last + 1;
    if (reader->next <= last)
        reader->next = last + 1;
    if (hs_table_note_damage(reader->journal, reader->first, begin)) {
        /* A cell belongs to one thread; the journal's own is the committer's. */
        if (reader->damaged == NULL)
            reader->damaged = hs_metrics_counter(
                reader->journal->alarmed, HS_METRIC_journal_damaged_total, reader->journal->label);
        hs_counter_add(reader->damaged, 1);
        hs_log_limited(
            HS_LOG_ERROR, "journal_damaged",
            "damaged bytes in the journal are passed over: events are lost on this disk; see "
            "hookstream journal verify",
            HS_F("file", "%s", path), HS_F("offset", "%" PRIu64, begin),
            HS_F("bytes", "%" PRIu64, end - begin), HS_F("first", "%" PRIu64, first),
            HS_F("last", "%" PRIu64, last));
    }
    if (!reader->looks_only)
        hs_journal_lose(reader->journal, reader->loss.first, last);
    return hs_fail(-EBADMSG, "damaged bytes in %s at offset %" PRIu64, path, begin);
}

/* Continues behind damaged bytes. -EBADMSG, or -errno. */
static int pass_damage(struct hs_reader *reader)
{
    uint64_t begin = hs_records_place(&reader->records), last = reader->last;
    int code = hs_records_pass_damage(&reader->records);
    if (code < 0)
        return code;
    struct hs_event event;
    ssize_t length = hs_records_peek(&reader->records, &event);
    if (length < 0 && length != -EBADMSG)
        return (int)length;
    if (length > 0 && event.sequence <= last)
        last = event.sequence - 1;
    return lose(reader, last, begin, hs_records_place(&reader->records));
}

/* The records that should be here are missing, but there are no damaged bytes: the file was cut
 * short, or a segment behind it is gone. */
static bool is_short(const struct hs_reader *reader, ssize_t length, const struct hs_event *event)
{
    if (length == 0)
        return reader->sealed && reader->expected <= reader->last && reader->next <= reader->last;
    return event->sequence > reader->expected && reader->expected <= reader->last;
}

struct hs_reader_loss hs_reader_loss(const struct hs_reader *reader)
{
    return reader->loss;
}

/* No durable event is left in this segment. true: another segment may have more. */
static bool leave_finished(struct hs_reader *reader)
{
    if (!reader->sealed)
        return false;
    if (reader->next <= reader->last)
        reader->next = reader->last + 1;
    hs_records_leave(&reader->records);
    return true;
}

int hs_reader_next(struct hs_reader *reader, struct hs_event *ret_event)
{
    uint64_t durable = hs_journal_durable(reader->journal);
    if (durable == reader->seen_durable)
        return 0;
    hs_heartbeat(); /* a reader of many events makes progress */
    for (;;) {
        if (reader->records.file < 0) {
            int entered = enter_segment(reader);
            if (entered == -ENODATA)
                return lose(reader, reader->last, 0, 0);
            if (entered < 0)
                return entered;
            if (entered == 0)
                break;
        }
        ssize_t length = peek(reader, ret_event);
        if (length == -EBADMSG)
            return pass_damage(reader);
        if (length < 0)
            return (int)length;
        if (is_short(reader, length, ret_event)) {
            uint64_t place = hs_records_place(&reader->records), last = reader->last;
            if (length > 0 && ret_event->sequence <= last)
                last = ret_event->sequence - 1;
            return lose(reader, last, place, place);
        }
        if (length == 0) {
            if (!leave_finished(reader))
                break;
            continue;
        }
        hs_records_pass(&reader->records, (size_t)length);
        bool is_void = reader->sealed && ret_event->sequence > reader->last;
        if (!is_void && ret_event->sequence >= reader->expected)
            reader->expected = ret_event->sequence + 1;
        if (ret_event->sequence < reader->next || is_void)
            continue;
        reader->next = ret_event->sequence + 1;
        return 1;
    }
    reader->seen_durable = durable;
    return 0;
}
