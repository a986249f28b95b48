/* Rehearsal: see rehearsal.h. A result points only into its arena and into the configuration. */
#include <hookstream/clock.h>
#include <hookstream/json.h>
#include <hookstream/rehearsal.h>

#include <inttypes.h>
#include <stdlib.h>

struct hs_rehearsal {
    struct hs_config *config;
    const struct hs_settings *settings;
    struct hs_router *router;
    struct hs_work *work;
    struct hs_parcel_maker *makers; /* one per sink */
    struct hs_arena *arena;         /* of the last result */
    struct hs_envelope envelope;
    struct hs_rehearsal_result result;
};

int hs_rehearsal_create(struct hs_config *config, const struct hs_settings *settings,
                        struct hs_rehearsal **ret_rehearsal)
{
    struct hs_rehearsal *rehearsal = hs_alloc(sizeof(*rehearsal));
    rehearsal->config = config;
    rehearsal->settings = settings;
    rehearsal->router = hs_router_compile(config, settings->routes, settings->fallback,
                                          &settings->sinks, &settings->sources);
    rehearsal->work = hs_work_create();
    rehearsal->makers = hs_alloc_array(settings->sinks.count + 1, sizeof(*rehearsal->makers));
    for (size_t i = 0; i < settings->sinks.count; i++)
        hs_parcel_maker_init(&rehearsal->makers[i], config, (unsigned)i);
    if (rehearsal->router == NULL) {
        hs_rehearsal_free(rehearsal);
        return hs_fail(-EINVAL, "the routes cannot be compiled; see `hookstream check`");
    }
    *ret_rehearsal = rehearsal;
    return 0;
}

void hs_rehearsal_free(struct hs_rehearsal *rehearsal)
{
    if (rehearsal == NULL)
        return;
    for (size_t i = 0; i < rehearsal->settings->sinks.count; i++)
        hs_parcel_maker_free(&rehearsal->makers[i]);
    free(rehearsal->makers);
    hs_work_free(rehearsal->work);
    hs_router_free(rehearsal->router);
    hs_arena_free(rehearsal->arena);
    free(rehearsal);
}

const char *hs_rehearsal_end_name(enum hs_rehearsal_end end)
{
    static const char *const names[] = {"delivered", "dead_letter", "dropped", "refused"};
    return names[end];
}

static struct hs_slice keep(struct hs_rehearsal *rehearsal, struct hs_slice text)
{
    if (text.data == NULL)
        return text;
    return hs_slice(hs_arena_dup(rehearsal->arena, text), text.size);
}

static const char *keep_text(struct hs_rehearsal *rehearsal, const char *text)
{
    return text != NULL ? hs_arena_dup(rehearsal->arena, hs_slice_text(text)) : NULL;
}

static void end_as(struct hs_rehearsal *rehearsal, enum hs_rehearsal_end end, const char *reason,
                   const char *detail)
{
    rehearsal->result.end = end;
    rehearsal->result.reason = keep_text(rehearsal, reason);
    rehearsal->result.detail = keep_text(rehearsal, detail);
}

/* ---- The way in ---- */

/* Signs the body as the sender would now. */
static int sign(struct hs_rehearsal *rehearsal, const struct hs_source_options *source,
                const struct hs_rehearsal_request *request, struct hs_claim *claim)
{
    char *stamp =
        hs_arena_printf(rehearsal->arena, "%" PRIu64, request->now_wall_ns / HS_NS_PER_SECOND);
    char *signature = hs_arena_alloc(rehearsal->arena, HS_SIGNATURE_MAX);
    struct hs_slice secret = request->secret;
    if (secret.data == NULL && source->verify.secret_count > 0)
        secret = source->verify.secret_items[0].key;
    int code = hs_sign(hs_source_scheme(&source->verify), secret, hs_slice_text(stamp),
                       request->body, signature);
    *claim = (struct hs_claim){hs_slice_text(signature), hs_slice_text(stamp), 1, 1};
    return code;
}

