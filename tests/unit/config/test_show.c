/* How a finding is shown: its line of the file with a caret, never a secret; the position in the
 * file of a byte of a text; the pages of the codes. */
#include "tables.h"

/* ---- The place of a byte ---- */

START_TEST(test_a_byte_of_a_text_has_its_place_in_the_file)
{
    static const struct {
        const char *yaml, *word; /* the position of `word` in a's text is wanted */
        unsigned line, column;
    } rows[] = {
        {"a: one two", "two", 1, 8},
        {"a: \"one two\"", "two", 1, 9},
        {"a: 'it''s two'", "two", 1, 11},
        {"a: \"one \\\"q\\\" two\"", "two", 1, 15},
        {"a: \xC3\xA4\xC3\xA4 two", "two", 1, 7},
        {"a: !!str one two", "two", 1, 14},
        {"a: &x 'one two'", "two", 1, 12},
        {"a: one\n  and two", "two", 2, 7},
        {"a: \"one\n\n  and two\"", "two", 3, 7},
        {"a: \"one \\\n  two\"", "two", 2, 3},
        {"a: \"one\\n  two\"", "two", 1, 12},
        {"a: |\n  one\n  and two\n", "two", 3, 7},
        {"a: >-\n  one\n  and\n\n  two\n", "two", 5, 3},
        {"a: >2-\n    one\n    two\n", "two", 3, 5},
        {"a:\r\n  one\r\n  two", "two", 3, 3},
        {"# first\na: one two", "one", 2, 4},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = test_parse(rows[i].yaml);
        const struct hs_node *node = node_at(config, "a");
        const char *at = strstr(node->text.data, rows[i].word);
        ck_assert_ptr_nonnull(at);
        unsigned line = 0, column = 0;
        ck_assert_msg(hs_config_place(config, node, (size_t)(at - node->text.data), &line, &column),
                      "%s", rows[i].yaml);
        ck_assert_msg(line == rows[i].line && column == rows[i].column, "%s: %u:%u", rows[i].yaml,
                      line, column);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_a_place_that_cannot_be_said_is_not_said)
{
    static const char *const rows[] = {"a: one ${TEXT} two", "a: \"\\x6fne two\"", "a: [one]"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = test_parse(rows[i]);
        unsigned line = 7, column = 7;
        ck_assert_msg(!hs_config_place(config, node_at(config, "a"), 3, &line, &column), "%s",
                      rows[i]);
        ck_assert_uint_eq(line + column, 14);
        hs_config_free(config);
    }
}
END_TEST

/* ---- The line and its caret ---- */

static char *show(struct hs_config *config)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1u << 20);
    hs_config_show_findings(config, &text);
    char *copy = hs_slice_dup(hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return copy;
}

/* The text shown below a finding at the node of `path`. */
static void expect_shown(const char *yaml, const char *path, const char *wanted)
{
    struct hs_config *config = test_parse(yaml);
    hs_config_error(config, HS_FINDING_PATTERN, node_at(config, path), "wrong");
    char *got = show(config);
    const char *below = strchr(got, '\n');
    ck_assert_ptr_nonnull(below);
    if (strcmp(below + 1, wanted) != 0)
        ck_abort_msg("%s\ngot:\n%s\nwant:\n%s", yaml, below + 1, wanted);
    free(got);
    hs_config_free(config);
}

START_TEST(test_a_caret_stands_under_the_place)
{
    expect_shown("a: {b: x}", "a.b", "    1 | a: {b: x}\n      |        ^\n");
    expect_shown("\xC3\xA4: x\nb: {\xC3\xA4: y}", "b.\xC3\xA4",
                 "    2 | b: {\xC3\xA4: y}\n      |        ^\n");
    expect_shown("a: ${TEXT}", "a", "    1 | a: ${TEXT}\n      |    ^\n");
    expect_shown("a: [\tx]", "a.0", "    1 | a: [\tx]\n      |     \t^\n");
}
END_TEST

