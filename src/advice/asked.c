/* Asked: collects the values that conditions compare fields with, so that samples can have them. */
#include "variants.h"

#include "look.h"

struct gathering {
    struct hs_asked *asked;
    const struct hs_condition *condition;
};

static void note(void *context, const struct hs_comparison *comparison)
{
    const struct gathering *gathering = context;
    struct hs_asked *asked = gathering->asked;
    bool known = (comparison->kind == HS_JSON_STRING || comparison->kind == HS_JSON_NUMBER) &&
                 comparison->by != HS_IS_LIKE;
    if (asked->count == HS_ASKED_MAX || !known || comparison->node->secret)
        return;
    asked->items[asked->count].condition = gathering->condition;
    asked->items[asked->count].comparison = *comparison;
    asked->items[asked->count].comparison.path = hs_path_plain(asked->arena, comparison->path);
    asked->count++;
}

static void gather_condition(struct hs_asked *asked, const struct hs_condition *condition)
{
    struct gathering gathering = {asked, condition};
    if (condition != NULL)
        hs_condition_comparisons(condition, note, &gathering);
}

/* Recursion is bounded by the nesting of lists. */
static void gather_items(struct hs_asked *asked, const struct hs_transform *transform)
{
    for (size_t i = 0; i < hs_transform_count(transform); i++) {
        struct hs_transform_item item = hs_transform_at(transform, i);
        struct gathering gathering = {asked, item.when};
        hs_transform_when_comparisons(transform, i, note, &gathering);
        if (item.inside != NULL)
            gather_items(asked, item.inside);
    }
}

void hs_asked_gather(struct hs_asked *asked, const struct hs_router *router)
{
    for (size_t i = 0; i < hs_router_count(router); i++) {
        const struct hs_route *route = hs_router_at(router, i);
        gather_condition(asked, route->when);
        gather_items(asked, route->transform);
        for (size_t k = 0; k < route->target_count; k++) {
            gather_condition(asked, route->targets[k].when);
            gather_items(asked, route->targets[k].transform);
        }
    }
}
