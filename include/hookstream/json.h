/* JSON: a strict scanner over received bytes (RFC 8259), and a tree for editing them that
 * keeps every byte it was not asked to change: member order, number digits, escapes, white
 * space. Knows nothing of events.
 *
 * Strict means: UTF-8 that is valid (RFC 3629), no control characters in strings, no
 * leading zeros, no trailing commas, nothing after the value but white space, depth at most
 * HS_JSON_DEPTH_MAX. Lone surrogates in \u escapes are legal JSON text and pass through.
 * Threads: a tree belongs to one thread; the scanner is a pure function. */
#ifndef HOOKSTREAM_JSON_H
#define HOOKSTREAM_JSON_H

#include <hookstream/buffer.h>

#define HS_JSON_DEPTH_MAX 64u

enum hs_json_kind {
    HS_JSON_NULL,
    HS_JSON_FALSE,
    HS_JSON_TRUE,
    HS_JSON_NUMBER,
    HS_JSON_STRING,
    HS_JSON_ARRAY,
    HS_JSON_OBJECT
};

/* ---- The scanner ---- */

/* A member of the top-level object that the caller wants. */
struct hs_json_member {
    struct hs_slice name; /* decoded name to look for */
    /* Out: the value as it stands (a string with its quotes), data NULL when absent. */
    struct hs_slice value;
    enum hs_json_kind kind;
    bool repeated; /* stood there more than once; `value` is the first */
};

/* Checks that `text` is exactly one JSON value, in one pass, and picks `wanted` members if
 * it is an object (a name written with escapes counts as the name it decodes to). 0;
 * -EINVAL: not JSON, *ret_offset is the byte where it stops being so and hs_error_text()
 * says why in a few words; -E2BIG: too deep. `ret_kind` is the kind of the whole. */
HS_MUST_CHECK int hs_json_scan(struct hs_slice text, struct hs_json_member *wanted,
                               size_t wanted_count, enum hs_json_kind *ret_kind,
                               size_t *ret_offset);

/* Appends what a JSON string (with its quotes, already scanned) stands for: UTF-8, with
 * lone surrogates as U+FFFD. */
void hs_json_decode_string(struct hs_slice quoted, struct hs_buffer *ret_text);
/* Appends `text` as a JSON string with quotes; invalid UTF-8 becomes U+FFFD. */
void hs_json_encode_string(struct hs_slice text, struct hs_buffer *ret_json);
/* Appends scanned JSON without the white space outside strings; every token untouched. */
void hs_json_compact(struct hs_slice json, struct hs_buffer *ret_json);

/* ---- Paths ---- */

/* A path such as data.items[0].price or data.items[*].price, compiled. Names are split at
 * dots; a name with dots or brackets is written ["like.this"]. */
struct hs_json_step {
    struct hs_slice name; /* object member; data NULL for an array step */
    int64_t index;        /* array element; -1 stands for [*] */
};
struct hs_json_path {
    struct hs_json_step *steps;
    size_t count;
    bool wildcard; /* has a [*] */
    char *text;    /* as written */
};
#define HS_JSON_PATH_STEPS_MAX 32u
/* The caller frees with hs_json_path_free(). -EINVAL and words. */
HS_MUST_CHECK int hs_json_path_parse(struct hs_slice text, struct hs_json_path *ret_path);
void hs_json_path_free(struct hs_json_path *path);

/* ---- The tree ---- */

struct hs_json_tree;
typedef uint32_t hs_json_node; /* HS_JSON_NO_NODE: none. Valid until the tree is reset. */
#define HS_JSON_NO_NODE UINT32_MAX

/* One tree is made a thread and used for event after event; it keeps its memory. */
struct hs_json_tree *hs_json_tree_create(void);
void hs_json_tree_free(struct hs_json_tree *tree);

/* Reads `text`, which is borrowed until the next parse or free. 0, -EINVAL, -E2BIG as
 * hs_json_scan(); -E2BIG also when it has more values than a tree holds. */
HS_MUST_CHECK int hs_json_tree_parse(struct hs_json_tree *tree, struct hs_slice text);

hs_json_node hs_json_root(const struct hs_json_tree *tree);
enum hs_json_kind hs_json_node_kind(const struct hs_json_tree *tree, hs_json_node node);
/* The node's bytes as they stand: a string with quotes, a number's digits. For containers
 * only while they are unchanged (HS_SLICE_NONE otherwise). */
struct hs_slice hs_json_node_text(const struct hs_json_tree *tree, hs_json_node node);
hs_json_node hs_json_first_child(const struct hs_json_tree *tree, hs_json_node node);
hs_json_node hs_json_next(const struct hs_json_tree *tree, hs_json_node node);
/* The member's name as it stands between its quotes, escapes and all. */
struct hs_slice hs_json_node_name(const struct hs_json_tree *tree, hs_json_node node);
/* The member or element, or none. Of duplicate members the last counts, as for most readers. */
hs_json_node hs_json_member_get(const struct hs_json_tree *tree, hs_json_node object,
                                struct hs_slice name);
