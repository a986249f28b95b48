/* RFC 3339 both ways: which texts are times, and that the calendar is consistent. */
#include "hs_test.h"
#include "sanitized.h"

#include <hookstream/clock.h>

#define DAY INT64_C(86400)
#define STEP (DAY * ONE_IN) /* 8 divides the days between the first and the last */

#define CASE(text, seconds, fraction)                                                              \
    {                                                                                              \
        text, INT64_C(seconds), fraction                                                           \
    }

START_TEST(times_are_read_exactly)
{
    static const struct {
        const char *text;
        int64_t seconds;
        const char *fraction;
    } cases[] = {
        CASE("1970-01-01T00:00:00Z", 0, ""),
        CASE("2024-12-01T10:00:00Z", 1733047200, ""),
        CASE("2024-12-01T10:00:00.500Z", 1733047200, "500"),
        CASE("2024-12-01t10:00:00.000000000001z", 1733047200, "000000000001"),
        CASE("2024-12-01 10:00:00Z", 1733047200, ""),
        CASE("2024-12-01T15:30:00+05:30", 1733047200, ""),
        CASE("2024-11-30T23:00:00-11:00", 1733047200, ""),
        CASE("2024-12-01T10:00:00-00:00", 1733047200, ""),
        CASE("1969-12-31T23:59:59.9Z", -1, "9"),
        CASE("2000-02-29T00:00:00Z", 951782400, ""),
        CASE("2038-01-19T03:14:08Z", 2147483648, ""),
        CASE("0000-01-01T00:00:00Z", -62167219200, ""),
        CASE("0000-02-29T00:00:00Z", -62162121600, ""),
        CASE("9999-12-31T23:59:59Z", 253402300799, ""),
        /* Leap seconds: RFC 3339, 5.8. */
        CASE("1990-12-31T23:59:60Z", 662688000, ""),
        CASE("1990-12-31T15:59:60-08:00", 662688000, ""),
        CASE("2016-12-31T23:59:60.5Z", 1483228800, "5"),
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_instant instant;
        int code = hs_instant_parse(hs_slice_text(cases[i].text), &instant);
        ck_assert_msg(code == 0 && instant.seconds == cases[i].seconds, "%s: %lld %s",
                      cases[i].text, (long long)instant.seconds, code ? hs_error_text() : "");
        ck_assert(hs_slice_equal(instant.fraction, hs_slice_text(cases[i].fraction)));
    }
}
END_TEST

START_TEST(what_is_no_time_is_refused_in_words)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "empty"},
        {"yesterday", "year"},
        {"24-12-01T10:00:00Z", "year"},
        {"2024-1-01T10:00:00Z", "month"},
        {"2024-13-01T10:00:00Z", "month"},
        {"2024-00-01T10:00:00Z", "month"},
        {"2024-02-30T10:00:00Z", "day"},
        {"2023-02-29T10:00:00Z", "day"},
        {"1900-02-29T10:00:00Z", "day"},
        {"2024-04-31T10:00:00Z", "day"},
        {"2024-12-00T10:00:00Z", "day"},
        {"2024-12-01", "no T"},
        {"2024-12-01_10:00:00Z", "no T"},
        {"2024-12-01T24:00:00Z", "hour"},
        {"2024-12-01T10:60:00Z", "minute"},
        {"2024-12-01T10:00Z", "minute"},
        {"2024-12-01T10:00:61Z", "second"},
        {"2024-12-01T10:00:60Z", "end of a month"},
        {"2024-12-30T23:59:60Z", "end of a month"},
        {"2024-12-31T23:59:60+01:00", "end of a month"},
        {"2024-12-01T10:00:00.Z", "fraction"},
        {"2024-12-01T10:00:00,5Z", "offset"},
        {"2024-12-01T10:00:00", "offset"},
        {"2024-12-01T10:00:00+24:00", "offset"},
        {"2024-12-01T10:00:00+05:60", "offset"},
        {"2024-12-01T10:00:00+0530", "offset"},
        {"2024-12-01T10:00:00ZZ", "text after the offset"},
        {"2024-12-01T10:00:00Z ", "text after the offset"},
        {"9999-12-31T23:59:59-00:01", "0000 to 9999"},
        {"0000-01-01T00:00:00+00:01", "0000 to 9999"},
        {"-001-01-01T00:00:00Z", "year"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_instant instant;
        int code = hs_instant_parse(hs_slice_text(cases[i].text), &instant);
        ck_assert_msg(code == -EINVAL && strstr(hs_error_text(), cases[i].words) != NULL,
                      "%s: %d %s", cases[i].text, code, hs_error_text());
    }
}
END_TEST

/* Every day of 10,000 years, and the last second of each, both ways; with a sanitizer every eighth
 * day. Only failures go to Check, whose bookkeeping would take minutes. */
START_TEST(every_day_is_written_as_it_is_read)
{
    char before[32] = "", text[33] = "";
    bool good = true;
    for (int64_t day = HS_INSTANT_SECONDS_MIN; good && day < HS_INSTANT_SECONDS_MAX; day += STEP) {
        struct hs_instant instant = {0};
        hs_instant_format(day, text);
        good = strcmp(before, text) < 0 && strcmp(text + 10, "T00:00:00") == 0;
        memcpy(before, text, sizeof(before));
        strcat(text, "Z");
        good = good && hs_instant_parse(hs_slice_text(text), &instant) == 0;
        good = good && instant.seconds == day;
        hs_instant_format(day + 86399, text);
        good = good && strncmp(before, text, 10) == 0 && strcmp(text + 10, "T23:59:59") == 0;
    }
    ck_assert_msg(good, "%s, %s", before, text);
    ck_assert_str_eq(before, "9999-12-31T00:00:00");
}
END_TEST

HS_TEST_MAIN("instants", times_are_read_exactly, what_is_no_time_is_refused_in_words,
             every_day_is_written_as_it_is_read)
