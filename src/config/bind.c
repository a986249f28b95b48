/* Bind: nodes into structs, by tables. One function a kind of option; what is wrong becomes
 * a finding, and the field gets its default. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_MAX_TEXT 256u
#define KNOWN_MAX 64u

struct bind {
    struct hs_config *config;
    const char *where; /* "sinks.kafka", for messages */
    unsigned depth;
};

static void bind_table(struct bind *bind, const struct hs_node *node,
                       const struct hs_options *options, void *bound);

static void *field(void *bound, const struct hs_option *option)
{
    return (char *)bound + option->offset;
}

/* ---- Scalars ---- */

static void out_of_range(struct bind *bind, const struct hs_node *node,
                         const struct hs_option *option, const char *least, const char *most)
{
    if (option->most > 0)
        hs_config_error(bind->config, node, "%s.%s must be between %s and %s, is %s", bind->where,
                        option->name, least, most, hs_config_quote(bind->config, node));
    else
        hs_config_error(bind->config, node, "%s.%s must be at least %s, is %s", bind->where,
                        option->name, least, hs_config_quote(bind->config, node));
}

/* A bound as one would write it. */
static void print_bound(enum hs_option_kind kind, uint64_t value, char ret_text[32])
{
    static const struct {
        uint64_t factor;
        const char *name;
    } sizes[] = {{UINT64_C(1) << 40, "TiB"}, {UINT64_C(1) << 30, "GiB"}, {1 << 20, "MiB"},
                 {1 << 10, "KiB"}, {1, "B"}},
      times[] = {{UINT64_C(86400000000000), "d"}, {UINT64_C(3600000000000), "h"},
                 {UINT64_C(60000000000), "m"}, {1000000000, "s"}, {1000000, "ms"}, {1000, "us"},
                 {1, "ns"}};
    size_t at = 0;
    unsigned long long number = value;
    const char *unit = "";
    if (kind == HS_OPTION_SIZE) {
        while (at + 1 < HS_ARRAY_SIZE(sizes) && (value < sizes[at].factor || value % sizes[at].factor))
            at++;
        number = value / sizes[at].factor;
        unit = sizes[at].name;
    } else if (kind == HS_OPTION_DURATION) {
        while (at + 1 < HS_ARRAY_SIZE(times) && (value < times[at].factor || value % times[at].factor))
            at++;
        number = value / times[at].factor;
        unit = value == 0 ? "s" : times[at].name;
    }
    snprintf(ret_text, 32, "%llu%s", number, unit);
}

static bool read_number(struct bind *bind, const struct hs_node *node,
                        const struct hs_option *option, uint64_t *ret_value)
{
    if (option->auto_ok && node->kind == HS_NODE_SCALAR &&
        hs_slice_equal(node->text, HS_SLICE("auto"))) {
        *ret_value = 0;
        return true;
    }
    uint64_t value = 0;
    bool good = option->kind == HS_OPTION_COUNT ? hs_config_read_count(bind->config, node, &value)
                : option->kind == HS_OPTION_SIZE ? hs_config_read_size(bind->config, node, &value)
                                                 : hs_config_read_duration(bind->config, node,
                                                                           &value);
    if (!good)
        return false;
    if (value < option->least || (option->most > 0 && value > option->most)) {
        char least[32], most[32];
        print_bound(option->kind, option->least, least);
        print_bound(option->kind, option->most, most);
        out_of_range(bind, node, option, least, most);
        return false;
    }
    *ret_value = value;
    return true;
}

static bool read_bool(struct bind *bind, const struct hs_node *node, bool *ret_value)
{
    bool yes = node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("true"));
    bool no = node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("false"));
    if (!yes && !no)
        hs_config_error(bind->config, node, "expected true or false, got %s",
                        hs_config_quote(bind->config, node));
    *ret_value = yes;
    return yes || no;
}

static void list_choices(const struct hs_option *option, struct hs_buffer *text)
{
    for (size_t i = 0; option->choices[i] != NULL; i++)
        hs_buffer_printf(text, "%s%s", i == 0 ? "" : option->choices[i + 1] ? ", " : " or ",
                         option->choices[i]);
    hs_buffer_append_byte(text, '\0');
}

