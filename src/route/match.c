/* Match: finds the route of an event. The result of the trie for a type is cached; source and
 * `when` are evaluated for each event. */
#include "router.h"

#include <hookstream/hash.h>

#include <stdlib.h>

/* The cache of types: SETS sets of WAYS types each, by the hash of the type. There are 21 types,
 * but a sender may invent more: then older ones are evicted. */
#define SETS 64u
#define WAYS 4u
#define TYPE_MAX 128u /* longer types are looked up each time */

struct memory {
    uint64_t hash;
    uint16_t *places;
    uint16_t count;
    uint8_t size; /* of the type; 0: empty */
    char type[TYPE_MAX];
};

struct hs_cache {
    struct memory ways[SETS][WAYS];
    unsigned victim[SETS];
    uint16_t scratch[HS_ROUTES_MAX];
};

struct hs_cache *hs_cache_create(void)
{
    return hs_alloc(sizeof(struct hs_cache));
}

void hs_cache_free(struct hs_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++)
            free(cache->ways[set][way].places);
    free(cache);
}

static bool unconditional(const struct hs_entry *entry)
{
    return entry->sources.count == 0 && entry->when == NULL;
}

/* Writes candidates into the scratch; none after the first that takes every event. */
static size_t look_up(const struct hs_router *router, struct hs_slice type)
{
    uint16_t *places = router->cache->scratch;
    size_t count = hs_trie_match(router->trie, type, places, HS_ROUTES_MAX);
    for (size_t i = 0; i < count; i++)
        if (unconditional(router->ranked[places[i]]))
            return i + 1;
    return count;
}

static struct memory *remember(struct hs_cache *cache, struct hs_slice type, uint64_t hash,
                               size_t count)
{
    size_t set = hash % SETS;
    struct memory *memory = &cache->ways[set][cache->victim[set]++ % WAYS];
    memory->hash = hash;
    memory->size = (uint8_t)type.size;
    memcpy(memory->type, type.data, type.size);
    memory->places = hs_realloc_array(memory->places, count + 1, sizeof(*memory->places));
    memcpy(memory->places, cache->scratch, count * sizeof(*memory->places));
    memory->count = (uint16_t)count;
    return memory;
}

struct hs_candidates hs_router_candidates(const struct hs_router *router, struct hs_slice type)
{
    struct hs_cache *cache = router->cache;
    if (type.size == 0 || type.size > TYPE_MAX) {
        size_t count = look_up(router, type);
        return (struct hs_candidates){cache->scratch, count};
    }
    uint64_t hash = hs_keyed_hash(type, 0);
    struct memory *set = cache->ways[hash % SETS];
    struct memory *memory = NULL;
    for (size_t way = 0; way < WAYS && memory == NULL; way++)
        if (set[way].hash == hash && hs_slice_equal(type, hs_slice(set[way].type, set[way].size)))
            memory = &set[way];
    if (memory == NULL)
        memory = remember(cache, type, hash, look_up(router, type));
    return (struct hs_candidates){memory->places, memory->count};
}

bool hs_entry_takes_source(const struct hs_entry *entry, struct hs_slice source)
{
    if (entry->sources.count == 0)
        return true;
    for (size_t i = 0; i < entry->sources.count; i++)
        if (hs_slice_equal(source, hs_slice_text(entry->sources.items[i])))
            return true;
    return false;
}

int hs_router_match(const struct hs_router *router, struct hs_work *work,
                    const struct hs_route **ret_route)
{
    const struct hs_event *event = hs_work_event(work);
    struct hs_candidates candidates = hs_router_candidates(router, event->type);
    for (size_t i = 0; i < candidates.count; i++) {
        const struct hs_entry *entry = router->ranked[candidates.places[i]];
        if (!hs_entry_takes_source(entry, event->source))
            continue;
        int holds = entry->when ? hs_condition_holds(entry->when, work) : 1;
        if (holds < 0)
            return holds;
        if (holds) {
            *ret_route = &entry->route;
            return 1;
        }
    }
    if (router->fallback != HS_DEFAULT_TARGETS)
        return 0;
    *ret_route = &router->fallback_route;
    return 1;
}

uint64_t hs_router_sinks(const struct hs_router *router, struct hs_slice type,
                         struct hs_slice source)
{
    uint64_t sinks = 0;
    struct hs_candidates candidates = hs_router_candidates(router, type);
    for (size_t i = 0; i < candidates.count; i++) {
        const struct hs_entry *entry = router->ranked[candidates.places[i]];
        if (!hs_entry_takes_source(entry, source))
            continue;
        sinks |= entry->route.sinks;
        if (entry->when == NULL)
            return sinks; /* this one takes it, if none before did */
    }
    return sinks | router->fallback_route.sinks;
}

bool hs_router_may_take(const struct hs_router *router, size_t index, struct hs_slice type,
                        struct hs_slice source)
{
    struct hs_candidates candidates = hs_router_candidates(router, type);
    for (size_t i = 0; i < candidates.count; i++) {
        const struct hs_entry *entry = router->ranked[candidates.places[i]];
        if (!hs_entry_takes_source(entry, source))
            continue;
        if (entry->route.index == index)
            return true;
        if (entry->when == NULL)
            return false;
    }
    return index == router->count;
}

bool hs_router_takes_source(const struct hs_router *router, size_t index, struct hs_slice source)
{
    return index >= router->count || hs_entry_takes_source(&router->entries[index], source);
}

enum hs_default hs_router_default(const struct hs_router *router)
{
    return router->fallback;
}

size_t hs_router_count(const struct hs_router *router)
{
    return router->count + (router->fallback == HS_DEFAULT_TARGETS);
}

const struct hs_route *hs_router_at(const struct hs_router *router, size_t index)
{
    HS_ASSERT(index < hs_router_count(router));
    return index < router->count ? &router->entries[index].route : &router->fallback_route;
}
