/* Journal: an append-only sequence of events in segment files, the product's promise. One
 * committer writes and syncs a batch for all who wait and publishes the watermarks; readers
 * walk it forwards, one a sink; a cursor a sink says how far that one is; a keeper prepares
 * segments ahead and removes those that nobody needs. Knows no JSON, no routes, no sinks.
 * The format, byte by byte: docs/journal-format.md.
 *
 * Invariants (tests name the number):
 *   J1  What hs_journal_outcome() calls durable is read back after any crash.
 *   J2  Sequence numbers only grow, are never used twice, and readers see them in order.
 *   J3  A reader is never given an event that is not durable.
 *   J4  After a failed write or sync nothing more goes into that segment. What it held
 *       beyond the last good sync is void, now and after a restart; unless the process ends
 *       before the disk took another write, then it may turn up as durable (never the other
 *       way: the sender was not told 2xx, and its retry is a duplicate then).
 *   J5  A segment is removed only when every open cursor's saved position is past it.
 *   J6  A torn tail is cut at the first record that is not whole; what was durable before
 *       it stays. Damage that no crash can have made costs the records it hit and no others:
 *       it is told, counted and passed over, and is never taken for the end.
 *
 * Threads: append and outcome from any; a reader or cursor belongs to one thread at a time;
 * open, start, stop and close from the owner. */
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
    uint64_t commit_window_ns; /* the longest the committer waits for company; 0: never */

    /* No options of the configuration: */
    const char *label;          /* what metrics of damage and errors call it; NULL: "events" */
    struct hs_metrics *alarmed; /* where those are counted; NULL: where the rest is */
};
extern const struct hs_options hs_journal_option_table;

/* ---- The journal ---- */

struct hs_journal;

/* What it tells its owner; called on the keeper's or committer's thread. Each may be NULL. */
struct hs_journal_watcher {
    void *context;
    /* A segment will get no more records; it can be read with a reader from `first`. Its
     * last durable sequence is `last` (< first: it holds none). false: ask again later; the
     * segment is not removed before. */
    bool (*sealed)(void *context, uint64_t first, uint64_t last);
    /* These events were appended and are not durable after all (J4): called for each of
     * them, before their waiters can see the failure. */
    void (*failed)(void *context, const struct hs_event *event);
    /* These events are lost (J6) and a cursor is not past them; called on the thread of the reader
     * that met the place, before hs_reader_next() says so, for each reader that does; a sink's, or
     * the scrubber's, which reads ahead of the sinks. */
    void (*lost)(void *context, uint64_t first, uint64_t last);
};

/* Locks the directory (created if need be) and recovers: reads the last segment, cuts a
 * torn tail (J6). Starts no thread; readers work from here on. `disk` is borrowed; for
 * HS_STORE_MEMORY it is not used. -EBUSY: another process has it; -EPROTO: a format this
 * version does not know; -errno. */
HS_MUST_CHECK int hs_journal_open(const struct hs_disk *disk,
                                  const struct hs_journal_options *options,
                                  struct hs_metrics *metrics, struct hs_journal **ret_journal);
/* Prepares a segment and starts the committer and the keeper. `watcher` is copied. */
HS_MUST_CHECK int hs_journal_start(struct hs_journal *journal,
                                   const struct hs_journal_watcher *watcher);
/* Until this is called no segment is removed, so that cursors can be opened first. Warns of
 * cursors that nobody opened: they hold nothing back. */
void hs_journal_allow_removal(struct hs_journal *journal);
/* Reads the newest events that not every cursor is past, at most HS_SCRUB_START_BYTES of them, so
 * that what is damaged is reported to the watcher before an event comes; the rest is read in the
 * background. After hs_journal_allow_removal(), on any thread; blocks meanwhile. */
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
/* The file that has this sequence, or had it; the folder of them, where none can be named. The
 * caller frees it. */
char *hs_journal_file_of(const struct hs_journal *journal, uint64_t sequence);
/* The disk that the journal was opened with. */
const struct hs_disk *hs_journal_disk(const struct hs_journal *journal);
/* Whether nothing of it outlives the process. */
bool hs_journal_in_memory(const struct hs_journal *journal);

/* Copies the event in and gives it the next sequence number (event->sequence is not read).
 * It becomes durable with the next batch. -ENOSPC: max_size or the disk is full; -EROFS: a
 * write or sync failed and the journal is read-only until it recovers; -EAGAIN: too much
 * waits for the disk; -EMSGSIZE: larger than a segment; -ESHUTDOWN: stopped. */
