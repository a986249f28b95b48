/* Templates: their expansion, their failures, and the messages about invalid ones. */
#include "edit.h"

#define BODY                                                                                       \
    "{\"id\":\"whk_1\",\"type\":\"queue.consumer.admitted\","                                      \
    "\"timestamp\":\"2024-12-01T10:00:00Z\",\"organizationId\":\"org_\\u0031\","                   \
    "\"data\":{\"queueId\":\"q 1\",\"amount\":149.90,\"big\":12345678901234567890,"                \
    "\"yes\":true,\"none\":null,\"list\":[\"a\",{\"b\":\"c\"}],\"a.b\":\"dotted\","                \
    "\"esc\":\"x\\u0000y\\n\\\"\\ud83d\\ude00\",\"empty\":\"\"}}"

/* Expands `text`; returns the code. */
static int expand(const char *text, struct hs_slice event_body, struct hs_buffer *ret_text)
{
    struct hs_config *config = edit_config("x: y");
    struct hs_template *tmpl = hs_template_compile(config, NULL, hs_slice_text(text));
    ck_assert_msg(tmpl != NULL, "%s", text);
    struct hs_event event = edit_event(event_body);
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &event);
    int code = hs_template_expand(tmpl, work, ret_text);
    hs_work_free(work);
    hs_template_free(tmpl);
    hs_config_free(config);
    return code;
}

START_TEST(test_expands)
{
    static const struct {
        const char *text;
        struct hs_slice want;
    } rows[] = {
        {"", HS_SLICE("")},
        {"fanfare.queue", HS_SLICE("fanfare.queue")},
        {"{id}|{type}|{family}|{source}", HS_SLICE("whk_1|queue.consumer.admitted|queue|fanfare")},
        {"{received}", HS_SLICE("2026-11-23T09:15:00.123Z")},
        {"{time} {organizationId}", HS_SLICE("2024-12-01T10:00:00Z org_1")},
        {"fanfare:{data.queueId}!", HS_SLICE("fanfare:q 1!")},
        {"{data.amount}/{data.big}/{data.yes}", HS_SLICE("149.90/12345678901234567890/true")},
        {"{data.list[0]}{data.list[1].b}", HS_SLICE("ac")},
        {"{body.data.queueId} {body.organizationId}", HS_SLICE("q 1 org_1")},
        {"{data[\"a.b\"]}", HS_SLICE("dotted")},
        {"{data.esc}", HS_SLICE("x\0y\n\"\xF0\x9F\x98\x80")},
        {"{data.nope|none}", HS_SLICE("none")},
        {"{data.none|null counts as missing}", HS_SLICE("null counts as missing")},
        {"{data.nope|}", HS_SLICE("")},
        {"{data.nope|a|b}", HS_SLICE("a|b")},
        {"{data.empty|x}", HS_SLICE("")},
        {"{ data.queueId }", HS_SLICE("q 1")},
        {"{{{data.queueId}}}", HS_SLICE("{q 1}")},
        {"{{}}", HS_SLICE("{}")},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_buffer text;
        hs_buffer_init(&text, 4096);
        hs_buffer_append_text(&text, "before:");
        int code = expand(rows[i].text, HS_SLICE(BODY), &text);
        ck_assert_msg(code == 0, "%s: %s", rows[i].text, hs_error_text());
        ck_assert_msg(hs_slice_equal(hs_slice(text.data + 7, text.size - 7), rows[i].want),
                      "%s gave %.*s", rows[i].text, (int)text.size, text.data);
        hs_buffer_free(&text);
    }
}
END_TEST

START_TEST(test_fails_in_words_and_leaves_the_text)
{
    static const struct {
        const char *text;
        int code;
        const char *words;
    } rows[] = {
        {"a{data.nope}", -ENOENT, "no {data.nope}"},
        {"a{body.nope}", -ENOENT, "no {body.nope}"},
        {"a{data.none}", -ENOENT, "null"},
        {"{data.queueId}{data.list}", -EINVAL, "{data.list} is an array"},
        {"{data}", -EINVAL, "{data} is an object"},
        {"{data.list[7]}", -ENOENT, "data.list[7]"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_buffer text;
        hs_buffer_init(&text, 4096);
        hs_buffer_append_text(&text, "kept");
        ck_assert_int_eq(expand(rows[i].text, HS_SLICE(BODY), &text), rows[i].code);
        ck_assert_msg(strstr(hs_error_text(), rows[i].words) != NULL, "%s", hs_error_text());
        ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("kept")));
        hs_buffer_free(&text);
    }
}
END_TEST

START_TEST(test_words_of_the_record_need_no_json)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 4096);
    ck_assert_int_eq(expand("{id} {type} {source}", HS_SLICE("not json"), &text), 0);
    ck_assert_int_eq(expand("{time|}", HS_SLICE("not json"), &text), -EINVAL);
    ck_assert_msg(strstr(hs_error_text(), "not JSON") != NULL, "%s", hs_error_text());
    ck_assert_int_eq(expand("{data.x|}", HS_SLICE("{\"a\":"), &text), -EINVAL);
    hs_buffer_free(&text);
}
END_TEST

START_TEST(test_envelope_members_may_be_missing)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 4096);
    ck_assert_int_eq(expand("{time|}", HS_SLICE("{\"data\":{}}"), &text), 0);
    ck_assert_int_eq(expand("{organizationId}", HS_SLICE("{\"organizationId\":null}"), &text),
                     -ENOENT);
    ck_assert_int_eq(expand("{time}", HS_SLICE("{\"timestamp\":1764582900}"), &text), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("1764582900")));
    hs_buffer_free(&text);
}
END_TEST

