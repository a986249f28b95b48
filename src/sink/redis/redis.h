/* Redis sink, private. redis.c gathers and sends batches and says how messages ended;
 * link.c connects, greets and waits; store.c writes the cursor without a batch;
 * wait.c asks for replicas; look.c finds out that the cursor is gone;
 * cursor.c knows how far the server is.
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
 *       more of it: until then nothing behind it is taken.
 *   R6  What failed by itself is a hole in the cursor before anything else is written, and is
 *       written again only with a cursor that has the hole no more: which of the two cursors is
 *       there says whether it was. */
#ifndef HS_SINK_REDIS_H
#define HS_SINK_REDIS_H

#include "cursor.h"
#include "errors.h"
#include "options.h"

#include <hookstream/redis.h>

struct event;
struct redisAsyncContext;
struct redisReply;

#define HS_REDIS_TEXT_MAX 384u
/* Why a sink is blocked whose replicas lag behind. */
#define HS_REDIS_TOO_FEW "replicas"

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
    struct event *on_timer;
    unsigned attempts; /* connections since the last batch that went well */
    struct hs_redis_trouble trouble;
    struct hs_redis_trouble own; /* of one message of the flying batch, which failed by itself */

    struct hs_redis_batch batches[2];
    struct hs_redis_batch *flying, *gathering;
    bool is_flying;
    bool is_refused;     /* the last batch: someone else moved the cursor under it */
    unsigned touches;    /* of the key, that left its value, since touched_ns */
    uint64_t touched_ns; /* monotonic */
    size_t replies;      /* of the flying batch that were read */
    bool owes_room;

    struct hs_redis_cursor read; /* by the greeting */

    struct hs_redis_progress progress;
    struct {         /* the cursor without a batch */
        bool is_out; /* sent, and not answered */
        bool is_soon;
        bool is_barred; /* what is on the server is not ours */
        struct event *on_idle;
        struct hs_redis_trouble trouble;
    } store;
    struct {
        uint64_t replicas; /* 0: nobody waits for any */
        uint64_t timeout_ms;
        unsigned failures; /* questions in a row that found too few */
        struct event *on_pause;
    } wait;
    struct {               /* at the cursor while nothing is written */
        bool is_out;       /* asked, and not answered */
        uint64_t expected; /* the sequence that was stored when it was asked */
        struct event *on_time;
    } look;
};

/* row.c */
extern const struct hs_sink_kind hs_redis_kind;

/* probe.c: see hs_sink_probe(). */
void hs_redis_probe(const struct hs_probe *probe, const struct hs_sink_options *sink,
                    const struct hs_probe_place *places, size_t count);

/* redis.c */
HS_MUST_CHECK int hs_redis_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink);
void hs_redis_check(struct hs_config *config, const struct hs_sink_options *sink);
/* Greeted: `position` and `last` are for the owner. */
void hs_redis_ready(struct hs_redis *redis, uint64_t position, uint64_t last);
/* Forgets what was submitted and has not ended. */
void hs_redis_forget(struct hs_redis *redis);
/* All that was asked about the flying batch is answered: tells how its messages ended. */
void hs_redis_finish(struct hs_redis *redis);
/* The cursor was written without a batch, or `trouble` says why it was not. */
void hs_redis_stored(struct hs_redis *redis, const struct hs_redis_trouble *trouble);
/* Whether a transaction may be sent (R1). */
bool hs_redis_is_free(const struct hs_redis *redis);

/* link.c */
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

/* Leaves a connection whose EXEC answered nil: somebody else moved the cursor. */
void hs_redis_fenced(struct hs_redis *redis);

/* store.c */
HS_MUST_CHECK int hs_redis_store_init(struct hs_redis *redis);
/* Writes the cursor now; hs_redis_stored() follows, or the end of the connection. */
void hs_redis_store(struct hs_redis *redis);
/* Writes it after a while, unless a batch did until then. */
void hs_redis_store_soon(struct hs_redis *redis);
/* The cursor's SET, of a transaction. */
void hs_redis_send_cursor(struct hs_redis *redis, hs_redis_reply_fn *on_reply);
void hs_redis_store_close(struct hs_redis *redis);

/* look.c */
HS_MUST_CHECK int hs_redis_look_init(struct hs_redis *redis);
void hs_redis_look_close(struct hs_redis *redis);

/* wait.c */
HS_MUST_CHECK int hs_redis_wait_init(struct hs_redis *redis,
                                     const struct hs_redis_wait_options *options);
/* Asks; when enough replicas have all that was written, hs_redis_greeted() or
 * hs_redis_finish() follows, by the stage. */
void hs_redis_wait_ask(struct hs_redis *redis);
/* The connection is gone. */
void hs_redis_wait_stop(struct hs_redis *redis);
void hs_redis_wait_close(struct hs_redis *redis);

#endif
