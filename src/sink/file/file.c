/* File sink: JSON lines in a folder, for a run without any server. Events gather in memory until
 * the push. Then each file is written and synced once, and only after that are they delivered.
 * Delivers at least once: lines not yet confirmed when the process ends are written again. If the
 * folder cannot be made, the sink is blocked and retries.
 *
 * Every outcome of a message except success is in this table:
 *   disk_full     blocked    ENOSPC, EDQUOT: free space
 *   folder        blocked    the folder was removed, and cannot be made again
 *   disk_error    blocked    any other error of the disk or the folder
 *   not_a_file    permanent  the name belongs to a folder, link, FIFO, socket or device
 *   foreign_file  permanent  the name belongs to a file without hookstream's mark (own.h)
 *   file_refused  permanent  the file exists and cannot be written by this user
 *   name_refused  permanent  the file system does not accept the name
 *   not_json      permanent  a body that is not JSON (a transformation cannot make one)
 *   too_large     permanent  a line larger than HS_FILE_OUT_CEILING */
#include "file.h"

#include "out.h"
#include "own.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/json.h>
#include <stdio.h>

#define FILES_MAX 64u
#define GATHER_MESSAGES 2048u
#define GATHER_BYTES (1u << 20) /* over all files; a single parcel may exceed it */
#define PREPARE_LEAST_MS 500u   /* between two tries to make the folder */
#define PREPARE_MOST_MS 10000u
_Static_assert(FILES_MAX >= 2 * HS_PARCEL_MESSAGES_MAX, "a parcel fits the files");

static const struct hs_failure not_json = {HS_PERMANENT, "not_json", "the body is not JSON"};
static const struct hs_failure too_large = {HS_PERMANENT, "too_large", "the line is too long"};

struct entry {
    uint64_t sequence;
    struct hs_file_out *out;
    const struct hs_failure *failure; /* NULL: delivered, as far as known */
    unsigned part;
};

struct hs_file {
    struct hs_sink sink;
    struct hs_file_folder folder;
    struct hs_file_out outs[FILES_MAX];
    size_t busy;     /* outs with something gathered */
    size_t gathered; /* bytes in them */
    uint64_t clock;
    struct entry entries[GATHER_MESSAGES];
    size_t count;
    bool owes_room, announced;
    unsigned failures; /* failed tries to make the folder, in a row */
    struct event *on_turn;
};

static struct hs_file *of(struct hs_sink *sink)
{
    return (struct hs_file *)sink; /* its first member */
}

/* ---- Gathering ---- */

/* The file of that name; a new one replaces the least recently used one. */
static struct hs_file_out *find_out(struct hs_file *file, struct hs_slice name)
{
    struct hs_file_out *oldest = NULL;
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct hs_file_out *out = &file->outs[i];
        if (out->name != NULL && hs_slice_equal(hs_slice_text(out->name), name))
            return out;
        if (out->text.size == 0 && (oldest == NULL || out->used < oldest->used))
            oldest = out;
    }
    HS_ASSERT(oldest != NULL); /* has_room() ensures it */
    hs_file_out_free(oldest, &file->folder);
    hs_file_out_init(oldest, name);
    return oldest;
}

static const struct hs_failure *append_line(struct hs_buffer *text, struct hs_slice body)
{
    enum hs_json_kind kind;
    size_t offset, before = text->size;
    if (hs_json_scan(body, NULL, 0, &kind, &offset) < 0)
        return &not_json;
    hs_json_compact(body, text);
    hs_buffer_append_byte(text, '\n');
    if (hs_buffer_status(text) == 0)
        return NULL;
    text->size = before;
    text->failed = false;
    return &too_large;
}

static void gather(struct hs_file *file, uint64_t sequence, const struct hs_message *message)
{
    struct hs_file_out *out = find_out(file, message->destination);
    size_t before = out->text.size;
    const struct hs_failure *failure = append_line(&out->text, message->body);
    out->used = ++file->clock;
    file->busy += before == 0 && out->text.size > 0;
    file->gathered += out->text.size - before;
    file->entries[file->count++] = (struct entry){sequence, out, failure, message->part};
}

static bool has_room(const struct hs_file *file, const struct hs_parcel *parcel)
{
    return file->announced && file->count + parcel->count <= GATHER_MESSAGES &&
           file->busy + parcel->count <= FILES_MAX && file->gathered < GATHER_BYTES;
}

static enum hs_submit submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct hs_file *file = of(sink);
    if (!has_room(file, parcel)) {
        file->owes_room = true;
        return HS_SUBMIT_FULL;
    }
    for (size_t i = 0; i < parcel->count; i++)
        gather(file, parcel->sequence, &parcel->messages[i]);
    sink->in_flight += parcel->count;
    return HS_SUBMIT_ACCEPTED;
}

/* ---- Writing ---- */

