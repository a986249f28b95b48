/* Trial state: shared by trial.c (tries) and trial_note.c (records). */
#ifndef HS_ADVICE_TRIAL_STATE_H
#define HS_ADVICE_TRIAL_STATE_H

#include "trial.h"

/* A failure with one variant, until the type is finished. */
struct hs_trial_failure {
    size_t place; /* index of the place */
    const struct hs_node *node;
    const char *reason, *words;
    const struct hs_variant *variant; /* the first */
    bool full, absent;                /* some variant: the full one; one with something missing */
    bool other;                       /* some variant of another kind */
};

struct hs_trial {
    struct hs_config *config;
    const struct hs_advice_input *input;
    struct hs_arena *arena;
    struct hs_asked asked;
    struct hs_variants variants;
    struct hs_work *work;
    struct hs_parcel_maker *makers; /* one per sink, created on first use */
    bool *made;
    size_t sink_count;
    struct hs_buffer body, before;
    uint64_t random, begun_ns;
    unsigned runs;
    char id[32];
    /* Under trial: */
    const struct hs_event_type *type;
    bool type_is_open; /* it has fields that the rows do not describe */
    const struct hs_variant *variant;
    struct hs_event *event;
    /* Results: */
    struct hs_trial_place places[HS_TRIAL_PLACES_MAX];
    size_t place_count;
    size_t touched[HS_TRIAL_PLACES_MAX]; /* places that the type has reached */
    size_t touched_count;
    struct hs_trial_failure failures[HS_TRIAL_FAULTS_MAX]; /* of the type */
    size_t failure_count;
    struct hs_trial_fault faults[HS_TRIAL_FAULTS_MAX];
    size_t fault_count;
};

/* ---- Whether an item does anything ---- */

struct hs_trial_idle {
    bool finds_nothing; /* none of its fields is there, or is of a kind that it changes */
    bool compares;      /* the event before it was kept, in the trial's `before` */
};
/* Before the item is done. */
void hs_trial_begin_idle(struct hs_trial *trial, const struct hs_transform *list, size_t index,
                         struct hs_trial_idle *ret_idle);
/* After it: whether the event is as it was. */
bool hs_trial_leaves_all(struct hs_trial *trial, const struct hs_trial_idle *idle);

/* The place of this key on this route and target, made if it is new; NULL: there are too many. */
struct hs_trial_place *hs_trial_place(struct hs_trial *trial, const void *key,
                                      const struct hs_route *route, size_t target);
/* The current sample reaches the place. */
void hs_trial_reach(struct hs_trial *trial, struct hs_trial_place *place);
void hs_trial_pass(struct hs_trial *trial, struct hs_trial_place *place);
/* It fails there, at `node`, with the thread's error text. */
void hs_trial_fail(struct hs_trial *trial, struct hs_trial_place *place, const struct hs_node *node,
                   const char *reason);
/* A condition was evaluated. */
void hs_trial_note_when(struct hs_trial *trial, const struct hs_condition *when,
                        const struct hs_route *route, size_t target, bool held);
/* Evaluates the place's condition on the same event with an unknown type. */
void hs_trial_note_guard(struct hs_trial *trial, struct hs_trial_place *place);
/* Finishes the type: its failures become faults. */
void hs_trial_close_type(struct hs_trial *trial);
/* Notes whether a use concerns a field that the type's rows do not describe. */
void hs_trial_note_use(void *context, const struct hs_use *use);
struct hs_trial_touch {
    struct hs_trial *trial;
    bool open;
};

#endif
