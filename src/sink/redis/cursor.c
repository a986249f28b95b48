/* Redis cursor: the server's progress, and what follows for the owner. Pure bookkeeping;
 * docs/internals/exactly-once-redis.md explains it, with every crash in it. */
#include "cursor.h"

#include <inttypes.h>
#include <string.h>

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- The text ---- */

static bool are_in_order(const struct hs_hole *holes, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (holes[i - 1].sequence >= holes[i].sequence)
            return false;
    return true;
}

static struct hs_slice take_word(struct hs_slice *rest)
{
    const char *space = rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;
    struct hs_slice word = *rest;
    if (space == NULL) {
        *rest = HS_SLICE_NONE;
        return word;
    }
    word.size = (size_t)(space - rest->data);
    *rest = hs_slice(space + 1, rest->size - word.size - 1);
    return word;
}

static bool parse_numbers(struct hs_slice *rest, struct hs_redis_cursor *cursor)
{
    return hs_slice_to_u64(take_word(rest), UINT64_MAX, &cursor->sequence) == 0 &&
           hs_slice_to_u64(take_word(rest), UINT64_MAX, &cursor->confirmed) == 0 &&
           cursor->confirmed <= cursor->sequence;
}

int hs_redis_cursor_parse(struct hs_slice text, struct hs_redis_cursor *ret_cursor)
{
    struct hs_redis_cursor cursor = {.sequence = 0};
    struct hs_slice rest = text;
    if (text.size > 0 &&
        (!parse_numbers(&rest, &cursor) ||
         (rest.data != NULL && (hs_holes_parse(rest, cursor.sequence, HS_REDIS_HOLES, cursor.holes,
                                               &cursor.hole_count) < 0 ||
                                !are_in_order(cursor.holes, cursor.hole_count)))))
        return hs_fail(-EINVAL, "its value is no cursor of hookstream");
    *ret_cursor = cursor;
    return 0;
}

void hs_redis_cursor_text(const struct hs_redis_cursor *cursor, struct hs_buffer *text)
{
    hs_buffer_printf(text, "%" PRIu64 " %" PRIu64, cursor->sequence, cursor->confirmed);
    if (cursor->hole_count == 0)
        return;
    hs_buffer_append_byte(text, ' ');
    char *at = hs_buffer_reserve(text, cursor->hole_count * HS_HOLE_TEXT);
    if (at != NULL)
        hs_buffer_commit(text, hs_holes_text(cursor->holes, cursor->hole_count, at));
}

/* ---- What is known ---- */

/* The last event up to which everything is known here to be done. */
static uint64_t confirmed(const struct hs_redis_progress *progress)
{
    uint64_t done = larger(progress->applied, progress->floor);
    /* An event that is left out is in doubt from the moment it was read: those before it may not
     * even have been sent. */
    return progress->doubt_first > 0 ? smaller(done, progress->doubt_first - 1) : done;
}

/* The number of holes in events up to this one. */
static size_t holes_up_to(const struct hs_redis_progress *progress, uint64_t sequence)
{
    size_t count = hs_holes_before(progress->holes, progress->hole_count, sequence);
    bool has = count < progress->hole_count && progress->holes[count].sequence == sequence;
    return has ? count + 1 : count;
}

static uint32_t stored_hole(const struct hs_redis_progress *progress, uint64_t sequence)
{
    return hs_holes_of(progress->stored.holes, progress->stored.hole_count, sequence);
}

static void doubt(struct hs_redis_progress *progress, uint64_t sequence)
{
    if (progress->doubt_first == 0 || sequence < progress->doubt_first)
        progress->doubt_first = sequence;
    progress->doubt_last = larger(progress->doubt_last, sequence);
}

/* A hole that does not fit is in doubt as long as this process lives. */
static void add_hole(struct hs_redis_progress *progress, uint64_t sequence, uint32_t parts)
{
    doubt(progress, sequence);
    (void)hs_holes_add(progress->holes, &progress->hole_count, HS_REDIS_HOLES, sequence, parts);
}

void hs_redis_progress_fail(struct hs_redis_progress *progress, uint64_t sequence, unsigned part)
{
    add_hole(progress, sequence, (uint32_t)1 << part);
}

void hs_redis_progress_arrive(struct hs_redis_progress *progress, uint64_t sequence, unsigned part)
{
    hs_holes_remove(progress->holes, &progress->hole_count, sequence, (uint32_t)1 << part);
}

