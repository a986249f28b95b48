/* Config: YAML with positions, options as tables, and error messages. Reads a file into a tree of
 * nodes that know their line and column, expands ${...}, and binds nodes to C structs by tables of
 * options. Each module defines its options in its own table; this module knows none of them.
 *
 * Everything that a tree or a binding returns (nodes, strings, bound arrays) is in the arena of its
 * `struct hs_config` and is freed with it. Threads: a config is built by one thread; once built it
 * is read-only and may be shared. */
#ifndef HOOKSTREAM_CONFIG_H
#define HOOKSTREAM_CONFIG_H

#include <hookstream/limits.h>
#include <hookstream/address.h>
#include <hookstream/base.h>
#include <hookstream/buffer.h>

struct json_object;

/* ---- Findings: everything that is wrong with a configuration ---- */

/* A note is information rather than a fault: it does not count, even with `check --strict`. */
enum hs_severity { HS_FINDING_ERROR, HS_FINDING_WARNING, HS_FINDING_NOTE };
/* "error", "warning", "note". */
const char *hs_severity_name(enum hs_severity severity);

/* The kinds of mistakes, with permanent numbers: see findings.def. HS_FINDING_UNKNOWN_KEY is
 * HS030. */
enum hs_finding_code {
#define HS_FINDING_CODE(number, name, title, meaning, wrong, right, advice)                        \
    HS_FINDING_##name = (number),
#include <hookstream/findings.def>
#undef HS_FINDING_CODE
};

struct hs_finding {
    enum hs_severity severity;
    enum hs_finding_code code;
    const char *file;
    unsigned line, column; /* from 1; 0 if the finding has no position */
    const char *message;   /* one sentence: the wrong text and the correction */
};

struct hs_findings {
    struct hs_finding *items;
    size_t count, errors, notes; /* the rest are warnings */
};

/* The page of a code from findings.def; wrong and right are "" if YAML cannot show it. */
struct hs_finding_page {
    enum hs_finding_code code;
    const char *title, *meaning, *wrong, *right, *advice;
};

/* All pages, by number. */
const struct hs_finding_page *hs_finding_pages(size_t *ret_count);
/* The page of a code. */
const struct hs_finding_page *hs_finding_page(enum hs_finding_code code);
/* The page that a user asks for: "HS030", "hs30", "30"; NULL: there is none. */
const struct hs_finding_page *hs_finding_find(struct hs_slice word);
/* Appends a page, formatted for a terminal. */
void hs_finding_explain(const struct hs_finding_page *page, struct hs_buffer *ret_text);
/* Appends every code with its title, one per line. */
void hs_finding_list(struct hs_buffer *ret_text);
/* Appends the page docs/findings.md. */
void hs_findings_manual(struct hs_buffer *ret_page);

/* ---- Nodes ---- */

enum hs_node_kind { HS_NODE_SCALAR, HS_NODE_LIST, HS_NODE_MAP };

struct hs_node {
    enum hs_node_kind kind;
    unsigned line, column;
    /* Scalar: text after ${...} was expanded, also NUL-terminated. `quoted`: it was quoted, so it
     * is text even if it looks like a number. `secret`: part of it came from the environment or a
     * file, so messages never print it. */
    struct hs_slice text;
    bool quoted, secret;
    /* Scalar: it was bound as a secret, so the text in the file is not shown either. Its text ends
     * in line `last_line`. */
    bool sealed;
    /* Scalar: the origin of its ${...} ("the environment variable NAME", "the file /path"), or
     * NULL. `marked`: the file began with a byte order mark, which was dropped; `made_up`: a tool
     * supplied a value for something missing (see struct hs_config_lookup). */
    const char *origin;
    bool marked, made_up;
    unsigned last_line;
    /* The text here could not become a node (an unset variable, an unknown alias). A finding
     * reports that; further findings at this node are dropped, so that one fault is reported
     * once. */
    bool broken;
    /* List: `items`. Map: `items` are the values, `keys` the scalar nodes of their keys. */
    struct hs_node **items;
    struct hs_node **keys;
    size_t count;
};

struct hs_config;

/* Looks up ${NAME}; NULL means getenv(3). Tests supply their own. */
typedef const char *hs_config_env_fn(void *context, const char *name);

