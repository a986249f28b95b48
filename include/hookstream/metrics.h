/* Metrics: declared once each in metrics.def (name, kind, labels, and a sentence that tells
 * an operator whether to worry), counted by the threads that see the events, summed when
 * the page is rendered. Knows nothing of HTTP or of what is counted.
 *
 * Threads: a cell (counter, gauge, histogram) belongs to the thread that writes it: relaxed
 * load and store, no atomic read-modify-write. Two threads that count the same thing take a
 * cell each with the same labels; the page shows their sum. Making cells and rendering take
 * a lock. */
#ifndef HOOKSTREAM_METRICS_H
#define HOOKSTREAM_METRICS_H

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

/* The process has one registry, given to whoever counts. */
struct hs_metrics;
struct hs_metrics *hs_metrics_create(void);
void hs_metrics_free(struct hs_metrics *metrics);

/* A new cell with these label values, in the order of the declaration (as many as it has,
 * copied). Lives as long as the registry. At most HS_METRICS_CELLS_MAX cells: past them the
 * same spare cell is given, which is not shown, and a line is logged once. */
#define HS_METRICS_CELLS_MAX 20000
struct hs_counter *hs_metrics_counter(struct hs_metrics *metrics, enum hs_metric metric, ...);
struct hs_gauge *hs_metrics_gauge(struct hs_metrics *metrics, enum hs_metric metric, ...);
struct hs_histogram *hs_metrics_histogram(struct hs_metrics *metrics, enum hs_metric metric, ...);

static inline void hs_counter_add(struct hs_counter *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(&counter->value, memory_order_relaxed);
    atomic_store_explicit(&counter->value, value + amount, memory_order_relaxed);
}

static inline uint64_t hs_counter_value(const struct hs_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

static inline void hs_gauge_set(struct hs_gauge *gauge, double value)
{
    atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

/* `count` observations of the same value. */
void hs_histogram_observe(struct hs_histogram *histogram, double value, uint64_t count);

/* Called before each rendering, with the registry unlocked, on the rendering thread: sets
 * gauges that are cheaper to read than to keep. `context` must outlive the registry or be
 * taken back with hs_metrics_forget(). */
typedef void hs_metrics_collect_fn(void *context);
void hs_metrics_on_collect(struct hs_metrics *metrics, hs_metrics_collect_fn *collect,
                           void *context);
void hs_metrics_forget(struct hs_metrics *metrics, void *context);

/* The page in Prometheus' text format 0.0.4. */
void hs_metrics_render(struct hs_metrics *metrics, struct hs_buffer *ret_page);

/* docs/metrics.md: the declarations as a Markdown table. */
void hs_metrics_manual(struct hs_buffer *ret_page);

#endif
