/* File out: one file of JSON lines: gathered in memory, then written and synced as a whole or not
 * at all. own.h decides which files may be written. Knows no events. */
#ifndef HS_SINK_FILE_OUT_H
#define HS_SINK_FILE_OUT_H

#include "kind.h"

#include <hookstream/buffer.h>
#include <hookstream/disk.h>

/* The most gathered for one file. One parcel added to a file just below the sink's own bound
 * fits. */
#define HS_FILE_OUT_CEILING (128u << 20)
#define HS_FILE_OUT_KEPT_BYTES (1u << 20) /* memory kept when it is empty */
#define HS_FILE_DETAIL_MAX 512u           /* a message, with the file's name */
#define HS_FILE_TURNS_MAX 100000u         /* NAME.1 to NAME.100000 */

struct hs_file_out {
    char *name;            /* NULL: this entry is free */
    int file;              /* -1: opened when there is something to write */
    uint64_t size;         /* of the whole, synced lines in it */
    struct hs_buffer text; /* gathered lines */
    uint64_t used;         /* for choosing which to close */
    /* How the last write failed, and the message; NULL: it succeeded. */
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
/* Closes and frees; gathered lines are lost. */
void hs_file_out_free(struct hs_file_out *out, const struct hs_file_folder *folder);
/* Writes and syncs the gathered lines, opening the file first if need be, and forgets them in
 * either case. A file that was removed, renamed or shortened by someone else is opened again. If
 * `out->failure` is set none of the lines count; any that are in the file are cut off before the
 * next write. */
void hs_file_out_write(struct hs_file_out *out, const struct hs_file_folder *folder);

#endif
