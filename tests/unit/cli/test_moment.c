/* Moments on a command line: RFC 3339, or how long ago. */
#include "moment.h"

#include "hs_test.h"

#define NOW UINT64_C(1764000000000000000)

static uint64_t read_good(const char *text)
{
    uint64_t ns;
    ck_assert_msg(hs_moment_read(text, NOW, &ns) == 0, "%s: %s", text, hs_error_text());
    return ns;
}

START_TEST(a_date_with_a_zone_is_a_moment)
{
    uint64_t wanted = UINT64_C(1795425300000000000); /* date -ud 2026-11-23T09:15:00 +%s */
    ck_assert_uint_eq(read_good("2026-11-23T09:15:00Z"), wanted);
    ck_assert_uint_eq(read_good("2026-11-23t09:15:00z"), wanted);
    ck_assert_uint_eq(read_good("2026-11-23 10:15:00+01:00"), wanted);
    ck_assert_uint_eq(read_good("2026-11-23T03:45:00-05:30"), wanted);
    ck_assert_uint_eq(read_good("2026-11-23T09:15:00.25Z"), wanted + 250000000);
    ck_assert_uint_eq(read_good("2026-11-23T09:15:00.1234567891Z"), wanted + 123456789);
}
END_TEST

START_TEST(a_duration_is_how_long_ago)
{
    ck_assert_uint_eq(read_good("2h"), NOW - UINT64_C(7200000000000));
    ck_assert_uint_eq(read_good("90s"), NOW - UINT64_C(90000000000));
    ck_assert_uint_eq(read_good("100000d"), 0);
}
END_TEST

START_TEST(anything_else_is_refused_in_words)
{
    static const char *const bad[] = {
        "",
        "yesterday",
        "2",
        "-2h",
        "2026-11-23",
        "2026-11-23T09:15Z",
        "2026-11-23T09:15:00",
        "2026-11-23T09:15:00+1:00",
        "2026-11-23T09:15:00+24:00",
        "2026-11-23T09:15:00+01:60",
        "2026-11-23T09:15:00Z ",
        "2026-13-01T00:00:00Z",
        "2026-11-23T25:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-11-23T",
        "9999999999999999999999h",
    };
    uint64_t ns = 7;
    for (size_t i = 0; i < HS_ARRAY_SIZE(bad); i++) {
        ck_assert_msg(hs_moment_read(bad[i], NOW, &ns) == -EINVAL, "%s is taken", bad[i]);
        ck_assert_ptr_nonnull(strstr(hs_error_text(), "is no time: write "));
        ck_assert_uint_eq(ns, 7);
    }
}
END_TEST

HS_TEST_MAIN("moment", a_date_with_a_zone_is_a_moment, a_duration_is_how_long_ago,
             anything_else_is_refused_in_words)
