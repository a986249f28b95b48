/* Fields: shared by the operations: reads lists of paths from the configuration, and visits every
 * value that a path leads to. Knows none of the operations. */
#include "operation.h"
#include "words.h"

#include <stdlib.h>

bool hs_field_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                           struct hs_json_path *ret_path)
{
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_FIELD_PATH, node,
                        "a field's path was expected, such as data.consumerId, not %s",
                        hs_config_quote(config, node));
        return false;
    }
    if (memchr(node->text.data ? node->text.data : "", '{', node->text.size) != NULL) {
        hs_config_error(config, HS_FINDING_FIELD_PATH, node,
                        "%s: write a path without braces, such as data.email",
                        hs_config_quote(config, node));
        return false;
    }
    struct hs_json_path path = {0};
    if (hs_json_path_parse(node->text, &path) < 0) {
        hs_config_error(config, HS_FINDING_FIELD_PATH, node, "%s",
                        node->secret ? "`(secret)` is not a path" : hs_error_text());
        return false;
    }
    if (one && path.wildcard) {
        hs_config_error(
            config, HS_FINDING_FIELD_MANY, node,
            "%s refers to many places where one is needed: name one, such as [0], or use `for`, "
            "which applies the item to each",
            hs_config_quote(config, node));
        hs_json_path_free(&path);
        return false;
    }
    *ret_path = path;
    return true;
}

bool hs_member_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                            struct hs_json_path *ret_path, struct hs_json_path *ret_parent)
{
    const char *scope = hs_config_scope(config);
    if (!hs_field_path_compile(config, node, one, ret_path))
        return false;
    struct hs_slice name = ret_path->steps[ret_path->count - 1].name;
    bool element = name.data == NULL || (ret_path->count == 1 && scope != NULL &&
                                         hs_slice_equal(name, hs_slice_text(scope)));
    *ret_parent = *ret_path;
    ret_parent->count--;
    if (element)
        hs_config_error(config, HS_FINDING_FIELD_ELEMENT, node,
                        "%s is an element of an array, which has no name",
                        hs_config_quote(config, node));
    return !element;
}

bool hs_fields_compile(struct hs_config *config, const struct hs_node *node,
                       const struct hs_strings *strings, struct hs_operation *operation,
                       enum hs_use_kind use, struct hs_fields *ret_fields)
{
    if (strings->count == 0 && node != NULL)
        hs_config_error(config, HS_FINDING_NO_FIELD, node,
                        "no field is given: name at least one, such as [data.email]");
    if (strings->count > HS_OPERATION_PARTS_MAX) {
        hs_config_error(config, HS_FINDING_TOO_MANY, strings->nodes[HS_OPERATION_PARTS_MAX],
                        "an operation has at most %u fields: start another item",
                        HS_OPERATION_PARTS_MAX);
        return false;
    }
    bool good = strings->count != 0;
    ret_fields->paths = hs_alloc_array(strings->count + 1, sizeof(*ret_fields->paths));
    for (size_t i = 0; i < strings->count; i++) {
        struct hs_json_path *path = &ret_fields->paths[ret_fields->count];
        if (!hs_field_path_compile(config, strings->nodes[i], false, path)) {
            good = false;
            continue;
        }
        hs_operation_uses(operation, use, path->text, strings->nodes[i]);
        ret_fields->count++;
    }
    return good;
}

void hs_fields_free(struct hs_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        hs_json_path_free(&fields->paths[i]);
    free(fields->paths);
    *fields = (struct hs_fields){0};
}

/* Wraps the node as the value of `name` in a mapping. Allocated in the arena, since bound options
 * may point to their node. */
static const struct hs_node *wrap(struct hs_config *config, const struct hs_node *node,
                                  struct hs_slice name)
{
    struct hs_arena *arena = hs_config_arena(config);
    struct hs_node *map = hs_arena_alloc(arena, sizeof(*map));
    struct hs_node *key = hs_arena_alloc(arena, sizeof(*key));
    *map = *key = (struct hs_node){.line = node->line, .column = node->column};
    key->kind = HS_NODE_SCALAR;
    key->text = name;
    map->kind = HS_NODE_MAP;
    map->keys = hs_arena_alloc(arena, sizeof(*map->keys));
    map->items = hs_arena_alloc(arena, sizeof(*map->items));
    map->keys[0] = key;
    map->items[0] = (struct hs_node *)node; /* a tree's links are not const, but nobody writes */
    map->count = 1;
    return map;
}

