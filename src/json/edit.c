/* Edit: changes to the tree. Each marks the nodes above it as changed; write.c generates the
 * text. */
#include "index.h"

/* ---- The tree's own memory ---- */

/* The sizes of the own memory and the node table, to undo an edit that failed halfway. */
struct mark {
    size_t own_size;
    uint32_t count;
};

static struct mark mark_here(const struct hs_json_tree *tree)
{
    return (struct mark){tree->own.size, tree->count};
}

static int back_to(struct hs_json_tree *tree, struct mark mark, int code)
{
    tree->own.size = mark.own_size;
    tree->count = mark.count;
    return code;
}

/* Reserves `room` more bytes, so that the following appends do not move the memory. `bytes` may lie
 * in that memory; *bytes is its address afterwards. */
static int make_room(struct hs_json_tree *tree, size_t room, struct hs_slice *bytes)
{
    struct hs_buffer *own = &tree->own;
    if (room > own->ceiling - own->size)
        return hs_fail(-ENOSPC, "the edits of one document exceed %u bytes", HS_JSON_OWN_MAX);
    uintptr_t offset = (uintptr_t)bytes->data - (uintptr_t)own->data;
    bool inside = own->data != NULL && offset < own->size;
    (void)hs_buffer_reserve(own, room);
    if (inside)
        bytes->data = own->data + offset;
    return 0;
}

/* The maximum size of a name encoded as JSON: quotes, and six bytes for a control character. */
static size_t encoded_max(struct hs_slice text)
{
    return 2 + 6 * text.size;
}

static uint32_t own_offset(const struct hs_json_tree *tree)
{
    return (uint32_t)tree->own.size;
}

/* ---- Edits of existing nodes ---- */

static void mark_changed(struct hs_json_tree *tree, hs_json_node node)
{
    tree->changed = true;
    for (; node != HS_JSON_NO_NODE; node = tree->cells[node].parent)
        tree->cells[node].flags |= NODE_CHANGED;
}

static void latch(struct hs_json_tree *tree, int code)
{
    if (tree->failed == 0)
        tree->failed = code;
}

void hs_json_remove(struct hs_json_tree *tree, hs_json_node node)
{
    struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    if (cell->parent == HS_JSON_NO_NODE)
        return; /* the document itself cannot be removed */
    cell->flags |= NODE_REMOVED;
    if (hs_json_cell_at(tree, cell->parent)->kind == HS_JSON_ARRAY)
        hs_json_index_drop(tree, cell->parent); /* the later elements are renumbered */
    mark_changed(tree, cell->parent);
}

void hs_json_remove_members(struct hs_json_tree *tree, hs_json_node object, struct hs_slice name,
                            hs_json_node but)
{
    struct hs_json_named named;
    for (hs_json_node member = hs_json_named_first(tree, object, name, &named);
         member != HS_JSON_NO_NODE; member = hs_json_named_next(&named))
        if (member != but)
            hs_json_remove(tree, member);
}

/* Moves the value parsed as `fresh` into `node`, which keeps its number. */
static void take_over(struct hs_json_tree *tree, hs_json_node node, hs_json_node fresh)
{
    hs_json_index_drop(tree, node);
    struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    const struct hs_json_cell *from = hs_json_cell_at(tree, fresh);
    cell->first = from->first;
    cell->last = from->last;
    cell->begin = from->begin;
    cell->end = from->end;
    cell->kind = from->kind;
    cell->flags |= NODE_OWN;
    cell->flags &= (uint8_t)~NODE_CHANGED; /* its bytes are complete */
    for (hs_json_node child = cell->first; child != HS_JSON_NO_NODE;
         child = tree->cells[child].next)
        tree->cells[child].parent = node;
    hs_json_count(tree, tree->count - fresh);
    mark_changed(tree, cell->parent);
}

static int replace(struct hs_json_tree *tree, hs_json_node node, struct hs_slice json)
{
    struct mark mark = mark_here(tree);
    int code = make_room(tree, json.size, &json);
    if (code < 0)
        return code;
    uint32_t begin = own_offset(tree);
    hs_buffer_append_slice(&tree->own, json);
    hs_json_node fresh;
    code = hs_json_tree_read(tree, true, begin, (uint32_t)json.size,
                             hs_json_cell_at(tree, node)->parent, &fresh);
    HS_ASSERT(code != -EINVAL);
    if (code < 0)
        return back_to(tree, mark, code);
    take_over(tree, node, fresh);
    return 0;
}

