/* Letters: internals of the dead letters' store: dead_letters.c opens it and stores letters,
 * letter_reader.c reads them, letter_removal.c removes them, letter_room.c says what they need on
 * disk, and letter_index.c inspects the files from outside.
 *
 * The store is a journal. A removed letter stays in its segment; a record with HS_LETTER_GONE as
 * its first header lists the removed numbers in its body ("12-15" and "17", one per line).
 * Everything up to the cursor `hold` is gone without being listed. A letter with a header
 * HS_LETTER_MOVED is a copy of the letter it names, which is gone: it was moved out of a segment
 * whose other letters were dropped. */
#ifndef HS_DELIVERY_LETTERS_H
#define HS_DELIVERY_LETTERS_H

#include <hookstream/limits.h>
#include <hookstream/dead_letters.h>
#include <pthread.h>
#include <stdatomic.h>

#define HS_LETTER_GONE "x-dead-gone"
#define HS_LETTER_MOVED "x-dead-moved" /* "17", or "17 forwarded" */

/* One bit per letter number, starting at `base`; lower numbers have been removed. */
struct hs_number_set {
    uint64_t base;
    uint64_t *words;
    size_t word_count;
};

bool hs_number_set_has(const struct hs_number_set *set, uint64_t number);
/* Returns false if it was there. */
bool hs_number_set_add(struct hs_number_set *set, uint64_t number);
void hs_number_set_free(struct hs_number_set *set);

/* ---- Kinds: letters of one reason and one source ---- */

/* Kinds beyond this are combined into the last one. */
#define HS_LETTER_KINDS_MAX 255u

struct hs_letter_kind {
    char reason[48], source[80]; /* longer texts are cut */
    uint64_t bytes, count;       /* of kept letters */
};

/* What each kind holds; for each kept letter its kind, size and age in 8 bytes. */
struct hs_letter_kinds {
    struct hs_letter_kind kinds[HS_LETTER_KINDS_MAX];
    unsigned count;
    uint32_t *notes; /* of numbers from `base` on: kind + 1 and size; 0: not kept */
    uint32_t *times; /* for the same numbers: when the event was received, in seconds */
    uint64_t base;
    size_t note_count;
};

void hs_letter_kinds_free(struct hs_letter_kinds *kinds);
/* Notes a letter of the store by its record. Numbers may arrive slightly out of order. */
void hs_letter_kinds_add(struct hs_letter_kinds *kinds, uint64_t number, struct hs_slice reason,
                         const struct hs_event *record);
/* When the oldest event among the letters was received, to the second; 0: there is no letter. */
uint64_t hs_letter_kinds_oldest(const struct hs_letter_kinds *kinds);
/* The approximate size of a record on disk. */
uint64_t hs_letter_record_bytes(const struct hs_event *record);
/* Does nothing if the letter does not exist. */
void hs_letter_kinds_remove(struct hs_letter_kinds *kinds, uint64_t number);
/* NULL: the letter does not exist. */
const struct hs_letter_kind *hs_letter_kinds_of(const struct hs_letter_kinds *kinds,
                                                uint64_t number);
/* Forgets letters below this number, which are no longer kept. */
void hs_letter_kinds_forget_below(struct hs_letter_kinds *kinds, uint64_t number);
/* The bytes allowed per kind so that all fit into `room`; kinds that have less keep what they have.
 * UINT64_MAX: all fit. */
uint64_t hs_letter_kinds_share(const struct hs_letter_kinds *kinds, uint64_t room);

/* ---- Moves: the new numbers of moved letters ---- */

struct hs_letter_move {
    uint64_t from, to;
};
struct hs_letter_moves {
    struct hs_letter_move *items; /* ascending by `from`: the oldest letters are moved first */
    size_t count;
};
void hs_letter_moves_add(struct hs_letter_moves *moves, uint64_t from, uint64_t to);
/* The letter's current number. */
uint64_t hs_letter_moves_find(const struct hs_letter_moves *moves, uint64_t number);
void hs_letter_moves_free(struct hs_letter_moves *moves);

/* Why letters are dropped: options of dead_letters. */
enum hs_letters_limit { HS_LETTERS_MAX_SIZE, HS_LETTERS_RETAIN, HS_LETTERS_LIMITS };
extern const char *const hs_letters_limit_names[HS_LETTERS_LIMITS];

