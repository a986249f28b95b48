/* Bind: binds mappings to structs by tables of options; handles present, missing and unknown keys,
 * and variants. Every field is set, to its default if the file has nothing or something wrong. */
#include "internal.h"

#define KNOWN_MAX 64u /* keys of one table and a variant of it */
#define NAMES_TEXT_MAX 4096u

static void bind_table(const struct hs_bind *bind, const struct hs_node *node,
                       const struct hs_options *options, void *bound);

static void *field(void *bound, size_t offset)
{
    return (char *)bound + offset;
}

/* ---- Children ---- */

/* `name` may be any text of the file. */
static void bind_child(const struct hs_bind *bind, const struct hs_node *node,
                       const struct hs_options *options, const char *name, void *bound)
{
    struct hs_bind inner = *bind;
    inner.path = inner.where = hs_bind_path(bind, name);
    bind_table(&inner, node, options, bound);
}

static bool bind_children(const struct hs_bind *bind, const struct hs_node *node,
                          const struct hs_option *option, struct hs_children *ret_children)
{
    bool map = option->kind == HS_OPTION_MAP;
    struct hs_config *config = bind->config;
    if (node->kind != (map ? HS_NODE_MAP : HS_NODE_LIST)) {
        const char *example = option->example;
        hs_config_error(config, HS_FINDING_WRONG_SHAPE, node, "%s must be a %s, is %s%s%s%s%s%s",
                        hs_bind_path(bind, option->name), map ? "mapping of names" : "list",
                        hs_config_quote(config, node),
                        node->kind == HS_NODE_LIST ? ": the name is a key, without `-`" : "",
                        example ? ", as in `" : "", example ? option->name : "",
                        example ? ": " : "",
                        example ? hs_arena_printf(config->arena, "%s`", example) : "");
        return false;
    }
    size_t size = hs_config_bound_size(option->child);
    const char **names = hs_arena_alloc(config->arena, (node->count + 1) * sizeof(*names));
    *ret_children = (struct hs_children){
        .items = hs_arena_alloc(config->arena, (node->count + 1) * size),
        .item_size = size,
        .names = map ? names : NULL,
        .nodes = (const struct hs_node *const *)node->items,
        .count = node->count,
    };
    for (size_t i = 0; i < node->count; i++) {
        names[i] = map ? node->keys[i]->text.data : NULL;
        const char *name = map ? hs_arena_printf(config->arena, "%s.%s", option->name,
                                                 hs_config_excerpt(config, node->keys[i]->text))
                               : hs_arena_printf(config->arena, "%s[%zu]", option->name, i);
        bind_child(bind, node->items[i], option->child, name, hs_children_at(ret_children, i));
    }
    return true;
}

/* ---- One option ---- */

/* The default is part of the table, so it must be valid. It is not checked against the range, where
 * 0 may mean "none". */
static void bind_fallback(const struct hs_bind *bind, const struct hs_option *option, void *bound)
{
    struct hs_node *node = hs_arena_alloc(bind->config->arena, sizeof(*node));
    struct hs_slice text = hs_slice_text(option->fallback);
    node->kind = HS_NODE_SCALAR;
    node->text = hs_slice(hs_arena_dup(bind->config->arena, text), text.size);
    struct hs_option free_option = *option;
    free_option.least = free_option.most = 0;
    bool good = hs_bind_plain(bind, node, &free_option, field(bound, option->offset));
    HS_ASSERT(good);
}

static void bind_default(const struct hs_bind *bind, const struct hs_option *option, void *bound)
{
    struct hs_bind quiet = *bind;
    quiet.quiet |= option->required; /* it was reported as missing itself: nothing inside it is */
    if (option->kind == HS_OPTION_TABLE)
        bind_child(&quiet, NULL, option->child, option->name, field(bound, option->offset));
    else if (option->kind == HS_OPTION_MAP || option->kind == HS_OPTION_LIST)
        ((struct hs_children *)field(bound, option->offset))->item_size =
            hs_config_bound_size(option->child);
    else if (option->fallback != NULL)
        bind_fallback(bind, option, bound);
}

static bool is_name(const struct hs_bind *bind, struct hs_slice word)
{
    for (size_t i = 0; i < bind->name_count; i++)
        if (hs_slice_equal(word, hs_slice_text(bind->names[i])))
            return true;
    return false;
}

/* Whether an unknown key will be reported as a misspelling of this option: then it is not also
 * missing. */
static bool is_misspelt(const struct hs_bind *bind, const struct hs_node *map, const char *name)
{
    for (size_t i = 0; map != NULL && bind->name_count > 0 && i < map->count; i++) {
        struct hs_slice key = map->keys[i]->text;
        const char *near =
            is_name(bind, key) ? NULL : hs_nearest_name(key, bind->names, bind->name_count);
        if (near != NULL && strcmp(near, name) == 0)
            return true;
    }
    return false;
}

