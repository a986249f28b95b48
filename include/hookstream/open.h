/* Open: every file that the program itself opens goes through here, so that none gets descriptor 0,
 * 1 or 2: output meant for stdout or stderr would end up in that file. Knows nothing of what the
 * files hold. Threads: any; hs_open_standard() before any thread starts. */
#ifndef HOOKSTREAM_OPEN_H
#define HOOKSTREAM_OPEN_H

#include <hookstream/base.h>
#include <stdio.h>
#include <sys/types.h>

/* Occupies each closed descriptor of 0 to 2 with /dev/null or, failing that, the root folder, so
 * that no file or socket takes its number. Reading stdin and writing stdout still fail, as on a
 * closed descriptor; output to stderr is dropped. Called first in main(). 0 or -errno. */
HS_MUST_CHECK int hs_open_standard(void);

/* As open(2) with O_CLOEXEC; the descriptor is 3 or higher. -1 with errno. With O_NOFOLLOW and
 * without O_DIRECTORY it opens only regular files and never blocks: ELOOP for a symbolic link,
 * EISDIR for a folder, ENXIO for a FIFO, socket or device. */
int hs_open_file(const char *path, int flags, mode_t mode);

/* Creates or truncates a file for writing through stdio; NULL with errno. The caller closes it. */
FILE *hs_open_stream(const char *path);

#endif
