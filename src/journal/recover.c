/* Recover: builds the table of segments from the disk. All but the last are added by their headers;
 * the last is read whole, since a crash may have torn its tail (J6).
 *
 * What is found there may so far be only in the system's cache, and after a failed sync a later one
 * proves nothing about it. So records that no later record vouches for are rewritten and synced
 * before they count as durable (J1). */
#include "internal.h"
#include "records.h"
#include "tail.h"

#include <fcntl.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- Headers ---- */

static void use_no_sequence_below(struct hs_journal *journal, uint64_t next)
{
    if (journal->next_sequence < next)
        journal->next_sequence = next;
}

/* No sequence of it is used again (J2): it cannot have held more than the smallest of records. */
static void set_aside(struct hs_journal *journal, const char *path, uint64_t first, uint64_t size)
{
    HS_AUTO_FREE char *aside = NULL;
    hs_counter_add(journal->damaged, 1);
    hs_log(HS_LOG_ERROR,
           "a segment's header is damaged; it is set aside as .damaged and its "
           "events are not delivered: check the disk",
           HS_F("file", "%s", path), HS_F("error", "%s", hs_error_text()));
    if (asprintf(&aside, "%s.damaged", path) > 0)
        (void)journal->disk->rename(journal->disk->context, path, aside); /* otherwise it stays */
    use_no_sequence_below(journal, hs_add_sat(first, size / HS_RECORD_HEADER + 1));
}

static int read_header(struct hs_journal *journal, const char *path, uint64_t first,
                       struct hs_segment_header *ret_header, uint64_t *ret_size)
{
    int file = hs_segment_open(journal->disk, path, O_RDONLY, ret_header, ret_size);
    if (file < 0)
        return file;
    hs_disk_close(journal->disk, file);
    if (strcmp(ret_header->identity, journal->identity) != 0)
        return hs_fail(-EINVAL, "%s belongs to another journal: do not mix their folders", path);
    if (ret_header->first != first)
        return hs_fail(-EBADMSG, "its name is not that of its first event");
    if (ret_header->from_copy) {
        hs_counter_add(journal->damaged, 1);
        hs_log(
            HS_LOG_ERROR,
            "a segment's header is damaged; its copy is good and nothing is lost: check the disk",
            HS_F("file", "%s", path));
    }
    return 0;
}

/* Adds the segment to the table, as finished. It also determines where the one before it ends. */
static int add_segment(struct hs_journal *journal, uint64_t first)
{
    HS_AUTO_FREE char *path = hs_segment_path(journal->segments_path, first);
    struct hs_segment_header header;
    uint64_t size = 0;
    int code = read_header(journal, path, first, &header, &size);
    if (code == -EBADMSG) {
        set_aside(journal, path, first, size);
        return 0;
    }
    if (code < 0)
        return code;
    if (journal->begin == 0)
        journal->begin = header.previous_last + 1;
    if (journal->segment_count > 0) {
        struct hs_segment *before = journal->segments[journal->segment_count - 1];
        before->last = header.previous_last;
        before->newest_wall_ns = header.created_wall_ns;
    }
    struct hs_segment *segment = hs_table_add(journal, &header);
    segment->size = segment->end = size;
    segment->sealed = true;
    atomic_fetch_add(&journal->bytes, size);
    use_no_sequence_below(journal, first);
    atomic_store(&journal->durable, header.previous_last);
    return 0;
}

/* ---- The tail ---- */

/* How far the last segment is good. */
struct tail {
    struct hs_segment *segment;
    uint64_t vouched; /* the largest `durable` in a record */
    uint64_t known;   /* the mark's durable sequence: damage below it is not a torn batch */
    uint64_t unsure;  /* start of the first record that no other vouches for */
    struct hs_records records;

    /* Damaged bytes followed by whole records, none of which yet proves that the damaged bytes were
     * durable. A crash may have torn them; then the tail is cut back to here. */
    uint64_t hole, hole_to; /* 0: none */
    uint64_t last, newest_wall_ns, end;
};

/* Counts the record at hand, which begins at `place`. */
static void take(struct tail *tail, const char *record, uint64_t place, size_t length)
{
    struct hs_segment *segment = tail->segment;
    /* `durable` was the last of an earlier batch: everything before this record belongs to one. */
    if (hs_record_durable(record) > tail->vouched) {
        tail->vouched = hs_record_durable(record);
        tail->unsure = place;
    }
    /* It is bit rot: the reader will report it, and which events it costs. */
    if (tail->hole != 0 && (tail->vouched > tail->last || tail->known > tail->last))
        tail->hole = 0;
    segment->last = hs_record_sequence(record);
    uint64_t received = hs_record_received_ns(record);
    segment->newest_wall_ns =
        received > segment->newest_wall_ns ? received : segment->newest_wall_ns;
    segment->end = place + length;
}

