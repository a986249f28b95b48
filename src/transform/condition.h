/* Condition: the compiled form that the parser makes and the evaluator reads. */
#ifndef HS_TRANSFORM_CONDITION_H
#define HS_TRANSFORM_CONDITION_H

#include "field.h"

#define HS_CONDITION_TEXT_MAX 4096u
#define HS_CONDITION_NODES_MAX 256u /* also bounds the depth of evaluation */
#define HS_CONDITION_DEPTH_MAX 32u  /* parentheses and nots within each other */

enum hs_test {
    HS_TEST_OR,
    HS_TEST_AND,
    HS_TEST_NOT,
    HS_TEST_EQUAL,
    HS_TEST_DIFFERS,
    HS_TEST_EXISTS,
};

struct hs_condition_node {
    enum hs_test test;
    unsigned left, right; /* OR, AND; NOT has `left` only */
    /* The others: a field and, but for EXISTS, what it is compared with. */
    struct hs_field field;
    enum hs_json_kind kind;
    char *literal; /* a string's decoded text or a number's token */
    size_t literal_size;
};

struct hs_condition {
    const struct hs_node *node; /* where it stands */
    struct hs_condition_node *nodes;
    unsigned count, root;
    struct hs_buffer canonical; /* its tokens with one space between them */
    struct hs_buffer scratch;   /* for strings with escapes */
};

/* Fills an empty condition. False, with one finding, when the text is wrong. */
bool hs_condition_parse(struct hs_config *config, const struct hs_node *node,
                        struct hs_condition *condition);

#endif
