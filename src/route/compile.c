/* Compile: reads `routes:` and `default:` into a router, reporting every error with its position.
 * Choosing between routes is up to rank.c and match.c. */
#include "router.h"

#include <hookstream/doc.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 128u
#define MANUAL_MAX (1u << 20)

struct route_options {
    const char *name, *match, *sample;
    struct hs_strings sources, accept;
    const struct hs_node *when, *transform, *to;
};

static const struct hs_option rows[] = {
    {.name = "name",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct route_options, name),
     .required = true,
     .help = "What metrics, logs and dead letters call the route. Each route has its own.",
     .example = "orders"},
    {.name = "match",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct route_options, match),
     .required = true,
     .help = "A type prefix on whole segments (`queue` is `queue` and all below it), or a pattern "
             "for whole types: `*` is one segment, `**` any number of them. The most specific "
             "match wins, whatever the order.",
     .example = "order"},
    {.name = "sources",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct route_options, sources),
     .help = "Only events of these sources. Every source when it is left out. Beats a route with "
             "the same match that lists none.",
     .example = "[fanfare]"},
    {.name = "when",
     .kind = HS_OPTION_NODE,
     .offset = offsetof(struct route_options, when),
     .form = "condition",
     .help = "Only events for which this condition holds; others go on to the next best match.",
     .example = "\"data.state == 'won'\""},
    {.name = "sample",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct route_options, sample),
     .help = "Only this share of the route's events, chosen by their id: the same ones on every "
             "sink and replica. The others are dropped and counted; no other route gets them.",
     .example = "10%"},
    {.name = "transform",
     .kind = HS_OPTION_NODE,
     .offset = offsetof(struct route_options, transform),
     .form = "transform",
     .help = "Transformations, done in the order written. Without any the bytes received go out.",
     .example = "[{remove: [data.admissionToken]}]"},
    {.name = "accept",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct route_options, accept),
     .help = "Warnings of `check` about this route that are known and meant: a code, or a code and "
             "the one field that it is accepted for.",
     .example = "[HS205 data.email]"},
    {.name = "to",
     .kind = HS_OPTION_NODE,
     .offset = offsetof(struct route_options, to),
     .form = "targets",
     .required = true,
     .help = "Targets: for each a sink and, as its kind wants it, a topic, stream or file.",
     .example = "[{sink: kafka, topic: \"fanfare.{family}\"}]"},
};

static const char *const telling[] = {"match", "name", NULL};

static const struct hs_options route_table = {.name = "routes[]",
                                              .title = "Routes",
                                              .options = rows,
                                              .option_count = HS_ARRAY_SIZE(rows),
                                              .struct_size = sizeof(struct route_options),
                                              .node_offset = SIZE_MAX,
                                              .telling = telling};

/* ---- One route ---- */

static bool compile_name(struct hs_router *router, struct hs_config *config,
                         const struct hs_node *node, const char *name, size_t index)
{
    struct hs_slice text = hs_slice_text(name);
    bool good = text.size != 0 && text.size <= NAME_MAX_BYTES;
    for (size_t i = 0; good && i < text.size; i++)
        good = (unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f;
    if (!good) {
        hs_config_error(config, HS_FINDING_ROUTE_NAME, node,
                        "a route's name is a text of 1 to %u bytes on one line", NAME_MAX_BYTES);
        return false;
    }
    if (hs_slice_equal(text, HS_SLICE("default"))) {
        hs_config_error(config, HS_FINDING_ROUTE_NAME, node,
                        "the name `default` is reserved for the targets of `default:`; use "
                        "another");
        return false;
    }
    for (size_t i = 0; i < index; i++)
        if (router->entries[i].route.name != NULL &&
            hs_slice_equal(text, hs_slice_text(router->entries[i].route.name))) {
            hs_config_error(config, HS_FINDING_ROUTE_NAME_TAKEN, node,
                            "two routes have the name %s: each needs its own",
                            hs_config_quote(config, node));
            return false;
        }
    router->entries[index].route.name = name;
    return true;
}

static bool check_sources(const struct hs_router_input *input, const struct hs_node *route,
                          const struct hs_strings *sources)
{
    const struct hs_node *list = hs_node_get(route, "sources");
    if (list != NULL && list->kind == HS_NODE_LIST && list->count == 0) {
        hs_config_error(input->config, HS_FINDING_EMPTY_LIST, list,
                        "`sources` is empty: omit it to take events of every source");
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < sources->count; i++) {
        struct hs_slice name = hs_slice_text(sources->items[i]);
        bool known = false;
        for (size_t s = 0; s < input->sources->count && !known; s++)
            known = hs_slice_equal(name, hs_slice_text(input->sources->names[s]));
        if (known)
            continue;
        good = false;
        const char *nearest = hs_nearest_name(name, input->sources->names, input->sources->count);
        hs_config_error(input->config, HS_FINDING_UNKNOWN_SOURCE, sources->nodes[i],
                        "unknown source %s%s%s%s",
                        hs_config_quote(input->config, sources->nodes[i]),
                        nearest ? ", did you mean `" : "; `sources:` has no such name",
                        nearest ? nearest : "", nearest ? "`?" : "");
    }
    return good;
}

static void compile_route(struct hs_router *router, const struct hs_router_input *input,
                          const struct hs_node *node, size_t index)
{
    struct hs_config *config = input->config;
    struct hs_entry *entry = &router->entries[index];
    struct route_options bound;
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(config, HS_FINDING_WRONG_SHAPE, node,
                        "%s: a route is a mapping with name, match and to",
                        hs_config_quote(config, node));
        return;
    }
    hs_config_bind(config, node, &route_table, &bound);
    entry->sources = bound.sources;
    entry->match_node = hs_node_get(node, "match");
    entry->route.match = bound.match;
    entry->route.node = node;
    entry->route.accept = bound.accept;
    /* Every step runs, so that all errors are reported at once. */
    bool named = bound.name != NULL &&
                 compile_name(router, config, hs_node_get(node, "name"), bound.name, index);
    bool matches =
        bound.match != NULL && hs_pattern_compile(config, entry->match_node, &entry->pattern);
    bool sourced = check_sources(input, node, &bound.sources);
    if (bound.when != NULL)
        entry->when = hs_condition_compile(config, bound.when);
    entry->route.when = entry->when;
    bool sampled =
        hs_sample_compile(config, hs_node_get(node, "sample"), bound.sample, &entry->route.sample);
    entry->route.transform = hs_transform_compile(config, bound.transform);
    if (bound.to != NULL)
        (void)hs_targets_compile(input, bound.to, "to", &entry->route);
    hs_targets_check_headers(config, &entry->route);
    entry->ranked =
        named && matches && sourced && sampled && (bound.when == NULL || entry->when != NULL);
}

