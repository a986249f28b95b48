/* Sink: where events are delivered. One interface, and a folder in src/sink/ per kind of
 * sink_kind.def. A sink accepts parcels (all messages of one event for this sink) and reports the
 * outcome of each message. It knows nothing of the journal or of routes.
 *
 * Outcomes are classified once, here: transient (redelivered without limit; the sink reports when
 * it can continue), blocked (an operator must act; redelivered slowly), permanent (never accepted).
 * Each kind's folder has the table of its errors and their classes.
 *
 * Threads: a sink belongs to the thread that runs its event_base; every call and callback happens
 * there. Background threads of a library never call back across. */
#ifndef HOOKSTREAM_SINK_H
#define HOOKSTREAM_SINK_H

#include <hookstream/limits.h>
#include <hookstream/config.h>
#include <hookstream/event.h>
#include <hookstream/metrics.h>

struct event_base;

/* ---- Options: sinks.<name> ---- */

enum hs_sink_start { HS_START_NOW, HS_START_OLDEST };

/* What to do about events that a server had confirmed if it has lost the cursor. */
enum hs_cursor_lost { HS_CURSOR_LOST_REPLAY, HS_CURSOR_LOST_CONTINUE };

/* The options common to all kinds. Each kind binds its own struct that begins with this one. */
struct hs_sink_options {
    unsigned kind; /* index in hs_sink_kinds (sink_kind.h), by `type:` */
    const struct hs_node *node;
    unsigned start;          /* enum hs_sink_start: where a sink new to the journal begins */
    unsigned on_cursor_lost; /* enum hs_cursor_lost: for sinks whose server keeps a cursor */
};
/* The variant table of one sink (tag `type`); `sinks` is a map of these. */
extern const struct hs_options hs_sink_option_table;
/* The kind's name: the value of `type:`. */
const char *hs_sink_kind_name(const struct hs_sink_options *options);
/* Whether its `type:` names a kind; otherwise it was bound as the first kind. */
bool hs_sink_kind_is_known(const struct hs_sink_options *options);
/* A number that identifies where its server keeps the cursor (see `resume`); it changes with the
 * options that decide this. 0: the server keeps none. */
uint64_t hs_sink_place(const struct hs_sink_options *options);
/* A copy of the options for a second client beside the sink's own. Ids that only one client may use
 * get the suffix. Belongs to `arena`. */
struct hs_sink_options *hs_sink_options_for_second(const struct hs_sink_options *options,
                                                   const char *suffix, struct hs_arena *arena);

/* The options of a target (an entry of a route's `to`). Every kind binds a struct that begins with
 * this one, with the kind's own keys. */
struct hs_target_options {
    const char *sink;
    const char *destination; /* template: topic, stream or file */
    const struct hs_node *destination_node;
    const char *key; /* template or NULL */
    const struct hs_node *key_node;
    const struct hs_node *when, *transform; /* the router's: it compiles them */
    const char *sample;
    struct hs_strings accept; /* findings the user has accepted */
    struct hs_pairs headers;  /* name -> template */
};

/* ---- Messages ---- */

/* Headers that every message has, a target's own, and those set by transformations. */
#define HS_MESSAGE_HEADERS_MAX (2 * HS_EVENT_HEADERS_MAX)

/* All slices are borrowed for the call of submit only. */
struct hs_message {
    unsigned part; /* index among the event's messages for this sink; returned in completed */
    struct hs_slice destination;
    struct hs_slice key; /* data NULL: none */
    struct hs_header headers[HS_MESSAGE_HEADERS_MAX];
    size_t header_count;
    struct hs_slice body;
    uint64_t timestamp_ms; /* when received, Unix */
    const struct hs_target_options *target;
};
struct hs_parcel {
    uint64_t sequence;
    const struct hs_message *messages;
    size_t count;
};

/* ---- The interface ---- */

enum hs_outcome {
    HS_DELIVERED,
    HS_TRANSIENT, /* redelivered from the journal, soon */
    HS_BLOCKED,   /* redelivered from the journal, slowly; an operator must act */
    HS_PERMANENT, /* never: dead letter */
};
/* The name in logs and metrics. Static. */
const char *hs_outcome_name(enum hs_outcome outcome);

