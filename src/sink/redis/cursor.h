/* Redis cursor: the server's progress according to its cursor key, and what follows for the owner.
 * Pure bookkeeping; docs/internals/exactly-once-redis.md explains it.
 *
 * The key's value is text: `SEQUENCE CONFIRMED`, and if there are any, ` HOLES` (holes.h). */
#ifndef HS_SINK_REDIS_CURSOR_H
#define HS_SINK_REDIS_CURSOR_H

#include "holes.h"
#include "batch.h"

#include <hookstream/buffer.h>

#define HS_REDIS_LEFT_OUT 64u /* events left out that are recorded individually */
/* With this many holes before it an event waits. All events accepted by then may become holes. */
#define HS_REDIS_HOLES_MOST 64u
#define HS_REDIS_HOLES (HS_REDIS_HOLES_MOST + 2 * HS_REDIS_BATCH_MESSAGES)
#define HS_REDIS_CURSOR_TEXT (64u + HS_REDIS_HOLES * HS_HOLE_TEXT) /* longest value */

/* The value of the cursor's key. */
struct hs_redis_cursor {
    uint64_t sequence;  /* the last event that the server has */
    uint64_t confirmed; /* the last up to which all replies were read and handled */
    /* Parts of events up to `sequence` that failed individually, and are not handled yet. */
    size_t hole_count;
    struct hs_hole holes[HS_REDIS_HOLES]; /* in order */
};

/* An empty text is a cursor of zeros. -EINVAL: not a cursor. */
HS_MUST_CHECK int hs_redis_cursor_parse(struct hs_slice text, struct hs_redis_cursor *ret_cursor);
void hs_redis_cursor_text(const struct hs_redis_cursor *cursor, struct hs_buffer *text);

/* The server's progress, as known here. */
struct hs_redis_progress {
    struct hs_redis_cursor stored; /* as last read or written */
    struct hs_redis_cursor sent;   /* with the last transaction */
    bool is_awaited;               /* its outcome was not read yet */
    uint64_t applied;              /* last event of the last batch whose replies were read */
    uint64_t floor;                /* the owner needs nothing more up to here */
    /* Events that the cursor has passed and that may not have arrived: first and last, 0: none. */
    uint64_t doubt_first, doubt_last;
    /* Parts of them that are known to have failed, all above `floor`. */
    size_t hole_count;
    struct hs_hole holes[HS_REDIS_HOLES]; /* in order */
    /* Events above `floor` that were left out, and the last of those that did not fit. */
    uint64_t left_out[HS_REDIS_LEFT_OUT], left_out_beyond;
    size_t left_out_count;
    uint64_t verify_until; /* events up to here are verified, not written, except the holes */
};

/* Takes over what a new connection read; returns the position for the owner. */
uint64_t hs_redis_progress_begin(struct hs_redis_progress *progress,
                                 const struct hs_redis_cursor *read);
/* A transaction whose batch has these entries is about to be sent, NULL: none. `sent` is set to
 * what it stores, without the holes that it writes. */
void hs_redis_progress_send(struct hs_redis_progress *progress, const struct hs_redis_batch *batch);
/* It was applied, or not at all. */
void hs_redis_progress_answered(struct hs_redis_progress *progress, bool done);
/* Whether a cursor written now would differ from the stored one. */
bool hs_redis_progress_is_ahead(const struct hs_redis_progress *progress);
/* Whether there is a hole that is not stored. */
bool hs_redis_progress_owes(const struct hs_redis_progress *progress);

/* A part of an event that the cursor has passed, or will have, failed individually. */
void hs_redis_progress_fail(struct hs_redis_progress *progress, uint64_t sequence, unsigned part);
/* It arrived. */
void hs_redis_progress_arrive(struct hs_redis_progress *progress, uint64_t sequence, unsigned part);
/* The owner handles these parts of it elsewhere. */
void hs_redis_progress_leave_out(struct hs_redis_progress *progress, uint64_t sequence);
/* Whether an event has to wait: an earlier one was left out and is not settled (R5), or there are
 * too many holes before it. */
bool hs_redis_progress_waits(const struct hs_redis_progress *progress, uint64_t sequence);
/* true: this settles an event that others wait for. */
bool hs_redis_progress_skip(struct hs_redis_progress *progress, uint64_t sequence);
bool hs_redis_progress_verifies(const struct hs_redis_progress *progress, uint64_t sequence,
                                unsigned part);

#endif
