/* Sink: where events go out. One interface, and a folder in src/sink/ for each kind of
 * sink_kind.def. A sink takes parcels (all messages of one event that are for it), and
 * says of each message how it ended; it knows nothing of the journal, of routes or of why.
 *
 * Outcomes are classified once, here: transient (sent again for ever, the sink says when it
 * can go on), blocked (a person must act; sent again slowly), permanent (never will be taken).
 * The table of every error and its class is in the folder of each kind.
 *
 * Threads: a sink belongs to the thread that runs its event_base; every call and callback
 * happens there. Background threads of a library never call back across. */
#ifndef HOOKSTREAM_SINK_H
#define HOOKSTREAM_SINK_H

#include <hookstream/limits.h>
#include <hookstream/config.h>
#include <hookstream/event.h>
#include <hookstream/metrics.h>

struct event_base;

/* ---- Options: sinks.<name> ---- */

enum hs_sink_start { HS_START_NOW, HS_START_OLDEST };

/* What is done about events that a server had confirmed when it has lost the cursor. */
enum hs_cursor_lost { HS_CURSOR_LOST_REPLAY, HS_CURSOR_LOST_CONTINUE };

/* What every kind has. Each kind binds a struct of its own that begins with this one. */
struct hs_sink_options {
    unsigned kind; /* index in hs_sink_kinds (sink_kind.h), by `type:` */
    const struct hs_node *node;
    unsigned start; /* enum hs_sink_start: where a sink that is new to the journal begins */
    unsigned on_cursor_lost; /* enum hs_cursor_lost: of sinks whose server keeps a cursor */
};
/* The variant table of one sink (tag `type`); `sinks` is a map of these. */
extern const struct hs_options hs_sink_option_table;
/* The kind's name: the value of `type:`. */
const char *hs_sink_kind_name(const struct hs_sink_options *options);
/* Whether its `type:` names a kind; else it was bound as one of the first kind. */
bool hs_sink_kind_is_known(const struct hs_sink_options *options);
/* A number for where its server keeps how far it is (see `resume`): other options, another
 * number. 0: the server does not. */
uint64_t hs_sink_place(const struct hs_sink_options *options);
/* A copy of the options for a second client beside the sink's own; ids that only one client may
 * have get the suffix. Belongs to `arena`. */
struct hs_sink_options *hs_sink_options_for_second(const struct hs_sink_options *options,
                                                   const char *suffix, struct hs_arena *arena);

/* What a target (an entry of a route's `to`) says to a sink. Every kind binds a struct that
 * begins with this one, with the keys that it has. */
struct hs_target_options {
    const char *sink;
    const char *destination; /* template: topic, stream or file */
    const struct hs_node *destination_node;
    const char *key; /* template or NULL */
    const struct hs_node *key_node;
    const struct hs_node *when, *transform; /* the router's: it compiles them */
    const char *sample;
    struct hs_strings accept; /* findings that are known and meant */
    struct hs_pairs headers;  /* name -> template */
};

/* ---- Messages ---- */

/* Those every message has, a target's own, and what transformations gave. */
#define HS_MESSAGE_HEADERS_MAX (2 * HS_EVENT_HEADERS_MAX)

/* All slices are borrowed for the call of submit only. */
struct hs_message {
    unsigned part; /* which of the event's messages for this sink; given back in completed */
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
    HS_TRANSIENT, /* to be sent again from the journal, soon */
    HS_BLOCKED,   /* to be sent again from the journal, slowly; a person must act */
    HS_PERMANENT, /* never: dead letter */
};
/* The word for logs and metrics. Static. */
const char *hs_outcome_name(enum hs_outcome outcome);

/* A state holds from the moment it is told until the next. */
enum hs_sink_state {
    HS_SINK_CONNECTING, /* not yet, or not any more, in touch with the server */
    HS_SINK_UP,         /* in touch; what is submitted goes out */
    HS_SINK_BLOCKED,    /* in touch or not, but a person must act */
    HS_SINK_STOPPED,
    HS_SINK_STATE_COUNT
};
const char *hs_sink_state_name(enum hs_sink_state state); /* connecting, up, blocked, stopped */

enum hs_submit { HS_SUBMIT_ACCEPTED, HS_SUBMIT_FULL };

/* What a sink tells its owner (delivery). */
/* A server's events are another process' that uses the same journal's identity. */
#define HS_SINK_ANOTHERS UINT64_MAX
/* The server keeps a cursor for us, and has none. */
#define HS_SINK_CURSOR_GONE (UINT64_MAX - 1)

struct hs_sink_host {
    void *context;
    /* The message with this `part` of the event ended so. `reason` is a short stable label
     * ("unknown_topic", "too_large", "oom"), `detail` words for the log. Never called from
     * within submit. */
    void (*completed)(void *context, uint64_t sequence, unsigned part, enum hs_outcome outcome,
                      const char *reason, const char *detail);
    /* After HS_SUBMIT_FULL: there is room again. Also from within skip. */
    void (*room)(void *context);
    void (*state)(void *context, enum hs_sink_state state, const char *reason, const char *detail);
    /* The sink (re)connected and forgot everything in flight: all that was not completed is
     * to be submitted again, in order. `position` is the last sequence that the server
     * itself says is done (exactly-once sinks), 0 if it does not say; `last`, not less, is
     * the last one of which it has anything, HS_SINK_ANOTHERS or HS_SINK_CURSOR_GONE. Nothing may
     * be submitted before the first call of this. false: what the server has is not ours, nothing
     * will be submitted and nothing may be written. */
    bool (*resume)(void *context, uint64_t position, uint64_t last);
    bool known; /* the sink is not new to the owner: it was given events by earlier runs */
};

struct hs_sink;

/* Opens by the kind of the options; connecting goes on in the background, a server that is
 * down is waited for. `identity` is the journal's, for cursor keys; `name` the sink's. All
 * are borrowed. -EINVAL and words: the options can never work (bad property, bad URL). */
HS_MUST_CHECK int hs_sink_open(struct event_base *base, const char *name, const char *identity,
                               const struct hs_sink_options *options,
                               const struct hs_sink_host *host, struct hs_sink **ret_sink);
/* Takes a whole parcel or nothing. FULL: wait for host.room. Destinations were checked. */
enum hs_submit hs_sink_submit(struct hs_sink *sink, const struct hs_parcel *parcel);
/* Sends what is held back for company. Call when nothing more comes for now. */
void hs_sink_push(struct hs_sink *sink);
/* The events up to `sequence` need nothing more of this sink, whether it was given them or
 * not: lets an exactly-once cursor pass what was skipped. Cheap. */
void hs_sink_skip(struct hs_sink *sink, uint64_t sequence);
/* The owner puts these parts of the event (a bit each) among its dead letters: an exactly-once
 * cursor does not count them as done before hs_sink_skip() has passed the event. For what the
 * sink was never given; of what it ended as permanent itself it knows. Cheap. */
void hs_sink_leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts);
/* Messages that were submitted and have not completed. */
size_t hs_sink_in_flight(const struct hs_sink *sink);
/* Closes at once; what was not completed never will be. No callbacks after it. NULL is fine. */
void hs_sink_close(struct hs_sink *sink);

/* For `check`: whether the options can be turned into a client (properties known, URL
 * sound), without connecting. Adds findings. */
void hs_sink_check(struct hs_config *config, const struct hs_sink_options *options);

/* For `check` alone: makes the client and ends it, without connecting. Adds an error if that fails,
 * for which `run` holds the sink and tries again, since a file may be missing for a while. */
void hs_sink_check_client(struct hs_config *config, const char *name,
                          const struct hs_sink_options *options);

#endif
