/* Proves: documents are printed in order and with exact numbers, bytes from outside become valid
 * JSON, raw JSON stays as it is, and only one complete value is read. */
#include "hs_test.h"

#include <hookstream/doc.h>

static struct hs_buffer out;

static const char *printed(struct json_object *document)
{
    hs_buffer_free(&out);
    hs_buffer_init(&out, 4096);
    hs_doc_print(document, &out);
    hs_buffer_append_byte(&out, '\0');
    return out.data;
}

START_TEST(members_keep_their_order_and_numbers_their_digits)
{
    struct json_object *object = hs_doc_object(), *array = hs_doc_array();
    hs_doc_put_u64(object, "z", UINT64_MAX);
    hs_doc_put_milli(object, "a", 0.1);
    hs_doc_put_bool(object, "yes", true);
    hs_doc_put_text(object, "none", NULL);
    hs_doc_add(array, hs_doc_text(HS_SLICE("/")));
    hs_doc_add(array, NULL);
    hs_doc_put(object, "list", array);
    hs_doc_put_u64(object, "z", 0);
    ck_assert_str_eq(printed(object), "{\"z\":18446744073709551615,\"a\":0.100,\"yes\":true,"
                                      "\"none\":\"\",\"list\":[\"/\",null],\"z\":0}");
}
END_TEST

START_TEST(bytes_from_outside_become_json)
{
    static const struct {
        struct hs_slice text;
        const char *json;
    } cases[] = {
        {{"a\0b", 3}, "\"a\\u0000b\""},
        {{"\"\\\b\f\n\r\t\x1f\x7f", 9}, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u001f\x7f\""},
        {{"\xff\xc3\xa9\xc3", 4}, "\"\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\""},
        {{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {{NULL, 0}, "\"\""},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        ck_assert_str_eq(printed(hs_doc_text(cases[i].text)), cases[i].json);
        struct json_object *object = hs_doc_object();
        hs_doc_put_named(object, HS_SLICE("n\xff"), hs_doc_text(cases[i].text));
        ck_assert_ptr_nonnull(strstr(printed(object), cases[i].json));
        ck_assert_ptr_nonnull(strstr(printed(hs_doc_literal("{\"a\":1}")), "{\"a\":1}"));
    }
}
END_TEST

START_TEST(raw_json_keeps_its_bytes)
{
    struct json_object *object = hs_doc_object();
    hs_doc_put(object, "body",
               hs_doc_raw(HS_SLICE("{\"n\": 1.10, \"n\":1e400, \"\\u0041\":\"/\"}")));
    ck_assert_str_eq(printed(object), "{\"body\":{\"n\": 1.10, \"n\":1e400, \"\\u0041\":\"/\"}}");
}
END_TEST

START_TEST(an_object_is_continued)
{
    hs_buffer_free(&out);
    hs_buffer_init(&out, 4096);
    hs_buffer_append_text(&out, "{\"rows\":[]");
    struct json_object *rest = hs_doc_object();
    hs_doc_put_u64(rest, "last", 7);
    hs_doc_print_rest(rest, &out);
    hs_buffer_append_byte(&out, '\0');
    ck_assert_str_eq(out.data, "{\"rows\":[],\"last\":7}");
}
END_TEST

START_TEST(members_are_read_by_type)
{
    struct json_object *object;
    ck_assert_int_eq(hs_doc_read(HS_SLICE(" {\"t\":\"a\\u0000\xc3\xa9\",\"n\":18446744073709551615,"
                                          "\"b\":true,\"s\":\"5\"}\r\n"),
                                 &object),
                     0);
    struct hs_slice text = hs_doc_get_text(object, "t");
    ck_assert(hs_slice_equal(text, hs_slice("a\0\xc3\xa9", 4)));
    ck_assert_uint_eq(hs_doc_get_u64(object, "n"), UINT64_MAX);
    ck_assert(hs_doc_get_bool(object, "b"));
    ck_assert_uint_eq(hs_doc_get_u64(object, "s"), 0);
    ck_assert_ptr_null(hs_doc_get_text(object, "n").data);
    ck_assert(!hs_doc_get_bool(object, "gone"));
    json_object_put(object);
}
END_TEST

START_TEST(only_one_complete_value_is_read)
{
    static const char *const wrong[] = {"", " ", "{", "{} {}", "{}x", "[1,", "\"\xff\"", "tru"};
    struct json_object *object = NULL;
    for (size_t i = 0; i < HS_ARRAY_SIZE(wrong); i++)
        ck_assert_msg(hs_doc_read(hs_slice_text(wrong[i]), &object) == -EINVAL, "%s", wrong[i]);
    char deep[2 * HS_DOC_DEPTH_MAX + 4];
    memset(deep, '[', HS_DOC_DEPTH_MAX + 2);
    memset(deep + HS_DOC_DEPTH_MAX + 2, ']', HS_DOC_DEPTH_MAX + 2);
    ck_assert_int_eq(hs_doc_read(hs_slice(deep, sizeof(deep)), &object), -EINVAL);
    ck_assert_ptr_null(object);
    ck_assert_int_eq(hs_doc_read(HS_SLICE("12"), &object), 0);
    ck_assert_uint_eq(json_object_get_uint64(object), 12);
    json_object_put(object);
}
END_TEST

HS_TEST_MAIN("doc", members_keep_their_order_and_numbers_their_digits,
             bytes_from_outside_become_json, raw_json_keeps_its_bytes, an_object_is_continued,
             members_are_read_by_type, only_one_complete_value_is_read)