/* A state holds from the moment it is reported until the next. */
enum hs_sink_state {
    HS_SINK_CONNECTING, /* not connected to the server, or no longer */
    HS_SINK_UP,         /* connected; submitted messages are sent */
    HS_SINK_BLOCKED,    /* connected or not, an operator must act */
    HS_SINK_STOPPED,
    HS_SINK_STATE_COUNT
};
const char *hs_sink_state_name(enum hs_sink_state state); /* connecting, up, blocked, stopped */

enum hs_submit { HS_SUBMIT_ACCEPTED, HS_SUBMIT_FULL };

/* What a sink reports to its owner (delivery). */
/* The server has events of another process that uses the same journal identity. */
#define HS_SINK_ANOTHERS UINT64_MAX
/* The server should have a cursor of ours, but has none. */
#define HS_SINK_CURSOR_GONE (UINT64_MAX - 1)

struct hs_sink_host {
    void *context;
    /* Outcome of the message with this `part` of the event. `reason` is a short stable label
     * ("unknown_topic", "too_large", "oom"), `detail` a text for the log. Never called from within
     * submit. */
    void (*completed)(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                      const char *reason, const char *detail);
    /* After HS_SUBMIT_FULL: there is room again. May be called from within skip. */
    void (*room)(void *context);
    void (*state)(void *context, enum hs_sink_state state, const char *reason, const char *detail);
    /* The sink (re)connected and forgot everything in flight: everything not completed must be
     * submitted again, in order. `position` is the last sequence done according to the server
     * (exactly-once sinks), 0 if the server keeps none. `last`, not less, is the last sequence of
     * which the server has anything, HS_SINK_ANOTHERS or HS_SINK_CURSOR_GONE. Submit nothing before
     * the first call. Returns false if the server's events are not ours: then nothing will be
     * submitted and nothing may be written. */
    bool (*resume)(void *context, uint64_t position, uint64_t last);
    bool known; /* the sink is not new: earlier runs gave it events */
};

struct hs_sink;

/* Opens a sink of the options' kind; connecting continues in the background, and waits for a server
 * that is down. `identity` is the journal's, for cursor keys; `name` the sink's. All are borrowed.
 * -EINVAL and a message: the options can never work (bad property, bad URL). */
HS_MUST_CHECK int hs_sink_open(struct event_base *base, const char *name, const char *identity,
                               const struct hs_sink_options *options,
                               const struct hs_sink_host *host, struct hs_sink **ret_sink);
/* Takes a whole parcel or nothing. FULL: wait for host.room. Destinations were checked. */
enum hs_submit hs_sink_submit(struct hs_sink *sink, const struct hs_parcel *parcel);
/* Sends what is held back to fill a batch. Call when no more events are at hand. */
void hs_sink_push(struct hs_sink *sink);
/* The sink has nothing left to do for events up to `sequence`, whether it was given them or not.
 * Lets an exactly-once cursor pass skipped events. Cheap. */
void hs_sink_skip(struct hs_sink *sink, uint64_t sequence);
/* The owner makes these parts of the event (one bit each) dead letters. An exactly-once cursor does
 * not count them as done before hs_sink_skip() has passed the event. For parts that the sink was
 * never given; it knows those that it ended as permanent itself. Cheap. */
void hs_sink_leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts);
/* Messages that were submitted and have not completed. */
size_t hs_sink_in_flight(const struct hs_sink *sink);
/* Closes at once; what has not completed never will. No callbacks after it. NULL is fine. */
void hs_sink_close(struct hs_sink *sink);

/* For `check`: whether a client can be made from the options (properties known, URL valid), without
 * connecting. Adds findings. */
void hs_sink_check(struct hs_config *config, const struct hs_sink_options *options);

/* For `check` only: makes the client and closes it, without connecting. Adds an error if that
 * fails. In that case `run` blocks the sink and retries, since a file may be missing for a
 * while. */
void hs_sink_check_client(struct hs_config *config, const char *name,
                          const struct hs_sink_options *options);

#endif
