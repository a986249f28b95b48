/* Operations that give fields other names, places or values: rename, copy, set. */
#include "operation.h"
#include "words.h"

#include <stdlib.h>

/* ---- rename ---- */

struct rename_part {
    struct hs_json_path path;
    struct hs_json_path parent; /* `path` without its last step; borrows its steps */
    char *name;                 /* the new one, decoded */
    size_t name_size;
};

struct rename {
    struct rename_part *items;
    size_t count;
};

/* Compiles the new name: one member name, written as a path of one step. */
static bool compile_name(struct hs_config *config, const struct hs_node *node,
                         struct rename_part *part)
{
    struct hs_json_path path;
    if (!hs_field_path_compile(config, node, true, &path))
        return false;
    bool good = path.count == 1 && path.steps[0].name.data != NULL;
    if (good) {
        part->name = hs_slice_dup(path.steps[0].name);
        part->name_size = path.steps[0].name.size;
    } else {
        hs_config_error(config, HS_FINDING_NEW_NAME, node,
                        "%s: the new name must be a name, not a path, as the field stays in "
                        "place; to move it use `copy` and `remove`; for a name with dots write "
                        "[\"like.this\"]",
                        hs_config_quote(config, node));
    }
    hs_json_path_free(&path);
    return good;
}

static bool compile_rename_part(struct hs_config *config, const struct hs_node *from,
                                const struct hs_node *to, struct rename_part *part)
{
    if (!hs_member_path_compile(config, from, false, &part->path, &part->parent))
        return false;
    return compile_name(config, to, part);
}

/* Records that the field disappears, and one with another name appears beside it. */
static void note_rename(struct hs_config *config, struct hs_operation *operation,
                        const struct hs_node *from, const struct hs_node *to,
                        const struct rename_part *part)
{
    const char *text = part->path.text, *last = strrchr(text, '.');
    hs_operation_uses(operation, HS_USE_EDIT, text, from);
    hs_operation_uses(operation, HS_USE_WRITE,
                      hs_arena_printf(hs_config_arena(config), "%.*s%s",
                                      last ? (int)(last + 1 - text) : 0, text, part->name),
                      to);
}

static bool compile_rename(struct hs_config *config, const struct hs_node *node,
                           struct hs_operation *operation)
{
    if (!hs_operation_is_pairs(config, node, "rename", "{data.old: new}"))
        return false;
    struct rename *rename = operation->state = hs_alloc(sizeof(*rename));
    rename->items = hs_alloc_array(node->count, sizeof(*rename->items));
    rename->count = operation->parts = node->count;
    bool good = true;
    for (size_t i = 0; i < node->count; i++) {
        struct rename_part *part = &rename->items[i];
        good = compile_rename_part(config, node->keys[i], node->items[i], part) && good;
        if (good)
            note_rename(config, operation, node->keys[i], node->items[i], part);
    }
    return good;
}

struct renaming {
    const struct rename_part *part;
    struct hs_work *work;
};

/* A member that already has the new name is removed: duplicate names help nobody. */
static int rename_in(void *context, struct hs_json_tree *tree, hs_json_node parent)
{
    const struct renaming *renaming = context;
    const struct rename_part *part = renaming->part;
    struct hs_slice old = part->path.steps[part->path.count - 1].name;
    struct hs_slice name = hs_slice(part->name, part->name_size);
    if (hs_json_node_kind(tree, parent) != HS_JSON_OBJECT || hs_slice_equal(old, name))
        return 0;
    hs_json_node member = hs_json_member_get(tree, parent, old);
    if (member == HS_JSON_NO_NODE)
        return 0;
    int code = hs_work_charge(renaming->work, HS_SLICE_NONE, name.size);
    if (code < 0)
        return code;
    hs_json_remove_members(tree, parent, name, HS_JSON_NO_NODE);
    hs_json_remove_members(tree, parent, old, member);
    hs_json_rename(tree, member, name);
    return 0;
}

static int apply_rename(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct rename *rename = operation->state;
    struct renaming renaming = {&rename->items[part], work};
    return hs_each_value(work, &renaming.part->parent, "rename", rename_in, &renaming);
}

static void free_rename(struct hs_operation *operation)
{
    struct rename *rename = operation->state;
    if (rename == NULL)
        return;
    for (size_t i = 0; i < rename->count; i++) {
        hs_json_path_free(&rename->items[i].path);
        free(rename->items[i].name);
    }
    free(rename->items);
    free(rename);
}

const struct hs_operation_kind hs_operation_rename = {
    .name = "rename",
    .form = HS_FORM_PAIRS,
    .help = "Renames fields in place. A field that had the new name before is removed.",
    .example = "{data.consumerId: customerId}",
    .compile = compile_rename,
    .apply = apply_rename,
    .free = free_rename,
};

/* ---- copy ---- */

struct copy {
    struct hs_json_path *from, *to;
    size_t count;
};

