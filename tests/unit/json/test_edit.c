/* Edits: each row is a document, its edits, and the exact output. */
#include "text.h"

/* Applies one edit: "-path" removes, "=path json" replaces, "+path json" sets, "~path name"
 * renames, "&path path ..." keeps. Returns the result of hs_json_set(). */
static int edit(struct hs_json_tree *tree, const char *line)
{
    char room[512];
    snprintf(room, sizeof(room), "%s", line + 1);
    char *rest = strchr(room, ' ');
    if (rest != NULL && line[0] != '&')
        *rest++ = '\0';
    int code = 0;
    if (line[0] == '&') {
        struct hs_json_path paths[8];
        const struct hs_json_path *given[8];
        size_t count = 0;
        for (char *word = strtok(room, " "); word != NULL; word = strtok(NULL, " "), count++) {
            paths[count] = path_of(word);
            given[count] = &paths[count];
        }
        hs_json_keep(tree, given, count);
        while (count > 0)
            hs_json_path_free(&paths[--count]);
        return 0;
    }
    if (line[0] == '+') {
        struct hs_json_path path = path_of(room);
        code = hs_json_set(tree, &path, hs_slice_text(rest));
        hs_json_path_free(&path);
        return code;
    }
    hs_json_node node = strcmp(room, "$") == 0 ? hs_json_root(tree) : find(tree, room);
    ck_assert_msg(node != HS_JSON_NO_NODE, "no %s", room);
    if (line[0] == '-')
        hs_json_remove(tree, node);
    else if (line[0] == '=')
        hs_json_replace(tree, node, hs_slice_text(rest));
    else
        hs_json_rename(tree, node, hs_slice_text(rest));
    return code;
}

#define EDITS_MAX 5
struct row {
    const char *in;
    const char *edits[EDITS_MAX];
    const char *out;
};

static void check_rows(const struct row *rows, size_t count)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    for (size_t i = 0; i < count; i++) {
        struct hs_slice in = exact(hs_slice_text(rows[i].in));
        ck_assert_msg(hs_json_tree_parse(tree, in) == 0, "%s: %s", rows[i].in, hs_error_text());
        for (size_t j = 0; j < EDITS_MAX && rows[i].edits[j] != NULL; j++)
            ck_assert_msg(edit(tree, rows[i].edits[j]) == 0, "%s", hs_error_text());
        ck_assert_int_eq(hs_json_status(tree), 0);
        ck_assert(hs_json_changed(tree));
        assert_written(tree, hs_slice_text(rows[i].out));
        drop(in);
    }
    hs_json_tree_free(tree);
}

