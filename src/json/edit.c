/* Edit: changes to the tree. Each marks the nodes on the way up as changed; write.c makes
 * text of that. */
#include "tree.h"

static void mark_changed(struct hs_json_tree *tree, hs_json_node node)
{
    for (; node != HS_JSON_NO_NODE; node = tree->cells[node].parent)
        tree->cells[node].flags |= NODE_CHANGED;
}

/* Copies bytes into the tree's own memory, from where they may also come. */
static uint32_t own_copy(struct hs_json_tree *tree, struct hs_slice bytes)
{
    const char *own = tree->own.data;
    bool inside = own != NULL && bytes.data >= own && bytes.data < own + tree->own.size;
    size_t offset = inside ? (size_t)(bytes.data - own) : 0;
    size_t begin = tree->own.size;
    char *at = hs_buffer_reserve(&tree->own, bytes.size);
    HS_ASSERT(at != NULL); /* the ceiling is far above the bodies that are let in */
    if (bytes.size > 0)
        memcpy(at, inside ? tree->own.data + offset : bytes.data, bytes.size);
    hs_buffer_commit(&tree->own, bytes.size);
    return (uint32_t)begin;
}

void hs_json_remove(struct hs_json_tree *tree, hs_json_node node)
{
    struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    if (cell->parent == HS_JSON_NO_NODE)
        return; /* the document itself stays */
    cell->flags |= NODE_REMOVED;
    mark_changed(tree, node);
}

void hs_json_replace(struct hs_json_tree *tree, hs_json_node node, struct hs_slice json)
{
    uint32_t begin = own_copy(tree, json);
    hs_json_node fresh;
    hs_json_node parent = hs_json_cell_at(tree, node)->parent;
    int code = hs_json_tree_read(tree, true, begin, (uint32_t)json.size, parent, &fresh);
    HS_ASSERT(code == 0);
    struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    const struct hs_json_cell *from = hs_json_cell_at(tree, fresh);
    cell->first = from->first;
    cell->last = from->last;
    cell->begin = from->begin;
    cell->end = from->end;
    cell->kind = from->kind;
    cell->flags |= NODE_OWN;
    for (hs_json_node child = cell->first; child != HS_JSON_NO_NODE;
         child = tree->cells[child].next)
        tree->cells[child].parent = node;
    /* The new value is whole as it stands; it is those above that are changed. */
    mark_changed(tree, node);
    if (parent != HS_JSON_NO_NODE)
        cell->flags &= (uint8_t)~NODE_CHANGED;
}

static void set_name(struct hs_json_tree *tree, hs_json_node member, struct hs_slice name)
{
    struct hs_buffer quoted;
    hs_buffer_init(&quoted, HS_JSON_OWN_MAX);
    hs_json_encode_string(name, &quoted);
    uint32_t begin = own_copy(tree, hs_buffer_slice(&quoted));
    struct hs_json_cell *cell = hs_json_cell_at(tree, member);
    cell->name_begin = begin + 1;
    cell->name_size = (uint32_t)quoted.size - 2;
    cell->flags |= NODE_OWN_NAME;
    hs_buffer_free(&quoted);
}

void hs_json_rename(struct hs_json_tree *tree, hs_json_node member, struct hs_slice name)
{
    HS_ASSERT(hs_json_cell_at(tree, member)->name_size != NO_NAME);
    set_name(tree, member, name);
    hs_json_cell_at(tree, member)->flags |= NODE_RENAMED;
    mark_changed(tree, hs_json_cell_at(tree, member)->parent);
}

/* ---- Setting ---- */

