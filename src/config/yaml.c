/* Yaml: turns libyaml's events into nodes with positions. Aliases are followed to the node they
 * name, which is shared; what they multiply is counted, so that a bomb is refused. What is wrong in
 * one place does not end the reading where the rest can still be understood. */
#include "yaml.h"

#include <stdlib.h>

#define STR_TAG "tag:yaml.org,2002:str"

void hs_yaml_fail(struct hs_yaml *yaml, enum hs_finding_code code, yaml_mark_t mark,
                  const char *message)
{
    if (!yaml->failed)
        hs_config_add(yaml->config, HS_FINDING_ERROR, code, (unsigned)mark.line + 1,
                      (unsigned)mark.column + 1, message);
    yaml->failed = true;
}

bool hs_yaml_next(struct hs_yaml *yaml, yaml_event_t *ret_event)
{
    if (yaml->failed)
        return false;
    if (yaml_parser_parse(&yaml->parser, ret_event))
        return true;
    hs_yaml_fail_parser(yaml);
    return false;
}

void hs_yaml_grow(struct hs_yaml *yaml, struct hs_node ***items, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return;
    *capacity = *capacity ? *capacity * 2 : 8;
    struct hs_node **larger = hs_arena_alloc(yaml->config->arena, *capacity * sizeof(*larger));
    if (count > 0)
        memcpy(larger, *items, count * sizeof(*larger));
    *items = larger;
}

/* ---- Nodes, counted ---- */

static void count_nodes(struct hs_yaml *yaml, size_t more, yaml_mark_t mark)
{
    yaml->nodes += more;
    if (yaml->nodes > HS_CONFIG_NODES_MAX)
        hs_yaml_fail(yaml, HS_FINDING_FILE_LIMIT, mark,
                     hs_arena_printf(yaml->config->arena,
                                     "more than %u values, counting those behind each alias: "
                                     "does an alias multiply what holds aliases?",
                                     HS_CONFIG_NODES_MAX));
}

/* A node of depth `height` is at `depth`. */
static void check_depth(struct hs_yaml *yaml, unsigned depth, yaml_mark_t mark)
{
    if (depth > yaml->deepest)
        yaml->deepest = depth;
    if (depth > HS_CONFIG_DEPTH_MAX)
        hs_yaml_fail(yaml, HS_FINDING_FILE_LIMIT, mark,
                     hs_arena_printf(yaml->config->arena,
                                     "nested too deep: at most %u nested lists and mappings",
                                     HS_CONFIG_DEPTH_MAX));
}

struct hs_node *hs_yaml_make(struct hs_yaml *yaml, enum hs_node_kind kind, yaml_mark_t mark)
{
    struct hs_node *node = hs_arena_alloc(yaml->config->arena, sizeof(*node));
    node->kind = kind;
    node->line = (unsigned)mark.line + 1;
    node->column = (unsigned)mark.column + 1;
    count_nodes(yaml, 1, mark);
    return node;
}

/* Reports a node and continues; it becomes an empty scalar. */
static void break_node(struct hs_yaml *yaml, enum hs_finding_code code, struct hs_node *node,
                       const char *message)
{
    hs_config_error(yaml->config, code, node, "%s", message);
    node->kind = HS_NODE_SCALAR;
    node->text = HS_SLICE("");
    node->count = 0;
    node->broken = true;
}

/* ---- Anchors and aliases ---- */

static void remember(struct hs_yaml *yaml, const struct hs_yaml_anchor *anchor, yaml_mark_t mark)
{
    if (yaml->anchor_count == HS_YAML_ANCHORS_MAX)
        hs_yaml_fail(
            yaml, HS_FINDING_FILE_LIMIT, mark,
            hs_arena_printf(yaml->config->arena, "more than %u anchors", HS_YAML_ANCHORS_MAX));
    else
        yaml->anchors[yaml->anchor_count++] = *anchor;
}

static struct hs_node *follow(struct hs_yaml *yaml, const yaml_event_t *event, unsigned depth)
{
    const char *name = (const char *)event->data.alias.anchor;
    /* The last anchor of that name counts (YAML 1.1, 3.2.2.2). */
    for (size_t i = yaml->anchor_count; i-- > 0;) {
        const struct hs_yaml_anchor *anchor = &yaml->anchors[i];
        if (strcmp(anchor->name, name) != 0)
            continue;
        count_nodes(yaml, anchor->weight, event->start_mark);
        check_depth(yaml, depth + anchor->height, event->start_mark);
        return yaml->failed ? NULL : anchor->node;
    }
    struct hs_node *node = hs_yaml_make(yaml, HS_NODE_SCALAR, event->start_mark);
    break_node(yaml, HS_FINDING_YAML_ALIAS, node,
               "no anchor (&) of this name precedes this alias (*); quote a text that begins "
               "with *");
    return node;
}

/* ---- Scalars and lists ---- */

struct hs_node *hs_yaml_scalar(struct hs_yaml *yaml, const yaml_event_t *event)
{
    struct hs_node *node = hs_yaml_make(yaml, HS_NODE_SCALAR, event->start_mark);
    struct hs_slice text = hs_slice(event->data.scalar.value, event->data.scalar.length);
    node->text = hs_slice(hs_arena_dup(yaml->config->arena, text), text.size);
    node->last_line = (unsigned)event->end_mark.line + 1;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        break_node(yaml, HS_FINDING_FILE_BYTES, node,
                   "this text has a NUL character, which is not allowed");
    return node;
}

