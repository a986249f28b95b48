/* Letter removal: letters removed by an operator, and letters beyond the limits. */
#include "letters.h"

#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdlib.h>

#define TIDY_EVERY_NS (60 * HS_NS_PER_SECOND)
#define TIDY_FULL_NS HS_NS_PER_SECOND /* while letters find no room */
/* Letters must be past their time for this long: the wall clock may be wrong, especially after a
 * boot. */
#define AGED_FOR_NS (3600 * HS_NS_PER_SECOND)
/* The size is checked whenever this fraction of max_size was added. */
#define WEIGHED_PARTS 64u
#define GONE_MAX (1u << 20) /* bytes of the list in one record */
/* Percentage of the limit from which a warning is logged. */
#define WARN_SIZE 80u
#define WARN_AGE 90u

const char *const hs_letters_limit_names[HS_LETTERS_LIMITS] = {
    [HS_LETTERS_MAX_SIZE] = "max_size",
    [HS_LETTERS_RETAIN] = "retain",
};

void hs_letters_move_hold(struct hs_dead_letters *letters)
{
    uint64_t durable = hs_journal_durable(letters->journal);
    uint64_t at = hs_cursor_position(letters->hold);
    pthread_mutex_lock(&letters->lock);
    while (at < durable && hs_number_set_has(&letters->gone, at + 1))
        at++;
    hs_letter_kinds_forget_below(&letters->kinds, at + 1);
    pthread_mutex_unlock(&letters->lock);
    hs_cursor_move(letters->hold, at);
    if (hs_cursor_save(letters->hold) < 0)
        hs_log_limited(HS_LOG_WARN, "cursor_save",
                       "cannot save how far dead letters are gone; retrying",
                       HS_F("error", "%s", hs_error_text()));
}

/* ---- By an operator ---- */

/* The existing ones of the numbers, as lines of ranges. Returns their count. */
static size_t list_present(struct hs_dead_letters *letters, const uint64_t *numbers, size_t count,
                           struct hs_buffer *ret_list)
{
    size_t present = 0;
    uint64_t durable = hs_journal_durable(letters->journal);
    pthread_mutex_lock(&letters->lock);
    for (size_t i = 0; i < count;) {
        size_t run = 0;
        while (i + run < count && numbers[i + run] == numbers[i] + run &&
               numbers[i + run] <= durable && !hs_number_set_has(&letters->gone, numbers[i + run]))
            run++;
        if (run > 0)
            hs_buffer_printf(ret_list, "%" PRIu64 "-%" PRIu64 "\n", numbers[i],
                             numbers[i] + run - 1);
        present += run;
        i += run > 0 ? run : 1;
    }
    pthread_mutex_unlock(&letters->lock);
    return present;
}

static void mark_gone(struct hs_dead_letters *letters, const uint64_t *numbers, size_t count,
                      uint64_t record)
{
    uint64_t durable = hs_journal_durable(letters->journal);
    pthread_mutex_lock(&letters->lock);
    for (size_t i = 0; i < count; i++)
        if (numbers[i] <= durable && hs_letters_take_out(letters, numbers[i]))
            letters->count--;
    hs_number_set_add(&letters->gone, record);
    pthread_mutex_unlock(&letters->lock);
}

static int64_t remove_now(struct hs_dead_letters *letters, const uint64_t *numbers, size_t count)
{
    struct hs_buffer list;
    hs_buffer_init(&list, GONE_MAX);
    size_t present = list_present(letters, numbers, count, &list);
    struct hs_event record = {
        .received_wall_ns = hs_clock_wall_ns(),
        .body = hs_buffer_slice(&list),
        .headers = {{HS_SLICE(HS_LETTER_GONE), HS_SLICE("1")}},
        .header_count = 1,
    };
    uint64_t sequence = 0;
    int code = hs_buffer_status(&list);
    if (code == 0 && present > 0)
        code = hs_journal_append(letters->journal, &record, &sequence);
    hs_buffer_free(&list);
    if (code < 0 || present == 0)
        return code;
    if (hs_journal_wait(letters->journal, sequence) != HS_JOURNAL_DURABLE)
        return hs_fail(-EIO, "the removal of dead letters could not be written; check the disk");
    mark_gone(letters, numbers, count, sequence);
    hs_letters_move_hold(letters);
    return (int64_t)present;
}

/* For the metric. */
static void note_oldest(struct hs_dead_letters *letters)
{
    pthread_mutex_lock(&letters->lock);
    atomic_store(&letters->oldest_wall_ns, hs_letter_kinds_oldest(&letters->kinds));
    pthread_mutex_unlock(&letters->lock);
}

