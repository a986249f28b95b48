/* Murmur2 against the cases of Kafka's own UtilsTest.testMurmur2. */
#include "hs_test.h"

#include <hookstream/rehearsal.h>

START_TEST(test_murmur2_gives_what_kafka_gives)
{
    static const struct {
        const char *key;
        int32_t hash;
    } cases[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
        {"", 275646681},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_slice key = hs_slice_text(cases[i].key);
        ck_assert_int_eq((int32_t)hs_murmur2(key), cases[i].hash);
        ck_assert_int_eq((int32_t)hs_murmur2_positive(key), cases[i].hash & INT32_MAX);
    }
}
END_TEST

HS_TEST_MAIN("murmur2", test_murmur2_gives_what_kafka_gives)
