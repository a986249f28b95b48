/* Lost: see lost.h. */
#include "lost.h"

#include <hookstream/log.h>
#include <inttypes.h>

void hs_lost_tell(struct hs_counter *counter, const char *sink, uint64_t first, uint64_t last)
{
    if (first > last)
        return;
    hs_counter_add(counter, last - first + 1);
    hs_log_limited(HS_LOG_ERROR, "events_lost",
                   "events of the journal are damaged or gone, and the sink does not get them: see "
                   "hookstream journal verify, and ask the sender for them",
                   HS_F("sink", "%s", sink), HS_F("first", "%" PRIu64, first),
                   HS_F("last", "%" PRIu64, last), HS_F("events", "%" PRIu64, last - first + 1));
}
