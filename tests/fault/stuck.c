/* Preloaded into hookstream: while the file $FAULT_TRIGGER.stuck exists, the threads that it names,
 * a line each, do not come back from a system call on files or sockets. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* By bare system calls: the ones below are called by these otherwise. */
static bool is_named(void)
{
    char path[512], names[1024] = "\n", name[20] = "\n";
    const char *trigger = getenv("FAULT_TRIGGER");
    snprintf(path, sizeof(path), "%s.stuck", trigger != NULL ? trigger : "");
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    long got = syscall(SYS_read, file, names + 1, sizeof(names) - 2);
    syscall(SYS_close, file);
    names[got > 0 ? got + 1 : 1] = '\0';
    prctl(PR_GET_NAME, name + 1);
    strcat(name, "\n");
    return strstr(names, name) != NULL;
}

static void wait_if_named(void)
{
    int saved = errno;
    while (is_named())
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    errno = saved;
}

#define REAL(name) *(void **)&real = dlsym(RTLD_NEXT, #name)

ssize_t recv(int socket, void *data, size_t size, int flags)
{
    ssize_t (*real)(int, void *, size_t, int);
    REAL(recv);
    wait_if_named();
    return real(socket, data, size, flags);
}

ssize_t pread64(int file, void *data, size_t size, off64_t offset)
{
    ssize_t (*real)(int, void *, size_t, off64_t);
    REAL(pread64);
    wait_if_named();
    return real(file, data, size, offset);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    REAL(pwrite64);
    wait_if_named();
    return real(file, data, size, offset);
}

ssize_t pread(int file, void *data, size_t size, off_t offset)
{
    return pread64(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    return pwrite64(file, data, size, offset);
}

ssize_t write(int file, const void *data, size_t size)
{
    ssize_t (*real)(int, const void *, size_t);
    REAL(write);
    wait_if_named();
    return real(file, data, size);
}

int fdatasync(int file)
{
    int (*real)(int);
    REAL(fdatasync);
    wait_if_named();
    return real(file);
}

int fsync(int file)
{
    int (*real)(int);
    REAL(fsync);
    wait_if_named();
    return real(file);
}
