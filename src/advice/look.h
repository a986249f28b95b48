/* Look, for this module's own files: one route while it is looked at, from its `when` through its
 * transformations to its targets, with what is known of its events at each step. */
#ifndef HS_ADVICE_LOOK_H
#define HS_ADVICE_LOOK_H

#include <hookstream/advice.h>

/* A type whose events may come to the route. */
struct hs_matched {
    const struct hs_event_type *type;
    const struct hs_catalogue *catalogue;
};

#define HS_LOOK_PATHS_MAX 1024u /* past it paths are forgotten, and less is said */
struct hs_paths {
    const char *items[HS_LOOK_PATHS_MAX];
    size_t count;
};

/* A personal or credential field of a type, and where its value stands by now. */
struct hs_track {
    const struct hs_catalogue_field *field;
    const char *path;
    bool hidden;
    bool out; /* a target was given it as it came */
};

/* The `accept` of the route, or of one of its targets. */
#define HS_ACCEPT_MAX 64u
struct hs_accept {
    const char *whose; /* "route", "target" */
    const struct hs_strings *items;
    bool used[HS_ACCEPT_MAX]; /* items that took a warning back */
};

/* Items and templates that something was said of: what fails there needs no second finding. */
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
    const struct hs_matched *all; /* all types of the route's sources, for lists that are shared */
    size_t all_count;
    bool open;            /* a source of the route has no catalogue: other types may come */
    bool blurred;         /* fields have names and places that nothing tells of */
    bool unwrapped;       /* `data` was put in its event's place */
    unsigned shared;      /* how deep in named lists */
    struct hs_paths made; /* by earlier transformations */
    struct hs_paths gone; /* taken away by them */
    struct hs_paths kept; /* by the last `keep`; none: there was no `keep` */
    struct hs_paths named_by_when;
    struct hs_paths written; /* fields of the catalogue that hold something else by now */
    struct hs_told *told;
    struct hs_track tracks[HS_LOOK_PATHS_MAX];
    size_t track_count;
    struct hs_accept *accepts; /* the route's, then each target's */
    size_t target;             /* the one that is looked at, from 1; 0: the route as such */
};

/* ---- Paths ---- */

/* As the catalogue writes it: [0] becomes [*]. In the arena. */
const char *hs_path_plain(struct hs_arena *arena, const char *path);
const char *hs_look_path(const struct hs_look *look, const char *path);
/* Whether `path` is `above`, or stands below it. */
bool hs_path_is_below(const char *path, const char *above);
void hs_paths_add(struct hs_paths *paths, const char *path);
/* Takes out what is `above` or below it. */
void hs_paths_drop(struct hs_paths *paths, const char *above);
/* Whether one of them is `path`, above it or below it. */
bool hs_paths_meet(const struct hs_paths *paths, const char *path);

/* ---- What is said ---- */

/* Makes `accepts`. */
void hs_look_read_accept(struct hs_look *look);
/* Whether the route, or the target that is looked at, accepts the warning; `field` may be NULL. */
bool hs_look_accepts(struct hs_look *look, enum hs_finding_code code, const char *field);
/* A warning that is not accepted; `field` may be NULL. */
void hs_look_warn(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                  const char *field, const char *format, ...) HS_PRINTF(5, 6);
/* An error; when the input is lenient a warning. */
void hs_look_error(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                   const char *format, ...) HS_PRINTF(4, 5);
/* Something was said of this item or template. */
void hs_look_tell(struct hs_look *look, const struct hs_node *node);
bool hs_look_has_told(const struct hs_look *look, const struct hs_node *node);
/* `accept` itself: what it cannot be, and what of it was of no use. */
void hs_look_check_accept(struct hs_look *look);

/* ---- Names and values that are nearly known ones ---- */

bool hs_is_near_value(struct hs_slice value, struct hs_slice known);
/* Stricter, since a new name may be like an old one. */
bool hs_is_near_name(struct hs_slice name, struct hs_slice known);

/* ---- Fields ---- */

/* Whether events of the type can have the field, as far as its rows say. */
bool hs_type_may_have(const struct hs_event_type *type, const char *path);
/* Whether an earlier transformation takes the field away, and none makes it again. */
bool hs_look_is_taken_away(const struct hs_look *look, const char *path);
/* Holds one use against the types. */
void hs_look_at_use(struct hs_look *look, const struct hs_use *use, const struct hs_node *near);
/* Holds the comparisons of a condition against the types. */
void hs_look_at_values(struct hs_look *look, const struct hs_condition *condition);
/* The same of the `when` of a transformation. */
void hs_look_at_item_values(struct hs_look *look, const struct hs_transform *transform,
                            size_t index);

/* ---- Texts and values that are not what they seem ---- */

/* A text of a template that names a known field, without braces. */
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
/* Notes which of the sender's fields the item writes over. */
void hs_written_follow(struct hs_look *look, const struct hs_transform_item *item,
                       const struct hs_use *uses, size_t count);
/* The field is used as if it still had the sender's value. */
void hs_look_at_written(struct hs_look *look, const struct hs_use *use, const struct hs_node *near);

/* ---- match ---- */

void hs_look_at_match(struct hs_look *look);

/* ---- Personal data and credentials ---- */

void hs_tracks_begin(struct hs_look *look);
/* Follows them through one item, which `path` is a use of. */
void hs_tracks_follow(struct hs_look *look, const struct hs_transform_item *item,
                      const struct hs_use *uses, size_t count);
/* A target is given the event as it is now. */
void hs_tracks_give(struct hs_look *look);
/* Of those from `first` on that a target was given. */
void hs_tracks_tell(struct hs_look *look, size_t first);

/* ---- Keys ---- */

void hs_look_at_key(struct hs_look *look, const struct hs_target *target);
/* ---- Topics, streams and files ---- */

/* Names that have an id; a topic that another route writes by another key. */
void hs_look_at_destination(struct hs_look *look, const struct hs_target *target);

#endif
