/* Route: which route an event takes and what its targets are. Compiled from `routes:` and
 * `default:` with every error at its place. Knows nothing of how targets are delivered.
 *
 * A `match` is read left to right, a segment at a time: a literal segment beats `*` (one
 * segment) beats `**` (any number, also none). `queue` stands for `queue.**`. The most
 * specific route whose source and `when` agree wins, whatever the order in the file. Two
 * routes with the same pattern and the same sources tie, which is an error unless a `when`
 * sets them apart: then those with a `when` are tried in the order written, and the one
 * without comes last. Of two routes with the same pattern the one that lists sources comes
 * first. After a ** two patterns can be equally specific and meet (**.a.** and **.b.**): they
 * tie like the same one.
 *
 * Where an event goes is decided by the event as it was received, never by what is made of it:
 * its route's `match`, `sources` and `when`, then the route's `sample`, then each target's `when`
 * and `sample`. What a sample leaves out is dropped knowingly: it is no dead letter, and no other
 * route is tried (docs/decisions/0009-sampling.md).
 * Threads: a router belongs to one thread; each sink and each worker compiles its own. */
#ifndef HOOKSTREAM_ROUTE_H
#define HOOKSTREAM_ROUTE_H

#include <hookstream/sink.h>
#include <hookstream/transform.h>

#define HS_SINKS_MAX 64u /* sinks of a configuration: one bit each */
#define HS_PATTERN_SEGMENTS_MAX 16u
#define HS_TARGETS_MAX 32u /* of one route */

struct hs_target {
    unsigned sink; /* index in the configuration's map of sinks */
    enum hs_sink_kind kind;
    struct hs_target_options options;
    struct hs_template *destination;
    struct hs_template *key;      /* or NULL */
    struct hs_template **headers; /* one per options.headers */
    struct hs_condition *when;    /* or NULL */
    uint32_t sample;              /* as the route's, of the events that the route takes */
    /* After the route's, for this target alone; may be empty. */
    struct hs_transform *transform;
};

struct hs_route {
    const char *name;
    const char *match;
    const struct hs_node *node;      /* where it stands: its mapping, or what `default:` has */
    struct hs_strings accept;        /* findings that are known and meant */
    const struct hs_condition *when; /* or NULL */
    uint32_t sample;                 /* of HS_SAMPLE_WHOLE events so many; 0: every one */
    struct hs_transform *transform;  /* may be empty */
    struct hs_target *targets;
    size_t target_count;
    uint64_t sinks; /* a bit for each sink that a target names */
    unsigned index; /* in the file; the default is the last */
};

#define HS_SAMPLE_WHOLE 1000000u

enum hs_default { HS_DEFAULT_DEAD_LETTER, HS_DEFAULT_DROP, HS_DEFAULT_TARGETS };

/* The sinks a router may name: the bound `sinks:` map. */
struct hs_router;

/* Compiles; adds findings to `config`. NULL only when the nodes are so broken that nothing
 * can be routed; use it only when the config has no errors. The config and sinks are
 * borrowed for the router's life. `routes` and `fallback` are the nodes of `routes:` and
 * `default:` (NULL when absent: a missing default is an error). `sources` for the `sources:`
 * lists of routes. Writes to the config's arena: one compile at a time. */
struct hs_router *hs_router_compile(struct hs_config *config, const struct hs_node *routes,
                                    const struct hs_node *fallback, const struct hs_children *sinks,
                                    const struct hs_children *sources);
void hs_router_free(struct hs_router *router);

/* The route of the event: its type, source and, when a candidate has a `when`, its body
 * (through `work`, which was begun with the event). 1: *ret_route is the winner (or the
 * default's targets, whose name is "default"); 0: none, and the default says dead letter
 * or drop; -EINVAL: a `when` had to be asked and the body is not JSON. */
HS_MUST_CHECK int hs_router_match(const struct hs_router *router, struct hs_work *work,
                                  const struct hs_route **ret_route);

/* ---- Which targets of its route an event goes to ---- */

/* Where the event falls in the samples of routes, or of targets: 0 to HS_SAMPLE_WHOLE - 1, by a
 * hash of its id that has no key: `sample: 10%` takes those below 100000. */
