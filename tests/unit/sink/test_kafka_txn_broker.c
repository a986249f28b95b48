/* `exactly_once: true` against a real broker, at HOOKSTREAM_TEST_KAFKA (host:port): what is
 * committed, what is read back, and who is fenced. Without the variable each case says that it
 * is left out. */
#include "kafka/kafka.h"
#include "kafka_cluster.h"
#include "owner.h"
#include "kafka/options.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 20000

static const char *address;
static char topic[64], cursors[80];
static const char *brokers[1];
static struct hs_kafka_options options;

static void make_topic(const char *name, const char *option, const char *value)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", address, error, sizeof(error));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    ck_assert_ptr_nonnull(rk);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(name, 1, 1, error, sizeof(error));
    if (option != NULL)
        rd_kafka_NewTopic_set_config(wanted, option, value);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    ck_assert_msg(event != NULL, "the broker at %s does not answer", address);
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
    snprintf(topic, sizeof(topic), "txn-%lld-%ld-%d", (long long)now.tv_sec, now.tv_nsec,
             (int)getpid());
    snprintf(cursors, sizeof(cursors), "%s-cursors", topic);
    brokers[0] = address;
    options = (struct hs_kafka_options){.sink.kind = HS_SINK_INDEX_kafka,
                                        .brokers = {.items = brokers, .count = 1},
                                        .exactly_once = true,
                                        .transactional_id = topic,
                                        .cursor_topic = cursors,
                                        .transaction_messages = 1000,
                                        .transaction_ns = 50000000};
    return true;
}

static struct owner *open_owner(void)
{
    struct owner *owner = owner_create();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->resumes == 1);
    return owner;
}

static void drained(struct owner *owner)
{
    OWNER_WAIT(owner, hs_sink_in_flight(owner->sink) == 0);
}

#define FOUND_MAX 20000u
static uint64_t found[FOUND_MAX];

static void check_topic(uint64_t first, uint64_t last)
{
    size_t count = cluster_numbers(address, topic, found, FOUND_MAX);
    ck_assert_uint_eq(count, last - first + 1);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(found[i], first + i);
}

START_TEST(X1_what_is_committed_is_read_back_as_the_position)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    struct owner *owner = open_owner(); /* makes the cursors' topic */
    ck_assert_uint_eq(owner->position, 0);
    owner_give_range(owner, 1, 5000, topic);
    drained(owner);
    ck_assert_uint_eq(owner->delivered, 5000);
    ck_assert_uint_eq(owner->resumes, 1);
    owner_free(owner);
    owner = open_owner();
    ck_assert_uint_eq(owner->position, 5000);
    owner_give_range(owner, 5001, 6000, topic);
    drained(owner);
    check_topic(1, 6000);
    owner_free(owner);
}
END_TEST

START_TEST(X1_what_was_open_at_the_end_is_not_seen_and_not_counted)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    options.transaction_ns = 20000000000; /* longer than the test */
    options.transaction_messages = 100;
    struct owner *owner = open_owner();
    owner_give_range(owner, 1, 150, topic);
    OWNER_WAIT(owner, owner->delivered == 100);
    owner_free(owner);
    owner = open_owner();
    ck_assert_uint_eq(owner->position, 100);
    owner_give_range(owner, 101, 200, topic);
    drained(owner);
    check_topic(1, 200);
    owner_free(owner);
}
END_TEST

START_TEST(another_process_with_the_id_ends_this_one)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    struct owner *first = open_owner();
    owner_give_range(first, 1, 10, topic);
    drained(first);
    struct owner *second = open_owner();
    ck_assert_uint_eq(second->position, 10);
    owner_give_one(first, 11, topic, NULL);
    OWNER_WAIT(first, first->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(first->reason, "fenced");
    ck_assert_ptr_nonnull(strstr(first->detail, "transactional_id"));
    ck_assert_uint_eq(first->delivered, 10);
    ck_assert_uint_eq(first->resumes, 1); /* X4: it does not come back */
    owner_give_range(second, 11, 20, topic);
    drained(second);
    check_topic(1, 20);
    owner_free(first);
    owner_free(second);
}
END_TEST

START_TEST(another_journal_does_not_go_on_from_this_cursor)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    struct owner *owner = open_owner();
    owner_give_range(owner, 1, 10, topic);
    drained(owner);
    owner_free(owner);
    owner = owner_create();
    ck_assert_int_eq(
        hs_sink_open(owner->base, "test", "1111-other", &options.sink, &owner->host, &owner->sink),
        0);
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_uint_eq(owner->position, 0);
    owner_free(owner);
}
END_TEST

/* Another sink's producer with a transaction open in the topic of cursors. */
static rd_kafka_t *open_another(void)
{
    char error[256], id[96];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(id, sizeof(id), "%s-another", topic);
    rd_kafka_conf_set(conf, "bootstrap.servers", address, error, sizeof(error));
    rd_kafka_conf_set(conf, "transactional.id", id, error, sizeof(error));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    ck_assert_ptr_nonnull(rk);
    ck_assert_ptr_null(rd_kafka_init_transactions(rk, TIMEOUT_MS));
    ck_assert_ptr_null(rd_kafka_begin_transaction(rk));
    ck_assert_int_eq(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(cursors), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_KEY("another", 7), RD_KAFKA_V_VALUE("x", 1),
                                       RD_KAFKA_V_END),
                     0);
    ck_assert_int_eq(rd_kafka_flush(rk, TIMEOUT_MS), 0);
    return rk;
}

