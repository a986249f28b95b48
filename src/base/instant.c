/* Instant: reads and writes RFC 3339 exactly, by the proleptic Gregorian calendar. Uses neither the
 * C library's calendar nor a time zone: timegm() accepts the 31st of February, and not every libc
 * handles years before 1900. */
#include <hookstream/clock.h>

#include <stdio.h>

#define DAY_SECONDS INT64_C(86400)
/* The calendar repeats every 400 years. Days are counted from 0000-03-01, so that a leap day comes
 * last. */
#define ERA_DAYS INT64_C(146097)
#define EPOCH_DAY INT64_C(719468) /* 1970-01-01 */

struct date {
    int year, month, day;
};

static bool is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01. Adding 400 years keeps all values positive. */
static int64_t day_of_date(struct date date)
{
    int64_t year = date.year + 400 - (date.month <= 2);
    int64_t era = year / 400, year_of_era = year % 400;
    int64_t month = (date.month + 9) % 12; /* March is 0 */
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (era - 1) * ERA_DAYS + day_of_era - EPOCH_DAY;
}

static struct date date_of_day(int64_t day)
{
    int64_t shifted = day + EPOCH_DAY + ERA_DAYS;
    int64_t era = shifted / ERA_DAYS - 1, day_of_era = shifted % ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* March is 0 */
    struct date date = {.month = (int)(month < 10 ? month + 3 : month - 9),
                        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1)};
    date.year = (int)(era * 400 + year_of_era) + (date.month <= 2);
    return date;
}

/* ---- Reading ---- */

/* The text still to be read. */
struct reader {
    const char *at, *end;
};

/* Reads `count` digits; -1 if they are missing. */
static int take_digits(struct reader *reader, int count)
{
    int value = 0;
    if (reader->end - reader->at < count)
        return -1;
    for (int i = 0; i < count; i++) {
        char c = reader->at[i];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    reader->at += count;
    return value;
}

static bool take(struct reader *reader, char either, char or)
{
    if (reader->at == reader->end || (*reader->at != either && *reader->at != or))
        return false;
    reader->at++;
    return true;
}

static int no_instant(const char *why)
{
    return hs_fail(-EINVAL, "%s: write an RFC 3339 time as 2026-11-23T09:15:00Z", why);
}

static int read_date(struct reader *reader, struct date *ret_date)
{
    struct date date;
    date.year = take_digits(reader, 4);
    if (date.year < 0 || !take(reader, '-', '-'))
        return no_instant("it has no four-digit year");
    date.month = take_digits(reader, 2);
    if (date.month < 1 || date.month > 12 || !take(reader, '-', '-'))
        return no_instant("its month is not 01 to 12");
    date.day = take_digits(reader, 2);
    if (date.day < 1 || date.day > days_of_month(date.year, date.month))
        return no_instant("the month has no such day");
    *ret_date = date;
    return 0;
}

/* Seconds since midnight: 86400 for a leap second at the end of the day. */
static int read_clock(struct reader *reader, int *ret_seconds, bool *ret_leap)
{
    int hour = take_digits(reader, 2);
    if (hour < 0 || hour > 23 || !take(reader, ':', ':'))
        return no_instant("its hour is not 00 to 23");
    int minute = take_digits(reader, 2);
    if (minute < 0 || minute > 59 || !take(reader, ':', ':'))
        return no_instant("its minute is not 00 to 59");
    int second = take_digits(reader, 2);
    if (second < 0 || second > 60)
        return no_instant("its second is not 00 to 59");
    *ret_seconds = hour * 3600 + minute * 60 + second;
    *ret_leap = second == 60;
    return 0;
}

static int read_fraction(struct reader *reader, struct hs_slice *ret_fraction)
{
    *ret_fraction = HS_SLICE_NONE;
    if (!take(reader, '.', '.'))
        return 0;
    const char *from = reader->at;
    while (take_digits(reader, 1) >= 0)
        ;
    if (reader->at == from)
        return no_instant("its fraction has no digits");
    *ret_fraction = hs_slice(from, (size_t)(reader->at - from));
    return 0;
}

/* Seconds east of UTC. */
static int read_offset(struct reader *reader, int *ret_seconds)
{
    *ret_seconds = 0;
    if (take(reader, 'Z', 'z'))
        return 0;
    int sign = take(reader, '+', '+') ? 1 : take(reader, '-', '-') ? -1 : 0;
    if (sign == 0)
        return no_instant("it has no offset, such as Z or +05:30");
    int hours = take_digits(reader, 2);
    bool good = hours >= 0 && hours <= 23 && take(reader, ':', ':');
    int minutes = good ? take_digits(reader, 2) : -1;
    if (minutes < 0 || minutes > 59)
        return no_instant("its offset is not -23:59 to +23:59");
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return 0;
}

/* Whether the second is the first of a month, as the second after a leap second is. */
static bool begins_month(int64_t seconds)
{
    int64_t day =
        (seconds - HS_INSTANT_SECONDS_MIN) / DAY_SECONDS + HS_INSTANT_SECONDS_MIN / DAY_SECONDS;
    return seconds % DAY_SECONDS == 0 && date_of_day(day).day == 1;
}

int hs_instant_parse(struct hs_slice text, struct hs_instant *ret_instant)
{
    struct reader reader = {text.data, text.data + text.size};
    struct date date = {0};
    struct hs_slice fraction = HS_SLICE_NONE;
    int clock = 0, offset = 0;
    bool leap = false;
    if (text.size == 0)
        return no_instant("it is empty");
    int code = read_date(&reader, &date);
    if (code == 0 && !take(&reader, 'T', 't') && !take(&reader, ' ', ' '))
        code = no_instant("there is no T after the date");
    if (code == 0)
        code = read_clock(&reader, &clock, &leap);
    if (code == 0)
        code = read_fraction(&reader, &fraction);
    if (code == 0)
        code = read_offset(&reader, &offset);
    if (code < 0)
        return code;
    if (reader.at != reader.end)
        return no_instant("there is text after the offset");
    int64_t seconds = day_of_date(date) * DAY_SECONDS + clock - offset;
    if (seconds < HS_INSTANT_SECONDS_MIN || seconds > HS_INSTANT_SECONDS_MAX)
        return no_instant("its year in UTC is not 0000 to 9999");
    if (leap && !begins_month(seconds))
        return no_instant("its second is 60, which exists only at the end of a month in UTC");
    *ret_instant = (struct hs_instant){seconds, fraction};
    return 0;
}

void hs_instant_format(int64_t seconds, char ret_text[32])
{
    HS_ASSERT(seconds >= HS_INSTANT_SECONDS_MIN && seconds <= HS_INSTANT_SECONDS_MAX);
    int64_t since = seconds - HS_INSTANT_SECONDS_MIN; /* so that division rounds down */
    struct date date = date_of_day(since / DAY_SECONDS + HS_INSTANT_SECONDS_MIN / DAY_SECONDS);
    unsigned clock = (unsigned)(since % DAY_SECONDS);
    snprintf(ret_text, 32, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)date.year % 10000,
             (unsigned)date.month % 100, (unsigned)date.day % 100, clock / 3600 % 100,
             clock / 60 % 60, clock % 60);
}
