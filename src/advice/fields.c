/* Fields: whether a field that is named can be there, and in which of the types. */
#include "look.h"

#define NAMES_MAX 4096u /* limit of the field names searched for the nearest */
#define TYPES_SHOWN 3u  /* types listed in a message */

static bool has_row_below(const struct hs_event_type *type, size_t at)
{
    return at + 1 < type->field_count &&
           hs_path_is_below(type->fields[at + 1].path, type->fields[at].path);
}

bool hs_type_may_have(const struct hs_event_type *type, const char *path)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct hs_catalogue_field *field = &type->fields[i];
        if (!hs_path_is_below(path, field->path))
            continue;
        bool whole = path[hs_slice_text(field->path).size] == '\0';
        bool holds = field->type == HS_FIELD_OBJECT || field->type == HS_FIELD_ARRAY;
        if (whole || field->type == HS_FIELD_ANY || (holds && !has_row_below(type, i)))
            return true;
    }
    return false;
}

/* Whether every event of the type has it, and not as null. */
static bool always_has(const struct hs_event_type *type, const char *path)
{
    bool always = hs_event_type_field(type, hs_slice_text(path)) != NULL;
    for (size_t i = 0; i < type->field_count; i++)
        if (hs_path_is_below(path, type->fields[i].path))
            always = always && !type->fields[i].optional && !type->fields[i].nullable;
    return always;
}

/* ---- Messages ---- */

/* The types that have the field: "order.created", "order.*", "order.created and others". */
static const char *who_has(const struct hs_look *look, const struct hs_matched *types,
                           size_t type_count, const char *path)
{
    const char *first = NULL;
    size_t count = 0;
    bool one_family = true;
    for (size_t i = 0; i < type_count; i++) {
        const char *name = types[i].type->name;
        if (!hs_type_may_have(types[i].type, path))
            continue;
        if (first == NULL)
            first = name;
        size_t size = strcspn(first, ".");
        one_family = one_family && strncmp(first, name, size + 1) == 0;
        count++;
    }
    if (count < 2)
        return first;
    return one_family ? hs_arena_printf(hs_config_arena(look->config), "%.*s.*",
                                        (int)strcspn(first, "."), first)
                      : hs_arena_printf(hs_config_arena(look->config), "%s and others", first);
}

static const char *nearest(const struct hs_matched *types, size_t type_count, const char *path)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < type_count; i++)
        for (size_t k = 0; k < types[i].type->field_count && count < NAMES_MAX; k++)
            names[count++] = types[i].type->fields[k].path;
    return hs_nearest_name(hs_slice_text(path), names, count);
}

static const char *fields_of(const struct hs_look *look)
{
    return look->matched_count == 1 ? look->matched[0].type->name : "the events of this route";
}

/* ---- One use ---- */

static void tell_unknown(struct hs_look *look, const struct hs_node *node, const char *path)
{
    bool shared = look->shared > 0;
    const struct hs_matched *types = shared ? look->all : look->matched;
    size_t count = shared ? look->all_count : look->matched_count;
    const char *near = nearest(types, count, path);
    if (near != NULL)
        hs_look_error(look, HS_FINDING_FIELD_OF_NO_TYPE, node,
                      "there is no `%s`, did you mean `%s` of %s?", path, near,
                      who_has(look, types, count, near));
    else
        hs_look_error(look, HS_FINDING_FIELD_OF_NO_TYPE, node,
                      "`%s`: %s %s no such field; `hookstream catalogue show TYPE` shows them",
                      path, shared ? "the events of the source" : fields_of(look),
                      look->matched_count == 1 && !shared ? "has" : "have");
}

static bool is_known(const struct hs_look *look, const char *path)
{
    const struct hs_matched *types = look->shared > 0 ? look->all : look->matched;
    size_t count = look->shared > 0 ? look->all_count : look->matched_count;
    for (size_t i = 0; i < count; i++)
        if (hs_type_may_have(types[i].type, path))
            return true;
    return false;
}

