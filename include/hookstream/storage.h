/* Storage: what can be said of a folder before anything is kept in it: for `check --online`.
 * Threads: any; it blocks as long as the disk does. */
#ifndef HOOKSTREAM_STORAGE_H
#define HOOKSTREAM_STORAGE_H

#include <hookstream/base.h>

struct hs_storage {
    bool exists;         /* the folder is there; else all is said of the nearest one above it */
    uint64_t free_bytes; /* for this user */
};

/* Writes a few bytes into a file without a name in the folder, or in the nearest one above that
 * is there, and syncs them; nothing stays. -errno and words: it cannot be written, or not synced.
 */
HS_MUST_CHECK int hs_storage_look(const char *path, struct hs_storage *ret_storage);

#endif
