/* Summary: what the folder holds, read without the lock, also beside a running process. */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct look {
    const struct hs_disk *disk;
    const char *path;
    struct hs_journal_summary *summary;
    uint64_t last_first; /* the newest segment's first sequence */
    int code;
};

static void on_segment(void *arg, const char *name)
{
    struct look *look = arg;
    uint64_t first;
    struct hs_slice text = hs_slice_text(name);
    if (text.size != 24 || memcmp(name + 20, ".hsj", 4) != 0 ||
        hs_slice_to_u64(hs_slice(name, 20), UINT64_MAX, &first) < 0)
        return;
    HS_AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/segments/%s", look->path, name) < 0)
        return;
    int file = hs_disk_open(look->disk, path, O_RDONLY);
    if (file < 0)
        return; /* removed meanwhile */
    int64_t size = hs_disk_size(look->disk, file);
    hs_disk_close(look->disk, file);
    struct hs_journal_summary *summary = look->summary;
    summary->segments++;
    summary->bytes += size > 0 ? (uint64_t)size : 0;
    if (summary->segments == 1 || first < summary->first)
        summary->first = first;
    if (first > look->last_first)
        look->last_first = first;
}

static void on_cursor(void *arg, const char *name)
{
    struct look *look = arg;
    struct hs_journal_summary *summary = look->summary;
    size_t size = strlen(name); /* strlen: a name out of the journal's folder */
    HS_AUTO_FREE char *path = NULL;
    uint64_t position;
    if (size < 8 || strcmp(name + size - 7, ".cursor") != 0 ||
        asprintf(&path, "%s/cursors/%s", look->path, name) < 0 ||
        hs_cursor_read(look->disk, path, &position) < 0)
        return;
    summary->cursors = hs_realloc_array(summary->cursors, summary->cursor_count + 1,
                                        sizeof(*summary->cursors));
    struct hs_cursor_summary *cursor = &summary->cursors[summary->cursor_count++];
    snprintf(cursor->name, sizeof(cursor->name), "%.*s", (int)(size - 7), name);
    cursor->position = position;
}

/* The first and the last whole record of a segment. */
static int read_ends(const struct look *look, uint64_t first, uint64_t *ret_last,
                     uint64_t *ret_oldest_ns, uint64_t *ret_newest_ns)
{
    HS_AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/segments/%020llu.hsj", look->path, (unsigned long long)first) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, (size_t)1 << 31);
    struct hs_segment_header header;
    int code = hs_disk_read_all(look->disk, path, &bytes);
    if (code == 0 && bytes.size < HS_SEGMENT_HEADER)
        code = hs_fail(-EBADMSG, "%s is shorter than a header", path);
    if (code == 0)
        code = hs_segment_header_decode(bytes.data, &header);
    if (code == 0)
        *ret_last = header.previous_last;
    for (size_t at = HS_SEGMENT_HEADER, length; code == 0 && at < bytes.size; at += length) {
        struct hs_event event;
        length = hs_record_length(bytes.data + at, bytes.size - at);
        if (length == 0 || length > bytes.size - at ||
            hs_record_decode(bytes.data + at, length, header.seed, &event) < 0)
            break;
        if (*ret_oldest_ns == 0)
            *ret_oldest_ns = event.received_wall_ns;
        *ret_newest_ns = event.received_wall_ns;
        *ret_last = event.sequence;
    }
    hs_buffer_free(&bytes);
    return code;
}

static int read_identity(const struct hs_disk *disk, const char *path,
                         struct hs_journal_summary *summary)
{
    HS_AUTO_FREE char *meta = NULL;
    if (asprintf(&meta, "%s/meta", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, 4096);
    int code = hs_disk_read_all(disk, meta, &bytes);
    if (code == 0 && bytes.size >= 44) {
        summary->format = (unsigned char)bytes.data[7];
        memcpy(summary->identity, bytes.data + 8, 36);
    } else if (code == 0) {
        code = hs_fail(-EBADMSG, "%s is damaged", meta);
    }
    hs_buffer_free(&bytes);
    return code;
}

int hs_journal_summarize(const struct hs_disk *disk, const char *path,
                         struct hs_journal_summary *ret_summary)
{
    *ret_summary = (struct hs_journal_summary){.first = 1};
    struct look look = {disk, path, ret_summary, 0, 0};
    int code = read_identity(disk, path, ret_summary);
    HS_AUTO_FREE char *segments = NULL, *cursors = NULL;
    if (asprintf(&segments, "%s/segments", path) < 0 || asprintf(&cursors, "%s/cursors", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    if (code == 0)
        code = hs_disk_list(disk, segments, on_segment, &look);
    if (code == 0)
        code = hs_disk_list(disk, cursors, on_cursor, &look);
    uint64_t ignored = 0, newest = 0, oldest = 0;
    if (code == 0 && ret_summary->segments > 1)
        code = read_ends(&look, ret_summary->first, &ignored, &oldest, &newest);
    if (code == 0 && ret_summary->segments > 0)
        code = read_ends(&look, look.last_first, &ret_summary->last, &oldest, &newest);
    ret_summary->oldest_wall_ns = oldest;
    ret_summary->newest_wall_ns = newest;
    if (ret_summary->last >= ret_summary->first)
        ret_summary->events = ret_summary->last - ret_summary->first + 1;
    if (code < 0)
        hs_journal_summary_free(ret_summary);
    return code;
}

void hs_journal_summary_free(struct hs_journal_summary *summary)
{
    free(summary->cursors);
    summary->cursors = NULL;
    summary->cursor_count = 0;
}
