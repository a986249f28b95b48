/* The tree: what it parses, how to navigate it, and that it writes what it parsed. */
#include "text.h"

static struct hs_json_tree *parsed(struct hs_slice text)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_msg(hs_json_tree_parse(tree, text) == 0, "%s", hs_error_text());
    return tree;
}

#define SAMPLE                                                                                     \
    HS_SLICE("{ \"id\": \"x\", \"a.b\" : 1,\"data\":{\"items\":[{\"p\":1.50},{\"p\":2},{\"q\":3}]" \
             ",\"\\u0065\":null},\"dup\":1,\"dup\":2,\"list\":[[1,2],[3]], \"no\":false }")

START_TEST(test_children_come_in_order)
{
    struct hs_json_tree *tree = parsed(SAMPLE);
    static const char *const names[] = {"id", "a.b", "data", "dup", "dup", "list", "no"};
    static const enum hs_json_kind kinds[] = {HS_JSON_STRING, HS_JSON_NUMBER, HS_JSON_OBJECT,
                                              HS_JSON_NUMBER, HS_JSON_NUMBER, HS_JSON_ARRAY,
                                              HS_JSON_FALSE};
    hs_json_node root = hs_json_root(tree);
    ck_assert_int_eq(hs_json_node_kind(tree, root), HS_JSON_OBJECT);
    ck_assert_ptr_null(hs_json_node_name(tree, root).data);
    ck_assert_uint_eq(hs_json_next(tree, root), HS_JSON_NO_NODE);
    hs_json_node node = hs_json_first_child(tree, root);
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++) {
        ck_assert_uint_ne(node, HS_JSON_NO_NODE);
        assert_slice(hs_json_node_name(tree, node), hs_slice_text(names[i]));
        ck_assert_int_eq(hs_json_node_kind(tree, node), kinds[i]);
        node = hs_json_next(tree, node);
    }
    ck_assert_uint_eq(node, HS_JSON_NO_NODE);
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_texts_are_the_bytes_received)
{
    struct hs_json_tree *tree = parsed(SAMPLE);
    static const char *const rows[][2] = {
        {"id", "\"x\""},
        {"[\"a.b\"]", "1"},
        {"data.items[0].p", "1.50"},
        {"data.items[1]", "{\"p\":2}"},
        {"data.items", "[{\"p\":1.50},{\"p\":2},{\"q\":3}]"},
        {"data.e", "null"},
        {"list[0][1]", "2"},
        {"list[1][0]", "3"},
        {"no", "false"},
        {"dup", "2"}, /* the last counts */
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        hs_json_node node = find(tree, rows[i][0]);
        ck_assert_msg(node != HS_JSON_NO_NODE, "no %s", rows[i][0]);
        assert_slice(hs_json_node_text(tree, node), hs_slice_text(rows[i][1]));
    }
    /* The name stays as it was written. */
    assert_slice(hs_json_node_name(tree, find(tree, "data.e")), HS_SLICE("\\u0065"));
    ck_assert_ptr_null(hs_json_node_name(tree, find(tree, "list[0]")).data);
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_what_is_not_there)
{
    struct hs_json_tree *tree = parsed(SAMPLE);
    static const char *const rows[] = {
        "nothing",    "a.b",          "id.x",          "id[0]",
        "data[0]",    "data.items.p", "data.items[3]", "data.items[0].q",
        "list[0][2]", "list[*][*].x", "data.e.f",      "[0]",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_msg(find(tree, rows[i]) == HS_JSON_NO_NODE, "%s", rows[i]);
    ck_assert_uint_eq(hs_json_member_get(tree, find(tree, "list"), HS_SLICE("")), HS_JSON_NO_NODE);
    ck_assert_uint_eq(hs_json_first_child(tree, find(tree, "id")), HS_JSON_NO_NODE);
    hs_json_tree_free(tree);
}
END_TEST

/* ---- Wildcards ---- */

struct seen {
    struct hs_buffer text;
    int stop_after;
};

static int see(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    struct seen *seen = context;
    hs_buffer_append_slice(&seen->text, hs_json_node_text(tree, node));
    hs_buffer_append_byte(&seen->text, ' ');
    return --seen->stop_after == 0 ? 7 : 0;
}

static int see_all(struct hs_json_tree *tree, const char *text, int stop_after, const char *wanted)
{
    struct seen seen = {.stop_after = stop_after};
    hs_buffer_init(&seen.text, TEXT_MAX);
    struct hs_json_path path = path_of(text);
    int code = hs_json_each(tree, &path, see, &seen);
    assert_slice(hs_buffer_slice(&seen.text), hs_slice_text(wanted));
    hs_json_path_free(&path);
    hs_buffer_free(&seen.text);
    return code;
}

START_TEST(test_wildcards_visit_in_order)
{
    struct hs_json_tree *tree = parsed(SAMPLE);
    ck_assert_int_eq(see_all(tree, "data.items[*].p", 0, "1.50 2 "), 0);
    ck_assert_int_eq(see_all(tree, "list[*][*]", 0, "1 2 3 "), 0);
    ck_assert_int_eq(see_all(tree, "list[*][0]", 0, "1 3 "), 0);
    ck_assert_int_eq(see_all(tree, "list[*]", 0, "[1,2] [3] "), 0);
    ck_assert_int_eq(see_all(tree, "data[*]", 0, ""), 0); /* an object has no elements */
    ck_assert_int_eq(see_all(tree, "id", 0, "\"x\" "), 0);
    ck_assert_int_eq(see_all(tree, "none[*].x", 0, ""), 0);
    ck_assert_int_eq(see_all(tree, "list[*][*]", 2, "1 2 "), 7); /* stops and returns the visitor's
                                                                  * value */
    ck_assert_uint_eq(find(tree, "list[*][*]"), find(tree, "list[0][0]"));
    hs_json_tree_free(tree);
}
END_TEST

static int remove_odd(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    int *count = context;
    if ((*count)++ % 2)
        hs_json_replace(tree, node, HS_SLICE("[\"was\"]"));
    else
        hs_json_remove(tree, node);
    return 0;
}

START_TEST(test_visitors_may_edit)
{
    struct hs_json_tree *tree = parsed(HS_SLICE("{\"a\":[[1,2,3],[4],5]}"));
    struct hs_json_path path = path_of("a[*][*]");
    int count = 0;
    ck_assert_int_eq(hs_json_each(tree, &path, remove_odd, &count), 0);
    ck_assert_int_eq(count, 4);
    assert_written(tree, HS_SLICE("{\"a\":[[[\"was\"]],[[\"was\"]],5]}"));
    hs_json_path_free(&path);
    hs_json_tree_free(tree);
}
END_TEST

/* ---- Writing what was read ---- */

START_TEST(test_unchanged_is_identical)
{
    static const char *const names[] = {
        "auction.bid.outbid",    "auction.bid.placed",      "auction.consumer.won",
        "auction.settled",       "consumer.created",        "consumer.updated",
        "distribution.closed",   "distribution.opened",     "distribution.updated",
        "draw.completed",        "draw.consumer.entered",   "draw.consumer.lost",
        "draw.consumer.won",     "order.cancelled",         "order.completed",
        "order.created",         "queue.consumer.admitted", "queue.consumer.completed",
        "queue.consumer.denied", "queue.consumer.entered",  "queue.consumer.left",
    };
    struct hs_json_tree *tree = hs_json_tree_create();
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++) {
        struct hs_slice text = fixture(names[i]);
        ck_assert_int_eq(hs_json_tree_parse(tree, text), 0);
        ck_assert(!hs_json_changed(tree));
        assert_written(tree, text);
        drop(text);
    }
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_odd_texts_survive)
{
    static const struct hs_slice rows[] = {
        HS_SLICE("  \n{ }\t"), HS_SLICE("\"\\u0000\\ud83d\\/\""),
        HS_SLICE(" 1e400 "),   HS_SLICE("{\"a\":1,\"a\":1 , \"\\u0061\":12345678901234567890}"),
        HS_SLICE("[ ]\r\n"),
    };
    struct hs_json_tree *tree = hs_json_tree_create();
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        ck_assert_int_eq(hs_json_tree_parse(tree, rows[i]), 0);
        assert_written(tree, rows[i]);
    }
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_a_tree_is_used_again)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":1,\"b\":2}")), 0);
    hs_json_remove(tree, find(tree, "a"));
    ck_assert(hs_json_changed(tree));
    /* After a failed parse nothing remains of the document before, nor of the failed one. */
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":1,")), -EINVAL);
    ck_assert_uint_eq(hs_json_root(tree), HS_JSON_NO_NODE);
    ck_assert(!hs_json_changed(tree));
    struct hs_buffer json;
    hs_buffer_init(&json, TEXT_MAX);
    hs_json_write(tree, &json);
    ck_assert_uint_eq(json.size, 0);
    hs_buffer_free(&json);
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("[\"c\"]")), 0);
    ck_assert(!hs_json_changed(tree));
    assert_written(tree, HS_SLICE("[\"c\"]"));
    hs_json_tree_free(tree);
    hs_json_tree_free(NULL);
}
END_TEST

