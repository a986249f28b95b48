/* Probe: what a sink would meet at run time, asked of its server now: for `check --online`.
 * Changes nothing on the server, and takes no transactional id and no cursor from a process that
 * runs. What is wrong becomes a finding of the configuration (HS300 and up) at the place of what
 * it is about; what is good becomes a line of the report. No secret is in either.
 * Threads: the caller's; it blocks, for each question at most the time it is given. */
#ifndef HOOKSTREAM_PROBE_H
#define HOOKSTREAM_PROBE_H

#include <hookstream/sink.h>

/* A destination that is always the same, and where the configuration says so. */
struct hs_probe_place {
    const char *destination;
    const struct hs_node *node;
    bool keyless; /* a target sends events there without a key */
};

struct hs_probe {
    struct hs_config *config; /* gets the findings */
    struct hs_buffer *report; /* gets a line for each thing that is good, or could not be asked */
    const char *name;         /* the sink's */
    const char *identity;     /* the journal's; NULL: there is none yet */
    uint64_t body_size;       /* the largest event, in bytes */
    unsigned timeout_ms;      /* for each question */
};

/* `places` are the destinations of the sink's targets that can be known, each once. */
void hs_sink_probe(const struct hs_probe *probe, const struct hs_sink_options *options,
                   const struct hs_probe_place *places, size_t count);

/* A Redis by itself, whether it is fit to keep what must not be lost; findings stand at `node`. */
void hs_redis_probe_server(const struct hs_probe *probe, const struct hs_node *node,
                           const char *url, const char *username, const char *password);

#endif