/* Moves to the next whole record, if there is one. */
static int pass_damage(struct tail *tail)
{
    const struct hs_segment *segment = tail->segment;
    uint64_t begin = hs_records_place(&tail->records);
    int code = hs_records_pass_damage(&tail->records);
    if (code < 0 || tail->hole != 0)
        return code;
    tail->hole = begin;
    tail->hole_to = hs_records_place(&tail->records);
    tail->last = segment->last;
    tail->newest_wall_ns = segment->newest_wall_ns;
    tail->end = segment->end;
    return 0;
}

/* Reads the last segment to its end. */
static int scan(struct tail *tail)
{
    for (;;) {
        struct hs_event event;
        ssize_t length = hs_records_peek(&tail->records, &event);
        int code = 0;
        if (length > 0) {
            if (event.sequence > tail->segment->last)
                take(tail, hs_records_bytes(&tail->records), hs_records_place(&tail->records),
                     (size_t)length);
            hs_records_pass(&tail->records, (size_t)length);
        } else if (length == -EBADMSG) {
            code = pass_damage(tail);
        } else {
            return (int)length;
        }
        if (code < 0)
            return code;
    }
}

/* Whole records follow the hole. A finished file was synced to its end, so there it is bit rot.
 * Otherwise a sector never written means a torn batch, whose events were never reported as safe.
 * Damage without such a sector is not a tear either. */
static int judge_hole(struct hs_journal *journal, struct tail *tail, uint64_t file_size)
{
    struct hs_segment *segment = tail->segment;
    int open = hs_tail_is_open(journal->disk, tail->records.file, file_size);
    if (open < 0)
        return open;
    bool finished = segment->end == file_size && !open;
    int torn =
        finished ? 0
                 : hs_tail_looks_torn(journal->disk, tail->records.file, tail->hole, tail->hole_to);
    if (torn <= 0)
        return torn;
    segment->last = tail->last;
    segment->newest_wall_ns = tail->newest_wall_ns;
    segment->end = tail->end;
    return 0;
}

/* No whole record follows. A properly finished file with damage at its very end keeps those
 * sequences as lost events, so that every sink reports them. */
static int judge_end(struct hs_journal *journal, struct tail *tail, uint64_t file_size)
{
    struct hs_segment *segment = tail->segment;
    uint64_t end = segment->end;
    int blank = hs_tail_is_blank(journal->disk, tail->records.file, end, file_size);
    /* A record torn in a file that still has its reserved size may end there, too. */
    int count = blank == 0 ? hs_tail_is_open(journal->disk, tail->records.file, file_size) : 0;
    if (blank == 0 && count == 0)
        count = hs_tail_records(journal->disk, tail->records.file, end, file_size);
    else if (count > 0)
        count = 0;
    if (blank != 0 || count < 0)
        return blank < 0 ? blank : count;
    if (count > 0) {
        segment->last += (uint64_t)count;
        segment->end = file_size;
        tail->unsure = file_size;
        return 0;
    }
    hs_log(HS_LOG_WARN,
           "the journal ends in a record that is not whole, as after a crash: it is cut off; its "
           "event was not answered 2xx",
           HS_F("file", "%s", segment->path), HS_F("offset", "%" PRIu64, end));
    /* If it is damage after all, a server that keeps its own cursor may have those events, and must
     * not take new ones for them (J2). */
    int64_t cut = hs_tail_extent(journal->disk, tail->records.file, end, file_size);
    if (cut > 0)
        use_no_sequence_below(journal, segment->last + 2 + (uint64_t)cut / HS_RECORD_HEADER);
    return cut < 0 ? (int)cut : 0;
}

/* Writes the same bytes over themselves: they are dirty again, so the sync covers them. */
static int write_again(struct hs_journal *journal, int file, uint64_t from, uint64_t end)
{
    const size_t step = 64u << 10;
    HS_AUTO_FREE char *bytes = hs_alloc(step);
    while (from < end) {
        size_t size = end - from < step ? (size_t)(end - from) : step;
        ssize_t got = hs_disk_read(journal->disk, file, bytes, size, from);
        if (got < 0)
            return (int)got;
        if ((size_t)got < size)
            return hs_fail(-EIO, "the last segment became shorter while it was read");
        int code = hs_disk_write(journal->disk, file, hs_slice(bytes, size), from);
        if (code < 0)
            return code;
        from += size;
    }
    return 0;
}

