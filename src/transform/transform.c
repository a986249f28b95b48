/* Transform: compiles a `transform:` list item by item, and answers questions about it. The
 * operations read the value under their name; `when`, `for` and `on_error` are common to all and
 * read here. apply.c applies it. */
#include "item.h"
#include "manual.h"
#include "words.h"

#include <hookstream/doc.h>
#include <stdlib.h>

#define TRANSFORM_ITEMS_MAX 64u
#define TRANSFORM_TOTAL_MAX 1024u /* including those of the lists it uses */

static const struct hs_operation_kind *const kinds[] = {
    &hs_operation_remove,  &hs_operation_keep,   &hs_operation_rename,     &hs_operation_copy,
    &hs_operation_set,     &hs_operation_redact, &hs_operation_mask,       &hs_operation_hash,
    &hs_operation_lower,   &hs_operation_upper,  &hs_operation_trim,       &hs_operation_truncate,
    &hs_operation_default, &hs_operation_cast,   &hs_operation_flatten,    &hs_operation_unwrap,
    &hs_operation_decimal, &hs_operation_time,   &hs_operation_cloudevent, &hs_operation_jq,
    &hs_operation_use,
};
#define KINDS HS_ARRAY_SIZE(kinds)

/* A list being compiled. */
struct compiling {
    struct hs_config *config;
    const struct hs_list_chain *chain;
    size_t *items; /* of all lists so far */
};

/* ---- Reading ---- */

static const struct hs_operation_kind *find_kind(struct hs_slice name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (hs_slice_equal(name, hs_slice_text(kinds[i]->name)))
            return kinds[i];
    return NULL;
}

/* Names of the operations in other tools. */
static const struct {
    const char *theirs, *ours;
} other_names[] = {
    {"drop", "remove"},       {"delete", "remove"},   {"mv", "rename"},       {"move", "rename"},
    {"add", "set"},           {"lowercase", "lower"}, {"uppercase", "upper"}, {"strip", "trim"},
    {"cut", "truncate"},      {"pick", "keep"},       {"only", "keep"},       {"anonymize", "hash"},
    {"pseudonymize", "hash"},
};

/* Suggests the operation's name here. Returns false if there is none. */
static bool translate(struct hs_config *config, const struct hs_node *key)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(other_names); i++) {
        if (!hs_slice_equal_nocase(key->text, hs_slice_text(other_names[i].theirs)))
            continue;
        hs_config_error(config, HS_FINDING_UNKNOWN_OPERATION, key,
                        "unknown key %s in transform, did you mean `%s`, as in `%s: %s`?",
                        hs_config_quote(config, key), other_names[i].ours, other_names[i].ours,
                        find_kind(hs_slice_text(other_names[i].ours))->example);
        return true;
    }
    return false;
}

static void unknown_key(struct hs_config *config, const struct hs_node *key)
{
    if (translate(config, key))
        return;
    const char *known[KINDS + 3];
    for (size_t i = 0; i < KINDS; i++)
        known[i] = kinds[i]->name;
    known[KINDS] = "when";
    known[KINDS + 1] = "for";
    known[KINDS + 2] = "on_error";
    hs_config_unknown_key(config, HS_FINDING_UNKNOWN_OPERATION, key, "transform", known,
                          HS_ARRAY_SIZE(known));
}

static bool compile_operation(const struct compiling *compiling, const struct hs_node *key,
                              const struct hs_node *value, struct hs_item *item)
{
    struct hs_config *config = compiling->config;
    const struct hs_operation_kind *kind = find_kind(key->text);
    if (kind == NULL) {
        unknown_key(config, key);
        return false;
    }
    if (item->operation.kind != NULL) {
        hs_config_error(config, HS_FINDING_TWO_OPERATIONS, key,
                        "`%s` is in the same item as `%s`: an item has one operation, so start "
                        "another with \"- %s:\"",
                        kind->name, item->operation.kind->name, kind->name);
        return false;
    }
    item->operation.kind = kind;
    if (value->kind == HS_NODE_SCALAR && !value->quoted && value->text.size == 0) {
        hs_config_error(config, HS_FINDING_OPERATION_ARGUMENT, key,
                        "`%s` is empty: write it as `%s: %s`", kind->name, kind->name,
                        kind->example);
        return false;
    }
    if (kind->compile == NULL)
        return hs_use_compile(config, value, &item->operation, compiling->chain, compiling->items);
    return kind->compile(config, value, &item->operation);
}