static void miss(const struct hs_bind *bind, const struct hs_node *map, const struct hs_node *node,
                 const struct hs_option *option)
{
    if (!option->required || option->own_words || bind->quiet ||
        is_misspelt(bind, map, option->name))
        return;
    hs_config_error(bind->config, HS_FINDING_MISSING_KEY, node != NULL ? node : bind->near,
                    "`%s` is missing in %s: %s%s%s%s%s%s", option->name, bind->where, option->help,
                    option->example ? " For example `" : "", option->example ? option->name : "",
                    option->example ? ": " : "", option->example ? option->example : "",
                    option->example ? "`" : "");
}

static void bind_option(const struct hs_bind *bind, const struct hs_node *map,
                        const struct hs_option *option, void *bound)
{
    const struct hs_node *node = hs_node_get(map, option->name);
    /* An empty secret counts as none; if one is required, its module reports the fault. */
    bool empty = node != NULL && option->kind == HS_OPTION_SECRET && !option->required &&
                 node->kind == HS_NODE_SCALAR && node->text.size == 0;
    if (node == NULL || empty || hs_node_is_absent(node) || node->broken) {
        miss(bind, map, node, option);
        bind_default(bind, option, bound);
        return;
    }
    bool good;
    if (option->kind == HS_OPTION_TABLE) {
        bind_child(bind, node, option->child, option->name, field(bound, option->offset));
        good = true;
    } else if (option->kind == HS_OPTION_MAP || option->kind == HS_OPTION_LIST) {
        good = bind_children(bind, node, option, field(bound, option->offset));
    } else {
        good = hs_bind_plain(bind, node, option, field(bound, option->offset));
    }
    if (!good)
        bind_default(bind, option, bound);
}

/* ---- Tables ---- */

static void refuse_kind(const struct hs_bind *bind, const struct hs_node *map,
                        const struct hs_node *tag, const struct hs_options *options)
{
    const char *names[KNOWN_MAX];
    size_t count = 0;
    struct hs_buffer list;
    hs_buffer_init(&list, NAMES_TEXT_MAX);
    for (; options->kinds[count] != NULL; count++) {
        HS_ASSERT(count < KNOWN_MAX);
        names[count] = options->kinds[count]->name;
        const char *glue = count == 0 ? "" : options->kinds[count + 1] != NULL ? ", " : " or ";
        hs_buffer_printf(&list, "%s%s", glue, names[count]);
    }
    struct hs_slice all = hs_buffer_slice(&list);
    if (tag == NULL || hs_node_is_absent(tag)) {
        hs_config_error(bind->config, HS_FINDING_MISSING_KEY, tag != NULL ? tag : map,
                        "`%s` is missing in %s: %.*s", options->tag, bind->where,
                        HS_SLICE_ARG(all));
    } else {
        const char *near = tag->kind == HS_NODE_SCALAR && !tag->secret
                               ? hs_nearest_name(tag->text, names, count)
                               : NULL;
        hs_config_error(bind->config, HS_FINDING_WRONG_WORD, tag, "%s must be %.*s, is %s%s%s%s",
                        hs_bind_path(bind, options->tag), HS_SLICE_ARG(all),
                        hs_config_quote(bind->config, tag), near ? ", did you mean `" : "",
                        near ? near : "", near ? "`?" : "");
    }
    hs_buffer_free(&list);
}

/* The kind of a variant that the tag selects, or NULL with a finding. */
static const struct hs_options *choose_kind(const struct hs_bind *bind, const struct hs_node *map,
                                            const struct hs_options *options, void *bound)
{
    const struct hs_node *tag = hs_node_get(map, options->tag);
    for (unsigned i = 0; options->kinds[i] != NULL; i++) {
        if (tag == NULL || tag->kind != HS_NODE_SCALAR ||
            !hs_slice_equal(tag->text, hs_slice_text(options->kinds[i]->name)))
            continue;
        *(unsigned *)field(bound, options->tag_offset) = i;
        return options->kinds[i];
    }
    if (!bind->quiet)
        refuse_kind(bind, map != NULL ? map : bind->near, tag, options);
    return NULL;
}

static size_t add_names(const struct hs_options *options, const char **names, size_t count)
{
    for (size_t i = 0; options != NULL && i < options->option_count; i++) {
        HS_ASSERT(count < KNOWN_MAX);
        names[count++] = options->options[i].name;
    }
    return count;
}

static void refuse_unknown(const struct hs_bind *bind, const struct hs_node *map)
{
    for (size_t i = 0; i < map->count; i++)
        if (!is_name(bind, map->keys[i]->text))
            hs_config_unknown_key(bind->config, HS_FINDING_UNKNOWN_KEY, map->keys[i], bind->where,
                                  bind->names, bind->name_count);
}

static void bind_options(const struct hs_bind *bind, const struct hs_node *map,
                         const struct hs_options *options, void *bound)
{
    for (size_t i = 0; i < options->option_count; i++)
        bind_option(bind, map, &options->options[i], bound);
}

