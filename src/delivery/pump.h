/* Pump: one sink's thread: reads the journal from the sink's cursor, builds parcels, passes them to
 * the sink, and moves the cursor past what is done. See delivery.h for P1 to P3.
 *
 * A pump's state consists of three independent facts:
 *   may_send    the sink asked to resume, so it takes parcels
 *   stalled     the sink is full, and the current parcel waits for room
 *   again       some messages failed temporarily: until the retry timer fires and all were sent
 *               again, nothing new is read (P2)
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

/* The last parts of events that became dead letters: if the server's cursor is behind them, the
 * sink gets those events again, but they need no second letter. */
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

    /* The path of an event, in order. */
    struct hs_cursor *cursor;
    struct hs_reader *reader;
    struct hs_router *router;
    struct hs_past *past; /* or NULL: the routes have not changed */
    struct hs_work *work;
    struct hs_parcel_maker maker;
    struct hs_window window;
    struct hs_sink *sink;
    struct hs_reader *again_reader; /* reads failed events again; opened on first use */
    uint64_t again_sequence;        /* the last event it returned; 0: none since it was moved */

    struct hs_buried buried[HS_PUMP_BURIED]; /* a ring */
    uint64_t buried_count;

    uint64_t read_sequence; /* the last one read, sent or skipped */
    uint64_t save_at;       /* the position from which the cursor is saved immediately (P5) */
    bool may_send, stalled, dirty;
    unsigned failures;          /* consecutive retries, for the backoff */
    bool blocked;               /* the last failure needs an operator */
    uint64_t blocked_sequence;  /* the event whose delivery ends that; 0: any delivery does */
    bool unmade;                /* messages could not be made: no delivery ends that */
    bool moved;                 /* the server may have an old position, until it has confirmed */
    struct hs_server_mark mark; /* whether the server has had a cursor */
    struct {                    /* what it lost and is sent again; reported already */
        uint64_t from, until;   /* it has events up to `from` again, and once had them up to
                                 * `until` */
    } refill;

    /* The loop. */
    pthread_t thread;
    bool started;
    struct event_base *base;
    struct hs_wakeup wakeup; /* signalled by the journal, the dead letters and stop */
    struct event *on_wakeup, *on_retry, *on_save, *on_fill;
    _Atomic uint64_t stop_by_ns; /* monotonic; 0: not stopping */

    /* Read by others. */
    pthread_mutex_t lock; /* guards the next four */
    enum hs_sink_state state;
    uint64_t away_since_ns; /* monotonic: when the state was last up; 0: it is up */
    bool was_up;            /* at least once; used by the pump only */
    char reason[48], detail[400];
    struct {                 /* what to say of a sink that is up; also guarded by the lock */
        uint64_t until;      /* until the cursor is here; the pump's, and so is the next */
        bool until_delivery; /* until an event is delivered */
        char detail[400];
    } note;
    _Atomic uint64_t oldest_wall_ns; /* of the oldest unfinished event; 0: nothing waits */
    _Atomic uint64_t in_flight, progress_ns, delivered_count;
    _Atomic bool unsaved; /* the last save of the cursor failed */

    struct hs_metrics *metrics;
    struct hs_counter **delivered; /* per route */
    struct hs_counter **skipped;   /* per route: its targets for the sink did not take the event */
    struct hs_counter *lost;       /* events that the journal lost */
    struct hs_counter *resent;
    struct hs_counter *save_errors;
    struct hs_cells cells; /* rare counters, by reason */
    struct hs_histogram *end_to_end;
    struct hs_histogram **transform_seconds;
};

/* The inputs of a pump. It takes ownership of the router and borrows the rest. */
struct hs_pump_spec {
    const struct hs_delivery_spec *delivery;
    const char *name;
    unsigned index;
    const struct hs_sink_options *options;
    struct hs_router *router;
};

/* Opens cursor, reader and sink and starts the thread. */
HS_MUST_CHECK int hs_pump_start(const struct hs_pump_spec *spec, struct hs_pump **ret_pump);
/* Asks it to end by this monotonic time; returns immediately. */
void hs_pump_ask_stop(struct hs_pump *pump, uint64_t stop_by_ns);
/* Waits for the thread, which saves the cursor; asks it to end now if that was not done. */
void hs_pump_join(struct hs_pump *pump);
/* Joins if necessary, and frees. NULL is fine. */
void hs_pump_free(struct hs_pump *pump);
void hs_pump_status(struct hs_pump *pump, struct hs_pump_status *ret_status);

/* pump_position.c: the position that the sink's server reports. */
/* The server has events that this journal cannot have sent: blocks the sink. */
bool hs_pump_is_ahead(struct hs_pump *pump, uint64_t last);
/* Moves to the position that the server reports; 0: it reports none. */
void hs_pump_take_position(struct hs_pump *pump, uint64_t position, uint64_t last);
/* The server has no cursor: if it had one, that is reported, and events are sent again if
 * `on_cursor_lost` says so. */
void hs_pump_server_forgot(struct hs_pump *pump);
void hs_pump_clear_note(struct hs_pump *pump);

/* pump_outcome.c: handles the results of messages. */
void hs_pump_completed(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                       const char *reason, const char *detail);
void hs_pump_sink_state(void *context, enum hs_sink_state state, const char *reason,
                        const char *detail);
/* Dead-letters the parts of the event. Returns false if that is impossible now; they are marked to
 * be sent again, and the retry is scheduled. */
bool hs_pump_bury(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                  const struct hs_event *event, const char *reason, const char *detail);
/* The parts cannot be made into messages now, which is not the event's fault: blocks the sink and
 * retries them. */
void hs_pump_hold(struct hs_pump *pump, struct hs_window_entry *entry, uint32_t parts,
                  const char *reason, const char *detail);
/* A failed operation succeeds again. */
void hs_pump_recovered(struct hs_pump *pump);
/* Checks which dead letters are safe by now. */
void hs_pump_check_letters(struct hs_pump *pump);
/* Represents the route of events that only former routes gave to the sink. */
extern const struct hs_route hs_pump_rerouted;
/* Runs a turn of the loop after the events of this one. It uses a timer: an event activated from a
 * callback would run before the next check of files and timers, and a long backlog would delay the
 * sink's answers. */
void hs_pump_turn_soon(struct hs_pump *pump);
/* Something changed: pops, moves the cursor and continues after the callbacks of this turn. */
void hs_pump_mark_dirty(struct hs_pump *pump);
/* Sends marked messages again, after a delay that grows with the failures. */
void hs_pump_schedule_retry(struct hs_pump *pump, bool at_once);
/* Reads the event of an entry again from the journal: 1; -ENODATA: its record is damaged (logged);
 * 0 or -errno: not now. */
HS_MUST_CHECK int hs_pump_reread(struct hs_pump *pump, uint64_t sequence,
                                 struct hs_event *ret_event);

#endif
