/* Regexp, matching: Thompson's simulation. The steps that a text can have reached form a list
 * without duplicates; each character produces the next list. No path is walked twice and there is
 * no backtracking, whatever the expression. */
#include "regexp.h"

#include <stdlib.h>

#define NO_CHARACTER 0x110000u /* plus the byte */

static bool is_continuation(struct hs_slice text, size_t at)
{
    return at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80;
}

uint32_t hs_regexp_character(struct hs_slice text, size_t *at)
{
    unsigned char first = (unsigned char)text.data[*at];
    unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    uint32_t value = more == 0 ? first : first & (0x3Fu >> more);
    (*at)++;
    if (first < 0x80)
        return first;
    for (unsigned i = 0; i < more; i++)
        if (!is_continuation(text, *at + i))
            return NO_CHARACTER + first;
    if (more == 0)
        return NO_CHARACTER + first;
    for (unsigned i = 0; i < more; i++)
        value = value << 6 | ((unsigned char)text.data[(*at)++] & 0x3F);
    return value;
}

static bool is_noted(const struct hs_regexp_list *list, uint16_t step)
{
    uint16_t place = list->at[step];
    return place < list->count && list->items[place] == step;
}

static void note(struct hs_regexp_list *list, uint16_t step)
{
    list->at[step] = (uint16_t)list->count;
    list->items[list->count++] = step;
}

/* Adds the step and all steps that follow it without a character. Each is pending at most once per
 * way that leads to it, of which a step has two. */
static void reach(struct hs_regexp *regex, struct hs_regexp_list *list, size_t start)
{
    size_t pending = 0;
    regex->pending[pending++] = (uint16_t)start;
    while (pending > 0) {
        uint16_t at = regex->pending[--pending];
        const struct hs_regexp_step *step = &regex->steps[at];
        if (is_noted(list, at))
            continue;
        note(list, at);
        if (step->kind == HS_REGEXP_SPLIT || step->kind == HS_REGEXP_JUMP)
            regex->pending[pending++] = (uint16_t)(at + step->way);
        if (step->kind == HS_REGEXP_SPLIT)
            regex->pending[pending++] = (uint16_t)(at + 1);
    }
}

static bool takes(const struct hs_regexp *regex, const struct hs_regexp_step *step, uint32_t c)
{
    if (step->kind == HS_REGEXP_CHARACTER)
        return step->first == c;
    if (step->kind != HS_REGEXP_CLASS)
        return step->kind == HS_REGEXP_ANY;
    const struct hs_regexp_range *ranges = regex->ranges + step->first;
    size_t low = 0, high = step->count; /* the first range that does not end before `c` */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].most < c)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < step->count && c >= ranges[low].least;
    return inside != step->negated;
}

static void advance(struct hs_regexp *regex, uint32_t character)
{
    regex->next.count = 0;
    for (size_t i = 0; i < regex->now.count; i++) {
        uint16_t at = regex->now.items[i];
        if (takes(regex, &regex->steps[at], character))
            reach(regex, &regex->next, at + 1u);
    }
    struct hs_regexp_list swap = regex->now;
    regex->now = regex->next;
    regex->next = swap;
}

bool hs_regexp_matches(struct hs_regexp *regex, struct hs_slice text)
{
    if (text.size > HS_REGEXP_TEXT_MAX)
        return false;
    regex->now.count = 0;
    reach(regex, &regex->now, 0);
    for (size_t at = 0; at < text.size && regex->now.count > 0;)
        advance(regex, hs_regexp_character(text, &at));
    return is_noted(&regex->now, (uint16_t)(regex->count - 1)); /* the end is the last step */
}

static void free_list(struct hs_regexp_list *list)
{
    free(list->items);
    free(list->at);
}

void hs_regexp_free(struct hs_regexp *regex)
{
    if (regex == NULL)
        return;
    free_list(&regex->now);
    free_list(&regex->next);
    free(regex->steps);
    free(regex->ranges);
    free(regex->pending);
    free(regex);
}
