/* Texts: plain text that looks like a field, and fields that hold something else when they are
 * used. */
#include "look.h"

/* ---- Plain text ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A field of data that the text contains as a whole word, or NULL. */
static const char *field_in(const struct hs_look *look, struct hs_slice text)
{
    const char *found = NULL;
    size_t most = 0;
    for (size_t i = 0; i < look->matched_count; i++) {
        const struct hs_event_type *type = look->matched[i].type;
        for (size_t k = 0; k < type->field_count; k++) {
            struct hs_slice path = hs_slice_text(type->fields[k].path);
            if (path.size <= most || !hs_slice_starts_with(path, HS_SLICE("data.")) ||
                text.size < path.size)
                continue;
            const char *at = memmem(text.data, text.size, path.data, path.size);
            if (at == NULL || (at > text.data && (is_word(at[-1]) || at[-1] == '{')) ||
                (at + path.size < text.data + text.size && is_word(at[path.size])))
                continue;
            found = type->fields[k].path;
            most = path.size;
        }
    }
    return found;
}

struct plain {
    struct hs_look *look;
    const struct hs_node *node;
};

static void look_at_text(void *context, struct hs_slice text, size_t before, bool first)
{
    const struct plain *plain = context;
    const char *path = field_in(plain->look, text);
    (void)before;
    (void)first;
    if (path == NULL || plain->node == NULL || plain->node->secret)
        return;
    hs_look_tell(plain->look, plain->node);
    hs_look_warn(plain->look, HS_FINDING_PLAIN_FIELD, plain->node, path,
                 "`%s` is plain text here, the same for every event: for the field's value use "
                 "braces, {%s}",
                 path, path);
}

void hs_look_at_plain_text(struct hs_look *look, const struct hs_template *tmpl,
                           const struct hs_node *node)
{
    struct plain plain = {look, node};
    hs_template_fixed(tmpl, look_at_text, &plain);
}

/* The texts below an operation's name that are templates. */
static void look_at_templates(struct hs_look *look, const struct hs_node *node)
{
    struct plain plain = {look, node};
    for (size_t i = 0; i < node->count && node->kind == HS_NODE_MAP; i++)
        look_at_templates(look, node->items[i]);
    if (node->kind == HS_NODE_SCALAR && node->text.size > 0 &&
        memchr(node->text.data, '{', node->text.size) == NULL)
        look_at_text(&plain, node->text, 0, true);
}

void hs_look_at_set(struct hs_look *look, const struct hs_transform_item *item)
{
    const struct hs_node *event = hs_node_get(item->node, "cloudevent");
    if (strcmp(item->operation, "cloudevent") == 0 && event != NULL)
        look_at_templates(look, event);
    if (strcmp(item->operation, "set") != 0)
        return;
    const struct hs_node *pairs = hs_node_get(item->node, "set");
    for (size_t i = 0; pairs != NULL && pairs->kind == HS_NODE_MAP && i < pairs->count; i++) {
        const struct hs_node *value = pairs->items[i];
        struct plain plain = {look, value};
        if (value->kind == HS_NODE_SCALAR && value->text.size > 0 &&
            memchr(value->text.data, '{', value->text.size) == NULL)
            look_at_text(&plain, value->text, 0, true);
    }
}

/* ---- Overwritten fields ---- */

static bool has(const struct hs_event_type *type, const char *path)
{
    return hs_event_type_field(type, hs_slice_text(path)) != NULL;
}

/* Whether some type has the overwritten field and its origin (NULL: a text). */
static bool writes_over(const struct hs_look *look, const char *from, const char *to)
{
    for (size_t i = 0; i < look->matched_count; i++)
        if (has(look->matched[i].type, to) && (from == NULL || has(look->matched[i].type, from)))
            return true;
    return false;
}

static bool reads(const struct hs_look *look, const struct hs_use *uses, size_t count,
                  const char *path)
{
    for (size_t i = 0; i < count; i++)
        if ((uses[i].kind == HS_USE_READ || uses[i].kind == HS_USE_NEED) &&
            strcmp(hs_look_path(look, uses[i].path), path) == 0)
            return true;
    return false;
}

static void tell_written(struct hs_look *look, const struct hs_node *node, const char *from,
                         const char *path)
{
    hs_look_tell(look, node);
    hs_look_warn(look, HS_FINDING_OVERWRITTEN, node, path,
                 "the sender's `%s` is lost: `%s` is written over it", path, from);
}

void hs_written_follow(struct hs_look *look, const struct hs_transform_item *item,
                       const struct hs_use *uses, size_t count)
{
    bool sets = strcmp(item->operation, "set") == 0;
    bool moves = strcmp(item->operation, "rename") == 0 || strcmp(item->operation, "copy") == 0;
    bool into = strcmp(item->operation, "decimal") == 0 || strcmp(item->operation, "time") == 0;
    if ((!sets && !moves && !into) || item->when != NULL || item->each != NULL || look->blurred ||
        look->shared > 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const char *path = hs_look_path(look, uses[i].path);
        if (uses[i].kind != HS_USE_WRITE || !hs_path_is_below(path, "data") ||
            hs_paths_meet(&look->gone, path) || hs_paths_meet(&look->made, path))
            continue;
        const char *from = into             ? hs_look_path(look, uses[0].path)
                           : moves && i > 0 ? hs_look_path(look, uses[i - 1].path)
                                            : NULL;
        if (!writes_over(look, from, path) || reads(look, uses, count, path))
            continue;
        hs_paths_add(&look->written, path);
        if (from != NULL)
            tell_written(look, uses[i].node != NULL ? uses[i].node : item->node, from, path);
    }
}

void hs_look_at_written(struct hs_look *look, const struct hs_use *use, const struct hs_node *near)
{
    const char *path = hs_look_path(look, use->path);
    for (size_t i = 0; i < look->written.count; i++) {
        if (!hs_path_is_below(path, look->written.items[i]))
            continue;
        hs_look_tell(look, near);
        hs_look_warn(look, HS_FINDING_OVERWRITTEN, use->node != NULL ? use->node : near, path,
                     "`%s` is not the sender's value here: an earlier `set`, `rename` or `copy` "
                     "overwrites it",
                     path);
        return;
    }
}
