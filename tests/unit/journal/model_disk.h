/* A disk for tests, in memory, that does what disks do: keeps what is not synced in a cache
 * and loses any of it at a power cut, sector by sector; fails on the n-th call; forgets what
 * a failed sync was to write, while the cache still shows it; is full; writes short; holds a
 * sync up. For every test that puts something on disk through struct hs_disk.
 *
 * Everything it draws comes from the seed. Threads: any; one lock.
 *
 *   struct model_disk *disk = model_create(seed);
 *   ... hs_journal_open(model_table(disk), ...)
 *   model_cut_after(disk, 40);       the 40th call from now is the last that does anything
 *   model_fail(disk, MODEL_SYNC, 3, 1, EIO);   the 3rd sync from now fails, once
 *   model_power_cut(disk);           what was not synced is kept or not; usable again
 *   model_free(disk); */
#ifndef HS_TEST_MODEL_DISK_H
#define HS_TEST_MODEL_DISK_H

#include "model_files.h"

/* ---- Calls ---- */

static inline int model_errno(int error)
{
    errno = error;
    return -1;
}

/* Whether the call may go on; with the lock held. Sets errno if not. */
static inline bool model_may(struct model_disk *disk, unsigned call, const char *path)
{
    if (disk->dead) {
        errno = EIO;
        return false;
    }
    if (++disk->calls == disk->cut_at) {
        disk->dead = true;
        errno = EIO;
        return false;
    }
    for (size_t i = 0; i < MODEL_FAULTS; i++) {
        struct model_fault *fault = &disk->faults[i];
        if (fault->times == 0 || (fault->calls & call) == 0 ||
            (fault->path != NULL && strstr(path, fault->path) == NULL))
            continue;
        if (fault->after > 1) {
            fault->after--;
            continue;
        }
        fault->times--;
        errno = fault->error;
        return false;
    }
    return true;
}

static inline int model_handle(struct model_disk *disk, size_t file, const char *path)
{
    disk->handles = realloc(disk->handles, (disk->handle_count + 1) * sizeof(*disk->handles));
    disk->handles[disk->handle_count].file = file;
    disk->handles[disk->handle_count].path = strdup(path);
    disk->handles[disk->handle_count].open = true;
    return (int)disk->handle_count++;
}

static inline int model_open_locked(struct model_disk *disk, const char *path, int flags)
{
    if (!model_may(disk, MODEL_OPEN, path))
        return -1;
    if (flags & O_DIRECTORY)
        return model_handle(disk, SIZE_MAX, path);
    struct model_name *name = model_find(&disk->cached, path);
    if (name == NULL && !(flags & O_CREAT))
        return model_errno(ENOENT);
    size_t file = name != NULL ? name->file : model_file_new(disk);
    if (name == NULL)
        model_change(disk, NULL, path, file);
    if (flags & O_TRUNC)
        model_file_cut(disk->files[file], 0);
    return model_handle(disk, file, path);
}

static inline int model_open(void *context, const char *path, int flags, mode_t mode)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    int number = model_open_locked(disk, path, flags);
    pthread_mutex_unlock(&disk->lock);
    return number;
}

static inline int model_close(void *context, int number)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    ck_assert(disk->handles[number].open);
    disk->handles[number].open = false;
    pthread_mutex_unlock(&disk->lock);
    return 0;
}

static inline ssize_t model_pread(void *context, int number, void *data, size_t size, off_t offset)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    ck_assert(disk->handles[number].open);
    ssize_t done = -1;
    if (model_may(disk, MODEL_READ, disk->handles[number].path)) {
        const struct model_file *file = disk->files[disk->handles[number].file];
        size_t from = (size_t)offset < file->cache_size ? (size_t)offset : file->cache_size;
        size_t count = file->cache_size - from < size ? file->cache_size - from : size;
        if (count > 0)
            memcpy(data, file->cache + from, count);
        done = (ssize_t)count;
    }
    pthread_mutex_unlock(&disk->lock);
    return done;
}

