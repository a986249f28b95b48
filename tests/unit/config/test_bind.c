/* Binding valid texts: every kind of option, defaults, absence, variants and children. */
#include "tables.h"

START_TEST(test_an_empty_mapping_gives_the_defaults)
{
    static const char *const texts[] = {"{}",
                                        "server:",
                                        "server: ~",
                                        "server: {}",
                                        "server: {count: , mode: ~, name: null, listen: null}",
                                        "server: {token: \"\", name: \"${EMPTY}\"}",
                                        "server: {size: \"${NOBODY:-}\"}"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(texts); i++) {
        struct test_settings settings;
        memset(&settings, 0xa5, sizeof(settings));
        struct hs_config *config = test_bind(texts[i], &settings);
        expect_findings(config, texts[i], "");
        const struct test_server *server = &settings.server;
        ck_assert_str_eq(server->listen.host, "0.0.0.0");
        ck_assert_uint_eq(server->listen.port, 8080);
        ck_assert_uint_eq(server->workers, 0); /* below the minimum: a default may be */
        ck_assert_uint_eq(server->count, 5);
        ck_assert_uint_eq(server->size, 65536);
        ck_assert_uint_eq(server->unbounded_size, 0);
        ck_assert_uint_eq(server->time, UINT64_C(30000000000));
        ck_assert(server->quick);
        ck_assert_uint_eq(server->mode, 1);
        ck_assert_ptr_null(server->name);
        ck_assert_ptr_null(server->token);
        ck_assert((server->node != NULL) == (strchr(texts[i] + 1, '{') != NULL));
        ck_assert_uint_eq(settings.sinks.count + settings.rules.count, 0);
        ck_assert_uint_eq(settings.secrets.count + settings.properties.count, 0);
        ck_assert_uint_eq(settings.tags.count, 1);
        ck_assert_str_eq(settings.tags.items[0], "*");
        ck_assert_ptr_null(settings.free);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_every_kind_is_bound)
{
    struct test_settings settings;
    struct hs_config *config = test_bind(
        "server: {listen: \"[::1]:80\", workers: 64, count: 18446744073709551615, size: 1MiB, "
        "unbounded_size: 3TB, time: 5m, quick: false, mode: fast, name: \"\", token: t}\n"
        "tags: [a, \"\", \"null\"]\n"
        "secrets: [x, \"\", \"${EMPTY}\", y]\n"
        "properties: {z.y: 1, a: \"\", b: \"${WORKERS}\"}\n"
        "free: [1]\n",
        &settings);
    expect_none(config);
    const struct test_server *server = &settings.server;
    ck_assert_str_eq(server->listen.host, "::1");
    ck_assert_uint_eq(server->listen.port, 80);
    ck_assert_uint_eq(server->workers, 64);
    ck_assert_uint_eq(server->count, UINT64_MAX);
    ck_assert_uint_eq(server->size, 1 << 20);
    ck_assert_uint_eq(server->unbounded_size, UINT64_C(3000000000000));
    ck_assert_uint_eq(server->time, UINT64_C(300000000000));
    ck_assert(!server->quick);
    ck_assert_uint_eq(server->mode, 2);
    ck_assert_str_eq(server->name, "");
    ck_assert_str_eq(server->token, "t");
    ck_assert_ptr_eq(server->node, node_at(config, "server"));
    ck_assert_uint_eq(settings.tags.count, 3);
    ck_assert_str_eq(settings.tags.items[1], "");
    ck_assert_str_eq(settings.tags.items[2], "null");
    ck_assert_uint_eq(settings.tags.nodes[2]->column, 15);
    ck_assert_uint_eq(settings.secrets.count, 2);
    ck_assert_str_eq(settings.secrets.items[1], "y");
    ck_assert_uint_eq(settings.secrets.nodes[1]->column, 30);
    ck_assert_uint_eq(settings.properties.count, 3);
    ck_assert_str_eq(settings.properties.items[0].name, "z.y");
    ck_assert_str_eq(settings.properties.items[1].value, "");
    ck_assert_str_eq(settings.properties.items[2].value, "8");
    ck_assert_uint_eq(settings.properties.items[2].name_node->column, 29);
    ck_assert_uint_eq(settings.properties.items[2].value_node->column, 32);
    ck_assert_ptr_eq(settings.free, node_at(config, "free"));
    hs_config_free(config);
}
END_TEST

START_TEST(test_one_text_is_a_list_of_one)
{
    struct test_settings settings;
    struct hs_config *config = test_bind("tags: a\nsecrets: \"${PASSWORD}\"\n", &settings);
    expect_none(config);
    ck_assert_uint_eq(settings.tags.count, 1);
    ck_assert_str_eq(settings.tags.items[0], "a");
    ck_assert_uint_eq(settings.secrets.count, 1);
    hs_config_free(config);
    config = test_bind("tags: []\nsecrets: [\"${NOBODY:-}\"]\n", &settings);
    expect_none(config);
    ck_assert_uint_eq(settings.tags.count, 0);
    ck_assert_uint_eq(settings.secrets.count, 0);
    hs_config_free(config);
}
END_TEST

/* A word from the environment is a value, never the absence of one. */
START_TEST(test_words_from_the_environment_are_texts)
{
    struct test_settings settings;
    struct hs_config *config = test_bind(
        "server: {name: \"${NULL_WORD}\", token: \"${TILDE}\"}\ntags: ${TILDE}\n", &settings);
    expect_none(config);
    ck_assert_str_eq(settings.server.name, "null");
    ck_assert_str_eq(settings.server.token, "~");
    ck_assert_str_eq(settings.tags.items[0], "~");
    hs_config_free(config);
}
END_TEST

START_TEST(test_sizes_and_durations)
{
    static const struct {
        const char *text;
        uint64_t value;
    } sizes[] =
        {
            {"0", 0},
            {"7", 7},
            {"1000B", 1000},
            {"500KB", 500000},
            {"64KiB", 65536},
            {"1MB", 1000000},
            {"1MiB", 1 << 20},
            {"2GB", 2000000000},
            {"10GiB", UINT64_C(10) << 30},
            {"1TiB", UINT64_C(1) << 40},
            {"18446744073709551615", UINT64_MAX},
            {"16777215TiB", UINT64_C(16777215) << 40},
        },
      times[] = {
          {"0", 0},
          {"0s", 0},
          {"1ns", 1},
          {"100us", 100000},
          {"250ms", 250000000},
          {"300s", UINT64_C(300000000000)},
          {"5m", UINT64_C(300000000000)},
          {"24h", UINT64_C(86400000000000)},
          {"7d", UINT64_C(604800000000000)},
          {"213503d", UINT64_C(18446659200000000000)},
      };
    static const char *const no_sizes[] = {"",
                                           "B",
                                           "KiB",
                                           "1kib",
                                           "1 KiB",
                                           "1K",
                                           "-1",
                                           "+1",
                                           "0x10",
                                           "1.0",
                                           "1e3",
                                           "16777216TiB",
                                           "18446744073709551616"};
    static const char *const no_times[] = {"",     "s",     "1",       "1 s", "1S", "-1s",
                                           "1.5s", "1h30m", "213504d", "1w",  "00"};
    struct hs_config *config = test_parse("a: 1");
    struct hs_node node = {.kind = HS_NODE_SCALAR, .line = 1, .column = 1};
    uint64_t value;
    for (size_t i = 0; i < HS_ARRAY_SIZE(sizes); i++) {
        node.text = hs_slice_text(sizes[i].text);
        ck_assert_msg(hs_config_read_size(config, &node, &value), "%s", sizes[i].text);
        ck_assert_msg(value == sizes[i].value, "%s", sizes[i].text);
    }
    for (size_t i = 0; i < HS_ARRAY_SIZE(times); i++) {
        node.text = hs_slice_text(times[i].text);
        ck_assert_msg(hs_config_read_duration(config, &node, &value), "%s", times[i].text);
        ck_assert_msg(value == times[i].value, "%s", times[i].text);
    }
    expect_none(config);
    for (size_t i = 0; i < HS_ARRAY_SIZE(no_sizes); i++) {
        node.text = hs_slice_text(no_sizes[i]);
        node.column = (unsigned)i + 1;
        ck_assert_msg(!hs_config_read_size(config, &node, &value), "%s", no_sizes[i]);
        ck_assert_uint_eq(hs_config_findings(config)->errors, i + 1);
    }
    node.line = 2;
    for (size_t i = 0; i < HS_ARRAY_SIZE(no_times); i++) {
        node.text = hs_slice_text(no_times[i]);
        node.column = (unsigned)i + 1;
        ck_assert_msg(!hs_config_read_duration(config, &node, &value), "%s", no_times[i]);
        ck_assert_uint_eq(hs_config_findings(config)->errors, HS_ARRAY_SIZE(no_sizes) + i + 1);
    }
    hs_config_free(config);
}
END_TEST

START_TEST(test_likely_units_are_suggested)
{
    static const struct {
        const char *text;
        bool size;
        const char *wanted; /* NULL: no suggestion */
    } rows[] = {
        {"5kb", true, "`5KiB`"},
        {"5 MB", true, "`5MiB`"},
        {"5g", true, "`5GiB`"},
        {"5bytes", true, "`5B`"},
        {"5x", true, NULL},
        {"5K!", true, NULL},
        {"30 sec", false, "`30s`"},
        {"30S", false, "`30s`"},
        {"30min", false, "`30m`"},
        {"30 hours", false, "`30h`"},
        {"30 days", false, "`30d`"},
        {"30msec", false, "`30ms`"},
        {"30millis", false, "`30ms`"},
        {"30micros", false, "`30us`"},
        {"30w", false, NULL},
        {"s", false, NULL},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = test_parse("a: 1");
        struct hs_node node = {
            .kind = HS_NODE_SCALAR, .line = 1, .column = 1, .text = hs_slice_text(rows[i].text)};
        uint64_t value;
        ck_assert(!(rows[i].size ? hs_config_read_size(config, &node, &value)
                                 : hs_config_read_duration(config, &node, &value)));
        const char *message = hs_config_findings(config)->items[0].message;
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "did you mean %s", rows[i].wanted ? rows[i].wanted : "");
        ck_assert_msg((strstr(message, wanted) != NULL) == (rows[i].wanted != NULL), "%s: %s",
                      rows[i].text, message);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_addresses)
{
    static const struct {
        const char *text, *host; /* NULL: none */
        uint16_t port;
    } rows[] = {
        {"0.0.0.0:80", "0.0.0.0", 80},
        {":8080", "", 8080},
        {"localhost:0", "localhost", 0},
        {"[::]:65535", "::", 65535},
        {"[fe80::1]:1", "fe80::1", 1},
        {"a:", NULL, 0},
        {"a", NULL, 0},
        {":", NULL, 0},
        {"[]:80", NULL, 0},
        {"[::1]", NULL, 0},
        {"a b:80", NULL, 0},
        {"a:80x", NULL, 0},
        {"a:-1", NULL, 0},
        {"[a:80", NULL, 0},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        char yaml[64];
        snprintf(yaml, sizeof(yaml), "server: {listen: '%s'}", rows[i].text);
        struct test_settings settings;
        struct hs_config *config = test_bind(yaml, &settings);
        ck_assert_msg((hs_config_findings(config)->errors == 0) == (rows[i].host != NULL), "%s",
                      yaml);
        ck_assert_str_eq(settings.server.listen.host, rows[i].host ? rows[i].host : "0.0.0.0");
        ck_assert_uint_eq(settings.server.listen.port, rows[i].host ? rows[i].port : 8080);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_variants_have_their_own_options)
{
    struct test_settings settings;
    struct hs_config *config = test_bind("sinks:\n"
                                         "  one: {type: kafka, brokers: [a, b], note: n}\n"
                                         "  two: {url: u, type: redis}\n"
                                         "  three: {type: \"redis\", database: 15}\n",
                                         &settings);
    expect_none(config);
    ck_assert_uint_eq(settings.sinks.count, 3);
    ck_assert_uint_eq(settings.sinks.item_size, sizeof(struct test_sink));
    const struct test_sink *sink = hs_children_at(&settings.sinks, 0);
    ck_assert_uint_eq(sink->kind, 1);
    ck_assert_str_eq(sink->note, "n");
    ck_assert_uint_eq(sink->brokers.count, 2);
    ck_assert_ptr_null(sink->url);
    sink = hs_children_at(&settings.sinks, 1);
    ck_assert_uint_eq(sink->kind, 0);
    ck_assert_str_eq(sink->url, "u");
    ck_assert_uint_eq(sink->database, 3);
    sink = hs_children_at(&settings.sinks, 2);
    ck_assert_str_eq(sink->url, "redis://localhost");
    ck_assert_uint_eq(sink->database, 15);
    ck_assert_str_eq(settings.sinks.names[2], "three");
    ck_assert_ptr_eq(settings.sinks.nodes[2], node_at(config, "sinks.three"));
    hs_config_free(config);
}
END_TEST

/* One variable can hold a whole list. A comma inside [ ] or quotes separates nothing. */
/* `wanted` ends with NULL. */
static void expect_items(const struct hs_strings *strings, const char *const *wanted)
{
    size_t count = 0;
    for (; wanted[count] != NULL; count++) {
        ck_assert_uint_gt(strings->count, count);
        ck_assert_str_eq(strings->items[count], wanted[count]);
        ck_assert(strings->nodes == NULL || strings->nodes[count] != NULL);
    }
    ck_assert_uint_eq(strings->count, count);
}

START_TEST(test_commas_separate_the_items_of_a_list_of_addresses_alone)
{
    static const struct {
        const char *yaml, *places[4], *tags[3];
    } cases[] = {
        {"places: \"a:1,b:2\"", {"a:1", "b:2"}, {"*"}},
        {"places: [\" a:1 , [::1]:2,\", c]", {"a:1", "[::1]:2", "c"}, {"*"}},
        {"places: \",,\"", {NULL}, {"*"}},
        {"tags: [\"a,b\", \"data.x, y\"]", {NULL}, {"a,b", "data.x, y"}},
        {"tags: \"a,b\"", {NULL}, {"a,b"}},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct test_settings settings;
        struct hs_config *config = test_bind(cases[i].yaml, &settings);
        expect_none(config);
        expect_items(&settings.places, cases[i].places);
        expect_items(&settings.tags, cases[i].tags);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_lists_of_tables)
{
    struct test_settings settings;
    struct hs_config *config = test_bind("rules: [{name: a}, {name: b, match: c}]\n", &settings);
    expect_none(config);
    ck_assert_uint_eq(settings.rules.count, 2);
    ck_assert_ptr_null(settings.rules.names);
    ck_assert_str_eq(((struct test_rule *)hs_children_at(&settings.rules, 0))->match, "**");
    ck_assert_str_eq(((struct test_rule *)hs_children_at(&settings.rules, 1))->name, "b");
    ck_assert_uint_eq(settings.rules.nodes[1]->column, 20);
    hs_config_free(config);
}
END_TEST

/* A missing table is reported once, not for each of its options; an optional one is reported for
 * its required options. */
START_TEST(test_what_must_be_there)
{
    struct inner {
        const char *a, *b;
    };
    static const struct hs_option inner_rows[] = {
        {.name = "a",
         .kind = HS_OPTION_STRING,
         .offset = offsetof(struct inner, a),
         .required = true,
         .help = "An a."},
        {.name = "b",
         .kind = HS_OPTION_SECRET,
         .offset = offsetof(struct inner, b),
         .required = true,
         .help = "A b."},
    };
    static const struct hs_options inner = {.name = "inner",
                                            .title = "I",
                                            .options = inner_rows,
                                            .option_count = 2,
                                            .node_offset = SIZE_MAX,
                                            .struct_size = sizeof(struct inner)};
    struct outer {
        struct inner must, may;
    } bound;
    static const struct hs_option outer_rows[] = {
        {.name = "must",
         .kind = HS_OPTION_TABLE,
         .offset = offsetof(struct outer, must),
         .child = &inner,
         .required = true,
         .help = "An inner."},
        {.name = "may",
         .kind = HS_OPTION_TABLE,
         .offset = offsetof(struct outer, may),
         .child = &inner,
         .help = "An inner."},
    };
    static const struct hs_options outer = {.name = "outer",
                                            .title = "O",
                                            .options = outer_rows,
                                            .option_count = 2,
                                            .node_offset = SIZE_MAX,
                                            .struct_size = sizeof(struct outer)};
    struct hs_config *config = test_parse("x:\n  may: {b: \"${NOBODY:-}\"}\n");
    hs_config_bind(config, node_at(config, "x"), &outer, &bound);
    expect_findings(config, "",
                    "test.yaml:2:3: error HS031: `must` is missing in outer: An inner.\n"
                    "test.yaml:2:8: error HS031: `a` is missing in outer.may: An a.\n"
                    "test.yaml:2:12: error HS031: `b` is missing in outer.may: A b.\n");
    hs_config_free(config);
    config = test_parse("must: {a: 1, b: 2}\n");
    hs_config_bind(config, hs_config_root(config), &outer, &bound);
    expect_findings(config, "",
                    "test.yaml:1:1: error HS031: `a` is missing in may: An a.\n"
                    "test.yaml:1:1: error HS031: `b` is missing in may: A b.\n");
    ck_assert_str_eq(bound.must.b, "2");
    hs_config_free(config);
}
END_TEST

START_TEST(test_single_readers)
{
    struct hs_config *config = test_parse("{a: 5, b: [1], c: x}");
    uint64_t count;
    const char *text;
    ck_assert(hs_config_read_count(config, node_at(config, "a"), &count) && count == 5);
    ck_assert(hs_config_read_text(config, node_at(config, "c"), &text));
    ck_assert_str_eq(text, "x");
    ck_assert(!hs_config_read_text(config, node_at(config, "b"), &text));
    ck_assert(!hs_config_read_count(config, node_at(config, "c"), &count));
    expect_findings(config, "",
                    "test.yaml:1:11: error HS032: expected a text, got a list\n"
                    "test.yaml:1:19: error HS035: `x` is not a whole number: write digits only\n");
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("binding", test_an_empty_mapping_gives_the_defaults, test_every_kind_is_bound,
             test_one_text_is_a_list_of_one, test_words_from_the_environment_are_texts,
             test_sizes_and_durations, test_likely_units_are_suggested, test_addresses,
             test_variants_have_their_own_options, test_lists_of_tables,
             test_commas_separate_the_items_of_a_list_of_addresses_alone, test_what_must_be_there,
             test_single_readers)
