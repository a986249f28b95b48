/* Disk: the system's functions behind the table, and the whole-or-nothing operations on top of
 * them. */
#include <hookstream/disk.h>

#include <dirent.h>
#include <fcntl.h>
#include <hookstream/buffer.h>
#include <hookstream/heartbeat.h>
#include <hookstream/open.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE 0600
#define PATH_TEXT_MAX 512
#define DIRECTORY_MODE 0700
#define STREAM_WAIT_MS 10000 /* for the writer of a pipe */
#define ZERO_STEP (256u * 1024u)
#define ZERO_PAUSE_MOST_NS 50000000L
/* The strictest alignment that O_DIRECT needs, of memory and of offsets. */
#define ZERO_ALIGNMENT 4096u

/* ---- The system ---- */

static int system_open(void *context, const char *path, int flags, mode_t mode)
{
    return hs_open_file(path, flags, mode);
}

static int system_close(void *context, int file)
{
    return close(file);
}

/* A pipe, such as a shell's <(...), has no offsets, so it is read sequentially. */
static ssize_t read_on(int file, void *data, size_t size)
{
    for (;;) {
        ssize_t got = read(file, data, size);
        if (got >= 0 || (errno != EAGAIN && errno != EINTR))
            return got;
        struct pollfd writer = {.fd = file, .events = POLLIN};
        int ready = poll(&writer, 1, STREAM_WAIT_MS);
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return -1;
    }
}

static ssize_t system_pread(void *context, int file, void *data, size_t size, off_t offset)
{
    ssize_t got = pread(file, data, size, offset);
    return got < 0 && errno == ESPIPE ? read_on(file, data, size) : got;
}

static ssize_t system_pwrite(void *context, int file, const void *data, size_t size, off_t offset)
{
    return pwrite(file, data, size, offset);
}

static int system_fdatasync(void *context, int file)
{
    return fdatasync(file);
}

static int system_fsync(void *context, int file)
{
    return fsync(file);
}

static int system_ftruncate(void *context, int file, off_t size)
{
    return ftruncate(file, size);
}

static int system_rename(void *context, const char *from, const char *to)
{
    return rename(from, to);
}

static int system_unlink(void *context, const char *path)
{
    return unlink(path);
}

static int system_mkdir(void *context, const char *path, mode_t mode)
{
    return mkdir(path, mode);
}

/* Leaves the disk to others for twice as long as the step took: a concurrent sync then waits for
 * one step instead of all of them. */
static void give_way(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long took = (now.tv_sec - begin->tv_sec) * 1000000000L + now.tv_nsec - begin->tv_nsec;
    took = took > ZERO_PAUSE_MOST_NS / 2 ? ZERO_PAUSE_MOST_NS / 2 : took;
    (void)nanosleep(&(struct timespec){0, 2 * took}, NULL); /* a shorter pause is fine */
}

/* Bypasses the page cache. Through it 64 MiB of zeros cost 40 ms of CPU and are flushed at once,
 * which delays every concurrent sync; this way they cost 4 ms. */
