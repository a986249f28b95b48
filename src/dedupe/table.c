/* Table: linear probing; removal moves later entries back, so that no chain is broken. */
#include "table.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64u

/* A hash of all zeros would be an empty slot. */
static struct hs_hash128 mend(struct hs_hash128 hash)
{
    if (hash.low == 0 && hash.high == 0)
        hash.low = 1;
    return hash;
}

static bool is_empty(struct hs_hash128 hash)
{
    return hash.low == 0 && hash.high == 0;
}

static bool same(struct hs_hash128 a, struct hs_hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

/* Lemire's range reduction: any capacity will do, not only powers of two. */
static size_t home_of(const struct hs_id_table *table, struct hs_hash128 hash)
{
    return (size_t)(((unsigned __int128)hash.low * table->capacity) >> 64);
}

static size_t next_of(const struct hs_id_table *table, size_t at)
{
    return at + 1 == table->capacity ? 0 : at + 1;
}

/* Where the hash is, or the empty slot where it would go. */
static size_t find(const struct hs_id_table *table, struct hs_hash128 hash)
{
    size_t at = home_of(table, hash);
    while (!is_empty(table->hashes[at]) && !same(table->hashes[at], hash))
        at = next_of(table, at);
    return at;
}

static bool is_fresh(uint8_t hour, uint32_t now_hour, uint32_t window_hours)
{
    /* One hour ahead is fresh too: clocks step. */
    uint8_t age = (uint8_t)(now_hour + 1 - hour);
    return age <= window_hours + 1;
}

void hs_id_table_free(struct hs_id_table *table)
{
    free(table->hashes);
    free(table->hours);
    *table = (struct hs_id_table){0};
}

bool hs_id_table_has(const struct hs_id_table *table, struct hs_hash128 hash, uint32_t now_hour,
                     uint32_t window_hours)
{
    if (table->capacity == 0)
        return false;
    hash = mend(hash);
    size_t at = find(table, hash);
    return same(table->hashes[at], hash) && is_fresh(table->hours[at], now_hour, window_hours);
}

static size_t count_fresh(const struct hs_id_table *table, uint32_t now_hour, uint32_t window_hours)
{
    size_t count = 0;
    for (size_t i = 0; i < table->capacity; i++)
        count += !is_empty(table->hashes[i]) && is_fresh(table->hours[i], now_hour, window_hours);
    return count;
}

/* By a quarter, so that the table is never far from full; when aged entries make room, by
 * nothing. */
static void rebuild(struct hs_id_table *table, uint32_t now_hour, uint32_t window_hours)
{
    size_t fresh = count_fresh(table, now_hour, window_hours);
    size_t capacity = fresh + fresh / 4 + FIRST_CAPACITY;
    struct hs_id_table bigger = {
        .hashes = hs_alloc_array(capacity, sizeof(*bigger.hashes)),
        .hours = hs_alloc_array(capacity, 1),
        .capacity = capacity,
        .used = fresh,
    };
    for (size_t i = 0; i < table->capacity; i++) {
        if (is_empty(table->hashes[i]) || !is_fresh(table->hours[i], now_hour, window_hours))
            continue;
        size_t at = find(&bigger, table->hashes[i]);
        bigger.hashes[at] = table->hashes[i];
        bigger.hours[at] = table->hours[i];
    }
    hs_id_table_free(table);
    *table = bigger;
}

void hs_id_table_put(struct hs_id_table *table, struct hs_hash128 hash, uint32_t hour,
                     uint32_t now_hour, uint32_t window_hours)
{
    if ((table->used + 1) * 100 > table->capacity * HS_TABLE_LOAD_PERCENT)
        rebuild(table, now_hour, window_hours);
    hash = mend(hash);
    size_t at = find(table, hash);
    if (is_empty(table->hashes[at])) {
        table->hashes[at] = hash;
        table->used++;
    }
    table->hours[at] = (uint8_t)hour;
}

/* Whether an entry with this home may stand at `at` when the slot `gap` is empty: not if its
 * home lies cyclically in (gap, at]. */
static bool may_move(const struct hs_id_table *table, size_t gap, size_t at)
{
    size_t home = home_of(table, table->hashes[at]);
    return gap < at ? home <= gap || home > at : home <= gap && home > at;
}

void hs_id_table_remove(struct hs_id_table *table, struct hs_hash128 hash)
{
    if (table->capacity == 0)
        return;
    size_t gap = find(table, mend(hash));
    if (is_empty(table->hashes[gap]))
        return;
    for (size_t at = next_of(table, gap); !is_empty(table->hashes[at]); at = next_of(table, at)) {
        if (!may_move(table, gap, at))
            continue;
        table->hashes[gap] = table->hashes[at];
        table->hours[gap] = table->hours[at];
        gap = at;
    }
    table->hashes[gap] = (struct hs_hash128){0, 0};
    table->used--;
}
