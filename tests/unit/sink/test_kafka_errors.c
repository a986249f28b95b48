/* Every error that a Kafka broker answers, through the whole sink, plain and with transactions:
 * what becomes of the event, what an operator is told, and that what waits goes out by itself
 * once the broker takes it. librdkafka's mock cluster gives the errors.
 *
 * It gives those of the protocol and a lost connection, not what librdkafka says by itself. Of
 * those rows the class is tested in test_errors.c, and what leads to some of them:
 *   _UNKNOWN_TOPIC, _INVALID_ARG   here
 *   _ALL_BROKERS_DOWN, _QUEUE_FULL, _FATAL   test_kafka.c
 *   _FENCED, _PURGE_QUEUE, _PURGE_INFLIGHT   test_kafka_txn.c
 *   _AUTHENTICATION, _SSL, _RESOLVE, _TIMED_OUT, _TIMED_OUT_QUEUE, _MSG_TIMED_OUT, _STATE,
 * _DESTROY, _GAPLESS_GUARANTEE, _INCONSISTENT, _UNKNOWN_PARTITION, _UNSUPPORTED_FEATURE   nothing
 */
#include "kafka/kafka.h"
#include "kafka_cluster.h"
#include "owner.h"
#include "kafka/options.h"

#include <signal.h>

#define EVENTS_A_ROW 3 /* the one that meets the error, and two behind it */
#define EVENTS_MAX 300

static struct cluster cluster;
static struct owner *owner;
static const char *brokers[1];
static struct hs_pair properties[3];
static struct hs_kafka_options options;
static struct owner_end first_failure[EVENTS_MAX]; /* of each event */
static bool is_dead[EVENTS_MAX];

static void begin(bool exactly_once)
{
    signal(SIGPIPE, SIG_IGN);
    cluster = cluster_create();
    cluster_topic(&cluster, "t");
    cluster_topic(&cluster, "cursors");
    brokers[0] = cluster.address;
    properties[0] = (struct hs_pair){.name = "topic.metadata.propagation.max.ms", .value = "50"};
    properties[1] = (struct hs_pair){.name = "linger.ms", .value = "1"};
    properties[2] = (struct hs_pair){.name = "retry.backoff.ms", .value = "10"};
    options = (struct hs_kafka_options){.sink.kind = HS_SINK_INDEX_kafka,
                                        .brokers = {.items = brokers, .count = 1},
                                        .properties = {.items = properties, .count = 3},
                                        .exactly_once = exactly_once,
                                        .cursor_topic = "cursors",
                                        .transaction_messages = 100,
                                        .transaction_ns = UINT64_C(20000000)};
    owner = owner_create();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1 && owner->state == HS_SINK_UP);
}

static void end(void)
{
    owner_free(owner);
    cluster_end(&cluster);
}

/* ---- An owner ---- */

static bool is_over(uint64_t n)
{
    const struct owner_end *end = owner_end(owner, n, 0);
    return is_dead[n] || n <= owner->position || (end->ended && end->outcome == HS_DELIVERED);
}

static void note_failures(uint64_t first, uint64_t last)
{
    for (uint64_t n = first; n <= last; n++) {
        const struct owner_end *end = owner_end(owner, n, 0);
        if (!end->ended || end->outcome == HS_DELIVERED)
            continue;
        is_dead[n] = is_dead[n] || end->outcome == HS_PERMANENT;
        if (!first_failure[n].ended)
            first_failure[n] = *end;
    }
}

/* Gives first..last in order as the pump does: again what failed for now or was forgotten, until
 * each is delivered or a dead letter. The first goes to `topic`, the others to t. */
static void deliver(uint64_t first, uint64_t last, const char *topic)
{
    for (bool over = false; !over;) {
        over = true;
        bool full = false;
        for (uint64_t n = first; n <= last; n++) {
            if (is_over(n))
                continue;
            over = false;
            if (!full && !owner_end(owner, n, 0)->given)
                full = owner_give_one(owner, n, n == first ? topic : "t", NULL) == HS_SUBMIT_FULL;
        }
        if (over)
            break;
        owner_turn(owner);
        note_failures(first, last);
    }
    hs_sink_skip(owner->sink, last); /* its dead letters are safe */
}

/* ---- The table ---- */

enum fate {
    DEAD,    /* a dead letter at once, the next event goes on */
    AGAIN,   /* sent again, by librdkafka or by the owner, until it is taken; no person is needed */
    BLOCKED, /* given again, and a person is told what to do */
    THERE,   /* the broker has it already */
};

