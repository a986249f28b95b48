/* Config internals: the reader of libyaml's events, shared by the files yaml*.c. */
#ifndef HS_CONFIG_YAML_H
#define HS_CONFIG_YAML_H

#include "internal.h"

#include <yaml.h>

#define HS_YAML_ANCHORS_MAX 1000u

struct hs_yaml_anchor {
    const char *name;
    struct hs_node *node;
    size_t weight;   /* number of nodes in it, counting aliases each time they are used */
    unsigned height; /* its depth, following aliases */
};

struct hs_yaml {
    struct hs_config *config;
    struct hs_slice text;
    yaml_parser_t parser;
    struct hs_yaml_anchor anchors[HS_YAML_ANCHORS_MAX];
    size_t anchor_count;
    size_t nodes;     /* read so far, counting those behind aliases each time */
    unsigned deepest; /* depth reached since the current node began */
    bool failed;      /* reading cannot continue; a finding gives the reason */
};

/* Adds a finding that ends the reading. */
void hs_yaml_fail(struct hs_yaml *yaml, enum hs_finding_code code, yaml_mark_t mark,
                  const char *message);
/* As above for an error of libyaml, in plain language and at the position a user would check. */
void hs_yaml_fail_parser(struct hs_yaml *yaml);

/* The next event, which the caller deletes; false if there is none. */
bool hs_yaml_next(struct hs_yaml *yaml, yaml_event_t *ret_event);
struct hs_node *hs_yaml_make(struct hs_yaml *yaml, enum hs_node_kind kind, yaml_mark_t mark);
/* A scalar verbatim, without expanding ${...}. */
struct hs_node *hs_yaml_scalar(struct hs_yaml *yaml, const yaml_event_t *event);
/* The node that begins with `event`; a broken one if it caused a finding. NULL only if reading
 * failed. */
struct hs_node *hs_yaml_node(struct hs_yaml *yaml, const yaml_event_t *event, unsigned depth);
/* The mapping that begins with `begin`. */
struct hs_node *hs_yaml_map(struct hs_yaml *yaml, const yaml_event_t *begin, unsigned depth);
/* Makes room for one more in an array of the arena. */
void hs_yaml_grow(struct hs_yaml *yaml, struct hs_node ***items, size_t count, size_t *capacity);

/* Whether the line of the mark has an unquoted IPv6 address, which will fail the parser soon. */
bool hs_yaml_has_bare_address(const struct hs_yaml *yaml, yaml_mark_t mark);

#endif
