/* Regexp: `matches` of a condition: a regular expression held against a whole text, in time
 * linear in it (docs/decisions/0010-matches.md).
 *
 *   a|b  ab  a*  a+  a?  a{2}  a{2,}  a{2,5}  (a)  .  [a-z_]  [^a-z]
 *   \d \w \s and \D \W \S (ASCII); \t \n \r; \ before any sign for the sign itself
 *
 * It always stands for the whole text, so there is no ^ and no $. A character is a code point;
 * `.` is every one, line ends too. No groups are kept, nothing looks back or ahead.
 *
 * An expression becomes a program of at most HS_REGEXP_STEPS_MAX steps; a match walks all its
 * ways at once, a character at a time, so that it costs at most characters times steps.
 * Threads: a regex belongs to one; matching writes its lists. */
#ifndef HS_TRANSFORM_REGEXP_H
#define HS_TRANSFORM_REGEXP_H

#include <hookstream/base.h>

#define HS_REGEXP_STEPS_MAX 1000u
#define HS_REGEXP_REPEAT_MAX 1000u
#define HS_REGEXP_DEPTH_MAX 32u   /* groups in each other */
#define HS_REGEXP_TEXT_MAX 65536u /* bytes; a longer text matches nothing */

struct hs_regexp;

struct hs_regexp_fault {
    size_t offset;     /* of the byte in the expression */
    const char *words; /* what is wrong and what would be right */
};

/* Compiles a text, which is copied as far as it is needed. NULL: *ret_fault says why. */
struct hs_regexp *hs_regexp_compile(struct hs_slice text, struct hs_regexp_fault *ret_fault);
void hs_regexp_free(struct hs_regexp *regex);
/* Whether the whole text matches. A byte that is no UTF-8 is a character that only `.` and
 * [^...] take. */
bool hs_regexp_matches(struct hs_regexp *regex, struct hs_slice text);

/* Whether some text matches both. Costs at most the product of their steps. */
bool hs_regexp_meet(const struct hs_regexp *a, const struct hs_regexp *b);

/* ---- The program, for regexp_parse.c and regexp.c ---- */

/* Steps refer to each other by distance, so that a piece can be moved and copied whole. */
enum hs_regexp_kind {
    HS_REGEXP_CHARACTER, /* takes `first` */
    HS_REGEXP_ANY,       /* takes any character */
    HS_REGEXP_CLASS,     /* takes one of (or, `negated`, none of) `count` ranges from `first`,
                            which are in order and apart */
    HS_REGEXP_SPLIT,     /* goes on at the next step and at `way` */
    HS_REGEXP_JUMP,      /* goes on at `way` */
    HS_REGEXP_END,       /* the text must end here too */
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
/* Steps that a text can have reached; `at` says where in `items` a step is noted. */
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
    uint16_t *pending; /* of reaching a step and what follows it without a character */
};

/* The code point at *at, which moves past it; a byte that is no UTF-8 gives a value above all
 * code points. */
uint32_t hs_regexp_character(struct hs_slice text, size_t *at);

#endif
