/* Dead letters: opening the store and storing letters. A record has headers named "x-dead-..." with
 * the error before the event's own headers. */
#include "letters.h"

#include <hookstream/clock.h>
#include <stdio.h>
#include <stdlib.h>

/* The last ones above max_size are for what makes room: copies of the letters of one segment, which
 * may have to begin two, and records of removals. A put that is past the check may begin the third.
 */
#define RESERVED_SEGMENTS 3u

#define LETTERS(field) offsetof(struct hs_dead_letters_options, field)

static const struct hs_option rows[] = {
    {.name = "max_size",
     .kind = HS_OPTION_SIZE,
     .offset = LETTERS(max_size),
     .fallback = "1GiB",
     .least = 4 * HS_LETTERS_SEGMENT_LEAST,
     .most = UINT64_C(1) << 40,
     .help =
         "Space for dead letters on disk, in addition to journal.max_size. Beyond it the oldest "
         "letters of the kind above its share are dropped, with an error in the log. A kind is a "
         "reason and a source. A warning comes at 80 %."},
    {.name = "retain",
     .kind = HS_OPTION_DURATION,
     .offset = LETTERS(retain_ns),
     .fallback = "90d",
     .least = UINT64_C(3600) * 1000000000,
     .most = UINT64_C(3650) * 24 * 3600 * 1000000000,
     .help = "Letters of events that were received longer ago are dropped, with an error in the "
             "log; a warning comes at 90 %. They go an hour after they are found so: the clock may "
             "have been wrong."},
    {.name = "forward",
     .kind = HS_OPTION_NODE,
     .offset = LETTERS(forward),
     .help =
         "A target, as under `to` of a route, that gets each letter, too: the body as received; "
         "why, route, sink and attempts as headers or fields. Its templates have {id}, {type}, "
         "{family}, {source} and {received}. The letter stays "
         "here; one that the target will not take is counted and passed over.",
     .example = "{sink: kafka, topic: fanfare.dead-letters}"},
};

const struct hs_options hs_dead_letters_option_table = {
    .name = "dead_letters",
    .title = "Events that cannot be delivered as things are",
    .options = rows,
    .option_count = HS_ARRAY_SIZE(rows),
    .struct_size = sizeof(struct hs_dead_letters_options),
    .node_offset = SIZE_MAX,
};

uint64_t hs_dead_letters_count(struct hs_dead_letters *letters)
{
    pthread_mutex_lock(&letters->lock);
    uint64_t count = letters->count;
    pthread_mutex_unlock(&letters->lock);
    return count;
}

static void collect(void *context)
{
    struct hs_dead_letters *letters = context;
    uint64_t count = hs_dead_letters_count(letters), now = hs_clock_wall_ns();
    uint64_t oldest = atomic_load(&letters->oldest_wall_ns);
    bool aged = count > 0 && oldest != 0 && now > oldest;
    const char *reason;
    hs_gauge_set(letters->writable, hs_dead_letters_writable(letters, &reason) ? 1 : 0);
    hs_gauge_set(letters->kept, (double)count);
    hs_gauge_set(letters->bytes, (double)hs_letters_bytes(letters));
    hs_gauge_set(letters->oldest, aged ? (double)(now - oldest) / 1e9 : 0);
}

static void open_metrics(struct hs_dead_letters *letters, struct hs_metrics *metrics)
{
    letters->metrics = metrics;
    letters->lost = hs_metrics_counter(metrics, HS_METRIC_dead_letters_lost_total);
    /* Created at the start, so that an alert sees them grow. */
    for (size_t i = 0; i < HS_LETTERS_LIMITS; i++)
        letters->dropped[i] = hs_metrics_counter(metrics, HS_METRIC_dead_letters_dropped_total,
                                                 hs_letters_limit_names[i]);
    letters->writable = hs_metrics_gauge(metrics, HS_METRIC_dead_letters_writable);
    letters->kept = hs_metrics_gauge(metrics, HS_METRIC_dead_letters);
    letters->bytes = hs_metrics_gauge(metrics, HS_METRIC_dead_letters_bytes);
    letters->oldest = hs_metrics_gauge(metrics, HS_METRIC_dead_letters_oldest_seconds);
    hs_gauge_set(hs_metrics_gauge(metrics, HS_METRIC_dead_letters_max_bytes),
                 (double)letters->options.max_size);
    hs_gauge_set(hs_metrics_gauge(metrics, HS_METRIC_dead_letters_retain_seconds),
                 (double)letters->options.retain_ns / 1e9);
}

/* ---- Opening ---- */

/* A letter could not be written after all; its number will not be reused. */
static void on_failed(void *context, const struct hs_event *record)
{
    struct hs_dead_letters *letters = context;
    struct hs_letter letter;
    pthread_mutex_lock(&letters->lock);
    if (hs_letters_take_out(letters, record->sequence) && hs_letter_decode(record, &letter))
        letters->count--;
    pthread_mutex_unlock(&letters->lock);
}

