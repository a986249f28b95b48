/* Append: turns an event into a record in the pending batch, with the next sequence number.
 * commit.c does the rest. */
#include "internal.h"

#include <stdio.h>

#define USUAL_SIZE 4096u /* of a record */

/* Reserves a place for the record in the active segment or a further one, if there is any. Mirrors
 * how the committer lays out records, so accepted records always fit, as long as segments have the
 * usual size. With `lock` held. */
static int plan(struct hs_journal *journal, size_t size)
{
    if (journal->planned_end + size <= journal->planned_size) {
        journal->planned_end += size;
        return 0;
    }
    if (size + HS_SEGMENT_HEADER > journal->options.segment_size)
        return hs_fail(-EMSGSIZE, "the event does not fit a segment");
    if (!hs_segment_has_room(journal)) {
        atomic_store(&journal->starved, true);
        journal->refused_size = size > journal->refused_size ? size : journal->refused_size;
        return hs_fail(-ENOSPC, "the journal has reached max_size and no sink made room");
    }
    atomic_fetch_add(&journal->turns, 1);
    journal->planned_end = HS_SEGMENT_HEADER + size;
    journal->refused_size = 0;
    journal->planned_size = journal->options.segment_size; /* otherwise it is planned again */
    return 0;
}

void hs_journal_plan_again(struct hs_journal *journal)
{
    uint64_t turns = 0, end = 0, room = 0;
    pthread_mutex_lock(&journal->lock);
    pthread_mutex_lock(&journal->table_lock);
    const struct hs_segment *active = hs_table_active(journal);
    if (active != NULL) {
        end = active->end;
        room = active->size;
    }
    pthread_mutex_unlock(&journal->table_lock);
    for (size_t at = 0, size; active != NULL && at < journal->pending.size; at += size) {
        size = hs_record_length(journal->pending.data + at, journal->pending.size - at);
        HS_ASSERT(size > 0);
        if (end + size > room) {
            turns++;
            end = HS_SEGMENT_HEADER;
            room = journal->options.segment_size;
        }
        end += size;
    }
    journal->planned_end = end;
    journal->planned_size = room;
    journal->refused_size = 0;
    atomic_store(&journal->turns, turns);
    pthread_mutex_unlock(&journal->lock);
}

static int append(struct hs_journal *journal, const struct hs_event *event, size_t size,
                  uint64_t *ret_sequence)
{
    if (journal->state == HS_JOURNAL_STOPPED)
        return hs_fail(-ESHUTDOWN, "the journal is stopped");
    if (journal->state != HS_JOURNAL_OPEN)
        return hs_fail(journal->broken_code, "%s", journal->broken_text);
    if (size > HS_JOURNAL_PENDING_MAX - journal->pending.size)
        return hs_fail(-EAGAIN, "too much waits for the disk");
    int code = plan(journal, size);
    if (code < 0)
        return code;
    char *at = hs_buffer_reserve(&journal->pending, size);
    HS_ASSERT(at != NULL);
    uint64_t sequence = journal->next_sequence++;
    hs_record_encode(event, sequence, size, at);
    hs_buffer_commit(&journal->pending, size);
    journal->pending_count++;
    atomic_store_explicit(&journal->last, sequence, memory_order_release);
    *ret_sequence = sequence;
    return 0;
}

int hs_journal_append(struct hs_journal *journal, const struct hs_event *event,
                      uint64_t *ret_sequence)
{
    size_t size = hs_record_size(event);
    if (size == 0)
        return hs_fail(-EMSGSIZE, "the event is too large for the journal");
    pthread_mutex_lock(&journal->lock);
    int code = append(journal, event, size, ret_sequence);
    bool wake = code == 0 && journal->pending_count == journal->wake_at;
    pthread_mutex_unlock(&journal->lock);
    /* The committer sleeps only while fewer than that are pending. */
    if (wake)
        pthread_cond_signal(&journal->work);
    return code;
}

/* Whether an event of a usual size would be refused, or one was. Smaller ones may still fit: then
 * some senders get 503, which is not ready. With `lock` held. */
static bool is_full(const struct hs_journal *journal)
{
    uint64_t size = journal->refused_size > USUAL_SIZE ? journal->refused_size : USUAL_SIZE;
    return journal->planned_end + size > journal->planned_size && !hs_segment_has_room(journal);
}

bool hs_journal_writable(const struct hs_journal *constant, const char **ret_reason)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    static _Thread_local char reason[sizeof(journal->broken_text)];
    bool writable = false;
    pthread_mutex_lock(&journal->lock);
    if (journal->state == HS_JOURNAL_STOPPED)
        snprintf(reason, sizeof(reason), "the journal is stopped");
    else if (journal->state != HS_JOURNAL_OPEN)
        memcpy(reason, journal->broken_text, sizeof(reason));
    else if (is_full(journal))
        snprintf(reason, sizeof(reason),
                 journal->alarmed != journal->metrics
                     ? "they fill dead_letters.max_size and what may be dropped was dropped: retry "
                       "or discard letters"
                     : "journal.max_size is reached and no sink made room: see which sink is "
                       "behind");
    else
        writable = true;
    pthread_mutex_unlock(&journal->lock);
    *ret_reason = writable ? "" : reason;
    return writable;
}
