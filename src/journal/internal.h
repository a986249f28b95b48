/* Journal, inside. Who does what:
 *
 *   append.c   encodes events into the pending batch, for any thread
 *   commit.c   the committer's thread: writes and syncs batches, moves the watermarks
 *   keeper.c   the keeper's thread: prepares segments, removes old ones
 *   segment.c  the files, and the table of them
 *   recover.c  what is on disk at the start
 *   reader.c   walks forwards
 *   cursor.c   how far each sink is
 *
 * Locks, in this order: `lock` (the pending batch and the state), `table_lock` (segments and
 * cursors), `wakeup_lock`. */
#ifndef HS_JOURNAL_INTERNAL_H
#define HS_JOURNAL_INTERNAL_H

#include "format.h"

#include <pthread.h>
#include <stdatomic.h>

#define HS_JOURNAL_PENDING_MAX (64u << 20)
#define HS_JOURNAL_PENDING_KEPT (1u << 20) /* memory kept after a burst */
#define HS_FAILED_RANGES_MAX 64u
#define HS_SEGMENT_SIZE_MAX (UINT64_C(64) << 20)
#define HS_SEGMENT_SIZE_MIN (UINT64_C(1) << 20)
#define HS_CURSORS_MAX 128u
#define HS_RECOVER_WAIT_NS (UINT64_C(1000000000)) /* between tries to write again */

struct hs_segment {
    uint64_t first;
    uint64_t last;  /* last valid sequence; first - 1: none yet */
    uint64_t end;   /* bytes that a reader may see */
    uint64_t size;  /* bytes of the file */
    uint64_t seed;
    uint64_t newest_wall_ns;
    bool sealed;    /* gets no more records */
    bool told;      /* the watcher knows that it is sealed */
    char *path;
};

/* What hs_journal_append() says now. */
enum hs_journal_state {
    HS_JOURNAL_STOPPED, /* not started, or stopped: -ESHUTDOWN */
    HS_JOURNAL_OPEN,    /* takes events */
    HS_JOURNAL_BROKEN,  /* a write or sync failed: -EROFS, or -ENOSPC for a full disk (J4) */
};

struct hs_journal {
    const struct hs_disk *disk;
    struct hs_disk *memory; /* own disk of HS_STORE_MEMORY */
    struct hs_journal_options options;
    char *path, *segments_path, *cursors_path;
    char *next_path;      /* a segment that the keeper prepared */
    char *preparing_path; /* while it is at it */
    char *fresh_path;     /* one that the committer makes when none is prepared */
    char identity[37];
    uint64_t hash_key;
    int lock_file;
    struct hs_journal_watcher watcher;

    pthread_mutex_t lock; /* guards down to the next blank line */
    pthread_cond_t work;  /* something is pending, or stop */
    enum hs_journal_state state;
    int broken_code;             /* -EROFS or -ENOSPC */
    char broken_text[256];
    struct hs_buffer pending;    /* records, encoded, not sealed */
    uint64_t pending_first, pending_count;
    uint64_t next_sequence;
    uint64_t planned_end;        /* of the active segment, once all that is pending is in it */
    bool planned_turn;           /* what is pending goes on in the next segment */
    bool room_for_next;          /* max_size allows one more segment, and none is planned */
    bool stopping;

    _Atomic uint64_t durable, last;
    _Atomic uint64_t failed_count; /* ranges ever */
    struct {
        _Atomic uint64_t first, last;
    } failed[HS_FAILED_RANGES_MAX];

    pthread_mutex_t table_lock; /* guards the tables and what is in them */
    pthread_cond_t housework;   /* the keeper has something to do */
    struct hs_segment **segments; /* oldest first; the last is active unless sealed */
    size_t segment_count, segment_capacity;
    struct hs_cursor *cursors[HS_CURSORS_MAX];
    size_t cursor_count;
    bool next_ready;            /* `next` is prepared */
    bool keeper_stop;
    bool removal_allowed;       /* every cursor that is to be open is open */
    _Atomic uint64_t bytes;     /* of all segments */
    _Atomic uint64_t turns;     /* segments planned by appends and not begun yet */

    /* The committer's own. */
    int active_file;            /* -1: none */
    struct hs_buffer batch;
    uint64_t batch_events_before;
    pthread_t committer, keeper;
    bool committer_started, keeper_started;

    pthread_mutex_t wakeup_lock;
    struct hs_wakeup *wakeups[HS_JOURNAL_WAKEUPS_MAX], *cursor_wakeups[HS_JOURNAL_WAKEUPS_MAX];
    size_t wakeup_count;
    size_t cursor_wakeup_count; /* looked at without the lock, too */

    struct hs_metrics *metrics;
    struct hs_histogram *sync_seconds, *batch_events;
    struct hs_counter *write_errors, *sync_errors, *damaged;
    struct hs_gauge *appended_gauge, *durable_gauge, *bytes_gauge, *oldest_gauge, *writable_gauge;
};

/* segment.c; those with `table` are called with table_lock held. */
char *hs_segment_path(const struct hs_journal *journal, uint64_t first);
struct hs_segment *hs_table_add(struct hs_journal *journal, const struct hs_segment_header *header);
struct hs_segment *hs_table_active(const struct hs_journal *journal); /* or NULL */
/* The segment that holds `sequence`, or else the first one after it; NULL: none. */
struct hs_segment *hs_table_find(const struct hs_journal *journal, uint64_t sequence);
void hs_table_remove(struct hs_journal *journal, size_t index);
/* Fills the file with zeros up to a segment's size and syncs it. */
HS_MUST_CHECK int hs_segment_prepare(struct hs_journal *journal);
/* Makes the prepared file, or a new one, the active segment that begins with `first`. On the
 * committer's thread, or before it runs. */
HS_MUST_CHECK int hs_segment_begin(struct hs_journal *journal, uint64_t first);
/* The active segment gets no more: cuts what lies beyond its last valid byte, closes it. */
void hs_segment_seal(struct hs_journal *journal);

HS_MUST_CHECK int hs_recover(struct hs_journal *journal); /* recover.c */

void *hs_committer_run(void *journal); /* commit.c */
void *hs_keeper_run(void *journal);    /* keeper.c */
void hs_keeper_wake(struct hs_journal *journal);
/* Removes what may go; with table_lock held. Sets `bytes`. */
void hs_keeper_tidy(struct hs_journal *journal);

/* Tells the wakeups: of the watermark, or of the cursors. */
void hs_journal_tell(struct hs_journal *journal);
void hs_journal_tell_cursors(struct hs_journal *journal);

/* cursor.c: the smallest saved position of all open cursors; UINT64_MAX: none is open. With
 * table_lock held. */
uint64_t hs_cursors_least(const struct hs_journal *journal);
bool hs_cursor_is_open(struct hs_journal *journal, const char *name);
/* Reads a cursor's file. */
HS_MUST_CHECK int hs_cursor_read(const struct hs_disk *disk, const char *path,
                                 uint64_t *ret_position);

/* memory_disk.c */
struct hs_disk *hs_memory_disk_create(void);
void hs_memory_disk_free(struct hs_disk *disk);

#endif
