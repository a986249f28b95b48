/* `use`: named lists of transformations. */
#include "rows.h"

static void check(const char *yaml, const char *body, const char *want)
{
    struct hs_buffer out;
    hs_buffer_init(&out, 1 << 16);
    int code = rows_apply(yaml, hs_slice_text(body), &out);
    ck_assert_msg(code == 0, "%s: %s", yaml, hs_error_text());
    hs_buffer_append_byte(&out, '\0');
    ck_assert_str_eq(out.data, want);
    hs_buffer_free(&out);
}

START_TEST(test_a_list_is_done_where_it_is_used)
{
    check("transformations:\n"
          "  tidy: [{trim: [a]}, {lower: [a]}]\n"
          "  all: [{use: tidy}, {set: {b: 1}}]\n"
          "transform: [{set: {c: 0}}, {use: all}, {copy: {a: d}}]\n",
          "{\"a\":\" X \"}", "{\"a\":\"x\",\"c\":0,\"b\":1,\"d\":\"x\"}");
    /* `when` is asked once, before the first item. */
    check("transformations: {l: [{set: {data.s: 2}}, {set: {t: 3}}]}\n"
          "transform: [{use: l, when: data.s == 1}, {use: l, when: data.s == 1}]\n",
          "{\"data\":{\"s\":1}}", "{\"data\":{\"s\":2},\"t\":3}");
    check("transformations: {l: [{set: {a: 1}}]}\ntransform: [{use: l, when: data.x exists}]\n",
          "{}", "{}");
    check("transformations: {l: []}\ntransform: [{use: l}]\n", "{ }", "{ }");
    /* An item with `for` in a list. */
    check("transformations: {l: [{for: \"i[*]\", lower: [item.a]}]}\ntransform: [{use: l}]\n",
          "{\"i\":[{\"a\":\"X\"}]}", "{\"i\":[{\"a\":\"x\"}]}");
}
END_TEST

START_TEST(test_on_error)
{
    static const char lists[] = "transformations: {l: [{lower: [a, b]}, {set: {c: 1}}]}\n";
    char yaml[256];
    struct hs_buffer out;
    hs_buffer_init(&out, 1 << 16);
    snprintf(yaml, sizeof(yaml), "%stransform: [{use: l}]\n", lists);
    ck_assert_int_eq(rows_apply(yaml, HS_SLICE("{\"a\":[],\"b\":\"X\"}"), &out), -EINVAL);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), "lower a: it is an array"));
    snprintf(yaml, sizeof(yaml), "%stransform: [{use: l, on_error: skip}]\n", lists);
    check(yaml, "{\"a\":[],\"b\":\"X\"}", "{\"a\":[],\"b\":\"X\",\"c\":1}");
    hs_buffer_free(&out);
}
END_TEST

/* The findings as text, of compiling `transform:` if there is one and checking the lists. */
static void expect(const char *yaml, const char *want)
{
    struct hs_config *config = edit_config(yaml);
    const struct hs_node *root = hs_config_root(config);
    const struct hs_node *transform = hs_node_get(root, "transform");
    if (transform != NULL)
        hs_transform_free(hs_transform_compile(config, transform));
    hs_transform_check_lists(config, hs_node_get(root, "transformations"),
                             hs_node_get(root, "routes"), NULL);
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 20);
    hs_config_print_findings(config, &text);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_msg(strcmp(text.data, want) == 0, "%s\ngave %s\nwant %s", yaml, text.data, want);
    hs_buffer_free(&text);
    hs_config_free(config);
}

#define ROUTES(list) "routes: [{to: [{transform: " list "}]}]\n"

START_TEST(test_what_is_wrong_with_a_list_is_said_once_and_there)
{
    expect("transformations: {good: [{remove: [a]}], b: [{use: good}]}\n" ROUTES("[{use: b}]"), "");
    expect("transformations: {personal: []}\n"
           "transform: [{use: persnal}]\n" ROUTES("[{use: personal}]"),
           "test.yaml:2:19: error HS172: unknown list `persnal`, did you mean `personal`?\n");
    expect("transform: [{use: tidy}]\n",
           "test.yaml:1:19: error HS172: unknown list `tidy`: `use` takes the name of a list in "
           "the configuration's `transformations:`, which has none\n");
    expect("transform: [{use: [a]}]\n",
           "test.yaml:1:19: error HS172: `use` takes the name of one list, not a list\n");
    expect("transformations: {l: [{lower: [\"a..b\"]}]}\n"
           "transform: [{use: l}, {use: l}]\n" ROUTES("[{use: l}]"),
           "test.yaml:1:32: error HS143: `a..b` is not a path: a name is missing\n");
    expect(
        "transformations: {l: {lower: [a]}}\n" ROUTES("[{use: l}]"),
        "test.yaml:1:22: error HS160: `l` is a list of operations: start each with \"- \", as in "
        "`- remove: [data.admissionToken]`\n");
    expect("transformations: [a]\n",
           "test.yaml:1:18: error HS032: `transformations` is a mapping of names to lists, such as "
           "{personal: [{remove: [data.fullName]}]}, not a list\n");
    expect("transform: [{use: l, for: \"a[*]\"}]\ntransformations: {l: []}\n" ROUTES("[{use: l}]"),
           "test.yaml:1:27: error HS166: `for` needs an operation other than `use`: write it at "
           "the items of the list\n");
    expect("transform: [{use: l, remove: [a]}]\ntransformations: {l: []}\n" ROUTES("[{use: l}]"),
           "test.yaml:1:22: error HS162: `remove` is in the same item as `use`: an item has one "
           "operation, so start another with \"- remove:\"\n");
}
END_TEST

