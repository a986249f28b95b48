/* Dedupe, inside: the shards of the index (dedupe.c over table.c) and the id files (id_file.c one
 * file, id_files.c all of them, verify.c without a dedupe); and the ids of lost events (forget.c).
 * Locks, in this order: `files_lock`, a shard's, the journal's. */
#ifndef HS_DEDUPE_INTERNAL_H
#define HS_DEDUPE_INTERNAL_H

#include "lost_ranges.h"
#include "table.h"

#include <hookstream/dedupe.h>
#include <pthread.h>
#include <stdatomic.h>

#define HS_NS_PER_HOUR (UINT64_C(3600) * UINT64_C(1000000000))
#define HS_DEDUPE_HOURS 256u /* more than a window can have: HS_TABLE_WINDOW_MAX */

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
    /* By which ids age: that of the last genuine request, whose sender's clock agreed with ours. At
     * the start that of the newest event. The system's clock alone may be wrong until it is set. */
    _Atomic uint32_t hour;
    uint32_t purged_hour; /* `hour` when aged id files were last looked for; the keeper's */
    /* By hour modulo HS_DEDUPE_HOURS: the earliest time of an id added; 0: none. */
    _Atomic uint64_t hours[HS_DEDUPE_HOURS];
    struct hs_gauge *ids_gauge, *oldest_gauge;
    pthread_mutex_t files_lock;    /* guards the id files, and the two below */
    struct hs_lost_ranges lost;    /* the contents of ids/lost */
    struct hs_lost_ranges settled; /* lost, and none of its ids is known: found in this run */
    struct hs_shard shards[HS_DEDUPE_SHARDS];
};

static inline uint32_t hs_hour_of(uint64_t wall_ns)
{
    uint64_t hour = wall_ns / HS_NS_PER_HOUR;
    return hour < UINT32_MAX ? (uint32_t)hour : UINT32_MAX;
}

/* Whether events received in this hour have left the window. */
static inline bool hs_has_aged(const struct hs_dedupe *dedupe, uint32_t hour, uint32_t now_hour)
{
    return now_hour > hour && now_hour - hour > dedupe->window_hours;
}

static inline uint32_t hs_dedupe_hour(const struct hs_dedupe *dedupe)
{
    return atomic_load_explicit(&dedupe->hour, memory_order_relaxed);
}

/* The hash of a source's id, also used in id files. */
struct hs_hash128 hs_id_hash(const struct hs_dedupe *dedupe, struct hs_slice source,
                             struct hs_slice id);
/* Adds a hash with its hour, unless it has expired. */
void hs_dedupe_put(struct hs_dedupe *dedupe, struct hs_hash128 hash, uint32_t hour,
                   uint32_t now_hour);
/* Prefetches the memory for a later put; only while no other thread adds ids. */
void hs_dedupe_prefetch(struct hs_dedupe *dedupe, struct hs_hash128 hash);
/* Makes room for this many in total. */
void hs_dedupe_reserve(struct hs_dedupe *dedupe, uint64_t count);
/* For the gauge of the oldest id: an id received then is known. */
void hs_dedupe_note_time(struct hs_dedupe *dedupe, uint64_t wall_ns);

/* Marks the hash to be kept by the sweep. */
void hs_dedupe_keep(struct hs_dedupe *dedupe, struct hs_hash128 hash);

/* ---- Lost events (forget.c); with files_lock, or while the dedupe is being loaded ---- */

/* Reads ids/lost. */
void hs_dedupe_load_lost(struct hs_dedupe *dedupe);
/* Adds the range to ids/lost, synced. */
void hs_dedupe_note_lost(struct hs_dedupe *dedupe, uint64_t first, uint64_t last);
/* Whether none of these ids is known. */
void hs_dedupe_settle(struct hs_dedupe *dedupe, uint64_t first, uint64_t last);
/* id_files.c: removes the id files that have any of the range, and syncs that. */
void hs_dedupe_drop_files(struct hs_dedupe *dedupe, uint64_t first, uint64_t last);
/* id_files.c: calls hs_dedupe_keep() for every id of a file or, without a file, of a segment.
 * Unreadable ids are not kept: at worst a retry is delivered twice. */
void hs_dedupe_keep_all(struct hs_dedupe *dedupe);

/* ---- One id file ---- */

struct hs_id_file {
    uint64_t first, last; /* sequences of its segment */
    uint64_t count, newest_wall_ns;
};

/* The inputs for reading one without a dedupe. */
struct hs_id_place {
    const struct hs_disk *disk;
    uint64_t key; /* the journal's hash key */
};

/* `wall_ns`: when its event was received; from an id file, the start of that hour. */
typedef void hs_each_id_fn(void *context, struct hs_hash128 hash, uint64_t wall_ns);

/* The path; the caller frees it. */
char *hs_id_file_path(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last);
/* Whether the name is "<20 digits>-<20 digits>.hsi", and its numbers. */
bool hs_id_file_name(const char *name, uint64_t *ret_first, uint64_t *ret_last);
/* Reads the ids of the journal's events from `first` to `last` and writes them to a new file,
 * atomically. */
HS_MUST_CHECK int hs_id_file_write(struct hs_dedupe *dedupe, uint64_t first, uint64_t last);
/* Reads only the header. -EBADMSG: damaged; -ENOENT, -errno. */
HS_MUST_CHECK int hs_id_file_look(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last,
                                  struct hs_id_file *ret_file);
/* Calls `each` for every intact id. -EBADMSG: some were damaged. */
HS_MUST_CHECK int hs_id_file_read(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last,
                                  hs_each_id_fn *each, void *context);
/* As above, for the file at `path`; `each` may be NULL. -EBADMSG: *ret_damage is the offset of the
 * first damaged block, 0: of the header. */
HS_MUST_CHECK int hs_id_file_check(const struct hs_id_place *place, const char *path,
                                   uint64_t first, uint64_t last, hs_each_id_fn *each,
                                   void *context, uint64_t *ret_damage);
/* Calls `each` for every id in the journal from `first` to `last`, and `hole`, if given, for lost
 * parts; returns the newest time. */
typedef void hs_each_hole_fn(void *context, struct hs_reader_loss loss);
HS_MUST_CHECK int hs_ids_of_journal(const struct hs_dedupe *dedupe, uint64_t first, uint64_t last,
                                    hs_each_id_fn *each, hs_each_hole_fn *hole, void *context,
                                    uint64_t *ret_newest_wall_ns);

#endif
