/* Journal, internal. Who does what:
 *
 *   journal.c      opens, starts, stops, closes; what it holds
 *   folder.c       the folder: paths, the lock, the identity
 *   recover.c      builds the table of segments from the disk at the start
 *   mark.c         the durable sequence, in a file of its own
 *   missing.c      whether the journal's end and beginning are there at the start
 *   append.c       encodes events into the pending batch, for any thread
 *   commit.c       the committer's thread: writes and syncs batches, moves the watermarks
 *   outcome.c      the watermarks, the failed ranges, and who is notified of them
 *   place.c        checks at run time that the files are where they were put
 *   scrub.c        the scrubber's thread: reads ahead of the sinks, to find damage
 *   keeper.c       the keeper's thread: prepares segments, removes old ones
 *   prepare.c      the file of the next segment, and the space for it
 *   spare.c        what stays free beside the segments
 *   segment.c      the files, and the table of them
 *   records.c      the records of one segment, through a buffer
 *   reader.c       walks all segments forwards
 *   cursor.c       the progress of each sink
 *   cursor_file.c  its file, and how a copy is detected
 *   known.c        which cursors there were
 *   summary.c      summarizes a folder without opening it
 *   tail.c         classifies bytes that are not whole records
 *   walk.c         all segments of a folder, without opening it
 *   journal_inspect.c   all files of a folder, without opening it
 *   inspect_names.c     files in it that would make a start fail
 *   format.c       bytes to structs and back
 *   memory_disk.c  the disk of `store: memory`
 *
 * Locks, in this order: `lock` (the pending batch and the state), `table_lock` (segments and
 * cursors), `failed_lock`, `wakeup_lock`. None is held during file I/O; appends copy into memory
 * under `lock`. `mark_lock` is taken with none of them held, and is held while the mark is
 * written. */
#ifndef HS_JOURNAL_INTERNAL_H
#define HS_JOURNAL_INTERNAL_H

#include "format.h"

#include <hookstream/limits.h>
#include <hookstream/journal_inspect.h>

#include <pthread.h>
#include <stdatomic.h>

#define HS_JOURNAL_PAGE 4096u              /* a batch is padded to the end of a page */
#define HS_JOURNAL_PENDING_KEPT (1u << 20) /* memory kept after a burst */
#define HS_FAILED_RANGES_MAX 64u
#define HS_SEGMENT_SIZE_MAX (UINT64_C(64) << 20)
#define HS_SEGMENT_SIZE_MIN (UINT64_C(1) << 20)
#define HS_MEND_WAIT_NS UINT64_C(1000000000)     /* between tries to write again */
#define HS_PREPARE_WAIT_NS UINT64_C(10000000000) /* after a segment could not be prepared */
#define HS_SCRUB_ROUND_NS UINT64_C(600000000000) /* between two rounds of the scrubber */
#define HS_SEGMENT_SPARE 8u /* this part of a segment stays free: ids take 20 bytes per event */

struct hs_segment {
    uint64_t first;
    uint64_t last; /* last valid sequence; < first: it has none */
    uint64_t end;  /* bytes that a reader may see */
    uint64_t size; /* bytes of the file */
    uint64_t seed;
    uint64_t created_wall_ns;
    uint64_t newest_wall_ns; /* of its newest event; 0: none */
    bool sealed;             /* gets no more records */
    bool told;               /* the watcher was notified that it is sealed */
    bool gone;               /* finished, and its file was deleted in this run */
    bool suspect;            /* its file was modified: scrub.c must check it */
    struct hs_file_id id;    /* of a finished segment, as finished or found */
    char *path;
};

/* How hs_journal_append() responds. hs_journal_set_state() moves between the states. */
enum hs_journal_state {
    HS_JOURNAL_STOPPED,   /* not started, or stopped: -ESHUTDOWN; stopped is final */
    HS_JOURNAL_OPEN,      /* there is an active segment, events are accepted */
    HS_JOURNAL_BROKEN,    /* a write or sync failed: no active segment, nothing pending, -EROFS,
                           * or -ENOSPC for a full disk (J4) */
    HS_JOURNAL_DISPLACED, /* the active segment's file is not in its place: -EROFS;
                           * pending events are still committed to it (place.c) */
};

