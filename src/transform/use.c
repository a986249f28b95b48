/* use: includes a named list of transformations in another list; also checks the named lists
 * themselves. They are in `transformations:` of the same configuration and are compiled again
 * wherever they are used. */
#include "item.h"

#include <stdlib.h>

#define LISTS_DEPTH_MAX 8u

static const struct hs_node *named_lists(struct hs_config *config)
{
    const struct hs_node *lists = hs_node_get(hs_config_root(config), "transformations");
    return lists != NULL && lists->kind == HS_NODE_MAP ? lists : NULL;
}

static void unknown_list(struct hs_config *config, const struct hs_node *node,
                         const struct hs_node *lists)
{
    size_t count = lists != NULL ? lists->count : 0;
    const char **names = hs_alloc_array(count + 1, sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = lists->keys[i]->text.data;
    const char *nearest = hs_nearest_name(node->text, names, count);
    if (nearest != NULL)
        hs_config_error(config, HS_FINDING_UNKNOWN_LIST, node,
                        "unknown list %s, did you mean `%s`?", hs_config_quote(config, node),
                        nearest);
    else
        hs_config_error(config, HS_FINDING_UNKNOWN_LIST, node,
                        "unknown list %s: `use` takes the name of a list in the configuration's "
                        "`transformations:`, which has %s",
                        hs_config_quote(config, node), count > 0 ? "no such name" : "none");
    free(names);
}

/* Whether the list may be used here: not within itself, and not nested too deep. */
static bool check_chain(struct hs_config *config, const struct hs_node *node,
                        const struct hs_list_chain *chain)
{
    struct hs_arena *arena = hs_config_arena(config);
    const char *way = node->text.data;
    size_t depth = 0;
    for (; chain != NULL; chain = chain->up, depth++) {
        way = hs_arena_printf(arena, "%s -> %s", chain->name, way);
        if (hs_slice_equal(hs_slice_text(chain->name), node->text)) {
            hs_config_error(config, HS_FINDING_LIST_LOOP, node, "the list %s would use itself: %s",
                            hs_config_quote(config, node), way);
            return false;
        }
    }
    if (depth < LISTS_DEPTH_MAX)
        return true;
    hs_config_error(config, HS_FINDING_LIST_LOOP, node, "lists are nested more than %u deep: %s",
                    LISTS_DEPTH_MAX, way);
    return false;
}

static void note_use(void *context, const struct hs_use *use)
{
    hs_operation_uses(context, use->kind, use->path, use->node);
}

/* Records the fields of the list's items as used by the operation. */
static void note_uses(struct hs_operation *operation, const struct hs_transform *list)
{
    for (size_t i = 0; i < hs_transform_count(list); i++) {
        hs_transform_when_uses(list, i, note_use, operation);
        hs_transform_uses(list, i, note_use, operation);
    }
}

bool hs_use_compile(struct hs_config *config, const struct hs_node *node,
                    struct hs_operation *operation, const struct hs_list_chain *chain,
                    size_t *items)
{
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_UNKNOWN_LIST, node,
                        "`use` takes the name of one list, not %s", hs_config_quote(config, node));
        return false;
    }
    const struct hs_node *lists = named_lists(config);
    const struct hs_node *list = hs_node_get(lists, node->text.data);
    if (list == NULL) {
        unknown_list(config, node, lists);
        return false;
    }
    if (!check_chain(config, node, chain))
        return false;
    const struct hs_list_chain link = {chain, node->text.data};
    struct hs_transform *compiled = hs_list_compile(config, list, &link, items);
    if (compiled == NULL)
        return false;
    operation->state = compiled;
    operation->parts = hs_transform_count(compiled);
    note_uses(operation, compiled);
    return true;
}

const struct hs_transform *hs_use_list(const struct hs_operation *operation)
{
    return operation->kind == &hs_operation_use ? operation->state : NULL;
}

static int apply_use(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    bool done;
    return hs_transform_apply_item(operation->state, part, work, &done);
}

static void free_use(struct hs_operation *operation)
{
    hs_transform_free(operation->state);
}

const struct hs_operation_kind hs_operation_use = {
    .name = "use",
    .form = HS_FORM_TEXT,
    .help = "Applies the items of a named list in the configuration's `transformations:`, so "
            "that routes can share it. A list may use others, but not itself. `when` is "
            "evaluated once, before the first item; after a failure `on_error: skip` continues "
            "with the list's next item.",
    .example = "personal",
    .apply = apply_use,
    .free = free_use,
};

/* ---- The named lists themselves ---- */

struct marking {
    const struct hs_node *lists;
    bool *used; /* one per list */
};

static void mark_items(struct marking *marking, const struct hs_node *list);

/* Recursion is bounded: each list is entered once. */
static void mark_used(struct marking *marking, const struct hs_node *name)
{
    for (size_t i = 0; name->kind == HS_NODE_SCALAR && i < marking->lists->count; i++) {
        if (marking->used[i] || !hs_slice_equal(marking->lists->keys[i]->text, name->text))
            continue;
        marking->used[i] = true;
        mark_items(marking, marking->lists->items[i]);
    }
}

static void mark_items(struct marking *marking, const struct hs_node *list)
{
    for (size_t i = 0; list->kind == HS_NODE_LIST && i < list->count; i++) {
        const struct hs_node *name = hs_node_get(list->items[i], "use");
        if (name != NULL)
            mark_used(marking, name);
    }
}

/* Every `transform:` at the node or below it; a configuration's depth is bounded. */
static void mark_below(struct marking *marking, const struct hs_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        bool transform =
            node->kind == HS_NODE_MAP && hs_slice_equal(node->keys[i]->text, HS_SLICE("transform"));
        if (transform)
            mark_items(marking, node->items[i]);
        else
            mark_below(marking, node->items[i]);
    }
}

void hs_transform_check_lists(struct hs_config *config, const struct hs_node *lists,
                              const struct hs_node *routes, const struct hs_node *fallback)
{
    if (lists == NULL)
        return;
    if (lists->kind != HS_NODE_MAP) {
        hs_config_error(config, HS_FINDING_WRONG_SHAPE, lists,
                        "`transformations` is a mapping of names to lists, such as "
                        "{personal: [{remove: [data.fullName]}]}, not %s",
                        hs_config_quote(config, lists));
        return;
    }
    struct marking marking = {lists, hs_alloc_array(lists->count + 1, sizeof(bool))};
    if (routes != NULL)
        mark_below(&marking, routes);
    if (fallback != NULL)
        mark_below(&marking, fallback);
    for (size_t i = 0; i < lists->count; i++) {
        const struct hs_list_chain link = {NULL, lists->keys[i]->text.data};
        size_t items = 0;
        hs_transform_free(hs_list_compile(config, lists->items[i], &link, &items));
        if (!marking.used[i])
            hs_config_warning(config, HS_FINDING_UNUSED_LIST, lists->keys[i],
                              "no route uses the list %s: write `- use: %s` in a `transform:`, "
                              "or remove it",
                              hs_config_quote(config, lists->keys[i]), lists->keys[i]->text.data);
    }
    free(marking.used);
}
