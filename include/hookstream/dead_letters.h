/* Dead letters: events that will never be delivered as things are, each with its reason,
 * route, sink, attempts and the bytes received. Kept in a small journal of their own under
 * the journal's folder, so that they outlive its retention and are written with the same
 * care. Knows nothing of sinks or routes but their names.
 * Threads: put and outcome from any. */
#ifndef HOOKSTREAM_DEAD_LETTERS_H
#define HOOKSTREAM_DEAD_LETTERS_H

#include <hookstream/journal.h>

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

/* Opens the store of this journal and starts it. -errno and words. */
HS_MUST_CHECK int hs_dead_letters_open(struct hs_journal *journal, struct hs_metrics *metrics,
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

#endif
