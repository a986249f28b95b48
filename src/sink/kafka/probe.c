/* Kafka probe: checks the cluster and the topics as a reader, which needs no right to write and
 * never creates a topic by asking. Reports what this version of librdkafka cannot check. */
#include "kafka.h"
#include "probe.h"

#include "config.h"
#include "errors.h"

#include <hookstream/clock.h>
#include <stdio.h>

/* A record's size besides its body: key, headers and their framing. */
#define RECORD_OVERHEAD 4096u
/* An asynchronous error may be reported a moment after the missing answer. */
#define TOLD_MS 200

struct kafka {
    const struct hs_probe *probe;
    const struct hs_kafka_options *options;
    rd_kafka_t *rk;
    rd_kafka_resp_err_t told; /* the first error that an operator must fix; 0: none */
    char words[256];          /* librdkafka's message for it */
    char named[256];          /* the brokers' addresses as the cluster names them */
};

/* What is known of a topic. */
struct topic {
    const char *name;
    const struct hs_node *node;
    int partitions, replicas, in_sync; /* of the partition that has the fewest */
    bool leaderless, keyless;
};

static int timeout_of(const struct kafka *kafka)
{
    return (int)kafka->probe->timeout_ms;
}

/* ---- The cluster ---- */

static void on_error(rd_kafka_t *rk, int error, const char *words, void *context)
{
    struct kafka *kafka = context;
    bool better = hs_kafka_error(error)->failure.outcome == HS_BLOCKED &&
                  hs_kafka_error(kafka->told)->failure.outcome != HS_BLOCKED;
    if (kafka->told != RD_KAFKA_RESP_ERR_NO_ERROR && !better)
        return;
    kafka->told = error;
    snprintf(kafka->words, sizeof(kafka->words), "%s", words);
}

static const struct hs_node *brokers_node(const struct kafka *kafka)
{
    const struct hs_node *node = kafka->options->sink.node;
    const struct hs_node *brokers = node != NULL ? hs_node_get(node, "brokers") : NULL;
    return brokers != NULL ? brokers : node;
}

static void tell_unreachable(struct kafka *kafka, rd_kafka_resp_err_t error)
{
    (void)rd_kafka_poll(kafka->rk, TOLD_MS); /* calls on_error() */
    if (kafka->told != RD_KAFKA_RESP_ERR_NO_ERROR)
        error = kafka->told;
    const struct hs_failure *failure = &hs_kafka_error(error)->failure;
    bool refused = failure->outcome == HS_BLOCKED;
    char brokers[HS_KAFKA_BROKERS_TEXT];
    hs_kafka_config_brokers(kafka->options, brokers);
    hs_config_error(
        kafka->probe->config, refused ? HS_FINDING_ONLINE_REFUSED : HS_FINDING_ONLINE_UNREACHABLE,
        brokers_node(kafka), "sink `%s`: %s: %s: %s (%s)", kafka->probe->name,
        refused ? "it does not let us in" : "Kafka is not reached", brokers, failure->words,
        kafka->words[0] != '\0' ? kafka->words : rd_kafka_err2str(error));
}

static bool reach(struct kafka *kafka)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(kafka->rk, 0, NULL, &metadata, timeout_of(kafka));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        tell_unreachable(kafka, error);
        return false;
    }
    size_t used = 0;
    for (int i = 0; i < metadata->broker_cnt && used < sizeof(kafka->named); i++) {
        const struct rd_kafka_metadata_broker *broker = &metadata->brokers[i];
        int size = snprintf(kafka->named + used, sizeof(kafka->named) - used, "%s%s:%d",
                            i > 0 ? ", " : "", broker->host, broker->port);
        used += size > 0 ? (size_t)size : 0;
    }
    hs_probe_say(kafka->probe, "Kafka answers, %d broker%s", metadata->broker_cnt,
                 metadata->broker_cnt == 1 ? "" : "s");
    rd_kafka_metadata_destroy(metadata);
    return true;
}

/* ---- A topic ---- */

