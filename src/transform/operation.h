/* Operation: one item of a `transform:` list. A kind of operation is a row in the table of
 * transform.c: its name, its words for the manual, and three functions. It works in parts (a
 * field, or a pair of fields), so that with `on_error: skip` one part that fails leaves the
 * others done. */
#ifndef HS_TRANSFORM_OPERATION_H
#define HS_TRANSFORM_OPERATION_H

#include "work.h"

#define HS_OPERATION_PARTS_MAX 256u

struct hs_operation;

/* What may stand under an operation's name besides a mapping of its table. For the schema; what
 * is true is what `compile` takes. */
enum hs_operation_form {
    HS_FORM_TABLE,  /* nothing else; without a table: anything */
    HS_FORM_FIELDS, /* a list of paths, or one */
    HS_FORM_TEXT,   /* one path or name */
    HS_FORM_PAIRS,  /* a mapping of paths to scalars */
};

struct hs_operation_kind {
    const char *name;
    const char *help;    /* for the manual */
    const char *example; /* what stands after "name: " */
    enum hs_operation_form form;
    const struct hs_options *table; /* or NULL */
    bool reshapes;                  /* as struct hs_transform_item tells */
    bool whole;                     /* is about the event as such: does not go with `for` */
    /* Fills operation->state and ->parts from the node under the name. False, with findings.
     * NULL for `use`, which asks which lists it stands in. */
    bool (*compile)(struct hs_config *config, const struct hs_node *node,
                    struct hs_operation *operation);
    /* Does one part. A field that is not there is no error. 0 or -errno and words that name
     * the field. */
    int (*apply)(const struct hs_operation *operation, size_t part, struct hs_work *work);
    /* Whether its headers carry what the event cannot do without; NULL: it gives none such. */
    bool (*needs_headers)(const struct hs_operation *operation);
    /* Frees operation->state, also when it is NULL or half built. */
    void (*free)(struct hs_operation *operation);
};

struct hs_operation {
    const struct hs_operation_kind *kind;
    size_t parts;
    void *state;         /* the kind's own */
    struct hs_use *uses; /* fields that were named when it was compiled; paths are copies */
    size_t use_count;
};

/* Notes that the operation uses a field, for hs_transform_uses(). `path` is copied. */
void hs_operation_uses(struct hs_operation *operation, enum hs_use_kind kind, const char *path,
                       const struct hs_node *node);
/* The same for every field of a template that the operation compiled. */
void hs_operation_uses_template(struct hs_operation *operation, const struct hs_template *tmpl);

/* The kinds, each in the file that its name is in. */
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

/* Compiles the texts of a bound `fields` option, and notes them in the operation as used so.
 * False, with findings at the items, or at `node` when there are none (NULL: that was said
 * already). */
bool hs_fields_compile(struct hs_config *config, const struct hs_node *node,
                       const struct hs_strings *strings, struct hs_operation *operation,
                       enum hs_use_kind use, struct hs_fields *ret_fields);
/* The table of an operation that has `fields` and nothing else. */
extern const struct hs_options hs_fields_table;
/* The whole of an operation that has `fields` and nothing else: binds and compiles them. */
bool hs_fields_bind(struct hs_config *config, const struct hs_node *node, const char *name,
                    enum hs_use_kind use, struct hs_operation *operation,
                    struct hs_fields *ret_fields);
void hs_fields_free(struct hs_fields *fields);

/* Compiles one path that stands in `node`; `one` says that [*] is not allowed. Notes nothing:
 * the operation says with hs_operation_uses() what the path is to it. */
bool hs_field_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                           struct hs_json_path *ret_path);

/* The same for a path whose last step must be a member's name; *ret_parent is the path without
 * that step, and borrows its steps. */
bool hs_member_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                            struct hs_json_path *ret_path, struct hs_json_path *ret_parent);