uint32_t hs_sample_place_in_routes(const struct hs_event *event);
uint32_t hs_sample_place_in_targets(const struct hs_event *event);
/* Whether the route's `sample` takes the event. */
bool hs_route_samples(const struct hs_route *route, const struct hs_event *event);
/* Whether the target's `when` and `sample` take the event that `work` was begun with, which must
 * not have been edited. 1, 0, or -EINVAL: the `when` cannot be asked, the body is no JSON. */
HS_MUST_CHECK int hs_target_takes(const struct hs_target *target, struct hs_work *work);
/* Whether the sink gets a message of the event by this route, its `sample` and its targets; as
 * hs_target_takes(). */
HS_MUST_CHECK int hs_route_reaches(const struct hs_route *route, unsigned sink,
                                   struct hs_work *work);

/* Every sink that an event of this type and source could go to, whatever `when`s and samples
 * say. */
uint64_t hs_router_sinks(const struct hs_router *router, struct hs_slice type,
                         struct hs_slice source);
/* Whether an event of this type and source may come to the route with this index, whatever the
 * `when`s say: its pattern and sources take it, and no route without a `when` does before. */
bool hs_router_may_take(const struct hs_router *router, size_t index, struct hs_slice type,
                        struct hs_slice source);
/* Whether the route's `sources` list this one, or none. */
bool hs_router_takes_source(const struct hs_router *router, size_t index, struct hs_slice source);
enum hs_default hs_router_default(const struct hs_router *router);

/* A target that stands by itself, outside of any route, as one entry of a `to`: compiled as the
 * only target of a route without a name. NULL: it has errors, which are findings. The caller
 * frees; `config` and `sinks` are borrowed for its life. */
struct hs_route *hs_route_of_target(struct hs_config *config, const struct hs_node *target,
                                    const struct hs_children *sinks);
void hs_route_of_target_free(struct hs_route *route);

/* Appends what decides where events go, and nothing else, as a configuration of its own:
 * sinks by name (as files, whatever they are), sources, routes with match, sources, when, sample
 * and their targets' sinks, when and sample, default. It has no secrets but what a `when`
 * compares with. */
void hs_router_write(const struct hs_router *router, const struct hs_children *sinks,
                     const struct hs_children *sources, struct hs_buffer *ret_text);
/* The same of routes that give every event to every sink. */
void hs_router_write_any(const struct hs_children *sinks, struct hs_buffer *ret_text);

/* A `match` by itself, for tools: which types it stands for. One thread. */
struct hs_type_filter;
/* NULL and words: it is no pattern. The caller frees. `match` is copied. */
struct hs_type_filter *hs_type_filter_create(const char *match);
void hs_type_filter_free(struct hs_type_filter *filter);
bool hs_type_filter_takes(struct hs_type_filter *filter, struct hs_slice type);

/* How one route fared with an event, for `explain`. */
enum hs_consideration {
    HS_ROUTE_TAKEN,
    HS_ROUTE_OTHER_TYPE,   /* its `match` does not take the type */
    HS_ROUTE_OTHER_SOURCE, /* its `sources` do not list the event's */
    HS_ROUTE_UNMET,        /* its `when` does not hold */
    HS_ROUTE_UNASKABLE,    /* its `when` cannot be asked: the body is no JSON */
    HS_ROUTE_AFTER,        /* would have taken it, but another one comes before */
};
struct hs_considered {
    const struct hs_route *route;
    enum hs_consideration outcome;
    const struct hs_condition *when; /* or NULL */
};
/* Every route, the first choice first, as hs_router_match() tries them; not the default. */
typedef void hs_considered_fn(void *context, const struct hs_considered *considered);
void hs_router_consider(const struct hs_router *router, struct hs_work *work,
                        hs_considered_fn *visit, void *context);

/* All routes in the order of the file; for metrics, `check` and `explain`. */
size_t hs_router_count(const struct hs_router *router);
const struct hs_route *hs_router_at(const struct hs_router *router, size_t index);
/* The manual's page of a route's keys. */
void hs_route_manual(struct hs_buffer *ret_page);
/* Appends the schema's definitions "routes", "default" and "targets", without the braces around
 * them. */
void hs_route_schema(struct hs_buffer *ret_json);

#endif