static void take_partitions(const struct rd_kafka_metadata_topic *from, struct topic *topic)
{
    topic->partitions = from->partition_cnt;
    for (int i = 0; i < from->partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *partition = &from->partitions[i];
        if (i == 0 || partition->replica_cnt < topic->replicas)
            topic->replicas = partition->replica_cnt;
        if (i == 0 || partition->isr_cnt < topic->in_sync)
            topic->in_sync = partition->isr_cnt;
        topic->leaderless |= partition->leader < 0;
    }
}

/* Fills in the cluster's metadata of the topic. */
static rd_kafka_resp_err_t look_at(const struct kafka *kafka, struct topic *topic)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka->rk, topic->name, NULL);
    if (handle == NULL)
        return rd_kafka_last_error();
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(kafka->rk, 0, handle, &metadata, timeout_of(kafka));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
        error = metadata->topics[0].err;
        take_partitions(&metadata->topics[0], topic);
    }
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return error;
}

static void tell_topic_error(const struct kafka *kafka, const struct topic *topic,
                             rd_kafka_resp_err_t error)
{
    bool missing = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    hs_config_error(kafka->probe->config,
                    missing ? HS_FINDING_ONLINE_NO_TOPIC : HS_FINDING_ONLINE_TOPIC, topic->node,
                    "sink `%s`: topic `%s`: %s", kafka->probe->name, topic->name,
                    hs_kafka_error(error)->failure.words);
}

static uint64_t number_of(const char *text)
{
    uint64_t number = 0;
    return text != NULL && hs_slice_to_u64(hs_slice_text(text), UINT64_MAX, &number) == 0 ? number
                                                                                          : 0;
}

static void judge_size(const struct kafka *kafka, const struct topic *topic, uint64_t largest)
{
    uint64_t wanted = kafka->probe->body_size;
    if (largest == 0 || largest >= wanted)
        return;
    hs_config_warning(kafka->probe->config, HS_FINDING_ONLINE_SIZE, topic->node,
                      "sink `%s`: topic `%s` has max.message.bytes %llu, and events may have %llu "
                      "(server.limits.body_size): larger ones become dead letters; raise it, to "
                      "%llu with room for key and headers, and the sink's message.max.bytes",
                      kafka->probe->name, topic->name, (unsigned long long)largest,
                      (unsigned long long)wanted, (unsigned long long)(wanted + RECORD_OVERHEAD));
}

static void judge_replicas(const struct kafka *kafka, const struct topic *topic, int least)
{
    struct hs_config *config = kafka->probe->config;
    if (least > topic->replicas)
        hs_config_warning(
            config, HS_FINDING_ONLINE_REPLICAS, topic->node,
            "sink `%s`: topic `%s` has min.insync.replicas %d and %d replica%s: newer "
            "brokers (4.2) require no more than exist, older ones refuse every "
            "write",
            kafka->probe->name, topic->name, least, topic->replicas,
            topic->replicas == 1 ? "" : "s");
    else if (topic->in_sync < least)
        hs_config_error(config, HS_FINDING_ONLINE_REPLICAS, topic->node,
                        "sink `%s`: topic `%s` has a partition with %d replicas in sync now, and "
                        "min.insync.replicas is %d: writes to it wait",
                        kafka->probe->name, topic->name, topic->in_sync, least);
    else if (least < 2 && topic->replicas > 1)
        hs_config_warning(config, HS_FINDING_ONLINE_REPLICAS, topic->node,
                          "sink `%s`: topic `%s` has %d replicas and min.insync.replicas %d: what "
                          "one broker has confirmed can be lost with it; set it to 2",
                          kafka->probe->name, topic->name, topic->replicas, least);
}

/* A compacted topic takes no event without a key, and the cursors' topic must be compacted. Any
 * other policy is the owner's choice. */