static bool compile_copy(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation)
{
    if (!hs_operation_is_pairs(config, node, "copy", "{data.from: data.to}"))
        return false;
    struct copy *copy = operation->state = hs_alloc(sizeof(*copy));
    copy->from = hs_alloc_array(node->count, sizeof(*copy->from));
    copy->to = hs_alloc_array(node->count, sizeof(*copy->to));
    copy->count = operation->parts = node->count;
    bool good = true;
    for (size_t i = 0; i < node->count; i++) {
        good = hs_field_path_compile(config, node->keys[i], true, &copy->from[i]) && good;
        good = hs_field_path_compile(config, node->items[i], true, &copy->to[i]) && good;
        hs_operation_uses(operation, HS_USE_READ, copy->from[i].text, node->keys[i]);
        hs_operation_uses(operation, HS_USE_WRITE, copy->to[i].text, node->items[i]);
    }
    return good;
}

/* The nesting depth of arrays and objects; the text is valid JSON. */
static size_t depth_of(struct hs_slice json)
{
    size_t depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.size; i++) {
        char c = json.data[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return deepest;
}

static int apply_copy(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct copy *copy = operation->state;
    const struct hs_json_path *to = &copy->to[part];
    struct hs_json_tree *tree;
    int code = hs_work_tree(work, &tree);
    if (code < 0)
        return code;
    hs_json_node node = hs_json_find(tree, &copy->from[part]);
    if (node == HS_JSON_NO_NODE)
        return 0;
    struct hs_buffer *json = hs_work_scratch(work, HS_SCRATCH_JSON);
    hs_json_write_node(tree, node, json);
    if (hs_buffer_status(json) < 0)
        return hs_fail(-EMSGSIZE, "copy %s: it %s", copy->from[part].text, HS_WORK_TOO_LONG);
    if (to->count + depth_of(hs_buffer_slice(json)) > HS_JSON_DEPTH_MAX)
        return hs_fail(-E2BIG,
                       "copy %s: in its new place it would be nested more than %u levels "
                       "deep",
                       to->text, HS_JSON_DEPTH_MAX);
    return hs_put(work, tree, "copy", to, hs_buffer_slice(json));
}

static void free_copy(struct hs_operation *operation)
{
    struct copy *copy = operation->state;
    if (copy == NULL)
        return;
    for (size_t i = 0; i < copy->count; i++) {
        hs_json_path_free(&copy->from[i]);
        hs_json_path_free(&copy->to[i]);
    }
    free(copy->from);
    free(copy->to);
    free(copy);
}

const struct hs_operation_kind hs_operation_copy = {
    .name = "copy",
    .form = HS_FORM_PAIRS,
    .help = "Copies fields to other places, creating objects on the way if needed. A previous "
            "value there is replaced.",
    .example = "{id: data.webhookId}",
    .compile = compile_copy,
    .apply = apply_copy,
    .free = free_copy,
};

/* ---- set ---- */

struct set_part {
    struct hs_json_path path;
    struct hs_value value;
};

struct set {
    struct set_part *items;
    size_t count;
};

static bool compile_set(struct hs_config *config, const struct hs_node *node,
                        struct hs_operation *operation)
{
    if (!hs_operation_is_pairs(config, node, "set", "{data.channel: web}"))
        return false;
    struct set *set = operation->state = hs_alloc(sizeof(*set));
    set->items = hs_alloc_array(node->count, sizeof(*set->items));
    set->count = operation->parts = node->count;
    bool good = true;
    for (size_t i = 0; i < node->count; i++) {
        good = hs_field_path_compile(config, node->keys[i], true, &set->items[i].path) && good;
        hs_operation_uses(operation, HS_USE_WRITE, set->items[i].path.text, node->keys[i]);
        good = hs_value_compile(config, node->items[i], operation, &set->items[i].value) && good;
    }
    return good;
}

static int apply_set(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct set_part *item = &((const struct set *)operation->state)->items[part];
    struct hs_json_tree *tree;
    int code = hs_work_tree(work, &tree);
    if (code < 0)
        return code;
    struct hs_slice json;
    code = hs_value_json(&item->value, work, "set", item->path.text, &json);
    return code < 0 ? code : hs_put(work, tree, "set", &item->path, json);
}

static void free_set(struct hs_operation *operation)
{
    struct set *set = operation->state;
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++) {
        hs_json_path_free(&set->items[i].path);
        hs_value_free(&set->items[i].value);
    }
    free(set->items);
    free(set);
}

const struct hs_operation_kind hs_operation_set = {
    .name = "set",
    .form = HS_FORM_PAIRS,
    .help = "Sets fields to a value, creating them and the objects on the way if needed. A "
            "number, true, false or null without quotes is that JSON value; anything else is "
            "text, and a template.",
    .example = "{data.channel: web, data.version: 2, data.receivedAt: \"{received}\"}",
    .compile = compile_set,
    .apply = apply_set,
    .free = free_set,
};
