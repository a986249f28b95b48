/* time: between RFC 3339 and seconds or milliseconds since 1970. */
#include "rows.h"

START_TEST(test_times_are_written_otherwise)
{
    static const struct row rows[] = {
        ROW("{\"t\": \"2024-12-01T10:00:00Z\"}", "- time: {fields: [t], to: unix_s}",
            "{\"t\": 1733047200}"),
        ROW("{\"t\":\"2024-12-01T10:00:00.1239Z\"}", "- time: {field: t, to: unix_ms}",
            "{\"t\":1733047200123}"),
        ROW("{\"t\":\"2024-12-01T10:00:00.9Z\"}", "- time: {field: t, to: unix_s}",
            "{\"t\":1733047200}"),
        ROW("{\"t\":\"2024-12-01T15:30:00.25+05:30\"}", "- time: {field: t, to: rfc3339}",
            "{\"t\":\"2024-12-01T10:00:00.25Z\"}"),
        /* Unchanged values stay as received. */
        ROW("{\"t\":\"2024-12-01T10:00:00\\u005A\"}", "- time: {field: u, to: rfc3339}",
            "{\"t\":\"2024-12-01T10:00:00\\u005A\"}"),
        ROW("{\"t\":1733047200,\"u\":1733047200123,\"v\":0,\"w\":-1}",
            "- time: {fields: [t, u, v, w], to: rfc3339}",
            "{\"t\":\"2024-12-01T10:00:00Z\",\"u\":\"2024-12-01T10:00:00.123Z\","
            "\"v\":\"1970-01-01T00:00:00Z\",\"w\":\"1969-12-31T23:59:59Z\"}"),
        ROW("{\"t\":-1}", "- time: {field: t, from: unix_ms, to: rfc3339}",
            "{\"t\":\"1969-12-31T23:59:59.999Z\"}"),
        ROW("{\"t\":-1}", "- time: {field: t, from: unix_ms, to: unix_s}", "{\"t\":-1}"),
        ROW("{\"t\":\"1969-12-31T23:59:59.5Z\"}", "- time: {field: t, to: unix_ms}",
            "{\"t\":-500}"),
        ROW("{\"t\":99999999999,\"u\":100000000000}", "- time: {fields: [t, u], to: unix_ms}",
            "{\"t\":99999999999000,\"u\":100000000000}"),
        ROW("{\"t\":\"1733047200\"}", "- time: {field: t, from: unix_s, to: unix_ms}",
            "{\"t\":1733047200000}"),
        ROW("{\"t\":\"0000-01-01T00:00:00Z\",\"u\":\"9999-12-31T23:59:59.999Z\"}",
            "- time: {fields: [t, u], to: unix_ms}",
            "{\"t\":-62167219200000,\"u\":253402300799999}"),
        ROW("{\"t\":\"2016-12-31T23:59:60Z\"}", "- time: {field: t, to: rfc3339}",
            "{\"t\":\"2017-01-01T00:00:00Z\"}"),
        ROW("{\"timestamp\":\"2024-12-01T10:00:00Z\",\"data\":{}}",
            "- time: {field: timestamp, to: unix_s, into: data.at}",
            "{\"timestamp\":\"2024-12-01T10:00:00Z\",\"data\":{\"at\":1733047200}}"),
        ROW("{\"a\":null}", "- time: {fields: [a, b], to: unix_s}", "{\"a\":null}"),
        ROW("{\"a\":null}", "- time: {field: a, to: unix_s, into: c}", "{\"a\":null}"),
        ROW("{\"l\":[\"1970-01-01T00:00:01Z\",2]}", "- time: {fields: [\"l[*]\"], to: unix_ms}",
            "{\"l\":[1000,2000]}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_is_no_time)
{
    static const struct failing_row rows[] = {
        {"{\"t\":\"2024-02-30T10:00:00Z\"}", "- time: {field: t, to: unix_s}", -EINVAL,
         "time t: the month has no such day: write an RFC 3339 time as 2026-11-23T09:15"},
        {"{\"t\":\"1733047200\"}", "- time: {field: t, to: unix_s}", -EINVAL, "year"},
        {"{\"t\":1.5}", "- time: {field: t, to: rfc3339}", -EINVAL, "not a whole number"},
        {"{\"t\":1e9}", "- time: {field: t, to: rfc3339}", -EINVAL, "not a whole number"},
        {"{\"t\":1234567890123456}", "- time: {field: t, to: rfc3339}", -EINVAL, "15 digits"},
        {"{\"t\":253402300800}", "- time: {field: t, from: unix_s, to: unix_ms}", -ERANGE,
         "its year is not 0000 to 9999"},
        {"{\"t\":5}", "- time: {field: t, from: rfc3339, to: unix_s}", -EINVAL, "it is a number"},
        {"{\"t\":true}", "- time: {field: t, to: unix_s}", -EINVAL, "it is true, not a time"},
        {"{\"t\":[]}", "- time: {field: t, to: unix_s, into: u}", -EINVAL,
         "time t: it is an array"},
        {"{\"t\":0,\"u\":1}", "- time: {field: t, to: unix_s, into: u.v}", -ENOTDIR, "`u.v`"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_meant)
{
    static const struct finding_row rows[] = {
        {"  - time: [t]", 2, 11, "`to` is missing"},
        {"  - time: {to: unix_s}", 2, 11, "no field is given"},
        {"  - time: {field: t, fields: [u], to: unix_s}", 2, 19, "use one of them"},
        {"  - time: {fields: [t], into: u, to: unix_s}", 2, 31, "needs `field`"},
        {"  - time: {field: \"t[*]\", into: u, to: unix_s}", 2, 19, "many places"},
        {"  - time: {field: t, to: seconds}", 2, 26, "unix_s"},
        {"  - time: {field: t, to: unix_s, from: iso}", 2, 40, "rfc3339"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

HS_TEST_MAIN("time", test_times_are_written_otherwise, test_what_is_no_time,
             test_what_cannot_be_meant)
