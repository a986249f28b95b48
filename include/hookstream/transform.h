/* Transform: compiled edits of an event and templates for topic, key, stream, header and
 * file names. A template or list of transformations is compiled from its node in the
 * configuration, with every error at its place, and run on one event after another.
 *
 * Templates see the event after the route's transformations, so that what was removed or
 * redacted cannot leak into a key; the words {id} {type} {family} {time} {organizationId}
 * {source} {received} are always those of the event as received.
 * Threads: what is compiled belongs to one thread; each sink compiles its own. */
#ifndef HOOKSTREAM_TRANSFORM_H
#define HOOKSTREAM_TRANSFORM_H

#include <hookstream/config.h>
#include <hookstream/event.h>
#include <hookstream/json.h>

/* ---- The event under work ---- */

/* One a thread. Parses the body only when something asks for it. */
struct hs_work;
struct hs_work *hs_work_create(void);
void hs_work_free(struct hs_work *work);
/* Begins with another event, which is borrowed until the next begin. Costs nothing. */
void hs_work_begin(struct hs_work *work, const struct hs_event *event);
/* Forgets the edits: the next reader sees the event as received. */
void hs_work_revert(struct hs_work *work);
const struct hs_event *hs_work_event(const struct hs_work *work);
/* The tree of the body, parsed now if it was not. -EINVAL: the body is not JSON. */
HS_MUST_CHECK int hs_work_tree(struct hs_work *work, struct hs_json_tree **ret_tree);
/* The body as it stands after the edits: the bytes received when nothing was edited.
 * Valid until the next begin, revert or edit. */
HS_MUST_CHECK int hs_work_body(struct hs_work *work, struct hs_slice *ret_body);
/* Headers that transformations gave the message, at most HS_EVENT_HEADERS_MAX, each name once;
 * for sinks that have headers. A `content-type` among them says what the body is, which without
 * one is application/json. Valid until the next begin, revert or edit. */
size_t hs_work_headers(struct hs_work *work, const struct hs_header **ret_headers);
/* How many failures `on_error: skip` has passed over since the work was created; hs_error_text()
 * still has the last one's message right after the item. */
uint64_t hs_work_skips(const struct hs_work *work);

/* ---- Templates ---- */

struct hs_template;
/* Compiles `text` ("fanfare:{data.queueId}"); findings go to `node`'s place; NULL when there
 * were any. {{ and }} stand for braces. {data.x|none} gives `none` for a missing field. */
struct hs_template *hs_template_compile(struct hs_config *config, const struct hs_node *node,
                                        struct hs_slice text);
void hs_template_free(struct hs_template *tmpl);
/* Without fields: always the same text. */
bool hs_template_is_literal(const struct hs_template *tmpl);
/* Calls `visit` with each text that stands in it, in order: between the fields, and what a field
 * falls back to. `before`: how much text between fields stands before it; `first`: no field does.
 */
typedef void hs_fixed_fn(void *context, struct hs_slice text, size_t before, bool first);
void hs_template_fixed(const struct hs_template *tmpl, hs_fixed_fn *visit, void *context);
/* Appends the text for the event; on failure the text is as before. A string gives its decoded
 * text, a number or boolean its token, null counts as missing, an object or array is an error.
 * -ENOENT: a field without a default is missing; -EINVAL; words say which. */
HS_MUST_CHECK int hs_template_expand(const struct hs_template *tmpl, struct hs_work *work,
                                     struct hs_buffer *ret_text);

/* ---- Conditions: when: ---- */

struct hs_condition;
/* A small grammar (docs/conditions.md, condition_parse.c): FIELD == VALUE, !=, <, <=, >, >=,
 * FIELD in [VALUE, ...], FIELD matches 'regular expression', FIELD exists, not, and, or,
 * parentheses. FIELD is what a template can name (type, source, data.x.y) or a header that is
 * kept with the event, header['x-fanfare-retry-count']; VALUE a JSON string ('single' quotes
 * too), number, true, false or null.
 *
 * Two that read as decimals compare by their exact value, be they numbers or texts (money is
 * text), two RFC 3339 times as points in time, other texts by their bytes and with == only:
 * what has no order is neither < nor >=. A missing field equals nothing; `exists` says that a
 * field is there and not null. Findings carry the column of the fault. */
struct hs_condition *hs_condition_compile(struct hs_config *config, const struct hs_node *node);
void hs_condition_free(struct hs_condition *condition);
/* 1: holds; 0: does not; -EINVAL: the event is not JSON. */
HS_MUST_CHECK int hs_condition_holds(const struct hs_condition *condition, struct hs_work *work);
/* Whether two conditions are the same text, spaces aside (for ties). */
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
void hs_condition_comparisons(const struct hs_condition *condition, hs_comparison_fn *visit,
                              void *context);
/* Of HS_IS_LIKE: whether the pattern takes the whole text; and whether it takes any of the texts
 * that the regular expression `texts` stands for. */
