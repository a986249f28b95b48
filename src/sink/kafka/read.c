/* Kafka read: see read.h. The topic has one partition and one current record per sink; older ones
 * remain until they are compacted away. So it is read from near its end, and from further back only
 * if the sink was silent for long. */
#include "read.h"

#include "config.h"
#include "errors.h"

#include <hookstream/clock.h>
#include <stdio.h>
#include <string.h>

#define ASK_MS 3000        /* for one answer of the cluster */
#define POLICY_MS 1000     /* for a question that may get no answer */
#define READ_MS 10000u     /* for everything */
#define POLL_MS 100        /* between looks at `stop` */
#define FIRST_TAIL 1024    /* records from the end */
#define TAIL_GROWS 32      /* how much longer when the record was not among them */
#define SEGMENT "16777216" /* bytes: compaction leaves the newest segment alone */

static bool fail(struct hs_kafka_read *read, rd_kafka_resp_err_t error,
                 const struct hs_failure *failure, const char *what, const char *why)
{
    read->error = error;
    read->failure = failure;
    snprintf(read->text, sizeof(read->text), "%s %s: %s (%s)", what, read->options->cursor_topic,
             why, rd_kafka_err2name(error));
    return false;
}

static bool fail_as_told(struct hs_kafka_read *read, rd_kafka_resp_err_t error, const char *what)
{
    const struct hs_failure *failure = &hs_kafka_error(error)->failure;
    return fail(read, error, failure, what, failure->words);
}

/* ---- The topic ---- */

static const struct hs_failure missing = {
    HS_BLOCKED, "cursor_topic",
    "create it with 1 partition and cleanup.policy=compact, or grant CREATE on it"};
static const struct hs_failure not_compacted = {
    HS_BLOCKED, "cursor_topic_policy",
    "set its cleanup.policy to compact: records that expire let events come twice"};
static const struct hs_failure just_made = {HS_TRANSIENT, "cursor_topic_new", "it was made now"};

static rd_kafka_resp_err_t create(rd_kafka_t *rk, const char *topic)
{
    char text[128];
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, 1, -1, text, sizeof(text));
    if (wanted == NULL)
        return RD_KAFKA_RESP_ERR__INVALID_ARG;
    HS_IGNORE(rd_kafka_NewTopic_set_config(wanted, "cleanup.policy", "compact")); /* only copies */
    HS_IGNORE(rd_kafka_NewTopic_set_config(wanted, "segment.bytes", SEGMENT));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ASK_MS);
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (event != NULL) {
        size_t count = 0;
        error = rd_kafka_event_error(event);
        const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
        const rd_kafka_topic_result_t **topics =
            result != NULL ? rd_kafka_CreateTopics_result_topics(result, &count) : NULL;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1)
            error = rd_kafka_topic_result_error(topics[0]);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
    return error;
}

/* Whether it is known to have a policy other than compaction. If we may not ask, the operator is
 * trusted to have created it as documented. */
static bool is_not_compacted(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_ConfigResource_t *wanted = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DescribeConfigs(rk, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, POLICY_MS);
    bool wrong = false;
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        size_t count = 0, entries = 0;
        const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count);
        const rd_kafka_ConfigEntry_t **items =
            count == 1 ? rd_kafka_ConfigResource_configs(resources[0], &entries) : NULL;
        for (size_t i = 0; i < entries; i++) {
            const char *value = rd_kafka_ConfigEntry_value(items[i]);
            if (strcmp(rd_kafka_ConfigEntry_name(items[i]), "cleanup.policy") == 0)
                wrong = value != NULL && strcmp(value, "compact") != 0;
        }
    }
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(wanted);
    return wrong;
}

/* Ensures that the topic exists, has a leader and is reliable. */
static bool prepare(struct hs_kafka_read *read, rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 0, topic, &metadata, ASK_MS);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
        error = metadata->topics[0].err;
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        error = create(rk, read->options->cursor_topic);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return fail(read, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, &just_made,
                        "the cursors' topic", just_made.words);
        if (hs_kafka_error(error)->failure.outcome == HS_TRANSIENT)
            return fail_as_told(read, error, "cannot make the cursors' topic");
        return fail(read, error, &missing, "there is no topic", missing.words);
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_as_told(read, error, "cannot see the cursors' topic");
    if (!read->checked && is_not_compacted(rk, read->options->cursor_topic))
        return fail(read, RD_KAFKA_RESP_ERR_INVALID_CONFIG, &not_compacted, "the cursors' topic",
                    not_compacted.words);
    read->checked = true;
    return true;
}

