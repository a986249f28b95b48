/* Index: finds members of a large object by name and elements of a large array by number, without
 * walking them. A container gets an index after several long searches, so that small objects and
 * single searches cost nothing extra. Without it, a rule that looks up one of N members for each of
 * N elements would cost N times N.
 *
 * An index is a cache: it returns what a walk would find, with duplicates in order and without
 * removed members. Edits update or drop it. Its memory is a bounded multiple of the container's
 * nodes and is freed at the next parse. Threads: those of the tree. */
#ifndef HS_JSON_INDEX_H
#define HS_JSON_INDEX_H

#include "tree.h"

/* A search that passes this many children is long; a container gets its index after this many long
 * searches. */
#define HS_JSON_SEARCH_LONG 48u
#define HS_JSON_SEARCHES 4u
/* Values of a cell's `index` below HS_JSON_SEARCHES count long searches; higher ones identify an
 * index. */
#define HS_JSON_INDEXES_MAX (UINT16_MAX - HS_JSON_SEARCHES)

/* Call it after a search that passed `steps` children of the container. */
void hs_json_searched(const struct hs_json_tree *tree, hs_json_node container, uint64_t steps);

static inline bool hs_json_is_indexed(const struct hs_json_cell *cell)
{
    return cell->index >= HS_JSON_SEARCHES;
}

/* The last member of the name, or none; the object must be indexed. */
hs_json_node hs_json_index_last(const struct hs_json_tree *tree, hs_json_node object,
                                struct hs_slice name);
/* The element, or none; the array must be indexed. */
hs_json_node hs_json_index_element(const struct hs_json_tree *tree, hs_json_node array,
                                   uint64_t index);

/* Call it after a new last member, with its name, was linked to the object. */
void hs_json_index_add(struct hs_json_tree *tree, hs_json_node object, hs_json_node member);
/* Drops the index: the container's children or their names have changed. */
void hs_json_index_drop(struct hs_json_tree *tree, hs_json_node container);
/* Frees all indexes. */
void hs_json_index_clear(struct hs_json_tree *tree);

/* ---- All members of one name, in their order ---- */

/* Between two calls the last returned member may be edited or removed, and members may be added. */
struct hs_json_named {
    const struct hs_json_tree *tree;
    hs_json_node object;
    struct hs_slice name;
    hs_json_node at; /* the last member returned */
    uint32_t entry;  /* its place in the index */
    uint16_t index;  /* the object's at the start; below HS_JSON_SEARCHES: walks */
    uint64_t steps;
};
/* The first, or none. */
hs_json_node hs_json_named_first(const struct hs_json_tree *tree, hs_json_node object,
                                 struct hs_slice name, struct hs_json_named *ret_named);
hs_json_node hs_json_named_next(struct hs_json_named *named);

#endif
