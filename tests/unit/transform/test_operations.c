/* The operations, byte for byte: a body, a list of transformations, and the resulting body. Most
 * rows show only `data`, for readability. */
#include "edit.h"

/* Applies the list (YAML, without the key) to a body; returns the code. */
static int edit(struct hs_slice body, const char *list, struct hs_buffer *ret_body)
{
    char yaml[4096];
    snprintf(yaml, sizeof(yaml), "transform:\n%s\n", list);
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    struct hs_event event = edit_event(body);
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &event);
    int code = hs_transform_apply(transform, work);
    struct hs_slice result;
    if (code == 0)
        code = hs_work_body(work, &result);
    if (code == 0)
        hs_buffer_append_slice(ret_body, result);
    hs_work_free(work);
    hs_transform_free(transform);
    hs_config_free(config);
    return code;
}

struct row {
    struct hs_slice body;
    const char *list;
    struct hs_slice want;
};
#define ROW(body, list, want)                                                                      \
    {                                                                                              \
        HS_SLICE(body), list, HS_SLICE(want)                                                       \
    }

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hs_buffer body;
        hs_buffer_init(&body, 1 << 20);
        int code = edit(rows[i].body, rows[i].list, &body);
        ck_assert_msg(code == 0, "%s: %s", rows[i].list, hs_error_text());
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&body), rows[i].want),
                      "%s\non   %s\ngave %.*s\nwant %s", rows[i].list, rows[i].body.data,
                      (int)body.size, body.data, rows[i].want.data);
        enum hs_json_kind kind;
        size_t offset;
        ck_assert_int_eq(hs_json_scan(hs_buffer_slice(&body), NULL, 0, &kind, &offset), 0);
        hs_buffer_free(&body);
    }
}

