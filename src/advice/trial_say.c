/* Trial say: reports the samples' results as findings about a route. */
#include "trial.h"

#define KEYS_LEAST 5u /* samples needed before a key is reported as constant */

/* ---- Faults ---- */

/* "order.created, order.completed and 3 more". */
static const char *types_of(struct hs_look *look, const struct hs_trial_fault *fault)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    const char *names = "";
    for (size_t i = 0; i < fault->type_count && i < HS_TRIAL_TYPES_SHOWN; i++)
        names = hs_arena_printf(arena, "%s%s%s", names, i > 0 ? ", " : "", fault->types[i]->name);
    if (fault->type_count > HS_TRIAL_TYPES_SHOWN)
        names = hs_arena_printf(arena, "%s and %zu more", names,
                                fault->type_count - HS_TRIAL_TYPES_SHOWN);
    return names;
}

/* "route `orders`, target 2". */
static const char *whose(struct hs_look *look, const struct hs_route *route, size_t target)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    bool fallback =
        route->index >= hs_router_count(look->input->router) || strcmp(route->name, "default") == 0;
    const char *name = fallback ? "`default`" : hs_arena_printf(arena, "route `%s`", route->name);
    return target > 0 ? hs_arena_printf(arena, "%s, target %zu", name, target) : name;
}

static void say_fault(struct hs_look *look, const struct hs_trial_fault *fault)
{
    const char *types = types_of(look, fault);
    const char *by = whose(look, fault->route, fault->target);
    if (fault->code == HS_FINDING_EVERY_EVENT_FAILS)
        hs_look_error(look, fault->code, fault->node,
                      "%s: %s event of type %s%s becomes a dead letter (%s): %s", by,
                      fault->usual         ? "a usual"
                      : fault->conditional ? "any"
                                           : "every",
                      types, fault->conditional ? " for which `when` is true" : "", fault->reason,
                      fault->words);
    else
        hs_look_warn(look, fault->code, fault->node, fault->field,
                     "%s: an event of type %s %s becomes a dead letter (%s): %s", by, types,
                     fault->variant, fault->reason, fault->words);
}

static void say_faults(struct hs_look *look, const struct hs_trial *trial)
{
    for (size_t i = 0; i < hs_trial_fault_count(trial); i++) {
        const struct hs_trial_fault *fault = hs_trial_fault_at(trial, i);
        if (fault->route != look->route || hs_look_has_told(look, fault->node) ||
            hs_look_has_told(look, fault->item))
            continue;
        look->target = fault->target;
        say_fault(look, fault);
    }
    for (size_t i = 0; i < hs_trial_fault_count(trial); i++) {
        const struct hs_trial_fault *fault = hs_trial_fault_at(trial, i);
        hs_look_tell(look, fault->item);
    }
}

/* ---- Conditions ---- */

struct claim {
    const struct hs_node *node;
    bool unknown; /* it tests something that samples cannot show */
    bool source;  /* of which there may be only one */
};

static void weigh(void *context, const struct hs_use *use)
{
    static const char *const known[] = {"type", "family", "source", "data", "body", "item"};
    struct claim *claim = context;
    bool told = false;
    for (size_t i = 0; i < HS_ARRAY_SIZE(known); i++)
        told = told || hs_path_is_below(use->path, known[i]);
    claim->unknown = claim->unknown || !told;
    claim->source = claim->source || strcmp(use->path, "source") == 0;
    claim->node = use->node;
}

static void say_when(struct hs_look *look, const struct hs_trial_place *place,
                     const struct hs_condition *when)
{
    struct claim claim = {0};
    hs_condition_uses(when, weigh, &claim);
    if (claim.unknown || claim.node == NULL || hs_look_has_told(look, claim.node) ||
        place->asked == 0)
        return;
    bool never = place->held == 0, always = place->held == place->asked && place->asked > 1;
    if (never && !hs_condition_matches(when))
        hs_look_warn(look, HS_FINDING_WHEN_NEVER, claim.node, NULL,
                     "this `when` is always false: no known event that can reach it meets it");
    else if (always && !place->guards && !claim.source && !hs_condition_asks_existence(when))
        hs_look_warn(look, HS_FINDING_WHEN_ALWAYS, claim.node, NULL,
                     "this `when` is always true: every known event that can reach it meets it");
}

/* ---- Items ---- */

static bool is_about_texts(const char *operation)
{
    return strcmp(operation, "lower") == 0 || strcmp(operation, "upper") == 0 ||
           strcmp(operation, "trim") == 0;
}

