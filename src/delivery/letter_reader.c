/* Letter reader: decodes letters from the store's records. */
#include "letters.h"

#include <stdlib.h>

struct hs_letter_reader {
    struct hs_dead_letters *letters;
    struct hs_reader *reader;
};

/* ---- Records ---- */

/* Where the header's value belongs in the letter, or NULL: it is one of the event's own. */
static struct hs_slice *place_of(struct hs_letter *letter, struct hs_slice name)
{
    const struct {
        struct hs_slice name, *place;
    } places[] = {
        {HS_SLICE("x-dead-reason"), &letter->reason},
        {HS_SLICE("x-dead-detail"), &letter->detail},
        {HS_SLICE("x-dead-route"), &letter->route},
        {HS_SLICE("x-dead-sink"), &letter->sink},
        {HS_SLICE("x-dead-history"), &letter->history},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(places); i++)
        if (hs_slice_equal(places[i].name, name))
            return places[i].place;
    return NULL;
}

/* Parses "17" or "17 forwarded". */
static bool read_moved(struct hs_slice value, uint64_t *ret_number)
{
    const char *space = value.size > 0 ? memchr(value.data, ' ', value.size) : NULL;
    if (space != NULL)
        value.size = (size_t)(space - value.data);
    if (hs_slice_to_u64(value, UINT64_MAX, ret_number) < 0)
        *ret_number = 0;
    return space != NULL;
}

bool hs_letter_decode(const struct hs_event *record, struct hs_letter *ret_letter)
{
    if (record->header_count == 0 ||
        hs_slice_equal(record->headers[0].name, HS_SLICE(HS_LETTER_GONE)))
        return false;
    *ret_letter = (struct hs_letter){.number = record->sequence, .event = *record};
    ret_letter->event.header_count = 0;
    ret_letter->event.sequence = 0;
    for (size_t i = 0; i < record->header_count; i++) {
        const struct hs_header *header = &record->headers[i];
        struct hs_slice *place = place_of(ret_letter, header->name);
        if (place != NULL)
            *place = header->value;
        else if (hs_slice_equal(header->name, HS_SLICE(HS_LETTER_MOVED)))
            ret_letter->forwarded = read_moved(header->value, &ret_letter->moved_from);
        else if (hs_slice_equal(header->name, HS_SLICE("x-dead-attempts")))
            HS_IGNORE(hs_slice_to_u64(header->value, UINT64_MAX, &ret_letter->attempts));
        else if (hs_slice_equal(header->name, HS_SLICE("x-dead-sequence")))
            HS_IGNORE(hs_slice_to_u64(header->value, UINT64_MAX, &ret_letter->event.sequence));
        else
            ret_letter->event.headers[ret_letter->event.header_count++] = *header;
    }
    return true;
}

static struct hs_slice take_line(struct hs_slice *text)
{
    const char *end = text->size > 0 ? memchr(text->data, '\n', text->size) : NULL;
    struct hs_slice line = end != NULL ? hs_slice(text->data, (size_t)(end - text->data)) : *text;
    size_t taken = line.size + (end != NULL);
    *text = hs_slice(text->data + taken, text->size - taken);
    return line;
}

/* The original of a moved letter. */
static void each_moved(const struct hs_event *record, hs_gone_fn *each, void *context)
{
    uint64_t number;
    (void)read_moved(hs_event_header(record, HS_SLICE(HS_LETTER_MOVED)), &number);
    if (number > 0)
        each(context, number, number);
}

bool hs_letter_each_gone(const struct hs_event *record, hs_gone_fn *each, void *context)
{
    if (record->header_count == 0)
        return false;
    if (!hs_slice_equal(record->headers[0].name, HS_SLICE(HS_LETTER_GONE))) {
        each_moved(record, each, context);
        return false;
    }
    for (struct hs_slice text = record->body; text.size > 0;) {
        struct hs_slice line = take_line(&text);
        const char *dash = line.size > 0 ? memchr(line.data, '-', line.size) : NULL;
        size_t size = dash != NULL ? (size_t)(dash - line.data) : line.size;
        uint64_t first, last;
        if (hs_slice_to_u64(hs_slice(line.data, size), UINT64_MAX, &first) < 0)
            continue;
        last = first;
        if (dash == NULL ||
            hs_slice_to_u64(hs_slice(dash + 1, line.size - size - 1), UINT64_MAX, &last) == 0)
            each(context, first, last);
    }
    return true;
}

/* ---- The reader ---- */

bool hs_letter_is_gone(struct hs_dead_letters *letters, uint64_t number)
{
    pthread_mutex_lock(&letters->lock);
    bool gone = hs_number_set_has(&letters->gone, number);
    pthread_mutex_unlock(&letters->lock);
    return gone;
}

int hs_letter_reader_open(struct hs_dead_letters *letters, uint64_t from,
                          struct hs_letter_reader **ret_reader)
{
    struct hs_letter_reader *reader = hs_alloc(sizeof(*reader));
    reader->letters = letters;
    int code = hs_reader_open(letters->journal, from, &reader->reader);
    if (code < 0) {
        free(reader);
        return code;
    }
    *ret_reader = reader;
    return 0;
}

void hs_letter_reader_close(struct hs_letter_reader *reader)
{
    if (reader == NULL)
        return;
    hs_reader_close(reader->reader);
    free(reader);
}

int hs_letter_reader_seek(struct hs_letter_reader *reader, uint64_t from)
{
    return hs_reader_seek(reader->reader, from);
}

int hs_letter_reader_next(struct hs_letter_reader *reader, struct hs_letter *ret_letter)
{
    for (;;) {
        struct hs_event record;
        int got = hs_reader_next(reader->reader, &record);
        if (got == -EBADMSG)
            hs_letters_lose(reader->letters, hs_reader_loss(reader->reader));
        else if (got <= 0)
            return got;
        else if (!hs_letter_is_gone(reader->letters, record.sequence) &&
                 hs_letter_decode(&record, ret_letter))
            return 1;
    }
}
