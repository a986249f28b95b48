/* unwrap: replaces an object with its members. Names and values keep their bytes. */
#include "names.h"
#include "operation.h"

#include <stdlib.h>

static const char *const clash_names[] = {"error", "keep", "replace", NULL};
enum clash { CLASH_ERROR, CLASH_KEEP, CLASH_REPLACE };

struct unwrap_options {
    const char *field;
    unsigned on_clash;
};

static const struct hs_option unwrap_rows[] = {
    {.name = "field",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct unwrap_options, field),
     .required = true,
     .help = "Path of the object.",
     .example = "data"},
    {.name = "on_clash",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct unwrap_options, on_clash),
     .choices = clash_names,
     .fallback = "error",
     .help = "What becomes of a member that is named as one outside: the event fails, the one "
             "outside stays, or the one inside takes its place."},
};

static const struct hs_options unwrap_table = {.name = "transform.unwrap",
                                               .title = "unwrap",
                                               .options = unwrap_rows,
                                               .option_count = HS_ARRAY_SIZE(unwrap_rows),
                                               .struct_size = sizeof(struct unwrap_options),
                                               .node_offset = SIZE_MAX};

struct unwrap {
    struct hs_json_path path, parent; /* `parent` borrows */
    enum clash on_clash;
};

struct unwrapping {
    const struct unwrap *unwrap;
    struct hs_work *work;
    struct hs_json_tree *tree;
    hs_json_node outer, inner;
    struct hs_names outside; /* names of the outer members to their nodes; the last counts */
    struct hs_names inside;  /* those of the inner ones */
};

static bool compile_unwrap(struct hs_config *config, const struct hs_node *node,
                           struct hs_operation *operation)
{
    struct unwrap_options bound;
    struct unwrap *unwrap = operation->state = hs_alloc(sizeof(*unwrap));
    if (!hs_operation_bind_field(config, node, &unwrap_table, &bound))
        return false;
    const struct hs_node *field = node->kind == HS_NODE_MAP ? hs_node_get(node, "field") : node;
    bool good = hs_member_path_compile(config, field, false, &unwrap->path, &unwrap->parent);
    hs_operation_uses(operation, HS_USE_EDIT, unwrap->path.text, field);
    unwrap->on_clash = (enum clash)bound.on_clash;
    operation->parts = 1;
    return good;
}

static int too_long(void)
{
    return hs_fail(-EMSGSIZE, "its text %s", HS_WORK_TOO_LONG);
}

static bool collect(struct hs_names *names, const struct hs_json_tree *tree, hs_json_node object)
{
    bool fresh;
    for (hs_json_node child = hs_json_first_child(tree, object); child != HS_JSON_NO_NODE;
         child = hs_json_next(tree, child)) {
        uint32_t *value = hs_names_put(names, hs_json_node_name(tree, child), child, &fresh);
        if (value == NULL)
            return false;
        *value = child;
    }
    return true;
}

/* The outer member with this member's name, or none; the wrapper itself does not count. */
static hs_json_node clashing(struct unwrapping *unwrapping, hs_json_node child)
{
    struct hs_slice name = hs_json_node_name(unwrapping->tree, child);
    hs_json_node node = hs_names_get(&unwrapping->outside, name, HS_JSON_NO_NODE);
    return node == unwrapping->inner ? HS_JSON_NO_NODE : node;
}

static int check_clashes(struct unwrapping *unwrapping)
{
    struct hs_json_tree *tree = unwrapping->tree;
    for (hs_json_node child = hs_json_first_child(tree, unwrapping->inner);
         child != HS_JSON_NO_NODE; child = hs_json_next(tree, child)) {
        struct hs_slice name = hs_json_node_name(tree, child);
        if (clashing(unwrapping, child) != HS_JSON_NO_NODE)
            return hs_fail(-EEXIST,
                           "`%.*s` already exists outside of it: `rename` or `remove` one "
                           "before, or use `on_clash: keep` or `replace`",
                           HS_SLICE_ARG(hs_names_shown(name)));
    }
    return 0;
}

/* Charges for everything at once, so that it never stops halfway. */
static int charge(const struct unwrapping *unwrapping)
{
    struct hs_buffer *json = hs_work_scratch(unwrapping->work, HS_SCRATCH_JSON);
    hs_json_write_node(unwrapping->tree, unwrapping->inner, json);
    if (hs_buffer_status(json) < 0)
        return too_long();
    size_t names = unwrapping->inside.bytes.size + 2 * unwrapping->inside.count;
    return hs_work_charge(unwrapping->work, hs_buffer_slice(json), names);
}