static bool read_choice(struct bind *bind, const struct hs_node *node,
                        const struct hs_option *option, unsigned *ret_value)
{
    for (unsigned i = 0; node->kind == HS_NODE_SCALAR && option->choices[i] != NULL; i++) {
        if (!hs_slice_equal(node->text, hs_slice_text(option->choices[i])))
            continue;
        *ret_value = i;
        return true;
    }
    struct hs_buffer text;
    hs_buffer_init(&text, 4096);
    list_choices(option, &text);
    hs_config_error(bind->config, node, "%s.%s is %s, got %s", bind->where, option->name, text.data,
                    hs_config_quote(bind->config, node));
    hs_buffer_free(&text);
    return false;
}

static bool read_address(struct bind *bind, const struct hs_node *node,
                         struct hs_address *ret_address)
{
    uint64_t port = 0;
    const char *colon = NULL;
    if (node->kind == HS_NODE_SCALAR && node->text.size > 0)
        colon = memrchr(node->text.data, ':', node->text.size);
    struct hs_slice host = HS_SLICE_NONE;
    bool good = false;
    if (colon != NULL) {
        size_t size = (size_t)(colon - node->text.data);
        host = hs_slice(node->text.data, size);
        good = hs_slice_to_u64(hs_slice(colon + 1, node->text.size - size - 1), 65535, &port) == 0;
        if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
            host = hs_slice(host.data + 1, host.size - 2);
        else if (memchr(host.data, ':', host.size) != NULL)
            good = false; /* an IPv6 address needs its brackets */
    }
    if (!good) {
        hs_config_error(bind->config, node,
                        "expected an address and a port such as 0.0.0.0:8080 or [::]:8080, got %s",
                        hs_config_quote(bind->config, node));
        return false;
    }
    ret_address->host = hs_arena_dup(bind->config->arena, host);
    ret_address->port = (uint16_t)port;
    return true;
}

/* ---- Lists and maps of scalars ---- */

static void read_strings(struct bind *bind, const struct hs_node *node,
                         const struct hs_option *option, struct hs_strings *ret_strings)
{
    bool list = node->kind == HS_NODE_LIST;
    size_t count = list ? node->count : 1;
    struct hs_arena *arena = bind->config->arena;
    const char **items = hs_arena_alloc(arena, (count + 1) * sizeof(*items));
    const struct hs_node **nodes = hs_arena_alloc(arena, (count + 1) * sizeof(*nodes));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct hs_node *item = list ? node->items[i] : node;
        if (!hs_config_read_text(bind->config, item, &items[kept]))
            continue;
        if (option->kind == HS_OPTION_SECRETS && item->text.size == 0)
            continue;
        nodes[kept++] = item;
    }
    *ret_strings = (struct hs_strings){items, nodes, kept};
}

static void read_pairs(struct bind *bind, const struct hs_node *node, struct hs_pairs *ret_pairs)
{
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(bind->config, node, "expected a mapping of names to texts, got %s",
                        hs_config_quote(bind->config, node));
        return;
    }
    struct hs_pair *items =
        hs_arena_alloc(bind->config->arena, (node->count + 1) * sizeof(*items));
    size_t kept = 0;
    for (size_t i = 0; i < node->count; i++) {
        struct hs_pair *pair = &items[kept];
        if (!hs_config_read_text(bind->config, node->items[i], &pair->value))
            continue;
        pair->name = node->keys[i]->text.data;
        pair->name_node = node->keys[i];
        pair->value_node = node->items[i];
        kept++;
    }
    *ret_pairs = (struct hs_pairs){items, kept};
}

/* ---- Children ---- */

static void bind_child(struct bind *bind, const struct hs_node *node,
                       const struct hs_options *options, const char *name, void *bound)
{
    char where[PATH_MAX_TEXT];
    bool top = bind->depth == 0;
    snprintf(where, sizeof(where), "%s%s%s", top ? "" : bind->where, top ? "" : ".", name);
    struct bind inner = {bind->config, where, bind->depth + 1};
    bind_table(&inner, node, options, bound);
}

