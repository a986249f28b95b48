/* Shared by this module's tests: a router from a text with sinks, sources, routes and a default,
 * and an event of a type. */
#ifndef HS_TEST_ROUTING_H
#define HS_TEST_ROUTING_H

#include "hs_test.h"

#include <hookstream/route.h>
#include <stdio.h>

/* The settings that a router is compiled from. */
struct routing {
    struct hs_config *config;
    struct hs_children sinks, sources;
    struct hs_router *router;
};

struct routing_source {
    const char *path;
};

static inline void routing_open(struct routing *routing, const char *yaml)
{
    static const struct hs_option source_rows[] = {
        {.name = "path",
         .kind = HS_OPTION_STRING,
         .offset = offsetof(struct routing_source, path),
         .help = "A path."},
    };
    static const struct hs_options source_table = {.name = "sources.*",
                                                   .title = "Sources",
                                                   .options = source_rows,
                                                   .option_count = 1,
                                                   .struct_size = sizeof(struct routing_source),
                                                   .node_offset = SIZE_MAX};
    struct settings {
        struct hs_children sinks, sources;
        const struct hs_node *routes, *fallback;
    } settings;
    static const struct hs_option rows[] = {
        {.name = "sinks",
         .kind = HS_OPTION_MAP,
         .offset = offsetof(struct settings, sinks),
         .child = &hs_sink_option_table,
         .help = "Sinks."},
        {.name = "sources",
         .kind = HS_OPTION_MAP,
         .offset = offsetof(struct settings, sources),
         .child = &source_table,
         .help = "Sources."},
        {.name = "routes",
         .kind = HS_OPTION_NODE,
         .offset = offsetof(struct settings, routes),
         .help = "Routes."},
        {.name = "default",
         .kind = HS_OPTION_NODE,
         .offset = offsetof(struct settings, fallback),
         .help = "Default."},
    };
    static const struct hs_options table = {.name = "configuration",
                                            .title = "Configuration",
                                            .options = rows,
                                            .option_count = HS_ARRAY_SIZE(rows),
                                            .struct_size = sizeof(settings),
                                            .node_offset = SIZE_MAX};
    routing->config = hs_config_parse("test.yaml", hs_slice_text(yaml), NULL, NULL);
    const struct hs_node *root = hs_config_root(routing->config);
    ck_assert_msg(root != NULL, "no YAML: %s", yaml);
    hs_config_bind(routing->config, root, &table, &settings);
    routing->sinks = settings.sinks;
    routing->sources = settings.sources;
    routing->router = hs_router_compile(routing->config, settings.routes, settings.fallback,
                                        &routing->sinks, &routing->sources);
}

static inline void routing_close(struct routing *routing)
{
    hs_router_free(routing->router);
    hs_config_free(routing->config);
}

static inline void routing_expect_no_findings(const struct routing *routing, const char *yaml)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 20);
    hs_config_print_findings(routing->config, &text);
    ck_assert_msg(text.size == 0, "%s\n%.*s", yaml, (int)text.size, text.data);
    hs_buffer_free(&text);
}

static inline struct hs_event routing_event(const char *type, const char *source, const char *body)
{
    return (struct hs_event){.source = hs_slice_text(source),
                             .id = HS_SLICE("whk_1"),
                             .type = hs_slice_text(type),
                             .body = hs_slice_text(body)};
}

/* The name of the route that takes such an event; "(none)". */
static inline const char *routing_winner(const struct routing *routing, const char *type,
                                         const char *source, const char *body)
{
    struct hs_event event = routing_event(type, source, body);
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &event);
    const struct hs_route *route = NULL;
    int code = hs_router_match(routing->router, work, &route);
    hs_work_free(work);
    if (code < 0)
        return "(failed)";
    return code == 0 ? "(none)" : route->name;
}

#define ROUTING_SINKS                                                                              \
    "sinks:\n"                                                                                     \
    "  kafka: {type: kafka, brokers: [\"localhost:9092\"]}\n"                                      \
    "  redis: {type: redis, url: \"redis://localhost:6379/0\"}\n"                                  \
    "  file: {type: file, path: data}\n"                                                           \
    "sources: {fanfare: {path: /a}, other: {path: /b}}\n"

#endif
