/* An owner of a sink for tests: notes what it is told, and turns the loop until something
 * holds. A wait that takes too long ends the test: it never sleeps for a time. */
#ifndef HS_TEST_OWNER_H
#define HS_TEST_OWNER_H

#include "hs_test.h"

#include <event2/event.h>
#include <hookstream/sink_kind.h>
#include <stdio.h>

#define OWNER_EVENTS 100000u
#define OWNER_PARTS 32u
#define OWNER_BLOCK 500u /* events, of one part */
#define OWNER_PATIENCE_S 30

struct owner_end {
    bool ended, given;
    enum hs_outcome outcome;
    char reason[48], detail[160];
};

struct owner {
    struct event_base *base;
    struct hs_sink *sink;
    struct hs_sink_host host;
    struct event *patience;
    struct owner_end *ends[OWNER_PARTS][OWNER_EVENTS / OWNER_BLOCK]; /* made when asked for */
    size_t ended, delivered, failed;
    uint64_t highest;             /* sequence given */
    uint64_t order[OWNER_EVENTS]; /* sequences in the order they were delivered */
    size_t resumes, rooms, states;
    uint64_t position; /* of the last resume */
    enum hs_sink_state state;
    char reason[48], detail[400];
    bool in_submit, refuses;
    char trail[2048]; /* the states told, in order */
};

static struct owner_end *owner_end(struct owner *owner, uint64_t sequence, unsigned part)
{
    ck_assert_uint_lt(sequence, OWNER_EVENTS);
    ck_assert_uint_lt(part, OWNER_PARTS);
    struct owner_end **block = &owner->ends[part][sequence / OWNER_BLOCK];
    if (*block == NULL)
        *block = hs_alloc(OWNER_BLOCK * sizeof(**block));
    return &(*block)[sequence % OWNER_BLOCK];
}

static void owner_completed(void *context, uint64_t sequence, unsigned part,
                            enum hs_outcome outcome, const char *reason, const char *detail)
{
    struct owner *owner = context;
    ck_assert_msg(!owner->in_submit, "completed from within submit");
    struct owner_end *end = owner_end(owner, sequence, part);
    ck_assert_msg(end->given, "event %llu part %u completed, but was not given",
                  (unsigned long long)sequence, part);
    end->given = false;
    end->ended = true;
    end->outcome = outcome;
    snprintf(end->reason, sizeof(end->reason), "%s", reason);
    snprintf(end->detail, sizeof(end->detail), "%s", detail);
    owner->ended++;
    if (outcome == HS_DELIVERED)
        owner->order[owner->delivered++] = sequence;
    else
        owner->failed++;
}

static void owner_room(void *context)
{
    struct owner *owner = context;
    ck_assert(!owner->in_submit);
    owner->rooms++;
}

static void owner_state(void *context, enum hs_sink_state state, const char *reason,
                        const char *detail)
{
    struct owner *owner = context;
    owner->state = state;
    owner->states++;
    snprintf(owner->reason, sizeof(owner->reason), "%s", reason);
    snprintf(owner->detail, sizeof(owner->detail), "%s", detail);
    size_t size = strlen(owner->trail);
    snprintf(owner->trail + size, sizeof(owner->trail) - size, "%s%s%s ", hs_sink_state_name(state),
             reason[0] ? ":" : "", reason);
}

static bool owner_resume(void *context, uint64_t position, uint64_t last)
{
    struct owner *owner = context;
    ck_assert(!owner->in_submit);
    ck_assert_uint_ge(last, position);
    owner->resumes++;
    owner->position = position;
    struct owner_end **blocks = &owner->ends[0][0];
    for (size_t i = 0; i < sizeof(owner->ends) / sizeof(*blocks); i++)
        for (size_t k = 0; blocks[i] != NULL && k < OWNER_BLOCK; k++)
            blocks[i][k].given = false; /* the sink forgot them */
    return !owner->refuses;
}

