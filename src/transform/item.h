/* Item: the compiled form of a `transform:` list, for the files that make it, do it, and put
 * one list into another. */
#ifndef HS_TRANSFORM_ITEM_H
#define HS_TRANSFORM_ITEM_H

#include "operation.h"

/* What an element is called by the paths, templates and conditions of an item with `for`. */
#define HS_ITEM_WORD "item"

struct hs_item {
    const struct hs_node *node;
    struct hs_operation operation;
    struct hs_condition *when; /* NULL: always */
    struct hs_json_path each;  /* `for`; without steps: the item is done once */
    bool skip;                 /* on_error: skip */
};

struct hs_transform {
    struct hs_item *items;
    size_t count;
};

/* ---- for ---- */

/* Reads the path, which must name elements of an array. False, with a finding. */
bool hs_for_compile(struct hs_config *config, const struct hs_node *node, struct hs_item *item);
/* To be called when the rest of the item is compiled: makes the paths whole that the operation
 * noted, and sees that an element's field is among them. False, with a finding at `node`. */
bool hs_for_finish(struct hs_config *config, const struct hs_node *node, struct hs_item *item);

/* ---- Lists within lists ---- */

/* The named lists that a list is compiled for, the innermost first. */
struct hs_list_chain {
    const struct hs_list_chain *up; /* NULL: a route's list uses it */
    const char *name;
};

/* As hs_transform_compile(), for the list that `chain` (NULL: a route's) ends in. `items` counts
 * those of all lists that one compile puts together, which is bounded. */
struct hs_transform *hs_list_compile(struct hs_config *config, const struct hs_node *node,
                                     const struct hs_list_chain *chain, size_t *items);

/* Compiles what stands after `use:`. False, with findings. */
bool hs_use_compile(struct hs_config *config, const struct hs_node *node,
                    struct hs_operation *operation, const struct hs_list_chain *chain,
                    size_t *items);
/* The list that an operation `use` stands for; NULL for the others. */
const struct hs_transform *hs_use_list(const struct hs_operation *operation);

#endif