START_TEST(test_remove)
{
    static const struct row rows[] = {
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-a"}, "{\"b\":2,\"c\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-b"}, "{\"a\":1,\"c\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-c"}, "{\"a\":1,\"b\":2}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-a", "-b"}, "{\"c\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-b", "-a"}, "{\"c\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-c", "-b"}, "{\"a\":1}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-a", "-c"}, "{\"b\":2}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"-a", "-b", "-c"}, "{}"},
        {"\n{ \"a\" : 1 } \n", {"-a"}, "\n{} \n"},
        {"[1,2,3]", {"-[1]", "-[1]"}, "[1]"}, /* indexes refer to the remaining elements */
        {"[ 1 , 2 ]", {"-[0]"}, "[ 2 ]"},
        {"[ 1 , 2 ]", {"-[1]"}, "[ 1 ]"},
        {"[[[1]]]", {"-[0][0][0]"}, "[[[]]]"},
        /* White space before the first member and after the last stays. */
        {"{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", {"-a"}, "{\n  \"b\": 2,\n  \"c\": 3\n}"},
        {"{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", {"-b"}, "{\n  \"a\": 1,\n  \"c\": 3\n}"},
        {"{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", {"-c"}, "{\n  \"a\": 1,\n  \"b\": 2\n}"},
        {"{\n  \"a\": 1,\n  \"b\": 2\n}", {"-a", "-b"}, "{}"},
        {"{\"d\" : { \"x\" : 1 , \"y\" : 2 } ,\"e\": 0 }",
         {"-d.x"},
         "{\"d\" : { \"y\" : 2 } ,\"e\": 0 }"},
        /* Of duplicates the last is removed, and the one before it becomes visible. */
        {"{\"a\":1,\"b\":0,\"a\":2}", {"-a"}, "{\"a\":1,\"b\":0}"},
        {"{\"a\":1,\"b\":0,\"a\":2}", {"-a", "-a"}, "{\"b\":0}"},
        {"{\"\\u0061\":1,\"b\":0}", {"-a"}, "{\"b\":0}"},
        {"{\"a\":{\"b\":1},\"c\":2}", {"-a.b", "-a"}, "{\"c\":2}"},
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_replace)
{
    static const struct row rows[] = {
        {"{ \"a\" : 1 , \"b\" : 2 }", {"=a \"x\""}, "{ \"a\" : \"x\" , \"b\" : 2 }"},
        {"{ \"a\" : 1 , \"b\" : 2 }", {"=b null"}, "{ \"a\" : 1 , \"b\" : null }"},
        {"{\"a\":{\"b\":1}}", {"=a 2"}, "{\"a\":2}"},
        {"{\"a\":1}", {"=a { \"x\" : [ 1 ] }"}, "{\"a\":{ \"x\" : [ 1 ] }}"},
        {"{\"a\":1}", {"=a {\"x\":1,\"y\":2}", "-a.x"}, "{\"a\":{\"y\":2}}"},
        {"{\"a\":1}",
         {"=a {\"x\":1, \"y\":2}", "=a.x [0]", "~a.y z"},
         "{\"a\":{\"x\":[0], \"z\":2}}"},
        {"{\"a\":1}",
         {"=a {\"x\":1}", "=a.x {\"y\":[ 1,2 ]}", "-a.x.y[0]"},
         "{\"a\":{\"x\":{\"y\":[ 2 ]}}}"},
        {"{\"a\":1}", {"=a 2", "=a 3"}, "{\"a\":3}"},
        {"[1, 2]", {"=[0] \"\\u0000\""}, "[\"\\u0000\", 2]"},
        {"[1, 2]", {"=[*] 149.90"}, "[149.90, 2]"},
        {" [1] ", {"=$ {\"a\":1, \"b\" : 2}"}, " {\"a\":1, \"b\" : 2} "},
        {" 1 ", {"=$ {\"a\":1, \"b\" : 2}", "-a"}, " {\"b\" : 2} "},
        {"{\"a\":1}", {"=$ [ ]"}, "[ ]"},
        {"{\"a\":[{\"b\":1}]}", {"-a[0].b", "=a[0] {}"}, "{\"a\":[{}]}"},
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_rename)
{
    static const struct row rows[] = {
        {"{ \"a\" : 1 , \"b\" : 2 }", {"~a c"}, "{ \"c\" : 1 , \"b\" : 2 }"},
        {"{ \"a\" : 1 , \"b\" : 2 }",
         {"~b a\"\\\xc3\xa9"},
         "{ \"a\" : 1 , \"a\\\"\\\\\xc3\xa9\" : 2 }"},
        {"{\"a\":{ \"b\":[1] }}", {"~a x"}, "{\"x\":{ \"b\":[1] }}"},
        {"{\"a\":{\"b\":1,\"c\":2}}", {"~a x", "~x.b y", "-x.c"}, "{\"x\":{\"y\":1}}"},
        {"{\"a\":1,\"b\":2}", {"~a c", "~c d", "=d 3"}, "{\"d\":3,\"b\":2}"},
        {"{\"a\":1,\"b\":2}", {"~b c", "-a"}, "{\"c\":2}"},
        {"{\"a\":1,\"b\":2}", {"~a c", "-c"}, "{\"b\":2}"},
        {"{\"\\u0061\" :1}", {"~a b"}, "{\"b\" :1}"},
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_set)
{
    static const struct row rows[] = {
        {"{}", {"+a 1"}, "{\"a\":1}"},
        {"{}", {"+a 1", "+b [ ]"}, "{\"a\":1,\"b\":[ ]}"},
        {"{\"a\":1}", {"+b 2"}, "{\"a\":1,\"b\":2}"},
        {"{ \"a\" : 1 }", {"+b 2", "+c 3"}, "{ \"a\" : 1,\"b\":2,\"c\":3 }"},
        {"{\n  \"a\": 1\n}", {"+b 2"}, "{\n  \"a\": 1,\"b\":2\n}"},
        {"{\"a\":1, \"b\":2}", {"+a true"}, "{\"a\":true, \"b\":2}"},
        {"{\"a\":1,\"a\":2}", {"+a 3"}, "{\"a\":3}"},
        {"{ \"b\":{\"a\":1, \"c\":0, \"\\u0061\":2} }",
         {"+b.a 3"},
         "{ \"b\":{\"c\":0, \"\\u0061\":3} }"},
        {"{\"a\":{\"b\":1}}", {"+a.c 2"}, "{\"a\":{\"b\":1,\"c\":2}}"},
        {"{\"a\":{}}", {"+a.b.c.d 1"}, "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}"},
        {"{\"z\":0}", {"+a.b 1", "+a.c 2", "-z"}, "{\"a\":{\"b\":1,\"c\":2}}"},
        {"{\"a\":[1, 2]}", {"+a[1] 3"}, "{\"a\":[1, 3]}"},
        {"{\"a\":[{},{}]}", {"+a[1].b 3"}, "{\"a\":[{},{\"b\":3}]}"},
        {"{}", {"+[\"a\\b.\"].c 1"}, "{\"a\\\\b.\":{\"c\":1}}"},
        {"{\"a\":1}", {"-a", "+b 2"}, "{\"b\":2}"},
        {"{ \"a\" : 1 }", {"-a", "+b 2", "+c 3"}, "{\"b\":2,\"c\":3 }"},
        {"{ \"a\" : 1 }", {"-a", "+a 2"}, "{\"a\":2 }"},
        {"{}", {"+a 1", "-a"}, "{}"},
        {"{ }", {"+a 1"}, "{\"a\":1 }"},
        {"{}", {"+a 1", "+b 2", "-a", "+c 3"}, "{\"b\":2,\"c\":3}"},
        {"{\"x\":9}", {"+a 1", "~a b", "=b 2"}, "{\"x\":9,\"b\":2}"},
        {"{\"x\":9}", {"+a {\"y\":1}", "+a.z 2", "-a.y"}, "{\"x\":9,\"a\":{\"z\":2}}"},
        {"[{}]", {"+[0].a 1"}, "[{\"a\":1}]"},
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_set_in_the_way)
{
    static const char *const rows[][3] = {
        {"{\"a\":1}", "+a.b 1", "is not an object"},
        {"{\"a\":null}", "+a.b.c 1", "is not an object"},
        {"{\"a\":[1]}", "+a.b 1", "is not an object"},
        {"{\"a\":[1]}", "+a[1] 1", "no such element"},
        {"{\"a\":{}}", "+a[0] 1", "no such element"},
        {"{}", "+a.b[0] 1", "no such element"},
        {"{}", "+a[0].b 1", "no such element"},
        {"[]", "+a 1", "is not an object"},
        {"7", "+a 1", "is not an object"},
    };
    struct hs_json_tree *tree = hs_json_tree_create();
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_slice in = hs_slice_text(rows[i][0]);
        ck_assert_int_eq(hs_json_tree_parse(tree, in), 0);
        ck_assert_msg(edit(tree, rows[i][1]) == -ENOTDIR, "%s", rows[i][1]);
        ck_assert_msg(strstr(hs_error_text(), rows[i][2]) != NULL, "%s", hs_error_text());
        ck_assert(!hs_json_changed(tree));
        assert_written(tree, in);
    }
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_keep)
{
    static const struct row rows[] = {
        {"{\"a\":1,\"b\":{\"c\":2,\"d\":3},\"e\":4}", {"&b.d"}, "{\"b\":{\"d\":3}}"},
        {"{\"a\":1,\"b\":{\"c\":2,\"d\":3},\"e\":4}", {"&e a"}, "{\"a\":1,\"e\":4}"},
        {"{\"a\":1, \"b\":{\"c\":2, \"d\":[ 3 ]}}", {"&b"}, "{\"b\":{\"c\":2, \"d\":[ 3 ]}}"},
        {"{\"a\":1,\"b\":{\"c\":2,\"d\":3}}", {"&b.c b"}, "{\"b\":{\"c\":2,\"d\":3}}"},
        {"{\"a\":1,\"b\":2}", {"&c b.x"}, "{}"},
        {"{\"a\":1,\"b\":2}", {"&"}, "{}"},
        {"{\"i\":[{\"p\":1,\"q\":2},{\"q\":3}],\"z\":0}", {"&i[*].p"}, "{\"i\":[{\"p\":1}]}"},
        {"{\"i\":[10, 11, 12]}", {"&i[1]"}, "{\"i\":[11]}"},
        {"{\"a\":1,\"b\":2,\"a\":3}", {"&a"}, "{\"a\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", {"&a b", "&b c"}, "{\"b\":2}"},
        {"{\"a\":1,\"b\":{\"c\":1}}", {"+b.d 2", "&b.d"}, "{\"b\":{\"d\":2}}"},
        {"{\"a\":1,\"b\":2}", {"=$ {\"c\":3,\"d\":4}", "&d"}, "{\"d\":4}"},
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* ---- Texts of nodes between edits ---- */

START_TEST(test_changed_containers_have_no_text)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":{\"b\":[1]},\"c\":{}}")), 0);
    hs_json_replace(tree, find(tree, "a.b[0]"), HS_SLICE("2"));
    ck_assert_ptr_null(hs_json_node_text(tree, hs_json_root(tree)).data);
    ck_assert_ptr_null(hs_json_node_text(tree, find(tree, "a")).data);
    ck_assert_ptr_null(hs_json_node_text(tree, find(tree, "a.b")).data);
    assert_slice(hs_json_node_text(tree, find(tree, "a.b[0]")), HS_SLICE("2"));
    assert_slice(hs_json_node_text(tree, find(tree, "c")), HS_SLICE("{}"));
    struct hs_buffer json;
    hs_buffer_init(&json, TEXT_MAX);
    hs_json_write_node(tree, find(tree, "a"), &json);
    assert_slice(hs_buffer_slice(&json), HS_SLICE("{\"b\":[2]}"));
    hs_buffer_free(&json);
    /* A replaced value has a text again, even as the whole document. */
    hs_json_replace(tree, find(tree, "a"), HS_SLICE(" [ 3 ] "));
    assert_slice(hs_json_node_text(tree, find(tree, "a")), HS_SLICE("[ 3 ]"));
    hs_json_replace(tree, hs_json_root(tree), HS_SLICE("{ }"));
    assert_slice(hs_json_node_text(tree, hs_json_root(tree)), HS_SLICE("{ }"));
    hs_json_tree_free(tree);
}
END_TEST

