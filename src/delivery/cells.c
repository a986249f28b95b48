/* Cells: a short list, searched linearly. */
#include "cells.h"

#include <stdio.h>
#include <stdlib.h>

void hs_cells_free(struct hs_cells *cells)
{
    free(cells->items);
    *cells = (struct hs_cells){0};
}

static bool is_it(const struct hs_cell *cell, enum hs_metric metric, char labels[3][48])
{
    return cell->metric == metric && strcmp(cell->labels[0], labels[0]) == 0 &&
           strcmp(cell->labels[1], labels[1]) == 0 && strcmp(cell->labels[2], labels[2]) == 0;
}

void hs_cells_count(struct hs_cells *cells, struct hs_metrics *metrics, enum hs_metric metric,
                    const char *first, const char *second, const char *third)
{
    char labels[3][48];
    snprintf(labels[0], sizeof(labels[0]), "%s", first);
    snprintf(labels[1], sizeof(labels[1]), "%s", second);
    snprintf(labels[2], sizeof(labels[2]), "%s", third);
    for (size_t i = 0; i < cells->count; i++) {
        if (is_it(&cells->items[i], metric, labels)) {
            hs_counter_add(cells->items[i].counter, 1);
            return;
        }
    }
    if (cells->items == NULL)
        cells->items = hs_alloc_array(HS_CELLS_MAX, sizeof(*cells->items));
    if (cells->count == HS_CELLS_MAX) {
        hs_counter_add(cells->items[HS_CELLS_MAX - 1].counter, 1);
        return;
    }
    struct hs_cell *cell = &cells->items[cells->count++];
    cell->metric = metric;
    memcpy(cell->labels, labels, sizeof(labels));
    /* Only as many labels are compared as the metric has. */
    cell->counter =
        hs_metrics_counter(metrics, metric, cell->labels[0], cell->labels[1], cell->labels[2]);
    hs_counter_add(cell->counter, 1);
}
