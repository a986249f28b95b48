/* Kafka options: the tables of `sinks.<name>` and of a target. */
#include "options.h"
#include "rows.h"

#define OWN(field) offsetof(struct hs_kafka_options, field)

/* The librdkafka properties whose value is or contains a password or a private key. */
static bool is_password(const char *name)
{
    static const char *const parts[] = {"password", "passphrase", "secret",
                                        "key.pem",  "jaas",       "oauthbearer.config"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(parts); i++)
        if (strstr(name, parts[i]) != NULL)
            return true;
    return false;
}

static const struct hs_option kafka_rows[] = {
    {.name = "brokers",
     .kind = HS_OPTION_STRINGS,
     .offset = OWN(brokers),
     .required = true,
     .commas = true,
     .example = "[kafka-1:9092, kafka-2:9092]",
     .help = "Where to begin: some of the cluster's brokers, host:port each."},
    {.name = "properties",
     .kind = HS_OPTION_PAIRS,
     .offset = OWN(properties),
     .is_password = is_password,
     .example = "{security.protocol: sasl_ssl, sasl.mechanism: SCRAM-SHA-512}",
     .help =
         "Any property of librdkafka's CONFIGURATION.md, but those the promises rest on "
         "(acks, idempotence, timeouts, retries). Preset: linger.ms 10, batch.num.messages 500, "
         "compression.type lz4, partitioner murmur2_random, queue.buffering.max.messages "
         "5000, queue.buffering.max.kbytes 8192."},
    {.name = "exactly_once",
     .kind = HS_OPTION_BOOL,
     .offset = OWN(exactly_once),
     .fallback = "false",
     .help = "Write in transactions that also carry how far the sink is: readers with "
             "isolation.level=read_committed see each event once. false: each event at least "
             "once, sooner and cheaper. Not with Kafka 4.3.0 and 4.3.1, whose own fault "
             "(KAFKA-20734) can show copies."},
    {.name = "transactional_id",
     .kind = HS_OPTION_STRING,
     .offset = OWN(transactional_id),
     .example = "orders-hookstream",
     .help = "The producer's transactional.id, with exactly_once; one process at a time has it. "
             "Without it: hookstream-JOURNAL-SINK, of the journal's identity and the sink's name."},
    {.name = "cursor_topic",
     .kind = HS_OPTION_STRING,
     .offset = OWN(cursor_topic),
     .fallback = "hookstream-cursors",
     .help = "Compacted topic that keeps how far the sink is, with exactly_once; made if it is not "
             "there and the cluster lets us. Sinks may share it."},
    {.name = "transaction_messages",
     .kind = HS_OPTION_COUNT,
     .offset = OWN(transaction_messages),
     .fallback = "10000",
     .least = 1,
     .most = 16384,
     .help = "With exactly_once: a transaction ends when it has this many messages."},
    {.name = "transaction_time",
     .kind = HS_OPTION_DURATION,
     .offset = OWN(transaction_ns),
     .fallback = "100ms",
     .least = 1000000,
     .most = 30000000000,
     .help = "With exactly_once: a transaction ends this long after its first message. Readers "
             "see an event that much later; shorter costs the brokers more."},
    HS_SINK_CURSOR_LOST_ROW(
        "continue",
        "With exactly_once, if the record in cursor_topic is gone (topic deleted, record "
        "expired). continue: from the journal's own cursor, since the other topics still have "
        "the events. replay: send again what the journal keeps (retain), which readers then see "
        "twice. Either is logged and counted."),
    HS_SINK_START_ROW,
};

const struct hs_options hs_kafka_option_table = {
    .name = "kafka",
    .title = "Kafka topics",
    .options = kafka_rows,
    .option_count = HS_ARRAY_SIZE(kafka_rows),
    .struct_size = sizeof(struct hs_kafka_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option kafka_target_rows[] = {
    HS_TARGET_SINK_ROW,
    {.name = "topic",
     .kind = HS_OPTION_STRING,
     .offset = HS_TARGET_OFFSET(destination),
     .required = true,
     .example = "\"fanfare.{family}\"",
     .help = "Template of the topic."},
    {.name = "key",
     .kind = HS_OPTION_STRING,
     .offset = HS_TARGET_OFFSET(key),
     .example = "\"{data.orderId}\"",
     .help = "Template of the message's key; events of one key stay in order, in one partition. "
             "Without it events are spread."},
    {.name = "headers",
     .kind = HS_OPTION_PAIRS,
     .offset = HS_TARGET_OFFSET(headers),
     .example = "{tenant: \"{organizationId}\"}",
     .help = "More headers, name to template. webhook-id, webhook-type, webhook-timestamp, "
             "organization-id, traceparent and content-type are always there."},
    HS_TARGET_ROUTER_ROWS,
};

const struct hs_options hs_kafka_target_table = {
    .name = "to.kafka",
    .title = "A target of a kafka sink",
    .options = kafka_target_rows,
    .option_count = HS_ARRAY_SIZE(kafka_target_rows),
    .struct_size = sizeof(struct hs_target_options),
    .node_offset = SIZE_MAX,
};