struct hs_failed_range {
    uint64_t first, last;
};

/* The durable sequence when the mark was last written (mark.c). */
struct hs_mark {
    uint64_t turn; /* 0: never written */
    uint64_t durable;
    uint64_t newest, limit; /* the newest segment's first sequence, and the largest it may have */
    uint64_t kept_from;     /* no event from this one on was removed; 0: an early format */
};

/* A damaged place already reported: a segment's first sequence and an offset. */
#define HS_DAMAGES_KEPT 256u
struct hs_damage {
    uint64_t first, offset;
};

struct hs_journal {
    const struct hs_disk *disk;
    struct hs_disk *memory; /* own disk of HS_STORE_MEMORY */
    struct hs_journal_options options;
    char *path, *segments_path, *cursors_path;
    char *next_path;      /* a segment that the keeper prepared */
    char *preparing_path; /* while it is being made */
    char *spare_path;     /* beside the segments: briefly reserves what must stay free */
    char *fresh_path;     /* made at once when no segment is prepared */
    char identity[37];
    uint64_t hash_key;
    uint64_t begin;                 /* hs_journal_begin() */
    _Atomic uint64_t kept_from;     /* what the mark is to record; only the keeper changes it */
    uint64_t void_first, void_last; /* hs_journal_void() */
    uint64_t passed;                /* hs_journal_passed() */
    bool had_cursors;               /* a cursor's file was readable at the start */
    bool had_events;                /* and something was durable */
    int lock_file;
    struct hs_file_id folder_id; /* of segments_path, at the start */
    bool prepares;               /* segments are reserved ahead: on every disk but memory */
    uint64_t mend_wait_ns;
    struct hs_journal_watcher watcher;

    pthread_mutex_t lock; /* guards down to the next blank line */
    pthread_cond_t work;  /* something is pending, or stop */
    enum hs_journal_state state;
    bool stopping;
    int broken_code; /* -EROFS or -ENOSPC */
    char broken_text[512];
    struct hs_buffer pending; /* encoded records, not sealed */
    uint64_t pending_count;
    uint64_t wake_at; /* once this many are pending, wake the committer */
    uint64_t next_sequence;
    uint64_t planned_end;  /* of the active segment, once everything pending is in it */
    uint64_t planned_size; /* of the segment that holds planned_end */
    uint64_t refused_size; /* of the largest record refused since planned_end last moved */

    _Atomic uint64_t durable, last;
    _Atomic uint64_t bytes; /* of all segments; the active one counts as full */
    _Atomic uint64_t turns; /* segments planned by appends and not begun yet */
    _Atomic bool starved;   /* an append was refused for lack of space */
    _Atomic bool disk_full; /* the disk reported it; until a segment could be prepared again */
    _Atomic bool mending;   /* the committer waits for the disk to accept writes */

    pthread_mutex_t table_lock;   /* guards the tables and their contents */
    pthread_cond_t housework;     /* the keeper has something to do */
    struct hs_segment **segments; /* oldest first; the last is active unless sealed */
    size_t segment_count, segment_capacity;
    struct hs_cursor *cursors[HS_CURSORS_MAX];
    size_t cursor_count;
    struct hs_damage told[HS_DAMAGES_KEPT]; /* the most recent ones */
    size_t told_count;                      /* since the open */
    uint64_t losses;                        /* hs_journal_lose() */
    bool chores;                            /* what `housework` waits for */
    bool keeper_stop;
    hs_journal_copies_fn *copies; /* hs_journal_keep_free(); NULL: none */
    void *copies_context;
    bool removal_allowed;       /* every cursor that should be open is open */
    bool preparing;             /* a thread is making `next` */
    bool next_ready;            /* `next` is prepared */
    pthread_cond_t prepared;    /* `preparing` was cleared */
    uint64_t next_size;         /* bytes of `next` */
    uint64_t prepare_failed_ns; /* time of the last failure; 0: the last try succeeded */
    unsigned prepare_failures;  /* in a row, counting those that lengthen the pause */
    char prepare_text[512];     /* why the last one failed */
    size_t looked_at;           /* the finished segment checked last by place.c */
    pthread_cond_t scrub_work;  /* a segment is suspect, a round is due, or stop */
    bool scrub_stop;
    uint64_t scrub_due_ns; /* monotonic: when the next round of the scrubber begins */

