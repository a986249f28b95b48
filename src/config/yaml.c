/* Yaml: libyaml's events into nodes that know their place. Aliases are followed to the node
 * they name, which is shared; what they multiply is counted, so that a bomb is refused. */
#include "internal.h"

#include <stdlib.h>
#include <yaml.h>

#define ANCHORS_MAX 1000u

struct reader {
    struct hs_config *config;
    yaml_parser_t parser;
    struct {
        const char *name;
        struct hs_node *node;
        size_t weight; /* nodes in it, aliases counted as often as they are used */
    } anchors[ANCHORS_MAX];
    size_t anchor_count;
    size_t nodes; /* read so far, aliases counted so */
    bool failed;
};

static void fail(struct reader *reader, yaml_mark_t mark, const char *message)
{
    if (!reader->failed)
        hs_config_add(reader->config, HS_FINDING_ERROR, (unsigned)mark.line + 1,
                      (unsigned)mark.column + 1, message);
    reader->failed = true;
}

/* libyaml's own words, with the place it names. */
static void fail_parser(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "cannot be read";
    const char *context = parser->context != NULL ? parser->context : "";
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR)
        mark = parser->mark;
    fail(reader, mark,
         hs_arena_printf(reader->config->arena, "not YAML: %s%s%s", context,
                         context[0] != '\0' ? ": " : "", problem));
}

static bool next_event(struct reader *reader, yaml_event_t *ret_event)
{
    if (reader->failed)
        return false;
    if (!yaml_parser_parse(&reader->parser, ret_event)) {
        fail_parser(reader);
        return false;
    }
    return true;
}

static struct hs_node *make_node(struct reader *reader, enum hs_node_kind kind, yaml_mark_t mark)
{
    struct hs_node *node = hs_arena_alloc(reader->config->arena, sizeof(*node));
    node->kind = kind;
    node->line = (unsigned)mark.line + 1;
    node->column = (unsigned)mark.column + 1;
    if (++reader->nodes > HS_CONFIG_NODES_MAX)
        fail(reader, mark, "too many values: aliases multiply beyond every use");
    return node;
}

static void remember(struct reader *reader, const yaml_char_t *anchor, struct hs_node *node,
                     size_t weight, yaml_mark_t mark)
{
    if (anchor == NULL)
        return;
    if (reader->anchor_count == ANCHORS_MAX) {
        fail(reader, mark, "too many anchors");
        return;
    }
    size_t at = reader->anchor_count++;
    reader->anchors[at].name =
        hs_arena_dup(reader->config->arena, hs_slice_text((const char *)anchor));
    reader->anchors[at].node = node;
    reader->anchors[at].weight = weight;
}

static struct hs_node *follow_alias(struct reader *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    /* The last anchor of that name counts (YAML 1.1, 7.1). */
    for (size_t i = reader->anchor_count; i-- > 0;) {
        if (strcmp(reader->anchors[i].name, name) != 0)
            continue;
        reader->nodes += reader->anchors[i].weight;
        if (reader->nodes > HS_CONFIG_NODES_MAX)
            fail(reader, event->start_mark, "too many values: aliases multiply beyond every use");
        return reader->anchors[i].node;
    }
    fail(reader, event->start_mark,
         hs_arena_printf(reader->config->arena, "there is no anchor `&%s` before this alias", name));
    return NULL;
}

static struct hs_node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct hs_node *node = make_node(reader, HS_NODE_SCALAR, event->start_mark);
    struct hs_slice text = hs_slice(event->data.scalar.value, event->data.scalar.length);
    node->text = hs_slice(hs_arena_dup(reader->config->arena, text), text.size);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (memchr(text.data, '\0', text.size) != NULL)
        fail(reader, event->start_mark, "a text with a NUL character");
    else
        hs_config_expand(reader->config, node);
    return node;
}

static struct hs_node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth);

static void grow(struct hs_node ***items, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return;
    *capacity = *capacity ? *capacity * 2 : 8;
    *items = hs_realloc_array(*items, *capacity, sizeof(**items));
}

/* Moves a grown array into the arena. */
static struct hs_node **settle(struct reader *reader, struct hs_node **items, size_t count)
{
    struct hs_node **kept = hs_arena_alloc(reader->config->arena, (count + 1) * sizeof(*kept));
    if (count > 0)
        memcpy(kept, items, count * sizeof(*kept));
    free(items);
    return kept;
}

static struct hs_node *read_list(struct reader *reader, const yaml_event_t *begin, unsigned depth)
{
    struct hs_node *list = make_node(reader, HS_NODE_LIST, begin->start_mark);
    struct hs_node **items = NULL;
    size_t capacity = 0;
    yaml_event_t event;
    while (next_event(reader, &event)) {
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end) {
            grow(&items, list->count, &capacity);
            struct hs_node *item = read_node(reader, &event, depth + 1);
            if (item != NULL)
                items[list->count++] = item;
        }
        yaml_event_delete(&event);
        if (end)
            break;
    }
    list->items = settle(reader, items, list->count);
    return list;
}

static void refuse_duplicate(struct reader *reader, const struct hs_node *map,
                             struct hs_node **keys, const struct hs_node *key)
{
    for (size_t i = 0; i < map->count; i++)
        if (hs_slice_equal(keys[i]->text, key->text))
            hs_config_error(reader->config, key,
                            "the key %s stands here twice; the first is in line %u",
                            hs_config_quote(reader->config, key), keys[i]->line);
}

