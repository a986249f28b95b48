/* The tables of errors, entry by entry: what each means is a promise to operators. */
#include "hs_test.h"
#include "kafka/errors.h"
#include "redis/errors.h"

#include <librdkafka/rdkafka.h>

#define KAFKA(code) RD_KAFKA_RESP_ERR_##code

static const struct {
    int code;
    enum hs_outcome outcome;
    const char *label;
    bool of_batch;
} kafka_rows[] = {
    {KAFKA(MSG_SIZE_TOO_LARGE), HS_PERMANENT, "too_large", true},
    {KAFKA(INVALID_MSG_SIZE), HS_PERMANENT, "too_large", true},
    {KAFKA(INVALID_TIMESTAMP), HS_PERMANENT, "invalid_timestamp", true},
    {KAFKA(INVALID_RECORD), HS_PERMANENT, "invalid_record", true},
    {KAFKA(TOPIC_EXCEPTION), HS_PERMANENT, "invalid_topic", false},
    {KAFKA(_INVALID_ARG), HS_PERMANENT, "invalid", false},
    {KAFKA(_UNKNOWN_TOPIC), HS_BLOCKED, "unknown_topic", false},
    {KAFKA(UNKNOWN_TOPIC_OR_PART), HS_BLOCKED, "unknown_topic", false},
    {100, HS_BLOCKED, "unknown_topic", false},
    {KAFKA(TOPIC_AUTHORIZATION_FAILED), HS_BLOCKED, "topic_authorization", false},
    {KAFKA(CLUSTER_AUTHORIZATION_FAILED), HS_BLOCKED, "cluster_authorization", false},
    {KAFKA(GROUP_AUTHORIZATION_FAILED), HS_BLOCKED, "group_authorization", false},
    {KAFKA(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), HS_BLOCKED, "transactional_id_authorization",
     false},
    {KAFKA(_AUTHENTICATION), HS_BLOCKED, "sasl_authentication", false},
    {KAFKA(SASL_AUTHENTICATION_FAILED), HS_BLOCKED, "sasl_authentication", false},
    {KAFKA(UNSUPPORTED_SASL_MECHANISM), HS_BLOCKED, "sasl_authentication", false},
    {KAFKA(ILLEGAL_SASL_STATE), HS_BLOCKED, "sasl_authentication", false},
    {KAFKA(_SSL), HS_BLOCKED, "tls", false},
    {KAFKA(SECURITY_DISABLED), HS_BLOCKED, "security_disabled", false},
    {KAFKA(INVALID_REQUIRED_ACKS), HS_BLOCKED, "invalid_acks", false},
    {KAFKA(POLICY_VIOLATION), HS_BLOCKED, "policy", false},
    {KAFKA(UNSUPPORTED_VERSION), HS_BLOCKED, "unsupported", false},
    {KAFKA(_UNSUPPORTED_FEATURE), HS_BLOCKED, "unsupported", false},
    {KAFKA(UNSUPPORTED_FOR_MESSAGE_FORMAT), HS_BLOCKED, "unsupported", false},
    {KAFKA(UNSUPPORTED_COMPRESSION_TYPE), HS_BLOCKED, "compression", false},
    {KAFKA(INVALID_CONFIG), HS_BLOCKED, "invalid_config", false},
    {KAFKA(RECORD_LIST_TOO_LARGE), HS_BLOCKED, "batch_too_large", true},
    {KAFKA(_TRANSPORT), HS_TRANSIENT, "transport", false},
    {KAFKA(_RESOLVE), HS_TRANSIENT, "resolve", false},
    {KAFKA(_ALL_BROKERS_DOWN), HS_TRANSIENT, "brokers_down", false},
    {KAFKA(_TIMED_OUT), HS_TRANSIENT, "timed_out", false},
    {KAFKA(_TIMED_OUT_QUEUE), HS_TRANSIENT, "timed_out", false},
    {KAFKA(_MSG_TIMED_OUT), HS_TRANSIENT, "timed_out", false},
    {KAFKA(REQUEST_TIMED_OUT), HS_TRANSIENT, "timed_out", false},
    {KAFKA(_QUEUE_FULL), HS_TRANSIENT, "queue_full", false},
    {KAFKA(_PURGE_QUEUE), HS_TRANSIENT, "purged", false},
    {KAFKA(_PURGE_INFLIGHT), HS_TRANSIENT, "purged", false},
    {KAFKA(_DESTROY), HS_TRANSIENT, "purged", false},
    {KAFKA(_FATAL), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(_STATE), HS_TRANSIENT, "producer_state", false},
    {KAFKA(_GAPLESS_GUARANTEE), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(_INCONSISTENT), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(OUT_OF_ORDER_SEQUENCE_NUMBER), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(DUPLICATE_SEQUENCE_NUMBER), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(UNKNOWN_PRODUCER_ID), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(INVALID_PRODUCER_EPOCH), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(INVALID_PRODUCER_ID_MAPPING), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(PRODUCER_FENCED), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(_FENCED), HS_TRANSIENT, "producer_fatal", false},
    {KAFKA(CONCURRENT_TRANSACTIONS), HS_TRANSIENT, "transaction_state", false},
    {KAFKA(INVALID_TXN_STATE), HS_TRANSIENT, "transaction_state", false},
    {KAFKA(INVALID_TRANSACTION_TIMEOUT), HS_BLOCKED, "transaction_timeout", false},
    {KAFKA(NOT_ENOUGH_REPLICAS), HS_TRANSIENT, "not_enough_replicas", false},
    {KAFKA(NOT_ENOUGH_REPLICAS_AFTER_APPEND), HS_TRANSIENT, "not_enough_replicas", false},
    {KAFKA(LEADER_NOT_AVAILABLE), HS_TRANSIENT, "no_leader", false},
    {KAFKA(NOT_LEADER_FOR_PARTITION), HS_TRANSIENT, "no_leader", false},
    {KAFKA(FENCED_LEADER_EPOCH), HS_TRANSIENT, "no_leader", false},
    {KAFKA(UNKNOWN_LEADER_EPOCH), HS_TRANSIENT, "no_leader", false},
    {KAFKA(BROKER_NOT_AVAILABLE), HS_TRANSIENT, "broker_unavailable", false},
    {KAFKA(REPLICA_NOT_AVAILABLE), HS_TRANSIENT, "broker_unavailable", false},
    {KAFKA(NETWORK_EXCEPTION), HS_TRANSIENT, "broker_unavailable", false},
    {KAFKA(KAFKA_STORAGE_ERROR), HS_TRANSIENT, "broker_storage", false},
    {KAFKA(THROTTLING_QUOTA_EXCEEDED), HS_TRANSIENT, "quota", false},
    {KAFKA(INVALID_MSG), HS_TRANSIENT, "corrupt", false},
    {KAFKA(_UNKNOWN_PARTITION), HS_TRANSIENT, "unknown_partition", false},
    {KAFKA(UNKNOWN), HS_TRANSIENT, "broker_error", false},
};

