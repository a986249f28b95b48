/* Storage: see storage.h. The unnamed file (O_TMPFILE) disappears with its descriptor, even if the
 * process is killed. */
#include <hookstream/storage.h>

#include <fcntl.h>
#include <hookstream/open.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Cuts the path down to its parent; returns false if it has none. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        if (path[0] == '.' && path[1] == '\0')
            return false;
        path[0] = '.'; /* the path was a bare name, which has one byte or more */
        path[1] = '\0';
        return true;
    }
    if (slash == path) {
        if (path[1] == '\0')
            return false;
        path[1] = '\0';
        return true;
    }
    *slash = '\0';
    return true;
}

static int try_to_write(const char *folder)
{
    static const char bytes[512];
    int file = hs_open_file(folder, O_TMPFILE | O_WRONLY, 0600);
    if (file < 0)
        return hs_fail_errno(errno, "cannot create a file in %s", folder);
    int code = 0;
    ssize_t written = write(file, bytes, sizeof(bytes));
    if (written != (ssize_t)sizeof(bytes))
        code = hs_fail_errno(written < 0 ? errno : ENOSPC, "cannot write in %s", folder);
    else if (fdatasync(file) < 0)
        code = hs_fail_errno(errno, "cannot sync a file in %s", folder);
    (void)close(file); /* nothing of it stays */
    return code;
}

/* The folder's entries must be durable, too. */
static int try_to_sync(const char *folder)
{
    int file = hs_open_file(folder, O_RDONLY | O_DIRECTORY, 0);
    if (file < 0)
        return hs_fail_errno(errno, "cannot open the folder %s", folder);
    int code = fsync(file) < 0 ? hs_fail_errno(errno, "cannot sync the folder %s", folder) : 0;
    (void)close(file); /* nothing was written through it */
    return code;
}

int hs_storage_look(const char *path, struct hs_storage *ret_storage)
{
    HS_AUTO_FREE char *folder = hs_strdup(path[0] != '\0' ? path : ".");
    struct stat status;
    bool exists = true;
    while (stat(folder, &status) < 0) {
        if (errno != ENOENT)
            return hs_fail_errno(errno, "cannot look at %s", folder);
        exists = false;
        if (!go_up(folder))
            return hs_fail(-ENOENT, "%s: none of its parent folders exists", path);
    }
    if (!S_ISDIR(status.st_mode))
        return hs_fail(-ENOTDIR, "%s is not a folder", folder);
    struct statvfs space;
    if (statvfs(folder, &space) < 0)
        return hs_fail_errno(errno, "cannot get the free space of %s", folder);
    int code = try_to_write(folder);
    if (code == 0)
        code = try_to_sync(folder);
    if (code < 0)
        return code;
    *ret_storage = (struct hs_storage){
        .exists = exists,
        .free_bytes = hs_mul_sat(space.f_bavail, space.f_frsize),
        .device = status.st_dev,
    };
    return 0;
}
