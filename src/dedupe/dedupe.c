/* Dedupe: the index in memory. Loading ids at the start, and keeping them when their segment is
 * removed: id_files.c. */
#include "internal.h"

#include <hookstream/clock.h>
#include <stdio.h>

/* A source's name, a NUL and an id of up to this size are joined on the stack. */
#define KEYED_MAX 512u

struct hs_hash128 hs_id_hash(const struct hs_dedupe *dedupe, struct hs_slice source,
                             struct hs_slice id)
{
    char keyed[KEYED_MAX];
    size_t size = source.size + 1 + id.size;
    HS_AUTO_FREE char *longer = size > sizeof(keyed) ? hs_alloc(size) : NULL;
    char *at = longer != NULL ? longer : keyed;
    if (source.size > 0)
        memcpy(at, source.data, source.size);
    at[source.size] = '\0';
    if (id.size > 0)
        memcpy(at + source.size + 1, id.data, id.size);
    return hs_hash128(hs_slice(at, size), dedupe->key);
}

/* By bits of the half that the table does not use. */
static struct hs_shard *shard_of(struct hs_dedupe *dedupe, struct hs_hash128 hash)
{
    return &dedupe->shards[hash.high % HS_DEDUPE_SHARDS];
}

/* The age of the oldest id that has not expired. */
static uint64_t oldest_age(struct hs_dedupe *dedupe)
{
    uint64_t now = hs_clock_wall_ns(), oldest = now;
    uint64_t window = dedupe->window_hours * HS_NS_PER_HOUR;
    for (size_t i = 0; i < HS_DEDUPE_HOURS; i++) {
        uint64_t first = atomic_load_explicit(&dedupe->hours[i], memory_order_relaxed);
        if (first != 0 && first < oldest &&
            !hs_has_aged(dedupe, hs_hour_of(first), hs_hour_of(now)))
            oldest = first;
    }
    return now - oldest < window ? now - oldest : window;
}

static void collect(void *context)
{
    struct hs_dedupe *dedupe = context;
    uint64_t count = hs_dedupe_count(dedupe);
    hs_gauge_set(dedupe->ids_gauge, (double)count);
    hs_gauge_set(dedupe->oldest_gauge, count > 0 ? (double)oldest_age(dedupe) / 1e9 : 0);
}

int hs_dedupe_create(const struct hs_dedupe_options *options, struct hs_journal *journal,
                     struct hs_metrics *metrics, struct hs_dedupe **ret_dedupe)
{
    struct hs_dedupe *dedupe = aligned_alloc(64, (sizeof(*dedupe) + 63) / 64 * 64);
    HS_ASSERT(dedupe != NULL);
    memset(dedupe, 0, sizeof(*dedupe));
    dedupe->journal = journal;
    dedupe->metrics = metrics;
    dedupe->key = hs_journal_hash_key(journal);
    pthread_mutex_init(&dedupe->files_lock, NULL);
    dedupe->window_hours = (uint32_t)((options->window_ns + HS_NS_PER_HOUR - 1) / HS_NS_PER_HOUR);
    for (size_t i = 0; i < HS_DEDUPE_SHARDS; i++) {
        pthread_mutex_init(&dedupe->shards[i].lock, NULL);
        hs_id_table_init(&dedupe->shards[i].table, dedupe->window_hours);
    }
    if (asprintf(&dedupe->folder, "%s/ids", hs_journal_path(journal)) < 0) {
        dedupe->folder = NULL;
        hs_dedupe_free(dedupe);
        return hs_fail(-ENOMEM, "no memory for a path");
    }
    dedupe->ids_gauge = hs_metrics_gauge(metrics, HS_METRIC_dedupe_ids);
    dedupe->oldest_gauge = hs_metrics_gauge(metrics, HS_METRIC_dedupe_oldest_seconds);
    hs_metrics_on_collect(metrics, collect, dedupe);
    *ret_dedupe = dedupe;
    return 0;
}

void hs_dedupe_free(struct hs_dedupe *dedupe)
{
    if (dedupe == NULL)
        return;
    hs_metrics_forget(dedupe->metrics, dedupe);
    for (size_t i = 0; i < HS_DEDUPE_SHARDS; i++) {
        hs_id_table_free(&dedupe->shards[i].table);
        pthread_mutex_destroy(&dedupe->shards[i].lock);
    }
    pthread_mutex_destroy(&dedupe->files_lock);
    free(dedupe->folder);
    free(dedupe);
}

