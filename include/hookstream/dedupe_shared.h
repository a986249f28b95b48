/* Shared dedupe: replicas behind one address share through a Redis which ids they have, with
 * `dedupe: {store: redis}`. The local index (dedupe.h) is queried first and stays authoritative for
 * this replica; the shared one is queried for ids that the local one does not know.
 *
 * One key per id, "<prefix><128 bits of SHA-256 of source and id, in hex>", and its states:
 *   absent          no replica has it
 *   p<identity>     pending: that replica may be writing it; expires after dedupe.reservation
 *   c<tag>:<number> confirmed: some replica has it as safe as the source's `ack` asks for; ends
 *                   with dedupe.window. The tag is the first 8 characters of its journal's
 *                   identity, the number the event's sequence there. Before: only a c
 *
 * And one key per replica that lost events, "<prefix>lost:<tag>": their ranges, "1-20 31-40 ".
 *
 * Invariants:
 *   S1  An id is confirmed only after its event is safe; only `c` allows a 2xx answer that
 *       relies on another replica.
 *   S2  An id pending by this replica (its journal's identity) may be taken over by it: a crash
 *       between reserving and appending leaves nothing to be undone.
 *   S3  Every query that hs_shared_link_ask() accepted ends in one call of its function, or with
 *       hs_shared_link_drop(), within dedupe.timeout and a little.
 *   S4  Nothing in Redis, not even its loss, can lose an event: it can only cause duplicates.
 *   S5  An id that was confirmed for an event which its replica reports as lost is as if absent:
 *   any replica may take it. A replica publishes what it lost before it asks for anything.
 *
 * Threads: the shared part from any; a link belongs to the thread of its event_base. */
#ifndef HOOKSTREAM_DEDUPE_SHARED_H
#define HOOKSTREAM_DEDUPE_SHARED_H

#include <hookstream/limits.h>
#include <hookstream/dedupe.h>

struct event_base;

/* Shared by all links of the process. */
struct hs_dedupe_shared;

/* `identity` distinguishes this replica and is the same after a restart. Borrows options and
 * metrics. -EINVAL and a message (about the URL). */
HS_MUST_CHECK int hs_dedupe_shared_create(const struct hs_dedupe_options *options,
                                          const char *identity, struct hs_metrics *metrics,
                                          struct hs_dedupe_shared **ret_shared);
/* Publishes what the local journal lost (hs_dedupe_each_lost()), now and whenever Redis is
 * reachable again. */
void hs_dedupe_shared_lose(struct hs_dedupe_shared *shared, struct hs_dedupe *dedupe);
/* Frees it, after its links. NULL is fine. */
void hs_dedupe_shared_free(struct hs_dedupe_shared *shared);

struct hs_dedupe_shared_status {
    bool up;         /* every link may query */
    bool refuses;    /* on_unavailable: refuse */
    char reason[32]; /* why the last link went down; "" when up */
    char detail[192];
};
/* The current status. */
void hs_dedupe_shared_status(struct hs_dedupe_shared *shared,
                             struct hs_dedupe_shared_status *ret_status);

/* ---- A link: one thread's connection ---- */

struct hs_shared_link;
struct hs_shared_ask;

struct hs_shared_key {
    char hex[33];
};
/* Computes the key of an id. */
void hs_shared_key(struct hs_slice source, struct hs_slice id, struct hs_shared_key *ret_key);

enum hs_shared_verdict {
    HS_SHARED_OURS,   /* reserved: append, then confirm or release */
    HS_SHARED_SEEN,   /* confirmed by some replica */
    HS_SHARED_HELD,   /* another replica may be writing it */
    HS_SHARED_UNKNOWN /* Redis is down, slow, or sends unknown replies */
};

/* Connects from the event loop. -errno and a message. */
HS_MUST_CHECK int hs_shared_link_open(struct hs_dedupe_shared *shared, struct event_base *base,
                                      struct hs_shared_link **ret_link);
/* Sends what the socket takes immediately, then frees the link. Queries end without a call of
 * `told`. NULL is fine. */
void hs_shared_link_close(struct hs_shared_link *link);

/* What a query calls once with its result, from the event loop and never from within
 * hs_shared_link_ask(); the query is then invalid. */
typedef void hs_shared_told_fn(void *context, enum hs_shared_verdict verdict);
/* Reserves the key if possible. NULL: Redis is down or too much is in flight: the result is
 * UNKNOWN. */
struct hs_shared_ask *hs_shared_link_ask(struct hs_shared_link *link,
                                         const struct hs_shared_key *key, hs_shared_told_fn *told,
                                         void *context);
/* Drops the query: `told` is not called, and a reservation is released. */
void hs_shared_link_drop(struct hs_shared_ask *ask);

/* The event is safe, with this sequence: confirms the key unless another replica has it. Retried
 * until Redis has it, even if Redis is down meanwhile. */
void hs_shared_link_confirm(struct hs_shared_link *link, const struct hs_shared_key *key,
                            uint64_t sequence);
/* Sends what hs_dedupe_shared_lose() received since the last time; cheap if there is nothing. */
void hs_shared_link_publish(struct hs_shared_link *link);
/* The event was not accepted: removes the key if it is this replica's. */
void hs_shared_link_release(struct hs_shared_link *link, const struct hs_shared_key *key);
/* Whether an UNKNOWN must be answered 503 (on_unavailable: refuse). Counts the decision. */
bool hs_shared_link_refuses(struct hs_shared_link *link);

#endif
