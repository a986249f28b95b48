/* Known: the cursors the journal has had, one name per line in `<journal>/sinks`, beside their
 * folder. This distinguishes a cursor whose file is gone from that of a new sink. A new one may
 * begin with the next event; a lost one must not skip what its sink had yet to get. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/journal_inspect.h>
#include <hookstream/log.h>
#include <stdio.h>

/* Names of 63 bytes, including cursors of sinks that are no longer configured. */
#define KNOWN_MAX (1u << 20)

static char *known_path(const char *folder)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/sinks", folder);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    return path;
}

/* Calls `each` per name until it returns true; returns whether it did. */
static bool any_known(const struct hs_disk *disk, const char *folder,
                      bool (*each)(const void *context, struct hs_slice name), const void *context)
{
    HS_AUTO_FREE char *path = known_path(folder);
    struct hs_buffer text;
    hs_buffer_init(&text, KNOWN_MAX);
    bool found = false;
    size_t size = hs_disk_read_all(disk, path, &text) == 0 ? text.size : 0;
    for (size_t at = 0; at < size && !found;) {
        const char *line = text.data + at, *end = memchr(line, '\n', size - at);
        if (end == NULL)
            break;
        found = each(context, hs_slice(line, (size_t)(end - line)));
        at += (size_t)(end - line) + 1;
    }
    hs_buffer_free(&text);
    return found;
}

bool hs_known_is_kept(const struct hs_disk *disk, const char *folder)
{
    HS_AUTO_FREE char *path = known_path(folder);
    int file = hs_disk_open(disk, path, O_RDONLY);
    if (file >= 0)
        hs_disk_close(disk, file);
    return file >= 0;
}

static bool is_name(const void *context, struct hs_slice name)
{
    return hs_slice_equal(name, hs_slice_text(context)); /* from the configuration: ends in NUL */
}

static bool has_place(const struct hs_disk *disk, const char *folder, const char *name)
{
    HS_AUTO_FREE char *path = NULL;
    int size = asprintf(&path, "%s/cursors/%s.place", folder, name);
    uint64_t place;
    return size > 0 && hs_cursor_read(disk, path, &place) == 0;
}

bool hs_journal_had_cursor(const struct hs_disk *disk, const char *path, const char *name)
{
    return any_known(disk, path, is_name, name) || has_place(disk, path, name);
}

static bool is_missing(const void *context, struct hs_slice name)
{
    const struct hs_journal *journal = context;
    HS_AUTO_FREE char *path = NULL;
    int size = asprintf(&path, "%s/%.*s.cursor", journal->cursors_path, HS_SLICE_ARG(name));
    uint64_t position;
    return size > 0 && hs_cursor_read(journal->disk, path, &position) < 0;
}

bool hs_known_any_missing(const struct hs_journal *journal)
{
    return any_known(journal->disk, journal->path, is_missing, journal);
}

struct missing {
    const struct hs_disk *disk;
    const char *cursors_path;
    hs_each_missing_fn *each;
    void *context;
};

static bool give_missing(const void *context, struct hs_slice name)
{
    const struct missing *missing = context;
    HS_AUTO_FREE char *path = NULL;
    uint64_t position;
    if (asprintf(&path, "%s/%.*s.cursor", missing->cursors_path, HS_SLICE_ARG(name)) > 0 &&
        hs_cursor_read(missing->disk, path, &position) == -ENOENT)
        missing->each(missing->context, path);
    return false;
}

void hs_known_each_missing(const struct hs_disk *disk, const char *folder, const char *cursors_path,
                           hs_each_missing_fn *each, void *context)
{
    const struct missing missing = {disk, cursors_path, each, context};
    HS_IGNORE(any_known(disk, folder, give_missing, &missing)); /* goes through all names */
}

static void on_file(void *arg, const char *file)
{
    struct hs_buffer *text = arg;
    HS_AUTO_FREE char *name = hs_folder_cursor_name(file);
    if (name != NULL)
        hs_buffer_printf(text, "%s\n", name);
}

void hs_known_save(struct hs_journal *journal)
{
    HS_AUTO_FREE char *path = known_path(journal->path);
    struct hs_buffer text;
    hs_buffer_init(&text, KNOWN_MAX);
    int code = hs_disk_list(journal->disk, journal->cursors_path, on_file, &text);
    if (code == 0)
        code = hs_disk_replace(journal->disk, path, hs_buffer_slice(&text));
    if (code < 0)
        hs_log(HS_LOG_WARN,
               "cannot note which sinks the journal has: one whose cursor's file is lost would be "
               "taken for new",
               HS_F("file", "%s", path), HS_F("error", "%s", hs_error_text()));
    hs_buffer_free(&text);
}
