/* File: JSON Lines in a folder. Events gather in memory until the push, then each file is
 * written and synced, and only then are they delivered. After a crash the events since the
 * last saved cursor are written again (at least once). */
#include "kinds.h"

#include <event2/event.h>
#include <fcntl.h>
#include <hookstream/disk.h>
#include <hookstream/json.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX 64u           /* kept open */
#define GATHER_MESSAGES 1024u   /* messages of one write */
#define GATHER_BYTES (4u << 20) /* bytes of one file's write */
#define TURNS_MAX 100000u       /* NAME.1 to NAME.100000 */

struct out {
    char *name;
    int file;
    uint64_t size;         /* of the file, whole lines only */
    struct hs_buffer text; /* gathered */
    uint64_t used;         /* for choosing which to close */
};

struct pending {
    uint64_t sequence;
    unsigned part;
    struct out *out; /* NULL: it ended already */
    enum hs_outcome outcome;
    const char *reason;
    char detail[160];
};

struct file_sink {
    struct hs_sink sink;
    const struct hs_disk *disk;
    struct out outs[FILES_MAX];
    struct pending pending[GATHER_MESSAGES];
    size_t pending_count;
    uint64_t clock;
    bool full;
    struct event *on_later;
    bool begun;
};

static char *path_of(const struct file_sink *file, const char *name)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%s", file->sink.options->path, name);
    HS_ASSERT(size > 0);
    return path;
}

/* ---- Open files ---- */

static void close_out(struct file_sink *file, struct out *out)
{
    hs_disk_close(file->disk, out->file);
    hs_buffer_free(&out->text);
    free(out->name);
    *out = (struct out){.file = -1};
}

/* A crash in the middle of a write may have left part of a line at the end: it is cut, since
 * its event was not delivered and comes again. Gives where the whole lines end. */
static int64_t cut_partial_line(struct file_sink *file, int number)
{
    int64_t size = hs_disk_size(file->disk, number);
    uint64_t end = size > 0 ? (uint64_t)size : 0;
    while (end > 0) {
        char bytes[4096];
        size_t count = end < sizeof(bytes) ? (size_t)end : sizeof(bytes);
        ssize_t got = hs_disk_read(file->disk, number, bytes, count, end - count);
        if (got < 0)
            return got;
        const char *line = memrchr(bytes, '\n', count);
        if (line != NULL) {
            end -= count - (size_t)(line - bytes) - 1;
            break;
        }
        end -= count;
    }
    if (size > 0 && end < (uint64_t)size) {
        int code = hs_disk_truncate(file->disk, number, end);
        if (code < 0)
            return code;
    }
    return size < 0 ? size : (int64_t)end;
}

static int open_out(struct file_sink *file, struct out *out, struct hs_slice name)
{
    HS_AUTO_FREE char *text = hs_slice_dup(name);
    HS_AUTO_FREE char *path = path_of(file, text);
    int number = hs_disk_open(file->disk, path, O_RDWR | O_CREAT);
    if (number < 0)
        return number;
    int64_t size = cut_partial_line(file, number);
    int code = size < 0 ? (int)size : hs_disk_sync_directory(file->disk, file->sink.options->path);
    if (code < 0) {
        hs_disk_close(file->disk, number);
        return code;
    }
    *out = (struct out){.name = hs_slice_dup(name), .file = number, .size = (uint64_t)size};
    hs_buffer_init(&out->text, GATHER_BYTES + (64u << 20));
    return 0;
}

/* The open file of that name; opens it, in the place of the one longest unused without
 * gathered text. NULL: it cannot be opened. */
static struct out *find_out(struct file_sink *file, struct hs_slice name)
{
    struct out *oldest = NULL;
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct out *out = &file->outs[i];
        if (out->name != NULL && hs_slice_equal(hs_slice_text(out->name), name))
            return out;
        if (out->text.size == 0 && (oldest == NULL || out->used < oldest->used))
            oldest = out;
    }
    if (oldest == NULL) {
        (void)hs_fail(-EMFILE, "more than %u files at once", FILES_MAX);
        return NULL;
    }
    if (oldest->name != NULL)
        close_out(file, oldest);
    return open_out(file, oldest, name) == 0 ? oldest : NULL;
}

/* ---- Gathering ---- */

static struct pending *add_pending(struct file_sink *file, uint64_t sequence, unsigned part,
                                   struct out *out)
{
    struct pending *pending = &file->pending[file->pending_count++];
    *pending = (struct pending){sequence, part, out, HS_DELIVERED, "delivered", ""};
    return pending;
}

static void end_pending(struct pending *pending, enum hs_outcome outcome, const char *reason)
{
    pending->out = NULL;
    pending->outcome = outcome;
    pending->reason = reason;
    snprintf(pending->detail, sizeof(pending->detail), "%s", hs_error_text());
}

static const char *reason_of(int code)
{
    return code == -ENOSPC || code == -EDQUOT ? "disk_full" : "disk_error";
}

static void gather(struct file_sink *file, uint64_t sequence, const struct hs_message *message)
{
    struct out *out = find_out(file, message->destination);
    struct pending *pending = add_pending(file, sequence, message->part, out);
    if (out == NULL) {
        end_pending(pending, HS_HELD, "open");
        return;
    }
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(message->body, NULL, 0, &kind, &offset) < 0) {
        end_pending(pending, HS_PERMANENT, "not_json");
        return;
    }
    out->used = ++file->clock;
    hs_json_compact(message->body, &out->text);
    hs_buffer_append_byte(&out->text, '\n');
}