    pthread_mutex_t mark_lock; /* guards the two below */
    int mark_file;             /* -1: none */
    struct hs_mark mark;

    pthread_mutex_t failed_lock; /* guards `failed` and the two below it for writing */
    struct hs_failed_range failed[HS_FAILED_RANGES_MAX];
    uint64_t failed_count;         /* all ranges, including forgotten ones */
    _Atomic uint64_t failed_until; /* no sequence beyond this ever failed */

    /* The committer's own; unused while it does not run. */
    int active_file; /* -1: none */
    struct hs_buffer batch;
    bool unmarked;              /* a batch failed, and no later segment marks it as void */
    uint64_t batches_before[2]; /* events of the last two batches */
    pthread_t committer, keeper, scrubber;
    bool committer_started, keeper_started, scrubber_started;

    pthread_mutex_t wakeup_lock;
    struct hs_wakeup *wakeups[HS_JOURNAL_WAKEUPS_MAX], *cursor_wakeups[HS_JOURNAL_WAKEUPS_MAX];
    size_t wakeup_count;
    _Atomic size_t cursor_wakeup_count; /* also read without the lock */

    struct hs_metrics *metrics;
    struct hs_metrics *alarmed; /* of damage and errors */
    const char *label;          /* of those metrics */
    struct hs_histogram *sync_seconds, *batch_histogram;
    struct hs_counter *write_errors, *sync_errors, *damaged;
    struct hs_counter *misplaced;      /* the keeper's */
    struct hs_counter *prepare_errors; /* with table_lock */
    struct hs_gauge *appended_gauge, *durable_gauge, *bytes_gauge, *oldest_gauge, *writable_gauge;
};

/* journal.c: moves to `state`; only the start leaves STOPPED. With `lock` held. */
void hs_journal_set_state(struct hs_journal *journal, enum hs_journal_state state);

/* folder.c */
void hs_folder_paths(struct hs_journal *journal, const char *path);
void hs_folder_free(struct hs_journal *journal);
/* Makes the folders, takes the lock, reads or makes the identity, looks for a prepared segment. */
HS_MUST_CHECK int hs_folder_open(struct hs_journal *journal);
/* Reads `meta`. */
HS_MUST_CHECK int hs_folder_read_meta(const struct hs_disk *disk, const char *folder,
                                      char ret_identity[37], uint64_t *ret_hash_key);
/* Whether the name is "<20 digits>.hsj", and its number. */
bool hs_folder_segment_name(const char *name, uint64_t *ret_first);
/* The first sequences in the names of all segments, ascending; the caller frees them. */
HS_MUST_CHECK int hs_folder_list_segments(const struct hs_disk *disk, const char *segments_path,
                                          uint64_t **ret_firsts, size_t *ret_count);
/* The name without ".cursor", the caller frees it; NULL: not a cursor's file. */
char *hs_folder_cursor_name(const char *name);

/* segment.c; those with `table` are called with table_lock held. */
char *hs_segment_path(const char *segments_path, uint64_t first);
struct hs_segment *hs_table_add(struct hs_journal *journal, const struct hs_segment_header *header);
struct hs_segment *hs_table_active(const struct hs_journal *journal); /* or NULL */
/* Index of the first segment that begins at or after `first`; segment_count: none does. */
size_t hs_table_index(const struct hs_journal *journal, uint64_t first);
/* The segment that holds `sequence`, or else the first one after it; NULL: none. */
struct hs_segment *hs_table_find(const struct hs_journal *journal, uint64_t sequence);
/* Takes it out of the table; the caller frees it with hs_segment_free(). */
struct hs_segment *hs_table_take(struct hs_journal *journal, size_t index);
void hs_segment_free(struct hs_segment *segment);
/* Opens a segment with these flags of open(2), reads and checks its header. The file number;
 * -EBADMSG: the header is damaged; -EPROTO; -errno. `ret_size` is set wherever it is known. */
