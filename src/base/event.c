/* Event: properties that need no look into the body. */
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

struct hs_slice hs_event_resend(const struct hs_event *event)
{
    if (event->header_count == 0 ||
        !hs_slice_equal(event->headers[0].name, HS_SLICE(HS_RESEND_HEADER)))
        return HS_SLICE_NONE;
    return event->headers[0].value;
}

struct hs_slice hs_event_header(const struct hs_event *event, struct hs_slice name)
{
    for (size_t i = 0; i < event->header_count; i++)
        if (hs_slice_equal(event->headers[i].name, name))
            return event->headers[i].value;
    return HS_SLICE_NONE;
}