static const struct row {
    int code;
    enum fate fate;
    const char *reason;
    const char *advice;
} rows[] = {
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, DEAD, "too_large", "larger than message.max.bytes"},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, DEAD, "too_large", "size is invalid"},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, DEAD, "invalid_timestamp", "older or newer"},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, DEAD, "invalid_record", "a compacted topic needs a key"},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, DEAD, "invalid_topic", "the topic's name"},
    {100, BLOCKED, "unknown_topic", "create it"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, BLOCKED, "topic_authorization", "grant WRITE"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, BLOCKED, "cluster_authorization",
     "grant IDEMPOTENT_WRITE"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, BLOCKED, "group_authorization", "lacks a right"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, BLOCKED,
     "transactional_id_authorization", "lacks a right on the transactional id"},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, BLOCKED, "transaction_timeout", "lower it"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, BLOCKED, "sasl_authentication", "credentials"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, BLOCKED, "sasl_authentication",
     "sasl.mechanism"},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, BLOCKED, "sasl_authentication", "security.protocol"},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED, BLOCKED, "security_disabled", "no security configured"},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, BLOCKED, "invalid_acks", "acks=all"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, BLOCKED, "policy", "a policy of the cluster"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, BLOCKED, "unsupported", "too old"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, BLOCKED, "unsupported", "message format"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, BLOCKED, "compression", "compression.type"},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, BLOCKED, "invalid_config", "configuration is invalid"},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, BLOCKED, "batch_too_large", "lower batch.size"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, AGAIN, "", ""},
    /* librdkafka asks whether the topic is gone (what_the_cluster_says_of_a_topic). */
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, THERE, "", ""},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_UNKNOWN, AGAIN, "", ""},
    {RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND, AGAIN, "", ""}, /* one without a row */
};

/* Codes below 0 are librdkafka's own. */
START_TEST(each_row_that_a_broker_can_give_is_tested_here)
{
    size_t count;
    const struct hs_kafka_error *table = hs_kafka_error_table(&count);
    for (size_t i = 0; i < count; i++) {
        bool found = table[i].code < 0 && table[i].code != RD_KAFKA_RESP_ERR_UNKNOWN;
        for (size_t k = 0; k < HS_ARRAY_SIZE(rows); k++)
            found = found || rows[k].code == table[i].code;
        ck_assert_msg(found, "%s has no row in this test", rd_kafka_err2name(table[i].code));
    }
}
END_TEST

/* ---- What becomes of the event ---- */

static void check_failure(const struct row *row, uint64_t n, const char *topic)
{
    const struct owner_end *failure = &first_failure[n];
    const char *name = rd_kafka_err2name(row->code);
    ck_assert_msg(failure->ended, "%s: nothing was told", name);
    ck_assert_msg(failure->outcome == (row->fate == DEAD ? HS_PERMANENT : HS_BLOCKED), "%s: is %s",
                  name, hs_outcome_name(failure->outcome));
    ck_assert_str_eq(failure->reason, row->reason);
    char words[64];
    snprintf(words, sizeof(words), "topic %.20s", topic);
    ck_assert_msg(strstr(failure->detail, words) != NULL, "%s: no topic", failure->detail);
    ck_assert_msg(strstr(failure->detail, row->advice) != NULL, "%s: does not say: %s",
                  failure->detail, row->advice);
}

/* Event n met the error. */
static void check_fate(const struct row *row, uint64_t n, const char *topic)
{
    const char *name = rd_kafka_err2name(row->code);
    ck_assert_msg(is_dead[n] == (row->fate == DEAD), "%s: dead: %d", name, is_dead[n]);
    if (row->fate == DEAD || row->fate == BLOCKED)
        check_failure(row, n, topic);
    else
        ck_assert_msg(!first_failure[n].ended || first_failure[n].outcome == HS_TRANSIENT,
                      "%s: is %s", name, hs_outcome_name(first_failure[n].outcome));
    for (uint64_t k = n + 1; k < n + EVENTS_A_ROW; k++)
        ck_assert_msg(!is_dead[k], "%s: the next is a dead letter", name);
    ck_assert_msg(row->fate == BLOCKED || strstr(owner->trail, "blocked") == NULL, "%s: %s", name,
                  owner->trail);
    OWNER_WAIT(owner, owner->state == HS_SINK_UP);
}

/* ---- What a produce request is answered ---- */

/* After an event that is said to be there and was never sent, the mock cluster refuses what
 * follows by its sequence number. */
static void meet_gap(uint64_t n)
{
    size_t resumes = owner->resumes;
    while (owner_give_one(owner, n, "t", NULL) == HS_SUBMIT_FULL)
        owner_turn(owner);
    OWNER_WAIT(owner, owner->resumes > resumes);
}

/* The event is alone when the error comes, and in a transaction has no cursor's record with it:
 * the mock cluster would keep that although the transaction is aborted. */
