/* Test cases: the tables, and YAML to JSON. */
#include "test_cases.h"

#include <hookstream/json.h>

#define ROW(word, what, type, field, text)                                                         \
    {                                                                                              \
        .name = (word), .kind = (what), .offset = offsetof(type, field), .help = (text)            \
    }

static const struct hs_option message_rows[] = {
    ROW("sink", HS_OPTION_STRING, struct hs_test_message, sink, "The sink's name."),
#define HS_SINK_KIND(name, destination)                                                            \
    ROW(#destination, HS_OPTION_STRING, struct hs_test_message,                                    \
        destinations[HS_SINK_INDEX_##name], "Of a " #name " sink."),
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
    ROW("key", HS_OPTION_STRING, struct hs_test_message, key, "The key."),
    ROW("headers", HS_OPTION_PAIRS, struct hs_test_message, headers,
        "Headers that must be present."),
    ROW("body", HS_OPTION_NODE, struct hs_test_message, body, "The whole body."),
    ROW("body_subset", HS_OPTION_NODE, struct hs_test_message, body_subset, "Part of the body."),
    ROW("body_bytes", HS_OPTION_STRING, struct hs_test_message, body_bytes, "The exact bytes."),
    ROW("absent", HS_OPTION_STRINGS, struct hs_test_message, absent, "Paths that must be absent."),
};
static const struct hs_options message_table = {
    .name = "messages",
    .title = "messages",
    .options = message_rows,
    .option_count = HS_ARRAY_SIZE(message_rows),
    .struct_size = sizeof(struct hs_test_message),
    .node_offset = offsetof(struct hs_test_message, node),
};

static const struct hs_option expect_rows[] = {
    ROW("answer", HS_OPTION_COUNT, struct hs_test_expect, answer, "Status of the answer."),
    ROW("count", HS_OPTION_COUNT, struct hs_test_expect, count, "How many messages."),
    ROW("route", HS_OPTION_STRING, struct hs_test_expect, route, "The route's name."),
    ROW("dead_letter", HS_OPTION_STRING, struct hs_test_expect, dead_letter, "The reason."),
    ROW("dropped", HS_OPTION_BOOL, struct hs_test_expect, dropped, "No route takes it."),
    ROW("file", HS_OPTION_STRING, struct hs_test_expect, file, "A recorded outcome."),
    {.name = "messages",
     .kind = HS_OPTION_LIST,
     .offset = offsetof(struct hs_test_expect, messages),
     .child = &message_table,
     .help = "Messages, in the order of `explain`."},
};
static const struct hs_options expect_table = {
    .name = "expect",
    .title = "expect",
    .options = expect_rows,
    .option_count = HS_ARRAY_SIZE(expect_rows),
    .struct_size = sizeof(struct hs_test_expect),
    .node_offset = offsetof(struct hs_test_expect, node),
};

static const struct hs_option case_rows[] = {
    {.name = "name",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct hs_test_case, name),
     .required = true,
     .help = "The name of the case."},
    {.name = "event",
     .kind = HS_OPTION_NODE,
     .offset = offsetof(struct hs_test_case, event),
     .required = true,
     .help = "The event: a mapping, JSON text, `file: PATH`, or `sample: TYPE`."},
    ROW("source", HS_OPTION_STRING, struct hs_test_case, source, "Source (else the first)."),
    ROW("at", HS_OPTION_STRING, struct hs_test_case, at, "Time of receipt."),
    ROW("sign_with", HS_OPTION_STRING, struct hs_test_case, sign_with, "The secret to sign with."),
    ROW("unsigned", HS_OPTION_BOOL, struct hs_test_case, bare, "Do not sign it."),
    ROW("headers", HS_OPTION_PAIRS, struct hs_test_case, headers, "Headers of the request."),
    {.name = "expect",
     .kind = HS_OPTION_TABLE,
     .offset = offsetof(struct hs_test_case, expect),
     .required = true,
     .child = &expect_table,
     .help = "The expected outcome."},
};
static const struct hs_options case_table = {
    .name = "cases",
    .title = "cases",
    .options = case_rows,
    .option_count = HS_ARRAY_SIZE(case_rows),
    .struct_size = sizeof(struct hs_test_case),
    .node_offset = SIZE_MAX,
};

static const struct hs_option file_rows[] = {
    {.name = "cases",
     .kind = HS_OPTION_LIST,
     .offset = offsetof(struct hs_test_file, cases),
     .required = true,
     .child = &case_table,
     .help = "The cases."},
};
const struct hs_options hs_test_file_table = {
    .name = "the cases",
    .title = "The cases",
    .options = file_rows,
    .option_count = HS_ARRAY_SIZE(file_rows),
    .struct_size = sizeof(struct hs_test_file),
    .node_offset = SIZE_MAX,
};

static void scalar(const struct hs_node *node, struct hs_buffer *json)
{
    enum hs_json_kind kind;
    size_t offset;
    bool plain = !node->quoted && node->text.size > 0 &&
                 hs_json_scan(node->text, NULL, 0, &kind, &offset) == 0 && kind <= HS_JSON_NUMBER;
    if (plain)
        hs_buffer_append_slice(json, node->text);
    else if (!node->quoted && (node->text.size == 0 || hs_slice_equal(node->text, HS_SLICE("~"))))
        hs_buffer_append_text(json, "null");
    else
        hs_json_encode_string(node->text, json);
}

/* Recursion is bounded by HS_CONFIG_DEPTH_MAX. */
void hs_test_json(const struct hs_node *node, struct hs_buffer *ret_json)
{
    if (node->kind == HS_NODE_SCALAR) {
        scalar(node, ret_json);
        return;
    }
    bool map = node->kind == HS_NODE_MAP;
    hs_buffer_append_byte(ret_json, map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        hs_buffer_append_text(ret_json, i > 0 ? "," : "");
        if (map) {
            hs_json_encode_string(node->keys[i]->text, ret_json);
            hs_buffer_append_byte(ret_json, ':');
        }
        hs_test_json(node->items[i], ret_json);
    }
    hs_buffer_append_byte(ret_json, map ? '}' : ']');
}
