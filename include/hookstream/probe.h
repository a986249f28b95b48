/* Probe: tests a sink's server now for what the sink would meet at run time, for `check --online`.
 * Changes nothing on the server, and takes no transactional id or cursor from a running process.
 * Each problem becomes a finding (HS300 and up) at the configuration line it concerns; each success
 * becomes a line of the report. Neither contains secrets.
 * Threads: the caller's; it blocks, at most the given time per question. */
#ifndef HOOKSTREAM_PROBE_H
#define HOOKSTREAM_PROBE_H

#include <hookstream/sink.h>

/* A fixed destination, and where it is in the configuration. */
struct hs_probe_place {
    const char *destination;
    const struct hs_node *node;
    bool keyless; /* a target sends events there without a key */
};

struct hs_probe {
    struct hs_config *config; /* gets the findings */
    struct hs_buffer *report; /* gets a line per check that passed or could not be made */
    const char *name;         /* the sink's */
    const char *identity;     /* the journal's; NULL: none yet */
    uint64_t body_size;       /* the largest event, in bytes */
    unsigned timeout_ms;      /* per question */
};

/* `places` are the fixed destinations of the sink's targets, each once. */
void hs_sink_probe(const struct hs_probe *probe, const struct hs_sink_options *options,
                   const struct hs_probe_place *places, size_t count);

/* Checks whether a Redis is fit to keep data that must not be lost; findings are reported at
 * `node`. */
void hs_redis_probe_server(const struct hs_probe *probe, const struct hs_node *node,
                           const char *url, const char *username, const char *password);

#endif
