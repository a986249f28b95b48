/* Value time: points in time as people type them. */
#include "internal.h"

#include <hookstream/clock.h>
#include <stdio.h>
#include <time.h>

/* Takes `size` digits. -1: there are none. */
static int take_digits(struct hs_slice *text, size_t size)
{
    uint64_t value;
    if (text->size < size || hs_slice_to_u64(hs_slice(text->data, size), 9999, &value) < 0)
        return -1;
    *text = hs_slice(text->data + size, text->size - size);
    return (int)value;
}

static bool take_byte(struct hs_slice *text, const char *one_of)
{
    if (text->size == 0 || strchr(one_of, text->data[0]) == NULL || text->data[0] == '\0')
        return false;
    *text = hs_slice(text->data + 1, text->size - 1);
    return true;
}

static bool take_date(struct hs_slice *text, struct tm *ret_parts)
{
    int year = take_digits(text, 4);
    bool good = year >= 1970 && year < 2500 && take_byte(text, "-");
    int month = good ? take_digits(text, 2) : -1;
    good = good && month >= 1 && month <= 12 && take_byte(text, "-");
    int day = good ? take_digits(text, 2) : -1;
    *ret_parts = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return good && day >= 1 && day <= 31;
}

static bool take_clock(struct hs_slice *text, struct tm *parts, uint64_t *ret_fraction_ns)
{
    int hour = take_digits(text, 2);
    bool good = hour >= 0 && hour <= 23 && take_byte(text, ":");
    int minute = good ? take_digits(text, 2) : -1;
    good = good && minute >= 0 && minute <= 59 && take_byte(text, ":");
    int second = good ? take_digits(text, 2) : -1;
    good = good && second >= 0 && second <= 60;
    *ret_fraction_ns = 0;
    if (good && take_byte(text, ".")) {
        uint64_t unit = HS_NS_PER_SECOND;
        for (int digit; text->size > 0 && (digit = take_digits(text, 1)) >= 0;) {
            unit /= 10;
            *ret_fraction_ns += unit * (uint64_t)digit;
        }
        good = unit < HS_NS_PER_SECOND;
    }
    parts->tm_hour = hour;
    parts->tm_min = minute;
    parts->tm_sec = second;
    return good;
}

/* Seconds east of UTC. */
static bool take_offset(struct hs_slice *text, int *ret_seconds)
{
    *ret_seconds = 0;
    if (take_byte(text, "Zz"))
        return true;
    int sign = take_byte(text, "+") ? 1 : take_byte(text, "-") ? -1 : 0;
    int hours = sign != 0 ? take_digits(text, 2) : -1;
    bool good = hours >= 0 && hours <= 23 && take_byte(text, ":");
    int minutes = good ? take_digits(text, 2) : -1;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return good && minutes >= 0 && minutes <= 59;
}

static bool read_rfc3339(struct hs_slice text, uint64_t *ret_wall_ns)
{
    struct tm parts;
    uint64_t fraction = 0;
    int offset = 0;
    if (!take_date(&text, &parts))
        return false;
    int day = parts.tm_mday;
    if (text.size > 0 && !(take_byte(&text, "Tt ") && take_clock(&text, &parts, &fraction) &&
                           take_offset(&text, &offset)))
        return false;
    time_t seconds = timegm(&parts);
    /* timegm() turns the 31st of February into a day of March. */
    if (text.size > 0 || parts.tm_mday != day || seconds < offset)
        return false;
    *ret_wall_ns = (uint64_t)(seconds - offset) * HS_NS_PER_SECOND + fraction;
    return true;
}

int hs_value_time(struct hs_slice text, uint64_t now_wall_ns, uint64_t *ret_wall_ns)
{
    uint64_t ago;
    if (hs_value_duration(text, &ago) == 0) {
        *ret_wall_ns = ago < now_wall_ns ? now_wall_ns - ago : 0;
        return 0;
    }
    if (read_rfc3339(text, ret_wall_ns))
        return 0;
    return hs_fail(-EINVAL,
                   "`%.*s` is no time: write 2026-11-23T09:15:00Z, or 2h for two hours ago",
                   HS_SLICE_ARG(text));
}
