/* Redis cursor: how far the server is, and what that means for the owner. Pure bookkeeping;
 * docs/internals/exactly-once-redis.md tells the story, with every crash in it. */
#include "redis.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

int hs_redis_cursor_parse(struct hs_slice text, struct hs_redis_cursor *ret_cursor)
{
    struct hs_redis_cursor cursor = {0, 0};
    if (text.size > 0) {
        const char *space = memchr(text.data, ' ', text.size);
        size_t first = space != NULL ? (size_t)(space - text.data) : text.size;
        if (space == NULL ||
            hs_slice_to_u64(hs_slice(text.data, first), UINT64_MAX, &cursor.sequence) < 0 ||
            hs_slice_to_u64(hs_slice(space + 1, text.size - first - 1), UINT64_MAX,
                            &cursor.confirmed) < 0 ||
            cursor.confirmed > cursor.sequence)
            return hs_fail(-EINVAL, "its value is no cursor of hookstream");
    }
    *ret_cursor = cursor;
    return 0;
}

/* The last event up to which everything is known here to be done. */
static uint64_t confirmed(const struct hs_redis_progress *progress)
{
    uint64_t done = larger(progress->applied, progress->floor);
    /* An event that is left out is in doubt from the moment it was read: those before it may
     * not even have been sent. */
    return progress->doubt_first > 0 ? smaller(done, progress->doubt_first - 1) : done;
}

/* The server has less than it once said (a failover, a restored backup): what is known here
 * of later events holds no more. */
static void fall_back(struct hs_redis_progress *progress, uint64_t sequence)
{
    progress->applied = smaller(progress->applied, sequence);
    progress->floor = smaller(progress->floor, sequence);
    if (progress->doubt_first > sequence)
        progress->doubt_first = progress->doubt_last = 0;
    progress->doubt_last = smaller(progress->doubt_last, sequence);
    size_t kept = 0;
    for (size_t i = 0; i < progress->redo_count; i++)
        if (progress->redo[i].sequence <= sequence)
            progress->redo[kept++] = progress->redo[i];
    progress->redo_count = kept;
}

uint64_t hs_redis_progress_begin(struct hs_redis_progress *progress, struct hs_redis_cursor read)
{
    bool says = read.sequence > 0;
    if (says && read.sequence < progress->stored.sequence)
        fall_back(progress, read.sequence);
    progress->stored = read;
    uint64_t done = larger(confirmed(progress), read.confirmed);
    if (progress->doubt_first > 0)
        done = confirmed(progress);
    if (!says) {
        progress->verify_until = 0;
        return 0;
    }
    if (done >= read.sequence) { /* nothing is open: also when the floor is past the cursor */
        progress->verify_until = 0;
        return done;
    }
    progress->verify_until = read.sequence;
    if (progress->doubt_first == 0)
        progress->applied = larger(progress->applied, done);
    return done;
}

struct hs_redis_cursor hs_redis_progress_cursor(const struct hs_redis_progress *progress,
                                                uint64_t last)
{
    struct hs_redis_cursor cursor;
    cursor.sequence =
        larger(larger(progress->stored.sequence, last), larger(progress->applied, progress->floor));
    cursor.confirmed = smaller(confirmed(progress), cursor.sequence);
    return cursor;
}

void hs_redis_progress_doubt(struct hs_redis_progress *progress, uint64_t sequence, unsigned part,
                             bool again)
{
    if (progress->doubt_first == 0 || sequence < progress->doubt_first)
        progress->doubt_first = sequence;
    progress->doubt_last = larger(progress->doubt_last, sequence);
    if (again && progress->redo_count < HS_ARRAY_SIZE(progress->redo))
        progress->redo[progress->redo_count++] = (struct hs_redis_redo){sequence, part};
}

void hs_redis_progress_settle(struct hs_redis_progress *progress, uint64_t sequence, unsigned part)
{
    size_t kept = 0;
    for (size_t i = 0; i < progress->redo_count; i++)
        if (progress->redo[i].sequence != sequence || progress->redo[i].part != part)
            progress->redo[kept++] = progress->redo[i];
    progress->redo_count = kept;
}

/* ---- Events that are left out (R5) ---- */

void hs_redis_progress_leave_out(struct hs_redis_progress *progress, uint64_t sequence)
{
    hs_redis_progress_doubt(progress, sequence, 0, false);
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
    return progress->left_out_beyond > 0 && progress->left_out_beyond < sequence;
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

bool hs_redis_progress_skip(struct hs_redis_progress *progress, uint64_t sequence)
{
    progress->floor = larger(progress->floor, sequence);
    if (progress->doubt_first > 0 && progress->floor >= progress->doubt_first)
        progress->doubt_first = progress->floor + 1;
    if (progress->doubt_first > progress->doubt_last)
        progress->doubt_first = progress->doubt_last = 0;
    return settle_left_out(progress);
}

bool hs_redis_progress_verifies(const struct hs_redis_progress *progress, uint64_t sequence,
                                unsigned part)
{
    if (sequence > progress->verify_until)
        return false;
    for (size_t i = 0; i < progress->redo_count; i++)
        if (progress->redo[i].sequence == sequence && progress->redo[i].part == part)
            return false;
    return true;
}
