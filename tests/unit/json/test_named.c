/* Named nodes, at which paths begin, and members added without a lookup. */
#include "hs_test.h"

#include <hookstream/json.h>

#define NAME HS_SLICE("item")

static struct hs_json_tree *parse(const char *text)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, hs_slice_text(text)), 0);
    return tree;
}

static struct hs_json_path path_of(const char *text)
{
    struct hs_json_path path;
    ck_assert_int_eq(hs_json_path_parse(hs_slice_text(text), &path), 0);
    return path;
}

static hs_json_node find(const struct hs_json_tree *tree, const char *text)
{
    struct hs_json_path path = path_of(text);
    hs_json_node node = hs_json_find(tree, &path);
    hs_json_path_free(&path);
    return node;
}

static void set(struct hs_json_tree *tree, const char *text, const char *json)
{
    struct hs_json_path path = path_of(text);
    ck_assert_int_eq(hs_json_set(tree, &path, hs_slice_text(json)), 0);
    hs_json_path_free(&path);
}

static void expect(const struct hs_json_tree *tree, const char *want)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    hs_json_write(tree, &text);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_str_eq(text.data, want);
    hs_buffer_free(&text);
}

START_TEST(test_paths_begin_at_a_named_node)
{
    struct hs_json_tree *tree = parse("{\"l\":[{\"a\":1},{\"a\":2}], \"item\":{\"a\":3}}");
    hs_json_node outer = find(tree, "item.a"), second = find(tree, "l[1]");
    hs_json_name_node(tree, NAME, second);
    ck_assert_uint_eq(find(tree, "item"), second);
    ck_assert_uint_eq(find(tree, "item.a"), find(tree, "l[1].a"));
    ck_assert_uint_eq(find(tree, "items.a"), HS_JSON_NO_NODE);
    set(tree, "item.a", "20");
    set(tree, "item.b.c", "21");
    set(tree, "l[0].a", "10");
    hs_json_name_node(tree, HS_SLICE_NONE, HS_JSON_NO_NODE);
    ck_assert_uint_eq(find(tree, "item.a"), outer);
    expect(tree, "{\"l\":[{\"a\":10},{\"a\":20,\"b\":{\"c\":21}}], \"item\":{\"a\":3}}");
    /* A new document has no named node. */
    hs_json_name_node(tree, NAME, second);
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"item\":1}")), 0);
    ck_assert(hs_slice_equal(hs_json_node_text(tree, find(tree, "item")), HS_SLICE("1")));
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_what_is_kept_is_kept_within_the_named_node)
{
    struct hs_json_tree *tree = parse("{\"l\":[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4}],\"c\":5}");
    struct hs_json_path path = path_of("item.b");
    const struct hs_json_path *const paths[] = {&path};
    hs_json_name_node(tree, NAME, find(tree, "l[0]"));
    hs_json_keep(tree, paths, 1);
    hs_json_name_node(tree, HS_SLICE_NONE, HS_JSON_NO_NODE);
    expect(tree, "{\"l\":[{\"b\":2},{\"a\":3,\"b\":4}],\"c\":5}");
    /* No mark remains. */
    struct hs_json_path rest = path_of("c");
    const struct hs_json_path *const others[] = {&rest};
    hs_json_keep(tree, others, 1);
    expect(tree, "{\"c\":5}");
    hs_json_path_free(&path);
    hs_json_path_free(&rest);
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_members_are_added_last)
{
    struct hs_json_tree *tree = parse("{ \"a\" : {} , \"b\" : 1 }");
    ck_assert_int_eq(
        hs_json_add_member(tree, hs_json_root(tree), HS_SLICE("q\\\"\\u0061"), HS_SLICE("1.50")),
        0);
    ck_assert_int_eq(hs_json_add_member(tree, find(tree, "a"), HS_SLICE("b"), HS_SLICE("[]")), 0);
    ck_assert_int_eq(hs_json_add_member(tree, hs_json_root(tree), HS_SLICE("b"), HS_SLICE("2")), 0);
    expect(tree, "{ \"a\" : {\"b\":[]} , \"b\" : 1,\"q\\\"\\u0061\":1.50,\"b\":2 }");
    ck_assert(hs_slice_equal(hs_json_node_text(tree, find(tree, "b")), HS_SLICE("2")));
    hs_json_tree_free(tree);
}
END_TEST

HS_TEST_MAIN("named nodes", test_paths_begin_at_a_named_node,
             test_what_is_kept_is_kept_within_the_named_node, test_members_are_added_last)