void hs_dedupe_note_time(struct hs_dedupe *dedupe, uint64_t wall_ns)
{
    uint32_t hour = hs_hour_of(wall_ns);
    _Atomic uint64_t *first = &dedupe->hours[hour % HS_DEDUPE_HOURS];
    uint64_t known = atomic_load_explicit(first, memory_order_relaxed);
    if (known == 0 || wall_ns < known || hs_hour_of(known) != hour)
        atomic_store_explicit(first, wall_ns, memory_order_relaxed);
}

void hs_dedupe_reserve(struct hs_dedupe *dedupe, uint64_t count)
{
    /* Shards vary at random: a few standard deviations more. */
    uint64_t each = count / HS_DEDUPE_SHARDS;
    for (size_t i = 0; i < HS_DEDUPE_SHARDS && each > 0; i++)
        hs_id_table_reserve(&dedupe->shards[i].table, (size_t)(each + each / 50));
}

void hs_dedupe_prefetch(struct hs_dedupe *dedupe, struct hs_hash128 hash)
{
    hs_id_table_prefetch(&shard_of(dedupe, hash)->table, hash);
}

void hs_dedupe_put(struct hs_dedupe *dedupe, struct hs_hash128 hash, uint32_t hour,
                   uint32_t now_hour)
{
    struct hs_shard *shard = shard_of(dedupe, hash);
    pthread_mutex_lock(&shard->lock);
    hs_id_table_advance(&shard->table, now_hour);
    /* From the future, by a clock that was set back: counts as current. */
    hs_id_table_put(&shard->table, hash, hour < shard->table.hour ? hour : shard->table.hour);
    pthread_mutex_unlock(&shard->lock);
}

void hs_dedupe_keep(struct hs_dedupe *dedupe, struct hs_hash128 hash)
{
    struct hs_shard *shard = shard_of(dedupe, hash);
    pthread_mutex_lock(&shard->lock);
    hs_id_table_keep(&shard->table, hash);
    pthread_mutex_unlock(&shard->lock);
}

static void set_hour(struct hs_dedupe *dedupe, uint32_t hour)
{
    if (hs_dedupe_hour(dedupe) !=
        hour) /* once an hour: no line of cache is written for each event */
        atomic_store_explicit(&dedupe->hour, hour, memory_order_relaxed);
}

enum hs_dedupe_verdict hs_dedupe_begin(struct hs_dedupe *dedupe, struct hs_slice source,
                                       struct hs_slice id, uint64_t now_wall_ns,
                                       struct hs_dedupe_claim *ret_claim)
{
    struct hs_hash128 hash = hs_id_hash(dedupe, source, id);
    struct hs_shard *shard = shard_of(dedupe, hash);
    pthread_mutex_lock(&shard->lock);
    set_hour(dedupe, hs_hour_of(now_wall_ns));
    hs_id_table_advance(&shard->table, hs_hour_of(now_wall_ns));
    *ret_claim = (struct hs_dedupe_claim){.shard = shard, .low = hash.low, .high = hash.high};
    if (!hs_id_table_has(&shard->table, hash))
        return HS_DEDUPE_NEW;
    /* Under the lock: if its event fails, the id is forgotten, which takes this lock, before the
     * journal's last goes back to what is durable. */
    ret_claim->wait_for = hs_journal_last(dedupe->journal);
    pthread_mutex_unlock(&shard->lock);
    return HS_DEDUPE_SEEN;
}

void hs_dedupe_end(struct hs_dedupe *dedupe, struct hs_dedupe_claim *claim, bool journaled,
                   uint64_t now_wall_ns)
{
    struct hs_shard *shard = claim->shard;
    /* The age according to the table, in case the clock was set back. */
    if (journaled)
        hs_id_table_put(&shard->table, (struct hs_hash128){claim->low, claim->high},
                        shard->table.hour);
    pthread_mutex_unlock(&shard->lock);
    if (journaled)
        hs_dedupe_note_time(dedupe, now_wall_ns);
}

void hs_dedupe_forget(struct hs_dedupe *dedupe, struct hs_slice source, struct hs_slice id)
{
    struct hs_hash128 hash = hs_id_hash(dedupe, source, id);
    struct hs_shard *shard = shard_of(dedupe, hash);
    pthread_mutex_lock(&shard->lock);
    hs_id_table_remove(&shard->table, hash);
    pthread_mutex_unlock(&shard->lock);
}

uint64_t hs_dedupe_count(const struct hs_dedupe *constant)
{
    struct hs_dedupe *dedupe = (struct hs_dedupe *)(uintptr_t)constant; /* only to lock */
    uint64_t count = 0;
    for (size_t i = 0; i < HS_DEDUPE_SHARDS; i++) {
        pthread_mutex_lock(&dedupe->shards[i].lock);
        count += dedupe->shards[i].table.live;
        pthread_mutex_unlock(&dedupe->shards[i].lock);
    }
    return count;
}
