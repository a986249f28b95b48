/* Worker: the thread around one http server: its wakeup from the journal, its tick for deadlines,
 * and its end. */
#include "sharing.h"
#include "worker.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* How often deadlines and the drain are checked. */
#define TICK_NS (100 * HS_NS_PER_MS)

static bool is_drained(const struct hs_worker *worker)
{
    return worker->draining && hs_http_server_connections(worker->server) == 0;
}

static void begin_drain(struct hs_worker *worker)
{
    worker->draining = true;
    hs_http_server_drain(worker->server);
}

static void end_if_drained(struct hs_worker *worker)
{
    uint64_t by = atomic_load(&worker->drain_by_ns);
    if (by != 0 && !worker->draining)
        begin_drain(worker);
    if (worker->draining && hs_clock_monotonic_ns() >= by) {
        hs_waiting_expire(worker, UINT64_MAX, HS_ANSWER_DRAINING);
        event_base_loopbreak(worker->base);
    }
    if (is_drained(worker))
        event_base_loopbreak(worker->base);
}

static void publish(struct hs_worker *worker)
{
    atomic_store_explicit(&worker->connections, hs_http_server_connections(worker->server),
                          memory_order_relaxed);
}

static void on_wakeup(evutil_socket_t file, short what, void *context)
{
    struct hs_worker *worker = context;
    hs_wakeup_clear(&worker->wakeup);
    hs_wakeup_arm(&worker->wakeup);
    hs_waiting_release(worker);
    publish(worker);
    end_if_drained(worker);
}

static void on_tick(evutil_socket_t file, short what, void *context)
{
    struct hs_worker *worker = context;
    hs_heartbeat();
    uint64_t now = hs_clock_monotonic_ns();
    uint64_t deadline = worker->ingress->spec.options->deadline_ns;
    hs_waiting_release(worker);
    if (now > deadline)
        hs_waiting_expire(worker, now - deadline, HS_ANSWER_DEADLINE);
    publish(worker);
    end_if_drained(worker);
}

static void *run(void *context)
{
    struct hs_worker *worker = context;
    char title[16];
    snprintf(title, sizeof(title), "hs-ingress-%u", worker->index % 100);
    prctl(PR_SET_NAME, title);
    hs_heartbeat_begin(title, HS_HEARTBEAT_ACCEPTS);
    hs_heartbeat_work("serving requests");
    event_base_loop(worker->base, 0);
    hs_heartbeat_end();
    hs_http_server_free(worker->server);
    worker->server = NULL;
    atomic_store_explicit(&worker->connections, 0, memory_order_relaxed);
    return NULL;
}

static int open_lanes(struct hs_worker *worker)
{
    const struct hs_ingress_spec *spec = &worker->ingress->spec;
    worker->lanes = hs_alloc_array(spec->sources->count + 1, sizeof(*worker->lanes));
    if (spec->options->health_path != NULL)
        worker->health = hs_source_path(hs_slice_text(spec->options->health_path));
    for (int phase = 0; phase < HS_HTTP_EVICTED_COUNT; phase++)
        worker->evicted[phase] =
            hs_metrics_counter(spec->metrics, HS_METRIC_evicted_connections_total,
                               hs_http_evicted_name((enum hs_http_evicted)phase));
    int code = hs_lane_open(&worker->nowhere, "", 0, NULL, spec->metrics);
    bool routed = false;
    for (unsigned i = 0; code == 0 && i < spec->sources->count; i++) {
        const struct hs_source_options *options = hs_children_at(spec->sources, i);
        routed = routed || options->ack == HS_ACK_DELIVERED;
        code = hs_lane_open(&worker->lanes[i], spec->sources->names[i], i, options, spec->metrics);
    }
    if (code < 0 || !routed)
        return code;
    const struct hs_node *root = hs_config_root(spec->config);
    worker->router = hs_router_compile(spec->config, hs_node_get(root, "routes"),
                                       hs_node_get(root, "default"), spec->sinks, spec->sources);
    return worker->router != NULL ? 0 : hs_fail(-EINVAL, "the routes cannot be compiled");
}

static int open_events(struct hs_worker *worker)
{
    int code = hs_wakeup_init(&worker->wakeup);
    if (code < 0)
        return code;
    worker->base = event_base_new();
    if (worker->base == NULL)
        return hs_fail(-ENOMEM, "cannot create an event loop for the ingress");
    worker->on_wakeup =
        event_new(worker->base, worker->wakeup.file, EV_READ | EV_PERSIST, on_wakeup, worker);
    worker->on_tick = event_new(worker->base, -1, EV_PERSIST, on_tick, worker);
    struct timeval tick = hs_clock_timeval(TICK_NS);
    if (worker->on_wakeup == NULL || worker->on_tick == NULL ||
        event_add(worker->on_wakeup, NULL) < 0 || event_add(worker->on_tick, &tick) < 0)
        return hs_fail(-ENOMEM, "cannot create the events of the ingress");
    return worker->ingress->spec.shared != NULL ? hs_sharing_open(worker) : 0;
}