static void compile_routes(struct hs_router *router, const struct hs_router_input *input,
                           const struct hs_node *routes)
{
    if (routes == NULL)
        return;
    if (routes->kind != HS_NODE_LIST) {
        hs_config_error(input->config, HS_FINDING_WRONG_SHAPE, routes,
                        "`routes` is a list: start each route with \"- name:\"");
        return;
    }
    if (routes->count > HS_ROUTES_MAX) {
        hs_config_error(input->config, HS_FINDING_TOO_MANY, routes->items[HS_ROUTES_MAX],
                        "there are at most %u routes", HS_ROUTES_MAX);
        return;
    }
    router->entries = hs_alloc_array(routes->count + 1, sizeof(*router->entries));
    router->count = routes->count;
    for (size_t i = 0; i < routes->count; i++) {
        router->entries[i].route.index = (unsigned)i;
        compile_route(router, input, routes->items[i], i);
    }
}

/* ---- default: ---- */

/* Whether a key of the file will be reported as a misspelt `default`: then it is not also
 * missing. */
static bool default_is_misspelt(const struct hs_node *root)
{
    static const char *const name[] = {"default"};
    bool found = false;
    for (size_t i = 0; root->kind == HS_NODE_MAP && i < root->count && !found; i++)
        found = hs_nearest_name(root->keys[i]->text, name, 1) != NULL;
    return found && hs_node_get(root, name[0]) == NULL;
}

static void compile_default(struct hs_router *router, const struct hs_router_input *input,
                            const struct hs_node *node)
{
    static const char forms[] = "`default: dead_letter` keeps the event as a dead letter, "
                                "`default: drop` discards it, and a list of targets, as under "
                                "`to`, sends it there";
    static const char *const words[] = {"dead_letter", "drop"};
    struct hs_config *config = input->config;
    router->fallback_route.name = "default";
    router->fallback_route.match = "**";
    router->fallback_route.node = node;
    router->fallback_route.index = (unsigned)router->count;
    if (node == NULL && default_is_misspelt(hs_config_root(config)))
        return;
    if (node == NULL) {
        hs_config_error(config, HS_FINDING_NO_DEFAULT, hs_config_root(config),
                        "`default` is missing: it decides what happens to an event that no route "
                        "takes: %s",
                        forms);
    } else if (node->kind == HS_NODE_LIST) {
        router->fallback = HS_DEFAULT_TARGETS;
        router->fallback_route.transform = hs_transform_compile(config, NULL);
        (void)hs_targets_compile(input, node, "default", &router->fallback_route);
    } else if (node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("drop"))) {
        router->fallback = HS_DEFAULT_DROP;
    } else if (node->kind == HS_NODE_SCALAR &&
               hs_slice_equal(node->text, HS_SLICE("dead_letter"))) {
        router->fallback = HS_DEFAULT_DEAD_LETTER;
    } else {
        const char *nearest = node->kind == HS_NODE_SCALAR
                                  ? hs_nearest_name(node->text, words, HS_ARRAY_SIZE(words))
                                  : NULL;
        hs_config_error(config, HS_FINDING_WRONG_DEFAULT, node, "`default` cannot be %s%s%s%s: %s",
                        hs_config_quote(config, node), nearest ? ", did you mean `" : "",
                        nearest ? nearest : "", nearest ? "`?" : "", forms);
    }
}