START_TEST(test_a_long_line_is_cut_around_the_place)
{
    char yaml[2048];
    int size = snprintf(yaml, sizeof(yaml), "a: [%01000d, x, %0500d]", 0, 0);
    ck_assert_int_lt(size, (int)sizeof(yaml));
    struct hs_config *config = test_parse(yaml);
    hs_config_error(config, HS_FINDING_PATTERN, node_at(config, "a.1"), "wrong");
    char *got = show(config);
    ck_assert_uint_lt(strlen(got), 400);
    ck_assert_ptr_nonnull(strstr(got, "    1 | ...000"));
    ck_assert_ptr_nonnull(strstr(got, "0, x, 0"));
    char *caret = strchr(got, '^'), *line = strstr(got, "    1 | "),
         *below = strchr(line, '\n') + 1;
    ck_assert_int_eq(line[caret - below], 'x');
    free(got);
    hs_config_free(config);
}
END_TEST

/* ---- Secrets ---- */

START_TEST(test_no_line_with_a_secret_is_shown)
{
    static const struct {
        const char *yaml, *path;
    } rows[] = {
        {"password: hunter2hunter2", "password"},
        {"{a: x, password: hunter2hunter2}", "a"},
        {"secrets:\n  - hunter2hunter2", "secrets.0"},
        {"secrets:\n- hunter2hunter2", "secrets.0"},
        {"secrets: [x,\n  hunter2hunter2]", "secrets.1"},
        {"verify:\n  secrets:\n    - a\n    - >-\n      hunter2hunter2\n", "verify.secrets.1"},
        {"token: |\n  hunter2hunter2\n", "token"},
        {"properties:\n  sasl.password: hunter2hunter2\n", "properties"},
        {"properties: {ssl.key.pem: hunter2hunter2}", "properties"},
        {"url: redis://me:hunter2hunter2@redis:6379", "url"},
        {"x: [\"redis://me:hunter2hunter2@redis\"]", "x.0"},
        {"password: \"${NOT_SET:-hunter2hunter2}\"", "password"},
        {"Passwd: hunter2hunter2", "Passwd"},
        {"properties: {sasl.pasword: hunter2hunter2}", "properties"},
        {"\"client_secret\" : hunter2hunter2", "client_secret"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = test_parse(rows[i].yaml);
        const struct hs_node *node = node_at(config, rows[i].path);
        ck_assert_msg(node != NULL, "%s", rows[i].yaml);
        for (unsigned line = 1; line < 8; line++) {
            struct hs_node place = *node;
            place.line = line;
            hs_config_error(config, HS_FINDING_PATTERN, &place, "wrong");
        }
        char *got = show(config);
        ck_assert_msg(strstr(got, "hunter2") == NULL, "%s\n%s", rows[i].yaml, got);
        free(got);
        hs_config_free(config);
    }
}
END_TEST

/* Neutral names, so that only the binding can tell. */
struct plain {
    const char *phrase;
    struct hs_strings words;
    uint64_t time;
};

static const struct hs_option plain_rows[] = {
    {.name = "phrase", .kind = HS_OPTION_SECRET, .offset = offsetof(struct plain, phrase)},
    {.name = "words", .kind = HS_OPTION_SECRETS, .offset = offsetof(struct plain, words)},
    {.name = "time", .kind = HS_OPTION_DURATION, .offset = offsetof(struct plain, time)},
};

static const struct hs_options plain_table = {
    .name = "plain",
    .options = plain_rows,
    .option_count = HS_ARRAY_SIZE(plain_rows),
    .struct_size = sizeof(struct plain),
    .node_offset = SIZE_MAX,
};

START_TEST(test_what_was_bound_as_a_secret_is_not_shown_by_any_name)
{
    static const char *const rows[] = {
        "{phrase: hunter2hunter2, time: 5}",
        "phrase: &p hunter2hunter2\ntime: *p",
        "{words: [a, hunter2hunter2], time: 5}",
        "words: [a, \"hunter2\n  hunter2\"]\ntime: 5",
        "time: 5\nwords:\n  - hunter2hunter2\n  - {hunter2: b}",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct plain bound;
        struct hs_config *config = test_parse(rows[i]);
        hs_config_bind(config, hs_config_root(config), &plain_table, &bound);
        struct hs_node place = {.kind = HS_NODE_SCALAR, .column = 1};
        for (place.line = 1; place.line < 5; place.line++)
            hs_config_error(config, HS_FINDING_PATTERN, &place, "wrong");
        char *got = show(config);
        ck_assert_ptr_nonnull(strstr(got, "HS037"));
        ck_assert_msg(strstr(got, "hunter2") == NULL, "%s\n%s", rows[i], got);
        free(got);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_the_name_of_a_secret_may_be_shown)
{
    expect_shown("secrets: [\"${PASSWORD}\", x]", "secrets.1", "");
    expect_shown("password: \"${PASSWORD}\"", "password",
                 "    1 | password: \"${PASSWORD}\"\n      |           ^\n");
}
END_TEST

/* ---- Pages ---- */

START_TEST(test_pages_stand_by_their_numbers_and_are_whole)
{
    size_t count;
    const struct hs_finding_page *pages = hs_finding_pages(&count);
    ck_assert_uint_gt(count, 80);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(i == 0 || pages[i - 1].code < pages[i].code, "HS%03u", pages[i].code);
        ck_assert(pages[i].title[0] != '\0' && pages[i].meaning[0] != '\0');
        ck_assert_msg(pages[i].advice[0] != '\0', "HS%03u", pages[i].code);
        ck_assert(pages[i].wrong[0] == '\0' || pages[i].right[0] != '\0');
        ck_assert_ptr_eq(hs_finding_page(pages[i].code), &pages[i]);
    }
}
END_TEST

START_TEST(test_a_page_is_found_by_what_people_type)
{
    static const char *const words[] = {"HS030", "hs30", "30", "Hs0030"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++)
        ck_assert_ptr_eq(hs_finding_find(hs_slice_text(words[i])),
                         hs_finding_page(HS_FINDING_UNKNOWN_KEY));
    static const char *const others[] = {"",    "HS",     "HS999",
                                         "-30", "HS030x", "99999999999999999999"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(others); i++)
        ck_assert_msg(hs_finding_find(hs_slice_text(others[i])) == NULL, "%s", others[i]);
}
END_TEST

START_TEST(test_a_page_has_the_wrong_and_the_right_in_lines_of_a_terminal)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1u << 20);
    hs_finding_explain(hs_finding_page(HS_FINDING_UNKNOWN_KEY), &text);
    char *page = hs_slice_dup(hs_buffer_slice(&text));
    ck_assert_int_eq(strncmp(page, "HS030: a key that is not known here\n\n", 37), 0);
    ck_assert_ptr_nonnull(strstr(page, "\nWrong:\n\n    sinks:\n"));
    ck_assert_ptr_nonnull(strstr(page, "\nRight:\n\n    sinks:\n"));
    ck_assert_ptr_nonnull(strstr(page, "\nWhat to do:\n"));
    for (char *line = page, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        ck_assert_int_le(end - line, 100);
    free(page);
    hs_buffer_free(&text);
}
END_TEST

HS_TEST_MAIN("what people see of findings", test_a_byte_of_a_text_has_its_place_in_the_file,
             test_a_place_that_cannot_be_said_is_not_said, test_a_caret_stands_under_the_place,
             test_a_long_line_is_cut_around_the_place, test_no_line_with_a_secret_is_shown,
             test_what_was_bound_as_a_secret_is_not_shown_by_any_name,
             test_the_name_of_a_secret_may_be_shown,
             test_pages_stand_by_their_numbers_and_are_whole,
             test_a_page_is_found_by_what_people_type,
             test_a_page_has_the_wrong_and_the_right_in_lines_of_a_terminal)
