/* Ingress: a request's way in: http -> source -> dedupe -> journal, and the answer once the event's
 * sequence is durable. Of delivery it knows only the positions of the sinks.
 *
 * Invariants:
 *   I1  A 2xx of an `ack: durable` source is sent only after the event is durable.
 *   I2  Nothing is written to the journal before its signature was verified.
 *   I3  Every request ends in exactly one row of the table of answers (answers.c).
 *   I4  410 is never sent: it disables the sender's endpoint.
 *
 * Threads: N workers, each with its own event_base and listener (SO_REUSEPORT); the owner calls
 * start, drain and free. */
#ifndef HOOKSTREAM_INGRESS_H
#define HOOKSTREAM_INGRESS_H

#include <hookstream/limits.h>
#include <hookstream/config.h>
#include <hookstream/dedupe_shared.h>
#include <hookstream/http.h>
#include <hookstream/journal.h>
#include <hookstream/route.h>
#include <hookstream/source.h>

/* ---- Options: server: ---- */

struct hs_limit_options {
    uint64_t connections, header_size, body_size, in_flight;
    uint64_t peer_connections, peer_in_flight; /* 0: no separate limit */
    uint64_t least_rate;                       /* bytes per second; 0: none */
    uint64_t idle_ns, header_ns, body_ns;
};

struct hs_server_options {
    struct hs_address listen;
    const char *health_path; /* NULL: none */
    uint64_t workers;        /* 0: auto */
    uint64_t deadline_ns;
    uint64_t shutdown_grace_ns;
    struct hs_limit_options limits;
};
extern const struct hs_options hs_server_option_table;

/* The last sequence that a sink (by index) has finished; for `ack: delivered`. */
typedef uint64_t hs_ingress_position_fn(void *context, unsigned sink);

struct hs_ingress_spec {
    const struct hs_server_options *options;
    uint64_t connections; /* the connections that fit the descriptor limit, at most
                           * limits.connections; 0: that many */
    struct hs_config *config;
    const struct hs_children *sources, *sinks;
    struct hs_journal *journal;
    struct hs_dedupe *dedupe;
    struct hs_dedupe_shared *shared; /* NULL: only the local index knows ids */
    struct hs_metrics *metrics;
    hs_ingress_position_fn *position;
    void *position_context;
};

struct hs_ingress;

/* The number of workers that these options result in. */
uint64_t hs_ingress_workers(const struct hs_server_options *options);
/* Opens the listeners and starts the workers. -errno and a message (address in use, ...). */
HS_MUST_CHECK int hs_ingress_start(const struct hs_ingress_spec *spec,
                                   struct hs_ingress **ret_ingress);
/* Stops accepting, answers waiting requests, and ends the workers. Requests that still wait after
 * `grace_ns` are answered 503. */
void hs_ingress_drain(struct hs_ingress *ingress, uint64_t grace_ns);
/* Frees the ingress. NULL is fine. */
void hs_ingress_free(struct hs_ingress *ingress);
/* The port listened on. */
uint16_t hs_ingress_port(const struct hs_ingress *ingress);
/* The number of open connections of all workers. */
size_t hs_ingress_connections(const struct hs_ingress *ingress);

#endif
