/* Looking into a journal's folder without opening it: no lock, nothing is written, also beside
 * the process that has it open. Files may come, grow and go meanwhile, which is no damage: the
 * end of the last segment is read again before anything there is called so.
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
    /* When the first event kept was received, and the last one that came from a sender: what was
     * sent again was received when it first came, and only where nothing else is kept does that
     * count as the newest. 0: none. */
    uint64_t oldest_wall_ns, newest_wall_ns;
    struct hs_cursor_summary {
        char name[64];
        uint64_t position;
    } * cursors;
    size_t cursor_count;
};
/* Reads headers and cursors of a journal's folder, without changing anything; hookstream may be
 * running. The caller frees the summary. -errno and a message. */
HS_MUST_CHECK int hs_journal_summarize(const struct hs_disk *disk, const char *path,
                                       struct hs_journal_summary *ret_summary);
/* Frees what a summary holds, not the struct itself. */
void hs_journal_summary_free(struct hs_journal_summary *summary);

/* Whether there was a cursor of this name, though its file may be gone. */
bool hs_journal_had_cursor(const struct hs_disk *disk, const char *path, const char *name);

/* What hs_journal_hash_key() would say. -ENOENT: no journal there; -EBADMSG; -EPROTO; -errno. */
HS_MUST_CHECK int hs_journal_read_hash_key(const struct hs_disk *disk, const char *path,
                                           uint64_t *ret_hash_key);

/* ---- Findings ---- */

struct hs_journal_finding {
    bool damage;      /* false: worth knowing, and no damage */
    const char *file; /* path */
    uint64_t offset, bytes;
    uint64_t first, last; /* the events concerned; first > last: none, or nobody knows which */
    const char *what;     /* what was found */
    const char *advice;   /* what to do */
    bool passed_over;     /* the events cannot be read, and whoever reads on goes past them */
    bool removed;         /* the events were removed during the walk: no damage */
};
/* The finding is valid during the call. */
typedef void hs_journal_finding_fn(void *context, const struct hs_journal_finding *finding);

/* ---- Walking the events: for `journal dump` ---- */

struct hs_journal_walk {
    uint64_t from, to; /* sequences that are given; findings are told of the segments read */
    /* Nothing older is wanted: segments that were finished an hour before it, which a clock that
     * was set may be wrong by, are not read. Not a filter. */
    uint64_t received_from_ns;
    void *context;
    /* An event, valid during the call, in the order of the journal. Not 0: the walk ends. */
    int (*event)(void *context, const struct hs_event *event); /* NULL: none is given */
    hs_journal_finding_fn *finding;
};

struct hs_journal_totals {
    uint64_t segments, bytes, events;
    uint64_t first, last; /* of the events; 0: none */
    uint64_t begin, end;  /* what should be there: begin > end: nothing */
    uint64_t damages;     /* findings that are damage */
    uint64_t lost;        /* events that they cost, as far as that is known */
};

/* Walks the segments from the oldest to the newest. Events that are void (J4) are not given;
 * those of the newest batch may be given before they are durable. All that were durable when it
 * began are given, but for those removed meanwhile: the oldest without a word, those behind a
 * segment that was read with a finding. 0, what `event` returned, -ENOENT: no journal there;
 * -EAGAIN: all that was listed was removed, again and again; -EPROTO; -errno. */
HS_MUST_CHECK int hs_journal_walk(const struct hs_disk *disk, const char *path,
                                  const struct hs_journal_walk *walk,
                                  struct hs_journal_totals *ret_totals);

/* ---- Verifying: for `journal verify` ---- */

/* Reads meta, every segment and every cursor. The files of ids are the dedupe's:
 * hs_dedupe_verify(). */
HS_MUST_CHECK int hs_journal_verify(const struct hs_disk *disk, const char *path,
                                    hs_journal_finding_fn *finding, void *context,
                                    struct hs_journal_totals *ret_totals);

#endif
