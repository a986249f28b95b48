/* Look, for this module's own files: the state while one route is checked, from its `when` through
 * its transformations to its targets, with what is known about its events at each step. */
#ifndef HS_ADVICE_LOOK_H
#define HS_ADVICE_LOOK_H

#include <hookstream/advice.h>

/* A type whose events may reach the route. */
struct hs_matched {
    const struct hs_event_type *type;
    const struct hs_catalogue *catalogue;
};

#define HS_LOOK_PATHS_MAX 1024u /* past it paths are forgotten, and fewer findings result */
struct hs_paths {
    const char *items[HS_LOOK_PATHS_MAX];
    size_t count;
};

/* A personal or credential field of a type, and where its value is now. */
struct hs_track {
    const struct hs_catalogue_field *field;
    const char *path;
    bool hidden;
    bool out; /* a target got it unchanged */
};

/* The `accept` of the route, or of one of its targets. */
#define HS_ACCEPT_MAX 64u
struct hs_accept {
    const char *whose; /* "route", "target" */
    const struct hs_strings *items;
    bool used[HS_ACCEPT_MAX]; /* items that suppressed a warning */
};

/* Items and templates with a finding: a failure there needs no second one. */
struct hs_told {
    const struct hs_node *nodes[HS_LOOK_PATHS_MAX];
    size_t count;
};

struct hs_look {
    struct hs_config *config;
    const struct hs_advice_input *input;
    const struct hs_route *route;
    const struct hs_matched *matched; /* each type once */
    size_t matched_count;
    const struct hs_matched *all; /* all types of the route's sources, for shared lists */
    size_t all_count;
    bool open;            /* a source of the route has no catalogue: other types may come */
    bool blurred;         /* fields have names and places that nothing tells of */
    bool unwrapped;       /* `data` was put in its event's place */
    unsigned shared;      /* how deep in named lists */
    struct hs_paths made; /* by earlier transformations */
    struct hs_paths gone; /* removed by them */
    struct hs_paths kept; /* by the last `keep`; none: there was no `keep` */
    struct hs_paths named_by_when;
    struct hs_paths written; /* fields of the catalogue that now hold something else */
    struct hs_told *told;
    struct hs_track tracks[HS_LOOK_PATHS_MAX];
    size_t track_count;
    struct hs_accept *accepts; /* the route's, then each target's */
    size_t target;             /* the target being checked, from 1; 0: the route itself */
};

/* ---- Paths ---- */

/* The path in the catalogue's form: [0] becomes [*]. In the arena. */
const char *hs_path_plain(struct hs_arena *arena, const char *path);
const char *hs_look_path(const struct hs_look *look, const char *path);
/* Whether `path` is `above` or below it. */
bool hs_path_is_below(const char *path, const char *above);
void hs_paths_add(struct hs_paths *paths, const char *path);
/* Removes paths equal to `above` or below it. */
void hs_paths_drop(struct hs_paths *paths, const char *above);
/* Whether one of them equals `path`, or is above or below it. */
bool hs_paths_meet(const struct hs_paths *paths, const char *path);

/* ---- Findings ---- */

/* Fills `accepts`. */
void hs_look_read_accept(struct hs_look *look);
/* Whether the route, or the target being checked, accepts the warning; `field` may be NULL. */
bool hs_look_accepts(struct hs_look *look, enum hs_finding_code code, const char *field);
/* Adds a warning unless accepted; `field` may be NULL. */
void hs_look_warn(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                  const char *field, const char *format, ...) HS_PRINTF(5, 6);
/* Adds an error; a warning if the input is lenient. */
void hs_look_error(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                   const char *format, ...) HS_PRINTF(4, 5);
/* Records that this item or template has a finding. */
void hs_look_tell(struct hs_look *look, const struct hs_node *node);
bool hs_look_has_told(const struct hs_look *look, const struct hs_node *node);
/* Checks `accept` itself: invalid items, and those that suppressed nothing. */
void hs_look_check_accept(struct hs_look *look);

/* ---- Names and values that are nearly known ones ---- */

bool hs_is_near_value(struct hs_slice value, struct hs_slice known);
/* Stricter, since a new name may be like an old one. */
bool hs_is_near_name(struct hs_slice name, struct hs_slice known);

/* ---- Fields ---- */

/* Whether events of the type can have the field, according to its rows. */
bool hs_type_may_have(const struct hs_event_type *type, const char *path);
/* Whether an earlier transformation removes the field, and none creates it again. */
bool hs_look_is_taken_away(const struct hs_look *look, const char *path);
/* Checks one use against the types. */
void hs_look_at_use(struct hs_look *look, const struct hs_use *use, const struct hs_node *near);
/* Checks the comparisons of a condition against the types. */
void hs_look_at_values(struct hs_look *look, const struct hs_condition *condition);
/* As above, for the `when` of a transformation. */
void hs_look_at_item_values(struct hs_look *look, const struct hs_transform *transform,
                            size_t index);

/* ---- Misleading texts and values ---- */

/* Warns about a template's text that names a known field without braces. */
void hs_look_at_plain_text(struct hs_look *look, const struct hs_template *tmpl,
                           const struct hs_node *node);
/* Why the field cannot have the value that `set` or `default` gives: its type, or the list of its
 * values; NULL: it can. */
const char *hs_field_refuses(const struct hs_catalogue_field *field, const struct hs_node *value);
/* Whether some event of the route (in a shared list: of its sources) can have the field. */
bool hs_look_knows(const struct hs_look *look, const char *path);
/* The known field beside it whose name is nearly the same, or NULL. */
const char *hs_look_nearly(const struct hs_look *look, const char *path);
/* The names in a jq program. */
void hs_look_at_program(struct hs_look *look, const struct hs_node *program);
/* The names and values that `set` and `default` give, and what a jq program names. */
void hs_look_at_given(struct hs_look *look, const struct hs_transform_item *item,
                      const struct hs_use *uses, size_t count);
/* The same of the values that a `set` gives. */
void hs_look_at_set(struct hs_look *look, const struct hs_transform_item *item);
/* Records which of the sender's fields the item overwrites. */
void hs_written_follow(struct hs_look *look, const struct hs_transform_item *item,
                       const struct hs_use *uses, size_t count);
/* Warns about a field that is used as if it still had the sender's value. */
void hs_look_at_written(struct hs_look *look, const struct hs_use *use, const struct hs_node *near);

/* ---- match ---- */

void hs_look_at_match(struct hs_look *look);

/* ---- Personal data and credentials ---- */

void hs_tracks_begin(struct hs_look *look);
/* Tracks them through one item, which has a use of `path`. */
void hs_tracks_follow(struct hs_look *look, const struct hs_transform_item *item,
                      const struct hs_use *uses, size_t count);
/* A target gets the event in its current state. */
void hs_tracks_give(struct hs_look *look);
/* Reports those from `first` on that a target got. */
void hs_tracks_tell(struct hs_look *look, size_t first);

/* ---- Keys ---- */

void hs_look_at_key(struct hs_look *look, const struct hs_target *target);
/* ---- Topics, streams and files ---- */

/* Names that have an id; a topic that another route writes by another key. */
void hs_look_at_destination(struct hs_look *look, const struct hs_target *target);

#endif
