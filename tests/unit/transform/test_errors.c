/* Broken `transform:` lists: position and text of the finding. */
#include "edit.h"

static const struct {
    const char *yaml;
    unsigned line, column;
    const char *words;
} rows[] = {
    {"transform: {remove: [data.x]}", 1, 12, "start each with \"- \""},
    {"transform: remove", 1, 12, "list of operations"},
    {"transform:\n  - data.x", 2, 5, "an item is a mapping"},
    {"transform:\n  - {}", 2, 5, "has no operation"},
    {"transform:\n  - when: data.x exists", 2, 5, "has no operation"},
    {"transform:\n  - remov: [data.x]", 2, 5, "did you mean `remove`?"},
    {"transform:\n  - drop: [data.x]", 2, 5, "did you mean `remove`, as in `remove: ["},
    {"transform:\n  - delete: [data.x]", 2, 5, "did you mean `remove`, as in"},
    {"transform:\n  - mv: {data.x: y}", 2, 5, "did you mean `rename`, as in `rename: {"},
    {"transform:\n  - move: {data.x: y}", 2, 5, "did you mean `rename`, as in"},
    {"transform:\n  - add: {data.x: 1}", 2, 5, "did you mean `set`, as in `set: {"},
    {"transform:\n  - lowercase: [data.x]", 2, 5, "did you mean `lower`, as in"},
    {"transform:\n  - uppercase: [data.x]", 2, 5, "did you mean `upper`, as in"},
    {"transform:\n  - strip: [data.x]", 2, 5, "did you mean `trim`, as in"},
    {"transform:\n  - cut: [data.x]", 2, 5, "did you mean `truncate`, as in"},
    {"transform:\n  - pick: [data.x]", 2, 5, "did you mean `keep`, as in"},
    {"transform:\n  - only: [data.x]", 2, 5, "did you mean `keep`, as in"},
    {"transform:\n  - anonymize: [data.x]", 2, 5, "did you mean `hash`, as in `hash: {fields: ["},
    {"transform:\n  - Pseudonymize: [data.x]", 2, 5, "did you mean `hash`, as in"},
    {"transform:\n  - remove: [data.x]\n    keep: [id]", 3, 5, "start another with \"- keep:\""},
    {"transform:\n  - remove: [data.x]\n    on_eror: skip", 3, 5, "did you mean `on_error`?"},
    {"transform:\n  - remove: [data.x]\n    on_error: ignore", 3, 15, "`dead_letter` or `skip`"},
    {"transform:\n  - remove: [data.x]\n    when: data.x = 1", 3, 18, "`==` was expected"},
    {"transform:\n  - remove:", 2, 5, "is empty: write it"},
    {"transform:\n  - remove: []", 2, 13, "no field is given"},
    {"transform:\n  - remove: [\"data..x\"]", 2, 14, "is not a path"},
    {"transform:\n  - remove: [\"{data.x}\"]", 2, 14, "without braces"},
    {"transform:\n  - keep: [\"data.x[\"]", 2, 12, "is not a path"},
    {"transform:\n  - rename: [data.x]", 2, 13, "takes a mapping"},
    {"transform:\n  - rename: {data.x: [y]}", 2, 22, "path was expected"},
    {"transform:\n  - rename: {data..x: y}", 2, 14, "is not a path"},
    {"transform:\n  - copy: data.x", 2, 11, "takes a mapping"},
    {"transform:\n  - set: [data.x]", 2, 10, "takes a mapping"},
    {"transform:\n  - rename: {}", 2, 13, "an empty one"},
    {"transform:\n  - rename: {data.x: data.y}", 2, 22, "a name, not a path"},
    {"transform:\n  - rename: {\"data[0]\": y}", 2, 14, "which has no name"},
    {"transform:\n  - copy: {\"data[*].x\": data.y}", 2, 12, "many places"},
    {"transform:\n  - copy: {data.x: \"data[*].y\"}", 2, 20, "many places"},
    {"transform:\n  - set: {\"data[*].x\": 1}", 2, 11, "many places"},
    {"transform:\n  - set: {data.x: [1]}", 2, 19, "one value"},
    {"transform:\n  - set: {data.x: {data.y: }}", 2, 19, "quote a template"},
    {"transform:\n  - set: {data.x: }", 2, 19, " value"},
    {"transform:\n  - set: {data.x: \"{data.y\"}", 2, 20, "no }"},
    {"transform:\n  - set: {data.x: \"{typ}\"}", 2, 21, "did you mean `type`?"},
    {"transform:\n  - redact: {field: [data.x], fields: [data.x]}", 2, 14, "unknown key `field`"},
    {"transform:\n  - mask: {fields: [data.x], keep_last: x}", 2, 41, "not a whole number"},
    {"transform:\n  - mask: {fields: [data.x], keep_last: 2000}", 2, 41, "keep_last"},
    {"transform:\n  - mask: {fields: [data.x], with: ab}", 2, 36, "one character"},
    {"transform:\n  - mask: {fields: [data.x], with: \"\"}", 2, 36, "one character"},
    {"transform:\n  - hash: [data.x]", 2, 11, "key"},
    {"transform:\n  - hash: {fields: [data.x]}", 2, 11, "key"},
    {"transform:\n  - hash: {fields: [data.x], key: \"\"}", 2, 35, "key is empty"},
};

