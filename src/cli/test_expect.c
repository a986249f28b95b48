/* Test expect: see test_expect.h. */
#include "test_expect.h"

#include <hookstream/json.h>
#include <inttypes.h>

static void expect_text(struct hs_buffer *faults, const char *what, const char *expected,
                        struct hs_slice got)
{
    if (expected != NULL && !hs_slice_equal(hs_slice_text(expected), got))
        hs_buffer_printf(faults, "%s: expected `%s`, got `%.*s`\n", what, expected,
                         HS_SLICE_ARG(got));
}

struct comparison {
    struct hs_buffer *faults;
    bool subset; /* additional values are fine */
};

static void note_difference(void *context, const char *path, struct hs_slice expected,
                            struct hs_slice got)
{
    const struct comparison *comparison = context;
    if (expected.data == NULL && comparison->subset)
        return;
    hs_buffer_printf(comparison->faults, "%s: expected %.*s, got %.*s\n", path,
                     HS_SLICE_ARG(expected.data ? expected : HS_SLICE("nothing")),
                     HS_SLICE_ARG(got.data ? got : HS_SLICE("nothing")));
}

static void compare_json(struct hs_buffer *faults, struct hs_slice expected, struct hs_slice got,
                         bool subset)
{
    struct comparison comparison = {faults, subset};
    if (hs_json_differences(expected, got, note_difference, &comparison) < 0)
        hs_buffer_printf(faults, "the expected value or the result is not JSON: %s\n",
                         hs_error_text());
}

static void expect_body(struct hs_buffer *faults, const struct hs_node *node, struct hs_slice body,
                        bool subset)
{
    if (node == NULL)
        return;
    struct hs_buffer expected;
    hs_buffer_init(&expected, 64u << 20);
    hs_test_json(node, &expected);
    enum hs_json_kind kind;
    size_t offset;
    bool text =
        node->kind == HS_NODE_SCALAR && hs_json_scan(node->text, NULL, 0, &kind, &offset) == 0;
    compare_json(faults, text ? node->text : hs_buffer_slice(&expected), body, subset);
    hs_buffer_free(&expected);
}

static void expect_absent(struct hs_buffer *faults, const struct hs_strings *paths,
                          struct hs_slice body)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    bool json = hs_json_tree_parse(tree, body) == 0;
    for (size_t i = 0; i < paths->count; i++) {
        struct hs_json_path path;
        if (hs_json_path_parse(hs_slice_text(paths->items[i]), &path) < 0) {
            hs_buffer_printf(faults, "absent: `%s`: %s\n", paths->items[i], hs_error_text());
            continue;
        }
        if (json && hs_json_find(tree, &path) != HS_JSON_NO_NODE)
            hs_buffer_printf(faults, "%s: expected to be absent, but it is present\n",
                             paths->items[i]);
        hs_json_path_free(&path);
    }
    hs_json_tree_free(tree);
}

static void expect_headers(struct hs_buffer *faults, const struct hs_pairs *headers,
                           const struct hs_rehearsal_message *message)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct hs_slice got = HS_SLICE("no such header");
        for (size_t k = 0; k < message->header_count; k++)
            if (hs_slice_equal(message->headers[k].name, hs_slice_text(headers->items[i].name)))
                got = message->headers[k].value;
        expect_text(faults, headers->items[i].name, headers->items[i].value, got);
    }
}

static void expect_message(struct hs_buffer *faults, const struct hs_test_message *expected,
                           const struct hs_rehearsal_message *message)
{
    expect_text(faults, "sink", expected->sink, hs_slice_text(message->sink));
    for (unsigned i = 0; i < HS_SINK_KIND_COUNT; i++)
        expect_text(faults, hs_sink_kinds[i]->destination, expected->destinations[i],
                    hs_sink_kinds[i] == message->kind ? message->destination
                                                      : HS_SLICE("another kind of sink"));
    expect_text(faults, "key", expected->key,
                message->key.data ? message->key : HS_SLICE("no key"));
    expect_headers(faults, &expected->headers, message);
    expect_text(faults, "body_bytes", expected->body_bytes, message->body);
    expect_body(faults, expected->body, message->body, false);
    expect_body(faults, expected->body_subset, message->body, true);
    expect_absent(faults, &expected->absent, message->body);
}

static void expect_end(struct hs_buffer *faults, const struct hs_test_expect *expect,
                       const struct hs_rehearsal_result *result)
{
    const char *end = hs_rehearsal_end_name(result->end);
    if (expect->dropped && result->end != HS_END_DROPPED)
        hs_buffer_printf(faults, "expected it to be dropped, but it is %s\n", end);
    bool dead = result->end == HS_END_DEAD_LETTER;
    if (expect->dead_letter != NULL)
        expect_text(faults, "dead_letter", expect->dead_letter,
                    hs_slice_text(dead ? result->reason : end));
    else if (dead && expect->file == NULL)
        hs_buffer_printf(faults, "it is a dead letter: %s: %s\n", result->reason, result->detail);
}

static void compare_recorded(struct hs_buffer *faults, const struct hs_rehearsal_result *result,
                             struct hs_slice recorded)
{
    struct hs_buffer got;
    hs_buffer_init(&got, 256u << 20);
    hs_rehearsal_write(result, &got);
    compare_json(faults, recorded, hs_buffer_slice(&got), false);
    hs_buffer_free(&got);
}

void hs_test_compare(const struct hs_test_expect *expect, const struct hs_rehearsal_result *result,
                     struct hs_slice recorded, struct hs_buffer *ret_faults)
{
    unsigned status = result->judgement.status;
    if (expect->answer != 0 && expect->answer != status)
        hs_buffer_printf(ret_faults, "answer: expected %" PRIu64 ", got %u%s%s\n", expect->answer,
                         status, result->reason ? ": " : "", result->reason ? result->reason : "");
    expect_text(ret_faults, "route", expect->route,
                hs_slice_text(result->route ? result->route->name : "none"));
    expect_end(ret_faults, expect, result);
    if (recorded.data != NULL)
        compare_recorded(ret_faults, result, recorded);
    size_t wanted = expect->messages.count, got = result->message_count;
    bool counted = hs_node_get(expect->node, "count") != NULL;
    if (counted || hs_node_get(expect->node, "messages") != NULL) {
        uint64_t count = counted ? expect->count : wanted;
        if (count != got)
            hs_buffer_printf(ret_faults, "messages: expected %" PRIu64 ", got %zu\n", count, got);
    }
    for (size_t i = 0; i < wanted && i < got; i++) {
        size_t before = ret_faults->size;
        expect_message(ret_faults, hs_children_at(&expect->messages, i), &result->messages[i]);
        if (ret_faults->size > before)
            hs_buffer_printf(ret_faults, "(the above: message %zu, sink %s)\n", i + 1,
                             result->messages[i].sink);
    }
}
