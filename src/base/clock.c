/* Clocks: see clock.h. */
#include <hookstream/clock.h>

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * HS_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t hs_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t hs_clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void hs_clock_format(uint64_t wall_ns, char ret_text[32])
{
    time_t seconds = (time_t)(wall_ns / HS_NS_PER_SECOND);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    /* Years up to 2554 fit in the nanoseconds, so four digits are enough. */
    snprintf(ret_text, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(parts.tm_year + 1900) % 10000, (unsigned)(parts.tm_mon + 1) % 100,
             (unsigned)parts.tm_mday % 100, (unsigned)parts.tm_hour % 100,
             (unsigned)parts.tm_min % 100, (unsigned)parts.tm_sec % 100,
             (unsigned)(wall_ns % HS_NS_PER_SECOND / HS_NS_PER_MS));
}
