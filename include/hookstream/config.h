/* Config: YAML with positions, options as tables, errors in words. Reads a file into a tree
 * of nodes that know their line and column, expands ${...}, and binds nodes to C structs by
 * tables of options. What the options are, each module says in a table of its own; this
 * module knows none of them.
 *
 * Everything a tree or a binding hands out (nodes, strings, bound arrays) lives in the
 * arena of its `struct hs_config` and dies with it.
 * Threads: a config is built by one thread; once built it is read-only and may be shared. */
#ifndef HOOKSTREAM_CONFIG_H
#define HOOKSTREAM_CONFIG_H

#include <hookstream/address.h>
#include <hookstream/base.h>
#include <hookstream/buffer.h>

/* ---- Findings: what is wrong with a configuration, all of it in one go ---- */

/* A note is worth knowing and no fault: it counts nowhere, not with `check --strict` either. */
enum hs_severity { HS_FINDING_ERROR, HS_FINDING_WARNING, HS_FINDING_NOTE };
/* "error", "warning", "note". */
const char *hs_severity_name(enum hs_severity severity);

/* The kinds of mistake, numbered for ever: see findings.def. HS_FINDING_UNKNOWN_KEY is HS030. */
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
    unsigned line, column; /* from 1; 0 when the finding has no place */
    const char *message;   /* one sentence: the offending text and what would be right */
};

struct hs_findings {
    struct hs_finding *items;
    size_t count, errors, notes; /* the rest are warnings */
};

/* The page of a code, out of findings.def; wrong and right are "" where no YAML shows it. */
struct hs_finding_page {
    enum hs_finding_code code;
    const char *title, *meaning, *wrong, *right, *advice;
};

/* All pages, by number. */
const struct hs_finding_page *hs_finding_pages(size_t *ret_count);
const struct hs_finding_page *hs_finding_page(enum hs_finding_code code);
/* The page that a person asks for: "HS030", "hs30", "30"; NULL: there is none. */
const struct hs_finding_page *hs_finding_find(struct hs_slice word);
/* A page for a terminal. */
void hs_finding_explain(const struct hs_finding_page *page, struct hs_buffer *ret_text);
/* Every code with its title, a line each. */
void hs_finding_list(struct hs_buffer *ret_text);
/* docs/findings.md. */
void hs_findings_manual(struct hs_buffer *ret_page);

/* ---- Nodes ---- */

enum hs_node_kind { HS_NODE_SCALAR, HS_NODE_LIST, HS_NODE_MAP };

struct hs_node {
    enum hs_node_kind kind;
    unsigned line, column;
    /* Scalar: text after ${...} was expanded, NUL-terminated too. `quoted`: it stood in
     * quotes, so it is text even if it looks like a number. `secret`: some of it came out
     * of the environment or a file, so messages never print it. */
    struct hs_slice text;
    bool quoted, secret;
    /* Scalar: it was bound as a secret, so what stands in the file is shown to nobody either. Its
     * text ends in line `last_line`. */
    bool sealed;
    /* Scalar: where its ${...} came from ("the environment variable NAME", "the file /path"), or
     * NULL; `marked`: the file began with a byte order mark, which was left out; `made_up`: a tool
     * put something in place of what is not there (see struct hs_config_lookup). */
    const char *origin;
    bool marked, made_up;
    unsigned last_line;
    /* What stood here could not be made a node (an unset variable, an unknown alias): a finding
     * says so, and findings added at this node are dropped, so that one fault is told once. */
    bool broken;
    /* List: `items`. Map: `items` are the values, `keys` the scalar nodes of their keys. */
    struct hs_node **items;
    struct hs_node **keys;
    size_t count;
};

struct hs_config;

#define HS_CONFIG_FILE_MAX (4u << 20) /* bytes of a configuration file */
#define HS_CONFIG_NODES_MAX 200000u   /* nodes after aliases are expanded (alias bombs) */
#define HS_CONFIG_DEPTH_MAX 64u       /* lists and mappings in one another, aliases too */
#define HS_CONFIG_KEYS_MAX 4096u      /* keys of one mapping */

/* How ${NAME} is looked up; NULL means getenv(3). A test gives its own. */
typedef const char *hs_config_env_fn(void *context, const char *name);

/* Reads and parses a file: YAML 1.1 by libyaml, one document, duplicate keys refused,
 * anchors and aliases expanded (also `<<` merge keys), ${NAME}, ${NAME:-text} and
 * ${file:/path} (without the file's final newline) expanded in scalar values (not in keys),
 * $${ stands for a literal "${". Always gives a config, which the caller frees; its findings
 * say what is wrong, and root is NULL when nothing could be parsed. */
