/* A Kafka for tests: librdkafka's mock cluster, which can be told to fail, or the real broker
 * of HOOKSTREAM_TEST_KAFKA; and a reader that shares nothing with the sink. */
#ifndef HS_TEST_KAFKA_CLUSTER_H
#define HS_TEST_KAFKA_CLUSTER_H

#include "hs_test.h"

#include <hookstream/base.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

#define CLUSTER_PRODUCE 0 /* Kafka protocol: the key of ProduceRequest */
#define CLUSTER_INIT_PRODUCER_ID 22
#define CLUSTER_READ_MS 20000

struct cluster {
    rd_kafka_t *rk; /* of the mock */
    rd_kafka_mock_cluster_t *mock;
    const char *address;
};

static __attribute__((unused)) struct cluster cluster_create(void)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "client.id", "mock", error, sizeof(error));
    struct cluster cluster = {.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error))};
    ck_assert_ptr_nonnull(cluster.rk);
    cluster.mock = rd_kafka_mock_cluster_new(cluster.rk, 1);
    ck_assert_ptr_nonnull(cluster.mock);
    cluster.address = rd_kafka_mock_cluster_bootstraps(cluster.mock);
    return cluster;
}

static __attribute__((unused)) void cluster_end(struct cluster *cluster)
{
    rd_kafka_mock_cluster_destroy(cluster->mock);
    rd_kafka_destroy(cluster->rk);
}

static __attribute__((unused)) void cluster_topic(struct cluster *cluster, const char *topic)
{
    ck_assert_int_eq(rd_kafka_mock_topic_create(cluster->mock, topic, 1, 1), 0);
}

/* A message as the reader saw it. */
struct seen {
    char key[64], body[256], headers[512]; /* headers: "name=value;" */
    bool has_key, has_body;
    int64_t timestamp;
};

static void see(const rd_kafka_message_t *message, struct seen *seen)
{
    *seen = (struct seen){.has_key = message->key != NULL, .has_body = message->payload != NULL};
    snprintf(seen->key, sizeof(seen->key), "%.*s", (int)message->key_len,
             message->key ? (const char *)message->key : "");
    snprintf(seen->body, sizeof(seen->body), "%.*s", (int)message->len,
             message->payload ? (const char *)message->payload : "");
    rd_kafka_timestamp_type_t type;
    seen->timestamp = rd_kafka_message_timestamp(message, &type);
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    const char *name;
    const void *value;
    size_t size, at = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; i++)
        at += (size_t)snprintf(seen->headers + at, sizeof(seen->headers) - at, "%s=%.*s;", name,
                               (int)size, (const char *)value);
}

/* Reads partition 0 of the topic from its start to its end; gives how many there were. */
static size_t cluster_read(const char *address, const char *topic, struct seen *ret_seen,
                           size_t most)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", address, error, sizeof(error));
    rd_kafka_conf_set(conf, "group.id", "reader", error, sizeof(error));
    rd_kafka_conf_set(conf, "enable.partition.eof", "true", error, sizeof(error));
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", error, sizeof(error));
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", error, sizeof(error));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    ck_assert_ptr_nonnull(rk);
    rd_kafka_topic_partition_list_t *parts = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(parts, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(rk, parts);
    rd_kafka_topic_partition_list_destroy(parts);
    size_t count = 0;
    for (bool at_end = false; !at_end;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, CLUSTER_READ_MS);
        ck_assert_msg(message != NULL, "the topic cannot be read");
        at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            ck_assert_uint_lt(count, most);
            see(message, &ret_seen[count++]);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return count;
}

/* The numbers of bodies {"n":...}. */
static size_t cluster_numbers(const char *address, const char *topic, uint64_t *ret_numbers,
                              size_t most)
{
    struct seen *seen = calloc(most, sizeof(*seen));
    size_t count = cluster_read(address, topic, seen, most);
    for (size_t i = 0; i < count; i++) {
        unsigned long long number;
        ck_assert_int_eq(sscanf(seen[i].body, "{\"n\":%llu}", &number), 1);
        ret_numbers[i] = number;
    }
    free(seen);
    return count;
}

#endif
