/* Pump: one sink's thread: reads the journal from the sink's cursor, makes parcels, gives
 * them to the sink, and moves the cursor past what is done. See delivery.h for P1 to P3.
 *
 * What a pump is doing is three facts, not one state:
 *   may_send    the sink said resume, so it takes parcels
 *   stalled     the sink said full, and the parcel in hand waits for room
 *   again       some messages failed for a while: until the retry timer fires and they were
 *               all given again, nothing new is read (P2)
 * Threads: everything but start, stop and status runs on the pump's own. */
#ifndef HS_DELIVERY_PUMP_H
#define HS_DELIVERY_PUMP_H

#include "cells.h"
#include <hookstream/parcel.h>
#include "past.h"
#include "server_mark.h"
#include "window.h"

#include <hookstream/resend.h>
#include <pthread.h>

struct event;
struct event_base;

/* Parts of events that are dead letters already, the last so many: a sink whose server's cursor
 * is behind them is given those events once more, and they need no second letter. */
#define HS_PUMP_BURIED 1024u
struct hs_buried {
    uint64_t sequence;
    uint32_t parts;
};

struct hs_pump {
    const char *name, *kind_name;
    unsigned index; /* of the sink in the configuration */
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    const struct hs_sink_options *options;

    /* The way of an event, in order. */
    struct hs_cursor *cursor;
    struct hs_reader *reader;
    struct hs_router *router;
    struct hs_past *past; /* or NULL: the routes have not changed since */
    struct hs_work *work;
    struct hs_parcel_maker maker;
    struct hs_window window;
    struct hs_sink *sink;
    struct hs_reader *again_reader; /* reads what failed once more; opened when first needed */
    uint64_t again_sequence;        /* the last event it gave; 0: none since it was moved */

    struct hs_buried buried[HS_PUMP_BURIED]; /* a ring */
    uint64_t buried_count;

    uint64_t read_sequence; /* last one read, given or skipped */
    uint64_t save_at;       /* the position from which on the cursor is saved at once (P5) */
    bool may_send, stalled, dirty;
    unsigned failures;         /* retries in a row, for the backoff */
    bool blocked;              /* the last failure was one for a person */
    uint64_t blocked_sequence; /* its event, whose delivery ends that; 0: any delivery does */
    bool unmade;               /* it was one of making messages: no delivery ends that */
    bool moved; /* the sink's server may have an old position, until it has confirmed */
    struct hs_server_mark mark; /* whether the server has had a cursor */
    struct {                    /* what it lost and is sent again: told already */
        uint64_t from, until;   /* it has events up to `from` again, and had them up to `until` */
    } refill;

    /* The loop. */
    pthread_t thread;
    bool started;
    struct event_base *base;
    struct hs_wakeup wakeup; /* told by the journal, the dead letters and stop */
    struct event *on_wakeup, *on_retry, *on_save, *on_fill;
    _Atomic uint64_t stop_by_ns; /* monotonic; 0: not stopping */

    /* What others may read. */
    pthread_mutex_t lock; /* guards the next four */
    enum hs_sink_state state;
    uint64_t away_since_ns; /* monotonic: when the state was no longer up; 0: it is up */
    bool was_up;            /* once, at least; the pump's own */
    char reason[48], detail[400];
    struct {                 /* what to say of a sink that is up; also guarded by the lock */
        uint64_t until;      /* until the cursor is here; the pump's, and so is the next */
        bool until_delivery; /* until an event is delivered */
        char detail[400];
    } note;
    _Atomic uint64_t oldest_wall_ns; /* of what is not done; 0: nothing waits */
    _Atomic uint64_t in_flight, progress_ns, delivered_count;
    _Atomic bool unsaved; /* the last save of the cursor failed */

    struct hs_metrics *metrics;
    struct hs_counter **delivered; /* a route */
    struct hs_counter **skipped;   /* a route: its targets for the sink did not take the event */
    struct hs_counter *lost;       /* events that the journal lost */
    struct hs_counter *resent;
    struct hs_counter *save_errors;
    struct hs_cells cells; /* what is counted rarely, by reason */
    struct hs_histogram *end_to_end;
    struct hs_histogram **transform_seconds;
};

/* What a pump is made with. The router is taken, the rest borrowed. */
struct hs_pump_spec {
    const struct hs_delivery_spec *delivery;
    const char *name;
    unsigned index;
    const struct hs_sink_options *options;
    struct hs_router *router;
};

/* Opens cursor, reader and sink and starts the thread. */
HS_MUST_CHECK int hs_pump_start(const struct hs_pump_spec *spec, struct hs_pump **ret_pump);
/* Asks it to end by this monotonic time; returns at once. */
void hs_pump_ask_stop(struct hs_pump *pump, uint64_t stop_by_ns);
/* Waits for the thread, which saves the cursor; asks it to end now if nobody did. */
void hs_pump_join(struct hs_pump *pump);
/* Joins if need be, and frees. NULL is fine. */
void hs_pump_free(struct hs_pump *pump);
void hs_pump_status(struct hs_pump *pump, struct hs_pump_status *ret_status);

/* pump_position.c: what the sink's server says of how far it is. */
/* The server has events that this journal cannot have given: the sink is blocked. */
bool hs_pump_is_ahead(struct hs_pump *pump, uint64_t last);
/* Goes to where the server says it is; 0: it does not say. */
void hs_pump_take_position(struct hs_pump *pump, uint64_t position, uint64_t last);
/* The server has no cursor: if it had one, that is reported, and events are sent again if
 * `on_cursor_lost` says so. */
void hs_pump_server_forgot(struct hs_pump *pump);
void hs_pump_clear_note(struct hs_pump *pump);

/* pump_outcome.c: what becomes of messages that ended. */
void hs_pump_completed(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                       const char *reason, const char *detail);
void hs_pump_sink_state(void *context, enum hs_sink_state state, const char *reason,
                        const char *detail);
/* Puts the parts of the event among the dead letters. false: not now; they are marked to be
 * given again, and the retry is scheduled. */
bool hs_pump_bury(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                  const struct hs_event *event, const char *reason, const char *detail);
/* The parts cannot be made into messages now, which is no fault of the event: the sink is blocked
 * and they are given again. */
void hs_pump_hold(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                  const char *reason, const char *detail);
/* What had failed goes well again. */
void hs_pump_recovered(struct hs_pump *pump);
/* Looks which dead letters are safe by now. */
void hs_pump_check_letters(struct hs_pump *pump);
/* Stands for the route of events that were for the sink by the routes of before only. */
extern const struct hs_route hs_pump_rerouted;
/* A turn of the loop after the events of this one. By the timer: an event activated from
 * within a callback would have its turn before the next look at files and timers, and one
 * that goes on so would keep the sink's answers waiting for as long as there is a backlog. */
void hs_pump_turn_soon(struct hs_pump *pump);
/* Something moved: pop, move the cursor and go on after the callbacks of this turn. */
void hs_pump_mark_dirty(struct hs_pump *pump);
/* Gives again what is marked so, after a while that grows with the failures. */
void hs_pump_schedule_retry(struct hs_pump *pump, bool at_once);
/* The event of an entry, read once more from the journal: 1; -ENODATA: its record is damaged
 * (logged); 0 or -errno: not now. */
HS_MUST_CHECK int hs_pump_reread(struct hs_pump *pump, uint64_t sequence,
                                 struct hs_event *ret_event);

#endif
