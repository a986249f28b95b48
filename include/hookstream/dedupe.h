/* Dedupe: the ids of every event journaled within the window, as 128-bit keyed hashes. The
 * journal is the truth and outlives this index: an id enters with its record, never before
 * it. Ids of sealed segments are kept in small id files, so that a start does not read
 * gigabytes and the window may be longer than the journal keeps bodies.
 *
 * Invariants:
 *   D1  An id that is in the journal within the window is known, also after any crash, and if the
 *       system's clock is wrong for a while. Ids age by the last genuine request, and from a
 *       start until the first one by the newest event.
 *   D2  An id whose event is not in the journal is not known, unless every sink has passed the
 *       event. So what any sink is reported to have lost can be sent again. Where it cannot be
 *       known which ids were lost, those of the whole range count as lost. It takes effect when
 *       a reader meets the loss: a sink's, or the journal's scrubber, which reads before the door
 *       opens, when a file is touched, and every ten minutes (docs/journal-format.md).
 *   D3  Of two equal ids that arrive at the same time one is new and the other is seen.
 *
 * Memory: HS_DEDUPE_SHARDS open-addressing tables, 16 bytes of hash and 1 of generation (an
 * hour) a slot, at most 90 % full; an aged generation counts as absent and its slots are
 * written over, or dropped when a table is rebuilt. With `store: memory` there are no files.
 * Threads: begin/end and lost from any; load and write_ids from one at a time. */
#ifndef HOOKSTREAM_DEDUPE_H
#define HOOKSTREAM_DEDUPE_H

#include <hookstream/journal_inspect.h>

enum hs_dedupe_store { HS_DEDUPE_LOCAL, HS_DEDUPE_REDIS };
enum hs_dedupe_unavailable { HS_DEDUPE_ACCEPT, HS_DEDUPE_REFUSE };

struct hs_dedupe_options {
    uint64_t window_ns;
    unsigned store; /* enum hs_dedupe_store; REDIS: also dedupe_shared.h, with what follows */
    const char *url, *username, *password, *prefix;
    uint64_t reservation_ns, timeout_ns;
    unsigned on_unavailable; /* enum hs_dedupe_unavailable */
};
extern const struct hs_options hs_dedupe_option_table;

#define HS_DEDUPE_SHARDS 256u

struct hs_dedupe;

/* Creates an empty index, keyed with the journal's hash key. Borrows the journal and metrics. */
HS_MUST_CHECK int hs_dedupe_create(const struct hs_dedupe_options *options,
                                   struct hs_journal *journal, struct hs_metrics *metrics,
                                   struct hs_dedupe **ret_dedupe);
/* Frees the index. NULL is fine. */
void hs_dedupe_free(struct hs_dedupe *dedupe);

/* Loads the id files, and the ids of segments that have none (writing id files for sealed ones).
 * Call it before the first begin. -errno. A damaged id file is rebuilt from its segment, or logged
 * with its place if the segment is missing. */
HS_MUST_CHECK int hs_dedupe_load(struct hs_dedupe *dedupe);

/* One id being decided. From begin (if it returns NEW) until end a lock is held: append to the
 * journal, nothing slower. */
struct hs_dedupe_claim {
    void *shard;
    uint64_t low, high;
    uint64_t wait_for; /* SEEN: the sequence whose outcome includes that of the id's event; read
                        * atomically with the verdict, unlike a later hs_journal_last() */
};
enum hs_dedupe_verdict { HS_DEDUPE_NEW, HS_DEDUPE_SEEN };
/* Decides whether the id of a source is new (D3). NEW keeps the id's shard locked until
 * hs_dedupe_end(); SEEN does not. */
enum hs_dedupe_verdict hs_dedupe_begin(struct hs_dedupe *dedupe, struct hs_slice source,
                                       struct hs_slice id, uint64_t now_wall_ns,
                                       struct hs_dedupe_claim *ret_claim);
/* Call it after NEW: `journaled` tells whether the journal accepted the append. */
void hs_dedupe_end(struct hs_dedupe *dedupe, struct hs_dedupe_claim *claim, bool journaled,
                   uint64_t now_wall_ns);
/* The event was appended and then failed (J4): removes its id. */
void hs_dedupe_forget(struct hs_dedupe *dedupe, struct hs_slice source, struct hs_slice id);

/* The journal no longer has these events, and a sink needed them: forgets their ids, on disk before
 * in memory. For the journal's watcher; blocks until done, as long as reading all id files
 * takes. */
void hs_dedupe_lost(struct hs_dedupe *dedupe, uint64_t first, uint64_t last);
/* Visits the ranges lost within the window, in this run or an earlier one. Any thread. */
void hs_dedupe_each_lost(struct hs_dedupe *dedupe,
                         void (*each)(void *context, uint64_t first, uint64_t last), void *context);

/* Writes the id file of a sealed segment; removes expired id files. For the journal's watcher, on
 * the keeper's thread. Returns false if it could not (logged): the segment must stay until it can,
 * or D1 would not hold after the next start. */
HS_MUST_CHECK bool hs_dedupe_write_ids(struct hs_dedupe *dedupe, uint64_t first, uint64_t last);

/* Checks the id files in the folder of the journal at `path` without opening it, even while another
 * process has it open: for `journal verify`. A folder without id files is fine. -errno. */
HS_MUST_CHECK int hs_dedupe_verify(const struct hs_disk *disk, const char *path,
                                   hs_journal_finding_fn *finding, void *context,
                                   uint64_t *ret_files, uint64_t *ret_damages);

/* The number of ids held (including expired ones for up to an hour). */
uint64_t hs_dedupe_count(const struct hs_dedupe *dedupe);

#endif
