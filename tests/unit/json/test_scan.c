/* The scanner: what it accepts, what it refuses and where, and the members it picks. Every row also
 * goes through the tree, which must agree. */
#include "text.h"

struct row {
    struct hs_slice text;
    int code;
    size_t offset;
    const char *words; /* part of hs_error_text() */
};

#define GOOD(literal)                                                                              \
    {                                                                                              \
        HS_SLICE(literal), 0, 0, ""                                                                \
    }
#define BAD(literal, offset, words)                                                                \
    {                                                                                              \
        HS_SLICE(literal), -EINVAL, offset, words                                                  \
    }

static const struct row values[] = {
    GOOD("null"),
    GOOD("true"),
    GOOD("false"),
    GOOD("0"),
    GOOD("\"\""),
    GOOD("[]"),
    GOOD("{}"),
    GOOD(" \t\r\n1 \t\r\n"),
    GOOD("[ ]"),
    GOOD("{ }"),
    GOOD("[1,[2,{\"a\":[]}],{}]"),
    GOOD("{\"a\":1,\"a\":2}"),
    GOOD("{\"\":0}"),
    GOOD("[\n1\t,\r2 ]"),
    GOOD("{ \"a\" : 1 , \"b\" : [ ] }"),
    BAD("", 0, "is empty"),
    BAD("   ", 3, "too early"),
    BAD("nul", 0, "not a JSON value"),
    BAD("nulL", 0, "not a JSON value"),
    BAD("True", 0, "not a JSON value"),
    BAD("nullx", 4, "more follows"),
    BAD("truefalse", 4, "more follows"),
    BAD("[truefalse]", 5, "expected `,` or `]`"),
    BAD("1 2", 2, "more follows"),
    BAD("{}{}", 2, "more follows"),
    BAD("[]]", 2, "more follows"),
    BAD("{}\0", 2, "more follows"),
    BAD("\0{}", 0, "not a JSON value"),
    BAD("[\xEF\xBB\xBF]", 1, "not a JSON value"),
    BAD("[1,]", 3, "not a JSON value"),
    BAD("[,1]", 1, "not a JSON value"),
    BAD("[1,,2]", 3, "not a JSON value"),
    BAD("[1 2]", 3, "expected `,` or `]`"),
    BAD("[1}", 2, "expected `,` or `]`"),
    BAD("{\"a\":1]", 6, "expected `,` or `}`"),
    BAD("{\"a\":1,}", 7, "name in quotes"),
    BAD("{,\"a\":1}", 1, "name in quotes"),
    BAD("{a:1}", 1, "name in quotes"),
    BAD("{1:1}", 1, "name in quotes"),
    BAD("{'a':1}", 1, "name in quotes"),
    BAD("{\"a\"}", 4, "expected `:`"),
    BAD("{\"a\",1}", 4, "expected `:`"),
    BAD("{\"a\":}", 5, "not a JSON value"),
    BAD("{\"a\":1 \"b\":2}", 7, "expected `,` or `}`"),
    BAD("[\"a\":1]", 4, "expected `,` or `]`"),
    BAD("[", 1, "too early"),
    BAD("{", 1, "name"),
    BAD("[1,", 3, "too early"),
    BAD("{\"a\":", 5, "too early"),
    BAD("}", 0, "not a JSON value"),
    BAD("[}", 1, "not a JSON value"),
    BAD("{]", 1, "name in quotes"),
    BAD("\xef\xbb\xbf{}", 0, "JSON may not start with a byte order mark"),
    BAD("\x0c{}", 0, "not a JSON value"),
    BAD("\xc2\xa0"
        "1",
        0, "not a JSON value"),
    BAD("[1]//x", 3, "more follows"),
    BAD("/**/1", 0, "not a JSON value"),
    BAD("undefined", 0, "not a JSON value"),
    BAD("NaN", 0, "not a JSON value"),
    BAD("Infinity", 0, "not a JSON value"),
};

