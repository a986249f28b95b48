/* Journal: a durable, append-only sequence of events in segment files. One committer writes and
 * syncs each batch on behalf of all waiting senders and publishes the watermarks. Each sink has a
 * reader, which walks the journal forwards, and a cursor, which records its progress. A keeper
 * prepares segments ahead and removes those that are no longer needed. Knows no JSON, routes or
 * sinks. The format, byte by byte: docs/journal-format.md.
 *
 * Invariants (tests name the number):
 *   J1  What hs_journal_outcome() reports as durable is read back after any crash.
 *   J2  Sequence numbers only grow, are never reused, and readers see them in order.
 *   J3  A reader never returns an event that is not durable.
 *   J4  After a failed write or sync nothing more is written to that segment. What it held
 *       beyond the last good sync is void, now and after a restart. The one exception: if the
 *       process ends before the disk took another write, it may turn up as durable. The
 *       sender got no 2xx then, and its retry is a duplicate. The reverse never happens.
 *   J5  A segment is removed only when every open cursor's saved position is past it.
 *   J6  A torn tail is cut at the first record that is not whole; what was durable before
 *       it stays. Damage that no crash can have caused costs only the records it hit: it is
 *       reported, counted and skipped, and is never taken for the end.
 *
 * Threads: append and outcome from any; a reader or cursor belongs to one thread at a time; open,
 * start, stop and close from the owner. */
#ifndef HOOKSTREAM_JOURNAL_H
#define HOOKSTREAM_JOURNAL_H

#include <hookstream/config.h>
#include <hookstream/disk.h>
#include <hookstream/event.h>
#include <hookstream/metrics.h>
#include <hookstream/wakeup.h>

/* ---- Options: journal: in the configuration ---- */

enum hs_journal_store { HS_STORE_DISK, HS_STORE_MEMORY };

struct hs_journal_options {
    unsigned store; /* enum hs_journal_store */
    const char *path;
    uint64_t max_size;         /* bytes of all segments */
    uint64_t retain_ns;        /* how long delivered events are kept */
    uint64_t segment_size;     /* bytes; 0: chosen from max_size, at most 64 MiB */
    uint64_t commit_window_ns; /* the longest the committer waits for more events; 0: never */

    /* Not set by the configuration: */
    const char *label;          /* its name in metrics of damage and errors; NULL: "events" */
    struct hs_metrics *alarmed; /* where those are counted; NULL: in the journal's metrics */
};
extern const struct hs_options hs_journal_option_table;

/* ---- The journal ---- */

struct hs_journal;

/* Callbacks to the owner, on the keeper's or committer's thread. Each may be NULL. */
struct hs_journal_watcher {
    void *context;
    /* A segment will get no more records; a reader opened at `first` can read it. `last` is its
     * last durable sequence (< first: it has none). Return false to be asked again later; the
     * segment is not removed before. */
    bool (*sealed)(void *context, uint64_t first, uint64_t last);
    /* These events were appended but will never be durable (J4). Called for each of them, before
     * their waiters can see the failure. */
    void (*failed)(void *context, const struct hs_event *event);
    /* These events are lost (J6) and a cursor is not past them. Called on the thread of each reader
     * that finds the loss, before hs_reader_next() reports it. That reader is a sink's, or the
     * scrubber's, which reads ahead of the sinks. */
    void (*lost)(void *context, uint64_t first, uint64_t last);
};

/* Locks the directory (created if need be) and recovers: reads the last segment, cuts a torn tail
 * (J6). Starts no thread; readers work after this. `disk` is borrowed, and not used for
 * HS_STORE_MEMORY. -EBUSY: another process has the journal open; -EPROTO: the format is unknown to
 * this version; -errno. */
HS_MUST_CHECK int hs_journal_open(const struct hs_disk *disk,
                                  const struct hs_journal_options *options,
                                  struct hs_metrics *metrics, struct hs_journal **ret_journal);
