/* Operation: one item of a `transform:` list. A kind of operation is a row in the table of
 * transform.c: its name, its texts for the manual, and three functions. It works in parts (a field,
 * or a pair of fields), so that with `on_error: skip` one failing part does not affect the
 * others. */
#ifndef HS_TRANSFORM_OPERATION_H
#define HS_TRANSFORM_OPERATION_H

#include "work.h"

#define HS_OPERATION_PARTS_MAX 256u

struct hs_operation;

/* What may follow an operation's name besides a mapping of its table. For the schema; `compile`
 * decides. */
enum hs_operation_form {
    HS_FORM_TABLE,  /* nothing else; without a table: anything */
    HS_FORM_FIELDS, /* a list of paths, or one */
    HS_FORM_TEXT,   /* one path or name */
    HS_FORM_PAIRS,  /* a mapping of paths to scalars */
};

struct hs_operation_kind {
    const char *name;
    const char *help;    /* for the manual */
    const char *example; /* the text after "name: " */
    enum hs_operation_form form;
    const struct hs_options *table; /* or NULL */
    bool reshapes;                  /* see struct hs_transform_item */
    bool whole;                     /* concerns the whole event: cannot be used with `for` */
    /* Fills operation->state and ->parts from the node under the name. Returns false, with
     * findings, on errors. NULL for `use`, which needs the enclosing lists. */
    bool (*compile)(struct hs_config *config, const struct hs_node *node,
                    struct hs_operation *operation);
    /* Applies one part. A missing field is not an error. 0, or -errno and a message that names the
     * field. */
    int (*apply)(const struct hs_operation *operation, size_t part, struct hs_work *work);
    /* Whether the event cannot do without its headers; NULL: it sets none. */
    bool (*needs_headers)(const struct hs_operation *operation);
    /* Frees operation->state, which may be NULL or half built. */
    void (*free)(struct hs_operation *operation);
};

struct hs_operation {
    const struct hs_operation_kind *kind;
    size_t parts;
    void *state;         /* the kind's own */
    struct hs_use *uses; /* fields named at compilation; paths are copies */
    size_t use_count;
};

/* Records that the operation uses a field, for hs_transform_uses(). `path` is copied. */
void hs_operation_uses(struct hs_operation *operation, enum hs_use_kind kind, const char *path,
                       const struct hs_node *node);
/* As above, for every field of a template that the operation compiled. */
void hs_operation_uses_template(struct hs_operation *operation, const struct hs_template *tmpl);

/* The kinds, each in the file named after it. */
extern const struct hs_operation_kind hs_operation_remove, hs_operation_keep, hs_operation_rename,
    hs_operation_copy, hs_operation_set, hs_operation_redact, hs_operation_mask, hs_operation_hash;
extern const struct hs_operation_kind hs_operation_lower, hs_operation_upper, hs_operation_trim,
    hs_operation_truncate, hs_operation_default, hs_operation_cast, hs_operation_flatten,
    hs_operation_unwrap, hs_operation_decimal, hs_operation_time, hs_operation_use,
    hs_operation_cloudevent, hs_operation_jq;

/* ---- Lists of fields, for the kinds that have one ---- */

struct hs_fields {
    struct hs_json_path *paths;
    size_t count;
};

/* Compiles the texts of a bound `fields` option, and records them in the operation with this use.
 * Returns false, with findings at the items, or at `node` if there are none (NULL: already
 * reported). */
bool hs_fields_compile(struct hs_config *config, const struct hs_node *node,
                       const struct hs_strings *strings, struct hs_operation *operation,
                       enum hs_use_kind use, struct hs_fields *ret_fields);
/* The table of an operation that has `fields` and nothing else. */
extern const struct hs_options hs_fields_table;
/* Everything for an operation that has only `fields`: binds and compiles them. */
bool hs_fields_bind(struct hs_config *config, const struct hs_node *node, const char *name,
                    enum hs_use_kind use, struct hs_operation *operation,
                    struct hs_fields *ret_fields);
void hs_fields_free(struct hs_fields *fields);

/* Compiles the path in `node`; `one` disallows [*]. Records nothing: the operation calls
 * hs_operation_uses() with its use of the path. */
