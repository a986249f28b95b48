/* Choose: samples take their share and always the same events, targets have their own `when`,
 * sample or transformations, and written routes decide the same. */
#include "routing.h"

#include <hookstream/parcel.h>

#define ROUTES_SINKS ROUTING_SINKS "default: drop\nroutes:\n"

/* One sink's messages of an event with this data, by the only route. */
struct made {
    struct routing routing;
    struct hs_work *work;
    struct hs_parcel_maker maker;
    struct hs_event event;
    const char *reason;
    int code;
};

static void make(struct made *made, const char *route, unsigned sink, const char *body)
{
    char yaml[4096];
    snprintf(yaml, sizeof(yaml), ROUTES_SINKS "- {name: r, match: order, %s}\n", route);
    routing_open(&made->routing, yaml);
    routing_expect_no_findings(&made->routing, yaml);
    made->event = routing_event("order.created", "fanfare", body);
    made->work = hs_work_create();
    hs_work_begin(made->work, &made->event);
    hs_parcel_maker_init(&made->maker, made->routing.config, sink);
    made->code = hs_parcel_make(&made->maker, hs_router_at(made->routing.router, 0), made->work,
                                UINT32_MAX, &made->reason);
}

static void unmake(struct made *made)
{
    hs_parcel_maker_free(&made->maker);
    hs_work_free(made->work);
    routing_close(&made->routing);
}

/* Expects "destination key body" for each message, one per line. */
static void expect_messages(const struct made *made, const char *expected)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 20);
    for (size_t i = 0; i < made->maker.count; i++) {
        const struct hs_message *message = &made->maker.messages[i];
        hs_buffer_printf(&text, "%u %.*s %.*s %.*s\n", message->part,
                         HS_SLICE_ARG(message->destination), HS_SLICE_ARG(message->key),
                         HS_SLICE_ARG(message->body));
    }
    ck_assert_msg(
        made->code == 0 && hs_slice_equal(hs_buffer_slice(&text), hs_slice_text(expected)),
        "%d\n%.*sexpected\n%s", made->code, HS_SLICE_ARG(hs_buffer_slice(&text)), expected);
    hs_buffer_free(&text);
}

START_TEST(test_a_target_edits_for_itself_alone)
{
    struct made made;
    make(&made,
         "transform: [{set: {data.b: 2}}], to: ["
         "{sink: kafka, topic: a, key: \"{data.x|-}\"},"
         "{sink: kafka, topic: b, key: \"{data.x|-}\", transform: [{set: {data.x: 1}}]},"
         "{sink: file, file: f, transform: [{set: {data.x: 9}}]},"
         "{sink: kafka, topic: c, key: \"{data.x|-}\", transform: [{remove: [data.b]}]},"
         "{sink: kafka, topic: d, key: \"{data.x|-}{data.b}\"}]",
         0, "{\"data\":{ \"a\":1}}");
    expect_messages(&made, "0 a - {\"data\":{ \"a\":1,\"b\":2}}\n"
                           "1 b 1 {\"data\":{ \"a\":1,\"b\":2,\"x\":1}}\n"
                           "2 c - {\"data\":{ \"a\":1}}\n"
                           "3 d -2 {\"data\":{ \"a\":1,\"b\":2}}\n");
    ck_assert_uint_eq(made.maker.made, 0xF);
    unmake(&made);
}
END_TEST

START_TEST(test_without_edits_the_received_bytes_go_out)
{
    struct made made;
    make(&made,
         "to: [{sink: kafka, topic: a}, {sink: kafka, topic: b, transform: [{remove: [data.b]}]},"
         " {sink: kafka, topic: c}]",
         0, "{\"data\": {\"b\":1}}");
    expect_messages(&made, "0 a  {\"data\": {\"b\":1}}\n1 b  {\"data\": {}}\n"
                           "2 c  {\"data\": {\"b\":1}}\n");
    ck_assert_ptr_eq(made.maker.messages[0].body.data, made.event.body.data);
    ck_assert_ptr_eq(made.maker.messages[2].body.data, made.event.body.data);
    unmake(&made);
}
END_TEST

