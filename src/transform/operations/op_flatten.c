/* flatten: turns nested objects into one level. Values keep their bytes and names their escapes;
 * white space between members is dropped. */
#include "names.h"
#include "operation.h"

#include <stdlib.h>

#define SEPARATOR_MAX 16u

static const char *const array_names[] = {"keep", "index", NULL};
enum arrays { ARRAYS_KEEP, ARRAYS_INDEX };

struct flatten_options {
    const char *field, *separator;
    unsigned arrays;
};

static const struct hs_option flatten_rows[] = {
    {.name = "field",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct flatten_options, field),
     .fallback = "data",
     .help = "Path of the object."},
    {.name = "separator",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct flatten_options, separator),
     .fallback = "_",
     .help = "What stands between the names."},
    {.name = "arrays",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct flatten_options, arrays),
     .choices = array_names,
     .fallback = "keep",
     .help = "Whether arrays stay as they are, or their elements become fields numbered from 0."},
};

static const struct hs_options flatten_table = {.name = "transform.flatten",
                                                .title = "flatten",
                                                .options = flatten_rows,
                                                .option_count = HS_ARRAY_SIZE(flatten_rows),
                                                .struct_size = sizeof(struct flatten_options),
                                                .node_offset = SIZE_MAX};

struct flatten {
    struct hs_json_path path;
    struct hs_buffer separator; /* as written between quotes */
    enum arrays arrays;
};

/* The state of flattening one object. */
struct flattening {
    const struct flatten *flatten;
    struct hs_work *work;
    const struct hs_json_tree *tree;
    struct hs_buffer *name; /* of the current value, as written between quotes */
    struct hs_buffer *json;
    struct hs_names names; /* the names written so far */
};

static bool compile_flatten(struct hs_config *config, const struct hs_node *node,
                            struct hs_operation *operation)
{
    struct flatten_options bound;
    struct flatten *flatten = operation->state = hs_alloc(sizeof(*flatten));
    hs_buffer_init(&flatten->separator, 8 * SEPARATOR_MAX);
    if (!hs_operation_bind_field(config, node, &flatten_table, &bound))
        return false;
    const struct hs_node *field = node->kind == HS_NODE_MAP ? hs_node_get(node, "field") : node;
    const struct hs_node data = {.kind = HS_NODE_SCALAR, .text = HS_SLICE("data")};
    bool good = hs_field_path_compile(config, field ? field : &data, false, &flatten->path);
    hs_operation_uses(operation, HS_USE_EDIT, flatten->path.text, field ? field : node);
    operation->parts = 1;
    flatten->arrays = (enum arrays)bound.arrays;
    struct hs_slice separator = hs_slice_text(bound.separator);
    if (separator.size == 0 || separator.size > SEPARATOR_MAX) {
        hs_config_error(config, HS_FINDING_OPERATION_OPTION, hs_node_get(node, "separator"),
                        "`separator` is a text of 1 to %u bytes, such as \"_\"", SEPARATOR_MAX);
        return false;
    }
    hs_json_encode_string(separator, &flatten->separator);
    return good;
}

static int too_long(void)
{
    return hs_fail(-EMSGSIZE, "its text %s", HS_WORK_TOO_LONG);
}

/* Whether the value is flattened further. */
static bool is_nested(const struct flattening *flattening, hs_json_node node)
{
    enum hs_json_kind kind = hs_json_node_kind(flattening->tree, node);
    if (kind != HS_JSON_OBJECT &&
        (kind != HS_JSON_ARRAY || flattening->flatten->arrays == ARRAYS_KEEP))
        return false;
    return hs_json_first_child(flattening->tree, node) != HS_JSON_NO_NODE;
}

static int put_leaf(struct flattening *flattening, hs_json_node node)
{
    struct hs_slice name = hs_buffer_slice(flattening->name);
    struct hs_buffer *json = flattening->json;
    bool fresh = false;
    hs_buffer_append_byte(json, json->size == 0 ? '{' : ',');
    hs_buffer_append_byte(json, '"');
    size_t begin = json->size;
    hs_buffer_append_slice(json, name);
    hs_buffer_append_text(json, "\":");
    if (hs_buffer_status(flattening->name) < 0 || hs_buffer_status(json) < 0)
        return too_long();
    /* With its quotes, which decoding an escaped name needs. */
    if (hs_names_put(&flattening->names, hs_slice(json->data + begin, name.size), 0, &fresh) ==
        NULL)
        return too_long();
    if (!fresh)
        return hs_fail(-EEXIST,
                       "two fields would be named `%.*s`: use another `separator`, or `rename` "
                       "or `remove` one of them before",
                       HS_SLICE_ARG(hs_names_shown(name)));
    hs_json_write_node(flattening->tree, node, json);
    return 0;
}

