/* Transform: compiled edits of an event and templates for topic, key, stream, header and file
 * names. A template or list of transformations is compiled from its node in the configuration,
 * reporting every error with its position, and applied to one event after another.
 *
 * Templates see the event after the route's transformations, so that removed or redacted data
 * cannot leak into a key. The words {id} {type} {family} {time} {organizationId} {source}
 * {received} always refer to the event as received. Threads: what is compiled belongs to one
 * thread; each sink compiles its own. */
#ifndef HOOKSTREAM_TRANSFORM_H
#define HOOKSTREAM_TRANSFORM_H

#include <hookstream/config.h>
#include <hookstream/event.h>
#include <hookstream/json.h>

/* ---- The event being processed ---- */

/* One per thread. Parses the body only when it is needed. */
struct hs_work;
/* Creates a work; free it with hs_work_free(). */
struct hs_work *hs_work_create(void);
/* Frees the work. NULL is fine. */
void hs_work_free(struct hs_work *work);
/* Starts with another event, which is borrowed until the next begin. Costs nothing. */
void hs_work_begin(struct hs_work *work, const struct hs_event *event);
/* Discards the edits: the next reader sees the event as received. */
void hs_work_revert(struct hs_work *work);
/* The current event. */
const struct hs_event *hs_work_event(const struct hs_work *work);
/* The tree of the body, parsed on first use. -EINVAL: the body is not JSON. */
HS_MUST_CHECK int hs_work_tree(struct hs_work *work, struct hs_json_tree **ret_tree);
/* The body after the edits so far: the received bytes if nothing was edited. Valid until the next
 * begin, revert or edit. */
HS_MUST_CHECK int hs_work_body(struct hs_work *work, struct hs_slice *ret_body);
/* Headers that transformations set on the message, at most HS_EVENT_HEADERS_MAX, each name once;
 * for sinks with headers. A `content-type` among them describes the body, which is otherwise
 * application/json. Valid until the next begin, revert or edit. */
size_t hs_work_headers(struct hs_work *work, const struct hs_header **ret_headers);
/* How many failures `on_error: skip` has skipped since the work was created; right after an item
 * hs_error_text() still has the last one's message. */
uint64_t hs_work_skips(const struct hs_work *work);

/* ---- Templates ---- */

struct hs_template;
/* Compiles `text` ("fanfare:{data.queueId}"); findings go to `node`'s position; NULL if there were
 * any. {{ and }} are literal braces. {data.x|none} yields `none` for a missing field. */
struct hs_template *hs_template_compile(struct hs_config *config, const struct hs_node *node,
                                        struct hs_slice text);
/* Frees the template. NULL is fine. */
void hs_template_free(struct hs_template *tmpl);
/* Whether it has no fields, so that its text is constant. */
bool hs_template_is_literal(const struct hs_template *tmpl);
/* Calls `visit` with each constant text in order: between the fields, and the fields' defaults.
 * `before`: how much text between fields precedes it; `first`: no field precedes it. */
typedef void hs_fixed_fn(void *context, struct hs_slice text, size_t before, bool first);
/* Visits the constant texts of a template. */
void hs_template_fixed(const struct hs_template *tmpl, hs_fixed_fn *visit, void *context);
/* Appends the text for the event; on failure the text is unchanged. A string yields its decoded
 * text, a number or boolean its token, null counts as missing, an object or array is an error.
 * -ENOENT: a field without a default is missing; -EINVAL; a message names the field. */
HS_MUST_CHECK int hs_template_expand(const struct hs_template *tmpl, struct hs_work *work,
                                     struct hs_buffer *ret_text);

/* ---- Conditions: when: ---- */

struct hs_condition;
/* A small grammar (docs/conditions.md, condition_parse.c): FIELD == VALUE, !=, <, <=, >, >=, FIELD
 * in [VALUE, ...], FIELD matches 'regular expression', FIELD exists, not, and, or, parentheses.
 * FIELD is a field as in templates (type, source, data.x.y) or a header kept with the event,
 * header['x-fanfare-retry-count']; VALUE a JSON string ('single' quotes too), number, true, false
 * or null.
 *
 * Two decimals compare by their exact value, whether numbers or texts (money is text); two RFC 3339
 * times compare as points in time. Other texts compare by their bytes and with == only: unordered
 * values are neither < nor >=. A missing field equals nothing; `exists` tests that a field is
 * present and not null. Findings have the column of the fault. */
struct hs_condition *hs_condition_compile(struct hs_config *config, const struct hs_node *node);
/* Frees the condition. NULL is fine. */
void hs_condition_free(struct hs_condition *condition);
/* 1: true; 0: false; -EINVAL: the event is not JSON. */
HS_MUST_CHECK int hs_condition_holds(const struct hs_condition *condition, struct hs_work *work);
/* Whether two conditions have the same text, ignoring spaces (for ties). */
bool hs_condition_same(const struct hs_condition *a, const struct hs_condition *b);
/* Each value, and each pattern, that a field is held against. */
enum hs_comparison_kind {
    HS_IS,     /* == and in */
    HS_IS_NOT, /* != */
    HS_IS_LESS,
    HS_IS_AT_MOST,
    HS_IS_MORE,
    HS_IS_AT_LEAST,
    HS_IS_LIKE, /* matches */
};
struct hs_regexp;
struct hs_comparison {
    const char *path;
    enum hs_comparison_kind by;
    enum hs_json_kind kind;
    struct hs_slice literal;         /* a string's decoded text, or a number's token */
    bool decimal;                    /* it compares by its value, with numbers and with texts */
    const struct hs_node *node;      /* of the condition */
    const struct hs_regexp *pattern; /* of HS_IS_LIKE, whose text `literal` is; else NULL */
};
typedef void hs_comparison_fn(void *context, const struct hs_comparison *comparison);
/* Visits every comparison of the condition. */
void hs_condition_comparisons(const struct hs_condition *condition, hs_comparison_fn *visit,
                              void *context);
