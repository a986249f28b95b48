/* Control: the pages below /api/ by which an operator acts on the running whole: dead letters
 * (docs/dead-letters.md) and replay. What a request wants stands in its query, so that curl is
 * enough.
 *
 *   GET  /api/dead-letters                 list (filters below; body=1 with headers and body)
 *   POST /api/dead-letters/retry           sends them again (to=SINK: to another sink than the
 *                                          one that did not take them), and takes them out
 *   POST /api/dead-letters/discard         takes them out (both: filters, or all=1)
 *   GET  /api/replay                       how the last replay stands
 *   POST /api/replay                       begins one
 *   POST /api/replay/cancel                ends it (docs/replay.md)
 *
 * Threads: the admin's. */
#ifndef HS_APP_CONTROL_H
#define HS_APP_CONTROL_H

#include <hookstream/app.h>
#include <hookstream/replay.h>

struct hs_control {
    const struct hs_settings *settings;
    struct hs_journal *journal;
    struct hs_dead_letters *letters;
    struct hs_resender *resender; /* for letters; the replay has its own */
    struct hs_replay *replay;
    struct hs_counter *retried;
};

/* Compiles the routes for what is sent again. -errno and words. */
HS_MUST_CHECK int hs_control_open(struct hs_control *control, const struct hs_delivery_spec *spec,
                                  const struct hs_settings *settings);
/* Ends a replay. One that was never opened is fine. */
void hs_control_close(struct hs_control *control);
/* As struct hs_admin_source's control; `context` is the struct hs_control. */
unsigned hs_control_answer(void *context, const struct hs_admin_request *request,
                           struct hs_buffer *ret_json);

/* ---- Queries (control_query.c) ---- */

/* A row of what a page takes: where to put the value. Texts point into the arena. */
enum hs_field_kind { HS_FIELD_TEXT, HS_FIELD_COUNT, HS_FIELD_TIME, HS_FIELD_FLAG };
struct hs_query_field {
    const char *name;
    enum hs_field_kind kind;
    void *target; /* const char *, uint64_t, uint64_t, bool */
};
/* -EINVAL and words: a name that is not known, a value that cannot be. */
HS_MUST_CHECK int hs_query_read(struct hs_slice query, const struct hs_query_field *fields,
                                size_t count, struct hs_arena *arena);

/* ---- Pages ---- */

enum hs_letters_action { HS_LETTERS_LIST, HS_LETTERS_RETRY, HS_LETTERS_DISCARD };
unsigned hs_control_letters(struct hs_control *control, enum hs_letters_action action,
                            struct hs_slice query, struct hs_buffer *ret_json);
unsigned hs_control_replay_start(struct hs_control *control, struct hs_slice query,
                                 struct hs_buffer *ret_json);
unsigned hs_control_replay_status(struct hs_control *control, struct hs_buffer *ret_json);
/* Whether the configuration has this sink; else words. */
bool hs_control_has_sink(const struct hs_control *control, const char *sink);
/* What a filter of letters names (control_names.c); NULL: nothing. */
struct hs_letter_names {
    const char *reason, *route, *sink, *source;
};
/* -EINVAL and words: a name that neither the configuration nor a letter has; -errno. */
HS_MUST_CHECK int hs_control_check_names(const struct hs_control *control,
                                         const struct hs_letter_names *wanted);
/* Puts the words of the error last latched in place of an answer. */
unsigned hs_control_refuse(unsigned status, struct hs_buffer *ret_json);

#endif
