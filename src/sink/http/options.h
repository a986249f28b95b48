/* HTTP options: what `sinks.<name>` of type http binds. Its targets have only what all have. */
#ifndef HS_SINK_HTTP_OPTIONS_H
#define HS_SINK_HTTP_OPTIONS_H

#include <hookstream/sink.h>

struct hs_http_options {
    struct hs_sink_options sink;
    const char *url;         /* secret: its path or its user may be a credential */
    struct hs_pairs headers; /* of every request; secret ones are never printed */
    const char *ca_file;     /* NULL: those of the system */
    uint64_t timeout_ns;     /* of a whole request */
    uint64_t in_flight;      /* requests at the same time; 1 keeps events in order */
};
extern const struct hs_options hs_http_option_table, hs_http_target_table;

static inline const struct hs_http_options *hs_http_options(const struct hs_sink_options *options)
{
    return (const struct hs_http_options *)options;
}

#endif
