/* Kafka row: the kind's row of sink_kind.h, in one place. */
#include "config.h"
#include "kafka.h"
#include "options.h"

#include <hookstream/shown.h>
#include <stdio.h>

#define TOPIC_MAX 249u /* Kafka: org.apache.kafka.common.internals.Topic */

static bool has_topic_characters(struct hs_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static int check_topic(struct hs_slice topic)
{
    bool dots = hs_slice_equal(topic, HS_SLICE(".")) || hs_slice_equal(topic, HS_SLICE(".."));
    bool fits = topic.size > 0 && topic.size <= TOPIC_MAX;
    if (fits && has_topic_characters(topic) && !dots)
        return 0;
    char shown[HS_SINK_NAME_SHOWN];
    hs_shown_copy(topic, shown, sizeof(shown));
    if (!fits)
        return hs_fail(-EINVAL, "a Kafka topic has 1 to %u characters, `%s` has %zu", TOPIC_MAX,
                       shown, topic.size);
    return hs_fail(-EINVAL, "`%s` is no Kafka topic%s", shown,
                   dots ? "" : ": only letters, digits, dots, _ and -");
}

static int check_fixed(struct hs_slice text, size_t before, bool first)
{
    (void)first;
    if (!has_topic_characters(text))
        return hs_fail(-EINVAL,
                       "`%.*s` is part of no Kafka topic: only letters, digits, dots, _ and -",
                       HS_SLICE_ARG(text));
    return hs_sink_check_fixed_size("a Kafka topic", before + text.size, TOPIC_MAX);
}

static const struct hs_pair *property_of(const struct hs_sink_options *options, const char *name)
{
    const struct hs_pairs *properties = &hs_kafka_options(options)->properties;
    for (size_t i = 0; i < properties->count; i++)
        if (strcmp(properties->items[i].name, name) == 0)
            return &properties->items[i];
    return NULL;
}

static uint64_t largest_message(const struct hs_sink_options *options,
                                const struct hs_node **ret_node)
{
    const struct hs_pair *pair = property_of(options, "message.max.bytes");
    uint64_t most = HS_KAFKA_MESSAGE_BYTES;
    if (pair == NULL)
        return most;
    *ret_node = pair->value_node;
    /* A value that is not a number has a finding of its own. */
    return hs_slice_to_u64(hs_slice_text(pair->value), UINT64_MAX, &most) < 0 ? UINT64_MAX : most;
}

/* Not the address of the server: a replica that is promoted has another one. */
static uint64_t place(const struct hs_sink_options *options)
{
    const struct hs_kafka_options *kafka = hs_kafka_options(options);
    if (!kafka->exactly_once)
        return 0;
    return hs_sink_place_add(hs_sink_place_add(1, kafka->transactional_id), kafka->cursor_topic) |
           1;
}

static void make_second(struct hs_sink_options *options, const char *suffix, struct hs_arena *arena)
{
    struct hs_kafka_options *kafka = (struct hs_kafka_options *)options;
    if (kafka->transactional_id != NULL)
        kafka->transactional_id = hs_arena_printf(arena, "%s-%s", kafka->transactional_id, suffix);
}

static bool hashes_key(const struct hs_sink_options *options)
{
    const struct hs_pair *pair = property_of(options, "partitioner");
    return pair == NULL || strncmp(pair->value, "murmur2", 7) == 0;
}

static void version(struct hs_buffer *ret_text)
{
    hs_buffer_printf(ret_text, "librdkafka %s", rd_kafka_version_str());
}

static const char *const letter_reasons[] = {"too_large",     "invalid_timestamp", "invalid_record",
                                             "invalid_topic", "invalid",           NULL};

const struct hs_sink_kind hs_kafka_kind = {
    .name = "kafka",
    .destination = "topic",
    .options = &hs_kafka_option_table,
    .target = &hs_kafka_target_table,
    .has_headers = true,
    .has_partitions = true,
    .letter_reasons = letter_reasons,
    .check_destination = check_topic,
    .check_fixed = check_fixed,
    .check = hs_kafka_check,
    .check_client = hs_kafka_check_client,
    .probe = hs_kafka_probe,
    .largest_message = largest_message,
    .place = place,
    .make_second = make_second,
    .hashes_key = hashes_key,
    .version = version,
    .init = {.sink = "  kafka:\n    type: kafka\n"
                     "    brokers: [\"${KAFKA_BROKERS:-localhost:9092}\"]\n",
             .target = "topic: $SOURCE.$FAMILY, key: \"$KEY\"",
             .needs = "#   KAFKA_BROKERS    host:port; else localhost:9092\n",
             .create = "# To create, since hookstream makes no topics:\n",
             .create_each = "#   kafka-topics.sh --bootstrap-server localhost:9092 --create "
                            "--partitions 6 --topic $SOURCE.$FAMILY\n"},
    .open = hs_kafka_open,
};
