/* Target: one entry of a route's `to`: a sink and how each event is sent to it. The keys of a
 * target belong to the sink (hs_sink_target_table); this file finds the sink, compiles the
 * templates and checks whatever needs no event. */
#include "router.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER_NAME_MAX 128u
#define LITERAL_MAX 4096u

/* Headers of every message that has headers; together with a target's own there are at most
 * HS_EVENT_HEADERS_MAX. */
static const char *const standard_headers[] = {
    "webhook-id",      "webhook-type", "webhook-timestamp",
    "organization-id", "traceparent",  "content-type",
};
#define OWN_HEADERS_MAX (HS_EVENT_HEADERS_MAX - HS_ARRAY_SIZE(standard_headers))

/* The sinks' names for messages, such as "kafka, redis". */
static const char *names_of(struct hs_config *config, const struct hs_children *children)
{
    const char *text = "none";
    for (size_t i = 0; i < children->count && i < HS_SINKS_MAX; i++)
        text = i == 0
                   ? children->names[0]
                   : hs_arena_printf(hs_config_arena(config), "%s, %s", text, children->names[i]);
    return text;
}

static bool find_sink(const struct hs_router_input *input, const struct hs_node *target,
                      unsigned *ret_sink)
{
    const struct hs_node *node = hs_node_get(target, "sink");
    const struct hs_children *sinks = input->sinks;
    if (node == NULL) {
        hs_config_error(input->config, HS_FINDING_NO_SINK, target,
                        "this target names no `sink`; there is %s", names_of(input->config, sinks));
        return false;
    }
    for (size_t i = 0; i < sinks->count && node->kind == HS_NODE_SCALAR; i++)
        if (hs_slice_equal(node->text, hs_slice_text(sinks->names[i]))) {
            *ret_sink = (unsigned)i;
            return true;
        }
    const char *nearest = node->kind == HS_NODE_SCALAR
                              ? hs_nearest_name(node->text, sinks->names, sinks->count)
                              : NULL;
    if (nearest != NULL)
        hs_config_error(input->config, HS_FINDING_UNKNOWN_SINK, node,
                        "unknown sink %s, did you mean `%s`?", hs_config_quote(input->config, node),
                        nearest);
    else
        hs_config_error(input->config, HS_FINDING_UNKNOWN_SINK, node,
                        "unknown sink %s; there is %s", hs_config_quote(input->config, node),
                        names_of(input->config, sinks));
    return false;
}

/* Reports hs_error_text(), unless it may show a secret. */
static void say_destination(const struct hs_router_input *input, const struct hs_node *node)
{
    char why[256];
    snprintf(why, sizeof(why), "%s", hs_error_text());
    bool secret = node != NULL && node->secret;
    hs_config_error(input->config, HS_FINDING_DESTINATION, node, "%s",
                    secret ? "`(secret)` is not a name that this sink accepts" : why);
}

static bool check_literal(const struct hs_router_input *input, const struct hs_node *node,
                          const struct hs_target *target)
{
    struct hs_buffer text;
    hs_buffer_init(&text, LITERAL_MAX);
    /* Without fields the template needs no event. */
    bool good = hs_template_expand(target->destination, NULL, &text) == 0 &&
                hs_buffer_status(&text) == 0 &&
                target->kind->check_destination(hs_buffer_slice(&text)) == 0;
    hs_buffer_free(&text);
    if (!good)
        say_destination(input, node);
    return good;
}

struct fixed_check {
    const struct hs_sink_kind *kind;
    bool good;
};

/* The message of the first bad one stays in hs_error_text(). */
static void check_fixed(void *context, struct hs_slice text, size_t before, bool first)
{
    struct fixed_check *check = context;
    check->good = check->good && check->kind->check_fixed(text, before, first) == 0;
}

/* If one text is not allowed in any name, no event ever has a valid one. */
static bool check_texts(const struct hs_router_input *input, const struct hs_node *node,
                        const struct hs_target *target)
{
    struct fixed_check check = {target->kind, true};
    hs_template_fixed(target->destination, check_fixed, &check);
    if (!check.good)
        say_destination(input, node);
    return check.good;
}

