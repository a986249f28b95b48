/* Open: see open.h. */
#include <hookstream/open.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_OWN (STDERR_FILENO + 1)

/* ---- Standard descriptors ---- */

/* The lowest free descriptor is `number`. Without /dev/null the root folder takes the place: O_PATH
 * needs no permission, and every read and write fails. */
static int hold_place(int number)
{
    int flags = number == STDIN_FILENO ? O_WRONLY : number == STDOUT_FILENO ? O_RDONLY : O_WRONLY;
    int held = open("/dev/null", flags); /* open: this one must take a low number */
    if (held < 0)
        held = open("/", O_PATH | O_DIRECTORY); /* open: as above */
    if (held < 0)
        return hs_fail_errno(errno,
                             "descriptor %d is closed, and neither /dev/null nor / can be "
                             "opened",
                             number);
    return held == number ? 0 : hs_fail(-EBADF, "descriptor %d cannot be occupied", number);
}

int hs_open_standard(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) >= 0 || errno != EBADF)
            continue;
        int code = hold_place(number);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- Files ---- */

/* Moves a descriptor out of the range of stdin, stdout and stderr; -1 with errno. */
static int move_up(int file)
{
    if (file < 0 || file >= FIRST_OWN)
        return file;
    int moved = fcntl(file, F_DUPFD_CLOEXEC, FIRST_OWN), error = errno;
    (void)close(file); /* nothing was written through it */
    errno = error;
    return moved;
}

/* Returns 0, or the errno value for a file that is not regular. */
static int kind_error(int file)
{
    struct stat status;
    if (fstat(file, &status) < 0)
        return errno;
    return S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? EISDIR : ENXIO;
}

int hs_open_file(const char *path, int flags, mode_t mode)
{
    bool regular = (flags & O_NOFOLLOW) != 0 && (flags & O_DIRECTORY) == 0;
    flags |= O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0);
    int file = move_up(open(path, flags, mode)); /* open: the one place */
    int error = regular && file >= 0 ? kind_error(file) : 0;
    if (error == 0)
        return file;
    (void)close(file); /* it is not hookstream's */
    errno = error;
    return -1;
}

FILE *hs_open_stream(const char *path)
{
    int file = hs_open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    if (stream != NULL || file < 0)
        return stream;
    int error = errno;
    (void)close(file); /* it is empty */
    errno = error;
    return NULL;
}