START_TEST(test_each_fault_at_its_place)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = edit_config(rows[i].yaml);
        const struct hs_node *node = hs_node_get(hs_config_root(config), "transform");
        ck_assert_ptr_null(hs_transform_compile(config, node));
        edit_expect_finding(config, rows[i].yaml, rows[i].line, rows[i].column, rows[i].words);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_all_faults_in_one_go)
{
    static const char yaml[] = "transform:\n"
                               "  - remov: [data.x]\n"
                               "  - keep: [\"data..x\", \"{y}\"]\n"
                               "  - set: {data.x: \"{a}{b}\", \"data[*]\": 1}\n";
    struct hs_config *config = edit_config(yaml);
    ck_assert_ptr_null(
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
    /* Only the first fault of a template is reported. */
    ck_assert_uint_eq(hs_config_findings(config)->errors, 5);
    hs_config_free(config);
}
END_TEST

START_TEST(test_a_secret_is_not_printed)
{
    static const char *const lists[] = {
        "[{remove: [\"${SECRET}}\"]}]",
        "[{remove: [\"${SECRET}\"]}]",
        "[{keep: [\"data.${BROKEN}\"]}]",
        "[{rename: {data.x: \"data.${BROKEN}\"}}]",
        "[{set: {data.x: \"${SECRET}}\"}}]",
        "[{remove: [x], when: \"${SECRET} == 1\"}]",
        "[{remove: [x], on_error: \"${SECRET}\"}]",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(lists); i++) {
        char yaml[256];
        snprintf(yaml, sizeof(yaml), "transform: %s\n", lists[i]);
        struct hs_config *config = edit_config(yaml);
        ck_assert_ptr_null(
            hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
        struct hs_buffer text;
        hs_buffer_init(&text, 1 << 16);
        hs_config_print_findings(config, &text);
        hs_buffer_append_byte(&text, '\0');
        ck_assert_msg(strstr(text.data, "hunter2") == NULL && strstr(text.data, "hidden") == NULL &&
                          strstr(text.data, "error") != NULL,
                      "%s\n%s", yaml, text.data);
        hs_buffer_free(&text);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_too_many)
{
    static char yaml[8192] = "transform:\n";
    for (int i = 0; i < 65; i++)
        strcat(yaml, "  - remove: [data.x]\n");
    struct hs_config *config = edit_config(yaml);
    ck_assert_ptr_null(
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
    edit_expect_finding(config, yaml, 66, 5, "at most 64 items");
    hs_config_free(config);
    strcpy(yaml, "transform:\n  - remove:\n");
    for (int i = 0; i < 257; i++)
        strcat(yaml, "    - data.x\n");
    config = edit_config(yaml);
    ck_assert_ptr_null(
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
    edit_expect_finding(config, yaml, 259, 7, "at most 256 fields");
    hs_config_free(config);
    strcpy(yaml, "transform:\n  - rename:\n");
    for (int i = 0; i < 257; i++)
        sprintf(yaml + strlen(yaml), "      a%d: b\n", i);
    config = edit_config(yaml);
    ck_assert_ptr_null(
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform")));
    edit_expect_finding(config, yaml, 259, 7, "at most 256 fields");
    hs_config_free(config);
}
END_TEST

START_TEST(test_the_manual_names_every_operation)
{
    static const char *const names[] = {"`remove`", "`keep`", "`rename`", "`copy`",    "`set`",
                                        "`redact`", "`mask`", "`hash`",   "{received}"};
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_transform_manual(&page);
    hs_buffer_append_byte(&page, '\0');
    ck_assert_int_eq(hs_buffer_status(&page), 0);
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++)
        ck_assert_msg(strstr(page.data, names[i]) != NULL, "%s", names[i]);
    hs_buffer_free(&page);
}
END_TEST

HS_TEST_MAIN("broken transformations", test_each_fault_at_its_place, test_all_faults_in_one_go,
             test_a_secret_is_not_printed, test_too_many, test_the_manual_names_every_operation)
