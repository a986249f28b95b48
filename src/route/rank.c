/* Rank: the order in which routes are tried, and ties between them.
 *
 * The more specific pattern comes first; of equally specific ones those that list sources, then
 * those with a `when`, then by position in the file. Two routes tie if only their position would
 * decide between them for some event. */
#include "router.h"

#include <stdlib.h>

static int compare_entries(const void *a, const void *b)
{
    const struct hs_entry *x = *(const struct hs_entry *const *)a;
    const struct hs_entry *y = *(const struct hs_entry *const *)b;
    int order = hs_pattern_compare(&x->pattern, &y->pattern);
    if (order == 0)
        order = (int)(y->sources.count != 0) - (int)(x->sources.count != 0);
    if (order == 0)
        order = (int)(y->when != NULL) - (int)(x->when != NULL);
    if (order == 0)
        order = x->route.index < y->route.index ? -1 : 1;
    return order;
}

static bool same_pattern(const struct hs_pattern *a, const struct hs_pattern *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!hs_slice_equal(a->segments[i].text, b->segments[i].text))
            return false;
    return true;
}

/* Whether a type can match both routes while neither pattern is more specific. With equal kinds of
 * segments this requires equal literals, unless a ** before them lets them match at different
 * positions. */
static bool patterns_tie(const struct hs_pattern *a, const struct hs_pattern *b)
{
    if (hs_pattern_compare(a, b) != 0)
        return false;
    return same_pattern(a, b) || (a->floating && b->floating && hs_pattern_overlap(a, b));
}

static bool share_source(const struct hs_strings *a, const struct hs_strings *b)
{
    if (a->count == 0 || b->count == 0)
        return a->count == b->count; /* listing sources is the more specific */
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (hs_slice_equal(hs_slice_text(a->items[i]), hs_slice_text(b->items[j])))
                return true;
    return false;
}

static bool set_apart_by_when(const struct hs_entry *a, const struct hs_entry *b)
{
    if (a->when == NULL || b->when == NULL)
        return a->when != b->when;
    return !hs_condition_same(a->when, b->when);
}

static bool tie(const struct hs_entry *a, const struct hs_entry *b)
{
    return patterns_tie(&a->pattern, &b->pattern) && share_source(&a->sources, &b->sources) &&
           !set_apart_by_when(a, b);
}

/* Reports each route once, at its `match`, against the first that it ties with. */
static void find_ties(const struct hs_router *router, struct hs_config *config)
{
    for (size_t i = 0; i < router->count; i++) {
        const struct hs_entry *entry = &router->entries[i];
        for (size_t j = 0; entry->ranked && j < i; j++) {
            const struct hs_entry *other = &router->entries[j];
            if (!other->ranked || !tie(entry, other))
                continue;
            hs_config_error(config, HS_FINDING_ROUTE_TIE, entry->match_node,
                            "route `%s` ties with `%s` (line %u): `%s` and `%s` match the same "
                            "events and %s; distinguish them by `match`, `sources` or `when`",
                            entry->route.name, other->route.name, other->match_node->line,
                            entry->route.match, other->route.match,
                            entry->when ? "their `when` is the same" : "neither is more specific");
            break;
        }
    }
}

void hs_router_rank(struct hs_router *router, struct hs_config *config)
{
    router->ranked = hs_alloc_array(router->count + 1, sizeof(*router->ranked));
    for (size_t i = 0; i < router->count; i++)
        if (router->entries[i].ranked)
            router->ranked[router->ranked_count++] = &router->entries[i];
    qsort(router->ranked, router->ranked_count, sizeof(*router->ranked), compare_entries);
    router->trie = hs_trie_create();
    for (size_t i = 0; i < router->ranked_count; i++)
        hs_trie_add(router->trie, &router->ranked[i]->pattern, (uint16_t)i);
    find_ties(router, config);
}
