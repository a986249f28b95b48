/* Operations that ensure that a field has a value, and one of the right kind: default, cast. */
#include "exact.h"
#include "operation.h"
#include "words.h"

#include <stdlib.h>

/* ---- default ---- */

struct fill_part {
    struct hs_json_path path;
    struct hs_value value;
};

struct fill {
    struct fill_part *items;
    size_t count;
};

static bool compile_default(struct hs_config *config, const struct hs_node *node,
                            struct hs_operation *operation)
{
    if (!hs_operation_is_pairs(config, node, "default", "{data.currencyCode: USD}"))
        return false;
    struct fill *fill = operation->state = hs_alloc(sizeof(*fill));
    fill->items = hs_alloc_array(node->count, sizeof(*fill->items));
    fill->count = operation->parts = node->count;
    bool good = true;
    for (size_t i = 0; i < node->count; i++) {
        struct fill_part *part = &fill->items[i];
        good = hs_field_path_compile(config, node->keys[i], true, &part->path) && good;
        hs_operation_uses(operation, HS_USE_WRITE, part->path.text, node->keys[i]);
        good = hs_value_compile(config, node->items[i], operation, &part->value) && good;
    }
    return good;
}

static int apply_default(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct fill_part *item = &((const struct fill *)operation->state)->items[part];
    struct hs_json_tree *tree;
    int code = hs_work_tree(work, &tree);
    if (code < 0)
        return code;
    hs_json_node node = hs_json_find(tree, &item->path);
    if (node != HS_JSON_NO_NODE && hs_json_node_kind(tree, node) != HS_JSON_NULL)
        return 0;
    struct hs_slice json;
    code = hs_value_json(&item->value, work, "default", item->path.text, &json);
    return code < 0 ? code : hs_put(work, tree, "default", &item->path, json);
}

static void free_default(struct hs_operation *operation)
{
    struct fill *fill = operation->state;
    if (fill == NULL)
        return;
    for (size_t i = 0; i < fill->count; i++) {
        hs_json_path_free(&fill->items[i].path);
        hs_value_free(&fill->items[i].value);
    }
    free(fill->items);
    free(fill);
}

const struct hs_operation_kind hs_operation_default = {
    .name = "default",
    .form = HS_FORM_PAIRS,
    .help = "Gives missing or null fields a value, written as for `set`; creates objects on the "
            "way if needed. A field with a value, even an empty text, keeps it.",
    .example = "{data.currencyCode: USD}",
    .compile = compile_default,
    .apply = apply_default,
    .free = free_default,
};

/* ---- cast ---- */

static const char *const to_names[] = {"string", "number", "integer", "boolean", NULL};
enum to { TO_STRING, TO_NUMBER, TO_INTEGER, TO_BOOLEAN };

struct cast_options {
    struct hs_strings fields;
    unsigned to;
};

static const struct hs_option cast_rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct cast_options, fields),
     .required = true,
     .help = "Paths of the fields to cast.",
     .example = "[data.quantity]"},
    {.name = "to",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct cast_options, to),
     .choices = to_names,
     .required = true,
     .help = "What they are to be.",
     .example = "integer"},
};

static const struct hs_options cast_table = {.name = "transform.cast",
                                             .title = "cast",
                                             .options = cast_rows,
                                             .option_count = HS_ARRAY_SIZE(cast_rows),
                                             .struct_size = sizeof(struct cast_options),
                                             .node_offset = SIZE_MAX};

struct cast {
    struct hs_fields fields;
    enum to to;
};

static bool compile_cast(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation)
{
    struct cast_options bound;
    struct cast *cast = operation->state = hs_alloc(sizeof(*cast));
    bool good = hs_operation_bind(config, node, &cast_table, &bound);
    good = hs_fields_compile(config, good ? node : NULL, &bound.fields, operation, HS_USE_EDIT,
                             &cast->fields) &&
           good;
    operation->parts = cast->fields.count;
    cast->to = (enum to)bound.to;
    return good;
}

/* Omits the value, which may be personal and must not be logged. */
static int no_cast(const struct hs_scalar *scalar, const char *wanted)
{
    return hs_fail(-EINVAL, "it is %s that is not %s", hs_kind_words(scalar->kind), wanted);
}

static bool is_boolean(enum hs_json_kind kind)
{
    return kind == HS_JSON_TRUE || kind == HS_JSON_FALSE;
}

static int to_number(const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    if (is_boolean(scalar->kind) || !hs_exact_is_number(scalar->text))
        return no_cast(scalar, "a number as JSON writes it, such as 149.90");
    hs_buffer_append_slice(ret_json, scalar->text);
    return 0;
}

static int to_integer(const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    static const char wanted[] = "an integer, such as 42";
    if (is_boolean(scalar->kind) || !hs_exact_is_number(scalar->text))
        return no_cast(scalar, wanted);
    bool plain = true; /* digits alone, however many */
    for (size_t i = 0; i < scalar->text.size; i++)
        plain = plain && strchr(".eE", scalar->text.data[i]) == NULL;
    if (plain) {
        hs_buffer_append_slice(ret_json, scalar->text);
        return 0;
    }
    int code = hs_exact_integer(scalar->text, 0, ret_json);
    if (code == -ERANGE)
        return hs_fail(code, "as an integer it has more than %u digits", HS_EXACT_DIGITS_MAX);
    return code < 0 ? no_cast(scalar, wanted) : 0;
}

static int to_boolean(const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    bool good = is_boolean(scalar->kind) || (scalar->kind == HS_JSON_STRING &&
                                             (hs_slice_equal(scalar->text, HS_SLICE("true")) ||
                                              hs_slice_equal(scalar->text, HS_SLICE("false"))));
    if (!good)
        return no_cast(scalar, "a boolean: true or false");
    hs_buffer_append_slice(ret_json, scalar->text);
    return 0;
}

static int cast_scalar(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    switch (*(const enum to *)context) {
    case TO_NUMBER:
        return to_number(scalar, ret_json);
    case TO_INTEGER:
        return to_integer(scalar, ret_json);
    case TO_BOOLEAN:
        return to_boolean(scalar, ret_json);
    case TO_STRING:
        break;
    }
    if (scalar->kind != HS_JSON_STRING)
        hs_json_encode_string(scalar->text, ret_json);
    return 0;
}

static int apply_cast(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    struct cast *cast = operation->state;
    return hs_edit_scalars(work, &cast->fields.paths[part], "cast", cast_scalar, &cast->to);
}

static void free_cast(struct hs_operation *operation)
{
    struct cast *cast = operation->state;
    if (cast == NULL)
        return;
    hs_fields_free(&cast->fields);
    free(cast);
}

const struct hs_operation_kind hs_operation_cast = {
    .name = "cast",
    .table = &cast_table,
    .help = "Converts fields exactly to `string`, `number`, `integer` or `boolean` (`to`): "
            "digits stay as written, and `3.00` or `1e2` also becomes an integer. A text must be "
            "a number as JSON writes it, or `true` or `false`. A value that cannot be converted "
            "without loss, an array or an object is an error; null stays null.",
    .example = "{fields: [data.quantity], to: integer}",
    .compile = compile_cast,
    .apply = apply_cast,
    .free = free_cast,
};