static void meet_error(const struct row *row, uint64_t n, bool exactly_once)
{
    size_t times = (row->fate == BLOCKED || row->fate == AGAIN) && !exactly_once ? 2 : 1;
    rd_kafka_resp_err_t errors[] = {row->code, row->code};
    owner->trail[0] = '\0';
    options.transaction_ns = UINT64_C(20000000000);
    rd_kafka_mock_push_request_errors_array(cluster.mock, CLUSTER_PRODUCE, times, errors);
    while (owner_give_one(owner, n, "t", NULL) == HS_SUBMIT_FULL)
        owner_turn(owner);
    rd_kafka_t *rk = ((struct hs_kafka *)owner->sink)->rk;
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0 || rd_kafka_outq_len(rk) == 0);
    if (row->fate == THERE && exactly_once)
        meet_gap(n + 1);
    note_failures(n, n);
    options.transaction_ns = UINT64_C(20000000);
    deliver(n, n + EVENTS_A_ROW - 1, "t");
    check_fate(row, n, "t");
}

static uint64_t event_of(size_t row)
{
    return 1 + row * EVENTS_A_ROW;
}

/* Each event is in the topic, at least once, but what became a dead letter. */
static void check_topic(void)
{
    static uint64_t found[10 * EVENTS_MAX];
    static bool is_there[EVENTS_MAX];
    size_t count = cluster_numbers(cluster.address, "t", found, HS_ARRAY_SIZE(found));
    for (size_t i = 0; i < count; i++)
        is_there[found[i]] = true;
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        for (uint64_t n = event_of(i); n < event_of(i + 1); n++)
            ck_assert_msg(is_there[n] == !is_dead[n] || (n == event_of(i) && rows[i].fate == THERE),
                          "%s: event %d", rd_kafka_err2name(rows[i].code), (int)(n - event_of(i)));
}

/* One producer meets them all, without transactions and with them. */
START_TEST(an_error_of_a_produce_request_has_its_fate)
{
    begin(_i == 1);
    options.transaction_messages = EVENTS_A_ROW;
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        meet_error(&rows[i], event_of(i), _i == 1);
    check_topic();
    end();
}
END_TEST

/* ---- What the cluster says of a topic ---- */

/* Not TOPIC_AUTHORIZATION_FAILED: the mock cluster names the topic's partitions with it, as no
 * broker does, and librdkafka 2.0.2 then keeps the message. A real one: test_sinks_kafka.py. */
static const struct row topic_rows[] = {
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, BLOCKED, "unknown_topic", "create it"},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, DEAD, "invalid_topic", "the topic's name"},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, AGAIN, "", ""},
};

START_TEST(what_the_cluster_says_of_a_topic_has_its_fate)
{
    const struct row *row = &topic_rows[_i];
    begin(false);
    rd_kafka_mock_topic_set_error(cluster.mock, "other", row->code);
    /* The broker answers when the event waits for it: with the answer there first librdkafka
     * refuses the event at once, as _UNKNOWN_TOPIC whatever was said, and nothing else is taken
     * until that is told (K2). */
    rd_kafka_mock_broker_set_down(cluster.mock, 1);
    ck_assert_int_eq(owner_give_one(owner, 1, "other", NULL), HS_SUBMIT_ACCEPTED);
    ck_assert_int_eq(owner_give_one(owner, 2, "t", NULL), HS_SUBMIT_ACCEPTED);
    rd_kafka_mock_broker_set_up(cluster.mock, 1);
    OWNER_WAIT(owner, is_over(2) && (row->fate == AGAIN || owner_end(owner, 1, 0)->ended));
    note_failures(1, 2);
    if (row->fate != DEAD)
        rd_kafka_mock_topic_set_error(cluster.mock, "other", RD_KAFKA_RESP_ERR_NO_ERROR);
    deliver(1, EVENTS_A_ROW, "other");
    check_fate(row, 1, "other");
    end();
}
END_TEST

START_TEST(a_name_that_the_client_refuses_is_dead_at_once)
{
    char topic[601]; /* librdkafka takes up to 512 */
    memset(topic, 'x', sizeof(topic) - 1);
    topic[sizeof(topic) - 1] = '\0';
    begin(_i == 1);
    deliver(1, EVENTS_A_ROW, topic);
    ck_assert(is_dead[1] && !is_dead[2] && !is_dead[3]);
    ck_assert_int_eq(first_failure[1].outcome, HS_PERMANENT);
    ck_assert_str_eq(first_failure[1].reason, "invalid");
    ck_assert_ptr_nonnull(strstr(first_failure[1].detail, "topic xxx"));
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("kafka errors");
    tcase_add_test(tcase, each_row_that_a_broker_can_give_is_tested_here);
    tcase_add_loop_test(tcase, an_error_of_a_produce_request_has_its_fate, 0, 2);
    tcase_add_loop_test(tcase, what_the_cluster_says_of_a_topic_has_its_fate, 0,
                        HS_ARRAY_SIZE(topic_rows));
    tcase_add_loop_test(tcase, a_name_that_the_client_refuses_is_dead_at_once, 0, 2);
    Suite *suite = suite_create("kafka errors");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
