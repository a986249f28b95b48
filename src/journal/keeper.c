/* Keeper: the housework that must not delay a commit: reporting finished segments to the watcher,
 * removing unneeded ones, preparing the next. Reads the table under table_lock and releases it for
 * everything that touches a file. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <sys/prctl.h>

#define ROUND_SECONDS 1

void hs_keeper_wake(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    journal->chores = true;
    pthread_cond_signal(&journal->housework);
    pthread_mutex_unlock(&journal->table_lock);
}

/* ---- Reporting finished segments ---- */

/* One pass. A segment that must be reported again meanwhile wakes the keeper (hs_journal_lose()):
 * what the watcher made of it before may be gone. The lock is released for each. Only this thread
 * removes a segment, but the last one may be replaced by another of its name. */
static void tell_sealed(struct hs_journal *journal)
{
    bool done = true;
    for (size_t i = 0; i < journal->segment_count && done; i++) {
        const struct hs_segment *segment = journal->segments[i];
        if (!segment->sealed || segment->told)
            continue;
        uint64_t first = segment->first, last = segment->last, losses = journal->losses;
        pthread_mutex_unlock(&journal->table_lock);
        hs_heartbeat();
        if (journal->watcher.sealed != NULL)
            done = journal->watcher.sealed(journal->watcher.context, first, last);
        pthread_mutex_lock(&journal->table_lock);
        if (done && losses == journal->losses && journal->segments[i]->first == first &&
            journal->segments[i]->sealed)
            journal->segments[i]->told = true;
    }
}

/* ---- Removing ---- */

/* Why the oldest segment is removed. */
enum going { GOING_STAYS, GOING_AGED, GOING_MAX_SIZE, GOING_DISK_FULL };

/* A finished segment that every sink has passed (J5), and that has aged or whose space is needed.
 * The last one always stays: it records which sequences were used. */
static enum going look_at_oldest(const struct hs_journal *journal, bool is_short)
{
    if (!journal->removal_allowed || journal->segment_count < 2)
        return GOING_STAYS;
    const struct hs_segment *oldest = journal->segments[0];
    if (!oldest->sealed || !oldest->told || oldest->last > hs_cursors_least(journal))
        return GOING_STAYS;
    uint64_t newest =
        oldest->newest_wall_ns != 0 ? oldest->newest_wall_ns : oldest->created_wall_ns;
    if (hs_clock_wall_ns() > hs_add_sat(newest, journal->options.retain_ns))
        return GOING_AGED;
    if (!hs_segment_has_room(journal))
        return GOING_MAX_SIZE;
    return is_short || atomic_load(&journal->disk_full) ? GOING_DISK_FULL : GOING_STAYS;
}

static void remove_file(struct hs_journal *journal, const struct hs_segment *segment,
                        enum going going)
{
    if (going != GOING_AGED)
        hs_log_limited(
            HS_LOG_WARN, "retain_cut",
            going == GOING_MAX_SIZE ? "max_size is reached: delivered events are removed before "
                                      "journal.retain; raise max_size to keep them"
                                    : "the disk is full: delivered events are removed before "
                                      "journal.retain; free space to keep them",
            HS_F("first", "%" PRIu64, segment->first), HS_F("last", "%" PRIu64, segment->last));
    if (hs_disk_unlink(journal->disk, segment->path) < 0)
        hs_log_limited(HS_LOG_ERROR, "segment_remove",
                       "cannot remove an old segment; it stays until the next start",
                       HS_F("error", "%s", hs_error_text()));
}

/* The mark first records the removal of the oldest segment; otherwise a start would report it as
 * lost. If the mark cannot be written, a segment that is only aged stays for a retry. If space is
 * short it is removed. A false report, if a cursor is lost as well, is better than refusing
 * events. */
static bool note_removal(struct hs_journal *journal, enum going going)
{
    return hs_mark_remove(journal, journal->segments[0]->last + 1) == 0 || going != GOING_AGED ||
           !hs_segment_has_room(journal) || atomic_load(&journal->disk_full);
}

static void remove_old(struct hs_journal *journal)
{
    bool any = false, is_short = hs_spare_is_short(journal);
    enum going going;
    while ((going = look_at_oldest(journal, is_short)) != GOING_STAYS) {
        /* The lock was released meanwhile. */
        if (!note_removal(journal, going) || look_at_oldest(journal, is_short) == GOING_STAYS)
            break;
        struct hs_segment *segment = hs_table_take(journal, 0);
        pthread_mutex_unlock(&journal->table_lock);
        hs_heartbeat();
        remove_file(journal, segment, going);
        atomic_fetch_sub(&journal->bytes, segment->size);
        hs_segment_free(segment);
        any = true;
        pthread_mutex_lock(&journal->table_lock);
        journal->prepare_failed_ns = 0; /* there is more space than at the last try */
        /* Whether one was enough shows when the next segment is prepared. */
        if (going == GOING_DISK_FULL)
            break;
    }
    if (!any)
        return;
    pthread_mutex_unlock(&journal->table_lock);
    if (hs_disk_sync_directory(journal->disk, journal->segments_path) < 0)
        hs_log_limited(HS_LOG_WARN, "segment_remove",
                       "removed segments may be back after a power cut; they are removed again",
                       HS_F("error", "%s", hs_error_text()));
    pthread_mutex_lock(&journal->table_lock);
}

/* ---- The next segment ---- */

static void prepare_next(struct hs_journal *journal)
{
    bool mending = atomic_load(&journal->mending);
    if (journal->next_ready || journal->preparing || !journal->prepares ||
        !hs_segment_has_room(journal))
        return;
    if (!hs_segment_may_prepare(journal))
        return;
    journal->preparing = true;
    pthread_mutex_unlock(&journal->table_lock);
    int code = hs_segment_prepare(journal, 0);
    if (code < 0)
        hs_journal_explain(journal, code);
    if (code < 0)
        hs_log_limited(mending ? HS_LOG_ERROR : HS_LOG_WARN, "segment_prepare",
                       mending ? "the journal still cannot be written"
                               : "cannot prepare the next segment; check the disk",
                       HS_F("path", "%s", journal->path), HS_F("error", "%s", hs_error_text()));
    pthread_mutex_lock(&journal->table_lock);
    journal->preparing = false;
    pthread_cond_signal(&journal->prepared);
}

/* ---- The thread ---- */

static void wait_a_round(struct hs_journal *journal)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROUND_SECONDS;
    int code = 0;
    hs_heartbeat_rest();
    while (!journal->keeper_stop && !journal->chores && code == 0)
        code = pthread_cond_timedwait(&journal->housework, &journal->table_lock, &until);
    journal->chores = false;
    hs_heartbeat_work("preparing and removing segments");
}

void *hs_keeper_run(void *context)
{
    struct hs_journal *journal = context;
    prctl(PR_SET_NAME, "hs-keeper");
    hs_journal_begin_heartbeat(journal, "hs-keeper");
    hs_heartbeat_work("preparing and removing segments");
    pthread_mutex_lock(&journal->table_lock);
    while (!journal->keeper_stop) {
        atomic_store(&journal->starved, false);
        prepare_next(journal);
        tell_sealed(journal);
        hs_mark_settle(journal);
        remove_old(journal);
        prepare_next(journal); /* there may be space now */
        hs_place_look(journal);
        pthread_mutex_unlock(&journal->table_lock);
        hs_mark_save(journal);
        pthread_mutex_lock(&journal->table_lock);
        wait_a_round(journal);
    }
    tell_sealed(journal);
    pthread_mutex_unlock(&journal->table_lock);
    hs_heartbeat_end();
    return NULL;
}
