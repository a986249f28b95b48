/* Conditions: texts and their results, exact numbers, ties, and faults at their column. */
#include "edit.h"
#include "number.h"

#define BODY                                                                                       \
    "{\"id\":\"whk_1\",\"type\":\"queue.consumer.admitted\","                                      \
    "\"timestamp\":\"2024-12-01T10:00:00Z\",\"data\":{\"state\":\"won\",\"amount\":149.90,"        \
    "\"money\":\"149.90\",\"big\":12345678901234567890,\"huge\":1e400,\"yes\":true,\"no\":false,"  \
    "\"none\":null,\"esc\":\"a\\u0062c\\u0000\",\"zero\":-0,\"o\":{},\"and\":1,\"a b\":2,"         \
    "\"quote\":\"it's\","                                                                          \
    "\"minus\":\"-1.5\",\"hex\":\"12e4\",\"zeros\":\"007\"}}"

/* `when: >-` keeps the text unchanged, whatever quotes it has. */
static struct hs_condition *compile(struct hs_config **ret_config, const char *text)
{
    char yaml[6000];
    snprintf(yaml, sizeof(yaml), "when: |-\n  %s\n", text);
    *ret_config = edit_config(yaml);
    return hs_condition_compile(*ret_config, hs_node_get(hs_config_root(*ret_config), "when"));
}

static int holds(const char *text, struct hs_slice event_body)
{
    struct hs_config *config;
    struct hs_condition *condition = compile(&config, text);
    edit_expect_no_findings(config, text);
    ck_assert_ptr_nonnull(condition);
    struct hs_event event = edit_event(event_body);
    event.headers[event.header_count++] =
        (struct hs_header){HS_SLICE("x-fanfare-retry-count"), HS_SLICE("3")};
    struct hs_work *work = hs_work_create();
    hs_work_begin(work, &event);
    int code = hs_condition_holds(condition, work);
    hs_work_free(work);
    hs_condition_free(condition);
    hs_config_free(config);
    return code;
}

START_TEST(test_holds)
{
    static const char *const yes[] = {
        "data.state == 'won'",
        "data.state == \"won\"",
        "data.state == \"w\\u006fn\"",
        "data.state=='won'",
        "data.state != 'lost'",
        "type == 'queue.consumer.admitted' and family == 'queue' and source == 'fanfare'",
        "id == 'whk_1'",
        "time == '2024-12-01T10:00:00Z'",
        "received == '2026-11-23T09:15:00.123Z'",
        "data.amount == 149.9",
        "data.amount == 1499e-1",
        "data.amount != 149.91",
        "data.money == '149.90'",
        "data.money == 149.90",
        "data.money == '149.9'",
        "data.amount == '149.90'",
        "data.money != 149.91",
        "data.money < 150 and data.money > '149.89999999999999999999'",
        "data.money <= 149.9 and data.money >= 149.900",
        "not data.money < 149.90 and not data.money > 149.90",
        "data.minus < 0 and data.minus < '-1' and data.minus > -2",
        "data.big > 12345678901234567889 and data.huge > 9.99e399",
        "data.hex == '12e4' and data.hex != 120000 and data.zeros != 7 and data.zeros == '007'",
        "not data.state < 5 and not data.state >= 5",
        "not data.yes > 0 and not data.none < 1 and not data.o <= 1 and not data.nope < 1",
        "time < '2024-12-01T10:00:00.001Z' and time >= '2024-12-01T09:00:00-01:00'",
        "time == '2024-12-01T11:00:00+01:00' and received > '2026-11-23T09:15:00.12Z'",
        "not time < 5 and not data.money < '2026-11-23T09:15:00Z'",
        "type in ['order.created', 'queue.consumer.admitted']",
        "type in['queue.consumer.admitted']",
        "data.money in [1, 149.900, true] and data.yes in [true] and data.none in [null]",
        "not data.nope in ['x', null] and not data.state in ['wo', 'on']",
        "data[\"a b\"] in [1,2]",
        "type matches 'queue\\.[a-z]+\\.admitted' and id matches \"whk_\\\\d\"",
        "data.esc matches 'abc.' and data.amount matches '\\d+\\.90'",
        "not type matches 'queue' and not data.o matches '.*' and not data.nope matches '.*'",
        "header['x-fanfare-retry-count'] >= 2 and header[\"X-Fanfare-Retry-Count\"] == '3'",
        "header['x-fanfare-retry-count'] in [1, 3] and not header['traceparent'] exists",
        "data.big == 12345678901234567890",
        "data.big == 1234567890123456789e1",
        "data.big != 12345678901234567891",
        "data.huge == 10e399",
        "data.zero == 0",
        "data.zero == 0.000e9",
        "data.yes == true",
        "data.yes != false",
        "data.none == null",
        "data.state != null",
        "data.esc == \"abc\\u0000\"",
        "data.quote == \"it's\"",
        "data.state exists",
        "data.no exists",
        "data.o exists",
        "not data.none exists",
        "not data.nope exists",
        "data.nope != 'x'",
        "not data.nope == null",
        "not (data.state == 'lost' or data.no == true)",
        "data.state == 'lost' or data.yes == true and data.zero == 0",
        "data.yes == true or data.state == 'lost' and data.state == 'lost'",
        "not data.no == true and data.yes == true",
        "not data.yes == true or data.yes == true",
        "not not data.yes == true",
        "( ( data.yes == true ) )",
        "data.and == 1",
        "data[\"a b\"] == 2",
        "data.o != '{}'",
    };
    static const char *const no[] = {
        "data.state == 'lost'",
        "data.state == 'WON'",
        "data.state != 'won'",
        "data.amount == '149.91'",
        "data.amount == 149.901",
        "data.amount == -149.90",
        "data.huge == 1e401",
        "data.nope == 'x'",
        "data.nope == null",
        "data.nope exists",
        "data.none exists",
        "data.none != null",
        "data.yes == 'true'",
        "data.o == null",
        "(data.yes == true or data.state == 'lost') and data.state == 'lost'",
        "not (data.yes == true)",
        "organizationId exists",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(yes); i++)
        ck_assert_msg(holds(yes[i], HS_SLICE(BODY)) == 1, "%s", yes[i]);
    for (size_t i = 0; i < HS_ARRAY_SIZE(no); i++)
        ck_assert_msg(holds(no[i], HS_SLICE(BODY)) == 0, "%s", no[i]);
}
END_TEST

