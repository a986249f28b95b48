/* Id files, all of them: read at the start, written as segments finish, removed as they expire. A
 * single file: id_file.c. */
#include "id_ranges.h"
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>

/* Ids whose memory is prefetched while others are added: 17 million take 2.7 s to load with this
 * and 3.9 s without. */
#define AHEAD 16u

/* ---- Listing ---- */

struct ranges {
    struct hs_dedupe *dedupe;
    struct hs_id_range *items;
    size_t count, capacity;
    uint32_t now_hour;
    uint64_t kept;          /* ids that have not expired */
    bool sparing;           /* ids read are kept by the sweep; otherwise they are added */
    uint64_t begin_wall_ns; /* ids read were received later than this */
    struct {
        struct hs_hash128 hash;
        uint32_t hour;
    } ahead[AHEAD]; /* the last ones, not added yet */
};

static void on_name(void *arg, const char *name)
{
    struct ranges *ranges = arg;
    uint64_t first, last;
    if (!hs_id_file_name(name, &first, &last))
        return;
    if (ranges->count == ranges->capacity) {
        ranges->capacity = ranges->capacity ? ranges->capacity * 2 : 64;
        ranges->items = hs_realloc_array(ranges->items, ranges->capacity, sizeof(*ranges->items));
    }
    ranges->items[ranges->count++] = (struct hs_id_range){.first = first, .last = last};
}

static int list_files(struct hs_dedupe *dedupe, struct ranges *ret_ranges)
{
    *ret_ranges = (struct ranges){.dedupe = dedupe, .now_hour = hs_dedupe_hour(dedupe)};
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    int code = hs_disk_make_directory(disk, dedupe->folder);
    if (code == 0)
        code = hs_disk_sync_directory(disk, hs_journal_path(dedupe->journal));
    /* A killed run may have left names only in memory, but segments are removed relying on the
     * files found. */
    if (code == 0)
        code = hs_disk_sync_directory(disk, dedupe->folder);
    if (code == 0)
        code = hs_disk_list(disk, dedupe->folder, on_name, ret_ranges);
    hs_id_ranges_sort(ret_ranges->items, ret_ranges->count);
    return code;
}

static void read_headers(struct ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        struct hs_id_range *range = &ranges->items[i];
        struct hs_id_file file;
        if (hs_id_file_look(ranges->dedupe, range->first, range->last, &file) < 0)
            continue;
        range->is_read = true;
        range->count = file.count;
        range->newest_wall_ns = file.newest_wall_ns;
    }
}

/* Removes the files whose newest id has expired; returns the number of ids in the others. */
static uint64_t drop_aged(struct ranges *ranges)
{
    uint64_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct hs_id_range range = ranges->items[i];
        if (!range.is_read ||
            !hs_has_aged(ranges->dedupe, hs_hour_of(range.newest_wall_ns), ranges->now_hour)) {
            count += range.count;
            ranges->items[kept++] = range;
            continue;
        }
        HS_AUTO_FREE char *path = hs_id_file_path(ranges->dedupe, range.first, range.last);
        /* Retried an hour later. */
        HS_IGNORE(hs_disk_unlink(hs_journal_disk(ranges->dedupe->journal), path));
    }
    ranges->count = kept;
    ranges->dedupe->purged_hour = ranges->now_hour;
    return count;
}

/* The first lost sequence of the file: from its segment, or because the journal's end is missing.
 * Past the file's last: none. Sinks that needed events missing at the beginning report them
 * (hs_dedupe_lost()). `ret_stale`: the file must be written again. */
static uint64_t first_lost(const struct ranges *ranges, const struct hs_id_range *range,
                           const struct hs_segment_info *segments, size_t count, bool *ret_stale)
{
    const struct hs_journal *journal = ranges->dedupe->journal;
    uint64_t first, last;
    *ret_stale = false;
    /* Every sink was past all of it: it is delivered, and stays known. */
    if (range->last <= hs_journal_passed(journal))
        return range->last + 1;
    uint64_t lost = hs_id_range_lost(range, segments, count, ret_stale);
    hs_journal_void(journal, &first, &last);
    if (first <= last && first < lost)
        lost = first > range->first ? first : range->first;
    return lost;
}

