/* Replay: delivers events again that the journal still keeps. A job on a thread of its own reads
 * them from the journal and resends the selected ones. One job at a time; a restart ends it, and
 * its status reports the sequence to continue from.
 *
 * Threads: start, cancel and free from one; status from any. */
#ifndef HOOKSTREAM_REPLAY_H
#define HOOKSTREAM_REPLAY_H

#include <hookstream/log.h>
#include <hookstream/resend.h>

#define HS_REPLAY_ASKED_MAX 10u

struct hs_replay_request {
    uint64_t since_ns, until_ns;  /* time range of receipt, wall time */
    uint64_t from, last;          /* range of sequences; UINT64_MAX: open */
    struct hs_type_filter *match; /* NULL: all types */
    const char *source;           /* NULL: all */
    const char *id;               /* NULL: all */
    const char *sink;             /* NULL: all sinks that the route names */
    uint64_t rate;                /* events per second; 0: as fast as the journal accepts them */
    bool dry_run;                 /* only counts */
    /* The request's parameters as given: for the log. */
    struct hs_log_field asked[HS_REPLAY_ASKED_MAX];
    size_t asked_count;
};

enum hs_replay_state {
    HS_REPLAY_NONE, /* no job since the start */
    HS_REPLAY_RUNNING,
    HS_REPLAY_DONE,
    HS_REPLAY_CANCELLED,
    HS_REPLAY_FAILED,
};
/* The state's name for messages and metrics. */
const char *hs_replay_state_name(enum hs_replay_state state);

struct hs_replay_status {
    enum hs_replay_state state;
    bool dry_run;
    uint64_t number;   /* of the job, from 1 */
    uint64_t at, last; /* sequences: the last one examined, and the end of the range */
    uint64_t safe;     /* all events to resend up to this sequence are durable */
    uint64_t looked_at, matched;
    uint64_t resent;   /* matched events resent; in a dry run: that would be */
    uint64_t unrouted; /* matched events that no route takes there */
    /* Events of the range whose records are damaged or missing; whether they would have matched is
     * unknown. With an id that was found: 0. */
    uint64_t damaged;
    char sink[256];   /* the only sink they go to, else "" */
    char detail[256]; /* why it failed or waits, else "" */
};

struct hs_replay;

/* Creates the replay and takes ownership of the resender. */
struct hs_replay *hs_replay_create(struct hs_journal *journal, struct hs_resender *resender,
                                   struct hs_metrics *metrics);
/* Cancels, waits and frees. NULL is fine. */
void hs_replay_free(struct hs_replay *replay);
/* Starts a job; its range ends at the current end of the journal. Takes ownership of `match` and
 * copies the texts; on failure `match` stays the caller's. -EBUSY: one is running; with a
 * message. */
HS_MUST_CHECK int hs_replay_start(struct hs_replay *replay,
                                  const struct hs_replay_request *request);
/* Cancels the job and returns immediately; the status shows when it has ended. */
void hs_replay_cancel(struct hs_replay *replay);
/* The status of the current or last job. */
void hs_replay_status(struct hs_replay *replay, struct hs_replay_status *ret_status);

#endif