struct hs_config *hs_config_load(const char *path, hs_config_env_fn *env, void *env_context);
/* As hs_config_load(), for tools that go on without what is not there: `absent` is asked what
 * stands in for a ${NAME} that is unset and has no default (by NAME), or for a ${file:/path}
 * that cannot be read (by /path); NULL, or NULL from it: that is an error. */
struct hs_config_lookup {
    hs_config_env_fn *env, *absent;
    void *context;
};
struct hs_config *hs_config_load_with(const char *path, const struct hs_config_lookup *lookup);
/* As hs_config_load(), from text; `name` stands for the file in messages. */
struct hs_config *hs_config_parse(const char *name, struct hs_slice text, hs_config_env_fn *env,
                                  void *env_context);
void hs_config_free(struct hs_config *config);

const struct hs_node *hs_config_root(const struct hs_config *config);
const char *hs_config_file(const struct hs_config *config);
struct hs_arena *hs_config_arena(struct hs_config *config);
/* XXH3 of the file's bytes as 16 hex digits, for config_info. */
const char *hs_config_hash(const struct hs_config *config);

/* A word that the texts compiled next may name besides those they always may, such as the `item`
 * of a list's elements; NULL (the beginning): none. Kept here, where every compiler of a text
 * looks, for whoever compiles a part in steps; it takes the word back when the part is done.
 * Borrowed. */
void hs_config_set_scope(struct hs_config *config, const char *word);
const char *hs_config_scope(const struct hs_config *config);

/* From here on placeholders and short secrets are warnings instead of errors. */
void hs_config_allow_weak_secrets(struct hs_config *config);

/* Findings in the order of their place in the file. */
const struct hs_findings *hs_config_findings(struct hs_config *config);
/* Prints every finding as "file:line:column: error HS030: message". */
void hs_config_print_findings(struct hs_config *config, struct hs_buffer *ret_text);
/* The same for people: below each the line of the file and a caret under the place. A line that
 * may hold a secret is left out. */
void hs_config_show_findings(struct hs_config *config, struct hs_buffer *ret_text);
/* Where in the file the byte at `offset` of a scalar's text stands, whatever quotes, folds and
 * escapes there are. false: that cannot be said (it is secret, or ${...} was expanded). */
bool hs_config_place(struct hs_config *config, const struct hs_node *node, size_t offset,
                     unsigned *ret_line, unsigned *ret_column);

/* Adds a finding at a node's place (NULL: no place). Messages must not print the text of a
 * node that is `secret`: use hs_config_quote(). */
void hs_config_error(struct hs_config *config, enum hs_finding_code code,
                     const struct hs_node *node, const char *format, ...) HS_PRINTF(4, 5);
void hs_config_warning(struct hs_config *config, enum hs_finding_code code,
                       const struct hs_node *node, const char *format, ...) HS_PRINTF(4, 5);
void hs_config_note(struct hs_config *config, enum hs_finding_code code, const struct hs_node *node,
                    const char *format, ...) HS_PRINTF(4, 5);
/* The node's text in backquotes, cut at 80 characters, control characters spelled out;
 * "`(secret)`" for a secret one; "a list", "a mapping", "an empty text", "nothing" for the
 * others. In the arena. */
const char *hs_config_quote(struct hs_config *config, const struct hs_node *node);

/* The value under a key of a map node, or NULL. */
const struct hs_node *hs_node_get(const struct hs_node *map, const char *key);
/* Suggests for an unknown key: adds "unknown key `brokrs` in <where>, did you mean
 * `brokers`?" at the key, or names the known ones when none is near. */
void hs_config_unknown_key(struct hs_config *config, enum hs_finding_code code,
                           const struct hs_node *key, const char *where, const char *const *known,
                           size_t count);

/* ---- Tables of options ---- */

enum hs_option_kind {
    HS_OPTION_STRING,   /* const char *; NULL when absent and without default */
    HS_OPTION_SECRET,   /* const char *; never printed; its row has a `secret`, too */
    HS_OPTION_BOOL,     /* bool; true or false */
    HS_OPTION_COUNT,    /* uint64_t; digits; "auto" is 0 when `auto_ok` */
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
    HS_OPTION_NODE,     /* const struct hs_node *: the module that owns it reads it itself */
};

/* What kind of secret an option holds. A row says so, and every kind is checked by one rule when
 * it is bound: no placeholder that a template left behind, and for keys of our own at least 16
 * characters. What is around a secret (line breaks, quotes) is warned of. */
enum hs_secret_kind {
    HS_SECRET_NONE,      /* not a secret */
    HS_SECRET_PASSWORD,  /* another server's: its length is not ours to choose */
    HS_SECRET_URL,       /* a URL that may have such a password in it */
    HS_SECRET_KEY,       /* ours: a token, the key of a pseudonym */
    HS_SECRET_SIGNATURE, /* proves who sent something: also no two may be the same */
};

