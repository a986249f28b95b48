/* An event as a line: JSON stays verbatim, anything else becomes Base64. */
#include "event_line.h"

#include "hs_test.h"

static struct hs_event event_of(struct hs_slice body)
{
    return (struct hs_event){
        .sequence = 18446744073709551615u,
        .received_wall_ns = UINT64_C(1795425300123000000),
        .source = HS_SLICE("fanfare"),
        .id = HS_SLICE("whk_\"1\""),
        .type = HS_SLICE("order.created"),
        .body = body,
        .headers = {{HS_SLICE("a"), HS_SLICE("1")}, {HS_SLICE("b"), HS_SLICE("\t")}},
        .header_count = 2,
    };
}

#define START                                                                                      \
    "{\"sequence\":18446744073709551615,\"received\":\"2026-11-23T09:15:00.123Z\","                \
    "\"source\":\"fanfare\",\"id\":\"whk_\\\"1\\\"\",\"type\":\"order.created\",\"flaw\":null,"    \
    "\"headers\":{\"a\":\"1\",\"b\":\"\\t\"}"

static void expect(struct hs_slice body, enum hs_event_line_body how, const char *wanted)
{
    struct hs_event event = event_of(body);
    struct hs_buffer line;
    hs_buffer_init(&line, 4096);
    hs_event_line(&event, how, &line);
    hs_buffer_append_byte(&line, '\0');
    ck_assert_str_eq(line.data, wanted);
    hs_buffer_free(&line);
}

START_TEST(a_body_that_is_JSON_stands_byte_for_byte)
{
    expect(HS_SLICE(" {\"a\" : 1.10, \"a\":\"\\u0041\"}"), HS_BODY_JSON,
           START ",\"body\": {\"a\" : 1.10, \"a\":\"\\u0041\"}}\n");
    expect(HS_SLICE("null"), HS_BODY_JSON, START ",\"body\":null}\n");
}
END_TEST

START_TEST(line_breaks_between_values_are_left_out)
{
    expect(HS_SLICE("{\r\n  \"a\": \"x y\"\n}\n"), HS_BODY_JSON,
           START ",\"body\":{\"a\":\"x y\"}}\n");
}
END_TEST

START_TEST(any_other_body_is_base64)
{
    expect(HS_SLICE(""), HS_BODY_JSON, START ",\"body_base64\":\"\"}\n");
    expect(HS_SLICE("f"), HS_BODY_JSON, START ",\"body_base64\":\"Zg==\"}\n");
    expect(HS_SLICE("fo"), HS_BODY_JSON, START ",\"body_base64\":\"Zm8=\"}\n");
    expect(HS_SLICE("foo"), HS_BODY_JSON, START ",\"body_base64\":\"Zm9v\"}\n");
    expect(HS_SLICE("\xff\xfe\x00\x01"), HS_BODY_JSON, START ",\"body_base64\":\"//4AAQ==\"}\n");
}
END_TEST

START_TEST(raw_and_none_are_as_asked_for)
{
    expect(HS_SLICE("{}\n"), HS_BODY_RAW, START ",\"body_base64\":\"e30K\"}\n");
    expect(HS_SLICE("{}"), HS_BODY_NONE, START "}\n");
}
END_TEST

HS_TEST_MAIN("event line", a_body_that_is_JSON_stands_byte_for_byte,
             line_breaks_between_values_are_left_out, any_other_body_is_base64,
             raw_and_none_are_as_asked_for)
