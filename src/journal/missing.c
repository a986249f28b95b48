/* Missing: reports losses that no reader finds, and passes on those that a reader found.
 *
 * At a start it checks whether the end of the journal is there. The last segment cannot show this:
 * if a file was deleted, emptied or cut, the one left behind looks whole. Other files record what
 * was durable: the mark, the cursors, and the names of the id files. The mark also shows whether
 * the beginning is there: it is written before the keeper removes a segment. */
#include "internal.h"

#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* "<20 digits>-<20 digits>.hsi": the ids of a segment that was finished at the second number. */
static void on_id_file(void *arg, const char *name)
{
    uint64_t *known = arg, last;
    struct hs_slice text = hs_slice_text(name); /* a directory entry ends in NUL */
    if (text.size == 45 && name[20] == '-' && memcmp(name + 41, ".hsi", 4) == 0 &&
        hs_slice_to_u64(hs_slice(name + 21, 20), UINT64_MAX - 1, &last) == 0)
        *known = larger(*known, last);
}

/* The last sequence known to have been durable. */
static uint64_t last_known(struct hs_journal *journal)
{
    HS_AUTO_FREE char *ids = NULL;
    int size = asprintf(&ids, "%s/ids", journal->path);
    HS_ASSERT(size > 0);
    uint64_t known = larger(hs_journal_durable(journal), journal->mark.durable);
    HS_IGNORE(hs_disk_list(journal->disk, ids, on_id_file, &known)); /* it may not exist */
    return known;
}

/* Logged and counted here, once: later readers only report to their sinks. */
static void report(struct hs_journal *journal, const struct hs_segment *last, uint64_t first,
                   uint64_t known)
{
    const char *path = last != NULL ? last->path : journal->segments_path;
    uint64_t count = known >= first ? known - first + 1 : 0;
    if (last != NULL)
        (void)hs_table_note_damage(journal, last->first, last->end); /* new: nothing was read yet */
    hs_counter_add(journal->damaged, 1);
    hs_log(HS_LOG_ERROR,
           "the end of the journal is missing: its newest segment was deleted, emptied or cut. "
           "At least this many events are lost; restore the file from a "
           "backup while hookstream is stopped, or ask the sender for them",
           HS_F("ends_in", "%s", path), HS_F("newest_segment", "%" PRIu64, journal->mark.newest),
           HS_F("first", "%" PRIu64, first), HS_F("last_known", "%" PRIu64, known),
           HS_F("lost_at_least", "%" PRIu64, count),
           HS_F("lost_at_most", "%" PRIu64, larger(journal->mark.limit, known) - first + 1));
}

void hs_missing_find(struct hs_journal *journal, uint64_t found)
{
    struct hs_segment *last =
        journal->segment_count > 0 ? journal->segments[journal->segment_count - 1] : NULL;
    uint64_t known = last_known(journal), first = found + 1;
    bool file_gone = journal->mark.newest > (last != NULL ? last->first : 0);
    if (known <= found && !file_gone)
        return;
    /* A segment that was emptied records itself where it began. */
    if (last != NULL && last->last < last->first)
        first = larger(first, last->first);
    report(journal, last, first, known);
    /* Readers find the last segment shorter than it should be, and report it to their sinks. */
    if (last != NULL && known >= first)
        last->last = known;
    if (last == NULL)
        journal->begin = known + 1;
    atomic_store(&journal->durable, known);
    /* Whatever the file held, no sequence of it is used again (J2). */
    uint64_t next = larger(known, journal->mark.limit) + 1;
    journal->next_sequence = larger(journal->next_sequence, next);
    journal->void_first = first;
}

/* If their cursors are gone too, the sinks' positions are unknown. These sinks begin with the first
 * event that must exist (cursor.c), and report what is missing. */
void hs_missing_find_begin(struct hs_journal *journal, bool set_aside)
{
    uint64_t first = journal->mark.kept_from, begin = hs_journal_begin(journal);
    /* A segment that still exists though the mark gave it up is kept from now on. */
    if (first > begin && journal->segment_count > 0)
        atomic_store(&journal->kept_from, begin);
    /* If no segment is left, that was reported as a missing end. */
    if (first == 0 || first >= begin || set_aside || journal->segment_count == 0)
        return;
    bool passed = begin - 1 <= journal->passed;
    if (!passed)
        hs_counter_add(journal->damaged, 1);
    hs_log(passed ? HS_LOG_WARN : HS_LOG_ERROR,
           passed
               ? "the beginning of the journal is missing: its oldest segments were deleted, not "
                 "by hookstream. Every sink was done with them; find out who removes files there"
               : "the beginning of the journal is missing: its oldest segments were deleted, not "
                 "by hookstream. A sink that was not done with them loses their events and "
                 "reports them; restore the files from a backup while hookstream is stopped, "
                 "or ask the sender for the events",
           HS_F("folder", "%s", journal->segments_path), HS_F("first", "%" PRIu64, first),
           HS_F("last", "%" PRIu64, begin - 1),
           HS_F("oldest_segment", "%s", journal->segments[0]->path));
}

/* ---- At run time ---- */

void hs_journal_lose(struct hs_journal *journal, uint64_t first, uint64_t last)
{
    if (first > last || journal->watcher.lost == NULL)
        return;
    pthread_mutex_lock(&journal->table_lock);
    bool needed = last > hs_cursors_least(journal);
    pthread_mutex_unlock(&journal->table_lock);
    if (!needed)
        return;
    journal->watcher.lost(journal->watcher.context, first, last);
    /* The watcher's data on these segments is out of date, so they are reported to it again. They
     * stay until then, since a cursor has not passed them. */
    pthread_mutex_lock(&journal->table_lock);
    journal->losses++;
    for (size_t i = 0; i < journal->segment_count; i++) {
        struct hs_segment *segment = journal->segments[i];
        if (segment->first <= last && first <= segment->last)
            segment->told = false;
    }
    pthread_mutex_unlock(&journal->table_lock);
    hs_keeper_wake(journal);
    hs_journal_tell(journal); /* workers publish it to the replicas that share a dedupe */
}
