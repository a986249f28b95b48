/* Words: helpers for messages that quote another message or point into a node's text. */
#ifndef HS_TRANSFORM_WORDS_H
#define HS_TRANSFORM_WORDS_H

#include <hookstream/config.h>

/* A copy of hs_error_text(), to be quoted in the next hs_fail(). */
void hs_copy_words(char *ret_words, size_t size);

/* Adds an error about the byte at `offset` of `text`, which is in `node`: at its exact position in
 * the file; or at the node, with the number of the character, if ${...} was expanded or there are
 * unusual escapes. `node` may be NULL. */
void hs_error_inside(struct hs_config *config, enum hs_finding_code code,
                     const struct hs_node *node, struct hs_slice text, size_t offset,
                     const char *format, ...) HS_PRINTF(6, 7);

/* A piece of a node's text in backquotes, cut at 80 bytes; "`(secret)`" if the node is secret. In
 * the config's arena. */
const char *hs_quote_piece(struct hs_config *config, const struct hs_node *node,
                           struct hs_slice piece);

/* ---- Messages of libjq ---- */

/* Appends its message about a program that it cannot read: one line. */
void hs_jq_compile_words(struct hs_slice message, struct hs_buffer *ret_words);
/* Appends its message about an event: one line, without the event's values. */
void hs_jq_run_words(struct hs_slice message, struct hs_slice program, struct hs_buffer *ret_words);

#endif