static const struct row numbers[] = {
    GOOD("0"),
    GOOD("-0"),
    GOOD("7"),
    GOOD("-7"),
    GOOD("10"),
    GOOD("149.90"),
    GOOD("0.0"),
    GOOD("1e400"),
    GOOD("1E+2"),
    GOOD("1e-02"),
    GOOD("0e0"),
    GOOD("-0.0e-0"),
    GOOD("1.5e10"),
    GOOD("12345678901234567890123456789012345678901234567890"),
    GOOD("[0,-0,1.0]"),
    BAD("-", 1, "no digits"),
    BAD("+1", 0, "not a JSON value"),
    BAD("01", 1, "zero"),
    BAD("-01", 2, "zero"),
    BAD("00", 1, "zero"),
    BAD("1.", 2, "after the point"),
    BAD("1.e1", 2, "after the point"),
    BAD(".5", 0, "not a JSON value"),
    BAD("-.5", 1, "no digits"),
    BAD("1e", 2, "exponent"),
    BAD("1e+", 3, "exponent"),
    BAD("1E-x", 3, "exponent"),
    BAD("1.5.5", 3, "more follows"),
    BAD("0x10", 1, "more follows"),
    BAD("1_000", 1, "more follows"),
    BAD("--1", 1, "no digits"),
    BAD("-Infinity", 1, "no digits"),
    BAD("[1.]", 3, "after the point"),
    BAD("\xd9\xa1", 0, "not a JSON value"),
};

static const struct row strings[] = {
    GOOD("\"abc\""),
    GOOD("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    GOOD("\"\\u0000\""),
    GOOD("\"\\uABcd\\uef09\\uEFfe\""),
    GOOD("\"\\ud83d\\ude00\""),
    GOOD("\"\\ud83d\""),
    GOOD("\"\\ude00x\\ud83d\\u0041\""),
    GOOD("\"\x7f\""),
    GOOD("\"12345678\""),
    GOOD("\"1234567\""),
    GOOD("\"123456789012345\\n\""),
    BAD("\"", 1, "is not closed"),
    BAD("\"abc", 4, "is not closed"),
    BAD("\"12345678", 9, "is not closed"),
    BAD("\"abc\\", 4, "escape"),
    BAD("\"abc\\\"", 6, "is not closed"),
    BAD("\"\\x41\"", 1, "escape"),
    BAD("\"\\'\"", 1, "escape"),
    BAD("\"\\u\"", 1, "escape"),
    BAD("\"\\u00\"", 1, "escape"),
    BAD("\"\\u004\"", 1, "escape"),
    BAD("\"\\u004g\"", 1, "escape"),
    BAD("\"\\u004", 1, "escape"),
    BAD("\"\\U0041\"", 1, "escape"),
    BAD("\"\\u+041\"", 1, "escape"),
    BAD("\"\\\n\"", 1, "escape"),
    BAD("\"a\nb\"", 2, "control"),
    BAD("\"a\tb\"", 2, "control"),
    BAD("\"\0\"", 1, "control"),
    BAD("\"\x1f\"", 1, "control"),
    BAD("\"12345678\x01\"", 9, "control"),
    BAD("\"1234\x01"
        "67\"",
        5, "control"),
    BAD("{\"a\nb\":1}", 3, "control"),
    BAD("'a'", 0, "value"),
};

/* RFC 3629, and the table of well-formed sequences in Unicode, 3.9. */
static const struct row utf8[] = {
    GOOD("\"\xc2\x80\""),
    GOOD("\"\xdf\xbf\""),
    GOOD("\"\xe0\xa0\x80\""),
    GOOD("\"\xed\x9f\xbf\""),
    GOOD("\"\xee\x80\x80\""),
    GOOD("\"\xef\xbf\xbf\""),
    GOOD("\"\xf0\x90\x80\x80\""),
    GOOD("\"\xf4\x8f\xbf\xbf\""),
    GOOD("\"\xe2\x82\xac 1234567 \xf0\x9f\x98\x80\""),
    GOOD("{\"\xc3\xa9\":1}"),
    GOOD("\"\xef\xbb\xbf\""),
    BAD("\"\x80\"", 1, "UTF-8"),
    BAD("\"\xbf\"", 1, "UTF-8"),
    BAD("\"\xc0\x80\"", 1, "UTF-8"),
    BAD("\"\xc1\xbf\"", 1, "UTF-8"),
    BAD("\"\xe0\x80\x80\"", 1, "UTF-8"),
    BAD("\"\xe0\x9f\xbf\"", 1, "UTF-8"),
    BAD("\"\xed\xa0\x80\"", 1, "UTF-8"),
    BAD("\"\xed\xbf\xbf\"", 1, "UTF-8"),
    BAD("\"\xf0\x80\x80\x80\"", 1, "UTF-8"),
    BAD("\"\xf0\x8f\xbf\xbf\"", 1, "UTF-8"),
    BAD("\"\xf4\x90\x80\x80\"", 1, "UTF-8"),
    BAD("\"\xf5\x80\x80\x80\"", 1, "UTF-8"),
    BAD("\"\xff\"", 1, "UTF-8"),
    BAD("\"\xfe\"", 1, "UTF-8"),
    BAD("\"\xc3\"", 1, "UTF-8"),
    BAD("\"\xe2\x82\"", 1, "UTF-8"),
    BAD("\"\xf0\x9f\x98\"", 1, "UTF-8"),
    BAD("\"\xe2\x28\xa1\"", 1, "UTF-8"),
    BAD("\"\xe2\x82\x28\"", 1, "UTF-8"),
    BAD("\"\xf0\x28\x8c\xbc\"", 1, "UTF-8"),
    BAD("\"\xf0\x90\x28\xbc\"", 1, "UTF-8"),
    BAD("\"\xf0\x90\x8c\x28\"", 1, "UTF-8"),
    BAD("\"\xc3\xa9\xc3\"", 3, "UTF-8"),
    BAD("\"12345678\xc3\"", 9, "UTF-8"),
    BAD("\"\xf0\x9f\x98", 1, "UTF-8"),
    BAD("\"\xe2", 1, "UTF-8"),
    BAD("{\"\xff\":1}", 2, "UTF-8"),
};

