/* Proves: every outcome is a row, 503 and 429 say when to retry, and 410 is never sent (I3, I4). */
#include "hs_test.h"
#include "answers.h"

#include <errno.h>
#include <string.h>

START_TEST(I4_no_answer_is_410)
{
    for (unsigned i = 0; i < HS_ANSWER_COUNT; i++)
        ck_assert_uint_ne(hs_answer_row((enum hs_answer)i)->status, 410);
}
END_TEST

START_TEST(I3_every_refusal_has_a_reason_and_words)
{
    for (unsigned i = 0; i < HS_ANSWER_COUNT; i++) {
        const struct hs_answer_row *row = hs_answer_row((enum hs_answer)i);
        ck_assert_int_eq(row->reason != NULL, row->status != 202);
        ck_assert_int_eq(row->detail[0] != '\0', row->status != 202);
        bool comes_back = row->status == 503 || row->status == 429;
        ck_assert_int_eq(row->retry_after > 0, comes_back);
    }
    ck_assert_str_eq(hs_answer_row(HS_ANSWER_WRONG_METHOD)->fields, "Allow: POST\r\n");
}
END_TEST

START_TEST(what_the_journal_says_has_its_answer)
{
    ck_assert_uint_eq(hs_answer_row(hs_answer_of_append(-ENOSPC))->status, 503);
    ck_assert_str_eq(hs_answer_row(hs_answer_of_append(-ENOSPC))->reason, "journal_full");
    ck_assert_str_eq(hs_answer_row(hs_answer_of_append(-EROFS))->reason, "read_only");
    ck_assert_str_eq(hs_answer_row(hs_answer_of_append(-EAGAIN))->reason, "in_flight");
    ck_assert_uint_eq(hs_answer_row(hs_answer_of_append(-EMSGSIZE))->status, 413);
    ck_assert_str_eq(hs_answer_row(hs_answer_of_append(-ESHUTDOWN))->reason, "draining");
    ck_assert_uint_eq(hs_answer_row(hs_answer_of_append(-EIO))->status, 503);
}
END_TEST

HS_TEST_MAIN("ingress answers", I4_no_answer_is_410, I3_every_refusal_has_a_reason_and_words,
             what_the_journal_says_has_its_answer)
