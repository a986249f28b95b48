/* Choose: which targets of its route an event goes to, and how `sample` works. A sample uses an
 * unkeyed hash of the event's id: the same event is included or not on every sink, on every
 * replica, after every restart, and when it is redelivered or replayed. */
#include "router.h"

#include <hookstream/hash.h>
#include <inttypes.h>

/* XXH3 has been stable since version 0.8. A target samples what the route's sample left, so it uses
 * an independent hash: 10% of 10% is 1%. */
#define ROUTES_SEED UINT64_C(0x726f757465)
#define TARGETS_SEED UINT64_C(0x746172676574)

#define DIGITS_MAX 4u /* decimal places: a millionth is 0.0001% */

/* Parses "12.5%" into millionths; 0: it is not a percentage. */
static uint32_t read_share(struct hs_slice text)
{
    uint32_t share = 0;
    size_t at = 0, whole;
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9' && at < DIGITS_MAX)
        share = share * 10 + (uint32_t)(text.data[at++] - '0');
    whole = at;
    bool point = at < text.size && text.data[at] == '.';
    at += point;
    size_t first = at, unit = HS_SAMPLE_WHOLE / 100;
    share *= (uint32_t)unit;
    for (;
         at < text.size && at - first < DIGITS_MAX && text.data[at] >= '0' && text.data[at] <= '9';
         at++) {
        unit /= 10;
        share += (uint32_t)unit * (uint32_t)(text.data[at] - '0');
    }
    bool good = whole > 0 && (!point || at > first) && at + 1 == text.size &&
                text.data[at] == '%' && share <= HS_SAMPLE_WHOLE;
    return good ? share : 0;
}

bool hs_sample_compile(struct hs_config *config, const struct hs_node *node, const char *text,
                       uint32_t *ret_sample)
{
    *ret_sample = 0;
    if (text == NULL)
        return true;
    uint32_t share = read_share(hs_slice_text(text));
    if (share == 0) {
        hs_config_error(config, HS_FINDING_SAMPLE, node,
                        "`sample` is a share above 0%% and up to 100%%, such as 10%% or 0.5%%, not "
                        "%s",
                        hs_config_quote(config, node));
        return false;
    }
    *ret_sample = share < HS_SAMPLE_WHOLE ? share : 0;
    return true;
}

void hs_sample_write(uint32_t sample, struct hs_buffer *ret_text)
{
    uint32_t percent = HS_SAMPLE_WHOLE / 100;
    hs_buffer_printf(ret_text, "%" PRIu32 ".%04" PRIu32 "%%", sample / percent, sample % percent);
}

uint32_t hs_sample_place_in_routes(const struct hs_event *event)
{
    return (uint32_t)(hs_hash64(event->id, ROUTES_SEED) % HS_SAMPLE_WHOLE);
}

uint32_t hs_sample_place_in_targets(const struct hs_event *event)
{
    return (uint32_t)(hs_hash64(event->id, TARGETS_SEED) % HS_SAMPLE_WHOLE);
}

bool hs_route_samples(const struct hs_route *route, const struct hs_event *event)
{
    return route->sample == 0 || hs_sample_place_in_routes(event) < route->sample;
}

int hs_target_takes(const struct hs_target *target, struct hs_work *work)
{
    if (target->sample != 0 && hs_sample_place_in_targets(hs_work_event(work)) >= target->sample)
        return 0;
    return target->when != NULL ? hs_condition_holds(target->when, work) : 1;
}

int hs_route_reaches(const struct hs_route *route, unsigned sink, struct hs_work *work)
{
    if ((route->sinks >> sink & 1) == 0 || !hs_route_samples(route, hs_work_event(work)))
        return 0;
    for (size_t i = 0; i < route->target_count; i++) {
        if (route->targets[i].sink != sink)
            continue;
        int takes = hs_target_takes(&route->targets[i], work);
        if (takes != 0)
            return takes;
    }
    return 0;
}
