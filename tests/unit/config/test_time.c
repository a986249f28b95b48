/* Points in time as users type them. */
#include "hs_test.h"

#include <hookstream/clock.h>
#include <hookstream/config.h>

#define NOW (UINT64_C(1700000000) * HS_NS_PER_SECOND)

START_TEST(times_and_durations_are_read)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"2h", NOW - 7200 * HS_NS_PER_SECOND},
        {"0", NOW},
        {"90000d", 0},
        {"1970-01-01", 0},
        {"2023-11-14T22:13:20Z", NOW},
        {"2023-11-14t22:13:20z", NOW},
        {"2023-11-14 22:13:20Z", NOW},
        {"2023-11-14T23:13:20+01:00", NOW},
        {"2023-11-14T17:43:20-04:30", NOW},
        {"2023-11-14T22:13:20.25Z", NOW + 250000000},
        {"2024-02-29T00:00:00Z", UINT64_C(1709164800) * HS_NS_PER_SECOND},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        uint64_t ns = 1;
        int code = hs_value_time(hs_slice_text(cases[i].text), NOW, &ns);
        ck_assert_msg(code == 0 && ns == cases[i].ns, "%s: %d", cases[i].text, code);
    }
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const wrong[] = {
        "",
        "soon",
        "2023",
        "2023-13-01",
        "2023-02-29",
        "2023-1-1",
        "2023-11-14T1",
        "9999-01-01",
        "2023-11-14T22:13:20",
        "1969-12-31",
        "2023-04-31",
        "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+1",
        "2h ago",
        "1970-01-01T00:00:00+01:00",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(wrong); i++) {
        uint64_t ns;
        ck_assert_msg(hs_value_time(hs_slice_text(wrong[i]), NOW, &ns) == -EINVAL, "%s", wrong[i]);
    }
}
END_TEST

HS_TEST_MAIN("time", times_and_durations_are_read, what_is_no_time_is_refused)
