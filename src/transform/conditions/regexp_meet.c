/* Regexp, two at once: whether some text matches both, for `check`. A pair of steps is reached when
 * one text leads to both; each pair is looked at once. */
#include "regexp.h"

#include <stdlib.h>

struct pair {
    uint16_t a, b;
};

struct meeting {
    const struct hs_regexp *a, *b;
    bool *seen; /* of a pair: a * b->count + b */
    struct pair *pending;
    size_t count;
};

static void reach(struct meeting *meeting, size_t a, size_t b)
{
    size_t at = a * meeting->b->count + b;
    if (meeting->seen[at])
        return;
    meeting->seen[at] = true;
    meeting->pending[meeting->count++] = (struct pair){(uint16_t)a, (uint16_t)b};
}

/* The characters that a step takes, as ranges in order. False: there is no range `index`. */
static bool range_of(const struct hs_regexp *regexp, const struct hs_regexp_step *step,
                     size_t index, struct hs_regexp_range *ret)
{
    const struct hs_regexp_range *ranges = regexp->ranges + step->first;
    if (step->kind == HS_REGEXP_CLASS && !step->negated) {
        if (index < step->count)
            *ret = ranges[index];
        return index < step->count;
    }
    if (step->kind == HS_REGEXP_CHARACTER)
        *ret = (struct hs_regexp_range){step->first, step->first};
    if (step->kind != HS_REGEXP_CLASS) {
        if (step->kind == HS_REGEXP_ANY)
            *ret = (struct hs_regexp_range){0, UINT32_MAX};
        return index == 0;
    }
    /* Between the ranges, and before and after them. */
    ret->least = index == 0 ? 0 : ranges[index - 1].most + 1;
    ret->most = index == step->count       ? UINT32_MAX
                : ranges[index].least == 0 ? 0
                                           : ranges[index].least - 1;
    return index <= step->count;
}

static bool share_character(const struct meeting *meeting, const struct hs_regexp_step *a,
                            const struct hs_regexp_step *b)
{
    struct hs_regexp_range one, other;
    size_t i = 0, k = 0;
    while (range_of(meeting->a, a, i, &one) && range_of(meeting->b, b, k, &other)) {
        bool apart = one.most < other.least || other.most < one.least;
        if (!apart && one.least <= one.most && other.least <= other.most)
            return true;
        if (one.most <= other.most)
            i++;
        else
            k++;
    }
    return false;
}

static bool moves(const struct hs_regexp_step *step)
{
    return step->kind == HS_REGEXP_SPLIT || step->kind == HS_REGEXP_JUMP;
}

/* Notes the pairs that follow. Whether both have ended. */
static bool follow(struct meeting *meeting, struct pair pair)
{
    const struct hs_regexp_step *a = &meeting->a->steps[pair.a], *b = &meeting->b->steps[pair.b];
    if (moves(a)) {
        reach(meeting, (size_t)(pair.a + a->way), pair.b);
        if (a->kind == HS_REGEXP_SPLIT)
            reach(meeting, pair.a + 1u, pair.b);
    } else if (moves(b)) {
        reach(meeting, pair.a, (size_t)(pair.b + b->way));
        if (b->kind == HS_REGEXP_SPLIT)
            reach(meeting, pair.a, pair.b + 1u);
    } else if (a->kind == HS_REGEXP_END || b->kind == HS_REGEXP_END) {
        return a->kind == b->kind;
    } else if (share_character(meeting, a, b)) {
        reach(meeting, pair.a + 1u, pair.b + 1u);
    }
    return false;
}

bool hs_regexp_meet(const struct hs_regexp *a, const struct hs_regexp *b)
{
    struct meeting meeting = {.a = a, .b = b};
    bool met = false;
    meeting.seen = hs_alloc_array(a->count * b->count, sizeof(*meeting.seen));
    meeting.pending = hs_alloc_array(a->count * b->count, sizeof(*meeting.pending));
    reach(&meeting, 0, 0);
    while (!met && meeting.count > 0)
        met = follow(&meeting, meeting.pending[--meeting.count]);
    free(meeting.seen);
    free(meeting.pending);
    return met;
}
