/* Trial, for this module's own files: runs sample events of every known type through the routes
 * with the functions that `run` uses, and records the results. Nothing is interpreted here:
 * hs_router_match() chooses a route, hs_transform_apply_item() applies an item, hs_parcel_make()
 * builds messages. A failure's message is that of the dead letter. */
#ifndef HS_ADVICE_TRIAL_H
#define HS_ADVICE_TRIAL_H

#include "look.h"
#include "variants.h"

#include <hookstream/parcel.h>

/* Limits of what one check tries. Past HS_TRIAL_RUNS_MAX each type is tried only with its first two
 * variants; past HS_TRIAL_NS (a jq program may be slow) no further type is tried. */
#define HS_TRIAL_RUNS_MAX 6000u
#define HS_TRIAL_NS (2 * UINT64_C(1000000000))
#define HS_TRIAL_PLACES_MAX 4096u
#define HS_TRIAL_FAULTS_MAX 1024u
#define HS_TRIAL_TYPES_SHOWN 3u

/* Equal failures at one place, for one or several types. */
struct hs_trial_fault {
    enum hs_finding_code code;
    const struct hs_route *route;
    size_t target;              /* from 1; 0: the route's own */
    const struct hs_node *node; /* of the failing part */
    const struct hs_node *item; /* the item of the route's or target's list; `node` otherwise */
    const char *reason, *words; /* the dead letter's */
    bool usual;                 /* EVERY_EVENT_FAILS: except for a few unusual values */
    bool conditional;           /* EVERY_EVENT_FAILS: every one that some `when` lets through */
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
    unsigned asked, held; /* a condition: number of evaluations; an item: how often it was reached,
                           * and applied */
    bool guards;          /* a condition: it is false for an unknown type */
    unsigned skipped;     /* an item: how often it failed and was skipped */
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
    bool open;         /* it uses fields that the type's rows do not describe */
    size_t fault;      /* the type's first fault here, from 1; 0: none */
};

struct hs_trial;
/* Tries everything; `input` and `config` are borrowed for its life. */
struct hs_trial *hs_trial_run(struct hs_config *config, const struct hs_advice_input *input);
void hs_trial_free(struct hs_trial *trial);

size_t hs_trial_fault_count(const struct hs_trial *trial);
const struct hs_trial_fault *hs_trial_fault_at(const struct hs_trial *trial, size_t index);
size_t hs_trial_place_count(const struct hs_trial *trial);
const struct hs_trial_place *hs_trial_place_at(const struct hs_trial *trial, size_t index);

/* Reports the trial's results for the look's route. */
void hs_look_at_trial(struct hs_look *look, const struct hs_trial *trial);

#endif
