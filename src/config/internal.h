/* Config, inside: the configuration while it is made. */
#ifndef HS_CONFIG_INTERNAL_H
#define HS_CONFIG_INTERNAL_H

#include <hookstream/config.h>

struct hs_config {
    struct hs_arena *arena;
    const char *file;
    const struct hs_node *root;
    struct hs_findings findings;
    size_t finding_capacity;
    bool sorted;
    char hash[17];
    hs_config_env_fn *env;
    void *env_context;
};

/* Reads the text into nodes; findings say what is wrong, NULL when nothing came of it. */
struct hs_node *hs_config_read_yaml(struct hs_config *config, struct hs_slice text);

/* Expands ${...} in a scalar's text; findings go to the node's place. */
void hs_config_expand(struct hs_config *config, struct hs_node *node);

/* A finding at a line and column. */
void hs_config_add(struct hs_config *config, enum hs_severity severity, unsigned line,
                   unsigned column, const char *message);

/* Whether the node stands for nothing: absent, or an unquoted null, ~ or empty scalar. */
bool hs_node_is_absent(const struct hs_node *node);

/* Readers of single values out of a text; 0, or -EINVAL. */
int hs_value_size(struct hs_slice text, uint64_t *ret_bytes);
int hs_value_duration(struct hs_slice text, uint64_t *ret_ns);

#endif