/* Makes the good part safe; the bytes beyond it must never come back. Also synced before the cut: a
 * file that ends with a record says that all in it is safe (tail.h). */
static int secure_tail(struct hs_journal *journal, int file, const struct tail *tail)
{
    struct hs_segment *segment = tail->segment;
    int code = write_again(journal, file, tail->unsure, segment->end);
    if (code == 0)
        code = hs_disk_sync(journal->disk, file);
    if (code == 0)
        code = hs_disk_truncate(journal->disk, file, segment->end);
    if (code == 0)
        code = hs_disk_sync(journal->disk, file);
    if (code < 0)
        return code;
    atomic_fetch_sub(&journal->bytes, segment->size - segment->end);
    segment->size = segment->end;
    return 0;
}

static int recover_last(struct hs_journal *journal)
{
    if (journal->segment_count == 0)
        return 0;
    struct hs_segment *segment = journal->segments[journal->segment_count - 1];
    int file = hs_disk_open(journal->disk, segment->path, O_RDWR);
    if (file < 0)
        return file;
    struct tail tail = {
        .segment = segment,
        .vouched = hs_journal_durable(journal), /* from its header */
        .known = journal->mark.durable,
        .unsure = HS_SEGMENT_HEADER,
    };
    uint64_t size = segment->size;
    hs_records_init(&tail.records, journal->disk);
    hs_records_enter(&tail.records, file, segment->seed, segment->first, size);
    segment->end = HS_SEGMENT_HEADER;
    int code = scan(&tail);
    if (code == 0 && tail.hole != 0 && tail.end != segment->end)
        code = judge_hole(journal, &tail, size);
    if (code == 0)
        code = judge_end(journal, &tail, size);
    if (code == 0)
        code = secure_tail(journal, file, &tail);
    hs_records_free(&tail.records);
    if (code < 0)
        return code;
    if (segment->last >= segment->first)
        atomic_store(&journal->durable, segment->last);
    use_no_sequence_below(journal, segment->last + 1);
    return 0;
}

/* ---- Recovery ---- */

/* Events that a sink has passed were durable, even if their segments are gone. Their sequences are
 * not used again (J2), or the sink would take a new event for one that it has. */
static void on_cursor(void *arg, const char *name)
{
    struct hs_journal *journal = arg;
    HS_AUTO_FREE char *cursor = hs_folder_cursor_name(name);
    HS_AUTO_FREE char *path = NULL;
    uint64_t position;
    if (cursor == NULL || asprintf(&path, "%s/%s", journal->cursors_path, name) < 0)
        return;
    if (hs_cursor_read(journal->disk, path, &position) < 0 || position == UINT64_MAX) {
        journal->passed = 0; /* what its sink has passed is unknown */
        return;
    }
    use_no_sequence_below(journal, position + 1);
    journal->passed = position < journal->passed ? position : journal->passed;
    journal->had_cursors = true;
    if (position > hs_journal_durable(journal))
        atomic_store(&journal->durable, position);
}

int hs_recover(struct hs_journal *journal)
{
    uint64_t *firsts = NULL;
    size_t count = 0;
    journal->next_sequence = 1;
    int code = hs_folder_list_segments(journal->disk, journal->segments_path, &firsts, &count);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_segment(journal, firsts[i]);
    bool set_aside = journal->segment_count > 0 && firsts[0] < journal->segments[0]->first;
    free(firsts);
    if (code == 0)
        code = recover_last(journal);
    uint64_t found = hs_journal_durable(journal);
    journal->passed = UINT64_MAX;
    if (code == 0)
        code = hs_disk_list(journal->disk, journal->cursors_path, on_cursor, journal);
    if (code == 0)
        hs_missing_find(journal, found);
    if (journal->void_first == 0)
        journal->void_first = hs_journal_durable(journal) + 1;
    journal->void_last = journal->next_sequence - 1;
    if (!journal->had_cursors || hs_known_any_missing(journal))
        journal->passed = 0;
    if (code == 0)
        hs_missing_find_begin(journal, set_aside);
    journal->had_events = hs_journal_durable(journal) > 0;
    atomic_store(&journal->last, hs_journal_durable(journal));
    return code;
}