static int move_out(struct unwrapping *unwrapping, hs_json_node child)
{
    struct hs_json_tree *tree = unwrapping->tree;
    struct hs_slice raw = hs_json_node_name(tree, child);
    if (hs_names_get(&unwrapping->inside, raw, HS_JSON_NO_NODE) != child)
        return 0; /* a later one of its name counts */
    hs_json_node outside = clashing(unwrapping, child);
    if (outside != HS_JSON_NO_NODE && unwrapping->unwrap->on_clash == CLASH_KEEP)
        return 0;
    struct hs_buffer *json = hs_work_scratch(unwrapping->work, HS_SCRATCH_JSON);
    struct hs_buffer *name = hs_work_scratch(unwrapping->work, HS_SCRATCH_TEXT);
    hs_json_write_node(tree, child, json);
    if (outside != HS_JSON_NO_NODE) {
        hs_json_replace(tree, outside, hs_buffer_slice(json));
        return 0;
    }
    hs_buffer_append_slice(name, raw); /* a copy, since the tree's memory may move */
    return hs_json_add_member(tree, unwrapping->outer, hs_buffer_slice(name),
                              hs_buffer_slice(json));
}

static int move_all(struct unwrapping *unwrapping)
{
    struct hs_json_tree *tree = unwrapping->tree;
    const struct hs_json_path *path = &unwrapping->unwrap->path;
    int code = 0;
    if (!collect(&unwrapping->outside, tree, unwrapping->outer) ||
        !collect(&unwrapping->inside, tree, unwrapping->inner))
        return too_long();
    if (unwrapping->unwrap->on_clash == CLASH_ERROR)
        code = check_clashes(unwrapping);
    if (code == 0)
        code = charge(unwrapping);
    if (code < 0)
        return code;
    hs_json_remove_members(tree, unwrapping->outer, path->steps[path->count - 1].name,
                           HS_JSON_NO_NODE);
    hs_json_node child = hs_json_first_child(tree, unwrapping->inner);
    for (; code == 0 && child != HS_JSON_NO_NODE; child = hs_json_next(tree, child))
        code = move_out(unwrapping, child);
    return code;
}

static int unwrap_in(void *context, struct hs_json_tree *tree, hs_json_node outer)
{
    struct unwrapping *unwrapping = context;
    const struct hs_json_path *path = &unwrapping->unwrap->path;
    hs_json_node inner = hs_json_member_get(tree, outer, path->steps[path->count - 1].name);
    enum hs_json_kind kind =
        inner == HS_JSON_NO_NODE ? HS_JSON_NULL : hs_json_node_kind(tree, inner);
    if (kind == HS_JSON_NULL)
        return 0;
    if (kind != HS_JSON_OBJECT)
        return hs_fail(-EINVAL, "it is %s, but an object was expected", hs_kind_words(kind));
    unwrapping->tree = tree;
    unwrapping->outer = outer;
    unwrapping->inner = inner;
    hs_names_init(&unwrapping->outside);
    hs_names_init(&unwrapping->inside);
    int code = move_all(unwrapping);
    hs_names_free(&unwrapping->outside);
    hs_names_free(&unwrapping->inside);
    return code;
}

static int apply_unwrap(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct unwrap *unwrap = operation->state;
    struct unwrapping unwrapping = {.unwrap = unwrap, .work = work};
    return hs_each_value(work, &unwrap->parent, "unwrap", unwrap_in, &unwrapping);
}

static void free_unwrap(struct hs_operation *operation)
{
    struct unwrap *unwrap = operation->state;
    if (unwrap != NULL)
        hs_json_path_free(&unwrap->path);
    free(unwrap);
}

const struct hs_operation_kind hs_operation_unwrap = {
    .name = "unwrap",
    .form = HS_FORM_TEXT,
    .table = &unwrap_table,
    .help = "Replaces an object with its members: `unwrap: data` moves them to the top of the "
            "event, after the others. A member whose name exists there already is an error; with "
            "`on_clash: keep` the outer one stays and the inner one is dropped, with `replace` "
            "the inner one wins. null stays; a value that is not an object is an error.",
    .example = "data`, `unwrap: {field: data, on_clash: replace}",
    .reshapes = true,
    .compile = compile_unwrap,
    .apply = apply_unwrap,
    .free = free_unwrap,
};
