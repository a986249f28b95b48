/* Lane: one source as seen by one worker: its verifier and its counters. A worker has a lane per
 * source, so that no hot data is shared. Threads: its worker's. */
#ifndef HS_INGRESS_LANE_H
#define HS_INGRESS_LANE_H

#include <hookstream/metrics.h>
#include <hookstream/source.h>

#define HS_LANE_CODES_MAX 24u
#define HS_LANE_REASONS_MAX 24u
#define HS_LANE_FAMILIES_MAX 16u

struct hs_lane {
    const char *name; /* of the source; "" for requests that reached none */
    struct hs_slice name_slice, path;
    unsigned index;
    const struct hs_source_options *options;
    struct hs_verifier *verifier;
    const struct hs_scheme *scheme;

    struct hs_metrics *metrics;
    struct hs_histogram *seconds, *skew;
    struct hs_counter **secrets; /* one per secret */
    struct {
        unsigned code;
        struct hs_counter *counter;
    } codes[HS_LANE_CODES_MAX];
    struct {
        const char *reason; /* static text */
        struct hs_counter *counter;
    } reasons[HS_LANE_REASONS_MAX];
    struct {
        const char *family; /* static text of the catalogue */
        struct hs_counter *accepted, *duplicate;
    } families[HS_LANE_FAMILIES_MAX];
};

/* `options` NULL: the lane of requests that reached no source. Borrows name and options. */
HS_MUST_CHECK int hs_lane_open(struct hs_lane *lane, const char *name, unsigned index,
                               const struct hs_source_options *options, struct hs_metrics *metrics);
void hs_lane_close(struct hs_lane *lane);

void hs_lane_count_request(struct hs_lane *lane, unsigned code);
/* `reason` is a static text. */
void hs_lane_count_rejected(struct hs_lane *lane, const char *reason);
void hs_lane_count_event(struct hs_lane *lane, struct hs_slice type, bool duplicate);

#endif
