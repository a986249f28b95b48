/* The Kafka sink against a real broker, at HOOKSTREAM_TEST_KAFKA (host:port): what a mock
 * would only repeat after us. Without the variable each case says that it is left out. */
#include "kafka_cluster.h"
#include "owner.h"

#include "kafka/options.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static const char *address;
static struct owner *owner;
static char topic[64];
static const char *brokers[1];
static struct hs_kafka_options options;

/* A topic of this run alone, made by librdkafka's own admin client. */
static void make_topic(const char *name, const char *max_message_bytes)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", address, error, sizeof(error));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    ck_assert_ptr_nonnull(rk);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(name, 1, 1, error, sizeof(error));
    if (max_message_bytes != NULL)
        rd_kafka_NewTopic_set_config(wanted, "max.message.bytes", max_message_bytes);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);
    ck_assert_msg(event != NULL, "the broker at %s does not answer", address);
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(wanted);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

static bool begin(void)
{
    address = getenv("HOOKSTREAM_TEST_KAFKA");
    if (address == NULL) {
        fprintf(stderr, "left out: HOOKSTREAM_TEST_KAFKA names no broker\n");
        return false;
    }
    signal(SIGPIPE, SIG_IGN);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(topic, sizeof(topic), "unit-%lld-%ld-%d", (long long)now.tv_sec, now.tv_nsec,
             (int)getpid());
    brokers[0] = address;
    options = (struct hs_kafka_options){.sink.kind = HS_SINK_INDEX_kafka,
                                        .brokers = {.items = brokers, .count = 1}};
    owner = owner_create();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1 && owner->state == HS_SINK_UP);
    return true;
}

static void drained(void)
{
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

START_TEST(a_backlog_arrives_in_order_and_once)
{
    if (!begin())
        return;
    make_topic(topic, NULL);
    owner_give_range(owner, 1, 50000, topic);
    drained();
    ck_assert_uint_eq(owner->delivered, 50000);
    uint64_t *found = calloc(60000, sizeof(*found));
    ck_assert_uint_eq(cluster_numbers(address, topic, found, 60000), 50000);
    for (uint64_t n = 1; n <= 50000; n++)
        ck_assert_uint_eq(found[n - 1], n);
    free(found);
    owner_free(owner);
}
END_TEST

START_TEST(one_too_large_for_the_topic_is_found_out_among_many)
{
    if (!begin())
        return;
    make_topic(topic, "4000");
    static char large[6000];
    /* Not to be compressed: bytes of a linear generator as letters. */
    uint32_t state = 1;
    for (size_t i = 0; i + 1 < sizeof(large); i++)
        large[i] = (char)('!' + (state = state * 1664525 + 1013904223) % 90);
    for (uint64_t n = 1; n <= 20; n++)
        ck_assert_int_eq(owner_give_one(owner, n, topic, n == 7 ? large : NULL),
                         HS_SUBMIT_ACCEPTED);
    while (owner->delivered < 19) {
        owner_turn(owner);
        for (uint64_t n = 1; n <= 20 && owner->resumes == 2; n++)
            if (owner_end(owner, n, 0)->outcome == HS_TRANSIENT)
                owner_give_one(owner, n, topic, n == 7 ? large : NULL);
    }
    drained();
    ck_assert_int_eq(owner_end(owner, 7, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 7, 0)->reason, "too_large");
    OWNER_WAIT(owner, owner->resumes == 3); /* batches as usual again */
    struct seen *seen = calloc(32, sizeof(*seen));
    ck_assert_uint_eq(cluster_read(address, topic, seen, 32), 19);
    free(seen);
    owner_free(owner);
}
END_TEST

START_TEST(a_topic_that_is_created_late_is_found)
{
    if (!begin())
        return;
    owner_give_one(owner, 1, topic, NULL);
    drained();
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "unknown_topic");
    make_topic(topic, NULL);
    do {
        while (owner_give_one(owner, 1, topic, NULL) == HS_SUBMIT_FULL)
            owner_turn(owner);
        drained();
    } while (owner_end(owner, 1, 0)->outcome == HS_BLOCKED);
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_DELIVERED);
    owner_free(owner);
}
END_TEST

HS_TEST_MAIN("kafka sink, real broker", a_backlog_arrives_in_order_and_once,
             one_too_large_for_the_topic_is_found_out_among_many,
             a_topic_that_is_created_late_is_found)
