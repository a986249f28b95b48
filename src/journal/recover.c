/* Recover: what is on disk becomes the table of segments. All but the last are taken by
 * their headers; the last is read whole, since a crash may have torn its tail (J6). */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct names {
    uint64_t *firsts;
    size_t count, capacity;
    struct hs_journal *journal;
};

/* "00000000000000000042.hsj" */
static bool read_name(const char *name, uint64_t *ret_first)
{
    struct hs_slice text = hs_slice_text(name);
    return text.size == 24 && memcmp(name + 20, ".hsj", 4) == 0 &&
           hs_slice_to_u64(hs_slice(name, 20), UINT64_MAX, ret_first) == 0;
}

static void on_name(void *arg, const char *name)
{
    struct names *names = arg;
    uint64_t first;
    if (!read_name(name, &first))
        return;
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? names->capacity * 2 : 64;
        names->firsts = hs_realloc_array(names->firsts, names->capacity, sizeof(uint64_t));
    }
    names->firsts[names->count++] = first;
}

static int compare_firsts(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

/* ---- Headers ---- */

static void set_aside(struct hs_journal *journal, const char *path)
{
    HS_AUTO_FREE char *aside = NULL;
    hs_counter_add(journal->damaged, 1);
    hs_log(HS_LOG_ERROR, "a segment's header is damaged; it is set aside and its events are not "
                         "delivered: check the disk",
           HS_F("file", "%s", path), HS_F("error", "%s", hs_error_text()));
    if (asprintf(&aside, "%s.damaged", path) > 0)
        (void)journal->disk->rename(journal->disk->context, path, aside); /* it stays if not */
}

static int read_header(struct hs_journal *journal, const char *path,
                       struct hs_segment_header *ret_header, uint64_t *ret_size)
{
    int file = hs_disk_open(journal->disk, path, O_RDONLY);
    if (file < 0)
        return file;
    char bytes[HS_SEGMENT_HEADER];
    ssize_t got = hs_disk_read(journal->disk, file, bytes, sizeof(bytes), 0);
    int64_t size = hs_disk_size(journal->disk, file);
    hs_disk_close(journal->disk, file);
    if (got < 0 || size < 0)
        return got < 0 ? (int)got : (int)size;
    *ret_size = (uint64_t)size;
    if ((size_t)got < sizeof(bytes))
        return hs_fail(-EBADMSG, "shorter than a header");
    int code = hs_segment_header_decode(bytes, ret_header);
    if (code == 0 && strcmp(ret_header->identity, journal->identity) != 0)
        code = hs_fail(-EINVAL, "%s belongs to another journal: do not mix their folders", path);
    return code;
}

/* Adds the segment to the table, as finished. The one before it ends where this one says. */
static int add_segment(struct hs_journal *journal, uint64_t first)
{
    HS_AUTO_FREE char *path = hs_segment_path(journal, first);
    struct hs_segment_header header;
    uint64_t size;
    int code = read_header(journal, path, &header, &size);
    if (code == -EBADMSG) {
        set_aside(journal, path);
        return 0;
    }
    if (code < 0)
        return code;
    if (journal->segment_count > 0) {
        struct hs_segment *before = journal->segments[journal->segment_count - 1];
        before->last = header.previous_last;
        before->newest_wall_ns = header.created_wall_ns;
    }
    struct hs_segment *segment = hs_table_add(journal, &header);
    segment->size = segment->end = size;
    segment->sealed = true;
    atomic_fetch_add(&journal->bytes, size);
    if (journal->next_sequence < header.first)
        journal->next_sequence = header.first;
    if (atomic_load(&journal->durable) < header.previous_last)
        atomic_store(&journal->durable, header.previous_last);
    return 0;
}

/* ---- The tail ---- */

/* A valid record at `at` with a sequence beyond `after`: its length, else 0. */
static size_t valid_record(const struct hs_buffer *bytes, size_t at, uint64_t seed, uint64_t after)
{
    struct hs_event event;
    size_t length = hs_record_length(bytes->data + at, bytes->size - at);
    if (length == 0 || length > bytes->size - at ||
        hs_record_decode(bytes->data + at, length, seed, &event) < 0 || event.sequence <= after)
        return 0;
    return length;
}

/* A later record that says that more than `last` was durable before it was written: then
 * what is damaged at `at` is no torn tail, and the journal goes on there. 0: none. */
static size_t find_proof(const struct hs_buffer *bytes, size_t at, uint64_t seed, uint64_t last)
{
    for (at += 8; at + HS_RECORD_HEADER <= bytes->size; at += 8)
        if (valid_record(bytes, at, seed, last) > 0 &&
            hs_record_durable(bytes->data + at) > last)
            return at;
    return 0;
}

static void scan(struct hs_journal *journal, struct hs_segment *segment,
                 const struct hs_buffer *bytes)
{
    size_t at = HS_SEGMENT_HEADER;
    while (at + HS_RECORD_HEADER <= bytes->size) {
        size_t length = valid_record(bytes, at, segment->seed, segment->last);
        if (length == 0) {
            size_t proof = find_proof(bytes, at, segment->seed, segment->last);
            if (proof == 0)
                break;
            hs_log(HS_LOG_ERROR, "a damaged record in the journal: events are lost on this disk",
                   HS_F("file", "%s", segment->path), HS_F("offset", "%zu", at));
            at = proof;
            continue;
        }
        segment->last = hs_record_sequence(bytes->data + at);
        memcpy(&segment->newest_wall_ns, bytes->data + at + 24, 8);
        at += length;
    }
    segment->end = at;
}

/* What lies beyond the last whole record must never come back. */
static int cut_tail(struct hs_journal *journal, struct hs_segment *segment)
{
    if (segment->size == segment->end)
        return 0;
    int file = hs_disk_open(journal->disk, segment->path, O_RDWR);
    if (file < 0)
        return file;
    int code = hs_disk_truncate(journal->disk, file, segment->end);
    if (code == 0)
        code = hs_disk_sync(journal->disk, file);
    hs_disk_close(journal->disk, file);
    atomic_fetch_sub(&journal->bytes, segment->size - segment->end);
    segment->size = segment->end;
    return code;
}

static int recover_last(struct hs_journal *journal)
{
    if (journal->segment_count == 0)
        return 0;
    struct hs_segment *segment = journal->segments[journal->segment_count - 1];
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, (size_t)segment->size + 1);
    int code = hs_disk_read_all(journal->disk, segment->path, &bytes);
    if (code == 0)
        scan(journal, segment, &bytes);
    hs_buffer_free(&bytes);
    if (code < 0)
        return code;
    if (segment->last < segment->first) {
        code = hs_disk_unlink(journal->disk, segment->path);
        atomic_fetch_sub(&journal->bytes, segment->size);
        hs_table_remove(journal, journal->segment_count - 1);
        return code;
    }
    atomic_store(&journal->durable, segment->last);
    if (journal->next_sequence <= segment->last)
        journal->next_sequence = segment->last + 1;
    return cut_tail(journal, segment);
}

