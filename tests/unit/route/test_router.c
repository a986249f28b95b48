/* The router's choice: sources, when, ties, default, targets, sinks, and its cache of types. */
#include "routing.h"

#define FILE_TO "to: [{sink: file, file: x}]"

START_TEST(test_when_falls_through)
{
    static const char yaml[] = ROUTING_SINKS
        "default: dead_letter\n"
        "routes:\n"
        "  - {name: rest, match: order, " FILE_TO "}\n"
        "  - {name: big, match: order, when: \"data.size == 'big'\", " FILE_TO "}\n"
        "  - {name: red, match: order, when: \"data.color == 'red'\", " FILE_TO "}\n"
        "  - {name: gone, match: order.cancelled, when: \"data.size == 'big'\", " FILE_TO "}\n";
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    const struct {
        const char *type, *body, *winner;
    } rows[] = {
        {"order.created", "{\"data\":{}}", "rest"},
        {"order.created", "{\"data\":{\"size\":\"big\"}}", "big"},
        {"order.created", "{\"data\":{\"color\":\"red\"}}", "red"},
        {"order.created", "{\"data\":{\"size\":\"big\",\"color\":\"red\"}}", "big"},
        {"order.cancelled", "{\"data\":{\"size\":\"big\"}}", "gone"},
        {"order.cancelled", "{\"data\":{\"color\":\"red\"}}", "red"},
        {"order.cancelled", "{\"data\":{}}", "rest"},
        {"order.created", "not json", "(failed)"},
        {"queue.opened", "not json", "(none)"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_str_eq(routing_winner(&routing, rows[i].type, "fanfare", rows[i].body),
                         rows[i].winner);
    routing_close(&routing);
}
END_TEST

START_TEST(test_sources)
{
    static const char yaml[] =
        ROUTING_SINKS "default: drop\n"
                      "routes:\n"
                      "  - {name: all, match: order, " FILE_TO "}\n"
                      "  - {name: ours, match: order, sources: [fanfare], " FILE_TO "}\n"
                      "  - {name: theirs, match: draw, sources: other, " FILE_TO "}\n"
                      "  - {name: ours too, match: draw, sources: [fanfare], " FILE_TO "}\n"
                      "  - {name: deep, match: queue.consumer, sources: [other], " FILE_TO "}\n"
                      "  - {name: shallow, match: queue, " FILE_TO "}\n";
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    const struct {
        const char *type, *source, *winner;
    } rows[] = {
        {"order.x", "fanfare", "ours"},
        {"order.x", "other", "all"},
        {"draw.x", "fanfare", "ours too"},
        {"draw.x", "other", "theirs"},
        {"draw.x", "third", "(none)"},
        {"queue.consumer.x", "other", "deep"},
        {"queue.consumer.x", "fanfare", "shallow"},
    };
    for (int round = 0; round < 2; round++) /* the second time from the cache */
        for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
            ck_assert_str_eq(routing_winner(&routing, rows[i].type, rows[i].source, "{}"),
                             rows[i].winner);
    routing_close(&routing);
}
END_TEST

START_TEST(test_default_forms)
{
    static const struct {
        const char *text;
        enum hs_default fallback;
        const char *winner;
        size_t count;
    } rows[] = {
        {"default: dead_letter", HS_DEFAULT_DEAD_LETTER, "(none)", 1},
        {"default: drop", HS_DEFAULT_DROP, "(none)", 1},
        {"default: [{sink: redis, stream: rest}, {sink: file, file: rest}]", HS_DEFAULT_TARGETS,
         "default", 2},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        char yaml[1024];
        snprintf(yaml, sizeof(yaml),
                 ROUTING_SINKS "%s\nroutes: [{name: r, match: order, " FILE_TO "}]\n",
                 rows[i].text);
        struct routing routing;
        routing_open(&routing, yaml);
        routing_expect_no_findings(&routing, yaml);
        ck_assert_int_eq(hs_router_default(routing.router), rows[i].fallback);
        ck_assert_str_eq(routing_winner(&routing, "draw.x", "fanfare", "{}"), rows[i].winner);
        ck_assert_uint_eq(hs_router_count(routing.router), rows[i].count);
        const struct hs_route *last = hs_router_at(routing.router, rows[i].count - 1);
        ck_assert_uint_eq(last->index, rows[i].count - 1);
        ck_assert(hs_transform_is_empty(last->transform));
        ck_assert_uint_eq(hs_router_sinks(routing.router, HS_SLICE("draw.x"), HS_SLICE("fanfare")),
                          rows[i].count == 2 ? 6 : 0);
        routing_close(&routing);
    }
}
END_TEST

START_TEST(test_no_routes)
{
    struct routing routing;
    routing_open(&routing, ROUTING_SINKS "default: drop\n");
    routing_expect_no_findings(&routing, "no routes");
    ck_assert_str_eq(routing_winner(&routing, "draw.x", "fanfare", "{}"), "(none)");
    ck_assert_uint_eq(hs_router_count(routing.router), 0);
    routing_close(&routing);
    hs_router_free(NULL);
}
END_TEST

START_TEST(test_targets)
{
    static const char yaml[] = ROUTING_SINKS
        "default: drop\n"
        "routes:\n"
        "  - name: queue\n"
        "    match: queue\n"
        "    transform: [{remove: [data.admissionToken]}]\n"
        "    to:\n"
        "      - {sink: kafka, topic: fanfare.queue, key: \"{data.consumerId}\",\n"
        "         headers: {x-a: \"{id}\", x-b: b}}\n"
        "      - {sink: redis, stream: \"fanfare:{data.queueId}\", max_length: 100000}\n"
        "      - {sink: kafka, topic: \"other\"}\n"
        "      - {sink: file}\n";
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    const struct hs_route *route = hs_router_at(routing.router, 0);
    ck_assert_str_eq(route->name, "queue");
    ck_assert_str_eq(route->match, "queue");
    ck_assert(!hs_transform_is_empty(route->transform));
    ck_assert_uint_eq(route->target_count, 4);
    ck_assert_uint_eq(route->sinks, 7);
    const struct hs_target *first = &route->targets[0], *second = &route->targets[1];
    ck_assert_uint_eq(first->sink, 0);
    ck_assert_ptr_eq(first->kind, hs_sink_kinds[HS_SINK_INDEX_kafka]);
    ck_assert(hs_template_is_literal(first->destination));
    ck_assert_ptr_nonnull(first->key);
    ck_assert_uint_eq(first->options->headers.count, 2);
    ck_assert(!hs_template_is_literal(first->headers[0]));
    ck_assert(hs_template_is_literal(first->headers[1]));
    ck_assert_uint_eq(second->sink, 1);
    ck_assert_ptr_eq(second->kind, hs_sink_kinds[HS_SINK_INDEX_redis]);
    ck_assert(!hs_template_is_literal(second->destination));
    ck_assert_ptr_null(second->key);
    /* Without `file` the sink's own default names it. */
    ck_assert_ptr_null(route->targets[3].options->destination_node);
    ck_assert(!hs_template_is_literal(route->targets[3].destination));
    routing_close(&routing);
}
END_TEST

START_TEST(test_sinks_an_event_could_go_to)
{
    static const char yaml[] = ROUTING_SINKS
        "default: [{sink: file, file: rest}]\n"
        "routes:\n"
        "  - {name: a, match: order, when: data.x == 1, to: [{sink: kafka, topic: a}]}\n"
        "  - {name: b, match: order.created, to: [{sink: redis, stream: b}]}\n"
        "  - {name: c, match: draw, when: data.x == 1, to: [{sink: redis, stream: c}]}\n"
        "  - {name: d, match: draw, to: [{sink: kafka, topic: d}]}\n"
        "  - {name: e, match: queue, sources: [other], to: [{sink: redis, stream: e}]}\n";
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    const struct {
        const char *type, *source;
        uint64_t sinks; /* kafka 1, redis 2, file 4 */
    } rows[] = {
        {"order.x", "fanfare", 1 | 4}, {"order.created", "fanfare", 2}, {"draw.x", "fanfare", 3},
        {"queue.x", "fanfare", 4},     {"queue.x", "other", 2},         {"none", "other", 4},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_msg(hs_router_sinks(routing.router, hs_slice_text(rows[i].type),
                                      hs_slice_text(rows[i].source)) == rows[i].sinks,
                      "%s from %s", rows[i].type, rows[i].source);
    routing_close(&routing);
}
END_TEST

/* More types than fit into the cache, some too long for it, twice over. */
START_TEST(test_memory_of_types_gives_way)
{
    static const char yaml[] = ROUTING_SINKS "default: drop\n"
                                             "routes:\n"
                                             "  - {name: even, match: t.even, " FILE_TO "}\n"
                                             "  - {name: odd, match: \"t.*.**\", " FILE_TO "}\n";
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 2000; i++) {
            char type[400];
            snprintf(type, sizeof(type), "t.%s.n%0*d", i % 2 ? "odd" : "even", i % 7 == 0 ? 200 : 1,
                     i);
            ck_assert_str_eq(routing_winner(&routing, type, "fanfare", "{}"),
                             i % 2 ? "odd" : "even");
        }
    ck_assert_str_eq(routing_winner(&routing, "", "fanfare", "{}"), "(none)");
    routing_close(&routing);
}
END_TEST

START_TEST(test_a_thousand_routes)
{
    static char yaml[200000];
    strcpy(yaml, ROUTING_SINKS "default: drop\nroutes:\n");
    size_t size = strlen(yaml);
    for (int i = 0; i < 1000; i++)
        size += (size_t)sprintf(yaml + size, "  - {name: r%d, match: f%d.e%d, " FILE_TO "}\n", i,
                                i % 40, i);
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, "a thousand routes");
    for (int i = 0; i < 1000; i++) {
        char type[40], name[20];
        snprintf(type, sizeof(type), "f%d.e%d.x", i % 40, i);
        snprintf(name, sizeof(name), "r%d", i);
        ck_assert_str_eq(routing_winner(&routing, type, "fanfare", "{}"), name);
    }
    routing_close(&routing);
    size = strlen(yaml);
    sprintf(yaml + size, "  - {name: r1000, match: x, " FILE_TO "}\n");
    routing_open(&routing, yaml);
    ck_assert_uint_eq(hs_config_findings(routing.config)->count, 1);
    ck_assert_ptr_nonnull(
        strstr(hs_config_findings(routing.config)->items[0].message, "at most 1000 routes"));
    routing_close(&routing);
}
END_TEST

START_TEST(test_manual)
{
    static const char *const words[] = {"`match`", "`sources`",  "topic",
                                        "stream",  "max_length", "dead_letter"};
    struct hs_buffer page;
    hs_buffer_init(&page, 1 << 20);
    hs_route_manual(&page);
    hs_buffer_append_byte(&page, '\0');
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++)
        ck_assert_msg(strstr(page.data, words[i]) != NULL, "%s", words[i]);
    hs_buffer_free(&page);
}
END_TEST

HS_TEST_MAIN("router", test_when_falls_through, test_sources, test_default_forms, test_no_routes,
             test_targets, test_sinks_an_event_could_go_to, test_memory_of_types_gives_way,
             test_a_thousand_routes, test_manual)
