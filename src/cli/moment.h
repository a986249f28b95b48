/* Moment: a point in time as one writes it on a command line. Threads: any. */
#ifndef HS_CLI_MOMENT_H
#define HS_CLI_MOMENT_H

#include <hookstream/base.h>

/* "2026-11-23T09:15:00.5Z", "2026-11-23T10:15:00+01:00" (RFC 3339), or how long ago: "2h", "90s".
 * -EINVAL and words. */
HS_MUST_CHECK int hs_moment_read(const char *text, uint64_t now_wall_ns, uint64_t *ret_wall_ns);

#endif
