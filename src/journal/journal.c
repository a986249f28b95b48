/* Journal: its life (open, start, stop, close) and what it holds. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <stdio.h>

/* ---- State ---- */

static const char *const state_names[] = {
    [HS_JOURNAL_STOPPED] = "stopped",
    [HS_JOURNAL_OPEN] = "open",
    [HS_JOURNAL_BROKEN] = "broken",
    [HS_JOURNAL_DISPLACED] = "displaced",
};

void hs_journal_set_state(struct hs_journal *journal, enum hs_journal_state state)
{
    static const bool may[][4] = {
        /* to:                     stopped open   broken displaced */
        [HS_JOURNAL_STOPPED] = {true, true, true, false},
        [HS_JOURNAL_OPEN] = {true, false, true, true},
        [HS_JOURNAL_BROKEN] = {true, true, false, false},
        [HS_JOURNAL_DISPLACED] = {true, true, true, false},
    };
    HS_ASSERT(may[journal->state][state]);
    HS_ASSERT(!journal->stopping || state == HS_JOURNAL_STOPPED);
    hs_log(HS_LOG_DEBUG, "journal state", HS_F("from", "%s", state_names[journal->state]),
           HS_F("to", "%s", state_names[state]));
    journal->state = state;
}

/* ---- Open ---- */

static uint64_t choose_segment_size(const struct hs_journal_options *options)
{
    uint64_t size = options->segment_size;
    if (size == 0) {
        size = options->max_size / 8;
        size = size > HS_SEGMENT_SIZE_MAX ? HS_SEGMENT_SIZE_MAX : size;
        size = size < HS_SEGMENT_SIZE_MIN ? HS_SEGMENT_SIZE_MIN : size;
    }
    size &= ~(uint64_t)4095;
    return size < 2 * HS_SEGMENT_HEADER ? 2 * HS_SEGMENT_HEADER : size;
}

static uint64_t oldest_wall_ns(struct hs_journal *journal)
{
    uint64_t oldest = 0;
    pthread_mutex_lock(&journal->table_lock);
    /* The age of the oldest event is not kept; its segment's creation time is used instead. */
    for (size_t i = 0; i < journal->segment_count && oldest == 0; i++)
        if (journal->segments[i]->last >= journal->segments[i]->first)
            oldest = journal->segments[i]->created_wall_ns;
    pthread_mutex_unlock(&journal->table_lock);
    return oldest;
}

static void collect(void *context)
{
    struct hs_journal *journal = context;
    const char *reason;
    uint64_t now = hs_clock_wall_ns(), oldest = oldest_wall_ns(journal);
    hs_gauge_set(journal->appended_gauge, (double)hs_journal_last(journal));
    hs_gauge_set(journal->durable_gauge, (double)hs_journal_durable(journal));
    hs_gauge_set(journal->bytes_gauge, (double)atomic_load(&journal->bytes));
    hs_gauge_set(journal->oldest_gauge,
                 oldest > 0 && now > oldest ? (double)(now - oldest) / 1e9 : 0);
    hs_gauge_set(journal->writable_gauge, hs_journal_writable(journal, &reason) ? 1 : 0);
}

static void open_metrics(struct hs_journal *journal)
{
    struct hs_metrics *metrics = journal->metrics, *alarmed = journal->alarmed;
    const char *label = journal->label;
    journal->sync_seconds = hs_metrics_histogram(metrics, HS_METRIC_journal_sync_seconds);
    journal->batch_histogram = hs_metrics_histogram(metrics, HS_METRIC_journal_batch_events);
    journal->write_errors =
        hs_metrics_counter(alarmed, HS_METRIC_journal_errors_total, label, "write");
    journal->sync_errors =
        hs_metrics_counter(alarmed, HS_METRIC_journal_errors_total, label, "sync");
    journal->damaged = hs_metrics_counter(alarmed, HS_METRIC_journal_damaged_total, label);
    journal->misplaced =
        hs_metrics_counter(alarmed, HS_METRIC_journal_errors_total, label, "place");
    journal->prepare_errors =
        hs_metrics_counter(alarmed, HS_METRIC_journal_errors_total, label, "prepare");
    journal->appended_gauge = hs_metrics_gauge(metrics, HS_METRIC_journal_sequence, "appended");
    journal->durable_gauge = hs_metrics_gauge(metrics, HS_METRIC_journal_sequence, "durable");
    journal->bytes_gauge = hs_metrics_gauge(metrics, HS_METRIC_journal_bytes);
    journal->oldest_gauge = hs_metrics_gauge(metrics, HS_METRIC_journal_oldest_seconds);
    journal->writable_gauge = hs_metrics_gauge(metrics, HS_METRIC_journal_writable);
    hs_metrics_on_collect(metrics, collect, journal);
}

