/* Proves: the page sums cells with equal labels, escapes label values, and bounds the number of
 * series. */
#include "hs_test.h"

#include <hookstream/metrics.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct hs_metrics *metrics;

static char *render(void)
{
    static struct hs_buffer page;
    hs_buffer_free(&page);
    hs_buffer_init(&page, 64 << 20);
    hs_metrics_render(metrics, &page);
    hs_buffer_append_byte(&page, '\0');
    ck_assert_int_eq(hs_buffer_status(&page), 0);
    return page.data;
}

START_TEST(cells_of_equal_labels_are_summed)
{
    metrics = hs_metrics_create();
    struct hs_counter *one =
        hs_metrics_counter(metrics, HS_METRIC_requests_total, "fanfare", "202");
    struct hs_counter *two =
        hs_metrics_counter(metrics, HS_METRIC_requests_total, "fanfare", "202");
    struct hs_counter *other =
        hs_metrics_counter(metrics, HS_METRIC_requests_total, "fanfare", "401");
    hs_counter_add(one, 2);
    hs_counter_add(two, 3);
    hs_counter_add(other, 7);
    const char *page = render();
    ck_assert_ptr_nonnull(
        strstr(page, "hookstream_requests_total{source=\"fanfare\",code=\"202\"} 5\n"));
    ck_assert_ptr_nonnull(
        strstr(page, "hookstream_requests_total{source=\"fanfare\",code=\"401\"} 7\n"));
    ck_assert_ptr_nonnull(strstr(page, "# TYPE hookstream_requests_total counter\n"));
    hs_metrics_free(metrics);
}
END_TEST

START_TEST(histograms_are_cumulative)
{
    metrics = hs_metrics_create();
    struct hs_histogram *h = hs_metrics_histogram(metrics, HS_METRIC_journal_batch_events);
    hs_histogram_observe(h, 1, 1);
    hs_histogram_observe(h, 3, 2);
    hs_histogram_observe(h, 1e9, 1);
    const char *page = render();
    ck_assert_ptr_nonnull(strstr(page, "hookstream_journal_batch_events_bucket{le=\"1\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(page, "hookstream_journal_batch_events_bucket{le=\"2\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(page, "hookstream_journal_batch_events_bucket{le=\"4\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(page, "hookstream_journal_batch_events_bucket{le=\"+Inf\"} 4\n"));
    ck_assert_ptr_nonnull(strstr(page, "hookstream_journal_batch_events_sum 1000000007\n"));
    ck_assert_ptr_nonnull(strstr(page, "hookstream_journal_batch_events_count 4\n"));
    hs_metrics_free(metrics);
}
END_TEST

START_TEST(label_values_are_escaped)
{
    metrics = hs_metrics_create();
    hs_gauge_set(hs_metrics_gauge(metrics, HS_METRIC_sink_lag_events, "a\"b\\c\nd"), 1.5);
    ck_assert_ptr_nonnull(
        strstr(render(), "hookstream_sink_lag_events{sink=\"a\\\"b\\\\c\\nd\"} 1.5\n"));
    hs_metrics_free(metrics);
}
END_TEST

START_TEST(series_are_bounded)
{
    metrics = hs_metrics_create();
    for (unsigned i = 0; i < HS_METRICS_CELLS_MAX + 10; i++)
        hs_counter_add(hs_metrics_counter(metrics, HS_METRIC_dead_letters_dropped_total, "retain"),
                       1);
    char wanted[80];
    snprintf(wanted, sizeof(wanted), "hookstream_dead_letters_dropped_total{limit=\"retain\"} %u\n",
             HS_METRICS_CELLS_MAX);
    ck_assert_ptr_nonnull(strstr(render(), wanted));
    hs_metrics_free(metrics);
}
END_TEST

static void collect(void *context)
{
    hs_gauge_set(context, 42);
}

START_TEST(collectors_run_before_each_page_until_forgotten)
{
    metrics = hs_metrics_create();
    struct hs_gauge *gauge = hs_metrics_gauge(metrics, HS_METRIC_connections);
    hs_metrics_on_collect(metrics, collect, gauge);
    ck_assert_ptr_nonnull(strstr(render(), "hookstream_connections 42\n"));
    hs_metrics_forget(metrics, gauge);
    hs_gauge_set(gauge, 1);
    ck_assert_ptr_nonnull(strstr(render(), "hookstream_connections 1\n"));
    hs_metrics_free(metrics);
}
END_TEST

static void *count_up(void *context)
{
    for (int i = 0; i < 100000; i++)
        hs_counter_add(context, 1);
    return NULL;
}

START_TEST(threads_count_each_in_their_own_cell)
{
    metrics = hs_metrics_create();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count_up,
                       hs_metrics_counter(metrics, HS_METRIC_sink_delivered_total, "s", "r"));
    (void)render(); /* while they count */
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_ptr_nonnull(
        strstr(render(), "hookstream_sink_delivered_total{sink=\"s\",route=\"r\"} 400000\n"));
    hs_metrics_free(metrics);
}
END_TEST

HS_TEST_MAIN("base metrics", cells_of_equal_labels_are_summed, histograms_are_cumulative,
             label_values_are_escaped, series_are_bounded,
             collectors_run_before_each_page_until_forgotten, threads_count_each_in_their_own_cell)
