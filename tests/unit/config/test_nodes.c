/* From text to nodes: positions, anchors, merges, limits, ${...}, and the life of a file. */
#include "tables.h"

#include <fcntl.h>
#include <unistd.h>

START_TEST(test_nodes_know_their_place)
{
    struct hs_config *config = test_parse("\xEF\xBB\xBF# a mark and a remark\r\n"
                                          "a:\r\n"
                                          "  - \"x\"\r\n"
                                          "  - {b: c, d: [e, ä, 'f']}\r\n"
                                          "g:\r\n"
                                          "h: |\r\n"
                                          "  i\r\n"
                                          "  j\r\n");
    static const struct {
        const char *path;
        unsigned line, column;
        enum hs_node_kind kind;
        bool quoted;
    } rows[] = {
        {"a", 3, 3, HS_NODE_LIST, false},         {"a.0", 3, 5, HS_NODE_SCALAR, true},
        {"a.1", 4, 5, HS_NODE_MAP, false},        {"a.1.b", 4, 9, HS_NODE_SCALAR, false},
        {"a.1.d", 4, 15, HS_NODE_LIST, false},    {"a.1.d.1", 4, 19, HS_NODE_SCALAR, false},
        {"a.1.d.2", 4, 22, HS_NODE_SCALAR, true}, {"g", 5, 3, HS_NODE_SCALAR, false},
        {"h", 6, 4, HS_NODE_SCALAR, true},
    };
    expect_none(config);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        const struct hs_node *node = node_at(config, rows[i].path);
        ck_assert_msg(node != NULL, "%s", rows[i].path);
        ck_assert_msg(node->line == rows[i].line && node->column == rows[i].column, "%s %u:%u",
                      rows[i].path, node->line, node->column);
        ck_assert_int_eq(node->kind, rows[i].kind);
        ck_assert_msg(node->quoted == rows[i].quoted, "%s", rows[i].path);
        ck_assert(!node->secret && !node->broken);
    }
    expect_text(config, "h", "i\nj\n");
    expect_text(config, "g", "");
    ck_assert_ptr_null(hs_node_get(hs_config_root(config), "b"));
    ck_assert_ptr_null(hs_node_get(node_at(config, "a"), "b"));
    ck_assert_ptr_null(hs_node_get(NULL, "b"));
    hs_config_free(config);
}
END_TEST

