/* Shown: text from outside, made safe to print. A terminal, a pager or a log viewer may obey
 * control characters, and some characters reorder or hide the text around them, so that a line
 * reads as something else. These are escaped: C0, DEL, C1, bidirectional and other invisible
 * format characters, line and paragraph separators, noncharacters, and bytes that are not UTF-8.
 * Threads: any. */
#ifndef HOOKSTREAM_SHOWN_H
#define HOOKSTREAM_SHOWN_H

#include <hookstream/buffer.h>

/* Decodes the first character of `text` (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF). Returns its size in bytes, or 0 if it is not UTF-8 or `text` is empty. */
size_t hs_utf8_decode(struct hs_slice text, uint32_t *ret_character);
/* Whether the character may be printed as it is. */
bool hs_is_shown(uint32_t character);
/* The first character of `text`: its size in bytes, at least 1; 0 at the end. *ret_shown says
 * whether it may be printed as it is. *ret_character is UINT32_MAX for a byte that is not UTF-8. */
size_t hs_shown_next(struct hs_slice text, uint32_t *ret_character, bool *ret_shown);
/* Writes the escape of a character: "\n", "\x9b" (a byte that is not UTF-8), "\u202e",
 * "\U000e0001". Returns its size. */
#define HS_SHOWN_ESCAPE_MAX 12u
size_t hs_shown_escape(uint32_t character, unsigned char byte, char ret_text[HS_SHOWN_ESCAPE_MAX]);

/* Appends `text` with escapes; line feeds stay if `lines`. */
void hs_shown_append(struct hs_buffer *out, struct hs_slice text, bool lines);
/* Writes `text` with escapes and a final NUL into `size` bytes (16 or more). What does not fit is
 * cut between characters, and the text then ends with "...". */
void hs_shown_copy(struct hs_slice text, char *ret_text, size_t size);
/* Appends a JSON document: what may not be printed becomes \uXXXX inside its strings, so that the
 * document means the same. Line feeds stay. */
void hs_shown_append_json(struct hs_buffer *out, struct hs_slice json);

#endif