/* ---- A new connection ---- */

/* The server has less than it once reported (a failover, a restored backup): what is known here of
 * later events no longer holds, and a hole that was filled since is one again. */
static void fall_back(struct hs_redis_progress *progress, const struct hs_redis_cursor *read)
{
    progress->applied = smaller(progress->applied, read->sequence);
    progress->floor = smaller(progress->floor, read->sequence);
    for (size_t i = 0; i < read->hole_count; i++)
        if ((read->holes[i].parts & ~stored_hole(progress, read->holes[i].sequence)) != 0)
            progress->floor = smaller(progress->floor, read->holes[i].sequence - 1);
    if (progress->doubt_first > read->sequence)
        progress->doubt_first = progress->doubt_last = 0;
    progress->doubt_last = smaller(progress->doubt_last, read->sequence);
    progress->hole_count = holes_up_to(progress, read->sequence);
}

static bool are_same(const struct hs_redis_cursor *a, const struct hs_redis_cursor *b)
{
    bool same = a->sequence == b->sequence && a->confirmed == b->confirmed &&
                a->hole_count == b->hole_count;
    for (size_t i = 0; same && i < a->hole_count; i++)
        same =
            a->holes[i].sequence == b->holes[i].sequence && a->holes[i].parts == b->holes[i].parts;
    return same;
}

/* If the transaction whose answer was lost was applied, the holes that it wrote are like everything
 * else whose reply was not read. */
static void forget_written(struct hs_redis_progress *progress, const struct hs_redis_cursor *read)
{
    bool done = progress->is_awaited && are_same(read, &progress->sent);
    progress->is_awaited = false;
    for (size_t i = holes_up_to(progress, read->sequence); done && i-- > 0;) {
        const struct hs_hole *hole = &progress->holes[i];
        uint32_t left = hs_holes_of(read->holes, read->hole_count, hole->sequence);
        hs_holes_remove(progress->holes, &progress->hole_count, hole->sequence,
                        hole->parts & ~left);
    }
}

static void copy_cursor(struct hs_redis_cursor *to, const struct hs_redis_cursor *from)
{
    to->sequence = from->sequence;
    to->confirmed = from->confirmed;
    to->hole_count = from->hole_count;
    memcpy(to->holes, from->holes, from->hole_count * sizeof(*from->holes));
}

uint64_t hs_redis_progress_begin(struct hs_redis_progress *progress,
                                 const struct hs_redis_cursor *read)
{
    bool says = read->sequence > 0;
    if (says && read->sequence < progress->stored.sequence)
        fall_back(progress, read);
    forget_written(progress, read);
    /* The stored holes are known here, unless they were settled since. */
    for (size_t i = 0; i < read->hole_count; i++) {
        const struct hs_hole *hole = &read->holes[i];
        uint32_t parts = hole->parts & ~stored_hole(progress, hole->sequence);
        if (parts != 0 && hole->sequence > progress->floor)
            add_hole(progress, hole->sequence, parts);
    }
    copy_cursor(&progress->stored, read);
    progress->verify_until = 0;
    if (!says) {
        /* It has nothing, or has lost the key: the owner decides where to continue (skip). */
        progress->applied = progress->floor = 0;
        progress->hole_count = 0;
        return 0;
    }
    progress->applied = larger(progress->applied, read->confirmed);
    uint64_t done = confirmed(progress);
    if (done >= read->sequence) /* nothing is open: also when the floor is past the cursor */
        return done;
    progress->verify_until = read->sequence;
    if (progress->doubt_first == 0)
        progress->applied = larger(progress->applied, done);
    return done;
}

/* ---- What is stored ---- */

/* The last event that the server has after a batch that ends at `last`. */
static uint64_t reach(const struct hs_redis_progress *progress, uint64_t last)
{
    return larger(larger(progress->stored.sequence, last),
                  larger(progress->applied, progress->floor));
}

void hs_redis_progress_send(struct hs_redis_progress *progress, const struct hs_redis_batch *batch)
{
    struct hs_redis_cursor *sent = &progress->sent;
    size_t count = batch != NULL ? batch->count : 0;
    sent->sequence = reach(progress, count > 0 ? batch->entries[count - 1].sequence : 0);
    sent->confirmed = smaller(confirmed(progress), sent->sequence);
    sent->hole_count = holes_up_to(progress, sent->sequence);
    memcpy(sent->holes, progress->holes, sent->hole_count * sizeof(*sent->holes));
    for (size_t i = 0; i < count && sent->hole_count > 0; i++)
        if (batch->entries[i].command_size > 0)
            hs_holes_remove(sent->holes, &sent->hole_count, batch->entries[i].sequence,
                            (uint32_t)1 << batch->entries[i].part);
    progress->is_awaited = true;
}