static bool compile_destination(const struct hs_router_input *input, struct hs_target *target)
{
    const struct hs_node *node = target->options->destination_node;
    if (target->options->destination == NULL)
        return false; /* required: reported by the binding */
    target->destination =
        hs_template_compile(input->config, node, hs_slice_text(target->options->destination));
    if (target->destination == NULL)
        return false;
    if (hs_template_is_literal(target->destination))
        return check_literal(input, node, target);
    return check_texts(input, node, target);
}

/* Kafka accepts any bytes as a name; readers and tools do not. */
static bool header_name_is_good(struct hs_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return name.size != 0 && name.size <= HEADER_NAME_MAX;
}

static bool check_header_name(struct hs_config *config, const struct hs_pair *pair,
                              const struct hs_sink_kind *kind)
{
    struct hs_slice name = hs_slice_text(pair->name);
    if (!header_name_is_good(name)) {
        hs_config_error(config, HS_FINDING_HEADER_NAME, pair->name_node,
                        "%s is not a header name: 1 to %u letters, digits, dots, _ and -",
                        hs_config_quote(config, pair->name_node), HEADER_NAME_MAX);
        return false;
    }
    for (size_t i = 0; i < HS_ARRAY_SIZE(standard_headers); i++)
        if (hs_slice_equal_nocase(name, hs_slice_text(standard_headers[i]))) {
            hs_config_error(config, HS_FINDING_HEADER_TAKEN, pair->name_node,
                            "every message already has the header `%s`: omit it, or use another "
                            "name",
                            standard_headers[i]);
            return false;
        }
    if (kind->check_header != NULL && kind->check_header(name) < 0) {
        hs_config_error(config, HS_FINDING_HEADER_TAKEN, pair->name_node, "%s", hs_error_text());
        return false;
    }
    return true;
}

static bool compile_headers(const struct hs_router_input *input, struct hs_target *target)
{
    const struct hs_pairs *pairs = &target->options->headers;
    if (pairs->count > OWN_HEADERS_MAX) {
        hs_config_error(input->config, HS_FINDING_TOO_MANY, pairs->items[OWN_HEADERS_MAX].name_node,
                        "a target has at most %zu headers of its own", OWN_HEADERS_MAX);
        return false;
    }
    bool good = true;
    target->headers = hs_alloc_array(pairs->count + 1, sizeof(*target->headers));
    for (size_t i = 0; i < pairs->count; i++) {
        good = check_header_name(input->config, &pairs->items[i], target->kind) && good;
        target->headers[i] = hs_template_compile(input->config, pairs->items[i].value_node,
                                                 hs_slice_text(pairs->items[i].value));
        good = target->headers[i] != NULL && good;
    }
    return good;
}

/* The position of this field's option in the target, for findings; the sink's table says which key
 * it is, such as `topic` or `stream`. NULL: it was omitted. */
static const struct hs_node *place_of(const struct hs_options *table, const struct hs_node *target,
                                      size_t field)
{
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].offset == field)
            return hs_node_get(target, table->options[i].name);
    return NULL;
}

static bool compile_target(const struct hs_router_input *input, const struct hs_node *node,
                           struct hs_target *target)
{
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(input->config, HS_FINDING_TARGET_SHAPE, node,
                        "%s: a target is a mapping that names a sink, such as "
                        "{sink: kafka, topic: orders}",
                        hs_config_quote(input->config, node));
        return false;
    }
    if (!find_sink(input, node, &target->sink))
        return false;
    const struct hs_sink_options *sink = hs_children_at(input->sinks, target->sink);
    if (!hs_sink_kind_is_known(sink))
        return false; /* its allowed keys are unknown; the sink's `type` was reported */
    target->kind = hs_sink_kind(sink);
    const struct hs_options *table = target->kind->target;
    struct hs_target_options *options =
        hs_arena_alloc(hs_config_arena(input->config), hs_config_bound_size(table));
    target->options = options;
    hs_config_bind(input->config, node, table, options);
    options->destination_node =
        place_of(table, node, offsetof(struct hs_target_options, destination));
    options->key_node = place_of(table, node, offsetof(struct hs_target_options, key));
    bool good = compile_destination(input, target);
    if (target->options->key != NULL) {
        target->key = hs_template_compile(input->config, target->options->key_node,
                                          hs_slice_text(target->options->key));
        good = target->key != NULL && good;
    }
    good = hs_sample_compile(input->config, hs_node_get(node, "sample"), options->sample,
                             &target->sample) &&
           good;
    if (options->when != NULL) {
        target->when = hs_condition_compile(input->config, options->when);
        good = target->when != NULL && good;
    }
    target->transform = hs_transform_compile(input->config, options->transform);
    return compile_headers(input, target) && target->transform != NULL && good;
}