/* `<<: *base` takes in what `base` has and this mapping has not. */
static void merge(struct reader *reader, struct hs_node *map, const struct hs_node *key,
                  const struct hs_node *from)
{
    if (from->kind != HS_NODE_MAP) {
        hs_config_error(reader->config, key, "`<<` takes a mapping, such as *base");
        return;
    }
    size_t room = map->count + from->count + 1;
    struct hs_node **keys = hs_arena_alloc(reader->config->arena, room * sizeof(*keys));
    struct hs_node **items = hs_arena_alloc(reader->config->arena, room * sizeof(*items));
    memcpy(keys, map->keys, map->count * sizeof(*keys));
    memcpy(items, map->items, map->count * sizeof(*items));
    map->keys = keys;
    map->items = items;
    for (size_t i = 0; i < from->count; i++) {
        bool has = false;
        for (size_t k = 0; k < map->count && !has; k++)
            has = hs_slice_equal(map->keys[k]->text, from->keys[i]->text);
        if (has)
            continue;
        map->keys[map->count] = from->keys[i];
        map->items[map->count++] = from->items[i];
    }
}

static struct hs_node *read_key(struct reader *reader, yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        struct hs_node *key = make_node(reader, HS_NODE_SCALAR, event->start_mark);
        struct hs_slice text = hs_slice(event->data.scalar.value, event->data.scalar.length);
        key->text = hs_slice(hs_arena_dup(reader->config->arena, text), text.size);
        key->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return key;
    }
    fail(reader, event->start_mark, "a key must be a plain text");
    return NULL;
}

static struct hs_node *read_map(struct reader *reader, const yaml_event_t *begin, unsigned depth)
{
    struct hs_node *map = make_node(reader, HS_NODE_MAP, begin->start_mark);
    struct hs_node **keys = NULL, **items = NULL, *merged_key = NULL, *merged = NULL;
    size_t key_room = 0, item_room = 0;
    yaml_event_t event, value;
    while (next_event(reader, &event)) {
        bool end = event.type == YAML_MAPPING_END_EVENT;
        struct hs_node *key = end ? NULL : read_key(reader, &event);
        yaml_event_delete(&event);
        if (key == NULL || !next_event(reader, &value))
            break;
        struct hs_node *item = read_node(reader, &value, depth + 1);
        yaml_event_delete(&value);
        if (item == NULL)
            continue;
        if (!key->quoted && hs_slice_equal(key->text, HS_SLICE("<<"))) {
            merged_key = key;
            merged = item;
            continue;
        }
        refuse_duplicate(reader, map, keys, key);
        grow(&keys, map->count, &key_room);
        grow(&items, map->count, &item_room);
        keys[map->count] = key;
        items[map->count++] = item;
    }
    map->keys = settle(reader, keys, map->count);
    map->items = settle(reader, items, map->count);
    if (merged != NULL)
        merge(reader, map, merged_key, merged);
    return map;
}

static struct hs_node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
    if (depth > HS_CONFIG_DEPTH_MAX) {
        fail(reader, event->start_mark, "nested too deep");
        return NULL;
    }
    size_t before = reader->nodes;
    struct hs_node *node;
    const yaml_char_t *anchor;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return follow_alias(reader, event);
    case YAML_SCALAR_EVENT:
        node = read_scalar(reader, event);
        anchor = event->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        node = read_list(reader, event, depth);
        anchor = event->data.sequence_start.anchor;
        break;
    case YAML_MAPPING_START_EVENT:
        node = read_map(reader, event, depth);
        anchor = event->data.mapping_start.anchor;
        break;
    default:
        fail(reader, event->start_mark, "expected a value");
        return NULL;
    }
    remember(reader, anchor, node, reader->nodes - before, event->start_mark);
    return node;
}

static struct hs_node *read_documents(struct reader *reader)
{
    struct hs_node *root = NULL;
    yaml_event_t event;
    for (bool more = true; more && next_event(reader, &event);) {
        more = event.type != YAML_STREAM_END_EVENT;
        bool content = event.type != YAML_STREAM_START_EVENT &&
                       event.type != YAML_DOCUMENT_START_EVENT &&
                       event.type != YAML_DOCUMENT_END_EVENT && more;
        if (event.type == YAML_DOCUMENT_START_EVENT && root != NULL)
            fail(reader, event.start_mark, "a second document (`---`): a configuration is one");
        else if (content)
            root = read_node(reader, &event, 0);
        yaml_event_delete(&event);
    }
    return reader->failed ? NULL : root;
}

struct hs_node *hs_config_read_yaml(struct hs_config *config, struct hs_slice text)
{
    struct reader *reader = hs_alloc(sizeof(*reader));
    reader->config = config;
    if (!yaml_parser_initialize(&reader->parser)) {
        free(reader);
        hs_config_error(config, NULL, "no memory to read YAML");
        return NULL;
    }
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text.data, text.size);
    struct hs_node *root = read_documents(reader);
    yaml_parser_delete(&reader->parser);
    if (root == NULL && !reader->failed)
        hs_config_error(config, NULL, "the file is empty");
    free(reader);
    return root;
}