START_TEST(test_a_circle_is_said_with_its_way)
{
    expect("transformations: {a: [{use: a}]}\n" ROUTES("[{use: a}]"),
           "test.yaml:1:29: error HS173: the list `a` would use itself: a -> a\n");
    expect("transformations:\n  a: [{use: b}]\n  b: [{use: c}]\n  c: [{use: a}]\n"
           "transform: [{use: a}]\n" ROUTES("[{use: a}]"),
           "test.yaml:2:13: error HS173: the list `b` would use itself: b -> c -> a -> b\n"
           "test.yaml:3:13: error HS173: the list `c` would use itself: c -> a -> b -> c\n"
           "test.yaml:4:13: error HS173: the list `a` would use itself: a -> b -> c -> a\n");
}
END_TEST

START_TEST(test_lists_in_lists_are_bounded)
{
    char yaml[4096] = "transformations:\n  l0: [{set: {a: 1}}]\n";
    for (int i = 1; i <= 8; i++)
        sprintf(yaml + strlen(yaml), "  l%d: [{use: l%d}]\n", i, i - 1);
    strcat(yaml, ROUTES("[{use: l8}]"));
    expect(yaml,
           "test.yaml:3:14: error HS173: lists are nested more than 8 deep: l8 -> l7 -> l6 -> "
           "l5 -> l4 -> l3 -> l2 -> l1 -> l0\n");
    /* Each four times the one before: 4^7 items. */
    strcpy(yaml, "transformations:\n  l0: [{set: {a: 1}}]\n");
    for (int i = 1; i < 8; i++)
        sprintf(yaml + strlen(yaml), "  l%d: [{use: l%d}, {use: l%d}, {use: l%d}, {use: l%d}]\n", i,
                i - 1, i - 1, i - 1, i - 1);
    struct hs_config *config = edit_config(strcat(yaml, "transform: [{use: l7}]\n"));
    ck_assert_ptr_null(
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
    ck_assert_uint_gt(hs_config_findings(config)->count, 0);
    ck_assert_ptr_nonnull(
        strstr(hs_config_findings(config)->items[0].message, "more than 1024 items"));
    hs_config_free(config);
}
END_TEST

START_TEST(test_a_list_that_nothing_uses_is_a_warning)
{
    expect("transformations: {a: [{use: b}], b: [], c: [{use: b}]}\n" ROUTES("[{use: a}]"),
           "test.yaml:1:41: warning HS174: no route uses the list `c`: write `- use: c` in a "
           "`transform:`, or remove it\n");
    expect("transformations: {a: [{lower: 1.}]}\n",
           "test.yaml:1:19: warning HS174: no route uses the list `a`: write `- use: a` in a "
           "`transform:`, or remove it\n"
           "test.yaml:1:31: error HS143: `1.` is not a path: a name is missing\n");
}
END_TEST

static void append_use(void *context, const struct hs_use *use)
{
    static const char kinds[] = "NREKW";
    hs_buffer_printf(context, "%c %s\n", kinds[use->kind], use->path);
}

START_TEST(test_what_it_uses_is_what_its_items_use)
{
    static const char yaml[] = "transformations:\n"
                               "  l: [{for: \"i[*]\", lower: [item.a], when: data.b exists}]\n"
                               "  m: [{use: l}, {remove: [c]}]\n"
                               "transform: [{use: m}]\n";
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    struct hs_transform_item item = hs_transform_at(transform, 0);
    ck_assert_str_eq(item.operation, "use");
    ck_assert_uint_eq(hs_transform_count(item.inside), 2);
    ck_assert(!item.reshapes);
    ck_assert_ptr_null(hs_transform_at(item.inside, 1).inside);
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    hs_transform_uses(transform, 0, append_use, &text);
    hs_buffer_append_byte(&text, '\0');
    ck_assert_str_eq(text.data, "R data.b\nE i[*].a\nE c\n");
    hs_buffer_free(&text);
    hs_transform_free(transform);
    hs_config_free(config);
}
END_TEST

START_TEST(test_a_list_that_reshapes_is_told)
{
    static const char yaml[] =
        "transformations: {l: [{use: m}, {remove: [c]}], m: [{flatten: data}]}\n"
        "transform: [{use: l}, {unwrap: data}, {remove: [c]}]\n";
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    ck_assert(hs_transform_at(transform, 0).reshapes && hs_transform_at(transform, 1).reshapes &&
              !hs_transform_at(transform, 2).reshapes);
    hs_transform_free(transform);
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("use", test_a_list_that_reshapes_is_told, test_a_list_is_done_where_it_is_used,
             test_on_error, test_what_is_wrong_with_a_list_is_said_once_and_there,
             test_a_circle_is_said_with_its_way, test_lists_in_lists_are_bounded,
             test_a_list_that_nothing_uses_is_a_warning, test_what_it_uses_is_what_its_items_use)
