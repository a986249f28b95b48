/* Differences of two JSON texts, leaf by leaf. */
#include "hs_test.h"

#include <hookstream/rehearsal.h>

static void note(void *context, const char *path, struct hs_slice before, struct hs_slice after)
{
    hs_buffer_printf(context, "%s:%.*s>%.*s;", path, HS_SLICE_ARG(before), HS_SLICE_ARG(after));
}

static void check(const char *before, const char *after, const char *expected)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 4096);
    ck_assert_int_eq(hs_json_differences(hs_slice_text(before), hs_slice_text(after), note, &text),
                     0);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_str_eq(text.data, expected);
    hs_buffer_free(&text);
}

START_TEST(test_each_leaf_that_is_not_the_same_is_told_once)
{
    check("{\"a\":1}", "{ \"a\" : 1 }", "");
    check("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "");
    check("{\"a\":1}", "{\"a\":1.0}", "a:1>1.0;");
    check("{\"a\":1,\"b\":[1,2]}", "{\"b\":[1],\"c\":{}}", "a:1>;b[1]:2>;c:>{};");
    check("{\"x.y\":1}", "{\"x\":{\"y\":1}}", "[\"x.y\"]:1>;x.y:>1;");
    check("1", "2", "the whole:1>2;");
}
END_TEST

START_TEST(test_what_is_no_json_is_refused)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 64);
    ck_assert_int_lt(hs_json_differences(HS_SLICE("{"), HS_SLICE("{}"), note, &text), 0);
    ck_assert_int_lt(hs_json_differences(HS_SLICE("{}"), HS_SLICE("nope"), note, &text), 0);
    hs_buffer_free(&text);
}
END_TEST

HS_TEST_MAIN("differences", test_each_leaf_that_is_not_the_same_is_told_once,
             test_what_is_no_json_is_refused)
