/* Forward: the pump of `dead_letters.forward`: sends each dead letter to a target through a sink of
 * its own, so that neither a route's sink nor the dead letters wait for it. It reads the dead
 * letters' store from its own cursor there, and neither adds nor removes letters. Letters that the
 * target will never accept are counted, logged and skipped.
 *
 *   F1  The cursor never passes a letter that was neither confirmed, nor skipped for good, nor
 *       removed from the store; so a restart loses none, and repeats those past the saved cursor
 *       (none, for an exactly-once sink).
 *   F2  It follows removals from the store, so that it never keeps space from letters.
 *
 * Threads: one of its own; start, stop and status from others. */
#ifndef HS_DELIVERY_FORWARD_H
#define HS_DELIVERY_FORWARD_H

#include <hookstream/delivery.h>

struct hs_forward;

/* Needs a store that was opened with a `forward` target. */
HS_MUST_CHECK int hs_forward_start(const struct hs_delivery_spec *spec,
                                   const struct hs_node *target, struct hs_forward **ret_forward);
/* Ends when all letters are confirmed, when the sink is not up, or at this monotonic time; returns
 * immediately. */
void hs_forward_ask_stop(struct hs_forward *forward, uint64_t stop_by_ns);
/* Waits for the thread; asks it to end now if that was not done. */
void hs_forward_join(struct hs_forward *forward);
/* Joins if necessary, and frees. NULL is fine. */
void hs_forward_free(struct hs_forward *forward);
void hs_forward_status(struct hs_forward *forward, struct hs_pump_status *ret_status);

#endif
