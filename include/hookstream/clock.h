/* Clocks: wall time for anything users or senders see, monotonic time for every wait and duration.
 * Threads: any. */
#ifndef HOOKSTREAM_CLOCK_H
#define HOOKSTREAM_CLOCK_H

#include <hookstream/base.h>
#include <sys/time.h>

#define HS_NS_PER_SECOND UINT64_C(1000000000)
#define HS_NS_PER_MS UINT64_C(1000000)

/* Nanoseconds since 1970, by CLOCK_REALTIME. */
uint64_t hs_clock_wall_ns(void);
uint64_t hs_clock_monotonic_ns(void); /* Nanoseconds by CLOCK_MONOTONIC. */

/* A duration for libevent and sockets, rounded down to microseconds. */
static inline struct timeval hs_clock_timeval(uint64_t ns)
{
    return (struct timeval){(time_t)(ns / HS_NS_PER_SECOND),
                            (suseconds_t)(ns % HS_NS_PER_SECOND / 1000)};
}

/* "2026-11-23T09:15:00.123Z" (RFC 3339, UTC, milliseconds). `ret_text` holds 32 bytes. */
void hs_clock_format(uint64_t wall_ns, char ret_text[32]);

/* ---- Dates and times as text: RFC 3339, years 0000 to 9999 ---- */

/* A point in time. Seconds follow POSIX: each day has 86,400, and a leap second equals the second
 * after it. */
struct hs_instant {
    int64_t seconds;          /* since 1970-01-01T00:00:00Z, rounded down */
    struct hs_slice fraction; /* digits after the point as written, or none; borrowed */
};
#define HS_INSTANT_SECONDS_MIN INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define HS_INSTANT_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Parses "2026-11-23T09:15:00Z", with any number of fraction digits and any offset ("+05:30",
 * "-00:00"). Also accepts `t`, `z` and a space in place of T (RFC 3339, 5.6). The day must exist in
 * its month; second 60 is valid only at the end of a month in UTC. Returns -EINVAL with a message
 * that names the wrong part. */
HS_MUST_CHECK int hs_instant_parse(struct hs_slice text, struct hs_instant *ret_instant);
/* Writes "2026-11-23T09:15:00", to which the caller may append a fraction and Z. `seconds` must be
 * within the bounds above. `ret_text` holds 32 bytes. */
void hs_instant_format(int64_t seconds, char ret_text[32]);

#endif
