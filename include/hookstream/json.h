/* JSON: a strict scanner over received bytes (RFC 8259), and a tree for editing them. The tree
 * preserves every byte that no edit touches: member order, number digits, escapes, white space.
 * Knows nothing of events.
 *
 * Strict means: valid UTF-8 (RFC 3629), no control characters in strings, no leading zeros, no
 * trailing commas, only white space after the value, depth at most HS_JSON_DEPTH_MAX. Lone
 * surrogates in \u escapes are legal JSON text and pass through. Threads: a tree belongs to one
 * thread; the scanner is a pure function. */
#ifndef HOOKSTREAM_JSON_H
#define HOOKSTREAM_JSON_H

#include <hookstream/limits.h>
#include <hookstream/buffer.h>

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

/* A member to pick from the top-level object. */
struct hs_json_member {
    struct hs_slice name; /* decoded name to look for */
    /* Out: the value as written (a string with its quotes), data NULL when absent. */
    struct hs_slice value;
    enum hs_json_kind kind;
    bool repeated; /* occurs more than once; `value` is the first */
};

/* Checks in one pass that `text` is exactly one JSON value. Picks the `wanted` members if it is an
 * object; a name written with escapes counts as the name it decodes to. Sets `ret_kind` to the kind
 * of the whole value. 0; -EINVAL: not JSON, *ret_offset is the first wrong byte and hs_error_text()
 * gives the reason; -E2BIG: too deep. */
HS_MUST_CHECK int hs_json_scan(struct hs_slice text, struct hs_json_member *wanted,
                               size_t wanted_count, enum hs_json_kind *ret_kind,
                               size_t *ret_offset);

/* Appends the decoded value of a scanned JSON string (with its quotes): UTF-8, with lone surrogates
 * as U+FFFD. */
void hs_json_decode_string(struct hs_slice quoted, struct hs_buffer *ret_text);
/* Appends `text` as a JSON string with quotes; invalid UTF-8 becomes U+FFFD. */
void hs_json_encode_string(struct hs_slice text, struct hs_buffer *ret_json);
/* Appends scanned JSON without the white space outside strings; tokens are unchanged. */
void hs_json_compact(struct hs_slice json, struct hs_buffer *ret_json);

/* ---- Paths ---- */

/* A compiled path such as data.items[0].price or data.items[*].price. Names are split at dots; a
 * name that contains dots or brackets is written ["like.this"]. */
struct hs_json_step {
    struct hs_slice name; /* object member; data NULL for an array step */
    int64_t index;        /* array element; -1 for [*] */
};
struct hs_json_path {
    struct hs_json_step *steps;
    size_t count;
    bool wildcard; /* has a [*] */
    char *text;    /* as written */
};
/* Compiles a path; free it with hs_json_path_free(). -EINVAL and a message. */
HS_MUST_CHECK int hs_json_path_parse(struct hs_slice text, struct hs_json_path *ret_path);
/* Frees the path's memory and empties it; calling it twice is fine. */
void hs_json_path_free(struct hs_json_path *path);

/* ---- The tree ---- */

struct hs_json_tree;
typedef uint32_t hs_json_node; /* A node; HS_JSON_NO_NODE: none. Valid until the tree's next
                                * parse. */
#define HS_JSON_NO_NODE UINT32_MAX

/* Creates a tree. A thread uses one tree for event after event; it keeps its memory. */
struct hs_json_tree *hs_json_tree_create(void);
/* Frees the tree. NULL is fine. */
void hs_json_tree_free(struct hs_json_tree *tree);

/* Parses `text`, which is borrowed until the next parse or free. 0; -EINVAL or -E2BIG as
 * hs_json_scan(); also -E2BIG if it has more values than a tree holds. */
HS_MUST_CHECK int hs_json_tree_parse(struct hs_json_tree *tree, struct hs_slice text);

/* The node of the whole document. */
hs_json_node hs_json_root(const struct hs_json_tree *tree);
/* The kind of the node's current value. */
enum hs_json_kind hs_json_node_kind(const struct hs_json_tree *tree, hs_json_node node);
/* The node's bytes as written: a string with quotes, a number's digits. For containers only while
 * unchanged (HS_SLICE_NONE otherwise). */
struct hs_slice hs_json_node_text(const struct hs_json_tree *tree, hs_json_node node);
/* The first member or element of a container, or HS_JSON_NO_NODE. */
hs_json_node hs_json_first_child(const struct hs_json_tree *tree, hs_json_node node);
/* The next sibling, or HS_JSON_NO_NODE. */
hs_json_node hs_json_next(const struct hs_json_tree *tree, hs_json_node node);
/* The member's name as written between its quotes, with its escapes. */
struct hs_slice hs_json_node_name(const struct hs_json_tree *tree, hs_json_node node);
/* The member or element, or none. Of duplicate members it returns the last, as most readers do. */
hs_json_node hs_json_member_get(const struct hs_json_tree *tree, hs_json_node object,
                                struct hs_slice name);
