/* Shared dedupe: replicas behind one address tell each other by a Redis which ids they have,
 * with `dedupe: {store: redis}`. The local index (dedupe.h) is asked first and stays the truth
 * of what this replica has; this one is asked for ids that the local one does not know.
 *
 * A key an id, "<prefix><128 bits of SHA-256 of source and id, in hex>", and its states:
 *   absent          nobody has it
 *   p<identity>     pending: that replica may be writing it; ends with dedupe.reservation
 *   c<tag>:<number> confirmed: some replica has it as safe as the source's `ack` asks for; ends
 *                   with dedupe.window. The tag is the first 8 characters of its journal's
 *                   identity, the number the event's sequence there. Before: only a c
 *
 * And a key a replica that lost events, "<prefix>lost:<tag>": their ranges, "1-20 31-40 ".
 *
 * Invariants:
 *   S1  An id is confirmed only after its event is safe; nothing but `c` lets a request be
 *       answered 2xx on the strength of another replica.
 *   S2  What is pending by this replica (its journal's identity) is this replica's to take
 *       over: a crash between reserving and appending leaves nothing to be undone.
 *   S3  Every ask that hs_shared_link_ask() took ends in one call of its function, or with
 *       hs_shared_link_drop(), within dedupe.timeout and a little.
 *   S4  Nothing in Redis, its loss included, can lose an event: only write it twice.
 *   S5  An id that was confirmed for an event which its replica reports as lost is as if absent:
 * any replica may take it. A replica publishes what it lost before it asks for anything.
 *
 * Threads: the shared part from any; a link belongs to the thread of its event_base. */
#ifndef HOOKSTREAM_DEDUPE_SHARED_H
#define HOOKSTREAM_DEDUPE_SHARED_H

#include <hookstream/dedupe.h>

struct event_base;

/* What all links of the process have in common. */
struct hs_dedupe_shared;

/* `identity` tells this replica from others and is the same after a restart. Borrows options
 * and metrics. -EINVAL and words (the URL). */
HS_MUST_CHECK int hs_dedupe_shared_create(const struct hs_dedupe_options *options,
                                          const char *identity, struct hs_metrics *metrics,
                                          struct hs_dedupe_shared **ret_shared);
/* Publishes what the local journal lost (hs_dedupe_each_lost()), now and whenever Redis is back. */
void hs_dedupe_shared_lose(struct hs_dedupe_shared *shared, struct hs_dedupe *dedupe);
/* After its links. NULL is fine. */
void hs_dedupe_shared_free(struct hs_dedupe_shared *shared);

struct hs_dedupe_shared_status {
    bool up;         /* every link may ask */
    bool refuses;    /* on_unavailable: refuse */
    char reason[32]; /* why the link that went last did; "" when up */
    char detail[192];
};
void hs_dedupe_shared_status(struct hs_dedupe_shared *shared,
                             struct hs_dedupe_shared_status *ret_status);

/* ---- A link: one thread's connection ---- */

struct hs_shared_link;
struct hs_shared_ask;

/* What is held back while Redis is away, and what may be on its way; above it asks are not
 * taken and the oldest confirmations are dropped and counted. */
#define HS_SHARED_CALLS_MAX 65536u

struct hs_shared_key {
    char hex[33];
};
void hs_shared_key(struct hs_slice source, struct hs_slice id, struct hs_shared_key *ret_key);

enum hs_shared_verdict {
    HS_SHARED_OURS,   /* reserved: append, then confirm or release */
    HS_SHARED_SEEN,   /* confirmed by some replica */
    HS_SHARED_HELD,   /* another replica may be writing it */
    HS_SHARED_UNKNOWN /* Redis is away, slow or says what we do not understand */
};

/* Connects from the event loop on. -errno and words. */
HS_MUST_CHECK int hs_shared_link_open(struct hs_dedupe_shared *shared, struct event_base *base,
                                      struct hs_shared_link **ret_link);
/* Sends what the socket takes at once. Asks end unheard. NULL is fine. */
void hs_shared_link_close(struct hs_shared_link *link);

/* Reserves the key if it can be. `told` is called once, from the event loop and never from
 * within; the ask is dead then. NULL: Redis is away or too much is on its way: UNKNOWN now. */
typedef void hs_shared_told_fn(void *context, enum hs_shared_verdict verdict);
struct hs_shared_ask *hs_shared_link_ask(struct hs_shared_link *link,
                                         const struct hs_shared_key *key, hs_shared_told_fn *told,
                                         void *context);
/* The asker goes: `told` is not called, and what is reserved is released. */
void hs_shared_link_drop(struct hs_shared_ask *ask);

/* The event is safe, with this sequence: the key becomes confirmed unless it is another's. Kept
 * until Redis has it, also while Redis is away. */
void hs_shared_link_confirm(struct hs_shared_link *link, const struct hs_shared_key *key,
                            uint64_t sequence);
/* Sends what hs_dedupe_shared_lose() has got since the last time; cheap when there is nothing. */
void hs_shared_link_publish(struct hs_shared_link *link);
/* The event was not taken: the key goes if it is ours. */
void hs_shared_link_release(struct hs_shared_link *link, const struct hs_shared_key *key);
/* Whether an UNKNOWN is to be answered 503 (on_unavailable: refuse). Counts the choice. */
bool hs_shared_link_refuses(struct hs_shared_link *link);

#endif
