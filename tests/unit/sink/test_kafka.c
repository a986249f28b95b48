/* The Kafka sink against librdkafka's mock cluster, which answers with the errors it is told
 * to. What only a real broker can show stands in test_kafka_broker.c. */
#include "kafka/kafka.h"
#include "kafka_cluster.h"
#include "owner.h"
#include "kafka/options.h"

#include <signal.h>

static struct cluster cluster;
static struct owner *owner;
static const char *brokers[1];
static struct hs_pair properties[4];
static struct hs_kafka_options options;

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    cluster = cluster_create();
    brokers[0] = cluster.address;
    properties[0] = (struct hs_pair){.name = "topic.metadata.propagation.max.ms", .value = "50"};
    properties[1] = (struct hs_pair){.name = "linger.ms", .value = "5"};
    options = (struct hs_kafka_options){.sink.kind = HS_SINK_INDEX_kafka,
                                        .brokers = {.items = brokers, .count = 1},
                                        .properties = {.items = properties, .count = 2}};
    owner = owner_create();
}

static void add_property(const char *name, const char *value)
{
    properties[options.properties.count++] = (struct hs_pair){.name = name, .value = value};
}

static void open_up(void)
{
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1 && owner->state == HS_SINK_UP);
}

static void begin_open(void)
{
    begin();
    cluster_topic(&cluster, "t");
    open_up();
}

static void end(void)
{
    owner_free(owner);
    cluster_end(&cluster);
}

static void drained(void)
{
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

#define FOUND_MAX 20000u
static uint64_t found[FOUND_MAX];

/* first..last are in the topic, once each and in order. */
static void check_topic(const char *topic, uint64_t first, uint64_t last)
{
    size_t count = cluster_numbers(cluster.address, topic, found, FOUND_MAX);
    ck_assert_uint_eq(count, last - first + 1);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(found[i], first + i);
}

/* first..last are in the topic, at least once each. */
static void check_none_lost(const char *topic, uint64_t first, uint64_t last)
{
    static bool is_there[FOUND_MAX];
    size_t count = cluster_numbers(cluster.address, topic, found, FOUND_MAX);
    memset(is_there, 0, sizeof(is_there));
    for (size_t i = 0; i < count; i++)
        is_there[found[i]] = true;
    for (uint64_t n = first; n <= last; n++)
        ck_assert_msg(is_there[n], "%llu is lost", (unsigned long long)n);
}

/* ---- The usual way ---- */

START_TEST(events_arrive_in_order_and_once)
{
    begin_open();
    ck_assert_str_eq(owner->trail, "connecting:start up ");
    ck_assert_uint_eq(owner->position, 0);
    owner_give_range(owner, 1, 5000, "t");
    drained();
    ck_assert_uint_eq(owner->delivered, 5000);
    check_topic("t", 1, 5000);
    end();
}
END_TEST

START_TEST(key_headers_time_and_body_as_given)
{
    begin_open();
    struct hs_message message = {
        .part = 7,
        .destination = HS_SLICE("t"),
        .key = HS_SLICE("k1"),
        .body = HS_SLICE("{}"),
        .timestamp_ms = 1760000000123,
        .target = &owner_target,
        .header_count = 2,
        .headers = {{HS_SLICE("webhook-id"), HS_SLICE("whk_1")}, {HS_SLICE("empty"), HS_SLICE("")}},
    };
    ck_assert_int_eq(owner_give(owner, 1, &message, 1), HS_SUBMIT_ACCEPTED);
    message.key = HS_SLICE("");
    message.header_count = 0;
    ck_assert_int_eq(owner_give(owner, 2, &message, 1), HS_SUBMIT_ACCEPTED);
    message.key = HS_SLICE_NONE;
    message.body = HS_SLICE_NONE;
    ck_assert_int_eq(owner_give(owner, 3, &message, 1), HS_SUBMIT_ACCEPTED);
    drained();
    ck_assert(owner_end(owner, 1, 7)->ended);
    struct seen seen[3];
    ck_assert_uint_eq(cluster_read(cluster.address, "t", seen, 3), 3);
    ck_assert_str_eq(seen[0].key, "k1");
    ck_assert_str_eq(seen[0].body, "{}");
    ck_assert_str_eq(seen[0].headers, "webhook-id=whk_1;empty=;");
    ck_assert_int_eq(seen[0].timestamp, 1760000000123);
    ck_assert(seen[1].has_key);
    ck_assert_str_eq(seen[1].headers, "");
    ck_assert(!seen[2].has_key);
    /* An empty body is an empty value, not a tombstone. */
    ck_assert(seen[2].has_body);
    end();
}
END_TEST

START_TEST(more_topics_than_handles_are_kept)
{
    begin_open();
    cluster_topic(&cluster, "t5"); /* the others are made when they are asked for */
    for (unsigned i = 0; i < 6 * HS_KAFKA_TOPICS; i++) {
        char topic[16];
        snprintf(topic, sizeof(topic), "t%u", i % (3 * HS_KAFKA_TOPICS));
        owner_give_one(owner, i + 1, topic, NULL);
    }
    drained();
    ck_assert_uint_eq(owner->delivered, 6 * HS_KAFKA_TOPICS);
    ck_assert_uint_eq(cluster_numbers(cluster.address, "t5", found, FOUND_MAX), 2);
    ck_assert_uint_eq(found[1], 3 * HS_KAFKA_TOPICS + 6);
    end();
}
END_TEST

/* ---- The queue's bound ---- */

START_TEST(K1_a_full_queue_refuses_whole_parcels_and_tells_of_room)
{
    begin();
    cluster_topic(&cluster, "t");
    add_property("queue.buffering.max.messages", "10");
    open_up();
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    for (uint64_t n = 1; n <= 10; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "t", NULL), HS_SUBMIT_ACCEPTED);
    ck_assert_int_eq(owner_give_one(owner, 11, "t", NULL), HS_SUBMIT_FULL);
    ck_assert_uint_eq(hs_sink_in_flight(owner->sink), 10);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    OWNER_WAIT(owner, owner->rooms == 1);
    owner_give_one(owner, 11, "t", NULL);
    drained();
    check_topic("t", 1, 11);
    end();
}
END_TEST