bool hs_targets_compile(const struct hs_router_input *input, const struct hs_node *node,
                        const char *key, struct hs_route *route)
{
    if (node->kind != HS_NODE_LIST || node->count == 0) {
        hs_config_error(
            input->config, HS_FINDING_TARGET_SHAPE, node,
            "`%s` is a list of targets, such as [{sink: kafka, topic: orders}], not %s%s", key,
            node->kind == HS_NODE_LIST ? "an empty one" : hs_config_quote(input->config, node),
            node->kind == HS_NODE_MAP ? ": start each target with \"- \", also a single one" : "");
        return false;
    }
    if (node->count > HS_TARGETS_MAX) {
        hs_config_error(input->config, HS_FINDING_TOO_MANY, node->items[HS_TARGETS_MAX],
                        "a route has at most %u targets", HS_TARGETS_MAX);
        return false;
    }
    bool good = true;
    route->targets = hs_alloc_array(node->count, sizeof(*route->targets));
    route->target_count = node->count;
    for (size_t i = 0; i < node->count; i++) {
        good = compile_target(input, node->items[i], &route->targets[i]) && good;
        route->sinks |= UINT64_C(1) << route->targets[i].sink;
    }
    return good;
}

/* The item of the target's or the route's transformations that sets headers which the event needs,
 * or NULL. */
static const struct hs_node *needing_headers(const struct hs_route *route,
                                             const struct hs_target *target)
{
    const struct hs_node *item =
        target->transform != NULL ? hs_transform_needs_headers(target->transform) : NULL;
    if (item == NULL && route->transform != NULL)
        item = hs_transform_needs_headers(route->transform);
    return item;
}

/* Checks the target's headers against those that its events have already. */
static void check_own_headers(struct hs_config *config, const struct hs_pairs *own)
{
    for (size_t i = 0; i < own->count; i++)
        if (hs_slice_starts_with(hs_slice_text(own->items[i].name), HS_SLICE("ce_")))
            hs_config_error(config, HS_FINDING_HEADER_TAKEN, own->items[i].name_node,
                            "`cloudevent` with `mode: binary` sets the headers that begin with "
                            "ce_: to add one, list it under its `extensions`");
}

void hs_targets_check_headers(struct hs_config *config, const struct hs_route *route)
{
    for (size_t i = 0; i < route->target_count; i++) {
        const struct hs_target *target = &route->targets[i];
        const struct hs_node *item = needing_headers(route, target);
        if (item != NULL && target->kind->has_headers)
            check_own_headers(config, &target->options->headers);
        else if (item != NULL)
            hs_config_error(config, HS_FINDING_NO_HEADERS, target->options->destination_node,
                            "`cloudevent` with `mode: binary` (line %u) puts the event's "
                            "attributes into headers of the message, which a %s target does "
                            "not have: use `mode: structured`, or give this target a route of "
                            "its own",
                            item->line, target->kind->name);
    }
}

struct hs_route *hs_route_of_target(struct hs_config *config, const struct hs_node *target,
                                    const struct hs_children *sinks)
{
    const struct hs_router_input input = {config, sinks, NULL};
    struct hs_node *items[] = {(struct hs_node *)target}; /* a list's items are not const */
    const struct hs_node list = {.kind = HS_NODE_LIST, .items = items, .count = 1};
    struct hs_route *route = hs_alloc(sizeof(*route));
    route->name = "";
    route->match = "";
    if (!hs_targets_compile(&input, &list, "to", route)) {
        hs_route_of_target_free(route);
        return NULL;
    }
    return route;
}

void hs_route_of_target_free(struct hs_route *route)
{
    if (route == NULL)
        return;
    hs_targets_free(route);
    free(route);
}

void hs_targets_free(struct hs_route *route)
{
    for (size_t i = 0; i < route->target_count; i++) {
        struct hs_target *target = &route->targets[i];
        hs_template_free(target->destination);
        hs_template_free(target->key);
        hs_condition_free(target->when);
        hs_transform_free(target->transform);
        for (size_t h = 0; target->headers != NULL && h < target->options->headers.count; h++)
            hs_template_free(target->headers[h]);
        free(target->headers);
    }
    free(route->targets);
}
