/* Kafka errors: every error that a produced message or the client can end with, and how it
 * is taken. What is not listed is transient: librdkafka or the journal tries again. */
#include "kafka.h"

static const struct row {
    rd_kafka_resp_err_t code;
    struct hs_error_class class;
} rows[] = {
    {RD_KAFKA_RESP_ERR_NO_ERROR, {HS_DELIVERED, "delivered", ""}},

    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
     {HS_PERMANENT, "too_large",
      "raise message.max.bytes of the sink and max.message.bytes of the topic, then send the dead "
      "letters again"}},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
     {HS_PERMANENT, "too_large", "raise max.message.bytes of the topic"}},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, {HS_PERMANENT, "invalid_message", ""}},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, {HS_PERMANENT, "invalid_message", ""}},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, {HS_PERMANENT, "invalid_record", ""}},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, {HS_PERMANENT, "invalid_timestamp", ""}},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
     {HS_PERMANENT, "invalid_topic", "check the topic's template"}},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, {HS_PERMANENT, "invalid_message", ""}},

    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, {HS_HELD, "unknown_topic", "create the topic"}},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, {HS_HELD, "unknown_topic", "create the topic"}},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, {HS_HELD, "unknown_partition", "check the topic"}},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
     {HS_HELD, "topic_authorization", "allow this user to write to the topic"}},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
     {HS_HELD, "cluster_authorization", "allow this user IdempotentWrite on the cluster"}},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
     {HS_HELD, "authentication", "check sasl.username and sasl.password"}},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION,
     {HS_HELD, "authentication", "check the sasl.* and ssl.* properties"}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
     {HS_HELD, "authentication", "check sasl.mechanism"}},
    {RD_KAFKA_RESP_ERR__SSL, {HS_HELD, "tls", "check the ssl.* properties"}},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
     {HS_HELD, "policy_violation", "check the broker's policy"}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
     {HS_HELD, "message_format", "raise the topic's message format"}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,
     {HS_HELD, "compression", "choose another compression.type"}},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, {HS_HELD, "unsupported_version", "upgrade the broker"}},

    {RD_KAFKA_RESP_ERR__TRANSPORT, {HS_TRANSIENT, "transport", ""}},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, {HS_TRANSIENT, "all_brokers_down", ""}},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, {HS_TRANSIENT, "timed_out", ""}},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, {HS_TRANSIENT, "timed_out", ""}},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, {HS_TRANSIENT, "purged", ""}},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, {HS_TRANSIENT, "purged", ""}},
    {RD_KAFKA_RESP_ERR__FATAL, {HS_TRANSIENT, "fatal", ""}},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, {HS_TRANSIENT, "timed_out", ""}},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, {HS_TRANSIENT, "no_leader", ""}},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, {HS_TRANSIENT, "no_leader", ""}},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
     {HS_TRANSIENT, "not_enough_replicas", "check the brokers: fewer than min.insync.replicas"}},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
     {HS_TRANSIENT, "not_enough_replicas", "check the brokers: fewer than min.insync.replicas"}},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
     {HS_TRANSIENT, "storage_error", "check the broker's disks"}},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, {HS_TRANSIENT, "out_of_order", ""}},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, {HS_TRANSIENT, "unknown_producer", ""}},
};

const struct hs_error_class *hs_kafka_classify(rd_kafka_resp_err_t code)
{
    static const struct hs_error_class other = {HS_TRANSIENT, "other", ""};
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        if (rows[i].code == code)
            return &rows[i].class;
    return &other;
}
