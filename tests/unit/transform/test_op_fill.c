/* default and cast. */
#include "rows.h"

START_TEST(test_default_gives_what_is_missing_or_null)
{
    static const struct row rows[] = {
        ROW("{\"data\":{}}", "- default: {data.c: USD}", "{\"data\":{\"c\":\"USD\"}}"),
        ROW("{\"data\":{\"c\": null}}", "- default: {data.c: USD}", "{\"data\":{\"c\": \"USD\"}}"),
        ROW("{\"a\":\"\",\"b\":0,\"c\":false,\"d\":{},\"e\":[]}",
            "- default: {a: 1, b: 1, c: 1, d: 1, e: 1}",
            "{\"a\":\"\",\"b\":0,\"c\":false,\"d\":{},\"e\":[]}"),
        ROW("{}", "- default: {a: 1.50, b: true, c: null, d: \"1\", e.f: x}",
            "{\"a\":1.50,\"b\":true,\"c\":null,\"d\":\"1\",\"e\":{\"f\":\"x\"}}"),
        ROW("{\"data\":{\"n\":1}}", "- default: {data.k: \"{type}/{data.n}\"}",
            "{\"data\":{\"n\":1,\"k\":\"queue.consumer.admitted/1\"}}"),
        /* A template that cannot be filled fails only where it is needed. */
        ROW("{\"data\":{\"k\":1}}", "- default: {data.k: \"{data.x}\"}", "{\"data\":{\"k\":1}}"),
        ROW("{\"l\":[{\"a\":null}]}", "- default: {\"l[0].a\": 2}", "{\"l\":[{\"a\":2}]}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_cast_keeps_digits)
{
    static const struct row rows[] = {
        ROW("{\"a\":149.90,\"b\":1e400,\"c\":true,\"d\":\"x\",\"e\":null,\"f\":-0}",
            "- cast: {fields: [a, b, c, d, e, f, nope], to: string}",
            "{\"a\":\"149.90\",\"b\":\"1e400\",\"c\":\"true\",\"d\":\"x\",\"e\":null,\"f\":\"-"
            "0\"}"),
        ROW("{\"a\":\"149.90\",\"b\":\"-1E+3\",\"c\":12345678901234567890.0,\"e\":null}",
            "- cast: {fields: [a, b, c, e], to: number}",
            "{\"a\":149.90,\"b\":-1E+3,\"c\":12345678901234567890.0,\"e\":null}"),
        ROW("{\"a\":\"42\",\"b\":3.00,\"c\":1e2,\"d\":\"-1.5e1\",\"f\":-0.0,\"g\":0e9,\"h\":-7}",
            "- cast: {fields: [a, b, c, d, f, g, h], to: integer}",
            "{\"a\":42,\"b\":3,\"c\":100,\"d\":-15,\"f\":0,\"g\":0,\"h\":-7}"),
        ROW("{\"a\":123456789012345678901234567890123456789012345678901234567890123456789}",
            "- cast: {fields: [a], to: integer}",
            "{\"a\":123456789012345678901234567890123456789012345678901234567890123456789}"),
        ROW("{\"a\":\"true\",\"b\":\"f\\u0061lse\",\"c\":true,\"d\":null}",
            "- cast: {fields: [a, b, c, d], to: boolean}",
            "{\"a\":true,\"b\":false,\"c\":true,\"d\":null}"),
        ROW("{\"l\":[\"1\",\"2.0\"]}", "- cast: {fields: [\"l[*]\"], to: integer}",
            "{\"l\":[1,2]}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_cast)
{
    static const char *const texts[] = {"",     " 1",   "1 ",       "01",   "+1",  ".5",
                                        "1.",   "1,5",  "0x10",     "NaN",  "1e",  "one",
                                        "true", "null", "1\\u0000", "\\t1", "--1", "1_000"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(texts); i++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"a\":\"%s\"}", texts[i]);
        const struct failing_row rows[] = {
            {body, "- cast: {fields: [a], to: number}", -EINVAL, "cast a: it is a text that is no"},
            {body, "- cast: {fields: [a], to: integer}", -EINVAL, "it is a text that is no"},
        };
        rows_check_failures(rows, HS_ARRAY_SIZE(rows));
    }
    static const struct failing_row rows[] = {
        {"{\"a\":true}", "- cast: {fields: [a], to: number}", -EINVAL, "it is true that is no"},
        {"{\"a\":1.5}", "- cast: {fields: [a], to: integer}", -EINVAL, "it is a number that is no"},
        {"{\"a\":1e-1}", "- cast: {fields: [a], to: integer}", -EINVAL, "that is not an integer"},
        {"{\"a\":1e64}", "- cast: {fields: [a], to: integer}", -ERANGE, "more than 64 digits"},
        {"{\"a\":1e99999999999999999999}", "- cast: {fields: [a], to: integer}", -ERANGE,
         "more than 64 digits"},
        {"{\"a\":1}", "- cast: {fields: [a], to: boolean}", -EINVAL, "boolean: true or false"},
        {"{\"a\":\"True\"}", "- cast: {fields: [a], to: boolean}", -EINVAL, "true or false"},
        {"{\"a\":[]}", "- cast: {fields: [a], to: string}", -EINVAL, "it is an array"},
        {"{\"a\":1}", "- default: {a.b: 1}", -ENOTDIR, "default: `a.b`: "},
        {"{}", "- default: {a: \"{data.x}\"}", -ENOENT, "default a: the event has no {data.x}"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_meant)
{
    static const struct finding_row rows[] = {
        {"  - default: [a]", 2, 14, "takes a mapping"},
        {"  - default: {a: [1]}", 2, 18, "`default` sets the field to one value"},
        {"  - default: {\"a[*]\": 1}", 2, 15, "many places"},
        {"  - default: {a: }", 2, 18, " value"},
        {"  - cast: [a]", 2, 11, "to"},
        {"  - cast: {fields: [a], to: int}", 2, 29, "integer"},
        {"  - cast: {to: string, fields: []}", 2, 11, "no field"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

HS_TEST_MAIN("default and cast", test_default_gives_what_is_missing_or_null, test_cast_keeps_digits,
             test_what_cannot_be_cast, test_what_cannot_be_meant)
