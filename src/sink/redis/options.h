/* Redis options: what `sinks.<name>` of type redis and its targets bind. */
#ifndef HS_SINK_REDIS_OPTIONS_H
#define HS_SINK_REDIS_OPTIONS_H

#include <hookstream/sink.h>

/* With `replicas` > 0 an event is delivered when that many replicas have it. */
struct hs_redis_wait_options {
    uint64_t replicas;
    uint64_t timeout_ns; /* of one WAIT */
};

struct hs_redis_options {
    struct hs_sink_options sink;
    const char *url; /* redis://[user:password@]host:port/db, secret */
    const char *username, *password;
    const char *cursor_key; /* prefix of the cursor's key */
    struct hs_redis_wait_options wait;
};

enum hs_redis_fields { HS_FIELDS_BODY, HS_FIELDS_FLAT };

struct hs_redis_target {
    struct hs_target_options target;
    uint64_t max_length; /* XADD MAXLEN ~ n; 0: none */
    unsigned fields;     /* enum hs_redis_fields */
};
extern const struct hs_options hs_redis_option_table, hs_redis_target_table;

static inline const struct hs_redis_options *hs_redis_options(const struct hs_sink_options *options)
{
    return (const struct hs_redis_options *)options;
}

static inline const struct hs_redis_target *hs_redis_target(const struct hs_target_options *target)
{
    return (const struct hs_redis_target *)target;
}

#endif
