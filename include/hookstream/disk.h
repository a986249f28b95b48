/* The file layer: every byte of the journal, the cursors, the ids and the dead letters goes
 * through here, so that a test can put a disk in its place that is full, answers EIO or
 * loses power. Whole writes or an error: a short write is continued until it is one or the
 * other. Knows nothing of what the files hold.
 * Threads: any; a file's own reads and writes may come from several threads. */
#ifndef HOOKSTREAM_DISK_H
#define HOOKSTREAM_DISK_H

#include <endian.h>
#include <hookstream/base.h>
#include <sys/types.h>

/* Which file it is, whatever its name, and what shows that someone wrote to it. */
struct hs_file_id {
    uint64_t device, number;
    uint64_t size, changed_ns; /* bytes; when they last changed */
    bool known;
};

/* What the layer asks of the system; each returns as the system call of its name does, -1
 * with errno. A test replaces some of them; `context` is its own. */
struct hs_disk {
    void *context;
    int (*open)(void *context, const char *path, int flags, mode_t mode);
    int (*close)(void *context, int file);
    ssize_t (*pread)(void *context, int file, void *data, size_t size, off_t offset);
    ssize_t (*pwrite)(void *context, int file, const void *data, size_t size, off_t offset);
    int (*fdatasync)(void *context, int file);
    int (*fsync)(void *context, int file);
    int (*ftruncate)(void *context, int file, off_t size);
    int (*rename)(void *context, const char *from, const char *to);
    int (*unlink)(void *context, const char *path);
    int (*mkdir)(void *context, const char *path, mode_t mode);
    /* Reserves blocks for so many bytes, as posix_fallocate(3) but -1 with errno; writes them
     * as zeros, too, where that is cheap (O_DIRECT), so that no sync need mark them as used.
     * Nobody else uses the file meanwhile. */
    int (*allocate)(void *context, int file, off_t size);
    /* Only reserves them, and writes nothing where the file system can do that; -1 with errno.
     * NULL: as good as done. */
    int (*reserve)(void *context, int file, off_t size);
    /* Bytes that are free for us where the path is; -1 with errno. NULL: nobody knows. */
    int64_t (*room)(void *context, const char *path);
    /* Bytes of an open file; calls `each` for every name in a folder but . and .. */
    off_t (*size)(void *context, int file);
    int (*list)(void *context, const char *path, void (*each)(void *arg, const char *name),
                void *arg);
    /* Which file `file` is, or with file < 0 the one at `path`. NULL: unknown. */
    int (*identify)(void *context, int file, const char *path, struct hs_file_id *ret_id);
};

/* The real one. Lives for ever. */
const struct hs_disk *hs_disk_system(void);

/* Opens; `flags` as open(2), O_CLOEXEC is added, files are created 0600. A file number >= 0,
 * which the caller closes with hs_disk_close(), or -errno. Without O_DIRECTORY only a regular
 * file is opened: no symbolic link is followed, and a FIFO never blocks. The text of the error
 * names what is there instead. */
HS_MUST_CHECK int hs_disk_open(const struct hs_disk *disk, const char *path, int flags);
/* Whether hs_disk_open() returned this because there is something other than a regular file. */
bool hs_disk_is_wrong_kind(int code);
/* Opens an empty file for reading and writing. Removes whatever has its name, except a folder.
 * Otherwise as hs_disk_open(). */
HS_MUST_CHECK int hs_disk_create(const struct hs_disk *disk, const char *path);
/* Takes the file number; -1 is fine. An error of close(2) is ignored: what must be safe was
 * synced before. */
void hs_disk_close(const struct hs_disk *disk, int file);
/* Reads up to `size` bytes; fewer only at the end of the file. Bytes read or -errno. */
HS_MUST_CHECK ssize_t hs_disk_read(const struct hs_disk *disk, int file, void *ret_data,
                                   size_t size, uint64_t offset);
/* All of it, or -errno and any part of it may be there. */
HS_MUST_CHECK int hs_disk_write(const struct hs_disk *disk, int file, struct hs_slice data,
                                uint64_t offset);
/* fdatasync. After a failure the pages may be gone: never call it again as if nothing had
 * happened. */
HS_MUST_CHECK int hs_disk_sync(const struct hs_disk *disk, int file);
HS_MUST_CHECK int hs_disk_truncate(const struct hs_disk *disk, int file, uint64_t size);
/* Makes the file that long and reserves its blocks; they read as zeros. */
HS_MUST_CHECK int hs_disk_allocate(const struct hs_disk *disk, int file, uint64_t size);
/* The file's size in bytes, or -errno. */
HS_MUST_CHECK int64_t hs_disk_size(const struct hs_disk *disk, int file);
/* Which file it is: the open one, or with file < 0 the one at `path`. -ENOSYS: this disk cannot
 * tell; -ENOENT; -errno. */
HS_MUST_CHECK int hs_disk_identify(const struct hs_disk *disk, int file, const char *path,
                                   struct hs_file_id *ret_id);
/* Reserves blocks for that many bytes, without writing any. */
HS_MUST_CHECK int hs_disk_reserve(const struct hs_disk *disk, int file, uint64_t size);
/* Bytes that are free where the path is; UINT64_MAX: nobody knows. */
uint64_t hs_disk_room(const struct hs_disk *disk, const char *path);
/* Calls `each` for every name in a folder but . and .., in no order. -errno. */
HS_MUST_CHECK int hs_disk_list(const struct hs_disk *disk, const char *path,
                               void (*each)(void *arg, const char *name), void *arg);
/* Makes entries of a directory (created, renamed, unlinked) durable. */
HS_MUST_CHECK int hs_disk_sync_directory(const struct hs_disk *disk, const char *path);
/* Removes; a file that is not there is fine. */
HS_MUST_CHECK int hs_disk_unlink(const struct hs_disk *disk, const char *path);
/* Creates a directory and its parents, 0700, and makes their names durable where that is allowed;
 * one that is there is fine. */
HS_MUST_CHECK int hs_disk_make_directory(const struct hs_disk *disk, const char *path);
/* Replaces `path` as a whole: writes `<path>.new`, syncs it, renames it over `path` and
 * syncs the directory. After a power cut either the old or the new contents are there. */
HS_MUST_CHECK int hs_disk_replace(const struct hs_disk *disk, const char *path,
                                  struct hs_slice data);
/* The whole file into `ret_data` (a buffer that was initialised with its ceiling). -ENOENT,
 * -EFBIG past the ceiling, -errno. */
struct hs_buffer;
HS_MUST_CHECK int hs_disk_read_all(const struct hs_disk *disk, const char *path,
                                   struct hs_buffer *ret_data);
/* The same of a file that hookstream wrote itself, opened as by hs_disk_open(). */
HS_MUST_CHECK int hs_disk_read_own(const struct hs_disk *disk, const char *path,
                                   struct hs_buffer *ret_data);

/* ---- Numbers in files: least significant byte first, at any alignment ---- */

static inline void hs_put16(char *ret_bytes, uint16_t value)
{
    value = htole16(value);
    memcpy(ret_bytes, &value, sizeof(value));
}

static inline void hs_put32(char *ret_bytes, uint32_t value)
{
    value = htole32(value);
    memcpy(ret_bytes, &value, sizeof(value));
}

static inline void hs_put64(char *ret_bytes, uint64_t value)
{
    value = htole64(value);
    memcpy(ret_bytes, &value, sizeof(value));
}

static inline uint16_t hs_get16(const char *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return le16toh(value);
}

static inline uint32_t hs_get32(const char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return le32toh(value);
}

static inline uint64_t hs_get64(const char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

#endif
