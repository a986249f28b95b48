/* Sharing: a request between the local dedupe and the journal while the shared dedupe is
 * asked, and what this worker owes it afterwards: a confirmation of each event appended, when
 * the event is as safe as its source's `ack` asks for. Only with `dedupe: {store: redis}`.
 * Threads: the worker's own. */
#ifndef HS_INGRESS_SHARING_H
#define HS_INGRESS_SHARING_H

#include <hookstream/base.h>

struct hs_event;
struct hs_sharing;
struct hs_waiter;
struct hs_worker;

/* Confirmations of `ack: delivered` that wait for sinks; above it the oldest are given up and
 * counted: their reservations end. */
#define HS_SHARING_OWED_MAX 65536u

HS_MUST_CHECK int hs_sharing_open(struct hs_worker *worker);
/* After the last request. NULL is fine. */
void hs_sharing_close(struct hs_sharing *sharing);

/* A valid event, borrowed; in the end the request waits or is answered. */
void hs_sharing_take(struct hs_worker *worker, struct hs_waiter *waiter,
                     const struct hs_event *event);
/* A request that waits for the shared dedupe goes: what was reserved for it is released. */
void hs_sharing_drop(struct hs_waiter *waiter);
/* Confirms what is safe now, releases what failed. */
void hs_sharing_confirm(struct hs_worker *worker);

#endif