static int compare(const void *one, const void *other)
{
    const uint64_t *a = one, *b = other;
    return *a < *b ? -1 : *a > *b;
}

/* The letters' current numbers, ascending: some may have been moved since they were read. */
static uint64_t *find_all(struct hs_dead_letters *letters, const uint64_t *numbers, size_t *count)
{
    uint64_t *found = hs_alloc_array(*count + 1, sizeof(*found));
    size_t kept = 0;
    pthread_mutex_lock(&letters->lock);
    for (size_t i = 0; i < *count; i++)
        found[i] = hs_letter_moves_find(&letters->moves, numbers[i]);
    pthread_mutex_unlock(&letters->lock);
    qsort(found, *count, sizeof(*found), compare);
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || found[kept - 1] != found[i])
            found[kept++] = found[i];
    *count = kept;
    return found;
}

uint64_t hs_dead_letters_number(struct hs_dead_letters *letters, uint64_t number)
{
    pthread_mutex_lock(&letters->lock);
    number = hs_letter_moves_find(&letters->moves, number);
    pthread_mutex_unlock(&letters->lock);
    return number;
}

int64_t hs_dead_letters_remove(struct hs_dead_letters *letters, const uint64_t *numbers,
                               size_t count)
{
    for (size_t i = 1; i < count; i++)
        HS_ASSERT(numbers[i - 1] < numbers[i]);
    pthread_mutex_lock(&letters->removal);
    HS_AUTO_FREE uint64_t *found = find_all(letters, numbers, &count);
    int64_t removed = remove_now(letters, found, count);
    if (removed > 0)
        note_oldest(letters);
    pthread_mutex_unlock(&letters->removal);
    return removed;
}

/* ---- By damage ---- */

void hs_letters_lose(struct hs_dead_letters *letters, struct hs_reader_loss loss)
{
    uint64_t lost = 0, first = 0, last = 0;
    pthread_mutex_lock(&letters->lock);
    for (uint64_t number = loss.first; number <= loss.last; number++) {
        if (!hs_letters_take_out(letters, number))
            continue;
        hs_number_set_add(&letters->damaged, number);
        first = lost++ == 0 ? number : first;
        last = number;
    }
    letters->count -= lost < letters->count ? lost : letters->count;
    hs_counter_add(letters->lost, lost);
    pthread_mutex_unlock(&letters->lock);
    if (lost == 0)
        return;
    HS_AUTO_FREE char *file = hs_journal_file_of(letters->journal, first);
    hs_log_limited(
        HS_LOG_ERROR, "letters_lost",
        "dead letters are damaged on disk and lost: stop hookstream and restore the file from a "
        "backup; or send their events again from the journal, if it has them still (hookstream "
        "replay --id ID --to SINK), else ask the sender for them; see hookstream journal verify",
        HS_F("letters", "%" PRIu64, lost), HS_F("first", "%" PRIu64, first),
        HS_F("last", "%" PRIu64, last), HS_F("file", "%s", file));
}

bool hs_dead_letters_is_damaged(struct hs_dead_letters *letters, uint64_t number)
{
    pthread_mutex_lock(&letters->lock);
    bool damaged = number >= letters->damaged.base && hs_number_set_has(&letters->damaged, number);
    pthread_mutex_unlock(&letters->lock);
    return damaged;
}

/* ---- By age and size ---- */

void hs_letters_report_unforwarded(struct hs_dead_letters *letters, uint64_t count,
                                   enum hs_letters_limit limit)
{
    hs_counter_add(
        hs_metrics_counter(letters->metrics, HS_METRIC_dead_letters_unforwarded_total, "dropped"),
        count);
    hs_log(HS_LOG_ERROR,
           "dead letters were dropped before dead_letters.forward had them: fix its sink, or raise "
           "the limit",
           HS_F("letters", "%" PRIu64, count),
           HS_F("limit", "dead_letters.%s", hs_letters_limit_names[limit]));
}

/* Drops everything up to `last`; the cursor records it, no other record is needed. */
static void drop_until(struct hs_dead_letters *letters, uint64_t last, enum hs_letters_limit limit)
{
    const char *name = hs_letters_limit_names[limit];
    uint64_t first = hs_cursor_position(letters->hold) + 1, dropped = 0, unforwarded = 0;
    uint64_t forwarded = letters->forwarded ? hs_cursor_position(letters->forwarded) : last;
    pthread_mutex_lock(&letters->lock);
    for (uint64_t number = first; number <= last; number++) {
        bool there = hs_letters_take_out(letters, number);
        dropped += there;
        unforwarded += there && number > forwarded;
    }
    dropped = dropped < letters->count ? dropped : letters->count;
    letters->count -= dropped;
    pthread_mutex_unlock(&letters->lock);
    hs_letters_move_hold(letters);
    if (dropped == 0)
        return;
    hs_counter_add(letters->dropped[limit], dropped);
    hs_log(HS_LOG_ERROR,
           "dead letters were dropped: retry or discard them in time, or raise the limit",
           HS_F("letters", "%" PRIu64, dropped), HS_F("limit", "dead_letters.%s", name));
    if (unforwarded > 0)
        hs_letters_report_unforwarded(letters, unforwarded, limit);
}

