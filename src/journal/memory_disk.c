/* Memory disk: the file layer without a disk, for `journal: {store: memory}`. Files are identified
 * by their paths and live until they are unlinked and closed. */
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>

#define FILES_MAX 4096 /* as many segments as max_size allows, and cursors */

struct file {
    char *path; /* NULL: unlinked */
    char *data;
    size_t size, capacity;
    unsigned open; /* file numbers that refer to it; 0 and no path: the entry is free */
};

struct memory {
    struct hs_disk disk;
    pthread_mutex_t lock;
    struct file files[FILES_MAX];
};

static struct file *find(struct memory *memory, const char *path)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (memory->files[i].path != NULL && strcmp(memory->files[i].path, path) == 0)
            return &memory->files[i];
    return NULL;
}

static void release(struct file *file)
{
    if (file->path != NULL || file->open > 0)
        return;
    free(file->data);
    *file = (struct file){0};
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* A file number is an index in the table, plus one. A folder has no file and no number. */
static int open_locked(struct memory *memory, const char *path, int flags)
{
    if (flags & O_DIRECTORY)
        return FILES_MAX + 1;
    struct file *file = find(memory, path);
    if (file == NULL && !(flags & O_CREAT))
        return fail(ENOENT);
    for (size_t i = 0; i < FILES_MAX && file == NULL; i++)
        if (memory->files[i].path == NULL && memory->files[i].open == 0)
            file = &memory->files[i];
    if (file == NULL)
        return fail(ENFILE);
    if (file->path == NULL)
        file->path = hs_strdup(path);
    if (flags & O_TRUNC)
        file->size = 0;
    file->open++;
    return (int)(file - memory->files) + 1;
}

static int memory_open(void *context, const char *path, int flags, mode_t mode)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    int number = open_locked(memory, path, flags);
    pthread_mutex_unlock(&memory->lock);
    return number;
}

static int memory_close(void *context, int number)
{
    struct memory *memory = context;
    if (number > FILES_MAX)
        return 0;
    pthread_mutex_lock(&memory->lock);
    memory->files[number - 1].open--;
    release(&memory->files[number - 1]);
    pthread_mutex_unlock(&memory->lock);
    return 0;
}

static ssize_t memory_pread(void *context, int number, void *data, size_t size, off_t offset)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    const struct file *file = &memory->files[number - 1];
    size_t from = (size_t)offset < file->size ? (size_t)offset : file->size;
    size_t count = file->size - from < size ? file->size - from : size;
    if (count > 0)
        memcpy(data, file->data + from, count);
    pthread_mutex_unlock(&memory->lock);
    return (ssize_t)count;
}

static ssize_t memory_pwrite(void *context, int number, const void *data, size_t size, off_t offset)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    struct file *file = &memory->files[number - 1];
    size_t end = (size_t)offset + size;
    if (end > file->capacity) {
        size_t capacity = end > 2 * file->capacity ? end : 2 * file->capacity;
        file->data = hs_realloc_array(file->data, capacity, 1);
        file->capacity = capacity;
    }
    if ((size_t)offset > file->size)
        memset(file->data + file->size, 0, (size_t)offset - file->size);
    memcpy(file->data + offset, data, size);
    if (end > file->size)
        file->size = end;
    pthread_mutex_unlock(&memory->lock);
    return (ssize_t)size;
}

static int memory_sync(void *context, int number)
{
    return 0;
}

static int memory_ftruncate(void *context, int number, off_t size)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    struct file *file = &memory->files[number - 1];
    if ((size_t)size < file->size) {
        file->size = (size_t)size;
        file->data = hs_realloc_array(file->data, file->size > 0 ? file->size : 1, 1);
        file->capacity = file->size > 0 ? file->size : 1;
    }
    pthread_mutex_unlock(&memory->lock);
    return 0;
}

static void unlink_locked(struct file *file)
{
    free(file->path);
    file->path = NULL;
    release(file);
}

static int memory_rename(void *context, const char *from, const char *to)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    struct file *file = find(memory, from), *old = find(memory, to);
    if (file != NULL && old != NULL && old != file)
        unlink_locked(old);
    if (file != NULL) {
        free(file->path);
        file->path = hs_strdup(to);
    }
    pthread_mutex_unlock(&memory->lock);
    return file != NULL ? 0 : fail(ENOENT);
}

static int memory_unlink(void *context, const char *path)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    struct file *file = find(memory, path);
    if (file != NULL)
        unlink_locked(file);
    pthread_mutex_unlock(&memory->lock);
    return file != NULL ? 0 : fail(ENOENT);
}

static int memory_mkdir(void *context, const char *path, mode_t mode)
{
    return 0;
}

static int memory_allocate(void *context, int number, off_t size)
{
    return 0; /* memory is allocated by writes */
}

static off_t memory_size(void *context, int number)
{
    struct memory *memory = context;
    pthread_mutex_lock(&memory->lock);
    off_t size = (off_t)memory->files[number - 1].size;
    pthread_mutex_unlock(&memory->lock);
    return size;
}

static int memory_list(void *context, const char *path, void (*each)(void *arg, const char *name),
                       void *arg)
{
    struct memory *memory = context;
    struct hs_slice folder = hs_slice_text(path);
    for (size_t i = 0; i < FILES_MAX; i++) {
        pthread_mutex_lock(&memory->lock);
        const char *at = memory->files[i].path;
        HS_AUTO_FREE char *name = NULL;
        if (at != NULL && hs_slice_starts_with(hs_slice_text(at), folder) &&
            at[folder.size] == '/' && strchr(at + folder.size + 1, '/') == NULL)
            name = hs_strdup(at + folder.size + 1);
        pthread_mutex_unlock(&memory->lock);
        if (name != NULL)
            each(arg, name);
    }
    return 0;
}

bool hs_disk_is_memory(const struct hs_disk *disk)
{
    return disk->pwrite == memory_pwrite;
}

struct hs_disk *hs_memory_disk_create(void)
{
    struct memory *memory = hs_alloc(sizeof(*memory));
    pthread_mutex_init(&memory->lock, NULL);
    memory->disk = (struct hs_disk){
        .context = memory,
        .open = memory_open,
        .close = memory_close,
        .pread = memory_pread,
        .pwrite = memory_pwrite,
        .fdatasync = memory_sync,
        .fsync = memory_sync,
        .ftruncate = memory_ftruncate,
        .rename = memory_rename,
        .unlink = memory_unlink,
        .mkdir = memory_mkdir,
        .allocate = memory_allocate,
        .size = memory_size,
        .list = memory_list,
    };
    return &memory->disk;
}

void hs_memory_disk_free(struct hs_disk *disk)
{
    if (disk == NULL)
        return;
    struct memory *memory = disk->context;
    for (size_t i = 0; i < FILES_MAX; i++) {
        free(memory->files[i].path);
        free(memory->files[i].data);
    }
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}
