/* Number set: a growing bitmap; letters are few and their numbers close together. */
#include "letters.h"

#include <stdlib.h>

#define WORD_BITS 64u

bool hs_number_set_has(const struct hs_number_set *set, uint64_t number)
{
    if (number < set->base)
        return true;
    uint64_t at = number - set->base;
    return at / WORD_BITS < set->word_count && (set->words[at / WORD_BITS] >> at % WORD_BITS & 1);
}

bool hs_number_set_add(struct hs_number_set *set, uint64_t number)
{
    if (hs_number_set_has(set, number))
        return false;
    uint64_t at = number - set->base;
    if (at / WORD_BITS >= set->word_count) {
        size_t count = (size_t)(at / WORD_BITS + 1) * 2;
        set->words = hs_realloc_array(set->words, count, sizeof(*set->words));
        memset(set->words + set->word_count, 0, (count - set->word_count) * sizeof(*set->words));
        set->word_count = count;
    }
    set->words[at / WORD_BITS] |= (uint64_t)1 << at % WORD_BITS;
    return true;
}

void hs_number_set_free(struct hs_number_set *set)
{
    free(set->words);
    *set = (struct hs_number_set){0};
}