/* Recursion is bounded by the depth of the JSON. An empty name counts as a name and has a
 * separator. */
static int flatten_below(struct flattening *flattening, hs_json_node node, bool top)
{
    const struct hs_json_tree *tree = flattening->tree;
    bool object = hs_json_node_kind(tree, node) == HS_JSON_OBJECT;
    struct hs_slice separator = hs_buffer_slice(&flattening->flatten->separator);
    size_t before = flattening->name->size, index = 0;
    int code = 0;
    for (hs_json_node child = hs_json_first_child(tree, node);
         code == 0 && child != HS_JSON_NO_NODE; child = hs_json_next(tree, child), index++) {
        flattening->name->size = before;
        if (!top)
            hs_buffer_append(flattening->name, separator.data + 1, separator.size - 2);
        if (object)
            hs_buffer_append_slice(flattening->name, hs_json_node_name(tree, child));
        else
            hs_buffer_append_u64(flattening->name, index);
        code = is_nested(flattening, child) ? flatten_below(flattening, child, false)
                                            : put_leaf(flattening, child);
    }
    return code;
}

/* How many fields the object becomes. As deep as the JSON, which is bounded. */
static size_t count_leaves(const struct flattening *flattening, hs_json_node node)
{
    size_t count = 0;
    for (hs_json_node child = hs_json_first_child(flattening->tree, node); child != HS_JSON_NO_NODE;
         child = hs_json_next(flattening->tree, child))
        count += is_nested(flattening, child) ? count_leaves(flattening, child) : 1;
    return count;
}

static int flatten_node(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    struct flattening *flattening = context;
    enum hs_json_kind kind = hs_json_node_kind(tree, node);
    flattening->tree = tree;
    if (kind == HS_JSON_NULL)
        return 0;
    if (kind != HS_JSON_OBJECT)
        return hs_fail(-EINVAL, "it is %s, but an object was expected", hs_kind_words(kind));
    bool nested = false;
    for (hs_json_node child = hs_json_first_child(tree, node); child != HS_JSON_NO_NODE;
         child = hs_json_next(tree, child))
        nested = nested || is_nested(flattening, child);
    if (!nested)
        return 0;
    flattening->name = hs_work_scratch(flattening->work, HS_SCRATCH_MASKED);
    flattening->json = hs_work_scratch(flattening->work, HS_SCRATCH_JSON);
    hs_names_init(&flattening->names);
    hs_names_reserve(&flattening->names, count_leaves(flattening, node));
    int code = flatten_below(flattening, node, true);
    hs_names_free(&flattening->names);
    if (code < 0)
        return code;
    hs_buffer_append_byte(flattening->json, '}');
    struct hs_slice json = hs_buffer_slice(flattening->json);
    if (hs_buffer_status(flattening->json) < 0)
        return too_long();
    code = hs_work_charge(flattening->work, json, 0);
    if (code == 0)
        hs_json_replace(tree, node, json);
    return code;
}

static int apply_flatten(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct flatten *flatten = operation->state;
    struct flattening flattening = {.flatten = flatten, .work = work};
    return hs_each_value(work, &flatten->path, "flatten", flatten_node, &flattening);
}

static void free_flatten(struct hs_operation *operation)
{
    struct flatten *flatten = operation->state;
    if (flatten == NULL)
        return;
    hs_json_path_free(&flatten->path);
    hs_buffer_free(&flatten->separator);
    free(flatten);
}

const struct hs_operation_kind hs_operation_flatten = {
    .name = "flatten",
    .form = HS_FORM_TEXT,
    .table = &flatten_table,
    .help = "Moves values nested in the object `field` (`data`) up to one level: `{a: {b: 1}}` "
            "becomes `{a_b: 1}`, with `separator` (`_`) between the names. `arrays: index` also "
            "flattens arrays (`items_0_sku`), `keep` leaves them whole; empty ones and null "
            "stay. Two fields with the same resulting name, and a field that is not an object, "
            "are errors.",
    .example = "{field: data, separator: \"_\", arrays: keep}",
    .reshapes = true,
    .compile = compile_flatten,
    .apply = apply_flatten,
    .free = free_flatten,
};