static void check_row(const struct row *row)
{
    struct hs_slice text = exact(row->text);
    enum hs_json_kind kind;
    size_t offset = SIZE_MAX;
    int code = hs_json_scan(text, NULL, 0, &kind, &offset);
    ck_assert_msg(code == row->code, "`%.*s`: %d, %s", HS_SLICE_ARG(text), code,
                  code < 0 ? hs_error_text() : "taken");
    if (code < 0) {
        ck_assert_msg(offset == row->offset, "`%.*s`: byte %zu", HS_SLICE_ARG(text), offset);
        ck_assert_msg(strstr(hs_error_text(), row->words) != NULL, "`%.*s`: %s", HS_SLICE_ARG(text),
                      hs_error_text());
    }
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, text), code);
    ck_assert_int_eq(hs_json_root(tree) == HS_JSON_NO_NODE, code < 0);
    hs_json_tree_free(tree);
    drop(text);
}

START_TEST(test_values)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(values); i++)
        check_row(&values[i]);
}
END_TEST

START_TEST(test_numbers)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(numbers); i++)
        check_row(&numbers[i]);
}
END_TEST

START_TEST(test_strings)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(strings); i++)
        check_row(&strings[i]);
}
END_TEST

START_TEST(test_utf8)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(utf8); i++)
        check_row(&utf8[i]);
}
END_TEST

/* Each byte that is special in a string, at each of the eight positions scanned together, with and
 * without more to follow. */
START_TEST(test_every_byte_at_every_place)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t place = 1; place < 20; place++) {
            char text[24];
            memset(text, 'x', sizeof(text));
            text[0] = text[sizeof(text) - 1] = '"';
            text[place] = (char)byte;
            struct hs_slice whole = exact(hs_slice(text, sizeof(text)));
            bool wanted = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            ck_assert_msg(is_json(whole) == wanted, "byte %u at %zu", byte, place);
            drop(whole);
        }
    }
}
END_TEST

static struct hs_slice nested(char *room, unsigned levels, bool objects)
{
    size_t size = 0;
    for (unsigned i = 0; i < levels; i++) {
        if (objects && i % 2) {
            memcpy(room + size, "{\"a\":", 5);
            size += 5;
        } else {
            room[size++] = '[';
        }
    }
    room[size++] = '1';
    for (unsigned i = levels; i-- > 0;)
        room[size++] = objects && i % 2 ? '}' : ']';
    return hs_slice(room, size);
}

START_TEST(test_depth)
{
    char room[1024];
    struct row deep = {nested(room, 64, false), 0, 0, ""};
    check_row(&deep);
    deep.text = nested(room, 64, true);
    check_row(&deep);
    deep = (struct row){nested(room, 65, false), -E2BIG, 64, "deeper than 64"};
    check_row(&deep);
    deep = (struct row){nested(room, 65, true), -E2BIG, 32 + 32 * 5, "deeper than 64"};
    check_row(&deep);
    memset(room, '[', sizeof(room)); /* excessive depth is reported even if the text ends early */
    deep = (struct row){hs_slice(room, sizeof(room)), -E2BIG, 64, "deeper"};
    check_row(&deep);
}
END_TEST

START_TEST(test_every_truncation_is_refused)
{
    struct hs_slice all = fixture("order.created");
    size_t end = all.size; /* past the last `}` */
    while (all.data[end - 1] != '}')
        end--;
    for (size_t size = 0; size < end; size++) {
        struct hs_slice part = exact(hs_slice(all.data, size));
        enum hs_json_kind kind;
        size_t offset = SIZE_MAX;
        ck_assert_int_eq(hs_json_scan(part, NULL, 0, &kind, &offset), -EINVAL);
        ck_assert_uint_le(offset, size);
        drop(part);
    }
    ck_assert(is_json(hs_slice(all.data, end)));
    drop(all);
}
END_TEST

