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

struct counting {
    size_t count, longest;
};

static void count(void *context, const char *path, struct hs_slice before, struct hs_slice after)
{
    struct counting *counting = context;
    size_t size = strlen(path);
    counting->count++;
    counting->longest = size > counting->longest ? size : counting->longest;
}

/* Comparing every pair of leaves would take 40,000,000,000 comparisons, and the test would time
 * out. */
START_TEST(test_many_leaves_that_all_differ_are_found_at_once)
{
    enum { LEAVES = 200000 };
    struct hs_buffer before, after;
    hs_buffer_init(&before, 16u << 20);
    hs_buffer_init(&after, 16u << 20);
    for (unsigned i = 0; i < LEAVES; i++) {
        hs_buffer_printf(&before, "%c\"a%u\":1", i == 0 ? '{' : ',', i);
        hs_buffer_printf(&after, "%c\"b%u\":1", i == 0 ? '{' : ',', i);
    }
    hs_buffer_append_byte(&before, '}');
    hs_buffer_append_byte(&after, '}');
    struct counting counting = {0};
    ck_assert_int_eq(
        hs_json_differences(hs_buffer_slice(&before), hs_buffer_slice(&after), count, &counting),
        0);
    ck_assert_uint_eq(counting.count, 2 * LEAVES);
    hs_buffer_free(&before);
    hs_buffer_free(&after);
}
END_TEST

START_TEST(test_a_path_keeps_its_end_however_long_it_is)
{
    struct hs_buffer json, text;
    hs_buffer_init(&json, 1u << 20);
    hs_buffer_init(&text, 1u << 16);
    for (unsigned i = 0; i < 60; i++) {
        hs_buffer_append_text(&json, "{\"");
        for (unsigned k = 0; k < 500; k++)
            hs_buffer_append_byte(&json, 'n');
        hs_buffer_append_text(&json, i < 59 ? "\":" : "Token\":");
    }
    hs_buffer_append_byte(&json, '1');
    for (unsigned i = 0; i < 60; i++)
        hs_buffer_append_byte(&json, '}');
    ck_assert_int_eq(hs_json_differences(HS_SLICE("{}"), hs_buffer_slice(&json), note, &text), 0);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_ptr_nonnull(strstr(text.data, "nnnToken:>1;"));
    ck_assert_uint_lt(text.size, 2048);
    hs_buffer_free(&json);
    hs_buffer_free(&text);
}
END_TEST

HS_TEST_MAIN("differences", test_many_leaves_that_all_differ_are_found_at_once,
             test_a_path_keeps_its_end_however_long_it_is,
             test_each_leaf_that_is_not_the_same_is_told_once, test_what_is_no_json_is_refused)
