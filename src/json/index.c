/* Index: see index.h. For an object: a hash table of its names, each with the chain of its members.
 * For an array: its elements in order. */
#include "index.h"

#include <hookstream/hash.h>
#include <stdlib.h>

#define NONE UINT32_MAX
#define FIRST_SLOTS 128u

/* A child of the container; in an object linked with those of the same name. */
struct entry {
    hs_json_node node;
    uint32_t before, after;
};

/* A name; its chain may have become empty. */
struct slot {
    hs_json_node named; /* a node with this name; HS_JSON_NO_NODE: the slot is free */
    uint32_t first, last;
    uint32_t hash;
};

struct hs_json_index {
    struct entry *entries;
    uint32_t count, capacity;
    struct slot *slots; /* open addressing; a power of two, at most half full; NULL: an array */
    uint32_t slot_count, names;
    struct hs_buffer decoded; /* for names with escapes */
};

static struct hs_json_index *index_of(const struct hs_json_tree *tree, uint16_t index)
{
    return tree->indexes[index - HS_JSON_SEARCHES];
}

/* ---- Names ---- */

static uint32_t hash_of(struct hs_slice name)
{
    return (uint32_t)hs_keyed_hash(name, 0);
}

/* The decoded name of a node. */
static struct hs_slice decoded_name(struct hs_json_index *index, const struct hs_json_tree *tree,
                                    hs_json_node node)
{
    struct hs_slice raw = hs_json_node_name(tree, node);
    if (!hs_json_is_escaped(raw))
        return raw;
    hs_buffer_clear(&index->decoded);
    hs_json_decode_string(hs_slice(raw.data - 1, raw.size + 2), &index->decoded); /* with quotes */
    return hs_buffer_slice(&index->decoded);
}

/* The slot of the name, or the free slot where it belongs. */
static struct slot *find_slot(const struct hs_json_index *index, const struct hs_json_tree *tree,
                              struct hs_slice name, uint32_t hash)
{
    uint32_t mask = index->slot_count - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &index->slots[i];
        hs_json_count(tree, 1);
        if (slot->named == HS_JSON_NO_NODE ||
            (slot->hash == hash && hs_json_name_is(hs_json_node_name(tree, slot->named), name)))
            return slot;
    }
}

static void make_slots(struct hs_json_index *index, uint32_t count)
{
    index->slots = hs_alloc_array(count, sizeof(*index->slots));
    index->slot_count = count;
    for (uint32_t i = 0; i < count; i++)
        index->slots[i].named = HS_JSON_NO_NODE;
}

static void grow_slots(struct hs_json_index *index)
{
    struct slot *old = index->slots;
    uint32_t count = index->slot_count;
    make_slots(index, count * 2);
    uint32_t mask = index->slot_count - 1;
    for (uint32_t i = 0; i < count; i++) {
        if (old[i].named == HS_JSON_NO_NODE)
            continue;
        uint32_t at = old[i].hash & mask;
        while (index->slots[at].named != HS_JSON_NO_NODE)
            at = (at + 1) & mask;
        index->slots[at] = old[i];
    }
    free(old);
}

/* ---- Building ---- */

static uint32_t add_entry(struct hs_json_index *index, hs_json_node node)
{
    if (index->count == index->capacity) {
        index->capacity = index->capacity > 0 ? index->capacity * 2 : FIRST_SLOTS;
        index->entries = hs_realloc_array(index->entries, index->capacity, sizeof(*index->entries));
    }
    index->entries[index->count] = (struct entry){node, NONE, NONE};
    return index->count++;
}

static void add_member(struct hs_json_index *index, const struct hs_json_tree *tree,
                       hs_json_node node)
{
    if (index->names >= index->slot_count / 2)
        grow_slots(index);
    struct hs_slice name = decoded_name(index, tree, node);
    uint32_t hash = hash_of(name), entry = add_entry(index, node);
    struct slot *slot = find_slot(index, tree, name, hash);
    if (slot->named == HS_JSON_NO_NODE) {
        *slot = (struct slot){node, NONE, NONE, hash};
        index->names++;
    }
    index->entries[entry].before = slot->last;
    if (slot->last != NONE)
        index->entries[slot->last].after = entry;
    else
        slot->first = entry;
    slot->last = entry;
}

static void build(struct hs_json_tree *tree, hs_json_node container)
{
    struct hs_json_index *index = hs_alloc(sizeof(*index));
    hs_buffer_init(&index->decoded, HS_JSON_OWN_MAX);
    struct hs_json_cell *cell = hs_json_cell_at(tree, container);
    bool object = cell->kind == HS_JSON_OBJECT;
    if (object)
        make_slots(index, FIRST_SLOTS);
    for (hs_json_node child = hs_json_first_child(tree, container); child != HS_JSON_NO_NODE;
         child = hs_json_next(tree, child)) {
        if (object)
            add_member(index, tree, child);
        else
            (void)add_entry(index, child);
        hs_json_count(tree, 2);
    }
    tree->indexes = hs_realloc_array(tree->indexes, tree->index_count + 1, sizeof(*tree->indexes));
    tree->indexes[tree->index_count] = index;
    cell->index = (uint16_t)(HS_JSON_SEARCHES + tree->index_count++);
}

