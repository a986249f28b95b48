/* Commit: the committer takes all that is pending, writes it, syncs once, and moves the
 * watermark for everyone who waits. What it does when the disk fails is J4. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>

/* With this many events in the last two batches waiting for company is worth it. */
#define COMPANY_LEAST 8u

/* ---- Waiting for work ---- */

/* An event that comes alone is synced at once. Under load the committer waits until as many
 * are pending as were in the last two batches, which is about as many as there are senders
 * who wait for their answers, but no longer than the window: syncing takes more CPU than all
 * the rest, so the more requests share one, the better (docs/decisions/0003). */
static void wait_for_company(struct hs_journal *journal)
{
    uint64_t window = journal->options.commit_window_ns;
    uint64_t wanted = journal->batches_before[0] + journal->batches_before[1];
    if (window == 0 || wanted < COMPANY_LEAST)
        return;
    uint64_t until_ns = hs_clock_monotonic_ns() + window;
    struct timespec until = {(time_t)(until_ns / HS_NS_PER_SECOND),
                             (long)(until_ns % HS_NS_PER_SECOND)};
    int code = 0;
    pthread_mutex_lock(&journal->lock);
    journal->wake_at = wanted;
    while (code == 0 && journal->pending_count < wanted && !journal->stopping)
        code = pthread_cond_timedwait(&journal->work, &journal->lock, &until);
    journal->wake_at = 1;
    pthread_mutex_unlock(&journal->lock);
}

struct batch {
    uint64_t first, last, count;
    bool stopping;
};

/* Swaps the buffers. Nothing pending: the stop. */
static struct batch take_pending(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    struct hs_buffer empty = journal->batch;
    journal->batch = journal->pending;
    journal->pending = empty;
    hs_buffer_clear(&journal->pending);
    struct batch batch = {
        .first = journal->pending_first,
        .last = journal->next_sequence - 1,
        .count = journal->pending_count,
        .stopping = journal->stopping,
    };
    journal->pending_count = 0;
    /* What is pending from now on begins in the segment that this batch ends in. */
    journal->planned_turn = false;
    pthread_mutex_unlock(&journal->lock);
    return batch;
}

static bool wait_for_work(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    while (journal->pending_count == 0 && !journal->stopping) {
        /* Whoever comes after a quiet time comes alone. */
        journal->batches_before[0] = journal->batches_before[1] = 0;
        pthread_cond_wait(&journal->work, &journal->lock);
    }
    bool work = journal->pending_count > 0;
    pthread_mutex_unlock(&journal->lock);
    return work;
}

/* ---- Writing ---- */

/* Seals the records from `at` on that still fit the active segment; gives where they end. */
static size_t seal_run(struct hs_journal *journal, size_t at, uint64_t room, uint64_t seed,
                       uint64_t *ret_last, uint64_t *ret_newest_ns)
{
    size_t begin = at;
    while (at < journal->batch.size) {
        char *record = journal->batch.data + at;
        size_t size = hs_record_length(record, journal->batch.size - at);
        HS_ASSERT(size > 0);
        if (at + size - begin > room)
            break;
        hs_record_seal(record, atomic_load_explicit(&journal->durable, memory_order_relaxed), seed);
        *ret_last = hs_record_sequence(record);
        memcpy(ret_newest_ns, record + 24, sizeof(*ret_newest_ns));
        at += size;
    }
    return at;
}

static int sync_active(struct hs_journal *journal)
{
    uint64_t begin = hs_clock_monotonic_ns();
    int code = hs_disk_sync(journal->disk, journal->active_file);
    hs_histogram_observe(journal->sync_seconds,
                         (double)(hs_clock_monotonic_ns() - begin) / 1e9, 1);
    if (code < 0)
        hs_counter_add(journal->sync_errors, 1);
    return code;
}

/* Makes what was written visible to readers, and the watermark. After the sync only (J3). */
static void publish(struct hs_journal *journal, uint64_t size, uint64_t last, uint64_t newest_ns)
{
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment *segment = hs_table_active(journal);
    segment->end += size;
    segment->last = last;
    segment->newest_wall_ns = newest_ns;
    pthread_mutex_unlock(&journal->table_lock);
    atomic_store_explicit(&journal->durable, last, memory_order_release);
}

static uint64_t active_end(struct hs_journal *journal, uint64_t *ret_seed)
{
    pthread_mutex_lock(&journal->table_lock);
    const struct hs_segment *segment = hs_table_active(journal);
    uint64_t end = segment->end;
    *ret_seed = segment->seed;
    pthread_mutex_unlock(&journal->table_lock);
    return end;
}

static int turn_over(struct hs_journal *journal, uint64_t first)
{
    hs_segment_seal(journal);
    int code = hs_segment_begin(journal, first);
    if (code < 0)
        hs_counter_add(journal->write_errors, 1);
    else
        atomic_fetch_sub(&journal->turns, 1);
    return code;
}

/* Writes the batch, run by run as segments end, each run synced before the next begins. */
static int write_batch(struct hs_journal *journal)
{
    size_t at = 0;
    while (at < journal->batch.size) {
        uint64_t seed, last = 0, newest_ns = 0, end = active_end(journal, &seed);
        size_t until = seal_run(journal, at, journal->options.segment_size - end, seed, &last,
                                &newest_ns);
        int code = 0;
        if (until > at) {
            struct hs_slice run = hs_slice(journal->batch.data + at, until - at);
            code = hs_disk_write(journal->disk, journal->active_file, run, end);
            if (code < 0)
                hs_counter_add(journal->write_errors, 1);
            else
                code = sync_active(journal);
            if (code < 0)
                return code;
            publish(journal, run.size, last, newest_ns);
        }
        if (until < journal->batch.size)
            code = turn_over(journal, hs_record_sequence(journal->batch.data + until));
        if (code < 0)
            return code;
        at = until;
    }
    return 0;
}