HS_MUST_CHECK int hs_journal_append(struct hs_journal *journal, const struct hs_event *event,
                                    uint64_t *ret_sequence);

/* Bytes that max_size allows for further segments. Any thread. */
uint64_t hs_journal_room(const struct hs_journal *journal);
/* The size of the segment that is prepared and not in use yet; 0: none. Any thread. */
uint64_t hs_journal_prepared_bytes(const struct hs_journal *journal);

/* Bytes that copies of so many events, of `bytes` in all, need on the journal's disk. Called with
 * a lock of the journal held: must not call it. */
typedef uint64_t hs_journal_copies_fn(void *context, uint64_t bytes, uint64_t events);
/* From now on the journal makes a segment only if there is room beside it for the copies of all
 * events that some cursor is not past, and removes passed segments early where that is short.
 * `context` is borrowed until this is called with NULL, which stops it. Any thread. */
void hs_journal_keep_free(struct hs_journal *journal, hs_journal_copies_fn *copies, void *context);

enum hs_journal_outcome { HS_JOURNAL_PENDING, HS_JOURNAL_DURABLE, HS_JOURNAL_FAILED };
/* What became of this append: DURABLE once it is synced (J1), FAILED if it never will be (J4). Any
 * thread. */
enum hs_journal_outcome hs_journal_outcome(const struct hs_journal *journal, uint64_t sequence);

/* The last sequence durable; what a reader can see. 0: none yet. */
uint64_t hs_journal_durable(const struct hs_journal *journal);
/* The last sequence appended and not failed: when it is durable, so is every event whose
 * append returned before this call. What a retry of an event still in the air waits for. */
uint64_t hs_journal_last(const struct hs_journal *journal);
/* The sequence that the next event gets; no event ever had it or a larger one. */
uint64_t hs_journal_next(const struct hs_journal *journal);
/* The oldest sequence that is still kept; durable + 1 when none is. */
uint64_t hs_journal_oldest(const struct hs_journal *journal);

/* The first sequence that the oldest segment vouched for at the start: what a cursor before it
 * has not passed was removed or lost without it. */
uint64_t hs_journal_begin(const struct hs_journal *journal);

/* Of the time of the open. Sequences that are not used again though the journal holds no event of
 * them: its end was missing or torn. What of them was durable is lost, and in these bounds;
 * first > last: none. */
void hs_journal_void(const struct hs_journal *journal, uint64_t *ret_first, uint64_t *ret_last);
/* Up to this one every cursor in the folder was past every event; 0 if there was no cursor. */
uint64_t hs_journal_passed(const struct hs_journal *journal);

/* Whether an append would be taken; if not, `ret_reason` gives words for /readyz. */
bool hs_journal_writable(const struct hs_journal *journal, const char **ret_reason);

/* Whether the next segment could not be prepared, while events still go into the current one.
 * `ret_reason` is the error; it is valid until the calling thread asks again. */
bool hs_journal_unprepared(const struct hs_journal *journal, const char **ret_reason);

/* Tells this wakeup whenever the durable watermark moved or events failed. At most
 * HS_JOURNAL_WAKEUPS_MAX; unsubscribe before closing it. */
#define HS_JOURNAL_WAKEUPS_MAX 256u
void hs_journal_subscribe(struct hs_journal *journal, struct hs_wakeup *wakeup);
/* Tells it whenever a cursor moved, too (for `ack: delivered`). */
void hs_journal_subscribe_cursors(struct hs_journal *journal, struct hs_wakeup *wakeup);
/* Takes both back; one that never subscribed is fine. */
void hs_journal_unsubscribe(struct hs_journal *journal, struct hs_wakeup *wakeup);

/* Blocks until `sequence` is durable or has failed. For tools and the dead-letter command,
 * never on an event loop. */
enum hs_journal_outcome hs_journal_wait(struct hs_journal *journal, uint64_t sequence);

