/* Decoder of a chunked body (RFC 9112, 7.1), fed piece by piece. Private to http. */
#ifndef HS_HTTP_CHUNKED_H
#define HS_HTTP_CHUNKED_H

#include <hookstream/limits.h>
#include <hookstream/http.h>

/* Ceilings of what a body may contain besides its data. */
#define HS_CHUNK_LINE_MAX 256u /* a line with a chunk's size */

enum hs_chunk_state {
    HS_CHUNK_SIZE,          /* in the hex digits of a chunk's size */
    HS_CHUNK_EXTENSION,     /* after `;`, up to the end of the line */
    HS_CHUNK_SIZE_LF,       /* CR of the size line was read */
    HS_CHUNK_DATA,          /* `left` bytes of the chunk are missing */
    HS_CHUNK_DATA_CR,       /* the chunk is complete, its CRLF is missing */
    HS_CHUNK_DATA_LF,       /* CR after the chunk was read */
    HS_CHUNK_TRAILER,       /* at the start of a trailer line */
    HS_CHUNK_TRAILER_NAME,  /* in a trailer's name */
    HS_CHUNK_TRAILER_VALUE, /* after its colon */
    HS_CHUNK_TRAILER_LF,    /* CR of a trailer line was read */
    HS_CHUNK_END_LF,        /* CR of the last, empty line was read */
    HS_CHUNK_DONE,          /* the body is complete */
};

struct hs_chunked {
    uint64_t left, total, limit;
    uint32_t line_bytes, extension_bytes, trailer_bytes, digits;
    enum hs_chunk_state state;
};

/* Starts a body of at most `limit` decoded bytes. */
void hs_chunked_init(struct hs_chunked *chunked, uint64_t limit);

/* Decodes in place: moves the body bytes in data[0, size) to its front. 1: the body is complete,
 * and bytes after *ret_used belong to the next request; 0: all bytes were used and more are needed;
 * -EBADMSG: *ret_refusal is the reason, with a message in hs_error_text(). */
HS_MUST_CHECK int hs_chunked_decode(struct hs_chunked *chunked, char *data, size_t size,
                                    size_t *ret_used, size_t *ret_decoded,
                                    enum hs_http_refusal *ret_refusal);

#endif
