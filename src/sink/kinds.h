/* Kinds: what every kind of sink provides to sink.c. */
#ifndef HS_SINK_KINDS_H
#define HS_SINK_KINDS_H

#include <hookstream/sink.h>

struct hs_sink_type {
    int (*open)(struct hs_sink *common, const char *identity, struct hs_sink **ret_sink);
    enum hs_submit (*submit)(struct hs_sink *sink, const struct hs_parcel *parcel);
    void (*push)(struct hs_sink *sink);
    void (*skip)(struct hs_sink *sink, uint64_t sequence);
    size_t (*in_flight)(const struct hs_sink *sink);
    void (*close)(struct hs_sink *sink);
    void (*check)(struct hs_config *config, const char *name,
                  const struct hs_sink_options *options);
};

/* What all kinds begin with. */
struct hs_sink {
    const struct hs_sink_type *type;
    const char *name;
    struct event_base *base;
    const struct hs_sink_options *options;
    struct hs_sink_host host;
};

extern const struct hs_sink_type hs_kafka_type, hs_redis_type, hs_file_type;

/* How an error of a library or server is taken: a row of the kind's table. */
struct hs_error_class {
    enum hs_outcome outcome;
    const char *reason; /* stable label */
    const char *advice; /* what an operator can do; "" when nothing is needed */
};

#endif