static void read_children(struct bind *bind, const struct hs_node *node,
                          const struct hs_option *option, struct hs_children *ret_children)
{
    enum hs_node_kind wanted = option->kind == HS_OPTION_MAP ? HS_NODE_MAP : HS_NODE_LIST;
    ret_children->item_size = option->child->struct_size;
    if (node->kind != wanted) {
        hs_config_error(bind->config, node, "expected a %s under `%s`, got %s",
                        wanted == HS_NODE_MAP ? "mapping of names" : "list", option->name,
                        hs_config_quote(bind->config, node));
        return;
    }
    struct hs_arena *arena = bind->config->arena;
    ret_children->items = hs_arena_alloc(arena, (node->count + 1) * option->child->struct_size);
    const char **names = hs_arena_alloc(arena, (node->count + 1) * sizeof(*names));
    ret_children->nodes = (const struct hs_node *const *)node->items;
    ret_children->count = node->count;
    for (size_t i = 0; i < node->count; i++) {
        char name[PATH_MAX_TEXT];
        if (wanted == HS_NODE_MAP)
            snprintf(name, sizeof(name), "%s.%.*s", option->name,
                     HS_SLICE_ARG(node->keys[i]->text));
        else
            snprintf(name, sizeof(name), "%s[%zu]", option->name, i);
        names[i] = wanted == HS_NODE_MAP ? node->keys[i]->text.data : NULL;
        bind_child(bind, node->items[i], option->child, name, hs_children_at(ret_children, i));
    }
    ret_children->names = wanted == HS_NODE_MAP ? names : NULL;
}

/* ---- One option ---- */

/* false: a scalar was wrong, and the default is to be taken. */
static bool bind_value(struct bind *bind, const struct hs_node *node,
                       const struct hs_option *option, void *bound)
{
    void *target = field(bound, option);
    switch (option->kind) {
    case HS_OPTION_STRING:
    case HS_OPTION_SECRET:
        return hs_config_read_text(bind->config, node, target);
    case HS_OPTION_BOOL:
        return read_bool(bind, node, target);
    case HS_OPTION_COUNT:
    case HS_OPTION_SIZE:
    case HS_OPTION_DURATION:
        return read_number(bind, node, option, target);
    case HS_OPTION_CHOICE:
        return read_choice(bind, node, option, target);
    case HS_OPTION_ADDRESS:
        return read_address(bind, node, target);
    case HS_OPTION_STRINGS:
    case HS_OPTION_SECRETS:
        read_strings(bind, node, option, target);
        return true;
    case HS_OPTION_PAIRS:
        read_pairs(bind, node, target);
        return true;
    case HS_OPTION_TABLE:
        bind_child(bind, node, option->child, option->name, target);
        return true;
    case HS_OPTION_MAP:
    case HS_OPTION_LIST:
        read_children(bind, node, option, target);
        return true;
    case HS_OPTION_NODE:
        *(const struct hs_node **)target = node;
        return true;
    }
    return true;
}

static void bind_default(struct bind *bind, const struct hs_option *option, void *bound)
{
    if (option->kind == HS_OPTION_TABLE) {
        bind_child(bind, NULL, option->child, option->name, field(bound, option));
        return;
    }
    if ((option->kind == HS_OPTION_MAP || option->kind == HS_OPTION_LIST))
        ((struct hs_children *)field(bound, option))->item_size = option->child->struct_size;
    if (option->fallback == NULL)
        return;
    struct hs_node *node = hs_arena_alloc(bind->config->arena, sizeof(*node));
    node->kind = HS_NODE_SCALAR;
    struct hs_slice text = hs_slice_text(option->fallback);
    node->text = hs_slice(hs_arena_dup(bind->config->arena, text), text.size);
    /* A default is not held against the range: 0 may mean "none" where people may not say it. */
    struct hs_option free_option = *option;
    free_option.least = free_option.most = 0;
    bool good = bind_value(bind, node, &free_option, bound);
    HS_ASSERT(good);
}

static void bind_option(struct bind *bind, const struct hs_node *map,
                        const struct hs_option *option, void *bound)
{
    const struct hs_node *node = map != NULL ? hs_node_get(map, option->name) : NULL;
    if (hs_node_is_absent(node)) {
        bind_default(bind, option, bound);
        if (option->required && map != NULL)
            hs_config_error(bind->config, node != NULL ? node : map,
                            "`%s` is missing in %s: %s", option->name, bind->where, option->help);
        return;
    }
    if (!bind_value(bind, node, option, bound))
        bind_default(bind, option, bound);
}