bool hs_operation_bind_word(struct hs_config *config, const struct hs_node *node,
                            struct hs_slice name, const struct hs_options *table, void *ret_bound)
{
    size_t errors = hs_config_findings(config)->errors;
    hs_config_bind(config, node->kind == HS_NODE_MAP ? node : wrap(config, node, name), table,
                   ret_bound);
    return hs_config_findings(config)->errors == errors;
}

bool hs_operation_bind(struct hs_config *config, const struct hs_node *node,
                       const struct hs_options *table, void *ret_bound)
{
    return hs_operation_bind_word(config, node, HS_SLICE("fields"), table, ret_bound);
}

bool hs_operation_bind_field(struct hs_config *config, const struct hs_node *node,
                             const struct hs_options *table, void *ret_bound)
{
    return hs_operation_bind_word(config, node, HS_SLICE("field"), table, ret_bound);
}

struct fields_options {
    struct hs_strings fields;
};

static const struct hs_option fields_rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct fields_options, fields),
     .required = true,
     .help = "Paths of fields.",
     .example = "[data.admissionToken]"},
};

const struct hs_options hs_fields_table = {
    .name = "fields",
    .title = "Fields",
    .options = fields_rows,
    .option_count = HS_ARRAY_SIZE(fields_rows),
    .struct_size = sizeof(struct fields_options),
    .node_offset = SIZE_MAX,
};

bool hs_fields_bind(struct hs_config *config, const struct hs_node *node, const char *name,
                    enum hs_use_kind use, struct hs_operation *operation,
                    struct hs_fields *ret_fields)
{
    struct hs_options table = hs_fields_table;
    table.name = table.title = name;
    struct fields_options bound;
    bool good = hs_operation_bind(config, node, &table, &bound);
    return hs_fields_compile(config, good ? node : NULL, &bound.fields, operation, use,
                             ret_fields) &&
           good;
}

bool hs_operation_is_pairs(struct hs_config *config, const struct hs_node *node, const char *name,
                           const char *example)
{
    if (node->kind != HS_NODE_MAP || node->count == 0) {
        hs_config_error(config, HS_FINDING_OPERATION_ARGUMENT, node,
                        "`%s` takes a mapping, such as %s, not %s", name, example,
                        node->kind == HS_NODE_MAP ? "an empty one" : hs_config_quote(config, node));
        return false;
    }
    if (node->count > HS_OPERATION_PARTS_MAX) {
        hs_config_error(config, HS_FINDING_TOO_MANY, node->keys[HS_OPERATION_PARTS_MAX],
                        "an operation has at most %u fields: start another item",
                        HS_OPERATION_PARTS_MAX);
        return false;
    }
    return true;
}

/* ---- Visiting values ---- */

struct walk {
    struct hs_work *work;
    hs_json_visit_fn *visit;
    void *context;
    int first_error;
    char words[256];
};

/* Stops once the event has used up its allowance; continues after any other failure. */
static int visit_value(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    struct walk *walk = context;
    int code = walk->visit(walk->context, tree, node);
    int spent = hs_work_within_steps(walk->work);
    if (spent < 0)
        code = spent;
    if (code < 0 && walk->first_error == 0) {
        walk->first_error = code;
        hs_copy_words(walk->words, sizeof(walk->words));
    }
    return spent;
}

int hs_each_value(struct hs_work *work, const struct hs_json_path *path, const char *operation,
                  hs_json_visit_fn *visit, void *context)
{
    struct hs_json_tree *tree;
    int code = hs_work_tree(work, &tree);
    if (code < 0)
        return code;
    struct walk walk = {.work = work, .visit = visit, .context = context};
    size_t step;
    hs_json_node start = hs_json_path_start(tree, path, &step);
    HS_IGNORE(hs_json_each_value(tree, start, path, step, visit_value, &walk)); /* in `walk` */
    if (walk.first_error == 0)
        return 0;
    return hs_fail(walk.first_error, "%s %s: %s", operation, path->text, walk.words);
}
