/* Value time: points in time as users type them, and ranges between two. */
#include "internal.h"

#include <hookstream/clock.h>
#include <inttypes.h>

#define DATE_BYTES 10u     /* 2026-11-23 */
#define FRACTION_DIGITS 9u /* of a nanosecond */

static uint64_t fraction_ns(struct hs_slice digits)
{
    uint64_t value = 0;
    for (size_t i = 0; i < FRACTION_DIGITS; i++)
        value = value * 10 + (i < digits.size ? (uint64_t)(digits.data[i] - '0') : 0);
    return value;
}

/* RFC 3339, or only a date; from 1970 to the largest time in nanoseconds. */
static bool read_time(struct hs_slice text, uint64_t *ret_wall_ns)
{
    char whole[DATE_BYTES + sizeof("T00:00:00Z")] = "2026-11-23T00:00:00Z";
    if (text.size == DATE_BYTES) {
        memcpy(whole, text.data, DATE_BYTES);
        text = hs_slice(whole, sizeof(whole) - 1);
    }
    struct hs_instant instant;
    if (hs_instant_parse(text, &instant) < 0 || instant.seconds < 0 ||
        (uint64_t)instant.seconds >= UINT64_MAX / HS_NS_PER_SECOND)
        return false;
    *ret_wall_ns = (uint64_t)instant.seconds * HS_NS_PER_SECOND + fraction_ns(instant.fraction);
    return true;
}

int hs_value_time(struct hs_slice text, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
    uint64_t ago;
    if (hs_value_duration(text, &ago) == 0) {
        *ret_wall_ns = ago < now_wall_ns ? now_wall_ns - ago : 0;
        return 0;
    }
    if (read_time(text, ret_wall_ns))
        return 0;
    return hs_fail(-EINVAL,
                   "`%.*s` is not a time: write 2026-11-23T09:15:00Z, or 2h for two hours ago",
                   HS_SLICE_ARG(text));
}

int hs_value_check_times(uint64_t since_wall_ns, uint64_t until_wall_ns)
{
    char since[32], until[32];
    if (since_wall_ns <= until_wall_ns)
        return 0;
    hs_clock_format(since_wall_ns, since);
    hs_clock_format(until_wall_ns, until);
    return hs_fail(-EINVAL,
                   "the range is empty: until (%s) is before since (%s); 2h is two hours ago, so "
                   "since must be the larger of two durations",
                   until, since);
}

int hs_value_check_sequences(uint64_t from, uint64_t last)
{
    uint64_t first = from > 0 ? from : 1;
    if (first <= last)
        return 0;
    return hs_fail(-EINVAL, "the range is empty: last (%" PRIu64 ") is before from (%" PRIu64 ")",
                   last, first);
}
