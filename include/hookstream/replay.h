/* Replay: events that the journal still keeps, delivered once more: a job on a thread of its
 * own reads them from the journal and resends those that were asked for. One job at a time;
 * a restart ends it, and its status says which sequence to go on from.
 *
 * Threads: start, cancel and free from one; status from any. */
#ifndef HOOKSTREAM_REPLAY_H
#define HOOKSTREAM_REPLAY_H

#include <hookstream/log.h>
#include <hookstream/resend.h>

#define HS_REPLAY_ASKED_MAX 10u

struct hs_replay_request {
    uint64_t since_ns, until_ns;  /* received within, wall time */
    uint64_t from, last;          /* sequences within; UINT64_MAX: open */
    struct hs_type_filter *match; /* NULL: all types */
    const char *source;           /* NULL: all */
    const char *id;               /* NULL: all */
    const char *sink;             /* NULL: all that the route names */
    uint64_t rate;                /* events a second; 0: as fast as the journal takes */
    bool dry_run;                 /* only counts */
    /* What was asked for, as it was given: for the log. */
    struct hs_log_field asked[HS_REPLAY_ASKED_MAX];
    size_t asked_count;
};

enum hs_replay_state {
    HS_REPLAY_NONE, /* there was no job since the start */
    HS_REPLAY_RUNNING,
    HS_REPLAY_DONE,
    HS_REPLAY_CANCELLED,
    HS_REPLAY_FAILED,
};
const char *hs_replay_state_name(enum hs_replay_state state);

struct hs_replay_status {
    enum hs_replay_state state;
    bool dry_run;
    uint64_t number;   /* of the job, from 1 */
    uint64_t at, last; /* sequences: the last one looked at, and where it ends */
    uint64_t safe;     /* up to this one all that was to be sent again is durable */
    uint64_t looked_at, matched;
    uint64_t resent;   /* of the matched; in a dry run: would be */
    uint64_t unrouted; /* of the matched, those that no route takes there */
    /* Events of the range whose records are damaged or gone: whether they would have matched
     * nobody knows. With an id that was found: 0. */
    uint64_t damaged;
    char sink[256];   /* the one that it goes to alone, else "" */
    char detail[256]; /* why it failed or waits, else "" */
};

struct hs_replay;

/* Takes the resender. */
struct hs_replay *hs_replay_create(struct hs_journal *journal, struct hs_resender *resender,
                                   struct hs_metrics *metrics);
/* Cancels, waits and frees. NULL is fine. */
void hs_replay_free(struct hs_replay *replay);
/* Begins a job; what was in the journal by now is its end. `match` is taken, the texts are
 * copied; on failure `match` stays the caller's. -EBUSY: one is running; words. */
HS_MUST_CHECK int hs_replay_start(struct hs_replay *replay,
                                  const struct hs_replay_request *request);
/* Returns at once; the status says when it ended. */
void hs_replay_cancel(struct hs_replay *replay);
void hs_replay_status(struct hs_replay *replay, struct hs_replay_status *ret_status);

#endif
