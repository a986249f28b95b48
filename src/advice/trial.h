/* Trial, for this module's own files: the sample events of every known type, put through the
 * routes by the functions that `run` uses, and what came of it. Nothing is interpreted here: a
 * route is chosen by hs_router_match(), an item is done by hs_transform_apply_item(), messages are
 * made by hs_parcel_make(). A failure's message is the one that the dead letter would have. */
#ifndef HS_ADVICE_TRIAL_H
#define HS_ADVICE_TRIAL_H

#include "look.h"
#include "variants.h"

#include <hookstream/parcel.h>

/* Bounds on what one check tries. Past HS_TRIAL_RUNS_MAX each type is tried with its first two
 * variants only; past HS_TRIAL_NS (a jq program may take long) no further type is tried. */
#define HS_TRIAL_RUNS_MAX 6000u
#define HS_TRIAL_NS (2 * UINT64_C(1000000000))
#define HS_TRIAL_PLACES_MAX 4096u
#define HS_TRIAL_FAULTS_MAX 1024u
#define HS_TRIAL_TYPES_SHOWN 3u

/* What fails at one place in the same way, for one type or several. */
struct hs_trial_fault {
    enum hs_finding_code code;
    const struct hs_route *route;
    size_t target;              /* from 1; 0: the route's own */
    const struct hs_node *node; /* of what fails */
    const struct hs_node *item; /* the item of the route's or target's list; `node` otherwise */
    const char *reason, *words; /* the dead letter's */
    bool usual;                 /* EVERY_EVENT_FAILS: but for a few unusual values */
    bool conditional;           /* EVERY_EVENT_FAILS: every one that some `when` lets come to it */
    const char *field, *variant;
    const struct hs_event_type *types[HS_TRIAL_TYPES_SHOWN];
    size_t type_count;
};

/* One item, template or condition, over all types. */
struct hs_trial_place {
    const void *key; /* the node, or the condition */
    const struct hs_route *route;
    size_t target;
    const struct hs_node *node;
    const struct hs_condition *when; /* the condition, or the item's; or NULL */
    const char *operation;           /* an item's place; or else NULL */
    const char *each;                /* its `for` */
    bool skips;                      /* on_error: skip */
    unsigned asked, held; /* a condition: how often; an item: how often it was come to, and done */
    bool guards;          /* a condition: it does not hold for a type that is not known yet */
    unsigned skipped;     /* an item: how often it failed and went on */
    const char *words;    /* of the last such failure */
    unsigned full,
        idle;   /* an item: full samples it was done to, and those that it left as they were */
    bool finds; /* some field that it is about was there */
    unsigned keys, same;           /* a key: how often it was made, and as it was the first time */
    const char *first;             /* the first key */
    size_t twice;                  /* a target: another, from 1, that writes the same once more */
    unsigned chosen, lost;         /* a route: samples that came to it, or by its `when` could */
    const struct hs_route *winner; /* a route: which took the last of them */
    /* Of the type under trial: */
    unsigned reached, failed;
    bool passed_whole; /* a variant with every field passed */
    bool open;         /* it touches what the type's rows do not tell of */
    size_t fault;      /* the first of the type's faults here, from 1; 0: none */
};

struct hs_trial;
/* Tries everything; `input` and `config` are borrowed for its life. */
struct hs_trial *hs_trial_run(struct hs_config *config, const struct hs_advice_input *input);
void hs_trial_free(struct hs_trial *trial);

size_t hs_trial_fault_count(const struct hs_trial *trial);
const struct hs_trial_fault *hs_trial_fault_at(const struct hs_trial *trial, size_t index);
size_t hs_trial_place_count(const struct hs_trial *trial);
const struct hs_trial_place *hs_trial_place_at(const struct hs_trial *trial, size_t index);

/* Says of the look's route what came of the trial. */
void hs_look_at_trial(struct hs_look *look, const struct hs_trial *trial);

#endif
