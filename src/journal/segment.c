/* Segment: the files of records and the table of them. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- The table ---- */

char *hs_segment_path(const char *segments_path, uint64_t first)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%020" PRIu64 ".hsj", segments_path, first);
    HS_ASSERT(size > 0);
    return path;
}

struct hs_segment *hs_table_add(struct hs_journal *journal, const struct hs_segment_header *header)
{
    if (journal->segment_count == journal->segment_capacity) {
        journal->segment_capacity = journal->segment_capacity ? journal->segment_capacity * 2 : 16;
        journal->segments = hs_realloc_array(journal->segments, journal->segment_capacity,
                                             sizeof(*journal->segments));
    }
    struct hs_segment *segment = hs_alloc(sizeof(*segment));
    segment->first = header->first;
    segment->last = header->first - 1;
    segment->end = HS_SEGMENT_HEADER;
    segment->seed = header->seed;
    segment->created_wall_ns = header->created_wall_ns;
    segment->path = hs_segment_path(journal->segments_path, header->first);
    journal->segments[journal->segment_count++] = segment;
    return segment;
}

struct hs_segment *hs_table_active(const struct hs_journal *journal)
{
    if (journal->segment_count == 0)
        return NULL;
    struct hs_segment *segment = journal->segments[journal->segment_count - 1];
    return segment->sealed ? NULL : segment;
}

