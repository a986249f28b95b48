/* Kafka errors: the table of every error that can end a message or a producer, with its class and
 * label. librdkafka retries by itself, in order and without limit, every error that it knows to be
 * temporary (retries are endless and message.timeout.ms is 0). A transient row here is an error
 * that it reports all the same: the producer is rebuilt and everything open is sent again in
 * order. */
#include "errors.h"

#include <librdkafka/rdkafka.h>

#define ROW(code, outcome, label, words)                                                           \
    {                                                                                              \
        RD_KAFKA_RESP_ERR_##code, {outcome, label, words}, false                                   \
    }
#define BATCH(code, outcome, label, words)                                                         \
    {                                                                                              \
        RD_KAFKA_RESP_ERR_##code, {outcome, label, words}, true                                    \
    }

static const struct hs_kafka_error table[] = {
    /* Never accepted. */
    BATCH(MSG_SIZE_TOO_LARGE, HS_PERMANENT, "too_large",
          "larger than message.max.bytes or the topic's max.message.bytes"),
    BATCH(INVALID_MSG_SIZE, HS_PERMANENT, "too_large", "the broker says its size is invalid"),
    BATCH(INVALID_TIMESTAMP, HS_PERMANENT, "invalid_timestamp",
          "older or newer than the topic's message.timestamp limits allow"),
    BATCH(INVALID_RECORD, HS_PERMANENT, "invalid_record",
          "the broker refuses it; a compacted topic needs a key"),
    ROW(TOPIC_EXCEPTION, HS_PERMANENT, "invalid_topic", "the broker refuses the topic's name"),
    ROW(_INVALID_ARG, HS_PERMANENT, "invalid", "the client refuses the message"),

    /* An operator must act. */
    ROW(_UNKNOWN_TOPIC, HS_BLOCKED, "unknown_topic", "the topic does not exist: create it"),
    ROW(UNKNOWN_TOPIC_OR_PART, HS_BLOCKED, "unknown_topic", "the topic does not exist: create it"),
    {100 /* UNKNOWN_TOPIC_ID, newer than 2.0 */,
     {HS_BLOCKED, "unknown_topic", "the topic does not exist: create it"},
     false},
    ROW(TOPIC_AUTHORIZATION_FAILED, HS_BLOCKED, "topic_authorization",
        "the user may not write to the topic: grant WRITE and DESCRIBE"),
    ROW(CLUSTER_AUTHORIZATION_FAILED, HS_BLOCKED, "cluster_authorization",
        "the user may not write idempotently: grant IDEMPOTENT_WRITE on the cluster"),
    ROW(GROUP_AUTHORIZATION_FAILED, HS_BLOCKED, "group_authorization", "the user lacks a right"),
    ROW(TRANSACTIONAL_ID_AUTHORIZATION_FAILED, HS_BLOCKED, "transactional_id_authorization",
        "the user lacks a right on the transactional id"),
    ROW(INVALID_TRANSACTION_TIMEOUT, HS_BLOCKED, "transaction_timeout",
        "transaction.timeout.ms is above the brokers' transaction.max.timeout.ms: lower it"),
    ROW(_AUTHENTICATION, HS_BLOCKED, "sasl_authentication",
        "the broker refuses the credentials or the mechanism"),
    ROW(SASL_AUTHENTICATION_FAILED, HS_BLOCKED, "sasl_authentication",
        "the broker refuses the credentials"),
    ROW(UNSUPPORTED_SASL_MECHANISM, HS_BLOCKED, "sasl_authentication",
        "the broker does not have this sasl.mechanism"),
    ROW(ILLEGAL_SASL_STATE, HS_BLOCKED, "sasl_authentication",
        "security.protocol does not fit the broker's listener"),
    ROW(_SSL, HS_BLOCKED, "tls", "the TLS handshake failed: check certificates and names"),
    ROW(SECURITY_DISABLED, HS_BLOCKED, "security_disabled",
        "the broker has no security configured"),
    ROW(INVALID_REQUIRED_ACKS, HS_BLOCKED, "invalid_acks", "the broker refuses acks=all"),
    ROW(POLICY_VIOLATION, HS_BLOCKED, "policy", "a policy of the cluster refuses it"),
    ROW(UNSUPPORTED_VERSION, HS_BLOCKED, "unsupported", "the broker is too old for this client"),
    ROW(_UNSUPPORTED_FEATURE, HS_BLOCKED, "unsupported", "the broker is too old for this client"),
    ROW(UNSUPPORTED_FOR_MESSAGE_FORMAT, HS_BLOCKED, "unsupported",
        "the topic's message format has no headers"),
    ROW(UNSUPPORTED_COMPRESSION_TYPE, HS_BLOCKED, "compression",
        "the broker does not know this compression.type"),
    ROW(INVALID_CONFIG, HS_BLOCKED, "invalid_config", "the topic's configuration is invalid"),
    BATCH(RECORD_LIST_TOO_LARGE, HS_BLOCKED, "batch_too_large",
          "a batch is larger than the topic's segments: lower batch.size"),

    /* Sent again. */
    ROW(_TRANSPORT, HS_TRANSIENT, "transport", "the connection broke"),
    ROW(_RESOLVE, HS_TRANSIENT, "resolve", "a broker's name has no address"),
    ROW(_ALL_BROKERS_DOWN, HS_TRANSIENT, "brokers_down", "no broker answers"),
    ROW(_TIMED_OUT, HS_TRANSIENT, "timed_out", "no answer in time"),
    ROW(_TIMED_OUT_QUEUE, HS_TRANSIENT, "timed_out", "not sent in time"),
    ROW(_MSG_TIMED_OUT, HS_TRANSIENT, "timed_out", "not delivered in time"),
    ROW(REQUEST_TIMED_OUT, HS_TRANSIENT, "timed_out", "the replicas did not answer in time"),
    ROW(_QUEUE_FULL, HS_TRANSIENT, "queue_full", "the client's queue is full"),
    ROW(_PURGE_QUEUE, HS_TRANSIENT, "purged", "taken back before it was sent"),
    ROW(_PURGE_INFLIGHT, HS_TRANSIENT, "purged", "taken back while it was on its way"),
    ROW(_DESTROY, HS_TRANSIENT, "purged", "the producer was closed"),
    ROW(_FATAL, HS_TRANSIENT, "producer_fatal", "the producer cannot go on and is rebuilt"),
    ROW(_STATE, HS_TRANSIENT, "producer_state", "the producer cannot take it now"),
    ROW(_GAPLESS_GUARANTEE, HS_TRANSIENT, "producer_fatal", "the producer lost its order"),
    ROW(_INCONSISTENT, HS_TRANSIENT, "producer_fatal", "the producer lost its order"),
    ROW(OUT_OF_ORDER_SEQUENCE_NUMBER, HS_TRANSIENT, "producer_fatal",
        "the broker lost the producer's order"),
    ROW(DUPLICATE_SEQUENCE_NUMBER, HS_TRANSIENT, "producer_fatal",
        "the broker lost the producer's order"),
    ROW(UNKNOWN_PRODUCER_ID, HS_TRANSIENT, "producer_fatal", "the broker forgot the producer"),
    ROW(INVALID_PRODUCER_EPOCH, HS_TRANSIENT, "producer_fatal", "the broker forgot the producer"),
    ROW(INVALID_PRODUCER_ID_MAPPING, HS_TRANSIENT, "producer_fatal",
        "the broker forgot the producer"),
    ROW(PRODUCER_FENCED, HS_TRANSIENT, "producer_fatal", "another producer took over"),
    ROW(_FENCED, HS_TRANSIENT, "producer_fatal", "another producer took over"),
    ROW(CONCURRENT_TRANSACTIONS, HS_TRANSIENT, "transaction_state",
        "the last transaction is not at its end yet"),
    ROW(INVALID_TXN_STATE, HS_TRANSIENT, "transaction_state",
        "the cluster and the producer disagree about the transaction"),
    ROW(NOT_ENOUGH_REPLICAS, HS_TRANSIENT, "not_enough_replicas",
        "fewer replicas in sync than min.insync.replicas"),
    ROW(NOT_ENOUGH_REPLICAS_AFTER_APPEND, HS_TRANSIENT, "not_enough_replicas",
        "fewer replicas in sync than min.insync.replicas"),
    ROW(LEADER_NOT_AVAILABLE, HS_TRANSIENT, "no_leader", "the partition has no leader now"),
    ROW(NOT_LEADER_FOR_PARTITION, HS_TRANSIENT, "no_leader", "the leader has moved"),
    ROW(FENCED_LEADER_EPOCH, HS_TRANSIENT, "no_leader", "the leader has moved"),
    ROW(UNKNOWN_LEADER_EPOCH, HS_TRANSIENT, "no_leader", "the leader has moved"),
    ROW(BROKER_NOT_AVAILABLE, HS_TRANSIENT, "broker_unavailable", "the broker is not available"),
    ROW(REPLICA_NOT_AVAILABLE, HS_TRANSIENT, "broker_unavailable", "a replica is not available"),
    ROW(NETWORK_EXCEPTION, HS_TRANSIENT, "broker_unavailable", "the broker lost a connection"),
    ROW(KAFKA_STORAGE_ERROR, HS_TRANSIENT, "broker_storage", "the broker's disk failed"),
    ROW(THROTTLING_QUOTA_EXCEEDED, HS_TRANSIENT, "quota", "a quota of the cluster is spent"),
    ROW(INVALID_MSG, HS_TRANSIENT, "corrupt", "it was damaged on its way"),
    ROW(_UNKNOWN_PARTITION, HS_TRANSIENT, "unknown_partition", "the partition is not there"),
    ROW(UNKNOWN, HS_TRANSIENT, "broker_error", "the broker failed and does not say why"),
};

static const struct hs_kafka_error other = {
    0, {HS_TRANSIENT, "broker_error", "an error that has no row of its own"}, false};

const struct hs_kafka_error *hs_kafka_error(int code)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(table); i++)
        if (table[i].code == code)
            return &table[i];
    return &other;
}

const struct hs_kafka_error *hs_kafka_error_table(size_t *ret_count)
{
    *ret_count = HS_ARRAY_SIZE(table);
    return table;
}