static bool compile_on_error(struct hs_config *config, const struct hs_node *node,
                             struct hs_item *item)
{
    item->skip = node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("skip"));
    if (item->skip ||
        (node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("dead_letter"))))
        return true;
    hs_config_error(config, HS_FINDING_WRONG_WORD, node,
                    "`on_error` is `dead_letter` or `skip`, not %s", hs_config_quote(config, node));
    return false;
}

static bool compile_keys(const struct compiling *compiling, const struct hs_node *node,
                         struct hs_item *item)
{
    struct hs_config *config = compiling->config;
    bool good = true;
    for (size_t i = 0; i < node->count; i++) {
        const struct hs_node *key = node->keys[i], *value = node->items[i];
        if (hs_slice_equal(key->text, HS_SLICE("for")))
            continue;
        if (hs_slice_equal(key->text, HS_SLICE("when"))) {
            item->when = hs_condition_compile(config, value);
            good = item->when != NULL && good;
        } else if (hs_slice_equal(key->text, HS_SLICE("on_error"))) {
            good = compile_on_error(config, value, item) && good;
        } else {
            good = compile_operation(compiling, key, value, item) && good;
        }
    }
    return good;
}

static bool compile_item(const struct compiling *compiling, const struct hs_node *node,
                         struct hs_item *item)
{
    struct hs_config *config = compiling->config;
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(config, HS_FINDING_ITEM_SHAPE, node,
                        "%s: an item is a mapping with one operation, such as "
                        "`- remove: [data.admissionToken]`",
                        hs_config_quote(config, node));
        return false;
    }
    const struct hs_node *each = hs_node_get(node, "for");
    bool good = each == NULL || hs_for_compile(config, each, item);
    item->node = node;
    hs_config_set_scope(config, each != NULL ? HS_ITEM_WORD : NULL);
    good = compile_keys(compiling, node, item) && good;
    hs_config_set_scope(config, NULL);
    if (good && item->operation.kind == NULL) {
        hs_config_error(config, HS_FINDING_NO_OPERATION, node,
                        "this item has no operation, such as remove, keep, rename, copy, set, "
                        "redact, mask or hash");
        return false;
    }
    return good && (each == NULL || hs_for_finish(config, each, item));
}

/* Whether the list itself, and all lists so far together, do not have too many items. */
static bool check_count(const struct compiling *compiling, const struct hs_node *node)
{
    if (node->count > TRANSFORM_ITEMS_MAX) {
        hs_config_error(compiling->config, HS_FINDING_TOO_MANY, node->items[TRANSFORM_ITEMS_MAX],
                        "a list of transformations has at most %u items", TRANSFORM_ITEMS_MAX);
        return false;
    }
    *compiling->items += node->count;
    if (*compiling->items <= TRANSFORM_TOTAL_MAX)
        return true;
    hs_config_error(compiling->config, HS_FINDING_TOO_MANY, node,
                    "together with the lists it uses this list has more than %u items",
                    TRANSFORM_TOTAL_MAX);
    return false;
}

struct hs_transform *hs_list_compile(struct hs_config *config, const struct hs_node *node,
                                     const struct hs_list_chain *chain, size_t *items)
{
    const struct compiling compiling = {config, chain, items};
    struct hs_transform *transform = hs_alloc(sizeof(*transform));
    if (node == NULL)
        return transform;
    bool good = node->kind == HS_NODE_LIST;
    if (!good)
        hs_config_error(config, HS_FINDING_ITEM_SHAPE, node,
                        "`%s` is a list of operations: start each with \"- \", as in "
                        "`- remove: [data.admissionToken]`",
                        chain != NULL ? chain->name : "transform");
    good = good && check_count(&compiling, node);
    if (good) {
        transform->items = hs_alloc_array(node->count + 1, sizeof(*transform->items));
        transform->count = node->count;
        for (size_t i = 0; i < node->count; i++)
            good = compile_item(&compiling, node->items[i], &transform->items[i]) && good;
    }
    if (good)
        return transform;
    hs_transform_free(transform);
    return NULL;
}

struct hs_transform *hs_transform_compile(struct hs_config *config, const struct hs_node *node)
{
    size_t items = 0;
    return hs_list_compile(config, node, NULL, &items);
}

static void free_uses(struct hs_operation *operation)
{
    for (size_t i = 0; i < operation->use_count; i++)
        free((char *)operation->uses[i].path);
    free(operation->uses);
}