static void take_out(void *context, uint64_t first, uint64_t last)
{
    struct hs_dead_letters *letters = context;
    first = first < letters->gone.base ? letters->gone.base : first;
    /* Duplicates, and records that are not letters, are not counted twice: `count` cannot become
     * negative. */
    for (uint64_t number = first; number <= last; number++)
        if (hs_letters_take_out(letters, number) && letters->count > 0)
            letters->count--;
}

/* A walk over all kept records. */
struct loading {
    struct hs_dead_letters *letters;
    uint64_t expected; /* the number after the last one read */
    /* Ranges of numbers whose records are damaged. They count as letters until the end of the walk
     * shows which of them were removed before. */
    struct hs_reader_loss *losses;
    size_t loss_count;
};

/* Numbers that were never written hold nothing back. */
static void expect(struct loading *loading, uint64_t number)
{
    for (; loading->expected < number; loading->expected++)
        hs_number_set_add(&loading->letters->gone, loading->expected);
}

static void load_loss(struct loading *loading, struct hs_reader_loss loss)
{
    if (loss.first > loss.last)
        return;
    expect(loading, loss.first);
    loading->expected = loss.last + 1;
    loading->letters->count += loss.last - loss.first + 1;
    loading->losses = hs_realloc_array(loading->losses, loading->loss_count + 1, sizeof(loss));
    loading->losses[loading->loss_count++] = loss;
}

static void load_record(struct loading *loading, const struct hs_event *record)
{
    struct hs_dead_letters *letters = loading->letters;
    struct hs_letter letter;
    expect(loading, record->sequence);
    loading->expected = record->sequence + 1;
    if (hs_letter_decode(record, &letter)) {
        letters->count++;
        hs_letter_kinds_add(&letters->kinds, letter.number, letter.reason, record);
    } else {
        hs_number_set_add(&letters->gone, record->sequence);
    }
    (void)hs_letter_each_gone(record, take_out, letters);
}

/* Determines which letters exist, and which are lost. */
static int load(struct hs_dead_letters *letters)
{
    struct hs_reader *reader;
    uint64_t first = hs_cursor_position(letters->hold) + 1;
    letters->gone.base = letters->damaged.base = first;
    int code = hs_reader_open(letters->journal, first, &reader);
    if (code < 0)
        return code;
    struct loading loading = {.letters = letters, .expected = first};
    /* Files that `hold` has not passed are missing. */
    load_loss(&loading, (struct hs_reader_loss){first, hs_journal_begin(letters->journal) - 1});
    struct hs_event record;
    while ((code = hs_reader_next(reader, &record)) > 0 || code == -EBADMSG) {
        if (code > 0)
            load_record(&loading, &record);
        else
            load_loss(&loading, hs_reader_loss(reader));
    }
    hs_reader_close(reader);
    for (size_t i = 0; i < loading.loss_count; i++)
        hs_letters_lose(letters, loading.losses[i]);
    free(loading.losses);
    return code;
}

static int open_inner(struct hs_dead_letters *letters, struct hs_journal *outer)
{
    HS_AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/dead-letters", hs_journal_path(outer)) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    struct hs_journal_options options = {
        .store = HS_STORE_DISK, /* the outer journal's, which may be in memory */
        .path = path,
        .max_size = hs_dead_letters_bytes_max(&letters->options),
        .retain_ns = 0, /* the cursor protects what must be kept */
        .segment_size = hs_letters_segment_size(&letters->options),
        .label = "dead_letters",
        .alarmed = letters->metrics,
    };
    int code = hs_journal_open(hs_journal_disk(outer), &options, letters->inner_metrics,
                               &letters->journal);
    if (code == 0)
        code = hs_cursor_open(letters->journal, "hold", HS_CURSOR_FROM_OLDEST, &letters->hold);
    if (code == 0 && letters->options.forward != NULL)
        code =
            hs_cursor_open(letters->journal, "forward", HS_CURSOR_FROM_OLDEST, &letters->forwarded);
    if (code == 0 && letters->options.forward != NULL)
        hs_cursor_expect_server(letters->forwarded);
    return code == 0 ? load(letters) : code;
}

int hs_dead_letters_open(struct hs_journal *journal, const struct hs_dead_letters_options *options,
                         struct hs_metrics *metrics, struct hs_dead_letters **ret_letters)
{
    struct hs_dead_letters *letters = hs_alloc(sizeof(*letters));
    pthread_mutex_init(&letters->removal, NULL);
    pthread_mutex_init(&letters->lock, NULL);
    letters->options = *options;
    letters->outer = journal;
    open_metrics(letters, metrics);
    letters->inner_metrics = hs_metrics_create();
    struct hs_journal_watcher watcher = {.context = letters, .failed = on_failed};
    int code = open_inner(letters, journal);
    if (code == 0)
        code = hs_journal_start(letters->journal, &watcher);
    if (code < 0) {
        hs_dead_letters_close(letters);
        return code;
    }
    hs_journal_allow_removal(letters->journal);
    hs_letters_keep_room(letters);
    hs_metrics_on_collect(metrics, collect, letters);
    *ret_letters = letters;
    return 0;
}

