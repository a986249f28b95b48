/* Letters: the dead letters' store inside: dead_letters.c opens it and puts letters in,
 * letter_reader.c reads them back, letter_removal.c takes them out, letter_index.c looks from
 * outside at what is left.
 *
 * The store is a journal. A letter that is removed stays in its segment; a record with
 * HS_LETTER_GONE as its first header names in its body the numbers that are gone ("12-15"
 * and "17", a line each). Everything up to the cursor `hold` is gone without being named. */
#ifndef HS_DELIVERY_LETTERS_H
#define HS_DELIVERY_LETTERS_H

#include <hookstream/dead_letters.h>
#include <pthread.h>
#include <stdatomic.h>

#define HS_LETTER_GONE "x-dead-gone"

/* A bit a number from `base` on; what is below it is gone. */
struct hs_number_set {
    uint64_t base;
    uint64_t *words;
    size_t word_count;
};

bool hs_number_set_has(const struct hs_number_set *set, uint64_t number);
/* false: it was there. */
bool hs_number_set_add(struct hs_number_set *set, uint64_t number);
void hs_number_set_free(struct hs_number_set *set);

/* Why letters are dropped: options of dead_letters. */
enum hs_letters_limit { HS_LETTERS_MAX_SIZE, HS_LETTERS_RETAIN, HS_LETTERS_LIMITS };
extern const char *const hs_letters_limit_names[HS_LETTERS_LIMITS];

struct hs_dead_letters {
    struct hs_dead_letters_options options;
    struct hs_journal *journal;
    struct hs_cursor *hold; /* moved past letters that are gone, so that segments can go */
    /* How far the forwarding is; NULL: there is none. Its thread moves it, and follows `hold`:
     * what is gone holds no segment back. */
    struct hs_cursor *forwarded;
    pthread_mutex_t removal; /* one removal at a time; taken before `lock` */
    pthread_mutex_t lock;    /* guards the next three */
    struct hs_number_set gone;
    struct hs_number_set damaged; /* those of `gone` that were lost by damage since the start */
    uint64_t count;
    _Atomic uint64_t oldest_wall_ns; /* of the first letter's event; 0: none is known */
    atomic_bool full;                /* a letter found no room since the last tidying */
    uint64_t tidied_ns;              /* monotonic; this and the next two are guarded by `removal` */
    /* Letters up to this number are past their time, and were so since then (monotonic); 0: none */
    uint64_t aged, aged_since_ns;
    /* The inner journal's own figures, but for damage and errors, are not the product's: they
     * count into a registry that nobody renders. */
    struct hs_metrics *inner_metrics;
    struct hs_metrics *metrics;
    struct hs_gauge *kept, *bytes, *oldest;
    struct hs_counter *dropped[HS_LETTERS_LIMITS]; /* written under `removal` */
    struct hs_counter *lost;                       /* written under `lock` */
};

/* Reads the letter out of a record of the store; false: it is no letter. */
bool hs_letter_decode(const struct hs_event *record, struct hs_letter *ret_letter);
/* The numbers that a record of the kind HS_LETTER_GONE takes out; false: it is none. */
typedef void hs_gone_fn(void *context, uint64_t first, uint64_t last);
bool hs_letter_each_gone(const struct hs_event *record, hs_gone_fn *each, void *context);
bool hs_letter_is_gone(struct hs_dead_letters *letters, uint64_t number);
/* The records of these numbers cannot be read: letters among them that are not gone are lost, and
 * are told and counted, once. */
void hs_letters_lose(struct hs_dead_letters *letters, struct hs_reader_loss loss);
/* Of all its segments on disk. */
uint64_t hs_letters_bytes(struct hs_dead_letters *letters);
/* Lets go of segments all of whose letters are gone. */
void hs_letters_move_hold(struct hs_dead_letters *letters);

#endif