/* Files of segments that lost events since: the lost ids must not be known, or their retries would
 * be refused (D2). */
static void drop_outdated(struct ranges *ranges, const struct hs_segment_info *segments,
                          size_t count)
{
    const struct hs_disk *disk = hs_journal_disk(ranges->dedupe->journal);
    size_t kept = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct hs_id_range range = ranges->items[i];
        bool stale;
        uint64_t lost = first_lost(ranges, &range, segments, count, &stale);
        if (lost > range.last && !stale) {
            ranges->items[kept++] = range;
            continue;
        }
        HS_AUTO_FREE char *path = hs_id_file_path(ranges->dedupe, range.first, range.last);
        hs_dedupe_note_lost(ranges->dedupe, lost, range.last);
        HS_IGNORE(hs_disk_unlink(disk, path)); /* retried at the next start */
        if (lost > range.last)
            continue;
        hs_log(HS_LOG_ERROR,
               "the journal has lost events since their ids were written: check the disk; their "
               "retries are accepted as new",
               HS_F("file", "%s", path), HS_F("first", "%" PRIu64, lost),
               HS_F("last", "%" PRIu64, range.last));
    }
    ranges->count = kept;
}

/* ---- At the start ---- */

/* Adds the id that waits at this place. */
static void put_ahead(struct ranges *ranges, uint64_t at)
{
    hs_dedupe_put(ranges->dedupe, ranges->ahead[at % AHEAD].hash, ranges->ahead[at % AHEAD].hour,
                  ranges->now_hour);
}

static void take_id(void *context, struct hs_hash128 hash, uint64_t wall_ns)
{
    struct ranges *ranges = context;
    uint32_t hour = hs_hour_of(wall_ns);
    if (hs_has_aged(ranges->dedupe, hour, ranges->now_hour))
        return;
    if (ranges->sparing) {
        hs_dedupe_keep(ranges->dedupe, hash);
        return;
    }
    uint64_t at = ranges->kept++;
    if (at >= AHEAD)
        put_ahead(ranges, at);
    hs_dedupe_prefetch(ranges->dedupe, hash);
    ranges->ahead[at % AHEAD].hash = hash;
    ranges->ahead[at % AHEAD].hour = hour;
    bool later = wall_ns < ranges->begin_wall_ns && hour == hs_hour_of(ranges->begin_wall_ns);
    hs_dedupe_note_time(ranges->dedupe, later ? ranges->begin_wall_ns : wall_ns);
}

/* The ids of missing events are neither added nor kept. */
static void take_hole(void *context, struct hs_reader_loss loss)
{
    struct ranges *ranges = context;
    hs_dedupe_settle(ranges->dedupe, loss.first, loss.last);
}

/* Those still waiting. */
static void put_rest(struct ranges *ranges)
{
    uint64_t waiting = ranges->kept < AHEAD ? ranges->kept : AHEAD;
    for (uint64_t at = ranges->kept - waiting; at < ranges->kept; at++)
        put_ahead(ranges, at);
}

/* When the segment with this first sequence began; 0: it is missing. */
static uint64_t begin_of(uint64_t first, const struct hs_segment_info *segments, size_t count)
{
    const struct hs_segment_info *segment = hs_segment_before(segments, count, first);
    return segment != NULL && segment->first == first ? segment->created_wall_ns : 0;
}

/* A file knows only the hour of an id. Its ids are younger than the file before it; those of the
 * first one are younger than its segment. */
static int read_files(struct ranges *ranges, const struct hs_segment_info *segments, size_t count)
{
    int code = 0;
    uint64_t before_wall_ns = 0;
    for (size_t i = 0; i < ranges->count && (code == 0 || code == -EBADMSG); i++) {
        struct hs_id_range *range = &ranges->items[i];
        uint64_t before = ranges->kept;
        ranges->begin_wall_ns =
            before_wall_ns != 0 ? before_wall_ns : begin_of(range->first, segments, count);
        if (range->newest_wall_ns != 0)
            before_wall_ns = range->newest_wall_ns;
        code = hs_id_file_read(ranges->dedupe, range->first, range->last, take_id, ranges);
        range->whole = code == 0;
        range->kept = ranges->kept - before;
    }
    ranges->begin_wall_ns = 0; /* segments know when each event was received */
    return code == -EBADMSG ? 0 : code;
}