START_TEST(test_no_bytes_at_all)
{
    enum hs_json_kind kind;
    size_t offset = SIZE_MAX;
    ck_assert_int_eq(hs_json_scan(HS_SLICE_NONE, NULL, 0, &kind, &offset), -EINVAL);
    ck_assert_uint_eq(offset, 0);
}
END_TEST

START_TEST(test_kinds)
{
    static const struct {
        struct hs_slice text;
        enum hs_json_kind kind;
    } rows[] = {{HS_SLICE(" null"), HS_JSON_NULL},       {HS_SLICE("false"), HS_JSON_FALSE},
                {HS_SLICE("true "), HS_JSON_TRUE},       {HS_SLICE("-1"), HS_JSON_NUMBER},
                {HS_SLICE("\"{\""), HS_JSON_STRING},     {HS_SLICE("[{}]"), HS_JSON_ARRAY},
                {HS_SLICE("{\"a\":[]}"), HS_JSON_OBJECT}};
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        enum hs_json_kind kind;
        size_t offset;
        ck_assert_int_eq(hs_json_scan(rows[i].text, NULL, 0, &kind, &offset), 0);
        ck_assert_int_eq(kind, rows[i].kind);
    }
}
END_TEST

/* ---- Picking members ---- */

static struct hs_json_member pick(struct hs_slice text, struct hs_slice name)
{
    /* The previous row's result must not remain. */
    struct hs_json_member member = {name, HS_SLICE("old"), HS_JSON_TRUE, true};
    enum hs_json_kind kind;
    size_t offset;
    ck_assert_int_eq(hs_json_scan(text, &member, 1, &kind, &offset), 0);
    return member;
}

START_TEST(test_picks_the_value_as_it_stands)
{
    struct hs_slice text = HS_SLICE("{ \"n\" : 1.50 ,\"s\":\"a\\n\" , \"o\": { \"n\": [2] } ,"
                                    "\"a\":[ {\"n\":3} ],\"z\":null}");
    static const struct {
        struct hs_slice name, value;
        enum hs_json_kind kind;
    } rows[] = {{HS_SLICE("n"), HS_SLICE("1.50"), HS_JSON_NUMBER},
                {HS_SLICE("s"), HS_SLICE("\"a\\n\""), HS_JSON_STRING},
                {HS_SLICE("o"), HS_SLICE("{ \"n\": [2] }"), HS_JSON_OBJECT},
                {HS_SLICE("a"), HS_SLICE("[ {\"n\":3} ]"), HS_JSON_ARRAY},
                {HS_SLICE("z"), HS_SLICE("null"), HS_JSON_NULL}};
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_json_member member = pick(text, rows[i].name);
        assert_slice(member.value, rows[i].value);
        ck_assert_int_eq(member.kind, rows[i].kind);
        ck_assert(!member.repeated);
    }
}
END_TEST

START_TEST(test_picks_only_the_top_level_of_an_object)
{
    ck_assert_ptr_null(
        pick(HS_SLICE("{\"o\":{\"n\":1},\"a\":[{\"n\":1}]}"), HS_SLICE("n")).value.data);
    ck_assert_ptr_null(pick(HS_SLICE("[{\"n\":1}]"), HS_SLICE("n")).value.data);
    ck_assert_ptr_null(pick(HS_SLICE("[1]"), HS_SLICE("")).value.data);
    ck_assert_ptr_null(pick(HS_SLICE("\"n\""), HS_SLICE("n")).value.data);
    ck_assert_ptr_null(pick(HS_SLICE("{\"nn\":1,\"\":2}"), HS_SLICE("n")).value.data);
    assert_slice(pick(HS_SLICE("{\"nn\":1,\"\":2}"), HS_SLICE("")).value, HS_SLICE("2"));
    /* After a container is closed, its siblings are top level again. */
    assert_slice(pick(HS_SLICE("{\"a\":[{}],\"n\":1}"), HS_SLICE("n")).value, HS_SLICE("1"));
}
END_TEST

