/* Text: byte order marks that editors put in front of a file's text, and bytes written as hex
 * digits or Base64. Pure functions; any thread. */
#ifndef HOOKSTREAM_TEXT_H
#define HOOKSTREAM_TEXT_H

#include <hookstream/buffer.h>

/* The text without its UTF-8 byte order mark, if it has one. */
struct hs_slice hs_text_without_mark(struct hs_slice text);
/* Whether the text starts with a UTF-16 byte order mark. */
bool hs_text_is_utf16(struct hs_slice text);

/* The value of a hex digit of either case, or -1. */
static inline int hs_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}
/* Writes two lower-case digits per byte, without a NUL. `ret_digits` holds 2 * size. */
void hs_hex_encode(const void *bytes, size_t size, char *ret_digits);
/* Reads digits of either case, two per byte, of exactly `size` bytes. Returns false if there are
 * more, fewer, or anything else; then `ret_bytes` has any content. */
HS_MUST_CHECK bool hs_hex_decode(struct hs_slice digits, void *ret_bytes, size_t size);
/* Appends the bytes as Base64 with padding (RFC 4648, 4). */
void hs_base64_encode(struct hs_slice bytes, struct hs_buffer *ret_text);

#endif