static int judge(struct hs_rehearsal *rehearsal, const struct hs_rehearsal_request *request)
{
    struct hs_rehearsal_result *result = &rehearsal->result;
    const struct hs_source_options *source =
        hs_children_at(&rehearsal->settings->sources, request->source);
    struct hs_claim claim = {0};
    const struct hs_scheme *scheme = hs_source_scheme(&source->verify);
    for (size_t i = 0; i < request->header_count; i++)
        hs_judge_header(scheme, request->headers[i].name, request->headers[i].value, &claim,
                        &result->event);
    struct hs_verifier *verifier;
    bool sign_it = request->sign && claim.signature_count == 0;
    int code = sign_it ? sign(rehearsal, source, request, &claim) : 0;
    if (code == 0)
        code = hs_verifier_create(scheme, &source->verify, &verifier);
    if (code < 0)
        return code;
    hs_judge(verifier, source, &claim, &result->event, &rehearsal->envelope, &result->judgement);
    hs_verifier_free(verifier);
    struct hs_judgement *judgement = &result->judgement;
    judgement->detail = keep_text(rehearsal, judgement->detail); /* may point to hs_error_text() */
    if (judgement->verdict == HS_GENUINE)
        result->secret = source->verify.secret_items[judgement->secret].name;
    if (judgement->reason != NULL)
        end_as(rehearsal, HS_END_REFUSED, judgement->reason, judgement->detail);
    else if (result->event.flaw != HS_EVENT_VALID)
        end_as(rehearsal, HS_END_DEAD_LETTER, hs_event_flaw_name(result->event.flaw),
               hs_error_text());
    return 0;
}

/* ---- The route ---- */

static void note_considered(void *context, const struct hs_considered *considered)
{
    struct hs_rehearsal_result *result = context;
    result->considered[result->considered_count++] = *considered;
}

static void choose(struct hs_rehearsal *rehearsal)
{
    struct hs_rehearsal_result *result = &rehearsal->result;
    result->considered = hs_arena_alloc(rehearsal->arena, (hs_router_count(rehearsal->router) + 1) *
                                                              sizeof(*result->considered));
    hs_router_consider(rehearsal->router, rehearsal->work, note_considered, result);
    int code = hs_router_match(rehearsal->router, rehearsal->work, &result->route);
    if (code < 0) {
        end_as(rehearsal, HS_END_DEAD_LETTER, "condition", hs_error_text());
    } else if (code == 0) {
        bool drops = hs_router_default(rehearsal->router) == HS_DEFAULT_DROP;
        end_as(rehearsal, drops ? HS_END_DROPPED : HS_END_DEAD_LETTER, "no_route",
               drops ? "no route takes it, and `default` is drop"
                     : "no route takes it, and `default` is dead_letter");
    } else if (!hs_route_samples(result->route, &result->event)) {
        end_as(rehearsal, HS_END_DROPPED, "sampled_out", "the route's `sample` leaves it out");
    }
}

/* Determines which targets take the event, evaluated on the event as received. */
static void choose_targets(struct hs_rehearsal *rehearsal)
{
    struct hs_rehearsal_result *result = &rehearsal->result;
    const struct hs_route *route = result->route;
    result->targets =
        hs_arena_alloc(rehearsal->arena, (route->target_count + 1) * sizeof(*result->targets));
    for (size_t i = 0; i < route->target_count; i++) {
        const struct hs_target *target = &route->targets[i];
        bool sampled = target->sample == 0 || result->place_in_targets < target->sample;
        int takes = hs_target_takes(target, rehearsal->work);
        result->targets[result->target_count++] =
            (struct hs_rehearsal_target){.target = target,
                                         .sink = rehearsal->settings->sinks.names[target->sink],
                                         .left_out = takes > 0   ? NULL
                                                     : takes < 0 ? "condition"
                                                     : sampled   ? "when"
                                                                 : "sample"};
    }
}

/* ---- The edits, one by one ---- */

static struct hs_slice body_now(struct hs_rehearsal *rehearsal)
{
    struct hs_slice body;
    if (hs_work_body(rehearsal->work, &body) < 0)
        return HS_SLICE_NONE;
    return keep(rehearsal, body);
}

