/* Destinations: topics, streams and files. Names that an id makes too many of, and a topic that
 * another route writes by another key. */
#include "look.h"

/* ---- Names ---- */

struct name {
    struct hs_look *look;
    const struct hs_target *target;
};

static bool is_id(const struct hs_look *look, const char *path)
{
    for (size_t i = 0; i < look->matched_count; i++) {
        const struct hs_catalogue_field *field =
            hs_event_type_field(look->matched[i].type, hs_slice_text(path));
        if (field != NULL && field->type == HS_FIELD_ID)
            return true;
    }
    return false;
}

static void look_at_field(void *context, const struct hs_use *use)
{
    const struct name *name = context;
    struct hs_look *look = name->look;
    const char *path = hs_look_path(look, use->path);
    if (name->target->kind->names_are_free)
        return;
    bool topic = name->target->kind->has_partitions && hs_path_is_below(path, "data") &&
                 !look->blurred && !hs_paths_meet(&look->made, path) && is_id(look, path);
    if (strcmp(path, "id") == 0 || topic)
        hs_look_warn(look, HS_FINDING_NAME_PER_EVENT, name->target->options->destination_node, path,
                     "`%s` makes a %s of its own for each %s", path,
                     name->target->kind->destination, topic ? "value" : "event");
}

/* ---- Keys of one topic ---- */

#define KEY_FIELDS_MAX 8u
struct key {
    const char *names[KEY_FIELDS_MAX];
    size_t count;
};

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

static void note_name(void *context, const struct hs_use *use)
{
    struct key *key = context;
    if (key->count < KEY_FIELDS_MAX)
        key->names[key->count++] = last_name(use->path);
}

static bool has_name(const struct key *key, const char *name)
{
    for (size_t i = 0; i < key->count; i++)
        if (strcmp(key->names[i], name) == 0)
            return true;
    return false;
}

/* By the last names of their fields, which transformations that move them leave. */
static bool same_fields(const struct key *a, const struct key *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = has_name(b, a->names[i]);
    return same;
}

/* Whether the type, or one of its family, has all fields of the key below data. */
static bool has_fields(const struct hs_event_type *type, const struct key *key)
{
    bool has = key->count > 0;
    for (size_t i = 0; has && i < key->count; i++) {
        bool found = false;
        for (size_t k = 0; k < type->field_count && !found; k++)
            found = strcmp(last_name(type->fields[k].path), key->names[i]) == 0;
        has = found;
    }
    return has;
}

static bool is_family_of(const struct hs_event_type *a, const struct hs_event_type *b)
{
    return hs_slice_equal(hs_event_family(hs_slice_text(a->name)),
                          hs_event_family(hs_slice_text(b->name)));
}

/* A type of this route, by this key, and one of the same family of the other route, by its own. */
static bool meet(const struct hs_look *look, const struct key *key, const struct hs_route *other,
                 const struct key *others)
{
    const struct hs_advice_input *input = look->input;
    for (size_t i = 0; i < look->matched_count; i++) {
        const struct hs_event_type *type = look->matched[i].type;
        for (size_t k = 0; has_fields(type, key) && k < look->all_count; k++) {
            const struct hs_event_type *with = look->all[k].type;
            for (size_t s = 0; s < input->sources->count; s++)
                if (is_family_of(type, with) && has_fields(with, others) &&
                    hs_router_may_take(input->router, other->index, hs_slice_text(with->name),
                                       hs_slice_text(input->sources->names[s])))
                    return true;
        }
    }
    return false;
}

static bool is_same_topic(const struct hs_target *a, const struct hs_target *b)
{
    return a->sink == b->sink && a->key != NULL && b->key != NULL &&
           hs_template_is_literal(a->destination) &&
           strcmp(a->options->destination, b->options->destination) == 0;
}

static void look_at_route(struct hs_look *look, const struct hs_target *target,
                          const struct hs_route *other)
{
    struct key key = {.count = 0};
    hs_template_uses(target->key, note_name, &key);
    for (size_t i = 0; i < other->target_count; i++) {
        const struct hs_target *one = &other->targets[i];
        struct key others = {.count = 0};
        if (!is_same_topic(target, one))
            continue;
        hs_template_uses(one->key, note_name, &others);
        if (same_fields(&key, &others) || !meet(look, &key, other, &others))
            continue;
        hs_look_warn(look, HS_FINDING_KEYS_DIFFER, target->options->key_node, NULL,
                     "route `%s` writes topic `%s` by %s, so events of one thing can come to "
                     "different partitions",
                     other->name, target->options->destination, one->options->key);
        return;
    }
}

void hs_look_at_destination(struct hs_look *look, const struct hs_target *target)
{
    const struct hs_router *router = look->input->router;
    struct name name = {look, target};
    hs_template_uses(target->destination, look_at_field, &name);
    if (!target->kind->has_partitions || target->key == NULL)
        return;
    for (size_t i = 0; i < hs_router_count(router) && i < look->route->index; i++)
        look_at_route(look, target, hs_router_at(router, i));
}