size_t hs_table_index(const struct hs_journal *journal, uint64_t first)
{
    size_t low = 0, high = journal->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal->segments[middle]->first < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct hs_segment *hs_table_find(const struct hs_journal *journal, uint64_t sequence)
{
    /* A later segment has it only if the one before does not. */
    size_t after = hs_table_index(journal, sequence);
    for (size_t i = after > 0 ? after - 1 : 0; i < journal->segment_count; i++) {
        struct hs_segment *segment = journal->segments[i];
        bool has = segment->last >= segment->first && segment->last >= sequence;
        /* The active one may still get it. */
        if (has || !segment->sealed)
            return segment;
    }
    return NULL;
}

struct hs_segment *hs_table_take(struct hs_journal *journal, size_t index)
{
    struct hs_segment *segment = journal->segments[index];
    memmove(&journal->segments[index], &journal->segments[index + 1],
            (journal->segment_count - index - 1) * sizeof(*journal->segments));
    journal->segment_count--;
    return segment;
}

bool hs_table_note_damage(struct hs_journal *journal, uint64_t first, uint64_t offset)
{
    bool known = false;
    pthread_mutex_lock(&journal->table_lock);
    size_t kept = journal->told_count < HS_DAMAGES_KEPT ? journal->told_count : HS_DAMAGES_KEPT;
    for (size_t i = 0; i < kept && !known; i++)
        known = journal->told[i].first == first && journal->told[i].offset == offset;
    if (!known)
        journal->told[journal->told_count++ % HS_DAMAGES_KEPT] = (struct hs_damage){first, offset};
    pthread_mutex_unlock(&journal->table_lock);
    return !known;
}

void hs_segment_free(struct hs_segment *segment)
{
    free(segment->path);
    free(segment);
}

/* Bytes of the segments that exist and are planned. */
static uint64_t planned_bytes(const struct hs_journal *journal)
{
    return atomic_load(&journal->bytes) +
           atomic_load(&journal->turns) * journal->options.segment_size;
}

bool hs_segment_has_room(const struct hs_journal *journal)
{
    return planned_bytes(journal) + journal->options.segment_size <= journal->options.max_size;
}

uint64_t hs_journal_room(const struct hs_journal *journal)
{
    uint64_t planned = planned_bytes(journal), most = journal->options.max_size;
    return planned < most ? most - planned : 0;
}

/* ---- Headers ---- */

static int read_header(const struct hs_disk *disk, int file, struct hs_segment_header *ret_header)
{
    char bytes[HS_SEGMENT_HEADER];
    ssize_t got = hs_disk_read(disk, file, bytes, sizeof(bytes), 0);
    if (got < 0)
        return (int)got;
    if ((size_t)got < sizeof(bytes))
        return hs_fail(-EBADMSG, "shorter than a segment's header");
    return hs_segment_header_decode(bytes, ret_header);
}

int hs_segment_open(const struct hs_disk *disk, const char *path, int flags,
                    struct hs_segment_header *ret_header, uint64_t *ret_size)
{
    int file = hs_disk_open(disk, path, flags);
    if (file < 0)
        return file;
    int64_t size = hs_disk_size(disk, file);
    *ret_size = size > 0 ? (uint64_t)size : 0;
    int code = size < 0 ? (int)size : read_header(disk, file, ret_header);
    if (code == 0)
        return file;
    hs_disk_close(disk, file);
    return code;
}

static int write_header(struct hs_journal *journal, int file,
                        const struct hs_segment_header *header)
{
    char bytes[HS_SEGMENT_HEADER];
    hs_segment_header_encode(header, bytes);
    int code = hs_disk_write(journal->disk, file, hs_slice(bytes, sizeof(bytes)), 0);
    return code < 0 ? code : hs_disk_sync(journal->disk, file);
}

/* ---- Beginning and sealing ---- */

/* The header is written before the name, and the name before a record: a segment under its name is
 * always whole. */
static int make_file(struct hs_journal *journal, const struct hs_segment_header *header,
                     bool prepared, int *ret_file)
{
    const struct hs_disk *disk = journal->disk;
    const char *from = prepared ? journal->next_path : journal->fresh_path;
    int file = prepared ? hs_disk_open(disk, from, O_RDWR) : hs_disk_create(disk, from);
    if (file < 0)
        return file;
    HS_AUTO_FREE char *path = hs_segment_path(journal->segments_path, header->first);
    int code = write_header(journal, file, header);
    if (code == 0 && disk->rename(disk->context, from, path) < 0)
        code = hs_fail_errno(errno, "cannot rename %s", from);
    if (code == 0)
        code = hs_disk_sync_directory(disk, journal->segments_path);
    if (code == 0) {
        *ret_file = file;
        return 0;
    }
    /* Under its name it may stay: it holds no events, and its previous_last is right. */
    (void)disk->ftruncate(disk->context, file, HS_SEGMENT_HEADER); /* only to free space */
    hs_disk_close(disk, file);
    return code;
}

int hs_segment_begin(struct hs_journal *journal, uint64_t first)
{
    HS_ASSERT(journal->active_file < 0);
    int code = hs_place_check_folder(journal);
    if (code < 0)
        return code;
    struct hs_segment_header header = {
        .first = first,
        .previous_last = hs_journal_durable(journal),
        .created_wall_ns = hs_clock_wall_ns(),
    };
    memcpy(header.identity, journal->identity, sizeof(header.identity));
    hs_random_bytes(&header.seed, sizeof(header.seed));
    /* Waits for one that is being made: a second beside it could exceed max_size. While next_ready
     * is set the keeper makes no other. So it is cleared only when this one has its new name, or
     * the keeper's next one would get that. */
    pthread_mutex_lock(&journal->table_lock);
    while (journal->preparing)
        pthread_cond_wait(&journal->prepared, &journal->table_lock);
    bool prepared = journal->next_ready;
    uint64_t size = prepared ? journal->next_size : journal->options.segment_size;
    pthread_mutex_unlock(&journal->table_lock);
    code = make_file(journal, &header, prepared, &journal->active_file);
    pthread_mutex_lock(&journal->table_lock);
    journal->next_ready = journal->next_ready && !prepared;
    pthread_mutex_unlock(&journal->table_lock);
    if (code < 0)
        return code;
    journal->unmarked = false;
    HS_AUTO_FREE char *path = hs_segment_path(journal->segments_path, first);
    const struct hs_file_id id = hs_place_of(journal, journal->active_file, path);
    struct hs_segment *replaced = NULL;
    pthread_mutex_lock(&journal->table_lock);
    /* A segment without events that began here has just lost its name to this one. */
    size_t count = journal->segment_count;
    if (count > 0 && journal->segments[count - 1]->first == first)
        replaced = hs_table_take(journal, count - 1);
    struct hs_segment *segment = hs_table_add(journal, &header);
    segment->size = size;
    segment->id = id;
    atomic_fetch_add(&journal->bytes, segment->size - (replaced != NULL ? replaced->size : 0));
    pthread_mutex_unlock(&journal->table_lock);
    if (replaced != NULL)
        hs_segment_free(replaced);
    hs_mark_begin(journal, first); /* before a record of it can be durable */
    hs_keeper_wake(journal);
    return 0;
}

void hs_segment_seal(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment *segment = hs_table_active(journal);
    HS_ASSERT(segment != NULL);
    uint64_t end = segment->end;
    pthread_mutex_unlock(&journal->table_lock);
    /* Frees space and leaves no void bytes behind, but recovery does not rely on it. */
    if (hs_disk_truncate(journal->disk, journal->active_file, end) < 0)
        hs_log_limited(HS_LOG_WARN, "segment_truncate",
                       "cannot cut a finished segment; it takes more space than it needs",
                       HS_F("file", "%s", segment->path), HS_F("error", "%s", hs_error_text()));
    const struct hs_file_id id = hs_place_of(journal, journal->active_file, segment->path);
    hs_disk_close(journal->disk, journal->active_file);
    journal->active_file = -1;
    pthread_mutex_lock(&journal->table_lock);
    atomic_fetch_sub(&journal->bytes, segment->size - end);
    segment->size = end;
    segment->id = id;
    segment->sealed = true;
    pthread_mutex_unlock(&journal->table_lock);
    hs_keeper_wake(journal);
}
