/* Bind plain: options whose value is a scalar, or a list or mapping of scalars. One function per
 * kind; a fault becomes a finding with the correct form. */
#include "internal.h"

#define CHOICES_TEXT_MAX 4096u

const char *hs_bind_path(const struct hs_bind *bind, const char *name)
{
    return hs_arena_printf(bind->config->arena, "%s%s%s", bind->path,
                           bind->path[0] != '\0' ? "." : "", name);
}

/* ---- Scalars ---- */

static void refuse_range(const struct hs_bind *bind, const struct hs_node *node,
                         const struct hs_option *option)
{
    char least[32], most[32];
    hs_value_print(option->kind, option->least, least);
    hs_value_print(option->kind, option->most, most);
    const char *path = hs_bind_path(bind, option->name),
               *or_auto = option->auto_ok ? ", or auto" : "";
    const char *text = hs_config_quote(bind->config, node);
    if (option->most == 0)
        hs_config_error(bind->config, HS_FINDING_OUT_OF_RANGE, node,
                        "%s must be at least %s%s, is %s", path, least, or_auto, text);
    else if (option->least == 0)
        hs_config_error(bind->config, HS_FINDING_OUT_OF_RANGE, node,
                        "%s must be at most %s%s, is %s", path, most, or_auto, text);
    else
        hs_config_error(bind->config, HS_FINDING_OUT_OF_RANGE, node,
                        "%s must be between %s and %s%s, is %s", path, least, most, or_auto, text);
}

static bool read_number(const struct hs_bind *bind, const struct hs_node *node,
                        const struct hs_option *option, uint64_t *ret_value)
{
    if (option->auto_ok && node->kind == HS_NODE_SCALAR &&
        hs_slice_equal(node->text, HS_SLICE("auto"))) {
        *ret_value = 0;
        return true;
    }
    uint64_t value = 0;
    bool good = option->kind == HS_OPTION_COUNT ? hs_config_read_count(bind->config, node, &value)
                : option->kind == HS_OPTION_SIZE
                    ? hs_config_read_size(bind->config, node, &value)
                    : hs_config_read_duration(bind->config, node, &value);
    if (!good)
        return false;
    if (value < option->least || (option->most > 0 && value > option->most)) {
        refuse_range(bind, node, option);
        return false;
    }
    *ret_value = value;
    return true;
}

static bool read_bool(const struct hs_bind *bind, const struct hs_node *node,
                      const struct hs_option *option, bool *ret_value)
{
    bool yes = node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("true"));
    bool no = node->kind == HS_NODE_SCALAR && hs_slice_equal(node->text, HS_SLICE("false"));
    if (yes || no)
        *ret_value = yes;
    else
        hs_config_error(bind->config, HS_FINDING_WRONG_WORD, node,
                        "%s must be true or false, is %s", hs_bind_path(bind, option->name),
                        hs_config_quote(bind->config, node));
    return yes || no;
}

static bool read_choice(const struct hs_bind *bind, const struct hs_node *node,
                        const struct hs_option *option, unsigned *ret_value)
{
    struct hs_buffer list;
    hs_buffer_init(&list, CHOICES_TEXT_MAX);
    unsigned count = 0;
    for (; option->choices[count] != NULL; count++) {
        if (node->kind == HS_NODE_SCALAR &&
            hs_slice_equal(node->text, hs_slice_text(option->choices[count]))) {
            *ret_value = count;
            hs_buffer_free(&list);
            return true;
        }
        const char *glue = count == 0 ? "" : option->choices[count + 1] != NULL ? ", " : " or ";
        hs_buffer_printf(&list, "%s%s", glue, option->choices[count]);
    }
    const char *near = node->kind == HS_NODE_SCALAR && !node->secret
                           ? hs_nearest_name(node->text, option->choices, count)
                           : NULL;
    hs_config_error(bind->config, HS_FINDING_WRONG_WORD, node, "%s must be %.*s, is %s%s%s%s",
                    hs_bind_path(bind, option->name), HS_SLICE_ARG(hs_buffer_slice(&list)),
                    hs_config_quote(bind->config, node), near ? ", did you mean `" : "",
                    near ? near : "", near ? "`?" : "");
    hs_buffer_free(&list);
    return false;
}

static bool read_address(const struct hs_bind *bind, const struct hs_node *node,
                         const struct hs_option *option, struct hs_address *ret_address)
{
    struct hs_slice host;
    uint16_t port;
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(bind->config, HS_FINDING_ADDRESS, node,
                        "%s must be an address and a port, is %s: quote one that begins with "
                        "`[`, such as \"[::]:8080\"",
                        hs_bind_path(bind, option->name), hs_config_quote(bind->config, node));
        return false;
    }
    if (hs_address_parse(node->text, HS_ADDRESS_LISTEN, 0, &host, &port) < 0) {
        hs_config_error(bind->config, HS_FINDING_ADDRESS, node,
                        "%s must be an address and a port, such as 0.0.0.0:8080 or [::1]:8080, is "
                        "%s: %s",
                        hs_bind_path(bind, option->name), hs_config_quote(bind->config, node),
                        hs_error_text());
        return false;
    }
    ret_address->host = hs_arena_dup(bind->config->arena, host);
    ret_address->port = port;
    return true;
}