void hs_transform_free(struct hs_transform *transform)
{
    if (transform == NULL)
        return;
    for (size_t i = 0; i < transform->count; i++) {
        struct hs_item *item = &transform->items[i];
        if (item->operation.kind != NULL)
            item->operation.kind->free(&item->operation);
        free_uses(&item->operation);
        hs_condition_free(item->when);
        hs_json_path_free(&item->each);
    }
    free(transform->items);
    free(transform);
}

/* ---- Inspection ---- */

void hs_operation_uses(struct hs_operation *operation, enum hs_use_kind kind, const char *path,
                       const struct hs_node *node)
{
    if (path == NULL)
        return; /* it did not compile, which was reported */
    operation->uses =
        hs_realloc_array(operation->uses, operation->use_count + 1, sizeof(*operation->uses));
    operation->uses[operation->use_count++] = (struct hs_use){kind, hs_strdup(path), node};
}

static void note_use(void *context, const struct hs_use *use)
{
    hs_operation_uses(context, use->kind, use->path, use->node);
}

void hs_operation_uses_template(struct hs_operation *operation, const struct hs_template *tmpl)
{
    if (tmpl != NULL)
        hs_template_uses(tmpl, note_use, operation);
}

size_t hs_transform_count(const struct hs_transform *transform)
{
    return transform->count;
}

/* Recursion is bounded by the nesting of lists. */
static bool reshapes(const struct hs_operation *operation)
{
    const struct hs_transform *list = hs_use_list(operation);
    bool does = operation->kind->reshapes;
    for (size_t i = 0; list != NULL && i < list->count; i++)
        does = does || reshapes(&list->items[i].operation);
    return does;
}

struct hs_transform_item hs_transform_at(const struct hs_transform *transform, size_t index)
{
    HS_ASSERT(index < transform->count);
    const struct hs_item *item = &transform->items[index];
    return (struct hs_transform_item){.operation = item->operation.kind->name,
                                      .node = item->node,
                                      .when = item->when,
                                      .each = item->each.text,
                                      .skips = item->skip,
                                      .inside = hs_use_list(&item->operation),
                                      .reshapes = reshapes(&item->operation)};
}

void hs_transform_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                       void *context)
{
    HS_ASSERT(index < transform->count);
    const struct hs_operation *operation = &transform->items[index].operation;
    for (size_t i = 0; i < operation->use_count; i++)
        visit(context, &operation->uses[i]);
}

/* Recursion is bounded by the nesting of lists. */
const struct hs_node *hs_transform_needs_headers(const struct hs_transform *transform)
{
    const struct hs_node *found = NULL;
    for (size_t i = 0; i < transform->count && found == NULL; i++) {
        const struct hs_operation *operation = &transform->items[i].operation;
        const struct hs_transform *list = hs_use_list(operation);
        if (operation->kind->needs_headers != NULL && operation->kind->needs_headers(operation))
            found = transform->items[i].node;
        else if (list != NULL && hs_transform_needs_headers(list) != NULL)
            found = transform->items[i].node;
    }
    return found;
}

/* ---- The manual ---- */

static void put_operations(struct hs_buffer *ret_page)
{
    hs_buffer_append_text(
        ret_page,
        "\n"
        "## Transformations\n"
        "\n"
        "`transform:` of a route is a list; its items are applied in order. An item is one "
        "operation and optionally `when` (a condition, evaluated on the event as the previous "
        "items left it), `for` and `on_error`: `dead_letter` (the event becomes a dead letter; "
        "the default) or `skip` (the field that failed stays unchanged, the rest is applied).\n"
        "\n"
        "`for: \"data.items[*]\"` applies the item to each element of an array separately. A "
        "path, template or condition of the item that begins with `item` refers to the element, "
        "as in `decimal: {field: item.price, currency: data.currencyCode, into: "
        "item.priceMinor}`; every other refers to the event. `when` is evaluated for each "
        "element. `keep` keeps fields within the element. A missing or empty array is not an "
        "error.\n"
        "\n"
        "A path is `data.items[0].price`, or `data.items[*].price` for every element; a name "
        "with dots or brackets is written `data[\"like.this\"]`. In YAML a path with brackets "
        "needs quotes. **A missing field is not an error**: optional fields are normal, and "
        "there is nothing to remove, hide, rename or copy. Numbers keep their digits and members "
        "their order; what no operation changes keeps its bytes. A failure's message names the "
        "operation and the field, never its value.\n"
        "\n"
        "| operation | what it does | written |\n"
        "| --- | --- | --- |\n");
    for (size_t i = 0; i < KINDS; i++)
        hs_buffer_printf(ret_page, "| `%s` | %s | `%s: %s` |\n", kinds[i]->name, kinds[i]->help,
                         kinds[i]->name, kinds[i]->example);
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i]->table == NULL || kinds[i]->table == &hs_fields_table)
            continue;
        hs_buffer_printf(ret_page, "\n### Options of `%s`\n", kinds[i]->name);
        hs_config_manual_rows(kinds[i]->table, ret_page);
    }
}