static void init_locks(struct hs_journal *journal)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_mutex_init(&journal->table_lock, NULL);
    pthread_mutex_init(&journal->failed_lock, NULL);
    pthread_mutex_init(&journal->wakeup_lock, NULL);
    pthread_mutex_init(&journal->mark_lock, NULL);
    pthread_cond_init(&journal->work, &monotonic);
    pthread_cond_init(&journal->housework, &monotonic);
    pthread_cond_init(&journal->scrub_work, &monotonic);
    pthread_cond_init(&journal->prepared, NULL);
    pthread_condattr_destroy(&monotonic);
}

static void free_locks(struct hs_journal *journal)
{
    pthread_cond_destroy(&journal->work);
    pthread_cond_destroy(&journal->housework);
    pthread_cond_destroy(&journal->scrub_work);
    pthread_cond_destroy(&journal->prepared);
    pthread_mutex_destroy(&journal->wakeup_lock);
    pthread_mutex_destroy(&journal->mark_lock);
    pthread_mutex_destroy(&journal->failed_lock);
    pthread_mutex_destroy(&journal->table_lock);
    pthread_mutex_destroy(&journal->lock);
}

int hs_journal_open(const struct hs_disk *disk, const struct hs_journal_options *options,
                    struct hs_metrics *metrics, struct hs_journal **ret_journal)
{
    struct hs_journal *journal = hs_alloc(sizeof(*journal));
    bool in_memory = options->store == HS_STORE_MEMORY;
    journal->memory = in_memory ? hs_memory_disk_create() : NULL;
    journal->disk = in_memory ? journal->memory : disk;
    journal->prepares = !hs_disk_is_memory(journal->disk);
    journal->options = *options;
    journal->options.segment_size = choose_segment_size(options);
    /* Delivered events are useless to a process that keeps them only in memory. */
    if (in_memory)
        journal->options.retain_ns = 0;
    journal->lock_file = journal->active_file = journal->mark_file = -1;
    journal->mend_wait_ns = HS_MEND_WAIT_NS;
    journal->wake_at = 1;
    journal->metrics = metrics;
    journal->alarmed = options->alarmed != NULL ? options->alarmed : metrics;
    journal->label = options->label != NULL ? options->label : "events";
    hs_buffer_init(&journal->pending, HS_JOURNAL_PENDING_MAX + HS_JOURNAL_PAGE);
    hs_buffer_init(&journal->batch, HS_JOURNAL_PENDING_MAX + HS_JOURNAL_PAGE);
    init_locks(journal);
    open_metrics(journal);
    hs_folder_paths(journal, in_memory ? "memory" : options->path);
    int code = hs_folder_open(journal);
    if (code == 0)
        hs_mark_open(journal);
    if (code == 0)
        code = hs_recover(journal);
    if (code < 0) {
        hs_journal_close(journal);
        return code;
    }
    *ret_journal = journal;
    return 0;
}

/* ---- Start ---- */

void hs_journal_begin_heartbeat(const struct hs_journal *journal, const char *name)
{
    char text[48];
    bool events = journal->alarmed == journal->metrics;
    snprintf(text, sizeof(text), events ? "%s" : "%s of %s", name, journal->label);
    hs_heartbeat_begin(text, events ? HS_HEARTBEAT_ACCEPTS : 0);
}

