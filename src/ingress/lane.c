/* Lane: counters are created on first use and found by a short scan: a source uses only a handful
 * of codes, reasons and families. */
#include "lane.h"

#include <hookstream/catalogue.h>
#include <stdio.h>
#include <stdlib.h>

int hs_lane_open(struct hs_lane *lane, const char *name, unsigned index,
                 const struct hs_source_options *options, struct hs_metrics *metrics)
{
    *lane = (struct hs_lane){.name = name, .name_slice = hs_slice_text(name), .index = index};
    lane->metrics = metrics;
    lane->seconds = hs_metrics_histogram(metrics, HS_METRIC_request_seconds, name);
    if (options == NULL)
        return 0;
    lane->options = options;
    lane->path = hs_source_path(hs_slice_text(options->path));
    lane->scheme = hs_source_scheme(&options->verify);
    lane->skew = hs_metrics_histogram(metrics, HS_METRIC_clock_skew_seconds, name);
    lane->secrets = hs_alloc_array(options->verify.secret_count + 1, sizeof(struct hs_counter *));
    for (size_t i = 0; i < options->verify.secret_count; i++)
        lane->secrets[i] = hs_metrics_counter(metrics, HS_METRIC_signature_secret_total, name,
                                              options->verify.secret_items[i].name);
    return hs_verifier_create(lane->scheme, &options->verify, &lane->verifier);
}

void hs_lane_close(struct hs_lane *lane)
{
    hs_verifier_free(lane->verifier);
    free(lane->secrets);
}

void hs_lane_count_request(struct hs_lane *lane, unsigned code)
{
    size_t i = 0;
    while (i < HS_LANE_CODES_MAX - 1 && lane->codes[i].counter != NULL &&
           lane->codes[i].code != code)
        i++;
    if (lane->codes[i].counter == NULL) {
        char text[16];
        snprintf(text, sizeof(text), "%u", code);
        lane->codes[i].code = code;
        lane->codes[i].counter =
            hs_metrics_counter(lane->metrics, HS_METRIC_requests_total, lane->name, text);
    }
    hs_counter_add(lane->codes[i].counter, 1);
}

void hs_lane_count_rejected(struct hs_lane *lane, const char *reason)
{
    size_t i = 0;
    while (i < HS_LANE_REASONS_MAX - 1 && lane->reasons[i].counter != NULL &&
           strcmp(lane->reasons[i].reason, reason) != 0)
        i++;
    if (lane->reasons[i].counter == NULL) {
        lane->reasons[i].reason = reason;
        lane->reasons[i].counter =
            hs_metrics_counter(lane->metrics, HS_METRIC_rejected_total, lane->name, reason);
    }
    hs_counter_add(lane->reasons[i].counter, 1);
}

void hs_lane_count_event(struct hs_lane *lane, struct hs_slice type, bool duplicate)
{
    const char *family = hs_catalogue_family(hs_event_family(type));
    size_t i = 0;
    while (i < HS_LANE_FAMILIES_MAX - 1 && lane->families[i].family != NULL &&
           lane->families[i].family != family)
        i++;
    if (lane->families[i].family == NULL) {
        lane->families[i].family = family;
        lane->families[i].accepted =
            hs_metrics_counter(lane->metrics, HS_METRIC_events_accepted_total, lane->name, family);
        lane->families[i].duplicate =
            hs_metrics_counter(lane->metrics, HS_METRIC_events_duplicate_total, lane->name, family);
    }
    hs_counter_add(duplicate ? lane->families[i].duplicate : lane->families[i].accepted, 1);
}