HS_MUST_CHECK int hs_segment_open(const struct hs_disk *disk, const char *path, int flags,
                                  struct hs_segment_header *ret_header, uint64_t *ret_size);
/* Records a damaged place. false: it was already reported. Takes table_lock. */
bool hs_table_note_damage(struct hs_journal *journal, uint64_t first, uint64_t offset);
/* Whether max_size allows one segment more than exist and are planned. */
bool hs_segment_has_room(const struct hs_journal *journal);
/* prepare.c: makes `next`, with its blocks reserved, and syncs it. It has the usual size, or a
 * smaller one that `least` bytes fit in if space is short. Without table_lock. */
HS_MUST_CHECK int hs_segment_prepare(struct hs_journal *journal, uint64_t least);
/* Whether the pause after the last failure is over. With table_lock. */
bool hs_segment_may_prepare(const struct hs_journal *journal);
/* spare.c: bytes that stay free for copies of events, beside the segments and a further one of
 * `next` bytes. With table_lock. */
uint64_t hs_spare_for(const struct hs_journal *journal, uint64_t next);
/* Whether less is free than copies need now. With table_lock, which is released meanwhile. */
bool hs_spare_is_short(struct hs_journal *journal);
/* Waits for the keeper's segment, or prepares one on this thread: the committer's. */
HS_MUST_CHECK int hs_segment_prepare_now(struct hs_journal *journal, uint64_t least);
/* Makes the prepared file, or a new one, the active segment that begins with `first`. On the
 * committer's thread, or before it runs. */
HS_MUST_CHECK int hs_segment_begin(struct hs_journal *journal, uint64_t first);
/* Finishes the active segment: cuts what lies beyond its last valid byte, closes it. */
void hs_segment_seal(struct hs_journal *journal);

HS_MUST_CHECK int hs_recover(struct hs_journal *journal); /* recover.c */

/* mark.c. Opens and reads the mark; if that fails, logs it and continues without. */
void hs_mark_open(struct hs_journal *journal);
void hs_mark_close(struct hs_journal *journal);
/* Writes and syncs it unless it is up to date: for the keeper, and at the stop. */
void hs_mark_save(struct hs_journal *journal);
/* For the committer: records the durable sequence, without a sync. */
void hs_mark_touch(struct hs_journal *journal, uint64_t durable);
/* Like hs_mark_save(); the newest segment now begins with `first`. */
void hs_mark_begin(struct hs_journal *journal, uint64_t first);
/* With table_lock, which is released meanwhile: the events before `kept_from` are about to be
 * removed. Returns 0 once that is synced; only then does a start know that the keeper removed
 * them. */
HS_MUST_CHECK int hs_mark_remove(struct hs_journal *journal, uint64_t kept_from);
/* With table_lock: once every cursor is past what was missing at the start, it is no longer
 * expected. */
void hs_mark_settle(struct hs_journal *journal);
/* Reads it in a journal's folder. -ENOENT: there is none; -EBADMSG; -errno. */
HS_MUST_CHECK int hs_mark_read(const struct hs_disk *disk, const char *folder,
                               struct hs_mark *ret_mark);

/* known.c: records the names of all cursors, and reports whether a recorded one has no file now. */
void hs_known_save(struct hs_journal *journal);
bool hs_known_any_missing(const struct hs_journal *journal);
/* Whether a run of this journal has recorded any. If so, the files that every run writes before
 * that must exist, too. */
bool hs_known_is_kept(const struct hs_disk *disk, const char *folder);
/* Without opening the journal: the path of each recorded cursor that has no file now. */
typedef void hs_each_missing_fn(void *context, const char *path);
void hs_known_each_missing(const struct hs_disk *disk, const char *folder, const char *cursors_path,
                           hs_each_missing_fn *each, void *context);

/* missing.c: checks whether events after `found`, the last in the segments, were durable. Reports
 * what is missing and records it in the table. */