static enum hs_submit file_submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct file_sink *file = (struct file_sink *)sink;
    bool large = false;
    for (size_t i = 0; i < FILES_MAX; i++)
        large = large || file->outs[i].text.size >= GATHER_BYTES;
    if (large || file->pending_count + parcel->count > GATHER_MESSAGES) {
        file->full = true;
        return HS_SUBMIT_FULL;
    }
    for (size_t i = 0; i < parcel->count; i++)
        gather(file, parcel->sequence, &parcel->messages[i]);
    return HS_SUBMIT_ACCEPTED;
}

/* ---- Writing ---- */

/* Renames the file that has reached its size to the first free NAME.N; the next event begins
 * it anew. */
static void turn(struct file_sink *file, struct out *out)
{
    if (file->sink.options->max_size == 0 || out->size < file->sink.options->max_size)
        return;
    HS_AUTO_FREE char *from = path_of(file, out->name);
    for (unsigned number = 1; number <= TURNS_MAX; number++) {
        HS_AUTO_FREE char *to = NULL;
        if (asprintf(&to, "%s.%u", from, number) < 0)
            return;
        int taken = hs_disk_open(file->disk, to, O_RDONLY);
        if (taken >= 0) {
            hs_disk_close(file->disk, taken);
            continue;
        }
        if (file->disk->rename(file->disk->context, from, to) == 0)
            close_out(file, out);
        return;
    }
}

/* All gathered lines of one file, or none: what a failed write left is cut away. */
static int write_out(struct file_sink *file, struct out *out)
{
    int code = hs_disk_write(file->disk, out->file, hs_buffer_slice(&out->text), out->size);
    if (code == 0)
        code = hs_disk_sync(file->disk, out->file);
    if (code == 0) {
        out->size += out->text.size;
    } else {
        HS_IGNORE(hs_disk_truncate(file->disk, out->file, out->size)); /* the next try overwrites */
        (void)hs_fail(code, "cannot write %s/%s: %s", file->sink.options->path, out->name,
                      strerror(-code));
    }
    hs_buffer_clear(&out->text);
    return code;
}

static void write_all(struct file_sink *file)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct out *out = &file->outs[i];
        if (out->text.size == 0)
            continue;
        int code = write_out(file, out);
        for (size_t k = 0; code < 0 && k < file->pending_count; k++)
            if (file->pending[k].out == out)
                end_pending(&file->pending[k], HS_HELD, reason_of(code));
        if (code == 0)
            turn(file, out);
    }
}

static void tell(struct file_sink *file)
{
    const struct hs_sink_host *host = &file->sink.host;
    size_t count = file->pending_count;
    file->pending_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pending *pending = &file->pending[i];
        host->completed(host->context, pending->sequence, pending->part, pending->outcome,
                        pending->reason, pending->detail);
    }
    if (file->full) {
        file->full = false;
        host->room(host->context);
    }
}

/* In a turn of its own, since completions must not come from within push or submit. */
static void on_later(evutil_socket_t number, short what, void *context)
{
    struct file_sink *file = context;
    if (!file->begun) {
        file->begun = true;
        file->sink.host.state(file->sink.host.context, HS_SINK_UP, "", "");
        file->sink.host.resume(file->sink.host.context, 0);
        return;
    }
    write_all(file);
    tell(file);
}

static void file_push(struct hs_sink *sink)
{
    struct file_sink *file = (struct file_sink *)sink;
    if (file->pending_count > 0 || file->full)
        event_active(file->on_later, EV_TIMEOUT, 0);
}

/* ---- Life ---- */

static void file_close(struct hs_sink *sink)
{
    struct file_sink *file = (struct file_sink *)sink;
    for (size_t i = 0; i < FILES_MAX; i++)
        if (file->outs[i].name != NULL)
            close_out(file, &file->outs[i]);
    if (file->on_later != NULL)
        event_free(file->on_later);
    free(file);
}

static int file_open(struct hs_sink *common, const char *identity, struct hs_sink **ret_sink)
{
    struct file_sink *file = hs_alloc(sizeof(*file));
    file->sink = *common;
    file->disk = hs_disk_system();
    for (size_t i = 0; i < FILES_MAX; i++)
        file->outs[i].file = -1;
    int code = hs_disk_make_directory(file->disk, common->options->path);
    if (code == 0) {
        file->on_later = evtimer_new(common->base, on_later, file);
        if (file->on_later == NULL)
            code = hs_fail(-ENOMEM, "cannot make the events of the sink %s", common->name);
    }
    if (code < 0) {
        file_close(&file->sink);
        return code;
    }
    event_active(file->on_later, EV_TIMEOUT, 0);
    *ret_sink = &file->sink;
    return 0;
}

static size_t file_in_flight(const struct hs_sink *sink)
{
    return ((const struct file_sink *)sink)->pending_count;
}

static void file_check(struct hs_config *config, const char *name,
                       const struct hs_sink_options *options)
{
    if (options->path != NULL && options->path[0] == '\0')
        hs_config_error(config, hs_node_get(options->node, "path"),
                        "sink `%s`: path is empty: name a folder", name);
}

const struct hs_sink_type hs_file_type = {
    .open = file_open,
    .submit = file_submit,
    .push = file_push,
    .in_flight = file_in_flight,
    .close = file_close,
    .check = file_check,
};
