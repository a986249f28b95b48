/* Commit: the committer takes everything pending, writes it, syncs once, and moves the watermark
 * for all who wait. It handles a failing disk by J4.
 *
 * The steps of one batch: wait_for_work, wait_for_company, take_pending, write_batch (a run of
 * records per segment: seal_run, write, sync, publish, turn_over), hs_journal_tell. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <sys/prctl.h>

/* With this many events in the last two batches it is worth waiting for more. */
#define COMPANY_LEAST 8u

/* ---- Waiting for work ---- */

/* false: stopping, with nothing left to do. */
static bool wait_for_work(struct hs_journal *journal)
{
    hs_heartbeat_rest();
    pthread_mutex_lock(&journal->lock);
    while (journal->pending_count == 0 && !journal->stopping &&
           journal->state != HS_JOURNAL_DISPLACED) {
        /* The first event after a quiet time comes alone. */
        journal->batches_before[0] = journal->batches_before[1] = 0;
        pthread_cond_wait(&journal->work, &journal->lock);
    }
    bool work = journal->pending_count > 0 || journal->state == HS_JOURNAL_DISPLACED;
    pthread_mutex_unlock(&journal->lock);
    hs_heartbeat_work("writing a batch of events");
    return work;
}

/* A single event is synced at once. Under load the committer waits, at most for the window, until
 * as many events are pending as were in the last two batches. That is about the number of senders
 * waiting for their answers. Syncing takes more CPU than everything else, so sharing a sync among
 * more requests saves CPU (docs/decisions/0003). */
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

/* Swaps the buffers; returns the number of events. */
static uint64_t take_pending(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    struct hs_buffer empty = journal->batch;
    journal->batch = journal->pending;
    journal->pending = empty;
    uint64_t count = journal->pending_count;
    journal->pending_count = 0;
    pthread_mutex_unlock(&journal->lock);
    HS_ASSERT(hs_buffer_reserve(&journal->batch, HS_JOURNAL_PAGE) != NULL); /* for pad() */
    return count;
}

/* ---- Writing ---- */

struct run {
    struct hs_slice bytes;
    uint64_t last, newest_wall_ns;
};

/* Seals the records from `at` on that fit into `room`. */
static struct run seal_run(struct hs_journal *journal, size_t at, uint64_t room, uint64_t seed)
{
    struct run run = {.bytes = hs_slice(journal->batch.data + at, 0)};
    uint64_t durable = hs_journal_durable(journal);
    while (at < journal->batch.size) {
        char *record = journal->batch.data + at;
        size_t size = hs_record_length(record, journal->batch.size - at);
        HS_ASSERT(size > 0);
        if (run.bytes.size + size > room)
            break;
        hs_record_seal(record, durable, seed);
        run.last = hs_record_sequence(record);
        /* Replayed events were received long ago. */
        uint64_t received = hs_record_received_ns(record);
        run.newest_wall_ns = received > run.newest_wall_ns ? received : run.newest_wall_ns;
        run.bytes.size += size;
        at += size;
    }
    return run;
}

/* Pads with zeros to the end of the page, so that the disk need not read the rest of it before the
 * write. Only behind the batch's last record; the buffer has space for that. */
static struct hs_slice pad(const struct hs_journal *journal, struct hs_slice bytes, uint64_t place)
{
    size_t end = (size_t)((place + bytes.size) % HS_JOURNAL_PAGE);
    size_t used = (size_t)(bytes.data - journal->batch.data) + bytes.size;
    if (end == 0 || used != journal->batch.size)
        return bytes;
    memset(journal->batch.data + used, 0, HS_JOURNAL_PAGE - end);
    return hs_slice(bytes.data, bytes.size + HS_JOURNAL_PAGE - end);
}

static int write_and_sync(struct hs_journal *journal, struct hs_slice records, uint64_t place)
{
    struct hs_slice bytes = pad(journal, records, place);
    int code = hs_disk_write(journal->disk, journal->active_file, bytes, place);
    if (code < 0) {
        hs_counter_add(journal->write_errors, 1);
        return code;
    }
    hs_heartbeat_work("syncing a batch of events to the disk");
    uint64_t begin = hs_clock_monotonic_ns();
    code = hs_disk_sync(journal->disk, journal->active_file);
    hs_heartbeat_work("writing a batch of events");
    hs_histogram_observe(journal->sync_seconds, (double)(hs_clock_monotonic_ns() - begin) / 1e9, 1);
    if (code < 0)
        hs_counter_add(journal->sync_errors, 1);
    return code;
}