/* The options of the kind that the tag selects, or, for NULL, the defaults of the first one. */
static void bind_kind(const struct hs_bind *bind, const struct hs_node *map,
                      const struct hs_options *options, const struct hs_options *kind, void *bound)
{
    struct hs_bind quiet = *bind;
    quiet.quiet = true;
    if (kind != NULL)
        bind_options(bind, map, kind, bound);
    else
        bind_options(&quiet, NULL, options->kinds[0], bound);
}

/* Names the mapping by the key that identifies it. */
static void tell_apart(struct hs_bind *bind, const struct hs_node *map,
                       const struct hs_options *options)
{
    for (size_t i = 0; options->telling != NULL && options->telling[i] != NULL; i++) {
        const struct hs_node *value = hs_node_get(map, options->telling[i]);
        if (hs_node_is_absent(value) || value->kind != HS_NODE_SCALAR || value->secret ||
            value->broken)
            continue;
        bind->where =
            hs_arena_printf(bind->config->arena, "%s with `%s: %s`", bind->where,
                            options->telling[i], hs_config_excerpt(bind->config, value->text));
        return;
    }
}

/* The option that best shows the form of a mapping of this table: a required one, else one that
 * takes more than one word of a few. */
static const struct hs_option *telling_option(const struct hs_options *options)
{
    const struct hs_option *found = NULL;
    for (size_t i = 0; i < options->option_count; i++) {
        const struct hs_option *one = &options->options[i];
        if (one->example == NULL && one->fallback == NULL)
            continue;
        bool word = one->kind == HS_OPTION_CHOICE || one->kind == HS_OPTION_BOOL;
        if (one->required)
            return one;
        if (found == NULL ||
            (!word && (found->kind == HS_OPTION_CHOICE || found->kind == HS_OPTION_BOOL)))
            found = one;
    }
    return found;
}

/* Such as ", as in `{path: data}`". */
static const char *form_of(const struct hs_bind *bind, const struct hs_options *options)
{
    struct hs_arena *arena = bind->config->arena;
    if (options->tag != NULL)
        return hs_arena_printf(arena, ", as in `{%s: %s, ...}`", options->tag,
                               options->kinds[0]->name);
    const struct hs_option *one = telling_option(options);
    return one == NULL ? ""
                       : hs_arena_printf(arena, ", as in `{%s: %s}`", one->name,
                                         one->example != NULL ? one->example : one->fallback);
}

/* The mapping to bind, or NULL for defaults only. */
static const struct hs_node *enter(struct hs_bind *bind, const struct hs_node *node,
                                   const struct hs_options *options)
{
    if (node == NULL)
        return NULL;
    bind->near = node;
    if (node->kind == HS_NODE_MAP) {
        tell_apart(bind, node, options);
        return node;
    }
    if (hs_node_is_absent(node) && !node->broken)
        return NULL; /* an empty mapping, whose required options are reported here */
    hs_config_error(bind->config, HS_FINDING_WRONG_SHAPE, node, "%s must be a mapping, is %s%s",
                    bind->where, hs_config_quote(bind->config, node), form_of(bind, options));
    bind->quiet = true;
    return NULL;
}

static void bind_table(const struct hs_bind *outer, const struct hs_node *node,
                       const struct hs_options *options, void *bound)
{
    struct hs_bind bind = *outer;
    const struct hs_node *map = enter(&bind, node, options);
    if (options->node_offset != SIZE_MAX)
        *(const struct hs_node **)field(bound, options->node_offset) = map;
    bool variant = options->tag != NULL;
    const struct hs_options *kind = variant ? choose_kind(&bind, map, options, bound) : NULL;
    const char *names[KNOWN_MAX + 1];
    bind.names = names;
    bind.name_count = 0;
    /* Under an unknown kind every key would be unknown: one finding suffices. */
    if (!variant || kind != NULL)
        bind.name_count = add_names(kind, names, add_names(options, names, 0));
    if (bind.name_count > 0 && variant)
        names[bind.name_count++] = options->tag;
    bind_options(&bind, map, options, bound);
    if (variant)
        bind_kind(&bind, map, options, kind, bound);
    if (map != NULL && (!variant || kind != NULL))
        refuse_unknown(&bind, map);
    if (options->check != NULL)
        options->check(bind.config, map, bound);
    if (kind != NULL && kind->check != NULL)
        kind->check(bind.config, map, bound);
}

size_t hs_config_bound_size(const struct hs_options *options)
{
    size_t size = options->struct_size;
    for (size_t i = 0; options->tag != NULL && options->kinds[i] != NULL; i++)
        if (options->kinds[i]->struct_size > size)
            size = options->kinds[i]->struct_size;
    return size;
}

void hs_config_bind(struct hs_config *config, const struct hs_node *node,
                    const struct hs_options *options, void *ret_bound)
{
    memset(ret_bound, 0, hs_config_bound_size(options));
    bool root = node == config->root;
    struct hs_bind bind = {
        .config = config,
        .path = root ? "" : options->name,
        .where = options->name,
        .near = node,
        .quiet = config->root == NULL, /* nothing could be read, which was reported */
    };
    bind_table(&bind, node, options, ret_bound);
}