/* Prepares a segment and starts the committer and the keeper. `watcher` is copied. */
HS_MUST_CHECK int hs_journal_start(struct hs_journal *journal,
                                   const struct hs_journal_watcher *watcher);
/* Until this is called no segment is removed, so that cursors can be opened first. Warns of cursors
 * that nobody opened: they do not hold segments back. */
void hs_journal_allow_removal(struct hs_journal *journal);
/* Reads the newest events that some cursor has not passed, at most HS_SCRUB_START_BYTES of them.
 * This reports damage to the watcher before the first event arrives; the rest is read in the
 * background. Call after hs_journal_allow_removal(), on any thread; blocks meanwhile. */
#define HS_SCRUB_START_BYTES (UINT64_C(1) << 30)
void hs_journal_scrub(struct hs_journal *journal);
/* Refuses appends from now on, commits what was appended, stops the threads. */
void hs_journal_stop(struct hs_journal *journal);
/* Stops if need be and frees; readers and cursors must be closed. NULL is fine. */
void hs_journal_close(struct hs_journal *journal);

/* 36 characters; made with the directory, never changes. */
const char *hs_journal_identity(const struct hs_journal *journal);
/* A random number made with the directory, for keyed hashes that are kept in it. */
uint64_t hs_journal_hash_key(const struct hs_journal *journal);
/* The folder, as configured. Borrowed from the journal. */
const char *hs_journal_path(const struct hs_journal *journal);
/* The file that holds or held this sequence; the segments' folder if no file can be named. The
 * caller frees it. */
char *hs_journal_file_of(const struct hs_journal *journal, uint64_t sequence);
/* The disk that the journal was opened with. */
const struct hs_disk *hs_journal_disk(const struct hs_journal *journal);
/* Whether the journal is in memory only and ends with the process. */
bool hs_journal_in_memory(const struct hs_journal *journal);

/* Copies the event and assigns the next sequence number (event->sequence is not read). It becomes
 * durable with the next batch. -ENOSPC: max_size or the disk is full; -EROFS: a write or sync
 * failed and the journal is read-only until it recovers; -EAGAIN: too much waits for the disk;
 * -EMSGSIZE: larger than a segment; -ESHUTDOWN: stopped. */
HS_MUST_CHECK int hs_journal_append(struct hs_journal *journal, const struct hs_event *event,
                                    uint64_t *ret_sequence);

/* Bytes that max_size allows for further segments. Any thread. */
uint64_t hs_journal_room(const struct hs_journal *journal);
/* The size of the prepared segment that is not yet in use; 0: none. Any thread. */
uint64_t hs_journal_prepared_bytes(const struct hs_journal *journal);

/* Bytes that copies of `events` events, `bytes` in all, need on the journal's disk. Called with a
 * journal lock held, so it must not call the journal. */
typedef uint64_t hs_journal_copies_fn(void *context, uint64_t bytes, uint64_t events);
/* From now on the journal makes a segment only if the copies of all events that some cursor has not
 * passed fit beside it. Where space is short it removes passed segments early. `context` is
 * borrowed until this is called with NULL, which stops it. Any thread. */
void hs_journal_keep_free(struct hs_journal *journal, hs_journal_copies_fn *copies, void *context);

enum hs_journal_outcome { HS_JOURNAL_PENDING, HS_JOURNAL_DURABLE, HS_JOURNAL_FAILED };
/* The outcome of this append: DURABLE once it is synced (J1), FAILED if it never will be (J4). Any
 * thread. */
enum hs_journal_outcome hs_journal_outcome(const struct hs_journal *journal, uint64_t sequence);

/* The durable sequence: readers see events up to it. 0: none yet. */
uint64_t hs_journal_durable(const struct hs_journal *journal);
/* The last sequence appended and not failed. Once it is durable, so is every event whose append
 * returned before this call. A retry of an event that is still pending waits for it. */
uint64_t hs_journal_last(const struct hs_journal *journal);
/* The sequence that the next event gets; no event ever had it or a larger one. */
uint64_t hs_journal_next(const struct hs_journal *journal);
/* The oldest sequence that is still kept; durable + 1 when none is. */
uint64_t hs_journal_oldest(const struct hs_journal *journal);

