/* Table: one shard of the index: open addressing over 128-bit hashes, with the hour in which
 * each was seen. Knows no id and no file. Threads: its owner holds the shard's lock. */
#ifndef HS_DEDUPE_TABLE_H
#define HS_DEDUPE_TABLE_H

#include <hookstream/hash.h>

/* A slot is 17 bytes in two arrays: the hash (all zeros: empty) and the hour modulo 256,
 * which is unambiguous for windows of up to 10 days. */
struct hs_id_table {
    struct hs_hash128 *hashes;
    uint8_t *hours;
    size_t capacity, used; /* `used` counts aged and forgotten ones until a rebuild */
};

#define HS_TABLE_LOAD_PERCENT 90u

void hs_id_table_free(struct hs_id_table *table);
/* Whether the hash is there and its hour is among the last `window` hours before `now`. */
bool hs_id_table_has(const struct hs_id_table *table, struct hs_hash128 hash, uint32_t now_hour,
                     uint32_t window_hours);
/* Puts it in, or renews its hour. Rebuilds without what has aged when it is full. */
void hs_id_table_put(struct hs_id_table *table, struct hs_hash128 hash, uint32_t hour,
                     uint32_t now_hour, uint32_t window_hours);
/* Takes it out. */
void hs_id_table_remove(struct hs_id_table *table, struct hs_hash128 hash);

#endif
