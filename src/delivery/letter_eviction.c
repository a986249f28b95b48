/* Letter eviction: makes room by kinds (docs/decisions/0012-dead-letters-by-kind.md). The kind
 * above its share loses its oldest letters; other letters in the oldest segment are moved to the
 * end, so that the segment can be removed. */
#include "letters.h"

#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The percentage of max_size shared among the kinds: the rest is for letters that are gone but not
 * removed yet. */
#define SHARED 75u

struct eviction {
    struct hs_dead_letters *letters;
    bool over[HS_LETTER_KINDS_MAX]; /* kinds above their share */
    uint64_t dropped[HS_LETTER_KINDS_MAX], unforwarded;
    uint64_t forwarded; /* letters up to here were forwarded */
    struct hs_letter_move *moved;
    size_t moved_count;
};

static void judge_kinds(struct eviction *eviction)
{
    struct hs_dead_letters *letters = eviction->letters;
    pthread_mutex_lock(&letters->lock);
    uint64_t share =
        hs_letter_kinds_share(&letters->kinds, letters->options.max_size / 100 * SHARED);
    for (unsigned i = 0; i < letters->kinds.count; i++)
        eviction->over[i] = letters->kinds.kinds[i].bytes > share;
    pthread_mutex_unlock(&letters->lock);
}

/* 1: dropped; 0: must be moved; -1: it is gone already. */
static int drop_if_over(struct eviction *eviction, uint64_t number)
{
    struct hs_dead_letters *letters = eviction->letters;
    int result = -1;
    pthread_mutex_lock(&letters->lock);
    const struct hs_letter_kind *kind = hs_letter_kinds_of(&letters->kinds, number);
    size_t at = kind != NULL ? (size_t)(kind - letters->kinds.kinds) : 0;
    if (kind != NULL && !hs_number_set_has(&letters->gone, number))
        result = eviction->over[at] ? 1 : 0;
    if (result > 0) {
        hs_letters_take_out(letters, number);
        letters->count -= letters->count > 0;
        eviction->dropped[at]++;
        eviction->unforwarded += letters->forwarded != NULL && number > eviction->forwarded;
    }
    pthread_mutex_unlock(&letters->lock);
    return result;
}

static int append_copy(struct eviction *eviction, const struct hs_event *copy,
                       const struct hs_letter *letter)
{
    struct hs_dead_letters *letters = eviction->letters;
    uint64_t ticket = 0;
    pthread_mutex_lock(&letters->lock);
    letters->count++; /* before it can fail and be uncounted */
    pthread_mutex_unlock(&letters->lock);
    int code = hs_journal_append(letters->journal, copy, &ticket);
    pthread_mutex_lock(&letters->lock);
    if (code < 0)
        letters->count--;
    else if (!hs_number_set_has(&letters->gone, ticket)) /* unless it has failed already */
        hs_letter_kinds_add(&letters->kinds, ticket, letter->reason, copy);
    pthread_mutex_unlock(&letters->lock);
    if (code < 0)
        return code;
    eviction->moved =
        hs_realloc_array(eviction->moved, eviction->moved_count + 1, sizeof(*eviction->moved));
    eviction->moved[eviction->moved_count++] = (struct hs_letter_move){letter->number, ticket};
    return 0;
}

/* Appends a copy that names the original. */
static int copy_letter(struct eviction *eviction, const struct hs_event *record)
{
    struct hs_dead_letters *letters = eviction->letters;
    struct hs_event copy = *record;
    struct hs_letter letter;
    char place[48];
    bool passed = record->sequence <= eviction->forwarded && letters->forwarded != NULL;
    if (!hs_letter_decode(record, &letter))
        return 0;
    snprintf(place, sizeof(place), "%" PRIu64 "%s", record->sequence,
             passed || letter.forwarded ? " forwarded" : "");
    copy.header_count = 0;
    for (size_t i = 0; i < record->header_count && copy.header_count < HS_EVENT_HEADERS_MAX - 1;
         i++)
        if (!hs_slice_equal(record->headers[i].name, HS_SLICE(HS_LETTER_MOVED)))
            copy.headers[copy.header_count++] = record->headers[i];
    copy.headers[copy.header_count++] =
        (struct hs_header){HS_SLICE(HS_LETTER_MOVED), hs_slice_text(place)};
    return append_copy(eviction, &copy, &letter);
}