START_TEST(test_remove)
{
    static const struct row rows[] = {
        ROW("{\"a\":1,\"b\":2,\"c\":3}", "- remove: [b]", "{\"a\":1,\"c\":3}"),
        ROW("{\"a\":1,\"b\":2,\"c\":3}", "- remove: [a, c]", "{\"b\":2}"),
        ROW("{\"a\":1}", "- remove: [a]", "{}"),
        ROW("{\"a\":1}", "- remove: [b, a.x, \"a[0]\"]", "{\"a\":1}"),
        ROW("{\"a\":1}", "- remove: b", "{\"a\":1}"),
        ROW("{\"d\":[{\"p\":1,\"q\":2},{\"q\":3},4]}", "- remove: [\"d[*].q\"]",
            "{\"d\":[{\"p\":1},{},4]}"),
        ROW("{\"d\":[1,2,3]}", "- remove: [\"d[1]\"]", "{\"d\":[1,3]}"),
        ROW("{\"d\":[1,2,3]}", "- remove: [\"d[*]\"]", "{\"d\":[]}"),
        /* A duplicate member, or one with escapes, is removed entirely. */
        ROW("{\"t\":1,\"x\":0,\"t\":2}", "- remove: [t]", "{\"x\":0}"),
        ROW("{\"d\":{\"t\":1},\"d\":{\"t\":2}}", "- remove: [d.t]", "{\"d\":{},\"d\":{}}"),
        ROW("{\"\\u0074\":1,\"x\":0}", "- remove: [t]", "{\"x\":0}"),
        ROW("{\"a.b\":1,\"a\":{\"b\":2}}", "- remove: ['[\"a.b\"]']", "{\"a\":{\"b\":2}}"),
        ROW("{\"a\":1,\"b\":2}", "- remove: {fields: [a]}", "{\"b\":2}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_is_not_named_keeps_its_bytes)
{
    static const struct row rows[] = {
        ROW("{\"n\":149.90,\"i\":12345678901234567890,\"h\":1e400,\"z\":-0,\"f\":0.10E+02,\"x\":1}",
            "- remove: [x]",
            "{\"n\":149.90,\"i\":12345678901234567890,\"h\":1e400,\"z\":-0,\"f\":0.10E+02}"),
        ROW("{\"s\":\"a\\u0000b\",\"l\":\"\\ud800\",\"e\":\"\\/\\u00e9\xC3\xA9\",\"x\":1}",
            "- remove: [x]",
            "{\"s\":\"a\\u0000b\",\"l\":\"\\ud800\",\"e\":\"\\/\\u00e9\xC3\xA9\"}"),
        ROW("{\"b\":1,\"a\":2,\"b\":3,\"x\":1}", "- remove: [x]", "{\"b\":1,\"a\":2,\"b\":3}"),
        ROW(" { \"a\" : [ 1 , 2 ] } \n", "- remove: [nope]", " { \"a\" : [ 1 , 2 ] } \n"),
        ROW("{\"p\":149.90,\"q\":\"\\u0000\\ud800\"}", "- copy: {p: r, q: s}",
            "{\"p\":149.90,\"q\":\"\\u0000\\ud800\",\"r\":149.90,\"s\":\"\\u0000\\ud800\"}"),
        ROW("{\"p\":1e400,\"q\":-0}", "- rename: {p: pp}", "{\"pp\":1e400,\"q\":-0}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_keep)
{
    static const struct row rows[] = {
        ROW("{\"id\":1,\"type\":2,\"data\":{\"a\":3,\"b\":{\"c\":4,\"d\":5}}}",
            "- keep: [id, data.b.c]", "{\"id\":1,\"data\":{\"b\":{\"c\":4}}}"),
        ROW("{\"id\":1,\"data\":{\"a\":3}}", "- keep: [data]", "{\"data\":{\"a\":3}}"),
        ROW("{\"id\":1,\"data\":{\"a\":3}}", "- keep: [nope]", "{}"),
        ROW("{\"d\":[{\"p\":1,\"q\":2},{\"p\":3}],\"x\":0}", "- keep: [\"d[*].p\"]",
            "{\"d\":[{\"p\":1},{\"p\":3}]}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_rename)
{
    static const struct row rows[] = {
        ROW("{\"a\":1,\"b\":2}", "- rename: {a: z}", "{\"z\":1,\"b\":2}"),
        ROW("{\"d\":{\"a\":1}}", "- rename: {d.a: z}", "{\"d\":{\"z\":1}}"),
        ROW("{\"a\":1}", "- rename: {b: z}", "{\"a\":1}"),
        ROW("{\"a\":1}", "- rename: {a: a}", "{\"a\":1}"),
        ROW("{\"a\":1,\"z\":2,\"y\":3}", "- rename: {a: z}", "{\"z\":1,\"y\":3}"),
        ROW("{\"z\":2,\"a\":1}", "- rename: {a: z}", "{\"z\":1}"),
        ROW("{\"d\":[{\"a\":1},{\"b\":2},3,{\"a\":4}]}", "- rename: {\"d[*].a\": z}",
            "{\"d\":[{\"z\":1},{\"b\":2},3,{\"z\":4}]}"),
        ROW("{\"a\":1}", "- rename: {a: '[\"x.y\"]'}", "{\"x.y\":1}"),
        ROW("{\"a\":1}", "- rename: {a: 'q\"'}", "{\"q\\\"\":1}"),
        ROW("{\"a\":1,\"b\":2}", "- rename: {a: c, b: a}", "{\"c\":1,\"a\":2}"),
        ROW("{\"a\":1,\"x\":0,\"a\":2}", "- rename: {a: z}", "{\"x\":0,\"z\":2}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_copy)
{
    static const struct row rows[] = {
        ROW("{\"a\":{\"x\":[1]},\"b\":2}", "- copy: {a: c}",
            "{\"a\":{\"x\":[1]},\"b\":2,\"c\":{\"x\":[1]}}"),
        ROW("{\"a\":1}", "- copy: {a: d.e.f}", "{\"a\":1,\"d\":{\"e\":{\"f\":1}}}"),
        ROW("{\"a\":1,\"b\":2}", "- copy: {a: b}", "{\"a\":1,\"b\":1}"),
        ROW("{\"a\":1}", "- copy: {n: b}", "{\"a\":1}"),
        ROW("{\"a\":null}", "- copy: {a: b}", "{\"a\":null,\"b\":null}"),
        ROW("{\"a\":{\"b\":1}}", "- copy: {a: a.c}", "{\"a\":{\"b\":1,\"c\":{\"b\":1}}}"),
        ROW("{\"a\":{\"b\":1}}", "- copy: {a.b: a}", "{\"a\":1}"),
        /* A copied field is available to the next operation. */
        ROW("{\"a\":{\"b\":1,\"t\":2}}", "- copy: {a: c}\n- remove: [c.t]",
            "{\"a\":{\"b\":1,\"t\":2},\"c\":{\"b\":1}}"),
        ROW("{\"a\":{\"b\":1,\"t\":2}}", "- remove: [a.t]\n- copy: {a: c}",
            "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"),
        ROW("{\"l\":[1,2]}", "- copy: {\"l[1]\": \"l[0]\"}", "{\"l\":[2,2]}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_set)
{
    static const struct row rows[] = {
        ROW("{\"a\":1}", "- set: {b: web}", "{\"a\":1,\"b\":\"web\"}"),
        ROW("{\"a\":1}", "- set: {a: 149.90}", "{\"a\":149.90}"),
        ROW("{}", "- set: {a: 12345678901234567890, b: 1e400, c: -0}",
            "{\"a\":12345678901234567890,\"b\":1e400,\"c\":-0}"),
        ROW("{}", "- set: {a: true, b: false, c: null}", "{\"a\":true,\"b\":false,\"c\":null}"),
        ROW("{}", "- set: {a: \"1\", b: 'true', c: \"\"}",
            "{\"a\":\"1\",\"b\":\"true\",\"c\":\"\"}"),
        ROW("{}", "- set: {a: 007, b: True, c: 1., d: .5}",
            "{\"a\":\"007\",\"b\":\"True\",\"c\":\"1.\",\"d\":\".5\"}"),
        ROW("{}", "- set: {x.y.z: 1}", "{\"x\":{\"y\":{\"z\":1}}}"),
        ROW("{\"data\":{\"q\":\"a\\\"\\u0000\",\"n\":5}}",
            "- set: {s: \"{type}/{data.q}/{data.n}\", r: \"{received}\"}",
            "{\"data\":{\"q\":\"a\\\"\\u0000\",\"n\":5},"
            "\"s\":\"queue.consumer.admitted/a\\\"\\u0000/5\","
            "\"r\":\"2026-11-23T09:15:00.123Z\"}"),
        ROW("{}", "- set: {a: \"{{x}}\"}", "{\"a\":\"{x}\"}"),
        ROW("{}", "- set: {a: \"{data.x|none}\"}", "{\"a\":\"none\"}"),
        /* A template sees earlier edits; the envelope's words stay as received. */
        ROW("{\"organizationId\":\"o\",\"data\":{\"a\":\"x\"}}",
            "- set: {data.a: y, organizationId: changed}\n"
            "- set: {data.b: \"{data.a}{organizationId}\"}",
            "{\"organizationId\":\"changed\",\"data\":{\"a\":\"y\",\"b\":\"yo\"}}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_redact)
{
    static const struct row rows[] = {
        ROW("{\"a\":\"x\",\"b\":1,\"c\":{\"d\":2},\"e\":null,\"f\":true}",
            "- redact: [a, b, c, e, f, nope]",
            "{\"a\":\"[redacted]\",\"b\":\"[redacted]\",\"c\":\"[redacted]\",\"e\":null,"
            "\"f\":\"[redacted]\"}"),
        ROW("{\"a\":\"x\"}", "- redact: {fields: [a], with: \"\\\"-\\\"\"}",
            "{\"a\":\"\\\"-\\\"\"}"),
        ROW("{\"l\":[{\"p\":1},{\"p\":2}]}", "- redact: [\"l[*].p\"]",
            "{\"l\":[{\"p\":\"[redacted]\"},{\"p\":\"[redacted]\"}]}"),
        ROW("{\"a\":1,\"a\":2}", "- redact: [a]", "{\"a\":\"[redacted]\",\"a\":\"[redacted]\"}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_mask)
{
    static const struct row rows[] = {
        ROW("{\"p\":\"+15551234567\"}", "- mask: [p]", "{\"p\":\"********4567\"}"),
        ROW("{\"p\":\"+15551234567\"}",
            "- mask: {fields: [p], keep_last: 2, keep_first: 3, with: x}",
            "{\"p\":\"+15xxxxxxx67\"}"),
        ROW("{\"p\":\"abc\"}", "- mask: {fields: [p], keep_last: 0}", "{\"p\":\"***\"}"),
        /* Too short to keep any: masked whole. */
        ROW("{\"p\":\"1234\",\"q\":\"12345\",\"r\":\"\"}", "- mask: [p, q, r]",
            "{\"p\":\"****\",\"q\":\"*2345\",\"r\":\"\"}"),
        /* Characters, not bytes. */
        ROW("{\"p\":\"\xC3\xA9\xF0\x9F\x98\x80\xE2\x82\xAC"
            "ab\"}",
            "- mask: {fields: [p], keep_last: 3}",
            "{\"p\":\"**\xE2\x82\xAC"
            "ab\"}"),
        ROW("{\"p\":\"\\ud83d\\ude00\\u00e9abc\"}",
            "- mask: {fields: [p], keep_first: 1, keep_last: 0}",
            "{\"p\":\"\xF0\x9F\x98\x80****\"}"),
        ROW("{\"p\":\"ab\"}", "- mask: {fields: [p], keep_last: 0, with: \"\xE2\x80\xA2\"}",
            "{\"p\":\"\xE2\x80\xA2\xE2\x80\xA2\"}"),
        ROW("{\"p\":\"a\\u0000b\\nc\"}", "- mask: {fields: [p], keep_last: 2, keep_first: 2}",
            "{\"p\":\"a\\u0000*\\nc\"}"),
        ROW("{\"p\":\"\\ud800abcd\"}", "- mask: [p]", "{\"p\":\"*abcd\"}"),
        ROW("{\"n\":12345.60,\"t\":true,\"z\":null}", "- mask: {fields: [n, t, z], keep_last: 3}",
            "{\"n\":\"*****.60\",\"t\":\"*rue\",\"z\":null}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?". */
#define RFC4231 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
/* printf 149.90 | openssl dgst -sha256 -hmac Jefe, and of the empty text and of a NUL. */
#define OF_NUMBER "99574860b535173adf6702408a6d1b2609ba3f4ec07c359b4297f5e7c0e2f3b0"
#define OF_EMPTY "923598ca6d64af2a5dba79dcd021a8a0fe5c5f557519adaaf0ad532d4506dd30"
#define OF_NUL "b673dc17f22b360d267af4bf852334fa37e194200550ac22ff29d55ee5fc8e90"

START_TEST(test_hash)
{
    static const struct row rows[] = {
        ROW("{\"e\":\"what do ya want for nothing?\",\"f\":\"w\\u0068at do ya want for nothing?\"}",
            "- hash: {fields: [e, f, nope], key: Jefe}",
            "{\"e\":\"" RFC4231 "\",\"f\":\"" RFC4231 "\"}"),
        ROW("{\"n\":149.90,\"z\":null,\"s\":\"\",\"u\":\"\\u0000\"}",
            "- hash: {fields: [n, z, s, u], key: Jefe}",
            "{\"n\":\"" OF_NUMBER "\",\"z\":null,\"s\":\"" OF_EMPTY "\",\"u\":\"" OF_NUL "\"}"),
        ROW("{\"l\":[\"what do ya want for nothing?\",\"\"]}",
            "- hash: {fields: [\"l[*]\"], key: Jefe}",
            "{\"l\":[\"" RFC4231 "\",\"" OF_EMPTY "\"]}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_when)
{
    static const struct row rows[] = {
        ROW("{\"data\":{\"s\":\"won\",\"x\":1}}", "- remove: [data.x]\n  when: data.s == 'won'",
            "{\"data\":{\"s\":\"won\"}}"),
        ROW("{\"data\":{\"s\":\"lost\",\"x\":1}}", "- remove: [data.x]\n  when: data.s == 'won'",
            "{\"data\":{\"s\":\"lost\",\"x\":1}}"),
        /* Evaluated on the event as the previous items left it. */
        ROW("{\"data\":{\"s\":\"lost\"}}",
            "- set: {data.s: won}\n- set: {data.y: 1}\n  when: data.s == 'won'",
            "{\"data\":{\"s\":\"won\",\"y\":1}}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_failures_say_what_and_where)
{
    static const struct {
        const char *body, *list;
        int code;
        const char *words;
    } rows[] = {
        {"{\"a\":{}}", "- mask: [a]", -EINVAL, "mask a: it is an object"},
        {"{\"a\":[]}", "- hash: {fields: [a], key: k}", -EINVAL, "hash a: it is an array"},
        {"{\"a\":1}", "- set: {a.b: 1}", -ENOTDIR, "set: `a.b`: "},
        {"{\"a\":1}", "- copy: {a: a.b}", -ENOTDIR, "copy: `a.b`: "},
        {"{\"a\":[]}", "- set: {\"a[3]\": 1}", -ENOTDIR, "set: `a[3]`: "},
        {"{}", "- set: {a: \"{data.x}\"}", -ENOENT, "set a: the event has no {data.x}"},
        {"[}", "- remove: [a]", -EINVAL, "not JSON"},
        {"{\"data\":", "- remove: [a]\n  when: data.x == 1", -EINVAL, "not JSON"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_buffer body;
        hs_buffer_init(&body, 1 << 20);
        int code = edit(hs_slice_text(rows[i].body), rows[i].list, &body);
        ck_assert_msg(code == rows[i].code, "%s: %d", rows[i].list, code);
        ck_assert_msg(strstr(hs_error_text(), rows[i].words) != NULL, "%s: %s", rows[i].list,
                      hs_error_text());
        hs_buffer_free(&body);
    }
}
END_TEST

START_TEST(test_skip_leaves_what_failed_and_does_the_rest)
{
    static const struct row rows[] = {
        ROW("{\"a\":{},\"b\":\"secret\"}",
            "- mask: {fields: [a, b], keep_last: 0}\n  on_error: skip",
            "{\"a\":{},\"b\":\"******\"}"),
        ROW("{\"l\":[\"x\",{},\"y\"]}",
            "- mask: {fields: [\"l[*]\"], keep_last: 0}\n  on_error: skip",
            "{\"l\":[\"*\",{},\"*\"]}"),
        ROW("{\"a\":1}", "- set: {a.b: 1, c: 2}\n  on_error: skip\n- set: {d: 3}",
            "{\"a\":1,\"c\":2,\"d\":3}"),
    };
    check_rows(rows, HS_ARRAY_SIZE(rows));
    struct hs_buffer body;
    hs_buffer_init(&body, 1 << 20);
    ck_assert_int_eq(edit(HS_SLICE("{\"a\":{}}"), "- mask: [a]\n  on_error: dead_letter", &body),
                     -EINVAL);
    hs_buffer_free(&body);
}
END_TEST

/* Copying a value into itself doubles it: 64 such items would never finish. */
START_TEST(test_growth_is_bounded)
{
    char list[4096] = "";
    for (int i = 0; i < 40; i++)
        sprintf(list + strlen(list), "- copy: {d: e%d}\n- copy: {e%d: d.x%d}\n", i, i, i);
    char body[1100];
    memset(body, 'x', sizeof(body));
    memcpy(body, "{\"d\":{\"s\":\"", 11);
    memcpy(body + 1090, "\"}}", 3);
    struct hs_buffer out;
    hs_buffer_init(&out, 1 << 20);
    /* 64 items are allowed; 60 make 2^30 times the first. */
    char *cut = list;
    for (int lines = 0; lines < 60; lines++)
        cut = strchr(cut, '\n') + 1;
    *cut = '\0';
    int code = edit(hs_slice(body, 1093), list, &out);
    ck_assert_msg(code == -EMSGSIZE, "%d: %s", code, hs_error_text());
    hs_buffer_free(&out);
}
END_TEST

START_TEST(test_depth_is_bounded)
{
    char body[1024] = "{\"a\":";
    for (int i = 0; i < 62; i++)
        strcat(body, "[");
    for (int i = 0; i < 62; i++)
        strcat(body, "]");
    strcat(body, "}");
    struct hs_buffer out;
    hs_buffer_init(&out, 1 << 20);
    ck_assert_int_eq(edit(hs_slice_text(body), "- copy: {a: b.c}", &out), 0);
    enum hs_json_kind kind;
    size_t offset;
    ck_assert_int_eq(hs_json_scan(hs_buffer_slice(&out), NULL, 0, &kind, &offset), 0);
    ck_assert_int_eq(edit(hs_slice_text(body), "- copy: {a: b.c.d}", &out), -E2BIG);
    hs_buffer_free(&out);
}
END_TEST

START_TEST(test_empty_lists)
{
    struct hs_config *config = edit_config("transform: []");
    struct hs_transform *none = hs_transform_compile(config, NULL);
    struct hs_transform *empty =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    ck_assert(hs_transform_is_empty(none) && hs_transform_is_empty(empty));
    edit_expect_no_findings(config, "transform: []");
    hs_transform_free(none);
    hs_transform_free(empty);
    hs_transform_free(NULL);
    hs_config_free(config);
}
END_TEST

/* 40,000 members with the old name and as many with the new: each is visited once, or Check times
 * out. */
START_TEST(test_many_members_of_one_name)
{
    struct hs_buffer body, out;
    hs_buffer_init(&body, 4 << 20);
    hs_buffer_init(&out, 4 << 20);
    hs_buffer_append_text(&body, "{\"data\":{");
    for (unsigned i = 0; i < 40000; i++)
        hs_buffer_printf(&body, "\"a\":%u,\"b\":0,", i);
    hs_buffer_append_text(&body, "\"c\":1}}");
    ck_assert_int_eq(edit(hs_buffer_slice(&body), "  - rename: {data.a: b}", &out), 0);
    ck_assert_str_eq((hs_buffer_append_byte(&out, '\0'), out.data),
                     "{\"data\":{\"b\":39999,\"c\":1}}");
    hs_buffer_free(&body);
    hs_buffer_free(&out);
}
END_TEST

HS_TEST_MAIN("operations", test_many_members_of_one_name, test_remove,
             test_what_is_not_named_keeps_its_bytes, test_keep, test_rename, test_copy, test_set,
             test_redact, test_mask, test_hash, test_when, test_failures_say_what_and_where,
             test_skip_leaves_what_failed_and_does_the_rest, test_growth_is_bounded,
             test_depth_is_bounded, test_empty_lists)
