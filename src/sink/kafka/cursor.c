/* Kafka cursor: see cursor.h. */
#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- The text ---- */

size_t hs_kafka_cursor_text(const struct hs_kafka_cursor *cursor,
                            char ret_text[HS_KAFKA_CURSOR_TEXT])
{
    size_t at = (size_t)snprintf(ret_text, HS_KAFKA_CURSOR_TEXT, "hookstream 1 %s %s %" PRIu64 " ",
                                 cursor->journal, cursor->owner, cursor->sequence);
    HS_ASSERT(HS_KAFKA_CURSOR_TEXT - at > HS_KAFKA_HOLES * HS_HOLE_TEXT);
    at += hs_holes_text(cursor->holes, cursor->hole_count, ret_text + at);
    if (cursor->hole_count == 0)
        at += (size_t)snprintf(ret_text + at, HS_KAFKA_CURSOR_TEXT - at, "-");
    HS_ASSERT(at < HS_KAFKA_CURSOR_TEXT);
    return at;
}

/* Takes the text before `mark`, or all, from the front of `rest`. */
static struct hs_slice take(struct hs_slice *rest, char mark)
{
    const char *at = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    size_t size = at != NULL ? (size_t)(at - rest->data) : rest->size;
    struct hs_slice word = hs_slice(rest->data, size);
    size_t used = at != NULL ? size + 1 : size;
    *rest = hs_slice(rest->data + used, rest->size - used);
    return word;
}

static bool take_text(struct hs_slice *rest, char *ret_text, size_t size)
{
    struct hs_slice word = take(rest, ' ');
    if (word.size == 0 || word.size >= size)
        return false;
    memcpy(ret_text, word.data, word.size);
    ret_text[word.size] = '\0';
    return true;
}

static bool take_holes(struct hs_slice rest, struct hs_kafka_cursor *cursor)
{
    return hs_slice_equal(rest, HS_SLICE("-")) ||
           hs_holes_parse(rest, cursor->sequence, HS_KAFKA_HOLES, cursor->holes,
                          &cursor->hole_count) == 0;
}

int hs_kafka_cursor_parse(struct hs_slice text, struct hs_kafka_cursor *ret_cursor)
{
    struct hs_kafka_cursor cursor = {.sequence = 0};
    struct hs_slice rest = text;
    if (!hs_slice_equal(take(&rest, ' '), HS_SLICE("hookstream")) ||
        !hs_slice_equal(take(&rest, ' '), HS_SLICE("1")) ||
        !take_text(&rest, cursor.journal, sizeof(cursor.journal)) ||
        !take_text(&rest, cursor.owner, sizeof(cursor.owner)) ||
        hs_slice_to_u64(take(&rest, ' '), UINT64_MAX, &cursor.sequence) < 0 ||
        !take_holes(rest, &cursor))
        return hs_fail(-EINVAL, "its value is no cursor of this hookstream");
    *ret_cursor = cursor;
    return 0;
}

/* ---- Holes ---- */

static struct hs_hole *find(struct hs_kafka_progress *progress, uint64_t sequence)
{
    for (size_t i = 0; i < progress->hole_count; i++)
        if (progress->holes[i].sequence == sequence)
            return &progress->holes[i];
    return NULL;
}

void hs_kafka_progress_leave_out(struct hs_kafka_progress *progress, uint64_t sequence,
                                 uint32_t parts)
{
    if (sequence <= progress->floor)
        return;
    struct hs_hole *hole = find(progress, sequence);
    if (hole == NULL && progress->hole_count == HS_KAFKA_HOLES) {
        progress->barrier = larger(progress->barrier, sequence);
        return;
    }
    if (hole == NULL) {
        hole = &progress->holes[progress->hole_count++];
        *hole = (struct hs_hole){sequence, 0};
    }
    progress->holes_changed = progress->holes_changed || (hole->parts & parts) != parts;
    hole->parts |= parts;
}

static void drop_settled(struct hs_kafka_progress *progress)
{
    size_t kept = 0;
    for (size_t i = 0; i < progress->hole_count; i++)
        if (progress->holes[i].sequence > progress->floor)
            progress->holes[kept++] = progress->holes[i];
    progress->holes_changed = progress->holes_changed || kept < progress->hole_count;
    progress->hole_count = kept;
}

void hs_kafka_progress_skip(struct hs_kafka_progress *progress, uint64_t sequence)
{
    if (sequence <= progress->floor)
        return;
    progress->floor = sequence;
    drop_settled(progress);
}

bool hs_kafka_progress_has_room(const struct hs_kafka_progress *progress)
{
    return progress->hole_count < HS_KAFKA_HOLES && progress->barrier <= progress->floor;
}

bool hs_kafka_progress_is_stored(const struct hs_kafka_progress *progress, uint64_t sequence,
                                 unsigned part)
{
    if (sequence > progress->stored)
        return false;
    for (size_t i = 0; i < progress->hole_count; i++)
        if (progress->holes[i].sequence == sequence)
            return (progress->holes[i].parts >> part & 1) == 0;
    return true;
}

/* ---- The progress of the cursor ---- */

void hs_kafka_progress_begin(struct hs_kafka_progress *progress, const struct hs_kafka_cursor *read)
{
    progress->given = 0;
    uint64_t sequence = read != NULL ? read->sequence : 0;
    /* The cluster has less than it once reported (an unclean election, a recreated topic): what is
     * known here of later events no longer holds. */
    if (sequence < progress->stored && progress->floor > sequence)
        progress->floor = sequence;
    progress->stored = sequence;
    for (size_t i = 0; read != NULL && i < read->hole_count; i++)
        hs_kafka_progress_leave_out(progress, read->holes[i].sequence, read->holes[i].parts);
    progress->holes_changed = true; /* the next transaction stores the holes that remain */
}

uint64_t hs_kafka_progress_position(const struct hs_kafka_progress *progress)
{
    uint64_t position = progress->stored;
    for (size_t i = 0; i < progress->hole_count; i++)
        if (progress->holes[i].sequence <= position)
            position = progress->holes[i].sequence - 1;
    return position;
}

void hs_kafka_progress_cursor(const struct hs_kafka_progress *progress,
                              struct hs_kafka_cursor *ret_cursor)
{
    uint64_t sequence = larger(larger(progress->stored, progress->given), progress->floor);
    ret_cursor->sequence = sequence;
    ret_cursor->hole_count = 0;
    for (size_t i = 0; i < progress->hole_count; i++)
        if (progress->holes[i].sequence <= sequence)
            ret_cursor->holes[ret_cursor->hole_count++] = progress->holes[i];
}

void hs_kafka_progress_commit(struct hs_kafka_progress *progress,
                              const struct hs_kafka_cursor *cursor)
{
    progress->stored = cursor->sequence;
    progress->given = 0;
    size_t now = 0;
    for (size_t i = 0; i < progress->hole_count; i++)
        now += progress->holes[i].sequence <= cursor->sequence;
    progress->holes_changed = now != cursor->hole_count;
}

bool hs_kafka_progress_is_ahead(const struct hs_kafka_progress *progress)
{
    return progress->holes_changed || larger(progress->given, progress->floor) > progress->stored;
}