void hs_missing_find(struct hs_journal *journal, uint64_t found);
/* Checks whether oldest segments are gone that the mark says were never removed. The loss is
 * reported here, and by the sinks that need the events. `set_aside`: it was already reported. */
void hs_missing_find_begin(struct hs_journal *journal, bool set_aside);

/* journal.c: registers the calling thread of the journal. Only the thread of the events' journal
 * counts as accepting events. */
void hs_journal_begin_heartbeat(const struct hs_journal *journal, const char *name);
/* place.c. Records the file ids of the table's segments, and of a new one. */
void hs_place_note_all(struct hs_journal *journal);
struct hs_file_id hs_place_of(const struct hs_journal *journal, int file, const char *path);
/* Checks whether they are unchanged; for the keeper, with table_lock, which is released
 * meanwhile. */
void hs_place_look(struct hs_journal *journal);
/* -ESTALE: the folder of segments is not the one found at the start. */
HS_MUST_CHECK int hs_place_check_folder(const struct hs_journal *journal);
/* For the committer, or after it ended. 0: the active segment is in its place; 1: it was deleted
 * and rewritten to a new file, which gets no more records; -ESTALE: an operator must act;
 * -errno. */
HS_MUST_CHECK int hs_place_restore(struct hs_journal *journal);

void *hs_scrubber_run(void *journal); /* scrub.c */
/* With table_lock: a segment is suspect, or a round is due. */
void hs_scrubber_wake(struct hs_journal *journal);
void *hs_committer_run(void *journal); /* commit.c */
/* commit.c: refuses appends, for the reason in hs_error_text(), until the disk works again. */
void hs_journal_break(struct hs_journal *journal, int code);
/* commit.c: refuses appends, for the reason in hs_error_text(), until the file is in its place. */
void hs_journal_displace(struct hs_journal *journal);
/* append.c: lays out the pending records again, behind the active segment's end: after a segment of
 * any size began. */
void hs_journal_plan_again(struct hs_journal *journal);
/* commit.c: updates the reason, while it is broken, from hs_error_text(). */
void hs_journal_explain(struct hs_journal *journal, int code);
void *hs_keeper_run(void *journal); /* keeper.c */
void hs_keeper_wake(struct hs_journal *journal);

/* outcome.c */
void hs_journal_add_failed(struct hs_journal *journal, uint64_t first, uint64_t last);
void hs_journal_tell(struct hs_journal *journal);         /* of the watermark, of failures */
void hs_journal_tell_cursors(struct hs_journal *journal); /* of a cursor */

/* cursor.c: the smallest saved position of all open cursors; UINT64_MAX: none is open. With
 * table_lock held. */
uint64_t hs_cursors_least(const struct hs_journal *journal);
bool hs_cursor_is_open(struct hs_journal *journal, const char *name);
/* cursor_file.c: a cursor's file, and those of the same form. */
struct hs_cursor_marks {
    uint64_t position, given;
};
/* -EBADMSG: it is damaged, or a copy of another file; -EPROTO; -errno. */
HS_MUST_CHECK int hs_cursor_file_read(const struct hs_disk *disk, const char *path,
                                      struct hs_cursor_marks *ret_marks);
HS_MUST_CHECK int hs_cursor_file_write(const struct hs_disk *disk, const char *path,
                                       struct hs_cursor_marks marks);
/* Reads the position alone. */
HS_MUST_CHECK int hs_cursor_read(const struct hs_disk *disk, const char *path,
                                 uint64_t *ret_position);

/* inspect_names.c: reports what would make a start fail: names that are not regular files, and
 * segments of a journal other than `identity` ("": unknown). */
HS_MUST_CHECK int hs_inspect_names(const struct hs_disk *disk, const char *path,
                                   const char *identity, hs_journal_finding_fn *finding,
                                   void *context, uint64_t *ret_damages);

/* memory_disk.c */
struct hs_disk *hs_memory_disk_create(void);
void hs_memory_disk_free(struct hs_disk *disk);
bool hs_disk_is_memory(const struct hs_disk *disk);

#endif