/* Reads and parses a file: YAML 1.1 by libyaml, one document, no duplicate keys, anchors and
 * aliases expanded (including `<<` merge keys). ${NAME}, ${NAME:-text} and ${file:/path} (without
 * the file's final newline) are expanded in scalar values, not in keys; $${ is a literal "${".
 * Always returns a config, which the caller frees. Its findings report errors; root is NULL if
 * nothing could be parsed. */
struct hs_config *hs_config_load(const char *path, hs_config_env_fn *env, void *env_context);
/* As hs_config_load(), for tools that continue in spite of missing values: `absent` supplies a
 * value for a ${NAME} that is unset and has no default (by NAME), or for an unreadable
 * ${file:/path} (by /path). A NULL `absent`, or NULL returned from it, is an error. */
struct hs_config_lookup {
    hs_config_env_fn *env, *absent;
    void *context;
};
/* As hs_config_load(), with these lookups. */
struct hs_config *hs_config_load_with(const char *path, const struct hs_config_lookup *lookup);
/* As hs_config_load(), from a text; messages use `name` for the file. */
struct hs_config *hs_config_parse(const char *name, struct hs_slice text, hs_config_env_fn *env,
                                  void *env_context);
/* Frees the config and everything in its arena. NULL is fine. */
void hs_config_free(struct hs_config *config);

/* The root node, or NULL if nothing could be parsed. */
const struct hs_node *hs_config_root(const struct hs_config *config);
/* The file's name for messages. */
const char *hs_config_file(const struct hs_config *config);
/* The arena of the config. */
struct hs_arena *hs_config_arena(struct hs_config *config);
/* XXH3 of the file's bytes as 16 hex digits, for config_info. */
const char *hs_config_hash(const struct hs_config *config);

/* Sets a word that texts compiled next may name in addition to the usual ones, such as the `item`
 * of a list's elements; NULL (initially): none. It is stored here because every text compiler can
 * read it here. The caller resets it afterwards. Borrowed. */
void hs_config_set_scope(struct hs_config *config, const char *word);
/* The word set last, or NULL. */
const char *hs_config_scope(const struct hs_config *config);

/* Makes placeholders and short secrets warnings instead of errors from now on. */
void hs_config_allow_weak_secrets(struct hs_config *config);

/* Findings in order of their position in the file. */
const struct hs_findings *hs_config_findings(struct hs_config *config);
/* Prints every finding as "file:line:column: error HS030: message". */
void hs_config_print_findings(struct hs_config *config, struct hs_buffer *ret_text);
/* As above for people: below each finding the line of the file, and a caret under the position.
 * Lines that may hold a secret are omitted. */
void hs_config_show_findings(struct hs_config *config, struct hs_buffer *ret_text);
/* Finds the position in the file of the byte at `offset` of a scalar's text, whatever quotes, folds
 * and escapes there are. Returns false if it is unknown (it is secret, or ${...} was expanded). */
bool hs_config_place(struct hs_config *config, const struct hs_node *node, size_t offset,
                     unsigned *ret_line, unsigned *ret_column);

/* Adds an error at a node's position (NULL: no position). A message must not contain the text of a
 * `secret` node: use hs_config_quote(). */
void hs_config_error(struct hs_config *config, enum hs_finding_code code,
                     const struct hs_node *node, const char *format, ...) HS_PRINTF(4, 5);
/* As hs_config_error(), for a warning. */
void hs_config_warning(struct hs_config *config, enum hs_finding_code code,
                       const struct hs_node *node, const char *format, ...) HS_PRINTF(4, 5);
/* As hs_config_error(), for a note. */
void hs_config_note(struct hs_config *config, enum hs_finding_code code, const struct hs_node *node,
                    const char *format, ...) HS_PRINTF(4, 5);
/* The node's text in backquotes, cut at 80 characters, with control characters escaped;
 * "`(secret)`" for a secret one; "a list", "a mapping", "an empty text", "nothing" for the others.
 * In the arena. */
const char *hs_config_quote(struct hs_config *config, const struct hs_node *node);

/* The value under a key of a map node, or NULL. */
const struct hs_node *hs_node_get(const struct hs_node *map, const char *key);
/* Reports an unknown key: adds "unknown key `brokrs` in <where>, did you mean `brokers`?" at the
 * key, or lists the known ones if none is similar. */
