/* Event: the names of its flaws. */
#include <hookstream/event.h>

const char *hs_event_flaw_name(enum hs_event_flaw flaw)
{
    switch (flaw) {
    case HS_EVENT_VALID:
        return "valid";
    case HS_EVENT_NOT_JSON:
        return "not_json";
    case HS_EVENT_NOT_ENVELOPE:
        return "not_envelope";
    }
    return "unknown";
}