START_TEST(each_kafka_error_has_its_class_and_label)
{
    const struct hs_kafka_error *error = hs_kafka_error(kafka_rows[_i].code);
    ck_assert_int_eq(error->code, kafka_rows[_i].code);
    ck_assert_str_eq(hs_outcome_name(error->failure.outcome),
                     hs_outcome_name(kafka_rows[_i].outcome));
    ck_assert_str_eq(error->failure.label, kafka_rows[_i].label);
    ck_assert_int_eq(error->of_batch, kafka_rows[_i].of_batch);
}
END_TEST

START_TEST(the_kafka_table_has_these_rows_once_and_no_others)
{
    size_t count;
    const struct hs_kafka_error *table = hs_kafka_error_table(&count);
    ck_assert_uint_eq(count, HS_ARRAY_SIZE(kafka_rows));
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_ne(table[i].failure.words, "");
        for (size_t k = 0; k < i; k++)
            ck_assert_int_ne(table[i].code, table[k].code);
    }
}
END_TEST

START_TEST(a_kafka_error_without_a_row_is_transient)
{
    const struct hs_kafka_error *error = hs_kafka_error(12345);
    ck_assert_int_eq(error->failure.outcome, HS_TRANSIENT);
    ck_assert_str_eq(error->failure.label, "broker_error");
    ck_assert(!error->of_batch);
}
END_TEST

