/* Parcel: builds the messages of one event for one sink: selects the targets that take the event,
 * applies the route's transformations, then each target's own, its destination, key and headers.
 * Knows nothing of the journal or of delivery results.
 *
 * A target's edits are invisible to the others: for the next target the route's transformations are
 * applied again to the event as received. If no target has its own, they are applied once and all
 * messages share one body. Threads: a maker belongs to one thread, as does the router whose routes
 * it gets. */
#ifndef HOOKSTREAM_PARCEL_H
#define HOOKSTREAM_PARCEL_H

#include <hookstream/limits.h>
#include <hookstream/route.h>

struct hs_parcel_maker {
    unsigned sink; /* index in the configuration */
    struct hs_buffer text;
    struct hs_buffer bodies; /* used when a target edits the event */
    struct hs_message messages[HS_PARCEL_MESSAGES_MAX];
    const struct hs_target *targets[HS_PARCEL_MESSAGES_MAX]; /* of each message */
    size_t count;
    uint32_t made; /* the parts that have a message, one bit each */
    /* While a parcel is being built its texts may move, so slices are recorded by offset. */
    struct {
        size_t body, destination, key, key_size, headers[HS_MESSAGE_HEADERS_MAX];
    } offsets[HS_PARCEL_MESSAGES_MAX];
    struct hs_template *time, *organization;
};

/* Compiles the templates of the standard headers. */
void hs_parcel_maker_init(struct hs_parcel_maker *maker, struct hs_config *config, unsigned sink);
/* Frees the maker's memory. */
void hs_parcel_maker_free(struct hs_parcel_maker *maker);

/* The number of messages of the route for the maker's sink, if all targets take the event. */
unsigned hs_parcel_parts(const struct hs_parcel_maker *maker, const struct hs_route *route);

/* Builds the messages of the event that `work` was begun with, which must be unedited: those whose
 * part is set in `parts` and whose target takes the event. `made` has their bits. Count 0: the
 * event is not for the sink, and was not edited. Slices are valid until the next call or the next
 * begin of `work`. Returns 0. An error other than -EAGAIN means that this event can never be sent
 * with this configuration: *ret_reason is a stable label ("condition", "transform", "template",
 * "destination"), and hs_error_text() has the message. -EAGAIN: not now, for a reason outside the
 * event. Ignores the route's `sample`. */
HS_MUST_CHECK int hs_parcel_make(struct hs_parcel_maker *maker, const struct hs_route *route,
                                 struct hs_work *work, uint32_t parts, const char **ret_reason);

#endif