START_TEST(test_body_that_is_no_json)
{
    ck_assert_int_eq(holds("type == 'queue.consumer.admitted'", HS_SLICE("nope")), 1);
    ck_assert_int_eq(holds("type == 'x' and data.x == 1", HS_SLICE("nope")), 0);
    ck_assert_int_eq(holds("data.x == 1", HS_SLICE("nope")), -EINVAL);
    ck_assert_int_eq(holds("not data.x == 1", HS_SLICE("nope")), -EINVAL);
    ck_assert_int_eq(holds("type == 'x' or not data.x exists", HS_SLICE("{")), -EINVAL);
}
END_TEST

START_TEST(test_numbers_are_exact)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"1", "1.0", true},
        {"1", "1.00e0", true},
        {"100", "1e2", true},
        {"100", "1E+2", true},
        {"0.001", "1e-3", true},
        {"0.0010", "1e-3", true},
        {"-1", "1", false},
        {"-0", "0", true},
        {"0e5", "-0.0", true},
        {"0", "0.1", false},
        {"10", "1", false},
        {"123", "124", false},
        {"1e400", "1e401", false},
        {"1e400", "10e399", true},
        {"0.1", "0.10000000000000000001", false},
        {"99999999999999999999", "1e20", false},
        {"99999999999999999999", "99999999999999999999.0", true},
        {"1e-400", "0", false},
        {"12", "1.2", false},
        {"1.2", "12e-1", true},
        {"1e99999999999999999999", "1", false},
        {"1e-99999999999999999999", "1e99999999999999999999", false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_slice a = hs_slice_text(rows[i].a), b = hs_slice_text(rows[i].b);
        ck_assert_msg(hs_number_equal(a, b) == rows[i].equal, "%s and %s", rows[i].a, rows[i].b);
        ck_assert(hs_number_equal(b, a) == rows[i].equal);
        ck_assert_int_eq(hs_number_compare(a, b), -hs_number_compare(b, a));
    }
    /* Each is smaller than those after it. */
    static const char *const order[] = {"-1e30", "-100",
                                        "-99.5", "-99.49",
                                        "-0.1",  "-1e-400",
                                        "0",     "1e-9",
                                        "0.001", "0.0011",
                                        "0.9",   "1",
                                        "1.01",  "9",
                                        "10",    "99.99",
                                        "100",   "100.5",
                                        "1e3",   "1001",
                                        "1e20",  "100000000000000000001"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(order); i++)
        for (size_t j = i + 1; j < HS_ARRAY_SIZE(order); j++)
            ck_assert_msg(hs_number_compare(hs_slice_text(order[i]), hs_slice_text(order[j])) < 0,
                          "%s and %s", order[i], order[j]);
}
END_TEST

START_TEST(test_same)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"data.a == 1", "data.a==1", true},
        {"(data.a exists)", "( data.a   exists )", true},
        {"data.a == 1", "data.a == 2", false},
        {"data.a == 'x y'", "data.a == 'xy'", false},
        {"data.a exists", "data.b exists", false},
        {"id in ['a',1]", "id in[ 'a' , 1 ]", true},
        {"id matches 'a'", "id matches 'b'", false},
        {"data.a<=1", "data.a <= 1", true},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *first, *second;
        struct hs_condition *a = compile(&first, rows[i].a), *b = compile(&second, rows[i].b);
        ck_assert_msg(hs_condition_same(a, b) == rows[i].same, "%s and %s", rows[i].a, rows[i].b);
        hs_condition_free(a);
        hs_condition_free(b);
        hs_config_free(first);
        hs_config_free(second);
    }
}
END_TEST

