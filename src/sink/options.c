/* Sink options: the table of one sink by its type, and of the targets of each kind. */
#include "kinds.h"

#include <stddef.h>

#define SINK(field) offsetof(struct hs_sink_options, field)
#define TARGET(field) offsetof(struct hs_target_options, field)
#define TABLE(name_, title_, rows_, struct_, node_)                                                \
    {                                                                                              \
        .name = name_, .title = title_, .options = rows_, .option_count = HS_ARRAY_SIZE(rows_),    \
        .struct_size = sizeof(struct_), .node_offset = node_                                       \
    }

static const struct hs_option kafka_rows[] = {
    {.name = "brokers",
     .kind = HS_OPTION_STRINGS,
     .offset = SINK(brokers),
     .required = true,
     .help = "Where to begin: host:port of one or more brokers.",
     .example = "[kafka:9092]"},
    {.name = "properties",
     .kind = HS_OPTION_PAIRS,
     .offset = SINK(properties),
     .help = "Any librdkafka property, such as compression.type, linger.ms, or sasl.* and ssl.*. "
             "What delivery rests on (acks, idempotence, timeouts) is set and cannot be changed.",
     .example = "{compression.type: zstd}"},
};

static const struct hs_option redis_rows[] = {
    {.name = "url",
     .kind = HS_OPTION_SECRET,
     .offset = SINK(url),
     .required = true,
     .help = "redis://[user:password@]host:port/database, or unix:///path.",
     .example = "redis://redis:6379/0"},
    {.name = "username",
     .kind = HS_OPTION_STRING,
     .offset = SINK(username),
     .help = "ACL user, if it is not in the URL."},
    {.name = "password",
     .kind = HS_OPTION_SECRET,
     .offset = SINK(password),
     .help = "Password, if it is not in the URL.",
     .example = "\"${REDIS_PASSWORD}\""},
    {.name = "cursor_key",
     .kind = HS_OPTION_STRING,
     .offset = SINK(cursor_key),
     .fallback = "hookstream:cursor",
     .help = "Beginning of the key that says which events this Redis has; the journal's identity "
             "and the sink's name follow."},
};

static const struct hs_option file_rows[] = {
    {.name = "path",
     .kind = HS_OPTION_STRING,
     .offset = SINK(path),
     .required = true,
     .help = "Folder of the files; it is made if it is not there."},
    {.name = "max_size",
     .kind = HS_OPTION_SIZE,
     .offset = SINK(max_size),
     .fallback = "0",
     .least = 4096,
     .help = "A file that reaches this is renamed to NAME.1, NAME.2, ... and begun anew. Without "
             "it files grow without end."},
};

static const struct hs_options kafka_table =
    TABLE("kafka", "Apache Kafka", kafka_rows, struct hs_sink_options, SIZE_MAX);
static const struct hs_options redis_table =
    TABLE("redis", "Redis streams", redis_rows, struct hs_sink_options, SIZE_MAX);
static const struct hs_options file_table =
    TABLE("file", "JSON Lines files", file_rows, struct hs_sink_options, SIZE_MAX);

/* In the order of enum hs_sink_kind. */
static const struct hs_options *const kinds[] = {&kafka_table, &redis_table, &file_table, NULL};

const struct hs_options hs_sink_option_table = {
    .name = "sinks.*",
    .title = "A sink",
    .struct_size = sizeof(struct hs_sink_options),
    .node_offset = SINK(node),
    .tag = "type",
    .tag_offset = SINK(kind),
    .kinds = kinds,
};

/* ---- Targets ---- */

static const char *const field_names[] = {"body", "flat", NULL};

#define SINK_ROW                                                                                   \
    {                                                                                              \
        .name = "sink", .kind = HS_OPTION_STRING, .offset = TARGET(sink), .required = true,        \
        .help = "Name of a sink of `sinks`."                                                       \
    }

static const struct hs_option kafka_target_rows[] = {
    SINK_ROW,
    {.name = "topic",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(destination),
     .required = true,
     .help = "Topic; a template.",
     .example = "fanfare.{family}"},
    {.name = "key",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(key),
     .help = "Key of the record, which chooses its partition; a template. Without one partitions "
             "are taken at random.",
     .example = "\"{data.orderId}\""},
    {.name = "headers",
     .kind = HS_OPTION_PAIRS,
     .offset = TARGET(headers),
     .help = "Further headers, name to template.",
     .example = "{queue: \"{data.queueId|}\"}"},
};

static const struct hs_option redis_target_rows[] = {
    SINK_ROW,
    {.name = "stream",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(destination),
     .required = true,
     .help = "Key of the stream; a template.",
     .example = "\"fanfare:{data.queueId}\""},
    {.name = "max_length",
     .kind = HS_OPTION_COUNT,
     .offset = TARGET(max_length),
     .fallback = "0",
     .least = 1,
     .help = "Trims the stream to about this many entries (MAXLEN ~). Without it nothing is "
             "trimmed."},
    {.name = "fields",
     .kind = HS_OPTION_CHOICE,
     .offset = TARGET(fields),
     .choices = field_names,
     .fallback = "body",
     .help = "body: one field `body` with the JSON. flat: a field for each member of the top "
             "level, texts without their quotes."},
};

static const struct hs_option file_target_rows[] = {
    SINK_ROW,
    {.name = "file",
     .kind = HS_OPTION_STRING,
     .offset = TARGET(destination),
     .fallback = "{family}.jsonl",
     .help = "Name of the file; a template."},
};

static const struct hs_options kafka_target = TABLE(
    "to.kafka", "A target of a kafka sink", kafka_target_rows, struct hs_target_options, SIZE_MAX);
static const struct hs_options redis_target = TABLE(
    "to.redis", "A target of a redis sink", redis_target_rows, struct hs_target_options, SIZE_MAX);
static const struct hs_options file_target = TABLE(
    "to.file", "A target of a file sink", file_target_rows, struct hs_target_options, SIZE_MAX);

const struct hs_options *hs_sink_target_table(enum hs_sink_kind kind)
{
    static const struct hs_options *const tables[HS_SINK_KIND_COUNT] = {
        [HS_SINK_KAFKA] = &kafka_target,
        [HS_SINK_REDIS] = &redis_target,
        [HS_SINK_FILE] = &file_target,
    };
    HS_ASSERT((unsigned)kind < HS_SINK_KIND_COUNT);
    return tables[kind];
}
