/* Patterns for commands: the same language as `match:`. */
#include "hs_test.h"

#include <hookstream/route.h>

START_TEST(patterns_match_whole_segments)
{
    static const struct {
        const char *pattern, *type;
        bool match;
    } cases[] = {
        {"order", "order", true},
        {"order", "order.created", true},
        {"order", "orders.created", false},
        {"order.created", "order.created", true},
        {"order.created", "order", false},
        {"*", "order", true},
        {"*", "order.created", false},
        {"*.created", "order.created", true},
        {"*.created", "a.b.created", false},
        {"**", "order", true},
        {"**", "a.b.c.d", true},
        {"**.won", "won", true},
        {"**.won", "auction.consumer.won", true},
        {"**.won", "auction.consumer.won.late", false},
        {"a.**.d", "a.d", true},
        {"a.**.d", "a.b.c.d", true},
        {"a.**.d", "a.b.c", false},
        {"**.b.**", "a.b.c", true},
        {"**.b.**", "b", true},
        {"**.b.**", "a.c", false},
        {"a.**", "a", true},
        {"a.*.**", "a", false},
        {"order", "", false},
        {"*", "", false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_type_pattern *pattern;
        ck_assert_int_eq(hs_type_pattern_parse(hs_slice_text(cases[i].pattern), &pattern), 0);
        ck_assert_msg(hs_type_pattern_matches(pattern, hs_slice_text(cases[i].type)) ==
                          cases[i].match,
                      "%s and %s", cases[i].pattern, cases[i].type);
        hs_type_pattern_free(pattern);
    }
}
END_TEST

START_TEST(what_is_no_pattern_is_refused)
{
    static const char *const wrong[] = {"", ".", "a..b", "a.", "a.**.**", "a*", "a b", "a.\"b\""};
    for (size_t i = 0; i < HS_ARRAY_SIZE(wrong); i++) {
        struct hs_type_pattern *pattern = NULL;
        ck_assert_msg(hs_type_pattern_parse(hs_slice_text(wrong[i]), &pattern) == -EINVAL, "%s",
                      wrong[i]);
        ck_assert_ptr_nonnull(strstr(hs_error_text(), "no pattern"));
    }
}
END_TEST

HS_TEST_MAIN("type pattern", patterns_match_whole_segments, what_is_no_pattern_is_refused)
