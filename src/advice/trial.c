/* Trial: see trial.h. */
#include "trial_state.h"

#include <hookstream/clock.h>
#include <hookstream/source.h>

#include <stdio.h>
#include <stdlib.h>

#define BODY_MAX (16u << 20)
#define KEY_SHOWN 60u
#define IDS_TRIED_MAX (1u << 22)
/* A fixed time, so that results are reproducible. */
#define SAMPLE_WALL_NS (UINT64_C(1764547200) * UINT64_C(1000000000))

/* ---- Items ---- */

static struct hs_trial_place *item_place(struct hs_trial *trial, const struct hs_route *route,
                                         size_t target, const struct hs_transform *list,
                                         size_t index)
{
    struct hs_transform_item item = hs_transform_at(list, index);
    struct hs_trial_place *place = hs_trial_place(trial, item.node, route, target);
    if (place == NULL)
        return NULL;
    place->node = item.node;
    place->operation = item.operation;
    place->each = item.each;
    place->when = item.when;
    place->skips = item.skips;
    if (place->reached == 0 && !place->open) {
        struct hs_trial_touch touch = {trial, false};
        hs_transform_uses(list, index, hs_trial_note_use, &touch);
        place->open = touch.open;
    }
    return place;
}

/* Finds the failing item of a used list by applying the items one by one. */
static const struct hs_node *find_inside(struct hs_trial *trial, const struct hs_transform *list,
                                         const struct hs_node *node)
{
    char *words = hs_arena_dup(trial->arena, hs_slice_text(hs_error_text()));
    for (size_t i = 0; i < hs_transform_count(list); i++) {
        bool done;
        struct hs_transform_item item = hs_transform_at(list, i);
        if (hs_transform_apply_item(list, i, trial->work, &done) == 0)
            continue;
        node = item.inside != NULL ? find_inside(trial, item.inside, item.node) : item.node;
        break;
    }
    HS_IGNORE(hs_fail(-EINVAL, "%s", words)); /* for the next caller of hs_error_text() */
    return node;
}

/* Restores the event to the state before the item. */
static void go_back(struct hs_trial *trial, const struct hs_route *route, size_t target,
                    size_t index)
{
    const struct hs_transform *list =
        target > 0 ? route->targets[target - 1].transform : route->transform;
    bool done;
    hs_work_revert(trial->work);
    if (target > 0)
        HS_IGNORE(hs_transform_apply(route->transform, trial->work)); /* it succeeded before */
    for (size_t i = 0; i < index; i++)
        HS_IGNORE(hs_transform_apply_item(list, i, trial->work, &done)); /* so did these */
}

static const struct hs_node *find_failed(struct hs_trial *trial, const struct hs_route *route,
                                         size_t target, const struct hs_transform *list,
                                         size_t index)
{
    struct hs_transform_item item = hs_transform_at(list, index);
    if (item.inside == NULL)
        return item.node;
    char *words = hs_arena_dup(trial->arena, hs_slice_text(hs_error_text()));
    go_back(trial, route, target, index);
    HS_IGNORE(hs_fail(-EINVAL, "%s", words)); /* as above */
    return find_inside(trial, item.inside, item.node);
}

static void note_done(struct hs_trial *trial, struct hs_trial_place *place, bool done,
                      uint64_t skips, const struct hs_trial_idle *idle)
{
    if (place == NULL)
        return;
    place->asked++;
    place->held += done;
    if (!done)
        return;
    hs_trial_reach(trial, place);
    hs_trial_pass(trial, place);
    bool full = trial->variant->kind == HS_VARIANT_FULL && !place->open;
    place->full += full;
    place->idle += full && (idle->finds_nothing || hs_trial_leaves_all(trial, idle));
    place->finds = place->finds || (full && !idle->finds_nothing);
    if (skips == 0)
        return;
    place->skipped++;
    place->words = hs_arena_dup(trial->arena, hs_slice_text(hs_error_text()));
}

