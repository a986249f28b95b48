/* File own: see own.h. Checks a name before opening it, since opening a device can have effects,
 * and again after opening, since the name may have changed. */
#include "own.h"

#include <fcntl.h>
#include <hookstream/hash.h>
#include <hookstream/heartbeat.h>
#include <hookstream/json.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MARK "user.hookstream"
#define OPEN_TRIES 4u                  /* the name may change between check and open */
#define LEDGER_MAX (16u << 20)         /* bytes of a ledger */
#define ADOPTED_LINE_MAX (16u << 20)   /* bytes of a first or last line that is looked at */
#define ADOPTED_FIRST_LOOK (64u << 10) /* most lines are shorter */
#define OPEN_FLAGS (O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static const struct hs_failure not_a_file = {
    HS_PERMANENT, "not_a_file", "its name belongs to a folder, link, FIFO, socket or device"};
static const struct hs_failure foreign_file = {HS_PERMANENT, "foreign_file",
                                               "its name belongs to a file of someone else"};
static const struct hs_failure file_refused = {HS_PERMANENT, "file_refused",
                                               "its file cannot be written by this user"};
static const struct hs_failure name_refused = {HS_PERMANENT, "name_refused",
                                               "the file system does not allow its name"};

/* ---- The ledger ---- */

static char *ledger_path(const struct hs_file_folder *folder)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/" HS_FILE_LEDGER, folder->path);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    return path;
}

/* "INODE BIRTH " of the open file: no other file of the folder ever has the two. */
static int identify(int file, char ret_text[64])
{
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) < 0)
        return hs_fail_errno(errno, "cannot look at an open file");
    bool born = (status.stx_mask & STATX_BTIME) != 0;
    snprintf(ret_text, 64, "%" PRIu64 " %" PRId64 ".%09" PRIu32 " ", (uint64_t)status.stx_ino,
             born ? (int64_t)status.stx_btime.tv_sec : 0, born ? status.stx_btime.tv_nsec : 0);
    return 0;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Whether a line of the ledger begins with `identity`. Without a time of birth the name must be the
 * same, since inodes are reused. */
static bool has_line(struct hs_slice ledger, const char *identity, const char *path)
{
    struct hs_slice wanted = hs_slice_text(identity);
    bool born = strstr(identity, " 0.000000000 ") == NULL;
    while (ledger.size > 0) {
        const char *end = memchr(ledger.data, '\n', ledger.size);
        size_t size = end != NULL ? (size_t)(end - ledger.data) : ledger.size;
        struct hs_slice line = hs_slice(ledger.data, size);
        if (hs_slice_starts_with(line, wanted) &&
            (born || hs_slice_equal(hs_slice(line.data + wanted.size, size - wanted.size),
                                    hs_slice_text(name_of(path)))))
            return true;
        size_t step = end != NULL ? size + 1 : size;
        ledger = hs_slice(ledger.data + step, ledger.size - step);
    }
    return false;
}

static int open_ledger(const struct hs_file_folder *folder, int flags)
{
    HS_AUTO_FREE char *path = ledger_path(folder);
    int file = hs_disk_open(folder->disk, path, OPEN_FLAGS | flags);
    struct stat status;
    if (file < 0)
        return file;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        return file;
    hs_disk_close(folder->disk, file);
    return hs_fail(-EEXIST, "%s is not a file: remove it", path);
}

/* 1: the ledger has the file, 0: it does not. -errno. */
static int is_in_ledger(const struct hs_file_folder *folder, int file, const char *path)
{
    char identity[64];
    HS_AUTO_FREE char *ledger = ledger_path(folder);
    struct hs_buffer text;
    int code = identify(file, identity);
    if (code < 0)
        return code;
    if (!hs_file_own_is_taken(ledger))
        return 0;
    hs_buffer_init(&text, LEDGER_MAX);
    code = hs_disk_read_all(folder->disk, ledger, &text);
    if (code == 0)
        code = has_line(hs_buffer_slice(&text), identity, path);
    hs_buffer_free(&text);
    return code;
}

/* A line torn by a crash belongs to a file that is still empty. */
int hs_file_own_add_to_ledger(const struct hs_file_folder *folder, int file, const char *path)
{
    char identity[64];
    int code = identify(file, identity);
    int ledger = code == 0 ? open_ledger(folder, O_CREAT) : code;
    if (ledger < 0)
        return ledger;
    int64_t size = hs_disk_size(folder->disk, ledger);
    HS_AUTO_FREE char *line = NULL;
    int length = asprintf(&line, "\n%s%s", identity, name_of(path));
    HS_ASSERT(length > 0); /* out of memory ends the program, as in hs_alloc() */
    if (size < 0)
        code = (int)size;
    else if ((uint64_t)size + (uint64_t)length > LEDGER_MAX)
        code = hs_fail(-EFBIG, "%s/%s is too long: remove old files, and then this one",
                       folder->path, HS_FILE_LEDGER);
    else
        code = hs_disk_write(folder->disk, ledger, hs_slice(line, (size_t)length), (uint64_t)size);
    if (code == 0)
        code = hs_disk_sync(folder->disk, ledger);
    hs_disk_close(folder->disk, ledger);
    return code;
}

