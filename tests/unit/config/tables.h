/* Shared by this module's tests: a table of options with every kind in it, a private environment,
 * and ways to inspect nodes and findings. */
#ifndef HS_TEST_CONFIG_TABLES_H
#define HS_TEST_CONFIG_TABLES_H

#include "hs_test.h"

#include <hookstream/config.h>
#include <stddef.h>
#include <stdio.h>

/* ---- An environment ---- */

static inline const char *test_env(void *context, const char *name)
{
    static const struct {
        const char *name, *value;
    } variables[] = {
        {"PASSWORD", "hunter2hunter2"},
        {"WORKERS", "8"},
        {"TEXT", "a text: [with] {signs}"},
        {"LOOKS_LIKE_ONE", "${PASSWORD}"},
        {"NULL_WORD", "null"},
        {"TILDE", "~"},
        {"EMPTY", ""},
        {"NEAR_CHOICE", "fsat"},
        {"NEAR_KIND", "kafak"},
        {"NEAR_SIZE", "123456k"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(variables); i++)
        if (strcmp(name, variables[i].name) == 0)
            return variables[i].value;
    return NULL;
}

static inline struct hs_config *test_parse(const char *yaml)
{
    return hs_config_parse("test.yaml", hs_slice_text(yaml), test_env, NULL);
}

/* ---- Every kind of option ---- */

struct test_server {
    const struct hs_node *node;
    struct hs_address listen;
    uint64_t workers, count;
    uint64_t size, unbounded_size;
    uint64_t time;
    bool quick;
    unsigned mode;
    const char *name;
    const char *token;
};

struct test_sink {
    unsigned kind;
    const char *note;
    struct hs_strings brokers;
    const char *url;
    uint64_t database;
};

struct test_rule {
    const char *name;
    const char *match;
};

struct test_settings {
    struct test_server server;
    struct hs_children sinks;
    struct hs_children rules;
    struct hs_strings tags, places;
    struct hs_strings secrets;
    struct hs_pairs properties;
    const struct hs_node *free;
};

static const char *const test_modes[] = {"slow", "steady", "fast", NULL};

#define IN_SERVER(field) offsetof(struct test_server, field)
static const struct hs_option test_server_rows[] = {
    {.name = "listen",
     .kind = HS_OPTION_ADDRESS,
     .offset = IN_SERVER(listen),
     .fallback = "0.0.0.0:8080",
     .help = "Where."},
    {.name = "workers",
     .kind = HS_OPTION_COUNT,
     .offset = IN_SERVER(workers),
     .auto_ok = true,
     .fallback = "auto",
     .least = 1,
     .most = 64,
     .help = "How many."},
    {.name = "count",
     .kind = HS_OPTION_COUNT,
     .offset = IN_SERVER(count),
     .fallback = "5",
     .least = 2,
     .help = "A number."},
    {.name = "size",
     .kind = HS_OPTION_SIZE,
     .offset = IN_SERVER(size),
     .fallback = "64KiB",
     .least = 1024,
     .most = 1 << 20,
     .help = "How large."},
    {.name = "unbounded_size",
     .kind = HS_OPTION_SIZE,
     .offset = IN_SERVER(unbounded_size),
     .fallback = "0",
     .least = 1,
     .help = "How large at most."},
    {.name = "time",
     .kind = HS_OPTION_DURATION,
     .offset = IN_SERVER(time),
     .fallback = "30s",
     .least = 0,
     .most = UINT64_C(300000000000),
     .help = "How long."},
    {.name = "quick",
     .kind = HS_OPTION_BOOL,
     .offset = IN_SERVER(quick),
     .fallback = "true",
     .help = "Whether."},
    {.name = "mode",
     .kind = HS_OPTION_CHOICE,
     .offset = IN_SERVER(mode),
     .choices = test_modes,
     .fallback = "steady",
     .help = "How | which."},
    {.name = "name", .kind = HS_OPTION_STRING, .offset = IN_SERVER(name), .help = "A name."},
    {.name = "token", .kind = HS_OPTION_SECRET, .offset = IN_SERVER(token), .help = "A secret."},
};

static const struct hs_options test_server_table = {
    .name = "server",
    .title = "Server",
    .options = test_server_rows,
    .option_count = HS_ARRAY_SIZE(test_server_rows),
    .struct_size = sizeof(struct test_server),
    .node_offset = IN_SERVER(node),
};

#define IN_SINK(field) offsetof(struct test_sink, field)
static const struct hs_option test_sink_rows[] = {
    {.name = "note", .kind = HS_OPTION_STRING, .offset = IN_SINK(note), .help = "A note."},
};
static const struct hs_option test_kafka_rows[] = {
    {.name = "brokers",
     .kind = HS_OPTION_STRINGS,
     .offset = IN_SINK(brokers),
     .required = true,
     .help = "Where the brokers are.",
     .example = "[kafka:9092]"},
};
static const struct hs_option test_redis_rows[] = {
    {.name = "url",
     .kind = HS_OPTION_STRING,
     .offset = IN_SINK(url),
     .fallback = "redis://localhost",
     .help = "Where."},
    {.name = "database",
     .kind = HS_OPTION_COUNT,
     .offset = IN_SINK(database),
     .fallback = "3",
     .most = 15,
     .help = "Which."},
};
static const struct hs_options test_kafka_table = {
    .name = "kafka",
    .title = "Kafka",
    .options = test_kafka_rows,
    .option_count = HS_ARRAY_SIZE(test_kafka_rows),
    .struct_size = sizeof(struct test_sink),
    .node_offset = SIZE_MAX,
};
static const struct hs_options test_redis_table = {
    .name = "redis",
    .title = "Redis",
    .options = test_redis_rows,
    .option_count = HS_ARRAY_SIZE(test_redis_rows),
    .struct_size = sizeof(struct test_sink),
    .node_offset = SIZE_MAX,
};
static const struct hs_options *const test_kinds[] = {&test_redis_table, &test_kafka_table, NULL};
static const struct hs_options test_sink_table = {
    .name = "sinks.*",
    .title = "A sink",
    .options = test_sink_rows,
    .option_count = HS_ARRAY_SIZE(test_sink_rows),
    .struct_size = sizeof(struct test_sink),
    .node_offset = SIZE_MAX,
    .tag = "type",
    .tag_offset = IN_SINK(kind),
    .kinds = test_kinds,
};

#define IN_RULE(field) offsetof(struct test_rule, field)
static const struct hs_option test_rule_rows[] = {
    {.name = "name",
     .kind = HS_OPTION_STRING,
     .offset = IN_RULE(name),
     .required = true,
     .help = "Its name."},
    {.name = "match",
     .kind = HS_OPTION_STRING,
     .offset = IN_RULE(match),
     .fallback = "**",
     .help = "What."},
};

static void check_rule(struct hs_config *config, const struct hs_node *node, void *bound)
{
    const struct test_rule *rule = bound;
    if (rule->name != NULL && strcmp(rule->name, rule->match) == 0)
        hs_config_warning(config, HS_FINDING_PATTERN, node, "rule %s matches its own name",
                          rule->name);
}

static const struct hs_options test_rule_table = {
    .name = "rules[]",
    .title = "A rule",
    .options = test_rule_rows,
    .option_count = HS_ARRAY_SIZE(test_rule_rows),
    .struct_size = sizeof(struct test_rule),
    .node_offset = SIZE_MAX,
    .check = check_rule,
};

#define IN_SETTINGS(field) offsetof(struct test_settings, field)
static const struct hs_option test_rows[] = {
    {.name = "server",
     .kind = HS_OPTION_TABLE,
     .offset = IN_SETTINGS(server),
     .child = &test_server_table,
     .help = "The server."},
    {.name = "sinks",
     .kind = HS_OPTION_MAP,
     .offset = IN_SETTINGS(sinks),
     .child = &test_sink_table,
     .help = "The sinks."},
    {.name = "rules",
     .kind = HS_OPTION_LIST,
     .offset = IN_SETTINGS(rules),
     .child = &test_rule_table,
     .help = "The rules."},
    {.name = "places",
     .kind = HS_OPTION_STRINGS,
     .offset = IN_SETTINGS(places),
     .commas = true,
     .example = "[a:1, b:2]",
     .help = "Places."},
    {.name = "tags",
     .kind = HS_OPTION_STRINGS,
     .offset = IN_SETTINGS(tags),
     .fallback = "*",
     .help = "Tags."},
    {.name = "secrets",
     .kind = HS_OPTION_SECRETS,
     .offset = IN_SETTINGS(secrets),
     .help = "Secrets."},
    {.name = "properties",
     .kind = HS_OPTION_PAIRS,
     .offset = IN_SETTINGS(properties),
     .help = "Properties."},
    {.name = "free", .kind = HS_OPTION_NODE, .offset = IN_SETTINGS(free), .help = "Anything."},
};
static const struct hs_options test_table = {
    .name = "the configuration",
    .title = "Settings",
    .options = test_rows,
    .option_count = HS_ARRAY_SIZE(test_rows),
    .struct_size = sizeof(struct test_settings),
    .node_offset = SIZE_MAX,
};

static inline struct hs_config *test_bind(const char *yaml, struct test_settings *ret_settings)
{
    struct hs_config *config = test_parse(yaml);
    hs_config_bind(config, hs_config_root(config), &test_table, ret_settings);
    return config;
}

/* ---- Inspection ---- */

/* All findings as they would be printed; the caller frees it. */
static inline char *test_print(struct hs_config *config)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1u << 20);
    hs_config_print_findings(config, &text);
    ck_assert_int_eq(hs_buffer_status(&text), 0);
    char *copy = hs_slice_dup(hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return copy;
}

