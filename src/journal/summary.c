/* Summary: what the folder holds, read without the lock, also beside a running process: files may
 * appear and vanish meanwhile. */
#include "internal.h"
#include "records.h"

#include <fcntl.h>
#include <hookstream/journal_inspect.h>
#include <stdio.h>

/* If a segment vanishes between the listing and the look, the folder is listed again. */
#define LOOK_TRIES 16u

struct look {
    const struct hs_disk *disk;
    const char *path;
    char *segments_path, *cursors_path;
    uint64_t oldest, newest; /* first sequences of the segments at both ends */
    bool missed;             /* a segment vanished between its listing and the look */
    struct hs_journal_summary *summary;
};

static void on_segment(void *arg, const char *name)
{
    struct look *look = arg;
    struct hs_journal_summary *summary = look->summary;
    uint64_t first;
    if (!hs_folder_segment_name(name, &first))
        return;
    HS_AUTO_FREE char *path = hs_segment_path(look->segments_path, first);
    int file = hs_disk_open(look->disk, path, O_RDONLY);
    look->missed = look->missed || file < 0;
    if (file < 0)
        return;
    int64_t size = hs_disk_size(look->disk, file);
    hs_disk_close(look->disk, file);
    summary->segments++;
    summary->bytes += size > 0 ? (uint64_t)size : 0;
    look->oldest = summary->segments == 1 || first < look->oldest ? first : look->oldest;
    look->newest = first > look->newest ? first : look->newest;
}

static void on_cursor(void *arg, const char *name)
{
    struct look *look = arg;
    struct hs_journal_summary *summary = look->summary;
    HS_AUTO_FREE char *cursor_name = hs_folder_cursor_name(name);
    HS_AUTO_FREE char *path = NULL;
    uint64_t position;
    if (cursor_name == NULL || asprintf(&path, "%s/%s", look->cursors_path, name) < 0 ||
        hs_cursor_read(look->disk, path, &position) < 0)
        return;
    summary->cursors =
        hs_realloc_array(summary->cursors, summary->cursor_count + 1, sizeof(*summary->cursors));
    struct hs_cursor_summary *cursor = &summary->cursors[summary->cursor_count++];
    snprintf(cursor->name, sizeof(cursor->name), "%s", cursor_name);
    cursor->position = position;
}

/* The events at both ends of one segment. */
struct ends {
    struct hs_segment_header header;
    uint64_t count, first, last;
    uint64_t oldest_wall_ns;
    uint64_t received_wall_ns; /* of the last one that is not a replay; 0: none */
    uint64_t resent_wall_ns;   /* the latest receipt of the replayed ones; 0: none */
};

static int enter(const struct look *look, uint64_t first, struct hs_records *records,
                 struct hs_segment_header *ret_header)
{
    HS_AUTO_FREE char *path = hs_segment_path(look->segments_path, first);
    uint64_t size;
    int file = hs_segment_open(look->disk, path, O_RDONLY, ret_header, &size);
    if (file >= 0)
        hs_records_enter(records, file, ret_header->seed, ret_header->first, size);
    return file < 0 ? file : 0;
}

static void add_event(struct ends *ends, const struct hs_event *event)
{
    uint64_t received_ns = event->received_wall_ns;
    if (ends->count++ == 0) {
        ends->first = event->sequence;
        ends->oldest_wall_ns = received_ns;
    }
    ends->last = event->sequence;
    if (hs_event_resend(event).size == 0)
        ends->received_wall_ns = received_ns;
    else if (received_ns > ends->resent_wall_ns)
        ends->resent_wall_ns = received_ns;
}

/* Reads up to `most` records that are whole and no further than `bound`: beyond it they are void
 * (J4). */
static int read_ends(const struct look *look, uint64_t first, uint64_t most, uint64_t bound,
                     struct ends *ret_ends)
{
    struct ends ends = {.count = 0};
    struct hs_records records;
    hs_records_init(&records, look->disk);
    ssize_t length = enter(look, first, &records, &ends.header);
    struct hs_event event;
    while (length >= 0 && ends.count < most && (length = hs_records_peek(&records, &event)) != 0) {
        if (length == -EBADMSG)
            length = hs_records_pass_damage(&records);
        if (length <= 0)
            continue;
        if (event.sequence > bound)
            break;
        add_event(&ends, &event);
        hs_records_pass(&records, (size_t)length);
    }
    hs_records_free(&records);
    if (length < 0)
        return (int)length;
    *ret_ends = ends;
    return 0;
}