/* Does the items of a list. False: one failed, which was noted. */
static bool do_items(struct hs_trial *trial, const struct hs_route *route, size_t target,
                     const struct hs_transform *list)
{
    for (size_t i = 0; i < hs_transform_count(list); i++) {
        struct hs_trial_place *place = item_place(trial, route, target, list, i);
        uint64_t skips = hs_work_skips(trial->work);
        struct hs_trial_idle idle;
        hs_trial_begin_idle(trial, list, i, &idle);
        if (place != NULL && place->each == NULL)
            hs_trial_note_guard(trial, place);
        bool done;
        int code = hs_transform_apply_item(list, i, trial->work, &done);
        if (code == -EAGAIN)
            return false;
        if (code < 0) {
            const struct hs_node *node = find_failed(trial, route, target, list, i);
            hs_trial_reach(trial, place);
            hs_trial_fail(trial, place, node, "transform");
            if (place != NULL)
                place->asked++, place->held++;
            return false;
        }
        note_done(trial, place, done, hs_work_skips(trial->work) - skips, &idle);
    }
    return true;
}

/* ---- Templates ---- */

static struct hs_trial_place *template_place(struct hs_trial *trial, const struct hs_route *route,
                                             size_t target, const struct hs_template *tmpl,
                                             const struct hs_node *node)
{
    if (tmpl == NULL)
        return NULL;
    struct hs_trial_place *place =
        hs_trial_place(trial, node != NULL ? node : route->node, route, target);
    if (place == NULL)
        return NULL;
    place->node = node != NULL ? node : route->node;
    if (place->reached == 0 && !place->open) {
        struct hs_trial_touch touch = {trial, false};
        hs_template_uses(tmpl, hs_trial_note_use, &touch);
        place->open = touch.open;
    }
    return place;
}

/* The templates of a target in the order in which messages are built. */
struct templates {
    const struct hs_template *tmpl[2 + HS_MESSAGE_HEADERS_MAX];
    const struct hs_node *nodes[2 + HS_MESSAGE_HEADERS_MAX];
    size_t count;
};

static void list_templates(const struct hs_target *target, struct templates *ret)
{
    ret->count = 0;
    ret->tmpl[ret->count] = target->destination;
    ret->nodes[ret->count++] = target->options->destination_node;
    if (target->key != NULL) {
        ret->tmpl[ret->count] = target->key;
        ret->nodes[ret->count++] = target->options->key_node;
    }
    for (size_t i = 0; i < target->options->headers.count && i < HS_MESSAGE_HEADERS_MAX; i++) {
        ret->tmpl[ret->count] = target->headers[i];
        ret->nodes[ret->count++] = target->options->headers.items[i].value_node;
    }
}

static void note_key(struct hs_trial *trial, struct hs_trial_place *place,
                     const struct hs_message *message)
{
    if (place == NULL || message->key.data == NULL)
        return;
    size_t size = message->key.size < KEY_SHOWN ? message->key.size : KEY_SHOWN;
    if (place->first == NULL)
        place->first = hs_arena_dup(trial->arena, hs_slice(message->key.data, size));
    place->keys++;
    place->same += hs_slice_equal(hs_slice_text(place->first), hs_slice(message->key.data, size));
}

static void pass_templates(struct hs_trial *trial, const struct hs_route *route, size_t target,
                           const struct hs_message *message)
{
    struct templates templates;
    const struct hs_target *one = &route->targets[target - 1];
    list_templates(one, &templates);
    for (size_t i = 0; i < templates.count; i++) {
        struct hs_trial_place *place =
            template_place(trial, route, target, templates.tmpl[i], templates.nodes[i]);
        hs_trial_reach(trial, place);
        hs_trial_pass(trial, place);
        if (one->key != NULL && templates.tmpl[i] == one->key)
            note_key(trial, place, message);
    }
}

