/* Segment: the files of records and the table of them. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

char *hs_segment_path(const struct hs_journal *journal, uint64_t first)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%020" PRIu64 ".hsj", journal->segments_path, first);
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
    segment->newest_wall_ns = header->created_wall_ns;
    segment->path = hs_segment_path(journal, header->first);
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

struct hs_segment *hs_table_find(const struct hs_journal *journal, uint64_t sequence)
{
    for (size_t i = 0; i < journal->segment_count; i++) {
        struct hs_segment *segment = journal->segments[i];
        /* The active one may get it yet. */
        if (segment->last >= sequence || !segment->sealed)
            return segment;
    }
    return NULL;
}

void hs_table_remove(struct hs_journal *journal, size_t index)
{
    struct hs_segment *segment = journal->segments[index];
    memmove(&journal->segments[index], &journal->segments[index + 1],
            (journal->segment_count - index - 1) * sizeof(*journal->segments));
    journal->segment_count--;
    free(segment->path);
    free(segment);
}

/* Blocks that are reserved beforehand: a sync of a record then need not wait for them to be
 * found. Writing zeros instead would make the sync itself cheaper still, but costs more CPU
 * than it saves, and its 64 MiB get in the way of the syncs (docs/decisions/0002). */
int hs_segment_prepare(struct hs_journal *journal)
{
    const struct hs_disk *disk = journal->disk;
    int file = hs_disk_open(disk, journal->preparing_path, O_RDWR | O_CREAT | O_TRUNC);
    if (file < 0)
        return file;
    int code = hs_disk_allocate(disk, file, journal->options.segment_size);
    if (code == 0)
        code = hs_disk_sync(disk, file);
    hs_disk_close(disk, file);
    if (code == 0 && disk->rename(disk->context, journal->preparing_path, journal->next_path) < 0)
        code = hs_fail_errno(errno, "cannot rename %s", journal->preparing_path);
    return code;
}

/* The header goes in before the name: a segment under its name is always whole. */
static int write_header(struct hs_journal *journal, int file,
                        const struct hs_segment_header *header)
{
    char bytes[HS_SEGMENT_HEADER];
    hs_segment_header_encode(header, bytes);
    int code = hs_disk_write(journal->disk, file, hs_slice(bytes, sizeof(bytes)), 0);
    return code < 0 ? code : hs_disk_sync(journal->disk, file);
}

static int name_segment(struct hs_journal *journal, const char *from, const char *path)
{
    const struct hs_disk *disk = journal->disk;
    if (disk->rename(disk->context, from, path) < 0)
        return hs_fail_errno(errno, "cannot rename %s", from);
    return hs_disk_sync_directory(disk, journal->segments_path);
}

int hs_segment_begin(struct hs_journal *journal, uint64_t first)
{
    HS_ASSERT(journal->active_file < 0);
    struct hs_segment_header header = {
        .first = first,
        .previous_last = atomic_load(&journal->durable),
        .created_wall_ns = hs_clock_wall_ns(),
    };
    memcpy(header.identity, journal->identity, sizeof(header.identity));
    hs_random_bytes(&header.seed, sizeof(header.seed));
    /* The prepared file is taken at most once: the keeper never writes to it again. */
    pthread_mutex_lock(&journal->table_lock);
    bool prepared = journal->next_ready;
    journal->next_ready = false;
    pthread_mutex_unlock(&journal->table_lock);
    const char *from = prepared ? journal->next_path : journal->fresh_path;
    int file = hs_disk_open(journal->disk, from, O_RDWR | O_CREAT | (prepared ? 0 : O_TRUNC));
    if (file < 0)
        return file;
    HS_AUTO_FREE char *path = hs_segment_path(journal, first);
    int code = write_header(journal, file, &header);
    if (code == 0)
        code = name_segment(journal, from, path);
    if (code < 0) {
        hs_disk_close(journal->disk, file);
        return code;
    }
    journal->active_file = file;
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment *segment = hs_table_add(journal, &header);
    segment->size = journal->options.segment_size;
    atomic_fetch_add(&journal->bytes, segment->size);
    pthread_mutex_unlock(&journal->table_lock);
    return 0;
}

void hs_segment_seal(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment *segment = hs_table_active(journal);
    uint64_t end = segment != NULL ? segment->end : 0;
    pthread_mutex_unlock(&journal->table_lock);
    if (segment == NULL)
        return;
    /* Only to give space back and to leave nothing void behind; recovery does not rely on it. */
    if (hs_disk_truncate(journal->disk, journal->active_file, end) < 0)
        hs_log_limited(HS_LOG_WARN, "segment_truncate", "cannot cut a finished segment",
                       HS_F("file", "%s", segment->path), HS_F("error", "%s", hs_error_text()));
    hs_disk_close(journal->disk, journal->active_file);
    journal->active_file = -1;
    pthread_mutex_lock(&journal->table_lock);
    atomic_fetch_sub(&journal->bytes, segment->size - end);
    segment->size = end;
    segment->sealed = true;
    pthread_mutex_unlock(&journal->table_lock);
    hs_keeper_wake(journal);
}