START_TEST(test_the_document_itself_stays)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("[1]")), 0);
    hs_json_remove(tree, hs_json_root(tree));
    ck_assert(!hs_json_changed(tree));
    assert_written(tree, HS_SLICE("[1]"));
    hs_json_tree_free(tree);
}
END_TEST

/* The new value may come from the tree's own memory, which moves as it grows. */
START_TEST(test_values_may_come_from_the_tree)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":0}")), 0);
    ck_assert_int_eq(edit(tree, "+b [\"a value of some size\",1]"), 0);
    struct hs_json_path path = path_of("c");
    for (int i = 0; i < 200; i++) {
        struct hs_slice own = hs_json_node_text(tree, find(tree, "b"));
        ck_assert_int_eq(hs_json_set(tree, &path, own), 0);
        hs_json_replace(tree, find(tree, "b"), hs_json_node_text(tree, find(tree, "c")));
        ck_assert_int_eq(edit(tree, "~b other"), 0);
        hs_json_rename(tree, find(tree, "other"), HS_SLICE("b"));
        hs_json_rename(tree, find(tree, "a"), hs_json_node_name(tree, find(tree, "b")));
        hs_json_rename(tree, hs_json_first_child(tree, hs_json_root(tree)), HS_SLICE("a"));
    }
    assert_written(tree, HS_SLICE("{\"a\":0,\"b\":[\"a value of some size\",1],"
                                  "\"c\":[\"a value of some size\",1]}"));
    hs_json_path_free(&path);
    hs_json_tree_free(tree);
}
END_TEST