/* ---- The whole ---- */

struct hs_router *hs_router_compile(struct hs_config *config, const struct hs_node *routes,
                                    const struct hs_node *fallback, const struct hs_children *sinks,
                                    const struct hs_children *sources)
{
    if (sinks->count > HS_SINKS_MAX) {
        hs_config_error(config, HS_FINDING_TOO_MANY, sinks->nodes[HS_SINKS_MAX],
                        "there are at most %u sinks", HS_SINKS_MAX);
        return NULL;
    }
    const struct hs_router_input input = {config, sinks, sources};
    struct hs_router *router = hs_alloc(sizeof(*router));
    compile_routes(router, &input, routes);
    compile_default(router, &input, fallback);
    hs_router_rank(router, config);
    router->cache = hs_cache_create();
    return router;
}

void hs_router_free(struct hs_router *router)
{
    if (router == NULL)
        return;
    for (size_t i = 0; i < router->count; i++) {
        struct hs_entry *entry = &router->entries[i];
        hs_targets_free(&entry->route);
        hs_transform_free(entry->route.transform);
        hs_condition_free(entry->when);
    }
    hs_targets_free(&router->fallback_route);
    hs_transform_free(router->fallback_route.transform);
    hs_trie_free(router->trie);
    hs_cache_free(router->cache);
    free(router->ranked);
    free(router->entries);
    free(router);
}

/* A table's section without the page header, which is there already. */
static void append_section(const struct hs_options *table, struct hs_buffer *ret_page)
{
    struct hs_buffer page;
    hs_buffer_init(&page, MANUAL_MAX);
    hs_config_manual(table, &page);
    const char *section = page.size != 0 ? memmem(page.data, page.size, "\n## ", 4) : NULL;
    if (section != NULL)
        hs_buffer_append(ret_page, section, page.size - (size_t)(section - page.data));
    hs_buffer_free(&page);
}

void hs_route_manual(struct hs_buffer *ret_page)
{
    append_section(&route_table, ret_page);
    hs_buffer_append_text(
        ret_page,
        "\n`match` is read left to right, a segment at a time: a literal beats `*`, which beats "
        "`**`. Two routes that match the same events equally well are an error, unless a `when` "
        "distinguishes them: those with a `when` are tried in the order written, and the one "
        "without comes last.\n\n"
        "The choice of targets depends on the event as received. `sample: 10%` takes one event in "
        "ten by a hash of its `id`: always the same events, on every sink and replica. Events that "
        "it excludes are dropped and counted (`hookstream_events_sampled_out_total`); they are not "
        "dead letters, and no other route gets them. Exception: an event that was waiting for a "
        "sink when its share was reduced becomes a dead letter (`rerouted`), since it was accepted "
        "for delivery; a retry uses the current share. A target may have its own `when`, a "
        "`sample` of what the route takes, and a `transform`, applied after the route's and "
        "invisible to other targets. An event that no target of a sink takes is finished for that "
        "sink and counted (`hookstream_sink_skipped_total`).\n\n"
        "`default:` is required: `dead_letter`, `drop`, or a list of targets as under `to`.\n");
    for (int kind = 0; kind < HS_SINK_KIND_COUNT; kind++)
        append_section(hs_sink_kinds[kind]->target, ret_page);
}

static struct json_object *list_schema(uint64_t least, uint64_t most, struct json_object *items)
{
    struct json_object *list = hs_doc_object();
    hs_doc_put_text(list, "type", "array");
    if (least > 0)
        hs_doc_put_u64(list, "minItems", least);
    hs_doc_put_u64(list, "maxItems", most);
    hs_doc_put(list, "items", items);
    return list;
}

void hs_route_schema(struct json_object *definitions)
{
    struct json_object *target = hs_doc_object(), *kinds = hs_doc_array();
    for (int kind = 0; kind < HS_SINK_KIND_COUNT; kind++)
        hs_doc_add(kinds, hs_config_schema(hs_sink_kinds[kind]->target));
    hs_doc_put(target, "anyOf", kinds);
    hs_doc_put(definitions, "routes",
               list_schema(0, HS_ROUTES_MAX, hs_config_schema(&route_table)));
    hs_doc_put_literal(definitions, "default",
                       "{\"anyOf\":[{\"enum\":[\"dead_letter\",\"drop\"]},"
                       "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"},"
                       "{\"$ref\":\"#/definitions/targets\"}]}");
    hs_doc_put(definitions, "targets", list_schema(1, HS_TARGETS_MAX, target));
}
