/* Table: linear probing; a removal moves later entries back, so that no chain is broken. */
#include "table.h"

#include <sys/mman.h>

#define MARKS 255u
#define SLOT_SIZE (sizeof(struct hs_hash128) + 1)
#define PAGE_SIZE 4096u
#define SMALL_COUNT 2048u

/* ---- Slots ---- */

/* A hash of all zeros would be an empty slot. */
static struct hs_hash128 not_empty(struct hs_hash128 hash)
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

/* Lemire's range reduction: works for any capacity, not only powers of two, so that a table can
 * grow by a quarter. */
static size_t home_of(const struct hs_id_table *table, struct hs_hash128 hash)
{
    return (size_t)(((unsigned __int128)hash.low * table->capacity) >> 64);
}

static size_t next_of(const struct hs_id_table *table, size_t at)
{
    return at + 1 == table->capacity ? 0 : at + 1;
}

/* The slot of the hash, or the empty slot that ends its chain. Terminates, since a table is never
 * full (HS_TABLE_LOAD_PERCENT). */
static size_t find(const struct hs_id_table *table, struct hs_hash128 hash)
{
    size_t at = home_of(table, hash);
    while (!is_empty(table->hashes[at]) && !same(table->hashes[at], hash))
        at = next_of(table, at);
    return at;
}

/* The first expired slot of the hash's chain, or the empty one that ends it. */
static size_t find_free(const struct hs_id_table *table, struct hs_hash128 hash)
{
    size_t at = home_of(table, hash);
    while (!is_empty(table->hashes[at]) && table->marks[at] != 0)
        at = next_of(table, at);
    return at;
}

/* ---- Expiry ---- */

static uint8_t mark_of(uint32_t hour)
{
    return (uint8_t)(hour % MARKS + 1);
}

/* Hours before table->hour, for a mark not older than the window. */
static uint32_t age_of(const struct hs_id_table *table, uint8_t mark)
{
    return (table->hour % MARKS + MARKS - (mark - 1u)) % MARKS;
}

/* The clock was wrong by more than the window and was corrected: existing entries count as current,
 * otherwise they would stay until the wrong hour is reached. */
static void begin_anew(struct hs_id_table *table, uint32_t hour)
{
    for (size_t i = 0; i < table->capacity; i++)
        if (table->marks[i] != 0)
            table->marks[i] = mark_of(hour);
    table->hour = hour;
}

void hs_id_table_advance(struct hs_id_table *table, uint32_t hour)
{
    if (hour <= table->hour && table->hour - hour > table->window_hours)
        begin_anew(table, hour);
    if (hour <= table->hour)
        return;
    uint32_t step = hour - table->hour;
    bool aged[MARKS + 1];
    for (unsigned mark = 1; mark <= MARKS; mark++)
        aged[mark] = age_of(table, (uint8_t)mark) + (uint64_t)step > table->window_hours;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->marks[i] == 0 || !aged[table->marks[i]])
            continue;
        table->marks[i] = 0;
        table->live--;
    }
    table->hour = hour;
}

/* ---- Growing ---- */

/* Separate pages, hashes first: on the heap, 256 tables that each grow by a quarter now and then
 * leave holes of a fifth of their size (428 MB against 350 MB for 17 million). Small tables double,
 * since new pages cost more than the few bytes. */
static void take_pages(struct hs_id_table *table, size_t count)
{
    size_t wanted = (count + (count < SMALL_COUNT ? count : count / 4) + 1) * SLOT_SIZE;
    size_t size = (wanted + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    HS_ASSERT(pages != MAP_FAILED);
    table->pages_size = size;
    table->capacity = size / SLOT_SIZE;
    table->hashes = pages;
    table->marks = (uint8_t *)(table->hashes + table->capacity);
}

static void give_pages(struct hs_id_table *table)
{
    if (table->hashes != NULL)
        munmap(table->hashes, table->pages_size);
    table->hashes = NULL;
    table->marks = NULL;
    table->capacity = table->pages_size = 0;
}

/* ---- What a sweep keeps ---- */

static uint8_t *make_bits(size_t count)
{
    return hs_alloc(count / 8 + 1);
}

static bool is_kept(const struct hs_id_table *table, size_t at)
{
    return table->kept != NULL && (table->kept[at / 8] >> (at % 8) & 1) != 0;
}

static void set_kept(struct hs_id_table *table, size_t at, bool kept)
{
    if (table->kept == NULL)
        return;
    uint8_t bit = (uint8_t)(1u << (at % 8));
    table->kept[at / 8] = (uint8_t)(kept ? table->kept[at / 8] | bit : table->kept[at / 8] & ~bit);
}

/* Moves to new pages with room for `count`, without expired entries. */
static void rebuild(struct hs_id_table *table, size_t count)
{
    struct hs_id_table bigger = *table;
    bigger.used = table->live;
    take_pages(&bigger, count);
    bigger.kept = table->kept != NULL ? make_bits(bigger.capacity) : NULL;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->marks[i] == 0)
            continue;
        size_t at = find(&bigger, table->hashes[i]);
        bigger.hashes[at] = table->hashes[i];
        bigger.marks[at] = table->marks[i];
        set_kept(&bigger, at, is_kept(table, i));
    }
    give_pages(table);
    free(table->kept);
    *table = bigger;
}