/* ---- Bounds ---- */

static struct hs_slice brackets(unsigned levels)
{
    static char room[2 * HS_JSON_DEPTH_MAX];
    memset(room, '[', levels);
    memset(room + levels, ']', levels);
    return hs_slice(room, 2 * (size_t)levels);
}

START_TEST(test_edits_go_no_deeper_than_a_text_may)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    struct hs_slice in = HS_SLICE("{\"a\":{\"b\":1}}");
    struct hs_json_path there = path_of("a.b"), new = path_of("a.c.d");
    ck_assert_int_eq(hs_json_tree_parse(tree, in), 0);
    ck_assert_int_eq(hs_json_set(tree, &there, brackets(63)), -E2BIG);
    ck_assert_int_eq(hs_json_set(tree, &new, brackets(62)), -E2BIG);
    ck_assert(!hs_json_changed(tree));
    assert_written(tree, in);
    ck_assert_int_eq(hs_json_set(tree, &there, brackets(62)), 0);
    ck_assert_int_eq(hs_json_set(tree, &new, brackets(61)), 0);
    struct hs_buffer json;
    hs_buffer_init(&json, TEXT_MAX);
    hs_json_write(tree, &json);
    ck_assert_int_eq(hs_buffer_status(&json), 0);
    ck_assert(is_json(hs_buffer_slice(&json)));
    hs_buffer_free(&json);
    hs_json_path_free(&there);
    hs_json_path_free(&new);
    hs_json_tree_free(tree);
}
END_TEST