/* Whether the text is in one line of the file verbatim, without escapes. */
static bool is_as_written(const struct hs_node *node, const yaml_event_t *event)
{
    size_t marks = event->end_mark.column - event->start_mark.column;
    return event->start_mark.line == event->end_mark.line &&
           marks == hs_config_characters(node->text) + (node->quoted ? 2 : 0);
}

static struct hs_node *read_scalar(struct hs_yaml *yaml, const yaml_event_t *event)
{
    struct hs_node *node = hs_yaml_scalar(yaml, event);
    const char *tag = (const char *)event->data.scalar.tag;
    if (tag != NULL && (strcmp(tag, STR_TAG) == 0 || strcmp(tag, "!") == 0))
        node->quoted = true; /* the tag has the meaning of quotes */
    else if (tag != NULL)
        break_node(yaml, HS_FINDING_YAML_QUOTES, node,
                   "tags (!) are not supported; quote a text that begins with !");
    if (!node->broken)
        hs_config_expand(yaml->config, node, tag == NULL && is_as_written(node, event));
    return node;
}

static struct hs_node *read_list(struct hs_yaml *yaml, const yaml_event_t *begin, unsigned depth)
{
    struct hs_node *list = hs_yaml_make(yaml, HS_NODE_LIST, begin->start_mark);
    size_t room = 0;
    yaml_event_t event;
    for (bool more = true; more && hs_yaml_next(yaml, &event);) {
        struct hs_node *item =
            event.type == YAML_SEQUENCE_END_EVENT ? NULL : hs_yaml_node(yaml, &event, depth + 1);
        yaml_event_delete(&event);
        more = item != NULL;
        if (!more)
            break;
        hs_yaml_grow(yaml, &list->items, list->count, &room);
        list->items[list->count++] = item;
    }
    return list;
}

/* ---- Any node ---- */

static struct hs_node *read_content(struct hs_yaml *yaml, const yaml_event_t *event, unsigned depth,
                                    const yaml_char_t **ret_anchor)
{
    struct hs_node *node;
    const yaml_char_t *tag = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        *ret_anchor = event->data.scalar.anchor;
        return read_scalar(yaml, event);
    case YAML_SEQUENCE_START_EVENT:
        *ret_anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        node = read_list(yaml, event, depth);
        break;
    case YAML_MAPPING_START_EVENT:
        *ret_anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        node = hs_yaml_map(yaml, event, depth);
        break;
    default:
        hs_yaml_fail(yaml, HS_FINDING_YAML, event->start_mark, "expected a value");
        return NULL;
    }
    if (tag != NULL)
        break_node(yaml, HS_FINDING_YAML_QUOTES, node, "tags (!) are not supported");
    return node;
}

struct hs_node *hs_yaml_node(struct hs_yaml *yaml, const yaml_event_t *event, unsigned depth)
{
    if (event->type == YAML_ALIAS_EVENT)
        return follow(yaml, event, depth);
    size_t nodes = yaml->nodes;
    unsigned outer = yaml->deepest;
    yaml->deepest = depth;
    check_depth(yaml, depth, event->start_mark);
    if (yaml->failed)
        return NULL;
    const yaml_char_t *name = NULL;
    struct hs_node *node = read_content(yaml, event, depth, &name);
    if (name != NULL && node != NULL) {
        const struct hs_yaml_anchor anchor = {
            hs_arena_dup(yaml->config->arena, hs_slice_text((const char *)name)), node,
            yaml->nodes - nodes, yaml->deepest - depth};
        remember(yaml, &anchor, event->start_mark);
    }
    if (outer > yaml->deepest)
        yaml->deepest = outer;
    return node;
}

/* ---- The document ---- */

static struct hs_node *read_document(struct hs_yaml *yaml)
{
    struct hs_node *root = NULL;
    yaml_event_t event;
    for (bool more = true; more && hs_yaml_next(yaml, &event);) {
        bool second = event.type == YAML_DOCUMENT_START_EVENT && root != NULL;
        more = event.type != YAML_STREAM_END_EVENT && !second;
        if (second) {
            struct hs_node place = {.line = (unsigned)event.start_mark.line + 1,
                                    .column = (unsigned)event.start_mark.column + 1};
            hs_config_error(yaml->config, HS_FINDING_SECOND_DOCUMENT, &place,
                            "a second document begins here (`---`): a configuration has only one");
        } else if (more && event.type != YAML_STREAM_START_EVENT &&
                   event.type != YAML_DOCUMENT_START_EVENT &&
                   event.type != YAML_DOCUMENT_END_EVENT) {
            root = hs_yaml_node(yaml, &event, 0);
        }
        yaml_event_delete(&event);
    }
    return yaml->failed ? NULL : root;
}

struct hs_node *hs_config_read_yaml(struct hs_config *config, struct hs_slice text)
{
    struct hs_yaml *yaml = hs_alloc(sizeof(*yaml));
    yaml->config = config;
    yaml->text = text;
    struct hs_node *root = NULL;
    if (!yaml_parser_initialize(&yaml->parser)) {
        hs_config_error(config, HS_FINDING_FILE_UNREADABLE, NULL, "no memory to read YAML");
    } else {
        yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(
            &yaml->parser, (const unsigned char *)(text.size > 0 ? text.data : ""), text.size);
        root = read_document(yaml);
        yaml_parser_delete(&yaml->parser);
        if (!yaml->failed && !(root != NULL && root->broken) && hs_node_is_absent(root)) {
            hs_config_error(config, HS_FINDING_FILE_EMPTY, NULL,
                            "the file is empty: there are no settings in it");
            root = NULL;
        }
    }
    free(yaml);
    return root;
}
