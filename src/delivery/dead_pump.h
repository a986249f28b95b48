/* Dead pump: the pump for events that no sink gets: genuine but invalid ones, and those that no
 * route took. Has a cursor like the others. Threads: one of its own. */
#ifndef HS_DELIVERY_DEAD_PUMP_H
#define HS_DELIVERY_DEAD_PUMP_H

#include <hookstream/delivery.h>

struct hs_dead_pump;

/* Takes ownership of the router. */
HS_MUST_CHECK int hs_dead_pump_start(const struct hs_delivery_spec *spec, struct hs_router *router,
                                     struct hs_dead_pump **ret_pump);
/* Ends when all durable events were examined, or at this monotonic time; returns immediately. */
void hs_dead_pump_ask_stop(struct hs_dead_pump *pump, uint64_t stop_by_ns);
/* Waits for the thread; asks it to end now if that was not done. */
void hs_dead_pump_join(struct hs_dead_pump *pump);
/* Joins if necessary, and frees. NULL is fine. */
void hs_dead_pump_free(struct hs_dead_pump *pump);
/* Every event up to this sequence was examined. */
uint64_t hs_dead_pump_position(const struct hs_dead_pump *pump);
void hs_dead_pump_status(struct hs_dead_pump *pump, struct hs_pump_status *ret_status);

#endif
