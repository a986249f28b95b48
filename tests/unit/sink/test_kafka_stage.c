/* The stages of the Kafka producer and of its transactions: which may follow which. */
#include "kafka/kafka.h"
#include "stage_table.h"

#include <signal.h>

static const char *name(unsigned stage)
{
    return hs_kafka_stage_name((enum hs_kafka_stage)stage);
}

static bool allows(unsigned from, unsigned to)
{
    return hs_kafka_stage_allows((enum hs_kafka_stage)from, (enum hs_kafka_stage)to);
}

START_TEST(a_producer_makes_these_transitions_and_no_others)
{
    static const struct stage_table table = {
        .count = HS_KAFKA_STAGE_COUNT,
        .name = name,
        .allows = allows,
        .moves = " closed>open  open>ending  open>closed  ending>ending  ending>closed ",
    };
    check_stages(&table);
}
END_TEST

static const char *txn_name(unsigned stage)
{
    return hs_kafka_txn_stage_name((enum hs_kafka_txn_stage)stage);
}

static bool txn_allows(unsigned from, unsigned to)
{
    return hs_kafka_txn_stage_allows((enum hs_kafka_txn_stage)from, (enum hs_kafka_txn_stage)to);
}

START_TEST(X4_a_transaction_makes_these_transitions_and_none_out_of_a_fence)
{
    static const struct stage_table table = {
        .count = HS_KAFKA_TXN_STAGE_COUNT,
        .name = txn_name,
        .allows = txn_allows,
        .moves = " closed>starting  closed>looking  closed>fenced "
                 " starting>starting  starting>reading  starting>closed "
                 " reading>open  reading>closed "
                 " open>sealing  open>aborting  open>closed "
                 " sealing>committing  sealing>aborting  sealing>closed "
                 " committing>committing  committing>open  committing>aborting  committing>closed "
                 " aborting>closed "
                 " looking>closed ",
        .last = "fenced",
    };
    check_stages(&table);
}
END_TEST

START_TEST(stages_move_as_they_are_allowed_to)
{
    static struct hs_kafka kafka = {.sink.name = "k"};
    struct hs_kafka_txn txn = {.kafka = &kafka};
    hs_kafka_set_stage(&kafka, HS_KAFKA_OPEN);
    ck_assert_int_eq(kafka.stage, HS_KAFKA_OPEN);
    hs_kafka_set_stage(&kafka, HS_KAFKA_ENDING);
    hs_kafka_set_stage(&kafka, HS_KAFKA_ENDING);
    hs_kafka_set_stage(&kafka, HS_KAFKA_CLOSED);
    ck_assert_int_eq(kafka.stage, HS_KAFKA_CLOSED);
    hs_kafka_txn_set_stage(&txn, HS_KAFKA_TXN_STARTING);
    hs_kafka_txn_set_stage(&txn, HS_KAFKA_TXN_READING);
    ck_assert_int_eq(txn.stage, HS_KAFKA_TXN_READING);
}
END_TEST

START_TEST(a_producer_that_is_not_open_cannot_be_ending)
{
    static struct hs_kafka kafka = {.sink.name = "k"};
    hs_kafka_set_stage(&kafka, HS_KAFKA_ENDING);
}
END_TEST

START_TEST(X2_a_transaction_is_not_open_before_the_cursor_is_read)
{
    static struct hs_kafka kafka = {.sink.name = "k"};
    struct hs_kafka_txn txn = {.kafka = &kafka, .stage = HS_KAFKA_TXN_STARTING};
    hs_kafka_txn_set_stage(&txn, HS_KAFKA_TXN_OPEN);
}
END_TEST

/* A deadly signal is expected of two tests, so HS_TEST_MAIN does not fit. */
int main(void)
{
    TCase *tcase = tcase_create("kafka stages");
    tcase_add_test(tcase, a_producer_makes_these_transitions_and_no_others);
    tcase_add_test(tcase, X4_a_transaction_makes_these_transitions_and_none_out_of_a_fence);
    tcase_add_test(tcase, stages_move_as_they_are_allowed_to);
    tcase_add_test_raise_signal(tcase, a_producer_that_is_not_open_cannot_be_ending, SIGABRT);
    tcase_add_test_raise_signal(tcase, X2_a_transaction_is_not_open_before_the_cursor_is_read,
                                SIGABRT);
    Suite *suite = suite_create("kafka stages");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
