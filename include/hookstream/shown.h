/* Shown: makes text from outside safe to print. A terminal, pager or log viewer may obey control
 * characters. Some characters reorder or hide the text around them, so that a line reads as
 * something else. Escaped are: C0, DEL, C1, bidirectional and other invisible format characters,
 * line and paragraph separators, noncharacters, and bytes that are not UTF-8. Threads: any. */
#ifndef HOOKSTREAM_SHOWN_H
#define HOOKSTREAM_SHOWN_H

#include <hookstream/buffer.h>

/* Decodes the first character of `text` (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF). Returns its size in bytes, or 0 if it is not UTF-8 or `text` is empty. */
size_t hs_utf8_decode(struct hs_slice text, uint32_t *ret_character);
/* Whether the character may be printed unescaped. */
bool hs_is_shown(uint32_t character);
/* Decodes the first character of `text`. Returns its size in bytes, at least 1, or 0 at the end.
 * Sets *ret_shown to whether it may be printed unescaped, and *ret_character to UINT32_MAX for a
 * byte that is not UTF-8. */
size_t hs_shown_next(struct hs_slice text, uint32_t *ret_character, bool *ret_shown);
/* Size of the longest escape. */
#define HS_SHOWN_ESCAPE_MAX 12u
/* Writes the escape of a character: "\n", "\x9b" (a byte that is not UTF-8), "\u202e",
 * "\U000e0001". Returns its size. */
size_t hs_shown_escape(uint32_t character, unsigned char byte, char ret_text[HS_SHOWN_ESCAPE_MAX]);

/* Appends `text` with escapes; keeps line feeds if `lines`. */
void hs_shown_append(struct hs_buffer *out, struct hs_slice text, bool lines);
/* Writes `text` with escapes and a final NUL into `size` bytes (16 or more). Text that does not fit
 * is cut between characters and ends with "...". */
void hs_shown_copy(struct hs_slice text, char *ret_text, size_t size);
/* Appends a JSON document, writing unprintable characters inside its strings as \uXXXX, so that its
 * meaning is unchanged. Keeps line feeds. */
void hs_shown_append_json(struct hs_buffer *out, struct hs_slice json);

#endif