static inline ssize_t model_write_locked(struct model_disk *disk, int number, const char *data,
                                         size_t size, size_t at)
{
    struct model_file *file = disk->files[disk->handles[number].file];
    bool dead = disk->dead;
    if (!model_may(disk, MODEL_WRITE, disk->handles[number].path)) {
        /* The power went while it was being written: a part of it may be in the cache. */
        int error = errno;
        if (!dead && disk->dead)
            model_file_write(file, data, model_random(disk, size + 1), at);
        return model_errno(error);
    }
    if (disk->short_writes && size > 1)
        size = 1 + model_random(disk, size);
    uint64_t growth = at + size > file->cache_size ? at + size - file->cache_size : 0;
    if (disk->bytes_max > 0 && growth > 0 && model_bytes(disk) + growth > disk->bytes_max) {
        uint64_t bytes = model_bytes(disk);
        uint64_t room = disk->bytes_max > bytes ? disk->bytes_max - bytes : 0;
        if (room == 0 || at > file->cache_size)
            return model_errno(ENOSPC);
        size = file->cache_size - at + room; /* what fits, then the next call fails */
    }
    model_file_write(file, data, size, at);
    return (ssize_t)size;
}

static inline ssize_t model_pwrite(void *context, int number, const void *data, size_t size,
                                   off_t offset)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    ck_assert(disk->handles[number].open);
    ssize_t done = model_write_locked(disk, number, data, size, (size_t)offset);
    pthread_mutex_unlock(&disk->lock);
    return done;
}

static inline int model_sync_locked(struct model_disk *disk, int number, unsigned call)
{
    size_t at = disk->handles[number].file;
    bool is_folder = at == SIZE_MAX;
    bool may = model_may(disk, call, disk->handles[number].path);
    if (disk->dead)
        return -1;
    if (is_folder && may)
        model_settle(disk, disk->handles[number].path, UINT64_MAX);
    /* A failed sync writes some, and what it did not write is clean from now on. */
    if (!is_folder) {
        int error = errno;
        model_file_flush(disk, disk->files[at], may ? 256 : 128);
        errno = error;
    }
    return may ? 0 : -1;
}

static inline int model_sync(struct model_disk *disk, int number, unsigned call)
{
    pthread_mutex_lock(&disk->lock);
    ck_assert(disk->handles[number].open);
    bool of_segment = strstr(disk->handles[number].path, ".hsj") != NULL;
    disk->held += of_segment; /* and not one that the keeper prepares */
    pthread_cond_broadcast(&disk->moved);
    while (disk->hold_syncs && call == MODEL_SYNC)
        pthread_cond_wait(&disk->moved, &disk->lock);
    disk->held -= of_segment;
    disk->syncs += of_segment;
    int code = model_sync_locked(disk, number, call);
    pthread_mutex_unlock(&disk->lock);
    return code;
}

static inline int model_fdatasync(void *context, int number)
{
    return model_sync(context, number, MODEL_SYNC);
}

static inline int model_fsync(void *context, int number)
{
    return model_sync(context, number, MODEL_FSYNC);
}

static inline int model_ftruncate(void *context, int number, off_t size)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    int code = -1;
    if (model_may(disk, MODEL_TRUNCATE, disk->handles[number].path)) {
        model_file_cut(disk->files[disk->handles[number].file], (size_t)size);
        code = 0;
    }
    pthread_mutex_unlock(&disk->lock);
    return code;
}

static inline int model_allocate(void *context, int number, off_t size)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    int code = -1;
    if (model_may(disk, MODEL_ALLOCATE, disk->handles[number].path)) {
        struct model_file *file = disk->files[disk->handles[number].file];
        uint64_t growth = (size_t)size > file->cache_size ? (size_t)size - file->cache_size : 0;
        if (disk->bytes_max > 0 && model_bytes(disk) + growth > disk->bytes_max) {
            errno = ENOSPC;
        } else {
            if (growth > 0)
                model_file_cut(file, (size_t)size);
            code = 0;
        }
    }
    pthread_mutex_unlock(&disk->lock);
    return code;
}

