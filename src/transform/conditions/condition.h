/* Condition: the compiled form that the parser builds and the evaluator reads. condition_parse.c
 * has the grammar, condition_value.c compares values. */
#ifndef HS_TRANSFORM_CONDITION_H
#define HS_TRANSFORM_CONDITION_H

#include "templates/field.h"
#include "regexp.h"

#include <hookstream/clock.h>

#define HS_CONDITION_TEXT_MAX 4096u
#define HS_CONDITION_NODES_MAX 256u  /* also bounds the depth of evaluation */
#define HS_CONDITION_DEPTH_MAX 32u   /* nesting of parentheses and `not` */
#define HS_CONDITION_VALUES_MAX 256u /* in all lists of a condition, and outside them */

/* ---- Values ---- */

/* A value in a condition. */
struct hs_condition_value {
    enum hs_json_kind kind;
    char *text; /* a string's decoded text or a number's token */
    size_t size;
    bool decimal; /* a number, or a text that is one without an exponent */
    bool time;    /* a text that is an RFC 3339 time, stored in `instant` */
    struct hs_instant instant;
};

/* Stores the value and how its text can be interpreted; copies it. */
void hs_condition_value_set(struct hs_condition_value *value, enum hs_json_kind kind,
                            struct hs_slice text);
void hs_condition_value_free(struct hs_condition_value *value);

/* The result of comparing a field's value with one of a condition. */
enum hs_standing {
    HS_APART, /* neither equal nor ordered */
    HS_LESS,
    HS_SAME,
    HS_MORE,
};
/* `scratch` is for texts that need decoding. */
enum hs_standing hs_condition_compare(const struct hs_field_value *value,
                                      const struct hs_condition_value *with,
                                      struct hs_buffer *scratch);
/* The decoded text of a string, number or boolean. Returns false for other kinds, and for texts
 * longer than HS_REGEXP_TEXT_MAX. */
bool hs_condition_read_text(const struct hs_field_value *value, struct hs_buffer *scratch,
                            struct hs_slice *ret_text);

/* ---- The tree ---- */

enum hs_test {
    HS_TEST_OR,
    HS_TEST_AND,
    HS_TEST_NOT,
    HS_TEST_EXISTS,
    HS_TEST_EQUAL,
    HS_TEST_DIFFERS,
    HS_TEST_LESS,
    HS_TEST_AT_MOST,
    HS_TEST_MORE,
    HS_TEST_AT_LEAST,
    HS_TEST_IN,
    HS_TEST_MATCHES,
};

struct hs_condition_node {
    enum hs_test test;
    unsigned left, right; /* OR, AND; NOT has `left` only */
    /* The others: a field and, except for EXISTS, what it is compared with. */
    struct hs_field field;
    unsigned first, count; /* of `values`: one, or those of IN */
    struct hs_regexp *regexp;
    /* The last result for a long text: with `for` the same text is tested again and again. */
    struct hs_condition_memory {
        uint64_t epoch; /* of the work; 0: empty */
        bool own, holds;
        uintptr_t place;
        size_t size;
    } memory;
};

/* Shorter texts are not worth caching. */
#define HS_CONDITION_LONG 64u

struct hs_condition {
    const struct hs_node *node; /* its position */
    struct hs_condition_node *nodes;
    unsigned count, root;
    struct hs_condition_value *values;
    unsigned value_count;
    struct hs_buffer canonical; /* its tokens with one space between them */
    struct hs_buffer scratch;   /* for strings with escapes */
};

/* Fills an empty condition. Returns false, with one finding, if the text is wrong. */
bool hs_condition_parse(struct hs_config *config, const struct hs_node *node,
                        struct hs_condition *condition);

#endif
