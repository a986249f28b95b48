/* Journal: its life: folder, lock, identity, threads, and who is told of what. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/clock.h>
#include <hookstream/hash.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* meta: "HSMETA\0\1", identity (36), hash key (8), XXH3-64 of the bytes before. */
#define META_SIZE 60u

static const char meta_magic[8] = {'H', 'S', 'M', 'E', 'T', 'A', 0, HS_FORMAT_VERSION};

/* ---- The folder ---- */

static char *in_folder(const char *folder, const char *name)
{
    char *path = NULL;
    int size = asprintf(&path, "%s/%s", folder, name);
    HS_ASSERT(size > 0);
    return path;
}

static void make_paths(struct hs_journal *journal, const char *path)
{
    journal->path = hs_strdup(path);
    journal->segments_path = in_folder(path, "segments");
    journal->cursors_path = in_folder(path, "cursors");
    journal->next_path = in_folder(journal->segments_path, "next");
    journal->preparing_path = in_folder(journal->segments_path, "preparing");
    journal->fresh_path = in_folder(journal->segments_path, "fresh");
}

static int make_folders(struct hs_journal *journal)
{
    int code = hs_disk_make_directory(journal->disk, journal->path);
    if (code == 0)
        code = hs_disk_make_directory(journal->disk, journal->segments_path);
    if (code == 0)
        code = hs_disk_make_directory(journal->disk, journal->cursors_path);
    if (code == 0)
        code = hs_disk_unlink(journal->disk, journal->next_path);
    if (code == 0)
        code = hs_disk_unlink(journal->disk, journal->preparing_path);
    if (code == 0)
        code = hs_disk_unlink(journal->disk, journal->fresh_path);
    return code;
}

