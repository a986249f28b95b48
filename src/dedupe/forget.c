/* Forget: makes ids of lost events unknown, so that these can be sent again (D2). Ids are hashes
 * without a sequence, so the lost ones are found by elimination: an id stays known if an id file or
 * a readable record has it; all others are forgotten.
 *
 * In this order, so that after a crash in between no lost id is known:
 *   1. the range goes into ids/lost, synced, for the shared dedupe;
 *   2. id files that have any of the range are removed, and the folder is synced: a start then
 *      reads what remains of their segments, and the keeper writes their files again;
 *   3. in memory, ids that arrive from now on are marked as kept, then those of the files and the
 *      segments; ids without a mark are removed. Only then the reader that found the loss
 *      continues, and its sink reports it. */
#include "internal.h"

#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

#define LOST_TEXT_MAX (HS_LOST_RANGES_MAX * 56u) /* two numbers of 20 digits, one of 10 */

/* ---- The ranges on disk ---- */

static char *lost_path(const struct hs_dedupe *dedupe)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/lost", dedupe->folder);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    return path;
}

void hs_dedupe_load_lost(struct hs_dedupe *dedupe)
{
    HS_AUTO_FREE char *path = lost_path(dedupe);
    struct hs_buffer text;
    hs_buffer_init(&text, LOST_TEXT_MAX);
    int code = hs_disk_read_all(hs_journal_disk(dedupe->journal), path, &text);
    if (code == 0)
        code = hs_lost_ranges_read(&dedupe->lost, hs_buffer_slice(&text));
    if (code < 0 && code != -ENOENT)
        hs_log(HS_LOG_ERROR,
               "the list of what the journal lost cannot be read: replicas that share a dedupe "
               "may treat retries of lost events as duplicates",
               HS_F("file", "%s", path), HS_F("error", "%s", hs_error_text()));
    hs_buffer_free(&text);
    hs_lost_ranges_age(&dedupe->lost, hs_dedupe_hour(dedupe), dedupe->window_hours);
}

void hs_dedupe_note_lost(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    uint32_t hour = hs_dedupe_hour(dedupe);
    if (first > last || hs_lost_ranges_cover(&dedupe->lost, first, last))
        return;
    hs_lost_ranges_age(&dedupe->lost, hour, dedupe->window_hours);
    hs_lost_ranges_add(&dedupe->lost, &(struct hs_lost_range){first, last, hour}, false);
    HS_AUTO_FREE char *path = lost_path(dedupe);
    struct hs_buffer text;
    hs_buffer_init(&text, LOST_TEXT_MAX);
    hs_lost_ranges_write(&dedupe->lost, &text);
    if (hs_disk_replace(hs_journal_disk(dedupe->journal), path, hs_buffer_slice(&text)) < 0)
        hs_log(HS_LOG_ERROR,
               "cannot record what the journal lost: after a restart replicas that share a "
               "dedupe may treat retries of it as duplicates",
               HS_F("file", "%s", path), HS_F("error", "%s", hs_error_text()));
    hs_buffer_free(&text);
}

void hs_dedupe_settle(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    if (first <= last)
        hs_lost_ranges_add(&dedupe->settled, &(struct hs_lost_range){first, last, 0}, true);
}

/* ---- Memory ---- */

static uint64_t sweep(struct hs_dedupe *dedupe)
{
    for (size_t i = 0; i < HS_DEDUPE_SHARDS; i++) {
        pthread_mutex_lock(&dedupe->shards[i].lock);
        hs_id_table_watch(&dedupe->shards[i].table);
        pthread_mutex_unlock(&dedupe->shards[i].lock);
    }
    /* Earlier ids are in the journal, and can be read once they are durable. */
    uint64_t last = hs_journal_last(dedupe->journal), forgotten = 0;
    if (last > 0)
        (void)hs_journal_wait(dedupe->journal, last); /* if it failed, its id is removed anyway */
    hs_dedupe_keep_all(dedupe);
    for (size_t i = 0; i < HS_DEDUPE_SHARDS; i++) {
        pthread_mutex_lock(&dedupe->shards[i].lock);
        forgotten += hs_id_table_sweep(&dedupe->shards[i].table);
        pthread_mutex_unlock(&dedupe->shards[i].lock);
    }
    return forgotten;
}

void hs_dedupe_lost(struct hs_dedupe *dedupe, uint64_t first, uint64_t last)
{
    if (first > last || hs_journal_in_memory(dedupe->journal))
        return;
    pthread_mutex_lock(&dedupe->files_lock);
    hs_dedupe_note_lost(dedupe, first, last);
    if (!hs_lost_ranges_cover(&dedupe->settled, first, last)) {
        hs_dedupe_drop_files(dedupe, first, last);
        uint64_t forgotten = sweep(dedupe);
        hs_dedupe_settle(dedupe, first, last);
        hs_log_limited(HS_LOG_WARN, "ids_forgotten",
                       "ids of lost events are forgotten: their retries are taken as new",
                       HS_F("first", "%" PRIu64, first), HS_F("last", "%" PRIu64, last),
                       HS_F("ids", "%" PRIu64, forgotten));
    }
    pthread_mutex_unlock(&dedupe->files_lock);
}

void hs_dedupe_each_lost(struct hs_dedupe *dedupe,
                         void (*each)(void *context, uint64_t first, uint64_t last), void *context)
{
    pthread_mutex_lock(&dedupe->files_lock);
    for (size_t i = 0; i < dedupe->lost.count; i++)
        each(context, dedupe->lost.items[i].first, dedupe->lost.items[i].last);
    pthread_mutex_unlock(&dedupe->files_lock);
}