/* The segments whose ids no file holds. */
static int read_segments(struct ranges *ranges, const struct hs_segment_info *segments,
                         size_t count)
{
    struct hs_dedupe *dedupe = ranges->dedupe;
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        const struct hs_segment_info *segment = &segments[i];
        struct hs_id_range *range =
            hs_id_ranges_find(ranges->items, ranges->count, segment->first, segment->last);
        if (segment->last < segment->first || (range != NULL && range->whole) ||
            hs_has_aged(dedupe, hs_hour_of(segment->newest_wall_ns), ranges->now_hour))
            continue;
        uint64_t newest;
        /* The intact part of a damaged file was read, possibly including ids of the hole. */
        code = hs_ids_of_journal(dedupe, segment->first, segment->last, take_id,
                                 range == NULL ? take_hole : NULL, ranges, &newest);
        if (code < 0 && ranges->sparing)
            code = 0; /* what can be read of the others is kept nevertheless */
        if (code < 0 || range == NULL || ranges->sparing)
            continue;
        /* Removes a damaged file, so that it is written again. */
        HS_AUTO_FREE char *path = hs_id_file_path(dedupe, range->first, range->last);
        code = hs_disk_unlink(disk, path);
        range->whole = true;
        hs_log(HS_LOG_WARN, "a file of ids was damaged; it is rebuilt from its segment",
               HS_F("file", "%s", path));
    }
    return code;
}

/* A damaged file whose segment is missing cannot be rebuilt. It stays for its intact ids, until
 * those have expired. */
static void say_what_is_lost(const struct ranges *ranges)
{
    const struct hs_disk *disk = hs_journal_disk(ranges->dedupe->journal);
    for (size_t i = 0; i < ranges->count; i++) {
        const struct hs_id_range *range = &ranges->items[i];
        if (range->whole)
            continue;
        HS_AUTO_FREE char *path = hs_id_file_path(ranges->dedupe, range->first, range->last);
        hs_log(HS_LOG_ERROR,
               "a file of ids is damaged and its segment is missing: retries of some of its "
               "events would be delivered again; check the disk",
               HS_F("file", "%s", path), HS_F("ids_kept", "%" PRIu64, range->kept));
        if (range->kept == 0)
            HS_IGNORE(hs_disk_unlink(disk, path)); /* reported again at the next start */
    }
}

/* What an earlier run lost, and what this one has found so far. */
static void load_lost(struct hs_dedupe *dedupe)
{
    uint64_t first, last, passed = hs_journal_passed(dedupe->journal);
    hs_dedupe_load_lost(dedupe);
    hs_journal_void(dedupe->journal, &first, &last);
    hs_dedupe_note_lost(dedupe, first > passed ? first : passed + 1, last);
}

/* Ids age by the newest event until a genuine request comes. A clock that is wrong at the start,
 * ahead or behind, thus makes none age: neither now nor when it is set. */
static void take_hour(struct ranges *ranges, const struct hs_segment_info *segments, size_t count)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < ranges->count; i++)
        newest =
            ranges->items[i].newest_wall_ns > newest ? ranges->items[i].newest_wall_ns : newest;
    for (size_t i = 0; i < count; i++)
        newest = segments[i].newest_wall_ns > newest ? segments[i].newest_wall_ns : newest;
    ranges->now_hour = hs_hour_of(newest != 0 ? newest : hs_clock_wall_ns());
    atomic_store(&ranges->dedupe->hour, ranges->now_hour);
}

