/* Metrics: declared once each in metrics.def (name, kind, labels, and a sentence that tells an
 * operator whether to worry), counted by the threads that see the events and summed when the page
 * is rendered. Knows nothing of HTTP or of what is counted.
 *
 * Threads: a cell (counter, gauge, histogram) belongs to the thread that writes it: relaxed load
 * and store, no atomic read-modify-write. Threads that count the same thing each take a cell with
 * the same labels; the page shows their sum. Making cells and rendering take a lock. */
#ifndef HOOKSTREAM_METRICS_H
#define HOOKSTREAM_METRICS_H

#include <hookstream/limits.h>
#include <hookstream/buffer.h>
#include <stdatomic.h>

enum hs_metric {
#define HS_COUNTER(id, labels, help) HS_METRIC_##id,
#define HS_GAUGE(id, labels, help) HS_METRIC_##id,
#define HS_HISTOGRAM(id, labels, buckets, help) HS_METRIC_##id,
#include <hookstream/metrics.def>
#undef HS_COUNTER
#undef HS_GAUGE
#undef HS_HISTOGRAM
    HS_METRIC_COUNT
};

enum hs_metric_kind { HS_METRIC_COUNTER, HS_METRIC_GAUGE, HS_METRIC_HISTOGRAM };

struct hs_metric_info {
    const char *name; /* hookstream_..., as on the page */
    enum hs_metric_kind kind;
    const char *labels; /* "source,code", or "" */
    const char *help;
};
/* The declaration of a metric. */
const struct hs_metric_info *hs_metric_info(enum hs_metric metric);

#define HS_METRIC_LABELS_MAX 4
#define HS_HISTOGRAM_BUCKETS_MAX 24

struct hs_counter {
    _Atomic uint64_t value;
};
struct hs_gauge {
    _Atomic double value;
};
struct hs_histogram {
    const double *bounds; /* upper bounds, ascending; +Inf is added */
    size_t bound_count;
    _Atomic uint64_t counts[HS_HISTOGRAM_BUCKETS_MAX + 1];
    _Atomic double sum;
};

/* The registry: one per process, passed to whoever counts. */
struct hs_metrics;
/* Creates the registry; free it with hs_metrics_free(). */
struct hs_metrics *hs_metrics_create(void);
/* Frees the registry and its cells. NULL is fine. */
void hs_metrics_free(struct hs_metrics *metrics);

/* Creates a counter with these label values (copied), in the order of the declaration. It lives as
 * long as the registry. Past HS_METRICS_CELLS_MAX every caller gets the same spare cell, which is
 * not rendered; this is logged once. */
struct hs_counter *hs_metrics_counter(struct hs_metrics *metrics, enum hs_metric metric, ...);
/* As hs_metrics_counter(), for a gauge. */
struct hs_gauge *hs_metrics_gauge(struct hs_metrics *metrics, enum hs_metric metric, ...);
/* As hs_metrics_counter(), for a histogram. */
struct hs_histogram *hs_metrics_histogram(struct hs_metrics *metrics, enum hs_metric metric, ...);

/* Only on the counter's own thread: it does not use an atomic addition. */
static inline void hs_counter_add(struct hs_counter *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(&counter->value, memory_order_relaxed);
    atomic_store_explicit(&counter->value, value + amount, memory_order_relaxed);
}

/* The current value. Any thread. */
static inline uint64_t hs_counter_value(const struct hs_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* Sets the gauge. Any thread. */
static inline void hs_gauge_set(struct hs_gauge *gauge, double value)
{
    atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

/* Records `count` observations of the same value. */
void hs_histogram_observe(struct hs_histogram *histogram, double value, uint64_t count);

/* Called before each rendering, on the rendering thread, with the registry unlocked. Sets gauges
 * that are cheaper to read than to keep current. */
typedef void hs_metrics_collect_fn(void *context);
/* Registers a collector. `context` must outlive the registry, or be removed with
 * hs_metrics_forget(). */
void hs_metrics_on_collect(struct hs_metrics *metrics, hs_metrics_collect_fn *collect,
                           void *context);
/* Removes the collectors of `context`; waits for one that is running. */
void hs_metrics_forget(struct hs_metrics *metrics, void *context);

/* Renders the page in the Prometheus text format 0.0.4. */
void hs_metrics_render(struct hs_metrics *metrics, struct hs_buffer *ret_page);

/* docs/metrics.md: the declarations as a Markdown table. */
void hs_metrics_manual(struct hs_buffer *ret_page);

#endif
