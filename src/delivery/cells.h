/* Cells: counters created on first use, because their labels (a reason) are only known then. For
 * rare events; hot counters are created in advance. Threads: belongs to its owner's. */
#ifndef HS_DELIVERY_CELLS_H
#define HS_DELIVERY_CELLS_H

#include <hookstream/metrics.h>

#define HS_CELLS_MAX 128u

struct hs_cells {
    struct hs_cell {
        enum hs_metric metric;
        char labels[3][48];
        struct hs_counter *counter;
    } * items;
    size_t count;
};

void hs_cells_free(struct hs_cells *cells);
/* Increments the counter with these labels (as many as the metric has; the others ""). Past
 * HS_CELLS_MAX combinations the last of them is used. */
void hs_cells_count(struct hs_cells *cells, struct hs_metrics *metrics, enum hs_metric metric,
                    const char *first, const char *second, const char *third);

#endif
