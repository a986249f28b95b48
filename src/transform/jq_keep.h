/* Jq keep: a jq program's result, with the bytes of whatever it left as it was. jq makes doubles of
 * numbers and writes strings anew: 12345678901234567890 comes back as 12345678901234567000, 1.10
 * as 1.1. What stands at the same place with the same value, as jq sees it, gets its bytes back; so
 * does, at another place, a number that a double cannot hold, if the event has one such only. */
#ifndef HS_TRANSFORM_JQ_KEEP_H
#define HS_TRANSFORM_JQ_KEEP_H

#include <hookstream/json.h>

/* Numbers of an event that a double cannot hold; what is beyond them is only found at its place. */
#define HS_JQ_NUMBERS_MAX 1024u

struct hs_jq_keep;
struct hs_jq_keep *hs_jq_keep_create(void);
void hs_jq_keep_free(struct hs_jq_keep *keep);

/* Makes JSON that libjq takes of scanned JSON, in place: halves of surrogate pairs, which it refuses
 * (1.6), become U+FFFD, which is what they read as here; so they get their bytes back below. */
void hs_jq_keep_prepare(struct hs_buffer *json);

/* Appends `result`, which came of what stands at `node` of `tree`. -EINVAL, -E2BIG: it is no JSON
 * that may take its place; -ENOSPC: it is too large. */
HS_MUST_CHECK int hs_jq_keep_bytes(struct hs_jq_keep *keep, const struct hs_json_tree *tree,
                                   hs_json_node node, struct hs_slice result,
                                   struct hs_buffer *ret_json);
/* Whether the last result was an object. */
bool hs_jq_keep_was_object(const struct hs_jq_keep *keep);

#endif
