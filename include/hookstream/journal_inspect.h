/* Inspects a journal's folder without opening it: takes no lock, writes nothing, and works beside a
 * running hookstream. Files may appear, grow and vanish meanwhile, which is not damage: the end of
 * the last segment is read again before anything there is reported as damaged.
 * Threads: any; a call belongs to one. */
#ifndef HOOKSTREAM_JOURNAL_INSPECT_H
#define HOOKSTREAM_JOURNAL_INSPECT_H

#include <hookstream/journal.h>

/* ---- A summary: for `journal stat` ---- */

struct hs_journal_summary {
    char identity[37];
    unsigned format;
    uint64_t first, last, events; /* first > last: none */
    uint64_t bytes, segments;
    /* When the oldest and the newest event were received. A replayed event keeps the time of its
     * first receipt, so it counts as the newest only if nothing else is kept. 0: none. */
    uint64_t oldest_wall_ns, newest_wall_ns;
    struct hs_cursor_summary {
        char name[64];
        uint64_t position;
    } * cursors;
    size_t cursor_count;
};
/* Reads headers and cursors of a journal's folder and changes nothing; hookstream may be running.
 * The caller frees the summary. -errno and a message. */
HS_MUST_CHECK int hs_journal_summarize(const struct hs_disk *disk, const char *path,
                                       struct hs_journal_summary *ret_summary);
/* Frees what a summary holds, not the struct itself. */
void hs_journal_summary_free(struct hs_journal_summary *summary);

/* Whether the journal ever had a cursor of this name, even if its file is gone. */
bool hs_journal_had_cursor(const struct hs_disk *disk, const char *path, const char *name);

/* Reads what hs_journal_hash_key() returns. -ENOENT: no journal there; -EBADMSG; -EPROTO;
 * -errno. */
HS_MUST_CHECK int hs_journal_read_hash_key(const struct hs_disk *disk, const char *path,
                                           uint64_t *ret_hash_key);

/* ---- Findings ---- */

struct hs_journal_finding {
    bool damage;      /* false: information only */
    const char *file; /* path */
    uint64_t offset, bytes;
    uint64_t first, last; /* the events concerned; first > last: none, or unknown */
    const char *what;     /* what was found */
    const char *advice;   /* what to do */
    bool passed_over;     /* the events cannot be read; readers skip them */
    bool removed;         /* the events were removed during the walk: not damage */
};
/* The finding is valid during the call. */
typedef void hs_journal_finding_fn(void *context, const struct hs_journal_finding *finding);

/* ---- Walking the events: for `journal dump` ---- */

struct hs_journal_walk {
    uint64_t from, to; /* sequences to return; findings cover the segments read */
    /* Skips segments that were finished more than an hour before this time. The hour allows for
     * clock changes. Not a filter. */
    uint64_t received_from_ns;
    void *context;
    /* Called per event, valid during the call, in journal order. Not 0: the walk ends. */
    int (*event)(void *context, const struct hs_event *event); /* NULL: events are not reported */
    hs_journal_finding_fn *finding;
};

struct hs_journal_totals {
    uint64_t segments, bytes, events;
    uint64_t first, last; /* of the events; 0: none */
    uint64_t begin, end;  /* the range expected; begin > end: none */
    uint64_t damages;     /* findings with `damage` */
    uint64_t lost;        /* events lost to them, as far as known */
};

/* Walks the segments from the oldest to the newest. Void events (J4) are not returned; events of
 * the newest batch may be returned before they are durable. All events durable at the start are
 * returned, except those removed meanwhile: the oldest silently, those after a segment already read
 * with a finding. 0, what `event` returned, -ENOENT: no journal there; -EAGAIN: all listed segments
 * were removed, repeatedly; -EPROTO; -errno. */
HS_MUST_CHECK int hs_journal_walk(const struct hs_disk *disk, const char *path,
                                  const struct hs_journal_walk *walk,
                                  struct hs_journal_totals *ret_totals);

/* ---- Verifying: for `journal verify` ---- */

/* Reads meta, every segment and every cursor. The dedupe's id files are checked by
 * hs_dedupe_verify(). */
HS_MUST_CHECK int hs_journal_verify(const struct hs_disk *disk, const char *path,
                                    hs_journal_finding_fn *finding, void *context,
                                    struct hs_journal_totals *ret_totals);

#endif