START_TEST(test_targets_with_a_when)
{
    /* Evaluated on the event as received: the route's own edits do not matter. */
    static const char route[] =
        "transform: [{set: {data.n: 100}}], to: ["
        "{sink: kafka, topic: a, when: data.n > 5}, {sink: kafka, topic: b},"
        "{sink: kafka, topic: c, when: data.n <= 5, transform: [{set: {data.m: 1}}]},"
        "{sink: file, file: f, when: data.n == 7}]";
    static const struct {
        const char *body;
        unsigned sink;
        uint32_t made;
    } rows[] = {
        {"{\"data\":{\"n\":\"6.5\"}}", 0, 3},
        {"{\"data\":{\"n\":5}}", 0, 6},
        {"{\"data\":{}}", 0, 2},
        {"{\"data\":{\"n\":7}}", 2, 1},
        {"{\"data\":{\"n\":8}}", 2, 0},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct made made;
        make(&made, route, rows[i].sink, rows[i].body);
        ck_assert_int_eq(made.code, 0);
        ck_assert_uint_eq(made.maker.made, rows[i].made);
        ck_assert_uint_eq(made.maker.count, (unsigned)__builtin_popcount(rows[i].made));
        hs_work_revert(made.work);
        const struct hs_route *taken = hs_router_at(made.routing.router, 0);
        ck_assert_int_eq(hs_route_reaches(taken, rows[i].sink, made.work), rows[i].made != 0);
        ck_assert_int_eq(hs_route_reaches(taken, 1, made.work), 0);
        unmake(&made);
    }
}
END_TEST

START_TEST(test_only_the_parts_that_are_asked_for)
{
    struct made made;
    make(&made,
         "to: [{sink: kafka, topic: a}, {sink: kafka, topic: b, when: type == 'x'},"
         "{sink: kafka, topic: c, transform: [{set: {data.x: 1}}]}]",
         0, "{\"data\":{}}");
    ck_assert_uint_eq(made.maker.made, 5);
    hs_work_begin(made.work, &made.event);
    ck_assert_int_eq(hs_parcel_make(&made.maker, hs_router_at(made.routing.router, 0), made.work, 6,
                                    &made.reason),
                     0);
    expect_messages(&made, "2 c  {\"data\":{\"x\":1}}\n");
    unmake(&made);
}
END_TEST

START_TEST(test_failures_say_where)
{
    static const struct {
        const char *route, *body, *reason;
    } rows[] = {
        {"to: [{sink: kafka, topic: a, when: data.x == 1}]", "no JSON", "condition"},
        {"to: [{sink: kafka, topic: a, transform: [{decimal: {field: data.x, code: USD}}]}]",
         "{\"data\":{\"x\":\"one\"}}", "transform"},
        {"to: [{sink: kafka, topic: \"a-{data.x}\", transform: [{remove: [data.x]}]}]",
         "{\"data\":{\"x\":\"one\"}}", "template"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct made made;
        make(&made, rows[i].route, 0, rows[i].body);
        ck_assert_int_lt(made.code, 0);
        ck_assert_str_eq(made.reason, rows[i].reason);
        unmake(&made);
    }
    /* An event that no target takes is not edited, so it cannot fail. */
    struct made made;
    make(&made,
         "transform: [{decimal: {field: data.x, code: USD}}],"
         "to: [{sink: kafka, topic: a, when: data.y exists}]",
         0, "{\"data\":{\"x\":\"one\"}}");
    ck_assert_int_eq(made.code, 0);
    ck_assert_uint_eq(made.maker.count, 0);
    unmake(&made);
}
END_TEST

/* ---- Samples ---- */

static struct hs_event numbered(char *id, unsigned number)
{
    struct hs_event event = routing_event("order.created", "fanfare", "{}");
    int size = sprintf(id, "whk_%06u", number);
    event.id = hs_slice(id, (size_t)size);
    return event;
}

static unsigned count_sampled(const char *share)
{
    char yaml[1024], id[32];
    snprintf(yaml, sizeof(yaml),
             ROUTES_SINKS "- {name: r, match: order, sample: %s, to: [{sink: file, file: x}]}\n",
             share);
    struct routing routing;
    routing_open(&routing, yaml);
    routing_expect_no_findings(&routing, yaml);
    unsigned count = 0;
    for (unsigned i = 0; i < 100000; i++) {
        struct hs_event event = numbered(id, i);
        count += hs_route_samples(hs_router_at(routing.router, 0), &event);
    }
    routing_close(&routing);
    return count;
}

START_TEST(test_a_sample_takes_its_share)
{
    ck_assert_uint_eq(count_sampled("100%"), 100000);
    ck_assert_uint_eq(count_sampled("100.0000%"), 100000);
    unsigned tenth = count_sampled("10%"), half = count_sampled("50.0%");
    ck_assert_msg(tenth > 9500 && tenth < 10500, "%u", tenth);
    ck_assert_msg(half > 49000 && half < 51000, "%u", half);
    ck_assert_uint_lt(count_sampled("0.0001%"), 5);
    ck_assert_uint_lt(count_sampled("0.5%"), 700);
}
END_TEST

/* Replicas, restarts and later versions must agree: these positions must never change. */
START_TEST(test_the_places_of_ids_never_change)
{
    static const struct {
        const char *id;
        uint32_t routes, targets;
    } rows[] = {{"whk_1", 733207, 212718},
                {"whk_000001", 734669, 577343},
                {"whk_01HZX3ABCDEFGHJK", 847386, 857159},
                {"", 116924, 184276}};
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_event event = {.id = hs_slice_text(rows[i].id)};
        ck_assert_uint_eq(hs_sample_place_in_routes(&event), rows[i].routes);
        ck_assert_uint_eq(hs_sample_place_in_targets(&event), rows[i].targets);
    }
}
END_TEST

