/* Settings: the whole configuration as one table of tables, and the checks that involve more than
 * one module. */
#include "settings_folders.h"

#include <stddef.h>
#include <stdlib.h>

#define SETTING(field) offsetof(struct hs_settings, field)

static const char *const level_names[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_names[] = {"logfmt", "json", NULL};

static const struct hs_option log_rows[] = {
    {.name = "level",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct hs_log_options, level),
     .choices = level_names,
     .fallback = "info",
     .help = "Lines below this level are left out."},
    {.name = "format",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct hs_log_options, format),
     .choices = format_names,
     .fallback = "logfmt",
     .help = "How a line on standard error is written."},
};

static const struct hs_options log_table = {
    .name = "log",
    .title = "Logs",
    .options = log_rows,
    .option_count = HS_ARRAY_SIZE(log_rows),
    .struct_size = sizeof(struct hs_log_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option setting_rows[] = {
    {.name = "allow_weak_secrets",
     .kind = HS_OPTION_BOOL,
     .offset = SETTING(allow_weak_secrets),
     .fallback = "false",
     .help = "For tests. true: a secret that is a placeholder or has fewer than 16 characters is "
             "a warning at every start. false: it is an error, and hookstream does not start."},
    {.name = "server",
     .kind = HS_OPTION_TABLE,
     .offset = SETTING(server),
     .child = &hs_server_option_table,
     .help = "The door for webhooks."},
    {.name = "admin",
     .kind = HS_OPTION_TABLE,
     .offset = SETTING(admin),
     .child = &hs_admin_option_table,
     .help = "The operator's port."},
    {.name = "log",
     .kind = HS_OPTION_TABLE,
     .offset = SETTING(log),
     .child = &log_table,
     .help = "What is logged, and how."},
    {.name = "journal",
     .kind = HS_OPTION_TABLE,
     .offset = SETTING(journal),
     .child = &hs_journal_option_table,
     .help = "Where events are kept until they are delivered."},
    {.name = "dedupe",
     .kind = HS_OPTION_TABLE,
     .offset = SETTING(dedupe),
     .child = &hs_dedupe_option_table,
     .help = "How retries of the same event are found."},
    {.name = "dead_letters",
     .kind = HS_OPTION_TABLE,
     .offset = SETTING(dead_letters),
     .child = &hs_dead_letters_option_table,
     .help = "How long events that cannot be delivered are kept."},
    {.name = "sources",
     .kind = HS_OPTION_MAP,
     .offset = SETTING(sources),
     .child = &hs_source_option_table,
     .required = true,
     .example = "{fanfare: {path: /webhooks/fanfare, verify: {scheme: fanfare, secrets: "
                "[\"${FANFARE_SECRET}\"]}}}",
     .help = "Who sends: a name, a path and how its signature is checked."},
    {.name = "sinks",
     .kind = HS_OPTION_MAP,
     .offset = SETTING(sinks),
     .child = &hs_sink_option_table,
     .required = true,
     .example = "{kafka: {type: kafka, brokers: [\"kafka:9092\"]}}",
     .help = "Where events go: a name, a type and how to reach it."},
    {.name = "transformations",
     .kind = HS_OPTION_NODE,
     .offset = SETTING(transformations),
     .form = "transformations",
     .help = "Lists of transformations that have a name: `- use: NAME` in a `transform:` does one.",
     .example = "{personal: [{redact: [data.fullName]}, {lower: [data.email]}]}"},
    {.name = "routes",
     .kind = HS_OPTION_NODE,
     .offset = SETTING(routes),
     .form = "routes",
     .example = "[{name: orders, match: order, to: [{sink: files}]}]",
     .help = "Which events go where, and how they are transformed. Without any all events go by "
             "`default`."},
    {.name = "default",
     .kind = HS_OPTION_NODE,
     .offset = SETTING(fallback),
     .form = "default",
     .example = "dead_letter",
     .required = true,
     .own_words = true,
     .help = "What becomes of an event that no route takes: `dead_letter`, `drop`, or a list of "
             "targets."},
};

const struct hs_options hs_settings_table = {
    .name = "the configuration",
    .title = "The configuration",
    .options = setting_rows,
    .option_count = HS_ARRAY_SIZE(setting_rows),
    .struct_size = sizeof(struct hs_settings),
    .node_offset = SIZE_MAX,
};

/* Names of sources and sinks become labels, file names and parts of keys. */
static void check_names(struct hs_config *config, const struct hs_children *children,
                        const char *what, const char *key)
{
    const struct hs_node *map = hs_node_get(hs_config_root(config), key);
    for (size_t i = 0; i < children->count; i++) {
        const char *name = children->names[i];
        size_t size = strlen(name); /* strlen: a key of the configuration, ends in NUL */
        size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-");
        if (size == 0 || size > 48 || good != size)
            hs_config_error(config, HS_FINDING_BAD_NAME, map->keys[i],
                            "`%.60s` is not a name for a %s: use up to 48 letters, digits, `_` "
                            "and `-`",
                            name, what);
    }
    if (children->count == 0 && map != NULL &&
        map->kind == HS_NODE_MAP) /* otherwise it was reported */
        hs_config_error(config, HS_FINDING_NOTHING_NAMED, map,
                        "there is no %s: define at least one under `%s:`", what, key);
}

/* The health path is a path of the webhook listener, as a source's is, and must differ from all of
 * them. */
static void check_health_path(struct hs_config *config, const struct hs_settings *settings)
{
    const char *text = settings->server.health_path;
    if (text == NULL)
        return;
    const struct hs_node *node =
        hs_node_get(hs_node_get(hs_config_root(config), "server"), "health_path");
    struct hs_slice path = hs_source_path(hs_slice_text(text));
    if (text[0] != '/' || strpbrk(text, "?#* ") != NULL)
        hs_config_error(config, HS_FINDING_HEALTH_PATH, node,
                        "server.health_path begins with a slash and has no ?, #, * or space, such "
                        "as /healthz");
    for (size_t i = 0; i < settings->sources.count; i++) {
        const struct hs_source_options *source = hs_children_at(&settings->sources, i);
        if (source->path != NULL &&
            hs_slice_equal(hs_source_path(hs_slice_text(source->path)), path))
            hs_config_error(config, HS_FINDING_HEALTH_PATH, node,
                            "server.health_path `%s` is the path of source `%s`: choose another",
                            text, settings->sources.names[i]);
    }
}

static void check_token(struct hs_config *config, const struct hs_settings *settings)
{
    const struct hs_node *admin = hs_node_get(hs_config_root(config), "admin");
    size_t size = settings->admin.token != NULL ? hs_slice_text(settings->admin.token).size : 0;
    if (size > HS_ADMIN_TOKEN_MAX)
        hs_config_error(config, HS_FINDING_TOKEN_TOO_LONG, hs_node_get(admin, "token"),
                        "admin.token has %zu bytes, too long for a request: use at most %u", size,
                        HS_ADMIN_TOKEN_MAX);
}

static void check_sizes(struct hs_config *config, const struct hs_settings *settings)
{
    const struct hs_node *journal = hs_node_get(hs_config_root(config), "journal");
    uint64_t body = settings->server.limits.body_size;
    if (settings->journal.max_size < 16 * body)
        hs_config_error(config, HS_FINDING_JOURNAL_TOO_SMALL, journal,
                        "journal.max_size must hold at least 16 of the largest events: %llu bytes "
                        "for a server.limits.body_size of %llu",
                        (unsigned long long)(16 * body), (unsigned long long)body);
    if (settings->server.limits.in_flight < body)
        hs_config_error(config, HS_FINDING_IN_FLIGHT_TOO_SMALL,
                        hs_node_get(hs_config_root(config), "server"),
                        "server.limits.in_flight must hold at least one of the largest events: "
                        "body_size is %llu bytes",
                        (unsigned long long)body);
    if (settings->dedupe.store == HS_DEDUPE_REDIS &&
        settings->dedupe.reservation_ns <= settings->server.deadline_ns)
        hs_config_error(config, HS_FINDING_DEDUPE_TIMES,
                        hs_node_get(hs_config_root(config), "dedupe"),
                        "dedupe.reservation must be longer than server.deadline: otherwise "
                        "another replica takes an event that this one is still writing");
    bool safe = settings->journal.store == HS_STORE_DISK;
    for (size_t i = 0; !safe && i < settings->sources.count; i++) {
        const struct hs_source_options *source = hs_children_at(&settings->sources, i);
        if (source->ack == HS_ACK_DURABLE)
            hs_config_warning(config, HS_FINDING_JOURNAL_IN_MEMORY, settings->sources.nodes[i],
                              "with `journal: {store: memory}` a 202 of source `%s` does not "
                              "survive a crash: use `ack: delivered`, or keep the journal on disk",
                              settings->sources.names[i]);
    }
}

/* Whether the routes compiled without errors. */
static bool check_routes(struct hs_config *config, const struct hs_settings *settings)
{
    size_t errors = hs_config_findings(config)->errors;
    struct hs_router *router = hs_router_compile(config, settings->routes, settings->fallback,
                                                 &settings->sinks, &settings->sources);
    bool compiled = router != NULL && hs_config_findings(config)->errors == errors;
    hs_router_free(router);
    return compiled;
}

/* Whether a section is a mapping, or absent. Any other kind was reported, and messages about names
 * in it would repeat the error. */
static bool has_shape(const struct hs_config *config, const char *key)
{
    const struct hs_node *node = hs_node_get(hs_config_root(config), key);
    return node == NULL || node->kind == HS_NODE_MAP;
}

/* What is left out is as the schemes of the sources want it: the shortest deadline, the longest
 * window. */
static void take_scheme_defaults(const struct hs_config *config, struct hs_settings *settings)
{
    const struct hs_node *root = hs_config_root(config);
    const struct hs_node *server = hs_node_get(root, "server"),
                         *dedupe = hs_node_get(root, "dedupe");
    bool own_deadline = server != NULL && hs_node_get(server, "deadline") != NULL;
    bool own_window = dedupe != NULL && hs_node_get(dedupe, "window") != NULL;
    for (size_t i = 0; i < settings->sources.count; i++) {
        const struct hs_source_options *source = hs_children_at(&settings->sources, i);
        const struct hs_scheme *scheme = hs_source_scheme(&source->verify);
        if (!own_deadline && scheme->deadline_ns < settings->server.deadline_ns)
            settings->server.deadline_ns = scheme->deadline_ns;
        if (!own_window && scheme->dedupe_window_ns > settings->dedupe.window_ns)
            settings->dedupe.window_ns = scheme->dedupe_window_ns;
    }
}

static void check_parts(struct hs_config *config, struct hs_settings *settings, bool offline)
{
    take_scheme_defaults(config, settings);
    check_names(config, &settings->sources, "source", "sources");
    check_names(config, &settings->sinks, "sink", "sinks");
    hs_source_check_paths(config, &settings->sources);
    check_health_path(config, settings);
    for (size_t i = 0; !offline && i < settings->sinks.count; i++)
        hs_sink_check(config, hs_children_at(&settings->sinks, i));
    if (settings->sinks.count > HS_SINKS_MAX)
        hs_config_error(config, HS_FINDING_TOO_MANY, settings->sinks.nodes[HS_SINKS_MAX],
                        "too many sinks: at most %u are possible", HS_SINKS_MAX);
    bool shaped = has_shape(config, "sinks") && has_shape(config, "sources");
    settings->routed = shaped && check_routes(config, settings);
    if (shaped && settings->dead_letters.forward != NULL)
        hs_delivery_check_forward(config, settings->dead_letters.forward, &settings->sinks);
    hs_transform_check_lists(config, settings->transformations, settings->routes,
                             settings->fallback);
    check_sizes(config, settings);
    check_token(config, settings);
    if (!offline)
        hs_settings_check_folders(config, settings);
}

static struct hs_config *bind_settings(struct hs_config *config, bool offline,
                                       struct hs_settings *ret_settings)
{
    const struct hs_node *root = hs_config_root(config);
    *ret_settings = (struct hs_settings){0};
    if (root == NULL)
        return config;
    const struct hs_node *weak = hs_node_get(root, "allow_weak_secrets");
    if (weak != NULL && weak->kind == HS_NODE_SCALAR &&
        hs_slice_equal(weak->text, HS_SLICE("true")))
        hs_config_allow_weak_secrets(config);
    hs_config_bind(config, root, &hs_settings_table, ret_settings);
    if (root->kind == HS_NODE_MAP)
        check_parts(config, ret_settings, offline);
    return config;
}

struct hs_config *hs_settings_load(const char *path, struct hs_settings *ret_settings)
{
    return bind_settings(hs_config_load(path, NULL, NULL), false, ret_settings);
}

struct hs_config *hs_settings_load_offline(const char *path, const struct hs_config_lookup *lookup,
                                           struct hs_settings *ret_settings)
{
    return bind_settings(hs_config_load_with(path, lookup), true, ret_settings);
}
