/* Variants, for this module's own files: the sample events of one type that the rules are tried
 * on. The first has every field; the others differ from it in one respect each: a field that can
 * be missing is, one that can be null is, a value is one that its type or list of values allows
 * but a usual sample has not, or one that a condition asks for. */
#ifndef HS_ADVICE_VARIANTS_H
#define HS_ADVICE_VARIANTS_H

#include <hookstream/catalogue.h>
#include <hookstream/route.h>

#define HS_VARIANTS_MAX 192u
#define HS_VARIANT_CHANGES_MAX 24u

enum hs_variant_kind {
    HS_VARIANT_FULL,
    HS_VARIANT_BARE,    /* no optional field, and null what can be */
    HS_VARIANT_ABSENT,  /* one field missing or null, or an array empty */
    HS_VARIANT_VALUE,   /* one that the catalogue lists */
    HS_VARIANT_UNUSUAL, /* one that it allows */
    HS_VARIANT_ASKED,   /* what a condition asks for */
};

struct hs_variant {
    enum hs_variant_kind kind;
    const char *words; /* "without data.email" */
    const char *field; /* that it differs in; NULL: none, or several */
    bool headers;      /* with every header that is kept */
    struct hs_sample_change changes[HS_VARIANT_CHANGES_MAX];
    size_t count;
};

struct hs_variants {
    struct hs_arena *arena;
    const struct hs_event_type *type;
    struct hs_variant items[HS_VARIANTS_MAX];
    size_t count, most;
    /* Of every variant, so that an amount has as many digits as its currency. */
    struct hs_sample_change base[HS_VARIANT_CHANGES_MAX];
    size_t base_count;
};

/* What the conditions of all routes ask for. */
#define HS_ASKED_MAX 1024u
struct hs_asked {
    struct hs_arena *arena;
    struct {
        const struct hs_condition *condition; /* those of one condition are neighbours */
        struct hs_comparison comparison;      /* the path as the catalogue writes it */
    } items[HS_ASKED_MAX];
    size_t count;
};
/* Gathers them; texts live in `arena` and in the router. */
void hs_asked_gather(struct hs_asked *asked, const struct hs_router *router);

/* Makes at most `most` of the type, which lives in the arena. */
void hs_variants_make(struct hs_variants *variants, const struct hs_event_type *type,
                      const struct hs_asked *asked, size_t most);

#endif