START_TEST(test_a_sample_within_a_sample)
{
    struct routing routing;
    char id[32];
    routing_open(&routing,
                 ROUTES_SINKS "- {name: r, match: order, sample: 50%, to: ["
                              "{sink: file, file: x, sample: 50%}, {sink: kafka, topic: y, sample: "
                              "50%}, {sink: redis, stream: z}]}\n");
    const struct hs_route *route = hs_router_at(routing.router, 0);
    struct hs_work *work = hs_work_create();
    unsigned counts[3] = {0}, apart = 0;
    for (unsigned i = 0; i < 10000; i++) {
        struct hs_event event = numbered(id, i);
        hs_work_begin(work, &event);
        int reaches[3];
        for (unsigned sink = 0; sink < 3; sink++) {
            reaches[sink] = hs_route_reaches(route, sink, work);
            counts[sink] += reaches[sink] == 1;
        }
        apart += reaches[0] != reaches[2];
    }
    ck_assert_uint_eq(apart, 0); /* the same share, the same events */
    ck_assert_msg(counts[1] > 4700 && counts[1] < 5300, "%u", counts[1]);
    ck_assert_msg(counts[0] > 2250 && counts[0] < 2750, "%u", counts[0]);
    hs_work_free(work);
    routing_close(&routing);
}
END_TEST

/* hs_router_write() is what later routes are compared with. */
START_TEST(test_written_routes_decide_the_same)
{
    struct routing routing, again;
    char id[32];
    routing_open(&routing, ROUTES_SINKS
                 "- {name: r, match: order, sample: 12.5%, when: \"id in ['whk_000001', "
                 "'x'] or header['traceparent'] exists or id matches 'whk_.*[02468]'\","
                 " to: [{sink: file, file: x, sample: 25%}, {sink: kafka, topic: y, "
                 "when: \"id matches '.*[05]'\", transform: [{hash: {fields: [data.x], "
                 "key: secretsecretsecret}}]}]}\n");
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 20);
    hs_router_write(routing.router, &routing.sinks, &routing.sources, &text);
    ck_assert_ptr_null(memmem(text.data, text.size, "secretsecret", 12));
    char yaml[8192];
    snprintf(yaml, sizeof(yaml), "%.*s", HS_SLICE_ARG(hs_buffer_slice(&text)));
    char *sources = strstr(yaml, "sources: ["); /* as a map, which this test's settings need */
    memcpy(sources, "#       ", 8);
    char whole[9000];
    snprintf(whole, sizeof(whole), "%ssources: {fanfare: {path: /a}, other: {path: /b}}\n", yaml);
    routing_open(&again, whole);
    routing_expect_no_findings(&again, whole);
    struct hs_work *work = hs_work_create();
    unsigned reached[3] = {0};
    for (unsigned i = 0; i < 10000; i++) {
        struct hs_event event = numbered(id, i);
        hs_work_begin(work, &event);
        const struct hs_route *a = NULL, *b = NULL;
        ck_assert_int_eq(hs_router_match(routing.router, work, &a),
                         hs_router_match(again.router, work, &b));
        for (unsigned sink = 0; a != NULL && sink < 3; sink++) {
            int reaches = hs_route_reaches(a, sink, work);
            ck_assert_int_eq(reaches, hs_route_reaches(b, sink, work));
            reached[sink] += reaches == 1;
        }
    }
    ck_assert_uint_gt(reached[0], 50);
    ck_assert_uint_gt(reached[2], 0);
    hs_work_free(work);
    hs_buffer_free(&text);
    routing_close(&again);
    routing_close(&routing);
}
END_TEST

HS_TEST_MAIN("route: choose", test_a_target_edits_for_itself_alone,
             test_without_edits_the_received_bytes_go_out, test_targets_with_a_when,
             test_only_the_parts_that_are_asked_for, test_failures_say_where,
             test_a_sample_takes_its_share, test_the_places_of_ids_never_change,
             test_a_sample_within_a_sample, test_written_routes_decide_the_same)
