/* Config, inside: the reader of libyaml's events, shared by the files yaml*.c. */
#ifndef HS_CONFIG_YAML_H
#define HS_CONFIG_YAML_H

#include "internal.h"

#include <yaml.h>

#define HS_YAML_ANCHORS_MAX 1000u

struct hs_yaml_anchor {
    const char *name;
    struct hs_node *node;
    size_t weight;   /* nodes in it, aliases counted as often as they are used */
    unsigned height; /* how deep it is, aliases followed */
};

struct hs_yaml {
    struct hs_config *config;
    struct hs_slice text;
    yaml_parser_t parser;
    struct hs_yaml_anchor anchors[HS_YAML_ANCHORS_MAX];
    size_t anchor_count;
    size_t nodes;     /* read so far, those behind aliases counted each time */
    unsigned deepest; /* depth reached since the node at hand began */
    bool failed;      /* reading on makes no sense; a finding says why */
};

/* A finding that ends the reading. */
void hs_yaml_fail(struct hs_yaml *yaml, enum hs_finding_code code, yaml_mark_t mark,
                  const char *message);
/* The same for what libyaml refused, in plain words at the place a person would look. */
void hs_yaml_fail_parser(struct hs_yaml *yaml);

/* The next event, which the caller deletes; false when there is none. */
bool hs_yaml_next(struct hs_yaml *yaml, yaml_event_t *ret_event);
struct hs_node *hs_yaml_make(struct hs_yaml *yaml, enum hs_node_kind kind, yaml_mark_t mark);
/* A scalar as it stands, without ${...}. */
struct hs_node *hs_yaml_scalar(struct hs_yaml *yaml, const yaml_event_t *event);
/* The node that begins with `event`; a broken one where a finding was made instead. NULL only
 * when reading failed. */
struct hs_node *hs_yaml_node(struct hs_yaml *yaml, const yaml_event_t *event, unsigned depth);
/* The mapping that begins with `begin`. */
struct hs_node *hs_yaml_map(struct hs_yaml *yaml, const yaml_event_t *begin, unsigned depth);
/* Room for one more in an array of the arena. */
void hs_yaml_grow(struct hs_yaml *yaml, struct hs_node ***items, size_t count, size_t *capacity);

/* Whether the line of the mark has an IPv6 address without quotes, which fails the parser soon. */
bool hs_yaml_has_bare_address(const struct hs_yaml *yaml, yaml_mark_t mark);

#endif
