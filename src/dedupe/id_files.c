/* Id files: the ids of finished segments, so that a start need not read the segments, and
 * the window may outlive them. One file a segment, <first>-<last>.hsi:
 *
 *   offset size
 *        0    8  "HSIDS\0\0\1"
 *        8    8  first sequence of the segment
 *       16    8  last
 *       24    8  number of ids
 *       32    8  received time of the newest, ns since 1970
 *       40    8  the journal's hash key: hashes of another key mean nothing
 *       48   20  each: hash (low, high), hour since 1970 (4 bytes)
 *      end    8  XXH3-64 of all before
 *
 * All little-endian. A segment without its file is read instead. */
#include "internal.h"

#include <endian.h>
#include <fcntl.h>
#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER_SIZE 48u
#define ENTRY_SIZE 20u
#define FILE_MAX_BYTES ((size_t)1 << 30)

static const char magic[8] = {'H', 'S', 'I', 'D', 'S', 0, 0, 1};

static void put64(char *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof(value));
}

static uint64_t get64(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return le64toh(value);
}

/* ---- Reading a segment ---- */

typedef void each_id_fn(void *context, struct hs_hash128 hash, uint64_t received_wall_ns);

/* Every id in the journal from `first` to `last`. */
static int each_id(struct hs_dedupe *dedupe, uint64_t first, uint64_t last, each_id_fn *each,
                   void *context)
{
    struct hs_reader *reader;
    int code = hs_reader_open(dedupe->journal, first, &reader);
    if (code < 0)
        return code;
    for (;;) {
        struct hs_event event;
        code = hs_reader_next(reader, &event);
        if (code == -EBADMSG)
            continue; /* counted and logged by the reader */
        if (code <= 0 || event.sequence > last)
            break;
        if (event.flaw == HS_EVENT_VALID)
            each(context, hs_id_hash(dedupe, event.source, event.id), event.received_wall_ns);
        if (event.sequence == last)
            break;
    }
    hs_reader_close(reader);
    return code < 0 ? code : 0;
}

/* ---- Writing ---- */

struct gathering {
    struct hs_buffer bytes;
    uint64_t count, newest_ns;
};

static void gather(void *context, struct hs_hash128 hash, uint64_t received_wall_ns)
{
    struct gathering *gathering = context;
    char entry[ENTRY_SIZE];
    put64(entry, hash.low);
    put64(entry + 8, hash.high);
    uint32_t hour = htole32(hs_hour_of(received_wall_ns));
    memcpy(entry + 16, &hour, sizeof(hour));
    hs_buffer_append(&gathering->bytes, entry, sizeof(entry));
    gathering->count++;
    if (received_wall_ns > gathering->newest_ns)
        gathering->newest_ns = received_wall_ns;
}

static char *file_path(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%020" PRIu64 "-%020" PRIu64 ".hsi", dedupe->folder, first, last);
    HS_ASSERT(size > 0);
    return path;
}

static int write_file(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    struct gathering gathering = {.count = 0};
    hs_buffer_init(&gathering.bytes, FILE_MAX_BYTES);
    char header[HEADER_SIZE] = {0};
    hs_buffer_append(&gathering.bytes, header, sizeof(header));
    int code = each_id(dedupe, first, last, gather, &gathering);
    if (code == 0 && (code = hs_buffer_status(&gathering.bytes)) == 0) {
        char *bytes = gathering.bytes.data;
        memcpy(bytes, magic, sizeof(magic));
        put64(bytes + 8, first);
        put64(bytes + 16, last);
        put64(bytes + 24, gathering.count);
        put64(bytes + 32, gathering.newest_ns);
        put64(bytes + 40, dedupe->key);
        char check[8];
        put64(check, hs_hash64(hs_buffer_slice(&gathering.bytes), 0));
        hs_buffer_append(&gathering.bytes, check, sizeof(check));
        HS_AUTO_FREE char *path = file_path(dedupe, first, last);
        code = hs_disk_replace(hs_journal_disk(dedupe->journal), path,
                               hs_buffer_slice(&gathering.bytes));
    }
    hs_buffer_free(&gathering.bytes);
    return code;
}

/* ---- Reading ---- */

struct ranges {
    struct hs_dedupe *dedupe;
    struct range {
        uint64_t first, last;
        bool good;
    } * items;
    size_t count, capacity;
    uint32_t now_hour;
};

/* "<20 digits>-<20 digits>.hsi" */
static bool read_name(const char *name, uint64_t *ret_first, uint64_t *ret_last)
{
    struct hs_slice text = hs_slice_text(name);
    return text.size == 45 && name[20] == '-' && memcmp(name + 41, ".hsi", 4) == 0 &&
           hs_slice_to_u64(hs_slice(name, 20), UINT64_MAX, ret_first) == 0 &&
           hs_slice_to_u64(hs_slice(name + 21, 20), UINT64_MAX, ret_last) == 0;
}

static void on_name(void *arg, const char *name)
{
    struct ranges *ranges = arg;
    uint64_t first, last;
    if (!read_name(name, &first, &last))
        return;
    if (ranges->count == ranges->capacity) {
        ranges->capacity = ranges->capacity ? ranges->capacity * 2 : 64;
        ranges->items = hs_realloc_array(ranges->items, ranges->capacity, sizeof(*ranges->items));
    }
    ranges->items[ranges->count++] = (struct range){first, last, false};
}

