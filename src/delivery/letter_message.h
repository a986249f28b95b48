/* Letter message: builds the message of a dead letter for `dead_letters.forward`: the body as
 * received, the error as headers (Kafka) or fields (Redis). Knows nothing of connections and
 * results. Threads: a maker belongs to one thread. */
#ifndef HS_DELIVERY_LETTER_MESSAGE_H
#define HS_DELIVERY_LETTER_MESSAGE_H

#include <hookstream/dead_letters.h>
#include <hookstream/route.h>

struct hs_letter_maker;

/* Compiles the target; adds findings. NULL: it has errors. Everything is borrowed for its life. */
struct hs_letter_maker *hs_letter_maker_create(struct hs_config *config,
                                               const struct hs_node *forward,
                                               const struct hs_children *sinks);
void hs_letter_maker_free(struct hs_letter_maker *maker);
/* The index of its sink in the configuration. */
unsigned hs_letter_maker_sink(const struct hs_letter_maker *maker);
/* The letter's message, valid until the next call and as long as the letter. An error means that
 * this letter can never be sent: *ret_reason is a stable label, and hs_error_text() has the
 * message. */
HS_MUST_CHECK int hs_letter_make(struct hs_letter_maker *maker, const struct hs_letter *letter,
                                 const struct hs_message **ret_message, const char **ret_reason);

#endif