/* Binds the node under an operation's name by `table`, which has an option `fields`; a list of
 * paths alone stands for a mapping with `fields` only. False when there were findings. */
bool hs_operation_bind(struct hs_config *config, const struct hs_node *node,
                       const struct hs_options *table, void *ret_bound);
/* The same for a table with an option `field`, for which one path alone stands. */
bool hs_operation_bind_field(struct hs_config *config, const struct hs_node *node,
                             const struct hs_options *table, void *ret_bound);

/* The same for a table of which the option `name` may stand alone. */
bool hs_operation_bind_word(struct hs_config *config, const struct hs_node *node,
                            struct hs_slice name, const struct hs_options *table, void *ret_bound);

/* Whether the node of an operation that takes pairs, such as `rename: {from: to}`, is a mapping
 * with some, and not too many. False, with a finding, when not. */
bool hs_operation_is_pairs(struct hs_config *config, const struct hs_node *node, const char *name,
                           const char *example);

/* Calls `visit` for every value that `path` leads to, a member that is there twice included:
 * hiding the one that counts and leaving the other would hide nothing. Goes on after a
 * failure; gives the first one's code, with "operation path: " before its words. */
HS_MUST_CHECK int hs_each_value(struct hs_work *work, const struct hs_json_path *path,
                                const char *operation, hs_json_visit_fn *visit, void *context);

/* Gives every scalar that `path` leads to a new text: `change` writes the JSON text that is to
 * stand in its place. null stays null; an array or object is an error, and so is what `change`
 * says; the other places are changed all the same. */
typedef int hs_change_fn(void *context, struct hs_slice text, struct hs_buffer *ret_json);
HS_MUST_CHECK int hs_change_scalars(struct hs_work *work, const struct hs_json_path *path,
                                    const char *operation, hs_change_fn *change, void *context);

/* The scalar that stands at a place: its kind, its bytes, and its text as it reads (a string
 * decoded, else its token). */
struct hs_scalar {
    enum hs_json_kind kind; /* never NULL, ARRAY, OBJECT */
    struct hs_slice token, text;
};

/* As hs_change_scalars() for changes that ask for the kind: what `edit` writes takes the place;
 * a place for which it writes nothing, or what stood there, keeps its bytes. */
typedef int hs_edit_fn(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json);
HS_MUST_CHECK int hs_edit_scalars(struct hs_work *work, const struct hs_json_path *path,
                                  const char *operation, hs_edit_fn *edit, void *context);

/* What `edit` makes of the scalar that a path without [*] leads to, for another place. 1:
 * *ret_json is it, borrowed until the next scratch; 0: there is none, or it is null; else as
 * hs_edit_scalars(). */
HS_MUST_CHECK int hs_scalar_made(struct hs_work *work, const struct hs_json_path *path,
                                 const char *operation, hs_edit_fn *edit, void *context,
                                 struct hs_slice *ret_json);

/* "a text", "a number", ... for words about a value that is of the wrong kind. */
const char *hs_kind_words(enum hs_json_kind kind);

/* ---- Values that are given ---- */

/* A number, true, false or null as written, or a template; one of them. */
struct hs_value {
    char *token;
    struct hs_template *tmpl;
};
/* False, with findings at the node. Notes the template's fields in the operation. */
bool hs_value_compile(struct hs_config *config, const struct hs_node *node,
                      struct hs_operation *operation, struct hs_value *ret_value);
void hs_value_free(struct hs_value *value);
/* Its JSON for the event, borrowed until the next scratch; `path` for the words. */
HS_MUST_CHECK int hs_value_json(const struct hs_value *value, struct hs_work *work,
                                const char *operation, const char *path, struct hs_slice *ret_json);
/* Puts JSON where the path, which has no [*], leads, and charges for it. */
HS_MUST_CHECK int hs_put(struct hs_work *work, struct hs_json_tree *tree, const char *operation,
                         const struct hs_json_path *path, struct hs_slice json);

#endif
