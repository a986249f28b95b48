/* For fuzz targets: what must hold, and a disk that has one file, the input. */
#ifndef HS_FUZZ_H
#define HS_FUZZ_H

#include <hookstream/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static inline void require(bool condition)
{
    if (!condition)
        abort();
}

#define ONE_FILE 1000 /* its descriptor */

static inline int one_open(void *context, const char *path, int flags, mode_t mode)
{
    if ((flags & (O_DIRECTORY | O_CREAT)) == 0)
        return ONE_FILE;
    errno = ENOENT;
    return -1;
}

static inline int one_close(void *context, int file)
{
    return 0;
}

static inline ssize_t one_pread(void *context, int file, void *data, size_t size, off_t offset)
{
    const struct hs_slice *bytes = context;
    size_t at = (size_t)offset < bytes->size ? (size_t)offset : bytes->size;
    size = size < bytes->size - at ? size : bytes->size - at;
    if (size > 0)
        memcpy(data, bytes->data + at, size);
    return (ssize_t)size;
}

static inline off_t one_size(void *context, int file)
{
    return (off_t)((const struct hs_slice *)context)->size;
}

static inline int one_list(void *context, const char *path,
                           void (*each)(void *arg, const char *name), void *arg)
{
    return 0;
}

/* Borrows `bytes`. Nothing can be written. */
static inline struct hs_disk one_file(struct hs_slice *bytes)
{
    return (struct hs_disk){.context = bytes,
                            .open = one_open,
                            .close = one_close,
                            .pread = one_pread,
                            .size = one_size,
                            .list = one_list};
}

#endif
