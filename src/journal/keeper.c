/* Keeper: the housework that must not hold up a commit: preparing the next segment,
 * removing those that nobody needs, telling the watcher of finished ones. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define ROUND_SECONDS 1

void hs_keeper_wake(struct hs_journal *journal)
{
    pthread_cond_signal(&journal->housework);
}

/* ---- Removing ---- */

/* A finished segment that every sink is past (J5). */
static bool is_free(const struct hs_journal *journal, const struct hs_segment *segment)
{
    return journal->removal_allowed && segment->sealed && segment->told &&
           segment->last <= hs_cursors_least(journal);
}

static void remove_oldest(struct hs_journal *journal)
{
    struct hs_segment *segment = journal->segments[0];
    if (hs_disk_unlink(journal->disk, segment->path) < 0)
        hs_log_limited(HS_LOG_ERROR, "segment_remove", "cannot remove an old segment",
                       HS_F("error", "%s", hs_error_text()));
    atomic_fetch_sub(&journal->bytes, segment->size);
    hs_table_remove(journal, 0);
}

void hs_keeper_tidy(struct hs_journal *journal)
{
    uint64_t now = hs_clock_wall_ns(), ceiling = journal->options.max_size;
    uint64_t wanted = journal->options.segment_size;
    while (journal->segment_count > 0 && is_free(journal, journal->segments[0])) {
        const struct hs_segment *oldest = journal->segments[0];
        bool aged = now > hs_add_sat(oldest->newest_wall_ns, journal->options.retain_ns);
        bool needed = atomic_load(&journal->bytes) + wanted > ceiling;
        if (!aged && !needed)
            break;
        if (!aged)
            hs_log_limited(HS_LOG_WARN, "retain_cut",
                           "max_size is reached: delivered events are removed before journal.retain; "
                           "raise max_size to keep them",
                           HS_F("first", "%" PRIu64, oldest->first),
                           HS_F("last", "%" PRIu64, oldest->last));
        remove_oldest(journal);
    }
}

/* ---- Telling of finished segments ---- */

/* The next finished segment that the watcher does not know of; false: none. */
static bool next_untold(struct hs_journal *journal, uint64_t *ret_first, uint64_t *ret_last)
{
    for (size_t i = 0; i < journal->segment_count; i++) {
        const struct hs_segment *segment = journal->segments[i];
        if (!segment->sealed || segment->told)
            continue;
        *ret_first = segment->first;
        *ret_last = segment->last;
        return true;
    }
    return false;
}

static void mark_told(struct hs_journal *journal, uint64_t first)
{
    for (size_t i = 0; i < journal->segment_count; i++)
        if (journal->segments[i]->first == first)
            journal->segments[i]->told = true;
}

static void tell_sealed(struct hs_journal *journal)
{
    uint64_t first, last;
    bool done = true;
    while (done && next_untold(journal, &first, &last)) {
        pthread_mutex_unlock(&journal->table_lock);
        if (journal->watcher.sealed != NULL)
            done = journal->watcher.sealed(journal->watcher.context, first, last);
        pthread_mutex_lock(&journal->table_lock);
        if (done)
            mark_told(journal, first);
    }
}

/* ---- The next segment ---- */

static bool has_room(const struct hs_journal *journal)
{
    uint64_t planned = (1 + atomic_load(&journal->turns)) * journal->options.segment_size;
    return atomic_load(&journal->bytes) + planned <= journal->options.max_size;
}

static void prepare_next(struct hs_journal *journal)
{
    if (journal->next_ready || journal->disk != hs_disk_system() || !has_room(journal))
        return;
    pthread_mutex_unlock(&journal->table_lock);
    int code = hs_segment_prepare(journal);
    if (code < 0)
        hs_log_limited(HS_LOG_WARN, "segment_prepare", "cannot prepare the next segment",
                       HS_F("error", "%s", hs_error_text()));
    pthread_mutex_lock(&journal->table_lock);
    journal->next_ready = code == 0;
}

static void allow_next(struct hs_journal *journal)
{
    /* `lock` comes before table_lock, and appends plan turns under it. */
    pthread_mutex_unlock(&journal->table_lock);
    pthread_mutex_lock(&journal->lock);
    journal->room_for_next = has_room(journal);
    pthread_mutex_unlock(&journal->lock);
    pthread_mutex_lock(&journal->table_lock);
}

/* ---- The thread ---- */

static void wait_a_round(struct hs_journal *journal)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROUND_SECONDS;
    if (!journal->keeper_stop)
        (void)pthread_cond_timedwait(&journal->housework, &journal->table_lock, &until);
}

void *hs_keeper_run(void *context)
{
    struct hs_journal *journal = context;
    prctl(PR_SET_NAME, "hs-keeper");
    pthread_mutex_lock(&journal->table_lock);
    while (!journal->keeper_stop) {
        tell_sealed(journal);
        hs_keeper_tidy(journal);
        allow_next(journal);
        prepare_next(journal);
        wait_a_round(journal);
    }
    tell_sealed(journal);
    pthread_mutex_unlock(&journal->table_lock);
    return NULL;
}