static inline void expect_findings(struct hs_config *config, const char *yaml, const char *wanted)
{
    char *got = test_print(config);
    if (strcmp(got, wanted) != 0)
        ck_abort_msg("%s\ngot:\n%s\nwant:\n%s", yaml, got, wanted);
    free(got);
}

static inline void expect_none(struct hs_config *config)
{
    expect_findings(config, "", "");
}

/* The scalar at a path of keys and indexes: "a.b.0". */
static inline const struct hs_node *node_at(struct hs_config *config, const char *path)
{
    const struct hs_node *node = hs_config_root(config);
    char key[128];
    for (int used; node != NULL && sscanf(path, "%127[^.]%n", key, &used) == 1;) {
        node = node->kind == HS_NODE_LIST ? node->items[atoi(key)] : hs_node_get(node, key);
        path += used;
        path += *path == '.';
    }
    return node;
}

static inline void expect_text(struct hs_config *config, const char *path, const char *wanted)
{
    const struct hs_node *node = node_at(config, path);
    ck_assert_msg(node != NULL, "%s is not there", path);
    ck_assert_int_eq(node->kind, HS_NODE_SCALAR);
    ck_assert_str_eq(node->text.data, wanted);
    ck_assert_uint_eq(node->text.size, strlen(wanted));
}

#endif