static uint64_t part_of(const struct hs_ingress *ingress, uint64_t whole)
{
    return (whole + ingress->worker_count - 1) / ingress->worker_count;
}

/* A worker's share of the limits: it makes room among its own connections only. */
static struct hs_http_limits limits_of(const struct hs_ingress *ingress)
{
    const struct hs_limit_options *limits = &ingress->spec.options->limits;
    return (struct hs_http_limits){
        .connections = part_of(ingress, ingress->connections_max),
        .peer_connections = part_of(ingress, limits->peer_connections),
        .unproven_bytes = part_of(ingress, limits->in_flight / 4 * 3),
        .peer_bytes = part_of(ingress, limits->peer_in_flight),
        .header_size = limits->header_size,
        .body_size = limits->body_size,
        .idle_ns = limits->idle_ns,
        .header_ns = limits->header_ns,
        .body_ns = limits->body_ns,
        .least_rate = limits->least_rate,
    };
}

static int open_server(struct hs_worker *worker)
{
    struct hs_ingress *ingress = worker->ingress;
    const struct hs_server_options *options = ingress->spec.options;
    struct hs_http_limits limits = limits_of(ingress);
    struct hs_address address = options->listen;
    if (worker->index > 0)
        address.port = ingress->port; /* the port the first worker got, if 0 was configured */
    enum hs_http_port mode = worker->index == 0 ? HS_HTTP_PORT_FIRST : HS_HTTP_PORT_JOINED;
    int code = hs_http_server_create(worker->base, &address, mode, &limits, &hs_intake_handlers,
                                     worker, &worker->server);
    if (code < 0)
        return hs_fail_in(code, "server.listen");
    if (worker->index == 0)
        ingress->port = hs_http_server_port(worker->server);
    return 0;
}

int hs_worker_start(struct hs_ingress *ingress, unsigned index, struct hs_worker **ret_worker)
{
    struct hs_worker *worker = hs_alloc(sizeof(*worker));
    worker->ingress = ingress;
    worker->index = index;
    worker->wakeup.file = -1;
    int code = open_lanes(worker);
    if (code == 0)
        code = open_events(worker);
    if (code == 0)
        code = open_server(worker);
    if (code == 0) {
        hs_journal_subscribe(ingress->spec.journal, &worker->wakeup);
        if (worker->router != NULL)
            hs_journal_subscribe_cursors(ingress->spec.journal, &worker->wakeup);
        int failed = pthread_create(&worker->thread, NULL, run, worker);
        worker->started = failed == 0;
        if (failed != 0)
            code = hs_fail_errno(failed, "cannot start an ingress thread");
    }
    if (code < 0) {
        hs_worker_free(worker);
        return code;
    }
    *ret_worker = worker;
    return 0;
}

void hs_worker_ask_drain(struct hs_worker *worker, uint64_t by_ns)
{
    atomic_store(&worker->drain_by_ns, by_ns);
    hs_wakeup_tell(&worker->wakeup);
}

void hs_worker_join(struct hs_worker *worker)
{
    if (!worker->started)
        return;
    if (atomic_load(&worker->drain_by_ns) == 0)
        hs_worker_ask_drain(worker, 1);
    pthread_join(worker->thread, NULL);
    worker->started = false;
}

void hs_worker_free(struct hs_worker *worker)
{
    if (worker == NULL)
        return;
    const struct hs_ingress_spec *spec = &worker->ingress->spec;
    hs_worker_join(worker);
    hs_journal_unsubscribe(spec->journal, &worker->wakeup);
    hs_http_server_free(worker->server);
    hs_sharing_close(worker->sharing);
    if (worker->on_wakeup != NULL)
        event_free(worker->on_wakeup);
    if (worker->on_tick != NULL)
        event_free(worker->on_tick);
    if (worker->base != NULL)
        event_base_free(worker->base);
    hs_wakeup_close(&worker->wakeup);
    for (size_t i = 0; i < spec->sources->count; i++)
        hs_lane_close(&worker->lanes[i]);
    hs_lane_close(&worker->nowhere);
    hs_router_free(worker->router);
    free(worker->lanes);
    free(worker);
}
