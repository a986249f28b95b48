/* Parcels: headers set by transformations, next to those of every message and a target's own; and
 * targets that cannot carry them. */
#include "routing.h"

#include <hookstream/parcel.h>

#define BODY "{\"timestamp\":\"2024-12-01T10:00:00Z\",\"data\":{\"id\":\"o_1\"}}"
#define DEFAULT "default: drop\n"

static const char binary_yaml[] =
    ROUTING_SINKS "routes:\n"
                  "- name: r\n"
                  "  match: order\n"
                  "  transform: [cloudevent: {mode: binary, extensions: {ref: \"{data.id}\"}}]\n"
                  "  to: [{sink: kafka, topic: t, headers: {mine: \"{data.id}\"}},\n"
                  "       {sink: kafka, topic: u}]\n" DEFAULT;
static const char structured_yaml[] =
    ROUTING_SINKS "routes:\n"
                  "- name: r\n"
                  "  match: order\n"
                  "  transform: [cloudevent: structured]\n"
                  "  to: [{sink: kafka, topic: t}, {sink: redis, stream: s}]\n" DEFAULT;

static const char target_yaml[] =
    ROUTING_SINKS "routes:\n"
                  "- name: r\n"
                  "  match: order\n"
                  "  to:\n"
                  "  - sink: kafka\n"
                  "    topic: t\n"
                  "    transform: [cloudevent: {mode: binary, extensions: {ref: \"{data.id}\"}}]\n"
                  "  - {sink: kafka, topic: u}\n"
                  "  - {sink: redis, stream: s}\n" DEFAULT;

/* Expects "name: value; " for each message's headers, one message per line, for one sink. */
static void headers_for(const char *yaml, unsigned sink, struct hs_buffer *ret_text)
{
    struct routing routing;
    struct hs_parcel_maker maker;
    const struct hs_route *route;
    const char *reason;
    struct hs_event event = routing_event("order.created", "fanfare", BODY);
    struct hs_work *work = hs_work_create();
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    hs_parcel_maker_init(&maker, routing.config, sink);
    hs_work_begin(work, &event);
    ck_assert_int_eq(hs_router_match(routing.router, work, &route), 1);
    ck_assert_int_eq(hs_parcel_make(&maker, route, work, UINT32_MAX, &reason), 0);
    for (size_t i = 0; i < maker.count; i++) {
        const struct hs_message *message = &maker.messages[i];
        for (size_t k = 0; k < message->header_count; k++)
            hs_buffer_printf(ret_text, "%.*s: %.*s; ", HS_SLICE_ARG(message->headers[k].name),
                             HS_SLICE_ARG(message->headers[k].value));
        hs_buffer_append_byte(ret_text, '\n');
    }
    hs_parcel_maker_free(&maker);
    hs_work_free(work);
    routing_close(&routing);
}

#define STANDARD                                                                                   \
    "webhook-id: whk_1; webhook-type: order.created; webhook-timestamp: 2024-12-01T10:00:00Z; "
#define CE                                                                                         \
    "ce_specversion: 1.0; ce_id: whk_1; ce_source: /fanfare; ce_type: order.created; "             \
    "ce_time: 2024-12-01T10:00:00Z; ce_ref: o_1; content-type: application/json; "

START_TEST(test_headers_of_transformations_are_those_of_each_kafka_message)
{
    static const struct {
        const char *yaml;
        unsigned sink;
        const char *want;
    } rows[] = {
        {binary_yaml, 0, STANDARD CE "mine: o_1; \n" STANDARD CE "\n"},
        {target_yaml, 0, STANDARD CE "\n" STANDARD "content-type: application/json; \n"},
        {structured_yaml, 0,
         STANDARD "content-type: application/cloudevents+json; charset=UTF-8; \n"},
        {structured_yaml, 1, "\n"}, /* a stream has no such headers */
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_buffer text;
        hs_buffer_init(&text, 1 << 16);
        headers_for(rows[i].yaml, rows[i].sink, &text);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&text), hs_slice_text(rows[i].want)),
                      "got  %.*s\nwant %s", (int)text.size, text.data, rows[i].want);
        hs_buffer_free(&text);
    }
}
END_TEST

START_TEST(test_targets_that_cannot_carry_them_are_found)
{
    static const struct {
        const char *rest;
        unsigned line, column;
        const char *words;
    } rows[] = {
        {"  transform: [cloudevent: binary]\n  to: [{sink: redis, stream: s}]\n", 10, 30,
         "a redis target does not have"},
        {"  transform: [cloudevent: binary]\n  to: [{sink: file, file: f}]\n", 10, 27,
         "a file target does not have"},
        {"  transform: [cloudevent: binary]\n"
         "  to: [{sink: kafka, topic: t, headers: {ce_mine: x}}]\n",
         10, 42, "sets the headers that begin with ce_"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct routing routing;
        char yaml[2048];
        snprintf(yaml, sizeof(yaml), "%sroutes:\n- name: r\n  match: order\n%s" DEFAULT,
                 ROUTING_SINKS, rows[i].rest);
        routing_open(&routing, yaml);
        const struct hs_findings *findings = hs_config_findings(routing.config);
        ck_assert_msg(findings->count == 1, "%s: %zu findings", yaml, findings->count);
        const struct hs_finding *finding = &findings->items[0];
        ck_assert_msg(finding->line == rows[i].line && finding->column == rows[i].column &&
                          strstr(finding->message, rows[i].words) != NULL,
                      "%s\ngot %u:%u: %s", yaml, finding->line, finding->column, finding->message);
        routing_close(&routing);
    }
}
END_TEST

HS_TEST_MAIN("parcel", test_headers_of_transformations_are_those_of_each_kafka_message,
             test_targets_that_cannot_carry_them_are_found)