/* The first sequence that the oldest segment vouched for at the start. Earlier events that a cursor
 * has not passed were removed or lost before the cursor passed them. */
uint64_t hs_journal_begin(const struct hs_journal *journal);

/* As of the open: sequences that are not used again, though the journal holds no event of them,
 * because its end was missing or torn. Durable events lost there are within these bounds. None if
 * first > last. */
void hs_journal_void(const struct hs_journal *journal, uint64_t *ret_first, uint64_t *ret_last);
/* The sequence up to which every cursor in the folder had passed all events; 0: no cursor. */
uint64_t hs_journal_passed(const struct hs_journal *journal);

/* Whether an append would be accepted; if not, `ret_reason` is the text for /readyz. */
bool hs_journal_writable(const struct hs_journal *journal, const char **ret_reason);

/* Whether the next segment could not be prepared, while events still go into the current one.
 * `ret_reason` is the error; it is valid until the calling thread asks again. */
bool hs_journal_unprepared(const struct hs_journal *journal, const char **ret_reason);

/* Signals this wakeup whenever the durable watermark moves or events fail. At most
 * HS_JOURNAL_WAKEUPS_MAX; unsubscribe before closing it. */
#define HS_JOURNAL_WAKEUPS_MAX 256u
void hs_journal_subscribe(struct hs_journal *journal, struct hs_wakeup *wakeup);
/* Signals it whenever a cursor moves, too (for `ack: delivered`). */
void hs_journal_subscribe_cursors(struct hs_journal *journal, struct hs_wakeup *wakeup);
/* Cancels both subscriptions; one that never subscribed is fine. */
void hs_journal_unsubscribe(struct hs_journal *journal, struct hs_wakeup *wakeup);

/* Blocks until `sequence` is durable or has failed. For tools and the dead-letter command,
 * never on an event loop. */
enum hs_journal_outcome hs_journal_wait(struct hs_journal *journal, uint64_t sequence);

/* Segments, oldest first. For the dedupe's startup and for `journal stat`. */
struct hs_segment_info {
    uint64_t first, last;     /* last < first: holds no events */
    uint64_t bytes;           /* on disk */
    uint64_t created_wall_ns; /* no event in it was received much earlier */
    uint64_t newest_wall_ns;  /* of the newest event, 0: none */
    bool sealed;
};
/* The caller frees *ret_segments with free(). */
void hs_journal_segments(const struct hs_journal *journal, struct hs_segment_info **ret_segments,
                         size_t *ret_count);

/* The segment that begins with `first`. false: there is none. */
bool hs_journal_segment(const struct hs_journal *journal, uint64_t first,
                        struct hs_segment_info *ret_segment);

/* ---- Readers ---- */

struct hs_reader;

/* Opens a reader whose next event is the first with sequence >= from. Borrows the journal. If
 * `from` is older than the oldest kept event, it starts at the oldest. -errno. */
HS_MUST_CHECK int hs_reader_open(struct hs_journal *journal, uint64_t from,
                                 struct hs_reader **ret_reader);
/* Frees the reader and its buffer. NULL is fine. */
void hs_reader_close(struct hs_reader *reader);
/* The next durable event: 1, and `ret_event` is valid until the next call; 0: no more yet;
 * -EBADMSG: damaged or missing records were skipped, see hs_reader_loss(), call again; -errno: the
 * disk. Reads by pread into one buffer of HS_READER_BUFFER bytes (or the record's size, if that is
 * larger). */
#define HS_READER_BUFFER (256u << 10)
HS_MUST_CHECK int hs_reader_next(struct hs_reader *reader, struct hs_event *ret_event);
/* After -EBADMSG: the lost events that this reader had not yet returned; first > last: none. The
 * first reader to find the place logs and counts it (journal_damaged_total). Each sink reports what
 * the loss means for it. */
