/* Transform: a `transform:` list, compiled and applied item by item. What an item does, its
 * operation knows; `when` and `on_error` are the same for all and are done here. */
#include "manual.h"
#include "operation.h"
#include "words.h"

#include <stdlib.h>

#define TRANSFORM_ITEMS_MAX 64u

static const struct hs_operation_kind *const kinds[] = {
    &hs_operation_remove,  &hs_operation_keep,   &hs_operation_rename,  &hs_operation_copy,
    &hs_operation_set,     &hs_operation_redact, &hs_operation_mask,    &hs_operation_hash,
    &hs_operation_lower,   &hs_operation_upper,  &hs_operation_trim,    &hs_operation_truncate,
    &hs_operation_default, &hs_operation_cast,   &hs_operation_flatten, &hs_operation_unwrap,
    &hs_operation_decimal, &hs_operation_time,
};
#define KINDS HS_ARRAY_SIZE(kinds)

struct item {
    const struct hs_node *node;
    struct hs_operation operation;
    struct hs_condition *when; /* NULL: always */
    bool skip;                 /* on_error: skip */
};

struct hs_transform {
    struct item *items;
    size_t count;
};

/* ---- Reading ---- */

static const struct hs_operation_kind *find_kind(struct hs_slice name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (hs_slice_equal(name, hs_slice_text(kinds[i]->name)))
            return kinds[i];
    return NULL;
}

static void unknown_key(struct hs_config *config, const struct hs_node *key)
{
    const char *known[KINDS + 2];
    for (size_t i = 0; i < KINDS; i++)
        known[i] = kinds[i]->name;
    known[KINDS] = "when";
    known[KINDS + 1] = "on_error";
    hs_config_unknown_key(config, key, "transform", known, HS_ARRAY_SIZE(known));
}

static bool compile_operation(struct hs_config *config, const struct hs_node *key,
                              const struct hs_node *value, struct item *item)
{
    const struct hs_operation_kind *kind = find_kind(key->text);
    if (kind == NULL) {
        unknown_key(config, key);
        return false;
    }
    if (item->operation.kind != NULL) {
        hs_config_error(config, key,
                        "`%s` stands in the same item as `%s`: an item has one operation, so "
                        "start another with \"- %s:\"",
                        kind->name, item->operation.kind->name, kind->name);
        return false;
    }
    item->operation.kind = kind;
    if (value->kind == HS_NODE_SCALAR && !value->quoted && value->text.size == 0) {
        hs_config_error(config, key, "`%s` says nothing: it is written `%s: %s`", kind->name,
                        kind->name, kind->example);
        return false;
    }
    return kind->compile(config, value, &item->operation);
}

static bool compile_on_error(struct hs_config *config, const struct hs_node *node,
                             struct item *item)
{
    item->skip = node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("skip"));
    if (item->skip ||
        (node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("dead_letter"))))
        return true;
    hs_config_error(config, node, "`on_error` is `dead_letter` or `skip`, not %s",
                    hs_config_quote(config, node));
    return false;
}

static bool compile_item(struct hs_config *config, const struct hs_node *node, struct item *item)
{
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(config, node,
                        "%s: an item is a mapping with one operation, such as "
                        "`- remove: [data.admissionToken]`",
                        hs_config_quote(config, node));
        return false;
    }
    bool good = true;
    item->node = node;
    for (size_t i = 0; i < node->count; i++) {
        const struct hs_node *key = node->keys[i], *value = node->items[i];
        if (hs_slice_equal(key->text, HS_SLICE("when"))) {
            item->when = hs_condition_compile(config, value);
            good = item->when != NULL && good;
        } else if (hs_slice_equal(key->text, HS_SLICE("on_error"))) {
            good = compile_on_error(config, value, item) && good;
        } else {
            good = compile_operation(config, key, value, item) && good;
        }
    }
    if (good && item->operation.kind == NULL) {
        hs_config_error(config, node,
                        "this item has no operation: remove, keep, rename, copy, "
                        "set, redact, mask or hash");
        return false;
    }
    return good;
}

struct hs_transform *hs_transform_compile(struct hs_config *config, const struct hs_node *node)
{
    struct hs_transform *transform = hs_alloc(sizeof(*transform));
    if (node == NULL)
        return transform;
    bool good = true;
    if (node->kind != HS_NODE_LIST) {
        hs_config_error(config, node,
                        "`transform` is a list of operations: start each with \"- \", as in "
                        "`- remove: [data.admissionToken]`");
        good = false;
    } else if (node->count > TRANSFORM_ITEMS_MAX) {
        hs_config_error(config, node->items[TRANSFORM_ITEMS_MAX],
                        "a list of transformations has at most %u items", TRANSFORM_ITEMS_MAX);
        good = false;
    } else {
        transform->items = hs_alloc_array(node->count + 1, sizeof(*transform->items));
        transform->count = node->count;
        for (size_t i = 0; i < node->count; i++)
            good = compile_item(config, node->items[i], &transform->items[i]) && good;
    }
    if (good)
        return transform;
    hs_transform_free(transform);
    return NULL;
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
        struct item *item = &transform->items[i];
        if (item->operation.kind != NULL)
            item->operation.kind->free(&item->operation);
        free_uses(&item->operation);
        hs_condition_free(item->when);
    }
    free(transform->items);
    free(transform);
}

