/* Past: where events went by the routes of before. A sink that is behind when the routes
 * change has events waiting that were meant for it; those that the routes of today do not give
 * it any more become dead letters (P4), since nobody else will look at them. So the journal's
 * folder keeps what decided earlier, for as long as a sink is behind:
 *
 *   <journal>/routing/current     the routes in force (hs_router_write())
 *   <journal>/routing/<20 digits> those before, in force for events up to this sequence
 *
 * The dead letters' own pump is behind in the same way: what no route took when it came, and was
 * not looked at yet, is a dead letter though a route of today takes it, since the sinks may be
 * past it.
 *
 * Threads: record and forget from the owner's; a past belongs to its pump's. */
#ifndef HS_DELIVERY_PAST_H
#define HS_DELIVERY_PAST_H

#include <hookstream/delivery.h>

/* Before the pumps start: notes the routes of today, and those before if they differ. */
HS_MUST_CHECK int hs_past_record(const struct hs_delivery_spec *spec,
                                 const struct hs_router *router);
/* Removes what no sink that is at `least` or beyond needs any more. */
void hs_past_forget(struct hs_journal *journal, uint64_t least);

struct hs_past;
/* What there is to know about events after `position` that this sink was to have. NULL in
 * *ret_past: nothing. -errno and words. */
HS_MUST_CHECK int hs_past_open(struct hs_journal *journal, const char *sink, uint64_t position,
                               struct hs_past **ret_past);
void hs_past_free(struct hs_past *past);
/* Whether the event that `work` was begun with was for the sink by the routes in force when
 * it was accepted. NULL knows of none. */
bool hs_past_was_for(struct hs_past *past, struct hs_work *work);
/* Whether it was to be a dead letter then, since no route took it. */
bool hs_past_was_unrouted(struct hs_past *past, struct hs_work *work);

#endif