bool hs_comparison_takes(const struct hs_comparison *comparison, struct hs_slice text);
bool hs_comparison_can_take(const struct hs_comparison *comparison, const char *texts);
/* Whether the condition has a `matches`, or an `exists`. */
bool hs_condition_matches(const struct hs_condition *condition);
bool hs_condition_asks_existence(const struct hs_condition *condition);
/* The condition as text, with one space between its tokens. Borrowed. */
struct hs_slice hs_condition_text(const struct hs_condition *condition);

/* ---- Transformations ---- */

struct hs_transform;
/* Compiles a `transform:` list: each item a mapping with one operation (remove, keep, rename,
 * ...; the table of transform.c has them all) and optionally `when`, `for` and `on_error`.
 * `for: "data.items[*]"` does the item for each element, whose fields its operation and `when`
 * name with `item.` in front; `use: NAME` does a list of the configuration's own
 * `transformations:`. NULL only when there were findings; an absent node gives an empty list. */
struct hs_transform *hs_transform_compile(struct hs_config *config, const struct hs_node *node);
void hs_transform_free(struct hs_transform *transform);
/* What is to be said of `transformations:` (NULL: absent) as such: findings about each list, and
 * a warning for one that no `transform:` at or below `routes` and `fallback` (NULL: absent)
 * uses, itself or through others. */
void hs_transform_check_lists(struct hs_config *config, const struct hs_node *lists,
                              const struct hs_node *routes, const struct hs_node *fallback);
bool hs_transform_is_empty(const struct hs_transform *transform);
/* The item whose headers carry what its event cannot do without (`cloudevent` in binary mode),
 * so that a target without headers would lose it; NULL: there is none. */
const struct hs_node *hs_transform_needs_headers(const struct hs_transform *transform);
/* Edits the event in the order written. A field that is not there is no error. -EINVAL,
 * -ENOTDIR, -ENOENT, -EMSGSIZE, ...: it failed (words say which operation and field) and did
 * not say `on_error: skip`; the event is to be a dead letter. -EAGAIN: not now, which is no fault
 * of the event: it is to be tried again, whatever `on_error` says. */
HS_MUST_CHECK int hs_transform_apply(const struct hs_transform *transform, struct hs_work *work);

/* ---- Looking into what was compiled: for `check` and `explain` ---- */

/* What a place in the configuration does with a field of the event. */
enum hs_use_kind {
    HS_USE_NEED,  /* a template that has no default for it: without it the event is a dead letter */
    HS_USE_READ,  /* its value is asked for; a missing one is fine */
    HS_USE_EDIT,  /* changed or taken away where it stands, if it is there */
    HS_USE_KEEP,  /* named as what is to stay */
    HS_USE_WRITE, /* made, or written over */
};
struct hs_use {
    enum hs_use_kind kind;
    const char *path;           /* "data.orderId", "data.items[*].price", or a word such as "id" */
    const struct hs_node *node; /* whose text names it; NULL when that stands in no file */
};
/* Borrowed for the call, but for the node. */
typedef void hs_use_fn(void *context, const struct hs_use *use);
void hs_template_uses(const struct hs_template *tmpl, hs_use_fn *visit, void *context);
void hs_condition_uses(const struct hs_condition *condition, hs_use_fn *visit, void *context);

/* The items of a list one by one, in the order written. */
size_t hs_transform_count(const struct hs_transform *transform);
struct hs_transform_item {
    const char *operation;             /* "remove" */
    const struct hs_node *node;        /* the item's mapping */
    const struct hs_condition *when;   /* or NULL */
    const char *each;                  /* the path of `for`, or NULL */
    bool skips;                        /* on_error: skip */
    const struct hs_transform *inside; /* of `use`: the list, whose items are done; or NULL */
    /* After it fields may have names and places that nothing here tells of: flatten, unwrap, and
     * `use` of a list with such an item. */
    bool reshapes;
};
struct hs_transform_item hs_transform_at(const struct hs_transform *transform, size_t index);
/* Fields that the operation names, and those of its templates; not those of its `when`. With
 * `for` the path of an element's field begins as `for` says: "data.items[*].price". For `use`
 * those of the list's items, their `when`s included. */
void hs_transform_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                       void *context);
/* Fields that its `when`, if any, names; with `for` as above. */
void hs_transform_when_uses(const struct hs_transform *transform, size_t index, hs_use_fn *visit,
                            void *context);
/* The comparisons of its `when`, if any; with `for` as above. */
void hs_transform_when_comparisons(const struct hs_transform *transform, size_t index,
                                   hs_comparison_fn *visit, void *context);
/* As hs_transform_apply(), this item only. *ret_done: its `when` held. */
HS_MUST_CHECK int hs_transform_apply_item(const struct hs_transform *transform, size_t index,
                                          struct hs_work *work, bool *ret_done);

/* The operations' names and help, for the manual. */
void hs_transform_manual(struct hs_buffer *ret_page);
/* Appends the schema's definitions "transform", "transformations" and "condition", without the
 * braces around them. */
void hs_transform_schema(struct hs_buffer *ret_json);

#endif
