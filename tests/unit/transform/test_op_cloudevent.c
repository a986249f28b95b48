/* cloudevent: both modes, the defaults, and what CloudEvents does not allow. */
#include "rows.h"

#include "operations/uri.h"
#include "work.h"

#define TIME "\"timestamp\":\"2024-12-01T10:00:00Z\""

START_TEST(test_structured_mode_makes_the_body_their_envelope)
{
    static const struct row rows[] = {
        ROW("{\"id\":\"whk_1\"," TIME ",\"data\":{\"a\": 1.50,\"b\":\"\\u00e9\"}}",
            "- cloudevent: {}",
            "{\"specversion\":\"1.0\",\"id\":\"whk_1\",\"source\":\"/fanfare\","
            "\"type\":\"queue.consumer.admitted\",\"time\":\"2024-12-01T10:00:00Z\","
            "\"datacontenttype\":\"application/json\",\"data\":{\"a\": 1.50,\"b\":\"\\u00e9\"}}"),
        ROW("{\"data\":{\"q\":\"q_1\"},\"x\":[ ]}",
            "- cloudevent:\n    mode: structured\n    source: \"https://x.example/{source}\"\n"
            "    type: \"com.example.{type}\"\n    subject: \"{data.q}\"\n"
            "    dataschema: \"https://x.example/{family}.json#v{data.v|1}\"\n"
            "    extensions: {partitionkey: \"{data.q}\", none: \"{data.n|}\"}\n    data: whole",
            "{\"specversion\":\"1.0\",\"id\":\"whk_1\",\"source\":\"https://x.example/fanfare\","
            "\"type\":\"com.example.queue.consumer.admitted\",\"subject\":\"q_1\","
            "\"dataschema\":\"https://x.example/queue.json#v1\",\"partitionkey\":\"q_1\","
            "\"datacontenttype\":\"application/json\",\"data\":{\"data\":{\"q\":\"q_1\"},\"x\":[ "
            "]}}"),
        /* Without anything to use as data there is none. */
        ROW("{\"x\":1}", "- cloudevent: structured",
            "{\"specversion\":\"1.0\",\"id\":\"whk_1\",\"source\":\"/fanfare\","
            "\"type\":\"queue.consumer.admitted\"}"),
        /* Later items find the data in its old place; words refer to the event as received. */
        ROW("{" TIME ",\"data\":{\"s\":\"a \\\"b\\\" \\ud83d\"}}",
            "- cloudevent: {time: \"{received}\", subject: \"{data.s}\"}\n- copy: {data.s: "
            "data.t}\n"
            "- set: {at: \"{time}\"}",
            "{\"specversion\":\"1.0\",\"id\":\"whk_1\",\"source\":\"/fanfare\","
            "\"type\":\"queue.consumer.admitted\",\"time\":\"2026-11-23T09:15:00.123Z\","
            "\"subject\":\"a \\\"b\\\" \xef\xbf\xbd\",\"datacontenttype\":\"application/json\","
            "\"data\":{\"s\":\"a \\\"b\\\" \\ud83d\",\"t\":\"a \\\"b\\\" \\ud83d\"},"
            "\"at\":\"2024-12-01T10:00:00Z\"}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* "name: value; " of each header that the list gives the event. */
static void headers_of(const char *list, struct hs_slice body, struct hs_buffer *ret_text,
                       struct hs_buffer *ret_body)
{
    char yaml[4096];
    snprintf(yaml, sizeof(yaml), "transform:\n%s\n", list);
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    struct hs_event event = edit_event(body);
    struct hs_work *work = hs_work_create();
    const struct hs_header *headers;
    struct hs_slice made;
    hs_work_begin(work, &event);
    ck_assert_int_eq(hs_work_headers(work, &headers), 0);
    ck_assert_int_eq(hs_transform_apply(transform, work), 0);
    size_t count = hs_work_headers(work, &headers);
    for (size_t i = 0; i < count; i++)
        hs_buffer_printf(ret_text, "%.*s: %.*s; ", HS_SLICE_ARG(headers[i].name),
                         HS_SLICE_ARG(headers[i].value));
    ck_assert_int_eq(hs_work_body(work, &made), 0);
    hs_buffer_append_slice(ret_body, made);
    hs_work_revert(work);
    ck_assert_int_eq(hs_work_headers(work, &headers), 0);
    ck_assert_int_eq(hs_transform_apply(transform, work), 0);
    hs_work_begin(work, &event);
    ck_assert_int_eq(hs_work_headers(work, &headers), 0);
    hs_work_free(work);
    hs_transform_free(transform);
    hs_config_free(config);
}

START_TEST(test_modes_say_themselves_in_headers)
{
    static const struct {
        const char *body, *list, *headers, *want;
    } rows[] = {
        {"{" TIME ", \"data\":{\"q\": 1}}",
         "- cloudevent: {mode: binary, subject: \"{data.q}\", extensions: {a1: \"{data.x|}\", b: "
         "c}}",
         "ce_specversion: 1.0; ce_id: whk_1; ce_source: /fanfare; "
         "ce_type: queue.consumer.admitted; ce_time: 2024-12-01T10:00:00Z; ce_subject: 1; "
         "ce_b: c; content-type: application/json; ",
         "{" TIME ", \"data\":{\"q\": 1}}"},
        {"{\"data\":{\"q\": 1} }", "- cloudevent: {mode: binary, data: data}",
         "ce_specversion: 1.0; ce_id: whk_1; ce_source: /fanfare; "
         "ce_type: queue.consumer.admitted; content-type: application/json; ",
         "{\"q\": 1}"},
        {"{}", "- cloudevent: binary\n- cloudevent: {mode: binary, type: x}",
         "ce_specversion: 1.0; ce_id: whk_1; ce_source: /fanfare; ce_type: x; "
         "content-type: application/json; ",
         "{}"},
        {"{}", "- cloudevent: structured",
         "content-type: application/cloudevents+json; charset=UTF-8; ",
         "{\"specversion\":\"1.0\",\"id\":\"whk_1\",\"source\":\"/fanfare\","
         "\"type\":\"queue.consumer.admitted\"}"},
        {"{}", "- cloudevent: binary\n  when: data.x exists", "", "{}"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_buffer text, body;
        hs_buffer_init(&text, 1 << 20);
        hs_buffer_init(&body, 1 << 20);
        headers_of(rows[i].list, hs_slice_text(rows[i].body), &text, &body);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&text), hs_slice_text(rows[i].headers)),
                      "%s\ngot  %.*s\nwant %s", rows[i].list, (int)text.size, text.data,
                      rows[i].headers);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&body), hs_slice_text(rows[i].want)),
                      "%s\ngot  %.*s\nwant %s", rows[i].list, (int)body.size, body.data,
                      rows[i].want);
        hs_buffer_free(&text);
        hs_buffer_free(&body);
    }
}
END_TEST

