/* Sender: a small load generator that does what a sender does: signs and posts events, over the
 * given number of connections, at a fixed rate or as fast as answers arrive. With a rate, latency
 * counts from the moment a request was due, so that a slow server cannot hide its queue (open
 * loop). Threads: the caller's. */
#ifndef HS_CLI_SENDER_H
#define HS_CLI_SENDER_H

#include <hookstream/catalogue.h>
#include <hookstream/source.h>
#include <stdio.h>

#define HS_SENDER_CONNECTIONS_MAX 10000u
#define HS_SENDER_LATENCIES 4096u
#define HS_SENDER_BODY_MAX (64u << 20)

struct hs_sender_options {
    const char *host, *path;
    uint16_t port;
    const struct hs_scheme *scheme; /* signs */
    struct hs_slice secret;
    const struct hs_event_type **types; /* types whose samples are sent in turn; none: `body` is
                                         * sent */
    size_t type_count;
    struct hs_slice body;    /* any bytes */
    struct hs_slice body_id; /* the part of it that each new id replaces; empty: none */
    uint64_t count;          /* events to send */
    uint64_t rate;           /* events per second; 0: as fast as answers arrive */
    uint64_t connections;    /* at once */
    uint64_t seed;           /* of the sample values; ids are unique anyway */
    FILE *ledger;            /* one line per event: id (- if `body` has its own), status (0: no
                              * answer), microseconds; or NULL */
    bool progress;           /* one line per second on stderr */
};

struct hs_sender_result {
    uint64_t sent, answered, lost; /* lost: without an answer */
    char why[400];                 /* why the first of them got none; "" if none is lost */
    uint64_t statuses[600];        /* answers by status */
    uint64_t nanoseconds;          /* from the first to the last */
    /* Latencies in buckets of about 1.6 %; see hs_sender_percentile(). */
    uint64_t latencies[HS_SENDER_LATENCIES];
    uint64_t slowest_ns;
};

/* Sends the events and returns the results. -errno and a message if nothing could be sent. */
HS_MUST_CHECK int hs_sender_run(const struct hs_sender_options *options,
                                struct hs_sender_result *ret_result);
/* The latency in ns that this fraction (0 to 1) of the answers did not exceed. */
uint64_t hs_sender_percentile(const struct hs_sender_result *result, double part);

#endif
