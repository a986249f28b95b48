/* `exactly_once: true` against librdkafka's mock cluster, which answers the steps of a
 * transaction with the errors it is told to. It keeps what was aborted, so what a reader sees
 * is test_kafka_txn_broker.c's; here it is what the owner is told. */
#include "kafka/kafka.h"
#include "kafka_cluster.h"
#include "owner.h"
#include "kafka/options.h"

#include <signal.h>

#define CLUSTER_ADD_PARTITIONS 24
#define CLUSTER_END_TXN 26

static struct cluster cluster;
static struct owner *owner;
static const char *brokers[1];
static struct hs_pair properties[4];
static struct hs_kafka_options options;

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    cluster = cluster_create();
    cluster_topic(&cluster, "t");
    cluster_topic(&cluster, "cursors");
    brokers[0] = cluster.address;
    properties[0] = (struct hs_pair){.name = "topic.metadata.propagation.max.ms", .value = "50"};
    properties[1] = (struct hs_pair){.name = "linger.ms", .value = "5"};
    properties[2] = (struct hs_pair){.name = "message.max.bytes", .value = "2000"};
    options = (struct hs_kafka_options){.sink.kind = HS_SINK_INDEX_kafka,
                                        .brokers = {.items = brokers, .count = 1},
                                        .properties = {.items = properties, .count = 3},
                                        .exactly_once = true,
                                        .cursor_topic = "cursors",
                                        .transaction_messages = 100,
                                        .transaction_ns = 20000000};
    owner = owner_create();
}

static void begin_open(void)
{
    begin();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1 && owner->state == HS_SINK_UP);
}

static void end(void)
{
    owner_free(owner);
    cluster_end(&cluster);
}

static bool is_delivered(uint64_t sequence)
{
    const struct owner_end *end_of = owner_end(owner, sequence, 0);
    return end_of->ended && end_of->outcome == HS_DELIVERED;
}

/* Gives first..last, and after each resume all that the position does not cover, as the owner
 * would. What the position covers counts as delivered. */
static void give_through_resumes(uint64_t first, uint64_t last)
{
    size_t resumes = owner->resumes;
    uint64_t next = first, done = first - 1;
    while (done < last) {
        while (next <= last && owner_give_one(owner, next, "t", NULL) == HS_SUBMIT_ACCEPTED)
            next++;
        owner_turn(owner);
        while (done < last && is_delivered(done + 1))
            done++;
        if (resumes != owner->resumes) {
            resumes = owner->resumes;
            if (owner->position > done)
                done = owner->position;
            next = done + 1;
        }
    }
}

static void check_none_lost(uint64_t first, uint64_t last)
{
    static uint64_t found[20000];
    static bool is_there[20000];
    size_t count = cluster_numbers(cluster.address, "t", found, 20000);
    memset(is_there, 0, sizeof(is_there));
    for (size_t i = 0; i < count; i++)
        is_there[found[i]] = true;
    for (uint64_t n = first; n <= last; n++)
        ck_assert_msg(is_there[n], "%llu is lost", (unsigned long long)n);
}

static const char *last_cursor(void)
{
    static struct seen seen[4000];
    size_t count = cluster_read(cluster.address, "cursors", seen, 4000);
    ck_assert_uint_gt(count, 0);
    ck_assert_str_eq(seen[count - 1].key, "hookstream-0000-identity-test");
    return seen[count - 1].body;
}

START_TEST(nothing_is_delivered_before_its_commit)
{
    begin();
    options.transaction_messages = 10;
    options.transaction_ns = 20000000000; /* longer than the test */
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    rd_kafka_t *rk = ((struct hs_kafka *)owner->sink)->rk;
    for (uint64_t n = 1; n <= 9; n++)
        ck_assert_int_eq(owner_give_one(owner, n, "t", NULL), HS_SUBMIT_ACCEPTED);
    OWNER_WAIT(owner, rd_kafka_outq_len(rk) == 0); /* they are in the cluster */
    ck_assert_uint_eq(owner->ended, 0);
    ck_assert_int_eq(owner_give_one(owner, 10, "t", NULL), HS_SUBMIT_ACCEPTED);
    ck_assert_int_eq(owner_give_one(owner, 11, "t", NULL), HS_SUBMIT_FULL);
    OWNER_WAIT(owner, owner->delivered == 10 && owner->rooms == 1);
    for (size_t i = 0; i < 10; i++)
        ck_assert_uint_eq(owner->order[i], i + 1);
    ck_assert_ptr_nonnull(strstr(last_cursor(), " 10 -"));
    ck_assert_ptr_nonnull(strstr(last_cursor(), "hookstream 1 0000-identity "));
    end();
}
END_TEST