void hs_json_searched(const struct hs_json_tree *constant, hs_json_node container, uint64_t steps)
{
    /* An index is a cache rather than state, as is the counter. */
    struct hs_json_tree *tree = (struct hs_json_tree *)(uintptr_t)constant;
    struct hs_json_cell *cell = hs_json_cell_at(tree, container);
    hs_json_count(tree, steps);
    if (steps < HS_JSON_SEARCH_LONG || tree->index_count == HS_JSON_INDEXES_MAX)
        return;
    if (cell->index < HS_JSON_SEARCHES - 1)
        cell->index++;
    else
        build(tree, container);
}

/* ---- Updating ---- */

void hs_json_index_add(struct hs_json_tree *tree, hs_json_node object, hs_json_node member)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, object);
    if (hs_json_is_indexed(cell))
        add_member(index_of(tree, cell->index), tree, member);
}

static void free_index(struct hs_json_index *index)
{
    if (index == NULL)
        return;
    hs_buffer_free(&index->decoded);
    free(index->entries);
    free(index->slots);
    free(index);
}

void hs_json_index_drop(struct hs_json_tree *tree, hs_json_node container)
{
    struct hs_json_cell *cell = hs_json_cell_at(tree, container);
    if (hs_json_is_indexed(cell)) {
        struct hs_json_index **index = &tree->indexes[cell->index - HS_JSON_SEARCHES];
        free_index(*index);
        *index = NULL; /* its number is not reused before the next parse */
    }
    cell->index = 0;
}

void hs_json_index_clear(struct hs_json_tree *tree)
{
    for (uint32_t i = 0; i < tree->index_count; i++)
        free_index(tree->indexes[i]);
    free(tree->indexes);
    tree->indexes = NULL;
    tree->index_count = 0;
}

/* ---- Finding ---- */

static bool is_removed(const struct hs_json_tree *tree, const struct hs_json_index *index,
                       uint32_t entry)
{
    hs_json_count(tree, 1);
    return hs_json_cell_at(tree, index->entries[entry].node)->flags & NODE_REMOVED;
}

/* Drops removed members from both ends of the chain, so that none is passed twice. */
static struct slot *trimmed_slot(const struct hs_json_tree *tree, struct hs_json_index *index,
                                 struct hs_slice name)
{
    struct slot *slot = find_slot(index, tree, name, hash_of(name));
    if (slot->named == HS_JSON_NO_NODE)
        return NULL;
    while (slot->last != NONE && is_removed(tree, index, slot->last))
        slot->last = index->entries[slot->last].before;
    if (slot->last == NONE)
        slot->first = NONE;
    while (slot->first != NONE && is_removed(tree, index, slot->first))
        slot->first = index->entries[slot->first].after;
    return slot->first != NONE ? slot : NULL;
}

hs_json_node hs_json_index_last(const struct hs_json_tree *tree, hs_json_node object,
                                struct hs_slice name)
{
    struct hs_json_index *index = index_of(tree, hs_json_cell_at(tree, object)->index);
    const struct slot *slot = trimmed_slot(tree, index, name);
    return slot != NULL ? index->entries[slot->last].node : HS_JSON_NO_NODE;
}

hs_json_node hs_json_index_element(const struct hs_json_tree *tree, hs_json_node array,
                                   uint64_t element)
{
    const struct hs_json_index *index = index_of(tree, hs_json_cell_at(tree, array)->index);
    return element < index->count ? index->entries[element].node : HS_JSON_NO_NODE;
}

/* ---- All of one name ---- */

/* Walks on from `node`. */
static hs_json_node walk_on(struct hs_json_named *named, hs_json_node node)
{
    while (node != HS_JSON_NO_NODE &&
           !hs_json_name_is(hs_json_node_name(named->tree, node), named->name)) {
        node = hs_json_next(named->tree, node);
        named->steps++;
    }
    named->steps++;
    if (node == HS_JSON_NO_NODE)
        hs_json_searched(named->tree, named->object, named->steps);
    return named->at = node;
}

hs_json_node hs_json_named_first(const struct hs_json_tree *tree, hs_json_node object,
                                 struct hs_slice name, struct hs_json_named *ret_named)
{
    const struct hs_json_cell *cell = hs_json_cell_at(tree, object);
    *ret_named = (struct hs_json_named){
        .tree = tree, .object = object, .name = name, .at = HS_JSON_NO_NODE, .index = cell->index};
    if (cell->kind != HS_JSON_OBJECT)
        return HS_JSON_NO_NODE;
    if (!hs_json_is_indexed(cell))
        return walk_on(ret_named, hs_json_first_child(tree, object));
    struct hs_json_index *index = index_of(tree, cell->index);
    const struct slot *slot = trimmed_slot(tree, index, name);
    if (slot == NULL)
        return HS_JSON_NO_NODE;
    ret_named->entry = slot->first;
    return ret_named->at = index->entries[slot->first].node;
}

hs_json_node hs_json_named_next(struct hs_json_named *named)
{
    const struct hs_json_tree *tree = named->tree;
    bool indexed = named->index >= HS_JSON_SEARCHES;
    struct hs_json_index *index = indexed ? index_of(tree, named->index) : NULL;
    if (index == NULL) /* there was none, or an edit dropped it */
        return walk_on(named, hs_json_next(tree, named->at));
    do
        named->entry = index->entries[named->entry].after;
    while (named->entry != NONE && is_removed(tree, index, named->entry));
    named->at = named->entry != NONE ? index->entries[named->entry].node : HS_JSON_NO_NODE;
    return named->at;
}