static int start_threads(struct hs_journal *journal)
{
    int failed = pthread_create(&journal->committer, NULL, hs_committer_run, journal);
    journal->committer_started = failed == 0;
    if (failed == 0)
        failed = pthread_create(&journal->keeper, NULL, hs_keeper_run, journal);
    journal->keeper_started = failed == 0;
    /* Only needed for the watcher: without one, a reader finds losses soon enough. */
    if (failed == 0 && journal->watcher.lost != NULL) {
        journal->scrub_due_ns = hs_clock_monotonic_ns() + HS_SCRUB_ROUND_NS;
        failed = pthread_create(&journal->scrubber, NULL, hs_scrubber_run, journal);
        journal->scrubber_started = failed == 0;
    }
    return failed == 0 ? 0 : hs_fail_errno(failed, "cannot start a thread of the journal");
}

/* The first segment of this run. */
static int begin_first(struct hs_journal *journal)
{
    /* Otherwise each restart of a full journal would make it larger. */
    if (!hs_segment_has_room(journal))
        return hs_fail(-ENOSPC, "the journal has reached max_size and no sink made room");
    if (journal->prepares && !journal->next_ready) {
        int code = hs_segment_prepare(journal, 0);
        if (code < 0)
            return code;
    }
    int code = hs_segment_begin(journal, journal->next_sequence);
    hs_journal_plan_again(journal);
    return code;
}

int hs_journal_start(struct hs_journal *journal, const struct hs_journal_watcher *watcher)
{
    journal->watcher = *watcher;
    hs_place_note_all(journal);
    int code = begin_first(journal);
    /* A full journal does not prevent the start: sinks make space by delivering. */
    if (code < 0 && code != -ENOSPC && code != -EDQUOT)
        return code;
    if (code < 0) {
        hs_journal_break(journal, code);
    } else {
        pthread_mutex_lock(&journal->lock);
        hs_journal_set_state(journal, HS_JOURNAL_OPEN);
        pthread_mutex_unlock(&journal->lock);
    }
    return start_threads(journal);
}

static void on_cursor_name(void *arg, const char *name)
{
    struct hs_journal *journal = arg;
    HS_AUTO_FREE char *cursor = hs_folder_cursor_name(name);
    if (cursor != NULL && !hs_cursor_is_open(journal, cursor))
        hs_log(HS_LOG_WARN,
               "a cursor belongs to no sink of the configuration and no longer holds "
               "events back; remove its file if the sink will not come back",
               HS_F("cursor", "%s", cursor), HS_F("folder", "%s", journal->cursors_path));
}

void hs_journal_allow_removal(struct hs_journal *journal)
{
    if (hs_disk_list(journal->disk, journal->cursors_path, on_cursor_name, journal) < 0)
        hs_log(HS_LOG_WARN, "cannot list the cursors", HS_F("error", "%s", hs_error_text()));
    hs_known_save(journal);
    pthread_mutex_lock(&journal->table_lock);
    journal->removal_allowed = true;
    hs_mark_settle(journal);
    pthread_mutex_unlock(&journal->table_lock);
    hs_keeper_wake(journal);
}

/* ---- Stop and close ---- */

void hs_journal_stop(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    journal->stopping = true;
    hs_journal_set_state(journal, HS_JOURNAL_STOPPED);
    pthread_cond_broadcast(&journal->work);
    pthread_mutex_unlock(&journal->lock);
    if (journal->committer_started)
        pthread_join(journal->committer, NULL);
    journal->committer_started = false;
    if (journal->active_file >= 0) {
        if (hs_place_restore(journal) < 0)
            hs_log(HS_LOG_ERROR, "the segment in use is not in its place at the stop",
                   HS_F("error", "%s", hs_error_text()));
        hs_segment_seal(journal);
    }
    pthread_mutex_lock(&journal->table_lock);
    journal->keeper_stop = journal->scrub_stop = true;
    pthread_cond_broadcast(&journal->housework);
    hs_scrubber_wake(journal);
    pthread_mutex_unlock(&journal->table_lock);
    if (journal->scrubber_started)
        pthread_join(journal->scrubber, NULL);
    journal->scrubber_started = false;
    if (journal->keeper_started)
        pthread_join(journal->keeper, NULL);
    journal->keeper_started = false;
    if (journal->mark_file >= 0)
        hs_mark_save(journal);
}

