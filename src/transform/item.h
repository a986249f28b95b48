/* Item: the compiled form of a `transform:` list, for the files that compile it, apply it, and nest
 * lists. */
#ifndef HS_TRANSFORM_ITEM_H
#define HS_TRANSFORM_ITEM_H

#include "operation.h"

/* The name of an element in the paths, templates and conditions of an item with `for`. */
#define HS_ITEM_WORD "item"

struct hs_item {
    const struct hs_node *node;
    struct hs_operation operation;
    struct hs_condition *when; /* NULL: always */
    struct hs_json_path each;  /* `for`; without steps: the item is applied once */
    bool skip;                 /* on_error: skip */
};

struct hs_transform {
    struct hs_item *items;
    size_t count;
};

/* ---- for ---- */

/* Reads the path, which must lead to elements of an array. Returns false, with a finding, on
 * errors. */
bool hs_for_compile(struct hs_config *config, const struct hs_node *node, struct hs_item *item);
/* Call it after the rest of the item was compiled: completes the paths that the operation recorded,
 * and checks that one of them is an element's field. Returns false, with a finding at `node`, if
 * not. */
bool hs_for_finish(struct hs_config *config, const struct hs_node *node, struct hs_item *item);

/* ---- Nested lists ---- */

/* The named lists that contain this one, innermost first. */
struct hs_list_chain {
    const struct hs_list_chain *up; /* NULL: used by a route's list */
    const char *name;
};

/* As hs_transform_compile(), for the list at the end of `chain` (NULL: a route's). `items` counts
 * the items of all lists combined by one compilation, which is bounded. */
struct hs_transform *hs_list_compile(struct hs_config *config, const struct hs_node *node,
                                     const struct hs_list_chain *chain, size_t *items);

/* Compiles the value of `use:`. Returns false, with findings, on errors. */
bool hs_use_compile(struct hs_config *config, const struct hs_node *node,
                    struct hs_operation *operation, const struct hs_list_chain *chain,
                    size_t *items);
/* The list of an operation `use`; NULL for the others. */
const struct hs_transform *hs_use_list(const struct hs_operation *operation);

#endif
