/* Write: text out of a tree. What is unchanged is copied as one range. In a changed
 * container the bytes between its members are kept too: a member that is gone takes with it
 * the comma before it (the first one: the comma after it). */
#include "tree.h"

static void put_container(const struct hs_json_tree *tree, hs_json_node node,
                          struct hs_buffer *json);

static void put_range(const struct hs_json_tree *tree, bool own, uint32_t begin, uint32_t end,
                      struct hs_buffer *json)
{
    hs_buffer_append(json, hs_json_bytes(tree, own) + begin, end - begin);
}

/* The name, and what stands between it and the value. `own` is the container's. */
static void put_name(const struct hs_json_tree *tree, const struct hs_json_cell *cell,
                     hs_json_node node, bool own, struct hs_buffer *json)
{
    if (cell->name_size == NO_NAME)
        return;
    if (!(cell->flags & (NODE_RENAMED | NODE_INSERTED))) {
        put_range(tree, own, cell->item_begin, cell->item_value, json);
        return;
    }
    hs_buffer_append_byte(json, '"');
    hs_buffer_append_slice(json, hs_json_node_name(tree, node));
    hs_buffer_append_byte(json, '"');
    if (cell->flags & NODE_INSERTED)
        hs_buffer_append_byte(json, ':');
    else
        put_range(tree, own, cell->item_name_end, cell->item_value, json);
}

/* Every container has two bytes that are its brackets, whatever else became of it. */
static void put_container(const struct hs_json_tree *tree, hs_json_node node,
                          struct hs_buffer *json)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    bool own = cell->flags & NODE_OWN, object = cell->kind == HS_JSON_OBJECT;
    bool emitted = false;
    uint32_t rest = cell->begin + 1; /* past the last item that was read */
    uint32_t head = 0;               /* of the first item that was read */
    for (hs_json_node child = cell->first; child != HS_JSON_NO_NODE;
         child = tree->cells[child].next) {
        const struct hs_json_cell *item = &tree->cells[child];
        bool inserted = item->flags & NODE_INSERTED;
        if (!inserted && head == 0)
            head = item->item_begin;
        if (!(item->flags & NODE_REMOVED)) {
            if (!emitted && !inserted)
                put_range(tree, own, cell->begin, head, json);
            else if (!emitted)
                hs_buffer_append_byte(json, object ? '{' : '[');
            else if (inserted)
                hs_buffer_append_byte(json, ',');
            else
                put_range(tree, own, rest, item->item_begin, json);
            put_name(tree, item, child, own, json);
            hs_json_write_node(tree, child, json);
            emitted = true;
        }
        if (!inserted)
            rest = item->item_end;
    }
    if (!emitted)
        hs_buffer_append_text(json, object ? "{}" : "[]");
    else if (head != 0)
        put_range(tree, own, rest, cell->end, json);
    else
        hs_buffer_append_byte(json, object ? '}' : ']');
}

void hs_json_write_node(const struct hs_json_tree *tree, hs_json_node node,
                        struct hs_buffer *ret_json)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    if (cell->kind >= HS_JSON_ARRAY && (cell->flags & NODE_CHANGED))
        put_container(tree, node, ret_json);
    else
        put_range(tree, cell->flags & NODE_OWN, cell->begin, cell->end, ret_json);
}

void hs_json_write(const struct hs_json_tree *tree, struct hs_buffer *ret_json)
{
    if (!hs_json_changed(tree)) {
        hs_buffer_append_slice(ret_json, tree->text);
        return;
    }
    const struct hs_json_cell *root = hs_json_cell_at(tree, tree->root);
    put_range(tree, false, 0, root->item_begin, ret_json);
    hs_json_write_node(tree, tree->root, ret_json);
    put_range(tree, false, root->item_end, (uint32_t)tree->text.size, ret_json);
}