/* Determines the failing template by expanding each. */
static void fail_template(struct hs_trial *trial, const struct hs_route *route, size_t target,
                          const char *reason)
{
    struct templates templates;
    struct hs_buffer text;
    list_templates(&route->targets[target - 1], &templates);
    hs_buffer_init(&text, HS_PARCEL_TEXT_MAX);
    bool destination = strcmp(reason, "destination") == 0;
    for (size_t i = 0; i < templates.count; i++) {
        char *words = hs_arena_dup(trial->arena, hs_slice_text(hs_error_text()));
        bool fails = destination || hs_template_expand(templates.tmpl[i], trial->work, &text) < 0;
        struct hs_trial_place *place =
            template_place(trial, route, target, templates.tmpl[i], templates.nodes[i]);
        hs_trial_reach(trial, place);
        if (fails) {
            hs_trial_fail(trial, place, place != NULL ? place->node : NULL, reason);
            break;
        }
        hs_trial_pass(trial, place);
        HS_IGNORE(hs_fail(-EINVAL, "%s", words)); /* for the next one */
    }
    hs_buffer_free(&text);
}

/* ---- One sample ---- */

static struct hs_parcel_maker *maker_of(struct hs_trial *trial, unsigned sink)
{
    if (!trial->made[sink])
        hs_parcel_maker_init(&trial->makers[sink], trial->config, sink);
    trial->made[sink] = true;
    return &trial->makers[sink];
}

/* The target's index among those of its sink. */
static unsigned part_of(const struct hs_route *route, size_t target)
{
    unsigned part = 0;
    for (size_t i = 0; i + 1 < target; i++)
        part += route->targets[i].sink == route->targets[target - 1].sink;
    return part;
}

static void try_target(struct hs_trial *trial, const struct hs_route *route, size_t target)
{
    const struct hs_target *one = &route->targets[target - 1];
    if (!hs_transform_is_empty(one->transform)) {
        hs_work_revert(trial->work);
        if (hs_transform_apply(route->transform, trial->work) < 0 ||
            !do_items(trial, route, target, one->transform))
            return;
    }
    struct hs_parcel_maker *maker = maker_of(trial, one->sink);
    const char *reason;
    hs_work_revert(trial->work);
    int code =
        hs_parcel_make(maker, route, trial->work, UINT32_C(1) << part_of(route, target), &reason);
    if (code == 0 && maker->count == 1)
        pass_templates(trial, route, target, &maker->messages[0]);
    else if (code < 0 && code != -EAGAIN && strcmp(reason, "transform") != 0)
        fail_template(trial, route, target, reason);
}

/* Whether what the two write is the same but for its key. */
static bool is_written_twice(const struct hs_target *a, const struct hs_target *b)
{
    bool same_key = (a->key == NULL) == (b->key == NULL) &&
                    (a->key == NULL || strcmp(a->options->key, b->options->key) == 0);
    bool plain = hs_transform_is_empty(a->transform) && hs_transform_is_empty(b->transform);
    return a->sink == b->sink && strcmp(a->options->destination, b->options->destination) == 0 &&
           (plain || !same_key);
}

static void note_twice(struct hs_trial *trial, const struct hs_route *route, const bool *takes)
{
    for (size_t i = 0; i < route->target_count; i++)
        for (size_t k = 0; k < i && takes[i]; k++) {
            if (!takes[k] || !is_written_twice(&route->targets[k], &route->targets[i]))
                continue;
            struct hs_trial_place *place = hs_trial_place(trial, &route->targets[i], route, i + 1);
            if (place != NULL)
                place->twice = k + 1;
        }
}

static void try_route(struct hs_trial *trial, const struct hs_route *route)
{
    bool takes[HS_TARGETS_MAX] = {false}, any = false;
    for (size_t i = 0; i < route->target_count; i++) {
        const struct hs_target *target = &route->targets[i];
        takes[i] = hs_target_takes(target, trial->work) > 0;
        any = any || takes[i];
        if (target->when != NULL)
            hs_trial_note_when(trial, target->when, route, i + 1, takes[i]);
    }
    note_twice(trial, route, takes);
    if (!any || !do_items(trial, route, 0, route->transform))
        return;
    for (size_t i = 0; i < route->target_count; i++)
        if (takes[i])
            try_target(trial, route, i + 1);
}

