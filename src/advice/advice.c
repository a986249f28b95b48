/* Advice: walks every route as an event would: match, `when`, transformations, targets. */
#include "trial.h"

#include <stdlib.h>

#define UNROUTED_SHOWN 6u
#define ITEM_USES_MAX 1024u /* limit of the fields of one transformation that are tracked */

/* ---- The types that reach a route ---- */

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

/* ---- Transformations ---- */

struct uses {
    struct hs_look *look;
    const struct hs_node *near;
    bool depends; /* the item's result depends on the values of its fields */
    struct hs_use items[ITEM_USES_MAX];
    size_t count;
};

static void note_use(void *context, const struct hs_use *use)
{
    struct uses *uses = context;
    hs_look_at_use(uses->look, use, uses->near);
    if (uses->depends && use->kind != HS_USE_WRITE && use->kind != HS_USE_KEEP)
        hs_look_at_written(uses->look, use, uses->near);
    if (uses->count < ITEM_USES_MAX)
        uses->items[uses->count++] = *use;
}

static void note_when(void *context, const struct hs_use *use)
{
    struct uses *uses = context;
    hs_look_at_use(uses->look, use, uses->near);
}

/* Whether the operation reads its fields' values rather than removing or hiding them. */
static bool depends_on_values(const char *operation)
{
    static const char *const those[] = {"decimal", "time", "cast"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(those); i++)
        if (strcmp(operation, those[i]) == 0)
            return true;
    return false;
}

/* Records what the item creates and removes, for the items after it. */
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
    uses->depends = depends_on_values(item.operation);
    hs_look_at_set(look, &item);
    hs_transform_when_uses(transform, index, note_when, uses);
    hs_look_at_item_values(look, transform, index);
    if (item.inside != NULL) {
        size_t told = look->told->count;
        look->shared++;
        walk(look, item.inside);
        look->shared--;
        if (look->told->count > told)
            hs_look_tell(look, item.node);
    } else {
        hs_transform_uses(transform, index, note_use, uses);
        hs_tracks_follow(look, &item, uses->items, uses->count);
        hs_written_follow(look, &item, uses->items, uses->count);
        hs_look_at_given(look, &item, uses->items, uses->count);
        change_fields(look, &item, uses);
        look->blurred = look->blurred || item.reshapes;
        look->unwrapped =
            look->unwrapped || (strcmp(item.operation, "unwrap") == 0 && item.when == NULL &&
                                uses->count > 0 && strcmp(uses->items[0].path, "data") == 0);
    }
    free(uses);
}

/* Recursion is bounded by the nesting of lists, which compilation limits. */
static void walk(struct hs_look *look, const struct hs_transform *transform)
{
    for (size_t i = 0; i < hs_transform_count(transform); i++)
        walk_item(look, transform, i);
}

/* ---- Targets ---- */

static void note_template(void *context, const struct hs_use *use)
{
    struct uses *uses = context;
    struct hs_look *look = uses->look;
    const char *path = hs_look_path(look, use->path);
    hs_look_at_use(look, use, uses->near);
    hs_look_at_written(look, use, uses->near);
    if (use->kind != HS_USE_READ || look->blurred || !hs_path_is_below(path, "data") ||
        !hs_look_is_taken_away(look, path))
        return;
    hs_look_tell(look, uses->near);
    hs_look_warn(look, HS_FINDING_ALWAYS_DEFAULT, uses->near, path,
                 "`%s` is never present, so the template always uses its default: an earlier "
                 "transformation removes it",
                 path);
}

static void look_at_template(struct hs_look *look, const struct hs_template *tmpl,
                             const struct hs_node *node)
{
    if (tmpl == NULL)
        return;
    struct uses *uses = hs_alloc(sizeof(*uses));
    uses->look = look;
    uses->near = node;
    hs_template_uses(tmpl, note_template, uses);
    hs_look_at_plain_text(look, tmpl, node);
    free(uses);
}

static void look_at_templates(struct hs_look *look, const struct hs_target *target)
{
    look_at_template(look, target->destination, target->options->destination_node);
    look_at_template(look, target->key, target->options->key_node);
    for (size_t i = 0; i < target->options->headers.count; i++)
        look_at_template(look, target->headers[i], target->options->headers.items[i].value_node);
    hs_look_at_key(look, target);
    hs_look_at_destination(look, target);
}

static void note_named(void *context, const struct hs_use *use)
{
    struct hs_look *look = context;
    hs_paths_add(&look->named_by_when, hs_look_path(look, use->path));
}

/* The target's transformations apply to it alone: the look is restored afterwards. */
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
    hs_tracks_tell(look, before->track_count); /* those that its transformations created */
    for (size_t i = 0; i < before->track_count; i++)
        before->tracks[i].out = look->tracks[i].out;
    *look = *before;
    free(before);
}

/* ---- One route ---- */

/* A `when` evaluated on the event as received. */
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

static void look_at_route(struct hs_look *look, const struct hs_trial *trial)
{
    const struct hs_route *route = look->route;
    gather_types(look);
    hs_look_read_accept(look);
    if (route->node->kind == HS_NODE_MAP)
        hs_look_at_match(look);
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
    hs_look_at_trial(look, trial);
    hs_look_check_accept(look);
}

/* ---- Types that no route takes ---- */

static bool is_routed(const struct hs_router *router, struct hs_slice type, struct hs_slice source)
{
    for (size_t i = 0; i < hs_router_count(router); i++)
        if (hs_router_may_take(router, i, type, source))
            return true;
    return false;
}

static void note_unrouted(struct hs_config *config, const struct hs_advice_input *input)
{
    struct hs_arena *arena = hs_config_arena(config);
    for (size_t i = 0; i < input->sources->count; i++) {
        const struct hs_catalogue *catalogue = hs_catalogues_of(input->catalogues, i);
        struct hs_slice source = hs_slice_text(input->sources->names[i]);
        const char *names = "";
        size_t count = 0;
        for (size_t k = 0; catalogue != NULL && k < catalogue->count; k++) {
            const char *name = catalogue->types[k].name;
            if (is_routed(input->router, hs_slice_text(name), source))
                continue;
            if (count++ < UNROUTED_SHOWN)
                names = hs_arena_printf(arena, "%s%s%s", names, count > 1 ? ", " : "", name);
        }
        if (count > UNROUTED_SHOWN)
            names = hs_arena_printf(arena, "%s and %zu more", names, count - UNROUTED_SHOWN);
        if (count > 0 && hs_router_default(input->router) == HS_DEFAULT_DEAD_LETTER)
            hs_config_note(config, HS_FINDING_TYPES_UNROUTED,
                           hs_node_get(hs_config_root(config), "default"),
                           "no route takes %s of source `%s`: such events become dead letters",
                           names, input->sources->names[i]);
    }
}

void hs_advice_give(struct hs_config *config, const struct hs_advice_input *input)
{
    struct hs_trial *trial = hs_trial_run(config, input);
    for (size_t i = 0; i < hs_router_count(input->router); i++) {
        struct hs_look *look = hs_alloc(sizeof(*look));
        look->config = config;
        look->input = input;
        look->route = hs_router_at(input->router, i);
        look->told = hs_alloc(sizeof(*look->told));
        look_at_route(look, trial);
        free(look->told);
        free(look);
    }
    hs_trial_free(trial);
    if (!input->lenient)
        note_unrouted(config, input);
}
