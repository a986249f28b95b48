/* Pattern: a route's `match`, compiled, and which of two is more specific. */
#ifndef HS_ROUTE_PATTERN_H
#define HS_ROUTE_PATTERN_H

#include <hookstream/route.h>

/* In order of specificity, most specific first. END means "no more segments". */
enum hs_segment_kind { HS_SEGMENT_LITERAL, HS_SEGMENT_ONE, HS_SEGMENT_END, HS_SEGMENT_ANY };

struct hs_segment {
    enum hs_segment_kind kind;
    struct hs_slice text; /* of a literal */
};

struct hs_pattern {
    struct hs_segment segments[HS_PATTERN_SEGMENTS_MAX + 1]; /* one more for the ** of a prefix */
    size_t count;
    bool floating; /* a ** precedes another segment */
};

/* Compiles the text of `node`, which is borrowed. A pattern without * is a prefix and gets a ** at
 * its end. Returns false, with a finding, if it is invalid. */
bool hs_pattern_compile(struct hs_config *config, const struct hs_node *node,
                        struct hs_pattern *ret_pattern);
/* < 0: `a` is more specific than `b`; > 0: less; 0: neither. Read left to right. */
int hs_pattern_compare(const struct hs_pattern *a, const struct hs_pattern *b);
/* Whether some type matches both. */
bool hs_pattern_overlap(const struct hs_pattern *a, const struct hs_pattern *b);

#endif