/* The first node a path leads to from the root, or none. */
hs_json_node hs_json_find(const struct hs_json_tree *tree, const struct hs_json_path *path);
/* Calls `visit` for every node the path leads to (more than one with [*]); stops when it
 * returns other than 0 and returns that. `visit` may remove or replace the node it is given. */
typedef int hs_json_visit_fn(void *context, struct hs_json_tree *tree, hs_json_node node);
int hs_json_each(struct hs_json_tree *tree, const struct hs_json_path *path,
                 hs_json_visit_fn *visit, void *context);

/* The same in the way of a path's steps, but for every member of a name where it is there more than
 * once; `step` is the first to take, from `node`. */
int hs_json_each_value(struct hs_json_tree *tree, hs_json_node node,
                       const struct hs_json_path *path, size_t step, hs_json_visit_fn *visit,
                       void *context);

/* While a name is given, a path that begins with it begins at `node` and not at the root, whose
 * own member of that name no path reaches then. HS_JSON_NO_NODE takes the name back, and so does
 * a parse. `name` is borrowed. */
void hs_json_name_node(struct hs_json_tree *tree, struct hs_slice name, hs_json_node node);
/* Where a path begins, and at which of its steps: the root and 0, or a named node and 1. */
hs_json_node hs_json_path_start(const struct hs_json_tree *tree, const struct hs_json_path *path,
                                size_t *ret_step);

/* Edits. JSON texts given to them are copied into the tree's own memory. hs_json_replace()
 * and hs_json_rename() latch the first failure in the tree: nothing changed then, and what
 * is written of the tree fails as a write past the buffer's ceiling does. */
void hs_json_remove(struct hs_json_tree *tree, hs_json_node node);
/* Removes every member of this name but `but` (HS_JSON_NO_NODE: none is spared). */
void hs_json_remove_members(struct hs_json_tree *tree, hs_json_node object, struct hs_slice name,
                            hs_json_node but);
/* Puts another value in the node's place: `json` is one whole JSON value. */
void hs_json_replace(struct hs_json_tree *tree, hs_json_node node, struct hs_slice json);
/* Gives the member another name (decoded); its place among its siblings stays. */
void hs_json_rename(struct hs_json_tree *tree, hs_json_node member, struct hs_slice name);
/* Sets the value a path (without [*]) leads to, creating objects on the way; new members
 * come last. Where the member stands more than once the last one is given the value and the
 * others go: what was set is then there for every reader. On failure nothing changed. -ENOTDIR:
 * something on the way is there and is no object or has no such element; -E2BIG, -ENOSPC as
 * hs_json_status(). */
HS_MUST_CHECK int hs_json_set(struct hs_json_tree *tree, const struct hs_json_path *path,
                              struct hs_slice json);
/* Adds a member of this name (as hs_json_node_name() gives one), last, whether there is one
 * already or not: who adds many asks once for all of them. `name` lies outside the tree's memory.
 * -E2BIG, -ENOSPC as hs_json_status(); nothing changed then. */
HS_MUST_CHECK int hs_json_add_member(struct hs_json_tree *tree, hs_json_node object,
                                     struct hs_slice name, struct hs_slice json);
/* Removes everything that is neither on the way to one of the paths nor below it; while a node
 * has a name, everything of that node. */
void hs_json_keep(struct hs_json_tree *tree, const struct hs_json_path *const *paths, size_t count);
/* Appends one node as it stands now, edits included. */
void hs_json_write_node(const struct hs_json_tree *tree, hs_json_node node,
                        struct hs_buffer *ret_json);
/* Appends the whole document. Bytes that no edit touched are as received, white space
 * outside the value included. */
void hs_json_write(const struct hs_json_tree *tree, struct hs_buffer *ret_json);
bool hs_json_changed(const struct hs_json_tree *tree);
/* How much work was done with the tree since its text was parsed: children passed in searches,
 * bytes read and copied. Depends on the text and on what was asked alone, so that a limit on it
 * means the same on every machine. */
uint64_t hs_json_steps(const struct hs_json_tree *tree);
/* Counts work that somebody else did with a value of the tree. */
void hs_json_add_steps(struct hs_json_tree *tree, uint64_t steps);
/* Where the bytes of a value are. Two values of one tree, between two parses, that are in the same
 * place and equally long are the same. */
struct hs_json_place {
    bool own; /* in the tree's own memory */
    uint32_t begin;
};
struct hs_json_place hs_json_node_place(const struct hs_json_tree *tree, hs_json_node node);
/* 0, or the first replacing or renaming since the parse that could not be done: -E2BIG: it
 * would be nested too deep, or there are too many values; -ENOSPC: the edits are too large. */
HS_MUST_CHECK int hs_json_status(const struct hs_json_tree *tree);

#endif
