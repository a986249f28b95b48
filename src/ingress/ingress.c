/* Ingress: manages all workers. */
#include "worker.h"

#include <hookstream/clock.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t hs_ingress_workers(const struct hs_server_options *options)
{
    uint64_t asked = options->workers;
    if (asked > 0)
        return asked < HS_WORKERS_MAX ? asked : HS_WORKERS_MAX;
    /* One for every two processors: the committer, the sinks and librdkafka's threads need the
     * rest, and a single worker already accepts more than the disk can sync. */
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t workers = processors > 1 ? (uint64_t)processors / 2 : 1;
    return workers < HS_WORKERS_MAX ? workers : HS_WORKERS_MAX;
}

static void collect(void *context)
{
    struct hs_ingress *ingress = context;
    hs_gauge_set(ingress->connections_gauge, (double)hs_ingress_connections(ingress));
    hs_gauge_set(ingress->in_flight_gauge, (double)atomic_load(&ingress->in_flight));
}

int hs_ingress_start(const struct hs_ingress_spec *spec, struct hs_ingress **ret_ingress)
{
    struct hs_ingress *ingress = hs_alloc(sizeof(*ingress));
    ingress->spec = *spec;
    ingress->rates = hs_alloc_array(spec->sources->count + 1, sizeof(*ingress->rates));
    ingress->worker_count = (size_t)hs_ingress_workers(spec->options);
    ingress->connections_gauge = hs_metrics_gauge(spec->metrics, HS_METRIC_connections);
    ingress->connections_max =
        spec->connections != 0 ? spec->connections : spec->options->limits.connections;
    hs_gauge_set(hs_metrics_gauge(spec->metrics, HS_METRIC_connections_max),
                 (double)ingress->connections_max);
    ingress->in_flight_gauge = hs_metrics_gauge(spec->metrics, HS_METRIC_in_flight_bytes);
    int code = 0;
    for (unsigned i = 0; code == 0 && i < ingress->worker_count; i++)
        code = hs_worker_start(ingress, i, &ingress->workers[i]);
    if (code < 0) {
        hs_ingress_free(ingress);
        return code;
    }
    hs_metrics_on_collect(spec->metrics, collect, ingress);
    *ret_ingress = ingress;
    return 0;
}

void hs_ingress_drain(struct hs_ingress *ingress, uint64_t grace_ns)
{
    uint64_t by = hs_add_sat(hs_clock_monotonic_ns(), grace_ns);
    for (size_t i = 0; i < ingress->worker_count; i++)
        hs_worker_ask_drain(ingress->workers[i], by);
    for (size_t i = 0; i < ingress->worker_count; i++)
        hs_worker_join(ingress->workers[i]);
}

void hs_ingress_free(struct hs_ingress *ingress)
{
    if (ingress == NULL)
        return;
    hs_metrics_forget(ingress->spec.metrics, ingress);
    for (size_t i = 0; i < ingress->worker_count; i++)
        hs_worker_free(ingress->workers[i]);
    free(ingress->rates);
    free(ingress);
}

uint16_t hs_ingress_port(const struct hs_ingress *ingress)
{
    return ingress->port;
}

size_t hs_ingress_connections(const struct hs_ingress *ingress)
{
    size_t count = 0;
    for (size_t i = 0; i < ingress->worker_count; i++)
        if (ingress->workers[i] != NULL)
            count += atomic_load_explicit(&ingress->workers[i]->connections, memory_order_relaxed);
    return count;
}
