/* Variants, for this module's own files: the sample events of one type on which the rules are
 * tried. The first has every field; each other differs from it in one respect: an optional field is
 * missing, a nullable one is null, a value is allowed but unusual, or a value comes from a
 * condition. */
#ifndef HS_ADVICE_VARIANTS_H
#define HS_ADVICE_VARIANTS_H

#include <hookstream/catalogue.h>
#include <hookstream/route.h>

#define HS_VARIANTS_MAX 192u
#define HS_VARIANT_CHANGES_MAX 24u

enum hs_variant_kind {
    HS_VARIANT_FULL,
    HS_VARIANT_BARE,    /* no optional field, and null wherever allowed */
    HS_VARIANT_ABSENT,  /* one field missing or null, or an array empty */
    HS_VARIANT_VALUE,   /* a value that the catalogue lists */
    HS_VARIANT_UNUSUAL, /* a value that it allows */
    HS_VARIANT_ASKED,   /* a value that a condition tests */
};

struct hs_variant {
    enum hs_variant_kind kind;
    const char *words; /* "without data.email" */
    const char *field; /* the field in which it differs; NULL: none, or several */
    bool headers;      /* with every header that is kept */
    struct hs_sample_change changes[HS_VARIANT_CHANGES_MAX];
    size_t count;
};

struct hs_variants {
    struct hs_arena *arena;
    const struct hs_event_type *type;
    struct hs_variant items[HS_VARIANTS_MAX];
    size_t count, most;
    /* For every variant, so that an amount has the decimal places of its currency. */
    struct hs_sample_change base[HS_VARIANT_CHANGES_MAX];
    size_t base_count;
};

/* The values that the conditions of all routes test. */
#define HS_ASKED_MAX 1024u
struct hs_asked {
    struct hs_arena *arena;
    struct {
        const struct hs_condition *condition; /* those of one condition are adjacent */
        struct hs_comparison comparison;      /* the path in the catalogue's form */
    } items[HS_ASKED_MAX];
    size_t count;
};
/* Gathers them; texts are in `arena` and in the router. */
void hs_asked_gather(struct hs_asked *asked, const struct hs_router *router);

/* Makes at most `most` variants of the type; they are in the arena. */
void hs_variants_make(struct hs_variants *variants, const struct hs_event_type *type,
                      const struct hs_asked *asked, size_t most);

#endif
