/* Scrub: reads events before the sinks that still need them do, so that damage is reported to the
 * watcher early. Until then the id of a lost event counts as known, and its retry as a duplicate
 * (D2). If every sink is up to date there is nothing to read.
 *
 *   when                               what is read                     how fast
 *   at the start, before accepting     the newest HS_SCRUB_START_BYTES  at once
 *   every HS_SCRUB_ROUND_NS; at once   everything                       RATE
 *   if the start left something out
 *   a file was modified (place.c)      its segment                      at once
 *
 * A read through the system's cache does not detect bit rot on the disk below it; it does detect
 * what someone wrote, cut or replaced. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <sys/prctl.h>

#define RATE (UINT64_C(32) << 20)          /* bytes per second: a sixth of what a slow disk reads */
#define STEP (UINT64_C(1) << 20)           /* read between two pauses */
#define LOGGED_BYTES (UINT64_C(256) << 20) /* at the start: about a second, more on a slow disk */

void hs_scrubber_wake(struct hs_journal *journal)
{
    pthread_cond_signal(&journal->scrub_work);
}

/* With table_lock: waits until then, or less if there is work or the stop. */
static void wait_until(struct hs_journal *journal, uint64_t until_ns)
{
    const struct timespec until = {(time_t)(until_ns / HS_NS_PER_SECOND),
                                   (long)(until_ns % HS_NS_PER_SECOND)};
    const char *doing = hs_heartbeat_pause();
    if (!journal->scrub_stop)
        (void)pthread_cond_timedwait(&journal->scrub_work, &journal->table_lock, &until);
    hs_heartbeat_resume(doing);
}

static uint64_t least_position(struct hs_journal *journal)
{
    pthread_mutex_lock(&journal->table_lock);
    uint64_t least = hs_cursors_least(journal);
    pthread_mutex_unlock(&journal->table_lock);
    return least;
}

/* ---- Reading ---- */

/* false: the stop. */
typedef bool step_fn(struct hs_journal *journal);

/* Reads the events from `from` to `to` that a cursor has not passed. The reader reports lost ones.
 * Calls `step`, if there is one, after every STEP bytes. */
static void check(struct hs_journal *journal, uint64_t from, uint64_t to, step_fn *step)
{
    struct hs_reader *reader;
    uint64_t bytes = 0, least = least_position(journal);
    if (least >= to)
        return;
    int code = hs_reader_open(journal, least >= from ? least + 1 : from, &reader);
    if (code < 0)
        return;
    struct hs_event event = {.sequence = 0};
    while (event.sequence < to) {
        code = hs_reader_next(reader, &event);
        if (code == -EBADMSG && hs_reader_loss(reader).last < to)
            continue; /* reported by the reader */
        if (code <= 0)
            break;
        bytes += hs_record_size(&event);
        if (step == NULL || bytes < STEP)
            continue;
        bytes = 0;
        if (!step(journal))
            break;
        least = least_position(journal);
        if (least > event.sequence && hs_reader_seek(reader, least + 1) < 0)
            break;
    }
    if (code < 0 && code != -EBADMSG)
        hs_log_limited(HS_LOG_WARN, "journal_scrub",
                       "cannot read the journal to check it; it is tried again, check the disk",
                       HS_F("path", "%s", journal->path), HS_F("error", "%s", hs_error_text()));
    hs_reader_close(reader);
}

/* With table_lock, which is released meanwhile: reads the segments whose files were modified. */
static void check_suspects(struct hs_journal *journal)
{
    for (size_t i = 0; i < journal->segment_count && !journal->scrub_stop; i++) {
        struct hs_segment *segment = journal->segments[i];
        if (!segment->suspect)
            continue;
        segment->suspect = false;
        uint64_t first = segment->first, last = segment->last;
        pthread_mutex_unlock(&journal->table_lock);
        check(journal, first, last, NULL);
        pthread_mutex_lock(&journal->table_lock);
        i = SIZE_MAX; /* the table may have changed: start over */
    }
}

/* Pauses to leave disk bandwidth to others. */
static bool pace(struct hs_journal *journal)
{
    uint64_t until_ns = hs_clock_monotonic_ns() + STEP * HS_NS_PER_SECOND / RATE;
    pthread_mutex_lock(&journal->table_lock);
    while (!journal->scrub_stop && hs_clock_monotonic_ns() < until_ns) {
        check_suspects(journal);
        wait_until(journal, until_ns);
    }
    bool go_on = !journal->scrub_stop;
    pthread_mutex_unlock(&journal->table_lock);
    return go_on;
}

/* ---- At the start ---- */

/* With table_lock: the start of the newest segments that have at most HS_SCRUB_START_BYTES, and
 * their total bytes. */
static uint64_t start_from(const struct hs_journal *journal, uint64_t *ret_bytes)
{
    uint64_t from = UINT64_MAX, bytes = 0, least = hs_cursors_least(journal);
    for (size_t i = journal->segment_count; i > 0; i--) {
        const struct hs_segment *segment = journal->segments[i - 1];
        uint64_t size = segment->end;
        if (segment->last <= least || bytes + size > HS_SCRUB_START_BYTES)
            break;
        bytes += size;
        from = segment->first;
    }
    *ret_bytes = bytes;
    return from;
}

void hs_journal_scrub(struct hs_journal *journal)
{
    uint64_t bytes, durable = hs_journal_durable(journal);
    pthread_mutex_lock(&journal->table_lock);
    uint64_t from = start_from(journal, &bytes), least = hs_cursors_least(journal);
    bool all = journal->segment_count == 0 || least >= durable || from <= least + 1 ||
               from <= journal->segments[0]->first;
    if (!all) {
        journal->scrub_due_ns = 0;
        hs_scrubber_wake(journal);
    }
    pthread_mutex_unlock(&journal->table_lock);
    if (bytes >= LOGGED_BYTES)
        hs_log(HS_LOG_INFO, "checking events that not every sink has had, before any is accepted",
               HS_F("first", "%" PRIu64, from > least ? from : least + 1),
               HS_F("last", "%" PRIu64, durable), HS_F("bytes", "%" PRIu64, bytes));
    if (from != UINT64_MAX)
        check(journal, from, durable, NULL);
}

/* ---- The thread ---- */

void *hs_scrubber_run(void *context)
{
    struct hs_journal *journal = context;
    prctl(PR_SET_NAME, "hs-scrubber");
    hs_heartbeat_begin("hs-scrubber", 0);
    hs_heartbeat_work("checking events that wait");
    pthread_mutex_lock(&journal->table_lock);
    while (!journal->scrub_stop) {
        check_suspects(journal);
        if (hs_clock_monotonic_ns() < journal->scrub_due_ns) {
            wait_until(journal, journal->scrub_due_ns);
            continue;
        }
        journal->scrub_due_ns = hs_clock_monotonic_ns() + HS_SCRUB_ROUND_NS;
        pthread_mutex_unlock(&journal->table_lock);
        check(journal, 1, hs_journal_durable(journal), pace);
        pthread_mutex_lock(&journal->table_lock);
    }
    pthread_mutex_unlock(&journal->table_lock);
    hs_heartbeat_end();
    return NULL;
}