/* Makes the written events visible. Only after the sync (J3), and both as one step under the lock
 * that readers take to look. No reader gets an event before the watermark has passed it, and none
 * that saw the watermark misses its event. */
static void publish(struct hs_journal *journal, const struct run *run)
{
    hs_mark_touch(journal, run->last); /* before anyone is notified */
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment *segment = hs_table_active(journal);
    segment->end += run->bytes.size;
    segment->last = run->last;
    if (run->newest_wall_ns > segment->newest_wall_ns)
        segment->newest_wall_ns = run->newest_wall_ns;
    atomic_store_explicit(&journal->durable, run->last, memory_order_release);
    pthread_mutex_unlock(&journal->table_lock);
}

/* The active segment's end, and its largest size. */
static uint64_t active_end(struct hs_journal *journal, uint64_t *ret_seed, uint64_t *ret_size)
{
    pthread_mutex_lock(&journal->table_lock);
    const struct hs_segment *segment = hs_table_active(journal);
    HS_ASSERT(segment != NULL);
    uint64_t end = segment->end;
    *ret_seed = segment->seed;
    *ret_size = segment->size;
    pthread_mutex_unlock(&journal->table_lock);
    return end;
}

/* Changes to a new segment, which the record at hand fits in. */
static int turn_over(struct hs_journal *journal, const char *record)
{
    /* Without its place the segment stays as it is, and the next one cannot begin: below. */
    if (hs_place_restore(journal) < 0)
        hs_log_limited(HS_LOG_ERROR, "journal_place", "the segment in use is not in its place",
                       HS_F("error", "%s", hs_error_text()));
    hs_segment_seal(journal);
    /* Writing to a file without reserved blocks would fill the disk to its last byte. */
    int code = hs_segment_prepare_now(journal, HS_SEGMENT_HEADER +
                                                   hs_record_length(record, HS_RECORD_HEADER));
    if (code == 0)
        code = hs_segment_begin(journal, hs_record_sequence(record));
    if (code < 0) {
        hs_counter_add(journal->write_errors, 1);
        return code;
    }
    /* The plan counts only segments of the usual size. */
    uint64_t planned = atomic_load(&journal->turns);
    while (planned > 0 && !atomic_compare_exchange_weak(&journal->turns, &planned, planned - 1))
        ;
    return 0;
}

/* Writes the batch, one run per segment; each run is synced before the next begins. */
static int write_batch(struct hs_journal *journal)
{
    bool turned = false;
    for (size_t at = 0; at < journal->batch.size;) {
        uint64_t seed, size, end = active_end(journal, &seed, &size);
        struct run run = seal_run(journal, at, size - end, seed);
        int code = 0;
        if (run.bytes.size > 0) {
            code = write_and_sync(journal, run.bytes, end);
            if (code < 0)
                return code;
            publish(journal, &run);
            at += run.bytes.size;
        }
        if (at < journal->batch.size) {
            code = turn_over(journal, journal->batch.data + at);
            turned = true;
        }
        if (code < 0)
            return code;
    }
    if (turned)
        hs_journal_plan_again(journal);
    return 0;
}

/* ---- Failing (J4) ---- */

/* The consequence of a journal that refuses appends, and the remedy. */
static const char *broken_words(const struct hs_journal *journal, bool full)
{
    bool inner = journal->alarmed != journal->metrics;
    if (inner)
        return full ? "dead letters find no room: what needs one waits, and its sink with it; free "
                      "space on the disk, or retry or discard letters"
                    : "dead letters cannot be written: what needs one waits, and its sink with it; "
                      "check the disk (health, permissions)";
    return full ? "the journal is full: senders get 503 until there is room; free space on its "
                  "disk, or see which sink is behind"
                : "the journal cannot be written: senders get 503 until it can; check the disk "
                  "(health, permissions)";
}

void hs_journal_break(struct hs_journal *journal, int code)
{
    bool full = code == -ENOSPC || code == -EDQUOT;
    pthread_mutex_lock(&journal->lock);
    journal->broken_code = full ? -ENOSPC : -EROFS;
    snprintf(journal->broken_text, sizeof(journal->broken_text), "%s", hs_error_text());
    if (!journal->stopping)
        hs_journal_set_state(journal, HS_JOURNAL_BROKEN);
    pthread_mutex_unlock(&journal->lock);
    hs_log(HS_LOG_ERROR, broken_words(journal, full), HS_F("path", "%s", journal->path),
           HS_F("error", "%s", hs_error_text())); /* the text may change */
}