void hs_journal_close(struct hs_journal *journal)
{
    if (journal == NULL)
        return;
    hs_journal_stop(journal);
    hs_metrics_forget(journal->metrics, journal);
    HS_ASSERT(journal->cursor_count == 0);
    while (journal->segment_count > 0)
        hs_segment_free(hs_table_take(journal, journal->segment_count - 1));
    free(journal->segments);
    hs_buffer_free(&journal->pending);
    hs_buffer_free(&journal->batch);
    hs_mark_close(journal);
    hs_folder_free(journal);
    hs_memory_disk_free(journal->memory);
    free_locks(journal);
    free(journal);
}

/* ---- Identity and contents ---- */

const char *hs_journal_identity(const struct hs_journal *journal)
{
    return journal->identity;
}

uint64_t hs_journal_hash_key(const struct hs_journal *journal)
{
    return journal->hash_key;
}

const char *hs_journal_path(const struct hs_journal *journal)
{
    return journal->path;
}

char *hs_journal_file_of(const struct hs_journal *constant, uint64_t sequence)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->table_lock);
    const struct hs_segment *segment = hs_table_find(journal, sequence);
    bool known = segment != NULL && segment->first <= sequence;
    char *path = hs_strdup(known ? segment->path : journal->segments_path);
    pthread_mutex_unlock(&journal->table_lock);
    return path;
}

const struct hs_disk *hs_journal_disk(const struct hs_journal *journal)
{
    return journal->disk;
}

bool hs_journal_in_memory(const struct hs_journal *journal)
{
    return hs_disk_is_memory(journal->disk);
}

uint64_t hs_journal_begin(const struct hs_journal *journal)
{
    return journal->begin > 0 ? journal->begin : 1;
}

void hs_journal_void(const struct hs_journal *journal, uint64_t *ret_first, uint64_t *ret_last)
{
    *ret_first = journal->void_first;
    *ret_last = journal->void_last;
}

uint64_t hs_journal_passed(const struct hs_journal *journal)
{
    return journal->passed;
}

uint64_t hs_journal_oldest(const struct hs_journal *constant)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    uint64_t oldest = 0;
    pthread_mutex_lock(&journal->table_lock);
    for (size_t i = 0; i < journal->segment_count && oldest == 0; i++)
        if (journal->segments[i]->last >= journal->segments[i]->first)
            oldest = journal->segments[i]->first;
    pthread_mutex_unlock(&journal->table_lock);
    return oldest != 0 ? oldest : hs_journal_durable(journal) + 1;
}

static struct hs_segment_info info_of(const struct hs_segment *segment)
{
    return (struct hs_segment_info){
        .first = segment->first,
        .last = segment->last,
        .bytes = segment->size,
        .created_wall_ns = segment->created_wall_ns,
        .newest_wall_ns = segment->newest_wall_ns,
        .sealed = segment->sealed,
    };
}

bool hs_journal_segment(const struct hs_journal *constant, uint64_t first,
                        struct hs_segment_info *ret_segment)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->table_lock);
    size_t index = hs_table_index(journal, first);
    bool found = index < journal->segment_count && journal->segments[index]->first == first;
    if (found)
        *ret_segment = info_of(journal->segments[index]);
    pthread_mutex_unlock(&journal->table_lock);
    return found;
}

void hs_journal_segments(const struct hs_journal *constant, struct hs_segment_info **ret_segments,
                         size_t *ret_count)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment_info *infos = hs_alloc_array(journal->segment_count + 1, sizeof(*infos));
    for (size_t i = 0; i < journal->segment_count; i++)
        infos[i] = info_of(journal->segments[i]);
    *ret_segments = infos;
    *ret_count = journal->segment_count;
    pthread_mutex_unlock(&journal->table_lock);
}