void hs_id_table_init(struct hs_id_table *table, uint32_t window_hours)
{
    HS_ASSERT(window_hours <= HS_TABLE_WINDOW_MAX);
    *table = (struct hs_id_table){.window_hours = window_hours};
}

void hs_id_table_free(struct hs_id_table *table)
{
    give_pages(table);
    free(table->kept);
    table->kept = NULL;
    table->used = table->live = 0;
}

void hs_id_table_reserve(struct hs_id_table *table, size_t count)
{
    if (count * 100 > table->capacity * HS_TABLE_LOAD_PERCENT)
        rebuild(table, count);
}

void hs_id_table_prefetch(const struct hs_id_table *table, struct hs_hash128 hash)
{
    if (table->capacity == 0)
        return;
    size_t home = home_of(table, not_empty(hash));
    __builtin_prefetch(&table->hashes[home], 1);
    __builtin_prefetch(&table->marks[home], 1);
}

/* ---- Lookup, insertion, removal ---- */

bool hs_id_table_has(const struct hs_id_table *table, struct hs_hash128 hash)
{
    if (table->capacity == 0)
        return false;
    hash = not_empty(hash);
    size_t at = find(table, hash);
    return !is_empty(table->hashes[at]) && table->marks[at] != 0;
}

void hs_id_table_put(struct hs_id_table *table, struct hs_hash128 hash, uint32_t hour)
{
    HS_ASSERT(hour <= table->hour);
    if (table->hour - hour > table->window_hours)
        return;
    if ((table->used + 1) * 100 > table->capacity * HS_TABLE_LOAD_PERCENT)
        rebuild(table, table->live);
    hash = not_empty(hash);
    size_t at = find(table, hash);
    if (is_empty(table->hashes[at])) {
        at = find_free(table, hash);
        table->used += is_empty(table->hashes[at]);
        table->hashes[at] = hash;
    }
    table->live += table->marks[at] == 0;
    table->marks[at] = mark_of(hour);
    set_kept(table, at, true);
}

/* Whether an entry with this home may be at `at` if the slot `gap` is empty: not if its home is
 * cyclically in (gap, at]. */
static bool may_move(const struct hs_id_table *table, size_t gap, size_t at)
{
    size_t home = home_of(table, table->hashes[at]);
    return gap < at ? home <= gap || home > at : home <= gap && home > at;
}

void hs_id_table_remove(struct hs_id_table *table, struct hs_hash128 hash)
{
    if (table->capacity == 0)
        return;
    size_t gap = find(table, not_empty(hash));
    if (is_empty(table->hashes[gap]))
        return;
    table->live -= table->marks[gap] != 0;
    for (size_t at = next_of(table, gap); !is_empty(table->hashes[at]); at = next_of(table, at)) {
        if (!may_move(table, gap, at))
            continue;
        table->hashes[gap] = table->hashes[at];
        table->marks[gap] = table->marks[at];
        set_kept(table, gap, is_kept(table, at));
        gap = at;
    }
    table->hashes[gap] = (struct hs_hash128){0, 0};
    table->marks[gap] = 0;
    table->used--;
    set_kept(table, gap, false);
}

/* ---- Sweeping ---- */

void hs_id_table_watch(struct hs_id_table *table)
{
    free(table->kept);
    table->kept = make_bits(table->capacity);
}

void hs_id_table_keep(struct hs_id_table *table, struct hs_hash128 hash)
{
    if (table->capacity == 0 || table->kept == NULL)
        return;
    size_t at = find(table, not_empty(hash));
    if (!is_empty(table->hashes[at]))
        set_kept(table, at, true);
}

/* They become expired entries, so that no chain is broken. */
size_t hs_id_table_sweep(struct hs_id_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->marks[i] == 0 || is_kept(table, i))
            continue;
        table->marks[i] = 0;
        table->live--;
        count++;
    }
    free(table->kept);
    table->kept = NULL;
    return count;
}
