/* The one page of glue between Check and the unit tests: a test file names its cases in
 * HS_TEST_MAIN and is a program of its own. */
#ifndef HS_TEST_H
#define HS_TEST_H

#include <check.h>
#include <stdlib.h>

/* HS_TEST_MAIN("journal recovery", test_a, test_b): one test case, in this order. */
#define HS_TEST_MAIN(title, ...)                                                                   \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const hs_tests[] = {__VA_ARGS__};                                             \
        TCase *tcase = tcase_create(title);                                                        \
        for (size_t i = 0; i < sizeof(hs_tests) / sizeof(hs_tests[0]); i++)                        \
            tcase_add_test(tcase, hs_tests[i]);                                                    \
        Suite *suite = suite_create(title);                                                        \
        suite_add_tcase(suite, tcase);                                                             \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
