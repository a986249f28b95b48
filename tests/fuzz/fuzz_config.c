/* Fuzzes the reading and binding of a configuration: whatever the text, what is bound can be
 * used, what is found is in order, and what came out of the environment is in no message. */
#include <hookstream/config.h>

#include <stdlib.h>

#define PAGE_MAX (8u << 20)
/* Long and odd enough not to be guessed as part of the text. */
#define SECRET "\x7fhunter2\x7fhunter2"
#define DEPTH_MAX (HS_CONFIG_DEPTH_MAX + 1)

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* One table of every kind, which holds itself no further than YAML may nest. */
struct leaf {
    const struct hs_node *node, *free;
    unsigned kind, choice;
    bool yes;
    uint64_t count, size, time;
    struct hs_address address;
    const char *text, *secret;
    struct hs_strings strings, secrets;
    struct hs_pairs pairs;
};

struct root {
    struct leaf table;
    struct hs_children map, list;
};

static const char *const choices[] = {"one", "two", NULL};

#define LEAF(field) offsetof(struct leaf, field)
static const struct hs_option first_rows[] = {
    {.name = "yes", .kind = HS_OPTION_BOOL, .offset = LEAF(yes), .fallback = "false", .help = ""},
    {.name = "count",
     .kind = HS_OPTION_COUNT,
     .offset = LEAF(count),
     .fallback = "auto",
     .auto_ok = true,
     .least = 1,
     .most = 9,
     .help = ""},
    {.name = "size",
     .kind = HS_OPTION_SIZE,
     .offset = LEAF(size),
     .fallback = "1KiB",
     .least = 1024,
     .help = ""},
    {.name = "time",
     .kind = HS_OPTION_DURATION,
     .offset = LEAF(time),
     .fallback = "1s",
     .most = 2000000000,
     .help = ""},
};
static const struct hs_option second_rows[] = {
    {.name = "address",
     .kind = HS_OPTION_ADDRESS,
     .offset = LEAF(address),
     .fallback = ":1",
     .help = ""},
    {.name = "pairs", .kind = HS_OPTION_PAIRS, .offset = LEAF(pairs), .required = true, .help = ""},
};
static const struct hs_option leaf_rows[] = {
    {.name = "text", .kind = HS_OPTION_STRING, .offset = LEAF(text), .fallback = "x", .help = ""},
    {.name = "secret", .kind = HS_OPTION_SECRET, .offset = LEAF(secret), .help = ""},
    {.name = "choice",
     .kind = HS_OPTION_CHOICE,
     .offset = LEAF(choice),
     .choices = choices,
     .fallback = "two",
     .help = ""},
    {.name = "strings", .kind = HS_OPTION_STRINGS, .offset = LEAF(strings), .help = ""},
    {.name = "secrets", .kind = HS_OPTION_SECRETS, .offset = LEAF(secrets), .help = ""},
    {.name = "free", .kind = HS_OPTION_NODE, .offset = LEAF(free), .help = ""},
};
#define TABLE(name_, rows_)                                                                        \
    {                                                                                              \
        .name = name_, .title = name_, .options = rows_, .option_count = HS_ARRAY_SIZE(rows_),     \
        .struct_size = sizeof(struct leaf), .node_offset = SIZE_MAX                                \
    }
static const struct hs_options first = TABLE("first", first_rows);
static const struct hs_options second = TABLE("second", second_rows);
static const struct hs_options *const kinds[] = {&first, &second, NULL};
static const struct hs_options leaf = {
    .name = "leaf",
    .title = "Leaf",
    .options = leaf_rows,
    .option_count = HS_ARRAY_SIZE(leaf_rows),
    .struct_size = sizeof(struct leaf),
    .node_offset = LEAF(node),
    .tag = "type",
    .tag_offset = LEAF(kind),
    .kinds = kinds,
};
static const struct hs_option root_rows[] = {
    {.name = "table",
     .kind = HS_OPTION_TABLE,
     .offset = offsetof(struct root, table),
     .child = &leaf,
     .help = ""},
    {.name = "map",
     .kind = HS_OPTION_MAP,
     .offset = offsetof(struct root, map),
     .child = &leaf,
     .help = ""},
    {.name = "list",
     .kind = HS_OPTION_LIST,
     .offset = offsetof(struct root, list),
     .child = &leaf,
     .help = ""},
};
static const struct hs_options root = {
    .name = "root",
    .title = "Root",
    .options = root_rows,
    .option_count = HS_ARRAY_SIZE(root_rows),
    .struct_size = sizeof(struct root),
    .node_offset = SIZE_MAX,
};

