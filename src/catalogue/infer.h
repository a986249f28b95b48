/* Inference internals: the samples' contents as a tree. */
#ifndef HS_CATALOGUE_INFER_H
#define HS_CATALOGUE_INFER_H

#include <hookstream/catalogue.h>
#include <hookstream/json.h>

/* The kinds of values at a path, one bit per kind; for texts also the formats that fit all of
 * them. */
enum {
    SAW_TEXT = 1,
    SAW_INTEGER = 2,
    SAW_NUMBER = 4,
    SAW_BOOLEAN = 8,
    SAW_OBJECT = 16,
    SAW_ARRAY = 32
};
enum { CAN_TIME = 1, CAN_MONEY = 2, CAN_CURRENCY = 4, CAN_ID = 8 };

struct row {
    const char *name; /* of the member; "[*]" for elements; of the type at the top */
    struct row *children, *last, *next;
    size_t seen, nulls;
    unsigned saw, can;
    bool odd; /* had members whose names a path cannot express */
};

struct hs_inference {
    struct hs_arena *arena;
    struct hs_json_tree *tree;
    struct row types; /* whose children are the types */
    size_t rows;
};

#endif
