/* Resend: delivers a received event again: a replay from the journal, or the retry of a dead
 * letter. The event is appended to the journal as a new one, past the dedupe, with headers that
 * mark it. So it is as safe, ordered and monitored as any other, and follows the current
 * configuration (docs/decisions/0005).
 *
 * Threads: a resender belongs to one thread; the rest are pure functions. */
#ifndef HOOKSTREAM_RESEND_H
#define HOOKSTREAM_RESEND_H

#include <hookstream/journal.h>
#include <hookstream/route.h>

/* The second header of such an event (the first: event.h): its only sink; without it, all sinks
 * that its route names. */
#define HS_RESEND_SINK_HEADER "hookstream-sink"
/* The earlier attempts of a dead letter, one per line. */
#define HS_RESEND_HISTORY_HEADER "x-dead-history"

enum hs_resend_kind { HS_RESEND_REPLAY, HS_RESEND_DEAD_LETTER };

struct hs_resender;

struct hs_resender_spec {
    struct hs_journal *journal;
    struct hs_config *config; /* without errors; outlives the resender */
    const struct hs_children *sinks, *sources;
};
/* Creates a resender with routes of its own. NULL and a message. */
struct hs_resender *hs_resender_create(const struct hs_resender_spec *spec);
/* Frees the resender. NULL is fine. */
void hs_resender_free(struct hs_resender *resender);
/* Its compiled routes of the configuration. */
const struct hs_router *hs_resender_router(const struct hs_resender *resender);

struct hs_resend {
    enum hs_resend_kind kind;
    const char *sink;        /* or NULL: all */
    struct hs_slice history; /* or empty */
};
/* Whether the current routes take the event to the sink (NULL: to any). */
bool hs_resender_routes(struct hs_resender *resender, const struct hs_event *event,
                        const char *sink);
/* Appends the event. -ENOENT: no route takes it there, and nothing was appended; otherwise as
 * hs_journal_append(). */
HS_MUST_CHECK int hs_resender_append(struct hs_resender *resender, const struct hs_event *event,
                                     const struct hs_resend *how, uint64_t *ret_sequence);

/* Whether the event is meant for the sink. Cheap. */
bool hs_resend_is_for(const struct hs_event *event, const char *sink);

#endif
