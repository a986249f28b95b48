/* File own: opens the files of a file sink's folder without doing harm. Writes only to a regular
 * file that has hookstream's mark or is empty; changes, follows or waits for nothing else.
 *
 * The mark is the extended attribute `user.hookstream` of the file. Users read the lines with jq,
 * so the mark cannot be a line. Where the file system has no such attributes, the inode and the
 * time of birth are a line of the folder's `.hookstream-files`. A destination cannot have that
 * name, since it begins with a dot.
 *
 * Names have no slash and do not begin with a dot (hs_sink_check_destination()), so a path below
 * the folder has one component. O_NOFOLLOW then refuses every link, as RESOLVE_NO_SYMLINKS of
 * openat2(2) would, and also works under a seccomp filter that forbids openat2. The folder itself
 * may be reached through links: its path is the operator's.
 *
 * Threads: the sink's. */
#ifndef HS_SINK_FILE_OWN_H
#define HS_SINK_FILE_OWN_H

#include "out.h"

/* Names in a folder of files that are reserved for the folder itself. */
#define HS_FILE_LEDGER ".hookstream-files"

/* Makes the folder and its ledger. `known`: the sink wrote here before; if the folder then has no
 * ledger, an earlier version wrote its files, and those that look like it get the mark. -errno and
 * a message. */
HS_MUST_CHECK int hs_file_own_prepare(const struct hs_file_folder *folder, bool known);
/* Opens the file, which is created if it does not exist; the folder is not synced. A file number,
 * or -errno and a message. If `*ret_poison` is not NULL, the fault concerns this name alone and is
 * permanent; otherwise it concerns the folder or the disk. */
HS_MUST_CHECK int hs_file_own_open(const struct hs_file_folder *folder, const char *path,
                                   const struct hs_failure **ret_poison);
/* Whether the path still leads to this open file, and the file has this size. */
bool hs_file_own_is_same(const char *path, int file, uint64_t size);
/* Whether anything has this name. */
bool hs_file_own_is_taken(const char *path);

/* Adds the open file to the folder's ledger. */
HS_MUST_CHECK int hs_file_own_add_to_ledger(const struct hs_file_folder *folder, int file,
                                            const char *path);

#endif
