/* Delivery: manages all pumps: starts and stops them together, and presents them as one list, the
 * dead letters' pumps last. */
#include "dead_pump.h"
#include "forward.h"
#include "letter_message.h"
#include "past.h"
#include "pump.h"

#include <hookstream/clock.h>
#include <stdlib.h>

struct hs_delivery {
    struct hs_pump **pumps; /* one per sink, in the configuration's order */
    size_t count;
    struct hs_dead_pump *dead;
    struct hs_forward *forward; /* or NULL */
    struct hs_metrics *metrics;
    struct pump_gauges {
        struct hs_gauge *lag_events, *lag_seconds, *in_flight, *states[HS_SINK_STATE_COUNT];
    } * gauges;
};

static void collect(void *context)
{
    struct hs_delivery *delivery = context;
    for (size_t i = 0; i < hs_delivery_count(delivery); i++) {
        struct hs_pump_status status;
        hs_delivery_status(delivery, i, &status);
        const struct pump_gauges *gauges = &delivery->gauges[i];
        if (gauges->in_flight == NULL)
            continue; /* the dead letters' own pump */
        hs_gauge_set(gauges->lag_events, (double)status.lag_events);
        hs_gauge_set(gauges->lag_seconds, status.lag_seconds);
        hs_gauge_set(gauges->in_flight, (double)status.in_flight);
        for (unsigned state = 0; state < HS_SINK_STATE_COUNT; state++)
            hs_gauge_set(gauges->states[state], state == (unsigned)status.state ? 1 : 0);
    }
}

static void open_gauges(struct hs_delivery *delivery)
{
    size_t count = hs_delivery_count(delivery);
    delivery->gauges = hs_alloc_array(count, sizeof(*delivery->gauges));
    for (size_t i = 0; i < count; i++) {
        struct hs_pump_status status;
        hs_delivery_status(delivery, i, &status);
        const char *name = status.name;
        if (i == delivery->count)
            continue;
        struct pump_gauges *gauges = &delivery->gauges[i];
        gauges->lag_events = hs_metrics_gauge(delivery->metrics, HS_METRIC_sink_lag_events, name);
        gauges->lag_seconds = hs_metrics_gauge(delivery->metrics, HS_METRIC_sink_lag_seconds, name);
        gauges->in_flight =
            hs_metrics_gauge(delivery->metrics, HS_METRIC_sink_in_flight_events, name);
        for (unsigned state = 0; state < HS_SINK_STATE_COUNT; state++)
            gauges->states[state] = hs_metrics_gauge(delivery->metrics, HS_METRIC_sink_state, name,
                                                     hs_sink_state_name((enum hs_sink_state)state));
    }
    hs_metrics_on_collect(delivery->metrics, collect, delivery);
}

/* One router per pump: compiled routes belong to one thread. */
static int compile(const struct hs_delivery_spec *spec, struct hs_router **ret_router)
{
    const struct hs_node *root = hs_config_root(spec->config);
    *ret_router = hs_router_compile(spec->config, hs_node_get(root, "routes"),
                                    hs_node_get(root, "default"), spec->sinks, spec->sources);
    if (*ret_router == NULL)
        return hs_fail(-EINVAL, "the routes cannot be compiled");
    return 0;
}

static uint64_t least_position(const struct hs_delivery *delivery)
{
    uint64_t least = hs_dead_pump_position(delivery->dead);
    for (size_t i = 0; i < delivery->count; i++) {
        uint64_t position = hs_cursor_position(delivery->pumps[i]->cursor);
        least = position < least ? position : least;
    }
    return least;
}

static int start_pumps(const struct hs_delivery_spec *spec, struct hs_delivery *delivery)
{
    struct hs_router *router;
    int code = compile(spec, &router);
    if (code == 0 && (code = hs_past_record(spec, router)) < 0)
        hs_router_free(router);
    if (code == 0)
        code = hs_dead_pump_start(spec, router, &delivery->dead);
    delivery->pumps = hs_alloc_array(spec->sinks->count + 1, sizeof(struct hs_pump *));
    for (unsigned i = 0; code == 0 && i < spec->sinks->count; i++) {
        code = compile(spec, &router);
        if (code < 0)
            break;
        struct hs_pump_spec pump = {
            .delivery = spec,
            .name = spec->sinks->names[i],
            .index = i,
            .options = hs_children_at(spec->sinks, i),
            .router = router,
        };
        code = hs_pump_start(&pump, &delivery->pumps[i]);
        if (code == 0)
            delivery->count++;
    }
    if (code == 0 && spec->forward != NULL)
        code = hs_forward_start(spec, spec->forward, &delivery->forward);
    if (code == 0)
        hs_past_forget(spec->journal, least_position(delivery));
    return code;
}

int hs_delivery_start(const struct hs_delivery_spec *spec, struct hs_delivery **ret_delivery)
{
    struct hs_delivery *delivery = hs_alloc(sizeof(*delivery));
    int code = start_pumps(spec, delivery);
    if (code < 0) {
        hs_delivery_free(delivery);
        return code;
    }
    delivery->metrics = spec->metrics;
    open_gauges(delivery);
    *ret_delivery = delivery;
    return 0;
}

void hs_delivery_stop(struct hs_delivery *delivery, uint64_t grace_ns)
{
    uint64_t by = hs_add_sat(hs_clock_monotonic_ns(), grace_ns);
    for (size_t i = 0; i < delivery->count; i++)
        hs_pump_ask_stop(delivery->pumps[i], by);
    hs_dead_pump_ask_stop(delivery->dead, by);
    for (size_t i = 0; i < delivery->count; i++)
        hs_pump_join(delivery->pumps[i]);
    hs_dead_pump_join(delivery->dead);
    if (delivery->forward == NULL)
        return;
    hs_forward_ask_stop(delivery->forward, by); /* the store now has all letters it will get */
    hs_forward_join(delivery->forward);
}

void hs_delivery_free(struct hs_delivery *delivery)
{
    if (delivery == NULL)
        return;
    if (delivery->metrics != NULL)
        hs_metrics_forget(delivery->metrics, delivery);
    for (size_t i = 0; i < delivery->count; i++)
        hs_pump_free(delivery->pumps[i]);
    hs_dead_pump_free(delivery->dead);
    hs_forward_free(delivery->forward);
    free(delivery->pumps);
    free(delivery->gauges);
    free(delivery);
}

uint64_t hs_delivery_position(const struct hs_delivery *delivery, unsigned sink)
{
    return hs_cursor_position(delivery->pumps[sink]->cursor);
}

size_t hs_delivery_count(const struct hs_delivery *delivery)
{
    return delivery->count + 1 + (delivery->forward != NULL);
}

void hs_delivery_status(struct hs_delivery *delivery, size_t index,
                        struct hs_pump_status *ret_status)
{
    if (index < delivery->count)
        hs_pump_status(delivery->pumps[index], ret_status);
    else if (index == delivery->count)
        hs_dead_pump_status(delivery->dead, ret_status);
    else
        hs_forward_status(delivery->forward, ret_status);
}

void hs_delivery_check_forward(struct hs_config *config, const struct hs_node *forward,
                               const struct hs_children *sinks)
{
    hs_letter_maker_free(hs_letter_maker_create(config, forward, sinks));
}