/* Evaluates the `when` of every route that the event may reach. */
static void ask_routes(struct hs_trial *trial, const struct hs_event *event)
{
    const struct hs_router *router = trial->input->router;
    for (size_t i = 0; i < hs_router_count(router); i++) {
        const struct hs_route *route = hs_router_at(router, i);
        if (route->when != NULL && hs_router_may_take(router, i, event->type, event->source))
            hs_trial_note_when(trial, route->when, route, 0,
                               hs_condition_holds(route->when, trial->work) > 0);
    }
}

/* Which of the routes whose `when` holds gets the event. */
static void note_choice(struct hs_trial *trial, const struct hs_event *event,
                        const struct hs_route *chosen)
{
    const struct hs_router *router = trial->input->router;
    for (size_t i = 0; i < hs_router_count(router); i++) {
        const struct hs_route *route = hs_router_at(router, i);
        if (route->when == NULL || !hs_router_may_take(router, i, event->type, event->source) ||
            hs_condition_holds(route->when, trial->work) <= 0)
            continue;
        struct hs_trial_place *place = hs_trial_place(trial, route, route, 0);
        if (place == NULL)
            return;
        place->chosen += route == chosen;
        place->lost += route != chosen;
        if (route != chosen)
            place->winner = chosen;
    }
}

static void add_headers(struct hs_event *event)
{
    for (size_t i = 0; i < hs_kept_header_count() && i < HS_EVENT_HEADERS_MAX; i++)
        event->headers[event->header_count++] =
            (struct hs_header){hs_kept_header(i), HS_SLICE("1")};
}

static void make_body(struct hs_trial *trial)
{
    const struct hs_variant *variant = trial->variant;
    struct hs_sample_change changes[2 * HS_VARIANT_CHANGES_MAX];
    size_t count = 0;
    bool bare = variant->kind == HS_VARIANT_BARE;
    for (size_t i = 0; i < variant->count; i++)
        changes[count++] = variant->changes[i];
    for (size_t i = 0; i < trial->variants.base_count; i++) {
        const struct hs_catalogue_field *field = &trial->type->fields[trial->variants.base[i].row];
        if (!bare || (!field->optional && !field->nullable))
            changes[count++] = trial->variants.base[i];
    }
    hs_buffer_clear(&trial->body);
    hs_catalogue_sample_changed(trial->type, bare ? HS_SAMPLE_BARE : HS_SAMPLE_FULL, changes, count,
                                hs_slice_text(trial->id), SAMPLE_WALL_NS, &trial->random,
                                &trial->body);
}

static void try_variant(struct hs_trial *trial, struct hs_slice source,
                        const struct hs_variant *variant)
{
    trial->variant = variant;
    make_body(trial);
    struct hs_event event = {.received_wall_ns = SAMPLE_WALL_NS,
                             .source = source,
                             .id = hs_slice_text(trial->id),
                             .type = hs_slice_text(trial->type->name),
                             .body = hs_buffer_slice(&trial->body)};
    if (variant->headers)
        add_headers(&event);
    const struct hs_route *route;
    trial->event = &event;
    hs_work_begin(trial->work, &event);
    ask_routes(trial, &event);
    trial->runs++;
    if (hs_router_match(trial->input->router, trial->work, &route) > 0) {
        trial->runs += (unsigned)route->target_count;
        note_choice(trial, &event, route);
        try_route(trial, route);
    }
}

/* ---- All of them ---- */

static bool has_time(const struct hs_trial *trial)
{
    return hs_clock_monotonic_ns() - trial->begun_ns < HS_TRIAL_NS;
}