struct hs_dead_letters {
    struct hs_dead_letters_options options;
    struct hs_journal *outer; /* of the events; borrowed */
    struct hs_journal *journal;
    struct hs_cursor *hold; /* moved past letters that are gone, so that segments can be removed */
    /* Position of the forwarding; NULL: there is none. Its thread moves it and follows `hold`:
     * letters that are gone hold no segment back. */
    struct hs_cursor *forwarded;
    pthread_mutex_t removal; /* one removal at a time; taken before `lock` */
    pthread_mutex_t lock;    /* guards the next five */
    struct hs_letter_kinds kinds;
    struct hs_letter_moves moves;
    struct hs_number_set gone;
    struct hs_number_set damaged; /* members of `gone` lost by damage since the start */
    uint64_t count;
    _Atomic uint64_t oldest_wall_ns; /* of the oldest letter's event; 0: none known */
    _Atomic uint64_t unweighed;      /* bytes added since the size was last checked */
    atomic_bool full;                /* a letter found no room since the last tidying */
    uint64_t tidied_ns;              /* monotonic; this and the next two are guarded by `removal` */
    /* Letters up to this number have been past their time since then (monotonic); 0: none */
    uint64_t aged, aged_since_ns;
    /* Most figures of the inner journal, except damage and errors, are not for the user: they go
     * into a registry that is not rendered. */
    struct hs_metrics *inner_metrics;
    struct hs_metrics *metrics;
    struct hs_gauge *kept, *bytes, *oldest, *writable;
    struct hs_counter *dropped[HS_LETTERS_LIMITS]; /* written under `removal` */
    struct hs_counter *lost;                       /* written under `lock` */
};

/* Decodes the letter from a record of the store; false: it is not a letter. */
bool hs_letter_decode(const struct hs_event *record, struct hs_letter *ret_letter);
/* Visits the numbers that a HS_LETTER_GONE record removes; false: it is another record. */
typedef void hs_gone_fn(void *context, uint64_t first, uint64_t last);
bool hs_letter_each_gone(const struct hs_event *record, hs_gone_fn *each, void *context);
bool hs_letter_is_gone(struct hs_dead_letters *letters, uint64_t number);
/* The records of these numbers cannot be read: letters among them that are not gone are lost, and
 * reported and counted once. */
void hs_letters_lose(struct hs_dead_letters *letters, struct hs_reader_loss loss);
/* Records once that the letter is gone. Under `lock`. */
static inline bool hs_letters_take_out(struct hs_dead_letters *letters, uint64_t number)
{
    if (!hs_number_set_add(&letters->gone, number))
        return false;
    hs_letter_kinds_remove(&letters->kinds, number);
    return true;
}

/* The least bytes of one segment of the store, and how many segments it may have above max_size
 * until the oldest ones are dropped and gone. */
#define HS_LETTERS_SEGMENT_LEAST (UINT64_C(4) << 20)
#define HS_LETTERS_SPARE_SEGMENTS 6u
/* The bytes of one segment of the store. */
uint64_t hs_letters_segment_size(const struct hs_dead_letters_options *options);
/* Bytes on disk that letters of so many events, of `bytes` in all, need at most. */
uint64_t hs_letters_room_for(const struct hs_dead_letters_options *options, uint64_t bytes,
                             uint64_t events);
/* Makes the journal of the events leave room for letters, if both share a disk. */
void hs_letters_keep_room(struct hs_dead_letters *letters);

void hs_letters_report_unforwarded(struct hs_dead_letters *letters, uint64_t count,
                                   enum hs_letters_limit limit);
/* Empties the oldest segment, which ends at `last`: drops letters of kinds above their share and
 * moves others to the end. Returns false if there was no room to move them. Under `removal`. */
HS_MUST_CHECK bool hs_letters_evict(struct hs_dead_letters *letters, uint64_t last);
/* The size of all its segments on disk. */
uint64_t hs_letters_bytes(struct hs_dead_letters *letters);
/* Releases segments whose letters are all gone. */
void hs_letters_move_hold(struct hs_dead_letters *letters);

#endif