/* ---- The mark ---- */

/* 1: the file is ours, 0: it is not. -errno. */
static int is_marked(const struct hs_file_folder *folder, int file, const char *path)
{
    if (fgetxattr(file, MARK, NULL, 0) >= 0)
        return 1;
    return is_in_ledger(folder, file, path);
}

/* Synced before the first line: a file with lines but no mark would count as someone else's. */
static int mark(const struct hs_file_folder *folder, int file, const char *path)
{
    if (fsetxattr(file, MARK, "1", 1, 0) < 0)
        return hs_file_own_add_to_ledger(folder, file, path);
    if (folder->disk->fsync(folder->disk->context, file) < 0)
        return hs_fail_errno(errno, "cannot sync %s", path);
    return 0;
}

/* ---- Opening ---- */

static int refuse(const struct hs_failure *poison, const char *path, const char *why,
                  const struct hs_failure **ret_poison)
{
    *ret_poison = poison;
    return hs_fail(-EPERM, "%s: %s", path, why);
}

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)                    ? "it is a folder, not a file"
           : S_ISLNK(mode)                  ? "it is a symbolic link, which is not followed"
           : S_ISFIFO(mode)                 ? "it is a FIFO, not a file"
           : S_ISSOCK(mode)                 ? "it is a socket, not a file"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "it is a device, not a file"
                                            : "it is not a regular file";
}

/* Classifies how the system refused the name. */
static int judge_name(int code, const char *path, const struct hs_failure **ret_poison)
{
    if (code == -ENAMETOOLONG)
        return refuse(&name_refused, path, "the name is too long for the file system", ret_poison);
    if (code == -EINVAL || code == -EILSEQ)
        return refuse(&name_refused, path, "the file system does not allow the name", ret_poison);
    return code;
}

/* Classifies how the system refused a file that exists. -ENOENT: it has gone meanwhile. */
static int judge_file(int code, const char *path, const struct hs_failure **ret_poison)
{
    switch (-code) {
    case ELOOP:
    case EISDIR:
    case ENXIO:
    case ENODEV:
        return refuse(&not_a_file, path, "it is not a regular file", ret_poison);
    case EACCES:
    case EPERM:
        return refuse(&file_refused, path, "this user may not write it: look at its owner and mode",
                      ret_poison);
    case ETXTBSY:
        return refuse(&file_refused, path, "it is a running program", ret_poison);
    }
    return code;
}

/* Whether what was opened may be written to: 0, or -errno. */
static int judge_open(const struct hs_file_folder *folder, int file, const char *path,
                      const struct hs_failure **ret_poison)
{
    struct stat status;
    if (fstat(file, &status) < 0)
        return hs_fail_errno(errno, "cannot look at %s", path);
    if (!S_ISREG(status.st_mode))
        return refuse(&not_a_file, path, kind_of(status.st_mode), ret_poison);
    int marked = is_marked(folder, file, path);
    if (marked != 0)
        return marked < 0 ? marked : 0;
    if (status.st_size == 0 && status.st_nlink == 1)
        return mark(folder, file, path);
    return refuse(&foreign_file, path,
                  "hookstream did not write this file and leaves it alone: rename it, or name "
                  "another file",
                  ret_poison);
}

/* One check and one try. -EAGAIN: the name changed in between. */
static int try_open(const struct hs_file_folder *folder, const char *path,
                    const struct hs_failure **ret_poison)
{
    struct stat status;
    bool exists = lstat(path, &status) == 0;
    if (!exists && errno != ENOENT)
        return judge_name(hs_fail_errno(errno, "cannot look at %s", path), path, ret_poison);
    if (exists && !S_ISREG(status.st_mode))
        return refuse(&not_a_file, path, kind_of(status.st_mode), ret_poison);
    int file =
        hs_disk_open(folder->disk, path, exists ? OPEN_FLAGS : OPEN_FLAGS | O_CREAT | O_EXCL);
    if (file < 0 && exists)
        return file == -ENOENT ? -EAGAIN : judge_file(file, path, ret_poison);
    if (file < 0)
        return file == -EEXIST ? -EAGAIN : judge_name(file, path, ret_poison);
    int code = judge_open(folder, file, path, ret_poison);
    if (code == 0)
        return file;
    hs_disk_close(folder->disk, file);
    return code;
}

int hs_file_own_open(const struct hs_file_folder *folder, const char *path,
                     const struct hs_failure **ret_poison)
{
    int code = -EAGAIN;
    *ret_poison = NULL;
    for (unsigned i = 0; code == -EAGAIN && i < OPEN_TRIES; i++)
        code = try_open(folder, path, ret_poison);
    return code == -EAGAIN ? hs_fail(-EAGAIN, "%s comes and goes", path) : code;
}

