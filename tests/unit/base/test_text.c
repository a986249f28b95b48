/* Proves: bytes are written as hex digits and Base64, and hex digits are read strictly. */
#include "hs_test.h"

#include <hookstream/clock.h>
#include <hookstream/text.h>

START_TEST(bytes_become_hex_digits_and_come_back)
{
    unsigned char bytes[256], back[256];
    char digits[512];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    hs_hex_encode(bytes, sizeof(bytes), digits);
    ck_assert_int_eq(memcmp(digits, "000102", 6), 0);
    ck_assert_int_eq(memcmp(digits + 506, "fdfeff", 6), 0);
    ck_assert(hs_hex_decode(hs_slice(digits, sizeof(digits)), back, sizeof(back)));
    ck_assert_mem_eq(bytes, back, sizeof(bytes));
}
END_TEST

START_TEST(hex_digits_are_read_strictly)
{
    static const struct {
        const char *text;
        size_t size;
        bool good;
    } cases[] = {
        {"", 0, true},      {"aF", 1, true},    {"aFg0", 2, false},  {"a", 1, false},
        {"abc", 1, false},  {"abcd", 1, false}, {"ab", 2, false},    {" a", 1, false},
        {"0x12", 2, false}, {"-1", 1, false},   {"\xffg", 1, false},
    };
    unsigned char bytes[4];
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++)
        ck_assert_msg(hs_hex_decode(hs_slice_text(cases[i].text), bytes, cases[i].size) ==
                          cases[i].good,
                      "%s", cases[i].text);
}
END_TEST

START_TEST(every_byte_has_at_most_one_hex_value)
{
    for (int c = -128; c < 128; c++) {
        const char *lower = "0123456789abcdef", *upper = "0123456789ABCDEF";
        const char *at = c != 0 ? strchr(lower, c) : NULL;
        const char *high = c != 0 ? strchr(upper, c) : NULL;
        int value = at != NULL ? (int)(at - lower) : high != NULL ? (int)(high - upper) : -1;
        ck_assert_int_eq(hs_hex_value((char)c), value);
    }
}
END_TEST

/* RFC 4648, 10, and the digits that letters do not reach. */
START_TEST(bytes_become_base64)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_buffer text;
        hs_buffer_init(&text, 64);
        hs_base64_encode(hs_slice_text(cases[i][0]), &text);
        ck_assert(hs_slice_equal(hs_buffer_slice(&text), hs_slice_text(cases[i][1])));
        hs_buffer_free(&text);
    }
}
END_TEST

START_TEST(durations_become_seconds_and_microseconds)
{
    struct timeval time = hs_clock_timeval(3 * HS_NS_PER_SECOND + 999999999);
    ck_assert_int_eq(time.tv_sec, 3);
    ck_assert_int_eq(time.tv_usec, 999999);
    time = hs_clock_timeval(0);
    ck_assert(time.tv_sec == 0 && time.tv_usec == 0);
}
END_TEST

HS_TEST_MAIN("base text", bytes_become_hex_digits_and_come_back, hex_digits_are_read_strictly,
             every_byte_has_at_most_one_hex_value, bytes_become_base64,
             durations_become_seconds_and_microseconds)
