/* Redis cursor: how far the server is, as its cursor's key says, and what that means for the
 * owner. Pure bookkeeping; docs/internals/exactly-once-redis.md tells the story.
 *
 * The key's value is text: `SEQUENCE CONFIRMED`, and if there are any, ` HOLES` (holes.h). */
#ifndef HS_SINK_REDIS_CURSOR_H
#define HS_SINK_REDIS_CURSOR_H

#include "holes.h"
#include "batch.h"

#include <hookstream/buffer.h>

#define HS_REDIS_LEFT_OUT 64u /* events left out that are kept one by one */
/* With so many holes before it an event waits. All that was taken until then may become holes. */
#define HS_REDIS_HOLES_MOST 64u
#define HS_REDIS_HOLES (HS_REDIS_HOLES_MOST + 2 * HS_REDIS_BATCH_MESSAGES)
#define HS_REDIS_CURSOR_TEXT (64u + HS_REDIS_HOLES * HS_HOLE_TEXT) /* longest value */

/* The value of the cursor's key. */
struct hs_redis_cursor {
    uint64_t sequence;  /* the last event that the server has */
    uint64_t confirmed; /* the last up to which all replies were read and dealt with */
    /* Parts of events up to `sequence` that failed by themselves, and are not dealt with. */
    size_t hole_count;
    struct hs_hole holes[HS_REDIS_HOLES]; /* in order */
};

/* An empty text is a cursor of zeros. -EINVAL: no cursor. */
HS_MUST_CHECK int hs_redis_cursor_parse(struct hs_slice text, struct hs_redis_cursor *ret_cursor);
void hs_redis_cursor_text(const struct hs_redis_cursor *cursor, struct hs_buffer *text);

/* How far the server is, as known here. */
struct hs_redis_progress {
    struct hs_redis_cursor stored; /* as last read or written */
    struct hs_redis_cursor sent;   /* with the last transaction */
    bool is_awaited;               /* what became of that was not read yet */
    uint64_t applied;              /* last event of the last batch whose replies were read */
    uint64_t floor;                /* the owner needs nothing more up to here */
    /* Events that the cursor has passed and that did not arrive: first and last, 0: none. */
    uint64_t doubt_first, doubt_last;
    /* The parts of them that are known to have failed, all above `floor`. */
    size_t hole_count;
    struct hs_hole holes[HS_REDIS_HOLES]; /* in order */
    /* Events above `floor` that were left out, and the last of those that had no place. */
    uint64_t left_out[HS_REDIS_LEFT_OUT], left_out_beyond;
    size_t left_out_count;
    uint64_t verify_until; /* events up to here are verified, not written, but for the holes */
};

/* Takes what a new connection read; gives the position for the owner. */
uint64_t hs_redis_progress_begin(struct hs_redis_progress *progress,
                                 const struct hs_redis_cursor *read);
/* A transaction whose batch has these entries is to be sent, NULL: none. What it stores is in
 * `sent`: the holes that it writes are none there. */
void hs_redis_progress_send(struct hs_redis_progress *progress, const struct hs_redis_batch *batch);
/* It was done, or not at all. */
void hs_redis_progress_answered(struct hs_redis_progress *progress, bool done);
/* Whether a cursor that is written now would say more than what is stored. */
bool hs_redis_progress_is_ahead(const struct hs_redis_progress *progress);
/* Whether there is a hole that is not stored. */
bool hs_redis_progress_owes(const struct hs_redis_progress *progress);

/* A part of an event that the cursor has passed, or will have, failed by itself. */
void hs_redis_progress_fail(struct hs_redis_progress *progress, uint64_t sequence, unsigned part);
/* It arrived. */
void hs_redis_progress_arrive(struct hs_redis_progress *progress, uint64_t sequence, unsigned part);
/* The owner has other plans with parts of it. */
void hs_redis_progress_leave_out(struct hs_redis_progress *progress, uint64_t sequence);
/* Whether an event has to wait: one before it was left out and is not settled (R5), or too many
 * before it are holes. */
bool hs_redis_progress_waits(const struct hs_redis_progress *progress, uint64_t sequence);
/* true: some event that others wait for is settled by that. */
bool hs_redis_progress_skip(struct hs_redis_progress *progress, uint64_t sequence);
bool hs_redis_progress_verifies(const struct hs_redis_progress *progress, uint64_t sequence,
                                unsigned part);

#endif
