/* Shared dedupe internals. dedupe_shared.c has the state shared by the links, shared_link.c one
 * connection, shared_calls.c the commands sent over it.
 *
 * Stages of a link:
 *   WAITING   no connection; the timer starts one
 *   GREETING  connecting, logging in, loading the script, trying it; the timer ends it
 *   READY     calls are sent; the late timer checks for overdue replies
 * Calls are in one of two lists, in order of creation: those in flight, whose replies arrive in
 * this order, and those waiting for a connection. */
#ifndef HS_DEDUPE_SHARED_INSIDE_H
#define HS_DEDUPE_SHARED_INSIDE_H

#include <hookstream/dedupe_shared.h>
#include <hookstream/redis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct event;
struct redisAsyncContext;
struct redisReply;

struct hs_dedupe_shared {
    const struct hs_dedupe_options *options;
    struct hs_metrics *metrics;
    struct hs_redis_url url;
    char mine[64]; /* "p<identity>" */
    char tag[9];   /* of the identity, stored with a confirmation: a few bytes per key */
    char reservation_ms[24], window_ms[24];
    struct hs_gauge *up_gauge;
    _Atomic unsigned links, ready;
    _Atomic uint64_t lost_version; /* of `lost`; 0: nothing was ever lost */
    pthread_mutex_t lock;          /* guards what follows */
    char reason[32], detail[192];
    char *lost; /* ranges as text: "1-20 31-40 "; NULL: none yet */
};

void hs_shared_note(struct hs_dedupe_shared *shared, const char *reason, const char *detail);

enum hs_shared_stage { HS_SHARED_WAITING, HS_SHARED_GREETING, HS_SHARED_READY };
enum hs_shared_operation { HS_SHARED_RESERVE, HS_SHARED_CONFIRM, HS_SHARED_RELEASE };

/* A command sent to Redis, or waiting to be sent. */
struct hs_shared_ask {
    TAILQ_ENTRY(hs_shared_ask) link;
    enum hs_shared_operation operation;
    struct hs_shared_key key;
    uint64_t sequence;       /* CONFIRM: of the event */
    uint64_t since_ns;       /* monotonic */
    hs_shared_told_fn *told; /* RESERVE; NULL: the asker is gone */
    void *context;
};
TAILQ_HEAD(hs_shared_asks, hs_shared_ask);

enum { HS_SHARED_ACCEPTED = HS_SHARED_UNKNOWN, HS_SHARED_REFUSED, HS_SHARED_RESULTS };

struct hs_shared_link {
    struct hs_dedupe_shared *shared;
    struct event_base *base;
    struct redisAsyncContext *redis;
    struct event *on_timer, *on_late;
    enum hs_shared_stage stage;
    unsigned attempts;  /* since the last successful one */
    bool was_up;        /* once; before it queries wait for the first greeting */
    bool logged;        /* that was sent */
    uint64_t published; /* the version of `lost` that was sent */
    char script[41];    /* the script's name in Redis */
    struct hs_shared_asks sent, unsent;
    size_t count; /* of both lists */
    struct hs_counter *results[HS_SHARED_RESULTS], *unconfirmed;
    struct hs_histogram *seconds;
};

/* shared_link.c: ends the connection and schedules another. */
void hs_shared_leave(struct hs_shared_link *link, const char *reason, const char *detail);
/* Logs an error reply and leaves because of it. */
void hs_shared_leave_for(struct hs_shared_link *link, const struct redisReply *reply);
/* Watches calls in flight from now on. */
void hs_shared_watch(struct hs_shared_link *link);

/* shared_calls.c: */
extern const char hs_shared_script[];
/* Runs the script with a key; `on_reply` gets no private data. -ENOTCONN. */
HS_MUST_CHECK int hs_shared_call(struct hs_shared_link *link, enum hs_shared_operation operation,
                                 const char *key, uint64_t sequence,
                                 void (*on_reply)(struct redisAsyncContext *, void *, void *));
/* The link is ready: sends waiting calls. */
void hs_shared_send_waiting(struct hs_shared_link *link);
/* The link is gone: queries are answered, confirmations wait, releases are dropped. */
void hs_shared_fail_calls(struct hs_shared_link *link);
/* Ends all calls without calling back. */
void hs_shared_forget_calls(struct hs_shared_link *link);

#endif
