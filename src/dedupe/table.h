/* Table: one shard of the index: open addressing over 128-bit hashes, with the hour in which
 * each was seen. Knows no id, no file and no clock: the hour is told. Threads: its owner holds
 * the shard's lock. */
#ifndef HS_DEDUPE_TABLE_H
#define HS_DEDUPE_TABLE_H

#include <hookstream/hash.h>

/* A slot is 17 bytes in two arrays: the hash (all zeros: empty) and the mark: its hour modulo
 * 255 plus 1, or 0 for one that has aged. An aged one still takes its slot, since others were
 * put behind it, until it is written over or the table is rebuilt. */
struct hs_id_table {
    struct hs_hash128 *hashes;
    uint8_t *marks;
    size_t capacity, pages_size;
    size_t used; /* slots that are not empty */
    size_t live; /* of them not aged */
    uint32_t window_hours;
    uint32_t hour; /* marks are not older than `window_hours` before this hour */
    uint8_t *kept; /* a bit a slot, from watch to sweep: it stays; else NULL */
};

#define HS_TABLE_LOAD_PERCENT 90u
/* Marks are unambiguous up to here. */
#define HS_TABLE_WINDOW_MAX 250u

void hs_id_table_init(struct hs_id_table *table, uint32_t window_hours);
void hs_id_table_free(struct hs_id_table *table);
/* Room for so many without a rebuild. */
void hs_id_table_reserve(struct hs_id_table *table, size_t count);
/* It is this hour: marks what is older than the window as aged. One that was before is no
 * news, since clocks step back; but by more than the window, and all counts as of it. */
void hs_id_table_advance(struct hs_id_table *table, uint32_t hour);
/* Has the memory fetched that the hash will be looked for in. */
void hs_id_table_prefetch(const struct hs_id_table *table, struct hs_hash128 hash);
/* Whether the hash is there and not aged. */
bool hs_id_table_has(const struct hs_id_table *table, struct hs_hash128 hash);
/* Puts it in with this hour, which is at most the table's, or renews its hour. Nothing when
 * the hour has aged. Rebuilds without what has aged when the table is full. */
void hs_id_table_put(struct hs_id_table *table, struct hs_hash128 hash, uint32_t hour);
/* Takes it out. */
void hs_id_table_remove(struct hs_id_table *table, struct hs_hash128 hash);

/* To take out all but what is named. From the watch on, what is put in is kept. */
void hs_id_table_watch(struct hs_id_table *table);
void hs_id_table_keep(struct hs_id_table *table, struct hs_hash128 hash);
/* Takes out what was not kept; gives how many that were. Ends the watch. */
size_t hs_id_table_sweep(struct hs_id_table *table);

#endif