/* Segments, oldest first. For the dedupe's start-up and for `journal stat`. */
struct hs_segment_info {
    uint64_t first, last;     /* last < first: holds no events */
    uint64_t bytes;           /* on disk */
    uint64_t created_wall_ns; /* no event of it was received much earlier */
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

/* A reader whose next event is the first with sequence >= from. Borrows the journal. If
 * `from` is older than the oldest kept, it starts at the oldest. -errno. */
HS_MUST_CHECK int hs_reader_open(struct hs_journal *journal, uint64_t from,
                                 struct hs_reader **ret_reader);
/* Frees the reader and its buffer. NULL is fine. */
void hs_reader_close(struct hs_reader *reader);
/* The next durable event: 1, and `ret_event` is valid until the next call; 0: no more yet;
 * -EBADMSG: damaged or missing records were passed over, see hs_reader_loss(); call again;
 * -errno: the disk. Reads by pread into one buffer of HS_READER_BUFFER bytes (or the
 * record's size, if that is more). */
#define HS_READER_BUFFER (256u << 10)
HS_MUST_CHECK int hs_reader_next(struct hs_reader *reader, struct hs_event *ret_event);
/* After -EBADMSG: the events it cost, of those that were still to come; first > last: none. The
 * place was logged and counted (journal_damaged_total) by the first reader that came by; what it
 * means for a sink is for that sink to tell. */
struct hs_reader_loss {
    uint64_t first, last;
};
/* The loss of the last -EBADMSG of this reader. */
struct hs_reader_loss hs_reader_loss(const struct hs_reader *reader);
/* What this one passes over is not reported to the watcher: it reads for the journal's owner and
 * not for a sink. */
void hs_reader_look_only(struct hs_reader *reader);
/* Reports events that a sink needs and that were gone before it could read them to the watcher.
 * first > last: none. */
void hs_journal_lose(struct hs_journal *journal, uint64_t first, uint64_t last);
/* Moves to the first event with sequence >= from, forwards or back. */
HS_MUST_CHECK int hs_reader_seek(struct hs_reader *reader, uint64_t from);

/* ---- Cursors ---- */

struct hs_cursor;

enum hs_cursor_start { HS_CURSOR_FROM_NOW, HS_CURSOR_FROM_OLDEST };

/* Opens the named cursor; a new one starts as `start` says. One whose file is gone or damaged,
 * though there was one, starts with the oldest event that is kept: its sink gets events twice
 * rather than not at all. Names are [A-Za-z0-9._-]. An open cursor holds segments back (J5).
 * -EINVAL, -errno. */
HS_MUST_CHECK int hs_cursor_open(struct hs_journal *journal, const char *name,
                                 enum hs_cursor_start start, struct hs_cursor **ret_cursor);
/* Saves and closes; NULL is fine. From then on no segment is removed any more, until
 * hs_journal_allow_removal() is called again. */
void hs_cursor_close(struct hs_cursor *cursor);
/* No earlier run has left a position under this name. */
bool hs_cursor_is_new(const struct hs_cursor *cursor);
/* Every event up to and with this sequence is done. Any thread may read. */
uint64_t hs_cursor_position(const struct hs_cursor *cursor);
/* Moves forwards only; told to those who subscribed to cursors. Not yet safe
 * from a crash. */
void hs_cursor_move(struct hs_cursor *cursor, uint64_t sequence);
/* The events after this sequence are needed once more, although the position is past them:
 * they are held back (J5) until the next move, and the next start begins there. UINT64_MAX: they
 * are not needed after all. */
void hs_cursor_keep(struct hs_cursor *cursor, uint64_t sequence);
/* The sink's server has confirmed an event of this sequence: kept with the position. */
void hs_cursor_give(struct hs_cursor *cursor, uint64_t sequence);
/* The last of these; of a sink that is new, where it began. */
uint64_t hs_cursor_given(const struct hs_cursor *cursor);
/* Whether a server that has events up to `last` has lost some that it confirmed. What the position
 * has beyond them was left out, and is no loss. */
bool hs_cursor_lost(const struct hs_cursor *cursor, uint64_t last);
/* Makes what changed durable. */
HS_MUST_CHECK int hs_cursor_save(struct hs_cursor *cursor);

/* For a cursor whose sink's server says itself how far it is; once, before anything is appended.
 * Notes where the journal ends, in a file that stays until the server is heard: what the server
 * has beyond that was not given out of this journal, but out of a copy of it that went on. */
void hs_cursor_expect_server(struct hs_cursor *cursor);
/* The server has events up to `last`, and was given events up to `given` by this process (0:
 * none). false: it has more than this journal can have given. */
HS_MUST_CHECK bool hs_cursor_hear_server(struct hs_cursor *cursor, uint64_t last, uint64_t given);
/* Where else the position is kept (hs_sink_place(); 0: only here) is noted in a file as well.
 * true: elsewhere than before, so that what is found there may be old, and the cursor counts,
 * until hs_cursor_settle_at(). */
HS_MUST_CHECK bool hs_cursor_is_moved_to(struct hs_cursor *cursor, uint64_t place);
/* From now on what is found at the place counts. */
void hs_cursor_settle_at(struct hs_cursor *cursor, uint64_t place);
/* The last event that the server may have, as of hs_cursor_hear_server(). */
uint64_t hs_cursor_end(const struct hs_cursor *cursor);

#endif
