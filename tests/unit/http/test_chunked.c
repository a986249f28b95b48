/* The decoder of chunked bodies: raw bytes in; the body and the remaining bytes out. Each row is
 * also split at every position and byte by byte. */
#include "chunked.h"

#include <hookstream/buffer.h>
#include <hs_test.h>

#define BODY_LIMIT 100u

struct row {
    const char *name;
    struct hs_slice bytes;
    const char *expected; /* "body|rest", "more", or the status */
};
#define ROW(name, bytes, expected)                                                                 \
    {                                                                                              \
        name, HS_SLICE(bytes), expected                                                            \
    }
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X256 X64 X64 X64 X64

static const struct row rows[] = {
    ROW("one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello|"),
    ROW("no chunk", "0\r\n\r\n", "|"),
    ROW("several", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef|"),
    ROW("hex in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
        "01234567890123456789|"),
    ROW("leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello|"),
    ROW("line ends in the data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n|"),
    ROW("extension", "5;a=b\r\nhello\r\n0;last\r\n\r\n", "hello|"),
    ROW("extension in quotes", "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", "hello|"),
    ROW("trailers", "5\r\nhello\r\n0\r\nX-A: b\r\nY:\tc\r\n\r\n", "hello|"),
    ROW("next request", "5\r\nhello\r\n0\r\n\r\nGET /", "hello|GET /"),
    ROW("exactly the limit", "64\r\n" X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n",
        X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|"),
    ROW("nothing yet", "", "more"),
    ROW("half a size", "5", "more"),
    ROW("half a chunk", "5\r\nhel", "more"),
    ROW("no last chunk", "5\r\nhello\r\n", "more"),
    ROW("no end", "5\r\nhello\r\n0\r\n", "more"),
    ROW("half a trailer", "0\r\nX: a\r\n", "more"),
    ROW("size missing", "\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("size only an extension", ";a\r\n\r\n", "400"),
    ROW("size with a sign", "+5\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("size with a space before", " 5\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("size with a space after", "5 \r\nhello\r\n0\r\n\r\n", "400"),
    ROW("size with a letter", "5g\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("size overflows", "10000000000000000\r\n", "400"),
    ROW("size overflows with the right low bits", "10000000000000005\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("largest size is only too large", "ffffffffffffffff\r\n", "413"),
    ROW("bare LF after the size", "5\nhello\r\n0\r\n\r\n", "400"),
    ROW("bare CR after the size", "5\rhello\r\n0\r\n\r\n", "400"),
    ROW("bare LF after an extension", "5;a\nhello\r\n0\r\n\r\n", "400"),
    ROW("control character in an extension", "5;a\x01\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("NUL in an extension", "5;\0\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("line too long", "5;" X256 "\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("more data than the size", "4\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("less data than the size", "6\r\nhello\r\n0\r\n\r\n", "400"),
    ROW("LF after the data", "5\r\nhello\n0\r\n\r\n", "400"),
    ROW("bare CR after the data", "5\r\nhello\r0\r\n\r\n", "400"),
    ROW("one byte over the limit at once", "65\r\n", "413"),
    ROW("over the limit by two chunks", "60\r\n" X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n5\r\n",
        "413"),
    ROW("trailer without a colon", "0\r\nnonsense\r\n\r\n", "400"),
    ROW("trailer with a space before the colon", "0\r\nX : a\r\n\r\n", "400"),
    ROW("folded trailer", "0\r\nX: a\r\n b\r\n\r\n", "400"),
    ROW("trailer without a name", "0\r\n: a\r\n\r\n", "400"),
    ROW("control character in a trailer", "0\r\nX: \x02\r\n\r\n", "400"),
    ROW("NUL in a trailer's name", "0\r\nX\0: a\r\n\r\n", "400"),
    ROW("bare LF in a trailer", "0\r\nX: a\nY: b\r\n\r\n", "400"),
    ROW("bare CR in a trailer", "0\r\nX: a\rY: b\r\n\r\n", "400"),
    ROW("bare LF at the end", "0\r\n\n", "400"),
};

/* Decodes copies of the pieces [0, split), [split, ...) of `step` bytes each. */
static void decode(struct hs_slice bytes, size_t split, size_t step, struct hs_buffer *ret_text)
{
    struct hs_chunked chunked;
    hs_chunked_init(&chunked, BODY_LIMIT);
    hs_buffer_clear(ret_text);
    int result = 0;
    for (size_t at = 0, size = split; at < bytes.size && result == 0; at += size, size = step) {
        if (size > bytes.size - at)
            size = bytes.size - at;
        char *copy = malloc(size + 1);
        memcpy(copy, bytes.data + at, size);
        size_t used = 0, decoded = 0;
        enum hs_http_refusal refusal = HS_HTTP_OK;
        result = hs_chunked_decode(&chunked, copy, size, &used, &decoded, &refusal);
        if (result >= 0)
            hs_buffer_append(ret_text, copy, decoded);
        if (result == 0)
            ck_assert_uint_eq(used, size);
        free(copy);
        if (result < 0) {
            hs_buffer_clear(ret_text);
            hs_buffer_append_text(ret_text, refusal == HS_HTTP_BODY_TOO_LARGE ? "413" : "400");
        } else if (result > 0) {
            hs_buffer_append_byte(ret_text, '|');
            hs_buffer_append(ret_text, bytes.data + at + used, bytes.size - at - used);
        }
    }
    if (result == 0) {
        hs_buffer_clear(ret_text);
        hs_buffer_append_text(ret_text, "more");
    }
    hs_buffer_append_byte(ret_text, '\0');
}

START_TEST(each_row)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        decode(rows[i].bytes, rows[i].bytes.size, 1, &text);
        ck_assert_msg(strcmp(text.data, rows[i].expected) == 0, "%s: got `%s`", rows[i].name,
                      text.data);
    }
    hs_buffer_free(&text);
}
END_TEST

START_TEST(each_row_split_anywhere_and_byte_by_byte)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        for (size_t split = 1; split < rows[i].bytes.size; split++) {
            decode(rows[i].bytes, split, rows[i].bytes.size, &text);
            ck_assert_msg(strcmp(text.data, rows[i].expected) == 0, "%s split at %zu: got `%s`",
                          rows[i].name, split, text.data);
        }
        decode(rows[i].bytes, 1, 1, &text);
        ck_assert_msg(strcmp(text.data, rows[i].expected) == 0, "%s byte by byte: got `%s`",
                      rows[i].name, text.data);
    }
    hs_buffer_free(&text);
}
END_TEST

/* Feeds `piece` until it is refused, at most `times`; returns how often it was accepted. */
static unsigned feed(const char *first, const char *piece, unsigned times)
{
    struct hs_chunked chunked;
    hs_chunked_init(&chunked, 1 << 20);
    size_t used, decoded;
    enum hs_http_refusal refusal;
    char copy[128];
    strcpy(copy, first);
    ck_assert_int_eq(hs_chunked_decode(&chunked, copy, strlen(copy), &used, &decoded, &refusal), 0);
    for (unsigned i = 0; i < times; i++) {
        strcpy(copy, piece);
        if (hs_chunked_decode(&chunked, copy, strlen(copy), &used, &decoded, &refusal) < 0) {
            ck_assert_int_eq(refusal, HS_HTTP_BAD_REQUEST);
            return i;
        }
    }
    return times;
}

START_TEST(extensions_of_a_whole_body_are_bounded)
{
    /* 64 bytes of extension each, in lines that are short enough individually. */
    ck_assert_uint_eq(feed("", "1;" X64 "\r\nx\r\n", 1000), HS_CHUNK_EXTENSIONS_MAX / 64);
}
END_TEST

START_TEST(trailers_are_bounded)
{
    /* The LF of a line does not count, its CR does. */
    ck_assert_uint_eq(feed("0\r\n", "X: 789012345678901234567890123456\r\n", 1000),
                      HS_CHUNK_TRAILER_MAX / 34);
}
END_TEST

HS_TEST_MAIN("http chunked", each_row, each_row_split_anywhere_and_byte_by_byte,
             extensions_of_a_whole_body_are_bounded, trailers_are_bounded)