void hs_dead_letters_close(struct hs_dead_letters *letters)
{
    if (letters == NULL)
        return;
    hs_metrics_forget(letters->metrics, letters);
    hs_journal_keep_free(letters->outer, NULL, NULL);
    if (letters->journal != NULL)
        hs_journal_stop(letters->journal);
    hs_cursor_close(letters->hold);
    hs_cursor_close(letters->forwarded);
    hs_journal_close(letters->journal);
    hs_metrics_free(letters->inner_metrics);
    hs_number_set_free(&letters->gone);
    hs_number_set_free(&letters->damaged);
    hs_letter_kinds_free(&letters->kinds);
    hs_letter_moves_free(&letters->moves);
    pthread_mutex_destroy(&letters->lock);
    pthread_mutex_destroy(&letters->removal);
    free(letters);
}

/* ---- Storing ---- */

static void add_header(struct hs_event *event, struct hs_slice name, const char *text)
{
    struct hs_slice value = hs_slice_text(text);
    if (value.size == 0 || event->header_count >= HS_EVENT_HEADERS_MAX)
        return;
    if (value.size > HS_DEAD_LETTER_TEXT_MAX)
        value.size = HS_DEAD_LETTER_TEXT_MAX;
    event->headers[event->header_count++] = (struct hs_header){name, value};
}

static void add_count(struct hs_dead_letters *letters, int more)
{
    pthread_mutex_lock(&letters->lock);
    letters->count += (uint64_t)(int64_t)more;
    pthread_mutex_unlock(&letters->lock);
}

static void note_kind(struct hs_dead_letters *letters, uint64_t number,
                      const struct hs_event *letter, const char *reason)
{
    pthread_mutex_lock(&letters->lock);
    if (!hs_number_set_has(&letters->gone, number)) /* unless it has failed already */
        hs_letter_kinds_add(&letters->kinds, number, hs_slice_text(reason), letter);
    pthread_mutex_unlock(&letters->lock);
}

static void note_put(struct hs_dead_letters *letters, const struct hs_event *letter)
{
    uint64_t oldest = atomic_load(&letters->oldest_wall_ns);
    while (
        (oldest == 0 || letter->received_wall_ns < oldest) &&
        !atomic_compare_exchange_weak(&letters->oldest_wall_ns, &oldest, letter->received_wall_ns))
        ;
    atomic_fetch_add(&letters->unweighed, hs_letter_record_bytes(letter));
}

/* Letters may not use the reserve: if they filled it, nothing could be moved or removed, and there
 * would never be room again. */
static int append_letter(struct hs_dead_letters *letters, const struct hs_event *letter,
                         uint64_t *ret_ticket)
{
    if (hs_journal_room(letters->journal) <
        RESERVED_SEGMENTS * hs_letters_segment_size(&letters->options))
        return hs_fail(-ENOSPC, "dead letters have reached max_size; the oldest are being dropped");
    return hs_journal_append(letters->journal, letter, ret_ticket);
}

int hs_dead_letters_put(struct hs_dead_letters *letters, const struct hs_event *event,
                        const struct hs_dead_letter_reason *why, uint64_t *ret_ticket)
{
    char attempts[24], sequence[24];
    snprintf(attempts, sizeof(attempts), "%u", why->attempts);
    snprintf(sequence, sizeof(sequence), "%llu", (unsigned long long)event->sequence);
    struct hs_event letter = *event;
    letter.header_count = 0;
    add_header(&letter, HS_SLICE("x-dead-reason"), why->reason);
    add_header(&letter, HS_SLICE("x-dead-detail"), why->detail);
    add_header(&letter, HS_SLICE("x-dead-route"), why->route);
    add_header(&letter, HS_SLICE("x-dead-sink"), why->sink);
    add_header(&letter, HS_SLICE("x-dead-attempts"), attempts);
    add_header(&letter, HS_SLICE("x-dead-sequence"), sequence);
    for (size_t i = 0; i < event->header_count && letter.header_count < HS_EVENT_HEADERS_MAX; i++)
        letter.headers[letter.header_count++] = event->headers[i];
    add_count(letters, 1); /* before it can fail and be uncounted */
    int code = append_letter(letters, &letter, ret_ticket);
    if (code < 0)
        add_count(letters, -1);
    else
        note_kind(letters, *ret_ticket, &letter, why->reason);
    if (code == 0)
        note_put(letters, &letter);
    if (code == -ENOSPC)
        atomic_store(&letters->full, true);
    return code;
}

enum hs_journal_outcome hs_dead_letters_outcome(const struct hs_dead_letters *letters,
                                                uint64_t ticket)
{
    return hs_journal_outcome(letters->journal, ticket);
}

bool hs_dead_letters_writable(const struct hs_dead_letters *letters, const char **ret_reason)
{
    return hs_journal_writable(letters->journal, ret_reason);
}

bool hs_dead_letters_unprepared(const struct hs_dead_letters *letters, const char **ret_reason)
{
    return hs_journal_unprepared(letters->journal, ret_reason);
}

void hs_dead_letters_subscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup)
{
    hs_journal_subscribe(letters->journal, wakeup);
}

void hs_dead_letters_unsubscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup)
{
    hs_journal_unsubscribe(letters->journal, wakeup);
}
