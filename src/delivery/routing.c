/* Routing: see routing.h. */
#include "routing.h"

#define TEXT_MAX (16u << 20)

static void compile(struct hs_routing *routing)
{
    struct written {
        struct hs_children sinks;
        struct hs_strings sources;
        const struct hs_node *routes, *fallback;
    } written;
    static const struct hs_option rows[] = {
        {.name = "sinks",
         .kind = HS_OPTION_MAP,
         .offset = offsetof(struct written, sinks),
         .child = &hs_sink_option_table},
        {.name = "sources", .kind = HS_OPTION_STRINGS, .offset = offsetof(struct written, sources)},
        {.name = "routes", .kind = HS_OPTION_NODE, .offset = offsetof(struct written, routes)},
        {.name = "default", .kind = HS_OPTION_NODE, .offset = offsetof(struct written, fallback)},
    };
    static const struct hs_options table = {
        .name = "routing",
        .title = "Former routes",
        .options = rows,
        .option_count = HS_ARRAY_SIZE(rows),
        .struct_size = sizeof(struct written),
        .node_offset = SIZE_MAX,
    };
    hs_config_bind(routing->config, hs_config_root(routing->config), &table, &written);
    routing->sinks = written.sinks;
    routing->sources =
        (struct hs_children){.names = written.sources.items, .count = written.sources.count};
    routing->router = hs_router_compile(routing->config, written.routes, written.fallback,
                                        &routing->sinks, &routing->sources);
}

int hs_routing_load(const struct hs_disk *disk, const char *path, struct hs_routing *ret_routing)
{
    struct hs_buffer text;
    *ret_routing = (struct hs_routing){0};
    hs_buffer_init(&text, TEXT_MAX);
    int code = hs_disk_read_own(disk, path, &text);
    if (code == 0)
        ret_routing->config = hs_config_parse(path, hs_buffer_slice(&text), NULL, NULL);
    hs_buffer_free(&text);
    if (code < 0)
        return code;
    hs_config_allow_weak_secrets(ret_routing->config); /* these routes were in use before the rule
                                                        * existed */
    if (hs_config_root(ret_routing->config) != NULL)
        compile(ret_routing);
    if (ret_routing->router == NULL || hs_config_findings(ret_routing->config)->errors > 0)
        return hs_fail(-EBADMSG, "%s cannot be read", path);
    return 0;
}

void hs_routing_free(struct hs_routing *routing)
{
    hs_router_free(routing->router);
    hs_config_free(routing->config);
}

unsigned hs_routing_sink(const struct hs_routing *routing, const char *name)
{
    unsigned sink = 0;
    while (sink < routing->sinks.count && strcmp(routing->sinks.names[sink], name) != 0)
        sink++;
    return sink;
}
