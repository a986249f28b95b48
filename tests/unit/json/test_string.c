/* Decoding and encoding of strings, and JSON without its white space. */
#include "text.h"

struct row {
    struct hs_slice in, out;
};

static void check(const struct row *row, void (*call)(struct hs_slice, struct hs_buffer *))
{
    struct hs_slice in = exact(row->in);
    struct hs_buffer out;
    hs_buffer_init(&out, TEXT_MAX);
    hs_buffer_append_text(&out, "<"); /* it appends */
    call(in, &out);
    ck_assert_int_eq(hs_buffer_status(&out), 0);
    ck_assert_int_eq(out.data[0], '<');
    assert_slice(hs_slice(out.data + 1, out.size - 1), row->out);
    hs_buffer_free(&out);
    drop(in);
}

START_TEST(test_decode)
{
    static const struct row rows[] = {
        {HS_SLICE("\"\""), HS_SLICE("")},
        {HS_SLICE("\"plain text\""), HS_SLICE("plain text")},
        {HS_SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), HS_SLICE("\"\\/\b\f\n\r\t")},
        {HS_SLICE("\"a\\nb\\u0041c\""), HS_SLICE("a\nbAc")},
        {HS_SLICE("\"\\u0000\""), HS_SLICE("\0")},
        {HS_SLICE("\"\\u007f\\u0080\\u07ff\\u0800\\uFFFF\""),
         HS_SLICE("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
        {HS_SLICE("\"\\uD7FF\\uE000\""), HS_SLICE("\xed\x9f\xbf\xee\x80\x80")},
        {HS_SLICE("\"\\ud800\\udc00\\uDBFF\\uDFFF\""),
         HS_SLICE("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
        {HS_SLICE("\"\\ud83d\\ude00!\""), HS_SLICE("\xf0\x9f\x98\x80!")},
        {HS_SLICE("\"\\ud83d\""), HS_SLICE("\xef\xbf\xbd")},
        {HS_SLICE("\"\\ud83dx\""), HS_SLICE("\xef\xbf\xbdx")},
        {HS_SLICE("\"\\ud83d\\n\""), HS_SLICE("\xef\xbf\xbd\n")},
        {HS_SLICE("\"\\ud83d\\u0041\""), HS_SLICE("\xef\xbf\xbd"
                                                  "A")},
        {HS_SLICE("\"\\ud83d\\ue000\""), HS_SLICE("\xef\xbf\xbd\xee\x80\x80")},
        {HS_SLICE("\"\\ude00\\ude00\""), HS_SLICE("\xef\xbf\xbd\xef\xbf\xbd")},
        {HS_SLICE("\"\\ude00\\ud83d\""), HS_SLICE("\xef\xbf\xbd\xef\xbf\xbd")},
        {HS_SLICE("\"\\ud83d\\ud83d\\ude00\""), HS_SLICE("\xef\xbf\xbd\xf0\x9f\x98\x80")},
        {HS_SLICE("\"\xe2\x82\xac\\t\xf0\x9f\x98\x80\""),
         HS_SLICE("\xe2\x82\xac\t\xf0\x9f\x98\x80")},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        check(&rows[i], hs_json_decode_string);
}
END_TEST

START_TEST(test_encode)
{
    static const struct row rows[] = {
        {HS_SLICE(""), HS_SLICE("\"\"")},
        {HS_SLICE("plain/text"), HS_SLICE("\"plain/text\"")},
        {HS_SLICE("\"\\\b\f\n\r\t"), HS_SLICE("\"\\\"\\\\\\b\\f\\n\\r\\t\"")},
        {HS_SLICE("a\0b\x1f\x7f"), HS_SLICE("\"a\\u0000b\\u001f\x7f\"")},
        {HS_SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
         HS_SLICE("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"")},
        {HS_SLICE("a\xff"
                  "b"),
         HS_SLICE("\"a\xef\xbf\xbd"
                  "b\"")},
        {HS_SLICE("\xe2\x82"), HS_SLICE("\"\xef\xbf\xbd\xef\xbf\xbd\"")},
        {HS_SLICE("\xed\xa0\x80"), HS_SLICE("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"")},
        {HS_SLICE("\xc0\xaf\n"), HS_SLICE("\"\xef\xbf\xbd\xef\xbf\xbd\\n\"")},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        check(&rows[i], hs_json_encode_string);
}
END_TEST

/* Whatever bytes are encoded, the result scans; valid text survives the round trip. */
START_TEST(test_encode_and_decode_are_inverse)
{
    srand(20240817);
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t size = (size_t)rand() % sizeof(text);
        bool ascii = true;
        for (size_t i = 0; i < size; i++) {
            text[i] = (char)(rand() % (round % 2 ? 128 : 256));
            ascii = ascii && (unsigned char)text[i] < 0x80;
        }
        struct hs_slice in = exact(hs_slice(text, size));
        struct hs_buffer json, back;
        hs_buffer_init(&json, TEXT_MAX);
        hs_buffer_init(&back, TEXT_MAX);
        hs_json_encode_string(in, &json);
        ck_assert(is_json(hs_buffer_slice(&json)));
        hs_json_decode_string(hs_buffer_slice(&json), &back);
        if (ascii)
            assert_slice(hs_buffer_slice(&back), in);
        hs_buffer_free(&json);
        hs_buffer_free(&back);
        drop(in);
    }
}
END_TEST

START_TEST(test_encode_no_bytes_at_all)
{
    struct hs_buffer json;
    hs_buffer_init(&json, TEXT_MAX);
    hs_json_encode_string(HS_SLICE_NONE, &json);
    assert_slice(hs_buffer_slice(&json), HS_SLICE("\"\""));
    hs_buffer_free(&json);
}
END_TEST

START_TEST(test_compact)
{
    static const struct row rows[] = {
        {HS_SLICE(" 1 "), HS_SLICE("1")},
        {HS_SLICE("{ }"), HS_SLICE("{}")},
        {HS_SLICE("{\n  \"a b\" : [ 1.50 ,\t-2e+1 , null ] ,\r\n \"c\":\" \\\" \\\\\"\n}\n"),
         HS_SLICE("{\"a b\":[1.50,-2e+1,null],\"c\":\" \\\" \\\\\"}")},
        {HS_SLICE("[\"\\u0000\",\"\xc2\xa0\",\"\\ud83d\"]"),
         HS_SLICE("[\"\\u0000\",\"\xc2\xa0\",\"\\ud83d\"]")},
        {HS_SLICE("[true , false]"), HS_SLICE("[true,false]")},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        check(&rows[i], hs_json_compact);
}
END_TEST

/* A write past the ceiling latches the buffer's error and has no other effect. */
START_TEST(test_ceiling)
{
    struct hs_buffer small;
    hs_buffer_init(&small, 8);
    hs_json_encode_string(HS_SLICE("123456"), &small);
    ck_assert_int_eq(hs_buffer_status(&small), 0);
    hs_buffer_clear(&small);
    hs_json_encode_string(HS_SLICE("1234567"), &small);
    ck_assert_int_eq(hs_buffer_status(&small), -ENOSPC);
    hs_buffer_clear(&small);
    hs_json_decode_string(HS_SLICE("\"12345678\\n\""), &small);
    ck_assert_int_eq(hs_buffer_status(&small), -ENOSPC);
    hs_buffer_free(&small);
}
END_TEST

HS_TEST_MAIN("json string", test_decode, test_encode, test_encode_and_decode_are_inverse,
             test_encode_no_bytes_at_all, test_compact, test_ceiling)
