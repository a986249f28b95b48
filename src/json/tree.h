/* Tree internals: nodes refer to ranges of bytes, either of the received text or of the tree's own
 * memory, which holds what edits added. */
#ifndef HS_JSON_TREE_H
#define HS_JSON_TREE_H

#include "walk.h"

#define HS_JSON_NODES_MAX (4u << 20)
#define HS_JSON_OWN_MAX (64u << 20)
/* The unit costs of one step of work: see hs_json_steps(). */
#define HS_JSON_BYTES_READ 8u
#define HS_JSON_BYTES_COPIED 64u
/* A tree that grew beyond this releases the memory at the next parse. */
#define HS_JSON_NODES_KEPT (16u << 10)
#define HS_JSON_OWN_KEPT (256u << 10)

enum {
    NODE_OWN = 1,      /* the value's bytes are in the tree's own memory */
    NODE_OWN_NAME = 2, /* the name's bytes are in the tree's own memory */
    NODE_REMOVED = 4,
    NODE_CHANGED = 8,   /* it, or something below it, was edited */
    NODE_INSERTED = 16, /* added by an edit: it has no surrounding bytes */
    NODE_KEEP = 32,     /* set by hs_json_keep() */
    NODE_ON_WAY = 64,
    NODE_RENAMED = 128,
};

struct hs_json_cell {
    uint32_t parent, next, first, last;
    uint32_t begin, end;            /* of the current value */
    uint32_t name_begin, name_size; /* between the quotes; size NO_NAME: an element, the root */
    /* Where it was parsed, as offsets into its container: from the name's opening quote (or the
     * value), past the name's closing quote, the value, past the value. Edits do not change these,
     * so that the bytes between two items can still be found. */
    uint32_t item_begin, item_name_end, item_value, item_end;
    uint8_t kind, flags;
    uint16_t index; /* of a container: see index.h */
};
#define NO_NAME UINT32_MAX

struct hs_json_index;

struct hs_json_tree {
    struct hs_slice text;
    struct hs_buffer own;
    struct hs_json_cell *cells;
    uint32_t count, capacity;
    hs_json_node root;
    struct hs_slice name;           /* of `named`, for paths that begin with it */
    hs_json_node named;             /* HS_JSON_NO_NODE: none */
    struct hs_json_index **indexes; /* of containers that were searched often */
    uint32_t index_count;
    uint64_t steps; /* work done since the parse: see hs_json_steps() */
    bool changed;
    int failed; /* the error of the first failed edit, for hs_json_status() */
};

static inline struct hs_json_cell *hs_json_cell_at(const struct hs_json_tree *tree,
                                                   hs_json_node node)
{
    HS_ASSERT(node < tree->count);
    return &tree->cells[node];
}

/* Counts work. The counter is not state: a tree that is only read does not change. */
static inline void hs_json_count(const struct hs_json_tree *tree, uint64_t steps)
{
    ((struct hs_json_tree *)(uintptr_t)tree)->steps += steps;
}

static inline const char *hs_json_bytes(const struct hs_json_tree *tree, bool own)
{
    return own ? tree->own.data : tree->text.data;
}

/* Parses `size` bytes at `begin` of the text or of the own memory into nodes below `parent`
 * (HS_JSON_NO_NODE: a root). The nodes are linked to each other but not to the parent. A failure
 * leaves the tree unchanged. -EINVAL: not JSON; -E2BIG: too deep there, or too many values. */
HS_MUST_CHECK int hs_json_tree_read(struct hs_json_tree *tree, bool own, uint32_t begin,
                                    uint32_t size, hs_json_node parent, hs_json_node *ret_node);

/* The element of the array, or none. */
hs_json_node hs_json_element_get(const struct hs_json_tree *tree, hs_json_node array,
                                 int64_t index);

#endif