static void judge_policy(const struct kafka *kafka, const struct topic *topic, const char *policy)
{
    const char *cursors = kafka->options->cursor_topic;
    if (topic->keyless && policy != NULL && strstr(policy, "compact") != NULL)
        hs_config_error(
            kafka->probe->config, HS_FINDING_ONLINE_KEYLESS, topic->node,
            "sink `%s`: topic `%s` has cleanup.policy %s, and this target has no `key`: "
            "every event becomes a dead letter; give it one",
            kafka->probe->name, topic->name, policy);
    if (policy == NULL || cursors == NULL || strcmp(cursors, topic->name) != 0 ||
        strcmp(policy, "compact") == 0)
        return;
    hs_config_error(kafka->probe->config, HS_FINDING_ONLINE_CURSOR_TOPIC, topic->node,
                    "sink `%s`: the cursors' topic `%s` has cleanup.policy %s: set it to compact, "
                    "since a cursor that expires lets events come twice",
                    kafka->probe->name, topic->name, policy);
}

static void judge_entries(const struct kafka *kafka, const struct topic *topic,
                          const rd_kafka_ConfigEntry_t **entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[i]);
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(name, "min.insync.replicas") == 0)
            judge_replicas(kafka, topic, (int)number_of(value));
        else if (strcmp(name, "max.message.bytes") == 0)
            judge_size(kafka, topic, number_of(value));
        else if (strcmp(name, "cleanup.policy") == 0)
            judge_policy(kafka, topic, value);
    }
}

/* Metadata come from the configured addresses; everything else goes to those that the cluster
 * names, and they must be reachable, too. */
static bool is_unreached(struct kafka *kafka, const struct topic *topic, rd_kafka_resp_err_t error)
{
    if (error != RD_KAFKA_RESP_ERR__TIMED_OUT && error != RD_KAFKA_RESP_ERR__TRANSPORT &&
        error != RD_KAFKA_RESP_ERR__RESOLVE && error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        return false;
    (void)rd_kafka_poll(kafka->rk, TOLD_MS); /* calls on_error() */
    hs_config_error(kafka->probe->config, HS_FINDING_ONLINE_UNREACHABLE, brokers_node(kafka),
                    "sink `%s`: topic `%s`: Kafka answers, but the brokers that it names are not "
                    "reached: %s: %s; their advertised.listeners must be addresses for this host",
                    kafka->probe->name, topic->name, kafka->named,
                    kafka->words[0] != '\0' ? kafka->words : rd_kafka_err2str(error));
    return true;
}

/* Checks the topic's settings; reports if the user may not read them. */
static void judge_settings(struct kafka *kafka, const struct topic *topic)
{
    rd_kafka_ConfigResource_t *wanted =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
    rd_kafka_DescribeConfigs(kafka->rk, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_of(kafka));
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    size_t count = 0, entries = 0;
    if (event != NULL) {
        error = rd_kafka_event_error(event);
        const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1)
            error = rd_kafka_ConfigResource_error(resources[0]);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1) {
            const rd_kafka_ConfigEntry_t **items =
                rd_kafka_ConfigResource_configs(resources[0], &entries);
            judge_entries(kafka, topic, items, entries);
        }
        rd_kafka_event_destroy(event);
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && !is_unreached(kafka, topic, error))
        hs_probe_say(kafka->probe, "topic %s: its settings could not be asked (%s)", topic->name,
                     rd_kafka_err2str(error));
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(wanted);
}

/* ---- The right to write ---- */

#if RD_KAFKA_VERSION >= 0x020300ff /* DescribeTopics returns the user's rights */

static bool may_write(const rd_kafka_TopicDescription_t *description)
{
    size_t count = 0;
    const rd_kafka_AclOperation_t *operations =
        rd_kafka_TopicDescription_authorized_operations(description, &count);
    for (size_t i = 0; i < count; i++)
        if (operations[i] == RD_KAFKA_ACL_OPERATION_WRITE ||
            operations[i] == RD_KAFKA_ACL_OPERATION_ALL)
            return true;
    return false;
}

