/* File out: see out.h. A file that failed is closed and read again: after a failed sync its pages
 * may be gone, so only what was synced before counts. */
#include "out.h"

#include "own.h"

#include <fcntl.h>
#include <hookstream/log.h>
#include <stdio.h>

static const struct hs_failure disk_full = {HS_BLOCKED, "disk_full", "the disk is full: make room"};
static const struct hs_failure disk_error = {HS_BLOCKED, "disk_error", "the disk fails"};

static const struct hs_failure no_folder = {HS_BLOCKED, "folder", "its folder cannot be made"};

static char *path_of(const struct hs_file_folder *folder, const char *name, unsigned number)
{
    /* strlen: the configuration's text and a copy of ours, both ended by NUL */
    size_t size = strlen(folder->path) + strlen(name) + 16;
    char *path = hs_alloc(size);
    if (number == 0)
        snprintf(path, size, "%s/%s", folder->path, name);
    else
        snprintf(path, size, "%s/%s.%u", folder->path, name, number);
    return path;
}

void hs_file_out_init(struct hs_file_out *out, struct hs_slice name)
{
    *out = (struct hs_file_out){.name = hs_slice_dup(name), .file = -1};
    hs_buffer_init(&out->text, HS_FILE_OUT_CEILING);
}

void hs_file_out_free(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    if (out->name == NULL)
        return;
    hs_disk_close(folder->disk, out->file);
    hs_buffer_free(&out->text);
    free(out->name);
    *out = (struct hs_file_out){.file = -1};
}

/* ---- Opening ---- */

/* Where the last whole line ends, or -errno. */
static int64_t end_of_lines(const struct hs_disk *disk, int file, uint64_t size)
{
    for (uint64_t end = size; end > 0;) {
        char bytes[4096];
        size_t count = end < sizeof(bytes) ? (size_t)end : sizeof(bytes);
        ssize_t got = hs_disk_read(disk, file, bytes, count, end - count);
        if (got < 0)
            return got;
        if ((size_t)got < count)
            return hs_fail(-EIO, "the file became shorter while it was read");
        const char *line = memrchr(bytes, '\n', count);
        if (line != NULL)
            return (int64_t)(end - count + (size_t)(line - bytes) + 1);
        end -= count;
    }
    return 0;
}

/* A crash in the middle of a write leaves part of a line. Its event was not delivered and comes
 * again; it must not follow a torn line. */
static int64_t cut_torn_line(const struct hs_disk *disk, int file)
{
    int64_t size = hs_disk_size(disk, file);
    if (size <= 0)
        return size;
    int64_t end = end_of_lines(disk, file, (uint64_t)size);
    if (end < 0 || end == size)
        return end;
    int code = hs_disk_truncate(disk, file, (uint64_t)end);
    return code < 0 ? code : end;
}

/* As at the start: the folder was removed while in use. */
static int make_folder_again(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    int code = hs_file_own_prepare(folder, false);
    if (code < 0)
        out->failure = &no_folder;
    else
        hs_log_limited(HS_LOG_WARN, "file_folder",
                       "the folder of a file sink was gone and is made again",
                       HS_F("folder", "%s", folder->path));
    return code;
}

static int open_file(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    HS_AUTO_FREE char *path = path_of(folder, out->name, 0);
    int file = hs_file_own_open(folder, path, &out->failure);
    if ((file == -ENOENT || file == -ENOTDIR) && out->failure == NULL) {
        file = make_folder_again(out, folder);
        if (file == 0)
            file = hs_file_own_open(folder, path, &out->failure);
    }
    if (file < 0)
        return file;
    int64_t size = cut_torn_line(folder->disk, file);
    int code = size < 0 ? (int)size : hs_disk_sync_directory(folder->disk, folder->path);
    if (code < 0) {
        hs_disk_close(folder->disk, file);
        return code;
    }
    out->file = file;
    out->size = (uint64_t)size;
    return 0;
}

static void close_file(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    hs_disk_close(folder->disk, out->file);
    out->file = -1;
}

/* ---- Turning ---- */

/* The first free NAME.N, searched in steps that double and then halve: few looks even with
 * thousands of files. 0: there are too many. */
static unsigned free_number(const struct hs_file_out *out, const struct hs_file_folder *folder)
{
    unsigned taken = 0, free_at = 1;
    for (;; taken = free_at, free_at *= 2) {
        if (free_at > HS_FILE_TURNS_MAX)
            return 0;
        HS_AUTO_FREE char *path = path_of(folder, out->name, free_at);
        if (!hs_file_own_is_taken(path))
            break;
    }
    while (free_at - taken > 1) {
        unsigned middle = taken + (free_at - taken) / 2;
        HS_AUTO_FREE char *path = path_of(folder, out->name, middle);
        if (hs_file_own_is_taken(path))
            taken = middle;
        else
            free_at = middle;
    }
    return free_at;
}

/* Renames the file; the next write begins a new one. */
static int turn(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    unsigned number = free_number(out, folder);
    if (number == 0)
        return hs_fail(-EFBIG, "%s has been turned too often: remove older files", out->name);
    HS_AUTO_FREE char *from = path_of(folder, out->name, 0);
    HS_AUTO_FREE char *to = path_of(folder, out->name, number);
    if (folder->disk->rename(folder->disk->context, from, to) < 0)
        return hs_fail_errno(errno, "cannot rename %s to %s", from, to);
    close_file(out, folder);
    return hs_disk_sync_directory(folder->disk, folder->path);
}

/* ---- Writing ---- */

/* Detects what someone else did to the file meanwhile: it is opened again, or recreated if gone. */
static void look_again(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    HS_AUTO_FREE char *path = path_of(folder, out->name, 0);
    if (!hs_file_own_is_same(path, out->file, out->size))
        close_file(out, folder);
}

static int make_ready(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    if (out->file >= 0)
        look_again(out, folder);
    int code = out->file < 0 ? open_file(out, folder) : 0;
    if (code == 0 && folder->max_size > 0 && out->size >= folder->max_size) {
        code = turn(out, folder);
        if (code == 0)
            code = open_file(out, folder);
    }
    return code;
}

static int write_text(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    int code = make_ready(out, folder);
    if (code < 0)
        return code;
    code = hs_disk_write(folder->disk, out->file, hs_buffer_slice(&out->text), out->size);
    if (code == 0)
        code = hs_disk_sync(folder->disk, out->file);
    if (code == 0) {
        out->size += out->text.size;
        return 0;
    }
    /* If cutting fails too, whole lines may stay, and their events come twice. */
    char words[256];
    snprintf(words, sizeof(words), "%s: %s", out->name, hs_error_text());
    HS_IGNORE(hs_disk_truncate(folder->disk, out->file, out->size));
    close_file(out, folder);
    return hs_fail(code, "%s", words);
}

void hs_file_out_write(struct hs_file_out *out, const struct hs_file_folder *folder)
{
    out->failure = NULL; /* or the fault of this name alone */
    int code = write_text(out, folder);
    if (code < 0) {
        snprintf(out->detail, sizeof(out->detail), "%s", hs_error_text());
        if (out->failure == NULL)
            out->failure = code == -ENOSPC || code == -EDQUOT ? &disk_full : &disk_error;
    }
    if (out->text.capacity > HS_FILE_OUT_KEPT_BYTES)
        hs_buffer_free(&out->text);
    else
        hs_buffer_clear(&out->text);
}