void hs_journal_explain(struct hs_journal *journal, int code)
{
    pthread_mutex_lock(&journal->lock);
    if (journal->state == HS_JOURNAL_BROKEN) {
        journal->broken_code = code == -ENOSPC || code == -EDQUOT ? -ENOSPC : -EROFS;
        snprintf(journal->broken_text, sizeof(journal->broken_text), "%.200s", hs_error_text());
    }
    pthread_mutex_unlock(&journal->lock);
}

/* Reports every event in the buffer that is not durable to the watcher. */
static void tell_failed(struct hs_journal *journal, const struct hs_buffer *records)
{
    uint64_t durable = hs_journal_durable(journal);
    for (size_t at = 0, size; at < records->size; at += size) {
        const char *record = records->data + at;
        struct hs_event event;
        size = hs_record_length(record, records->size - at);
        HS_ASSERT(size > 0);
        if (hs_record_sequence(record) > durable && journal->watcher.failed != NULL &&
            hs_record_view(record, size, &event) == 0)
            journal->watcher.failed(journal->watcher.context, &event);
    }
}

/* The batch and everything appended since is void. The order matters: appends stop first, then
 * their ids are forgotten. Only then do the waiters see the failure and `last` returns to the
 * durable sequence. So nobody who finds an id known takes its event for safe. */
static void fail_batch(struct hs_journal *journal, int code)
{
    hs_journal_break(journal, code);
    if (code == -ENOSPC || code == -EDQUOT)
        atomic_store(&journal->disk_full, true);
    journal->unmarked = true;
    /* Appends are refused now: both buffers are the committer's. */
    tell_failed(journal, &journal->batch);
    tell_failed(journal, &journal->pending);
    /* The segment gets no more and is never synced again, whatever its pages hold. */
    if (journal->active_file >= 0)
        hs_segment_seal(journal);
    uint64_t durable = hs_journal_durable(journal);
    pthread_mutex_lock(&journal->lock);
    uint64_t last = journal->next_sequence - 1;
    hs_buffer_free(&journal->pending);
    journal->pending_count = 0;
    atomic_store(&journal->turns, 0);
    if (last > durable)
        hs_journal_add_failed(journal, durable + 1, last);
    atomic_store_explicit(&journal->last, durable, memory_order_release);
    pthread_mutex_unlock(&journal->lock);
    hs_journal_tell(journal);
}

/* Pauses, or returns early at the stop. false: the stop. */
static bool wait_before_mending(struct hs_journal *journal)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + journal->mend_wait_ns;
    until.tv_sec += (time_t)(ns / HS_NS_PER_SECOND);
    until.tv_nsec = (long)(ns % HS_NS_PER_SECOND);
    hs_heartbeat_rest();
    pthread_mutex_lock(&journal->lock);
    int code = 0;
    while (!journal->stopping && code == 0)
        code = pthread_cond_timedwait(&journal->work, &journal->lock, &until);
    bool go_on = !journal->stopping;
    pthread_mutex_unlock(&journal->lock);
    hs_heartbeat_work("opening a segment");
    return go_on;
}

/* A new segment lets the journal continue and proves that the disk accepts writes again. The keeper
 * reserves and syncs it; its header and name are written and synced here. */
static bool try_to_mend(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    bool prepared = journal->next_ready || !journal->prepares;
    pthread_mutex_unlock(&journal->table_lock);
    if (!prepared || !hs_segment_has_room(journal)) {
        hs_keeper_wake(journal);
        return false;
    }
    if (hs_segment_begin(journal, journal->next_sequence) == 0)
        return true;
    hs_log_limited(HS_LOG_ERROR, "journal_broken", "the journal still cannot be written",
                   HS_F("path", "%s", journal->path), HS_F("error", "%s", hs_error_text()));
    return false;
}

/* The stop came first. A header of one more segment, if it can be written, shows the next start
 * that the failed batch is void. */