static void judge_right(const struct kafka *kafka, const struct topic *topic)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(kafka->rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    rd_kafka_error_t *failed = rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
    if (failed != NULL)
        rd_kafka_error_destroy(failed); /* then no rights are returned, which is reported below */
    rd_kafka_TopicCollection_t *topics =
        rd_kafka_TopicCollection_of_topic_names((const char *[]){topic->name}, 1);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
    rd_kafka_DescribeTopics(kafka->rk, topics, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_of(kafka));
    const rd_kafka_TopicDescription_t **descriptions = NULL;
    size_t count = 0, operations = 0;
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        descriptions = rd_kafka_DescribeTopics_result_topics(
            rd_kafka_event_DescribeTopics_result(event), &count);
    if (count == 1)
        (void)rd_kafka_TopicDescription_authorized_operations(descriptions[0], &operations);
    if (operations == 0)
        hs_probe_say(kafka->probe, "topic %s: the right to write could not be asked", topic->name);
    else if (!may_write(descriptions[0]))
        hs_config_error(
            kafka->probe->config, HS_FINDING_ONLINE_TOPIC, topic->node, "sink `%s`: topic `%s`: %s",
            kafka->probe->name, topic->name,
            hs_kafka_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)->failure.words);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
}

#else

static void judge_right(const struct kafka *kafka, const struct topic *topic)
{
    hs_probe_say(kafka->probe, "topic %s: librdkafka %s cannot ask for the right to write",
                 topic->name, rd_kafka_version_str());
}

#endif

/* ---- Topics one by one ---- */

static void probe_topic(struct kafka *kafka, struct topic *topic)
{
    rd_kafka_resp_err_t error = look_at(kafka, topic);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        tell_topic_error(kafka, topic, error);
        return;
    }
    hs_probe_say(kafka->probe, "topic %s is there, %d partition%s, %d replica%s", topic->name,
                 topic->partitions, topic->partitions == 1 ? "" : "s", topic->replicas,
                 topic->replicas == 1 ? "" : "s");
    if (topic->leaderless)
        hs_config_error(kafka->probe->config, HS_FINDING_ONLINE_REPLICAS, topic->node,
                        "sink `%s`: topic `%s` has a partition without a leader now: writes to it "
                        "wait until its brokers are back",
                        kafka->probe->name, topic->name);
    judge_settings(kafka, topic);
    judge_right(kafka, topic);
}

static void probe_cursor_topic(struct kafka *kafka)
{
    struct topic topic = {.name = kafka->options->cursor_topic, .node = kafka->options->sink.node};
    rd_kafka_resp_err_t error = look_at(kafka, &topic);
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        hs_probe_say(kafka->probe,
                     "the cursors' topic %s is not there yet; it is made at the "
                     "start, if the cluster lets us",
                     topic.name);
        return;
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        tell_topic_error(kafka, &topic, error);
        return;
    }
    judge_settings(kafka, &topic);
    judge_right(kafka, &topic);
}

/* ---- All checks ---- */

static void probe_all(struct kafka *kafka, const struct hs_probe_place *places, size_t count)
{
    if (!reach(kafka))
        return;
    for (size_t i = 0; i < count; i++) {
        struct topic topic = {
            .name = places[i].destination, .node = places[i].node, .keyless = places[i].keyless};
        probe_topic(kafka, &topic);
    }
    if (kafka->options->exactly_once && kafka->options->cursor_topic != NULL)
        probe_cursor_topic(kafka);
}

void hs_kafka_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                    const struct hs_probe_place *places, size_t count)
{
    const struct hs_kafka_options *options = hs_kafka_options(sink);
    char text[256];
    struct kafka kafka = {.probe = probe, .options = options};
    rd_kafka_conf_t *conf;
    if (hs_kafka_config_reader(options, &conf) < 0)
        return; /* the properties are invalid: hs_sink_check() reported it */
    rd_kafka_conf_set_opaque(conf, &kafka);
    rd_kafka_conf_set_error_cb(conf, on_error);
    kafka.rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    if (kafka.rk == NULL) {
        rd_kafka_conf_destroy(conf);
        hs_config_error(probe->config, HS_FINDING_ONLINE_REFUSED, brokers_node(&kafka),
                        "sink `%s`: no client can be made of its properties: %s", probe->name,
                        text);
        return;
    }
    probe_all(&kafka, places, count);
    rd_kafka_destroy_flags(kafka.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
