/* Server mark: see server_mark.h. The file `cursors/SINK.marked` holds `hookstream mark FIRST`. */
#include "server_mark.h"

#include <hookstream/buffer.h>
#include <hookstream/disk.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 256u

static const struct hs_slice head = {"hookstream mark ", 16};

static int read_first(struct hs_server_mark *mark)
{
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    int code = hs_disk_read_all(hs_journal_disk(mark->journal), mark->path, &text);
    struct hs_slice line = hs_buffer_slice(&text);
    if (code == 0 && (!hs_slice_starts_with(line, head) ||
                      hs_slice_to_u64(hs_slice(line.data + head.size, line.size - head.size),
                                      UINT64_MAX, &mark->first) < 0))
        code = hs_fail(-EBADMSG, "%s is damaged", mark->path);
    hs_buffer_free(&text);
    return code;
}

void hs_server_mark_open(struct hs_server_mark *mark, struct hs_journal *journal, const char *sink,
                         uint64_t first)
{
    *mark = (struct hs_server_mark){.journal = journal, .first = first};
    int size = asprintf(&mark->path, "%s/cursors/%s.marked", hs_journal_path(journal), sink);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    int code = read_first(mark);
    mark->is_set = code == 0;
    if (code == 0 || code == -ENOENT)
        return;
    /* Better to send events twice than not at all. */
    mark->is_set = true;
    mark->first = 0;
    hs_log(HS_LOG_WARN,
           "cannot read the note that a sink's server has a cursor: if the server lost it, "
           "everything that the journal keeps counts as lost",
           HS_F("sink", "%s", sink), HS_F("error", "%s", hs_error_text()));
}

void hs_server_mark_set(struct hs_server_mark *mark)
{
    if (mark->is_set || mark->journal == NULL)
        return;
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    hs_buffer_append_slice(&text, head);
    hs_buffer_printf(&text, "%" PRIu64, mark->first);
    mark->is_set = true; /* for this run, whatever happens to the file */
    if (hs_disk_replace(hs_journal_disk(mark->journal), mark->path, hs_buffer_slice(&text)) < 0)
        hs_log(HS_LOG_WARN,
               "cannot note that a sink's server has a cursor: its loss after the next start would "
               "not be noticed",
               HS_F("file", "%s", mark->path), HS_F("error", "%s", hs_error_text()));
    hs_buffer_free(&text);
}

void hs_server_mark_clear(struct hs_server_mark *mark)
{
    if (!mark->is_set)
        return;
    mark->is_set = false;
    mark->first = 0;
    if (hs_disk_unlink(hs_journal_disk(mark->journal), mark->path) < 0)
        hs_log(HS_LOG_WARN,
               "cannot remove the note that a sink's server has a cursor: once you remove the "
               "cursor, events are sent again",
               HS_F("file", "%s", mark->path), HS_F("error", "%s", hs_error_text()));
}

void hs_server_mark_close(struct hs_server_mark *mark)
{
    free(mark->path);
    mark->path = NULL;
}