/* As servers write them. */
static const struct {
    const char *text;
    enum hs_outcome outcome;
    const char *label;
    bool leave;
} redis_rows[] = {
    {"WRONGTYPE Operation against a key holding the wrong kind of value", HS_PERMANENT,
     "wrong_type", false},
    {"OOM command not allowed when used memory > 'maxmemory'.", HS_BLOCKED, "oom", false},
    {"MISCONF Redis is configured to save RDB snapshots", HS_BLOCKED, "misconf", false},
    {"NOAUTH Authentication required.", HS_BLOCKED, "no_auth", true},
    {"WRONGPASS invalid username-password pair", HS_BLOCKED, "wrong_password", true},
    {"NOPERM this user has no permissions to access one of the keys", HS_BLOCKED, "no_permission",
     false},
    {"DENIED Redis is running in protected mode", HS_BLOCKED, "denied", true},
    {"MOVED 3999 127.0.0.1:6381", HS_BLOCKED, "moved", false},
    {"ASK 3999 127.0.0.1:6381", HS_BLOCKED, "moved", false},
    {"CROSSSLOT Keys in request don't hash to the same slot", HS_BLOCKED, "cross_slot", false},
    {"ERR unknown command 'XADD'", HS_BLOCKED, "error", false},
    {"ERR WAIT cannot be used with replica instances. Please also note", HS_BLOCKED, "read_only",
     true},
    {"NOPROTO unsupported protocol version", HS_BLOCKED, "error", true},
    {"EXECABORT Transaction discarded because of previous errors.", HS_TRANSIENT, "aborted", false},
    {"LOADING Redis is loading the dataset in memory", HS_TRANSIENT, "loading", false},
    {"BUSY Redis is busy running a script.", HS_TRANSIENT, "busy", false},
    {"MASTERDOWN Link with MASTER is down", HS_TRANSIENT, "master_down", true},
    {"READONLY You can't write against a read only replica.", HS_BLOCKED, "read_only", true},
    {"UNBLOCKED force unblock from blocking operation", HS_TRANSIENT, "failover", true},
    {"NOREPLICAS Not enough good replicas to write.", HS_TRANSIENT, "no_replicas", false},
    {"CLUSTERDOWN The cluster is down", HS_TRANSIENT, "cluster_down", false},
    {"TRYAGAIN Multiple keys request during rehashing of slot", HS_TRANSIENT, "try_again", false},
    {"NOGOODSLAVE No suitable replica to promote", HS_TRANSIENT, "failover", true},
};

START_TEST(each_redis_error_has_its_class_and_label)
{
    const struct hs_redis_error *error = hs_redis_error(hs_slice_text(redis_rows[_i].text));
    ck_assert_str_eq(hs_outcome_name(error->failure.outcome),
                     hs_outcome_name(redis_rows[_i].outcome));
    ck_assert_str_eq(error->failure.label, redis_rows[_i].label);
    ck_assert_int_eq(error->leave, redis_rows[_i].leave);
}
END_TEST

START_TEST(the_redis_table_has_these_rows_and_no_others)
{
    size_t count;
    const struct hs_redis_error *table = hs_redis_error_table(&count);
    ck_assert_uint_eq(count, HS_ARRAY_SIZE(redis_rows));
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_ne(table[i].failure.words, "");
        ck_assert_ptr_eq(hs_redis_error(hs_slice_text(table[i].prefix)), &table[i]);
    }
}
END_TEST

START_TEST(an_abort_that_names_its_cause_counts_as_the_cause)
{
    struct hs_slice text = HS_SLICE("EXECABORT Transaction discarded because of: OOM command not "
                                    "allowed when used memory > 'maxmemory'.");
    ck_assert_str_eq(hs_redis_error(text)->failure.label, "oom");
    text = HS_SLICE("EXECABORT Transaction discarded because of: ");
    ck_assert_str_eq(hs_redis_error(text)->failure.label, "error");
}
END_TEST

START_TEST(only_the_whole_first_word_counts)
{
    ck_assert_str_eq(hs_redis_error(HS_SLICE("OOMS x"))->failure.label, "error");
    ck_assert_str_eq(hs_redis_error(HS_SLICE("ERRX"))->prefix, "");
    ck_assert_int_eq(hs_redis_error(HS_SLICE("SOMETHING new"))->failure.outcome, HS_BLOCKED);
    ck_assert_int_eq(hs_redis_error(HS_SLICE_NONE)->failure.outcome, HS_BLOCKED);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("errors");
    tcase_add_loop_test(tcase, each_kafka_error_has_its_class_and_label, 0,
                        HS_ARRAY_SIZE(kafka_rows));
    tcase_add_test(tcase, the_kafka_table_has_these_rows_once_and_no_others);
    tcase_add_test(tcase, a_kafka_error_without_a_row_is_transient);
    tcase_add_loop_test(tcase, each_redis_error_has_its_class_and_label, 0,
                        HS_ARRAY_SIZE(redis_rows));
    tcase_add_test(tcase, the_redis_table_has_these_rows_and_no_others);
    tcase_add_test(tcase, an_abort_that_names_its_cause_counts_as_the_cause);
    tcase_add_test(tcase, only_the_whole_first_word_counts);
    Suite *suite = suite_create("errors of sinks");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
