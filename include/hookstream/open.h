/* Open: every file that the program opens by itself goes through here, so that none of them gets
 * descriptor 0, 1 or 2: what is written to standard output or error would end up in that file.
 * Knows nothing of what the files hold. Threads: any; hs_open_standard() before there are any. */
#ifndef HOOKSTREAM_OPEN_H
#define HOOKSTREAM_OPEN_H

#include <hookstream/base.h>
#include <stdio.h>
#include <sys/types.h>

/* Gives each of descriptors 0 to 2 that is closed a place holder, /dev/null or else the root
 * folder, so that no file or socket takes its number. Reading standard input and writing standard
 * output still fail, as they do on a closed descriptor; what goes to standard error is dropped.
 * First thing in main(). 0 or -errno. */
HS_MUST_CHECK int hs_open_standard(void);

/* As open(2) with O_CLOEXEC; the descriptor is 3 or more. -1 with errno.
 * With O_NOFOLLOW and without O_DIRECTORY only a regular file is opened, and it never blocks:
 * ELOOP for a symbolic link, EISDIR for a folder, ENXIO for a FIFO, socket or device. */
int hs_open_file(const char *path, int flags, mode_t mode);

/* A new or emptied file for writing through stdio; NULL with errno. The caller closes it. */
FILE *hs_open_stream(const char *path);

#endif
