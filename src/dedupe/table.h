/* Table: one shard of the index: open addressing over 128-bit hashes, with the hour in which each
 * was seen. Knows nothing of ids, files and clocks: the caller passes the hour. Threads: its owner
 * holds the shard's lock. */
#ifndef HS_DEDUPE_TABLE_H
#define HS_DEDUPE_TABLE_H

#include <hookstream/hash.h>

/* A slot is 17 bytes in two arrays: the hash (all zeros: empty) and the mark: its hour modulo 255
 * plus 1, or 0 for an expired one. An expired entry keeps its slot, since others were placed after
 * it, until it is overwritten or the table is rebuilt. */
struct hs_id_table {
    struct hs_hash128 *hashes;
    uint8_t *marks;
    size_t capacity, pages_size;
    size_t used; /* slots that are not empty */
    size_t live; /* of them not expired */
    uint32_t window_hours;
    uint32_t hour; /* marks are not older than `window_hours` before this hour */
    uint8_t *kept; /* one bit per slot, from watch to sweep: keep it; otherwise NULL */
};

#define HS_TABLE_LOAD_PERCENT 90u
/* Marks are unambiguous up to here. */
#define HS_TABLE_WINDOW_MAX 250u

void hs_id_table_init(struct hs_id_table *table, uint32_t window_hours);
void hs_id_table_free(struct hs_id_table *table);
/* Makes room for this many without a rebuild. */
void hs_id_table_reserve(struct hs_id_table *table, size_t count);
/* Sets the current hour: marks entries older than the window as expired. An earlier hour is
 * ignored, since clocks step back; but if it is earlier by more than the window, all entries count
 * as current. */
void hs_id_table_advance(struct hs_id_table *table, uint32_t hour);
/* Prefetches the memory in which the hash will be searched. */
void hs_id_table_prefetch(const struct hs_id_table *table, struct hs_hash128 hash);
/* Whether the hash is present and not expired. */
bool hs_id_table_has(const struct hs_id_table *table, struct hs_hash128 hash);
/* Adds it with this hour, which is at most the table's, or renews its hour. Does nothing if the
 * hour has expired. When the table is full it is rebuilt without expired entries. */
void hs_id_table_put(struct hs_id_table *table, struct hs_hash128 hash, uint32_t hour);
/* Removes it. */
void hs_id_table_remove(struct hs_id_table *table, struct hs_hash128 hash);

/* Starts the removal of everything not named. Entries added after the watch are kept. */
void hs_id_table_watch(struct hs_id_table *table);
void hs_id_table_keep(struct hs_id_table *table, struct hs_hash128 hash);
/* Removes what was not kept; returns the number. Ends the watch. */
size_t hs_id_table_sweep(struct hs_id_table *table);

#endif
