/* Letter moves: the new numbers of letters that were moved to the end of the store. */
#include "letters.h"

#include <stdlib.h>

void hs_letter_moves_add(struct hs_letter_moves *moves, uint64_t from, uint64_t to)
{
    if (moves->items == NULL)
        moves->items = hs_alloc_array(HS_LETTER_MOVES_MAX, sizeof(*moves->items));
    if (moves->count == HS_LETTER_MOVES_MAX) { /* the older half is dropped */
        moves->count /= 2;
        memmove(moves->items, moves->items + HS_LETTER_MOVES_MAX - moves->count,
                moves->count * sizeof(*moves->items));
    }
    if (moves->count > 0 && moves->items[moves->count - 1].from >= from)
        return; /* it was moved before, and then damaged or abandoned */
    moves->items[moves->count++] = (struct hs_letter_move){from, to};
}

static int compare(const void *one, const void *other)
{
    const struct hs_letter_move *a = one, *b = other;
    return a->from < b->from ? -1 : a->from > b->from;
}

uint64_t hs_letter_moves_find(const struct hs_letter_moves *moves, uint64_t number)
{
    const struct hs_letter_move *move;
    do { /* terminates: letters are moved to higher numbers */
        const struct hs_letter_move wanted = {.from = number};
        move = moves->count == 0
                   ? NULL
                   : bsearch(&wanted, moves->items, moves->count, sizeof(*moves->items), compare);
        number = move != NULL ? move->to : number;
    } while (move != NULL);
    return number;
}

void hs_letter_moves_free(struct hs_letter_moves *moves)
{
    free(moves->items);
    *moves = (struct hs_letter_moves){0};
}
