/* Match: reports a pattern that matches no known type, and suggests what may have been meant. */
#include "look.h"

#define NAMES_MAX 4096u
#define SEGMENTS_MAX 64u

struct names {
    const char *items[NAMES_MAX];
    size_t count;
};

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    if (names->count < NAMES_MAX)
        names->items[names->count++] = name;
}

/* The types and their prefixes: "queue.consumer.left", "queue", "queue.consumer". */
static void gather_names(const struct hs_look *look, struct names *names)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    for (size_t i = 0; i < look->all_count; i++) {
        const char *type = look->all[i].type->name;
        for (const char *dot = type; (dot = strchr(dot, '.')) != NULL; dot++)
            add_name(names, hs_arena_dup(arena, hs_slice(type, (size_t)(dot - type))));
        add_name(names, type);
    }
}

static void gather_segments(const struct hs_look *look, struct names *names)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    for (size_t i = 0; i < look->all_count; i++) {
        const char *at = look->all[i].type->name;
        for (size_t size; (size = strcspn(at, ".")) > 0; at += size + (at[size] == '.'))
            add_name(names, hs_arena_dup(arena, hs_slice(at, size)));
    }
}

static bool takes_any(const struct hs_look *look, const char *match)
{
    struct hs_type_filter *filter = hs_type_filter_create(match);
    bool takes = false;
    for (size_t i = 0; filter != NULL && !takes && i < look->all_count; i++)
        takes = hs_type_filter_takes(filter, hs_slice_text(look->all[i].type->name));
    hs_type_filter_free(filter);
    return takes;
}

/* The pattern with unknown segments corrected; NULL: that does not help. */
static const char *mend_segments(const struct hs_look *look, const char *match)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    struct names *names = hs_arena_alloc(arena, sizeof(*names));
    names->count = 0;
    gather_segments(look, names);
    const char *mended = "";
    for (const char *at = match; *at != '\0';) {
        struct hs_slice word = hs_slice(at, strcspn(at, "."));
        const char *text = hs_arena_dup(arena, word), *near = NULL;
        if (memchr(word.data, '*', word.size) == NULL)
            near = hs_nearest_name(word, names->items, names->count);
        mended = hs_arena_printf(arena, "%s%s%s", mended, at > match ? "." : "",
                                 near != NULL ? near : text);
        at += word.size;
        at += *at == '.';
    }
    return strcmp(mended, match) != 0 && takes_any(look, mended) ? mended : NULL;
}

static const char *nearest(const struct hs_look *look, const char *match)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    struct names *names = hs_arena_alloc(arena, sizeof(*names));
    names->count = 0;
    if (strchr(match, '*') != NULL)
        return mend_segments(look, match);
    gather_names(look, names);
    const char *near = hs_nearest_name(hs_slice_text(match), names->items, names->count);
    return near != NULL ? near : mend_segments(look, match);
}

void hs_look_at_match(struct hs_look *look)
{
    const struct hs_node *node = hs_node_get(look->route->node, "match");
    const char *match = look->route->match;
    if (look->open || look->all_count == 0 || takes_any(look, match))
        return;
    const char *near = nearest(look, match);
    if (near == NULL)
        hs_look_warn(look, HS_FINDING_MATCH_OF_NO_TYPE, node, NULL,
                     "no known type matches `%s`; `hookstream catalogue list` shows them", match);
    else if (!hs_look_accepts(look, HS_FINDING_MATCH_OF_NO_TYPE, NULL))
        hs_look_error(look, HS_FINDING_MATCH_OF_NO_TYPE, node,
                      "no known type matches `%s`, did you mean `%s`?", match, near);
}