/* A value whose replacement failed must not be written in its old form. */
START_TEST(test_a_failed_replacement_fails_the_writing)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"secret\":1}")), 0);
    hs_json_replace(tree, find(tree, "secret"), brackets(64));
    ck_assert_int_eq(hs_json_status(tree), -E2BIG);
    assert_slice(hs_json_node_text(tree, find(tree, "secret")), HS_SLICE("1"));
    hs_json_replace(tree, find(tree, "secret"), HS_SLICE("2")); /* the first failure stays */
    ck_assert_int_eq(hs_json_status(tree), -E2BIG);
    struct hs_buffer json;
    hs_buffer_init(&json, TEXT_MAX);
    hs_json_write(tree, &json);
    ck_assert_int_eq(hs_buffer_status(&json), -ENOSPC);
    ck_assert_uint_eq(json.size, 0);
    hs_buffer_free(&json);
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{}")), 0);
    ck_assert_int_eq(hs_json_status(tree), 0);
    assert_written(tree, HS_SLICE("{}"));
    hs_json_tree_free(tree);
}
END_TEST

/* A failed edit frees the memory it took. */
START_TEST(test_failed_edits_leave_nothing_behind)
{
    size_t size = 10u << 20;
    char *deep = malloc(size);
    memset(deep, ' ', size);
    memset(deep, '[', HS_JSON_DEPTH_MAX);
    memset(deep + size - HS_JSON_DEPTH_MAX, ']', HS_JSON_DEPTH_MAX);
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":1}")), 0);
    struct hs_json_path there = path_of("a"), new = path_of("b");
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(hs_json_set(tree, &there, hs_slice(deep, size)), -E2BIG);
        ck_assert_int_eq(hs_json_set(tree, &new, hs_slice(deep, size)), -E2BIG);
    }
    assert_written(tree, HS_SLICE("{\"a\":1}"));
    hs_json_path_free(&there);
    hs_json_path_free(&new);
    hs_json_tree_free(tree);
    free(deep);
}
END_TEST

START_TEST(test_edits_are_bounded_in_size)
{
    size_t size = 20u << 20;
    char *big = malloc(size);
    memset(big, 'x', size);
    big[0] = big[size - 1] = '"';
    struct hs_slice json = hs_slice(big, size);
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, HS_SLICE("{\"a\":1}")), 0);
    struct hs_json_path path = path_of("a");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(hs_json_set(tree, &path, json), 0);
    ck_assert_int_eq(hs_json_set(tree, &path, json), -ENOSPC);
    ck_assert_int_eq(hs_json_set(tree, &path, HS_SLICE("2")), 0); /* this fits */
    assert_written(tree, HS_SLICE("{\"a\":2}"));
    hs_json_rename(tree, find(tree, "a"), json);
    ck_assert_int_eq(hs_json_status(tree), -ENOSPC);
    hs_json_replace(tree, find(tree, "a"), brackets(64)); /* the first failure stays */
    ck_assert_int_eq(hs_json_status(tree), -ENOSPC);
    hs_json_path_free(&path);
    hs_json_tree_free(tree);
    free(big);
}
END_TEST

HS_TEST_MAIN("json edit", test_remove, test_replace, test_rename, test_set, test_set_in_the_way,
             test_keep, test_changed_containers_have_no_text, test_the_document_itself_stays,
             test_values_may_come_from_the_tree, test_edits_go_no_deeper_than_a_text_may,
             test_a_failed_replacement_fails_the_writing, test_failed_edits_leave_nothing_behind,
             test_edits_are_bounded_in_size)
