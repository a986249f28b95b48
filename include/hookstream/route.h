/* Route: decides which route an event takes, and its targets. Compiled from `routes:` and
 * `default:`; errors are reported with their position. Knows nothing of how targets are delivered.
 *
 * A `match` is read left to right, a segment at a time: a literal segment beats `*` (one segment)
 * beats `**` (any number, also none). `queue` means `queue.**`. The most specific route whose
 * source and `when` agree wins, whatever the order in the file. Two routes with the same pattern
 * and sources tie, which is an error unless a `when` distinguishes them: those with a `when` are
 * tried in the order written, and the one without comes last. Of two routes with the same pattern
 * the one that lists sources comes first. After a ** two patterns can be equally specific and
 * overlap (**.a.** and **.b.**): they tie like equal ones.
 *
 * The decision depends on the event as received, never on its transformed form: the route's
 * `match`, `sources` and `when`, then its `sample`, then each target's `when` and `sample`. An
 * event that a sample excludes is dropped intentionally: it is not a dead letter, and no other
 * route is tried (docs/decisions/0009-sampling.md). Threads: a router belongs to one thread; each
 * sink and each worker compiles its own. */
#ifndef HOOKSTREAM_ROUTE_H
#define HOOKSTREAM_ROUTE_H

#include <hookstream/limits.h>
#include <hookstream/sink_kind.h>
#include <hookstream/transform.h>

struct hs_target {
    unsigned sink; /* index in the configuration's map of sinks */
    const struct hs_sink_kind *kind;
    struct hs_target_options *options; /* in the config's arena, as the kind binds them */
    struct hs_template *destination;
    struct hs_template *key;      /* or NULL */
    struct hs_template **headers; /* one per options.headers */
    struct hs_condition *when;    /* or NULL */
    uint32_t sample;              /* as the route's, applied to the events that the route takes */
    /* Applied after the route's, for this target only; may be empty. */
    struct hs_transform *transform;
};

struct hs_route {
    const char *name;
    const char *match;
    const struct hs_node *node;      /* its position: its mapping, or the value of `default:` */
    struct hs_strings accept;        /* findings that the operator accepted */
    const struct hs_condition *when; /* or NULL */
    uint32_t sample;                 /* takes this many of HS_SAMPLE_WHOLE events; 0: every one */
    struct hs_transform *transform;  /* may be empty */
    struct hs_target *targets;
    size_t target_count;
    uint64_t sinks; /* one bit per sink that a target names */
    unsigned index; /* in the file; the default comes last */
};

#define HS_SAMPLE_WHOLE 1000000u

enum hs_default { HS_DEFAULT_DEAD_LETTER, HS_DEFAULT_DROP, HS_DEFAULT_TARGETS };

/* The sinks that a router may name: the bound `sinks:` map. */
struct hs_router;

/* Compiles a router; adds findings to `config`. Returns NULL only if the nodes are too broken to
 * route anything; use the result only if the config has no errors. Borrows the config and the sinks
 * for the router's life. `routes` and `fallback` are the nodes of `routes:` and `default:` (NULL
 * when absent: a missing default is an error). `sources` is for the `sources:` lists of routes.
 * Writes to the config's arena: one compilation at a time. */
struct hs_router *hs_router_compile(struct hs_config *config, const struct hs_node *routes,
                                    const struct hs_node *fallback, const struct hs_children *sinks,
                                    const struct hs_children *sources);
/* Frees the router. NULL is fine. */
void hs_router_free(struct hs_router *router);

/* Finds the route of an event by its type, source and, if a candidate has a `when`, its body
 * (through `work`, begun with the event). 1: *ret_route is the winner, or the default's targets,
 * whose name is "default"; 0: none, and the default is dead_letter or drop; -EINVAL: a `when` had
 * to be evaluated and the body is not JSON. */
HS_MUST_CHECK int hs_router_match(const struct hs_router *router, struct hs_work *work,
                                  const struct hs_route **ret_route);

/* ---- Which targets of its route an event goes to ---- */

/* The event's position in the samples of routes: 0 to HS_SAMPLE_WHOLE - 1, by an unkeyed hash of
 * its id. `sample: 10%` takes positions below 100000. */