START_TEST(test_literal)
{
    struct hs_config *config = edit_config("x: y");
    struct hs_template *literal = hs_template_compile(config, NULL, HS_SLICE("a{{b}}"));
    struct hs_template *varies = hs_template_compile(config, NULL, HS_SLICE("{id}"));
    ck_assert(hs_template_is_literal(literal));
    ck_assert(!hs_template_is_literal(varies));
    struct hs_buffer text;
    hs_buffer_init(&text, 100);
    ck_assert_int_eq(hs_template_expand(literal, NULL, &text), 0); /* needs no event */
    ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("a{b}")));
    hs_buffer_free(&text);
    hs_template_free(literal);
    hs_template_free(varies);
    hs_template_free(NULL);
    hs_config_free(config);
}
END_TEST

static void note_fixed(void *context, struct hs_slice text, size_t before, bool first)
{
    char *notes = context;
    size_t size = strlen(notes);
    snprintf(notes + size, 200 - size, "%.*s:%zu%s ", HS_SLICE_ARG(text), before,
             first ? " first" : "");
}

START_TEST(test_fixed_texts_are_visited)
{
    static const struct {
        const char *text, *notes;
    } rows[] = {
        {"ab{{{id}c{type|none}de", "ab{:0 first c:3 none:4 de:4 "},
        {"{id|x}{type|y}z", "x:0 first y:0 z:0 "},
        {"a{id|x}", "a:0 first x:1 "},
        {"{id}", ""},
        {"plain", "plain:0 first "},
    };
    struct hs_config *config = edit_config("x: y");
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_template *tmpl = hs_template_compile(config, NULL, hs_slice_text(rows[i].text));
        char notes[200] = "";
        hs_template_fixed(tmpl, note_fixed, notes);
        ck_assert_str_eq(notes, rows[i].notes);
        hs_template_free(tmpl);
    }
    hs_config_free(config);
}
END_TEST

START_TEST(test_what_is_wrong_is_said_at_its_column)
{
    static const struct {
        const char *yaml;
        unsigned column;
        const char *words;
    } rows[] = {
        {"t: \"{data.queueId\"", 5, "no }"},
        {"t: \"ab{data.x{id}\"", 7, "no }"},
        {"t: \"{data.x|none\"", 5, "no }"},
        {"t: \"ab}\"", 7, "no {"},
        {"t: \"{}\"", 5, "no field"},
        {"t: \"{|x}\"", 5, "no field"},
        {"t: \"{ }\"", 5, "no field"},
        {"t: x-{typ}", 7, "did you mean `type`?"},
        {"t: x-{timestamp}", 7, "did you mean `time`?"},
        {"t: x-{dat.orderId}", 7, "did you mean `data.orderId`?"},
        {"t: x-{orderId}", 7, "start with `data.`"},
        {"t: x-{id.x}", 7, "`id` has no parts"},
        {"t: x-{data.}", 7, "is not a path"},
        {"t: x-{data..a}", 7, "is not a path"},
        {"t: x-{data[*]}", 7, "many values"},
        {"t: \"\xC3\xBC{idd}\"", 7, "unknown field `idd`"},
        {"t: '''{idd}'", 8, "unknown field `idd`, did you mean `id`?"},
        {"t: \"\\x7bidd}\"", 4,
         "unknown field `idd`, did you mean `id`? (character 2 of the text)"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = edit_config(rows[i].yaml);
        const struct hs_node *node = hs_node_get(hs_config_root(config), "t");
        ck_assert_ptr_null(hs_template_compile(config, node, node->text));
        edit_expect_finding(config, rows[i].yaml, 1, rows[i].column, rows[i].words);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_a_secret_is_not_printed)
{
    static const char yaml[] = "t: \"${SECRET}x}\"";
    struct hs_config *config = edit_config(yaml);
    const struct hs_node *node = hs_node_get(hs_config_root(config), "t");
    ck_assert_ptr_null(hs_template_compile(config, node, node->text));
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_uint_eq(findings->count, 1);
    ck_assert_ptr_null(strstr(findings->items[0].message, "hidden"));
    hs_config_free(config);
}
END_TEST

START_TEST(test_doubled_braces_are_warned_of)
{
    static const char yaml[] = "t: \"{{data.x}}\"";
    struct hs_config *config = edit_config(yaml);
    const struct hs_node *node = hs_node_get(hs_config_root(config), "t");
    struct hs_template *tmpl = hs_template_compile(config, node, node->text);
    ck_assert_ptr_nonnull(tmpl);
    edit_expect_finding(config, yaml, 1, 4, "single braces, {data.x}");
    ck_assert_int_eq(hs_config_findings(config)->items[0].severity, HS_FINDING_WARNING);
    hs_template_free(tmpl);
    hs_config_free(config);
}
END_TEST

START_TEST(test_bounds)
{
    struct hs_config *config = edit_config("x: y");
    char text[5000];
    memset(text, 'x', sizeof(text));
    ck_assert_ptr_null(hs_template_compile(config, NULL, hs_slice(text, 4097)));
    for (size_t i = 0; i < 65; i++)
        memcpy(text + i * 4, "{id}", 4);
    ck_assert_ptr_null(hs_template_compile(config, NULL, hs_slice(text, 65 * 4)));
    struct hs_template *tmpl = hs_template_compile(config, NULL, hs_slice(text, 64 * 4));
    ck_assert_ptr_nonnull(tmpl);
    hs_template_free(tmpl);
    ck_assert_uint_eq(hs_config_findings(config)->count, 2);
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("templates", test_expands, test_fails_in_words_and_leaves_the_text,
             test_words_of_the_record_need_no_json, test_envelope_members_may_be_missing,
             test_literal, test_fixed_texts_are_visited, test_what_is_wrong_is_said_at_its_column,
             test_a_secret_is_not_printed, test_doubled_braces_are_warned_of, test_bounds)