START_TEST(a_failed_message_aborts_and_all_is_given_again)
{
    begin_open();
    options.transaction_ns = 20000000000; /* so that the cursor is not sent before the failure */
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_PRODUCE, 1, RD_KAFKA_RESP_ERR_UNKNOWN);
    ck_assert_int_eq(owner_give_one(owner, 1, "t", NULL), HS_SUBMIT_ACCEPTED);
    for (uint64_t n = 2; n <= 50; n++)
        if (owner_give_one(owner, n, "t", NULL) == HS_SUBMIT_FULL)
            break; /* a slow machine: the failure is there already, and nothing more is taken */
    OWNER_WAIT(owner, owner->resumes == 2);
    ck_assert_uint_eq(owner->position, 0);
    ck_assert_uint_eq(owner->delivered, 0);
    ck_assert_uint_gt(owner->failed, 0);
    options.transaction_ns = 20000000;
    give_through_resumes(1, 300);
    ck_assert_ptr_nonnull(strstr(last_cursor(), " 300 -"));
    check_none_lost(1, 300);
    end();
}
END_TEST

START_TEST(X2_a_commit_that_the_cluster_refuses_is_read_back_before_anything_is_sent)
{
    begin_open();
    give_through_resumes(1, 50);
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
    give_through_resumes(51, 80);
    ck_assert_uint_gt(owner->resumes, 1);
    /* The mock keeps the cursor's record of the commit that it refused, as a cluster does that
     * did commit and whose answer was lost: what it says is believed, nothing is sent again. */
    ck_assert_uint_eq(owner->position, 80);
    check_none_lost(1, 80);
    end();
}
END_TEST

START_TEST(a_commit_without_an_answer_goes_on_when_the_broker_is_back)
{
    begin_open();
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 700); /* longer than one call of commit */
    for (uint64_t n = 1; n <= 100; n++)
        owner_give_one(owner, n, "t", NULL);
    OWNER_WAIT(owner, ((struct hs_kafka *)owner->sink)->txn->stage == HS_KAFKA_TXN_COMMITTING);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    OWNER_WAIT(owner, owner->state == HS_SINK_CONNECTING);
    ck_assert_uint_eq(owner->delivered, 0);
    rd_kafka_mock_broker_set_rtt(cluster.mock, 1, 0);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    OWNER_WAIT(owner, owner->delivered == 100);
    ck_assert_uint_eq(owner->resumes, 1);
    OWNER_WAIT(owner, owner->state == HS_SINK_UP);
    end();
}
END_TEST

START_TEST(a_fence_that_nobody_made_is_no_end)
{
    begin_open();
    give_through_resumes(1, 10);
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_ADD_PARTITIONS, 1,
                                      RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    give_through_resumes(11, 30);
    ck_assert_uint_eq(owner->resumes, 2);
    ck_assert_uint_eq(owner->position, 10);
    ck_assert_int_eq(owner->state, HS_SINK_UP);
    check_none_lost(1, 30);
    end();
}
END_TEST

START_TEST(a_fence_by_another_is_the_end)
{
    begin_open();
    give_through_resumes(1, 10);
    struct owner *other = owner_create();
    owner_open(other, &options.sink);
    OWNER_WAIT(other, other->resumes == 1);
    ck_assert_uint_eq(other->position, 10);
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_ADD_PARTITIONS, 1,
                                      RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    owner_give_one(owner, 11, "t", NULL);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "fenced");
    ck_assert_ptr_null(((struct hs_kafka *)owner->sink)->rk); /* X4 */
    ck_assert_int_eq(owner_give_one(owner, 12, "t", NULL), HS_SUBMIT_FULL);
    owner_give_one(other, 11, "t", NULL);
    OWNER_WAIT(other, other->delivered == 1);
    owner_free(other);
    end();
}
END_TEST

START_TEST(X3_a_message_refused_for_good_is_left_out_and_named_in_the_cursor)
{
    begin_open();
    char large[4000];
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    owner_give_one(owner, 1, "t", NULL);
    owner_give_one(owner, 2, "t", large);
    OWNER_WAIT(owner, owner->failed == 1);
    ck_assert_int_eq(owner_end(owner, 2, 0)->outcome, HS_PERMANENT);
    OWNER_WAIT(owner, owner->delivered == 1);
    give_through_resumes(3, 5);
    ck_assert_ptr_nonnull(strstr(last_cursor(), " 5 2:1"));
    ck_assert_uint_eq(owner->resumes, 1);
    hs_sink_skip(owner->sink, 5); /* its dead letter is safe: the cursor says so by itself */
    OWNER_WAIT(owner,
               !hs_kafka_progress_is_ahead(&((struct hs_kafka *)owner->sink)->txn->progress));
    ck_assert_ptr_nonnull(strstr(last_cursor(), " 5 -"));
    end();
}
END_TEST

