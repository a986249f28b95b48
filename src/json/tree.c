/* Tree: parses text into nodes and finds nodes by path. Edits: edit.c. */
#include "index.h"

#include <stdlib.h>

#define FIRST_CELLS 64u

struct hs_json_tree *hs_json_tree_create(void)
{
    struct hs_json_tree *tree = hs_alloc(sizeof(*tree));
    hs_buffer_init(&tree->own, HS_JSON_OWN_MAX);
    tree->root = tree->named = HS_JSON_NO_NODE;
    return tree;
}

void hs_json_tree_free(struct hs_json_tree *tree)
{
    if (tree == NULL)
        return;
    hs_json_index_clear(tree);
    hs_buffer_free(&tree->own);
    free(tree->cells);
    free(tree);
}

/* ---- Reading ---- */

struct build {
    struct hs_json_tree *tree;
    const char *base;
    hs_json_node parent, top;
    uint8_t flags;
    bool full;
};

static uint32_t add_cell(struct hs_json_tree *tree)
{
    if (tree->count == tree->capacity) {
        uint32_t capacity = tree->capacity > 0 ? tree->capacity * 2 : FIRST_CELLS;
        if (capacity > HS_JSON_NODES_MAX)
            return HS_JSON_NO_NODE;
        tree->cells = hs_realloc_array(tree->cells, capacity, sizeof(*tree->cells));
        tree->capacity = capacity;
    }
    return tree->count++;
}

static inline hs_json_node add_node(struct build *build, enum hs_json_kind kind,
                                    struct hs_slice name, const char *at, const char *end)
{
    struct hs_json_tree *tree = build->tree;
    hs_json_node node = add_cell(tree);
    if (node == HS_JSON_NO_NODE) {
        build->full = true;
        return build->top;
    }
    struct hs_json_cell *cell = &tree->cells[node];
    cell->parent = build->parent;
    cell->next = cell->first = cell->last = HS_JSON_NO_NODE;
    cell->begin = (uint32_t)(at - build->base);
    cell->end = (uint32_t)(end - build->base);
    cell->kind = (uint8_t)kind;
    cell->flags = build->flags;
    cell->index = 0;
    bool named = name.data != NULL;
    cell->name_begin = named ? (uint32_t)(name.data - build->base) : 0;
    cell->name_size = named ? (uint32_t)name.size : NO_NAME;
    cell->item_begin = named ? cell->name_begin - 1 : cell->begin;
    cell->item_name_end = named ? cell->name_begin + cell->name_size + 1 : cell->begin;
    cell->item_value = cell->begin;
    cell->item_end = cell->end;
    if (build->top == HS_JSON_NO_NODE) {
        build->top = node;
        return node;
    }
    struct hs_json_cell *parent = &tree->cells[build->parent];
    if (parent->last != HS_JSON_NO_NODE)
        tree->cells[parent->last].next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

static void on_open(void *context, enum hs_json_kind kind, struct hs_slice name, const char *at)
{
    struct build *build = context;
    hs_json_node node = add_node(build, kind, name, at, at);
    if (!build->full)
        build->parent = node;
}

static void on_close(void *context, const char *end)
{
    struct build *build = context;
    if (build->full)
        return;
    struct hs_json_cell *cell = &build->tree->cells[build->parent];
    cell->end = cell->item_end = (uint32_t)(end - build->base);
    build->parent = cell->parent;
}

static void on_scalar(void *context, enum hs_json_kind kind, struct hs_slice name, const char *at,
                      const char *end)
{
    struct build *build = context;
    if (!build->full)
        (void)add_node(build, kind, name, at, end);
}

/* How many more container levels may be nested below `node`. */
static unsigned levels_below(const struct hs_json_tree *tree, hs_json_node node)
{
    unsigned levels = HS_JSON_DEPTH_MAX;
    for (; node != HS_JSON_NO_NODE && levels > 0; node = tree->cells[node].parent)
        levels--;
    return levels;
}

int hs_json_tree_read(struct hs_json_tree *tree, bool own, uint32_t begin, uint32_t size,
                      hs_json_node parent, hs_json_node *ret_node)
{
    static const struct hs_json_handlers handlers = {on_open, on_close, on_scalar};
    const char *base = hs_json_bytes(tree, own);
    struct build build = {
        .tree = tree,
        .base = base,
        .parent = parent,
        .top = HS_JSON_NO_NODE,
        .flags = own ? NODE_OWN | NODE_OWN_NAME : 0,
    };
    uint32_t count = tree->count;
    size_t offset;
    hs_json_count(tree, size / HS_JSON_BYTES_READ);
    int code = hs_json_walk(hs_slice(base + begin, size), levels_below(tree, parent), &handlers,
                            &build, &offset);
    if (code == 0 && build.full)
        code = hs_fail(-E2BIG, "more than %u values", HS_JSON_NODES_MAX);
    if (code == 0)
        *ret_node = build.top;
    else
        tree->count = count;
    return code;
}

int hs_json_tree_parse(struct hs_json_tree *tree, struct hs_slice text)
{
    tree->root = tree->named = HS_JSON_NO_NODE;
    tree->text = HS_SLICE_NONE;
    tree->count = 0;
    tree->changed = false;
    tree->failed = 0;
    hs_json_index_clear(tree);
    tree->steps = 0;
    if (tree->capacity > HS_JSON_NODES_KEPT) {
        free(tree->cells);
        tree->cells = NULL;
        tree->capacity = 0;
    }
    if (tree->own.capacity > HS_JSON_OWN_KEPT)
        hs_buffer_free(&tree->own);
    hs_buffer_clear(&tree->own);
    if (text.size >= UINT32_MAX)
        return hs_fail(-E2BIG, "longer than 4 GiB");
    tree->text = text;
    int code = hs_json_tree_read(tree, false, 0, (uint32_t)text.size, HS_JSON_NO_NODE, &tree->root);
    if (code < 0)
        tree->text = HS_SLICE_NONE;
    return code;
}

/* ---- Finding ---- */

hs_json_node hs_json_root(const struct hs_json_tree *tree)
{
    return tree->root;
}

enum hs_json_kind hs_json_node_kind(const struct hs_json_tree *tree, hs_json_node node)
{
    return (enum hs_json_kind)hs_json_cell_at(tree, node)->kind;
}

struct hs_slice hs_json_node_text(const struct hs_json_tree *tree, hs_json_node node)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    if (cell->kind >= HS_JSON_ARRAY && (cell->flags & NODE_CHANGED))
        return HS_SLICE_NONE;
    return hs_slice(hs_json_bytes(tree, cell->flags & NODE_OWN) + cell->begin,
                    cell->end - cell->begin);
}