static void put_expressions(struct hs_buffer *ret_page)
{
    hs_buffer_append_text(
        ret_page,
        "\n"
        "## Templates\n"
        "\n"
        "A template is text with fields in braces, such as `fanfare:{data.queueId}`. "
        "`{data.x|none}` yields `none` if the field is missing or null; without a default the "
        "event becomes a dead letter. `{{` and `}}` are literal braces. Texts are inserted "
        "decoded, numbers and booleans as written; an array or object is an error. `data` refers "
        "to the event after the transformations, the other names to the event as received.\n"
        "\n"
        "| name | value |\n"
        "| --- | --- |\n");
    hs_field_manual(ret_page);
    hs_buffer_append_text(
        ret_page,
        "\n"
        "## Conditions\n"
        "\n"
        "`when` tests the same names and the headers: `data.state == 'won'`, `!=`, `data.amount "
        ">= 100`, `<`, `<=`, `>`, `type in ['order.created', 'order.paid']`, `data.queueId "
        "matches 'que_[0-9A-Z]+'`, `data.phone exists`, combined with `and`, `or`, `not` and "
        "parentheses. Text is quoted. Numbers compare by their exact value, even if they are "
        "texts (money: `data.amount < 149.99`); RFC 3339 times compare as points in time. A "
        "missing field equals nothing, so `!=` is true for it; `exists` tests that a field is "
        "present and not null. Details and examples: [conditions.md](conditions.md).\n");
}

void hs_transform_manual(struct hs_buffer *ret_page)
{
    put_operations(ret_page);
    put_expressions(ret_page);
}

/* ---- The schema ---- */

static struct json_object *item_properties(void)
{
    struct json_object *properties = hs_doc_literal(
        "{\"when\":{\"$ref\":\"#/definitions/condition\"},"
        "\"for\":{\"type\":\"string\",\"description\":\"Applies the item to each element "
        "of this array.\"},"
        "\"on_error\":{\"description\":\"What happens to an event for which the item "
        "fails.\",\"anyOf\":[{\"enum\":[\"dead_letter\",\"skip\"]},{\"type\":\"string\","
        "\"pattern\":\"\\\\$\\\\{\"}]}}");
    for (size_t i = 0; i < KINDS; i++)
        hs_operation_schema(kinds[i], properties);
    return properties;
}

static struct json_object *item_schema(void)
{
    struct json_object *item = hs_doc_object(), *one_of = hs_doc_array();
    for (size_t i = 0; i < KINDS; i++) {
        struct json_object *form = hs_doc_object(), *required = hs_doc_array();
        hs_doc_add(required, hs_doc_text(hs_slice_text(kinds[i]->name)));
        hs_doc_put(form, "required", required);
        hs_doc_add(one_of, form);
    }
    hs_doc_put_text(item, "type", "object");
    hs_doc_put_bool(item, "additionalProperties", false);
    hs_doc_put(item, "properties", item_properties());
    hs_doc_put(item, "oneOf", one_of);
    return item;
}

void hs_transform_schema(struct json_object *definitions)
{
    hs_doc_put_literal(definitions, "condition", "{\"type\":\"string\",\"minLength\":1}");
    hs_doc_put_literal(definitions, "transformations",
                       "{\"type\":\"object\",\"additionalProperties\":"
                       "{\"$ref\":\"#/definitions/transform\"}}");
    struct json_object *list = hs_doc_object();
    hs_doc_put_text(list, "type", "array");
    hs_doc_put_u64(list, "maxItems", TRANSFORM_ITEMS_MAX);
    hs_doc_put(list, "items", item_schema());
    hs_doc_put(definitions, "transform", list);
}