START_TEST(K1_a_parcel_that_meets_the_bound_in_its_middle_is_taken_whole)
{
    begin();
    cluster_topic(&cluster, "t");
    add_property("queue.buffering.max.messages", "10");
    open_up();
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    for (uint64_t n = 1; n <= 8; n++)
        owner_give_one(owner, n, "t", NULL);
    char body[32] = "{\"n\":9}", to[8] = "t";
    struct hs_message messages[5];
    for (unsigned i = 0; i < 5; i++)
        messages[i] = (struct hs_message){.part = i,
                                          .destination = hs_slice_text(to),
                                          .body = hs_slice_text(body),
                                          .target = &owner_target};
    ck_assert_int_eq(owner_give(owner, 9, messages, 5), HS_SUBMIT_ACCEPTED);
    ck_assert_uint_eq(hs_sink_in_flight(owner->sink), 13);
    memset(body, 'x', 7); /* the slices were borrowed for the call only */
    memset(to, 'x', 1);
    ck_assert_int_eq(owner_give_one(owner, 10, "t", NULL), HS_SUBMIT_FULL);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    OWNER_WAIT(owner, owner->rooms == 1);
    owner_give_one(owner, 10, "t", NULL);
    drained();
    ck_assert_uint_eq(cluster_numbers(cluster.address, "t", found, FOUND_MAX), 14);
    ck_assert_uint_eq(found[12], 9);
    ck_assert_uint_eq(found[13], 10);
    end();
}
END_TEST

/* ---- Outcomes ---- */

START_TEST(too_large_for_the_client_is_permanent_and_told_later)
{
    begin();
    cluster_topic(&cluster, "t");
    add_property("message.max.bytes", "2000");
    open_up();
    char body[4000];
    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    ck_assert_int_eq(owner_give_one(owner, 1, "t", body), HS_SUBMIT_ACCEPTED);
    ck_assert_int_eq(owner_give_one(owner, 2, "t", NULL), HS_SUBMIT_FULL); /* K2 */
    OWNER_WAIT(owner, owner->rooms == 1);
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "too_large");
    owner_give_one(owner, 2, "t", NULL);
    drained();
    check_topic("t", 2, 2);
    ck_assert_uint_eq(owner->resumes, 1);
    end();
}
END_TEST