/* One process at a time. A disk that is not the system's has one owner anyway. */
static int lock_folder(struct hs_journal *journal)
{
    if (journal->disk != hs_disk_system())
        return 0;
    HS_AUTO_FREE char *path = in_folder(journal->path, "LOCK");
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return hs_fail_errno(errno, "cannot open %s", path);
    char text[32] = "";
    if (flock(file, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        ssize_t size = pread(file, text, sizeof(text) - 1, 0);
        text[size > 0 ? size : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        close(file);
        if (error == EWOULDBLOCK)
            return hs_fail(-EBUSY, "the journal %s is in use by process %s", journal->path, text);
        return hs_fail_errno(error, "cannot lock %s", path);
    }
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    /* The number is only for the message above. */
    if (ftruncate(file, 0) < 0 || pwrite(file, text, (size_t)size, 0) != size)
        hs_log(HS_LOG_WARN, "cannot write our process number", HS_F("file", "%s", path));
    journal->lock_file = file;
    return 0;
}

static void encode_meta(const struct hs_journal *journal, char ret_bytes[META_SIZE])
{
    memcpy(ret_bytes, meta_magic, 8);
    memcpy(ret_bytes + 8, journal->identity, 36);
    for (unsigned i = 0; i < 8; i++)
        ret_bytes[44 + i] = (char)(journal->hash_key >> (8 * i));
    uint64_t check = hs_hash64(hs_slice(ret_bytes, 52), 0);
    for (unsigned i = 0; i < 8; i++)
        ret_bytes[52 + i] = (char)(check >> (8 * i));
}

static int decode_meta(struct hs_journal *journal, const char *path, const struct hs_buffer *bytes)
{
    if (bytes->size >= 8 && memcmp(bytes->data, meta_magic, 7) == 0 &&
        bytes->data[7] != meta_magic[7])
        return hs_fail(-EPROTO,
                       "%s has format %u and this hookstream knows format %u: use the version that "
                       "wrote it",
                       path, (unsigned char)bytes->data[7], HS_FORMAT_VERSION);
    if (bytes->size == META_SIZE) {
        memcpy(journal->identity, bytes->data + 8, 36);
        journal->hash_key = 0;
        for (unsigned i = 0; i < 8; i++)
            journal->hash_key |= (uint64_t)(unsigned char)bytes->data[44 + i] << (8 * i);
        char whole[META_SIZE];
        encode_meta(journal, whole);
        if (memcmp(whole, bytes->data, META_SIZE) == 0)
            return 0;
    }
    return hs_fail(-EBADMSG, "%s is damaged: restore it from a backup of the journal", path);
}

/* Reads who this journal is, or makes a new one. */
static int open_meta(struct hs_journal *journal)
{
    HS_AUTO_FREE char *path = in_folder(journal->path, "meta");
    struct hs_buffer bytes;
    hs_buffer_init(&bytes, 4096);
    int code = hs_disk_read_all(journal->disk, path, &bytes);
    if (code == 0) {
        code = decode_meta(journal, path, &bytes);
    } else if (code == -ENOENT) {
        char whole[META_SIZE];
        hs_random_uuid(journal->identity);
        hs_random_bytes(&journal->hash_key, sizeof(journal->hash_key));
        encode_meta(journal, whole);
        code = hs_disk_replace(journal->disk, path, hs_slice(whole, META_SIZE));
    }
    hs_buffer_free(&bytes);
    return code;
}

/* ---- Open and close ---- */

static uint64_t choose_segment_size(const struct hs_journal_options *options)
{
    uint64_t size = options->segment_size > 0 ? options->segment_size : options->max_size / 8;
    if (options->segment_size == 0 && size > HS_SEGMENT_SIZE_MAX)
        size = HS_SEGMENT_SIZE_MAX;
    if (options->segment_size == 0 && size < HS_SEGMENT_SIZE_MIN)
        size = HS_SEGMENT_SIZE_MIN;
    return size & ~(uint64_t)4095;
}

static void collect(void *context)
{
    struct hs_journal *journal = context;
    const char *reason;
    uint64_t now = hs_clock_wall_ns(), oldest = 0;
    pthread_mutex_lock(&journal->table_lock);
    /* The first segment's newest event is the oldest time that is kept without reading. */
    if (journal->segment_count > 0 && journal->segments[0]->last >= journal->segments[0]->first)
        oldest = journal->segments[0]->newest_wall_ns;
    pthread_mutex_unlock(&journal->table_lock);
    hs_gauge_set(journal->appended_gauge, (double)hs_journal_last(journal));
    hs_gauge_set(journal->durable_gauge, (double)hs_journal_durable(journal));
    hs_gauge_set(journal->bytes_gauge, (double)atomic_load(&journal->bytes));
    hs_gauge_set(journal->oldest_gauge, oldest > 0 && now > oldest ? (double)(now - oldest) / 1e9 : 0);
    hs_gauge_set(journal->writable_gauge, hs_journal_writable(journal, &reason) ? 1 : 0);
}

static void open_metrics(struct hs_journal *journal)
{
    struct hs_metrics *metrics = journal->metrics;
    journal->sync_seconds = hs_metrics_histogram(metrics, HS_METRIC_journal_sync_seconds);
    journal->batch_events = hs_metrics_histogram(metrics, HS_METRIC_journal_batch_events);
    journal->write_errors = hs_metrics_counter(metrics, HS_METRIC_journal_errors_total, "write");
    journal->sync_errors = hs_metrics_counter(metrics, HS_METRIC_journal_errors_total, "sync");
    journal->damaged = hs_metrics_counter(metrics, HS_METRIC_journal_damaged_total);
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
    pthread_mutex_init(&journal->wakeup_lock, NULL);
    pthread_cond_init(&journal->work, &monotonic);
    pthread_cond_init(&journal->housework, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int hs_journal_open(const struct hs_disk *disk, const struct hs_journal_options *options,
                    struct hs_metrics *metrics, struct hs_journal **ret_journal)
{
    struct hs_journal *journal = hs_alloc(sizeof(*journal));
    bool in_memory = options->store == HS_STORE_MEMORY;
    journal->memory = in_memory ? hs_memory_disk_create() : NULL;
    journal->disk = in_memory ? journal->memory : disk;
    journal->options = *options;
    journal->options.segment_size = choose_segment_size(options);
    journal->lock_file = journal->active_file = -1;
    journal->metrics = metrics;
    hs_buffer_init(&journal->pending, HS_JOURNAL_PENDING_MAX);
    hs_buffer_init(&journal->batch, HS_JOURNAL_PENDING_MAX);
    init_locks(journal);
    open_metrics(journal);
    make_paths(journal, in_memory ? "memory" : options->path);
    int code = hs_disk_make_directory(journal->disk, journal->path);
    if (code == 0)
        code = lock_folder(journal);
    if (code == 0)
        code = make_folders(journal);
    if (code == 0)
        code = open_meta(journal);
    if (code == 0)
        code = hs_recover(journal);
    if (code < 0) {
        hs_journal_close(journal);
        return code;
    }
    *ret_journal = journal;
    return 0;
}

static int start_threads(struct hs_journal *journal)
{
    int failed = pthread_create(&journal->committer, NULL, hs_committer_run, journal);
    journal->committer_started = failed == 0;
    if (failed == 0)
        failed = pthread_create(&journal->keeper, NULL, hs_keeper_run, journal);
    journal->keeper_started = failed == 0;
    return failed == 0 ? 0 : hs_fail_errno(failed, "cannot start a thread of the journal");
}

int hs_journal_start(struct hs_journal *journal, const struct hs_journal_watcher *watcher)
{
    journal->watcher = *watcher;
    journal->room_for_next = false; /* the keeper looks first */
    int code = hs_segment_begin(journal, journal->next_sequence);
    if (code < 0)
        return code;
    journal->planned_end = HS_SEGMENT_HEADER;
    journal->wake_at = 1;
    journal->state = HS_JOURNAL_OPEN;
    return start_threads(journal);
}

/* An active segment without events would only gather from start to start. */
static void remove_if_empty(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    size_t count = journal->segment_count;
    if (count > 0 && journal->segments[count - 1]->last < journal->segments[count - 1]->first) {
        struct hs_segment *segment = journal->segments[count - 1];
        atomic_fetch_sub(&journal->bytes, segment->size);
        if (hs_disk_unlink(journal->disk, segment->path) == 0)
            hs_table_remove(journal, count - 1);
    }
    pthread_mutex_unlock(&journal->table_lock);
}

void hs_journal_stop(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    bool was_broken = journal->state == HS_JOURNAL_BROKEN;
    journal->state = HS_JOURNAL_STOPPED;
    journal->stopping = true;
    pthread_cond_broadcast(&journal->work);
    pthread_mutex_unlock(&journal->lock);
    if (journal->committer_started)
        pthread_join(journal->committer, NULL);
    if (journal->active_file >= 0) {
        hs_segment_seal(journal);
        remove_if_empty(journal);
    }
    pthread_mutex_lock(&journal->table_lock);
    journal->keeper_stop = true;
    pthread_cond_broadcast(&journal->housework);
    pthread_mutex_unlock(&journal->table_lock);
    if (journal->keeper_started)
        pthread_join(journal->keeper, NULL);
    if (journal->committer_started && !was_broken)
        HS_IGNORE(hs_disk_unlink(journal->disk, journal->next_path)); /* made anew at the next start */
    journal->committer_started = journal->keeper_started = false;
}

void hs_journal_close(struct hs_journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->committer_started || journal->keeper_started)
        hs_journal_stop(journal);
    hs_metrics_forget(journal->metrics, journal);
    if (journal->active_file >= 0)
        hs_disk_close(journal->disk, journal->active_file);
    while (journal->segment_count > 0)
        hs_table_remove(journal, journal->segment_count - 1);
    free(journal->segments);
    hs_buffer_free(&journal->pending);
    hs_buffer_free(&journal->batch);
    if (journal->lock_file >= 0)
        close(journal->lock_file);
    free(journal->path);
    free(journal->segments_path);
    free(journal->cursors_path);
    free(journal->next_path);
    free(journal->preparing_path);
    free(journal->fresh_path);
    hs_memory_disk_free(journal->memory);
    free(journal);
}

/* ---- What it is ---- */

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

const struct hs_disk *hs_journal_disk(const struct hs_journal *journal)
{
    return journal->disk;
}

uint64_t hs_journal_oldest(const struct hs_journal *constant)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    uint64_t oldest = hs_journal_durable(journal) + 1;
    pthread_mutex_lock(&journal->table_lock);
    for (size_t i = 0; i < journal->segment_count; i++) {
        if (journal->segments[i]->last < journal->segments[i]->first)
            continue;
        oldest = journal->segments[i]->first;
        break;
    }
    pthread_mutex_unlock(&journal->table_lock);
    return oldest;
}

void hs_journal_segments(const struct hs_journal *constant, struct hs_segment_info **ret_segments,
                         size_t *ret_count)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->table_lock);
    struct hs_segment_info *infos = hs_alloc_array(journal->segment_count + 1, sizeof(*infos));
    for (size_t i = 0; i < journal->segment_count; i++) {
        const struct hs_segment *segment = journal->segments[i];
        infos[i] = (struct hs_segment_info){
            .first = segment->first,
            .last = segment->last,
            .bytes = segment->size,
            .newest_wall_ns = segment->newest_wall_ns,
            .sealed = segment->sealed,
        };
    }
    *ret_segments = infos;
    *ret_count = journal->segment_count;
    pthread_mutex_unlock(&journal->table_lock);
}

