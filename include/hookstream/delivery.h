/* Delivery: an event's way out. A pump a sink, each with a thread, a reader and a cursor of
 * its own, so that one dead sink never slows another: journal -> route -> transform -> sink,
 * and the cursor moves past what is confirmed. One more pump takes to the dead letters what
 * was genuine but invalid and what no route took, and one gives dead letters to a target of
 * their own, when dead_letters.forward names one.
 *
 * Invariants:
 *   P1  A cursor never passes an event of which a message is neither confirmed by the sink
 *       nor durable as a dead letter.
 *   P2  A sink is given its events in journal order; what failed for a while is given again,
 *       in order, before anything that was not given yet.
 *   P3  A poison event costs only itself: the next one goes on.
 *   P4  An event that waited for a sink when the routes changed is delivered by those of today,
 *       or becomes a dead letter if they do not give it to the sink any more.
 *   P5  Of a sink whose server does not say what it has: while its cursor can be saved, no more
 *       than 2 * HS_PUMP_WINDOW events are past the saved one and given to it. After a kill so
 *       many may be given once more.
 *
 * Threads: start, stop from the owner; status and position from any. */
#ifndef HOOKSTREAM_DELIVERY_H
#define HOOKSTREAM_DELIVERY_H

#include <hookstream/dead_letters.h>
#include <hookstream/route.h>
#include <hookstream/sink.h>

#define HS_PUMP_WINDOW 16384u                     /* events given to a sink and not yet done */
#define HS_PUMP_SAVE_NS (200 * UINT64_C(1000000)) /* cursors are saved this often */
#define HS_PUMP_RETRY_LEAST_NS (100 * UINT64_C(1000000))
#define HS_PUMP_RETRY_MOST_NS (5 * UINT64_C(1000000000))
#define HS_PUMP_BLOCKED_LEAST_NS (1 * UINT64_C(1000000000))
#define HS_PUMP_BLOCKED_MOST_NS (30 * UINT64_C(1000000000))

struct hs_delivery_spec {
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct hs_metrics *metrics;
    struct hs_config *config;          /* free of errors; outlives the delivery */
    const struct hs_children *sinks;   /* bound `sinks:` */
    const struct hs_children *sources; /* bound `sources:` */
    const struct hs_node *forward;     /* `dead_letters.forward`, as the letters have it; or NULL */
};

/* For `check`: adds findings about `dead_letters.forward`. */
void hs_delivery_check_forward(struct hs_config *config, const struct hs_node *forward,
                               const struct hs_children *sinks);

/* For `check`: what a sink that has events waiting had by the routes that they were accepted under,
 * which the journal's folder at `path` keeps, and does not have by `router`. */
struct hs_reroute_type {
    const char *type, *source;
};
struct hs_reroute_question {
    const struct hs_disk *disk;
    const char *path; /* the journal's */
    const struct hs_router *router;
    const char *sink;
    unsigned index;                      /* of the sink, for `router` */
    uint64_t position;                   /* of its cursor */
    const struct hs_reroute_type *types; /* those that are asked about */
    size_t type_count;
};
/* `all`: the sink gets none of the type's events; else some of them may be left out. May be called
 * for a type more than once. */
typedef void hs_reroute_fn(void *context, const char *type, bool all);
void hs_delivery_find_rerouted(const struct hs_reroute_question *question, hs_reroute_fn *visit,
                               void *context);

struct hs_delivery;

/* Compiles a router a pump, opens cursors and sinks, starts the threads. A broker that is
 * down is waited for. `spec` is copied. -errno and words. */
HS_MUST_CHECK int hs_delivery_start(const struct hs_delivery_spec *spec,
                                    struct hs_delivery **ret_delivery);
/* Goes on until every sink that is up has all that is durable, at most for `grace_ns`; then
 * saves the cursors, closes the sinks and ends the threads. What is left is in the journal.
 * Status and position may still be asked. */
void hs_delivery_stop(struct hs_delivery *delivery, uint64_t grace_ns);
/* Ends at once if it was not stopped, and frees. NULL is fine. */
void hs_delivery_free(struct hs_delivery *delivery);

/* Every event up to this sequence is done by the sink (index as in `sinks`). */
uint64_t hs_delivery_position(const struct hs_delivery *delivery, unsigned sink);

/* The reason of a sink that is up and whose server lost the cursor. */
#define HS_PUMP_CURSOR_MISSING "cursor_missing"

struct hs_pump_status {
    const char *name;
    const char *kind; /* kafka, redis, file, dead_letters */
    enum hs_sink_state state;
    char reason[48]; /* of the state, "" if none */
    char detail[400];
    uint64_t away_ns; /* for so long it has not been up; 0: it is, or this is not known */
    uint64_t position, lag_events, in_flight;
    double lag_seconds;
    uint64_t delivered; /* events, as sink_delivered_total: no dead letters, none that is lost */
    /* The sink is up, events wait, and none was confirmed for HS_PUMP_STUCK_NS. */
    bool unsaved; /* the last try to save its position failed */
    bool stuck;
};
#define HS_PUMP_STUCK_NS (60 * UINT64_C(1000000000))
size_t hs_delivery_count(const struct hs_delivery *delivery);
void hs_delivery_status(struct hs_delivery *delivery, size_t index,
                        struct hs_pump_status *ret_status);

#endif
