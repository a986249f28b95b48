/* Storage: checks a folder before anything is stored in it, for `check --online`. Threads: any;
 * blocks as long as the disk does. */
#ifndef HOOKSTREAM_STORAGE_H
#define HOOKSTREAM_STORAGE_H

#include <hookstream/base.h>

struct hs_storage {
    bool exists;         /* the folder exists; otherwise the rest describes its nearest existing
                          * ancestor */
    uint64_t free_bytes; /* available to this user */
    uint64_t device;     /* the same for two folders on one disk */
};

/* Writes a few bytes to an unnamed file in the folder, or in its nearest existing ancestor, and
 * syncs them; nothing remains. -errno and a message if writing or syncing fails. */
HS_MUST_CHECK int hs_storage_look(const char *path, struct hs_storage *ret_storage);

#endif
