/* Holes: see holes.h. */
#include "holes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- The text ---- */

size_t hs_holes_text(const struct hs_hole *holes, size_t count, char *ret_text)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(ret_text + size, HS_HOLE_TEXT + 1, "%s%" PRIu64 ":%" PRIu32,
                                 i > 0 ? "," : "", holes[i].sequence, holes[i].parts);
    return size;
}

/* Takes the text before `mark` from the front of `rest`, or all of it: then its data is NULL. */
static struct hs_slice take(struct hs_slice *rest, char mark)
{
    const char *at = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    struct hs_slice all = *rest;
    *rest = HS_SLICE_NONE;
    if (at == NULL)
        return all;
    size_t size = (size_t)(at - all.data);
    *rest = hs_slice(at + 1, all.size - size - 1);
    return hs_slice(all.data, size);
}

static bool parse_one(struct hs_slice text, uint64_t last, struct hs_hole *ret_hole)
{
    uint64_t sequence, parts;
    struct hs_slice first = take(&text, ':');
    if (hs_slice_to_u64(first, UINT64_MAX, &sequence) < 0 ||
        hs_slice_to_u64(text, UINT32_MAX, &parts) < 0 || parts == 0 || sequence == 0 ||
        sequence > last)
        return false;
    *ret_hole = (struct hs_hole){sequence, (uint32_t)parts};
    return true;
}

int hs_holes_parse(struct hs_slice text, uint64_t last, size_t capacity, struct hs_hole *ret_holes,
                   size_t *ret_count)
{
    size_t count = 0;
    do {
        if (count == capacity || !parse_one(take(&text, ','), last, &ret_holes[count]))
            return hs_fail(-EINVAL, "no list of holes");
        count++;
    } while (text.data != NULL);
    *ret_count = count;
    return 0;
}

/* ---- In the order of their sequences ---- */

size_t hs_holes_before(const struct hs_hole *holes, size_t count, uint64_t sequence)
{
    size_t first = 0, end = count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (holes[middle].sequence < sequence)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

uint32_t hs_holes_of(const struct hs_hole *holes, size_t count, uint64_t sequence)
{
    size_t at = hs_holes_before(holes, count, sequence);
    return at < count && holes[at].sequence == sequence ? holes[at].parts : 0;
}

bool hs_holes_add(struct hs_hole *holes, size_t *count, size_t capacity, uint64_t sequence,
                  uint32_t parts)
{
    size_t at = hs_holes_before(holes, *count, sequence);
    if (at < *count && holes[at].sequence == sequence) {
        holes[at].parts |= parts;
        return true;
    }
    if (*count == capacity)
        return false;
    memmove(&holes[at + 1], &holes[at], (*count - at) * sizeof(*holes));
    holes[at] = (struct hs_hole){sequence, parts};
    ++*count;
    return true;
}

void hs_holes_remove(struct hs_hole *holes, size_t *count, uint64_t sequence, uint32_t parts)
{
    size_t at = hs_holes_before(holes, *count, sequence);
    if (at == *count || holes[at].sequence != sequence || (holes[at].parts &= ~parts) != 0)
        return;
    --*count;
    memmove(&holes[at], &holes[at + 1], (*count - at) * sizeof(*holes));
}
