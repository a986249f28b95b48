/* Dead letters: a journal of their own whose records carry, before the event's own headers,
 * what went wrong as headers with an "x-dead-" name. Reading them back is the command line's
 * work; here they are only put in. */
#include <hookstream/dead_letters.h>

#include <stdio.h>
#include <stdlib.h>

/* Rare by nature: small segments and room for a few hundred thousand. */
#define LETTERS_MAX_SIZE (UINT64_C(1) << 30)
#define LETTERS_SEGMENT_SIZE (UINT64_C(4) << 20)
#define LETTERS_RETAIN_NS (UINT64_C(365) * 24 * 3600 * UINT64_C(1000000000))

struct hs_dead_letters {
    struct hs_journal *journal;
    struct hs_cursor *hold; /* never moves, so that no letter is removed unseen */
    /* The inner journal's own figures are not the product's: they count into a registry
     * that nobody renders. */
    struct hs_metrics *inner_metrics;
    struct hs_gauge *kept;
    struct hs_metrics *metrics;
};

static void collect(void *context)
{
    struct hs_dead_letters *letters = context;
    uint64_t last = hs_journal_durable(letters->journal);
    uint64_t oldest = hs_journal_oldest(letters->journal);
    hs_gauge_set(letters->kept, last >= oldest ? (double)(last - oldest + 1) : 0);
}

static int open_inner(struct hs_dead_letters *letters, struct hs_journal *outer)
{
    HS_AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/dead-letters", hs_journal_path(outer)) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    struct hs_journal_options options = {
        .store = HS_STORE_DISK, /* the outer one's, which may be in memory */
        .path = path,
        .max_size = LETTERS_MAX_SIZE,
        .retain_ns = LETTERS_RETAIN_NS,
        .segment_size = LETTERS_SEGMENT_SIZE,
    };
    return hs_journal_open(hs_journal_disk(outer), &options, letters->inner_metrics,
                           &letters->journal);
}

int hs_dead_letters_open(struct hs_journal *journal, struct hs_metrics *metrics,
                         struct hs_dead_letters **ret_letters)
{
    struct hs_dead_letters *letters = hs_alloc(sizeof(*letters));
    letters->inner_metrics = hs_metrics_create();
    int code = open_inner(letters, journal);
    if (code == 0)
        code = hs_cursor_open(letters->journal, "hold", HS_CURSOR_FROM_OLDEST, &letters->hold);
    if (code == 0)
        code = hs_journal_start(letters->journal, &(struct hs_journal_watcher){0});
    if (code < 0) {
        hs_dead_letters_close(letters);
        return code;
    }
    letters->metrics = metrics;
    letters->kept = hs_metrics_gauge(metrics, HS_METRIC_dead_letters);
    hs_metrics_on_collect(metrics, collect, letters);
    *ret_letters = letters;
    return 0;
}

void hs_dead_letters_close(struct hs_dead_letters *letters)
{
    if (letters == NULL)
        return;
    if (letters->metrics != NULL)
        hs_metrics_forget(letters->metrics, letters);
    if (letters->journal != NULL)
        hs_journal_stop(letters->journal);
    hs_cursor_close(letters->hold);
    hs_journal_close(letters->journal);
    hs_metrics_free(letters->inner_metrics);
    free(letters);
}

static void add_header(struct hs_event *event, struct hs_slice name, const char *text)
{
    struct hs_slice value = hs_slice_text(text);
    if (value.size == 0 || event->header_count >= HS_EVENT_HEADERS_MAX)
        return;
    if (value.size > HS_DEAD_LETTER_TEXT_MAX)
        value.size = HS_DEAD_LETTER_TEXT_MAX;
    event->headers[event->header_count++] = (struct hs_header){name, value};
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
    return hs_journal_append(letters->journal, &letter, ret_ticket);
}

enum hs_journal_outcome hs_dead_letters_outcome(const struct hs_dead_letters *letters,
                                                uint64_t ticket)
{
    return hs_journal_outcome(letters->journal, ticket);
}

void hs_dead_letters_subscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup)
{
    hs_journal_subscribe(letters->journal, wakeup);
}

void hs_dead_letters_unsubscribe(struct hs_dead_letters *letters, struct hs_wakeup *wakeup)
{
    hs_journal_unsubscribe(letters->journal, wakeup);
}
