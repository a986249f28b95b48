/* Advice: walks every route as an event would: match, `when`, transformations, targets. */
#include "look.h"

#include <stdlib.h>

#define ITEM_USES_MAX 1024u /* fields of one transformation that are followed */
#define NAMES_MAX 4096u

/* ---- Which types come ---- */

static bool is_among(const struct hs_matched *types, size_t count, const struct hs_event_type *type)
{
    for (size_t i = 0; i < count; i++)
        if (types[i].type == type)
            return true;
    return false;
}

static void gather_source(struct hs_look *look, const struct hs_catalogue *catalogue,
                          struct hs_slice source, struct hs_matched *all,
                          struct hs_matched *matched)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct hs_event_type *type = &catalogue->types[i];
        if (!is_among(all, look->all_count, type))
            all[look->all_count++] = (struct hs_matched){type, catalogue};
        if (hs_router_may_take(look->input->router, look->route->index, hs_slice_text(type->name),
                               source) &&
            !is_among(matched, look->matched_count, type))
            matched[look->matched_count++] = (struct hs_matched){type, catalogue};
    }
}

static void gather_types(struct hs_look *look)
{
    const struct hs_advice_input *input = look->input;
    size_t most = 1;
    for (size_t i = 0; i < input->sources->count; i++) {
        const struct hs_catalogue *catalogue = hs_catalogues_of(input->catalogues, i);
        most += catalogue != NULL ? catalogue->count : 0;
    }
    struct hs_arena *arena = hs_config_arena(look->config);
    struct hs_matched *all = hs_arena_alloc(arena, most * sizeof(*all));
    struct hs_matched *matched = hs_arena_alloc(arena, most * sizeof(*matched));
    look->all = all;
    look->matched = matched;
    for (size_t i = 0; i < input->sources->count; i++) {
        struct hs_slice source = hs_slice_text(input->sources->names[i]);
        const struct hs_catalogue *catalogue = hs_catalogues_of(input->catalogues, i);
        if (!hs_router_takes_source(input->router, look->route->index, source))
            continue;
        look->open = look->open || catalogue == NULL;
        if (catalogue != NULL)
            gather_source(look, catalogue, source, all, matched);
    }
}

/* ---- match ---- */

static void look_at_match(struct hs_look *look)
{
    const struct hs_node *node = hs_node_get(look->route->node, "match");
    struct hs_type_filter *filter = hs_type_filter_create(look->route->match);
    const char *names[NAMES_MAX];
    size_t count = 0;
    bool takes = filter == NULL || look->open || look->all_count == 0;
    for (size_t i = 0; !takes && i < look->all_count && count + 1 < NAMES_MAX; i++) {
        const char *name = look->all[i].type->name;
        takes = hs_type_filter_takes(filter, hs_slice_text(name));
        names[count++] = name;
        names[count++] =
            hs_arena_dup(hs_config_arena(look->config), hs_slice(name, strcspn(name, ".")));
    }
    hs_type_filter_free(filter);
    if (takes)
        return;
    const char *near = hs_nearest_name(hs_slice_text(look->route->match), names, count);
    hs_look_warn(look, HS_FINDING_MATCH_OF_NO_TYPE, node, NULL, "no known type matches `%s`%s%s%s",
                 look->route->match,
                 near ? ", did you mean `" : "; `hookstream catalogue list` shows them",
                 near ? near : "", near ? "`?" : "");
}

/* ---- Transformations ---- */

struct uses {
    struct hs_look *look;
    const struct hs_node *near;
    struct hs_use items[ITEM_USES_MAX];
    size_t count;
};

static void note_use(void *context, const struct hs_use *use)
{
    struct uses *uses = context;
    hs_look_at_use(uses->look, use, uses->near);
    if (uses->count < ITEM_USES_MAX)
        uses->items[uses->count++] = *use;
}

static void note_when(void *context, const struct hs_use *use)
{
    struct uses *uses = context;
    hs_look_at_use(uses->look, use, uses->near);
}

/* What the item makes and takes away, for those after it. */
static void change_fields(struct hs_look *look, const struct hs_transform_item *item,
                          const struct uses *uses)
{
    bool always = item->when == NULL && item->each == NULL;
    bool removes = strcmp(item->operation, "remove") == 0;
    bool renames = strcmp(item->operation, "rename") == 0;
    bool keeps = strcmp(item->operation, "keep") == 0;
    if (keeps && always)
        look->kept.count = 0;
    for (size_t i = 0; i < uses->count; i++) {
        const struct hs_use *use = &uses->items[i];
        const char *path = hs_look_path(look, use->path);
        if (use->kind == HS_USE_WRITE)
            hs_paths_add(&look->made, path);
        if (keeps && always && use->kind == HS_USE_KEEP)
            hs_paths_add(&look->kept, path);
        if ((removes || renames) && always && use->kind == HS_USE_EDIT) {
            hs_paths_drop(&look->made, path);
            hs_paths_add(&look->gone, path);
        }
    }
}