START_TEST(test_picks_the_first_of_repeats)
{
    struct hs_json_member member = pick(HS_SLICE("{\"n\":1,\"n\":[2],\"n\":3}"), HS_SLICE("n"));
    assert_slice(member.value, HS_SLICE("1"));
    ck_assert_int_eq(member.kind, HS_JSON_NUMBER);
    ck_assert(member.repeated);
    member = pick(HS_SLICE("{\"n\":{\"n\":1},\"n\":{}}"), HS_SLICE("n"));
    assert_slice(member.value, HS_SLICE("{\"n\":1}"));
    ck_assert(member.repeated);
    ck_assert(pick(HS_SLICE("{\"n\":1,\"\\u006e\":2}"), HS_SLICE("n")).repeated);
    ck_assert(!pick(HS_SLICE("{\"n\":{\"n\":1,\"n\":2}}"), HS_SLICE("n")).repeated);
}
END_TEST

START_TEST(test_picks_names_with_escapes)
{
    static const struct {
        struct hs_slice text, name;
        bool found;
    } rows[] = {
        {HS_SLICE("{\"\\u0069d\":1}"), HS_SLICE("id"), true},
        {HS_SLICE("{\"i\\u0064\":1}"), HS_SLICE("id"), true},
        {HS_SLICE("{\"\\u0069\\u0064\":1}"), HS_SLICE("id"), true},
        {HS_SLICE("{\"i\\u0064x\":1}"), HS_SLICE("id"), false},
        {HS_SLICE("{\"i\\u0064\":1}"), HS_SLICE("idx"), false},
        {HS_SLICE("{\"i\\u0065\":1}"), HS_SLICE("id"), false},
        {HS_SLICE("{\"a\\/b\":1}"), HS_SLICE("a/b"), true},
        {HS_SLICE("{\"a\\\\b\":1}"), HS_SLICE("a\\b"), true},
        {HS_SLICE("{\"a\\\\b\":1}"), HS_SLICE("a\\\\b"), false},
        {HS_SLICE("{\"\\b\\f\\n\\r\\t\\\"\":1}"), HS_SLICE("\b\f\n\r\t\""), true},
        {HS_SLICE("{\"\\u0000\":1}"), HS_SLICE("\0"), true},
        {HS_SLICE("{\"\\u00e9\":1}"), HS_SLICE("\xc3\xa9"), true},
        {HS_SLICE("{\"\\u20AC\":1}"), HS_SLICE("\xe2\x82\xac"), true},
        {HS_SLICE("{\"\\ud83d\\ude00\":1}"), HS_SLICE("\xf0\x9f\x98\x80"), true},
        {HS_SLICE("{\"\\ud83d\":1}"), HS_SLICE("\xef\xbf\xbd"), true},
        {HS_SLICE("{\"\\u0069\":1}"), HS_SLICE(""), false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        struct hs_slice text = exact(rows[i].text);
        struct hs_json_member member = pick(text, rows[i].name);
        ck_assert_msg((member.value.data != NULL) == rows[i].found, "row %zu", i);
        /* The tree finds the same. */
        struct hs_json_tree *tree = hs_json_tree_create();
        ck_assert_int_eq(hs_json_tree_parse(tree, text), 0);
        hs_json_node node = hs_json_member_get(tree, hs_json_root(tree), rows[i].name);
        ck_assert_msg((node != HS_JSON_NO_NODE) == rows[i].found, "row %zu", i);
        hs_json_tree_free(tree);
        drop(text);
    }
}
END_TEST

START_TEST(test_picks_several)
{
    struct hs_json_member members[] = {
        {.name = HS_SLICE("data")}, {.name = HS_SLICE("none")}, {.name = HS_SLICE("id")}};
    struct hs_slice text = fixture("order.completed");
    enum hs_json_kind kind;
    size_t offset;
    ck_assert_int_eq(hs_json_scan(text, members, 3, &kind, &offset), 0);
    ck_assert_int_eq(kind, HS_JSON_OBJECT);
    ck_assert_int_eq(members[0].kind, HS_JSON_OBJECT);
    ck_assert_int_eq(members[0].value.data[0], '{');
    ck_assert_int_eq(members[0].value.data[members[0].value.size - 1], '}');
    ck_assert(is_json(members[0].value));
    ck_assert_ptr_null(members[1].value.data);
    ck_assert_int_eq(members[2].kind, HS_JSON_STRING);
    ck_assert(hs_slice_starts_with(members[2].value, HS_SLICE("\"whk_")));
    drop(text);
}
END_TEST

HS_TEST_MAIN("json scan", test_values, test_numbers, test_strings, test_utf8,
             test_every_byte_at_every_place, test_depth, test_every_truncation_is_refused,
             test_no_bytes_at_all, test_kinds, test_picks_the_value_as_it_stands,
             test_picks_only_the_top_level_of_an_object, test_picks_the_first_of_repeats,
             test_picks_names_with_escapes, test_picks_several)