uint32_t hs_sample_place_in_routes(const struct hs_event *event);
/* The event's position in the samples of targets, by an independent hash. */
uint32_t hs_sample_place_in_targets(const struct hs_event *event);
/* Whether the route's `sample` takes the event. */
bool hs_route_samples(const struct hs_route *route, const struct hs_event *event);
/* Whether the target's `when` and `sample` take the event that `work` was begun with, which must be
 * unedited. 1; 0; -EINVAL: the `when` cannot be evaluated, as the body is not JSON. */
HS_MUST_CHECK int hs_target_takes(const struct hs_target *target, struct hs_work *work);
/* Whether the sink gets a message of the event by this route, its `sample` and its targets; results
 * as hs_target_takes(). */
HS_MUST_CHECK int hs_route_reaches(const struct hs_route *route, unsigned sink,
                                   struct hs_work *work);

/* Every sink that an event of this type and source could go to, ignoring `when` and `sample`. */
uint64_t hs_router_sinks(const struct hs_router *router, struct hs_slice type,
                         struct hs_slice source);
/* Whether an event of this type and source can reach the route of this index, ignoring `when`: its
 * pattern and sources take it, and no earlier route without a `when` does. */
bool hs_router_may_take(const struct hs_router *router, size_t index, struct hs_slice type,
                        struct hs_slice source);
/* Whether the route's `sources` list this one, or none. */
bool hs_router_takes_source(const struct hs_router *router, size_t index, struct hs_slice source);
/* What happens to events that no route takes. */
enum hs_default hs_router_default(const struct hs_router *router);

/* Compiles a target outside any route, such as one entry of a `to`, as the only target of a route
 * without a name. NULL: it has errors, which are findings. The caller frees it; `config` and
 * `sinks` are borrowed for its life. */
struct hs_route *hs_route_of_target(struct hs_config *config, const struct hs_node *target,
                                    const struct hs_children *sinks);
/* Frees the route. NULL is fine. */
void hs_route_of_target_free(struct hs_route *route);

/* Appends exactly what decides where events go, as a configuration of its own: sinks by name
 * (always as files), sources, routes with match, sources, when, sample and their targets' sinks,
 * when and sample, and the default. It contains no secrets except literals in a `when`. */
void hs_router_write(const struct hs_router *router, const struct hs_children *sinks,
                     const struct hs_children *sources, struct hs_buffer *ret_text);
/* As hs_router_write(), for routes that give every event to every sink. */
void hs_router_write_any(const struct hs_children *sinks, struct hs_buffer *ret_text);

/* A standalone `match` pattern, for tools. One thread. */
struct hs_type_filter;
/* Compiles a pattern (copied). NULL and a message if it is not one. The caller frees it. */
struct hs_type_filter *hs_type_filter_create(const char *match);
/* Frees the filter. NULL is fine. */
void hs_type_filter_free(struct hs_type_filter *filter);
/* Whether the pattern matches the type. */
bool hs_type_filter_takes(struct hs_type_filter *filter, struct hs_slice type);

/* The result of one route for an event, for `explain`. */
enum hs_consideration {
    HS_ROUTE_TAKEN,
    HS_ROUTE_OTHER_TYPE,   /* its `match` does not take the type */
    HS_ROUTE_OTHER_SOURCE, /* its `sources` do not list the event's */
    HS_ROUTE_UNMET,        /* its `when` is false */
    HS_ROUTE_UNASKABLE,    /* its `when` cannot be evaluated: the body is not JSON */
    HS_ROUTE_AFTER,        /* would have taken it, but another route comes first */
};
struct hs_considered {
    const struct hs_route *route;
    enum hs_consideration outcome;
    const struct hs_condition *when; /* or NULL */
};
/* Called for every route except the default, first choice first, in the order of
 * hs_router_match(). */
typedef void hs_considered_fn(void *context, const struct hs_considered *considered);
/* Evaluates every route for the event and reports each result to `visit`. */
void hs_router_consider(const struct hs_router *router, struct hs_work *work,
                        hs_considered_fn *visit, void *context);

/* All routes in the order of the file; for metrics, `check` and `explain`. */
size_t hs_router_count(const struct hs_router *router);
/* The route at this index. */
const struct hs_route *hs_router_at(const struct hs_router *router, size_t index);
/* Appends the manual's page about a route's keys. */
void hs_route_manual(struct hs_buffer *ret_page);
/* Adds the schema's definitions "routes", "default" and "targets". */
void hs_route_schema(struct json_object *definitions);

#endif