START_TEST(test_members_stay_in_order)
{
    struct hs_config *config = test_parse("{z: 1, a: 2, m: 3}\n");
    const struct hs_node *root = hs_config_root(config);
    ck_assert_uint_eq(root->count, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(root->keys[i]->text.data[0], "zam"[i]);
    hs_config_free(config);
}
END_TEST

START_TEST(test_an_alias_is_the_node_it_names)
{
    struct hs_config *config = test_parse("a: &x {b: 1}\nc: *x\nd: &x 5\ne: [*x, &y \"q\", *y]\n");
    expect_none(config);
    ck_assert_ptr_eq(node_at(config, "a"), node_at(config, "c"));
    expect_text(config, "c.b", "1");
    expect_text(config, "e.0", "5"); /* the last anchor of a name */
    expect_text(config, "e.2", "q");
    hs_config_free(config);
}
END_TEST

START_TEST(test_merge_takes_what_is_not_there)
{
    struct hs_config *config = test_parse("base: &base {a: 1, b: 2}\n"
                                          "more: &more {b: 3, c: 4, d: 5}\n"
                                          "one: {a: own, <<: *base}\n"
                                          "two: {<<: [*base, *more, {e: 6}], d: own}\n"
                                          "text: {\"<<\": 7}\n"
                                          "chain: {<<: {<<: *base, c: 8}}\n");
    expect_none(config);
    expect_text(config, "one.a", "own");
    expect_text(config, "one.b", "2");
    ck_assert_uint_eq(node_at(config, "one")->count, 2);
    expect_text(config, "two.a", "1");
    expect_text(config, "two.b", "2"); /* the earlier of the list */
    expect_text(config, "two.c", "4");
    expect_text(config, "two.d", "own");
    expect_text(config, "two.e", "6");
    ck_assert_uint_eq(node_at(config, "two")->count, 5);
    expect_text(config, "text.<<", "7"); /* quoted it is an ordinary key */
    expect_text(config, "chain.b", "2");
    expect_text(config, "chain.c", "8");
    ck_assert_uint_eq(node_at(config, "base")->count, 2);
    hs_config_free(config);
}
END_TEST

/* A fault behind an alias is reported once, at its position. */
START_TEST(test_a_fault_behind_an_alias_is_told_once)
{
    struct test_settings settings;
    struct hs_config *config = test_bind("free: &s {type: redis, database: 99}\n"
                                         "sinks: {a: *s, b: *s, c: {<<: *s}}\n",
                                         &settings);
    ck_assert_uint_eq(settings.sinks.count, 3);
    /* Once for each path under which it is wrong. */
    expect_findings(config, "",
                    "test.yaml:1:34: error HS033: sinks.a.database must be at most 15, is `99`\n"
                    "test.yaml:1:34: error HS033: sinks.b.database must be at most 15, is `99`\n"
                    "test.yaml:1:34: error HS033: sinks.c.database must be at most 15, is `99`\n");
    hs_config_free(config);
    config = test_parse("a: &s ${NOBODY}\nb: *s\nc: [*s]\n");
    ck_assert_uint_eq(hs_config_findings(config)->count, 1);
    hs_config_free(config);
}
END_TEST

/* ---- Bounds ---- */

static void expect_refused(struct hs_config *config, unsigned line, const char *words)
{
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_uint_eq(findings->count, 1);
    ck_assert_ptr_nonnull(strstr(findings->items[0].message, words));
    ck_assert_msg(findings->items[0].line == line, "line %u", findings->items[0].line);
    ck_assert_ptr_null(hs_config_root(config));
    hs_config_free(config);
}

/* a: [10 texts], b: [*a ten times], ...: 10^9 nodes behind ten short lines. */
START_TEST(test_an_alias_bomb_is_refused)
{
    struct hs_buffer yaml;
    hs_buffer_init(&yaml, 1u << 16);
    hs_buffer_append_text(&yaml, "a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (char name = 'b'; name <= 'j'; name++) {
        hs_buffer_printf(&yaml, "%c: &%c [", name, name);
        for (int i = 0; i < 10; i++)
            hs_buffer_printf(&yaml, "%s*%c", i > 0 ? ", " : "", name - 1);
        hs_buffer_append_text(&yaml, "]\n");
    }
    struct hs_config *config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_refused(config, 6, "more than 200000 values, counting those behind each alias");
    /* The same through merging. */
    hs_buffer_clear(&yaml);
    hs_buffer_append_text(&yaml, "a: &a {x: [x, x, x, x, x, x, x, x, x, x]}\n");
    for (char name = 'b'; name <= 'j'; name++) {
        hs_buffer_printf(&yaml, "%c: &%c {", name, name);
        for (int i = 0; i < 10; i++)
            hs_buffer_printf(&yaml, "%sk%d: {<<: *%c}", i > 0 ? ", " : "", i, name - 1);
        hs_buffer_append_text(&yaml, "}\n");
    }
    config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_refused(config, 6, "more than 200000 values");
    hs_buffer_free(&yaml);
}
END_TEST

/* `levels` nested lists around a text. */
static void put_nested(struct hs_buffer *yaml, unsigned levels, const char *inner)
{
    for (unsigned i = 0; i < levels; i++)
        hs_buffer_append_byte(yaml, '[');
    hs_buffer_append_text(yaml, inner);
    for (unsigned i = 0; i < levels; i++)
        hs_buffer_append_byte(yaml, ']');
    hs_buffer_append_byte(yaml, '\n');
}

START_TEST(test_depth_is_bounded_through_aliases_too)
{
    struct hs_buffer yaml;
    hs_buffer_init(&yaml, 1u << 16);
    put_nested(&yaml, HS_CONFIG_DEPTH_MAX, "x");
    struct hs_config *config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_none(config);
    hs_config_free(config);
    hs_buffer_clear(&yaml);
    put_nested(&yaml, HS_CONFIG_DEPTH_MAX + 1, "x");
    config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_refused(config, 1, "nested too deep: at most 64");
    hs_buffer_clear(&yaml);
    put_nested(&yaml, 5000, "x"); /* libyaml's own limit must not be reached first by a crash */
    config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_refused(config, 1, "nested too deep");
    for (unsigned more = 0; more < 2; more++) {
        hs_buffer_clear(&yaml);
        hs_buffer_append_text(&yaml, "a: &a ");
        put_nested(&yaml, 30, "[x], y"); /* the first of two is the deeper */
        hs_buffer_append_text(&yaml, "b: &b ");
        put_nested(&yaml, 31, "*a, x"); /* 62 below `b` */
        hs_buffer_append_text(&yaml, "c: ");
        put_nested(&yaml, 1 + more, "x, *b");
        config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
        if (more == 1)
            expect_refused(config, 3, "nested too deep");
        else {
            expect_none(config);
            hs_config_free(config);
        }
    }
    hs_buffer_free(&yaml);
}
END_TEST

START_TEST(test_keys_and_anchors_are_bounded)
{
    struct hs_buffer yaml;
    hs_buffer_init(&yaml, 1u << 20);
    for (unsigned i = 0; i < HS_CONFIG_KEYS_MAX; i++)
        hs_buffer_printf(&yaml, "k%u: 1\n", i);
    struct hs_config *config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_none(config);
    ck_assert_uint_eq(hs_config_root(config)->count, HS_CONFIG_KEYS_MAX);
    hs_config_free(config);
    hs_buffer_append_text(&yaml, "one: 1\n");
    config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_refused(config, 1, "at most 4096 keys");
    hs_buffer_clear(&yaml);
    for (unsigned i = 0; i < 1001; i++)
        hs_buffer_printf(&yaml, "- &a x\n");
    config = hs_config_parse("test.yaml", hs_buffer_slice(&yaml), NULL, NULL);
    expect_refused(config, 1001, "more than 1000 anchors");
    hs_buffer_free(&yaml);
}
END_TEST

START_TEST(test_a_file_has_a_largest_size)
{
    char *text = malloc(HS_CONFIG_FILE_MAX + 1);
    memset(text, '#', HS_CONFIG_FILE_MAX + 1);
    memcpy(text, "a: 1 ", 5);
    struct hs_config *config =
        hs_config_parse("test.yaml", hs_slice(text, HS_CONFIG_FILE_MAX), NULL, NULL);
    expect_none(config);
    hs_config_free(config);
    config = hs_config_parse("test.yaml", hs_slice(text, HS_CONFIG_FILE_MAX + 1), NULL, NULL);
    expect_findings(config, "", "test.yaml: error HS003: the file is larger than 4194304 bytes\n");
    hs_config_free(config);
    free(text);
}
END_TEST

/* ---- ${...} ---- */

START_TEST(test_what_dollar_braces_become)
{
    static const struct {
        const char *yaml, *text;
        bool secret;
    } rows[] = {
        {"a: ${WORKERS}", "8", true},
        {"a: x${WORKERS}y${WORKERS}", "x8y8", true},
        {"a: \"${TEXT}\"", "a text: [with] {signs}", true}, /* not read as YAML again */
        {"a: ${TEXT}", "a text: [with] {signs}", true},
        {"a: ${LOOKS_LIKE_ONE}", "${PASSWORD}", true}, /* nor expanded again */
        {"a: ${NOBODY:-}", "", true},
        {"a: \"${NOBODY:-some text: 5}\"", "some text: 5", true},
        {"a: ${NOBODY:-a:-b}", "a:-b", true},
        {"a: ${EMPTY:-text}", "text", true},
        {"a: x${EMPTY}", "x", true},
        {"a: $${WORKERS}", "${WORKERS}", false},
        {"a: $${WORKERS}${WORKERS}", "${WORKERS}8", true},
        {"a: $${", "${", false},
        {"a: $", "$", false},
        {"a: $WORKERS {data.x}", "$WORKERS {data.x}", false},
        {"a: 'x ${NOBODY:-it''s} y'", "x it's y", true},
        {"a: |\n  ${WORKERS}\n  $${x}\n", "8\n${x}\n", true},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = test_parse(rows[i].yaml);
        expect_findings(config, rows[i].yaml, "");
        expect_text(config, "a", rows[i].text);
        ck_assert_msg(node_at(config, "a")->secret == rows[i].secret, "%s", rows[i].yaml);
        hs_config_free(config);
    }
}
END_TEST

/* A file full of them is read in one pass: counting each from the beginning would time the test
 * out. */
START_TEST(test_a_file_full_of_dollar_braces)
{
    struct hs_buffer yaml;
    hs_buffer_init(&yaml, HS_CONFIG_FILE_MAX);
    hs_buffer_append_text(&yaml, "- ");
    while (yaml.size + 3 <= HS_CONFIG_FILE_MAX)
        hs_buffer_append_text(&yaml, "$${");
    struct hs_config *config = hs_config_parse("x", hs_buffer_slice(&yaml), NULL, NULL);
    expect_none(config);
    ck_assert_uint_eq(node_at(config, "0")->text.size, (HS_CONFIG_FILE_MAX - 2) / 3 * 2);
    hs_config_free(config);
    hs_buffer_clear(&yaml);
    hs_buffer_append_text(&yaml, "- ");
    while (yaml.size + 3 <= HS_CONFIG_FILE_MAX)
        hs_buffer_append_text(&yaml, "${}");
    config = hs_config_parse("x", hs_buffer_slice(&yaml), NULL, NULL);
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_uint_eq(findings->count, 1000);
    ck_assert_uint_eq(findings->items[1].column, 3);
    ck_assert_uint_eq(findings->items[2].column, 6);
    ck_assert_uint_eq(findings->items[999].column, 3 + 998 * 3);
    hs_config_free(config);
    hs_buffer_free(&yaml);
}
END_TEST

START_TEST(test_keys_are_taken_as_written)
{
    struct hs_config *config = test_parse("{\"${WORKERS}\": 1}");
    expect_none(config);
    expect_text(config, "${WORKERS}", "1");
    hs_config_free(config);
}
END_TEST

START_TEST(test_the_real_environment_is_the_default)
{
    setenv("HS_TEST_CONFIG_VARIABLE", "from outside", 1);
    struct hs_config *config =
        hs_config_parse("x", HS_SLICE("a: ${HS_TEST_CONFIG_VARIABLE}"), NULL, NULL);
    expect_none(config);
    expect_text(config, "a", "from outside");
    hs_config_free(config);
}
END_TEST

/* Writes a file with these bytes; its name goes into `ret_path`. */
static void write_file(char ret_path[64], struct hs_slice bytes)
{
    strcpy(ret_path, "/tmp/hs-config-XXXXXX");
    int file = mkstemp(ret_path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes.data, bytes.size), (ssize_t)bytes.size);
    close(file);
}