/* Of HS_IS_LIKE: whether the pattern takes the whole text. */
bool hs_comparison_takes(const struct hs_comparison *comparison, struct hs_slice text);
/* Of HS_IS_LIKE: whether it takes any of the texts that the regular expression `texts` describes.
 */
bool hs_comparison_can_take(const struct hs_comparison *comparison, const char *texts);
/* Whether the condition has a `matches`, or an `exists`. */
bool hs_condition_matches(const struct hs_condition *condition);
/* Whether the condition has an `exists`. */
bool hs_condition_asks_existence(const struct hs_condition *condition);
/* The condition as text, with one space between its tokens. Borrowed. */
struct hs_slice hs_condition_text(const struct hs_condition *condition);

/* ---- Transformations ---- */

struct hs_transform;
/* Compiles a `transform:` list. Each item is a mapping with one operation (remove, keep, rename,
 * ...; see the table in transform.c) and optionally `when`, `for` and `on_error`. `for:
 * "data.items[*]"` applies the item to each element; its operation and `when` refer to the
 * element's fields as `item.` plus the name. `use: NAME` applies a list of the configuration's
 * `transformations:`. Returns NULL only if there were findings; an absent node gives an empty
 * list. */
struct hs_transform *hs_transform_compile(struct hs_config *config, const struct hs_node *node);
/* Frees the list. NULL is fine. */
void hs_transform_free(struct hs_transform *transform);
/* Checks `transformations:` itself (NULL: absent): reports faults of each list, and warns about a
 * list that no `transform:` at or below `routes` and `fallback` (NULL: absent) uses, directly or
 * through others. */
void hs_transform_check_lists(struct hs_config *config, const struct hs_node *lists,
                              const struct hs_node *routes, const struct hs_node *fallback);
/* Whether the list has no items. */
bool hs_transform_is_empty(const struct hs_transform *transform);
/* The item whose headers the event cannot do without (`cloudevent` in binary mode), so that a
 * target without headers would lose data; NULL: there is none. */
const struct hs_node *hs_transform_needs_headers(const struct hs_transform *transform);
/* Edits the event, item by item. A missing field is not an error. -EINVAL, -ENOTDIR, -ENOENT,
 * -EMSGSIZE, ...: an item without `on_error: skip` failed (a message names the operation and
 * field), and the event must become a dead letter. -EAGAIN: a temporary failure that is not the
 * event's fault: retry, whatever `on_error` says. */
HS_MUST_CHECK int hs_transform_apply(const struct hs_transform *transform, struct hs_work *work);

/* ---- Inspecting compiled lists: for `check` and `explain` ---- */

/* How a place in the configuration uses a field of the event. */
enum hs_use_kind {
    HS_USE_NEED,  /* a template without a default for it: if it is missing, the event is a dead
                   * letter */
    HS_USE_READ,  /* reads its value; it may be missing */
    HS_USE_EDIT,  /* changes or removes it in place, if present */
    HS_USE_KEEP,  /* names it as one to keep */
    HS_USE_WRITE, /* creates or overwrites it */
};
struct hs_use {
    enum hs_use_kind kind;
    const char *path;           /* "data.orderId", "data.items[*].price", or a word such as "id" */
    const struct hs_node *node; /* the node whose text names it; NULL if no file does */
};
/* Borrowed during the call, except for the node. */
typedef void hs_use_fn(void *context, const struct hs_use *use);
/* Visits the fields that a template uses. */
void hs_template_uses(const struct hs_template *tmpl, hs_use_fn *visit, void *context);
/* Visits the fields that a condition uses. */
void hs_condition_uses(const struct hs_condition *condition, hs_use_fn *visit, void *context);

/* The number of items in the list. */
size_t hs_transform_count(const struct hs_transform *transform);
struct hs_transform_item {
    const char *operation;             /* "remove" */
    const struct hs_node *node;        /* the item's mapping */
    const struct hs_condition *when;   /* or NULL */
    const char *each;                  /* the path of `for`, or NULL */
    bool skips;                        /* on_error: skip */
    const struct hs_transform *inside; /* of `use`: the list to apply; or NULL */
    /* Afterwards fields may have names and positions that cannot be predicted here: flatten,
     * unwrap, and `use` of a list with such an item. */
    bool reshapes;
};
/* The item at this index. */
struct hs_transform_item hs_transform_at(const struct hs_transform *transform, size_t index);
/* Visits the fields that the operation and its templates name, but not its `when`. With `for` an
 * element's field has its whole path: "data.items[*].price". For `use` it visits those of the
 * list's items, including their `when`. */
void hs_transform_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                       void *context);
/* Visits the fields of its `when`, if any; with `for` as above. */
void hs_transform_when_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                            void *context);
/* Visits the comparisons of its `when`, if any; with `for` as above. */
void hs_transform_when_comparisons(const struct hs_transform *transform, size_t index,
                                   hs_comparison_fn *visit, void *context);
/* As hs_transform_apply(), for this item only. *ret_done: its `when` was true. */
HS_MUST_CHECK int hs_transform_apply_item(const struct hs_transform *transform, size_t index,
                                          struct hs_work *work, bool *ret_done);

/* Appends the operations' names and help to the manual. */
void hs_transform_manual(struct hs_buffer *ret_page);
/* Adds the schema's definitions "transform", "transformations" and "condition". */
void hs_transform_schema(struct json_object *definitions);

#endif
