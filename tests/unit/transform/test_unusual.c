/* Unusual but valid documents: how edits, templates and conditions handle them, and the output.
 * docs/fidelity.md has the rules. */
#include "rows.h"

/* Of duplicate members readers use the last; hiding operations hide both; writing operations leave
 * one. */
START_TEST(test_members_that_stand_twice)
{
    static const struct row rows[] = {
        ROW("{\"a\":1,\"a\":2}", "- set: {x: 0}\n  when: data.a == 2", "{\"a\":1,\"a\":2}"),
        ROW("{\"data\":{\"a\":1,\"a\":2}}", "- set: {data.t: \"{data.a}\"}\n  when: data.a == 2",
            "{\"data\":{\"a\":1,\"a\":2,\"t\":\"2\"}}"),
        ROW("{\"data\":{\"a\":{\"b\":1}, \"\\u0061\":{}}}", "- set: {data.t: \"{data.a.b|none}\"}",
            "{\"data\":{\"a\":{\"b\":1}, \"\\u0061\":{},\"t\":\"none\"}}"),
        ROW("{\"a\":1,\"a\":2}", "- copy: {a: b}", "{\"a\":1,\"a\":2,\"b\":2}"),
        ROW("{\"a\":\"1.5\",\"c\":\"JPY\",\"c\":\"USD\"}", "- decimal: {field: a, currency: c}",
            "{\"a\":150,\"c\":\"JPY\",\"c\":\"USD\"}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- remove: [a]", "{\"b\":0}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- redact: [a]",
            "{\"a\":\"[redacted]\",\"b\":0,\"a\":\"[redacted]\"}"),
        ROW("{\"a\":\"x\",\"a\":\"y\"}", "- upper: [a]", "{\"a\":\"X\",\"a\":\"Y\"}"),
        ROW("{\"a\":\"1\",\"a\":\"2\"}", "- cast: {fields: [a], to: integer}", "{\"a\":1,\"a\":2}"),
        ROW("{\"a\":\"1\",\"a\":\"2\"}", "- decimal: {field: a, code: USD}",
            "{\"a\":100,\"a\":200}"),
        ROW("{\"a\":[{\"b\":1}],\"a\":[{\"b\":2}]}", "- remove: [\"a[*].b\"]",
            "{\"a\":[{}],\"a\":[{}]}"),
        ROW("{\"a\":[{\"b\":1}],\"a\":[{\"b\":2}]}", "- set: {item.b: 3}\n  for: \"a[*]\"",
            "{\"a\":[{\"b\":3}],\"a\":[{\"b\":3}]}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- keep: [a]", "{\"a\":2}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- rename: {a: c}", "{\"b\":0,\"c\":2}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- rename: {b: a}", "{\"a\":0}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- set: {a: 3}", "{\"b\":0,\"a\":3}"),
        ROW("{\"a\":1,\"b\":0,\"a\":2}", "- copy: {b: a}", "{\"b\":0,\"a\":0}"),
        ROW("{\"a\":1,\"b\":0,\"a\":null}", "- default: {a: 3}", "{\"b\":0,\"a\":3}"),
        ROW("{\"a\":null,\"b\":0,\"a\":1}", "- default: {a: 3}", "{\"a\":null,\"b\":0,\"a\":1}"),
        ROW("{\"t\":0,\"a\":\"2\",\"t\":1}", "- decimal: {field: a, exponent: 0, into: t}",
            "{\"a\":\"2\",\"t\":2}"),
        ROW("{\"data\":{\"a\":1,\"a\":2}}", "- unwrap: data", "{\"a\":2}"),
        ROW("{\"data\":{\"a\":1,\"a\":2}}", "- flatten: data", "{\"data\":{\"a\":1,\"a\":2}}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_unusual_names)
{
    static const struct row rows[] = {
        ROW("{\"\":1,\"a.b\":2,\"c[0]\":3}", "- remove: [\"[\\\"\\\"]\", \"[\\\"c[0]\\\"]\"]",
            "{\"a.b\":2}"),
        ROW("{\"a.b\":2,\"a\":{\"b\":1}}", "- remove: [a.b]", "{\"a.b\":2,\"a\":{}}"),
        ROW("{\"a\":{\"\":{\"\":1}}}", "- set: {\"a[\\\"\\\"][\\\"\\\"]\": 2}",
            "{\"a\":{\"\":{\"\":2}}}"),
        ROW("{}", "- set: {\"[\\\"x.y\\\"][\\\"z[0]\\\"]\": 1}", "{\"x.y\":{\"z[0]\":1}}"),
        ROW("{\"\\u0061\\u002eb\":1}", "- rename: {\"[\\\"a.b\\\"]\": c}", "{\"c\":1}"),
        ROW("{\"\\u0000\":1,\"a\\u0000b\":2,\"a\":3}", "- remove: [a]",
            "{\"\\u0000\":1,\"a\\u0000b\":2}"),
        ROW("{\"q\\\"q\":1,\"b\":2}", "- remove: ['q\"q']", "{\"b\":2}"),
        ROW("{\"\xC3\xA9\":1,\"e\xCC\x81\":2}", "- remove: [\xC3\xA9]", "{\"e\xCC\x81\":2}"),
        /* Half a pair in a name: kept, and decoded as U+FFFD. */
        ROW("{\"\\ud800\":1,\"b\":2}", "- remove: [b]", "{\"\\ud800\":1}"),
        ROW("{\"\\ud800\":1,\"\\udfff\":2}", "- remove: [\xEF\xBF\xBD]", "{}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_unusual_texts)
{
    static const struct row rows[] = {
        /* A value that decodes to the same keeps its bytes; a changed one is rewritten. */
        ROW("{\"a\":\"\\u0041\\/\\ud800\"}", "- upper: [a]", "{\"a\":\"\\u0041\\/\\ud800\"}"),
        ROW("{\"a\":\"x\\u0041\\/\\u00e9\"}", "- upper: [a]", "{\"a\":\"XA/\xC3\xA9\"}"),
        ROW("{\"a\":\"x\\ud800\"}", "- upper: [a]", "{\"a\":\"X\xEF\xBF\xBD\"}"),
        ROW("{\"a\":\"x\\u0000\\u001f\\n\\u007f\"}", "- upper: [a]",
            "{\"a\":\"X\\u0000\\u001f\\n\x7F\"}"),
        ROW("{\"a\":\"a\\u0000bc\"}", "- mask: {fields: [a], keep_last: 2}", "{\"a\":\"**bc\"}"),
        ROW("{\"a\":\"a\\u0000bc\"}", "- truncate: {fields: [a], length: 2}",
            "{\"a\":\"a\\u0000\"}"),
        ROW("{\"a\":\"\\ud83d\\ude00!\"}", "- truncate: {fields: [a], length: 1}",
            "{\"a\":\"\xF0\x9F\x98\x80\"}"),
        ROW("{\"a\":\"\\u00a0 x\\u2003\"}", "- trim: [a]", "{\"a\":\"x\"}"),
        ROW("{\"data\":{\"a\":\"\\u0000\\\"\\ud800\"}}", "- set: {data.b: \"{data.a}\"}",
            "{\"data\":{\"a\":\"\\u0000\\\"\\ud800\",\"b\":\"\\u0000\\\"\xEF\xBF\xBD\"}}"),
        ROW("{\"a\":\"\\ud800\"}", "- copy: {a: b}", "{\"a\":\"\\ud800\",\"b\":\"\\ud800\"}"),
        ROW("{\"data\":{\"a\":\"\\u0041\"}}", "- set: {data.b: 1}\n  when: data.a == 'A'",
            "{\"data\":{\"a\":\"\\u0041\",\"b\":1}}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

#define HUNDRED                                                                                    \
    "1234567890123456789012345678901234567890123456789012345678901234567890"                       \
    "123456789012345678901234567890"

START_TEST(test_unusual_numbers)
{
    static const struct row rows[] = {
        ROW("{\"a\":[1e400,-0,1E+2,1.0," HUNDRED "],\"b\":1}", "- set: {b: 1e400}",
            "{\"a\":[1e400,-0,1E+2,1.0," HUNDRED "],\"b\":1e400}"),
        ROW("{\"a\":" HUNDRED ",\"b\":-0}", "- copy: {a: c}\n- cast: {fields: [a, b], to: string}",
            "{\"a\":\"" HUNDRED "\",\"b\":\"-0\",\"c\":" HUNDRED "}"),
        ROW("{\"a\":\"" HUNDRED "\",\"b\":\"1e400\"}", "- cast: {fields: [a, b], to: number}",
            "{\"a\":" HUNDRED ",\"b\":1e400}"),
        ROW("{\"data\":{\"a\":1E+2}}", "- set: {data.b: \"{data.a}\"}\n  when: data.a == 100.0",
            "{\"data\":{\"a\":1E+2,\"b\":\"1E+2\"}}"),
        ROW("{\"data\":{\"a\":-0}}", "- set: {data.b: 1}\n  when: data.a == 0.0",
            "{\"data\":{\"a\":-0,\"b\":1}}"),
        ROW("{\"data\":{\"a\":9007199254740993}}",
            "- set: {data.b: 1}\n  when: data.a == 9007199254740992",
            "{\"data\":{\"a\":9007199254740993}}"),
        ROW("{\"data\":{\"a\":1e400}}", "- set: {data.b: 1}\n  when: data.a != 1e401",
            "{\"data\":{\"a\":1e400,\"b\":1}}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* The rule of docs/fidelity.md, word for word. */
START_TEST(test_white_space_round_what_goes_and_comes)
{
    static const struct row rows[] = {
        /* After one that stays: all from its end. */
        ROW("{ \"a\":1 , \"b\":2 \t, \"c\":3 \r\n}", "- remove: [b]",
            "{ \"a\":1 \t, \"c\":3 \r\n}"),
        ROW("{ \"a\":1 , \"b\":2 \t, \"c\":3 \r\n}", "- remove: [c]", "{ \"a\":1 , \"b\":2 \r\n}"),
        ROW("{ \"a\":1 , \"b\":2 \t, \"c\":3 \r\n}", "- remove: [b, c]", "{ \"a\":1 \r\n}"),
        /* Before the first that stays: all up to its name. */
        ROW("{ \"a\":1 , \"b\":2 \t, \"c\":3 \r\n}", "- remove: [a]",
            "{ \"b\":2 \t, \"c\":3 \r\n}"),
        ROW("{ \"a\":1 , \"b\":2 \t, \"c\":3 \r\n}", "- remove: [b, a]", "{ \"c\":3 \r\n}"),
        ROW("{ \"a\":1 , \"b\":2 \t, \"c\":3 \r\n}", "- remove: [a, c]", "{ \"b\":2 \r\n}"),
        /* None stays: nothing between the brackets. */
        ROW(" { \"a\" : [ 1 , 2 ] } ", "- remove: [\"a[*]\"]", " { \"a\" : [] } "),
        ROW("\n{ \"a\":1 , \"b\":2 }\n", "- remove: [a, b]", "\n{}\n"),
        /* A value or a name in its place. */
        ROW("{ \"a\" :\t1 , \"b\":2 }", "- redact: [a]", "{ \"a\" :\t\"[redacted]\" , \"b\":2 }"),
        ROW("{ \"a\" :\t1 , \"b\":2 }", "- rename: {a: z}", "{ \"z\" :\t1 , \"b\":2 }"),
        /* A new member: after the last, without white space. */
        ROW("{ \"a\" : 1 \n}", "- set: {b: 2, c: 3}", "{ \"a\" : 1,\"b\":2,\"c\":3 \n}"),
        ROW("{ }", "- set: {b: 2}", "{\"b\":2 }"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* ---- Sizes ---- */

#define MIB (1u << 20)

START_TEST(test_texts_of_a_mebibyte)
{
    struct hs_buffer body, out, wanted;
    hs_buffer_init(&body, 16 * MIB);
    hs_buffer_init(&out, 16 * MIB);
    hs_buffer_init(&wanted, 16 * MIB);
    hs_buffer_append_text(&body, "{ \"a\":\"");
    hs_buffer_append_text(&wanted, "{ \"a\":\"");
    for (unsigned i = 0; i < MIB; i++) {
        hs_buffer_append_byte(&body, 'x');
        hs_buffer_append_byte(&wanted, i + 4 < MIB ? '*' : 'x');
    }
    hs_buffer_append_text(&body, "\" , \"b\":1.50 }");
    hs_buffer_append_text(&wanted, "\" , \"b\":1.50 }");
    ck_assert_int_eq(rows_edit(hs_buffer_slice(&body), "- mask: {fields: [a]}", &out), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&out), hs_buffer_slice(&wanted)));
    hs_buffer_clear(&out);
    ck_assert_int_eq(rows_edit(hs_buffer_slice(&body), "- remove: [a]", &out), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&out), HS_SLICE("{ \"b\":1.50 }")));
    hs_buffer_clear(&out);
    ck_assert_int_eq(rows_edit(hs_buffer_slice(&body),
                               "- truncate: {fields: [a], length: 2}\n- copy: {a: c}", &out),
                     0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&out),
                             HS_SLICE("{ \"a\":\"xx\" , \"b\":1.50,\"c\":\"xx\" }")));
    hs_buffer_free(&body);
    hs_buffer_free(&out);
    hs_buffer_free(&wanted);
}
END_TEST

/* 64 levels are edited at the bottom; what would make 65 fails and changes nothing. */
START_TEST(test_the_deepest_that_is_taken)
{
    char body[512], wanted[512], open[128] = "", close[128] = "", path[256] = "";
    for (unsigned i = 0; i < HS_JSON_DEPTH_MAX - 1; i++) {
        strcat(open, "[");
        strcat(close, "]");
    }
    for (unsigned i = 0; i < HS_JSON_PATH_STEPS_MAX - 1; i++)
        strcat(path, "[0]");
    snprintf(body, sizeof(body), "{\"a\":%s1%s,\"b\":2}", open, close);
    snprintf(wanted, sizeof(wanted), "{\"a\":%.31s3%.31s,\"b\":2}", open, close);
    char list[512];
    struct row row = {hs_slice_text(body), list, hs_slice_text(wanted)};
    snprintf(list, sizeof(list), "- set: {\"a%s\": 3}", path);
    rows_check(&row, 1);
    struct failing_row failing = {body, "- copy: {a: c.d}", -E2BIG, "64 levels"};
    rows_check_failures(&failing, 1);
}
END_TEST

HS_TEST_MAIN("unusual documents", test_members_that_stand_twice, test_unusual_names,
             test_unusual_texts, test_unusual_numbers, test_white_space_round_what_goes_and_comes,
             test_texts_of_a_mebibyte, test_the_deepest_that_is_taken)
