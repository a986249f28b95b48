/* Sink options: the tables of `sinks.<name>` and of a target in a route's `to`. */
#include <hookstream/sink.h>

#define SINK(field) offsetof(struct hs_sink_options, field)
#define TARGET(field) offsetof(struct hs_target_options, field)

/* ---- sinks.<name> ---- */

static const char *const start_names[] = {"now", "oldest", NULL};

/* Every kind has it. */
#define START_ROW                                                                                  \
    {                                                                                              \
        .name = "start", .kind = HS_OPTION_CHOICE, .offset = SINK(start), .choices = start_names,  \
        .fallback = "now",                                                                         \
        .help = "Where a sink that is new to the journal begins: with events that come from now "  \
                "on, or with the oldest that the journal still keeps. One that is known goes on "  \
                "where it was."                                                                    \
    }

/* Of librdkafka's properties: those whose value is a password, a private key, or has one in it. */
static bool is_password(const char *name)
{
    static const char *const parts[] = {"password", "passphrase", "secret",
                                        "key.pem",  "jaas",       "oauthbearer.config"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(parts); i++)
        if (strstr(name, parts[i]) != NULL)
            return true;
    return false;
}

static const char *const cursor_lost_names[] = {"replay", "continue", NULL};

#define CURSOR_LOST_ROW(by_default, words)                                                         \
    {                                                                                              \
        .name = "on_cursor_lost", .kind = HS_OPTION_CHOICE, .offset = SINK(on_cursor_lost),        \
        .choices = cursor_lost_names, .fallback = by_default, .help = words                        \
    }

static const struct hs_option kafka_rows[] = {
    {.name = "brokers",
     .kind = HS_OPTION_STRINGS,
     .offset = SINK(brokers),
     .required = true,
     .commas = true,
     .example = "[kafka-1:9092, kafka-2:9092]",
     .help = "Where to begin: some of the cluster's brokers, host:port each."},
    {.name = "properties",
     .kind = HS_OPTION_PAIRS,
     .offset = SINK(properties),
     .is_password = is_password,
     .example = "{security.protocol: sasl_ssl, sasl.mechanism: SCRAM-SHA-512}",
     .help =
         "Any property of librdkafka's CONFIGURATION.md, but those the promises rest on "
         "(acks, idempotence, timeouts, retries). Preset: linger.ms 10, batch.num.messages 500, "
         "compression.type lz4, partitioner murmur2_random, queue.buffering.max.messages "
         "5000, queue.buffering.max.kbytes 8192."},
    {.name = "exactly_once",
     .kind = HS_OPTION_BOOL,
     .offset = SINK(exactly_once),
     .fallback = "false",
     .help = "Write in transactions that also carry how far the sink is: readers with "
             "isolation.level=read_committed see each event once. false: each event at least "
             "once, sooner and cheaper. Not with Kafka 4.3.0 and 4.3.1, whose own fault "
             "(KAFKA-20734) can show copies."},
    {.name = "transactional_id",
     .kind = HS_OPTION_STRING,
     .offset = SINK(transactional_id),
     .example = "orders-hookstream",
     .help = "The producer's transactional.id, with exactly_once; one process at a time has it. "
             "Without it: hookstream-JOURNAL-SINK, of the journal's identity and the sink's name."},
    {.name = "cursor_topic",
     .kind = HS_OPTION_STRING,
     .offset = SINK(cursor_topic),
     .fallback = "hookstream-cursors",
     .help = "Compacted topic that keeps how far the sink is, with exactly_once; made if it is not "
             "there and the cluster lets us. Sinks may share it."},
    {.name = "transaction_messages",
     .kind = HS_OPTION_COUNT,
     .offset = SINK(transaction_messages),
     .fallback = "10000",
     .least = 1,
     .most = 16384,
     .help = "With exactly_once: a transaction ends when it has this many messages."},
    {.name = "transaction_time",
     .kind = HS_OPTION_DURATION,
     .offset = SINK(transaction_ns),
     .fallback = "100ms",
     .least = 1000000,
     .most = 30000000000,
     .help = "With exactly_once: a transaction ends this long after its first message. Readers "
             "see an event that much later; shorter costs the brokers more."},
    CURSOR_LOST_ROW(
        "continue",
        "With exactly_once, if the record in cursor_topic is gone (topic deleted, record "
        "expired). continue: from the journal's own cursor, since the other topics still have "
        "the events. replay: send again what the journal keeps (retain), which readers then see "
        "twice. Either is logged and counted."),
    START_ROW,
};