bool hs_look_is_taken_away(const struct hs_look *look, const char *path)
{
    if (hs_paths_meet(&look->made, path))
        return false;
    for (size_t i = 0; i < look->gone.count; i++)
        if (hs_path_is_below(path, look->gone.items[i]))
            return true;
    return look->kept.count > 0 && !hs_paths_meet(&look->kept, path);
}

/* Reports that it can be missing; returns this even if that is accepted. */
static bool tell_missing(struct hs_look *look, const struct hs_node *node, const char *path)
{
    static const char *const narrowing[] = {"type", "family"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(narrowing); i++)
        if (hs_paths_meet(&look->named_by_when, narrowing[i]))
            return false; /* the `when` may select only events that have it */
    if (hs_paths_meet(&look->named_by_when, path))
        return false;
    const char *types = "";
    size_t count = 0;
    for (size_t i = 0; i < look->matched_count; i++) {
        if (always_has(look->matched[i].type, path))
            continue;
        if (count++ < TYPES_SHOWN)
            types = hs_arena_printf(hs_config_arena(look->config), "%s%s%s", types,
                                    count > 1 ? ", " : "", look->matched[i].type->name);
    }
    if (count > TYPES_SHOWN)
        types = hs_arena_printf(hs_config_arena(look->config), "%s and %zu more", types,
                                count - TYPES_SHOWN);
    if (count > 0)
        hs_look_warn(look, HS_FINDING_FIELD_CAN_BE_MISSING, node, path,
                     "`%s` can be missing in %s: such an event becomes a dead letter; give a "
                     "default, as {%s|none}",
                     path, types, path);
    return count > 0;
}

static bool is_word(const char *path)
{
    static const char *const words[] = {"id",   "type",           "family",   "source",
                                        "time", "organizationId", "received", "header"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++)
        if (hs_path_is_below(path, words[i]))
            return true;
    return false;
}

/* `body.` and a path from the top of the body, which is how `path` begins. */
static void look_at_top(struct hs_look *look, const struct hs_node *node,
                        const struct hs_node *near, const char *path)
{
    const char *below = hs_arena_printf(hs_config_arena(look->config), "data.%s", path);
    if (look->open || look->matched_count == 0 || is_word(path) || is_known(look, path) ||
        hs_paths_meet(&look->made, path))
        return;
    hs_look_tell(look, near);
    hs_look_tell(look, node);
    hs_look_error(look, HS_FINDING_FIELD_OF_NO_TYPE, node,
                  is_known(look, below) ? "there is no `body.%s`, did you mean `%s`?"
                                        : "`body.%s`: no event has it at the top of its body",
                  path, below);
}

void hs_look_at_use(struct hs_look *look, const struct hs_use *use, const struct hs_node *near)
{
    const struct hs_node *node = use->node != NULL ? use->node : near;
    const char *path = hs_look_path(look, use->path);
    bool asks = use->kind == HS_USE_NEED || use->kind == HS_USE_READ;
    if (use->kind == HS_USE_WRITE || look->blurred || strchr(path, '"') != NULL)
        return;
    if (asks && !hs_path_is_below(path, "data")) {
        look_at_top(look, node, near, path);
        return;
    }
    if (hs_paths_meet(&look->made, path))
        return;
    if (use->kind == HS_USE_NEED && hs_look_is_taken_away(look, path)) {
        hs_look_tell(look, near);
        hs_look_error(look, HS_FINDING_FIELD_TAKEN_AWAY, node,
                      "`%s` is never present: an earlier transformation removes it", path);
        return;
    }
    if (look->open || (look->shared > 0 ? look->all_count : look->matched_count) == 0)
        return;
    if (!is_known(look, path)) {
        hs_look_tell(look, near);
        hs_look_tell(look, node);
        tell_unknown(look, node, path);
    } else if (use->kind == HS_USE_NEED && look->shared == 0 && tell_missing(look, node, path)) {
        hs_look_tell(look, near);
    }
}