static const char *env(void *context, const char *name)
{
    return name[0] == 'S' ? SECRET : NULL;
}

/* Touches every byte that a tree hands out; no deeper than promised. */
static size_t walk(const struct hs_node *node, unsigned depth)
{
    require(depth <= DEPTH_MAX && node->line > 0 && node->column > 0);
    if (node->kind == HS_NODE_SCALAR) {
        require(node->count == 0 && node->text.data[node->text.size] == '\0');
        require(memchr(node->text.data, '\0', node->text.size + 1) ==
                node->text.data + node->text.size);
        return 1;
    }
    size_t nodes = 1;
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == HS_NODE_MAP) {
            nodes += walk(node->keys[i], depth + 1);
            require(hs_node_get(node, node->keys[i]->text.data) == node->items[i]);
        }
        nodes += walk(node->items[i], depth + 1);
    }
    return nodes;
}

static void check_leaf(const struct leaf *bound)
{
    require(bound->kind < 2 && bound->choice < 2);
    require(bound->text != NULL && (bound->secret == NULL || bound->secret[0] != '\0'));
    if (bound->kind == 0)
        require(bound->count <= 9 && bound->size >= 1024 && bound->time <= 2000000000);
    else
        require(bound->address.host != NULL);
    for (size_t i = 0; i < bound->strings.count; i++)
        require(strlen(bound->strings.items[i]) == bound->strings.nodes[i]->text.size);
    for (size_t i = 0; i < bound->secrets.count; i++)
        require(bound->secrets.items[i][0] != '\0' && bound->secrets.nodes[i]->secret);
    for (size_t i = 0; i < bound->pairs.count; i++)
        require(bound->pairs.items[i].value == bound->pairs.items[i].value_node->text.data);
}

static void check_children(const struct hs_children *children)
{
    require(children->item_size == sizeof(struct leaf));
    for (size_t i = 0; i < children->count; i++)
        check_leaf(hs_children_at(children, i));
}

static void check_findings(struct hs_config *config)
{
    const struct hs_findings *findings = hs_config_findings(config);
    require(hs_config_root(config) != NULL || findings->errors > 0);
    for (size_t i = 1; i < findings->count; i++) {
        const struct hs_finding *one = &findings->items[i - 1], *next = &findings->items[i];
        require(one->line < next->line || (one->line == next->line && one->column <= next->column));
    }
    struct hs_buffer page;
    hs_buffer_init(&page, PAGE_MAX);
    hs_config_print_findings(config, &page);
    require(hs_buffer_status(&page) == 0);
    for (size_t i = 0; i < page.size; i++)
        require((unsigned char)page.data[i] >= ' ' || page.data[i] == '\n');
    require(page.size == 0 || memmem(page.data, page.size, "hunter2", 7) == NULL);
    hs_buffer_free(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hs_slice text = hs_slice(data, size);
    /* No file of this machine is opened, and the secret stands in no text of its own. */
    if (size > 0 && (memmem(data, size, "${file", 6) || memmem(data, size, "hunter2", 7)))
        return 0;
    struct hs_config *config = hs_config_parse("fuzz.yaml", text, env, NULL);
    const struct hs_node *tree = hs_config_root(config);
    if (tree != NULL)
        require(walk(tree, 0) <= 2 * HS_CONFIG_NODES_MAX);
    struct root bound;
    hs_config_bind(config, tree, &root, &bound);
    check_leaf(&bound.table);
    check_children(&bound.map);
    check_children(&bound.list);
    check_findings(config);
    hs_config_free(config);
    return 0;
}
