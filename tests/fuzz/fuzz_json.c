/* Fuzzes the scanner and the tree: they agree on what is JSON, json-c takes all of it, an unchanged
 * document is written as it came, and what edits and compacting make of it is JSON again. The size
 * of the input picks the node to edit. */
#include <hookstream/json.h>

#include "../unit/transform/judge.h"

#include <stdlib.h>

#define OUT_MAX (64u << 20)

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int scan(struct hs_slice text, size_t *ret_offset)
{
    struct hs_json_member members[] = {{.name = HS_SLICE("id")}, {.name = HS_SLICE("type")}};
    enum hs_json_kind kind;
    int code = hs_json_scan(text, members, HS_ARRAY_SIZE(members), &kind, ret_offset);
    for (size_t i = 0; code == 0 && i < HS_ARRAY_SIZE(members); i++) {
        size_t offset;
        if (members[i].value.data != NULL)
            require(hs_json_scan(members[i].value, NULL, 0, &kind, &offset) == 0 &&
                    kind == members[i].kind);
    }
    return code;
}

/* The tree as it is written now, which is JSON. */
static void write_and_scan(const struct hs_json_tree *tree, struct hs_buffer *json)
{
    size_t offset;
    hs_buffer_clear(json);
    hs_json_write(tree, json);
    require(hs_buffer_status(json) == 0 && scan(hs_buffer_slice(json), &offset) == 0);
    require(judge_takes(hs_buffer_slice(json)));
}

/* A node somewhere below the root, or the root. */
static hs_json_node pick_node(const struct hs_json_tree *tree, size_t seed)
{
    hs_json_node node = hs_json_root(tree), child;
    while ((child = hs_json_first_child(tree, node)) != HS_JSON_NO_NODE) {
        for (size_t skip = seed % 5; skip > 0 && hs_json_next(tree, child) != HS_JSON_NO_NODE;
             skip--)
            child = hs_json_next(tree, child);
        node = child;
        seed /= 5;
        if (seed == 0)
            break;
    }
    return node;
}

static void edit(struct hs_json_tree *tree, struct hs_slice text, struct hs_buffer *json)
{
    struct hs_buffer name;
    hs_buffer_init(&name, OUT_MAX);
    hs_json_node node = pick_node(tree, text.size);
    if (hs_json_node_kind(tree, node) == HS_JSON_STRING)
        hs_json_decode_string(hs_json_node_text(tree, node), &name);
    if (hs_json_node_name(tree, node).data != NULL) {
        hs_json_rename(tree, node, text.size % 2 ? hs_buffer_slice(&name) : text);
        write_and_scan(tree, json);
    }
    hs_json_replace(tree, node, HS_SLICE("{ \"new\" : [ 1 ], \"b\" : 2 }"));
    if (hs_json_status(tree) == 0)
        write_and_scan(tree, json);
    hs_json_remove(tree, pick_node(tree, text.size / 2));
    if (hs_json_status(tree) == 0)
        write_and_scan(tree, json);
    hs_buffer_free(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hs_slice text = hs_slice(data, size);
    struct hs_json_tree *tree = hs_json_tree_create();
    struct hs_buffer json;
    hs_buffer_init(&json, OUT_MAX);
    size_t offset = SIZE_MAX;
    int code = scan(text, &offset);
    require(hs_json_tree_parse(tree, text) == code);
    if (code < 0) {
        require(offset <= size);
    } else {
        write_and_scan(tree, &json);
        require(hs_slice_equal(hs_buffer_slice(&json), text));
        hs_buffer_clear(&json);
        hs_json_compact(text, &json);
        require(json.size <= size && scan(hs_buffer_slice(&json), &offset) == 0);
        edit(tree, text, &json);
    }
    hs_buffer_free(&json);
    hs_json_tree_free(tree);
    return 0;
}
