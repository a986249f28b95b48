/* Decoder of chunked bodies: a state machine over single bytes for lines, and block moves for data,
 * so that a body split anywhere decodes the same. Chunk extensions and trailers are checked,
 * bounded and dropped: hookstream uses none, and merging trailers into the head enables request
 * smuggling. Owns no memory. */
#include "chunked.h"

#include <hookstream/text.h>

static int bad(enum hs_http_refusal *ret_refusal, enum hs_http_refusal refusal, const char *what)
{
    *ret_refusal = refusal;
    return hs_fail(-EBADMSG, "chunked body: %s", what);
}

static bool is_text(uint8_t byte)
{
    return byte >= 0x20 && byte != 0x7f;
}

static bool is_name(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

/* Handles one byte of the size line, up to its CR. */
static int take_size_byte(struct hs_chunked *chunked, uint8_t byte,
                          enum hs_http_refusal *ret_refusal)
{
    if (++chunked->line_bytes > HS_CHUNK_LINE_MAX)
        return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "the line of a chunk's size is too long");
    if (byte == '\r' && chunked->digits > 0) {
        chunked->state = HS_CHUNK_SIZE_LF;
        return 0;
    }
    if (chunked->state == HS_CHUNK_EXTENSION) {
        if (!is_text(byte))
            return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "a control character in an extension");
        if (++chunked->extension_bytes > HS_CHUNK_EXTENSIONS_MAX)
            return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "too many bytes of extensions");
        return 0;
    }
    if (byte == ';' && chunked->digits > 0) {
        chunked->state = HS_CHUNK_EXTENSION;
        return 0;
    }
    int digit = hs_hex_value((char)byte);
    if (digit < 0)
        return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "a chunk's size is not hexadecimal");
    if (chunked->left > UINT64_MAX >> 4)
        return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "a chunk's size overflows");
    chunked->left = chunked->left << 4 | (unsigned)digit;
    chunked->digits++;
    return 0;
}

/* Handles a complete size line. */
static int begin_chunk(struct hs_chunked *chunked, enum hs_http_refusal *ret_refusal)
{
    if (chunked->left > chunked->limit - chunked->total)
        return bad(ret_refusal, HS_HTTP_BODY_TOO_LARGE, "larger than accepted");
    chunked->state = chunked->left > 0 ? HS_CHUNK_DATA : HS_CHUNK_TRAILER;
    chunked->line_bytes = chunked->digits = 0;
    return 0;
}

/* Handles one byte of the trailer section, up to a line's CR. */
static int take_trailer_byte(struct hs_chunked *chunked, uint8_t byte,
                             enum hs_http_refusal *ret_refusal)
{
    if (++chunked->trailer_bytes > HS_CHUNK_TRAILER_MAX)
        return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "the trailers are too large");
    switch (chunked->state) {
    case HS_CHUNK_TRAILER:
        if (byte == '\r') {
            chunked->state = HS_CHUNK_END_LF;
            return 0;
        }
        if (is_name(byte)) {
            chunked->state = HS_CHUNK_TRAILER_NAME;
            return 0;
        }
        break;
    case HS_CHUNK_TRAILER_NAME:
        if (byte == ':') {
            chunked->state = HS_CHUNK_TRAILER_VALUE;
            return 0;
        }
        if (is_name(byte))
            return 0;
        break;
    default:
        if (byte == '\r') {
            chunked->state = HS_CHUNK_TRAILER_LF;
            return 0;
        }
        if (is_text(byte) || byte == '\t')
            return 0;
        break;
    }
    return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "a trailer is not a header field");
}

/* Handles a CR or LF where nothing else is allowed. */
static int take_fixed_byte(struct hs_chunked *chunked, uint8_t byte,
                           enum hs_http_refusal *ret_refusal)
{
    if (byte != (chunked->state == HS_CHUNK_DATA_CR ? '\r' : '\n'))
        return bad(ret_refusal, HS_HTTP_BAD_REQUEST, "CRLF was expected");
    switch (chunked->state) {
    case HS_CHUNK_SIZE_LF:
        return begin_chunk(chunked, ret_refusal);
    case HS_CHUNK_DATA_CR:
        chunked->state = HS_CHUNK_DATA_LF;
        return 0;
    case HS_CHUNK_DATA_LF:
        chunked->state = HS_CHUNK_SIZE;
        return 0;
    case HS_CHUNK_TRAILER_LF:
        chunked->state = HS_CHUNK_TRAILER;
        return 0;
    default:
        chunked->state = HS_CHUNK_DONE;
        return 0;
    }
}

static int take_byte(struct hs_chunked *chunked, uint8_t byte, enum hs_http_refusal *ret_refusal)
{
    switch (chunked->state) {
    case HS_CHUNK_SIZE:
    case HS_CHUNK_EXTENSION:
        return take_size_byte(chunked, byte, ret_refusal);
    case HS_CHUNK_TRAILER:
    case HS_CHUNK_TRAILER_NAME:
    case HS_CHUNK_TRAILER_VALUE:
        return take_trailer_byte(chunked, byte, ret_refusal);
    default:
        return take_fixed_byte(chunked, byte, ret_refusal);
    }
}

void hs_chunked_init(struct hs_chunked *chunked, uint64_t limit)
{
    *chunked = (struct hs_chunked){.limit = limit};
}

int hs_chunked_decode(struct hs_chunked *chunked, char *data, size_t size, size_t *ret_used,
                      size_t *ret_decoded, enum hs_http_refusal *ret_refusal)
{
    size_t used = 0, decoded = 0;
    while (used < size && chunked->state != HS_CHUNK_DONE) {
        if (chunked->state == HS_CHUNK_DATA) {
            size_t take = size - used < chunked->left ? size - used : (size_t)chunked->left;
            memmove(data + decoded, data + used, take);
            used += take;
            decoded += take;
            chunked->total += take;
            chunked->left -= take;
            if (chunked->left == 0)
                chunked->state = HS_CHUNK_DATA_CR;
            continue;
        }
        int result = take_byte(chunked, (uint8_t)data[used++], ret_refusal);
        if (result < 0)
            return result;
    }
    *ret_used = used;
    *ret_decoded = decoded;
    return chunked->state == HS_CHUNK_DONE;
}
