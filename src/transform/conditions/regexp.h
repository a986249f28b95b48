/* Regexp: `matches` of a condition: a regular expression matched against a whole text, in linear
 * time (docs/decisions/0010-matches.md).
 *
 *   a|b  ab  a*  a+  a?  a{2}  a{2,}  a{2,5}  (a)  .  [a-z_]  [^a-z]
 *   \d \w \s and \D \W \S (ASCII); \t \n \r; \ before any symbol for the symbol itself
 *
 * It always matches the whole text, so there is no ^ and no $. A character is a code point; `.` is
 * any of them, including line ends. There are no captures, and no lookbehind or lookahead.
 *
 * An expression becomes a program of at most HS_REGEXP_STEPS_MAX steps; a match follows all
 * alternatives at once, character by character, so its cost is bounded by characters times steps.
 * Threads: a regex belongs to one thread; matching writes its lists. */
#ifndef HS_TRANSFORM_REGEXP_H
#define HS_TRANSFORM_REGEXP_H

#include <hookstream/base.h>

#define HS_REGEXP_STEPS_MAX 1000u
#define HS_REGEXP_REPEAT_MAX 1000u
#define HS_REGEXP_DEPTH_MAX 32u   /* nesting of groups */
#define HS_REGEXP_TEXT_MAX 65536u /* bytes; longer texts do not match */

struct hs_regexp;

struct hs_regexp_fault {
    size_t offset;     /* of the byte in the expression */
    const char *words; /* the fault and its correction */
};

/* Compiles a text, and copies what it needs. NULL: *ret_fault has the reason. */
struct hs_regexp *hs_regexp_compile(struct hs_slice text, struct hs_regexp_fault *ret_fault);
void hs_regexp_free(struct hs_regexp *regex);
/* Whether the whole text matches. A byte that is not UTF-8 is a character that only `.` and [^...]
 * match. */
bool hs_regexp_matches(struct hs_regexp *regex, struct hs_slice text);

/* Whether some text matches both. Costs at most the product of their steps. */
bool hs_regexp_meet(const struct hs_regexp *a, const struct hs_regexp *b);

/* ---- The program, for regexp_parse.c and regexp.c ---- */

/* Steps refer to each other by distance, so that a piece can be moved and copied. */
enum hs_regexp_kind {
    HS_REGEXP_CHARACTER, /* matches `first` */
    HS_REGEXP_ANY,       /* matches any character */
    HS_REGEXP_CLASS,     /* matches one of (or, if `negated`, none of) `count` sorted, disjoint
                          * ranges from `first` */
    HS_REGEXP_SPLIT,     /* continues at the next step and at `way` */
    HS_REGEXP_JUMP,      /* continues at `way` */
    HS_REGEXP_END,       /* the text must end here */
};
struct hs_regexp_step {
    enum hs_regexp_kind kind;
    int way; /* a distance */
    uint32_t first;
    uint16_t count;
    bool negated;
};
struct hs_regexp_range {
    uint32_t least, most;
};
/* Steps that a text can have reached; `at` is a step's index in `items`. */
struct hs_regexp_list {
    uint16_t *items, *at;
    size_t count;
};
struct hs_regexp {
    struct hs_regexp_step *steps;
    size_t count;
    struct hs_regexp_range *ranges;
    size_t range_count;
    struct hs_regexp_list now, next;
    uint16_t *pending; /* for reaching a step and what follows it without a character */
};

/* The code point at *at, advancing past it; a byte that is not UTF-8 yields a value above all code
 * points. */
uint32_t hs_regexp_character(struct hs_slice text, size_t *at);

#endif