static void owner_impatient(evutil_socket_t file, short what, void *context)
{
    struct owner *owner = context;
    ck_abort_msg("waited too long; states: %s; detail: %s; ended %zu, delivered %zu, failed %zu, "
                 "in flight %zu",
                 owner->trail, owner->detail, owner->ended, owner->delivered, owner->failed,
                 owner->sink ? hs_sink_in_flight(owner->sink) : 0);
}

static struct owner *owner_create(void)
{
    struct owner *owner = hs_alloc(sizeof(*owner));
    owner->base = event_base_new();
    ck_assert_ptr_nonnull(owner->base);
    owner->patience = evtimer_new(owner->base, owner_impatient, owner);
    owner->host = (struct hs_sink_host){
        .context = owner,
        .completed = owner_completed,
        .room = owner_room,
        .state = owner_state,
        .resume = owner_resume,
    };
    owner->state = HS_SINK_STATE_COUNT;
    return owner;
}

static __attribute__((unused)) void owner_open(struct owner *owner,
                                               const struct hs_sink_options *options)
{
    int code =
        hs_sink_open(owner->base, "test", "0000-identity", options, &owner->host, &owner->sink);
    ck_assert_msg(code == 0, "open: %s", hs_error_text());
}

static void owner_close(struct owner *owner)
{
    hs_sink_close(owner->sink);
    owner->sink = NULL;
}

static void owner_free(struct owner *owner)
{
    owner_close(owner);
    event_free(owner->patience);
    event_base_free(owner->base);
    struct owner_end **blocks = &owner->ends[0][0];
    for (size_t i = 0; i < sizeof(owner->ends) / sizeof(*blocks); i++)
        free(blocks[i]);
    free(owner);
}

static void owner_turn(struct owner *owner)
{
    struct timeval time = {OWNER_PATIENCE_S, 0};
    event_add(owner->patience, &time);
    event_base_loop(owner->base, EVLOOP_ONCE);
    event_del(owner->patience);
}

#define OWNER_WAIT(owner, condition)                                                               \
    do {                                                                                           \
        while (!(condition))                                                                       \
            owner_turn(owner);                                                                     \
    } while (0)

static enum hs_submit owner_give(struct owner *owner, uint64_t sequence,
                                 const struct hs_message *messages, size_t count)
{
    struct hs_parcel parcel = {sequence, messages, count};
    owner->in_submit = true;
    enum hs_submit answer = hs_sink_submit(owner->sink, &parcel);
    owner->in_submit = false;
    for (size_t i = 0; answer == HS_SUBMIT_ACCEPTED && i < count; i++) {
        struct owner_end *end = owner_end(owner, sequence, messages[i].part);
        *end = (struct owner_end){.given = true};
        owner->highest = sequence > owner->highest ? sequence : owner->highest;
    }
    return answer;
}

/* Of any kind: what a kind adds is zero. */
static const struct {
    struct hs_target_options target;
    char rest[64];
} owner_any;
#define owner_target owner_any.target

/* One message; {"n":<sequence>} if `body` is NULL. */
static enum hs_submit owner_give_one(struct owner *owner, uint64_t sequence, const char *to,
                                     const char *body)
{
    char text[64];
    snprintf(text, sizeof(text), "{\"n\":%llu}", (unsigned long long)sequence);
    struct hs_message message = {
        .destination = hs_slice_text(to),
        .body = hs_slice_text(body ? body : text),
        .timestamp_ms = UINT64_C(1760000000000) + sequence,
        .target = &owner_target,
    };
    return owner_give(owner, sequence, &message, 1);
}

/* Gives first..last, each when there is room, and pushes. */
static __attribute__((unused)) void owner_give_range(struct owner *owner, uint64_t first,
                                                     uint64_t last, const char *to)
{
    for (uint64_t sequence = first; sequence <= last; sequence++) {
        size_t resumes = owner->resumes;
        while (owner_give_one(owner, sequence, to, NULL) == HS_SUBMIT_FULL) {
            size_t rooms = owner->rooms;
            hs_sink_push(owner->sink);
            OWNER_WAIT(owner, owner->rooms > rooms || owner->resumes > resumes);
            ck_assert_msg(owner->resumes == resumes, "resumed while giving");
        }
    }
    hs_sink_push(owner->sink);
}

#endif