/* ---- Doing ---- */

bool hs_transform_is_empty(const struct hs_transform *transform)
{
    return transform->count == 0;
}

static int apply_item(const struct item *item, struct hs_work *work, bool *ret_done)
{
    *ret_done = false;
    if (item->when != NULL) {
        int holds = hs_condition_holds(item->when, work);
        if (holds <= 0)
            return holds;
    }
    *ret_done = true;
    for (size_t part = 0; part < item->operation.parts; part++) {
        int code = item->operation.kind->apply(&item->operation, part, work);
        if (code < 0 && !item->skip)
            return code;
    }
    return 0;
}

int hs_transform_apply_item(const struct hs_transform *transform, size_t index,
                            struct hs_work *work, bool *ret_done)
{
    HS_ASSERT(index < transform->count);
    return apply_item(&transform->items[index], work, ret_done);
}

int hs_transform_apply(const struct hs_transform *transform, struct hs_work *work)
{
    for (size_t i = 0; i < transform->count; i++) {
        bool done;
        int code = apply_item(&transform->items[i], work, &done);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- Looking into it ---- */

void hs_operation_uses(struct hs_operation *operation, enum hs_use_kind kind, const char *path,
                       const struct hs_node *node)
{
    if (path == NULL)
        return; /* it could not be compiled, which was said */
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

struct hs_transform_item hs_transform_at(const struct hs_transform *transform, size_t index)
{
    HS_ASSERT(index < transform->count);
    const struct item *item = &transform->items[index];
    return (struct hs_transform_item){item->operation.kind->name, item->node, item->when};
}

void hs_transform_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                       void *context)
{
    HS_ASSERT(index < transform->count);
    const struct hs_operation *operation = &transform->items[index].operation;
    for (size_t i = 0; i < operation->use_count; i++)
        visit(context, &operation->uses[i]);
}

/* ---- The manual ---- */

void hs_transform_manual(struct hs_buffer *ret_page)
{
    hs_buffer_append_text(
        ret_page,
        "\n## Transformations\n\n"
        "`transform:` of a route is a list; its items are done in the order written. An item is "
        "one operation and, if need be, `when` (a condition, asked of the event as the items "
        "before left it) and `on_error`: `dead_letter` (the event becomes a dead letter; the "
        "default) or `skip` (the field that failed stays as it is, the rest is done).\n\n"
        "A path is `data.items[0].price`, or `data.items[*].price` for every element; a name "
        "with dots or brackets is written `data[\"like.this\"]`. YAML wants quotes round a path "
        "with brackets. **A field that is not there is no error**: optional fields are normal, "
        "and there is nothing to remove, hide, rename or copy. Numbers keep their digits and "
        "members their order.\n\n"
        "| operation | what it does | written |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < KINDS; i++)
        hs_buffer_printf(ret_page, "| `%s` | %s | `%s: %s` |\n", kinds[i]->name, kinds[i]->help,
                         kinds[i]->name, kinds[i]->example);
    hs_buffer_append_text(
        ret_page,
        "\n## Templates\n\n"
        "A template is text with fields in braces, such as `fanfare:{data.queueId}`. "
        "`{data.x|none}` gives `none` when the field is missing or null; without that the event "
        "becomes a dead letter. `{{` and `}}` stand for braces. Texts come out as they read, "
        "numbers and booleans as they are written; an array or object is an error. `data` is "
        "that of the event after the transformations, the other names are those of the event as "
        "received.\n\n"
        "| name | value |\n| --- | --- |\n");
    hs_field_manual(ret_page);
    hs_buffer_append_text(
        ret_page,
        "\n## Conditions\n\n"
        "`when` compares the same names: `data.state == 'won'`, `data.attempt != 1`, "
        "`data.phone exists`, joined by `and`, `or`, `not` and parentheses. Text stands in "
        "quotes; numbers compare by value, digit by digit (`1.0 == 1`); a text never equals a "
        "number (money is text: `data.amount == '149.99'`). A missing field equals nothing, so "
        "`!=` holds for it; `exists` says that a field is there and not null.\n");
}