/* ---- Failing (J4) ---- */

static void add_failed_range(struct hs_journal *journal, uint64_t first, uint64_t last)
{
    uint64_t count = atomic_load(&journal->failed_count);
    atomic_store(&journal->failed[count % HS_FAILED_RANGES_MAX].first, first);
    atomic_store(&journal->failed[count % HS_FAILED_RANGES_MAX].last, last);
    atomic_store_explicit(&journal->failed_count, count + 1, memory_order_release);
}

/* Tells the watcher of every event in the buffer that is not durable. */
static void tell_failed(struct hs_journal *journal, const struct hs_buffer *records)
{
    uint64_t durable = atomic_load(&journal->durable);
    for (size_t at = 0, size; at < records->size; at += size) {
        struct hs_event event;
        size = hs_record_length(records->data + at, records->size - at);
        HS_ASSERT(size > 0);
        if (hs_record_sequence(records->data + at) > durable && journal->watcher.failed != NULL &&
            hs_record_view(records->data + at, size, &event) == 0)
            journal->watcher.failed(journal->watcher.context, &event);
    }
}

static void refuse_appends(struct hs_journal *journal, int code)
{
    pthread_mutex_lock(&journal->lock);
    journal->state = HS_JOURNAL_BROKEN;
    journal->broken_code = code == -ENOSPC || code == -EDQUOT ? -ENOSPC : -EROFS;
    snprintf(journal->broken_text, sizeof(journal->broken_text), "%.200s", hs_error_text());
    pthread_mutex_unlock(&journal->lock);
}

/* The batch and all that was appended since is void: their waiters are told so, and their
 * ids forgotten before that. The segment gets no more, whatever its pages say. */
static void fail_batch(struct hs_journal *journal, int code)
{
    refuse_appends(journal, code);
    hs_log(HS_LOG_ERROR, "the journal cannot be written: senders get 503 until it can; check "
                         "the disk (space, health, permissions)",
           HS_F("path", "%s", journal->path), HS_F("error", "%s", journal->broken_text));
    /* Nobody appends now: both buffers are the committer's. */
    tell_failed(journal, &journal->batch);
    tell_failed(journal, &journal->pending);
    if (journal->active_file >= 0)
        hs_segment_seal(journal);
    pthread_mutex_lock(&journal->lock);
    uint64_t durable = atomic_load(&journal->durable);
    uint64_t last = journal->next_sequence - 1;
    hs_buffer_clear(&journal->pending);
    journal->pending_count = 0;
    atomic_store_explicit(&journal->last, durable, memory_order_release);
    pthread_mutex_unlock(&journal->lock);
    if (last > durable)
        add_failed_range(journal, durable + 1, last);
    hs_journal_tell(journal);
}

/* Waits a while, or until the stop. false: the stop. */
static bool wait_before_mending(struct hs_journal *journal)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(HS_RECOVER_WAIT_NS / HS_NS_PER_SECOND);
    pthread_mutex_lock(&journal->lock);
    int code = 0;
    while (!journal->stopping && code == 0)
        code = pthread_cond_timedwait(&journal->work, &journal->lock, &until);
    bool go_on = !journal->stopping;
    pthread_mutex_unlock(&journal->lock);
    return go_on;
}

/* A new segment is both the way on and the proof that the disk takes writes again. */
static void mend(struct hs_journal *journal)
{
    while (wait_before_mending(journal)) {
        pthread_mutex_lock(&journal->table_lock);
        hs_keeper_tidy(journal);
        pthread_mutex_unlock(&journal->table_lock);
        if (hs_segment_begin(journal, journal->next_sequence) < 0) {
            hs_log_limited(HS_LOG_ERROR, "journal_broken", "the journal still cannot be written",
                           HS_F("error", "%s", hs_error_text()));
            continue;
        }
        pthread_mutex_lock(&journal->lock);
        journal->state = HS_JOURNAL_OPEN;
        journal->planned_end = HS_SEGMENT_HEADER;
        journal->planned_turn = false;
        atomic_store(&journal->turns, 0);
        pthread_mutex_unlock(&journal->lock);
        hs_log(HS_LOG_INFO, "the journal can be written again; events are accepted",
               HS_F("path", "%s", journal->path));
        hs_keeper_wake(journal);
        hs_journal_tell(journal);
        return;
    }
}

/* ---- The thread ---- */

static void give_memory_back(struct hs_buffer *buffer)
{
    if (buffer->capacity > HS_JOURNAL_PENDING_KEPT)
        hs_buffer_free(buffer);
}

static void commit(struct hs_journal *journal)
{
    struct batch batch = take_pending(journal);
    int code = write_batch(journal);
    if (code < 0) {
        fail_batch(journal, code);
        mend(journal);
        return;
    }
    journal->batches_before[1] = journal->batches_before[0];
    journal->batches_before[0] = batch.count;
    hs_histogram_observe(journal->batch_events, (double)batch.count, 1);
    hs_journal_tell(journal);
    give_memory_back(&journal->batch);
}

void *hs_committer_run(void *context)
{
    struct hs_journal *journal = context;
    prctl(PR_SET_NAME, "hs-committer");
    /* By default the system may oversleep 50 us, a quarter of the window. */
    prctl(PR_SET_TIMERSLACK, 1000UL);
    while (wait_for_work(journal)) {
        wait_for_company(journal);
        commit(journal);
    }
    return NULL;
}
