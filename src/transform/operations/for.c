/* for: reads it, and determines the full paths of such an item. While the item is compiled, the
 * elements' fields begin with `item`; hs_transform_uses() reports the whole path. */
#include "item.h"

#include <stdlib.h>

#define WHOLE_PATH_MAX (1u << 20)

bool hs_for_compile(struct hs_config *config, const struct hs_node *node, struct hs_item *item)
{
    if (!hs_field_path_compile(config, node, false, &item->each))
        return false;
    if (item->each.wildcard)
        return true;
    hs_config_error(config, HS_FINDING_FOR_EACH, node,
                    "%s: `for` takes a path to the elements of an array, such as "
                    "\"data.items[*]\"",
                    hs_config_quote(config, node));
    return false;
}

/* The part of an element's path after `item`; NULL: another path. */
static const char *after_item(const char *path)
{
    size_t size = sizeof(HS_ITEM_WORD) - 1;
    bool named = strncmp(path, HS_ITEM_WORD, size) == 0 &&
                 (path[size] == '\0' || path[size] == '.' || path[size] == '[');
    return named ? path + size : NULL;
}

/* A path written without `for`: "data.items[*].price" for "item.price". The caller frees it. */
static char *whole_path(const struct hs_item *item, const char *path)
{
    const char *rest = item->each.count > 0 ? after_item(path) : NULL;
    struct hs_buffer text;
    hs_buffer_init(&text, WHOLE_PATH_MAX);
    hs_buffer_append_text(&text, rest != NULL ? item->each.text : "");
    hs_buffer_append_text(&text, rest != NULL ? rest : path);
    char *whole = hs_slice_dup(hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return whole;
}

static void note_item(void *context, const struct hs_use *use)
{
    if (after_item(use->path) != NULL)
        *(bool *)context = true;
}

bool hs_for_finish(struct hs_config *config, const struct hs_node *node, struct hs_item *item)
{
    struct hs_operation *operation = &item->operation;
    if (operation->kind->whole) {
        hs_config_error(config, HS_FINDING_FOR_EACH, node,
                        "`for` cannot be combined with `%s`, which concerns the whole event",
                        operation->kind->name);
        return false;
    }
    bool named = false, good = operation->kind != &hs_operation_use;
    if (item->when != NULL)
        hs_condition_uses(item->when, note_item, &named);
    for (size_t i = 0; i < operation->use_count; i++) {
        note_item(&named, &operation->uses[i]);
        if (operation->uses[i].kind == HS_USE_KEEP && after_item(operation->uses[i].path) == NULL) {
            hs_config_error(config, HS_FINDING_FOR_EACH, operation->uses[i].node,
                            "with `for` only an element's fields can be kept, such as "
                            "item.price, and %s is not one",
                            hs_config_quote(config, operation->uses[i].node));
            good = false;
        }
        char *whole = whole_path(item, operation->uses[i].path);
        free((char *)operation->uses[i].path);
        operation->uses[i].path = whole;
    }
    if (operation->kind == &hs_operation_use)
        hs_config_error(config, HS_FINDING_FOR_EACH, node,
                        "`for` needs an operation other than `use`: write it at the items of the "
                        "list");
    else if (!named)
        hs_config_error(config, HS_FINDING_FOR_EACH, node,
                        "with `for` the fields of an element begin with `item`, as in "
                        "item.price, but none here does");
    return named && good;
}

/* A visitor that gets full paths, as without `for`. */
struct rewriting {
    const struct hs_item *item;
    hs_use_fn *visit;
    hs_comparison_fn *compare;
    void *context;
};

static void visit_whole(void *context, const struct hs_use *use)
{
    const struct rewriting *rewriting = context;
    char *path = whole_path(rewriting->item, use->path);
    const struct hs_use whole = {use->kind, path, use->node};
    rewriting->visit(rewriting->context, &whole);
    free(path);
}

void hs_transform_when_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                            void *context)
{
    HS_ASSERT(index < transform->count);
    const struct hs_item *item = &transform->items[index];
    struct rewriting rewriting = {.item = item, .visit = visit, .context = context};
    if (item->when != NULL)
        hs_condition_uses(item->when, visit_whole, &rewriting);
}

static void compare_whole(void *context, const struct hs_comparison *comparison)
{
    const struct rewriting *rewriting = context;
    struct hs_comparison whole = *comparison;
    char *path = whole_path(rewriting->item, comparison->path);
    whole.path = path;
    rewriting->compare(rewriting->context, &whole);
    free(path);
}

void hs_transform_when_comparisons(const struct hs_transform *transform, size_t index,
                                   hs_comparison_fn *visit, void *context)
{
    HS_ASSERT(index < transform->count);
    const struct hs_item *item = &transform->items[index];
    struct rewriting rewriting = {.item = item, .compare = visit, .context = context};
    if (item->when != NULL)
        hs_condition_comparisons(item->when, compare_whole, &rewriting);
}