static void on_cursor_name(void *arg, const char *name)
{
    struct hs_journal *journal = arg;
    size_t size = strlen(name); /* strlen: a name out of our own folder */
    if (size < 8 || strcmp(name + size - 7, ".cursor") != 0)
        return;
    HS_AUTO_FREE char *cursor = hs_slice_dup(hs_slice(name, size - 7));
    if (!hs_cursor_is_open(journal, cursor))
        hs_log(HS_LOG_WARN, "a cursor belongs to no sink of the configuration and no longer holds "
                            "events back; remove its file if the sink will not come back",
               HS_F("cursor", "%s", cursor), HS_F("folder", "%s", journal->cursors_path));
}

void hs_journal_allow_removal(struct hs_journal *journal)
{
    if (hs_disk_list(journal->disk, journal->cursors_path, on_cursor_name, journal) < 0)
        hs_log(HS_LOG_WARN, "cannot list the cursors", HS_F("error", "%s", hs_error_text()));
    pthread_mutex_lock(&journal->table_lock);
    journal->removal_allowed = true;
    pthread_mutex_unlock(&journal->table_lock);
    hs_keeper_wake(journal);
}

/* ---- Who is told ---- */

static void subscribe(struct hs_journal *journal, struct hs_wakeup **list, size_t *count,
                      struct hs_wakeup *wakeup)
{
    pthread_mutex_lock(&journal->wakeup_lock);
    HS_ASSERT(*count < HS_JOURNAL_WAKEUPS_MAX);
    list[*count] = wakeup;
    __atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&journal->wakeup_lock);
}