static int evict_records(struct eviction *eviction, struct hs_reader *reader, uint64_t last)
{
    struct hs_event record;
    int code;
    while ((code = hs_reader_next(reader, &record)) > 0 || code == -EBADMSG) {
        if (code == -EBADMSG) {
            hs_letters_lose(eviction->letters, hs_reader_loss(reader));
            continue;
        }
        if (record.sequence > last)
            return 0;
        if (drop_if_over(eviction, record.sequence) == 0)
            code = copy_letter(eviction, &record);
        if (code < 0)
            return code;
    }
    return code;
}

/* Removes the originals once their copies are safe. The store may have failed and recovered
 * meanwhile: each copy is checked. */
static bool settle(struct eviction *eviction)
{
    struct hs_dead_letters *letters = eviction->letters;
    size_t safe = 0, count = eviction->moved_count;
    if (count > 0)
        HS_IGNORE(hs_journal_wait(letters->journal, eviction->moved[count - 1].to));
    pthread_mutex_lock(&letters->lock);
    for (size_t i = 0; i < count; i++) {
        const struct hs_letter_move *move = &eviction->moved[i];
        if (hs_journal_outcome(letters->journal, move->to) != HS_JOURNAL_DURABLE)
            continue;
        safe++;
        if (hs_letters_take_out(letters, move->from))
            letters->count -= letters->count > 0;
        hs_letter_moves_add(&letters->moves, move->from, move->to);
    }
    pthread_mutex_unlock(&letters->lock);
    return safe == count;
}

static void report(const struct eviction *eviction)
{
    struct hs_dead_letters *letters = eviction->letters;
    const char *limit = hs_letters_limit_names[HS_LETTERS_MAX_SIZE];
    for (unsigned i = 0; i < HS_LETTER_KINDS_MAX; i++) {
        const struct hs_letter_kind *kind = &letters->kinds.kinds[i]; /* its texts do not change */
        if (eviction->dropped[i] == 0)
            continue;
        hs_counter_add(letters->dropped[HS_LETTERS_MAX_SIZE], eviction->dropped[i]);
        hs_counter_add(hs_metrics_counter(letters->metrics, HS_METRIC_dead_letters_evicted_total,
                                          kind->source, kind->reason),
                       eviction->dropped[i]);
        hs_log(HS_LOG_ERROR,
               "dead letters were dropped: retry or discard them in time, or raise the limit",
               HS_F("letters", "%" PRIu64, eviction->dropped[i]),
               HS_F("reason", "%s", kind->reason), HS_F("source", "%s", kind->source),
               HS_F("limit", "dead_letters.%s", limit));
    }
    if (eviction->unforwarded > 0)
        hs_letters_report_unforwarded(letters, eviction->unforwarded, HS_LETTERS_MAX_SIZE);
}

bool hs_letters_evict(struct hs_dead_letters *letters, uint64_t last)
{
    struct eviction *eviction = hs_alloc(sizeof(*eviction));
    struct hs_reader *reader;
    eviction->letters = letters;
    eviction->forwarded = letters->forwarded ? hs_cursor_position(letters->forwarded) : 0;
    judge_kinds(eviction);
    bool good =
        hs_reader_open(letters->journal, hs_cursor_position(letters->hold) + 1, &reader) == 0;
    if (good) {
        good = evict_records(eviction, reader, last) == 0;
        hs_reader_close(reader);
    }
    good = settle(eviction) && good;
    report(eviction);
    hs_letters_move_hold(letters);
    free(eviction->moved);
    free(eviction);
    return good;
}