static inline int model_rename(void *context, const char *from, const char *to)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    int code = -1;
    if (model_may(disk, MODEL_RENAME, from)) {
        struct model_name *name = model_find(&disk->cached, from);
        if (name != NULL)
            model_change(disk, from, to, name->file);
        for (size_t i = 0; i < disk->handle_count && name != NULL; i++) {
            if (!disk->handles[i].open || strcmp(disk->handles[i].path, from) != 0)
                continue;
            free(disk->handles[i].path);
            disk->handles[i].path = strdup(to);
        }
        code = name != NULL ? 0 : model_errno(ENOENT);
    }
    pthread_mutex_unlock(&disk->lock);
    return code;
}

static inline int model_unlink(void *context, const char *path)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    int code = -1;
    if (model_may(disk, MODEL_UNLINK, path)) {
        code = model_find(&disk->cached, path) != NULL ? 0 : model_errno(ENOENT);
        if (code == 0)
            model_change(disk, path, NULL, 0);
    }
    pthread_mutex_unlock(&disk->lock);
    return code;
}

/* Folders are there, and safe. */
static inline int model_mkdir(void *context, const char *path, mode_t mode)
{
    return model_errno(EEXIST);
}

static inline off_t model_size(void *context, int number)
{
    struct model_disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    off_t size = (off_t)disk->files[disk->handles[number].file]->cache_size;
    pthread_mutex_unlock(&disk->lock);
    return size;
}

static inline int model_list(void *context, const char *path,
                             void (*each)(void *arg, const char *name), void *arg)
{
    struct model_disk *disk = context;
    size_t size = strlen(path), count = 0;
    pthread_mutex_lock(&disk->lock);
    char **names = calloc(disk->cached.count + 1, sizeof(*names));
    for (size_t i = 0; i < disk->cached.count; i++) {
        const char *at = disk->cached.items[i].path;
        if (strncmp(at, path, size) == 0 && at[size] == '/' && strchr(at + size + 1, '/') == NULL)
            names[count++] = strdup(at + size + 1);
    }
    bool dead = disk->dead;
    pthread_mutex_unlock(&disk->lock);
    for (size_t i = 0; i < count; i++) {
        if (!dead)
            each(arg, names[i]);
        free(names[i]);
    }
    free(names);
    return dead ? model_errno(EIO) : 0;
}

/* ---- What tests call ---- */

static inline struct model_disk *model_create(uint64_t seed)
{
    struct model_disk *disk = calloc(1, sizeof(*disk));
    pthread_mutex_init(&disk->lock, NULL);
    pthread_cond_init(&disk->moved, NULL);
    disk->random = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
    disk->table = (struct hs_disk){
        .context = disk,
        .open = model_open,
        .close = model_close,
        .pread = model_pread,
        .pwrite = model_pwrite,
        .fdatasync = model_fdatasync,
        .fsync = model_fsync,
        .ftruncate = model_ftruncate,
        .rename = model_rename,
        .unlink = model_unlink,
        .mkdir = model_mkdir,
        .allocate = model_allocate,
        .size = model_size,
        .list = model_list,
    };
    return disk;
}

/* A number below `below`, from the same seed as all that the disk draws. */
static inline uint64_t model_draw(struct model_disk *disk, uint64_t below)
{
    pthread_mutex_lock(&disk->lock);
    uint64_t drawn = model_random(disk, below);
    pthread_mutex_unlock(&disk->lock);
    return drawn;
}

static inline const struct hs_disk *model_table(struct model_disk *disk)
{
    return &disk->table;
}

static inline void model_free(struct model_disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        free(disk->files[i]->cache);
        free(disk->files[i]->safe);
        free(disk->files[i]->dirty);
        free(disk->files[i]);
    }
    for (size_t i = 0; i < disk->handle_count; i++) {
        ck_assert_msg(!disk->handles[i].open, "%s was not closed", disk->handles[i].path);
        free(disk->handles[i].path);
    }
    for (size_t i = 0; i < disk->change_count; i++)
        model_change_free(&disk->changes[i]);
    model_names_clear(&disk->cached);
    model_names_clear(&disk->safe);
    free(disk->cached.items);
    free(disk->safe.items);
    free(disk->changes);
    free(disk->handles);
    free(disk->files);
    pthread_mutex_destroy(&disk->lock);
    pthread_cond_destroy(&disk->moved);
    free(disk);
}

