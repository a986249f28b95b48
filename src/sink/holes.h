/* Holes: parts of events that a server does not have though its cursor has passed them. A cursor
 * lists them as text: `7:4,9:1` is part 2 of event 7 and part 0 of event 9. Knows no server. */
#ifndef HS_SINK_HOLES_H
#define HS_SINK_HOLES_H

#include <hookstream/base.h>

struct hs_hole {
    uint64_t sequence;
    uint32_t parts; /* one bit each, at least one */
};

/* Longest text of one hole, with a comma or, at the end, a NUL. */
#define HS_HOLE_TEXT 32u

/* Returns the size of the text, without its NUL; the buffer has HS_HOLE_TEXT bytes per hole. */
size_t hs_holes_text(const struct hs_hole *holes, size_t count, char *ret_text);
/* Reads at least one hole, up to `capacity`, none past `last`. -EINVAL: not such a text. */
HS_MUST_CHECK int hs_holes_parse(struct hs_slice text, uint64_t last, size_t capacity,
                                 struct hs_hole *ret_holes, size_t *ret_count);

/* ---- In the order of their sequences ---- */

/* The number of holes before the event. */
size_t hs_holes_before(const struct hs_hole *holes, size_t count, uint64_t sequence);
/* Which parts of the event are missing. */
uint32_t hs_holes_of(const struct hs_hole *holes, size_t count, uint64_t sequence);
/* Adds the parts to the event's hole. false: that needs a further hole, and there is no room. */
bool hs_holes_add(struct hs_hole *holes, size_t *count, size_t capacity, uint64_t sequence,
                  uint32_t parts);
void hs_holes_remove(struct hs_hole *holes, size_t *count, uint64_t sequence, uint32_t parts);

#endif
