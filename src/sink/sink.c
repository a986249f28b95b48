/* Sink: hands every call to the kind it is for. */
#include "kinds.h"

static const struct hs_sink_type *const types[HS_SINK_KIND_COUNT] = {
    [HS_SINK_KAFKA] = &hs_kafka_type,
    [HS_SINK_REDIS] = &hs_redis_type,
    [HS_SINK_FILE] = &hs_file_type,
};

const char *hs_outcome_name(enum hs_outcome outcome)
{
    static const char *const names[] = {
        [HS_DELIVERED] = "delivered",
        [HS_TRANSIENT] = "transient",
        [HS_HELD] = "held",
        [HS_PERMANENT] = "permanent",
    };
    return names[outcome];
}

const char *hs_sink_state_name(enum hs_sink_state state)
{
    static const char *const names[HS_SINK_STATE_COUNT] = {
        [HS_SINK_CONNECTING] = "connecting",
        [HS_SINK_UP] = "up",
        [HS_SINK_HOLDING] = "held",
        [HS_SINK_STOPPED] = "stopped",
    };
    return names[state];
}

const char *hs_sink_kind_name(enum hs_sink_kind kind)
{
    static const char *const names[HS_SINK_KIND_COUNT] = {
        [HS_SINK_KAFKA] = "kafka",
        [HS_SINK_REDIS] = "redis",
        [HS_SINK_FILE] = "file",
    };
    return names[kind];
}

int hs_sink_open(struct event_base *base, const char *name, const char *identity,
                 const struct hs_sink_options *options, const struct hs_sink_host *host,
                 struct hs_sink **ret_sink)
{
    HS_ASSERT(options->kind < HS_SINK_KIND_COUNT);
    struct hs_sink common = {types[options->kind], name, base, options, *host};
    return types[options->kind]->open(&common, identity, ret_sink);
}

enum hs_submit hs_sink_submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    return sink->type->submit(sink, parcel);
}

void hs_sink_push(struct hs_sink *sink)
{
    if (sink->type->push != NULL)
        sink->type->push(sink);
}

void hs_sink_skip(struct hs_sink *sink, uint64_t sequence)
{
    if (sink->type->skip != NULL)
        sink->type->skip(sink, sequence);
}

size_t hs_sink_in_flight(const struct hs_sink *sink)
{
    return sink->type->in_flight(sink);
}

void hs_sink_close(struct hs_sink *sink)
{
    if (sink != NULL)
        sink->type->close(sink);
}

void hs_sink_check(struct hs_config *config, const char *name,
                   const struct hs_sink_options *options)
{
    /* Without a node the kind is not known, and a finding says so. */
    if (options->node != NULL && options->kind < HS_SINK_KIND_COUNT)
        types[options->kind]->check(config, name, options);
}

/* ---- Destinations ---- */

static bool is_one_of(char c, const char *more)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr(more, c) != NULL;
}

/* Kafka's rule for topic names (org.apache.kafka.common.internals.Topic). */
static int check_topic(struct hs_slice name)
{
    bool dots = hs_slice_equal(name, HS_SLICE(".")) || hs_slice_equal(name, HS_SLICE(".."));
    bool good = name.size > 0 && name.size <= 249 && !dots;
    for (size_t i = 0; good && i < name.size; i++)
        good = name.data[i] != '\0' && is_one_of(name.data[i], "._-");
    if (good)
        return 0;
    return hs_fail(-EINVAL,
                   "`%.*s` is no topic name: 1 to 249 letters, digits, `.`, `_` and `-` are",
                   name.size > 260 ? 260 : (int)name.size, name.data ? name.data : "");
}

static int check_stream(struct hs_slice key)
{
    if (key.size > 0 && key.size <= 1024)
        return 0;
    return hs_fail(-EINVAL, "a stream's key has 1 to 1024 bytes, this one has %zu", key.size);
}

static int check_file(struct hs_slice name)
{
    bool good = name.size > 0 && name.size <= 200 && name.data[0] != '.';
    for (size_t i = 0; good && i < name.size; i++)
        good = (unsigned char)name.data[i] >= 0x20 && name.data[i] != '/' && name.data[i] != 0x7f;
    if (good)
        return 0;
    return hs_fail(-EINVAL, "`%.*s` is no file name: no `/`, no leading dot, up to 200 bytes",
                   name.size > 220 ? 220 : (int)name.size, name.data ? name.data : "");
}

int hs_sink_check_destination(enum hs_sink_kind kind, struct hs_slice destination)
{
    switch (kind) {
    case HS_SINK_KAFKA:
        return check_topic(destination);
    case HS_SINK_REDIS:
        return check_stream(destination);
    case HS_SINK_FILE:
        return check_file(destination);
    case HS_SINK_KIND_COUNT:
        break;
    }
    return hs_fail(-EINVAL, "unknown kind of sink");
}