static void walk(struct hs_look *look, const struct hs_transform *transform);

static void walk_item(struct hs_look *look, const struct hs_transform *transform, size_t index)
{
    struct hs_transform_item item = hs_transform_at(transform, index);
    struct uses *uses = hs_alloc(sizeof(*uses));
    uses->look = look;
    uses->near = item.node;
    hs_transform_when_uses(transform, index, note_when, uses);
    hs_look_at_item_values(look, transform, index);
    if (item.inside != NULL) {
        look->shared++;
        walk(look, item.inside);
        look->shared--;
    } else {
        hs_transform_uses(transform, index, note_use, uses);
        hs_tracks_follow(look, &item, uses->items, uses->count);
        change_fields(look, &item, uses);
        look->blurred = look->blurred || item.reshapes;
    }
    free(uses);
}

/* As deep as lists use lists, which compiling bounds. */
static void walk(struct hs_look *look, const struct hs_transform *transform)
{
    for (size_t i = 0; i < hs_transform_count(transform); i++)
        walk_item(look, transform, i);
}

/* ---- Targets ---- */

static void look_at_template(struct hs_look *look, const struct hs_template *tmpl,
                             const struct hs_node *node)
{
    struct uses *uses = hs_alloc(sizeof(*uses));
    uses->look = look;
    uses->near = node;
    if (tmpl != NULL)
        hs_template_uses(tmpl, note_when, uses);
    free(uses);
}

static void look_at_templates(struct hs_look *look, const struct hs_target *target)
{
    look_at_template(look, target->destination, target->options.destination_node);
    look_at_template(look, target->key, target->options.key_node);
    for (size_t i = 0; i < target->options.headers.count; i++)
        look_at_template(look, target->headers[i], target->options.headers.items[i].value_node);
    hs_look_at_key(look, target);
}

static void note_named(void *context, const struct hs_use *use)
{
    struct hs_look *look = context;
    hs_paths_add(&look->named_by_when, hs_look_path(look, use->path));
}

/* What its transformations do holds for the target alone: the look goes on as it was before. */
static void look_at_target(struct hs_look *look, size_t index)
{
    const struct hs_target *target = &look->route->targets[index];
    struct hs_look *before = hs_alloc(sizeof(*before));
    *before = *look;
    look->target = index + 1;
    if (target->when != NULL)
        hs_condition_uses(target->when, note_named, look);
    walk(look, target->transform);
    look_at_templates(look, target);
    hs_tracks_give(look);
    hs_tracks_tell(look, before->track_count); /* those that its transformations made */
    for (size_t i = 0; i < before->track_count; i++)
        before->tracks[i].out = look->tracks[i].out;
    *look = *before;
    free(before);
}

/* ---- One route ---- */

/* A `when` that is asked of the event as received. */
static void look_at_when(struct hs_look *look, const struct hs_condition *when,
                         const struct hs_node *near)
{
    if (when == NULL)
        return;
    struct uses *uses = hs_alloc(sizeof(*uses));
    uses->look = look;
    uses->near = near;
    hs_condition_uses(when, note_when, uses);
    hs_look_at_values(look, when);
    free(uses);
}

static void look_at_route(struct hs_look *look)
{
    const struct hs_route *route = look->route;
    gather_types(look);
    hs_look_read_accept(look);
    if (route->node->kind == HS_NODE_MAP)
        look_at_match(look);
    look_at_when(look, route->when, route->node);
    if (route->when != NULL)
        hs_condition_uses(route->when, note_named, look);
    for (size_t i = 0; i < route->target_count; i++) {
        look->target = i + 1;
        look_at_when(look, route->targets[i].when, route->node);
    }
    look->target = 0;
    hs_tracks_begin(look);
    walk(look, route->transform);
    for (size_t i = 0; i < route->target_count; i++)
        look_at_target(look, i);
    hs_tracks_tell(look, 0);
    hs_look_check_accept(look);
}

void hs_advice_give(struct hs_config *config, const struct hs_advice_input *input)
{
    for (size_t i = 0; i < hs_router_count(input->router); i++) {
        struct hs_look *look = hs_alloc(sizeof(*look));
        look->config = config;
        look->input = input;
        look->route = hs_router_at(input->router, i);
        look_at_route(look);
        free(look);
    }
}