START_TEST(a_batch_refused_for_its_size_is_judged_one_by_one)
{
    begin_open();
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    for (uint64_t n = 1; n <= 20; n++)
        owner_give_one(owner, n, "t", NULL);
    OWNER_WAIT(owner, owner->resumes == 2);
    for (uint64_t n = 1; n <= 20; n++) {
        ck_assert_int_eq(owner_end(owner, n, 0)->outcome, HS_TRANSIENT);
        ck_assert_str_eq(owner_end(owner, n, 0)->reason, "batch_refused");
    }
    for (uint64_t n = 1; n <= 20; n++)
        owner_give_one(owner, n, "t", NULL);
    /* The second refusal meets one message; when all were judged, batches are made again. */
    OWNER_WAIT(owner, owner->resumes == 3);
    size_t permanent = 0;
    for (uint64_t n = 1; n <= 20; n++)
        permanent += owner_end(owner, n, 0)->outcome == HS_PERMANENT;
    ck_assert_uint_eq(permanent, 1);
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "too_large");
    for (uint64_t n = 21; n <= 30; n++)
        owner_give_one(owner, n, "t", NULL);
    drained();
    check_topic("t", 2, 30);
    end();
}
END_TEST

START_TEST(an_unknown_topic_is_held_and_goes_on_when_it_is_there)
{
    begin();
    cluster_topic(&cluster, "t");
    rd_kafka_mock_topic_set_error(cluster.mock, "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    open_up();
    owner_give_one(owner, 1, "missing", NULL);
    /* If librdkafka knows already it refused the first at once: no room until that is told (K2). */
    while (owner_give_one(owner, 2, "t", NULL) == HS_SUBMIT_FULL)
        owner_turn(owner);
    drained();
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "unknown_topic");
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_DELIVERED);
    /* Now it is known to be missing and refused at once. */
    owner_give_one(owner, 1, "missing", NULL);
    drained();
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_BLOCKED);
    rd_kafka_mock_topic_set_error(cluster.mock, "missing", RD_KAFKA_RESP_ERR_NO_ERROR);
    do {
        while (owner_give_one(owner, 1, "missing", NULL) == HS_SUBMIT_FULL)
            owner_turn(owner);
        drained();
    } while (owner_end(owner, 1, 0)->outcome == HS_BLOCKED);
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_DELIVERED);
    ck_assert_uint_eq(owner->resumes, 1);
    end();
}
END_TEST

START_TEST(a_topic_one_may_not_write_is_held)
{
    begin_open();
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    owner_give_one(owner, 1, "t", NULL);
    drained();
    ck_assert_int_eq(owner_end(owner, 1, 0)->outcome, HS_BLOCKED);
    ck_assert_str_eq(owner_end(owner, 1, 0)->reason, "topic_authorization");
    do { /* librdkafka has to hear first that it may again */
        while (owner_give_one(owner, 1, "t", NULL) == HS_SUBMIT_FULL)
            owner_turn(owner);
        drained();
    } while (owner_end(owner, 1, 0)->outcome == HS_BLOCKED);
    check_topic("t", 1, 1);
    end();
}
END_TEST

START_TEST(what_librdkafka_repeats_by_itself_is_not_told)
{
    begin_open();
    rd_kafka_mock_push_request_errors(
        cluster.mock, CLUSTER_PRODUCE, 4, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    for (uint64_t n = 1; n <= 100; n++)
        owner_give_one(owner, n, "t", NULL);
    drained();
    ck_assert_uint_eq(owner->failed, 0);
    ck_assert_uint_eq(owner->resumes, 1);
    check_topic("t", 1, 100);
    end();
}
END_TEST

static bool is_delivered(uint64_t sequence)
{
    const struct owner_end *end = owner_end(owner, sequence, 0);
    return end->ended && end->outcome == HS_DELIVERED;
}

/* Gives first..last, and after each resume what was not delivered again, as the owner would. */
static void give_through_resumes(uint64_t first, uint64_t last)
{
    size_t resumes = owner->resumes;
    uint64_t next = first, delivered = first - 1;
    while (delivered < last) {
        while (next <= last && owner_give_one(owner, next, "t", NULL) == HS_SUBMIT_ACCEPTED)
            next++;
        owner_turn(owner);
        while (delivered < last && is_delivered(delivered + 1))
            delivered++;
        if (resumes != owner->resumes) {
            resumes = owner->resumes;
            next = delivered + 1;
        }
    }
}

START_TEST(K3_an_error_that_librdkafka_gives_up_on_rebuilds_the_producer)
{
    begin_open();
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_PRODUCE, 2, RD_KAFKA_RESP_ERR_UNKNOWN,
                                      RD_KAFKA_RESP_ERR_UNKNOWN);
    give_through_resumes(1, 3000);
    ck_assert_uint_gt(owner->resumes, 1);
    ck_assert_uint_gt(owner->failed, 0);
    check_none_lost("t", 1, 3000);
    end();
}
END_TEST

