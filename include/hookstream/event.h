/* The event: what the stages hand each other. A view of bytes that belong to somebody else,
 * a receive buffer on the way in, a journal reader's buffer on the way out; valid as long as
 * those are. Threads: a view belongs to the thread that made it. */
#ifndef HOOKSTREAM_EVENT_H
#define HOOKSTREAM_EVENT_H

#include <hookstream/base.h>

/* A header kept with the event: only what a later stage uses (traceparent, content-type,
 * the sender's delivery headers). Names are lower case. */
struct hs_header {
    struct hs_slice name, value;
};
#define HS_EVENT_HEADERS_MAX 16u
/* Of the sender's headers these are kept, with values of up to so many bytes. */
extern const struct hs_slice hs_event_kept_headers[];
extern const size_t hs_event_kept_header_count;
#define HS_EVENT_HEADER_VALUE_MAX 256u

/* Why an event that is genuine is not deliverable; HS_EVENT_VALID otherwise. Kept with the
 * record, so that the dead letter can say it. */
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
    /* Envelope id, decoded; when flawed the digest of what was signed (hs_envelope_digest()), or
     * empty in a journal that is older than that. What has one is known to the dedupe. */
    struct hs_slice id;
    struct hs_slice type; /* envelope type, decoded; empty when flawed */
    struct hs_slice body; /* the bytes received */
    struct hs_header headers[HS_EVENT_HEADERS_MAX];
    size_t header_count;
};

/* The first header of an event that is sent again (see resend.h); also a header of its Kafka
 * message and a field of its Redis entry. No sender's header of this name is ever kept. */
#define HS_RESEND_HEADER "hookstream-resend"
/* Its value ("replay", "dead-letter"), or HS_SLICE_NONE. Cheap. */
struct hs_slice hs_event_resend(const struct hs_event *event);

/* The value of the first header kept under this name, or HS_SLICE_NONE. */
struct hs_slice hs_event_header(const struct hs_event *event, struct hs_slice name);

/* Stable label and words of a flaw: "not_json", "not_envelope". */
const char *hs_event_flaw_name(enum hs_event_flaw flaw);

/* The first segment of a type: "queue" of "queue.consumer.entered". */
static inline struct hs_slice hs_event_family(struct hs_slice type)
{
    const char *dot = type.size ? memchr(type.data, '.', type.size) : NULL;
    return dot ? (struct hs_slice){type.data, (size_t)(dot - type.data)} : type;
}

#endif
