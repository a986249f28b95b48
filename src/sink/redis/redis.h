/* Redis sink, private. redis.c gathers and sends batches and reports how messages ended; link.c
 * connects, greets and waits; stage.c keeps the link's stages; store.c writes the cursor without a
 * batch; wait.c asks for replicas; look.c detects that the cursor is gone; cursor.c tracks the
 * server's progress.
 *
 * Invariants (docs/internals/exactly-once-redis.md explains why they hold):
 *   R1  At most one batch is in flight; the next is sent after all its replies are read.
 *   R2  The server watches the cursor's key before a batch is sent, and every new connection
 *       touches it: of two connections only the later can still write.
 *   R3  The cursor's second number is never past a message whose reply was not read.
 *   R4  With `wait` no message is reported as delivered, and no position given, before a WAIT
 *       that followed its EXEC counted enough replicas. A WAIT that did not is repeated, and
 *       nothing is written twice for it.
 *   R5  The cursor's first number does not pass an event that was left out until the owner needs
 *       nothing more of it. Until then no later event is accepted.
 *   R6  A part that failed individually is a hole in the stored cursor before anything else is
 *       written. It is written again only with a cursor that no longer has the hole: the
 *       cursor found shows whether it was written. */
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
/* The reason when a sink is blocked because its replicas lag behind. */
#define HS_REDIS_TOO_FEW "replicas"

/* The link is in exactly one stage. Names and transitions are in stage.c. */
enum hs_redis_stage {
    HS_REDIS_WAITING,  /* no connection, and nothing is in flight; the timer makes one */
    HS_REDIS_GREETING, /* connecting, logging in, reading the cursor, with `wait` also until enough
                        * replicas have everything; the timer ends it while an answer is
                        * awaited */
    HS_REDIS_READY,    /* accepts parcels; the timer runs while answers to a batch are awaited */
};
#define HS_REDIS_STAGE_COUNT (HS_REDIS_READY + 1)

/* An error reply that affects more than its own message. */
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
    struct hs_redis_trouble own; /* of a message in flight that failed individually */

    struct hs_redis_batch batches[2];
    struct hs_redis_batch *flying, *gathering;
    bool is_flying;
    bool is_refused;     /* the last batch was refused: someone else moved the cursor */
    unsigned touches;    /* of the key, without a new value, since touched_ns */
    uint64_t touched_ns; /* monotonic */
    size_t replies;      /* of the batch in flight that were read */
    bool owes_room;

    struct hs_redis_cursor read; /* by the greeting */

    struct hs_redis_progress progress;
    struct {         /* the cursor without a batch */
        bool is_out; /* sent, and not answered */
        bool is_soon;
        bool is_barred; /* the server's content is not ours */
        struct event *on_idle;
        struct hs_redis_trouble trouble;
    } store;
    struct {
        uint64_t replicas; /* 0: replicas are not awaited */
        uint64_t timeout_ms;
        unsigned failures; /* questions in a row that found too few */
        struct event *on_pause;
    } wait;
    struct {               /* checks of the cursor while nothing is written */
        bool is_out;       /* asked, and not answered */
        uint64_t expected; /* the sequence stored when the question was sent */
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
/* Forgets messages that were submitted and have not ended. */
void hs_redis_forget(struct hs_redis *redis);
/* All questions about the batch in flight are answered: reports how its messages ended. */
void hs_redis_finish(struct hs_redis *redis);
/* The cursor was written without a batch, or `trouble` says why it was not. */
void hs_redis_stored(struct hs_redis *redis, const struct hs_redis_trouble *trouble);
/* Whether a transaction may be sent (R1). */
bool hs_redis_is_free(const struct hs_redis *redis);

/* link.c */
HS_MUST_CHECK int hs_redis_link_init(struct hs_redis *redis);
void hs_redis_link_close(struct hs_redis *redis);
/* Ends the connection, if there is one, and makes another after a while. Reports the state unless
 * one with a better reason was reported. */
void hs_redis_leave(struct hs_redis *redis, const char *reason, const char *text);
/* Starts and stops the wait for replies. */
void hs_redis_expect(struct hs_redis *redis, bool replies);
/* Sends one command; a link that is ending refuses it, and its end is reported separately. */
typedef void hs_redis_reply_fn(struct redisAsyncContext *link, void *reply, void *context);
void hs_redis_send(struct hs_redis *redis, hs_redis_reply_fn *on_reply,
                   const struct hs_slice *words, size_t count);
/* The greeting was answered without errors. */
void hs_redis_greeted(struct hs_redis *redis);
/* Notes the first error of several replies. */
void hs_redis_note(struct hs_redis_trouble *trouble, const struct redisReply *reply);
void hs_redis_hold(struct hs_redis *redis, const struct hs_redis_trouble *trouble);
/* Leaves a connection that refused something every connection needs; blocks if an operator must
 * act. */
void hs_redis_refused(struct hs_redis *redis, const struct hs_redis_trouble *trouble);

/* Leaves a connection whose EXEC returned nil: somebody else moved the cursor. */
void hs_redis_fenced(struct hs_redis *redis);

/* stage.c */
const char *hs_redis_stage_name(enum hs_redis_stage stage);
bool hs_redis_stage_allows(enum hs_redis_stage from, enum hs_redis_stage to);
/* Only this assigns `stage`. Asserts that the transition is allowed. */
void hs_redis_set_stage(struct hs_redis *redis, enum hs_redis_stage stage);

/* store.c */
HS_MUST_CHECK int hs_redis_store_init(struct hs_redis *redis);
/* Writes the cursor now; hs_redis_stored() follows, or the end of the connection. */
void hs_redis_store(struct hs_redis *redis);
/* Writes it after a while, unless a batch writes it first. */
void hs_redis_store_soon(struct hs_redis *redis);
/* The cursor's SET in a transaction. */
void hs_redis_send_cursor(struct hs_redis *redis, hs_redis_reply_fn *on_reply);
void hs_redis_store_close(struct hs_redis *redis);

/* look.c */
HS_MUST_CHECK int hs_redis_look_init(struct hs_redis *redis);
void hs_redis_look_close(struct hs_redis *redis);

/* wait.c */
HS_MUST_CHECK int hs_redis_wait_init(struct hs_redis *redis,
                                     const struct hs_redis_wait_options *options);
/* Asks; once enough replicas have everything written, hs_redis_greeted() or hs_redis_finish()
 * follows, depending on the stage. */
void hs_redis_wait_ask(struct hs_redis *redis);
/* The connection is gone. */
void hs_redis_wait_stop(struct hs_redis *redis);
void hs_redis_wait_close(struct hs_redis *redis);

#endif
