/* Preloaded into hookstream: while the file $FAULT_TRIGGER.pwrite (or .fdatasync) exists, that
 * call answers EIO for files in a folder named "segments", as a disk that fails would. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_asked_for(const char *call)
{
    char path[512];
    const char *trigger = getenv("FAULT_TRIGGER");
    if (trigger == NULL)
        return false;
    int saved = errno;
    snprintf(path, sizeof(path), "%s.%s", trigger, call);
    bool there = access(path, F_OK) == 0;
    errno = saved;
    return there;
}

static bool is_segment(int file)
{
    char link[64], path[512];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof(path) - 1);
    if (size < 0)
        return false;
    path[size] = '\0';
    return strstr(path, "/segments/") != NULL;
}

static bool fails(const char *call, int file)
{
    if (!is_asked_for(call) || !is_segment(file))
        return false;
    errno = EIO;
    return true;
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
