/* Operation: one item of a `transform:` list. A kind of operation is a row in the table of
 * transform.c: its name, its words for the manual, and three functions. It works in parts (a
 * field, or a pair of fields), so that with `on_error: skip` one part that fails leaves the
 * others done. */
#ifndef HS_TRANSFORM_OPERATION_H
#define HS_TRANSFORM_OPERATION_H

#include "work.h"

#define HS_OPERATION_PARTS_MAX 256u

struct hs_operation;

struct hs_operation_kind {
    const char *name;
    const char *help;    /* for the manual */
    const char *example; /* what stands after "name: " */
    /* Fills operation->state and ->parts from the node under the name. False, with findings. */
    bool (*compile)(struct hs_config *config, const struct hs_node *node,
                    struct hs_operation *operation);
    /* Does one part. A field that is not there is no error. 0 or -errno and words that name
     * the field. */
    int (*apply)(const struct hs_operation *operation, size_t part, struct hs_work *work);
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
void hs_fields_free(struct hs_fields *fields);

/* Compiles one path that stands in `node`; `one` says that [*] is not allowed. Notes nothing:
 * the operation says with hs_operation_uses() what the path is to it. */
bool hs_field_path_compile(struct hs_config *config, const struct hs_node *node, bool one,
                           struct hs_json_path *ret_path);

/* Binds the node under an operation's name by `table`, which has an option `fields`; a list of
 * paths alone stands for a mapping with `fields` only. False when there were findings. */
bool hs_operation_bind(struct hs_config *config, const struct hs_node *node,
                       const struct hs_options *table, void *ret_bound);

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

#endif