START_TEST(X3_what_the_owner_buries_itself_is_named_in_the_cursor)
{
    begin_open();
    give_through_resumes(1, 2);
    hs_sink_leave_out(owner->sink, 3, 1u << 4 | 1); /* never given: a template failed */
    give_through_resumes(4, 6);
    ck_assert_ptr_nonnull(strstr(last_cursor(), " 6 3:17"));
    hs_sink_skip(owner->sink, 6);
    OWNER_WAIT(owner,
               !hs_kafka_progress_is_ahead(&((struct hs_kafka *)owner->sink)->txn->progress));
    ck_assert_ptr_nonnull(strstr(last_cursor(), " 6 -"));
    end();
}
END_TEST

START_TEST(one_may_not_have_the_id_is_held_until_one_may)
{
    begin();
    rd_kafka_mock_push_request_errors(cluster.mock, CLUSTER_INIT_PRODUCER_ID, 1,
                                      RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "transactional_id_authorization");
    ck_assert_uint_eq(owner->resumes, 0);
    OWNER_WAIT(owner, owner->state == HS_SINK_UP && owner->resumes == 1);
    end();
}
END_TEST

START_TEST(a_cursor_that_is_none_of_ours_is_held)
{
    begin();
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.address, error, sizeof(error));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    const char key[] = "hookstream-0000-identity-test";
    ck_assert_int_eq(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("cursors"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_KEY(key, sizeof(key) - 1),
                                       RD_KAFKA_V_VALUE("what?", 5), RD_KAFKA_V_END),
                     0);
    ck_assert_int_eq(rd_kafka_flush(rk, CLUSTER_READ_MS), 0);
    rd_kafka_destroy(rk);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "cursor_damaged");
    ck_assert_uint_eq(owner->resumes, 0);
    end();
}
END_TEST

START_TEST(brokers_that_are_down_are_waited_for)
{
    begin();
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, strcmp(owner->reason, "brokers_down") == 0);
    ck_assert_uint_eq(owner->resumes, 0);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    OWNER_WAIT(owner, owner->resumes == 1 && owner->state == HS_SINK_UP);
    give_through_resumes(1, 10);
    end();
}
END_TEST

START_TEST(closing_at_any_moment_ends_soon_and_completes_none)
{
    begin();
    owner_open(owner, &options.sink); /* before the loop turned */
    owner_close(owner);
    owner_open(owner, &options.sink); /* while it starts */
    owner_turn(owner);
    owner_close(owner);
    size_t resumes = owner->resumes;
    owner_open(owner, &options.sink); /* with an open transaction */
    OWNER_WAIT(owner, owner->resumes > resumes);
    owner_give_one(owner, 1, "t", NULL);
    owner_close(owner);
    owner_open(owner, &options.sink); /* with a broker that is gone in the middle of a commit */
    OWNER_WAIT(owner, owner->resumes > resumes + 1);
    owner_give_one(owner, 1, "t", NULL);
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    OWNER_WAIT(owner, ((struct hs_kafka *)owner->sink)->txn->stage == HS_KAFKA_TXN_COMMITTING);
    owner_close(owner);
    ck_assert_uint_eq(owner->delivered, 0);
    end();
}
END_TEST

HS_TEST_MAIN("kafka transactions", nothing_is_delivered_before_its_commit,
             a_failed_message_aborts_and_all_is_given_again,
             X2_a_commit_that_the_cluster_refuses_is_read_back_before_anything_is_sent,
             a_commit_without_an_answer_goes_on_when_the_broker_is_back,
             a_fence_that_nobody_made_is_no_end, a_fence_by_another_is_the_end,
             X3_a_message_refused_for_good_is_left_out_and_named_in_the_cursor,
             X3_what_the_owner_buries_itself_is_named_in_the_cursor,
             one_may_not_have_the_id_is_held_until_one_may, a_cursor_that_is_none_of_ours_is_held,
             brokers_that_are_down_are_waited_for,
             closing_at_any_moment_ends_soon_and_completes_none)
