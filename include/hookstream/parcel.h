/* Parcel: one event made into the messages of one sink: which of its targets take the event, the
 * route's transformations, then each target's own, its destination, key and headers. Knows no
 * journal and no outcome.
 *
 * What one target does to the event no other sees: before the next one the route's
 * transformations are done again on the event as received. Where no target has any of its own
 * they are done once, and all messages share one body.
 * Threads: a maker belongs to one, and so does the router whose routes it is given. */
#ifndef HOOKSTREAM_PARCEL_H
#define HOOKSTREAM_PARCEL_H

#include <hookstream/route.h>

/* All texts of one parcel (destinations, keys, header values). */
#define HS_PARCEL_TEXT_MAX (1u << 20)
/* All bodies of one parcel whose targets edit the event. */
#define HS_PARCEL_BODIES_MAX (128u << 20)

struct hs_parcel_maker {
    unsigned sink; /* index in the configuration */
    struct hs_buffer text;
    struct hs_buffer bodies; /* used when a target edits the event */
    struct hs_message messages[HS_PARCEL_MESSAGES_MAX];
    const struct hs_target *targets[HS_PARCEL_MESSAGES_MAX]; /* of each message */
    size_t count;
    uint32_t made; /* the parts that have a message, a bit each */
    /* While a parcel is made the texts may move, so slices are noted by their offset. */
    struct {
        size_t body, destination, key, key_size, headers[HS_MESSAGE_HEADERS_MAX];
    } offsets[HS_PARCEL_MESSAGES_MAX];
    struct hs_template *time, *organization;
};

/* Compiles the templates of the standard headers. */
void hs_parcel_maker_init(struct hs_parcel_maker *maker, struct hs_config *config, unsigned sink);
void hs_parcel_maker_free(struct hs_parcel_maker *maker);

/* How many messages the route has for the maker's sink, if all targets take the event. */
unsigned hs_parcel_parts(const struct hs_parcel_maker *maker, const struct hs_route *route);

/* Makes the messages of the event that `work` was begun with, and that was not edited since:
 * those whose part is set in `parts` and whose target takes the event; `made` says which. None
 * (count 0): the event is not for the sink, and was not edited. Their slices are valid until the
 * next make or the next begin of `work`. 0; an error says that this event can never be sent as the
 * configuration is, *ret_reason is a stable label ("condition", "transform", "template",
 * "destination") and hs_error_text() has the words, but for -EAGAIN: not now, and no fault of the
 * event. The route's `sample` is not asked. */
HS_MUST_CHECK int hs_parcel_make(struct hs_parcel_maker *maker, const struct hs_route *route,
                                 struct hs_work *work, uint32_t parts, const char **ret_reason);

#endif
