/* Prepare: makes the file of the next segment ahead. Its blocks are allocated and zeroed, so a sync
 * of records need not wait for block allocation. A full disk is found here and not by an event
 * (docs/decisions/0002).
 *
 * On a nearly full disk no write is wasted: space is checked and reserved, for the segment and for
 * what must stay free beside it, before the first zero is written. If the usual size does not fit,
 * half or a quarter of it may. */
#include "internal.h"

#include <fcntl.h>
#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>

#define PAUSE_DOUBLINGS 6u /* limits the pause after failed tries */

static bool is_full(int code)
{
    return code == -ENOSPC || code == -EDQUOT || code == -EFBIG;
}

/* ---- Space ---- */

/* What stays free beside a segment of this size for copies of events. */
static uint64_t spare_for(const struct hs_journal *constant, uint64_t size)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    pthread_mutex_lock(&journal->table_lock);
    uint64_t spare = hs_spare_for(journal, size);
    pthread_mutex_unlock(&journal->table_lock);
    return spare;
}

/* The space that a segment of this size needs, including what stays free beside it. */
static uint64_t room_for(const struct hs_journal *journal, uint64_t size)
{
    return hs_add_sat(size + size / HS_SEGMENT_SPARE, spare_for(journal, size));
}

/* The next size to try; 0: none that `least` bytes fit in. */
static uint64_t smaller(uint64_t size, uint64_t least)
{
    uint64_t half = size / 2 & ~(uint64_t)(HS_JOURNAL_PAGE - 1);
    return half >= HS_SEGMENT_SIZE_MIN && half >= least ? half : 0;
}

static int fail_for_room(const struct hs_journal *journal, uint64_t least_size, uint64_t room)
{
    const double mib = 1 << 20;
    uint64_t usual = journal->options.segment_size, spare = spare_for(journal, least_size);
    double least = (double)room_for(journal, least_size) / mib;
    char beside[80] = "";
    if (spare > 0)
        snprintf(beside, sizeof(beside), " (%.1f MiB of them stay free for dead letters)",
                 (double)spare / mib);
    if (room == UINT64_MAX)
        return hs_fail(-ENOSPC, "no room for a segment in %s: %.1f MiB are needed%s", journal->path,
                       least, beside);
    return hs_fail(-ENOSPC,
                   "no room for a segment in %s: %.1f MiB are free and at least %.1f MiB are "
                   "needed%s, %.1f MiB for one of the usual size",
                   journal->path, (double)room / mib, least, beside,
                   (double)room_for(journal, usual) / mib);
}

/* The ids of finished segments, and other files beside them, must still be writable when the last
 * segment that fits exists. Otherwise the journal could not free any segment. */
static int try_spare(const struct hs_journal *journal, uint64_t size)
{
    const struct hs_disk *disk = journal->disk;
    int file = hs_disk_create(disk, journal->spare_path);
    if (file < 0)
        return file;
    uint64_t spare = size / HS_SEGMENT_SPARE;
    int code = disk->reserve != NULL ? hs_disk_reserve(disk, file, spare)
                                     : hs_disk_allocate(disk, file, spare);
    hs_disk_close(disk, file);
    (void)disk->unlink(disk->context, journal->spare_path); /* otherwise truncated next time */
    return code;
}

/* Reserves the largest size that fits, halving it on failure; writes nothing. */
static int reserve(const struct hs_journal *journal, int file, uint64_t least, uint64_t *ret_size)
{
    const struct hs_disk *disk = journal->disk;
    uint64_t room = hs_disk_room(disk, journal->segments_path), last = 0;
    int code = 0;
    for (uint64_t size = journal->options.segment_size; size != 0; size = smaller(size, least)) {
        last = size;
        if (room_for(journal, size) > room)
            continue;
        code = hs_disk_reserve(disk, file, size);
        if (code == 0)
            code = try_spare(journal, size);
        if (code == 0)
            *ret_size = size;
        if (!is_full(code))
            return code;
        int cut = hs_disk_truncate(disk, file, 0);
        if (cut < 0)
            return cut;
    }
    /* The message of a quota or a file size limit says more. */
    return is_full(code) && room_for(journal, last) <= room ? code
                                                            : fail_for_room(journal, last, room);
}

/* ---- The file ---- */

