/* Worker: one ingress thread: a listener, its connections, and their requests that wait for
 * durability or delivery. Threads: the owner calls start, ask_drain and free; the rest runs on the
 * worker's own. */
#ifndef HS_INGRESS_WORKER_H
#define HS_INGRESS_WORKER_H

#include "answers.h"
#include "lane.h"

#include <hookstream/ingress.h>
#include <pthread.h>
#include <stdatomic.h>

struct event;
struct event_base;

/* Shared by all workers. */
struct hs_ingress {
    struct hs_ingress_spec spec;
    struct hs_worker *workers[HS_WORKERS_MAX];
    size_t worker_count;
    uint64_t connections_max;  /* of all workers together */
    uint16_t port;             /* of the first worker's listener; the others share it */
    _Atomic int64_t in_flight; /* bytes; the budget is options->limits.in_flight */
    _Atomic uint64_t *rates;   /* per source: when its next request is due, monotonic ns */
    struct hs_gauge *connections_gauge, *in_flight_gauge;
};

/* A waiting request, stored in its exchange. The list it is on tells what it waits for. */
enum hs_waiting {
    HS_WAITING_NOT,       /* not on a list: being handled, or answered */
    HS_WAITING_DURABLE,   /* for the durable sequence; in order of sequences */
    HS_WAITING_DELIVERED, /* for the positions of its sinks, once durable */
    HS_WAITING_SHARED,    /* for the shared dedupe, before it is appended (sharing.c) */
    HS_WAITING_COUNT
};

struct hs_waiter {
    struct hs_waiter *next, *previous;
    struct hs_http_exchange *exchange;
    struct hs_lane *lane;
    uint64_t sequence;
    uint64_t sinks;           /* bits; for HS_WAITING_DELIVERED */
    uint64_t since_ns;        /* monotonic */
    struct hs_asking *asking; /* for HS_WAITING_SHARED */
    int64_t off_by_s;         /* of a stale or future timestamp; for the log */
    enum hs_waiting on;
    bool on_head; /* refused by its head, whose slices are still valid */
};

struct hs_waiter_list {
    struct hs_waiter *first, *last;
};

struct hs_worker {
    struct hs_ingress *ingress;
    unsigned index;
    struct hs_lane *lanes;    /* one per source, in the configuration's order */
    struct hs_lane nowhere;   /* counts requests that reached no source */
    struct hs_slice health;   /* server.health_path; empty: none */
    struct hs_router *router; /* for `ack: delivered`; NULL if no source uses it */
    struct hs_counter *evicted[HS_HTTP_EVICTED_COUNT];
    struct hs_waiter_list lists[HS_WAITING_COUNT]; /* by enum hs_waiting */
    struct event_base *base;
    struct hs_http_server *server;
    struct hs_sharing *sharing; /* NULL: only the local index knows ids */
    struct hs_wakeup wakeup;
    struct event *on_wakeup, *on_tick;
    pthread_t thread;
    bool started, draining;
    _Atomic uint64_t drain_by_ns; /* monotonic; 0: not draining */
    _Atomic size_t connections;
};

/* Opens the listener and starts the thread. */
HS_MUST_CHECK int hs_worker_start(struct hs_ingress *ingress, unsigned index,
                                  struct hs_worker **ret_worker);
void hs_worker_ask_drain(struct hs_worker *worker, uint64_t by_ns);
/* Waits for the thread; asks it to drain now if that was not done. */
void hs_worker_join(struct hs_worker *worker);
/* Joins if necessary, and frees. NULL is fine. */
void hs_worker_free(struct hs_worker *worker);

/* intake.c: the handlers of the requests. */
extern const struct hs_http_handlers hs_intake_handlers;

/* waiting.c: */
/* Puts a request at the end of a list. */
void hs_waiting_add(struct hs_worker *worker, struct hs_waiter *waiter, enum hs_waiting on);
void hs_waiting_remove(struct hs_worker *worker, struct hs_waiter *waiter);
/* Whether these sinks have finished the sequence. */
bool hs_waiting_is_delivered(const struct hs_worker *worker, uint64_t sinks, uint64_t sequence);
/* Answers every request whose event became safe or failed. */
void hs_waiting_release(struct hs_worker *worker);
/* Answers 503 to requests that have waited since before this monotonic time. */
void hs_waiting_expire(struct hs_worker *worker, uint64_t before_ns, enum hs_answer answer);

/* In intake.c: sends the answer and counts it; the waiter is invalid afterwards. `detail` NULL: the
 * row's own. */
void hs_intake_answer(struct hs_worker *worker, struct hs_waiter *waiter, enum hs_answer answer,
                      const char *reason, const char *detail);
/* Local dedupe and append, atomic per id (D3). 0 or the error of the journal. */
HS_MUST_CHECK int hs_intake_keep(struct hs_worker *worker, const struct hs_event *event,
                                 uint64_t *ret_sequence, bool *ret_duplicate);
/* The event is in the journal, now or from before: waits for its lane's ack, or answers at once. */
void hs_intake_wait(struct hs_worker *worker, struct hs_waiter *waiter,
                    const struct hs_event *event, uint64_t sequence, bool duplicate);

#endif