/* Walks back from the newest segment, whose ends are given, to one with an event that is not a
 * replay: a replayed event keeps the time of its first receipt, which may be long ago. This
 * is usually the newest or the one before. */
static int find_newest(const struct look *look, const struct ends *newest, uint64_t *ret_wall_ns)
{
    HS_AUTO_FREE uint64_t *firsts = NULL;
    size_t count = 0;
    struct ends ends = *newest;
    uint64_t bound = newest->header.previous_last, resent_ns = newest->resent_wall_ns;
    int code = 0;
    if (ends.received_wall_ns == 0)
        code = hs_folder_list_segments(look->disk, look->segments_path, &firsts, &count);
    for (size_t i = count; code == 0 && i > 0 && ends.received_wall_ns == 0; i--) {
        uint64_t first = firsts[i - 1];
        if (first > bound || first >= look->newest)
            continue;
        code = read_ends(look, first, UINT64_MAX, bound, &ends);
        bound = code == 0 ? ends.header.previous_last : first - 1;
        if (code == 0 && ends.resent_wall_ns > resent_ns)
            resent_ns = ends.resent_wall_ns;
        if (code == -EBADMSG) /* its header is damaged: `journal verify` reports it */
            code = 0;
    }
    if (code == 0)
        *ret_wall_ns = ends.received_wall_ns != 0 ? ends.received_wall_ns : resent_ns;
    return code;
}

static int look_at_segments(struct look *look)
{
    struct hs_journal_summary *summary = look->summary;
    summary->segments = summary->bytes = look->newest = 0;
    look->missed = false;
    int code = hs_disk_list(look->disk, look->segments_path, on_segment, look);
    if (code == 0 && summary->segments == 0 && look->missed)
        return -ENOENT;
    if (code < 0 || summary->segments == 0)
        return code;
    struct ends oldest, newest;
    code = read_ends(look, look->oldest, 1, UINT64_MAX, &oldest);
    if (code == 0)
        code = read_ends(look, look->newest, UINT64_MAX, UINT64_MAX, &newest);
    if (code < 0)
        return code;
    summary->first = oldest.count > 0 ? oldest.first : look->oldest;
    summary->last = newest.count > 0 ? newest.last : newest.header.previous_last;
    summary->oldest_wall_ns = summary->newest_wall_ns = summary->events = 0;
    if (summary->last < summary->first)
        return 0;
    summary->events = summary->last - summary->first + 1;
    summary->oldest_wall_ns = oldest.count > 0 ? oldest.oldest_wall_ns : 0;
    return find_newest(look, &newest, &summary->newest_wall_ns);
}

static int look_at_all(struct look *look)
{
    struct hs_journal_summary *summary = look->summary;
    uint64_t hash_key;
    int code = hs_folder_read_meta(look->disk, look->path, summary->identity, &hash_key);
    if (code == -ENOENT)
        return hs_fail(-ENOENT, "%s holds no journal", look->path);
    summary->format = HS_FORMAT_VERSION;
    if (code == 0)
        code = -ENOENT;
    for (unsigned i = 0; i < LOOK_TRIES && code == -ENOENT; i++)
        code = look_at_segments(look);
    if (code < 0)
        return code;
    code = hs_disk_list(look->disk, look->cursors_path, on_cursor, look);
    return code == -ENOENT ? 0 : code; /* someone removed the folder */
}

int hs_journal_summarize(const struct hs_disk *disk, const char *path,
                         struct hs_journal_summary *ret_summary)
{
    struct hs_journal_summary summary = {.first = 1};
    struct look look = {.disk = disk, .path = path, .summary = &summary};
    int code = -ENOMEM;
    if (asprintf(&look.segments_path, "%s/segments", path) < 0)
        look.segments_path = NULL;
    if (asprintf(&look.cursors_path, "%s/cursors", path) < 0)
        look.cursors_path = NULL;
    if (look.segments_path != NULL && look.cursors_path != NULL)
        code = look_at_all(&look);
    free(look.segments_path);
    free(look.cursors_path);
    if (code < 0)
        hs_journal_summary_free(&summary);
    else
        *ret_summary = summary;
    return code;
}

void hs_journal_summary_free(struct hs_journal_summary *summary)
{
    free(summary->cursors);
    summary->cursors = NULL;
    summary->cursor_count = 0;
}