START_TEST(test_files_stand_in_for_texts)
{
    static const struct {
        struct hs_slice bytes;
        const char *text;
    } rows[] = {
        {{"s3cret\n", 7}, "s3cret"},
        {{"s3cret\r\n", 8}, "s3cret"},
        {{"a\nb\n\n", 5}, "a\nb\n"},
        {{"", 0}, ""},
        {{"\n", 1}, ""},
        {{"${PASSWORD}", 11}, "${PASSWORD}"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        char path[64], yaml[128];
        write_file(path, rows[i].bytes);
        snprintf(yaml, sizeof(yaml), "a: \"${file:%s}\"\n", path);
        struct hs_config *config = test_parse(yaml);
        expect_none(config);
        expect_text(config, "a", rows[i].text);
        ck_assert(node_at(config, "a")->secret);
        hs_config_free(config);
        unlink(path);
    }
}
END_TEST

START_TEST(test_files_that_are_no_texts)
{
    char path[64], yaml[128], wanted[256];
    write_file(path, hs_slice("hunter2\0x", 9));
    snprintf(yaml, sizeof(yaml), "a: ${file:%s}\nb: 1\n", path);
    struct hs_config *config = test_parse(yaml);
    snprintf(wanted, sizeof(wanted),
             "test.yaml:1:4: error HS022: `${file:%s}`: the file has NUL bytes, so it is not a "
             "text file\n",
             path);
    expect_findings(config, yaml, wanted);
    ck_assert(node_at(config, "a")->broken);
    expect_text(config, "a", "");
    expect_text(config, "b", "1");
    hs_config_free(config);
    unlink(path);

    config = test_parse(yaml); /* the file is missing */
    ck_assert_uint_eq(hs_config_findings(config)->count, 1);
    ck_assert_ptr_nonnull(strstr(hs_config_findings(config)->items[0].message, path));
    ck_assert_ptr_nonnull(
        strstr(hs_config_findings(config)->items[0].message, "No such file or directory"));
    hs_config_free(config);

    config = test_parse("a: ${file:/tmp}\n");
    ck_assert_uint_eq(hs_config_findings(config)->count, 1);
    hs_config_free(config);
}
END_TEST

START_TEST(test_texts_brought_in_are_bounded)
{
    size_t size = 1u << 20;
    char *text = malloc(size + 1), path[64];
    memset(text, 'x', size + 1);
    write_file(path, hs_slice(text, size));
    struct hs_buffer yaml;
    hs_buffer_init(&yaml, 1u << 16);
    for (unsigned i = 0; i < 17; i++)
        hs_buffer_printf(&yaml, "- ${file:%s}\n", path);
    struct hs_config *config = hs_config_parse("x", hs_buffer_slice(&yaml), NULL, NULL);
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_uint_eq(findings->count, 1);
    ck_assert_uint_eq(findings->items[0].line, 17);
    ck_assert_ptr_nonnull(strstr(findings->items[0].message, "exceed 16777216 bytes altogether"));
    hs_config_free(config);
    unlink(path);

    write_file(path, hs_slice(text, size + 1)); /* larger than a file may be */
    hs_buffer_clear(&yaml);
    hs_buffer_printf(&yaml, "- ${file:%s}\n", path);
    config = hs_config_parse("x", hs_buffer_slice(&yaml), NULL, NULL);
    ck_assert_uint_eq(hs_config_findings(config)->count, 1);
    ck_assert_ptr_nonnull(
        strstr(hs_config_findings(config)->items[0].message, "is larger than 1048576 bytes"));
    hs_config_free(config);
    unlink(path);
    hs_buffer_free(&yaml);
    free(text);
}
END_TEST

/* ---- Files ---- */

START_TEST(test_a_file_is_read_and_known_by_its_bytes)
{
    char path[64], other[64];
    write_file(path, HS_SLICE("a: ${PASSWORD}\n"));
    write_file(other, HS_SLICE("a: ${PASSWORD} \n"));
    struct hs_config *one = hs_config_load(path, test_env, NULL);
    struct hs_config *again = hs_config_load(path, test_env, NULL);
    struct hs_config *two = hs_config_load(other, test_env, NULL);
    expect_none(one);
    expect_text(one, "a", "hunter2hunter2");
    ck_assert_str_eq(hs_config_file(one), path);
    ck_assert_uint_eq(strlen(hs_config_hash(one)), 16);
    ck_assert_uint_eq(strspn(hs_config_hash(one), "0123456789abcdef"), 16);
    ck_assert_str_eq(hs_config_hash(one), hs_config_hash(again));
    ck_assert_str_ne(hs_config_hash(one), hs_config_hash(two));
    hs_config_free(one);
    hs_config_free(again);
    hs_config_free(two);
    hs_config_free(NULL);
    unlink(path);
    unlink(other);
}
END_TEST

START_TEST(test_a_file_that_is_not_there)
{
    struct hs_config *config = hs_config_load("/nowhere/hookstream.yaml", NULL, NULL);
    ck_assert_ptr_null(hs_config_root(config));
    ck_assert_uint_eq(hs_config_findings(config)->errors, 1);
    const struct hs_finding *finding = &hs_config_findings(config)->items[0];
    ck_assert_str_eq(finding->file, "/nowhere/hookstream.yaml");
    ck_assert_uint_eq(finding->line, 0);
    ck_assert_ptr_nonnull(strstr(finding->message, "No such file or directory"));
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("configuration nodes", test_nodes_know_their_place, test_members_stay_in_order,
             test_an_alias_is_the_node_it_names, test_merge_takes_what_is_not_there,
             test_a_fault_behind_an_alias_is_told_once, test_an_alias_bomb_is_refused,
             test_depth_is_bounded_through_aliases_too, test_keys_and_anchors_are_bounded,
             test_a_file_has_a_largest_size, test_what_dollar_braces_become,
             test_a_file_full_of_dollar_braces, test_keys_are_taken_as_written,
             test_the_real_environment_is_the_default, test_files_stand_in_for_texts,
             test_files_that_are_no_texts, test_texts_brought_in_are_bounded,
             test_a_file_is_read_and_known_by_its_bytes, test_a_file_that_is_not_there)
