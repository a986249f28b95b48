/* Findings: their order, their limit, and that no secret is ever in one. */
#include "tables.h"

START_TEST(test_findings_stand_in_the_order_of_their_places)
{
    struct hs_config *config = test_parse("a: 1\nb: 2\n");
    const struct hs_node *a = node_at(config, "a"), *b = node_at(config, "b");
    hs_config_error(config, HS_FINDING_PATTERN, b, "fourth %d", 4);
    hs_config_warning(config, HS_FINDING_PATTERN, a, "second");
    hs_config_error(config, HS_FINDING_PATTERN, NULL, "first");
    hs_config_error(config, HS_FINDING_PATTERN, b,
                    "a fifth: those of one place stay as they were found");
    hs_config_error(config, HS_FINDING_PATTERN, a, "third");
    hs_config_error(config, HS_FINDING_PATTERN, b, "fourth %d", 4);
    hs_config_warning(config, HS_FINDING_PATTERN, a, "second");
    expect_findings(
        config, "",
        "test.yaml: error HS104: first\n"
        "test.yaml:1:4: warning HS104: second\n"
        "test.yaml:1:4: error HS104: third\n"
        "test.yaml:2:4: error HS104: fourth 4\n"
        "test.yaml:2:4: error HS104: a fifth: those of one place stay as they were found\n");
    ck_assert_uint_eq(hs_config_findings(config)->count, 5);
    ck_assert_uint_eq(hs_config_findings(config)->errors, 4);
    hs_config_free(config);
}
END_TEST

START_TEST(test_findings_are_bounded)
{
    struct hs_config *config = test_parse("a: 1\n");
    struct hs_node node = {.kind = HS_NODE_SCALAR, .line = 1};
    for (node.column = 1; node.column < 5000; node.column++)
        hs_config_warning(config, HS_FINDING_PATTERN, &node, "a warning");
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_uint_eq(findings->count, 1000);
    /* A check that ends with a full list must not look like a good one. */
    ck_assert_uint_eq(findings->errors, 1);
    ck_assert_str_eq(findings->items[0].message, "there are more findings than are shown here");
    hs_config_free(config);
}
END_TEST

START_TEST(test_messages_are_bounded_and_harmless)
{
    struct hs_config *config = test_parse("a: 1\n");
    char *long_text = malloc(10001);
    for (size_t i = 0; i < 10000; i += 2)
        memcpy(long_text + i, "\xC3\xA4", 2);
    long_text[10000] = '\0';
    hs_config_error(config, HS_FINDING_PATTERN, NULL, "x%s", long_text);
    hs_config_error(config, HS_FINDING_PATTERN, NULL, "%s",
                    "a\nb\x1b[2J\x7f\xC2\x9b\xE2\x80\xAE\xFF");
    const struct hs_findings *findings = hs_config_findings(config);
    size_t size = strlen(findings->items[0].message);
    ck_assert_uint_gt(size, 1000);
    ck_assert_uint_lt(size, 4096);
    ck_assert_uint_eq(size % 2, 1); /* no half of a character at its end */
    ck_assert_str_eq(findings->items[1].message, "a?b?[2J????");
    free(long_text);
    hs_config_free(config);
}
END_TEST

