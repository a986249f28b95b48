/* lower, upper, trim and truncate: what they change, what they leave, and where they cut. */
#include "rows.h"

START_TEST(test_lower_and_upper_change_ascii_alone)
{
    static const struct row rows[] = {
        ROW("{\"a\":\"Ab.Z@[`{9\",\"b\":\"X\"}", "- lower: [a]",
            "{\"a\":\"ab.z@[`{9\",\"b\":\"X\"}"),
        ROW("{\"a\":\"Ab.z@[`{9\"}", "- upper: [a]", "{\"a\":\"AB.Z@[`{9\"}"),
        ROW("{\"a\":\"\xC3\x89\xC3\xA9 \xC4\xB0 \xC3\x9F\"}", "- lower: [a]",
            "{\"a\":\"\xC3\x89\xC3\xA9 \xC4\xB0 \xC3\x9F\"}"),
        ROW("{\"a\":\"A\xC3\x89\"}", "- lower: a", "{\"a\":\"a\xC3\x89\"}"),
        ROW("{\"l\":[\"A\",null,1,true,\"b\"]}", "- lower: {fields: [\"l[*]\", nope]}",
            "{\"l\":[\"a\",null,1,true,\"b\"]}"),
        /* A text that decodes to the same keeps its escapes. */
        ROW("{\"a\":\"\\u0061\\ud800\"}", "- lower: [a]", "{\"a\":\"\\u0061\\ud800\"}"),
        ROW("{\"a\":\"\\u0041\\n\"}", "- lower: [a]", "{\"a\":\"a\\n\"}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_trim_takes_white_space_of_both_ends)
{
    static const struct row rows[] = {
        ROW("{\"a\":\" \\t\\r\\n a  b \\f\\u000b\"}", "- trim: [a]", "{\"a\":\"a  b\"}"),
        ROW("{\"a\":\"\xC2\xA0\xE3\x80\x80x\xE2\x80\x89\xC2\x85\"}", "- trim: [a]",
            "{\"a\":\"x\"}"),
        ROW("{\"a\":\" \xE2\x80\xAF \"}", "- trim: [a]", "{\"a\":\"\"}"),
        ROW("{\"a\":\"\",\"b\":null,\"c\":1.50}", "- trim: [a, b, c]",
            "{\"a\":\"\",\"b\":null,\"c\":1.50}"),
        /* U+200B and U+FEFF are not white space; U+00E0 only begins like U+00A0. */
        ROW("{\"a\":\"\xE2\x80\x8B\",\"b\":\"\xEF\xBB\xBF\",\"c\":\"\xC3\xA0\"}",
            "- trim: [a, b, c]",
            "{\"a\":\"\xE2\x80\x8B\",\"b\":\"\xEF\xBB\xBF\",\"c\":\"\xC3\xA0\"}"),
        ROW("{\"a\":\"\\u0000 x\"}", "- trim: [a]", "{\"a\":\"\\u0000 x\"}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

#define EURO "\xE2\x82\xAC"
#define GRIN "\xF0\x9F\x98\x80"

START_TEST(test_truncate_cuts_between_characters)
{
    static const struct row rows[] = {
        ROW("{\"a\":\"abcdef\",\"b\":\"abc\",\"c\":\"\"}",
            "- truncate: {fields: [a, b, c, nope], length: 3}",
            "{\"a\":\"abc\",\"b\":\"abc\",\"c\":\"\"}"),
        ROW("{\"a\":\"" GRIN EURO "xy\"}", "- truncate: {fields: [a], length: 2}",
            "{\"a\":\"" GRIN EURO "\"}"),
        ROW("{\"a\":\"" GRIN EURO "xy\"}", "- truncate: {fields: [a], length: 6, unit: bytes}",
            "{\"a\":\"" GRIN "\"}"),
        ROW("{\"a\":\"" GRIN EURO "xy\"}", "- truncate: {fields: [a], length: 7, unit: bytes}",
            "{\"a\":\"" GRIN EURO "\"}"),
        ROW("{\"a\":\"" GRIN "\"}", "- truncate: {fields: [a], length: 3, unit: bytes}",
            "{\"a\":\"\"}"),
        ROW("{\"a\":\"abcdef\",\"b\":\"abcd\"}",
            "- truncate: {fields: [a, b], length: 4, with: \"" EURO "\"}",
            "{\"a\":\"abc" EURO "\",\"b\":\"abcd\"}"),
        ROW("{\"a\":\"abcdef\"}",
            "- truncate: {fields: [a], length: 4, unit: bytes, with: \"" EURO "\"}",
            "{\"a\":\"a" EURO "\"}"),
        ROW("{\"a\":\"abc\"}", "- truncate: {fields: [a], length: 0}", "{\"a\":\"\"}"),
        ROW("{\"a\":\"\\ud83d\\ude00\\u0062c\"}", "- truncate: {fields: [a], length: 2}",
            "{\"a\":\"" GRIN "b\"}"),
        ROW("{\"a\":\"\\u0062c\",\"n\":123,\"t\":true,\"z\":null}",
            "- truncate: {fields: [a, n, t, z], length: 4}",
            "{\"a\":\"\\u0062c\",\"n\":123,\"t\":true,\"z\":null}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_done)
{
    static const struct failing_row rows[] = {
        {"{\"a\":[]}", "- lower: [a]", -EINVAL, "lower a: it is an array"},
        {"{\"a\":{}}", "- upper: [a]", -EINVAL, "upper a: it is an object"},
        {"{\"a\":{}}", "- trim: [a]", -EINVAL, "trim a: it is an object"},
        {"{\"a\":12345}", "- truncate: {fields: [a], length: 4}", -EINVAL,
         "truncate a: it is a number of more than 4 characters"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_meant)
{
    static const struct finding_row rows[] = {
        {"  - lower: []", 2, 12, "no field is given"},
        {"  - upper: {fields: [a], to: x}", 2, 26, "unknown key `to`"},
        {"  - trim: [\"a..b\"]", 2, 12, "is not a path"},
        {"  - truncate: [a]", 2, 15, "length"},
        {"  - truncate: {fields: [a], length: -1}", 2, 37, "not a whole number"},
        {"  - truncate: {fields: [a], length: 2, unit: chars}", 2, 46, "characters or bytes"},
        {"  - truncate: {fields: [a], length: 2, with: abc}", 2, 46, "longer than `length`"},
        {"  - truncate: {fields: [a], length: 2, unit: bytes, with: \"" EURO "\"}", 2, 59,
         "longer than `length`"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

HS_TEST_MAIN("texts", test_lower_and_upper_change_ascii_alone,
             test_trim_takes_white_space_of_both_ends, test_truncate_cuts_between_characters,
             test_what_cannot_be_done, test_what_cannot_be_meant)