struct headers {
    struct hs_header items[HS_EVENT_HEADERS_MAX];
    size_t count;
};

static void headers_now(struct hs_rehearsal *rehearsal, struct headers *ret_headers)
{
    const struct hs_header *given;
    ret_headers->count = hs_work_headers(rehearsal->work, &given);
    for (size_t i = 0; i < ret_headers->count; i++)
        ret_headers->items[i] =
            (struct hs_header){keep(rehearsal, given[i].name), keep(rehearsal, given[i].value)};
}

static bool has_header(const struct headers *headers, const struct hs_header *wanted)
{
    for (size_t i = 0; i < headers->count; i++)
        if (hs_slice_equal(headers->items[i].name, wanted->name) &&
            hs_slice_equal(headers->items[i].value, wanted->value))
            return true;
    return false;
}

/* Notes the headers that exist now but not before. */
static void note_headers(struct hs_rehearsal *rehearsal, const struct headers *before,
                         struct hs_rehearsal_step *step)
{
    struct headers now;
    headers_now(rehearsal, &now);
    struct hs_header *gave =
        hs_arena_alloc(rehearsal->arena, (now.count + 1) * sizeof(*step->headers));
    for (size_t i = 0; i < now.count; i++)
        if (!has_header(before, &now.items[i]))
            gave[step->header_count++] = now.items[i];
    step->headers = gave;
}

/* Applies the items of a list and records what each did. *before is the body, and is updated.
 * Returns false if one failed; building the messages then fails the same way and reports it. */
static bool take_steps(struct hs_rehearsal *rehearsal, const struct hs_transform *transform,
                       struct hs_slice *before, struct hs_rehearsal_step **ret_steps,
                       size_t *ret_count)
{
    size_t count = hs_transform_count(transform), done = 0;
    struct hs_rehearsal_step *steps =
        hs_arena_alloc(rehearsal->arena, (count + 1) * sizeof(*steps));
    bool good = true;
    for (; good && done < count; done++) {
        struct hs_transform_item item = hs_transform_at(transform, done);
        struct hs_rehearsal_step *step = &steps[done];
        struct headers headers;
        headers_now(rehearsal, &headers);
        *step = (struct hs_rehearsal_step){.operation = item.operation,
                                           .line = item.node->line,
                                           .when = item.when,
                                           .before = *before,
                                           .after = *before};
        good = hs_transform_apply_item(transform, done, rehearsal->work, &step->done) == 0;
        if (!good) {
            step->error = keep_text(rehearsal, hs_error_text());
            continue;
        }
        note_headers(rehearsal, &headers, step);
        *before = step->after = body_now(rehearsal);
    }
    *ret_steps = steps;
    *ret_count = done;
    return good;
}

static void edit(struct hs_rehearsal *rehearsal)
{
    struct hs_rehearsal_result *result = &rehearsal->result;
    const struct hs_transform *transform = result->route->transform;
    struct hs_slice after = result->event.body;
    bool good = take_steps(rehearsal, transform, &after, &result->steps, &result->step_count);
    for (size_t i = 0; good && i < result->target_count; i++) {
        struct hs_rehearsal_target *one = &result->targets[i];
        struct hs_slice before = after;
        if (one->left_out != NULL || hs_transform_is_empty(one->target->transform))
            continue;
        hs_work_revert(rehearsal->work);
        good = hs_transform_apply(transform, rehearsal->work) == 0;
        if (good) /* a failure concerns this target only, so the next is still shown */
            (void)take_steps(rehearsal, one->target->transform, &before, &one->steps,
                             &one->step_count);
    }
    hs_work_revert(rehearsal->work);
}

/* ---- The messages ---- */

static struct hs_slice line_of(struct hs_rehearsal *rehearsal, struct hs_slice body)
{
    struct hs_buffer line;
    hs_buffer_init(&line, body.size + 1);
    hs_json_compact(body, &line);
    struct hs_slice kept = keep(rehearsal, hs_buffer_slice(&line));
    hs_buffer_free(&line);
    return kept;
}