static int make(struct hs_journal *journal, uint64_t least, uint64_t *ret_size)
{
    const struct hs_disk *disk = journal->disk;
    int file = hs_disk_create(disk, journal->preparing_path);
    if (file < 0)
        return file;
    int code = reserve(journal, file, least, ret_size);
    if (code == 0)
        code = hs_disk_allocate(disk, file, *ret_size);
    if (code == 0)
        code = hs_disk_sync(disk, file);
    hs_disk_close(disk, file);
    if (code == 0 && disk->rename(disk->context, journal->preparing_path, journal->next_path) < 0)
        code = hs_fail_errno(errno, "cannot rename %s", journal->preparing_path);
    /* On a full disk a half-made file would take space that others need more. */
    if (code < 0)
        (void)disk->unlink(disk->context, journal->preparing_path); /* truncated next time */
    return code;
}

/* A check that finds the disk full costs nothing. */
static bool was_cheap(const struct hs_journal *journal, int code)
{
    return code == -ENOSPC && hs_disk_room(journal->disk, journal->segments_path) <
                                  room_for(journal, journal->options.segment_size);
}

/* With table_lock. Only failures that were not cheap lengthen the pause. */
static void note_result(struct hs_journal *journal, int code, uint64_t size, bool cheap)
{
    if (code < 0) {
        snprintf(journal->prepare_text, sizeof(journal->prepare_text), "%.500s", hs_error_text());
        hs_counter_add(journal->prepare_errors, 1);
    }
    journal->prepare_failed_ns = code < 0 ? hs_clock_monotonic_ns() : 0;
    if (code == 0)
        journal->prepare_failures = 0;
    else if (!cheap && journal->prepare_failures < PAUSE_DOUBLINGS)
        journal->prepare_failures++;
    if (code < 0)
        return;
    journal->next_size = size;
    journal->next_ready = true;
}

bool hs_segment_may_prepare(const struct hs_journal *journal)
{
    if (journal->prepare_failed_ns == 0)
        return true;
    uint64_t pause = atomic_load(&journal->mending) || journal->prepare_failures == 0
                         ? journal->mend_wait_ns
                         : HS_PREPARE_WAIT_NS;
    pause <<= journal->prepare_failures > 0 ? journal->prepare_failures - 1 : 0;
    /* The committer retries once per mend_wait_ns, and may be a little early. */
    return hs_clock_monotonic_ns() - journal->prepare_failed_ns >= pause - pause / 4;
}

bool hs_journal_unprepared(const struct hs_journal *constant, const char **ret_reason)
{
    struct hs_journal *journal = (struct hs_journal *)(uintptr_t)constant; /* only to lock */
    static _Thread_local char reason[sizeof(journal->prepare_text)];
    pthread_mutex_lock(&journal->table_lock);
    bool failed = journal->prepare_failed_ns != 0 && !journal->next_ready;
    memcpy(reason, journal->prepare_text, sizeof(reason));
    pthread_mutex_unlock(&journal->table_lock);
    *ret_reason = failed ? reason : "";
    return failed;
}

int hs_segment_prepare(struct hs_journal *journal, uint64_t least)
{
    uint64_t size = 0, usual = journal->options.segment_size;
    int code = make(journal, least, &size);
    bool small = code == 0 && size < usual;
    if (small)
        hs_log_limited(HS_LOG_WARN, "segment_small",
                       "room on the journal's disk is short: the next segment is smaller than "
                       "usual; free space",
                       HS_F("path", "%s", journal->path), HS_F("bytes", "%" PRIu64, size),
                       HS_F("usual", "%" PRIu64, usual),
                       HS_F("free", "%" PRIu64, hs_disk_room(journal->disk, journal->path)));
    /* Removing delivered segments makes space, also for one of the usual size. */
    atomic_store(&journal->disk_full, small || code == -ENOSPC || code == -EDQUOT);
    bool cheap = was_cheap(journal, code);
    pthread_mutex_lock(&journal->table_lock);
    note_result(journal, code, size, cheap);
    pthread_mutex_unlock(&journal->table_lock);
    return code;
}

int hs_segment_prepare_now(struct hs_journal *journal, uint64_t least)
{
    pthread_mutex_lock(&journal->table_lock);
    const char *doing = hs_heartbeat_pause(); /* the keeper is at work: it is watched itself */
    while (journal->preparing)
        pthread_cond_wait(&journal->prepared, &journal->table_lock);
    hs_heartbeat_resume(doing);
    bool ready = (journal->next_ready && journal->next_size >= least) || !journal->prepares;
    journal->preparing = !ready;
    pthread_mutex_unlock(&journal->table_lock);
    if (ready)
        return 0;
    int code = hs_segment_prepare(journal, least);
    pthread_mutex_lock(&journal->table_lock);
    journal->preparing = false;
    pthread_cond_signal(&journal->prepared);
    pthread_mutex_unlock(&journal->table_lock);
    return code;
}
