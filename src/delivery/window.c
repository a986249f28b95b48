/* Window: the ring of a pump. Knows only sequences and masks; the pump gives them meaning. */
#include "window.h"

#include <stdlib.h>

void hs_window_init(struct hs_window *window)
{
    *window =
        (struct hs_window){.entries = hs_alloc_array(HS_PUMP_WINDOW, sizeof(*window->entries))};
}

void hs_window_free(struct hs_window *window)
{
    free(window->entries);
    *window = (struct hs_window){0};
}

struct hs_window_entry *hs_window_push(struct hs_window *window, uint64_t sequence, unsigned parts)
{
    HS_ASSERT(!hs_window_is_full(window));
    HS_ASSERT(parts > 0 && parts <= HS_PARCEL_MESSAGES_MAX);
    HS_ASSERT(hs_window_is_empty(window) ||
              hs_window_at(window, window->tail - 1)->sequence < sequence);
    struct hs_window_entry *entry = hs_window_at(window, window->tail++);
    uint32_t open = parts == 32 ? UINT32_MAX : ((uint32_t)1 << parts) - 1;
    *entry = (struct hs_window_entry){.sequence = sequence, .open = open};
    return entry;
}

struct hs_window_entry *hs_window_find(const struct hs_window *window, uint64_t sequence)
{
    uint64_t low = window->head, high = window->tail;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct hs_window_entry *entry = hs_window_at(window, middle);
        if (entry->sequence == sequence)
            return entry;
        if (entry->sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Clears parts of a mask and updates the count of entries that have any. */
static void clear_mask(uint32_t *mask, uint32_t parts, size_t *count)
{
    if (*mask != 0 && (*mask & ~parts) == 0)
        (*count)--;
    *mask &= ~parts;
}

static void set_mask(uint32_t *mask, uint32_t parts, size_t *count)
{
    if (*mask == 0 && parts != 0)
        (*count)++;
    *mask |= parts;
}

void hs_window_done(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts)
{
    clear_mask(&entry->again, parts, &window->again_count);
    clear_mask(&entry->lettered, parts, &window->lettered_count);
    entry->open &= ~parts;
}

void hs_window_again(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts)
{
    clear_mask(&entry->lettered, parts, &window->lettered_count);
    set_mask(&entry->again, parts & entry->open, &window->again_count);
}

void hs_window_given(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts)
{
    clear_mask(&entry->again, parts, &window->again_count);
}

void hs_window_lettered(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts,
                        uint64_t ticket)
{
    clear_mask(&entry->again, parts, &window->again_count);
    set_mask(&entry->lettered, parts & entry->open, &window->lettered_count);
    /* Several messages of one event: tickets only increase, and when the last one is durable the
     * outcome of the earlier ones is known, too. */
    entry->ticket = ticket;
}

const struct hs_window_entry *hs_window_done_head(const struct hs_window *window)
{
    if (hs_window_is_empty(window))
        return NULL;
    const struct hs_window_entry *entry = hs_window_at(window, window->head);
    return entry->open == 0 ? entry : NULL;
}

void hs_window_pop(struct hs_window *window)
{
    HS_ASSERT(hs_window_done_head(window) != NULL);
    window->head++;
}

void hs_window_clear(struct hs_window *window)
{
    window->head = window->tail;
    window->again_count = window->lettered_count = 0;
}
