/* Proves: characters that a terminal could obey, or that hide or reorder text, are never printed
 * unescaped. */
#include "hs_test.h"

#include <hookstream/shown.h>

static const char *shown(const char *text, size_t size)
{
    static struct hs_buffer out;
    hs_buffer_free(&out);
    hs_buffer_init(&out, 4096);
    hs_shown_append(&out, hs_slice(text, size), false);
    hs_buffer_append_byte(&out, '\0');
    return out.data;
}
#define SHOWN(literal) shown(literal, sizeof(literal) - 1)

START_TEST(plain_text_stays)
{
    ck_assert_str_eq(SHOWN("Zürich 東京 \xf0\x9f\x98\x80 a\\b"),
                     "Zürich 東京 \xf0\x9f\x98\x80 a\\b");
}
END_TEST

START_TEST(controls_and_what_reorders_text_are_escaped)
{
    static const struct {
        const char *text, *escaped;
    } cases[] = {
        {"\x1b[2J", "\\u001b[2J"},
        {"a\nb\rc\td", "a\\nb\\rc\\td"},
        {"\x7f", "\\u007f"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"}, /* C1: a CSI of one character */
        {"\xc2\x85", "\\u0085"},
        {"\xe2\x80\xae"
         "gpj.exe",
         "\\u202egpj.exe"},
        {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"},
        {"a\xe2\x80\xa8"
         "b\xe2\x80\xa9",
         "a\\u2028b\\u2029"},
        {"\xe2\x80\x8b\xef\xbb\xbf", "\\u200b\\ufeff"},
        {"\xf3\xa0\x81\x81", "\\U000e0041"},
        {"\xef\xbf\xbf\xf0\x9f\xbf\xbe", "\\uffff\\U0001fffe"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(shown(cases[i].text, strlen(cases[i].text)), cases[i].escaped);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_escaped)
{
    ck_assert_str_eq(SHOWN("\x9b\xff"), "\\x9b\\xff");
    ck_assert_str_eq(SHOWN("\xc0\x9b"), "\\xc0\\x9b");                   /* overlong */
    ck_assert_str_eq(SHOWN("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");          /* overlong U+009B */
    ck_assert_str_eq(SHOWN("\xed\xa0\x80"), "\\xed\\xa0\\x80");          /* a surrogate */
    ck_assert_str_eq(SHOWN("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
    ck_assert_str_eq(SHOWN("caf\xc3"), "caf\\xc3");                      /* cut */
}
END_TEST

/* Each Unicode character, encoded, comes back as itself or as an escape of its number. */
START_TEST(every_character_is_decoded)
{
    unsigned wrong = 0; /* a check per character would take long */
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[4];
        size_t size = 0;
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        if (c < 0x80) {
            text[size++] = (char)c;
        } else if (c < 0x800) {
            text[size++] = (char)(0xc0 | c >> 6);
        } else if (c < 0x10000) {
            text[size++] = (char)(0xe0 | c >> 12);
            text[size++] = (char)(0x80 | (c >> 6 & 0x3f));
        } else {
            text[size++] = (char)(0xf0 | c >> 18);
            text[size++] = (char)(0x80 | (c >> 12 & 0x3f));
            text[size++] = (char)(0x80 | (c >> 6 & 0x3f));
        }
        if (c >= 0x80)
            text[size++] = (char)(0x80 | (c & 0x3f));
        uint32_t character;
        bool is_shown;
        wrong += hs_shown_next(hs_slice(text, size), &character, &is_shown) != size;
        wrong += character != c || is_shown != hs_is_shown(c);
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(json_keeps_its_meaning)
{
    static const char json[] =
        "{\"a\": \"\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81 Zürich\",\n\"b\": \"\x7f\"}";
    struct hs_buffer out;
    hs_buffer_init(&out, 4096);
    hs_shown_append_json(&out, hs_slice(json, sizeof(json) - 1));
    hs_buffer_append_byte(&out, '\0');
    ck_assert_str_eq(out.data,
                     "{\"a\": \"\\u009b\\u202e\\udb40\\udc41 Zürich\",\n\"b\": \"\\u007f\"}");
    hs_buffer_free(&out);
}
END_TEST

START_TEST(a_copy_is_escaped_and_cut_between_characters)
{
    char text[16];
    hs_shown_copy(HS_SLICE("orders"), text, sizeof(text));
    ck_assert_str_eq(text, "orders");
    hs_shown_copy(HS_SLICE("a\n\xe2\x80\xae"), text, sizeof(text));
    ck_assert_str_eq(text, "a\\n\\u202e");
    hs_shown_copy(HS_SLICE("123456789012"), text, sizeof(text));
    ck_assert_str_eq(text, "123456789012");
    hs_shown_copy(HS_SLICE("1234567890123"), text, sizeof(text));
    ck_assert_str_eq(text, "123456789012...");
    hs_shown_copy(HS_SLICE("12345678901\xc3\xbc"), text, sizeof(text));
    ck_assert_str_eq(text, "12345678901...");
    hs_shown_copy(HS_SLICE_NONE, text, sizeof(text));
    ck_assert_str_eq(text, "");
}
END_TEST

HS_TEST_MAIN("base shown", plain_text_stays, controls_and_what_reorders_text_are_escaped,
             bytes_that_are_not_utf8_are_escaped, every_character_is_decoded,
             json_keeps_its_meaning, a_copy_is_escaped_and_cut_between_characters)
