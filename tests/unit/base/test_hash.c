/* The keyed hash: SipHash as published, and a key unknown outside the process. */
#include "hs_test.h"

#include <hookstream/hash.h>

START_TEST(test_siphash_gives_the_reference_values)
{
    /* SipHash-2-4, key 00 to 0f, input 00 to n: test vectors of the reference implementation. */
    static const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    static const struct {
        size_t size;
        uint64_t value;
    } rows[] = {{0, UINT64_C(0x726fdb47dd0e0e31)}, {15, UINT64_C(0xa129ca6149be45e5)}};
    char input[16];
    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (char)i;
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_uint_eq(hs_siphash(hs_slice(input, rows[i].size), key, 2, 4), rows[i].value);
}
END_TEST

START_TEST(test_the_keyed_hash_is_not_the_one_without_a_key)
{
    static const uint64_t none[2] = {0, 0};
    struct hs_slice name = HS_SLICE("consumerId");
    ck_assert_uint_ne(hs_keyed_hash(name, 0), hs_siphash(name, none, 1, 3));
    ck_assert_uint_ne(hs_keyed_hash(name, 0), hs_keyed_hash(name, 1));
    ck_assert_uint_eq(hs_keyed_hash(name, 0), hs_keyed_hash(name, 0));
}
END_TEST

HS_TEST_MAIN("hash", test_siphash_gives_the_reference_values,
             test_the_keyed_hash_is_not_the_one_without_a_key)