/* A document with more values than a tree keeps between events, and a small one after it. */
START_TEST(test_many_values)
{
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    hs_buffer_append_text(&text, "[0");
    for (int i = 1; i < 100000; i++)
        hs_buffer_append_text(&text, ",0");
    hs_buffer_append_text(&text, "]");
    struct hs_json_tree *tree = parsed(hs_buffer_slice(&text));
    size_t count = 0;
    for (hs_json_node node = hs_json_first_child(tree, hs_json_root(tree)); node != HS_JSON_NO_NODE;
         node = hs_json_next(tree, node))
        count++;
    ck_assert_uint_eq(count, 100000);
    ck_assert_uint_ne(find(tree, "[99999]"), HS_JSON_NO_NODE);
    ck_assert_uint_eq(find(tree, "[100000]"), HS_JSON_NO_NODE);
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":1}")), 0);
    ck_assert_uint_ne(find(tree, "a"), HS_JSON_NO_NODE);
    hs_json_tree_free(tree);
    hs_buffer_free(&text);
}
END_TEST

HS_TEST_MAIN("json tree", test_children_come_in_order, test_texts_are_the_bytes_received,
             test_what_is_not_there, test_wildcards_visit_in_order, test_visitors_may_edit,
             test_unchanged_is_identical, test_odd_texts_survive, test_a_tree_is_used_again,
             test_many_values)