void hs_redis_progress_answered(struct hs_redis_progress *progress, bool done)
{
    if (done)
        copy_cursor(&progress->stored, &progress->sent);
    progress->is_awaited = false;
}

bool hs_redis_progress_owes(const struct hs_redis_progress *progress)
{
    size_t count = progress->hole_count > 0 ? holes_up_to(progress, reach(progress, 0)) : 0;
    for (size_t i = 0; i < count; i++)
        if ((progress->holes[i].parts & ~stored_hole(progress, progress->holes[i].sequence)) != 0)
            return true;
    return false;
}

static bool has_other_holes(const struct hs_redis_progress *progress)
{
    const struct hs_redis_cursor *stored = &progress->stored;
    if (holes_up_to(progress, reach(progress, 0)) != stored->hole_count)
        return true;
    for (size_t i = 0; i < stored->hole_count; i++)
        if (progress->holes[i].parts != stored_hole(progress, progress->holes[i].sequence))
            return true;
    return false;
}

bool hs_redis_progress_is_ahead(const struct hs_redis_progress *progress)
{
    const struct hs_redis_cursor *stored = &progress->stored;
    uint64_t sequence = reach(progress, 0);
    return sequence != stored->sequence ||
           smaller(confirmed(progress), sequence) != stored->confirmed || has_other_holes(progress);
}

/* ---- Events that are left out (R5) ---- */

void hs_redis_progress_leave_out(struct hs_redis_progress *progress, uint64_t sequence)
{
    doubt(progress, sequence);
    for (size_t i = 0; i < progress->left_out_count; i++)
        if (progress->left_out[i] == sequence)
            return;
    if (progress->left_out_count < HS_ARRAY_SIZE(progress->left_out))
        progress->left_out[progress->left_out_count++] = sequence;
    else
        progress->left_out_beyond = larger(progress->left_out_beyond, sequence);
}

bool hs_redis_progress_waits(const struct hs_redis_progress *progress, uint64_t sequence)
{
    for (size_t i = 0; i < progress->left_out_count; i++)
        if (progress->left_out[i] < sequence)
            return true;
    if (progress->left_out_beyond > 0 && progress->left_out_beyond < sequence)
        return true;
    return progress->hole_count >= HS_REDIS_HOLES_MOST &&
           progress->holes[HS_REDIS_HOLES_MOST - 1].sequence < sequence;
}

static bool settle_left_out(struct hs_redis_progress *progress)
{
    bool any = progress->left_out_beyond > 0 && progress->left_out_beyond <= progress->floor;
    if (any)
        progress->left_out_beyond = 0;
    size_t kept = 0;
    for (size_t i = 0; i < progress->left_out_count; i++)
        if (progress->left_out[i] > progress->floor)
            progress->left_out[kept++] = progress->left_out[i];
    any = any || kept < progress->left_out_count;
    progress->left_out_count = kept;
    return any;
}

static bool settle_holes(struct hs_redis_progress *progress)
{
    size_t settled = holes_up_to(progress, progress->floor);
    progress->hole_count -= settled;
    memmove(progress->holes, progress->holes + settled,
            progress->hole_count * sizeof(*progress->holes));
    return settled > 0;
}

bool hs_redis_progress_skip(struct hs_redis_progress *progress, uint64_t sequence)
{
    progress->floor = larger(progress->floor, sequence);
    if (progress->doubt_first > 0 && progress->floor >= progress->doubt_first)
        progress->doubt_first = progress->floor + 1;
    if (progress->doubt_first > progress->doubt_last)
        progress->doubt_first = progress->doubt_last = 0;
    bool filled = settle_holes(progress);
    return settle_left_out(progress) || filled;
}

bool hs_redis_progress_verifies(const struct hs_redis_progress *progress, uint64_t sequence,
                                unsigned part)
{
    return sequence <= progress->verify_until &&
           (hs_holes_of(progress->holes, progress->hole_count, sequence) >> part & 1) == 0;
}
