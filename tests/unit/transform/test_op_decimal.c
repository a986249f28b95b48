/* decimal: money to minor units, and the table of currencies. */
#include "rows.h"

#include "operations/currency.h"

#define BY_FIELD "- decimal: {field: data.a, currency: data.c, into: data.m}"

START_TEST(test_amounts_become_minor_units_exactly)
{
    static const struct {
        const char *amount, *currency, *want; /* as JSON */
    } rows[] = {
        {"\"149.99\"", "USD", "14999"},
        {"\"149.9\"", "USD", "14990"},
        {"\"149\"", "USD", "14900"},
        {"\"-149.99\"", "USD", "-14999"},
        {"\"0\"", "USD", "0"},
        {"\"-0.00\"", "USD", "0"},
        {"\"0.01\"", "USD", "1"},
        {"\"0.10\"", "EUR", "10"},
        {"\"1500\"", "JPY", "1500"},
        {"\"-1\"", "KRW", "-1"},
        {"\"1.234\"", "KWD", "1234"},
        {"\"1.2\"", "BHD", "1200"},
        {"\"1.2345\"", "CLF", "12345"},
        {"\"0.0001\"", "UYW", "1"},
        {"149.99", "USD", "14999"},
        {"149.90", "USD", "14990"},
        {"1.4999e2", "USD", "14999"},
        {"0.1", "USD", "10"},
        {"2.675", "TND", "2675"},
        {"\"92233720368547758.07\"", "USD", "9223372036854775807"},
        {"\"-92233720368547758.08\"", "USD", "-9223372036854775808"},
        {"\"\\u0031.50\"", "USD", "150"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        char body[256], want[256];
        snprintf(body, sizeof(body), "{\"data\":{\"a\":%s,\"c\":\"%s\"}}", rows[i].amount,
                 rows[i].currency);
        snprintf(want, sizeof(want), "{\"data\":{\"a\":%s,\"c\":\"%s\",\"m\":%s}}", rows[i].amount,
                 rows[i].currency, rows[i].want);
        struct row row = {hs_slice_text(body), BY_FIELD, hs_slice_text(want)};
        rows_check(&row, 1);
    }
}
END_TEST

START_TEST(test_currency_said_otherwise)
{
    static const struct row rows[] = {
        ROW("{\"a\":\"1.50\"}", "- decimal: {field: a, code: USD}", "{\"a\":150}"),
        ROW("{\"a\":\"1.50\"}", "- decimal: {field: a, exponent: 3, into: b.c}",
            "{\"a\":\"1.50\",\"b\":{\"c\":1500}}"),
        ROW("{\"a\":\"12\"}", "- decimal: {field: a, exponent: 0}", "{\"a\":12}"),
        ROW("{\"a\":\"1500.00\"}", "- decimal: {field: a, code: JPY, drop_zeros: true}",
            "{\"a\":1500}"),
        ROW("{\"l\":[\"1\",null,\"2.5\"],\"c\":\"USD\"}",
            "- decimal: {field: \"l[*]\", currency: c}", "{\"l\":[100,null,250],\"c\":\"USD\"}"),
        /* A missing or null amount needs no currency. */
        ROW("{\"data\":{\"a\":null}}", BY_FIELD, "{\"data\":{\"a\":null}}"),
        ROW("{\"data\":{\"m\":7}}", BY_FIELD, "{\"data\":{\"m\":7}}"),
        ROW("{\"a\":\"1\"}", "- default: {c: USD}\n- decimal: {field: a, currency: c, into: m}",
            "{\"a\":\"1\",\"c\":\"USD\",\"m\":100}"),
    };
    rows_check(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_is_no_amount)
{
    static const char *const amounts[] = {"",
                                          " 1",
                                          "1 ",
                                          "1,50",
                                          "1.",
                                          ".5",
                                          "+1",
                                          "1e2",
                                          "1E2",
                                          "$1",
                                          "1.5.0",
                                          "01.50",
                                          "-",
                                          "0x1",
                                          "NaN",
                                          "1 500",
                                          "--1",
                                          "\\u0000",
                                          "1-",
                                          "\xC2\xA0"
                                          "1"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(amounts); i++) {
        char body[256];
        snprintf(body, sizeof(body), "{\"data\":{\"a\":\"%s\",\"c\":\"USD\"}}", amounts[i]);
        struct failing_row row = {
            body, BY_FIELD, -EINVAL,
            "decimal data.a: it is a text that is not an amount such as 149.99"};
        rows_check_failures(&row, 1);
    }
    static const struct failing_row rows[] = {
        {"{\"data\":{\"a\":\"1.500\",\"c\":\"USD\"}}", BY_FIELD, -EDOM,
         "more than 2 decimal places"},
        {"{\"data\":{\"a\":1.505,\"c\":\"USD\"}}", BY_FIELD, -EDOM, "more than 2 decimal places"},
        {"{\"data\":{\"a\":1e-3,\"c\":\"USD\"}}", BY_FIELD, -EDOM, "more than 2 decimal places"},
        {"{\"data\":{\"a\":\"1.0\",\"c\":\"JPY\"}}", BY_FIELD, -EDOM, "more than 0 decimal places"},
        {"{\"a\":\"1.50\"}", "- decimal: {field: a, code: JPY, drop_zeros: true}", -EDOM,
         "that are not zero"},
        {"{\"data\":{\"a\":\"92233720368547758.08\",\"c\":\"USD\"}}", BY_FIELD, -ERANGE, "64 bits"},
        {"{\"data\":{\"a\":\"-92233720368547758.09\",\"c\":\"USD\"}}", BY_FIELD, -ERANGE,
         "64 bits"},
        {"{\"data\":{\"a\":1e400,\"c\":\"USD\"}}", BY_FIELD, -ERANGE, "64 bits"},
        {"{\"data\":{\"a\":true,\"c\":\"USD\"}}", BY_FIELD, -EINVAL, "it is true that is no"},
        {"{\"data\":{\"a\":{},\"c\":\"USD\"}}", BY_FIELD, -EINVAL, "it is an object"},
        {"{\"data\":{\"a\":\"1\"}}", BY_FIELD, -ENOENT,
         " data.c is missing, so the currency is unknown"},
        {"{\"data\":{\"a\":\"1\",\"c\":null}}", BY_FIELD, -ENOENT, " data.c"},
        {"{\"data\":{\"a\":\"1\",\"c\":840}}", BY_FIELD, -EINVAL, "data.c is a number"},
        {"{\"data\":{\"a\":\"1\",\"c\":\"usd\"}}", BY_FIELD, -EINVAL,
         "data.c: `usd` is not an active currency"},
        {"{\"data\":{\"a\":\"1\",\"c\":\"DEM\"}}", BY_FIELD, -EINVAL, "`DEM` is not an active"},
        {"{\"data\":{\"a\":\"1\",\"c\":\"Jane Doe\"}}", BY_FIELD, -EINVAL, "currency code"},
        {"{\"data\":{\"a\":\"1\",\"c\":\"XAU\"}}", BY_FIELD, -EINVAL, "XAU has no minor unit"},
        {"{\"a\":\"1\",\"b\":2}", "- decimal: {field: a, code: USD, into: b.c}", -ENOTDIR,
         "decimal: `b.c`"},
    };
    rows_check_failures(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_what_cannot_be_meant)
{
    static const struct finding_row rows[] = {
        {"  - decimal: data.a", 2, 14, "takes a mapping"},
        {"  - decimal: {field: a}", 2, 14, "here are 0"},
        {"  - decimal: {field: a, code: USD, exponent: 2}", 2, 14, "here are 2"},
        {"  - decimal: {field: a, code: usd}", 2, 31, "`usd` is not an active currency"},
        {"  - decimal: {field: a, code: XXX}", 2, 31, "no minor unit"},
        {"  - decimal: {field: a, exponent: 19}", 2, 35, "18"},
        {"  - decimal: {currency: c}", 2, 14, "`field` is missing"},
        {"  - decimal: {field: \"a[*]\", code: USD, into: b}", 2, 22, "many places"},
        {"  - decimal: {field: a, code: USD, into: \"b[*]\"}", 2, 42, "many places"},
    };
    rows_check_findings(rows, HS_ARRAY_SIZE(rows));
}
END_TEST

/* The table is searched by bisection: every code must be found. */
START_TEST(test_every_currency_is_found)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    unsigned counts[5] = {0}, without = 0;
    for (unsigned i = 0; i < 26 * 26 * 26; i++) {
        char code[4] = {letters[i / 676], letters[i / 26 % 26], letters[i % 26], '\0'};
        unsigned exponent;
        if (hs_currency_exponent(hs_slice_text(code), &exponent) == 0)
            counts[exponent]++;
        else
            without += strstr(hs_error_text(), "no minor unit") != NULL;
    }
    /* ISO 4217, list one of 2026-01-01. */
    ck_assert_uint_eq(counts[0], 17);
    ck_assert_uint_eq(counts[1], 0);
    ck_assert_uint_eq(counts[2], 139);
    ck_assert_uint_eq(counts[3], 7);
    ck_assert_uint_eq(counts[4], 2);
    ck_assert_uint_eq(without, 13);
}
END_TEST

HS_TEST_MAIN("decimal", test_amounts_become_minor_units_exactly, test_currency_said_otherwise,
             test_what_is_no_amount, test_what_cannot_be_meant, test_every_currency_is_found)
