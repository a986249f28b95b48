/* Redis sink, private. redis.c gathers and sends batches and says how messages ended;
 * redis_link.c connects, greets and waits; redis_wait.c asks for replicas; redis_cursor.c knows
 * how far the server is.
 *
 * Stages of the link:
 *   WAITING   no connection; the timer makes one
 *   GREETING  connecting, logging in, reading the cursor, with `wait` also until enough
 *             replicas have all there is; the timer ends it while an answer is awaited
 *   READY     takes parcels; the timer runs while answers to a batch are awaited
 * What holds (docs/internals/exactly-once-redis.md says why):
 *   R1  One batch is on its way at most; the next is sent when all its replies are here.
 *   R2  The server watches the cursor's key before a batch is sent, and whoever connects
 *       touches it: of two connections only the later can still write.
 *   R3  The cursor's second number is never past a message whose reply was not read.
 *   R4  With `wait` no message is told as delivered, and no position given, before a WAIT that
 *       came after its EXEC counted enough replicas; a WAIT that did not is asked again, and
 *       nothing is written twice for it.
 *   R5  The cursor's first number passes no event that was left out before the owner needs nothing
 *       more of it: until then nothing behind it is taken. */
#ifndef HS_SINK_REDIS_H
#define HS_SINK_REDIS_H

#include "redis_batch.h"
#include "redis_errors.h"

#include <hookstream/redis.h>

struct event;
struct redisAsyncContext;
struct redisReply;

#define HS_REDIS_TEXT_MAX 256u
#define HS_REDIS_LEFT_OUT 64u /* events left out that are kept one by one */
/* Why a sink is held whose replicas lag behind. */
#define HS_REDIS_TOO_FEW "replicas"

/* The value of the cursor's key: "sequence confirmed". */
struct hs_redis_cursor {
    uint64_t sequence;  /* the last event that the server has */
    uint64_t confirmed; /* the last up to which all replies were read and dealt with */
};

/* How far the server is, as known here. */
struct hs_redis_progress {
    struct hs_redis_cursor stored; /* as last read or written */
    uint64_t applied;              /* last event of the last batch whose replies were read */
    uint64_t floor;                /* the owner needs nothing more up to here */
    /* Events that the cursor has passed and that did not arrive: first and last, 0: none. */
    uint64_t doubt_first, doubt_last;
    /* Events above `floor` that were left out, and the last of those that had no place. */
    uint64_t left_out[HS_REDIS_LEFT_OUT], left_out_beyond;
    size_t left_out_count;
    uint64_t verify_until; /* events up to here are verified, not written */
    /* Those of them that are known to be missing, and are written after all. */
    struct hs_redis_redo {
        uint64_t sequence;
        unsigned part;
    } redo[2 * HS_REDIS_BATCH_MESSAGES]; /* all come of one batch, and of its second try */
    size_t redo_count;
};

enum hs_redis_stage { HS_REDIS_WAITING, HS_REDIS_GREETING, HS_REDIS_READY };

/* An error reply that decides about more than its own message. */
struct hs_redis_trouble {
    const struct hs_redis_error *error; /* NULL: none */
    char text[HS_REDIS_TEXT_MAX];
};

struct hs_redis {
    struct hs_sink sink;
    struct hs_redis_url url;
    char *cursor_key;
    struct hs_json_tree *tree;

    enum hs_redis_stage stage;
    struct redisAsyncContext *link; /* NULL when WAITING */
    struct event *on_timer, *on_idle;
    unsigned attempts; /* connections since the last batch that went well */
    struct hs_redis_trouble trouble;
    struct hs_redis_trouble own; /* of one message of the flying batch, which failed by itself */

    struct hs_redis_batch batches[2];
    struct hs_redis_batch *flying, *gathering;
    bool is_flying;
    bool is_refused; /* the last batch: someone else moved the cursor under it */
    size_t replies;  /* of the flying batch that were read */
    struct hs_redis_cursor sending;
    bool owes_room;
    bool idle_armed;

