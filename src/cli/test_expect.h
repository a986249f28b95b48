/* Test expect: compares an outcome with a case's expectation. Threads: the main one. */
#ifndef HS_CLI_TEST_EXPECT_H
#define HS_CLI_TEST_EXPECT_H

#include "test_cases.h"

#include <hookstream/rehearsal.h>

/* Appends a line for each difference; none: the case passes. `recorded` is the outcome in the file
 * that the case names; data NULL: it names none. */
void hs_test_compare(const struct hs_test_expect *expect, const struct hs_rehearsal_result *result,
                     struct hs_slice recorded, struct hs_buffer *ret_faults);

#endif
