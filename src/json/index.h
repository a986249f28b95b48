/* Index: finds the members of a large object by name, and the elements of a large array by number,
 * without walking them. A container gets one when it was searched at length several times, so that
 * small objects and single searches pay nothing. Without it a body with N elements whose rule looks
 * up one of N members would cost N times N.
 *
 * An index is a cache: it says what a walk would find, duplicates in their order, removed ones left
 * out. Edits keep it true or drop it. Its memory is a bounded multiple of the container's nodes and
 * goes with the next parse. Threads: those of the tree. */
#ifndef HS_JSON_INDEX_H
#define HS_JSON_INDEX_H

#include "tree.h"

/* Children that one search passes before it counts as long, and long searches before there is an
 * index. */
#define HS_JSON_SEARCH_LONG 48u
#define HS_JSON_SEARCHES 4u
/* Values of a cell's `index` below HS_JSON_SEARCHES count long searches; those above name one. */
#define HS_JSON_INDEXES_MAX (UINT16_MAX - HS_JSON_SEARCHES)

/* To be called after a search that passed `steps` children of the container. */
void hs_json_searched(const struct hs_json_tree *tree, hs_json_node container, uint64_t steps);

static inline bool hs_json_is_indexed(const struct hs_json_cell *cell)
{
    return cell->index >= HS_JSON_SEARCHES;
}

/* The last member of the name, or none; the object is indexed. */
hs_json_node hs_json_index_last(const struct hs_json_tree *tree, hs_json_node object,
                                struct hs_slice name);
/* The element, or none; the array is indexed. */
hs_json_node hs_json_index_element(const struct hs_json_tree *tree, hs_json_node array,
                                   uint64_t index);

/* A new last member, which has its name, was linked to the object. */
void hs_json_index_add(struct hs_json_tree *tree, hs_json_node object, hs_json_node member);
/* The container's children are others now, or have other names: the index goes. */
void hs_json_index_drop(struct hs_json_tree *tree, hs_json_node container);
/* Frees all of them. */
void hs_json_index_clear(struct hs_json_tree *tree);

/* ---- All members of one name, in their order ---- */

/* Between two calls the member that was given may be edited or removed, and members added. */
struct hs_json_named {
    const struct hs_json_tree *tree;
    hs_json_node object;
    struct hs_slice name;
    hs_json_node at; /* the member that was given last */
    uint32_t entry;  /* its place in the index */
    uint16_t index;  /* the object's, when it began; below HS_JSON_SEARCHES: a walk */
    uint64_t steps;
};
/* The first, or none. */
hs_json_node hs_json_named_first(const struct hs_json_tree *tree, hs_json_node object,
                                 struct hs_slice name, struct hs_json_named *ret_named);
hs_json_node hs_json_named_next(struct hs_json_named *named);

#endif