int hs_dedupe_load(struct hs_dedupe *dedupe)
{
    if (hs_journal_in_memory(dedupe->journal))
        return 0; /* it has just begun */
    struct hs_segment_info *segments = NULL;
    size_t count;
    struct ranges ranges;
    int code = list_files(dedupe, &ranges);
    hs_journal_segments(dedupe->journal, &segments, &count);
    if (code == 0) {
        read_headers(&ranges);
        take_hour(&ranges, segments, count);
        load_lost(dedupe);
        drop_outdated(&ranges, segments, count);
        hs_dedupe_reserve(dedupe, drop_aged(&ranges));
        code = read_files(&ranges, segments, count);
    }
    if (code == 0)
        code = read_segments(&ranges, segments, count);
    put_rest(&ranges);
    if (code == 0)
        say_what_is_lost(&ranges);
    free(segments);
    free(ranges.items);
    return code;
}

/* ---- While running ---- */

/* Whether all its events have left the window. */
static bool segment_has_aged(const struct hs_dedupe *dedupe, uint64_t first)
{
    struct hs_segment_info segment;
    return hs_journal_segment(dedupe->journal, first, &segment) && segment.newest_wall_ns != 0 &&
           hs_has_aged(dedupe, hs_hour_of(segment.newest_wall_ns), hs_dedupe_hour(dedupe));
}

static int write_if_missing(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    struct hs_id_file file;
    int code = hs_id_file_look(dedupe, first, last, &file);
    if (code == -ENOENT || code == -EBADMSG)
        code = hs_id_file_write(dedupe, first, last);
    return code;
}

/* Once an hour: nothing expires in between. */
static void purge(struct hs_dedupe *dedupe)
{
    struct ranges ranges;
    if (hs_dedupe_hour(dedupe) == dedupe->purged_hour)
        return;
    if (list_files(dedupe, &ranges) == 0) {
        read_headers(&ranges);
        (void)drop_aged(&ranges);
    }
    free(ranges.items);
}

bool hs_dedupe_write_ids(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    if (hs_journal_in_memory(dedupe->journal))
        return true; /* there is no next start */
    pthread_mutex_lock(&dedupe->files_lock);
    purge(dedupe);
    bool none = last < first || segment_has_aged(dedupe, first);
    int code = none ? 0 : write_if_missing(dedupe, first, last);
    pthread_mutex_unlock(&dedupe->files_lock);
    if (code < 0)
        hs_log_limited(HS_LOG_WARN, "id_file",
                       "cannot write the ids of a finished segment; it stays until they are "
                       "written, check the disk",
                       HS_F("error", "%s", hs_error_text()));
    return code == 0;
}

/* ---- When events are lost ---- */

void hs_dedupe_drop_files(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    struct ranges ranges;
    int code = list_files(dedupe, &ranges);
    bool any = false;
    for (size_t i = 0; code == 0 && i < ranges.count; i++) {
        const struct hs_id_range *range = &ranges.items[i];
        if (range->first > last || range->last < first)
            continue;
        HS_AUTO_FREE char *path = hs_id_file_path(dedupe, range->first, range->last);
        code = hs_disk_unlink(disk, path);
        any = true;
    }
    if (code == 0 && any)
        code = hs_disk_sync_directory(disk, dedupe->folder);
    free(ranges.items);
    if (code < 0)
        hs_log(HS_LOG_ERROR,
               "cannot remove the ids of lost events: after a restart their retries would be "
               "treated as duplicates; remove the files of these events from the folder",
               HS_F("folder", "%s", dedupe->folder), HS_F("first", "%" PRIu64, first),
               HS_F("last", "%" PRIu64, last), HS_F("error", "%s", hs_error_text()));
}

void hs_dedupe_keep_all(struct hs_dedupe *dedupe)
{
    struct hs_segment_info *segments;
    size_t count;
    struct ranges ranges;
    int code = list_files(dedupe, &ranges);
    ranges.sparing = true;
    hs_journal_segments(dedupe->journal, &segments, &count);
    for (size_t i = 0; code == 0 && i < ranges.count; i++) {
        struct hs_id_range *range = &ranges.items[i];
        range->whole = hs_id_file_read(dedupe, range->first, range->last, take_id, &ranges) == 0;
    }
    HS_IGNORE(read_segments(&ranges, segments, count)); /* without an error of its own */
    free(segments);
    free(ranges.items);
}
