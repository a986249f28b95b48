/* Folder: the journal's paths and names, the lock against a second process, and the journal's
 * identity. Knows nothing of a segment's contents.
 *
 * meta: "HSMETA\0\1", identity (36), hash key (8), XXH3-64 of the 52 bytes before. Written once,
 * when the folder is made. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/disk.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define META_SIZE 60u
#define CURSOR_SUFFIX ".cursor"

static const char meta_magic[8] = {'H', 'S', 'M', 'E', 'T', 'A', 0, HS_FORMAT_VERSION};

/* ---- Paths and names ---- */

static char *in_folder(const char *folder, const char *name)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%s", folder, name);
    HS_ASSERT(size > 0);
    return path;
}

void hs_folder_paths(struct hs_journal *journal, const char *path)
{
    journal->path = hs_strdup(path);
    journal->segments_path = in_folder(path, "segments");
    journal->cursors_path = in_folder(path, "cursors");
    journal->next_path = in_folder(journal->segments_path, "next");
    journal->preparing_path = in_folder(journal->segments_path, "preparing");
    journal->spare_path = in_folder(path, "spare");
    journal->fresh_path = in_folder(journal->segments_path, "fresh");
}

void hs_folder_free(struct hs_journal *journal)
{
    if (journal->lock_file >= 0)
        close(journal->lock_file);
    free(journal->path);
    free(journal->segments_path);
    free(journal->cursors_path);
    free(journal->next_path);
    free(journal->preparing_path);
    free(journal->spare_path);
    free(journal->fresh_path);
}

bool hs_folder_segment_name(const char *name, uint64_t *ret_first)
{
    struct hs_slice text = hs_slice_text(name); /* a name of a directory entry ends in NUL */
    return text.size == 24 && memcmp(name + 20, ".hsj", 4) == 0 &&
           hs_slice_to_u64(hs_slice(name, 20), UINT64_MAX, ret_first) == 0;
}

struct names {
    uint64_t *firsts;
    size_t count, capacity;
};

static void on_segment_name(void *arg, const char *name)
{
    struct names *names = arg;
    uint64_t first;
    if (!hs_folder_segment_name(name, &first))
        return;
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? names->capacity * 2 : 64;
        names->firsts = hs_realloc_array(names->firsts, names->capacity, sizeof(uint64_t));
    }
    names->firsts[names->count++] = first;
}

