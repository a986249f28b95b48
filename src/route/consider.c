/* Consider: reports the result of every route for one event. Slower than match.c but with the same
 * result: both use the trie, the entry's sources and its `when`. */
#include "router.h"

static bool is_among(const uint16_t *places, size_t count, size_t place)
{
    for (size_t i = 0; i < count; i++)
        if (places[i] == place)
            return true;
    return false;
}

static enum hs_consideration consider(const struct hs_entry *entry, struct hs_work *work)
{
    if (!hs_entry_takes_source(entry, hs_work_event(work)->source))
        return HS_ROUTE_OTHER_SOURCE;
    int holds = entry->when != NULL ? hs_condition_holds(entry->when, work) : 1;
    if (holds < 0)
        return HS_ROUTE_UNASKABLE;
    return holds ? HS_ROUTE_TAKEN : HS_ROUTE_UNMET;
}

void hs_router_consider(const struct hs_router *router, struct hs_work *work,
                        hs_considered_fn *visit, void *context)
{
    uint16_t *places = hs_alloc_array(HS_ROUTES_MAX, sizeof(*places));
    size_t count = hs_trie_match(router->trie, hs_work_event(work)->type, places, HS_ROUTES_MAX);
    bool decided = false;
    for (size_t i = 0; i < router->ranked_count; i++) {
        const struct hs_entry *entry = router->ranked[i];
        struct hs_considered considered = {&entry->route, HS_ROUTE_OTHER_TYPE, entry->when};
        if (is_among(places, count, i))
            considered.outcome = consider(entry, work);
        if (considered.outcome == HS_ROUTE_TAKEN && decided)
            considered.outcome = HS_ROUTE_AFTER;
        decided = decided || considered.outcome == HS_ROUTE_TAKEN ||
                  considered.outcome == HS_ROUTE_UNASKABLE;
        visit(context, &considered);
    }
    free(places);
}
