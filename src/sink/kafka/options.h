/* Kafka options: what `sinks.<name>` of type kafka binds. Its targets have only the common
 * options. */
#ifndef HS_SINK_KAFKA_OPTIONS_H
#define HS_SINK_KAFKA_OPTIONS_H

#include <hookstream/sink.h>

struct hs_kafka_options {
    struct hs_sink_options sink;
    struct hs_strings brokers;
    struct hs_pairs properties;   /* any librdkafka property; secret ones never printed */
    bool exactly_once;            /* transactions carry the cursor; the next four are for them */
    const char *transactional_id; /* NULL: made from the journal's identity and the sink's name */
    const char *cursor_topic;
    uint64_t transaction_messages; /* a transaction ends at this many */
    uint64_t transaction_ns;       /* or this long after its first */
};
extern const struct hs_options hs_kafka_option_table, hs_kafka_target_table;

static inline const struct hs_kafka_options *hs_kafka_options(const struct hs_sink_options *options)
{
    return (const struct hs_kafka_options *)options;
}

#endif
