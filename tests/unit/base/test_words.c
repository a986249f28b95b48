/* Proves: numbers cannot overflow, suggestions are close matches, errors keep their message, and
 * slices compare by bytes. */
#include "hs_test.h"

#include <hookstream/base.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <string.h>

START_TEST(numbers_are_digits_only_and_bounded)
{
    static const struct {
        const char *text;
        uint64_t max;
        int code;
        uint64_t value;
    } rows[] = {
        {"0", 0, 0, 0},
        {"0012", 100, 0, 12},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999999", UINT64_MAX, -ERANGE, 0},
        {"101", 100, -ERANGE, 0},
        {"", 100, -EINVAL, 0},
        {"-1", 100, -EINVAL, 0},
        {"+1", 100, -EINVAL, 0},
        {" 1", 100, -EINVAL, 0},
        {"1 ", 100, -EINVAL, 0},
        {"1a", 100, -EINVAL, 0},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        uint64_t value = 0;
        int code = hs_slice_to_u64(hs_slice_text(rows[i].text), rows[i].max, &value);
        ck_assert_msg(code == rows[i].code && value == rows[i].value, "%s", rows[i].text);
    }
}
END_TEST

START_TEST(the_nearest_name_is_near)
{
    static const char *const names[] = {"brokers", "properties", "max_length", "url"};
    static const struct {
        const char *word, *name;
    } rows[] = {
        {"brokrs", "brokers"},
        {"borkers", "brokers"},
        {"BROKERS", "brokers"},
        {"max-length", "max_length"},
        {"ulr", "url"},
        {"propertys", "properties"},
        {"topic", NULL},
        {"", NULL},
        {"x", NULL},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        const char *near = hs_nearest_name(hs_slice_text(rows[i].word), names, 4);
        if (rows[i].name == NULL)
            ck_assert_msg(near == NULL, "%s: %s", rows[i].word, near);
        else
            ck_assert_str_eq(near, rows[i].name);
    }
}
END_TEST

START_TEST(errors_keep_code_and_words)
{
    ck_assert_int_eq(hs_fail(-EBUSY, "in use by %d", 7), -EBUSY);
    ck_assert_str_eq(hs_error_text(), "in use by 7");
    ck_assert_int_eq(hs_fail_errno(ENOENT, "cannot open %s", "x"), -ENOENT);
    ck_assert_str_eq(hs_error_text(), "cannot open x: No such file or directory");
}
END_TEST

START_TEST(slices_compare_trim_and_fold)
{
    ck_assert(hs_slice_equal(HS_SLICE_NONE, hs_slice("", 0)));
    ck_assert(!hs_slice_equal(HS_SLICE("a"), HS_SLICE("b")));
    ck_assert(hs_slice_equal_nocase(HS_SLICE("Content-TYPE"), HS_SLICE("content-type")));
    ck_assert(!hs_slice_equal_nocase(HS_SLICE("a"), HS_SLICE("ab")));
    ck_assert(hs_slice_equal(hs_slice_trim(HS_SLICE(" \ta b\t ")), HS_SLICE("a b")));
    ck_assert_uint_eq(hs_slice_trim(HS_SLICE(" \t ")).size, 0);
    ck_assert_uint_eq(hs_add_sat(UINT64_MAX, 1), UINT64_MAX);
    ck_assert_uint_eq(hs_mul_sat(UINT64_C(1) << 40, UINT64_C(1) << 40), UINT64_MAX);
}
END_TEST

START_TEST(time_is_rfc_3339)
{
    char text[32];
    hs_clock_format(UINT64_C(1733043600123999999), text);
    ck_assert_str_eq(text, "2024-12-01T09:00:00.123Z");
    hs_clock_format(0, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00.000Z");
}
END_TEST

START_TEST(hashes_depend_on_every_byte_and_the_key)
{
    struct hs_hash128 a = hs_hash128(HS_SLICE("whk_1"), 1), b = hs_hash128(HS_SLICE("whk_2"), 1);
    struct hs_hash128 c = hs_hash128(HS_SLICE("whk_1"), 2);
    ck_assert(a.low != b.low && a.low != c.low && a.high != b.high);
    char one[37], other[37];
    hs_random_uuid(one);
    hs_random_uuid(other);
    ck_assert_str_ne(one, other);
    ck_assert_uint_eq(strlen(one), 36);
    ck_assert_int_eq(one[14], '4');
}
END_TEST

HS_TEST_MAIN("base words", numbers_are_digits_only_and_bounded, the_nearest_name_is_near,
             errors_keep_code_and_words, slices_compare_trim_and_fold, time_is_rfc_3339,
             hashes_depend_on_every_byte_and_the_key)
