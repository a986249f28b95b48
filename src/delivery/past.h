/* Past: where events went under former routes. A sink that is behind when the routes change has
 * events waiting. Those that the current routes no longer give it become dead letters (P4), since
 * nothing else will handle them. So the journal's folder keeps the former routes as long as a sink
 * is behind:
 *
 *   <journal>/routing/current     the routes in force (hs_router_write())
 *   <journal>/routing/<20 digits> former ones, in force for events up to this sequence
 *
 * The dead letters' own pump may be behind, too: an event that no route took when it arrived is a
 * dead letter even if a current route takes it, since the sinks may be past it.
 *
 * Threads: record and forget from the owner's; a past belongs to its pump's. */
#ifndef HS_DELIVERY_PAST_H
#define HS_DELIVERY_PAST_H

#include <hookstream/delivery.h>

/* Before the pumps start: records the current routes, and keeps the former ones if they differ. */
HS_MUST_CHECK int hs_past_record(const struct hs_delivery_spec *spec,
                                 const struct hs_router *router);
/* Removes routes that no sink at `least` or beyond needs any more. */
void hs_past_forget(struct hs_journal *journal, uint64_t least);

struct hs_past;
/* Finds former routes for events after `position` of this sink. NULL in *ret_past: none. -errno and
 * a message. */
HS_MUST_CHECK int hs_past_open(struct hs_journal *journal, const char *sink, uint64_t position,
                               struct hs_past **ret_past);
void hs_past_free(struct hs_past *past);
/* Whether the event that `work` was begun with was for the sink under the routes in force when it
 * was accepted. NULL: no former routes. */
bool hs_past_was_for(struct hs_past *past, struct hs_work *work);
/* Whether it was a dead letter then, since no route took it. */
bool hs_past_was_unrouted(struct hs_past *past, struct hs_work *work);

#endif
