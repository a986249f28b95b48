/* Yaml map: one mapping: its keys, without duplicates, and `<<`, which adds the missing keys from
 * other mappings. */
#include "yaml.h"

struct map_reader {
    struct hs_yaml *yaml;
    struct hs_node *map;
    size_t key_room, item_room;
    struct hs_node *merge_key, *merged; /* of `<<`, NULL if there is none */
};

/* The index of a key, or the number of keys. */
static size_t find_key(const struct hs_node *map, struct hs_slice key)
{
    size_t at = 0;
    while (at < map->count && !hs_slice_equal(map->keys[at]->text, key))
        at++;
    return at;
}

static void add(struct map_reader *reader, struct hs_node *key, struct hs_node *item)
{
    struct hs_node *map = reader->map;
    if (map->count == HS_CONFIG_KEYS_MAX) {
        yaml_mark_t mark = {.line = map->line - 1, .column = map->column - 1};
        hs_yaml_fail(reader->yaml, HS_FINDING_FILE_LIMIT, mark,
                     hs_arena_printf(reader->yaml->config->arena,
                                     "a mapping has at most %u keys, but this one has more",
                                     HS_CONFIG_KEYS_MAX));
        return;
    }
    hs_yaml_grow(reader->yaml, &map->keys, map->count, &reader->key_room);
    hs_yaml_grow(reader->yaml, &map->items, map->count, &reader->item_room);
    map->keys[map->count] = key;
    map->items[map->count++] = item;
}

static void refuse_twice(struct map_reader *reader, const struct hs_node *key,
                         const struct hs_node *first)
{
    hs_config_error(reader->yaml->config, HS_FINDING_DUPLICATE_KEY, key,
                    "duplicate key %s, first at %u:%u", hs_config_quote(reader->yaml->config, key),
                    first->line, first->column);
}

static void merge_one(struct map_reader *reader, const struct hs_node *from)
{
    if (from->kind != HS_NODE_MAP) {
        hs_config_error(reader->yaml->config, HS_FINDING_YAML_ALIAS,
                        from->broken ? from : reader->merge_key,
                        "`<<` takes a mapping or a list of mappings, such as *base, got %s",
                        hs_config_quote(reader->yaml->config, from));
        return;
    }
    for (size_t i = 0; i < from->count && !reader->yaml->failed; i++)
        if (find_key(reader->map, from->keys[i]->text) == reader->map->count)
            add(reader, from->keys[i], from->items[i]);
}

static void merge(struct map_reader *reader)
{
    if (reader->merged == NULL)
        return;
    if (reader->merged->kind != HS_NODE_LIST) {
        merge_one(reader, reader->merged);
        return;
    }
    for (size_t i = 0; i < reader->merged->count; i++)
        merge_one(reader, reader->merged->items[i]);
}

/* A key: a scalar, verbatim. Any other node is skipped, with a finding. */
static struct hs_node *read_key(struct map_reader *reader, const yaml_event_t *event,
                                unsigned depth)
{
    if (event->type == YAML_SCALAR_EVENT)
        return hs_yaml_scalar(reader->yaml, event);
    struct hs_node place = {.line = (unsigned)event->start_mark.line + 1,
                            .column = (unsigned)event->start_mark.column + 1};
    if (!hs_yaml_has_bare_address(reader->yaml, event->start_mark)) /* otherwise that was
                                                                     * reported */
        hs_config_error(reader->yaml->config, HS_FINDING_YAML_QUOTES, &place,
                        "a key must be a text: quote one that begins with [, { or *");
    struct hs_node *key = hs_yaml_node(reader->yaml, event, depth + 1);
    if (key == NULL)
        return NULL;
    struct hs_node *broken = hs_yaml_make(reader->yaml, HS_NODE_SCALAR, event->start_mark);
    broken->text = HS_SLICE("");
    broken->broken = true;
    return broken;
}

static void take(struct map_reader *reader, struct hs_node *key, struct hs_node *item)
{
    if (key->broken)
        return;
    size_t first = find_key(reader->map, key->text);
    if (!key->quoted && hs_slice_equal(key->text, HS_SLICE("<<"))) {
        if (reader->merge_key != NULL)
            refuse_twice(reader, key, reader->merge_key);
        else {
            reader->merge_key = key;
            reader->merged = item;
        }
    } else if (first < reader->map->count) {
        refuse_twice(reader, key, reader->map->keys[first]);
    } else {
        add(reader, key, item);
    }
}

/* Returns false at the end of the mapping. */
static bool read_pair(struct map_reader *reader, unsigned depth)
{
    yaml_event_t event;
    if (!hs_yaml_next(reader->yaml, &event))
        return false;
    bool end = event.type == YAML_MAPPING_END_EVENT;
    struct hs_node *key = end ? NULL : read_key(reader, &event, depth);
    yaml_event_delete(&event);
    if (key == NULL || !hs_yaml_next(reader->yaml, &event))
        return false;
    struct hs_node *item = hs_yaml_node(reader->yaml, &event, depth + 1);
    yaml_event_delete(&event);
    if (item == NULL)
        return false;
    take(reader, key, item);
    return true;
}

struct hs_node *hs_yaml_map(struct hs_yaml *yaml, const yaml_event_t *begin, unsigned depth)
{
    struct map_reader reader = {.yaml = yaml};
    reader.map = hs_yaml_make(yaml, HS_NODE_MAP, begin->start_mark);
    while (read_pair(&reader, depth))
        ;
    merge(&reader);
    return reader.map;
}