/* The last of the oldest letters that are past their time; 0: none. Also returns the age of the
 * oldest one that is not. */
static uint64_t find_aged(struct hs_dead_letters *letters, uint64_t *ret_age_ns)
{
    struct hs_letter_reader *reader;
    struct hs_letter letter;
    uint64_t aged = 0, now = hs_clock_wall_ns();
    *ret_age_ns = 0;
    if (hs_letter_reader_open(letters, hs_cursor_position(letters->hold) + 1, &reader) < 0)
        return 0; /* checked again in a minute */
    while (hs_letter_reader_next(reader, &letter) > 0) {
        uint64_t received = letter.event.received_wall_ns;
        *ret_age_ns = now > received ? now - received : 0;
        if (*ret_age_ns <= letters->options.retain_ns)
            break;
        aged = letter.number;
    }
    hs_letter_reader_close(reader);
    return aged;
}

/* `aged` is the current result of find_aged(). */
static void drop_aged(struct hs_dead_letters *letters, uint64_t aged)
{
    uint64_t now = hs_clock_monotonic_ns();
    if (letters->aged == 0 || aged < letters->aged) { /* less than before: the clock was wrong */
        letters->aged = aged;
        letters->aged_since_ns = now;
    }
    if (letters->aged == 0 || now - letters->aged_since_ns < AGED_FOR_NS)
        return;
    drop_until(letters, letters->aged, HS_LETTERS_RETAIN);
    letters->aged = 0;
}

uint64_t hs_letters_bytes(struct hs_dead_letters *letters)
{
    struct hs_segment_info *segments;
    size_t count;
    uint64_t bytes = 0;
    hs_journal_segments(letters->journal, &segments, &count);
    for (size_t i = 0; i < count; i++)
        bytes += segments[i].bytes;
    free(segments);
    return bytes;
}

static uint64_t drop_oldest(struct hs_dead_letters *letters)
{
    struct hs_segment_info *segments;
    size_t count;
    hs_journal_segments(letters->journal, &segments, &count);
    uint64_t bytes = hs_letters_bytes(letters);
    for (size_t i = 0; i < count && segments[i].sealed && bytes > letters->options.max_size; i++) {
        if (!hs_letters_evict(letters, segments[i].last))
            break; /* retried at the next tidying */
        bytes -= segments[i].bytes;
    }
    free(segments);
    return bytes;
}

static void tidy(struct hs_dead_letters *letters)
{
    uint64_t age_ns, aged = find_aged(letters, &age_ns);
    drop_aged(letters, aged);
    uint64_t bytes = drop_oldest(letters);
    note_oldest(letters);
    bool much = bytes > letters->options.max_size / 100 * WARN_SIZE;
    bool old = age_ns > letters->options.retain_ns / 100 * WARN_AGE;
    if ((much || old) && hs_dead_letters_count(letters) > 0)
        hs_log_limited(HS_LOG_WARN, "dead_letters_limit",
                       "dead letters come near a limit and the oldest will be dropped: retry or "
                       "discard them, or raise it",
                       HS_F("limit", "dead_letters.%s", much ? "max_size" : "retain"),
                       HS_F("bytes", "%" PRIu64, bytes));
}

void hs_dead_letters_tidy(struct hs_dead_letters *letters)
{
    uint64_t now = hs_clock_monotonic_ns();
    pthread_mutex_lock(&letters->removal);
    uint64_t every = atomic_load(&letters->full) ? TIDY_FULL_NS : TIDY_EVERY_NS;
    if (letters->tidied_ns == 0 || now - letters->tidied_ns >= every) {
        letters->tidied_ns = now;
        atomic_store(&letters->full, false);
        tidy(letters);
    } else if (atomic_load(&letters->unweighed) >= letters->options.max_size / WEIGHED_PARTS) {
        atomic_store(&letters->unweighed, 0);
        if (hs_letters_bytes(letters) > letters->options.max_size) {
            HS_IGNORE(drop_oldest(letters)); /* if it cannot, tidying tries again in a minute */
            note_oldest(letters);
        }
    }
    pthread_mutex_unlock(&letters->removal);
}