/* A new last member of the object, with the value `json`. */
static void insert(struct hs_json_tree *tree, hs_json_node object, struct hs_slice name,
                   struct hs_slice json)
{
    uint32_t begin = own_copy(tree, json);
    hs_json_node fresh;
    int code = hs_json_tree_read(tree, true, begin, (uint32_t)json.size, object, &fresh);
    HS_ASSERT(code == 0);
    set_name(tree, fresh, name);
    struct hs_json_cell *cell = hs_json_cell_at(tree, fresh);
    cell->flags |= NODE_INSERTED;
    struct hs_json_cell *parent = hs_json_cell_at(tree, object);
    if (parent->last != HS_JSON_NO_NODE)
        tree->cells[parent->last].next = fresh;
    else
        parent->first = fresh;
    parent->last = fresh;
    mark_changed(tree, object);
}

/* {"b":{"c":<json>}} for the steps from `step` on, which must all be names. */
static int wrap(const struct hs_json_path *path, size_t step, struct hs_slice json,
                struct hs_buffer *ret_json)
{
    for (size_t i = step; i < path->count; i++) {
        if (path->steps[i].name.data == NULL)
            return hs_fail(-ENOTDIR, "`%s`: there is no such element to set", path->text);
        hs_buffer_append_byte(ret_json, '{');
        hs_json_encode_string(path->steps[i].name, ret_json);
        hs_buffer_append_byte(ret_json, ':');
    }
    hs_buffer_append_slice(ret_json, json);
    for (size_t i = step; i < path->count; i++)
        hs_buffer_append_byte(ret_json, '}');
    return 0;
}

int hs_json_set(struct hs_json_tree *tree, const struct hs_json_path *path, struct hs_slice json)
{
    HS_ASSERT(!path->wildcard && path->count > 0);
    hs_json_node node = tree->root;
    size_t step = 0;
    for (; step < path->count; step++) {
        struct hs_json_path one = {&path->steps[step], 1, false, path->text};
        hs_json_node child = HS_JSON_NO_NODE;
        if (one.steps->name.data != NULL)
            child = hs_json_member_get(tree, node, one.steps->name);
        else if (hs_json_node_kind(tree, node) == HS_JSON_ARRAY) {
            child = hs_json_first_child(tree, node);
            for (int64_t i = 0; i < one.steps->index && child != HS_JSON_NO_NODE; i++)
                child = hs_json_next(tree, child);
        }
        if (child == HS_JSON_NO_NODE)
            break;
        node = child;
    }
    if (step == path->count) {
        hs_json_replace(tree, node, json);
        return 0;
    }
    if (path->steps[step].name.data == NULL || hs_json_node_kind(tree, node) != HS_JSON_OBJECT)
        return hs_fail(-ENOTDIR, "`%s`: what is on the way is no object", path->text);
    struct hs_buffer value;
    hs_buffer_init(&value, HS_JSON_OWN_MAX);
    int code = wrap(path, step + 1, json, &value);
    if (code == 0 && step + 1 + 1 > HS_JSON_DEPTH_MAX)
        code = hs_fail(-ENOTDIR, "`%s`: nested too deep", path->text);
    if (code == 0)
        insert(tree, node, path->steps[step].name, hs_buffer_slice(&value));
    hs_buffer_free(&value);
    return code;
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

/* Bounded by the depth of the text. */
static void prune(struct hs_json_tree *tree, hs_json_node node)
{
    hs_json_node next;
    for (hs_json_node child = hs_json_first_child(tree, node); child != HS_JSON_NO_NODE;
         child = next) {
        next = hs_json_next(tree, child);
        uint8_t flags = tree->cells[child].flags;
        if (flags & NODE_ON_WAY && !(flags & NODE_KEEP))
            prune(tree, child);
        else if (!(flags & NODE_KEEP))
            hs_json_remove(tree, child);
    }
}

void hs_json_keep(struct hs_json_tree *tree, const struct hs_json_path *const *paths, size_t count)
{
    for (uint32_t i = 0; i < tree->count; i++)
        tree->cells[i].flags &= (uint8_t) ~(NODE_KEEP | NODE_ON_WAY);
    for (size_t i = 0; i < count; i++)
        (void)hs_json_each(tree, paths[i], mark_kept, NULL);
    if (!(tree->cells[tree->root].flags & NODE_KEEP))
        prune(tree, tree->root);
}