void hs_config_unknown_key(struct hs_config *config, enum hs_finding_code code,
                           const struct hs_node *key, const char *where, const char *const *known,
                           size_t count);

/* ---- Tables of options ---- */

enum hs_option_kind {
    HS_OPTION_STRING,   /* const char *; NULL when absent and without default */
    HS_OPTION_SECRET,   /* const char *; never printed; its row has a `secret`, too */
    HS_OPTION_BOOL,     /* bool; true or false */
    HS_OPTION_COUNT,    /* uint64_t; digits; "auto" is 0 if `auto_ok` */
    HS_OPTION_SIZE,     /* uint64_t bytes; 64KiB, 1MiB, 10GiB, 1000B, 500KB, plain digits */
    HS_OPTION_DURATION, /* uint64_t nanoseconds; 250ms, 300s, 5m, 24h, 7d, 100us */
    HS_OPTION_CHOICE,   /* unsigned: the index in `choices` */
    HS_OPTION_ADDRESS,  /* struct hs_address: "host:port", "[::1]:80", "*:80" */
    HS_OPTION_STRINGS,  /* struct hs_strings; a list of scalars, or one; see `commas` */
    HS_OPTION_SECRETS,  /* struct hs_strings; empty items are dropped */
    HS_OPTION_PAIRS,    /* struct hs_pairs: a map of scalar to scalar, in order */
    HS_OPTION_TABLE,    /* the child's struct, in place */
    HS_OPTION_MAP,      /* struct hs_children: name -> child struct */
    HS_OPTION_LIST,     /* struct hs_children: list of child structs, names NULL */
    HS_OPTION_NODE,     /* const struct hs_node *: read by the owning module itself */
};

/* The kind of secret in an option, given in its row. Binding checks every kind by one rule: no
 * unfilled placeholder, and at least 16 characters for keys of hookstream's own. It warns about
 * surrounding characters (line breaks, quotes). */
enum hs_secret_kind {
    HS_SECRET_NONE,      /* not a secret */
    HS_SECRET_PASSWORD,  /* of another server: hookstream cannot require a length */
    HS_SECRET_HEADER,    /* such a password as a header's value, after a scheme such as Bearer */
    HS_SECRET_URL,       /* a URL that may contain such a password */
    HS_SECRET_KEY,       /* hookstream's own: a token, the key of a pseudonym */
    HS_SECRET_SIGNATURE, /* authenticates a sender: no two may be equal */
};

struct hs_strings {
    const char *const *items;
    const struct hs_node *const *nodes; /* each item's position */
    size_t count;
};

struct hs_pair {
    const char *name, *value;
    const struct hs_node *name_node, *value_node;
};

struct hs_pairs {
    const struct hs_pair *items;
    size_t count;
};

/* Bound children of a map or list: `count` structs of the child table's size. */
struct hs_children {
    void *items; /* array; hs_children_at() returns an element */
    size_t item_size;
    const char *const *names; /* map: the keys; list: NULL */
    const struct hs_node *const *nodes;
    size_t count;
};

/* The bound struct of a child; index < count. */
static inline void *hs_children_at(const struct hs_children *children, size_t index)
{
    return (char *)children->items + index * children->item_size;
}

struct hs_options;

struct hs_option {
    const char *name;
    enum hs_option_kind kind;
    size_t offset; /* of the field in the bound struct */
    bool required;
    bool own_words;                 /* required, and its module says so itself when it is missing */
    bool commas;                    /* STRINGS: an item may be several, as in a:9092,b:9092 */
    bool auto_ok;                   /* COUNT: the word "auto" is taken, as 0 */
    const char *fallback;           /* default as one would write it in YAML; NULL: none */
    uint64_t least, most;           /* COUNT, SIZE (bytes), DURATION (ns); most 0: no limit */
    const char *const *choices;     /* CHOICE: NULL-terminated */
    const struct hs_options *child; /* TABLE, MAP, LIST */
    enum hs_secret_kind secret;     /* the kind of secret in the value, or in each of its texts;
                                     * hidden then */
    /* PAIRS: whether the value under this name is a secret, whatever the others are: of the kind in
     * `secret`, or a PASSWORD. */
    bool (*is_password)(const char *name);
    bool program;        /* STRING: a program or pattern, in which $NAME has its own meaning */
    const char *form;    /* NODE: the schema's definition that describes it; or NULL */
    const char *help;    /* one or two sentences for the manual */
    const char *example; /* as written in YAML; NULL: the default serves as example */
};

