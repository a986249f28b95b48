/* Outcome: the watermarks, the ranges that failed instead of becoming durable, and who is notified
 * when either moves. Uses no files. */
#include "internal.h"

#include <hookstream/heartbeat.h>
#include <hookstream/wakeup.h>
#include <poll.h>

/* ---- Outcomes of events ---- */

uint64_t hs_journal_durable(const struct hs_journal *journal)
{
    return atomic_load_explicit(&journal->durable, memory_order_acquire);
}

uint64_t hs_journal_next(const struct hs_journal *constant)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->lock);
    uint64_t next = journal->next_sequence;
    pthread_mutex_unlock(&journal->lock);
    return next;
}

uint64_t hs_journal_last(const struct hs_journal *journal)
{
    return atomic_load_explicit(&journal->last, memory_order_acquire);
}

void hs_journal_add_failed(struct hs_journal *journal, uint64_t first, uint64_t last)
{
    pthread_mutex_lock(&journal->failed_lock);
    journal->failed[journal->failed_count++ % HS_FAILED_RANGES_MAX] =
        (struct hs_failed_range){first, last};
    pthread_mutex_unlock(&journal->failed_lock);
    atomic_store_explicit(&journal->failed_until, last, memory_order_release);
}

/* Only the newest ranges are kept, so a sequence older than the oldest of them may belong to a
 * forgotten one. It counts as failed, since a false failure only causes a retry. That takes more
 * failures than kept ranges, a second apart, while somebody waits. */
static bool has_failed(struct hs_journal *journal, uint64_t sequence)
{
    bool failed = false;
    pthread_mutex_lock(&journal->failed_lock);
    uint64_t count = journal->failed_count;
    uint64_t kept = count < HS_FAILED_RANGES_MAX ? count : HS_FAILED_RANGES_MAX;
    for (uint64_t i = count - kept; i < count && !failed; i++) {
        const struct hs_failed_range *range = &journal->failed[i % HS_FAILED_RANGES_MAX];
        failed =
            sequence <= range->last && (sequence >= range->first || (i > 0 && i == count - kept));
    }
    pthread_mutex_unlock(&journal->failed_lock);
    return failed;
}

enum hs_journal_outcome hs_journal_outcome(const struct hs_journal *constant, uint64_t sequence)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    /* Durable moves past a failed range only after the range was added, so in this order a failed
     * event is never taken for durable. */
    uint64_t durable = hs_journal_durable(journal);
    if (HS_UNLIKELY(sequence <=
                    atomic_load_explicit(&journal->failed_until, memory_order_acquire)) &&
        has_failed(journal, sequence))
        return HS_JOURNAL_FAILED;
    return sequence <= durable ? HS_JOURNAL_DURABLE : HS_JOURNAL_PENDING;
}

/* ---- Who is notified ---- */

void hs_journal_subscribe(struct hs_journal *journal, struct hs_wakeup *wakeup)
{
    pthread_mutex_lock(&journal->wakeup_lock);
    HS_ASSERT(journal->wakeup_count < HS_JOURNAL_WAKEUPS_MAX);
    journal->wakeups[journal->wakeup_count++] = wakeup;
    pthread_mutex_unlock(&journal->wakeup_lock);
}

void hs_journal_subscribe_cursors(struct hs_journal *journal, struct hs_wakeup *wakeup)
{
    pthread_mutex_lock(&journal->wakeup_lock);
    size_t count = atomic_load(&journal->cursor_wakeup_count);
    HS_ASSERT(count < HS_JOURNAL_WAKEUPS_MAX);
    journal->cursor_wakeups[count] = wakeup;
    atomic_store(&journal->cursor_wakeup_count, count + 1);
    pthread_mutex_unlock(&journal->wakeup_lock);
}

/* Returns how many are left. */
static size_t take_out(struct hs_wakeup **list, size_t count, const struct hs_wakeup *wakeup)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] != wakeup)
            continue;
        list[i] = list[count - 1];
        return count - 1;
    }
    return count;
}

void hs_journal_unsubscribe(struct hs_journal *journal, struct hs_wakeup *wakeup)
{
    pthread_mutex_lock(&journal->wakeup_lock);
    journal->wakeup_count = take_out(journal->wakeups, journal->wakeup_count, wakeup);
    atomic_store(
        &journal->cursor_wakeup_count,
        take_out(journal->cursor_wakeups, atomic_load(&journal->cursor_wakeup_count), wakeup));
    pthread_mutex_unlock(&journal->wakeup_lock);
}

void hs_journal_tell(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->wakeup_lock);
    for (size_t i = 0; i < journal->wakeup_count; i++)
        hs_wakeup_tell(journal->wakeups[i]);
    pthread_mutex_unlock(&journal->wakeup_lock);
}

void hs_journal_tell_cursors(struct hs_journal *journal)
{
    /* Takes no lock while nobody listens, the usual case. Sequentially consistent with the position
     * stored before: whoever subscribes now sees that one. */
    if (atomic_load(&journal->cursor_wakeup_count) == 0)
        return;
    pthread_mutex_lock(&journal->wakeup_lock);
    size_t count = atomic_load(&journal->cursor_wakeup_count);
    for (size_t i = 0; i < count; i++)
        hs_wakeup_tell(journal->cursor_wakeups[i]);
    pthread_mutex_unlock(&journal->wakeup_lock);
}

/* ---- Waiting ---- */

enum hs_journal_outcome hs_journal_wait(struct hs_journal *journal, uint64_t sequence)
{
    enum hs_journal_outcome outcome = hs_journal_outcome(journal, sequence);
    struct hs_wakeup wakeup;
    if (outcome != HS_JOURNAL_PENDING || hs_wakeup_init(&wakeup) < 0)
        return outcome; /* out of file numbers: the caller treats it as not yet safe */
    hs_journal_subscribe(journal, &wakeup);
    const char *doing = hs_heartbeat_pause(); /* the committer is watched itself */
    while (hs_wakeup_arm(&wakeup),
           (outcome = hs_journal_outcome(journal, sequence)) == HS_JOURNAL_PENDING) {
        struct pollfd readable = {.fd = wakeup.file, .events = POLLIN};
        (void)poll(&readable, 1, -1); /* EINTR: look once more */
        hs_wakeup_clear(&wakeup);
    }
    hs_heartbeat_resume(doing);
    hs_journal_unsubscribe(journal, &wakeup);
    hs_wakeup_close(&wakeup);
    return outcome;
}