START_TEST(test_what_is_wrong_is_said_at_its_column)
{
    static const struct {
        const char *yaml;
        unsigned column;
        const char *words;
    } rows[] = {
        {"when: data.state = 'won'", 18, "`==` was expected"},
        {"when: data.a == 1 && data.b == 2", 19, "`and` was expected"},
        {"when: data.a == 1 || data.b == 2", 19, "`or` was expected"},
        {"when: not !(data.b == 2)", 11, "`not` was expected"},
        {"when: data.a =~ 'x'", 14, "`matches` was expected"},
        {"when: data.a > 'x'", 16, "other values have no order"},
        {"when: data.a < true", 16, "other values have no order"},
        {"when: data.a >= null", 17, "other values have no order"},
        {"when: data.a <> 1", 15, "a value was expected"},
        {"when: data.a not in [1]", 14, "`not` precedes the field"},
        {"when: data.a in 'x'", 17, "a list was expected"},
        {"when: data.a in []", 18, "a value was expected"},
        {"when: data.a in [1 2]", 20, "a comma or the closing bracket"},
        {"when: data.a in [1, 2", 22, "ends too early"},
        {"when: data.a in [x]", 18, "put text in quotes"},
        {"when: data.a matches x", 22, "in quotes"},
        {"when: data.a matches 'ab(c'", 25, "closing parenthesis"},
        {"when: data.a matches '^a'", 23, "omit ^ and $"},
        {"when: data.a matches \"\\td)\"", 22, "closes"},
        {"when: header['x-other'] == '1'", 7, "the kept ones are: traceparent"},
        {"when: header[traceparent] == '1'", 7, "header[\"traceparent\"]"},
        {"when: headers['traceparent'] exists", 7, "unknown field"},
        {"when: in ['a']", 7, "a field was expected"},
        {"when: data.state == won", 21, "put text in quotes"},
        {"when: data.state ==", 20, "ends too early"},
        {"when: data.state", 17, "ends too early"},
        {"when: data.state is 'won'", 18, "`matches` or `exists` was expected"},
        {"when: (data.a exists", 21, "closing parenthesis"},
        {"when: data.a exists)", 20, "`and`, `or` or the end"},
        {"when: data.a exists data.b exists", 21, "`and`, `or` or the end"},
        {"when: and data.a exists", 7, "a field was expected"},
        {"when: data.a exists and", 24, "ends too early"},
        {"when: stat == 'won'", 7, "unknown field `stat`"},
        {"when: data.a == 1 or tipe == 'x'", 22, "did you mean `type`?"},
        {"when: data.a == 'x", 17, "closing quote"},
        {"when: data.a == \"\\x\"", 17, "JSON strings"},
        {"when: data.a == 01", 17, "put text in quotes"},
        {"when: data.a == [1]", 17, "a value was expected"},
        {"when: data[*].a == 1", 7, "many values"},
        {"when: \"\"", 7, "`when` is empty"},
        {"when: [a]", 7, "takes a condition"},
        {"when: {a: b}", 7, "takes a condition"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_config *config = edit_config(rows[i].yaml);
        const struct hs_node *node = hs_node_get(hs_config_root(config), "when");
        ck_assert_ptr_null(hs_condition_compile(config, node));
        edit_expect_finding(config, rows[i].yaml, 1, rows[i].column, rows[i].words);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(test_bounds)
{
    char text[5000];
    struct hs_config *config;
    /* 32 levels are accepted, 33 are not. */
    memset(text, '(', 33);
    strcpy(text + 33, "data.a exists");
    for (size_t i = 0; i < 33; i++)
        strcat(text, ")");
    ck_assert_ptr_null(compile(&config, text));
    hs_config_free(config);
    text[65 + 13] = '\0';
    struct hs_condition *condition = compile(&config, text + 1);
    ck_assert_ptr_nonnull(condition);
    hs_condition_free(condition);
    hs_config_free(config);
    /* A chain of more than 256 parts. */
    strcpy(text, "id exists");
    for (size_t i = 0; i < 150; i++)
        strcat(text, " or id exists");
    ck_assert_ptr_null(compile(&config, text));
    ck_assert_ptr_nonnull(strstr(hs_config_findings(config)->items[0].message, "too long"));
    hs_config_free(config);
    memset(text, ' ', sizeof(text));
    memcpy(text + 4090, "id exists", 10);
    memcpy(text, "(", 1);
    ck_assert_ptr_null(compile(&config, text));
    ck_assert_ptr_nonnull(strstr(hs_config_findings(config)->items[0].message, "4096 bytes"));
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("conditions", test_holds, test_body_that_is_no_json, test_numbers_are_exact, test_same,
             test_what_is_wrong_is_said_at_its_column, test_bounds)
