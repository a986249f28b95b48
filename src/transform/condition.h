/* Condition: the compiled form that the parser makes and the evaluator reads. The grammar
 * stands in condition_parse.c, how two values compare in condition_value.c. */
#ifndef HS_TRANSFORM_CONDITION_H
#define HS_TRANSFORM_CONDITION_H

#include "field.h"
#include "regexp.h"

#include <hookstream/clock.h>

#define HS_CONDITION_TEXT_MAX 4096u
#define HS_CONDITION_NODES_MAX 256u  /* also bounds the depth of evaluation */
#define HS_CONDITION_DEPTH_MAX 32u   /* parentheses and nots within each other */
#define HS_CONDITION_VALUES_MAX 256u /* in all lists of a condition, and outside of them */

/* ---- Values ---- */

/* What stands in a condition to be compared with. */
struct hs_condition_value {
    enum hs_json_kind kind;
    char *text; /* a string's decoded text or a number's token */
    size_t size;
    bool decimal; /* a number, or a text that reads as one without an exponent */
    bool time;    /* a text that is an RFC 3339 time: `instant` is it */
    struct hs_instant instant;
};

/* Takes note of what the text reads as; it is copied. */
void hs_condition_value_set(struct hs_condition_value *value, enum hs_json_kind kind,
                            struct hs_slice text);
void hs_condition_value_free(struct hs_condition_value *value);

/* How a field's value stands to one of a condition. */
enum hs_standing {
    HS_APART, /* neither the same nor in an order */
    HS_LESS,
    HS_SAME,
    HS_MORE,
};
/* `scratch` is for texts that have to be decoded. */
enum hs_standing hs_condition_compare(const struct hs_field_value *value,
                                      const struct hs_condition_value *with,
                                      struct hs_buffer *scratch);
/* The text of a string, number or boolean as it reads. False: it is none of these, or longer
 * than HS_REGEXP_TEXT_MAX. */
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
    /* The others: a field, and, but for EXISTS, what it is held against. */
    struct hs_field field;
    unsigned first, count; /* of `values`: one, or those of IN */
    struct hs_regexp *regexp;
    /* What was said of a long text last: with `for` the same one is asked about again and again. */
    struct hs_condition_memory {
        uint64_t epoch; /* of the work; 0: nothing */
        bool own, holds;
        uintptr_t place;
        size_t size;
    } memory;
};

/* Texts shorter than this are not worth it. */
#define HS_CONDITION_LONG 64u

struct hs_condition {
    const struct hs_node *node; /* where it stands */
    struct hs_condition_node *nodes;
    unsigned count, root;
    struct hs_condition_value *values;
    unsigned value_count;
    struct hs_buffer canonical; /* its tokens with one space between them */
    struct hs_buffer scratch;   /* for strings with escapes */
};

/* Fills an empty condition. False, with one finding, when the text is wrong. */
bool hs_condition_parse(struct hs_config *config, const struct hs_node *node,
                        struct hs_condition *condition);

#endif