static void try_type(struct hs_trial *trial, struct hs_slice source,
                     const struct hs_event_type *type)
{
    size_t most = trial->runs < HS_TRIAL_RUNS_MAX ? HS_VARIANTS_MAX : 2;
    trial->type = type;
    trial->type_is_open = false;
    for (size_t i = 0; i < type->field_count; i++)
        trial->type_is_open = trial->type_is_open || hs_catalogue_row_is_open(type, i);
    hs_variants_make(&trial->variants, type, &trial->asked, most);
    for (size_t i = 0; i < trial->variants.count && has_time(trial); i++)
        try_variant(trial, source, &trial->variants.items[i]);
    hs_trial_close_type(trial);
}

/* The smallest share of any sample: an id below it is in all of them. */
static uint32_t least_share(const struct hs_router *router)
{
    uint32_t least = HS_SAMPLE_WHOLE;
    for (size_t i = 0; i < hs_router_count(router); i++) {
        const struct hs_route *route = hs_router_at(router, i);
        for (size_t k = 0; k < route->target_count; k++)
            if (route->targets[k].sample != 0 && route->targets[k].sample < least)
                least = route->targets[k].sample;
    }
    return least;
}

/* Chooses an id that every target's `sample` takes. */
static void choose_id(struct hs_trial *trial)
{
    uint32_t least = least_share(trial->input->router);
    for (unsigned i = 0; i < IDS_TRIED_MAX; i++) {
        snprintf(trial->id, sizeof(trial->id), "whk_sample_%u", i);
        const struct hs_event event = {.id = hs_slice_text(trial->id)};
        if (hs_sample_place_in_targets(&event) < least)
            return;
    }
}

static void try_sources(struct hs_trial *trial)
{
    const struct hs_advice_input *input = trial->input;
    for (size_t i = 0; i < input->sources->count; i++) {
        const struct hs_catalogue *catalogue = hs_catalogues_of(input->catalogues, i);
        struct hs_slice source = hs_slice_text(input->sources->names[i]);
        for (size_t k = 0; catalogue != NULL && k < catalogue->count && has_time(trial); k++)
            try_type(trial, source, &catalogue->types[k]);
    }
}

struct hs_trial *hs_trial_run(struct hs_config *config, const struct hs_advice_input *input)
{
    struct hs_trial *trial = hs_alloc(sizeof(*trial));
    trial->config = config;
    trial->input = input;
    trial->arena = trial->asked.arena = trial->variants.arena = hs_arena_create();
    trial->sink_count = HS_SINKS_MAX;
    trial->makers = hs_alloc_array(trial->sink_count, sizeof(*trial->makers));
    trial->made = hs_alloc_array(trial->sink_count, sizeof(*trial->made));
    trial->work = hs_work_create();
    trial->random = 1;
    trial->begun_ns = hs_clock_monotonic_ns();
    hs_buffer_init(&trial->body, BODY_MAX);
    hs_buffer_init(&trial->before, BODY_MAX);
    hs_asked_gather(&trial->asked, input->router);
    choose_id(trial);
    try_sources(trial);
    return trial;
}

void hs_trial_free(struct hs_trial *trial)
{
    if (trial == NULL)
        return;
    for (size_t i = 0; i < trial->sink_count; i++)
        if (trial->made[i])
            hs_parcel_maker_free(&trial->makers[i]);
    free(trial->makers);
    free(trial->made);
    hs_work_free(trial->work);
    hs_buffer_free(&trial->body);
    hs_buffer_free(&trial->before);
    hs_arena_free(trial->arena);
    free(trial);
}

size_t hs_trial_fault_count(const struct hs_trial *trial)
{
    return trial->fault_count;
}

const struct hs_trial_fault *hs_trial_fault_at(const struct hs_trial *trial, size_t index)
{
    HS_ASSERT(index < trial->fault_count);
    return &trial->faults[index];
}

size_t hs_trial_place_count(const struct hs_trial *trial)
{
    return trial->place_count;
}

const struct hs_trial_place *hs_trial_place_at(const struct hs_trial *trial, size_t index)
{
    HS_ASSERT(index < trial->place_count);
    return &trial->places[index];
}
