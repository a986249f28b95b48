/* Control: the pages below /api/ with which an operator acts on the running process: dead letters
 * (docs/dead-letters.md) and replay. All parameters are in the query, so that curl suffices.
 *
 *   GET  /api/dead-letters                 list (filters below; body=1 with headers and body)
 *   POST /api/dead-letters/retry           sends them again (to=SINK: to another sink than the
 *                                          one that did not take them), and takes them out
 *   POST /api/dead-letters/discard         takes them out (both: filters, or all=1)
 *   GET  /api/replay                       state of the last replay
 *   POST /api/replay                       starts one
 *   POST /api/replay/cancel                cancels it (docs/replay.md)
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
    struct hs_resender *resender; /* for dead letters; the replay has its own */
    struct hs_replay *replay;
    struct hs_counter *retried;
};

/* Compiles the routes for retries. -errno and a message. */
HS_MUST_CHECK int hs_control_open(struct hs_control *control, const struct hs_delivery_spec *spec,
                                  const struct hs_settings *settings);
/* Ends a replay. A control that was never opened is fine. */
void hs_control_close(struct hs_control *control);
/* As struct hs_admin_source's control; `context` is the struct hs_control. */
unsigned hs_control_answer(void *context, const struct hs_admin_request *request,
                           struct hs_buffer *ret_json);

/* ---- Queries (control_query.c) ---- */

/* A parameter that a page takes, and where to store its value. Texts point into the arena. */
enum hs_field_kind { HS_FIELD_TEXT, HS_FIELD_COUNT, HS_FIELD_TIME, HS_FIELD_FLAG };
struct hs_query_field {
    const char *name;
    enum hs_field_kind kind;
    void *target; /* const char *, uint64_t, uint64_t, bool */
};
/* -EINVAL and a message for an unknown name or an invalid value. */
HS_MUST_CHECK int hs_query_read(struct hs_slice query, const struct hs_query_field *fields,
                                size_t count, struct hs_arena *arena);

/* ---- Pages ---- */

enum hs_letters_action { HS_LETTERS_LIST, HS_LETTERS_RETRY, HS_LETTERS_DISCARD };
unsigned hs_control_letters(struct hs_control *control, enum hs_letters_action action,
                            struct hs_slice query, struct hs_buffer *ret_json);
unsigned hs_control_replay_start(struct hs_control *control, struct hs_slice query,
                                 struct hs_buffer *ret_json);
unsigned hs_control_replay_status(struct hs_control *control, struct hs_buffer *ret_json);
/* Whether the configuration has this sink; otherwise sets a message. */
bool hs_control_has_sink(const struct hs_control *control, const char *sink);
/* The names in a filter of letters (control_names.c); NULL: none. */
struct hs_letter_names {
    const char *reason, *route, *sink, *source;
};
/* -EINVAL and a message for a name found neither in the configuration nor in a letter; -errno. */
HS_MUST_CHECK int hs_control_check_names(const struct hs_control *control,
                                         const struct hs_letter_names *wanted);
/* Answers with the message of the last error. */
unsigned hs_control_refuse(unsigned status, struct hs_buffer *ret_json);

#endif