/* A table: the keys of one mapping. A variant is a mapping whose `tag` key (say `type`)
 * names which further table of options holds: kinds[i] is chosen by tag == kinds[i].name.
 * The struct of each kind starts with the fields of `options`; `tag_offset` is where the
 * index of the chosen kind (unsigned) is put, `node_offset` where the mapping's node is put
 * (const struct hs_node *; SIZE_MAX: nowhere). */
struct hs_options {
    const char *name;  /* its name in messages: "sinks.*", "server.limits" */
    const char *title; /* heading of the manual */
    const struct hs_option *options;
    size_t option_count;
    size_t struct_size;
    size_t node_offset; /* SIZE_MAX: nowhere */
    /* Keys, NULL-terminated: the first of them in a mapping identifies it in messages, as in
     * "routes[] with `match: order`". NULL: none. */
    const char *const *telling;
    const char *tag; /* NULL: not a variant */
    size_t tag_offset;
    const struct hs_options *const *kinds; /* NULL-terminated; the name of each is the tag value */
    /* Cross-field checks, called after binding; may be NULL. */
    void (*check)(struct hs_config *config, const struct hs_node *node, void *bound);
};

/* The size in bytes of a struct that the table can bind: of a variant, that of its largest kind. */
size_t hs_config_bound_size(const struct hs_options *options);

/* Binds a map node to a struct by its table: sets every field, from the node or from its
 * default, and adds a finding for whatever is wrong (unknown key, wrong type, out of range,
 * missing). `node` NULL means an empty mapping. `ret_bound` has hs_config_bound_size() bytes
 * and is always fully set, with defaults where the text was wrong.
 *
 * An option counts as absent if it is omitted, is an unquoted null, ~ or empty scalar, or its
 * ${...} is empty; an optional secret also if it is "". A node bound as a secret is `secret` from
 * then on. Defaults are not checked against the range. Findings about an absent mapping are at the
 * nearest enclosing one. */
void hs_config_bind(struct hs_config *config, const struct hs_node *node,
                    const struct hs_options *options, void *ret_bound);

/* Appends the manual's page of a table and its children, as Markdown: one row per option with type,
 * default, range and help. For docs/configuration.md. */
void hs_config_manual(const struct hs_options *options, struct hs_buffer *ret_page);
/* Appends only a table's options, as rows without a heading. */
void hs_config_manual_rows(const struct hs_options *options, struct hs_buffer *ret_page);

/* The JSON Schema (draft 7) of a mapping of this table, as a document of doc.h; the caller's. A
 * NODE's `form` names one of the schema's "definitions", which its module adds. */
struct json_object *hs_config_schema(const struct hs_options *options);

/* Parsers of single values, for modules that read a NODE themselves. Each adds a finding and
 * returns false if the text is wrong. This one reads a size. */
bool hs_config_read_size(struct hs_config *config, const struct hs_node *node, uint64_t *ret_bytes);
/* Reads a duration. */
bool hs_config_read_duration(struct hs_config *config, const struct hs_node *node,
                             uint64_t *ret_ns);
/* Reads a count. */
bool hs_config_read_count(struct hs_config *config, const struct hs_node *node,
                          uint64_t *ret_count);
/* Reads a text. */
bool hs_config_read_text(struct hs_config *config, const struct hs_node *node,
                         const char **ret_text);

/* ---- Values outside a file: command line arguments ---- */

/* Parses a point in time: RFC 3339 ("2026-11-23T09:15:00Z", also with an offset or a fraction, or
 * only a date), or a duration such as "2h" before `now_wall_ns`. -EINVAL and a message. */
HS_MUST_CHECK int hs_value_time(struct hs_slice text, uint64_t now_wall_ns, uint64_t *ret_wall_ns);
/* Whether anything can lie between the two times, inclusive. -EINVAL and a message, which calls
 * them since and until. */
HS_MUST_CHECK int hs_value_check_times(uint64_t since_wall_ns, uint64_t until_wall_ns);
/* As above, for sequences of a journal, called from and last. */
HS_MUST_CHECK int hs_value_check_sequences(uint64_t from, uint64_t last);

#endif
