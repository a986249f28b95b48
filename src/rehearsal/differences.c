/* Differences: two JSON texts held against each other, leaf by leaf. */
#include <hookstream/json.h>
#include <hookstream/rehearsal.h>

#include <stdlib.h>

struct leaf {
    const char *path;
    struct hs_slice text;
    bool matched;
};

struct leaves {
    struct hs_arena *arena;
    struct leaf *items;
    size_t count, capacity;
};

static void add_leaf(struct leaves *leaves, const char *path, struct hs_slice text)
{
    if (leaves->count == leaves->capacity) {
        leaves->capacity = leaves->capacity ? 2 * leaves->capacity : 64;
        leaves->items = hs_realloc_array(leaves->items, leaves->capacity, sizeof(*leaves->items));
    }
    leaves->items[leaves->count++] =
        (struct leaf){path, hs_slice(hs_arena_dup(leaves->arena, text), text.size), false};
}

static const char *join(struct leaves *leaves, const char *path, struct hs_slice name)
{
    bool plain = name.size > 0 && memchr(name.data, '.', name.size) == NULL &&
                 memchr(name.data, '[', name.size) == NULL;
    if (!plain)
        return hs_arena_printf(leaves->arena, "%s[\"%.*s\"]", path, HS_SLICE_ARG(name));
    return hs_arena_printf(leaves->arena, "%s%s%.*s", path, path[0] ? "." : "", HS_SLICE_ARG(name));
}

/* Depth is bounded by HS_JSON_DEPTH_MAX: the text was parsed. */
static void collect(struct leaves *leaves, const struct hs_json_tree *tree, hs_json_node node,
                    const char *path)
{
    enum hs_json_kind kind = hs_json_node_kind(tree, node);
    hs_json_node child = kind >= HS_JSON_ARRAY ? hs_json_first_child(tree, node) : HS_JSON_NO_NODE;
    if (child == HS_JSON_NO_NODE) {
        struct hs_slice text = hs_json_node_text(tree, node);
        if (kind >= HS_JSON_ARRAY)
            text = kind == HS_JSON_ARRAY ? HS_SLICE("[]") : HS_SLICE("{}");
        add_leaf(leaves, path[0] ? path : "the whole", text);
    }
    for (size_t i = 0; child != HS_JSON_NO_NODE; child = hs_json_next(tree, child), i++) {
        const char *inner = kind == HS_JSON_OBJECT
                                ? join(leaves, path, hs_json_node_name(tree, child))
                                : hs_arena_printf(leaves->arena, "%s[%zu]", path, i);
        collect(leaves, tree, child, inner);
    }
}

static int read_leaves(struct leaves *leaves, struct hs_slice json)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    int code = hs_json_tree_parse(tree, json);
    if (code == 0)
        collect(leaves, tree, hs_json_root(tree), "");
    hs_json_tree_free(tree);
    return code;
}

/* The leaf of this path that nothing was matched with; looks from `from` on, where it stands
 * when little was changed. */
static struct leaf *find_leaf(struct leaves *leaves, const char *path, size_t from)
{
    for (size_t i = 0; i < leaves->count; i++) {
        struct leaf *leaf = &leaves->items[(from + i) % leaves->count];
        if (!leaf->matched && strcmp(leaf->path, path) == 0)
            return leaf;
    }
    return NULL;
}

int hs_json_differences(struct hs_slice before, struct hs_slice after, hs_difference_fn *visit,
                        void *context)
{
    struct hs_arena *arena = hs_arena_create();
    struct leaves old = {.arena = arena}, new = {.arena = arena};
    int code = read_leaves(&old, before);
    if (code == 0)
        code = read_leaves(&new, after);
    size_t from = 0;
    for (size_t i = 0; code == 0 && i < old.count; i++) {
        struct leaf *twin = find_leaf(&new, old.items[i].path, from);
        if (twin != NULL) {
            twin->matched = true;
            from = (size_t)(twin - new.items) + 1;
        }
        if (twin == NULL || !hs_slice_equal(twin->text, old.items[i].text))
            visit(context, old.items[i].path, old.items[i].text, twin ? twin->text : HS_SLICE_NONE);
    }
    for (size_t i = 0; code == 0 && i < new.count; i++)
        if (!new.items[i].matched)
            visit(context, new.items[i].path, HS_SLICE_NONE, new.items[i].text);
    free(old.items);
    free(new.items);
    hs_arena_free(arena);
    return code;
}