static void close_failed_segment(struct hs_journal *journal)
{
    if (journal->unmarked && hs_segment_begin(journal, journal->next_sequence) < 0)
        hs_log(HS_LOG_WARN,
               "the journal could not be written up to the end; events that were refused with a "
               "503 may turn up after the next start, their retries are duplicates then",
               HS_F("error", "%s", hs_error_text()));
}

/* Accepts events again. */
static void reopen(struct hs_journal *journal, bool new_segment)
{
    if (new_segment)
        hs_journal_plan_again(journal);
    pthread_mutex_lock(&journal->lock);
    if (!journal->stopping)
        hs_journal_set_state(journal, HS_JOURNAL_OPEN);
    pthread_mutex_unlock(&journal->lock);
    hs_log(HS_LOG_INFO, "the journal can be written again", HS_F("path", "%s", journal->path));
}

static void mend(struct hs_journal *journal)
{
    atomic_store(&journal->mending, true);
    bool mended = false;
    while (!mended && wait_before_mending(journal))
        mended = try_to_mend(journal);
    atomic_store(&journal->mending, false);
    if (!mended) {
        close_failed_segment(journal);
        return;
    }
    reopen(journal, true);
}

/* ---- A segment that is not in its place ---- */

void hs_journal_displace(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool displaced = journal->state == HS_JOURNAL_OPEN;
    if (displaced) {
        hs_journal_set_state(journal, HS_JOURNAL_DISPLACED);
        journal->broken_code = -EROFS;
        snprintf(journal->broken_text, sizeof(journal->broken_text), "%s", hs_error_text());
        pthread_cond_broadcast(&journal->work);
    }
    pthread_mutex_unlock(&journal->lock);
    if (!displaced)
        return;
    hs_counter_add(journal->misplaced, 1);
    hs_log(HS_LOG_ERROR,
           "the journal's files are not where they were: senders get 503 until they are back",
           HS_F("path", "%s", journal->path), HS_F("error", "%s", hs_error_text()));
}

/* Whether it waits for an operator to put its file back. */
static bool is_displaced(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool displaced = journal->state == HS_JOURNAL_DISPLACED;
    pthread_mutex_unlock(&journal->lock);
    return displaced;
}

/* Nothing is pending. Waits until the file is in its place, or rewrites it. Readers that have the
 * old file open must not expect more in it, so a new segment begins. */
static void restore(struct hs_journal *journal)
{
    int code = hs_place_restore(journal);
    while (code < 0 && wait_before_mending(journal))
        code = hs_place_restore(journal);
    if (code < 0)
        return; /* the stop came first */
    if (code > 0) {
        hs_segment_seal(journal);
        code = hs_segment_prepare_now(journal, 0);
        if (code == 0)
            code = hs_segment_begin(journal, journal->next_sequence);
        if (code < 0) {
            hs_journal_break(journal, code);
            mend(journal);
            return;
        }
        reopen(journal, true);
        return;
    }
    reopen(journal, false);
}

/* ---- The thread ---- */

/* After a burst, returns the memory; appends use this buffer next. */
static void empty_batch(struct hs_journal *journal)
{
    if (journal->batch.capacity > HS_JOURNAL_PENDING_KEPT)
        hs_buffer_free(&journal->batch);
    hs_buffer_clear(&journal->batch);
}

static void commit(struct hs_journal *journal)
{
    uint64_t count = take_pending(journal);
    if (count == 0)
        return;
    int code = write_batch(journal);
    if (code < 0) {
        fail_batch(journal, code);
        empty_batch(journal);
        mend(journal);
        return;
    }
    journal->batches_before[1] = journal->batches_before[0];
    journal->batches_before[0] = count;
    hs_journal_tell(journal);
    hs_histogram_observe(journal->batch_histogram, (double)count, 1);
    empty_batch(journal);
}

void *hs_committer_run(void *context)
{
    struct hs_journal *journal = context;
    prctl(PR_SET_NAME, "hs-committer");
    hs_journal_begin_heartbeat(journal, "hs-committer");
    /* By default the system may oversleep 50 us, a quarter of the window. */
    prctl(PR_SET_TIMERSLACK, 1000UL);
    if (journal->active_file < 0)
        mend(journal);
    while (wait_for_work(journal)) {
        wait_for_company(journal);
        commit(journal);
        if (is_displaced(journal))
            commit(journal); /* commits what was appended before; nothing is appended after */
        if (is_displaced(journal))
            restore(journal);
    }
    hs_heartbeat_end();
    return NULL;
}