void hs_json_replace(struct hs_json_tree *tree, hs_json_node node, struct hs_slice json)
{
    int code = replace(tree, node, json);
    if (code < 0)
        latch(tree, code);
}

/* Gives the member the name written last to the own memory, with its quotes. */
static void take_name(struct hs_json_tree *tree, hs_json_node member, uint32_t begin)
{
    struct hs_json_cell *cell = hs_json_cell_at(tree, member);
    cell->name_begin = begin + 1;
    cell->name_size = own_offset(tree) - begin - 2;
    cell->flags |= NODE_OWN_NAME;
}

/* Writes the name into the own memory, where room is reserved, and gives it to the member. */
static void set_name(struct hs_json_tree *tree, hs_json_node member, struct hs_slice name)
{
    uint32_t begin = own_offset(tree);
    hs_json_encode_string(name, &tree->own);
    take_name(tree, member, begin);
}

void hs_json_rename(struct hs_json_tree *tree, hs_json_node member, struct hs_slice name)
{
    HS_ASSERT(hs_json_cell_at(tree, member)->name_size != NO_NAME);
    int code = make_room(tree, encoded_max(name), &name);
    if (code < 0) {
        latch(tree, code);
        return;
    }
    hs_json_index_drop(tree, hs_json_cell_at(tree, member)->parent);
    set_name(tree, member, name);
    hs_json_cell_at(tree, member)->flags |= NODE_RENAMED;
    mark_changed(tree, hs_json_cell_at(tree, member)->parent);
}

/* ---- Setting ---- */

static hs_json_node child_at(const struct hs_json_tree *tree, hs_json_node node,
                             const struct hs_json_step *step)
{
    return step->name.data != NULL ? hs_json_member_get(tree, node, step->name)
                                   : hs_json_element_get(tree, node, step->index);
}

/* The room that `json` needs, wrapped in an object for every step from `step` on. */
static int wrapped_max(const struct hs_json_path *path, size_t step, struct hs_slice json,
                       size_t *ret_size)
{
    size_t size = json.size;
    for (size_t i = step; i < path->count; i++) {
        if (path->steps[i].name.data == NULL)
            return hs_fail(-ENOTDIR, "`%s`: there is no such element to set", path->text);
        size += encoded_max(path->steps[i].name) + 3; /* {:} */
    }
    *ret_size = size;
    return 0;
}

/* Writes {"b":{"c":<json>}} for the steps from `step` on, into reserved room. */
static void put_wrapped(const struct hs_json_path *path, size_t step, struct hs_slice json,
                        struct hs_buffer *own)
{
    for (size_t i = step; i < path->count; i++) {
        hs_buffer_append_byte(own, '{');
        hs_json_encode_string(path->steps[i].name, own);
        hs_buffer_append_byte(own, ':');
    }
    hs_buffer_append_slice(own, json);
    for (size_t i = step; i < path->count; i++)
        hs_buffer_append_byte(own, '}');
}

static void link_last(struct hs_json_tree *tree, hs_json_node object, hs_json_node fresh)
{
    hs_json_cell_at(tree, fresh)->flags |= NODE_INSERTED;
    struct hs_json_cell *parent = hs_json_cell_at(tree, object);
    if (parent->last != HS_JSON_NO_NODE)
        tree->cells[parent->last].next = fresh;
    else
        parent->first = fresh;
    parent->last = fresh;
    mark_changed(tree, object);
}

/* Parses what was written to the own memory since `mark` as a new last member of the object; the
 * caller sets its name. On failure restores the memory to `mark`. */
static int read_last(struct hs_json_tree *tree, hs_json_node object, struct mark mark,
                     hs_json_node *ret_fresh)
{
    uint32_t begin = (uint32_t)mark.own_size;
    int code = hs_json_tree_read(tree, true, begin, own_offset(tree) - begin, object, ret_fresh);
    HS_ASSERT(code != -EINVAL);
    if (code < 0)
        return back_to(tree, mark, code);
    link_last(tree, object, *ret_fresh);
    return 0;
}

