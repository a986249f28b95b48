/* Window: the events sent to a sink and not yet done, in journal order. A ring with a fixed
 * ceiling; done events leave only from the head, which keeps the cursor correct (P1). Threads:
 * belongs to its pump's. */
#ifndef HS_DELIVERY_WINDOW_H
#define HS_DELIVERY_WINDOW_H

#include <hookstream/delivery.h>

/* An event has up to HS_PARCEL_MESSAGES_MAX messages for the sink, one bit each in these masks. A
 * message is open until it is confirmed or is safe as a dead letter. Of the open ones, `again` must
 * be sent again, `lettered` wait for the dead letters' disk, and the others are in flight. */
struct hs_window_entry {
    uint64_t sequence;
    uint64_t received_wall_ns;
    const struct hs_route *route;
    uint64_t ticket; /* of the dead letter, if lettered */
    uint32_t open, again, lettered;
    uint32_t attempts;
    bool lost; /* the journal no longer has it, which was counted */
};

struct hs_window {
    struct hs_window_entry *entries; /* HS_PUMP_WINDOW of them */
    uint64_t head, tail;             /* positions, modulo the size; head == tail: empty */
    size_t again_count;              /* entries with `again` set */
    size_t lettered_count;           /* entries with `lettered` set */
};

void hs_window_init(struct hs_window *window);
void hs_window_free(struct hs_window *window);

static inline bool hs_window_is_empty(const struct hs_window *window)
{
    return window->head == window->tail;
}

static inline bool hs_window_is_full(const struct hs_window *window)
{
    return window->tail - window->head == HS_PUMP_WINDOW;
}

static inline size_t hs_window_count(const struct hs_window *window)
{
    return (size_t)(window->tail - window->head);
}

/* The entry at a position between head and tail. */
static inline struct hs_window_entry *hs_window_at(const struct hs_window *window, uint64_t at)
{
    return &window->entries[at % HS_PUMP_WINDOW];
}

/* Adds an entry with `parts` open messages at the tail; the window must not be full and the
 * sequence must be larger than all in it. */
struct hs_window_entry *hs_window_push(struct hs_window *window, uint64_t sequence, unsigned parts);
/* By sequence, or NULL. */
struct hs_window_entry *hs_window_find(const struct hs_window *window, uint64_t sequence);

/* A message's transitions between its states; each updates the counts. */
void hs_window_done(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts);
void hs_window_again(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts);
void hs_window_given(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts);
void hs_window_lettered(struct hs_window *window, struct hs_window_entry *entry, uint32_t parts,
                        uint64_t ticket);

/* The head's entry if all its messages are done; remove it with hs_window_pop(). */
const struct hs_window_entry *hs_window_done_head(const struct hs_window *window);
void hs_window_pop(struct hs_window *window);
/* Empties the window. */
void hs_window_clear(struct hs_window *window);

#endif