/* ---- The record ---- */

static void take(struct hs_kafka_read *read, const rd_kafka_message_t *message)
{
    if (!hs_slice_equal(hs_slice(message->key, message->key_len), hs_slice_text(read->key)))
        return;
    /* One that is too long is not ours; parsing it finds that. */
    size_t size = message->len < sizeof(read->value) ? message->len : sizeof(read->value);
    if (size > 0)
        memcpy(read->value, message->payload, size);
    read->size = size;
    read->found = message->payload != NULL;
}

/* Reads until everything that existed at the first answer has been seen. Committed records may
 * follow an open transaction of another sink, so the end that counts is the log's and not the last
 * stable offset. */
static bool read_to_end(struct hs_kafka_read *read, rd_kafka_t *rk, rd_kafka_topic_t *topic,
                        uint64_t until_ns, int64_t *ret_end)
{
    int64_t low, end = -1;
    while (!atomic_load(&read->stop) && hs_clock_monotonic_ns() < until_ns) {
        rd_kafka_message_t *message = rd_kafka_consume(topic, 0, POLL_MS);
        if (message == NULL)
            continue;
        rd_kafka_resp_err_t error = message->err;
        int64_t offset = message->offset;
        if (end < 0 &&
            (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__PARTITION_EOF))
            HS_IGNORE(rd_kafka_get_watermark_offsets(rk, read->options->cursor_topic, 0, &low,
                                                     &end)); /* of the last fetch: asks nothing */
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            take(read, message);
        rd_kafka_message_destroy(message);
        if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF && end >= 0 && offset >= end) {
            *ret_end = end;
            return true;
        }
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
            hs_kafka_error(error)->failure.outcome != HS_TRANSIENT)
            return fail_as_told(read, error, "cannot read the cursors' topic");
    }
    return fail(read, RD_KAFKA_RESP_ERR__TIMED_OUT,
                &hs_kafka_error(RD_KAFKA_RESP_ERR__TIMED_OUT)->failure,
                "cannot read the end of the cursors' topic",
                "no answer, or another sink's transaction is open in it");
}

static void read_record(struct hs_kafka_read *read, rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
    uint64_t until_ns = hs_clock_monotonic_ns() + READ_MS * UINT64_C(1000000);
    int64_t end = 0;
    for (int64_t tail = FIRST_TAIL; !read->found; tail *= TAIL_GROWS) {
        if (rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_TAIL(tail)) != 0) {
            fail_as_told(read, rd_kafka_last_error(), "cannot read the cursors' topic");
            return;
        }
        bool all = read_to_end(read, rk, topic, until_ns, &end);
        HS_IGNORE(rd_kafka_consume_stop(topic, 0)); /* fails only if it was not started */
        if (!all)
            return;
        if (tail >= end)
            break;
    }
    read->error = RD_KAFKA_RESP_ERR_NO_ERROR;
}

void hs_kafka_read(struct hs_kafka_read *read)
{
    char text[256];
    rd_kafka_conf_t *conf;
    read->found = false;
    read->size = 0;
    if (hs_kafka_config_reader(read->options, &conf) < 0) {
        fail(read, RD_KAFKA_RESP_ERR__INVALID_ARG, &missing, "cannot read", hs_error_text());
        return;
    }
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        fail_as_told(read, RD_KAFKA_RESP_ERR__FAIL, "cannot make a reader of");
        return;
    }
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, read->options->cursor_topic, NULL);
    if (topic == NULL)
        fail_as_told(read, rd_kafka_last_error(), "cannot read");
    else if (prepare(read, rk, topic))
        read_record(read, rk, topic);
    if (topic != NULL)
        rd_kafka_topic_destroy(topic);
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