/* ---- Lists and mappings of texts ---- */

static bool read_item(const struct hs_bind *bind, const struct hs_node *node, const char **ret_text)
{
    if (!node->broken && !node->secret && hs_node_is_absent(node)) {
        hs_config_error(bind->config, HS_FINDING_EMPTY_VALUE, node,
                        "expected a text, got nothing: write an empty text as \"\"");
        return false;
    }
    return hs_config_read_text(bind->config, node, ret_text);
}

/* Where the text's next comma is; the end when there is none. */
static size_t next_comma(struct hs_slice text, size_t at)
{
    const char *comma = at < text.size ? memchr(text.data + at, ',', text.size - at) : NULL;
    return comma != NULL ? (size_t)(comma - text.data) : text.size;
}

/* The items of a text such as "a:9092, b:9092", which lets one variable hold a list; each has the
 * position of the whole. */
static size_t split_item(struct hs_arena *arena, const struct hs_node *item,
                         const struct hs_node **ret_items, size_t room)
{
    size_t count = 0;
    for (size_t at = 0; at < item->text.size;) {
        size_t comma = next_comma(item->text, at);
        struct hs_slice piece = hs_slice_trim(hs_slice(item->text.data + at, comma - at));
        at = comma + 1;
        if (piece.size == 0 || count == room)
            continue;
        struct hs_node *one = hs_arena_alloc(arena, sizeof(*one));
        *one = *item;
        one->text = hs_slice(hs_arena_dup(arena, piece), piece.size);
        ret_items[count++] = one;
    }
    return count;
}

static bool has_commas(const struct hs_option *option, const struct hs_node *item)
{
    return option->commas && item->kind == HS_NODE_SCALAR && item->text.size > 0 &&
           next_comma(item->text, 0) < item->text.size;
}

/* The list's items, split at commas. */
static const struct hs_node **list_items(const struct hs_bind *bind, const struct hs_node *node,
                                         const struct hs_option *option, size_t *ret_count)
{
    bool list = node->kind == HS_NODE_LIST;
    size_t most = 0, count = list ? node->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct hs_node *item = list ? node->items[i] : node;
        most += 1 + (has_commas(option, item) ? item->text.size / 2 : 0);
    }
    const struct hs_node **items = hs_arena_alloc(bind->config->arena, (most + 1) * sizeof(*items));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct hs_node *item = list ? node->items[i] : node;
        if (has_commas(option, item))
            kept += split_item(bind->config->arena, item, items + kept, most - kept);
        else
            items[kept++] = item;
    }
    *ret_count = kept;
    return items;
}

static bool read_strings(const struct hs_bind *bind, const struct hs_node *node,
                         const struct hs_option *option, struct hs_strings *ret_strings)
{
    if (node->kind == HS_NODE_MAP) {
        hs_config_error(
            bind->config, HS_FINDING_WRONG_SHAPE, node, "%s must be a list of texts, is %s%s%s%s",
            hs_bind_path(bind, option->name), hs_config_quote(bind->config, node),
            option->example != NULL ? ", as in `" : "",
            option->example != NULL ? option->example : "", option->example != NULL ? "`" : "");
        return false;
    }
    size_t count, kept = 0;
    const struct hs_node **nodes = list_items(bind, node, option, &count);
    const char **items = hs_arena_alloc(bind->config->arena, (count + 1) * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        const struct hs_node *item = nodes[i];
        bool empty = item->kind == HS_NODE_SCALAR && item->text.size == 0;
        if ((option->kind == HS_OPTION_SECRETS && empty) || !read_item(bind, item, &items[kept]))
            continue;
        nodes[kept++] = item;
    }
    *ret_strings = (struct hs_strings){items, nodes, kept};
    return true;
}

static bool read_pairs(const struct hs_bind *bind, const struct hs_node *node,
                       const struct hs_option *option, struct hs_pairs *ret_pairs)
{
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(
            bind->config, HS_FINDING_WRONG_SHAPE, node,
            "%s must be a mapping of names to texts, is %s%s%s%s", hs_bind_path(bind, option->name),
            hs_config_quote(bind->config, node), option->example != NULL ? ", as in `" : "",
            option->example != NULL ? option->example : "", option->example != NULL ? "`" : "");
        return false;
    }
    struct hs_pair *items = hs_arena_alloc(bind->config->arena, (node->count + 1) * sizeof(*items));
    size_t kept = 0;
    for (size_t i = 0; i < node->count; i++) {
        struct hs_pair *pair = &items[kept];
        if (!read_item(bind, node->items[i], &pair->value))
            continue;
        pair->name = node->keys[i]->text.data;
        pair->name_node = node->keys[i];
        pair->value_node = node->items[i];
        kept++;
    }
    *ret_pairs = (struct hs_pairs){items, kept};
    return true;
}

