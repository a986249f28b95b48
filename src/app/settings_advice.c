/* Advice about settings: which catalogues they name, and what follows from these. Only errors that
 * affect where events come from and go to prevent it. */
#include <hookstream/advice.h>
#include <hookstream/app.h>

/* ---- Errors that prevent advice ---- */

/* The key of the mapping that contains the finding, by its position; NULL: none. */
static const struct hs_node *key_at(const struct hs_node *map, const struct hs_finding *finding,
                                    const struct hs_node **ret_value)
{
    const struct hs_node *key = NULL;
    *ret_value = NULL;
    for (size_t i = 0; map != NULL && map->kind == HS_NODE_MAP && i < map->count; i++) {
        const struct hs_node *next = map->keys[i];
        bool after = next->line > finding->line ||
                     (next->line == finding->line && next->column > finding->column);
        bool nearer = key == NULL || next->line > key->line ||
                      (next->line == key->line && next->column > key->column);
        if (after || !nearer)
            continue;
        key = next;
        *ret_value = map->items[i];
    }
    return key;
}

static bool is_called(const struct hs_node *key, const char *name)
{
    return key != NULL && hs_slice_equal(key->text, hs_slice_text(name));
}

/* Whether the finding does not affect which events are known; a source's secrets do not. */
static bool is_beside_source(const struct hs_node *sources, const struct hs_finding *finding)
{
    const struct hs_node *source, *verify, *secrets;
    (void)key_at(sources, finding, &source);
    return is_called(key_at(source, finding, &verify), "verify") &&
           is_called(key_at(verify, finding, &secrets), "secrets");
}

/* Whether the error does not affect routes, the sources' events and the sinks' types. */
static bool is_beside(const struct hs_node *root, const struct hs_finding *finding)
{
    static const char *const sections[] = {"server", "admin",        "log",  "journal",
                                           "dedupe", "dead_letters", "sinks"};
    const struct hs_node *value, *key = key_at(root, finding, &value);
    if (finding->code < HS_FINDING_VARIABLE_UNSET)
        return false; /* of YAML: more than its position may be wrong */
    if (is_called(key, "sources"))
        return is_beside_source(value, finding);
    for (size_t i = 0; i < HS_ARRAY_SIZE(sections); i++)
        if (is_called(key, sections[i]))
            return true;
    return false;
}

static bool kinds_are_known(const struct hs_children *sinks)
{
    for (size_t i = 0; i < sinks->count; i++)
        if (!hs_sink_kind_is_known(hs_children_at(sinks, i)))
            return false;
    return true;
}

static bool can_be_advised(struct hs_config *config, const struct hs_settings *settings)
{
    const struct hs_findings *findings = hs_config_findings(config);
    bool can = settings->routed && kinds_are_known(&settings->sinks);
    for (size_t i = 0; i < findings->count && can; i++)
        can = findings->items[i].severity != HS_FINDING_ERROR ||
              is_beside(hs_config_root(config), &findings->items[i]);
    return can;
}

/* ---- Sinks ---- */

static bool is_forwarded_to(const struct hs_settings *settings, const char *name)
{
    const struct hs_node *sink = settings->dead_letters.forward != NULL
                                     ? hs_node_get(settings->dead_letters.forward, "sink")
                                     : NULL;
    return sink != NULL && sink->kind == HS_NODE_SCALAR &&
           hs_slice_equal(sink->text, hs_slice_text(name));
}

static void warn_of_unused(struct hs_config *config, const struct hs_settings *settings,
                           const struct hs_router *router)
{
    uint64_t used = 0;
    for (size_t i = 0; i < hs_router_count(router); i++)
        used |= hs_router_at(router, i)->sinks;
    for (size_t i = 0; i < settings->sinks.count && i < HS_SINKS_MAX; i++)
        if ((used >> i & 1) == 0 && !is_forwarded_to(settings, settings->sinks.names[i]))
            hs_config_warning(config, HS_FINDING_SINK_UNUSED, settings->sinks.nodes[i],
                              "no target uses the sink `%s`, so it gets nothing",
                              settings->sinks.names[i]);
}

static void warn_of_size(struct hs_config *config, const struct hs_settings *settings)
{
    uint64_t body = settings->server.limits.body_size;
    for (size_t i = 0; i < settings->sinks.count; i++) {
        const struct hs_sink_options *sink = hs_children_at(&settings->sinks, i);
        const struct hs_sink_kind *kind = hs_sink_kind(sink);
        const struct hs_node *node = settings->sinks.nodes[i];
        if (kind->largest_message == NULL)
            continue;
        uint64_t most = kind->largest_message(sink, &node);
        if (most < body)
            hs_config_warning(config, HS_FINDING_TOO_LARGE_FOR_SINK, node,
                              "events may have %llu bytes (server.limits.body_size), and a message "
                              "of the sink `%s` at most %llu: larger ones become dead letters",
                              (unsigned long long)body, settings->sinks.names[i],
                              (unsigned long long)most);
    }
}

/* ---- Advice ---- */

bool hs_settings_advise(struct hs_config *config, const struct hs_settings *settings, bool lenient)
{
    if (!can_be_advised(config, settings))
        return false;
    struct hs_catalogues *catalogues = hs_catalogues_load(config, &settings->sources);
    struct hs_router *router = hs_router_compile(config, settings->routes, settings->fallback,
                                                 &settings->sinks, &settings->sources);
    struct hs_advice_input input = {router, &settings->sources, catalogues, lenient};
    hs_advice_give(config, &input);
    warn_of_unused(config, settings, router);
    warn_of_size(config, settings);
    hs_router_free(router);
    hs_catalogues_free(catalogues);
    return true;
}