/* Inserts a new last member named as the step says, with the rest of the path below it. */
static int insert(struct hs_json_tree *tree, hs_json_node object, const struct hs_json_path *path,
                  size_t step, struct hs_slice json)
{
    struct hs_slice name = path->steps[step].name;
    struct mark mark = mark_here(tree);
    size_t wrapped = 0;
    int code = wrapped_max(path, step + 1, json, &wrapped);
    if (code == 0)
        code = make_room(tree, wrapped + encoded_max(name), &json);
    if (code < 0)
        return code;
    put_wrapped(path, step + 1, json, &tree->own);
    hs_json_node fresh;
    code = read_last(tree, object, mark, &fresh);
    if (code < 0)
        return code;
    set_name(tree, fresh, name);
    hs_json_index_add(tree, object, fresh);
    return 0;
}

int hs_json_set(struct hs_json_tree *tree, const struct hs_json_path *path, struct hs_slice json)
{
    HS_ASSERT(!path->wildcard && path->count > 0);
    size_t step;
    hs_json_node node = hs_json_path_start(tree, path, &step), above = HS_JSON_NO_NODE;
    for (; step < path->count; step++) {
        hs_json_node child = child_at(tree, node, &path->steps[step]);
        if (child != HS_JSON_NO_NODE) {
            above = node;
            node = child;
            continue;
        }
        if (path->steps[step].name.data == NULL)
            return hs_fail(-ENOTDIR, "`%s`: there is no such element to set", path->text);
        if (hs_json_node_kind(tree, node) != HS_JSON_OBJECT)
            return hs_fail(-ENOTDIR, "`%s`: something on its way is not an object", path->text);
        return insert(tree, node, path, step, json);
    }
    int code = replace(tree, node, json);
    struct hs_slice name = path->steps[path->count - 1].name;
    if (code == 0 && above != HS_JSON_NO_NODE && name.data != NULL)
        hs_json_remove_members(tree, above, name, node);
    return code;
}

int hs_json_add_member(struct hs_json_tree *tree, hs_json_node object, struct hs_slice name,
                       struct hs_slice json)
{
    HS_ASSERT(hs_json_node_kind(tree, object) == HS_JSON_OBJECT);
    struct mark mark = mark_here(tree);
    int code = make_room(tree, json.size + name.size + 2, &json);
    if (code < 0)
        return code;
    hs_buffer_append_slice(&tree->own, json);
    hs_json_node fresh;
    code = read_last(tree, object, mark, &fresh);
    if (code < 0)
        return code;
    uint32_t begin = own_offset(tree);
    hs_buffer_append_byte(&tree->own, '"');
    hs_buffer_append_slice(&tree->own, name);
    hs_buffer_append_byte(&tree->own, '"');
    take_name(tree, fresh, begin);
    hs_json_index_add(tree, object, fresh);
    return 0;
}

/* ---- Keeping ---- */

static int mark_kept(void *context, struct hs_json_tree *tree, hs_json_node node)
{
    tree->cells[node].flags |= NODE_KEEP;
    for (hs_json_node up = tree->cells[node].parent; up != HS_JSON_NO_NODE;
         up = tree->cells[up].parent)
        tree->cells[up].flags |= NODE_ON_WAY;
    return 0;
}

/* Recursion is bounded by the depth of the text. */
static void clear_marks(struct hs_json_tree *tree, hs_json_node node)
{
    tree->cells[node].flags &= (uint8_t) ~(NODE_KEEP | NODE_ON_WAY);
    hs_json_count(tree, 1);
    for (hs_json_node child = hs_json_first_child(tree, node); child != HS_JSON_NO_NODE;
         child = hs_json_next(tree, child))
        clear_marks(tree, child);
}

/* Recursion is bounded likewise. */
static void prune(struct hs_json_tree *tree, hs_json_node node)
{
    hs_json_node next;
    for (hs_json_node child = hs_json_first_child(tree, node); child != HS_JSON_NO_NODE;
         child = next) {
        next = hs_json_next(tree, child);
        uint8_t flags = tree->cells[child].flags;
        hs_json_count(tree, 1);
        if (flags & NODE_ON_WAY && !(flags & NODE_KEEP))
            prune(tree, child);
        else if (!(flags & NODE_KEEP))
            hs_json_remove(tree, child);
    }
}

void hs_json_keep(struct hs_json_tree *tree, const struct hs_json_path *const *paths, size_t count)
{
    hs_json_node top = tree->named != HS_JSON_NO_NODE ? tree->named : tree->root;
    clear_marks(tree, top);
    for (size_t i = 0; i < count; i++)
        (void)hs_json_each(tree, paths[i], mark_kept, NULL);
    if (!(tree->cells[top].flags & NODE_KEEP))
        prune(tree, top);
}
