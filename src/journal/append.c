/* Append: an event becomes a record in the pending batch; what became of it is asked by its
 * sequence. */
#include "internal.h"

/* Whether the record has a place in the active segment or in one further; plans it. With
 * `lock` held. */
static int plan(struct hs_journal *journal, size_t size)
{
    if (journal->planned_end + size <= journal->options.segment_size) {
        journal->planned_end += size;
        return 0;
    }
    if (size + HS_SEGMENT_HEADER > journal->options.segment_size)
        return hs_fail(-EMSGSIZE, "the event does not fit a segment");
    if (journal->planned_turn)
        return hs_fail(-EAGAIN, "too much waits for the disk");
    if (!journal->room_for_next) {
        hs_keeper_wake(journal);
        return hs_fail(-ENOSPC, "the journal has reached max_size and no sink made room");
    }
    journal->planned_turn = true;
    journal->room_for_next = false; /* until the keeper says so again */
    atomic_fetch_add(&journal->turns, 1);
    journal->planned_end = HS_SEGMENT_HEADER + size;
    return 0;
}

static int append(struct hs_journal *journal, const struct hs_event *event, size_t size,
                  uint64_t *ret_sequence)
{
    if (journal->state == HS_JOURNAL_STOPPED)
        return hs_fail(-ESHUTDOWN, "the journal is stopped");
    if (journal->state == HS_JOURNAL_BROKEN)
        return hs_fail(journal->broken_code, "%s", journal->broken_text);
    if (size > journal->pending.ceiling - journal->pending.size)
        return hs_fail(-EAGAIN, "too much waits for the disk");
    int code = plan(journal, size);
    if (code < 0)
        return code;
    char *at = hs_buffer_reserve(&journal->pending, size);
    HS_ASSERT(at != NULL);
    uint64_t sequence = journal->next_sequence++;
    hs_record_encode(event, sequence, size, at);
    hs_buffer_commit(&journal->pending, size);
    if (journal->pending_count++ == 0)
        journal->pending_first = sequence;
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
    bool first = code == 0 && journal->pending_count == 1;
    pthread_mutex_unlock(&journal->lock);
    /* The committer sleeps only while nothing is pending. */
    if (first)
        pthread_cond_signal(&journal->work);
    return code;
}

/* ---- What became of it ---- */

enum hs_journal_outcome hs_journal_outcome(const struct hs_journal *journal, uint64_t sequence)
{
    /* The failed ranges were stored before durable moved past them, so in this order a
     * sequence that failed is never taken for durable. */
    uint64_t durable = atomic_load_explicit(&journal->durable, memory_order_acquire);
    uint64_t count = atomic_load_explicit(&journal->failed_count, memory_order_acquire);
    uint64_t kept = count < HS_FAILED_RANGES_MAX ? count : HS_FAILED_RANGES_MAX;
    for (uint64_t i = 0; i < kept; i++) {
        uint64_t first = atomic_load_explicit(&journal->failed[i].first, memory_order_relaxed);
        uint64_t last = atomic_load_explicit(&journal->failed[i].last, memory_order_relaxed);
        if (sequence >= first && sequence <= last)
            return HS_JOURNAL_FAILED;
    }
    return sequence <= durable ? HS_JOURNAL_DURABLE : HS_JOURNAL_PENDING;
}

uint64_t hs_journal_durable(const struct hs_journal *journal)
{
    return atomic_load_explicit(&journal->durable, memory_order_acquire);
}

uint64_t hs_journal_last(const struct hs_journal *journal)
{
    return atomic_load_explicit(&journal->last, memory_order_acquire);
}

bool hs_journal_writable(const struct hs_journal *constant, const char **ret_reason)
{
    /* The lock is no part of what is looked at. */
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant;
    static _Thread_local char reason[256];
    bool writable = false;
    pthread_mutex_lock(&journal->lock);
    if (journal->state == HS_JOURNAL_STOPPED)
        memcpy(reason, "stopped", 8);
    else if (journal->state == HS_JOURNAL_BROKEN)
        memcpy(reason, journal->broken_text, sizeof(reason));
    else if (!journal->room_for_next &&
             journal->planned_end + (64u << 10) > journal->options.segment_size)
        memcpy(reason, "max_size is reached and no sink made room: see which sink is behind", 68);
    else
        writable = true;
    pthread_mutex_unlock(&journal->lock);
    *ret_reason = reason;
    return writable;
}
