/* Jq keep: restores the original bytes of what a jq program left unchanged. jq converts numbers to
 * doubles and rewrites strings: 12345678901234567890 becomes 12345678901234567000, 1.10 becomes
 * 1.1. A value at the same path that jq considers equal gets its bytes back. So does a number at
 * another path that a double cannot hold, if only one in the event has this value. */
#ifndef HS_TRANSFORM_JQ_KEEP_H
#define HS_TRANSFORM_JQ_KEEP_H

#include <hookstream/json.h>

/* The most numbers of an event, not representable as doubles, that are remembered; others are
 * restored only at the same path. */
#define HS_JQ_NUMBERS_MAX 1024u

struct hs_jq_keep;
struct hs_jq_keep *hs_jq_keep_create(void);
void hs_jq_keep_free(struct hs_jq_keep *keep);

/* Converts scanned JSON in place so that libjq accepts it: lone surrogates, which it refuses (1.6),
 * become U+FFFD. They decode to the same here, so they get their bytes back below. */
void hs_jq_keep_prepare(struct hs_buffer *json);

/* Appends `result`, computed from the value at `node` of `tree`. -EINVAL, -E2BIG: it is not JSON
 * that can take its place; -ENOSPC: it is too large. */
HS_MUST_CHECK int hs_jq_keep_bytes(struct hs_jq_keep *keep, const struct hs_json_tree *tree,
                                   hs_json_node node, struct hs_slice result,
                                   struct hs_buffer *ret_json);
/* Whether the last result was an object. */
bool hs_jq_keep_was_object(const struct hs_jq_keep *keep);

#endif
