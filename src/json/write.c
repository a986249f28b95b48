/* Write: generates the text of a tree. Unchanged bytes are copied in runs as long as possible; this
 * includes the bytes between members of a changed container. A removed member takes the comma
 * before it along (the first ones take the comma after them). */
#include "tree.h"

/* Moves along the bytes of one container as it was parsed. */
struct writer {
    const struct hs_json_tree *tree;
    struct hs_buffer *json;
    bool own;        /* its bytes are in the tree's own memory */
    uint32_t copied; /* the bytes before this are copied or left out */
};

static void copy_to(struct writer *writer, uint32_t until)
{
    const char *bytes = hs_json_bytes(writer->tree, writer->own);
    hs_buffer_append(writer->json, bytes + writer->copied, until - writer->copied);
    writer->copied = until;
}

static void put_name(struct writer *writer, hs_json_node node)
{
    hs_buffer_append_byte(writer->json, '"');
    hs_buffer_append_slice(writer->json, hs_json_node_name(writer->tree, node));
    hs_buffer_append_byte(writer->json, '"');
}

/* Whether the item's bytes differ from those parsed, in a container of `own`. */
static bool is_touched(const struct hs_json_cell *item, bool own)
{
    bool replaced = (bool)(item->flags & NODE_OWN) != own || item->begin != item->item_value;
    return replaced || (item->flags & (NODE_CHANGED | NODE_RENAMED)) != 0;
}

static void put_touched(struct writer *writer, hs_json_node node)
{
    const struct hs_json_cell *item = hs_json_cell_at(writer->tree, node);
    if (item->flags & NODE_RENAMED) {
        copy_to(writer, item->item_begin);
        put_name(writer, node);
        writer->copied = item->item_name_end;
    }
    copy_to(writer, item->item_value);
    hs_json_write_node(writer->tree, node, writer->json);
    writer->copied = item->item_end;
}

/* `rest`: past the last parsed item, if any, otherwise past the bracket. */
static void put_inserted(struct writer *writer, hs_json_node node, bool first, uint32_t rest)
{
    if (first) {
        hs_buffer_append_byte(writer->json, '{'); /* elements are never inserted */
        writer->copied = rest;
    } else {
        copy_to(writer, rest);
        hs_buffer_append_byte(writer->json, ',');
    }
    put_name(writer, node);
    hs_buffer_append_byte(writer->json, ':');
    hs_json_write_node(writer->tree, node, writer->json);
}

static void put_container(const struct hs_json_tree *tree, const struct hs_json_cell *cell,
                          struct hs_buffer *json)
{
    struct writer writer = {tree, json, cell->flags & NODE_OWN, cell->begin};
    bool first = true;
    uint32_t rest = cell->begin + 1; /* past the last parsed item */
    uint32_t head = 0;               /* of the first parsed item */
    for (hs_json_node node = cell->first; node != HS_JSON_NO_NODE; node = tree->cells[node].next) {
        const struct hs_json_cell *item = &tree->cells[node];
        hs_json_count(tree, 1);
        bool removed = item->flags & NODE_REMOVED;
        if (item->flags & NODE_INSERTED) {
            if (!removed) {
                put_inserted(&writer, node, first, rest);
                first = false;
            }
            continue; /* they come last: `rest` stays */
        }
        if (head == 0)
            head = item->item_begin;
        if (removed && !first) {
            copy_to(&writer, rest);
            writer.copied = item->item_end;
        } else if (!removed) {
            if (first && item->item_begin != head) {
                copy_to(&writer, head);
                writer.copied = item->item_begin;
            }
            if (is_touched(item, writer.own))
                put_touched(&writer, node);
            first = false;
        }
        rest = item->item_end;
    }
    if (first)
        hs_buffer_append_text(json, cell->kind == HS_JSON_OBJECT ? "{}" : "[]");
    else
        copy_to(&writer, cell->end);
}

void hs_json_write_node(const struct hs_json_tree *tree, hs_json_node node,
                        struct hs_buffer *ret_json)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, node);
    if (cell->kind >= HS_JSON_ARRAY && (cell->flags & NODE_CHANGED))
        put_container(tree, cell, ret_json);
    else
        hs_buffer_append_slice(ret_json, hs_json_node_text(tree, node));
    hs_json_count(tree, (cell->end - cell->begin) / HS_JSON_BYTES_COPIED);
}

void hs_json_write(const struct hs_json_tree *tree, struct hs_buffer *ret_json)
{
    if (tree->failed < 0)
        ret_json->failed = true; /* a value that an edit should have hidden must not be written */
    if (!tree->changed) {
        hs_buffer_append_slice(ret_json, tree->text);
        return;
    }
    const struct hs_json_cell *root = hs_json_cell_at(tree, tree->root);
    struct writer writer = {tree, ret_json, false, 0};
    copy_to(&writer, root->item_value);
    hs_json_write_node(tree, tree->root, ret_json);
    writer.copied = root->item_end;
    copy_to(&writer, (uint32_t)tree->text.size);
}
