/* Config internals: the configuration under construction. */
#ifndef HS_CONFIG_INTERNAL_H
#define HS_CONFIG_INTERNAL_H

#include <hookstream/config.h>

/* Limit of all bytes that the ${...} of one configuration may insert. */
#define HS_CONFIG_EXPANDED_MAX (16u << 20)

/* A secret that was bound as a key of someone. */
struct hs_known_key {
    const struct hs_node *node;
    const struct hs_option *option;
    const char *path;
};

struct hs_config {
    struct hs_arena *arena;
    const char *file;
    const struct hs_node *root;
    struct hs_slice source; /* the file's own text; data NULL: none was read */
    struct hs_slice *lines; /* of `source`, found on first use */
    size_t line_count;
    struct hs_findings findings; /* kept sorted */
    size_t finding_capacity;
    size_t expanded_bytes; /* bytes that ${...} inserted so far */
    char hash[17];
    const char *scope;              /* see hs_config_set_scope() */
    hs_config_env_fn *env, *absent; /* NULL: getenv(3), and an error */
    void *env_context;
    bool weak_allowed;         /* see hs_config_allow_weak_secrets() */
    struct hs_known_key *keys; /* in the arena */
    size_t key_count;
};

/* Parses the text into nodes; findings report errors, NULL if there is no result. */
struct hs_node *hs_config_read_yaml(struct hs_config *config, struct hs_slice text);

/* Expands ${...} in a scalar's text. `as_written`: the text is in the file character by character,
 * so that a finding can have the column of its ${. */
void hs_config_expand(struct hs_config *config, struct hs_node *node, bool as_written);

/* Checks every scalar in the node by the rule for this kind of secret; messages call the option
 * `path`. */
void hs_secret_check(struct hs_config *config, const struct hs_node *node, const char *path,
                     const struct hs_option *option, enum hs_secret_kind kind);
/* What is unusual about a secret's text, as a verb phrase ("ends in a line break"); NULL: nothing.
 * Never repeats any of it. */
const char *hs_secret_oddity(struct hs_config *config, struct hs_slice text);
/* Warns about a placeholder in a text that is not a secret, or in its part `text`. */
void hs_config_warn_placeholder(struct hs_config *config, const struct hs_node *node,
                                const char *path, struct hs_slice text);

/* Keeps the file's text for hs_config_line() and hs_config_place(). */
void hs_config_keep_source(struct hs_config *config, struct hs_slice text);
/* A line of the file without its line break, from 1; "" if there is no such line. */
struct hs_slice hs_config_line(struct hs_config *config, unsigned line);

/* A finding as one line. */
void hs_config_put_finding(const struct hs_finding *finding, struct hs_buffer *ret_text);
/* A finding at a line and column. */
void hs_config_add(struct hs_config *config, enum hs_severity severity, enum hs_finding_code code,
                   unsigned line, unsigned column, const char *message);

/* A piece of the file for a message: control characters escaped, cut at 80 characters. In the
 * arena. */
const char *hs_config_excerpt(struct hs_config *config, struct hs_slice text);

/* Whether the node counts as absent: missing, an unquoted null, ~ or empty scalar, or an empty
 * ${...} (which must be quoted inside [ ] and { }, so quotes do not matter there). */
bool hs_node_is_absent(const struct hs_node *node);

/* The number of characters of a text: bytes that do not continue a UTF-8 sequence. */
size_t hs_config_characters(struct hs_slice text);

/* Parse single values from a text. 0; -EINVAL; -ERANGE: more than 64 bits. */
int hs_value_size(struct hs_slice text, uint64_t *ret_bytes);
int hs_value_duration(struct hs_slice text, uint64_t *ret_ns);
/* Formats an option's number as written in YAML: "64KiB", "5m", "12". */
void hs_value_print(enum hs_option_kind kind, uint64_t value, char ret_text[32]);

/* The current position of binding: one mapping of the file, or an absent one. */
struct hs_bind {
    struct hs_config *config;
    const char *path;           /* "sinks.kafka"; "" for the root */
    const char *where;          /* the path, or the table's name for the root */
    const struct hs_node *near; /* the mapping, or the nearest one that encloses an absent one */
    bool quiet;                 /* only for defaults: nothing is reported as missing */
    const char *const *names;   /* the keys of the table; none: unknown */
    size_t name_count;
};

/* Returns "sinks.kafka.brokers", in the arena. */
const char *hs_bind_path(const struct hs_bind *bind, const char *name);
/* Binds an option without a table (scalars, lists and mappings of texts). Returns false, with a
 * finding, if invalid; the field is then unchanged. */
bool hs_bind_plain(const struct hs_bind *bind, const struct hs_node *node,
                   const struct hs_option *option, void *ret_field);

#endif
