/* Clocks. Wall time for what people and senders see, monotonic time for every wait and
 * duration. Threads: any. */
#ifndef HOOKSTREAM_CLOCK_H
#define HOOKSTREAM_CLOCK_H

#include <hookstream/base.h>

#define HS_NS_PER_SECOND UINT64_C(1000000000)
#define HS_NS_PER_MS UINT64_C(1000000)

uint64_t hs_clock_wall_ns(void);      /* since 1970 (CLOCK_REALTIME) */
uint64_t hs_clock_monotonic_ns(void); /* CLOCK_MONOTONIC */

/* "2026-11-23T09:15:00.123Z" (RFC 3339, UTC, milliseconds). `ret_text` holds 32 bytes. */
void hs_clock_format(uint64_t wall_ns, char ret_text[32]);

#endif
