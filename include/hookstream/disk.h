/* The file layer: all I/O on the journal, cursors, ids and dead letters goes through here. A test
 * can therefore substitute a disk that is full, answers EIO or loses power. Each write completes or
 * returns an error; short writes are continued. Knows nothing of what the files hold. Threads: any;
 * several threads may read and write the same file. */
#ifndef HOOKSTREAM_DISK_H
#define HOOKSTREAM_DISK_H

#include <endian.h>
#include <hookstream/base.h>
#include <sys/types.h>

/* Identifies a file regardless of its name; size and time show that it was written to. */
struct hs_file_id {
    uint64_t device, number;
    uint64_t size, changed_ns; /* bytes; when they last changed */
    bool known;
};

/* What the layer asks of the system. Each function returns as the system call of its name does: -1
 * with errno on failure. A test replaces some of them; `context` is passed through. */
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
    /* Reserves blocks for that many bytes, as posix_fallocate(3) but returning -1 with errno. Also
     * writes zeros where that is cheap (O_DIRECT), so that a later sync need not mark the blocks as
     * used. No other thread may use the file meanwhile. */
    int (*allocate)(void *context, int file, off_t size);
    /* Reserves blocks, without writing if the file system supports that; -1 with errno. NULL:
     * counts as done. */
    int (*reserve)(void *context, int file, off_t size);
    /* Bytes available to this process at the path; -1 with errno. NULL: unknown. */
    int64_t (*room)(void *context, const char *path);
    /* Size of an open file; `list` calls `each` for every name in a folder except . and .. */
    off_t (*size)(void *context, int file);
    int (*list)(void *context, const char *path, void (*each)(void *arg, const char *name),
                void *arg);
    /* Identifies `file`, or the file at `path` if `file` < 0. NULL: unknown. */
    int (*identify)(void *context, int file, const char *path, struct hs_file_id *ret_id);
};

/* The system's own. Static lifetime. */
const struct hs_disk *hs_disk_system(void);

/* Opens a file; `flags` as open(2), plus O_CLOEXEC. New files get mode 0600. Returns a descriptor,
 * which the caller closes with hs_disk_close(), or -errno. Without O_DIRECTORY it opens only
 * regular files, does not follow a symbolic link and never blocks on a FIFO. The error message
 * names what it found instead. */
HS_MUST_CHECK int hs_disk_open(const struct hs_disk *disk, const char *path, int flags);
/* Whether this error of hs_disk_open() means that the path is not a regular file. */
bool hs_disk_is_wrong_kind(int code);
/* Creates an empty file, opened for reading and writing. Removes anything else of that name except
 * a folder. Otherwise as hs_disk_open(). */
HS_MUST_CHECK int hs_disk_create(const struct hs_disk *disk, const char *path);
/* Closes the descriptor; -1 is fine. Ignores an error of close(2): data that must survive was
 * synced before. */
void hs_disk_close(const struct hs_disk *disk, int file);
/* Reads up to `size` bytes; fewer only at the end of the file. Returns the bytes read or -errno. */
HS_MUST_CHECK ssize_t hs_disk_read(const struct hs_disk *disk, int file, void *ret_data,
                                   size_t size, uint64_t offset);
/* Writes all bytes, or returns -errno; after an error any part may have been written. */
HS_MUST_CHECK int hs_disk_write(const struct hs_disk *disk, int file, struct hs_slice data,
                                uint64_t offset);
/* fdatasync. After a failure the pages may be lost: never retry as if nothing had happened. */
HS_MUST_CHECK int hs_disk_sync(const struct hs_disk *disk, int file);
/* Sets the file's size; shortens or extends it. */
HS_MUST_CHECK int hs_disk_truncate(const struct hs_disk *disk, int file, uint64_t size);
/* Extends the file to that size and reserves its blocks, which read as zeros. */
HS_MUST_CHECK int hs_disk_allocate(const struct hs_disk *disk, int file, uint64_t size);
/* The file's size in bytes, or -errno. */
HS_MUST_CHECK int64_t hs_disk_size(const struct hs_disk *disk, int file);
/* Identifies the open file, or the file at `path` if `file` < 0. -ENOSYS: this disk cannot identify
 * files; -ENOENT; -errno. */
HS_MUST_CHECK int hs_disk_identify(const struct hs_disk *disk, int file, const char *path,
                                   struct hs_file_id *ret_id);
/* Reserves blocks for that many bytes, without writing any. */
HS_MUST_CHECK int hs_disk_reserve(const struct hs_disk *disk, int file, uint64_t size);
/* Bytes available at the path; UINT64_MAX if unknown. */
uint64_t hs_disk_room(const struct hs_disk *disk, const char *path);
/* Calls `each` for every name in a folder but . and .., in no order. -errno. */
HS_MUST_CHECK int hs_disk_list(const struct hs_disk *disk, const char *path,
                               void (*each)(void *arg, const char *name), void *arg);
/* Makes changes to a directory's entries (created, renamed, unlinked) durable. */
HS_MUST_CHECK int hs_disk_sync_directory(const struct hs_disk *disk, const char *path);
/* Removes a file; a missing one is not an error. */
HS_MUST_CHECK int hs_disk_unlink(const struct hs_disk *disk, const char *path);
/* Creates a directory and its parents with mode 0700, and syncs the parents where permitted. An
 * existing directory is fine. */
HS_MUST_CHECK int hs_disk_make_directory(const struct hs_disk *disk, const char *path);
/* Replaces `path` atomically: writes `<path>.new`, syncs it, renames it over `path` and syncs the
 * directory. After a power cut the file holds either the old or the new contents. */
HS_MUST_CHECK int hs_disk_replace(const struct hs_disk *disk, const char *path,
                                  struct hs_slice data);
/* Forward declaration; see buffer.h. */
struct hs_buffer;
/* Reads the whole file into `ret_data`, a buffer initialised with its ceiling. -ENOENT, -EFBIG past
 * the ceiling, -errno. */
HS_MUST_CHECK int hs_disk_read_all(const struct hs_disk *disk, const char *path,
                                   struct hs_buffer *ret_data);
/* As hs_disk_read_all(), for a file written by hookstream and opened by the rules of
 * hs_disk_open(). */
HS_MUST_CHECK int hs_disk_read_own(const struct hs_disk *disk, const char *path,
                                   struct hs_buffer *ret_data);

/* ---- Numbers in files: little endian, at any alignment ---- */

/* Writes 2 bytes. */
static inline void hs_put16(char *ret_bytes, uint16_t value)
{
    value = htole16(value);
    memcpy(ret_bytes, &value, sizeof(value));
}

/* Writes 4 bytes. */
static inline void hs_put32(char *ret_bytes, uint32_t value)
{
    value = htole32(value);
    memcpy(ret_bytes, &value, sizeof(value));
}

/* Writes 8 bytes. */
static inline void hs_put64(char *ret_bytes, uint64_t value)
{
    value = htole64(value);
    memcpy(ret_bytes, &value, sizeof(value));
}

/* Reads 2 bytes. */
static inline uint16_t hs_get16(const char *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return le16toh(value);
}

/* Reads 4 bytes. */
static inline uint32_t hs_get32(const char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return le32toh(value);
}

/* Reads 8 bytes. */
static inline uint64_t hs_get64(const char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

#endif
