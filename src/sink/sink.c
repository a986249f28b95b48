/* Sink: the door to the three kinds, and what they share. What a kind does stands in its
 * own files: kafka*.c, redis*.c, file*.c. */
#include "kind.h"

#include <hookstream/hash.h>
#include <hookstream/shown.h>
#include <stdio.h>

#define KAFKA_TOPIC_MAX 249u /* Kafka: org.apache.kafka.common.internals.Topic */
#define REDIS_KEY_MAX 1024u
#define FILE_NAME_LONGEST 200u /* leaves room for ".N" within NAME_MAX */
#define BACKOFF_DOUBLINGS_MAX 16u
#define NAME_SHOWN 128u /* of a destination, in messages */

static const char *const kind_names[HS_SINK_KIND_COUNT] = {
    [HS_SINK_KAFKA] = "kafka",
    [HS_SINK_REDIS] = "redis",
    [HS_SINK_FILE] = "file",
};

static const char *const outcome_names[] = {
    [HS_DELIVERED] = "delivered",
    [HS_TRANSIENT] = "transient",
    [HS_BLOCKED] = "blocked",
    [HS_PERMANENT] = "permanent",
};

static const char *const state_names[HS_SINK_STATE_COUNT] = {
    [HS_SINK_CONNECTING] = "connecting",
    [HS_SINK_UP] = "up",
    [HS_SINK_BLOCKED] = "blocked",
    [HS_SINK_STOPPED] = "stopped",
};

const char *hs_sink_kind_name(enum hs_sink_kind kind)
{
    return (unsigned)kind < HS_SINK_KIND_COUNT ? kind_names[kind] : "unknown";
}

bool hs_sink_kind_is_known(const struct hs_sink_options *options)
{
    const struct hs_node *type = hs_node_get(options->node, "type");
    return type != NULL && type->kind == HS_NODE_SCALAR &&
           hs_slice_equal(type->text,
                          hs_slice_text(hs_sink_kind_name((enum hs_sink_kind)options->kind)));
}

static uint64_t add_word(uint64_t place, const char *word)
{
    return hs_hash64(hs_slice_text(word != NULL ? word : ""), place);
}

/* Not the address of the server: a replica that is promoted has another one. */
uint64_t hs_sink_place(const struct hs_sink_options *options)
{
    if (options->kind == HS_SINK_REDIS)
        return add_word(HS_SINK_REDIS + 1, options->cursor_key) | 1;
    if (options->kind == HS_SINK_KAFKA && options->exactly_once)
        return add_word(add_word(HS_SINK_KAFKA + 1, options->transactional_id),
                        options->cursor_topic) |
               1;
    return 0;
}

const char *hs_outcome_name(enum hs_outcome outcome)
{
    return (unsigned)outcome < HS_ARRAY_SIZE(outcome_names) ? outcome_names[outcome] : "unknown";
}

const char *hs_sink_state_name(enum hs_sink_state state)
{
    return (unsigned)state < HS_SINK_STATE_COUNT ? state_names[state] : "unknown";
}

/* ---- Destinations ---- */

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
    bool fits = topic.size > 0 && topic.size <= KAFKA_TOPIC_MAX;
    if (fits && has_topic_characters(topic) && !dots)
        return 0;
    char shown[NAME_SHOWN];
    hs_shown_copy(topic, shown, sizeof(shown));
    if (!fits)
        return hs_fail(-EINVAL, "a Kafka topic has 1 to %u characters, `%s` has %zu",
                       KAFKA_TOPIC_MAX, shown, topic.size);
    return hs_fail(-EINVAL, "`%s` is no Kafka topic%s", shown,
                   dots ? "" : ": only letters, digits, dots, _ and -");
}

static int check_key(struct hs_slice key)
{
    char shown[NAME_SHOWN];
    if (key.size > 0 && key.size <= REDIS_KEY_MAX)
        return 0;
    hs_shown_copy(key, shown, sizeof(shown));
    return hs_fail(-EINVAL, "a stream's key has 1 to %u bytes, `%s` has %zu", REDIS_KEY_MAX, shown,
                   key.size);
}