bool hs_file_own_is_same(const char *path, int file, uint64_t size)
{
    struct stat named, open;
    return lstat(path, &named) == 0 && fstat(file, &open) == 0 && named.st_dev == open.st_dev &&
           named.st_ino == open.st_ino && open.st_size >= 0 && (uint64_t)open.st_size == size;
}

bool hs_file_own_is_taken(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 || errno != ENOENT;
}

/* ---- Files of earlier versions ---- */

static bool is_object(struct hs_slice line)
{
    enum hs_json_kind kind;
    size_t offset;
    return hs_json_scan(line, NULL, 0, &kind, &offset) == 0 && kind == HS_JSON_OBJECT;
}

static bool begins_with_object(struct hs_slice bytes)
{
    const char *mark = memchr(bytes.data, '\n', bytes.size);
    return mark != NULL && is_object(hs_slice(bytes.data, (size_t)(mark - bytes.data)));
}

/* The last whole line is an object. Bytes after it are a piece of one, left by a version that was
 * killed, and are cut like a torn line of ours. A whole object without a line feed is not ours. */
static bool ends_with_object(struct hs_slice bytes)
{
    const char *mark = memrchr(bytes.data, '\n', bytes.size);
    if (mark == NULL)
        return false;
    const char *begin = memrchr(bytes.data, '\n', (size_t)(mark - bytes.data));
    begin = begin != NULL ? begin + 1 : bytes.data;
    size_t rest = bytes.size - (size_t)(mark + 1 - bytes.data);
    return is_object(hs_slice(begin, (size_t)(mark - begin))) &&
           (rest == 0 || (mark[1] == '{' && !is_object(hs_slice(mark + 1, rest))));
}

static bool has_our_ends(const struct hs_disk *disk, int file, uint64_t size, size_t count)
{
    HS_AUTO_FREE char *bytes = hs_alloc(count);
    hs_heartbeat(); /* there may be very many files */
    return hs_disk_read(disk, file, bytes, count, 0) == (ssize_t)count &&
           begins_with_object(hs_slice(bytes, count)) &&
           hs_disk_read(disk, file, bytes, count, size - count) == (ssize_t)count &&
           ends_with_object(hs_slice(bytes, count));
}

/* A folder may hold many large files, and the start waits for this. */
static bool has_our_lines(const struct hs_disk *disk, int file, uint64_t size)
{
    if (size > ADOPTED_FIRST_LOOK && has_our_ends(disk, file, size, ADOPTED_FIRST_LOOK))
        return true;
    size_t count = size < ADOPTED_LINE_MAX ? (size_t)size : ADOPTED_LINE_MAX;
    return has_our_ends(disk, file, size, count);
}

struct adoption {
    const struct hs_file_folder *folder;
    size_t count;
};

/* Earlier versions made files of one object per line, with mode 0600. Operators may have widened
 * the mode since. */
static void adopt(void *context, const char *name)
{
    struct adoption *adoption = context;
    const struct hs_file_folder *folder = adoption->folder;
    HS_AUTO_FREE char *path = NULL;
    struct stat status;
    if (name[0] == '.' || asprintf(&path, "%s/%s", folder->path, name) < 0 ||
        lstat(path, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1 ||
        (status.st_mode & 07711) != 0600 || status.st_uid != geteuid() || status.st_size == 0)
        return;
    int file = hs_disk_open(folder->disk, path, OPEN_FLAGS);
    if (file < 0)
        return;
    if (has_our_lines(folder->disk, file, (uint64_t)status.st_size) &&
        mark(folder, file, path) == 0)
        adoption->count++;
    hs_disk_close(folder->disk, file);
}

/* Every later start finds it, so files are adopted at most once. */
static int make_ledger(const struct hs_file_folder *folder)
{
    static const char text[] = "# The files of this folder that hookstream writes, where the file "
                               "system has no extended attributes. Keep it.";
    int file = open_ledger(folder, O_CREAT);
    if (file < 0)
        return file;
    int64_t size = hs_disk_size(folder->disk, file);
    int code = size < 0 ? (int)size : 0;
    if (size == 0)
        code = hs_disk_write(folder->disk, file, hs_slice(text, sizeof(text) - 1), 0);
    if (code == 0)
        code = hs_disk_sync(folder->disk, file);
    hs_disk_close(folder->disk, file);
    return code == 0 ? hs_disk_sync_directory(folder->disk, folder->path) : code;
}

int hs_file_own_prepare(const struct hs_file_folder *folder, bool known)
{
    HS_AUTO_FREE char *ledger = ledger_path(folder);
    int code = hs_disk_make_directory(folder->disk, folder->path);
    if (code < 0)
        return code;
    struct adoption adoption = {folder, 0};
    if (known && !hs_file_own_is_taken(ledger))
        code = hs_disk_list(folder->disk, folder->path, adopt, &adoption);
    if (adoption.count > 0)
        hs_log(HS_LOG_INFO, "files that an earlier version wrote carry hookstream's mark now",
               HS_F("folder", "%s", folder->path), HS_F("files", "%zu", adoption.count));
    return code == 0 ? make_ledger(folder) : code;
}