static hs_json_node skip_removed(const struct hs_json_tree *tree, hs_json_node node)
{
    while (node != HS_JSON_NO_NODE && (tree->cells[node].flags & NODE_REMOVED))
        node = tree->cells[node].next;
    return node;
}

hs_json_node hs_json_first_child(const struct hs_json_tree *tree, hs_json_node node)
{
    return skip_removed(tree, hs_json_cell_at(tree, node)->first);
}

hs_json_node hs_json_next(const struct hs_json_tree *tree, hs_json_node node)
{
    return skip_removed(tree, hs_json_cell_at(tree, node)->next);
}

struct hs_slice hs_json_node_name(const struct hs_json_tree *tree, hs_json_node node)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    if (cell->name_size == NO_NAME)
        return HS_SLICE_NONE;
    return hs_slice(hs_json_bytes(tree, cell->flags & NODE_OWN_NAME) + cell->name_begin,
                    cell->name_size);
}

hs_json_node hs_json_member_get(const struct hs_json_tree *tree, hs_json_node object,
                                struct hs_slice name)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, object);
    hs_json_node found = HS_JSON_NO_NODE;
    if (cell->kind != HS_JSON_OBJECT)
        return found;
    if (hs_json_is_indexed(cell))
        return hs_json_index_last(tree, object, name);
    uint64_t steps = 0;
    for (hs_json_node child = cell->first; child != HS_JSON_NO_NODE; steps++) {
        const struct hs_json_cell *member = &tree->cells[child];
        if (!(member->flags & NODE_REMOVED) &&
            hs_json_name_is(hs_json_node_name(tree, child), name))
            found = child;
        child = member->next;
    }
    hs_json_searched(tree, object, steps);
    return found;
}

hs_json_node hs_json_element_get(const struct hs_json_tree *tree, hs_json_node array, int64_t index)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, array);
    if (cell->kind != HS_JSON_ARRAY)
        return HS_JSON_NO_NODE;
    if (hs_json_is_indexed(cell))
        return hs_json_index_element(tree, array, (uint64_t)index);
    uint64_t steps = 0;
    hs_json_node child = cell->first;
    for (; child != HS_JSON_NO_NODE; steps++) {
        const struct hs_json_cell *element = &tree->cells[child];
        if (!(element->flags & NODE_REMOVED) && index-- == 0)
            break;
        child = element->next;
    }
    hs_json_searched(tree, array, steps);
    return child;
}

