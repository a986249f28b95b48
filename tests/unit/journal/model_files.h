/* The files of the model disk: which name leads to which file, what of both is only in the cache,
 * and what a power cut leaves. Its calls and its use are in model_disk.h. */
#ifndef HS_TEST_MODEL_FILES_H
#define HS_TEST_MODEL_FILES_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <hookstream/disk.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_SECTOR 512u
#define MODEL_FAULTS 8

enum model_call {
    MODEL_OPEN = 1,
    MODEL_READ = 2,
    MODEL_WRITE = 4,
    MODEL_SYNC = 8, /* fdatasync */
    MODEL_FSYNC = 16,
    MODEL_TRUNCATE = 32,
    MODEL_RENAME = 64,
    MODEL_UNLINK = 128,
    MODEL_ALLOCATE = 256,
};

struct model_file {
    char *cache, *safe; /* both `capacity` bytes */
    size_t cache_size, safe_size, capacity;
    bool *dirty; /* a sector each */
};

struct model_name {
    char *path;
    size_t file;
};

struct model_names {
    struct model_name *items;
    size_t count, capacity;
};

/* A change of a folder that is not synced. */
struct model_change {
    char *folder, *from, *to; /* from NULL: created; to NULL: removed */
    size_t file;
};

struct model_fault {
    unsigned calls;
    uint64_t after, times;
    int error;
    const char *path; /* part of the path; NULL: any */
};

struct model_disk {
    struct hs_disk table;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t random;
    struct model_file **files;
    size_t file_count;
    struct model_names cached, safe;
    struct model_change *changes;
    size_t change_count;
    struct {
        size_t file; /* SIZE_MAX: a folder */
        char *path;
        bool open;
    } * handles;
    size_t handle_count;

    uint64_t calls, cut_at; /* cut_at 0: never */
    bool dead;
    struct model_fault faults[MODEL_FAULTS];
    uint64_t bytes_max; /* 0: no limit */
    bool short_writes;
    bool hold_syncs;
    unsigned held;
    uint64_t syncs; /* of segments under their name */
};

static inline uint64_t model_random(struct model_disk *disk, uint64_t below)
{
    disk->random ^= disk->random << 13;
    disk->random ^= disk->random >> 7;
    disk->random ^= disk->random << 17;
    return below > 0 ? (disk->random * UINT64_C(0x2545F4914F6CDD1D) >> 16) % below : 0;
}

/* ---- Names ---- */

static inline struct model_name *model_find(struct model_names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].path, path) == 0)
            return &names->items[i];
    return NULL;
}

static inline void model_name_drop(struct model_names *names, const char *path)
{
    struct model_name *name = model_find(names, path);
    if (name == NULL)
        return;
    free(name->path);
    *name = names->items[--names->count];
}

static inline void model_name_set(struct model_names *names, const char *path, size_t file)
{
    model_name_drop(names, path);
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? names->capacity * 2 : 32;
        names->items = realloc(names->items, names->capacity * sizeof(*names->items));
    }
    names->items[names->count++] = (struct model_name){strdup(path), file};
}

static inline void model_names_clear(struct model_names *names)
{
    while (names->count > 0)
        free(names->items[--names->count].path);
}

static inline void model_apply(struct model_names *names, const struct model_change *change)
{
    if (change->from != NULL)
        model_name_drop(names, change->from);
    if (change->to != NULL)
        model_name_set(names, change->to, change->file);
}

static inline void model_change_free(struct model_change *change)
{
    free(change->folder);
    free(change->from);
    free(change->to);
}

static inline void model_change(struct model_disk *disk, const char *from, const char *to,
                                size_t file)
{
    struct model_change change = {
        .folder = strdup(to != NULL ? to : from),
        .from = from != NULL ? strdup(from) : NULL,
        .to = to != NULL ? strdup(to) : NULL,
        .file = file,
    };
    *strrchr(change.folder, '/') = '\0';
    model_apply(&disk->cached, &change);
    disk->changes = realloc(disk->changes, (disk->change_count + 1) * sizeof(*disk->changes));
    disk->changes[disk->change_count++] = change;
}

/* Makes the first `count` changes of the folder safe and forgets the others. */
static inline void model_settle(struct model_disk *disk, const char *folder, uint64_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < disk->change_count; i++) {
        struct model_change *change = &disk->changes[i];
        if (strcmp(change->folder, folder) != 0) {
            disk->changes[left++] = *change;
            continue;
        }
        if (count > 0) {
            model_apply(&disk->safe, change);
            count--;
        }
        model_change_free(change);
    }
    disk->change_count = left;
}

/* ---- Files ---- */

static inline size_t model_file_new(struct model_disk *disk)
{
    disk->files = realloc(disk->files, (disk->file_count + 1) * sizeof(*disk->files));
    disk->files[disk->file_count] = calloc(1, sizeof(struct model_file));
    return disk->file_count++;
}

static inline void model_file_reach(struct model_file *file, size_t size)
{
    if (size <= file->capacity)
        return;
    size_t capacity = (size * 2 + MODEL_SECTOR - 1) / MODEL_SECTOR * MODEL_SECTOR;
    file->cache = realloc(file->cache, capacity);
    file->safe = realloc(file->safe, capacity);
    file->dirty = realloc(file->dirty, capacity / MODEL_SECTOR * sizeof(bool));
    memset(file->cache + file->capacity, 0, capacity - file->capacity);
    memset(file->safe + file->capacity, 0, capacity - file->capacity);
    for (size_t i = file->capacity / MODEL_SECTOR; i < capacity / MODEL_SECTOR; i++)
        file->dirty[i] = false;
    file->capacity = capacity;
}

static inline void model_file_write(struct model_file *file, const char *data, size_t size,
                                    size_t at)
{
    if (size == 0)
        return;
    model_file_reach(file, at + size);
    memcpy(file->cache + at, data, size);
    for (size_t i = at / MODEL_SECTOR; i <= (at + size - 1) / MODEL_SECTOR; i++)
        file->dirty[i] = true;
    if (at + size > file->cache_size)
        file->cache_size = at + size;
}

static inline void model_file_cut(struct model_file *file, size_t size)
{
    if (size < file->cache_size)
        memset(file->cache + size, 0, file->cache_size - size);
    model_file_reach(file, size);
    file->cache_size = size;
}

/* Sectors and size go to the disk, each with a chance of `chance` in 256. */
static inline void model_file_flush(struct model_disk *disk, struct model_file *file,
                                    uint64_t chance)
{
    for (size_t i = 0; i < file->capacity / MODEL_SECTOR; i++) {
        if (file->dirty[i] && model_random(disk, 256) < chance)
            memcpy(file->safe + i * MODEL_SECTOR, file->cache + i * MODEL_SECTOR, MODEL_SECTOR);
        file->dirty[i] = false;
    }
    if (model_random(disk, 256) < chance)
        file->safe_size = file->cache_size;
    if (file->safe_size < file->capacity)
        memset(file->safe + file->safe_size, 0, file->capacity - file->safe_size);
}

/* Bytes of all files that have a name or are open. */
static inline uint64_t model_bytes(struct model_disk *disk)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < disk->cached.count; i++)
        bytes += disk->files[disk->cached.items[i].file]->cache_size;
    return bytes;
}

#endif