    struct hs_redis_progress progress;
    struct {
        uint64_t replicas; /* 0: nobody waits for any */
        uint64_t timeout_ms;
        unsigned failures; /* questions in a row that found too few */
        struct event *on_pause;
    } wait;
};

/* redis.c */
/* Greeted: `position` and `last` are for the owner. */
void hs_redis_ready(struct hs_redis *redis, uint64_t position, uint64_t last);
/* Forgets what was submitted and has not ended. */
void hs_redis_forget(struct hs_redis *redis);
/* All that was asked about the flying batch is answered: tells how its messages ended. */
void hs_redis_finish(struct hs_redis *redis);

/* redis_link.c */
HS_MUST_CHECK int hs_redis_link_init(struct hs_redis *redis);
void hs_redis_link_close(struct hs_redis *redis);
/* Ends the connection, if there is one, and makes another after a while. The state is
 * told unless one with a better reason was. */
void hs_redis_leave(struct hs_redis *redis, const char *reason, const char *text);
/* Starts and stops the wait for replies. */
void hs_redis_expect(struct hs_redis *redis, bool replies);
/* One command; a link that ends refuses it, and its end is told by itself. */
typedef void hs_redis_reply_fn(struct redisAsyncContext *link, void *reply, void *context);
void hs_redis_send(struct hs_redis *redis, hs_redis_reply_fn *on_reply,
                   const struct hs_slice *words, size_t count);
/* The greeting is answered, well. */
void hs_redis_greeted(struct hs_redis *redis);
/* Notes the first error of several replies. */
void hs_redis_note(struct hs_redis_trouble *trouble, const struct redisReply *reply);
void hs_redis_hold(struct hs_redis *redis, const struct hs_redis_trouble *trouble);
/* Leaves a connection that refused what every one needs; holds if a person must act. */
void hs_redis_refused(struct hs_redis *redis, const struct hs_redis_trouble *trouble);

/* redis_wait.c */
HS_MUST_CHECK int hs_redis_wait_init(struct hs_redis *redis,
                                     const struct hs_redis_wait_options *options);
/* Asks; when enough replicas have all that was written, hs_redis_greeted() or
 * hs_redis_finish() follows, by the stage. */
void hs_redis_wait_ask(struct hs_redis *redis);
/* The connection is gone. */
void hs_redis_wait_stop(struct hs_redis *redis);
void hs_redis_wait_close(struct hs_redis *redis);

/* redis_cursor.c */
/* "12 10"; an empty text is a cursor of zeros. -EINVAL: neither. */
HS_MUST_CHECK int hs_redis_cursor_parse(struct hs_slice text, struct hs_redis_cursor *ret_cursor);
/* Takes what a new connection read; gives the position for the owner. */
uint64_t hs_redis_progress_begin(struct hs_redis_progress *progress, struct hs_redis_cursor read);
/* What is to be stored with a batch that ends at `last`; 0: with none. */
struct hs_redis_cursor hs_redis_progress_cursor(const struct hs_redis_progress *progress,
                                                uint64_t last);
/* An event that the cursor has passed did not arrive; `again`: the owner will send it again. */
void hs_redis_progress_doubt(struct hs_redis_progress *progress, uint64_t sequence, unsigned part,
                             bool again);
/* It is decided now. */
void hs_redis_progress_settle(struct hs_redis_progress *progress, uint64_t sequence, unsigned part);
/* The owner has other plans with parts of it. */
void hs_redis_progress_leave_out(struct hs_redis_progress *progress, uint64_t sequence);
/* Whether an event before it was left out and is not settled (R5). */
bool hs_redis_progress_waits(const struct hs_redis_progress *progress, uint64_t sequence);
/* true: some event that was left out is settled by that. */
bool hs_redis_progress_skip(struct hs_redis_progress *progress, uint64_t sequence);
bool hs_redis_progress_verifies(const struct hs_redis_progress *progress, uint64_t sequence,
                                unsigned part);

#endif