static void take_message(struct hs_rehearsal *rehearsal, size_t sink,
                         const struct hs_message *message)
{
    struct hs_rehearsal_result *result = &rehearsal->result;
    const struct hs_sink_options *options = hs_children_at(&rehearsal->settings->sinks, sink);
    HS_ASSERT(result->message_count < HS_REHEARSAL_MESSAGES_MAX);
    struct hs_rehearsal_message *taken = &result->messages[result->message_count++];
    taken->sink = rehearsal->settings->sinks.names[sink];
    taken->kind = hs_sink_kind(options);
    taken->destination = keep(rehearsal, message->destination);
    taken->key = keep(rehearsal, message->key);
    taken->target = message->target;
    taken->header_count = message->header_count;
    for (size_t i = 0; i < message->header_count; i++)
        taken->headers[i] = (struct hs_header){keep(rehearsal, message->headers[i].name),
                                               keep(rehearsal, message->headers[i].value)};
    taken->body = taken->kind->writes_lines ? line_of(rehearsal, message->body)
                                            : keep(rehearsal, message->body);
    taken->hashed = taken->key.data != NULL && taken->kind->hashes_key != NULL &&
                    taken->kind->hashes_key(options);
    taken->hash = taken->hashed ? hs_murmur2_positive(taken->key) : 0;
}

/* An event that one sink cannot take is a dead letter for that sink; the others get it. */
static void make(struct hs_rehearsal *rehearsal)
{
    struct hs_rehearsal_result *result = &rehearsal->result;
    result->messages =
        hs_arena_alloc(rehearsal->arena, HS_REHEARSAL_MESSAGES_MAX * sizeof(*result->messages));
    for (size_t i = 0; i < rehearsal->settings->sinks.count; i++) {
        struct hs_parcel_maker *maker = &rehearsal->makers[i];
        unsigned parts = hs_parcel_parts(maker, result->route);
        const char *reason;
        if (parts == 0)
            continue;
        hs_work_revert(rehearsal->work);
        uint32_t all = parts >= 32 ? UINT32_MAX : (UINT32_C(1) << parts) - 1;
        if (hs_parcel_make(maker, result->route, rehearsal->work, all, &reason) < 0) {
            end_as(rehearsal, HS_END_DEAD_LETTER, reason, hs_error_text());
            continue;
        }
        for (size_t k = 0; k < maker->count; k++)
            take_message(rehearsal, i, &maker->messages[k]);
    }
    if (result->message_count == 0 && result->reason == NULL)
        end_as(rehearsal, HS_END_DROPPED, "no_target", "none of the route's targets takes it");
}

int hs_rehearse(struct hs_rehearsal *rehearsal, const struct hs_rehearsal_request *request,
                const struct hs_rehearsal_result **ret_result)
{
    HS_ASSERT(request->source < rehearsal->settings->sources.count);
    uint64_t limit = rehearsal->settings->server.limits.body_size;
    if (request->body.size > limit)
        return hs_fail(-EMSGSIZE,
                       "the body has %zu bytes, and server.limits.body_size is %" PRIu64
                       ": it would be answered 413",
                       request->body.size, limit);
    hs_arena_free(rehearsal->arena);
    rehearsal->arena = hs_arena_create();
    struct hs_rehearsal_result *result = &rehearsal->result;
    *result = (struct hs_rehearsal_result){0};
    result->event.received_wall_ns = request->now_wall_ns;
    result->event.source = hs_slice_text(rehearsal->settings->sources.names[request->source]);
    result->event.body = request->body;
    *ret_result = result;
    int code = judge(rehearsal, request);
    if (code < 0 || result->reason != NULL)
        return code;
    hs_work_begin(rehearsal->work, &result->event);
    result->place = hs_sample_place_in_routes(&result->event);
    result->place_in_targets = hs_sample_place_in_targets(&result->event);
    choose(rehearsal);
    if (result->reason == NULL) {
        choose_targets(rehearsal);
        edit(rehearsal);
        make(rehearsal);
    }
    return 0;
}