static void say_item(struct hs_look *look, const struct hs_trial_place *place)
{
    if (hs_look_has_told(look, place->node))
        return;
    if (place->held > 0 && place->skipped == place->held)
        hs_look_warn(look, HS_FINDING_NO_EFFECT, place->node, NULL,
                     "`%s` fails for every known event, and `on_error: skip` skips it: %s",
                     place->operation, place->words);
    else if (place->each != NULL && place->when == NULL && place->held == 0)
        hs_look_warn(look, HS_FINDING_NO_EFFECT, place->node, NULL,
                     "`%s` is never applied: no known event that reaches it has %s",
                     place->operation, place->each);
    else if (place->full > 0 && place->idle == place->full)
        hs_look_warn(look, HS_FINDING_NO_EFFECT, place->node, NULL,
                     "`%s` changes no known event that reaches it: %s", place->operation,
                     place->finds ? "each is as before"
                     : strcmp(place->operation, "use") == 0
                         ? "none of the list's fields exists there"
                     : is_about_texts(place->operation)
                         ? "its field no longer exists there, or is not a text"
                         : "its field no longer exists there");
}

/* ---- Keys ---- */

/* Words that may differ where samples do not. */
static void note_unknown(void *context, const struct hs_use *use)
{
    bool *unknown = context;
    *unknown =
        *unknown || !(hs_path_is_below(use->path, "data") || hs_path_is_below(use->path, "body") ||
                      strcmp(use->path, "family") == 0 || strcmp(use->path, "type") == 0);
}

static void say_key(struct hs_look *look, const struct hs_trial_place *place)
{
    const struct hs_target *target = &look->route->targets[place->target - 1];
    bool unknown = false;
    if (target->key == NULL || place->node != target->options->key_node ||
        place->keys < KEYS_LEAST || place->same < place->keys || !target->kind->has_partitions ||
        hs_look_has_told(look, place->node))
        return;
    hs_template_uses(target->key, note_unknown, &unknown);
    if (!unknown)
        hs_look_warn(look, HS_FINDING_KEY_CONSTANT, place->node, NULL,
                     "the key is `%s` for every known event that reaches it: all go to one "
                     "partition",
                     place->first);
}

/* ---- Targets and routes ---- */

static void say_twice(struct hs_look *look, const struct hs_trial_place *place)
{
    const struct hs_target *targets = look->route->targets;
    const struct hs_target *one = &targets[place->target - 1], *other = &targets[place->twice - 1];
    bool keys = one->key != NULL && other->key != NULL &&
                strcmp(one->options->key, other->options->key) != 0;
    hs_look_warn(look, HS_FINDING_WRITTEN_TWICE, one->options->destination_node, NULL,
                 "the same event is written to `%s` twice: by target %zu, too%s",
                 one->options->destination, place->twice, keys ? ", under another key" : "");
}

/* What samples show of the winner's `when` is all that there is. */
static bool is_certain(const struct hs_condition *when)
{
    struct claim claim = {0};
    if (when != NULL)
        hs_condition_uses(when, weigh, &claim);
    return when == NULL || (!claim.unknown && !hs_condition_matches(when));
}

static void say_shadowed(struct hs_look *look, const struct hs_trial_place *place)
{
    const struct hs_route *winner = place->winner;
    if (place->chosen > 0 || place->lost == 0 || !is_certain(winner->when) ||
        !is_certain(look->route->when))
        return;
    hs_look_warn(look, HS_FINDING_ROUTE_SHADOWED, look->route->node, NULL,
                 "no event comes to route `%s`: route `%s` takes each known one for which its "
                 "`when` holds",
                 look->route->name, winner->name);
}

void hs_look_at_trial(struct hs_look *look, const struct hs_trial *trial)
{
    say_faults(look, trial);
    for (size_t i = 0; !look->open && i < hs_trial_place_count(trial); i++) {
        const struct hs_trial_place *place = hs_trial_place_at(trial, i);
        if (place->route != look->route)
            continue;
        look->target = place->target;
        if (place->twice > 0)
            say_twice(look, place);
        if (place->key == look->route)
            say_shadowed(look, place);
        if (place->when != NULL)
            say_when(look, place, place->when);
        if (place->operation != NULL)
            say_item(look, place);
        else if (place->when == NULL && place->target > 0)
            say_key(look, place);
    }
    look->target = 0;
}
