/* Scalars: replaces every text, number or boolean that a path leads to, for operations that handle
 * one at a time. */
#include "operation.h"
#include "words.h"

const char *hs_kind_words(enum hs_json_kind kind)
{
    static const char *const words[] = {
        [HS_JSON_NULL] = "null",       [HS_JSON_FALSE] = "false",   [HS_JSON_TRUE] = "true",
        [HS_JSON_NUMBER] = "a number", [HS_JSON_STRING] = "a text", [HS_JSON_ARRAY] = "an array",
        [HS_JSON_OBJECT] = "an object"};
    return words[kind];
}

struct edit {
    struct hs_work *work;
    hs_edit_fn *edit;
    void *context;
};

/* 1: *ret_json is the edit's output for the node; 0: none. */
static int make(const struct edit *edit, const struct hs_json_tree *tree, hs_json_node node,
                struct hs_slice *ret_json)
{
    struct hs_scalar scalar = {.kind = hs_json_node_kind(tree, node)};
    if (scalar.kind == HS_JSON_NULL)
        return 0;
    if (scalar.kind >= HS_JSON_ARRAY)
        return hs_fail(-EINVAL, "it is %s, which has no text", hs_kind_words(scalar.kind));
    scalar.token = scalar.text = hs_json_node_text(tree, node);
    hs_work_count(edit->work, scalar.token.size);
    struct hs_buffer *decoded = hs_work_scratch(edit->work, HS_SCRATCH_TEXT);
    struct hs_buffer *json = hs_work_scratch(edit->work, HS_SCRATCH_JSON);
    if (scalar.kind == HS_JSON_STRING) {
        hs_json_decode_string(scalar.token, decoded);
        scalar.text = hs_buffer_slice(decoded);
    }
    int code = edit->edit(edit->context, &scalar, json);
    if (code == 0 && (hs_buffer_status(decoded) < 0 || hs_buffer_status(json) < 0))
        code = hs_fail(-EMSGSIZE, "its text %s", HS_WORK_TOO_LONG);
    *ret_json = hs_buffer_slice(json);
    if (code < 0 || ret_json->size == 0)
        return code;
    return 1;
}

static int edit_value(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    struct edit *edit = context;
    struct hs_slice json;
    int code = make(edit, tree, node, &json);
    if (code <= 0 || hs_slice_equal(json, hs_json_node_text(tree, node)))
        return code < 0 ? code : 0;
    code = hs_work_charge(edit->work, json, 0);
    if (code == 0)
        hs_json_replace(tree, node, json);
    return code;
}

int hs_scalar_made(struct hs_work *work, const struct hs_json_path *path, const char *operation,
                   hs_edit_fn *edit, void *context, struct hs_slice *ret_json)
{
    const struct hs_json_tree *tree;
    int code = hs_work_look(work, &tree);
    if (code < 0)
        return code;
    hs_json_node node = hs_json_find(tree, path);
    if (node == HS_JSON_NO_NODE)
        return 0;
    const struct edit state = {work, edit, context};
    code = make(&state, tree, node, ret_json);
    if (code >= 0)
        return code;
    char why[256];
    hs_copy_words(why, sizeof(why));
    return hs_fail(code, "%s %s: %s", operation, path->text, why);
}

int hs_edit_scalars(struct hs_work *work, const struct hs_json_path *path, const char *operation,
                    hs_edit_fn *edit, void *context)
{
    struct edit state = {work, edit, context};
    return hs_each_value(work, path, operation, edit_value, &state);
}

struct change {
    hs_change_fn *change;
    void *context;
};

static int change_scalar(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    struct change *change = context;
    return change->change(change->context, scalar->text, ret_json);
}

int hs_change_scalars(struct hs_work *work, const struct hs_json_path *path, const char *operation,
                      hs_change_fn *change, void *context)
{
    struct change state = {change, context};
    return hs_edit_scalars(work, path, operation, change_scalar, &state);
}