static bool is_sound(const struct hs_dedupe *dedupe, const struct hs_buffer *bytes)
{
    if (bytes->size < HEADER_SIZE + 8 || memcmp(bytes->data, magic, sizeof(magic)) != 0)
        return false;
    uint64_t count = get64(bytes->data + 24);
    return count <= (bytes->size - HEADER_SIZE - 8) / ENTRY_SIZE &&
           bytes->size == HEADER_SIZE + count * ENTRY_SIZE + 8 &&
           get64(bytes->data + 40) == dedupe->key &&
           get64(bytes->data + bytes->size - 8) ==
               hs_hash64(hs_slice(bytes->data, bytes->size - 8), 0);
}

static void take_entries(struct ranges *ranges, const struct hs_buffer *bytes)
{
    uint64_t count = get64(bytes->data + 24);
    for (uint64_t i = 0; i < count; i++) {
        const char *entry = bytes->data + HEADER_SIZE + i * ENTRY_SIZE;
        uint32_t hour;
        memcpy(&hour, entry + 16, sizeof(hour));
        hs_dedupe_put(ranges->dedupe, (struct hs_hash128){get64(entry), get64(entry + 8)},
                      le32toh(hour), ranges->now_hour);
    }
}

static void note_oldest(struct hs_dedupe *dedupe, uint64_t wall_ns)
{
    uint64_t oldest = atomic_load(&dedupe->oldest_wall_ns);
    if (wall_ns != 0 && (oldest == 0 || wall_ns < oldest))
        atomic_store(&dedupe->oldest_wall_ns, wall_ns);
}

/* Takes the file's ids; one that has aged as a whole is removed. */
static int read_file(struct ranges *ranges, struct range *range)
{
    struct hs_dedupe *dedupe = ranges->dedupe;
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    HS_AUTO_FREE char *path = file_path(dedupe, range->first, range->last);
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, FILE_MAX_BYTES);
    int code = hs_disk_read_all(disk, path, &bytes);
    if (code == 0 && !is_sound(dedupe, &bytes)) {
        hs_log(HS_LOG_WARN,
               "a file of ids is damaged; it is made again from its segment, if that "
               "is still there",
               HS_F("file", "%s", path));
        code = hs_disk_unlink(disk, path);
    } else if (code == 0 &&
               hs_hour_of(get64(bytes.data + 32)) + dedupe->window_hours < ranges->now_hour) {
        range->good = true;
        code = hs_disk_unlink(disk, path);
    } else if (code == 0) {
        range->good = true;
        note_oldest(dedupe, get64(bytes.data + 32));
        take_entries(ranges, &bytes);
    }
    hs_buffer_free(&bytes);
    return code;
}

static void take_id(void *context, struct hs_hash128 hash, uint64_t received_wall_ns)
{
    struct ranges *ranges = context;
    note_oldest(ranges->dedupe, received_wall_ns);
    hs_dedupe_put(ranges->dedupe, hash, hs_hour_of(received_wall_ns), ranges->now_hour);
}

static bool has_file(const struct ranges *ranges, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (ranges->items[i].good && ranges->items[i].first == first &&
            ranges->items[i].last == last)
            return true;
    return false;
}

static int read_segments(struct ranges *ranges)
{
    struct hs_segment_info *segments;
    size_t count;
    hs_journal_segments(ranges->dedupe->journal, &segments, &count);
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (segments[i].last < segments[i].first ||
            has_file(ranges, segments[i].first, segments[i].last))
            continue;
        code = each_id(ranges->dedupe, segments[i].first, segments[i].last, take_id, ranges);
    }
    free(segments);
    return code;
}

static int list_files(struct hs_dedupe *dedupe, struct ranges *ret_ranges)
{
    *ret_ranges = (struct ranges){.dedupe = dedupe, .now_hour = hs_hour_of(hs_clock_wall_ns())};
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    int code = hs_disk_make_directory(disk, dedupe->folder);
    return code < 0 ? code : hs_disk_list(disk, dedupe->folder, on_name, ret_ranges);
}

int hs_dedupe_load(struct hs_dedupe *dedupe)
{
    struct ranges ranges;
    int code = list_files(dedupe, &ranges);
    for (size_t i = 0; code == 0 && i < ranges.count; i++)
        code = read_file(&ranges, &ranges.items[i]);
    if (code == 0)
        code = read_segments(&ranges);
    free(ranges.items);
    return code;
}

/* ---- While running ---- */

/* Removes the files whose newest id has aged. */
static void remove_aged(struct hs_dedupe *dedupe, const struct ranges *ranges)
{
    const struct hs_disk *disk = hs_journal_disk(dedupe->journal);
    for (size_t i = 0; i < ranges->count; i++) {
        HS_AUTO_FREE char *path = file_path(dedupe, ranges->items[i].first, ranges->items[i].last);
        char header[HEADER_SIZE];
        int file = hs_disk_open(disk, path, O_RDONLY);
        ssize_t got = file >= 0 ? hs_disk_read(disk, file, header, sizeof(header), 0) : -1;
        hs_disk_close(disk, file);
        if (got == HEADER_SIZE &&
            hs_hour_of(get64(header + 32)) + dedupe->window_hours < ranges->now_hour)
            HS_IGNORE(hs_disk_unlink(disk, path)); /* tried again with the next segment */
    }
}

bool hs_dedupe_write_ids(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    struct ranges ranges;
    int code = list_files(dedupe, &ranges);
    bool there = false;
    for (size_t i = 0; i < ranges.count; i++)
        there = there || (ranges.items[i].first == first && ranges.items[i].last == last);
    if (code == 0 && !there && last >= first)
        code = write_file(dedupe, first, last);
    if (code < 0)
        hs_log_limited(HS_LOG_WARN, "id_file",
                       "cannot write the ids of a finished segment; it "
                       "stays until they are written",
                       HS_F("error", "%s", hs_error_text()));
    else
        remove_aged(dedupe, &ranges);
    free(ranges.items);
    return code == 0;
}
