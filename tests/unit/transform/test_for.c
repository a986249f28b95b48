/* `for`: an item applied to each element of an array. */
#include "rows.h"

START_TEST(test_each_element_by_itself)
{
    static const struct row rows[] = {
        ROW("{\"data\":{\"c\":\"USD\",\"items\":[{\"price\": \"1.50\"},{\"price\":\"2\"}]}}",
            "- decimal: {field: item.price, currency: data.c, into: item.minor}\n"
            "  for: \"data.items[*]\"",
            "{\"data\":{\"c\":\"USD\",\"items\":[{\"price\": \"1.50\",\"minor\":150},"
            "{\"price\":\"2\",\"minor\":200}]}}"),
        ROW("{\"l\":[{\"a\":1},{\"a\":2},3]}",
            "- for: \"l[*]\"\n  set: {item.b: \"{item.a}\"}\n  on_error: skip",
            "{\"l\":[{\"a\":1,\"b\":\"1\"},{\"a\":2,\"b\":\"2\"},3]}"),
        /* `when` is evaluated for each. */
        ROW("{\"data\":{\"l\":[{\"a\":1,\"s\":\"x\"},{\"a\":2,\"s\":\"y\"}]}}",
            "- for: \"data.l[*]\"\n  remove: [item.a]\n  when: item.s == 'y'",
            "{\"data\":{\"l\":[{\"a\":1,\"s\":\"x\"},{\"s\":\"y\"}]}}"),
        ROW("{\"data\":{\"l\":[1,2,3]}}",
            "- for: \"data.l[*]\"\n  remove: [item]\n  when: item != 2", "{\"data\":{\"l\":[2]}}"),
        ROW("{\"l\":[\"A\",\"B\"]}", "- for: \"l[*]\"\n  lower: [item]", "{\"l\":[\"a\",\"b\"]}"),
        ROW("{\"l\":[1,2]}", "- for: \"l[*]\"\n  set: {item: x}", "{\"l\":[\"x\",\"x\"]}"),
        /* A missing field, an empty array, or not an array. */
        ROW("{\"data\":{}}", "- for: \"data.items[*]\"\n  remove: [item.a]", "{\"data\":{}}"),
        ROW("{\"l\":[]}", "- for: \"l[*]\"\n  remove: [item.a]", "{\"l\":[]}"),
        ROW("{\"l\":{\"a\":1}}", "- for: \"l[*]\"\n  remove: [item.a]", "{\"l\":{\"a\":1}}"),
        ROW("{\"l\":null}", "- for: \"l[*]\"\n  remove: [item.a]", "{\"l\":null}"),
        /* Nested arrays, and [*] within an element. */
        ROW("{\"l\":[{\"m\":[{\"a\":1},{\"a\":2}]},{\"m\":[{\"a\":3}]}]}",
            "- for: \"l[*].m[*]\"\n  rename: {item.a: b}",
            "{\"l\":[{\"m\":[{\"b\":1},{\"b\":2}]},{\"m\":[{\"b\":3}]}]}"),
        ROW("{\"l\":[{\"m\":[1,2]},{\"m\":[3]}]}",
            "- for: \"l[*]\"\n  cast: {fields: [\"item.m[*]\"], to: string}",
            "{\"l\":[{\"m\":[\"1\",\"2\"]},{\"m\":[\"3\"]}]}"),
        ROW("{\"l\":[[1,2],[3]]}",
            "- for: \"l[*]\"\n  copy: {\"item[0]\": \"item[1]\"}\n  on_error: skip",
            "{\"l\":[[1,1],[3]]}"),
        /* From outside into an element and back; the last one stays. */
        ROW("{\"data\":{\"o\":7,\"l\":[{\"a\":1},{\"a\":2}]}}",
            "- for: \"data.l[*]\"\n  copy: {data.o: item.o, item.a: data.last}",
            "{\"data\":{\"o\":7,\"l\":[{\"a\":1,\"o\":7},{\"a\":2,\"o\":7}],\"last\":2}}"),
        ROW("{\"id\":1,\"l\":[{\"a\":1,\"b\":2},{\"b\":3}]}", "- for: \"l[*]\"\n  keep: [item.b]",
            "{\"id\":1,\"l\":[{\"b\":2},{\"b\":3}]}"),
        ROW("{\"l\":[{\"p\":{\"a\":{\"b\":1}}}]}",
            "- for: \"l[*]\"\n  flatten: item.p\n- for: \"l[*]\"\n  unwrap: item.p",
            "{\"l\":[{\"a_b\":1}]}"),
        ROW("{\"l\":[{\"a\":{\"b\":1}}]}", "- for: \"l[*]\"\n  flatten: item",
            "{\"l\":[{\"a_b\":1}]}"),
        /* A duplicate array is not half hidden. */
        ROW("{\"l\":[{\"a\":1}],\"l\":[{\"a\":2}]}", "- for: \"l[*]\"\n  redact: [item.a]",
            "{\"l\":[{\"a\":\"[redacted]\"}],\"l\":[{\"a\":\"[redacted]\"}]}"),
        /* Outside a `for`, item is an ordinary name. */
        ROW("{\"item\":{\"a\":1},\"l\":[{\"a\":2}]}",
            "- for: \"l[*]\"\n  remove: [item.a]\n- rename: {item.a: b}",
            "{\"item\":{\"b\":1},\"l\":[{}]}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_skip_goes_on_with_the_next_part_and_element)
{
    static const struct row rows[] = {
        ROW("{\"l\":[{\"a\":[],\"b\":\"X\"},{\"a\":\"Y\",\"b\":\"Z\"}]}",
            "- for: \"l[*]\"\n  lower: [item.a, item.b]\n  on_error: skip",
            "{\"l\":[{\"a\":[],\"b\":\"x\"},{\"a\":\"y\",\"b\":\"z\"}]}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_the_element_that_failed_is_named)
{
    static const struct failing_row rows[] = {
        {"{\"l\":[{\"p\":\"x\"},{\"p\":\"1,5\"}]}",
         "- for: \"l[*]\"\n  decimal: {field: item.p, code: USD}", -EINVAL,
         "decimal item.p: it is a text that is not an amount such as 149.99 (number 1 of l[*])"},
        {"{\"l\":[{\"p\":1},{\"p\":[]}]}", "- for: \"l[*]\"\n  lower: [item.p]", -EINVAL,
         "lower item.p: it is an array, which has no text (number 2 of l[*])"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_meant)
{
    static const struct finding_row rows[] = {
        {"  - for: data.items\n    remove: [item.a]", 2, 10,
         "takes a path to the elements of an array"},
        {"  - for: \"data..x[*]\"\n    remove: [item.a]", 2, 10, "is not a path"},
        {"  - for: [a]\n    remove: [item.a]", 2, 10, "path was expected"},
        {"  - for: \"data.items[*]\"\n    remove: [data.a]", 2, 10, "begin with `item`"},
        {"  - for: \"data.items[*]\"\n    remove: [items.a]", 2, 10, "begin with `item`"},
        {"  - for: \"data.items[*]\"", 2, 5, "has no operation"},
        {"  - set: {data.a: \"{item.b}\"}", 2, 21, "unknown field `item.b`"},
        {"  - remove: [data.a]\n    when: item.b exists", 3, 11, "unknown field `item.b`"},
        {"  - set: {item.a: \"{items.b}\"}\n    for: \"l[*]\"", 2, 21, "unknown field `items.b`"},
        {"  - keep: [id, item.a]\n    for: \"l[*]\"", 2, 12, "and `id` is not one"},
        {"  - unwrap: item\n    for: \"l[*]\"", 2, 13, "which has no name"},
        {"  - rename: {item: a}\n    for: \"l[*]\"", 2, 14, "which has no name"},
        /* What one item may name, the next may not. */
        {"  - set: {item.a: \"{item.b}\"}\n    for: \"l[*]\"\n  - set: {data.a: \"{item.b}\"}", 4,
         21, "unknown field `item.b`"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

static void append_use(void *context, const struct hs_use *use)
{
    static const char kinds[] = "NREKW";
    hs_buffer_printf(context, "%c %s\n", kinds[use->kind], use->path);
}

START_TEST(test_what_it_uses_is_told_by_whole_paths)
{
    static const char yaml[] = "transform:\n"
                               "  - for: \"data.items[*]\"\n"
                               "    set: {item.b: \"{item.a}{data.c}{item[\\\"x\\\"].y|z}\"}\n"
                               "    when: item.d exists and data.itemx exists\n"
                               "  - remove: [item.a]\n";
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    ck_assert_str_eq(hs_transform_at(transform, 0).each, "data.items[*]");
    ck_assert_ptr_null(hs_transform_at(transform, 1).each);
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    for (size_t i = 0; i < 2; i++) {
        hs_transform_when_uses(transform, i, append_use, &text);
        hs_transform_uses(transform, i, append_use, &text);
    }
    hs_buffer_append_byte(&text, '\0');
    ck_assert_str_eq(text.data, "R data.items[*].d\nR data.itemx\nW data.items[*].b\n"
                                "N data.items[*].a\nN data.c\nR data.items[*][\"x\"].y\n"
                                "E item.a\n");
    hs_buffer_free(&text);
    hs_transform_free(transform);
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("for", test_each_element_by_itself, test_skip_goes_on_with_the_next_part_and_element,
             test_the_element_that_failed_is_named, test_what_cannot_be_meant,
             test_what_it_uses_is_told_by_whole_paths)
