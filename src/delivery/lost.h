/* Lost: events that a sink never got, because the journal no longer has them. Rare and loud, but
 * not a reason to stop. Threads: the sink's. */
#ifndef HS_DELIVERY_LOST_H
#define HS_DELIVERY_LOST_H

#include <hookstream/metrics.h>

/* Counts and logs the events from `first` to `last`; first > last: none. */
void hs_lost_tell(struct hs_counter *counter, const char *sink, uint64_t first, uint64_t last);

#endif