static int check_file_characters(struct hs_slice text, bool first)
{
    if (first && text.size > 0 && text.data[0] == '.')
        return hs_fail(-EINVAL, "a file name does not begin with a dot");
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '/' || (unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return hs_fail(-EINVAL, "a file name has no slash and no control character");
    return 0;
}

static int check_file_name(struct hs_slice name)
{
    bool fits = name.size > 0 && name.size <= FILE_NAME_LONGEST;
    if (fits && check_file_characters(name, true) == 0)
        return 0;
    char shown[NAME_SHOWN];
    hs_shown_copy(name, shown, sizeof(shown));
    if (!fits)
        return hs_fail(-EINVAL, "a file name has 1 to %u bytes, `%s` has %zu", FILE_NAME_LONGEST,
                       shown, name.size);
    HS_AUTO_FREE char *why = hs_strdup(hs_error_text());
    return hs_fail(-EINVAL, "`%s`: %s", shown, why);
}

int hs_sink_check_destination(enum hs_sink_kind kind, struct hs_slice destination)
{
    switch (kind) {
    case HS_SINK_KAFKA:
        return check_topic(destination);
    case HS_SINK_REDIS:
        return check_key(destination);
    case HS_SINK_FILE:
        return check_file_name(destination);
    case HS_SINK_KIND_COUNT:
        break;
    }
    return hs_fail(-EINVAL, "unknown kind of sink");
}

static int check_fixed_size(const char *what, size_t size, size_t most)
{
    if (size <= most)
        return 0;
    return hs_fail(-EINVAL, "%s has at most %zu bytes, and without its fields this has %zu already",
                   what, most, size);
}

int hs_sink_check_fixed(enum hs_sink_kind kind, struct hs_slice text, size_t before, bool first)
{
    switch (kind) {
    case HS_SINK_KAFKA:
        if (!has_topic_characters(text))
            return hs_fail(-EINVAL,
                           "`%.*s` is part of no Kafka topic: only letters, digits, dots, _ and -",
                           HS_SLICE_ARG(text));
        return check_fixed_size("a Kafka topic", before + text.size, KAFKA_TOPIC_MAX);
    case HS_SINK_REDIS:
        return check_fixed_size("a stream's key", before + text.size, REDIS_KEY_MAX);
    case HS_SINK_FILE:
        if (check_file_characters(text, first) < 0)
            return -EINVAL;
        return check_fixed_size("a file name", before + text.size, FILE_NAME_LONGEST);
    case HS_SINK_KIND_COUNT:
        break;
    }
    return hs_fail(-EINVAL, "unknown kind of sink");
}

/* ---- What the kinds share ---- */

void hs_sink_init(struct hs_sink *sink, const struct hs_sink_ops *ops,
                  const struct hs_sink_spec *spec)
{
    sink->ops = ops;
    sink->base = spec->base;
    sink->name = spec->name;
    sink->host = *spec->host;
    sink->state = HS_SINK_STATE_COUNT; /* none told yet */
}

void hs_sink_set_state(struct hs_sink *sink, enum hs_sink_state state, const char *reason,
                       const char *detail)
{
    if (sink->state == state && strcmp(sink->reason, reason) == 0)
        return;
    sink->state = state;
    snprintf(sink->reason, sizeof(sink->reason), "%s", reason);
    sink->host.state(sink->host.context, state, reason, detail);
}

void hs_sink_complete(struct hs_sink *sink, uint64_t sequence, unsigned part,
                      const struct hs_failure *failure, const char *detail)
{
    HS_ASSERT(sink->in_flight > 0);
    sink->in_flight--;
    if (failure == NULL)
        sink->host.completed(sink->host.context, sequence, part, HS_DELIVERED, "", "");
    else
        sink->host.completed(sink->host.context, sequence, part, failure->outcome, failure->label,
                             detail);
}

uint64_t hs_sink_backoff_ms(unsigned failures, uint64_t least, uint64_t most)
{
    uint64_t wait = least << (failures < BACKOFF_DOUBLINGS_MAX ? failures : BACKOFF_DOUBLINGS_MAX);
    if (wait > most)
        wait = most;
    uint64_t random;
    hs_random_bytes(&random, sizeof(random));
    return wait - wait / 4 + random % (wait / 4 + 1);
}

/* ---- The interface ---- */

int hs_sink_open(struct event_base *base, const char *name, const char *identity,
                 const struct hs_sink_options *options, const struct hs_sink_host *host,
                 struct hs_sink **ret_sink)
{
    struct hs_sink_spec spec = {base, name, identity, options, host};
    switch ((enum hs_sink_kind)options->kind) {
    case HS_SINK_KAFKA:
        return hs_kafka_open(&spec, ret_sink);
    case HS_SINK_REDIS:
        return hs_redis_open(&spec, ret_sink);
    case HS_SINK_FILE:
        return hs_file_open(&spec, ret_sink);
    case HS_SINK_KIND_COUNT:
        break;
    }
    return hs_fail(-EINVAL, "the sink `%s` is of no known kind", name);
}

enum hs_submit hs_sink_submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    HS_ASSERT(parcel->count > 0 && parcel->count <= HS_PARCEL_MESSAGES_MAX);
    return sink->ops->submit(sink, parcel);
}

void hs_sink_push(struct hs_sink *sink)
{
    sink->ops->push(sink);
}

void hs_sink_skip(struct hs_sink *sink, uint64_t sequence)
{
    sink->ops->skip(sink, sequence);
}

void hs_sink_leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts)
{
    sink->ops->leave_out(sink, sequence, parts);
}

size_t hs_sink_in_flight(const struct hs_sink *sink)
{
    return sink->in_flight;
}

void hs_sink_close(struct hs_sink *sink)
{
    if (sink != NULL)
        sink->ops->close(sink);
}

void hs_sink_check(struct hs_config *config, const char *name,
                   const struct hs_sink_options *options)
{
    (void)name; /* the findings have a place */
    switch ((enum hs_sink_kind)options->kind) {
    case HS_SINK_KAFKA:
        hs_kafka_check(config, options);
        return;
    case HS_SINK_REDIS:
        hs_redis_check(config, options);
        return;
    case HS_SINK_FILE:
        hs_file_check(config, options);
        return;
    case HS_SINK_KIND_COUNT:
        return;
    }
}

void hs_sink_check_client(struct hs_config *config, const char *name,
                          const struct hs_sink_options *options)
{
    if (options->kind == HS_SINK_KAFKA)
        hs_kafka_check_client(config, name, options);
}
