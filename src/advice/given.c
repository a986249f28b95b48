/* Given: what `set` and `default` give, and under which name. */
#include "look.h"

static const struct hs_matched *types_of(const struct hs_look *look, size_t *ret_count)
{
    *ret_count = look->shared > 0 ? look->all_count : look->matched_count;
    return look->shared > 0 ? look->all : look->matched;
}

static bool has_one(const struct hs_matched *types, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (hs_type_may_have(types[i].type, path))
            return true;
    return false;
}

bool hs_look_knows(const struct hs_look *look, const char *path)
{
    size_t count;
    const struct hs_matched *types = types_of(look, &count);
    return has_one(types, count, path);
}

/* ---- Names ---- */

static size_t parent_size(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? (size_t)(dot - path) + 1 : 0;
}

const char *hs_look_nearly(const struct hs_look *look, const char *path)
{
    size_t count, parent = parent_size(path);
    const struct hs_matched *types = types_of(look, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < types[i].type->field_count; k++) {
            const char *known = types[i].type->fields[k].path;
            if (parent > 0 && parent_size(known) == parent && memcmp(known, path, parent) == 0 &&
                hs_is_near_name(hs_slice_text(path + parent), hs_slice_text(known + parent)))
                return known;
        }
    return NULL;
}

static bool is_read(const struct hs_look *look, const struct hs_use *uses, size_t count,
                    const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (uses[i].kind != HS_USE_WRITE && strcmp(hs_look_path(look, uses[i].path), path) == 0)
            return true;
    return false;
}

static void look_at_name(struct hs_look *look, const struct hs_transform_item *item,
                         const struct hs_use *uses, size_t count, const struct hs_use *use)
{
    const char *path = hs_look_path(look, use->path), *near;
    const struct hs_node *node = use->node != NULL ? use->node : item->node;
    if (hs_look_knows(look, path) || hs_paths_meet(&look->made, path))
        return;
    near = hs_look_nearly(look, path);
    if (strcmp(item->operation, "default") == 0 && strchr(path, '.') == NULL) {
        const char *below = hs_arena_printf(hs_config_arena(look->config), "data.%s", path);
        near = has_one(look->all, look->all_count, below) ? below : NULL;
    }
    if (near == NULL || is_read(look, uses, count, near))
        return;
    hs_look_warn(look, HS_FINDING_NEARLY_KNOWN, node, path,
                 "no event has `%s`, so this makes a new field: did you mean `%s`?", path, near);
}

/* ---- Values ---- */

static void look_at_value(struct hs_look *look, const char *path, const struct hs_node *value)
{
    size_t count;
    const struct hs_matched *types = types_of(look, &count);
    const char *refused = NULL;
    if (!has_one(types, count, path)) { /* a field that others of the sender's events have */
        types = look->all;
        count = look->all_count;
    }
    for (size_t i = 0; i < count; i++) {
        const struct hs_catalogue_field *field =
            hs_event_type_field(types[i].type, hs_slice_text(path));
        if (field == NULL)
            continue;
        refused = hs_field_refuses(field, value);
        if (refused == NULL)
            return;
    }
    if (refused != NULL)
        hs_look_warn(look, HS_FINDING_VALUE_UNFIT, value, path, "`%s` is never %s: it is %s", path,
                     hs_config_quote(look->config, value), refused);
}

static void look_at_values(struct hs_look *look, const struct hs_node *pairs)
{
    for (size_t i = 0; pairs != NULL && pairs->kind == HS_NODE_MAP && i < pairs->count; i++) {
        const struct hs_node *value = pairs->items[i];
        const char *path =
            hs_look_path(look, hs_arena_dup(hs_config_arena(look->config), pairs->keys[i]->text));
        if (value->kind == HS_NODE_SCALAR && !value->secret && !hs_paths_meet(&look->gone, path) &&
            memchr(value->text.data, '{', value->text.size) == NULL)
            look_at_value(look, path, value);
    }
}

/* ---- One item ---- */

/* `data` was unwrapped: what is written there makes a new one. */
static void look_at_unwrapped(struct hs_look *look, const struct hs_use *use,
                              const struct hs_node *near)
{
    const char *path = hs_look_path(look, use->path);
    if (strncmp(path, "data.", 5) != 0 || hs_paths_meet(&look->made, path))
        return;
    hs_look_warn(look, HS_FINDING_NEARLY_KNOWN, use->node != NULL ? use->node : near, path,
                 "an earlier `unwrap` took `data` away, so this makes a new one: did you mean "
                 "`%s`?",
                 path + 5);
}

void hs_look_at_given(struct hs_look *look, const struct hs_transform_item *item,
                      const struct hs_use *uses, size_t count)
{
    bool sets = strcmp(item->operation, "set") == 0,
         fills = strcmp(item->operation, "default") == 0;
    const struct hs_node *node = hs_node_get(item->node, item->operation);
    if (look->open || node == NULL || item->each != NULL)
        return;
    for (size_t i = 0; look->unwrapped && (sets || fills) && i < count; i++)
        if (uses[i].kind == HS_USE_WRITE)
            look_at_unwrapped(look, &uses[i], node);
    if (look->blurred)
        return;
    for (size_t i = 0; (sets || fills) && i < count; i++)
        if (uses[i].kind == HS_USE_WRITE)
            look_at_name(look, item, uses, count, &uses[i]);
    if (sets || fills)
        look_at_values(look, node);
    if (strcmp(item->operation, "jq") == 0 && node->kind == HS_NODE_SCALAR && !node->secret)
        hs_look_at_program(look, node);
}
