/* Resend: delivering once more what was received before: a replay out of the journal, or the
 * retry of a dead letter. The event is appended to the journal as a new one, past the dedupe,
 * with headers that say so. So it is as safe, as ordered and as watched as any other, and it
 * goes by the configuration of today (docs/decisions/0005).
 *
 * Threads: a resender belongs to one thread; the rest are pure functions. */
#ifndef HOOKSTREAM_RESEND_H
#define HOOKSTREAM_RESEND_H

#include <hookstream/journal.h>
#include <hookstream/route.h>

/* The second header of such an event (the first: event.h): the sink it is for; without it, all that
 * its route names. */
#define HS_RESEND_SINK_HEADER "hookstream-sink"
/* What a dead letter went through before: a line an attempt. */
#define HS_RESEND_HISTORY_HEADER "x-dead-history"

enum hs_resend_kind { HS_RESEND_REPLAY, HS_RESEND_DEAD_LETTER };

struct hs_resender;

struct hs_resender_spec {
    struct hs_journal *journal;
    struct hs_config *config; /* free of errors; outlives the resender */
    const struct hs_children *sinks, *sources;
};
/* Compiles routes of its own. NULL and words. */
struct hs_resender *hs_resender_create(const struct hs_resender_spec *spec);
void hs_resender_free(struct hs_resender *resender);
/* Its routes, those of the configuration. */
const struct hs_router *hs_resender_router(const struct hs_resender *resender);

struct hs_resend {
    enum hs_resend_kind kind;
    const char *sink;        /* or NULL: all */
    struct hs_slice history; /* or empty */
};
/* Whether today's routes take the event to the sink (NULL: to any). */
bool hs_resender_routes(struct hs_resender *resender, const struct hs_event *event,
                        const char *sink);
/* Appends it. -ENOENT: no route takes it there, nothing was appended; else as
 * hs_journal_append(). */
HS_MUST_CHECK int hs_resender_append(struct hs_resender *resender, const struct hs_event *event,
                                     const struct hs_resend *how, uint64_t *ret_sequence);

/* Whether the sink is to have it. Cheap. */
bool hs_resend_is_for(const struct hs_event *event, const char *sink);

#endif