/* ---- Tables ---- */

/* Which kind of a variant the tag names, or NULL with a finding. */
static const struct hs_options *choose_kind(struct bind *bind, const struct hs_node *map,
                                            const struct hs_options *options, void *bound)
{
    const char *names[KNOWN_MAX];
    size_t count = 0;
    const struct hs_node *tag = hs_node_get(map, options->tag);
    struct hs_buffer list;
    hs_buffer_init(&list, 4096);
    const struct hs_options *chosen = NULL;
    for (; options->kinds[count] != NULL; count++) {
        names[count] = options->kinds[count]->name;
        hs_buffer_printf(&list, "%s%s", count > 0 ? ", " : "", names[count]);
        if (tag != NULL && tag->kind == HS_NODE_SCALAR &&
            hs_slice_equal(tag->text, hs_slice_text(names[count]))) {
            chosen = options->kinds[count];
            *(unsigned *)((char *)bound + options->tag_offset) = (unsigned)count;
        }
    }
    hs_buffer_append_byte(&list, '\0');
    if (chosen == NULL && tag == NULL)
        hs_config_error(bind->config, map, "`%s` is missing in %s: one of %s", options->tag,
                        bind->where, list.data);
    else if (chosen == NULL) {
        const char *near = tag->kind == HS_NODE_SCALAR
                               ? hs_nearest_name(tag->text, names, count) : NULL;
        hs_config_error(bind->config, tag, "unknown %s %s in %s%s%s%s: one of %s", options->tag,
                        hs_config_quote(bind->config, tag), bind->where,
                        near ? ", did you mean `" : "", near ? near : "", near ? "`?" : "",
                        list.data);
    }
    hs_buffer_free(&list);
    return chosen;
}

static size_t add_names(const struct hs_options *options, const char **names, size_t count)
{
    for (size_t i = 0; options != NULL && i < options->option_count && count < KNOWN_MAX; i++)
        names[count++] = options->options[i].name;
    return count;
}

static void refuse_unknown(struct bind *bind, const struct hs_node *map,
                           const struct hs_options *options, const struct hs_options *kind)
{
    const char *names[KNOWN_MAX];
    size_t count = add_names(options, names, 0);
    count = add_names(kind, names, count);
    if (options->tag != NULL && count < KNOWN_MAX)
        names[count++] = options->tag;
    for (size_t i = 0; i < map->count; i++) {
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = hs_slice_equal(map->keys[i]->text, hs_slice_text(names[k]));
        if (!known)
            hs_config_unknown_key(bind->config, map->keys[i], bind->where, names, count);
    }
}

static void bind_options(struct bind *bind, const struct hs_node *map,
                         const struct hs_options *options, void *bound)
{
    for (size_t i = 0; i < options->option_count; i++)
        bind_option(bind, map, &options->options[i], bound);
}

static void bind_table(struct bind *bind, const struct hs_node *node,
                       const struct hs_options *options, void *bound)
{
    const struct hs_node *map = node;
    if (node != NULL && node->kind != HS_NODE_MAP) {
        hs_config_error(bind->config, node, "expected a mapping for %s, got %s", bind->where,
                        hs_config_quote(bind->config, node));
        map = NULL;
    }
    if (options->node_offset != SIZE_MAX)
        *(const struct hs_node **)((char *)bound + options->node_offset) = map;
    bind_options(bind, map, options, bound);
    const struct hs_options *kind = NULL;
    if (options->tag != NULL && map != NULL) {
        kind = choose_kind(bind, map, options, bound);
        if (kind != NULL)
            bind_options(bind, map, kind, bound);
    }
    /* Under an unknown kind every key would be unknown: one finding is enough. */
    if (map != NULL && (options->tag == NULL || kind != NULL))
        refuse_unknown(bind, map, options, kind);
    if (options->check != NULL)
        options->check(bind->config, map, bound);
    if (kind != NULL && kind->check != NULL)
        kind->check(bind->config, map, bound);
}

void hs_config_bind(struct hs_config *config, const struct hs_node *node,
                    const struct hs_options *options, void *ret_bound)
{
    memset(ret_bound, 0, options->struct_size);
    struct bind bind = {config, options->name, 0};
    bind_table(&bind, node, options, ret_bound);
}
