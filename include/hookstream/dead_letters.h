/* Dead letters: events that will never be delivered as things are, each with its reason,
 * route, sink, attempts and the bytes received. Kept in a small journal of their own under
 * the journal's folder, so that they outlive its retention and are written with the same
 * care. A letter goes when an operator retries or discards it, or when it is too old or there
 * are too many (dead_letters.retain, max_size), which is logged and counted. Knows nothing of
 * sinks or routes but their names.
 *
 * Invariants:
 *   L1  A letter whose ticket was durable is listed until it was removed, also after a crash.
 *   L2  A letter that was removed is not listed again, once hs_dead_letters_remove() returned.
 *
 * Threads: put and outcome from any; so is the rest, but a reader belongs to one thread. */
#ifndef HOOKSTREAM_DEAD_LETTERS_H
#define HOOKSTREAM_DEAD_LETTERS_H

#include <hookstream/journal.h>

struct hs_dead_letters_options {
    uint64_t max_size;             /* bytes on disk */
    uint64_t retain_ns;            /* from the receipt of the event */
    const struct hs_node *forward; /* a target that gets each letter, too; NULL: none */
    uint64_t body_max;     /* bytes of the largest body there can be; no option of its own */
    uint64_t segment_size; /* at least so many bytes; 0: chosen. For tests. */
};
extern const struct hs_options hs_dead_letters_option_table;

struct hs_dead_letters;

/* Why and where; texts are cut at HS_DEAD_LETTER_TEXT_MAX bytes. */
#define HS_DEAD_LETTER_TEXT_MAX 512u
struct hs_dead_letter_reason {
    const char
        *reason; /* stable label: not_json, not_envelope, no_route, transform, too_large, ... */
    const char *detail; /* words; NULL: none */
    const char *route;  /* NULL: none */
    const char *sink;   /* NULL: none */
    unsigned attempts;
};

/* Opens the store of this journal, reads which letters there are, and starts it. `options`
 * is copied. -errno and words. */
HS_MUST_CHECK int hs_dead_letters_open(struct hs_journal *journal,
                                       const struct hs_dead_letters_options *options,
                                       struct hs_metrics *metrics,
                                       struct hs_dead_letters **ret_letters);
/* Commits what was put and closes. NULL is fine. */
void hs_dead_letters_close(struct hs_dead_letters *letters);

/* Puts one in. It is safe when hs_dead_letters_outcome() of the ticket says durable; until
 * then the event must not count as done. -errno: the store takes nothing now, try again. */
HS_MUST_CHECK int hs_dead_letters_put(struct hs_dead_letters *letters, const struct hs_event *event,
                                      const struct hs_dead_letter_reason *why,
                                      uint64_t *ret_ticket);
enum hs_journal_outcome hs_dead_letters_outcome(const struct hs_dead_letters *letters,
                                                uint64_t ticket);
/* Tells this wakeup when tickets are decided. */
void hs_dead_letters_subscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup);
void hs_dead_letters_unsubscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup);

/* Whether one could be put in now; if not, `ret_reason` is why, for /readyz. */
bool hs_dead_letters_writable(const struct hs_dead_letters *letters, const char **ret_reason);
/* As hs_journal_unprepared(), of the store. */
bool hs_dead_letters_unprepared(const struct hs_dead_letters *letters, const char **ret_reason);

/* How many there are. */
uint64_t hs_dead_letters_count(struct hs_dead_letters *letters);
/* Whether this one was found damaged on disk, and is lost, since the start. Who read from its
 * number on has found it. */
bool hs_dead_letters_is_damaged(struct hs_dead_letters *letters, uint64_t number);
/* Drops what is too old or too much, and warns before it comes to that. To be called now and
 * then; does nothing most of the time. */
void hs_dead_letters_tidy(struct hs_dead_letters *letters);

/* ---- Reading ---- */

struct hs_letter {
    uint64_t number; /* its name for operators; the ticket it was put with */
    /* As it was journaled: its sequence then, its time of receipt, its own headers. */
    struct hs_event event;
    struct hs_slice reason, detail, route, sink, history; /* empty: none */
    uint64_t attempts;
    uint64_t moved_from; /* the number before it was moved within the store; 0: it was not */
    bool forwarded;      /* before it was moved within the store: not to be forwarded again */
};

struct hs_letter_reader;
/* From this number on. -errno and words. */
HS_MUST_CHECK int hs_letter_reader_open(struct hs_dead_letters *letters, uint64_t from,
                                        struct hs_letter_reader **ret_reader);
void hs_letter_reader_close(struct hs_letter_reader *reader);
/* Moves to this number, forwards or back. */
HS_MUST_CHECK int hs_letter_reader_seek(struct hs_letter_reader *reader, uint64_t from);
/* The next letter: 1, valid until the next call; 0: no more; -errno. */
HS_MUST_CHECK int hs_letter_reader_next(struct hs_letter_reader *reader,
                                        struct hs_letter *ret_letter);

/* ---- Looking into its folder, without opening it: for `journal dump` ---- */

struct hs_letter_index;
/* Reads which letters of the store in this folder are gone, also beside a running hookstream. As
 * hs_journal_walk(). */
HS_MUST_CHECK int hs_letter_index_read(const struct hs_disk *disk, const char *path,
                                       struct hs_letter_index **ret_index);
/* NULL is fine. */
void hs_letter_index_free(struct hs_letter_index *index);
/* Whether the record is a letter that was not gone then; the store's own are none. */
bool hs_letter_index_has(const struct hs_letter_index *index, const struct hs_event *record);

/* ---- Removing ---- */

/* The number that the letter has now: one that was moved within the store has another. */
uint64_t hs_dead_letters_number(struct hs_dead_letters *letters, uint64_t number);
/* Removes letters by their numbers, ascending, also by those that they had before they were moved;
 * those that are not there are passed over.
 * Blocks until that is durable. Number of letters removed, or -errno. */
HS_MUST_CHECK int64_t hs_dead_letters_remove(struct hs_dead_letters *letters,
                                             const uint64_t *numbers, size_t count);

#endif