static inline void model_cut_after(struct model_disk *disk, uint64_t calls)
{
    pthread_mutex_lock(&disk->lock);
    disk->cut_at = disk->calls + calls;
    pthread_mutex_unlock(&disk->lock);
}

/* From the n-th such call on (1: the next), `times` of them fail. */
static inline void model_fail_at(struct model_disk *disk, unsigned calls, const char *path,
                                 uint64_t nth, uint64_t times, int error)
{
    pthread_mutex_lock(&disk->lock);
    for (size_t i = 0; i < MODEL_FAULTS; i++) {
        if (disk->faults[i].times > 0)
            continue;
        disk->faults[i] = (struct model_fault){calls, nth, times, error, path};
        break;
    }
    pthread_mutex_unlock(&disk->lock);
}

static inline void model_fail(struct model_disk *disk, unsigned calls, uint64_t nth, uint64_t times,
                              int error)
{
    model_fail_at(disk, calls, NULL, nth, times, error);
}

static inline void model_heal(struct model_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    memset(disk->faults, 0, sizeof(disk->faults));
    pthread_mutex_unlock(&disk->lock);
}

static inline void model_limit(struct model_disk *disk, uint64_t bytes_max)
{
    pthread_mutex_lock(&disk->lock);
    disk->bytes_max = bytes_max;
    pthread_mutex_unlock(&disk->lock);
}

/* While it holds, fdatasync does not return. */
static inline void model_hold_syncs(struct model_disk *disk, bool hold)
{
    pthread_mutex_lock(&disk->lock);
    disk->hold_syncs = hold;
    pthread_cond_broadcast(&disk->moved);
    pthread_mutex_unlock(&disk->lock);
}

/* Returns when the sync of a segment under its name is held. */
static inline void model_await_held(struct model_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    while (disk->held == 0)
        pthread_cond_wait(&disk->moved, &disk->lock);
    pthread_mutex_unlock(&disk->lock);
}

/* The program is gone, the system stays: the cache is as it was. */
static inline void model_revive(struct model_disk *disk)
{
    disk->dead = false;
    disk->cut_at = 0;
    memset(disk->faults, 0, sizeof(disk->faults));
}

/* The power is gone and back. Of what was not synced any sectors are there, and of the
 * changes of each folder any that have those before them. Nobody may use the disk now. */
static inline void model_power_cut(struct model_disk *disk)
{
    while (disk->change_count > 0) {
        HS_AUTO_FREE char *folder = strdup(disk->changes[0].folder);
        size_t count = 0;
        for (size_t i = 0; i < disk->change_count; i++)
            count += strcmp(disk->changes[i].folder, folder) == 0;
        model_settle(disk, folder, model_random(disk, count + 1));
    }
    for (size_t i = 0; i < disk->file_count; i++) {
        struct model_file *file = disk->files[i];
        model_file_flush(disk, file, model_random(disk, 3) * 128);
        if (file->capacity > 0)
            memcpy(file->cache, file->safe, file->capacity);
        file->cache_size = file->safe_size;
    }
    model_names_clear(&disk->cached);
    for (size_t i = 0; i < disk->safe.count; i++)
        model_name_set(&disk->cached, disk->safe.items[i].path, disk->safe.items[i].file);
    model_revive(disk);
}

/* A file's bytes as the cache has them, to look at or to damage; NULL: no such file. */
static inline struct model_file *model_peek(struct model_disk *disk, const char *path)
{
    struct model_name *name = model_find(&disk->cached, path);
    return name != NULL ? disk->files[name->file] : NULL;
}

/* What was damaged in the cache is on the disk, too. */
static inline void model_damage(struct model_disk *disk, const char *path, size_t at,
                                const void *bytes, size_t size)
{
    struct model_file *file = model_peek(disk, path);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_le(at + size, file->cache_size);
    memcpy(file->cache + at, bytes, size);
    memcpy(file->safe + at, bytes, size);
}

#endif