START_TEST(K3_a_fatal_error_rebuilds_the_producer)
{
    begin_open();
    owner_give_one(owner, 1, "t", NULL);
    drained();
    rd_kafka_test_fatal_error(((struct hs_kafka *)owner->sink)->rk,
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as a test");
    give_through_resumes(2, 50);
    ck_assert_uint_eq(owner->resumes, 2);
    check_topic("t", 1, 50);
    end();
}
END_TEST

START_TEST(K3_a_producer_that_the_cluster_may_forget_is_made_again)
{
    begin_open();
    ((struct hs_kafka *)owner->sink)->expire_ms = 1500;
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    for (uint64_t n = 1; n <= 10; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "t", NULL), HS_SUBMIT_ACCEPTED);
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->delivered, 0);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    ((struct hs_kafka *)owner->sink)->expire_ms = UINT64_MAX;
    give_through_resumes(1, 10);
    check_topic("t", 1, 10);
    end();
}
END_TEST

START_TEST(one_may_not_write_idempotently_is_held_until_one_may)
{
    begin();
    cluster_topic(&cluster, "t");
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_INIT_PRODUCER_ID, 1,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "cluster_authorization");
    OWNER_WAIT(owner, owner->state == HS_SINK_UP);
    give_through_resumes(1, 3);
    check_topic("t", 1, 3);
    end();
}
END_TEST

/* ---- Brokers that are not there ---- */

START_TEST(brokers_that_are_down_are_waited_for)
{
    begin();
    cluster_topic(&cluster, "t");
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1 && strcmp(owner->reason, "brokers_down") == 0);
    ck_assert_int_eq(owner->state, HS_SINK_CONNECTING);
    for (uint64_t n = 1; n <= 100; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "t", NULL), HS_SUBMIT_ACCEPTED);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    drained();
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    check_topic("t", 1, 100);
    ck_assert_uint_eq(owner->failed, 0);
    end();
}
END_TEST

START_TEST(brokers_that_come_back_are_up_without_any_event)
{
    begin_open();
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    OWNER_WAIT(owner, owner->state == HS_SINK_CONNECTING);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    OWNER_WAIT(owner, owner->state == HS_SINK_UP);
    end();
}
END_TEST

START_TEST(closing_with_events_on_their_way_completes_none)
{
    begin_open();
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    for (uint64_t n = 1; n <= 100; n++)
        owner_give_one(owner, n, "t", NULL);
    owner_close(owner);
    ck_assert_uint_eq(owner->ended, 0);
    owner_open(owner, &options.sink); /* and at once, before the loop turned */
    owner_close(owner);
    end();
}
END_TEST

HS_TEST_MAIN("kafka sink", events_arrive_in_order_and_once, key_headers_time_and_body_as_given,
             more_topics_than_handles_are_kept,
             K1_a_full_queue_refuses_whole_parcels_and_tells_of_room,
             K1_a_parcel_that_meets_the_bound_in_its_middle_is_taken_whole,
             too_large_for_the_client_is_permanent_and_told_later,
             a_batch_refused_for_its_size_is_judged_one_by_one,
             an_unknown_topic_is_held_and_goes_on_when_it_is_there,
             a_topic_one_may_not_write_is_held, what_librdkafka_repeats_by_itself_is_not_told,
             K3_an_error_that_librdkafka_gives_up_on_rebuilds_the_producer,
             K3_a_fatal_error_rebuilds_the_producer,
             K3_a_producer_that_the_cluster_may_forget_is_made_again,
             one_may_not_write_idempotently_is_held_until_one_may,
             brokers_that_are_down_are_waited_for, brokers_that_come_back_are_up_without_any_event,
             closing_with_events_on_their_way_completes_none)
