/* The program's fixed bounds: constants and a page of the manual, from the rows of limits.def.
 * Knows nothing of what they bound. Threads: any. */
#ifndef HOOKSTREAM_LIMITS_H
#define HOOKSTREAM_LIMITS_H

struct hs_buffer;

enum hs_limit {
#define HS_LIMIT(name, value, of, at, shown, test) name = value,
#include <hookstream/limits.def>
#undef HS_LIMIT
};

/* Appends docs/limits.md. */
void hs_limits_manual(struct hs_buffer *ret_page);

#endif