/* From now on no message shows the node's text. The tree belongs to the config, so binding may mark
 * what others only read. */
static void hide(const struct hs_node *node)
{
    if (node->kind == HS_NODE_SCALAR) {
        struct hs_node *own = (struct hs_node *)(uintptr_t)node;
        own->secret = own->sealed = true;
    }
    for (size_t i = 0; i < node->count; i++)
        hide(node->items[i]);
}

/* Hides a secret and checks it by its rule; searches other texts for placeholders. */
static void look_at_text(const struct hs_bind *bind, const struct hs_node *node, const char *path,
                         const struct hs_option *option, enum hs_secret_kind kind)
{
    if (kind != HS_SECRET_NONE) {
        hs_secret_check(bind->config, node, path, option, kind);
        hide(node);
        return;
    }
    for (size_t i = 0; node->kind == HS_NODE_LIST && i < node->count; i++)
        if (node->items[i]->kind == HS_NODE_SCALAR)
            hs_config_warn_placeholder(bind->config, node->items[i], path, node->items[i]->text);
    if (node->kind == HS_NODE_SCALAR && !option->program)
        hs_config_warn_placeholder(bind->config, node, path, node->text);
}

static void look_at_pairs(const struct hs_bind *bind, const struct hs_node *node,
                          const struct hs_option *option)
{
    enum hs_secret_kind kind =
        option->secret != HS_SECRET_NONE ? option->secret : HS_SECRET_PASSWORD;
    for (size_t i = 0; node->kind == HS_NODE_MAP && i < node->count; i++) {
        const char *name = node->keys[i]->text.data;
        bool password = option->is_password != NULL && option->is_password(name);
        const char *path =
            hs_arena_printf(bind->config->arena, "%s.%s", hs_bind_path(bind, option->name),
                            hs_config_excerpt(bind->config, node->keys[i]->text));
        look_at_text(bind, node->items[i], path, option, password ? kind : HS_SECRET_NONE);
    }
}

static void look_at(const struct hs_bind *bind, const struct hs_node *node,
                    const struct hs_option *option)
{
    bool secret = option->kind == HS_OPTION_SECRET || option->kind == HS_OPTION_SECRETS;
    enum hs_secret_kind kind =
        secret && option->secret == HS_SECRET_NONE ? HS_SECRET_PASSWORD : option->secret;
    bool text = option->kind == HS_OPTION_STRING || option->kind == HS_OPTION_STRINGS;
    if (option->kind == HS_OPTION_PAIRS)
        look_at_pairs(bind, node, option);
    else if (kind != HS_SECRET_NONE || text)
        look_at_text(bind, node, hs_bind_path(bind, option->name), option, kind);
}

static bool read_plain(const struct hs_bind *bind, const struct hs_node *node,
                       const struct hs_option *option, void *ret_field)
{
    /* The others have a table of their own: bind.c. */
    HS_ASSERT(option->kind < HS_OPTION_TABLE || option->kind == HS_OPTION_NODE);
    switch (option->kind) {
    case HS_OPTION_STRING:
    case HS_OPTION_SECRET:
        return hs_config_read_text(bind->config, node, ret_field);
    case HS_OPTION_BOOL:
        return read_bool(bind, node, option, ret_field);
    case HS_OPTION_COUNT:
    case HS_OPTION_SIZE:
    case HS_OPTION_DURATION:
        return read_number(bind, node, option, ret_field);
    case HS_OPTION_CHOICE:
        return read_choice(bind, node, option, ret_field);
    case HS_OPTION_ADDRESS:
        return read_address(bind, node, option, ret_field);
    case HS_OPTION_STRINGS:
    case HS_OPTION_SECRETS:
        return read_strings(bind, node, option, ret_field);
    case HS_OPTION_PAIRS:
        return read_pairs(bind, node, option, ret_field);
    case HS_OPTION_NODE:
        *(const struct hs_node **)ret_field = node;
        return true;
    case HS_OPTION_TABLE:
    case HS_OPTION_MAP:
    case HS_OPTION_LIST:
        break;
    }
    return false;
}

bool hs_bind_plain(const struct hs_bind *bind, const struct hs_node *node,
                   const struct hs_option *option, void *ret_field)
{
    bool good = read_plain(bind, node, option, ret_field);
    look_at(bind, node, option);
    return good;
}
