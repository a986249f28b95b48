/* Dedupe, inside: the shards and the id files. */
#ifndef HS_DEDUPE_INTERNAL_H
#define HS_DEDUPE_INTERNAL_H

#include "table.h"

#include <hookstream/dedupe.h>
#include <pthread.h>
#include <stdatomic.h>

struct hs_shard {
    pthread_mutex_t lock; /* guards the table; taken before the journal's */
    struct hs_id_table table;
} __attribute__((aligned(64)));

struct hs_dedupe {
    struct hs_journal *journal;
    struct hs_metrics *metrics;
    uint64_t key;
    uint32_t window_hours;
    char *folder; /* of the id files */
    _Atomic uint64_t oldest_wall_ns;
    struct hs_gauge *ids_gauge, *oldest_gauge;
    struct hs_shard shards[HS_DEDUPE_SHARDS];
};

static inline uint32_t hs_hour_of(uint64_t wall_ns)
{
    return (uint32_t)(wall_ns / (UINT64_C(3600) * UINT64_C(1000000000)));
}

/* The hash of an id of a source; also what id files hold. */
struct hs_hash128 hs_id_hash(const struct hs_dedupe *dedupe, struct hs_slice source,
                             struct hs_slice id);
/* Puts a hash in with its hour, unless it has aged. */
void hs_dedupe_put(struct hs_dedupe *dedupe, struct hs_hash128 hash, uint32_t hour,
                   uint32_t now_hour);

#endif
