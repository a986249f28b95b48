/* flatten and unwrap. */
#include "rows.h"

START_TEST(test_flatten_brings_what_is_nested_to_one_level)
{
    static const struct row rows[] = {
        ROW("{\"id\": 1, \"data\": {\"a\":{\"b\":1.50,\"c\":{\"d\":\"\\u0061\"}}, "
            "\"e\":[{\"f\":{}}]}}",
            "- flatten: data",
            "{\"id\": 1, \"data\": {\"a_b\":1.50,\"a_c_d\":\"\\u0061\",\"e\":[{\"f\":{}}]}}"),
        ROW("{\"data\":{\"a\":{\"b\":1},\"l\":[{\"x\":1},[2,[]],null]}}",
            "- flatten: {separator: \".\", arrays: index}",
            "{\"data\":{\"a.b\":1,\"l.0.x\":1,\"l.1.0\":2,\"l.1.1\":[],\"l.2\":null}}"),
        /* Flat already: no byte changes. */
        ROW("{\"data\": { \"a\" : 1 , \"b\":{}, \"c\":[ ] } }", "- flatten: {}",
            "{\"data\": { \"a\" : 1 , \"b\":{}, \"c\":[ ] } }"),
        ROW("{\"data\": { \"l\" : [ {\"a\":{\"b\":1}} ] } }", "- flatten: {}",
            "{\"data\": { \"l\" : [ {\"a\":{\"b\":1}} ] } }"),
        ROW("{\"data\":null}", "- flatten: data", "{\"data\":null}"),
        ROW("{\"x\":1}", "- flatten: data", "{\"x\":1}"),
        ROW("{\"l\":[{\"a\":{\"b\":1}},{\"a\":2}]}", "- flatten: \"l[*]\"",
            "{\"l\":[{\"a_b\":1},{\"a\":2}]}"),
        ROW("{\"data\":{\"a\\u0022\":{\"\\ud83d\":1}}}", "- flatten: {separator: \"\\\"/\"}",
            "{\"data\":{\"a\\u0022\\\"/\\ud83d\":1}}"),
        ROW("{\"data\":{\"\":{\"\":1}}}", "- flatten: {separator: \"-\"}", "{\"data\":{\"-\":1}}"),
        ROW("{\"data\":{\"\":{\"a\":1},\"a\":2}}", "- flatten: data",
            "{\"data\":{\"_a\":1,\"a\":2}}"),
        ROW("{\"data\":{\"a\":{\"b\":1}}}", "- set: {data.a.c: 2}\n- flatten: data",
            "{\"data\":{\"a_b\":1,\"a_c\":2}}"),
        /* Flattened fields are available to the next item. */
        ROW("{\"data\":{\"a\":{\"b\":1}}}", "- flatten: data\n- rename: {data.a_b: z}",
            "{\"data\":{\"z\":1}}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_unwrap_puts_members_in_its_place)
{
    static const struct row rows[] = {
        ROW("{ \"id\": 1, \"data\": {\"a\": 1.50, \"b\":{\"c\":\"\\u0061\"}} }", "- unwrap: data",
            "{ \"id\": 1,\"a\":1.50,\"b\":{\"c\":\"\\u0061\"} }"),
        ROW("{\"data\":{}}", "- unwrap: data", "{}"),
        ROW("{\"data\":{\"data\":1}}", "- unwrap: data", "{\"data\":1}"),
        ROW("{\"data\":null,\"x\":1}", "- unwrap: data", "{\"data\":null,\"x\":1}"),
        ROW("{\"x\":1}", "- unwrap: {field: data}", "{\"x\":1}"),
        ROW("{\"id\":1,\"data\":{\"id\":2,\"b\":3}}", "- unwrap: {field: data, on_clash: keep}",
            "{\"id\":1,\"b\":3}"),
        ROW("{\"id\":1,\"data\":{\"id\":{\"x\":2},\"b\":3}}",
            "- unwrap: {field: data, on_clash: replace}", "{\"id\":{\"x\":2},\"b\":3}"),
        ROW("{\"d\":{\"a\":{\"x\":1},\"b\":2}}", "- unwrap: d.a", "{\"d\":{\"b\":2,\"x\":1}}"),
        ROW("{\"l\":[{\"p\":{\"x\":1}},{\"p\":{\"x\":2}},3]}", "- unwrap: \"l[*].p\"",
            "{\"l\":[{\"x\":1},{\"x\":2},3]}"),
        /* Of duplicate members the last counts. */
        ROW("{\"data\":{\"a\":1,\"b\":0,\"a\":2}}", "- unwrap: data", "{\"b\":0,\"a\":2}"),
        ROW("{\"data\":{\"a\":1},\"data\":{\"b\":2}}", "- unwrap: data", "{\"b\":2}"),
        ROW("{\"data\":{\"\\u0061\\\"\":1}}", "- unwrap: data", "{\"\\u0061\\\"\":1}"),
        ROW("{\"data\":{\"\\ud800\":1}}", "- unwrap: data", "{\"\\ud800\":1}"),
        ROW("{\"data\":{\"a\":{\"\\udead\":1}}}", "- copy: {data: x}\n- unwrap: x.a\n- unwrap: x",
            "{\"data\":{\"a\":{\"\\udead\":1}},\"\\udead\":1}"),
        ROW("{\"data\":{\"a\":1}}", "- set: {data.b: 2}\n- unwrap: data\n- set: {c: 3}",
            "{\"a\":1,\"b\":2,\"c\":3}"),
        ROW("{\"id\":0,\"data\":{\"a\":{\"b\":1}}}", "- flatten: data\n- unwrap: data",
            "{\"id\":0,\"a_b\":1}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_done)
{
    static const struct failing_row rows[] = {
        {"{\"data\":{\"a\":{\"b\":1},\"a_b\":2}}", "- flatten: data", -EEXIST,
         "flatten data: two fields would be named `a_b`"},
        {"{\"data\":{\"a\":{\"b\":1},\"\\u0061_b\":2}}", "- flatten: data", -EEXIST, "two fields"},
        {"{\"data\":{\"a\":{\"b\":1,\"b\":1}}}", "- flatten: data", -EEXIST, "two fields"},
        {"{\"data\":[1]}", "- flatten: data", -EINVAL, "flatten data: it is an array"},
        {"{\"data\":\"x\"}", "- flatten: data", -EINVAL, "it is a text"},
        {"{\"id\":1,\"data\":{\"b\":2,\"id\":2}}", "- unwrap: data", -EEXIST,
         "unwrap data: `id` already exists outside of it"},
        {"{\"id\":1,\"data\":{\"\\u0069d\":2}}", "- unwrap: data", -EEXIST, "outside of it"},
        {"{\"data\":5}", "- unwrap: data", -EINVAL, "unwrap data: it is a number"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_meant)
{
    static const struct finding_row rows[] = {
        {"  - flatten: {separator: \"\"}", 2, 26, "1 to 16 bytes"},
        {"  - flatten: {arrays: drop}", 2, 23, "keep or index"},
        {"  - flatten: [data]", 2, 14, "text"},
        {"  - flatten: data..x", 2, 14, "is not a path"},
        {"  - unwrap: \"data[0]\"", 2, 13, "which has no name"},
        {"  - unwrap: {field: data, on_clash: ignore}", 2, 37, "error, keep or replace"},
        {"  - unwrap: {}", 2, 13, "field"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* 100,000 members, each of which could clash with as many: must take one pass, or Check times
 * out. */
START_TEST(test_many_members_cost_no_square)
{
    struct hs_buffer body, out;
    hs_buffer_init(&body, 16 << 20);
    hs_buffer_init(&out, 16 << 20);
    hs_buffer_append_text(&body, "{");
    for (unsigned i = 0; i < 100000; i++)
        hs_buffer_printf(&body, "\"a%u\":%u,", i, i);
    hs_buffer_append_text(&body, "\"data\":{\"n\":{\"x\":1}");
    for (unsigned i = 0; i < 100000; i++)
        hs_buffer_printf(&body, ",\"b%u\":%u", i, i);
    hs_buffer_append_text(&body, "}}");
    int code = rows_edit(hs_buffer_slice(&body), "- flatten: data\n- unwrap: data", &out);
    ck_assert_msg(code == 0, "%s", hs_error_text());
    hs_buffer_append_byte(&out, '\0');
    ck_assert_ptr_nonnull(strstr(out.data, ",\"a99999\":99999,\"n_x\":1,\"b0\":0,"));
    hs_buffer_free(&body);
    hs_buffer_free(&out);
}
END_TEST

HS_TEST_MAIN("flatten and unwrap", test_flatten_brings_what_is_nested_to_one_level,
             test_unwrap_puts_members_in_its_place, test_what_cannot_be_done,
             test_what_cannot_be_meant, test_many_members_cost_no_square)
