/* Sender: a small load generator that does what Fanfare does: signs and posts events, over
 * so many connections, at a fixed rate or as fast as answers come. With a rate, latency is
 * counted from the moment a request was due, so that a slow server cannot hide its queue
 * (open loop). Threads: the caller's. */
#ifndef HS_CLI_SENDER_H
#define HS_CLI_SENDER_H

#include <hookstream/catalogue.h>
#include <stdio.h>

#define HS_SENDER_CONNECTIONS_MAX 10000u
#define HS_SENDER_LATENCIES 4096u
#define HS_SENDER_BODY_MAX (64u << 20)

struct hs_sender_options {
    const char *host, *path;
    uint16_t port;
    struct hs_slice secret;
    const struct hs_event_type **types; /* samples of them are sent in turn; none: `body` is */
    size_t type_count;
    struct hs_slice body;    /* any bytes */
    struct hs_slice body_id; /* the part of it that a new id replaces each time; empty: none */
    uint64_t count;          /* events to send */
    uint64_t rate;           /* events a second; 0: as fast as answers come */
    uint64_t connections;    /* at once */
    uint64_t seed;           /* of the sample values; ids are unique anyway */
    FILE *ledger;            /* a line an event: id (- when `body` has its own), status (0: no
                              * answer), microseconds; or NULL */
    bool progress;           /* a line a second on stderr */
};

struct hs_sender_result {
    uint64_t sent, answered, lost; /* lost: no answer came */
    char why[400];                 /* why the first of them did not; "" when none is lost */
    uint64_t statuses[600];        /* answers by status */
    uint64_t nanoseconds;          /* from the first to the last */
    /* Latencies in buckets of about 1.6 %, by hs_sender_percentile(). */
    uint64_t latencies[HS_SENDER_LATENCIES];
    uint64_t slowest_ns;
};

/* Sends, and gives what came of it. -errno and words when nothing could be sent at all. */
HS_MUST_CHECK int hs_sender_run(const struct hs_sender_options *options,
                                struct hs_sender_result *ret_result);
/* The latency in ns that this part (0 to 1) of the answers did not exceed. */
uint64_t hs_sender_percentile(const struct hs_sender_result *result, double part);

#endif
