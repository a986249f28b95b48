/* Preloaded into hookstream: while the file $FAULT_TRIGGER.pwrite (.fdatasync, .fsync) exists, that
 * call answers EIO for every file whose path has in it what the trigger holds, as a disk that
 * fails would. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the trigger of this call holds; false: there is none. */
static bool read_trigger(const char *call, char *ret_text, size_t size)
{
    char path[512];
    const char *trigger = getenv("FAULT_TRIGGER");
    snprintf(path, sizeof(path), "%s.%s", trigger != NULL ? trigger : "", call);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t got = read(file, ret_text, size - 1);
    close(file);
    ret_text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static bool path_has(int file, const char *text)
{
    char link[64], path[512];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof(path) - 1);
    path[size > 0 ? size : 0] = '\0';
    return strstr(path, text) != NULL;
}

static bool fails(const char *call, int file)
{
    char text[256];
    int saved = errno;
    bool failing = read_trigger(call, text, sizeof(text)) && path_has(file, text);
    errno = failing ? EIO : saved;
    return failing;
}

typedef ssize_t pwrite_fn(int, const void *, size_t, off64_t);

/* The name under which large files are written on 64 bits, and the plain one. */
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    pwrite_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    return fails("pwrite", file) ? -1 : real(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    return pwrite64(file, data, size, offset);
}

int fdatasync(int file)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    return fails("fdatasync", file) ? -1 : real(file);
}

int fsync(int file)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    return fails("fsync", file) ? -1 : real(file);
}