static const struct hs_options kafka_table = {
    .name = "kafka",
    .title = "Kafka topics",
    .options = kafka_rows,
    .option_count = HS_ARRAY_SIZE(kafka_rows),
    .struct_size = sizeof(struct hs_sink_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option wait_rows[] = {
    {.name = "replicas",
     .kind = HS_OPTION_COUNT,
     .offset = offsetof(struct hs_redis_wait_options, replicas),
     .fallback = "0",
     .least = 1,
     .most = 16,
     .example = "1",
     .help = "An event is delivered when so many replicas have it, too (in memory, as WAIT tells). "
             "While fewer do, the sink is blocked (`replicas`) and asks again; nothing is written "
             "twice. 0: the master is enough."},
    {.name = "timeout",
     .kind = HS_OPTION_DURATION,
     .offset = offsetof(struct hs_redis_wait_options, timeout_ns),
     .fallback = "500ms",
     .least = 1000000,
     .most = 10000000000,
     .help = "How long Redis waits for its replicas each time that it is asked."},
};

static void check_wait(struct hs_config *config, const struct hs_node *node, void *bound)
{
    const struct hs_redis_wait_options *wait = bound;
    if (node != NULL && hs_node_get(node, "replicas") == NULL && wait->replicas == 0)
        hs_config_error(config, HS_FINDING_MISSING_KEY, node,
                        "`wait` says for how many `replicas`: such as {replicas: 1}");
}

static const struct hs_options wait_table = {
    .name = "sinks.*.wait",
    .title = "Replicas that must have it",
    .options = wait_rows,
    .option_count = HS_ARRAY_SIZE(wait_rows),
    .struct_size = sizeof(struct hs_redis_wait_options),
    .node_offset = SIZE_MAX,
    .check = check_wait,
};

static const struct hs_option redis_rows[] = {
    {.name = "url",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_URL,
     .offset = SINK(url),
     .required = true,
     .example = "redis://redis:6379/0",
     .help = "redis://[user:password@]host[:port][/database], or unix:///path/to/socket."},
    {.name = "username",
     .kind = HS_OPTION_STRING,
     .offset = SINK(username),
     .example = "hookstream",
     .help = "ACL user, if the url has none."},
    {.name = "password",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_PASSWORD,
     .offset = SINK(password),
     .example = "\"${REDIS_PASSWORD}\"",
     .help = "Password, if the url has none."},
    {.name = "cursor_key",
     .kind = HS_OPTION_STRING,
     .offset = SINK(cursor_key),
     .fallback = "hookstream:cursor",
     .help = "Prefix of the key in which Redis keeps how far it is; each event is written once "
             "because the key moves in the same transaction. Keep it from being evicted."},
    CURSOR_LOST_ROW("replay",
                    "If the cursor's key is gone (Redis restarted empty, FLUSHALL, another Redis "
                    "behind url). replay: send again what the journal keeps (retain), so that "
                    "nothing is missing; what is still in the streams comes twice. continue: "
                    "send only new events, and log the command that sends the others."),
    {.name = "wait",
     .kind = HS_OPTION_TABLE,
     .offset = SINK(wait),
     .child = &wait_table,
     .help = "Whether replicas must have an event before it counts as delivered."},
    START_ROW,
};

static const struct hs_options redis_table = {
    .name = "redis",
    .title = "Redis streams",
    .options = redis_rows,
    .option_count = HS_ARRAY_SIZE(redis_rows),
    .struct_size = sizeof(struct hs_sink_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option file_rows[] = {
    {.name = "path",
     .kind = HS_OPTION_STRING,
     .offset = SINK(path),
     .required = true,
     .example = "data",
     .help =
         "Folder of the files, created if it does not exist. No other sink may use it, and it "
         "must not be in or around the journal's. Files there that hookstream did not write are "
         "left alone, and links are not followed: an event whose file has such a name becomes a "
         "dead letter."},
    {.name = "max_size",
     .kind = HS_OPTION_SIZE,
     .offset = SINK(max_size),
     .fallback = "0",
     .help = "A file that reaches this size is renamed to NAME.1, NAME.2 and so on, and a new one "
             "begun. 0: never."},
    START_ROW,
};

static const struct hs_options file_table = {
    .name = "file",
    .title = "Files of JSON lines",
    .options = file_rows,
    .option_count = HS_ARRAY_SIZE(file_rows),
    .struct_size = sizeof(struct hs_sink_options),
    .node_offset = SIZE_MAX,
};

/* In the order of enum hs_sink_kind. */
static const struct hs_options *const kinds[] = {&kafka_table, &redis_table, &file_table, NULL};
_Static_assert(HS_ARRAY_SIZE(kinds) == HS_SINK_KIND_COUNT + 1, "a table a kind");

const struct hs_options hs_sink_option_table = {
    .name = "sinks.*",
    .title = "A sink",
    .options = NULL,
    .option_count = 0,
    .struct_size = sizeof(struct hs_sink_options),
    .node_offset = SINK(node),
    .tag = "type",
    .tag_offset = SINK(kind),
    .kinds = kinds,
};

/* ---- Targets ---- */

#define SINK_ROW                                                                                   \
    {                                                                                              \
        .name = "sink", .kind = HS_OPTION_STRING, .offset = TARGET(sink), .required = true,        \
        .example = "kafka", .help = "Name of a sink under `sinks`."                                \
    }

/* Those of every kind; the router reads them. */
#define ROUTER_ROWS                                                                                \
    {.name = "when",                                                                               \
     .kind = HS_OPTION_NODE,                                                                       \
     .offset = TARGET(when),                                                                       \
     .form = "condition",                                                                          \
     .help = "Only events for which this condition holds, asked as for the route of the event as " \
             "it was received. The others have no message for this target.",                       \
     .example = "\"data.amount >= 1000\""},                                                        \
        {.name = "sample",                                                                         \
         .kind = HS_OPTION_STRING,                                                                 \
         .offset = TARGET(sample),                                                                 \
         .help = "Only this share of the route's events, chosen by their id: always the same "     \
                 "ones.",                                                                          \
         .example = "10%"},                                                                        \
        {.name = "accept",                                                                         \
         .kind = HS_OPTION_STRINGS,                                                                \
         .offset = TARGET(accept),                                                                 \
         .help = "Warnings of `check` about this target that are known and meant, as those of a "  \
                 "route.",                                                                         \
         .example = "[HS205 data.email]"},                                                         \
    {                                                                                              \
        .name = "transform", .kind = HS_OPTION_NODE, .offset = TARGET(transform),                  \
        .form = "transform",                                                                       \
        .help = "Transformations for this target alone, after those of the route.",                \
        .example = "[{remove: [data.email]}]"                                                      \
    }

static const struct hs_option kafka_target_rows[] = {
    SINK_ROW,
    {.name = "topic",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(destination),
     .required = true,
     .example = "\"fanfare.{family}\"",
     .help = "Template of the topic."},
    {.name = "key",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(key),
     .example = "\"{data.orderId}\"",
     .help = "Template of the message's key; events of one key stay in order, in one partition. "
             "Without it events are spread."},
    {.name = "headers",
     .kind = HS_OPTION_PAIRS,
     .offset = TARGET(headers),
     .example = "{tenant: \"{organizationId}\"}",
     .help = "More headers, name to template. webhook-id, webhook-type, webhook-timestamp, "
             "organization-id, traceparent and content-type are always there."},
    ROUTER_ROWS,
};

static const struct hs_options kafka_target_table = {
    .name = "to.kafka",
    .title = "A target of a kafka sink",
    .options = kafka_target_rows,
    .option_count = HS_ARRAY_SIZE(kafka_target_rows),
    .struct_size = sizeof(struct hs_target_options),
    .node_offset = SIZE_MAX,
};

/* In the order of enum hs_redis_fields. */
static const char *const field_names[] = {"body", "flat", NULL};

static const struct hs_option redis_target_rows[] = {
    SINK_ROW,
    {.name = "stream",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(destination),
     .required = true,
     .example = "\"fanfare:{family}\"",
     .help = "Template of the stream's key."},
    {.name = "max_length",
     .kind = HS_OPTION_COUNT,
     .offset = TARGET(max_length),
     .fallback = "0",
     .least = 1,
     .help = "XADD with MAXLEN ~ this: Redis trims older entries. Without it nothing is trimmed."},
    {.name = "fields",
     .kind = HS_OPTION_CHOICE,
     .offset = TARGET(fields),
     .fallback = "body",
     .choices = field_names,
     .help = "body: one field `body` with the JSON. flat: a field for each member of the event, "
             "texts as they are, all else as JSON."},
    ROUTER_ROWS,
};

static const struct hs_options redis_target_table = {
    .name = "to.redis",
    .title = "A target of a redis sink",
    .options = redis_target_rows,
    .option_count = HS_ARRAY_SIZE(redis_target_rows),
    .struct_size = sizeof(struct hs_target_options),
    .node_offset = SIZE_MAX,
};

static const struct hs_option file_target_rows[] = {
    SINK_ROW,
    {.name = "file",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(destination),
     .fallback = "{family}.jsonl",
     .help = "Template of the file's name in the sink's folder: 1 to 200 bytes, without a slash, a "
             "control character or a leading dot."},
    ROUTER_ROWS,
};

static const struct hs_options file_target_table = {
    .name = "to.file",
    .title = "A target of a file sink",
    .options = file_target_rows,
    .option_count = HS_ARRAY_SIZE(file_target_rows),
    .struct_size = sizeof(struct hs_target_options),
    .node_offset = SIZE_MAX,
};

const struct hs_options *hs_sink_target_table(enum hs_sink_kind kind)
{
    switch (kind) {
    case HS_SINK_KAFKA:
        return &kafka_target_table;
    case HS_SINK_REDIS:
        return &redis_target_table;
    case HS_SINK_FILE:
    case HS_SINK_KIND_COUNT:
        break;
    }
    return &file_target_table;
}