bool hs_field_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                           struct hs_json_path *ret_path);

/* As above, for a path whose last step must be a member's name; *ret_parent is the path without
 * that step, and borrows its steps. */
bool hs_member_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                            struct hs_json_path *ret_path, struct hs_json_path *ret_parent);

/* Binds the node under an operation's name by `table`, which has an option `fields`; a bare list of
 * paths means a mapping with only `fields`. Returns false if there were findings. */
bool hs_operation_bind(struct hs_config *config, const struct hs_node *node,
                       const struct hs_options *table, void *ret_bound);
/* As above, for a table with an option `field`, which a bare path sets. */
bool hs_operation_bind_field(struct hs_config *config, const struct hs_node *node,
                             const struct hs_options *table, void *ret_bound);

/* As above, for a table whose option `name` may be given alone. */
bool hs_operation_bind_word(struct hs_config *config, const struct hs_node *node,
                            struct hs_slice name, const struct hs_options *table, void *ret_bound);

/* Whether the node of an operation that takes pairs, such as `rename: {from: to}`, is a mapping
 * with some, and not too many. Returns false, with a finding, if not. */
bool hs_operation_is_pairs(struct hs_config *config, const struct hs_node *node, const char *name,
                           const char *example);

/* Calls `visit` for every value that `path` leads to, including duplicate members: hiding only the
 * effective one would hide nothing. Continues after a failure; returns the first error code, with
 * "operation path: " before its message. */
HS_MUST_CHECK int hs_each_value(struct hs_work *work, const struct hs_json_path *path,
                                const char *operation, hs_json_visit_fn *visit, void *context);

/* Replaces every scalar that `path` leads to: `change` writes the new JSON text. null stays null;
 * an array or object is an error, as is an error of `change`; the other places are changed all the
 * same. */
typedef int hs_change_fn(void *context, struct hs_slice text, struct hs_buffer *ret_json);
HS_MUST_CHECK int hs_change_scalars(struct hs_work *work, const struct hs_json_path *path,
                                    const char *operation, hs_change_fn *change, void *context);

/* A scalar at some place: its kind, its bytes, and its decoded text (for a string; otherwise its
 * token). */
struct hs_scalar {
    enum hs_json_kind kind; /* never NULL, ARRAY, OBJECT */
    struct hs_slice token, text;
};

/* As hs_change_scalars(), for changes that need the kind: the output of `edit` replaces the value;
 * if it writes nothing, or the same value, the bytes stay. */
typedef int hs_edit_fn(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json);
HS_MUST_CHECK int hs_edit_scalars(struct hs_work *work, const struct hs_json_path *path,
                                  const char *operation, hs_edit_fn *edit, void *context);

/* The result of `edit` for the scalar that a path without [*] leads to, for another place. 1:
 * *ret_json is the result, borrowed until the next use of the scratch buffer; 0: the value is
 * missing or null; otherwise as hs_edit_scalars(). */
HS_MUST_CHECK int hs_scalar_made(struct hs_work *work, const struct hs_json_path *path,
                                 const char *operation, hs_edit_fn *edit, void *context,
                                 struct hs_slice *ret_json);

/* "a text", "a number", ... for messages about a value of the wrong kind. */
const char *hs_kind_words(enum hs_json_kind kind);

/* ---- Values from the configuration ---- */

/* Either a number, true, false or null as written, or a template. */
struct hs_value {
    char *token;
    struct hs_template *tmpl;
};
/* Returns false, with findings at the node, on errors. Records the template's fields in the
 * operation. */
bool hs_value_compile(struct hs_config *config, const struct hs_node *node,
                      struct hs_operation *operation, struct hs_value *ret_value);
void hs_value_free(struct hs_value *value);
/* Its JSON for the event, borrowed until the next use of the scratch buffer; `path` is for
 * messages. */
HS_MUST_CHECK int hs_value_json(const struct hs_value *value, struct hs_work *work,
                                const char *operation, const char *path, struct hs_slice *ret_json);
/* Writes JSON to the place of the path, which has no [*], and charges for it. */
HS_MUST_CHECK int hs_put(struct hs_work *work, struct hs_json_tree *tree, const char *operation,
                         const struct hs_json_path *path, struct hs_slice json);

#endif