struct hs_reader_loss {
    uint64_t first, last;
};
/* The loss of the last -EBADMSG of this reader. */
struct hs_reader_loss hs_reader_loss(const struct hs_reader *reader);
/* Losses that this reader finds are not reported to the watcher: it reads for the journal's owner,
 * not for a sink. */
void hs_reader_look_only(struct hs_reader *reader);
/* Reports to the watcher events that a sink needs and that were gone before it could read them.
 * first > last: none. */
void hs_journal_lose(struct hs_journal *journal, uint64_t first, uint64_t last);
/* Moves to the first event with sequence >= from, forwards or back. */
HS_MUST_CHECK int hs_reader_seek(struct hs_reader *reader, uint64_t from);

/* ---- Cursors ---- */

struct hs_cursor;

enum hs_cursor_start { HS_CURSOR_FROM_NOW, HS_CURSOR_FROM_OLDEST };

/* Opens the named cursor; a new one begins at `start`. If its file was lost or damaged, it begins
 * at the oldest event kept: its sink gets events twice rather than never. Names are [A-Za-z0-9._-].
 * An open cursor holds segments back (J5). -EINVAL, -errno. */
HS_MUST_CHECK int hs_cursor_open(struct hs_journal *journal, const char *name,
                                 enum hs_cursor_start start, struct hs_cursor **ret_cursor);
/* Saves and closes; NULL is fine. After this no segment is removed until hs_journal_allow_removal()
 * is called again. */
void hs_cursor_close(struct hs_cursor *cursor);
/* Whether no earlier run left a position under this name. */
bool hs_cursor_is_new(const struct hs_cursor *cursor);
/* Every event up to and including this sequence is done. Any thread may read. */
uint64_t hs_cursor_position(const struct hs_cursor *cursor);
/* Moves forwards only and signals those subscribed to cursors. Not crash-safe until
 * hs_cursor_save(). */
void hs_cursor_move(struct hs_cursor *cursor, uint64_t sequence);
/* Events after this sequence are needed again, although the position is past them. They are held
 * back (J5) until the next move, and the next start begins there. UINT64_MAX: they are not needed
 * after all. */
void hs_cursor_keep(struct hs_cursor *cursor, uint64_t sequence);
/* The sink's server has confirmed an event of this sequence; saved with the position. */
void hs_cursor_give(struct hs_cursor *cursor, uint64_t sequence);
/* The last confirmed sequence; for a new sink, its starting position. */
uint64_t hs_cursor_given(const struct hs_cursor *cursor);
/* Whether a server that has events up to `last` lost some that it had confirmed. Events between the
 * last confirmed one and the position were skipped, and are not lost. */
bool hs_cursor_lost(const struct hs_cursor *cursor, uint64_t last);
/* Makes the changes durable. */
HS_MUST_CHECK int hs_cursor_save(struct hs_cursor *cursor);

/* For a cursor whose sink's server keeps its own position; call once, before the first append.
 * Records the end of the journal in a file that stays until the server reports its position. Events
 * that the server has beyond that end came from a copy of this journal that continued. */
void hs_cursor_expect_server(struct hs_cursor *cursor);
/* The server has events up to `last`; this process gave it events up to `given` (0: none). Returns
 * false if it has more than this journal can have given. */
HS_MUST_CHECK bool hs_cursor_hear_server(struct hs_cursor *cursor, uint64_t last, uint64_t given);
/* Records in a file where else the position is kept (hs_sink_place(); 0: only here). Returns true
 * if the place has changed: a position found there may be old, and the cursor counts until
 * hs_cursor_settle_at(). */
HS_MUST_CHECK bool hs_cursor_is_moved_to(struct hs_cursor *cursor, uint64_t place);
/* From now on the position found at `place` counts. */
void hs_cursor_settle_at(struct hs_cursor *cursor, uint64_t place);
/* The last event that the server may have, as of hs_cursor_hear_server(). */
uint64_t hs_cursor_end(const struct hs_cursor *cursor);

#endif