START_TEST(test_what_the_standard_does_not_allow)
{
    static const struct failing_row rows[] = {
        {"{\"data\":{\"s\":\"a b\"}}", "- cloudevent: {source: \"{data.s}\"}", -EINVAL,
         "cloudevent: `source` is not a URI-reference"},
        {"{\"data\":{\"s\":\"\"}}", "- cloudevent: {source: \"{data.s}\"}", -EINVAL,
         "cloudevent: `source` is empty for this event"},
        {"{\"data\":{\"s\":\"/x\"}}", "- cloudevent: {dataschema: \"{data.s}\"}", -EINVAL,
         "cloudevent: `dataschema` is not a URI with its scheme"},
        {"{\"data\":{\"s\":\"a\\nb\"}}", "- cloudevent: {subject: \"{data.s}\"}", -EINVAL,
         "cloudevent: `subject` is not free of control characters"},
        {"{\"data\":{\"s\":\"\\u0085\"}}", "- cloudevent: {subject: \"{data.s}\"}", -EINVAL,
         "control characters"},
        {"{\"data\":{\"s\":\"\\ufdd0\"}}", "- cloudevent: {subject: \"{data.s}\"}", -EINVAL,
         "noncharacters"},
        {"{\"data\":{\"s\":\"\\ud83f\\udffe\"}}", "- cloudevent: {extensions: {e: \"{data.s}\"}}",
         -EINVAL, "`e` is not free of"},
        {"{\"timestamp\":1733047200}", "- cloudevent: {}", -EINVAL, "`time` is not a time"},
        {"{\"timestamp\":\"2024-02-30T00:00:00Z\"}", "- cloudevent: {}", -EINVAL,
         "`time` is not a time"},
        {"{\"data\":{}}", "- cloudevent: {subject: \"{data.s}\"}", -ENOENT,
         "cloudevent: the event has no {data.s}"},
        {"{}", "- cloudevent: {mode: binary, data: data}", -ENOENT, "no `data`"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_findings_stand_at_their_place)
{
    static const struct finding_row rows[] = {
        {"- cloudevent: {mode: jumbled}", 2, 22, "mode must be structured or binary"},
        {"- cloudevent: {source: \"a b\"}", 2, 24, "`source` is not a URI-reference"},
        {"- cloudevent: {source: \"\"}", 2, 24, "`source` is empty for this event"},
        {"- cloudevent: {source: \"{sauce}\"}", 2, 26, "unknown field"},
        {"- cloudevent: {time: yesterday}", 2, 22, "`time` is not a time"},
        {"- cloudevent: {extensions: {Trace: a}}", 2, 29, "`Trace` is not a name of an attribute"},
        {"- cloudevent: {extensions: {a_b: a}}", 2, 29, "is not a name of an attribute"},
        {"- cloudevent: {extensions: {abcdefghijklmnopqrstu: a}}", 2, 29, "1 to 20"},
        {"- cloudevent: {extensions: {time: a}}", 2, 29, "is an attribute of CloudEvents itself"},
        {"- cloudevent: {extensions: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1}}", 2,
         77, "at most 8 extensions"},
        {"- cloudevent: {data: some}", 2, 22, "data must be data or whole"},
        {"- for: \"data.items[*]\"\n  cloudevent: {subject: \"{item.id}\"}", 2, 8,
         "`for` cannot be combined with `cloudevent`"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_uri_references)
{
    static const char *const absolute[] = {"urn:x", "https://[::1]:80/a?b#c", "a+b.c-d:", "x:/%41",
                                           "mailto:a@b.example"};
    static const char *const relative[] = {"/a", "a/b:c", "//h/p", "?q", "#f", "a%20b", "(a),b"};
    static const char *const wrong[] = {"",     " a",    "a b",    ":a",    "1a:b", "a%2",
                                        "a%zz", "a#b#c", "[a]",    "/a[b]", "a\"",  "\xc3\xa9",
                                        "a\\b", "<a>",   "//h/[x", "a|b",   "a^b",  "{a}"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(absolute); i++)
        ck_assert_msg(hs_is_uri(hs_slice_text(absolute[i])) &&
                          hs_is_uri_reference(hs_slice_text(absolute[i])),
                      "%s", absolute[i]);
    for (size_t i = 0; i < HS_ARRAY_SIZE(relative); i++)
        ck_assert_msg(!hs_is_uri(hs_slice_text(relative[i])) &&
                          hs_is_uri_reference(hs_slice_text(relative[i])),
                      "%s", relative[i]);
    for (size_t i = 0; i < HS_ARRAY_SIZE(wrong); i++)
        ck_assert_msg(!hs_is_uri_reference(hs_slice_text(wrong[i])), "%s", wrong[i]);
    ck_assert(!hs_is_uri_reference(HS_SLICE("a\0b")));
}
END_TEST

START_TEST(test_headers_have_bounds)
{
    static const char name[HS_EVENT_HEADERS_MAX + 1] = "abcdefghijklmnopq";
    char *large = calloc(1, HS_WORK_HEADERS_MAX);
    struct hs_event event = edit_event(HS_SLICE("{}"));
    struct hs_work *work = hs_work_create();
    const struct hs_header *headers;
    hs_work_begin(work, &event);
    for (size_t i = 0; i < HS_EVENT_HEADERS_MAX; i++)
        ck_assert_int_eq(hs_work_set_header(work, hs_slice(name + i, 1), HS_SLICE("v")), 0);
    ck_assert_int_eq(hs_work_set_header(work, hs_slice(name, 1), HS_SLICE("w")), 0);
    ck_assert_int_eq(
        hs_work_set_header(work, hs_slice(name + HS_EVENT_HEADERS_MAX, 1), HS_SLICE("v")),
        -EMSGSIZE);
    ck_assert_int_eq(
        hs_work_set_header(work, hs_slice(name, 1), hs_slice(large, HS_WORK_HEADERS_MAX)),
        -EMSGSIZE);
    ck_assert_int_eq(hs_work_headers(work, &headers), HS_EVENT_HEADERS_MAX);
    ck_assert(hs_slice_equal(headers[0].value, HS_SLICE("w")));
    ck_assert(hs_slice_equal(headers[1].value, HS_SLICE("v")));
    hs_work_free(work);
    free(large);
}
END_TEST

HS_TEST_MAIN("cloudevent", test_structured_mode_makes_the_body_their_envelope,
             test_modes_say_themselves_in_headers, test_what_the_standard_does_not_allow,
             test_findings_stand_at_their_place, test_uri_references, test_headers_have_bounds)
