/* Delivery: an event's way out: journal -> route -> transform -> sink. Each sink has a pump with
 * its own thread, reader and cursor, so that one dead sink never slows another. The cursor moves
 * past confirmed events. Another pump dead-letters events that were genuine but invalid or that no
 * route took. A third forwards dead letters to the target of dead_letters.forward, if set.
 *
 * Invariants:
 *   P1  A cursor never passes an event of which a message is neither confirmed by the sink
 *       nor durable as a dead letter.
 *   P2  A sink gets its events in journal order; events that failed temporarily are sent again,
 *       in order, before any new event.
 *   P3  A poison event affects only itself: the next one is delivered.
 *   P4  An event that waited for a sink when the routes changed is delivered by the current ones,
 *       or becomes a dead letter if they no longer route it to the sink.
 *   P5  For a sink whose server does not report its position: while its cursor can be saved, at
 *       most 2 * HS_PUMP_WINDOW events past the saved one were sent. After a kill that many may
 *       be redelivered.
 *
 * Threads: start and stop from the owner; status and position from any. */
#ifndef HOOKSTREAM_DELIVERY_H
#define HOOKSTREAM_DELIVERY_H

#include <hookstream/limits.h>
#include <hookstream/dead_letters.h>
#include <hookstream/route.h>
#include <hookstream/sink.h>

#define HS_PUMP_SAVE_NS (200 * UINT64_C(1000000)) /* interval of saving cursors */
#define HS_PUMP_RETRY_LEAST_NS (100 * UINT64_C(1000000))
#define HS_PUMP_RETRY_MOST_NS (5 * UINT64_C(1000000000))
#define HS_PUMP_BLOCKED_LEAST_NS (1 * UINT64_C(1000000000))
#define HS_PUMP_BLOCKED_MOST_NS (30 * UINT64_C(1000000000))

struct hs_delivery_spec {
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct hs_metrics *metrics;
    struct hs_config *config;          /* without errors; outlives the delivery */
    const struct hs_children *sinks;   /* bound `sinks:` */
    const struct hs_children *sources; /* bound `sources:` */
    const struct hs_node *forward;     /* `dead_letters.forward`, as in the letters' options; or
                                        * NULL */
};

/* For `check`: adds findings about `dead_letters.forward`. */
void hs_delivery_check_forward(struct hs_config *config, const struct hs_node *forward,
                               const struct hs_children *sinks);

/* For `check`: finds what a sink with waiting events got under the routes they were accepted by
 * (kept in the journal's folder at `path`), and does not get under `router`. */
struct hs_reroute_type {
    const char *type, *source;
};
struct hs_reroute_question {
    const struct hs_disk *disk;
    const char *path; /* the journal's */
    const struct hs_router *router;
    const char *sink;
    unsigned index;                      /* of the sink, for `router` */
    uint64_t position;                   /* the position of its cursor */
    const struct hs_reroute_type *types; /* the types to check */
    size_t type_count;
};
/* `all`: the sink gets none of the type's events; otherwise some may be left out. May be called
 * several times for a type. */
typedef void hs_reroute_fn(void *context, const char *type, bool all);
/* Answers the question by calling `visit` for each affected type. */
void hs_delivery_find_rerouted(const struct hs_reroute_question *question, hs_reroute_fn *visit,
                               void *context);

struct hs_delivery;

/* Compiles a router per pump, opens cursors and sinks, and starts the threads. Waits for a broker
 * that is down. `spec` is copied. -errno and a message. */
HS_MUST_CHECK int hs_delivery_start(const struct hs_delivery_spec *spec,
                                    struct hs_delivery **ret_delivery);
/* Continues until every sink that is up has all durable events, at most for `grace_ns`; then saves
 * the cursors, closes the sinks and ends the threads. The rest stays in the journal. Status and
 * position remain available. */
void hs_delivery_stop(struct hs_delivery *delivery, uint64_t grace_ns);
/* Ends immediately if it was not stopped, and frees. NULL is fine. */
void hs_delivery_free(struct hs_delivery *delivery);

/* The sink (index as in `sinks`) has finished every event up to this sequence. */
uint64_t hs_delivery_position(const struct hs_delivery *delivery, unsigned sink);

/* The reason of a sink that is up, but whose server lost the cursor. */
#define HS_PUMP_CURSOR_MISSING "cursor_missing"

struct hs_pump_status {
    const char *name;
    const char *kind; /* of sink_kind.def, or dead_letters */
    enum hs_sink_state state;
    char reason[48]; /* of the state, "" if none */
    char detail[400];
    uint64_t away_ns; /* how long it has not been up; 0: it is up, or unknown */
    uint64_t position, lag_events, in_flight;
    double lag_seconds;
    uint64_t delivered; /* events, as sink_delivered_total: without dead letters and lost events */
    /* The sink is up, events wait, and none was confirmed for HS_PUMP_STUCK_NS. */
    bool unsaved; /* the last attempt to save its position failed */
    bool stuck;
};
#define HS_PUMP_STUCK_NS (60 * UINT64_C(1000000000))
/* The number of entries that have a status: sinks, then the dead letters' pumps. */
size_t hs_delivery_count(const struct hs_delivery *delivery);
/* The current status of an entry. */
void hs_delivery_status(struct hs_delivery *delivery, size_t index,
                        struct hs_pump_status *ret_status);

#endif
