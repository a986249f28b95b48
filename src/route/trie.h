/* Trie: all patterns at once, one node per segment. */
#ifndef HS_ROUTE_TRIE_H
#define HS_ROUTE_TRIE_H

#include "pattern.h"

struct hs_trie;
struct hs_trie *hs_trie_create(void);
void hs_trie_free(struct hs_trie *trie);
/* Adds a pattern (texts borrowed) with the value that a match returns. */
void hs_trie_add(struct hs_trie *trie, const struct hs_pattern *pattern, uint16_t value);
/* Writes the values of all patterns that match the type, ascending, at most `max`. Writes marks in
 * the trie: one thread at a time. */
size_t hs_trie_match(struct hs_trie *trie, struct hs_slice type, uint16_t *ret_values, size_t max);

#endif
