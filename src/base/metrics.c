/* Metrics: a list of cells per metric. Each counting thread writes its own cell; the page sums
 * cells with equal labels. */
#include <hookstream/metrics.h>

#include "process.h"

#include <hookstream/log.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define COLLECTORS_MAX 64u
#define LABEL_MAX 64u

static const double latency_bounds[] = {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005,
                                        0.01,   0.02,   0.05,   0.1,   0.2,   0.5,
                                        1,      2,      5,      10,    30,    60};
static const double skew_bounds[] = {-3600, -300, -60, -10, -1, 0, 1, 2, 5, 10, 60, 300, 3600};
static const double batch_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
static const double micro_bounds[] = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2, 1e-1};

#define HS_BOUNDS_LATENCY latency_bounds, HS_ARRAY_SIZE(latency_bounds)
#define HS_BOUNDS_SKEW skew_bounds, HS_ARRAY_SIZE(skew_bounds)
#define HS_BOUNDS_BATCH batch_bounds, HS_ARRAY_SIZE(batch_bounds)
#define HS_BOUNDS_MICRO micro_bounds, HS_ARRAY_SIZE(micro_bounds)

static const struct row {
    struct hs_metric_info info;
    const double *bounds;
    size_t bound_count;
} rows[HS_METRIC_COUNT] = {
#define HS_COUNTER(id, labels, help)                                                               \
    {{"hookstream_" #id, HS_METRIC_COUNTER, labels, help}, NULL, 0},
#define HS_GAUGE(id, labels, help) {{"hookstream_" #id, HS_METRIC_GAUGE, labels, help}, NULL, 0},
#define HS_HISTOGRAM(id, labels, bounds, help)                                                     \
    {{"hookstream_" #id, HS_METRIC_HISTOGRAM, labels, help}, bounds},
#include <hookstream/metrics.def>
#undef HS_COUNTER
#undef HS_GAUGE
#undef HS_HISTOGRAM
};

const struct hs_metric_info *hs_metric_info(enum hs_metric metric)
{
    HS_ASSERT((unsigned)metric < HS_METRIC_COUNT);
    return &rows[metric].info;
}

struct cell {
    struct cell *next;
    char labels[HS_METRIC_LABELS_MAX][LABEL_MAX];
    union {
        struct hs_counter counter;
        struct hs_gauge gauge;
        struct hs_histogram histogram;
    } as __attribute__((aligned(64))); /* one cache line, so that two threads' cells never share
                                        * one */
};

struct hs_metrics {
    pthread_mutex_t lock; /* guards everything but the values in the cells */
    struct cell *cells[HS_METRIC_COUNT];
    struct cell *last[HS_METRIC_COUNT];
    struct cell *spare[HS_METRIC_COUNT]; /* returned past the ceiling, never rendered */
    size_t cell_count;
    struct collector {
        hs_metrics_collect_fn *collect;
        void *context;
    } collectors[COLLECTORS_MAX];
    size_t collector_count;
    pthread_mutex_t collecting; /* held while collectors run; hs_metrics_forget() waits for it */
};

static size_t label_count(enum hs_metric metric)
{
    const char *labels = rows[metric].info.labels;
    size_t count = labels[0] != '\0';
    for (; *labels != '\0'; labels++)
        count += *labels == ',';
    return count;
}

/* ---- Life ---- */

struct hs_metrics *hs_metrics_create(void)
{
    struct hs_metrics *metrics = hs_alloc(sizeof(*metrics));
    pthread_mutex_init(&metrics->lock, NULL);
    pthread_mutex_init(&metrics->collecting, NULL);
    return metrics;
}

void hs_metrics_free(struct hs_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (unsigned i = 0; i < HS_METRIC_COUNT; i++) {
        for (struct cell *cell = metrics->cells[i], *next; cell != NULL; cell = next) {
            next = cell->next;
            free(cell);
        }
        free(metrics->spare[i]);
    }
    pthread_mutex_destroy(&metrics->lock);
    pthread_mutex_destroy(&metrics->collecting);
    free(metrics);
}

/* ---- Cells ---- */

static struct cell *make_cell(enum hs_metric metric)
{
    struct cell *cell = aligned_alloc(64, (sizeof(*cell) + 63) / 64 * 64);
    HS_ASSERT(cell != NULL);
    memset(cell, 0, sizeof(*cell));
    if (rows[metric].info.kind == HS_METRIC_HISTOGRAM) {
        cell->as.histogram.bounds = rows[metric].bounds;
        cell->as.histogram.bound_count = rows[metric].bound_count;
    }
    return cell;
}

static struct cell *spare_cell(struct hs_metrics *metrics, enum hs_metric metric)
{
    if (metrics->spare[metric] == NULL) {
        metrics->spare[metric] = make_cell(metric);
        hs_log(HS_LOG_WARN, "too many metric series; further ones are not shown",
               HS_F("metric", "%s", rows[metric].info.name));
    }
    return metrics->spare[metric];
}

static struct cell *add_cell(struct hs_metrics *metrics, enum hs_metric metric,
                             enum hs_metric_kind kind, va_list labels)
{
    HS_ASSERT((unsigned)metric < HS_METRIC_COUNT && rows[metric].info.kind == kind);
    struct cell *cell = make_cell(metric);
    for (size_t i = 0; i < label_count(metric); i++) {
        struct hs_slice label = hs_slice_text(va_arg(labels, const char *));
        memcpy(cell->labels[i], label.data, label.size < LABEL_MAX ? label.size : LABEL_MAX - 1);
    }
    pthread_mutex_lock(&metrics->lock);
    if (metrics->cell_count >= HS_METRICS_CELLS_MAX) {
        free(cell);
        cell = spare_cell(metrics, metric);
    } else {
        metrics->cell_count++;
        if (metrics->last[metric] != NULL)
            metrics->last[metric]->next = cell;
        else
            metrics->cells[metric] = cell;
        metrics->last[metric] = cell;
    }
    pthread_mutex_unlock(&metrics->lock);
    return cell;
}

struct hs_counter *hs_metrics_counter(struct hs_metrics *metrics, enum hs_metric metric, ...)
{
    va_list labels;
    va_start(labels, metric);
    struct cell *cell = add_cell(metrics, metric, HS_METRIC_COUNTER, labels);
    va_end(labels);
    return &cell->as.counter;
}

struct hs_gauge *hs_metrics_gauge(struct hs_metrics *metrics, enum hs_metric metric, ...)
{
    va_list labels;
    va_start(labels, metric);
    struct cell *cell = add_cell(metrics, metric, HS_METRIC_GAUGE, labels);
    va_end(labels);
    return &cell->as.gauge;
}

struct hs_histogram *hs_metrics_histogram(struct hs_metrics *metrics, enum hs_metric metric, ...)
{
    va_list labels;
    va_start(labels, metric);
    struct cell *cell = add_cell(metrics, metric, HS_METRIC_HISTOGRAM, labels);
    va_end(labels);
    return &cell->as.histogram;
}

void hs_histogram_observe(struct hs_histogram *histogram, double value, uint64_t count)
{
    size_t bucket = 0;
    while (bucket < histogram->bound_count && value > histogram->bounds[bucket])
        bucket++;
    uint64_t was = atomic_load_explicit(&histogram->counts[bucket], memory_order_relaxed);
    atomic_store_explicit(&histogram->counts[bucket], was + count, memory_order_relaxed);
    double sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    atomic_store_explicit(&histogram->sum, sum + value * (double)count, memory_order_relaxed);
}

/* ---- Collectors ---- */

void hs_metrics_on_collect(struct hs_metrics *metrics, hs_metrics_collect_fn *collect,
                           void *context)
{
    pthread_mutex_lock(&metrics->collecting);
    HS_ASSERT(metrics->collector_count < COLLECTORS_MAX);
    metrics->collectors[metrics->collector_count++] = (struct collector){collect, context};
    pthread_mutex_unlock(&metrics->collecting);
}

void hs_metrics_forget(struct hs_metrics *metrics, void *context)
{
    pthread_mutex_lock(&metrics->collecting);
    size_t kept = 0;
    for (size_t i = 0; i < metrics->collector_count; i++)
        if (metrics->collectors[i].context != context)
            metrics->collectors[kept++] = metrics->collectors[i];
    metrics->collector_count = kept;
    pthread_mutex_unlock(&metrics->collecting);
}

static void run_collectors(struct hs_metrics *metrics)
{
    pthread_mutex_lock(&metrics->collecting);
    for (size_t i = 0; i < metrics->collector_count; i++)
        metrics->collectors[i].collect(metrics->collectors[i].context);
    pthread_mutex_unlock(&metrics->collecting);
}

/* ---- The page ---- */

/* Values read from the process rather than counted. */
static void render_process(enum hs_metric metric, struct hs_buffer *page)
{
    hs_buffer_printf(page, "%s %.6f\n", rows[metric].info.name, hs_process_figure(metric));
}

static bool is_process(enum hs_metric metric)
{
    return metric == HS_METRIC_process_cpu_seconds_total ||
           metric == HS_METRIC_process_resident_memory_bytes ||
           metric == HS_METRIC_process_start_time_seconds;
}

static void put_label_value(struct hs_buffer *page, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            hs_buffer_append_text(page, "\\n");
        else if (*value == '"' || *value == '\\')
            hs_buffer_printf(page, "\\%c", *value);
        else
            hs_buffer_append_byte(page, *value);
    }
}

/* Writes "name{a="x",b="y",le="0.1"} "; le only if `bound` is given. */
static void put_name(struct hs_buffer *page, enum hs_metric metric, const char *suffix,
                     const struct cell *cell, const char *bound)
{
    const char *name = rows[metric].info.labels;
    size_t count = label_count(metric);
    hs_buffer_printf(page, "%s%s", rows[metric].info.name, suffix);
    if (count > 0 || bound != NULL)
        hs_buffer_append_byte(page, '{');
    for (size_t i = 0; i < count; i++) {
        size_t size = strcspn(name, ",");
        hs_buffer_printf(page, "%s%.*s=\"", i > 0 ? "," : "", (int)size, name);
        put_label_value(page, cell->labels[i]);
        hs_buffer_append_byte(page, '"');
        name += size + 1;
    }
    if (bound != NULL)
        hs_buffer_printf(page, "%sle=\"%s\"", count > 0 ? "," : "", bound);
    hs_buffer_append_text(page, count > 0 || bound != NULL ? "} " : " ");
}

/* The sums over all cells with the same labels as `first`. */
struct sums {
    uint64_t count;
    double value;
    uint64_t buckets[HS_HISTOGRAM_BUCKETS_MAX + 1];
};

static void add_cell_to(struct sums *sums, enum hs_metric metric, const struct cell *cell)
{
    const struct hs_histogram *histogram = &cell->as.histogram;
    switch (rows[metric].info.kind) {
    case HS_METRIC_COUNTER:
        sums->count += hs_counter_value(&cell->as.counter);
        break;
    case HS_METRIC_GAUGE:
        sums->value += atomic_load_explicit(&cell->as.gauge.value, memory_order_relaxed);
        break;
    case HS_METRIC_HISTOGRAM:
        sums->value += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
        for (size_t i = 0; i <= histogram->bound_count; i++)
            sums->buckets[i] += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        break;
    }
}

static bool same_labels(const struct cell *a, const struct cell *b)
{
    return memcmp(a->labels, b->labels, sizeof(a->labels)) == 0;
}

static bool is_first_of_its_labels(const struct hs_metrics *metrics, enum hs_metric metric,
                                   const struct cell *cell)
{
    for (const struct cell *other = metrics->cells[metric]; other != cell; other = other->next)
        if (same_labels(other, cell))
            return false;
    return true;
}

static void render_histogram(struct hs_buffer *page, enum hs_metric metric, const struct cell *cell,
                             const struct sums *sums)
{
    uint64_t below = 0;
    for (size_t i = 0; i <= cell->as.histogram.bound_count; i++) {
        char bound[32] = "+Inf";
        if (i < cell->as.histogram.bound_count)
            snprintf(bound, sizeof(bound), "%g", cell->as.histogram.bounds[i]);
        below += sums->buckets[i];
        put_name(page, metric, "_bucket", cell, bound);
        hs_buffer_printf(page, "%llu\n", (unsigned long long)below);
    }
    put_name(page, metric, "_sum", cell, NULL);
    hs_buffer_printf(page, "%.15g\n", sums->value);
    put_name(page, metric, "_count", cell, NULL);
    hs_buffer_printf(page, "%llu\n", (unsigned long long)below);
}

static void render_series(struct hs_metrics *metrics, enum hs_metric metric,
                          const struct cell *cell, struct hs_buffer *page)
{
    struct sums sums = {0};
    for (const struct cell *other = cell; other != NULL; other = other->next)
        if (same_labels(other, cell))
            add_cell_to(&sums, metric, other);
    switch (rows[metric].info.kind) {
    case HS_METRIC_COUNTER:
        put_name(page, metric, "", cell, NULL);
        hs_buffer_printf(page, "%llu\n", (unsigned long long)sums.count);
        break;
    case HS_METRIC_GAUGE:
        put_name(page, metric, "", cell, NULL);
        hs_buffer_printf(page, "%.15g\n", sums.value);
        break;
    case HS_METRIC_HISTOGRAM:
        render_histogram(page, metric, cell, &sums);
        break;
    }
}

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

void hs_metrics_render(struct hs_metrics *metrics, struct hs_buffer *ret_page)
{
    run_collectors(metrics);
    pthread_mutex_lock(&metrics->lock);
    for (unsigned i = 0; i < HS_METRIC_COUNT; i++) {
        enum hs_metric metric = (enum hs_metric)i;
        const struct hs_metric_info *info = &rows[i].info;
        if (metrics->cells[i] == NULL && !is_process(metric))
            continue;
        hs_buffer_printf(ret_page, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help,
                         info->name, kind_names[info->kind]);
        if (is_process(metric))
            render_process(metric, ret_page);
        for (const struct cell *cell = metrics->cells[i]; cell != NULL; cell = cell->next)
            if (is_first_of_its_labels(metrics, metric, cell))
                render_series(metrics, metric, cell, ret_page);
    }
    pthread_mutex_unlock(&metrics->lock);
}

void hs_metrics_manual(struct hs_buffer *ret_page)
{
    hs_buffer_append_text(ret_page,
                          "# Metrics\n\nMade of the program's own table by `hookstream manual "
                          "metrics`.\n\n| metric | kind | labels | what it tells |\n"
                          "| --- | --- | --- | --- |\n");
    for (unsigned i = 0; i < HS_METRIC_COUNT; i++) {
        const struct hs_metric_info *info = &rows[i].info;
        hs_buffer_printf(ret_page, "| `%s` | %s | %s | %s |\n", info->name, kind_names[info->kind],
                         info->labels, info->help);
    }
}