/* The first node a path leads to from the root, or none. */
hs_json_node hs_json_find(const struct hs_json_tree *tree, const struct hs_json_path *path);
/* Calls `visit` for every node that the path leads to (several with [*]). Stops when `visit`
 * returns nonzero, and returns that value. `visit` may remove or replace the node it is given. */
typedef int hs_json_visit_fn(void *context, struct hs_json_tree *tree, hs_json_node node);
/* Called for one node; nonzero stops the walk. */
int hs_json_each(struct hs_json_tree *tree, const struct hs_json_path *path,
                 hs_json_visit_fn *visit, void *context);

/* As hs_json_each(), but visits every duplicate of a member. `step` is the first step to take, from
 * `node`. */
int hs_json_each_value(struct hs_json_tree *tree, hs_json_node node,
                       const struct hs_json_path *path, size_t step, hs_json_visit_fn *visit,
                       void *context);

/* Gives a node a name: paths that begin with it then start at `node` instead of the root, whose own
 * member of that name is unreachable. HS_JSON_NO_NODE removes the name, and so does a parse. `name`
 * is borrowed. */
void hs_json_name_node(struct hs_json_tree *tree, struct hs_slice name, hs_json_node node);
/* Where a path starts, and at which of its steps: the root and 0, or a named node and 1. */
hs_json_node hs_json_path_start(const struct hs_json_tree *tree, const struct hs_json_path *path,
                                size_t *ret_step);

/* Edits. JSON texts passed in are copied into the tree's own memory. hs_json_replace() and
 * hs_json_rename() latch the first failure in the tree. A failed edit changes nothing, and writing
 * the tree afterwards fails like a write past the buffer's ceiling. */
void hs_json_remove(struct hs_json_tree *tree, hs_json_node node);
/* Removes every member of this name except `but` (HS_JSON_NO_NODE: no exception). */
void hs_json_remove_members(struct hs_json_tree *tree, hs_json_node object, struct hs_slice name,
                            hs_json_node but);
/* Replaces the node's value with `json`, one complete JSON value. */
void hs_json_replace(struct hs_json_tree *tree, hs_json_node node, struct hs_slice json);
/* Renames the member (`name` is decoded); its position stays. */
void hs_json_rename(struct hs_json_tree *tree, hs_json_node member, struct hs_slice name);
/* Sets the value that a path (without [*]) leads to, creating objects on the way; new members come
 * last. If the member occurs more than once, the last one gets the value and the others are
 * removed, so that every reader sees the new value. A failure changes nothing. -ENOTDIR: something
 * on the way is not an object or has no such element; -E2BIG, -ENOSPC as hs_json_status(). */
HS_MUST_CHECK int hs_json_set(struct hs_json_tree *tree, const struct hs_json_path *path,
                              struct hs_slice json);
/* Appends a member of this name (as hs_json_node_name() returns one), even if one exists: a caller
 * that adds many checks once for all of them. `name` must lie outside the tree's memory. -E2BIG,
 * -ENOSPC as hs_json_status(); then nothing has changed. */
HS_MUST_CHECK int hs_json_add_member(struct hs_json_tree *tree, hs_json_node object,
                                     struct hs_slice name, struct hs_slice json);
/* Removes everything that is neither on the way to one of the paths nor below it; while a node has
 * a name, only inside that node. */
void hs_json_keep(struct hs_json_tree *tree, const struct hs_json_path *const *paths, size_t count);
/* Appends the current text of one node, edits included. */
void hs_json_write_node(const struct hs_json_tree *tree, hs_json_node node,
                        struct hs_buffer *ret_json);
/* Appends the whole document. Bytes that no edit touched are as received, including white space
 * outside the value. */
void hs_json_write(const struct hs_json_tree *tree, struct hs_buffer *ret_json);
/* Whether any edit was made since the parse. */
bool hs_json_changed(const struct hs_json_tree *tree);
/* The amount of work done with the tree since its text was parsed: children passed in searches,
 * bytes read and copied. Depends only on the text and the requests, so that a limit on it means the
 * same on every machine. */
uint64_t hs_json_steps(const struct hs_json_tree *tree);
/* Adds work that a caller did with a value of the tree. */
void hs_json_add_steps(struct hs_json_tree *tree, uint64_t steps);
/* Where the bytes of a value are. Between two parses, values of one tree with the same place and
 * length are the same. */
struct hs_json_place {
    bool own; /* in the tree's own memory */
    uint32_t begin;
};
/* The place of a node's bytes. */
struct hs_json_place hs_json_node_place(const struct hs_json_tree *tree, hs_json_node node);
/* Returns 0, or the error of the first failed replace or rename since the parse. -E2BIG: it would
 * be nested too deep, or there are too many values; -ENOSPC: the edits are too large. */
HS_MUST_CHECK int hs_json_status(const struct hs_json_tree *tree);

#endif
