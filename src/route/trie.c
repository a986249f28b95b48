/* Trie: see trie.h. A match follows all alternatives at once, segment by segment, so its cost is
 * bounded by segments times nodes. Backtracking over several ** could take unbounded time on a
 * crafted type. */
#include "trie.h"

#include <stdlib.h>

#define NO_NODE UINT32_MAX
#define ROOT 0u

struct node {
    struct hs_slice segment; /* of a literal */
    bool any;                /* a **: stays here for any number of segments */
    uint32_t one, rest;      /* the children for * and ** */
    uint32_t *literals;      /* the other children, sorted by segment */
    uint32_t literal_count;
    uint16_t *values; /* of the patterns that end here */
    uint32_t value_count;
    uint32_t mark; /* the last step that reached it */
};

struct hs_trie {
    struct node *nodes;
    uint32_t count;
    uint32_t *active, *next; /* nodes reached, before and after a segment */
    uint32_t step;
};

static uint32_t add_node(struct hs_trie *trie, struct hs_slice segment, bool any)
{
    trie->nodes = hs_realloc_array(trie->nodes, trie->count + 1, sizeof(*trie->nodes));
    trie->active = hs_realloc_array(trie->active, trie->count + 1, sizeof(*trie->active));
    trie->next = hs_realloc_array(trie->next, trie->count + 1, sizeof(*trie->next));
    trie->nodes[trie->count] =
        (struct node){.segment = segment, .any = any, .one = NO_NODE, .rest = NO_NODE};
    return trie->count++;
}

struct hs_trie *hs_trie_create(void)
{
    struct hs_trie *trie = hs_alloc(sizeof(*trie));
    (void)add_node(trie, HS_SLICE_NONE, false); /* the root is node 0 */
    return trie;
}

void hs_trie_free(struct hs_trie *trie)
{
    if (trie == NULL)
        return;
    for (uint32_t i = 0; i < trie->count; i++) {
        free(trie->nodes[i].literals);
        free(trie->nodes[i].values);
    }
    free(trie->nodes);
    free(trie->active);
    free(trie->next);
    free(trie);
}

/* Shorter texts first: any total order would do. */
static int compare_texts(struct hs_slice a, struct hs_slice b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size == 0 ? 0 : memcmp(a.data, b.data, a.size);
}

/* The index of the literal among the node's, or where it would be inserted. */
static uint32_t literal_place(const struct hs_trie *trie, const struct node *node,
                              struct hs_slice segment, bool *ret_found)
{
    uint32_t low = 0, high = node->literal_count;
    *ret_found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_texts(segment, trie->nodes[node->literals[middle]].segment);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static uint32_t literal_child(struct hs_trie *trie, uint32_t parent, struct hs_slice segment)
{
    bool found;
    uint32_t place = literal_place(trie, &trie->nodes[parent], segment, &found);
    if (found)
        return trie->nodes[parent].literals[place];
    uint32_t child = add_node(trie, segment, false);
    struct node *node = &trie->nodes[parent];
    node->literals =
        hs_realloc_array(node->literals, node->literal_count + 1, sizeof(*node->literals));
    memmove(node->literals + place + 1, node->literals + place,
            (node->literal_count - place) * sizeof(*node->literals));
    node->literals[place] = child;
    node->literal_count++;
    return child;
}

static uint32_t child_for(struct hs_trie *trie, uint32_t parent, const struct hs_segment *segment)
{
    if (segment->kind == HS_SEGMENT_LITERAL)
        return literal_child(trie, parent, segment->text);
    bool any = segment->kind == HS_SEGMENT_ANY;
    uint32_t child = any ? trie->nodes[parent].rest : trie->nodes[parent].one;
    if (child != NO_NODE)
        return child;
    child = add_node(trie, HS_SLICE_NONE, any);
    if (any)
        trie->nodes[parent].rest = child;
    else
        trie->nodes[parent].one = child;
    return child;
}

void hs_trie_add(struct hs_trie *trie, const struct hs_pattern *pattern, uint16_t value)
{
    uint32_t at = ROOT;
    for (size_t i = 0; i < pattern->count; i++)
        at = child_for(trie, at, &pattern->segments[i]);
    struct node *node = &trie->nodes[at];
    node->values = hs_realloc_array(node->values, node->value_count + 1, sizeof(*node->values));
    node->values[node->value_count++] = value;
}

/* Records that this step reached the node, and with it its **, which may match no segment. */
static void reach(struct hs_trie *trie, uint32_t index, uint32_t *list, size_t *count)
{
    while (index != NO_NODE && trie->nodes[index].mark != trie->step) {
        trie->nodes[index].mark = trie->step;
        list[(*count)++] = index;
        index = trie->nodes[index].rest;
    }
}

static void advance(struct hs_trie *trie, uint32_t index, struct hs_slice segment, uint32_t *list,
                    size_t *count)
{
    const struct node *node = &trie->nodes[index];
    bool found;
    uint32_t place = literal_place(trie, node, segment, &found);
    if (found)
        reach(trie, node->literals[place], list, count);
    reach(trie, node->one, list, count);
    if (node->any)
        reach(trie, index, list, count);
}

static void next_step(struct hs_trie *trie)
{
    if (++trie->step != 0)
        return;
    for (uint32_t i = 0; i < trie->count; i++) /* every four billion segments */
        trie->nodes[i].mark = 0;
    trie->step = 1;
}

static int compare_values(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static size_t collect(const struct hs_trie *trie, const uint32_t *list, size_t count,
                      uint16_t *ret_values, size_t max)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct node *node = &trie->nodes[list[i]];
        for (uint32_t v = 0; v < node->value_count && found < max; v++)
            ret_values[found++] = node->values[v];
    }
    qsort(ret_values, found, sizeof(*ret_values), compare_values);
    return found;
}

size_t hs_trie_match(struct hs_trie *trie, struct hs_slice type, uint16_t *ret_values, size_t max)
{
    size_t count = 0;
    next_step(trie);
    reach(trie, ROOT, trie->active, &count);
    for (size_t start = 0; start < type.size && count != 0;) {
        const char *dot = memchr(type.data + start, '.', type.size - start);
        size_t end = dot ? (size_t)(dot - type.data) : type.size;
        struct hs_slice segment = hs_slice(type.data + start, end - start);
        size_t next_count = 0;
        next_step(trie);
        for (size_t i = 0; i < count; i++)
            advance(trie, trie->active[i], segment, trie->next, &next_count);
        uint32_t *swap = trie->active;
        trie->active = trie->next;
        trie->next = swap;
        count = next_count;
        start = end + 1;
    }
    return collect(trie, trie->active, count, ret_values, max);
}