static int compare_firsts(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

int hs_folder_list_segments(const struct hs_disk *disk, const char *segments_path,
                            uint64_t **ret_firsts, size_t *ret_count)
{
    struct names names = {.count = 0};
    int code = hs_disk_list(disk, segments_path, on_segment_name, &names);
    if (code < 0) {
        free(names.firsts);
        return code;
    }
    if (names.count > 0)
        qsort(names.firsts, names.count, sizeof(uint64_t), compare_firsts);
    *ret_firsts = names.firsts;
    *ret_count = names.count;
    return 0;
}

char *hs_folder_cursor_name(const char *name)
{
    struct hs_slice text = hs_slice_text(name), suffix = HS_SLICE(CURSOR_SUFFIX);
    if (text.size <= suffix.size ||
        memcmp(name + text.size - suffix.size, suffix.data, suffix.size) != 0)
        return NULL;
    return hs_slice_dup(hs_slice(name, text.size - suffix.size));
}

/* ---- One process at a time ---- */

static int fail_busy(const char *folder, int file)
{
    char text[32] = "";
    ssize_t size = pread(file, text, sizeof(text) - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return hs_fail(-EBUSY,
                   "the journal %s is in use by process %s: stop that one, or give each "
                   "its own journal.path",
                   folder, text[0] != '\0' ? text : "(unknown)");
}

/* A disk other than the system's has a single owner. */
static int take_lock(struct hs_journal *journal)
{
    if (journal->disk != hs_disk_system())
        return 0;
    HS_AUTO_FREE char *path = in_folder(journal->path, "LOCK");
    int file = hs_disk_open(journal->disk, path, O_RDWR | O_CREAT);
    if (file < 0)
        return file;
    if (flock(file, LOCK_EX | LOCK_NB) < 0) {
        int code = errno == EWOULDBLOCK ? fail_busy(journal->path, file)
                                        : hs_fail_errno(errno, "cannot lock %s", path);
        close(file);
        return code;
    }
    char text[32];
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    /* The number is only for the message above. */
    if (ftruncate(file, 0) < 0 || pwrite(file, text, (size_t)size, 0) != size)
        hs_log(HS_LOG_WARN, "cannot write our process number", HS_F("file", "%s", path));
    journal->lock_file = file;
    return 0;
}

/* ---- Identity ---- */

static int decode_meta(const char *path, struct hs_slice bytes, char ret_identity[37],
                       uint64_t *ret_hash_key)
{
    const char *at = bytes.data;
    if (bytes.size >= 8 && memcmp(at, meta_magic, 7) == 0 && at[7] != meta_magic[7])
        return hs_fail(-EPROTO,
                       "%s has format %u and this hookstream knows format %u: use the version that "
                       "wrote it",
                       path, (unsigned char)at[7], HS_FORMAT_VERSION);
    if (bytes.size != META_SIZE || memcmp(at, meta_magic, 8) != 0 ||
        hs_get64(at + 52) != hs_hash64(hs_slice(at, 52), 0))
        return hs_fail(-EBADMSG, "%s is damaged: restore it from a backup of the journal", path);
    memcpy(ret_identity, at + 8, 36);
    ret_identity[36] = '\0';
    *ret_hash_key = hs_get64(at + 44);
    return 0;
}

int hs_folder_read_meta(const struct hs_disk *disk, const char *folder, char ret_identity[37],
                        uint64_t *ret_hash_key)
{
    HS_AUTO_FREE char *path = in_folder(folder, "meta");
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, 4096);
    int code = hs_disk_read_own(disk, path, &bytes);
    if (code == 0)
        code = decode_meta(path, hs_buffer_slice(&bytes), ret_identity, ret_hash_key);
    hs_buffer_free(&bytes);
    return code;
}

static int make_meta(struct hs_journal *journal)
{
    HS_AUTO_FREE char *path = in_folder(journal->path, "meta");
    char bytes[META_SIZE];
    hs_random_uuid(journal->identity);
    hs_random_bytes(&journal->hash_key, sizeof(journal->hash_key));
    memcpy(bytes, meta_magic, 8);
    memcpy(bytes + 8, journal->identity, 36);
    hs_put64(bytes + 44, journal->hash_key);
    hs_put64(bytes + 52, hs_hash64(hs_slice(bytes, 52), 0));
    return hs_disk_replace(journal->disk, path, hs_slice(bytes, META_SIZE));
}

/* If meta is gone, a new one would have another identity, and no segment would match it. */
static int make_meta_of_new(struct hs_journal *journal)
{
    HS_AUTO_FREE uint64_t *firsts = NULL;
    size_t count = 0;
    int code = hs_folder_list_segments(journal->disk, journal->segments_path, &firsts, &count);
    if (code == 0 && count > 0)
        return hs_fail(-EBADMSG,
                       "%s/meta is missing, though there are segments: restore it from any backup "
                       "of the journal, it never changes",
                       journal->path);
    return code < 0 ? code : make_meta(journal);
}

/* ---- Opening ---- */

static int make_folders(struct hs_journal *journal)
{
    const char *const folders[] = {journal->segments_path, journal->cursors_path};
    int code = 0;
    for (size_t i = 0; code == 0 && i < HS_ARRAY_SIZE(folders); i++)
        code = hs_disk_make_directory(journal->disk, folders[i]);
    /* The folders are synced before anything in them is reported as safe. */
    if (code == 0)
        code = hs_disk_sync_directory(journal->disk, journal->path);
    HS_AUTO_FREE char *parent = in_folder(journal->path, "..");
    if (code == 0 && !hs_disk_is_memory(journal->disk))
        HS_IGNORE(hs_disk_sync_directory(journal->disk, parent)); /* may be another user's */
    return code;
}

/* A segment prepared by an earlier run is as good as new: it got its name after its blocks were
 * reserved and synced, and is renamed before it gets a record. A half-made one is deleted. */
static int find_prepared(struct hs_journal *journal)
{
    const struct hs_disk *disk = journal->disk;
    int code = hs_disk_unlink(disk, journal->preparing_path);
    if (code == 0)
        code = hs_disk_unlink(disk, journal->fresh_path);
    int file = code == 0 ? hs_disk_open(disk, journal->next_path, O_RDONLY) : code;
    int64_t size = file >= 0 ? hs_disk_size(disk, file) : 0;
    hs_disk_close(disk, file);
    /* A smaller one was made when space was short, which may have changed. */
    journal->next_ready = size > 0 && (uint64_t)size == journal->options.segment_size;
    journal->next_size = journal->options.segment_size;
    return code == 0 && !journal->next_ready ? hs_disk_unlink(disk, journal->next_path) : code;
}

int hs_folder_open(struct hs_journal *journal)
{
    int code = hs_disk_make_directory(journal->disk, journal->path);
    if (code == 0)
        code = take_lock(journal);
    if (code == 0)
        code = make_folders(journal);
    if (code == 0)
        code = hs_folder_read_meta(journal->disk, journal->path, journal->identity,
                                   &journal->hash_key);
    if (code == -ENOENT)
        code = make_meta_of_new(journal);
    return code == 0 ? find_prepared(journal) : code;
}