struct hs_strings {
    const char *const *items;
    const struct hs_node *const *nodes; /* each item's place */
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
    void *items; /* array; hs_children_at() gives an element */
    size_t item_size;
    const char *const *names; /* map: the keys; list: NULL */
    const struct hs_node *const *nodes;
    size_t count;
};

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
    enum hs_secret_kind secret;     /* what the value is, or each text in it; hidden then */
    /* PAIRS: whether the value under this name is a PASSWORD, whatever the others are. */
    bool (*is_password)(const char *name);
    bool program;        /* STRING: a program or pattern, in which $NAME has a meaning */
    const char *form;    /* NODE: the schema's definition that describes it; or NULL */
    const char *help;    /* one or two sentences for the manual */
    const char *example; /* as one would write it; NULL: the default is example enough */
};

/* A table: the keys of one mapping. A variant is a mapping whose `tag` key (say `type`)
 * names which further table of options holds: kinds[i] is chosen by tag == kinds[i].name.
 * The struct of each kind starts with the fields of `options`; `tag_offset` is where the
 * index of the chosen kind (unsigned) is put, `node_offset` where the mapping's node is put
 * (const struct hs_node *; SIZE_MAX: nowhere). */
struct hs_options {
    const char *name;  /* how messages call it: "sinks.*", "server.limits" */
    const char *title; /* heading of the manual */
    const struct hs_option *options;
    size_t option_count;
    size_t struct_size;
    size_t node_offset; /* SIZE_MAX: nowhere */
    /* Keys, NULL-terminated: by the first of them that a mapping has, messages tell it from its
     * neighbours, as in "routes[] with `match: order`". NULL: they do not. */
    const char *const *telling;
    const char *tag; /* NULL: not a variant */
    size_t tag_offset;
    const struct hs_options *const *kinds; /* NULL-terminated; name of each is the tag value */
    /* Cross-field checks in words, called after binding; may be NULL. */
    void (*check)(struct hs_config *config, const struct hs_node *node, void *bound);
};

/* The size in bytes of a struct that the table can bind: of a variant, that of its largest kind. */
size_t hs_config_bound_size(const struct hs_options *options);

/* Binds a map node to a struct by its table: sets every field, from the node or from its
 * default, and adds a finding for whatever is wrong (unknown key, wrong type, out of range,
 * missing). `node` NULL means an empty mapping. `ret_bound` has hs_config_bound_size() bytes
 * and is always fully set, with defaults where the text was wrong.
 *
 * An option counts as absent when it is left out, is an unquoted null, ~ or empty scalar, or
 * ${...} came out empty; an optional secret also when it is "". What is bound as a secret is
 * `secret` from then on. A default is not held against the range. Findings about a mapping
 * that is absent stand at the nearest one around it. */
void hs_config_bind(struct hs_config *config, const struct hs_node *node,
                    const struct hs_options *options, void *ret_bound);

/* The manual's page of a table and of its children, as Markdown: one row an option with
 * type, default, range and help. For docs/configuration.md. */
void hs_config_manual(const struct hs_options *options, struct hs_buffer *ret_page);
/* A table's options alone, as rows without a heading. */
void hs_config_manual_rows(const struct hs_options *options, struct hs_buffer *ret_page);

/* Appends the JSON Schema (draft 7) of a mapping of this table. A NODE's `form` is taken for one
 * of the whole schema's "definitions", which its module writes. */
void hs_config_schema(const struct hs_options *options, struct hs_buffer *ret_json);
/* Appends a text as a JSON string, for modules that write definitions. */
void hs_schema_text(struct hs_buffer *ret_json, const char *text);

/* Parsers of single values, for modules that read a NODE themselves. Each adds a finding
 * and returns false when the text is wrong. */
bool hs_config_read_size(struct hs_config *config, const struct hs_node *node, uint64_t *ret_bytes);
bool hs_config_read_duration(struct hs_config *config, const struct hs_node *node,
                             uint64_t *ret_ns);
bool hs_config_read_count(struct hs_config *config, const struct hs_node *node,
                          uint64_t *ret_count);
bool hs_config_read_text(struct hs_config *config, const struct hs_node *node,
                         const char **ret_text);

/* ---- Values outside of a file: what is typed at a command ---- */

/* A point in time: RFC 3339 ("2026-11-23T09:15:00Z", also with an offset or a fraction, or a
 * date alone) or a duration such as "2h" before `now_wall_ns`. -EINVAL and words. */
HS_MUST_CHECK int hs_value_time(struct hs_slice text, uint64_t now_wall_ns, uint64_t *ret_wall_ns);
/* Whether anything can lie between them, both included: times, and sequences of a journal. -EINVAL
 * and words, which call them since and until, from and last. */
HS_MUST_CHECK int hs_value_check_times(uint64_t since_wall_ns, uint64_t until_wall_ns);
HS_MUST_CHECK int hs_value_check_sequences(uint64_t from, uint64_t last);

#endif
