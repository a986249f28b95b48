/* Advice: a configuration held against the catalogues of its sources, before anything runs:
 * fields that no event has, patterns that match nothing, keys that can be missing or that lose
 * the order, personal data and credentials that go out as they came. Knows nothing of what
 * happens at run time, where an unknown type or field is never an error.
 * What it says is a finding HS2xx; the `accept` of a route or target takes back the warnings
 * that are meant.
 * Threads: the configuration's. */
#ifndef HOOKSTREAM_ADVICE_H
#define HOOKSTREAM_ADVICE_H

#include <hookstream/catalogue.h>
#include <hookstream/route.h>

/* ---- Which catalogue a source has ---- */

struct hs_catalogues;
/* By `sources.NAME.catalogue`, or else by the scheme. Adds a finding for a file that is not
 * good; its source then has none. `sources` (struct hs_source_options) is borrowed. */
struct hs_catalogues *hs_catalogues_load(struct hs_config *config,
                                         const struct hs_children *sources);
void hs_catalogues_free(struct hs_catalogues *catalogues);
/* Of the source with this index; NULL: nothing is known of its events. Borrowed. */
const struct hs_catalogue *hs_catalogues_of(const struct hs_catalogues *catalogues, size_t source);

/* ---- What is to be said ---- */

struct hs_advice_input {
    const struct hs_router *router; /* compiled without errors */
    const struct hs_children *sources;
    const struct hs_catalogues *catalogues;
    bool lenient; /* what would be an error is a warning, too: an event type may be newer */
};
void hs_advice_give(struct hs_config *config, const struct hs_advice_input *input);

#endif
