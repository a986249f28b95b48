/* Apply: applies a compiled list to an event, item by item. The operations do their own part;
 * `when`, `for` and `on_error` are common to all and handled here. */
#include "item.h"
#include "words.h"

#include <stdlib.h>

bool hs_transform_is_empty(const struct hs_transform *transform)
{
    return transform->count == 0;
}

static int apply_once(const struct hs_item *item, struct hs_work *work, bool *ret_done)
{
    if (item->when != NULL) {
        int holds = hs_condition_holds(item->when, work);
        if (holds <= 0)
            return holds;
    }
    *ret_done = true;
    for (size_t part = 0; part < item->operation.parts; part++) {
        int code = item->operation.kind->apply(&item->operation, part, work);
        if (code < 0 && (!item->skip || code == -EAGAIN)) /* a temporary error is not a failure to
                                                           * skip */
            return code;
        if (code < 0)
            hs_work_note_skip(work);
        code = hs_work_within_steps(work); /* this cannot be skipped */
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- for ---- */

/* The elements as found before the first is processed. */
struct elements {
    hs_json_node *nodes;
    size_t count, capacity;
};

static int collect(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    struct elements *elements = context;
    if (elements->count == elements->capacity) {
        elements->capacity = elements->capacity ? elements->capacity * 2 : 16;
        elements->nodes =
            hs_realloc_array(elements->nodes, elements->capacity, sizeof(*elements->nodes));
    }
    elements->nodes[elements->count++] = node;
    return 0;
}

static int apply_each(const struct hs_item *item, struct hs_work *work, bool *ret_done)
{
    struct elements elements = {0};
    struct hs_json_tree *tree;
    int code = hs_each_value(work, &item->each, "for", collect, &elements);
    size_t i = 0;
    for (; code == 0 && i < elements.count; i++) {
        code = hs_work_tree(work, &tree);
        if (code < 0)
            break;
        hs_json_name_node(tree, HS_SLICE(HS_ITEM_WORD), elements.nodes[i]);
        code = apply_once(item, work, ret_done);
        hs_json_name_node(tree, HS_SLICE_NONE, HS_JSON_NO_NODE);
    }
    free(elements.nodes);
    if (code == 0 || i == 0)
        return code;
    char why[256];
    hs_copy_words(why, sizeof(why));
    return hs_fail(code, "%s (number %zu of %s)", why, i, item->each.text);
}

static int apply_item(const struct hs_item *item, struct hs_work *work, bool *ret_done)
{
    *ret_done = false;
    return item->each.count > 0 ? apply_each(item, work, ret_done)
                                : apply_once(item, work, ret_done);
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
