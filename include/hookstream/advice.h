/* Advice: checks a configuration against the catalogues of its sources before anything runs. It
 * reports fields that no event has, patterns that match nothing, keys that can be missing or lose
 * the order, and personal data and credentials sent unchanged. Knows nothing of the run time, where
 * an unknown type or field is never an error. Its results are findings HS2xx; the `accept` of a
 * route or target suppresses intended warnings. Threads: the configuration's. */
#ifndef HOOKSTREAM_ADVICE_H
#define HOOKSTREAM_ADVICE_H

#include <hookstream/catalogue.h>
#include <hookstream/route.h>

/* ---- The catalogue of a source ---- */

struct hs_catalogues;
/* Loads catalogues by `sources.NAME.catalogue`, or else by the scheme. Adds a finding for an
 * invalid file; its source then has none. `sources` (struct hs_source_options) is borrowed. */
struct hs_catalogues *hs_catalogues_load(struct hs_config *config,
                                         const struct hs_children *sources);
/* Frees the catalogues. NULL is fine. */
void hs_catalogues_free(struct hs_catalogues *catalogues);
/* The catalogue of the source with this index; NULL: its events are unknown. Borrowed. */
const struct hs_catalogue *hs_catalogues_of(const struct hs_catalogues *catalogues, size_t source);

/* ---- Giving advice ---- */

struct hs_advice_input {
    const struct hs_router *router; /* compiled without errors */
    const struct hs_children *sources;
    const struct hs_catalogues *catalogues;
    bool lenient; /* errors become warnings: an event type may be newer than the catalogue */
};
/* Adds all advice as findings of `config`. */
void hs_advice_give(struct hs_config *config, const struct hs_advice_input *input);

#endif
