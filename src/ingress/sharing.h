/* Sharing: handles a request between the local dedupe and the journal while the shared dedupe is
 * queried. Later it confirms each appended event, once it is as safe as its source's `ack`
 * requires. Only with `dedupe: {store: redis}`. Threads: the worker's own. */
#ifndef HS_INGRESS_SHARING_H
#define HS_INGRESS_SHARING_H

#include <hookstream/base.h>

struct hs_event;
struct hs_sharing;
struct hs_waiter;
struct hs_worker;

/* Limit of `ack: delivered` confirmations that wait for sinks; above it the oldest are dropped and
 * counted: their reservations expire. */
#define HS_SHARING_OWED_MAX 65536u

HS_MUST_CHECK int hs_sharing_open(struct hs_worker *worker);
/* Call it after the last request. NULL is fine. */
void hs_sharing_close(struct hs_sharing *sharing);

/* Takes a valid, borrowed event; in the end the request waits or is answered. */
void hs_sharing_take(struct hs_worker *worker, struct hs_waiter *waiter,
                     const struct hs_event *event);
/* Drops a request that waits for the shared dedupe and releases its reservation. */
void hs_sharing_drop(struct hs_waiter *waiter);
/* Confirms events that are safe now and releases failed ones. */
void hs_sharing_confirm(struct hs_worker *worker);

#endif
