/* The event: what the stages pass to each other. A view of borrowed bytes: a receive buffer on the
 * way in, a journal reader's buffer on the way out. It is valid as long as they are. Threads: a
 * view belongs to the thread that made it. */
#ifndef HOOKSTREAM_EVENT_H
#define HOOKSTREAM_EVENT_H

#include <hookstream/base.h>

/* A header kept with the event: only those that a later stage uses (traceparent, content-type, the
 * sender's delivery headers). Names are lower case. */
struct hs_header {
    struct hs_slice name, value;
};
#define HS_EVENT_HEADERS_MAX 16u
#define HS_EVENT_HEADER_VALUE_MAX 256u /* bytes; a longer one is not kept */

/* Why a genuine event cannot be delivered; otherwise HS_EVENT_VALID. Stored with the record, so
 * that the dead letter can report it. */
enum hs_event_flaw {
    HS_EVENT_VALID,
    HS_EVENT_NOT_JSON,
    HS_EVENT_NOT_ENVELOPE,
};

struct hs_event {
    uint64_t sequence;         /* 0 until journaled */
    uint64_t received_wall_ns; /* since 1970 */
    enum hs_event_flaw flaw;
    struct hs_slice source; /* name of the source */
    /* Decoded envelope id. For a flawed event the digest of what was signed (hs_envelope_digest()),
     * or empty in a journal from before that. The dedupe knows every event that has one. */
    struct hs_slice id;
    struct hs_slice type; /* decoded envelope type; empty when flawed */
    struct hs_slice body; /* the body as received */
    struct hs_header headers[HS_EVENT_HEADERS_MAX];
    size_t header_count;
};

/* The first header of an event that hookstream writes to the journal again (see resend.h); also a
 * header of its Kafka message and a field of its Redis entry. A sender's header of this name is
 * never kept. */
#define HS_RESEND_HEADER "hookstream-resend"
/* Its value ("replay", "dead-letter"), or HS_SLICE_NONE. Cheap. */
struct hs_slice hs_event_resend(const struct hs_event *event);

/* The value of the first header kept under this name, or HS_SLICE_NONE. */
struct hs_slice hs_event_header(const struct hs_event *event, struct hs_slice name);

/* Stable label of a flaw: "not_json", "not_envelope". */
const char *hs_event_flaw_name(enum hs_event_flaw flaw);

/* The first segment of a type: "queue" of "queue.consumer.entered". */
static inline struct hs_slice hs_event_family(struct hs_slice type)
{
    const char *dot = type.size ? memchr(type.data, '.', type.size) : NULL;
    return dot ? (struct hs_slice){type.data, (size_t)(dot - type.data)} : type;
}

#endif
