/* File out: one file of JSON lines: gathered in memory, then written and synced as a whole or
 * not at all. Which files may be written is own.h's. Knows no events. */
#ifndef HS_SINK_FILE_OUT_H
#define HS_SINK_FILE_OUT_H

#include "kind.h"

#include <hookstream/buffer.h>
#include <hookstream/disk.h>

/* Gathered for one file; what one parcel may add to a file that is just below the sink's own
 * bound fits too. */
#define HS_FILE_OUT_CEILING (128u << 20)
#define HS_FILE_OUT_KEPT_BYTES (1u << 20) /* memory kept when it is empty */
#define HS_FILE_DETAIL_MAX 512u           /* a message, with the file's name */
#define HS_FILE_TURNS_MAX 100000u         /* NAME.1 to NAME.100000 */

struct hs_file_out {
    char *name;            /* NULL: this place is free */
    int file;              /* -1: to be opened when there is something to write */
    uint64_t size;         /* of the whole, synced lines in it */
    struct hs_buffer text; /* gathered lines */
    uint64_t used;         /* for choosing which to close */
    /* How the last write failed, and the message; NULL: it did not. */
    const struct hs_failure *failure;
    char detail[HS_FILE_DETAIL_MAX];
};

/* Where the files are. */
struct hs_file_folder {
    const struct hs_disk *disk;
    const char *path;
    uint64_t max_size; /* 0: files are never turned */
};

void hs_file_out_init(struct hs_file_out *out, struct hs_slice name);
/* Closes and frees; what was gathered is gone. */
void hs_file_out_free(struct hs_file_out *out, const struct hs_file_folder *folder);
/* Writes and syncs what was gathered, opening the file first if need be. What was gathered is
 * forgotten in either case. A file that was removed, renamed or shortened by someone else is
 * opened again. With `out->failure` set none of it counts, and what is in the file of it is cut
 * away before the next is written. */
void hs_file_out_write(struct hs_file_out *out, const struct hs_file_folder *folder);

#endif