/* Returns the file that failed because of the disk, or NULL. */
static const struct hs_file_out *write_all(struct hs_file *file)
{
    const struct hs_file_out *blocked = NULL;
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct hs_file_out *out = &file->outs[i];
        if (out->text.size == 0)
            continue;
        hs_file_out_write(out, &file->folder);
        if (out->failure != NULL && out->failure->outcome == HS_BLOCKED)
            blocked = out;
    }
    for (size_t i = 0; i < file->count; i++)
        if (file->entries[i].failure == NULL)
            file->entries[i].failure = file->entries[i].out->failure;
    file->busy = file->gathered = 0;
    return blocked;
}

/* Why the entry failed; the file's name is in it. */
static void describe(const struct entry *entry, char *ret_text, size_t size)
{
    const struct hs_file_out *out = entry->out;
    if (entry->failure == out->failure)
        snprintf(ret_text, size, "%s", out->detail);
    else
        snprintf(ret_text, size, "file %s: %s", out->name, entry->failure->words);
}

static void tell(struct hs_file *file, const struct hs_file_out *blocked)
{
    char detail[HS_FILE_DETAIL_MAX];
    size_t count = file->count;
    file->count = 0;
    if (blocked != NULL)
        hs_sink_set_state(&file->sink, HS_SINK_BLOCKED, blocked->failure->label, blocked->detail);
    else if (count > 0)
        hs_sink_set_state(&file->sink, HS_SINK_UP, "", "");
    for (size_t i = 0; i < count; i++) {
        const struct entry entry = file->entries[i];
        if (entry.failure != NULL)
            describe(&entry, detail, sizeof(detail));
        hs_sink_complete(&file->sink, entry.sequence, entry.part, entry.failure,
                         entry.failure != NULL ? detail : NULL);
    }
    if (file->owes_room) {
        file->owes_room = false;
        file->sink.host.room(file->sink.host.context);
    }
}

/* Until the folder is writable nothing is accepted, since submit() requires `announced`. */
static void prepare(struct hs_file *file)
{
    if (hs_file_own_prepare(&file->folder, file->sink.host.known) < 0) {
        uint64_t ms = hs_sink_backoff_ms(file->failures++, PREPARE_LEAST_MS, PREPARE_MOST_MS);
        struct timeval pause = hs_clock_timeval(ms * HS_NS_PER_MS);
        hs_sink_set_state(&file->sink, HS_SINK_BLOCKED, "folder", hs_error_text());
        HS_IGNORE(event_add(file->on_turn, &pause)); /* fails only without memory */
        return;
    }
    file->announced = true;
    hs_sink_set_state(&file->sink, HS_SINK_UP, "", "");
    (void)file->sink.host.resume(file->sink.host.context, 0, 0);
}

/* Runs in a turn of its own: nothing is reported from within submit or push. */
static void on_turn(evutil_socket_t number, short what, void *context)
{
    struct hs_file *file = context;
    if (file->announced)
        tell(file, write_all(file));
    else
        prepare(file);
}

static void push(struct hs_sink *sink)
{
    struct hs_file *file = of(sink);
    if (file->announced && (file->count > 0 || file->owes_room))
        event_active(file->on_turn, EV_TIMEOUT, 0);
}

static void skip(struct hs_sink *sink, uint64_t sequence)
{
    (void)sink, (void)sequence; /* a file has no cursor */
}

/* ---- Life ---- */

static void close_sink(struct hs_sink *sink)
{
    struct hs_file *file = of(sink);
    for (size_t i = 0; i < FILES_MAX; i++)
        hs_file_out_free(&file->outs[i], &file->folder);
    if (file->on_turn != NULL)
        event_free(file->on_turn);
    free(file);
}

static void leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts)
{
    (void)sink, (void)sequence, (void)parts; /* a file has no cursor */
}

static const struct hs_sink_ops ops = {submit, push, skip, leave_out, close_sink};

int hs_file_open_on(const struct hs_sink_spec *spec, const struct hs_disk *disk,
                    struct hs_sink **ret_sink)
{
    struct hs_file *file = hs_alloc(sizeof(*file));
    hs_sink_init(&file->sink, &ops, spec);
    const struct hs_file_options *options = hs_file_options(spec->options);
    file->folder = (struct hs_file_folder){disk, options->path, options->max_size};
    for (size_t i = 0; i < FILES_MAX; i++)
        file->outs[i].file = -1;
    file->on_turn = event_new(spec->base, -1, 0, on_turn, file);
    if (file->on_turn == NULL) {
        close_sink(&file->sink);
        return hs_fail(-ENOMEM, "cannot make the events of the sink %s", spec->name);
    }
    event_active(file->on_turn, EV_TIMEOUT, 0);
    *ret_sink = &file->sink;
    return 0;
}

int hs_file_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink)
{
    return hs_file_open_on(spec, hs_disk_system(), ret_sink);
}

void hs_file_check(struct hs_config *config, const struct hs_sink_options *sink)
{
    const struct hs_file_options *options = hs_file_options(sink);
    if (options->path != NULL && options->path[0] == '\0')
        hs_config_error(config, HS_FINDING_EMPTY_VALUE,
                        sink->node != NULL ? hs_node_get(sink->node, "path") : NULL,
                        "`path` is empty: name a folder");
}
