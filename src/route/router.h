/* Router internals: the structures that compilation builds and matching reads. */
#ifndef HS_ROUTE_ROUTER_H
#define HS_ROUTE_ROUTER_H

#include "pattern.h"
#include "trie.h"

#include <hookstream/limits.h>

struct hs_cache;

/* A route with its conditions. The public part comes first: an entry never moves after it was
 * handed out. */
struct hs_entry {
    struct hs_route route;
    struct hs_pattern pattern;
    struct hs_strings sources; /* count 0: every source */
    struct hs_condition *when; /* or NULL */
    const struct hs_node *match_node;
    bool ranked; /* its conditions were compiled, so it takes part in the order */
};

struct hs_router {
    struct hs_entry *entries; /* in the order of the file */
    size_t count;
    const struct hs_entry **ranked; /* those that take part, first choice first */
    size_t ranked_count;
    struct hs_trie *trie; /* its values are indexes into `ranked` */
    enum hs_default fallback;
    struct hs_route fallback_route; /* of HS_DEFAULT_TARGETS */
    struct hs_cache *cache;         /* written by matching: a router belongs to one thread */
};

/* ---- Targets ---- */

/* The inputs of a router's compilation. */
struct hs_router_input {
    struct hs_config *config;
    const struct hs_children *sinks, *sources;
};

/* Compiles a list of targets into the route. Returns false, with findings, on errors. */
bool hs_targets_compile(const struct hs_router_input *input, const struct hs_node *node,
                        const char *key, struct hs_route *route);
/* Reports targets that would lose headers set by the route's transformations. */
void hs_targets_check_headers(struct hs_config *config, const struct hs_route *route);
void hs_targets_free(struct hs_route *route);

/* ---- Samples ---- */

/* Parses `sample` in `node` (NULL: absent, which is 0). Returns false, with a finding, if
 * invalid. */
bool hs_sample_compile(struct hs_config *config, const struct hs_node *node, const char *text,
                       uint32_t *ret_sample);
/* Appends it as written: "12.5%". */
void hs_sample_write(uint32_t sample, struct hs_buffer *ret_text);

/* ---- Order ---- */

/* Fills `ranked` and `trie`, and reports ties. */
void hs_router_rank(struct hs_router *router, struct hs_config *config);

/* ---- Candidates ---- */

bool hs_entry_takes_source(const struct hs_entry *entry, struct hs_slice source);

struct hs_cache *hs_cache_create(void);
void hs_cache_free(struct hs_cache *cache);

/* Indexes into `ranked`, first choice first, of the routes that take an event of this type as far
 * as the type decides. Borrowed until the next call. */
struct hs_candidates {
    const uint16_t *places;
    size_t count;
};
struct hs_candidates hs_router_candidates(const struct hs_router *router, struct hs_slice type);

#endif