/* ---- The whole ---- */

static void on_cursor(void *arg, const char *name)
{
    struct names *names = arg;
    struct hs_journal *journal = names->journal;
    HS_AUTO_FREE char *path = NULL;
    uint64_t position;
    if (asprintf(&path, "%s/%s", journal->cursors_path, name) < 0 ||
        hs_cursor_read(journal->disk, path, &position) < 0)
        return;
    /* No sequence is used twice, whatever became of the segments (J2). */
    if (journal->next_sequence <= position)
        journal->next_sequence = position + 1;
}

int hs_recover(struct hs_journal *journal)
{
    struct names names = {.journal = journal};
    journal->next_sequence = 1;
    int code = hs_disk_list(journal->disk, journal->segments_path, on_name, &names);
    if (code == 0 && names.count > 0)
        qsort(names.firsts, names.count, sizeof(uint64_t), compare_firsts);
    for (size_t i = 0; code == 0 && i < names.count; i++)
        code = add_segment(journal, names.firsts[i]);
    free(names.firsts);
    if (code == 0)
        code = recover_last(journal);
    if (code == 0)
        code = hs_disk_list(journal->disk, journal->cursors_path, on_cursor, &names);
    atomic_store(&journal->last, atomic_load(&journal->durable));
    return code;
}
