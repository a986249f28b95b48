/* Shared by the dedupe tests: a journal with its index on a model disk, set up as in the
 * program. */
#ifndef HS_TEST_DEDUPE_HELP_H
#define HS_TEST_DEDUPE_HELP_H

#include "hs_test.h"
#include "internal.h"
#include "journal/model_disk.h"

#include <hookstream/clock.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>

/* Waits for what another thread is about to do; Check's timeout ends it. */
#define AWAIT(condition)                                                                           \
    while (!(condition))                                                                           \
    sched_yield()

#define HOUR_NS (UINT64_C(3600) * 1000000000)

struct house {
    struct model_disk *disk;
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_dedupe *dedupe;
    struct hs_journal_options options;
    struct hs_dedupe_options window;
    uint64_t now; /* of the events that come in */
    atomic_bool write_ids;
};

static inline bool house_sealed(void *context, uint64_t first, uint64_t last)
{
    struct house *house = context;
    return atomic_load(&house->write_ids) && hs_dedupe_write_ids(house->dedupe, first, last);
}

static inline void house_failed(void *context, const struct hs_event *event)
{
    struct house *house = context;
    if (event->flaw == HS_EVENT_VALID)
        hs_dedupe_forget(house->dedupe, event->source, event->id);
}

static inline void house_lost(void *context, uint64_t first, uint64_t last)
{
    struct house *house = context;
    hs_dedupe_lost(house->dedupe, first, last);
}

static inline struct house *house_create(uint64_t seed)
{
    struct house *house = calloc(1, sizeof(*house));
    house->disk = model_create(seed);
    house->metrics = hs_metrics_create();
    house->options = (struct hs_journal_options){
        .path = "/j", .max_size = 1 << 30, .retain_ns = UINT64_MAX, .segment_size = 16384};
    house->window.window_ns = 48 * HOUR_NS;
    house->now = hs_clock_wall_ns();
    atomic_store(&house->write_ids, true);
    return house;
}

static inline void house_close(struct house *house)
{
    if (house->journal != NULL)
        hs_journal_stop(house->journal);
    hs_dedupe_free(house->dedupe);
    hs_journal_close(house->journal);
    house->journal = NULL;
    house->dedupe = NULL;
}

/* 0, or the error; then everything is closed. */
static inline int house_try_start(struct house *house)
{
    struct hs_journal_watcher watcher = {house, house_sealed, house_failed, house_lost};
    int code =
        hs_journal_open(model_table(house->disk), &house->options, house->metrics, &house->journal);
    if (code < 0) {
        house->journal = NULL;
        return code;
    }
    code = hs_dedupe_create(&house->window, house->journal, house->metrics, &house->dedupe);
    if (code == 0)
        code = hs_dedupe_load(house->dedupe);
    if (code == 0)
        code = hs_journal_start(house->journal, &watcher);
    if (code < 0)
        house_close(house);
    return code;
}

static inline void house_start(struct house *house)
{
    int code = house_try_start(house);
    ck_assert_msg(code == 0, "%s", hs_error_text());
}

/* As after kill -9. */
static inline void house_kill(struct house *house)
{
    model_cut_after(house->disk, 1);
    house_close(house);
    model_revive(house->disk);
}

static inline void house_free(struct house *house)
{
    house_close(house);
    hs_metrics_free(house->metrics);
    model_free(house->disk);
    free(house);
}

struct id_text {
    char text[32];
    struct hs_slice slice;
};

static inline struct hs_slice id_of(struct id_text *id, uint64_t number)
{
    int size = snprintf(id->text, sizeof(id->text), "whk_%" PRIu64, number);
    id->slice = hs_slice(id->text, (size_t)size);
    return id->slice;
}

/* As in the ingress: decides and appends. 1: new, and its sequence; 0: seen, and what to wait for;
 * -errno: the journal refused. */
static inline int house_take(struct house *house, uint64_t number, uint64_t *ret_sequence)
{
    struct id_text id;
    struct hs_event event = {
        .received_wall_ns = house->now,
        .source = HS_SLICE("fanfare"),
        .id = id_of(&id, number),
        .type = HS_SLICE("order.created"),
        .body = HS_SLICE("{\"some\":\"body of an event that takes a little room\"}"),
    };
    struct hs_dedupe_claim claim;
    if (hs_dedupe_begin(house->dedupe, event.source, event.id, house->now, &claim) ==
        HS_DEDUPE_SEEN) {
        *ret_sequence = claim.wait_for;
        return 0;
    }
    int code = hs_journal_append(house->journal, &event, ret_sequence);
    hs_dedupe_end(house->dedupe, &claim, code == 0, house->now);
    return code < 0 ? code : 1;
}

/* Whether the id is known, without adding it. */
static inline bool house_knows(struct house *house, uint64_t number)
{
    struct id_text id;
    struct hs_dedupe_claim claim;
    if (hs_dedupe_begin(house->dedupe, HS_SLICE("fanfare"), id_of(&id, number), house->now,
                        &claim) == HS_DEDUPE_SEEN)
        return true;
    hs_dedupe_end(house->dedupe, &claim, false, house->now);
    return false;
}

/* Adds the events `first` to `last`, which are new, and waits until they are durable. */
static inline void house_fill(struct house *house, uint64_t first, uint64_t last)
{
    uint64_t sequence = 0;
    for (uint64_t number = first; number <= last; number++) {
        int code = house_take(house, number, &sequence);
        ck_assert_msg(code == 1, "event %" PRIu64 ": %d", number, code);
    }
    ck_assert_int_eq(hs_journal_wait(house->journal, sequence), HS_JOURNAL_DURABLE);
}

static inline void house_expect(struct house *house, uint64_t first, uint64_t last, bool known)
{
    for (uint64_t number = first; number <= last; number++)
        ck_assert_msg(house_knows(house, number) == known, "event %" PRIu64 " is %sknown", number,
                      known ? "not " : "");
}

/* The number of files whose path contains this. */
static inline size_t house_files(struct house *house, const char *part)
{
    size_t count = 0;
    pthread_mutex_lock(&house->disk->lock);
    for (size_t i = 0; i < house->disk->cached.count; i++)
        count += strstr(house->disk->cached.items[i].path, part) != NULL;
    pthread_mutex_unlock(&house->disk->lock);
    return count;
}

/* The path of one of them, copied; the caller frees it. NULL: there is none. */
static inline char *house_file(struct house *house, const char *part)
{
    char *path = NULL;
    pthread_mutex_lock(&house->disk->lock);
    for (size_t i = 0; i < house->disk->cached.count && path == NULL; i++)
        if (strstr(house->disk->cached.items[i].path, part) != NULL)
            path = strdup(house->disk->cached.items[i].path);
    pthread_mutex_unlock(&house->disk->lock);
    return path;
}

#endif