static int each_from(struct hs_json_tree *tree, hs_json_node node, const struct hs_json_path *path,
                     size_t step, hs_json_visit_fn *visit, void *context)
{
    /* Recursion is bounded by the number of steps. */
    if (node == HS_JSON_NO_NODE)
        return 0;
    if (step == path->count)
        return visit(context, tree, node);
    const struct hs_json_step *at = &path->steps[step];
    if (at->name.data != NULL)
        return each_from(tree, hs_json_member_get(tree, node, at->name), path, step + 1, visit,
                         context);
    if (at->index >= 0)
        return each_from(tree, hs_json_element_get(tree, node, at->index), path, step + 1, visit,
                         context);
    if (hs_json_node_kind(tree, node) != HS_JSON_ARRAY)
        return 0;
    hs_json_node next;
    for (hs_json_node child = hs_json_first_child(tree, node); child != HS_JSON_NO_NODE;
         child = next) {
        next = hs_json_next(tree, child);
        hs_json_count(tree, 1);
        int code = each_from(tree, child, path, step + 1, visit, context);
        if (code != 0)
            return code;
    }
    return 0;
}

int hs_json_each_value(struct hs_json_tree *tree, hs_json_node node,
                       const struct hs_json_path *path, size_t step, hs_json_visit_fn *visit,
                       void *context)
{
    /* Recursion is bounded by the number of steps. */
    if (node == HS_JSON_NO_NODE)
        return 0;
    if (step == path->count)
        return visit(context, tree, node);
    const struct hs_json_step *at = &path->steps[step];
    bool object = at->name.data != NULL;
    struct hs_json_named named;
    hs_json_node next, child;
    if (!object && hs_json_node_kind(tree, node) != HS_JSON_ARRAY)
        return 0;
    if (!object && at->index >= 0)
        return hs_json_each_value(tree, hs_json_element_get(tree, node, at->index), path, step + 1,
                                  visit, context);
    child = object ? hs_json_named_first(tree, node, at->name, &named)
                   : hs_json_first_child(tree, node);
    for (; child != HS_JSON_NO_NODE; child = object ? hs_json_named_next(&named) : next) {
        next = hs_json_next(tree, child);
        hs_json_count(tree, 1);
        int code = hs_json_each_value(tree, child, path, step + 1, visit, context);
        if (code != 0)
            return code;
    }
    return 0;
}

void hs_json_name_node(struct hs_json_tree *tree, struct hs_slice name, hs_json_node node)
{
    tree->name = name;
    tree->named = node;
}

hs_json_node hs_json_path_start(const struct hs_json_tree *tree, const struct hs_json_path *path,
                                size_t *ret_step)
{
    bool named = tree->named != HS_JSON_NO_NODE && path->count > 0 &&
                 path->steps[0].name.data != NULL &&
                 hs_slice_equal(path->steps[0].name, tree->name);
    *ret_step = named ? 1 : 0;
    return named ? tree->named : tree->root;
}

int hs_json_each(struct hs_json_tree *tree, const struct hs_json_path *path,
                 hs_json_visit_fn *visit, void *context)
{
    size_t step;
    hs_json_node start = hs_json_path_start(tree, path, &step);
    return each_from(tree, start, path, step, visit, context);
}

static int take_first(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    *(hs_json_node *)context = node;
    return 1;
}

hs_json_node hs_json_find(const struct hs_json_tree *tree, const struct hs_json_path *path)
{
    hs_json_node found = HS_JSON_NO_NODE;
    /* take_first changes nothing, so casting away const is safe. */
    (void)hs_json_each((struct hs_json_tree *)(uintptr_t)tree, path, take_first, &found);
    return found;
}

uint64_t hs_json_steps(const struct hs_json_tree *tree)
{
    return tree->steps;
}

void hs_json_add_steps(struct hs_json_tree *tree, uint64_t steps)
{
    tree->steps += steps;
}

struct hs_json_place hs_json_node_place(const struct hs_json_tree *tree, hs_json_node node)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    return (struct hs_json_place){cell->flags & NODE_OWN, cell->begin};
}

bool hs_json_changed(const struct hs_json_tree *tree)
{
    return tree->changed;
}

int hs_json_status(const struct hs_json_tree *tree)
{
    if (tree->failed < 0)
        return hs_fail(tree->failed,
                       "an edit did not fit: it is nested deeper than %u levels, or has more "
                       "than %u bytes or %u values",
                       HS_JSON_DEPTH_MAX, HS_JSON_OWN_MAX, HS_JSON_NODES_MAX);
    return 0;
}