static int write_zeros(int file, off_t size)
{
    static const char zeros[ZERO_STEP] __attribute__((aligned(ZERO_ALIGNMENT)));
    for (off_t at = 0; at < size;) {
        off_t step = size - at < (off_t)ZERO_STEP ? size - at : (off_t)ZERO_STEP;
        struct timespec begin;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        ssize_t written = pwrite(file, zeros, (size_t)step, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        at += written;
        hs_heartbeat(); /* a slow disk needs a while for a segment */
        give_way(&begin);
    }
    return 0;
}

static int64_t free_bytes(const struct statvfs *space)
{
    uint64_t bytes = hs_mul_sat(space->f_bavail, space->f_frsize);
    return bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

static int64_t system_room(void *context, const char *path)
{
    struct statvfs space;
    return statvfs(path, &space) < 0 ? -1 : free_bytes(&space);
}

/* If the file system cannot reserve, the C library would write to every block, which is not worth
 * it. */
static int system_reserve(void *context, int file, off_t size)
{
    struct statvfs space;
    struct stat status;
    if (fstatvfs(file, &space) < 0 || fstat(file, &status) < 0)
        return -1;
    int error = free_bytes(&space) / 512 + status.st_blocks < size / 512
                    ? ENOSPC
                    : posix_fallocate(file, 0, size);
    errno = error;
    return error == 0 ? 0 : -1;
}

static int system_allocate(void *context, int file, off_t size)
{
    int flags = fcntl(file, F_GETFL), error;
    if (system_reserve(context, file, size) < 0 || flags < 0)
        return -1;
    if (size % ZERO_ALIGNMENT != 0 || fcntl(file, F_SETFL, flags | O_DIRECT) < 0)
        return 0; /* a reservation suffices */
    int code = write_zeros(file, size);
    error = code < 0 ? errno : 0;
    if (fcntl(file, F_SETFL, flags) < 0)
        return -1;
    errno = error;
    /* Some file systems accept the flag but refuse the write. */
    return code == 0 || error == EINVAL || error == EOPNOTSUPP ? 0 : -1;
}

static off_t system_size(void *context, int file)
{
    struct stat status;
    return fstat(file, &status) < 0 ? -1 : status.st_size;
}

static int system_list(void *context, const char *path, void (*each)(void *arg, const char *name),
                       void *arg)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL; errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(arg, entry->d_name);
    int error = errno;
    closedir(folder);
    errno = error;
    return error == 0 ? 0 : -1;
}

static int system_identify(void *context, int file, const char *path, struct hs_file_id *ret_id)
{
    struct stat status;
    if ((file >= 0 ? fstat(file, &status) : stat(path, &status)) < 0)
        return -1;
    *ret_id = (struct hs_file_id){
        .device = status.st_dev,
        .number = status.st_ino,
        .size = (uint64_t)status.st_size,
        .changed_ns = (uint64_t)status.st_mtim.tv_sec * UINT64_C(1000000000) +
                      (uint64_t)status.st_mtim.tv_nsec,
        .known = true,
    };
    return 0;
}

const struct hs_disk *hs_disk_system(void)
{
    static const struct hs_disk disk = {
        .open = system_open,
        .close = system_close,
        .pread = system_pread,
        .pwrite = system_pwrite,
        .fdatasync = system_fdatasync,
        .fsync = system_fsync,
        .ftruncate = system_ftruncate,
        .rename = system_rename,
        .unlink = system_unlink,
        .mkdir = system_mkdir,
        .allocate = system_allocate,
        .reserve = system_reserve,
        .room = system_room,
        .size = system_size,
        .list = system_list,
        .identify = system_identify,
    };
    return &disk;
}

/* ---- Whole operations ---- */

/* What the path is instead of a regular file. NULL: the error means something else. */
static const char *wrong_kind(int error)
{
    return error == ELOOP    ? "a symbolic link"
           : error == EISDIR ? "a folder"
           : error == ENXIO  ? "a FIFO, socket or device"
                             : NULL;
}

static int open_any(const struct hs_disk *disk, const char *path, int flags)
{
    int file;
    do
        file = disk->open(disk->context, path, flags | O_CLOEXEC, FILE_MODE);
    while (file < 0 && errno == EINTR);
    if (file >= 0)
        return file;
    int error = errno;
    const char *kind = (flags & O_NOFOLLOW) != 0 ? wrong_kind(error) : NULL;
    if (kind == NULL)
        return hs_fail_errno(error, "cannot open %s", path);
    return hs_fail(-error, "cannot open %s: it is %s, not a regular file: move it away", path,
                   kind);
}

int hs_disk_open(const struct hs_disk *disk, const char *path, int flags)
{
    return open_any(disk, path, flags | ((flags & O_DIRECTORY) != 0 ? 0 : O_NOFOLLOW));
}

bool hs_disk_is_wrong_kind(int code)
{
    return wrong_kind(-code) != NULL;
}

int hs_disk_create(const struct hs_disk *disk, const char *path)
{
    const int flags = O_RDWR | O_CREAT;
    int file = hs_disk_open(disk, path, flags | O_TRUNC);
    /* The name belongs to hookstream, so whatever is there is not someone else's data. */
    if (!hs_disk_is_wrong_kind(file) || file == -EISDIR)
        return file;
    int code = hs_disk_unlink(disk, path);
    return code < 0 ? code : hs_disk_open(disk, path, flags | O_EXCL);
}

/* ---- Errors ---- */

/* The file's path as the system reports it; "" for a disk other than the system's. */
static void path_of(const struct hs_disk *disk, int file, char *ret_path, size_t size)
{
    char link[32];
    ret_path[0] = '\0';
    if (disk->open != system_open)
        return;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t count = readlink(link, ret_path, size - 1);
    ret_path[count > 0 ? count : 0] = '\0';
}

/* hs_fail_errno() with the file's path; for a file size limit it adds what to do. */
static int fail_at(const struct hs_disk *disk, int file, int error, const char *what)
{
    char path[PATH_TEXT_MAX];
    struct rlimit limit;
    path_of(disk, file, path, sizeof(path));
    const char *blank = path[0] != '\0' ? " " : "";
    if (error == EFBIG && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return hs_fail(-EFBIG,
                       "%s%s%s: File too large: this process may not write files larger than "
                       "%llu bytes; raise that limit (ulimit -f, LimitFSIZE=)",
                       what, blank, path, (unsigned long long)limit.rlim_cur);
    return hs_fail_errno(error, "%s%s%s", what, blank, path);
}

void hs_disk_close(const struct hs_disk *disk, int file)
{
    if (file >= 0)
        (void)disk->close(disk->context, file); /* data that must survive was synced before */
}

ssize_t hs_disk_read(const struct hs_disk *disk, int file, void *ret_data, size_t size,
                     uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = disk->pread(disk->context, file, (char *)ret_data + done, size - done,
                                  (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_at(disk, file, errno, "cannot read");
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int hs_disk_write(const struct hs_disk *disk, int file, struct hs_slice data, uint64_t offset)
{
    size_t done = 0;
    while (done < data.size) {
        ssize_t put = disk->pwrite(disk->context, file, data.data + done, data.size - done,
                                   (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        /* A write of zero bytes would be retried forever. */
        if (put <= 0)
            return fail_at(disk, file, put < 0 ? errno : EIO, "cannot write");
        done += (size_t)put;
    }
    return 0;
}

int hs_disk_sync(const struct hs_disk *disk, int file)
{
    if (disk->fdatasync(disk->context, file) < 0)
        return fail_at(disk, file, errno, "cannot sync");
    return 0;
}

int hs_disk_truncate(const struct hs_disk *disk, int file, uint64_t size)
{
    if (disk->ftruncate(disk->context, file, (off_t)size) < 0)
        return fail_at(disk, file, errno, "cannot truncate");
    return 0;
}

int hs_disk_allocate(const struct hs_disk *disk, int file, uint64_t size)
{
    if (disk->allocate(disk->context, file, (off_t)size) < 0)
        return fail_at(disk, file, errno, "cannot reserve space for");
    return 0;
}

int hs_disk_reserve(const struct hs_disk *disk, int file, uint64_t size)
{
    if (disk->reserve != NULL && disk->reserve(disk->context, file, (off_t)size) < 0)
        return fail_at(disk, file, errno, "cannot reserve space for");
    return 0;
}

uint64_t hs_disk_room(const struct hs_disk *disk, const char *path)
{
    int64_t room = disk->room != NULL ? disk->room(disk->context, path) : -1;
    return room < 0 ? UINT64_MAX : (uint64_t)room;
}

int64_t hs_disk_size(const struct hs_disk *disk, int file)
{
    off_t size = disk->size(disk->context, file);
    return size < 0 ? fail_at(disk, file, errno, "cannot get the size of") : (int64_t)size;
}

int hs_disk_identify(const struct hs_disk *disk, int file, const char *path,
                     struct hs_file_id *ret_id)
{
    if (disk->identify == NULL)
        return -ENOSYS;
    if (disk->identify(disk->context, file, path, ret_id) < 0)
        return hs_fail_errno(errno, "cannot look at %s", path);
    return 0;
}

int hs_disk_list(const struct hs_disk *disk, const char *path,
                 void (*each)(void *arg, const char *name), void *arg)
{
    if (disk->list(disk->context, path, each, arg) < 0)
        return hs_fail_errno(errno, "cannot list the folder %s", path);
    return 0;
}

int hs_disk_sync_directory(const struct hs_disk *disk, const char *path)
{
    int file = hs_disk_open(disk, path, O_RDONLY | O_DIRECTORY);
    if (file < 0)
        return file;
    int code = 0;
    if (disk->fsync(disk->context, file) < 0)
        code = hs_fail_errno(errno, "cannot sync the folder %s", path);
    hs_disk_close(disk, file);
    return code;
}

int hs_disk_unlink(const struct hs_disk *disk, const char *path)
{
    if (disk->unlink(disk->context, path) == 0 || errno == ENOENT)
        return 0;
    if (errno == EISDIR)
        return hs_fail(-EISDIR, "cannot remove %s: it is a folder: move it away", path);
    return hs_fail_errno(errno, "cannot remove %s", path);
}

/* Syncs the name of a new folder: its contents are no safer than its name. */
static void sync_parent(const struct hs_disk *disk, const char *path)
{
    HS_AUTO_FREE char *parent = hs_strdup(path);
    char *slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    /* The parent may be someone else's and unreadable. */
    HS_IGNORE(hs_disk_sync_directory(disk, slash != NULL ? parent : "."));
}

static int make_one(const struct hs_disk *disk, const char *path)
{
    if (disk->mkdir(disk->context, path, DIRECTORY_MODE) == 0)
        sync_parent(disk, path);
    else if (errno != EEXIST)
        return hs_fail_errno(errno, "cannot create the folder %s", path);
    return 0;
}

int hs_disk_make_directory(const struct hs_disk *disk, const char *path)
{
    HS_AUTO_FREE char *part = hs_strdup(path);
    for (char *at = part + 1; part[0] != '\0' && *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        int code = make_one(disk, part);
        *at = '/';
        /* A parent that this process may not create, or that is on a read-only disk, may exist
         * already. */
        if (code < 0 && code != -EACCES && code != -EROFS && code != -EPERM)
            return code;
    }
    return make_one(disk, path);
}

static int write_new(const struct hs_disk *disk, const char *path, struct hs_slice data)
{
    int file = hs_disk_create(disk, path);
    if (file < 0)
        return file;
    int code = hs_disk_write(disk, file, data, 0);
    if (code == 0 && disk->fsync(disk->context, file) < 0)
        code = fail_at(disk, file, errno, "cannot sync");
    hs_disk_close(disk, file);
    return code;
}

int hs_disk_replace(const struct hs_disk *disk, const char *path, struct hs_slice data)
{
    HS_AUTO_FREE char *fresh = NULL;
    HS_AUTO_FREE char *folder = hs_strdup(path);
    if (asprintf(&fresh, "%s.new", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    int code = write_new(disk, fresh, data);
    if (code < 0)
        return code;
    if (disk->rename(disk->context, fresh, path) < 0)
        return hs_fail_errno(errno, "cannot rename %s", fresh);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    return hs_disk_sync_directory(disk, slash != NULL ? folder : ".");
}

/* Reads and closes the file. */
static int read_file(const struct hs_disk *disk, const char *path, int file,
                     struct hs_buffer *ret_data)
{
    int code = 0;
    for (;;) {
        size_t room = ret_data->ceiling - ret_data->size;
        size_t step = room < 65536 ? room + 1 : 65536;
        HS_AUTO_FREE char *piece = hs_alloc(step);
        ssize_t got = hs_disk_read(disk, file, piece, step, ret_data->size);
        if (got < 0) {
            code = (int)got;
            break;
        }
        hs_buffer_append(ret_data, piece, (size_t)got);
        if (ret_data->failed) {
            code = hs_fail(-EFBIG, "%s is larger than %zu bytes", path, ret_data->ceiling);
            break;
        }
        if ((size_t)got < step)
            break;
    }
    hs_disk_close(disk, file);
    return code;
}

int hs_disk_read_own(const struct hs_disk *disk, const char *path, struct hs_buffer *ret_data)
{
    int file = hs_disk_open(disk, path, O_RDONLY);
    return file < 0 ? file : read_file(disk, path, file, ret_data);
}

int hs_disk_read_all(const struct hs_disk *disk, const char *path, struct hs_buffer *ret_data)
{
    int file = open_any(disk, path, O_RDONLY | O_NONBLOCK); /* a FIFO may have no writer */
    return file < 0 ? file : read_file(disk, path, file, ret_data);
}