START_TEST(a_cursor_behind_an_open_transaction_of_another_is_waited_for)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    struct owner *owner = open_owner();
    owner_give_range(owner, 1, 10, topic);
    drained(owner);
    rd_kafka_t *another = open_another();
    owner_give_range(owner, 11, 20, topic);
    drained(owner);
    owner_free(owner);
    owner = owner_create();
    owner_open(owner, &options.sink);
    /* What is stable ends at 10: that must not be taken for all. */
    OWNER_WAIT(owner, owner->resumes > 0 || strcmp(owner->reason, "timed_out") == 0);
    ck_assert_uint_eq(owner->resumes, 0);
    ck_assert_ptr_null(rd_kafka_abort_transaction(another, TIMEOUT_MS));
    OWNER_WAIT(owner, owner->resumes == 1);
    ck_assert_uint_eq(owner->position, 20);
    rd_kafka_destroy(another);
    owner_free(owner);
}
END_TEST

START_TEST(a_topic_of_cursors_that_expire_is_refused)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    make_topic(cursors, "cleanup.policy", "delete");
    struct owner *owner = owner_create();
    owner_open(owner, &options.sink);
    OWNER_WAIT(owner, owner->state == HS_SINK_BLOCKED);
    ck_assert_str_eq(owner->reason, "cursor_topic_policy");
    ck_assert_uint_eq(owner->resumes, 0);
    owner_free(owner);
}
END_TEST

/* Gives first..last, and after each resume what the position does not cover, as the owner
 * would; what ended as permanent is left out. `large` is a body for event `poison`. */
static void give_through_resumes(struct owner *owner, uint64_t first, uint64_t last,
                                 uint64_t poison, const char *large)
{
    size_t resumes = owner->resumes;
    uint64_t next = first;
    bool letter = false;
    while (owner->delivered + (letter ? 1 : 0) < last - first + 1) {
        while (next <= last) {
            if (letter && next == poison) {
                next++;
                continue;
            }
            if (owner_give_one(owner, next, topic, next == poison ? large : NULL) !=
                HS_SUBMIT_ACCEPTED)
                break;
            next++;
        }
        owner_turn(owner);
        const struct owner_end *end = owner_end(owner, poison, 0);
        letter = letter || (end->ended && end->outcome == HS_PERMANENT);
        if (resumes != owner->resumes) {
            resumes = owner->resumes;
            next = first > owner->position ? first : owner->position + 1;
            while (next <= last && owner_end(owner, next, 0)->ended &&
                   owner_end(owner, next, 0)->outcome == HS_DELIVERED)
                next++;
        }
    }
}

START_TEST(one_too_large_for_the_topic_does_not_cost_its_neighbours)
{
    if (!begin())
        return;
    make_topic(topic, "max.message.bytes", "4000");
    static char large[6000];
    uint32_t state = 1; /* not to be compressed: letters of a linear generator */
    for (size_t i = 0; i + 1 < sizeof(large); i++)
        large[i] = (char)('!' + (state = state * 1664525 + 1013904223) % 90);
    struct owner *owner = open_owner();
    give_through_resumes(owner, 1, 40, 17, large);
    ck_assert_int_eq(owner_end(owner, 17, 0)->outcome, HS_PERMANENT);
    ck_assert_str_eq(owner_end(owner, 17, 0)->reason, "too_large");
    size_t count = cluster_numbers(address, topic, found, FOUND_MAX);
    ck_assert_uint_eq(count, 39);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(found[i], i < 16 ? i + 1 : i + 2);
    owner_free(owner);
    /* P1: nobody said that its dead letter is safe, so the event is asked for again. */
    owner = open_owner();
    ck_assert_uint_eq(owner->position, 16);
    owner_give_one(owner, 17, topic, NULL);
    for (uint64_t n = 18; n <= 45; n++)
        owner_give_one(owner, n, topic, NULL);
    drained(owner);
    ck_assert_uint_eq(owner->delivered, 29);
    count = cluster_numbers(address, topic, found, FOUND_MAX);
    ck_assert_uint_eq(count, 39 + 1 + 5);
    ck_assert_uint_eq(found[39], 17);
    hs_sink_skip(owner->sink, 45);
    OWNER_WAIT(owner,
               !hs_kafka_progress_is_ahead(&((struct hs_kafka *)owner->sink)->txn->progress));
    owner_free(owner);
    owner = open_owner();
    ck_assert_uint_eq(owner->position, 45);
    owner_free(owner);
}
END_TEST

START_TEST(too_large_for_the_client_is_left_out_of_its_transaction)
{
    if (!begin())
        return;
    make_topic(topic, NULL, NULL);
    static char large[2 << 20];
    memset(large, 'x', sizeof(large) - 1);
    struct owner *owner = open_owner();
    give_through_resumes(owner, 1, 10, 4, large);
    ck_assert_int_eq(owner_end(owner, 4, 0)->outcome, HS_PERMANENT);
    ck_assert_uint_eq(owner->resumes, 1);
    drained(owner);
    hs_sink_skip(owner->sink, 10);
    OWNER_WAIT(owner,
               !hs_kafka_progress_is_ahead(&((struct hs_kafka *)owner->sink)->txn->progress));
    owner_free(owner);
    owner = open_owner();
    ck_assert_uint_eq(owner->position, 10);
    ck_assert_uint_eq(cluster_numbers(address, topic, found, FOUND_MAX), 9);
    owner_free(owner);
}
END_TEST

HS_TEST_MAIN("kafka transactions, real broker", X1_what_is_committed_is_read_back_as_the_position,
             X1_what_was_open_at_the_end_is_not_seen_and_not_counted,
             another_process_with_the_id_ends_this_one,
             another_journal_does_not_go_on_from_this_cursor,
             a_cursor_behind_an_open_transaction_of_another_is_waited_for,
             a_topic_of_cursors_that_expire_is_refused,
             one_too_large_for_the_topic_does_not_cost_its_neighbours,
             too_large_for_the_client_is_left_out_of_its_transaction)
