/* Trial note: records the result of each sample, and combines equal failures at one place into one
 * fault. */
#include "trial_state.h"

/* ---- Places ---- */

struct hs_trial_place *hs_trial_place(struct hs_trial *trial, const void *key,
                                      const struct hs_route *route, size_t target)
{
    for (size_t i = 0; i < trial->place_count; i++) {
        struct hs_trial_place *place = &trial->places[i];
        if (place->key == key && place->route == route && place->target == target)
            return place;
    }
    if (key == NULL || trial->place_count == HS_TRIAL_PLACES_MAX)
        return NULL;
    struct hs_trial_place *place = &trial->places[trial->place_count++];
    *place = (struct hs_trial_place){.key = key, .route = route, .target = target};
    return place;
}

void hs_trial_reach(struct hs_trial *trial, struct hs_trial_place *place)
{
    if (place == NULL)
        return;
    if (place->reached++ == 0)
        trial->touched[trial->touched_count++] = (size_t)(place - trial->places);
}

static bool is_whole(const struct hs_trial *trial)
{
    enum hs_variant_kind kind = trial->variant->kind;
    return kind != HS_VARIANT_ABSENT && kind != HS_VARIANT_BARE;
}

void hs_trial_pass(struct hs_trial *trial, struct hs_trial_place *place)
{
    if (place != NULL)
        place->passed_whole = place->passed_whole || is_whole(trial);
}

void hs_trial_note_when(struct hs_trial *trial, const struct hs_condition *when,
                        const struct hs_route *route, size_t target, bool held)
{
    struct hs_trial_place *place = hs_trial_place(trial, when, route, target);
    if (place == NULL)
        return;
    place->when = when;
    place->asked++;
    place->held += held;
    hs_trial_note_guard(trial, place);
}

void hs_trial_note_guard(struct hs_trial *trial, struct hs_trial_place *place)
{
    struct hs_slice type = trial->event->type, family = hs_event_family(type);
    if (place->when == NULL || trial->variant->kind != HS_VARIANT_FULL)
        return;
    trial->event->type =
        hs_slice_text(hs_arena_printf(trial->arena, "%.*s.not_known_yet", HS_SLICE_ARG(family)));
    place->guards = place->guards || hs_condition_holds(place->when, trial->work) <= 0;
    trial->event->type = type;
}

/* Whether the rows describe the whole path. */
static bool is_told(const struct hs_event_type *type, const char *path)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].path, path) == 0)
            return !hs_catalogue_row_is_open(type, i);
    return false;
}

void hs_trial_note_use(void *context, const struct hs_use *use)
{
    struct hs_trial_touch *touch = context;
    const struct hs_event_type *type = touch->trial->type;
    if (!touch->trial->type_is_open)
        return;
    const char *path = hs_path_plain(touch->trial->arena, use->path);
    bool word = !hs_path_is_below(path, "data") && !hs_path_is_below(path, "body") &&
                hs_event_type_field(type, hs_slice_text(path)) == NULL;
    if (!word && !is_told(type, path))
        touch->open = true;
}

/* ---- Failures of one type ---- */

static struct hs_trial_failure *find_failure(struct hs_trial *trial, size_t place,
                                             const struct hs_node *node, const char *words)
{
    for (size_t i = 0; i < trial->failure_count; i++) {
        struct hs_trial_failure *failure = &trial->failures[i];
        if (failure->place == place && failure->node == node && strcmp(failure->words, words) == 0)
            return failure;
    }
    return NULL;
}

void hs_trial_fail(struct hs_trial *trial, struct hs_trial_place *place, const struct hs_node *node,
                   const char *reason)
{
    if (place == NULL)
        return;
    place->failed++;
    size_t at = (size_t)(place - trial->places);
    struct hs_trial_failure *failure = find_failure(trial, at, node, hs_error_text());
    if (failure == NULL) {
        if (trial->failure_count == HS_TRIAL_FAULTS_MAX)
            return;
        failure = &trial->failures[trial->failure_count++];
        const char *words = hs_arena_dup(trial->arena, hs_slice_text(hs_error_text()));
        *failure = (struct hs_trial_failure){
            .place = at, .node = node, .reason = reason, .words = words, .variant = trial->variant};
    }
    failure->full = failure->full || trial->variant->kind == HS_VARIANT_FULL;
    failure->absent = failure->absent || !is_whole(trial);
    failure->other = failure->other || (is_whole(trial) && trial->variant->kind != HS_VARIANT_FULL);
}

/* ---- Faults ---- */

static struct hs_trial_fault *find_fault(struct hs_trial *trial,
                                         const struct hs_trial_fault *wanted)
{
    for (size_t i = 0; i < trial->fault_count; i++) {
        struct hs_trial_fault *fault = &trial->faults[i];
        bool same = fault->code == wanted->code && fault->node == wanted->node &&
                    fault->target == wanted->target && strcmp(fault->words, wanted->words) == 0 &&
                    (fault->route == wanted->route || fault->node != fault->item);
        if (same && wanted->code != HS_FINDING_EVERY_EVENT_FAILS)
            same = strcmp(fault->variant, wanted->variant) == 0;
        if (same)
            return fault;
    }
    return NULL;
}

static void add_fault(struct hs_trial *trial, const struct hs_trial_fault *wanted)
{
    struct hs_trial_fault *fault = find_fault(trial, wanted);
    if (fault == NULL) {
        if (trial->fault_count == HS_TRIAL_FAULTS_MAX)
            return;
        fault = &trial->faults[trial->fault_count++];
        *fault = *wanted;
        fault->variant = hs_arena_dup(trial->arena, hs_slice_text(wanted->variant));
    }
    for (size_t i = 0; i < fault->type_count && i < HS_TRIAL_TYPES_SHOWN; i++)
        if (fault->types[i] == trial->type)
            return; /* of another source with the same catalogue */
    if (fault->type_count < HS_TRIAL_TYPES_SHOWN)
        fault->types[fault->type_count] = trial->type;
    fault->type_count++;
}

static void close_failure(struct hs_trial *trial, const struct hs_trial_failure *failure)
{
    struct hs_trial_place *place = &trial->places[failure->place];
    bool always = place->failed == place->reached;
    bool whole = failure->full && !place->passed_whole;
    bool usual = failure->full && 2 * place->failed > place->reached;
    enum hs_finding_code code = always || whole || usual ? HS_FINDING_EVERY_EVENT_FAILS
                                : failure->absent && !failure->full && !failure->other
                                    ? HS_FINDING_FAILS_WITHOUT
                                    : HS_FINDING_FAILS_FOR_VALUE;
    if (place->open || (code == HS_FINDING_EVERY_EVENT_FAILS && place->fault != 0))
        return;
    const struct hs_trial_fault fault = {.code = code,
                                         .route = place->route,
                                         .target = place->target,
                                         .node = failure->node,
                                         .item = place->node,
                                         .reason = failure->reason,
                                         .words = failure->words,
                                         .usual = !always,
                                         .conditional = always && !failure->full,
                                         .field = failure->variant->field,
                                         .variant = failure->variant->words};
    add_fault(trial, &fault);
    place->fault = 1;
}

void hs_trial_close_type(struct hs_trial *trial)
{
    for (size_t i = 0; i < trial->failure_count; i++)
        close_failure(trial, &trial->failures[i]);
    for (size_t i = 0; i < trial->touched_count; i++) {
        struct hs_trial_place *place = &trial->places[trial->touched[i]];
        place->reached = place->failed = 0;
        place->passed_whole = place->open = false;
        place->fault = 0;
    }
    trial->failure_count = trial->touched_count = 0;
}
