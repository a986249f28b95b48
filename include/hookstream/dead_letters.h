/* Dead letters: events that cannot be delivered, each with its reason, route, sink, attempts and
 * the bytes received. They are kept in a small journal of their own under the journal's folder, so
 * that they outlive its retention and are written as safely. A letter is removed when an operator
 * retries or discards it. It is dropped when it is too old or there are too many
 * (dead_letters.retain, max_size), which is logged and counted. Knows sinks and routes only by
 * name.
 *
 * Invariants:
 *   L1  A letter whose ticket was durable is listed until it is removed, even after a crash.
 *   L2  A removed letter is not listed again once hs_dead_letters_remove() has returned.
 *
 * Threads: any; a reader belongs to one thread. */
#ifndef HOOKSTREAM_DEAD_LETTERS_H
#define HOOKSTREAM_DEAD_LETTERS_H

#include <hookstream/journal.h>

struct hs_dead_letters_options {
    uint64_t max_size;             /* bytes on disk */
    uint64_t retain_ns;            /* measured from the event's receipt */
    const struct hs_node *forward; /* a target that also gets each letter; NULL: none */
    uint64_t body_max;             /* size of the largest possible body; not an option of its own */
    uint64_t copies;       /* how many letters an event may become: the number of sinks; 0: one */
    uint64_t segment_size; /* minimum size in bytes; 0: chosen automatically. For tests. */
};
extern const struct hs_options hs_dead_letters_option_table;

struct hs_dead_letters;

/* Why and where; texts are cut at HS_DEAD_LETTER_TEXT_MAX bytes. */
#define HS_DEAD_LETTER_TEXT_MAX 512u
struct hs_dead_letter_reason {
    const char
        *reason; /* stable label: not_json, not_envelope, no_route, transform, too_large, ... */
    const char *detail; /* a message; NULL: none */
    const char *route;  /* NULL: none */
    const char *sink;   /* NULL: none */
    unsigned attempts;
};

/* Opens the store of this journal, reads which letters exist, and starts it. `options` is copied.
 * Borrows `journal`, which must be open and outlive it. If both are on one disk, the journal leaves
 * room for letters from now on: call it before hs_journal_start(). -errno and a message. */
HS_MUST_CHECK int hs_dead_letters_open(struct hs_journal *journal,
                                       const struct hs_dead_letters_options *options,
                                       struct hs_metrics *metrics,
                                       struct hs_dead_letters **ret_letters);
/* Commits the pending letters and closes. NULL is fine. */
void hs_dead_letters_close(struct hs_dead_letters *letters);

/* Stores a letter. It is safe when hs_dead_letters_outcome() of the ticket reports durable; until
 * then the event must not count as done. -errno: the store accepts nothing now, retry. */
HS_MUST_CHECK int hs_dead_letters_put(struct hs_dead_letters *letters, const struct hs_event *event,
                                      const struct hs_dead_letter_reason *why,
                                      uint64_t *ret_ticket);
/* Whether the letter of this ticket is pending, durable or failed. Any thread. */
enum hs_journal_outcome hs_dead_letters_outcome(const struct hs_dead_letters *letters,
                                                uint64_t ticket);
/* Signals this wakeup when the outcome of tickets is known. */
void hs_dead_letters_subscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup);
/* Stops signalling the wakeup. */
void hs_dead_letters_unsubscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup);

/* Whether a letter could be stored now; if not, `ret_reason` is the reason, for /readyz. */
bool hs_dead_letters_writable(const struct hs_dead_letters *letters, const char **ret_reason);
/* As hs_journal_unprepared(), for the store. */
bool hs_dead_letters_unprepared(const struct hs_dead_letters *letters, const char **ret_reason);

/* What the store takes on disk at most, with what it needs to make room. */
uint64_t hs_dead_letters_bytes_max(const struct hs_dead_letters_options *options);

/* The number of letters. */
uint64_t hs_dead_letters_count(struct hs_dead_letters *letters);
/* Whether this letter was found damaged on disk, and is lost, since the start. A reader that starts
 * at its number finds it. */
bool hs_dead_letters_is_damaged(struct hs_dead_letters *letters, uint64_t number);
/* Drops letters beyond the limits, and warns before that is necessary. Call it now and then;
 * usually it does nothing. */
void hs_dead_letters_tidy(struct hs_dead_letters *letters);

/* ---- Reading ---- */

struct hs_letter {
    uint64_t number; /* its name for operators; the ticket it was stored with */
    /* As journaled: its sequence then, its time of receipt, its own headers. */
    struct hs_event event;
    struct hs_slice reason, detail, route, sink, history; /* empty: none */
    uint64_t attempts;
    uint64_t moved_from; /* its number before it was moved within the store; 0: it was not moved */
    bool forwarded;      /* forwarded before it was moved within the store: must not be forwarded
                          * again */
};

struct hs_letter_reader;
/* Opens a reader at this number. -errno and a message. */
HS_MUST_CHECK int hs_letter_reader_open(struct hs_dead_letters *letters, uint64_t from,
                                        struct hs_letter_reader **ret_reader);
/* Closes the reader. NULL is fine. */
void hs_letter_reader_close(struct hs_letter_reader *reader);
/* Moves to this number, forwards or backwards. */
HS_MUST_CHECK int hs_letter_reader_seek(struct hs_letter_reader *reader, uint64_t from);
/* Reads the next letter: 1, valid until the next call; 0: no more; -errno. */
HS_MUST_CHECK int hs_letter_reader_next(struct hs_letter_reader *reader,
                                        struct hs_letter *ret_letter);

/* ---- Inspecting its folder without opening it: for `journal dump` ---- */

struct hs_letter_index;
/* Reads which letters of the store in this folder were removed, also while hookstream runs. As
 * hs_journal_walk(). */
HS_MUST_CHECK int hs_letter_index_read(const struct hs_disk *disk, const char *path,
                                       struct hs_letter_index **ret_index);
/* Frees the index. NULL is fine. */
void hs_letter_index_free(struct hs_letter_index *index);
/* Whether the record is a letter that was not removed then; the store's own records are not
 * letters. */
bool hs_letter_index_has(const struct hs_letter_index *index, const struct hs_event *record);

/* ---- Removing ---- */

/* The letter's current number: a letter that was moved within the store has a new one. */
uint64_t hs_dead_letters_number(struct hs_dead_letters *letters, uint64_t number);
/* Removes letters by ascending numbers, including numbers from before a move; ignores missing ones.
 * Blocks until that is durable. Returns the number of letters removed, or -errno. */
HS_MUST_CHECK int64_t hs_dead_letters_remove(struct hs_dead_letters *letters,
                                             const uint64_t *numbers, size_t count);

#endif