START_TEST(test_quotes)
{
    struct hs_config *config = test_parse("{a: text, b: [x], c: {d: e}, f: ${PASSWORD}}");
    hs_config_free(config);
    config = test_parse("a: text\nb: [x]\nc: {d: e}\nf: ${PASSWORD}\ng: \"\"\nh:\n");
    static const struct {
        const char *path, *quote;
    } rows[] = {
        {"a", "`text`"},        {"b", "a list"},  {"c", "a mapping"},  {"f", "`(secret)`"},
        {"g", "an empty text"}, {"h", "nothing"}, {"none", "nothing"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_str_eq(hs_config_quote(config, node_at(config, rows[i].path)), rows[i].quote);
    hs_config_free(config);
}
END_TEST

static void check_prints_its_token(struct hs_config *config, const struct hs_node *node,
                                   void *bound)
{
    hs_config_error(config, HS_FINDING_PATTERN, hs_node_get(node, "token"), "no good: %s",
                    hs_config_quote(config, hs_node_get(node, "token")));
}

/* hunter2hunter2 gets into every kind of option, from the file, the environment, an alias: it must
 * not be printed. Each row must produce a finding, otherwise it proves nothing. */
START_TEST(test_no_secret_is_printed)
{
    static const char *const rows[] = {
        "server: {workers: \"${PASSWORD}\"}",
        "server: {count: \"x${PASSWORD}\"}",
        "server: {size: \"1${PASSWORD}\"}",
        "server: {time: \"30${PASSWORD}\"}",
        "server: {quick: \"${PASSWORD}\"}",
        "server: {mode: \"${PASSWORD}\"}",
        "server: {mode: \"${NOBODY:-hunter2hunter2}\"}",
        "server: {listen: \"${PASSWORD}\"}",
        "server: {listen: \"${PASSWORD}:99999\"}",
        "server: \"${PASSWORD}\"",
        "sinks: \"${PASSWORD}\"",
        "sinks: {a: \"${PASSWORD}\"}",
        "sinks: {a: {type: \"${PASSWORD}\"}}",
        "rules: \"${PASSWORD}\"",
        "rules: [\"${PASSWORD}\"]",
        "properties: \"${PASSWORD}\"",
        "free: {<<: \"${PASSWORD}\"}",
        "a: &a \"${PASSWORD}\"\nserver: {mode: *a}",
        "${PASSWORD}",
        "free: hunter2${hunter2hunter2!}",
        "free: hunter2hunter2${",
        "server: {token: [hunter2hunter2]}",
        "server: {token: {hunter2hunter2: hunter2hunter2}}",
        "server: {token: hunter2hunter2, token: hunter2hunter2}",
        "server: {tokn: hunter2hunter2}",
        "secrets: {a: hunter2hunter2}",
        "secrets: [[hunter2hunter2], hunter2hunter2]",
        "server:\n  token: hunter2hunter2: x",
        "server:\n  token: 'hunter2hunter2",
        "server:\n  token: @hunter2hunter2",
        "server:\n  token: *hunter2hunter2",
        "server:\n  token: !hunter2hunter2",
        "server:\n  token: \"hunter2hunter2\\0\"",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct test_settings settings;
        struct hs_config *config = test_bind(rows[i], &settings);
        char *text = test_print(config);
        ck_assert_msg(strstr(text, "hunter2hunter2") == NULL, "%s\n%s", rows[i], text);
        ck_assert_msg(hs_config_findings(config)->errors > 0, "%s", rows[i]);
        free(text);
        hs_config_free(config);
    }
}
END_TEST

/* Written in the file itself: once bound it is a secret for every later message. */
START_TEST(test_a_bound_secret_is_hidden_from_checks)
{
    struct hs_options table = test_server_table;
    table.check = check_prints_its_token;
    struct test_server bound;
    struct hs_config *config = test_parse("token: hunter2hunter2\n");
    hs_config_bind(config, hs_config_root(config), &table, &bound);
    ck_assert_str_eq(bound.token, "hunter2hunter2");
    expect_findings(config, "", "test.yaml:1:8: error HS104: no good: `(secret)`\n");
    hs_config_free(config);
}
END_TEST

START_TEST(test_a_broken_node_is_told_of_once)
{
    struct hs_config *config = test_parse("a: ${NOBODY}\nb: *none\n");
    hs_config_error(config, HS_FINDING_PATTERN, node_at(config, "a"), "no good");
    hs_config_warning(config, HS_FINDING_PATTERN, node_at(config, "b"), "no good");
    ck_assert_uint_eq(hs_config_findings(config)->count, 2);
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("findings", test_findings_stand_in_the_order_of_their_places,
             test_findings_are_bounded, test_messages_are_bounded_and_harmless, test_quotes,
             test_no_secret_is_printed, test_a_bound_secret_is_hidden_from_checks,
             test_a_broken_node_is_told_of_once)