void hs_journal_subscribe(struct hs_journal *journal, struct hs_wakeup *wakeup)
{
    subscribe(journal, journal->wakeups, &journal->wakeup_count, wakeup);
}

void hs_journal_subscribe_cursors(struct hs_journal *journal, struct hs_wakeup *wakeup)
{
    subscribe(journal, journal->cursor_wakeups, &journal->cursor_wakeup_count, wakeup);
}

static void take_out(struct hs_wakeup **list, size_t *count, const struct hs_wakeup *wakeup)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] != wakeup)
            continue;
        list[i] = list[*count - 1];
        __atomic_store_n(count, *count - 1, __ATOMIC_RELAXED);
        return;
    }
}

void hs_journal_unsubscribe(struct hs_journal *journal, struct hs_wakeup *wakeup)
{
    pthread_mutex_lock(&journal->wakeup_lock);
    take_out(journal->wakeups, &journal->wakeup_count, wakeup);
    take_out(journal->cursor_wakeups, &journal->cursor_wakeup_count, wakeup);
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
    /* Without the lock while nobody listens, which is the usual case. */
    if (__atomic_load_n(&journal->cursor_wakeup_count, __ATOMIC_RELAXED) == 0)
        return;
    pthread_mutex_lock(&journal->wakeup_lock);
    for (size_t i = 0; i < journal->cursor_wakeup_count; i++)
        hs_wakeup_tell(journal->cursor_wakeups[i]);
    pthread_mutex_unlock(&journal->wakeup_lock);
}

enum hs_journal_outcome hs_journal_wait(struct hs_journal *journal, uint64_t sequence)
{
    enum hs_journal_outcome outcome;
    struct timespec pause = {0, 200000};
    while ((outcome = hs_journal_outcome(journal, sequence)) == HS_JOURNAL_PENDING)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    return outcome;
}
