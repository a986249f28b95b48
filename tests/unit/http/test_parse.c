/* The head parser: raw bytes in, the parsed result out, one row per case. Each row is also fed
 * split at every position and byte by byte, which must not change the result. */
#include <hookstream/buffer.h>
#include <hookstream/http.h>
#include <hs_test.h>
#include <stdio.h>

#define LIMIT 1024u

/* Describes a head: "POST /path?query 1.1 keep length=5 chunked expect [name=value]" and the bytes
 * after it; "more"; or the status of the refusal. */
static void describe(ssize_t result, const struct hs_http_head *head, enum hs_http_refusal refusal,
                     size_t size, struct hs_buffer *ret_text)
{
    static const char *const statuses[HS_HTTP_REFUSAL_COUNT] = {
        [HS_HTTP_BAD_REQUEST] = "400",
        [HS_HTTP_BAD_VERSION] = "505",
        [HS_HTTP_HEAD_TOO_LARGE] = "431",
        [HS_HTTP_BAD_EXPECT] = "417",
    };
    hs_buffer_clear(ret_text);
    if (result <= 0) {
        hs_buffer_append_text(ret_text, result == 0 ? "more" : statuses[refusal]);
        return;
    }
    hs_buffer_printf(ret_text, "%.*s %.*s", HS_SLICE_ARG(head->method_text),
                     HS_SLICE_ARG(head->path));
    if (head->query.data != NULL)
        hs_buffer_printf(ret_text, "?%.*s", HS_SLICE_ARG(head->query));
    hs_buffer_printf(ret_text, " 1.%u %s", head->minor_version,
                     head->keep_alive ? "keep" : "close");
    if (head->has_length)
        hs_buffer_printf(ret_text, " length=%llu", (unsigned long long)head->content_length);
    if (head->chunked)
        hs_buffer_append_text(ret_text, " chunked");
    if (head->expect_continue)
        hs_buffer_append_text(ret_text, " expect");
    for (size_t i = 0; i < head->field_count; i++)
        hs_buffer_printf(ret_text, " [%.*s=%.*s]", HS_SLICE_ARG(head->fields[i].name),
                         HS_SLICE_ARG(head->fields[i].value));
    if ((size_t)result != size)
        hs_buffer_printf(ret_text, " +%zu", size - (size_t)result);
}

/* Parses a copy of exactly this size, so that sanitizers detect a read beyond it. */
static void parse(struct hs_slice bytes, size_t size, size_t scanned, struct hs_buffer *ret_text)
{
    struct hs_http_head head;
    memset(&head, 0xee, sizeof(head));
    enum hs_http_refusal refusal = HS_HTTP_REFUSAL_COUNT;
    char *copy = malloc(size + (size == 0));
    if (size > 0)
        memcpy(copy, bytes.data, size);
    ssize_t result = hs_http_parse_head(hs_slice(copy, size), scanned, LIMIT, &head, &refusal);
    describe(result, &head, refusal, size, ret_text);
    free(copy);
}

struct row {
    const char *name;
    struct hs_slice bytes;
    const char *expected;
};
#define ROW(name, bytes, expected)                                                                 \
    {                                                                                              \
        name, HS_SLICE(bytes), expected                                                            \
    }
#define H "Host: a\r\n"
#define E "\r\n"
#define GET(rest) "GET / HTTP/1.1\r\n" rest E

static const struct row rows[] = {
    /* Accepted. */
    ROW("smallest", GET(H), "GET / 1.1 keep [Host=a]"),
    ROW("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 close"),
    ROW("1.0 kept alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "GET / 1.0 keep [Connection=Keep-Alive]"),
    ROW("post with length", "POST /w HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
        "POST /w 1.1 keep length=5 [Host=a] [Content-Length=5] +5"),
    ROW("head", "HEAD /w?a=b HTTP/1.1\r\n" H E, "HEAD /w?a=b 1.1 keep [Host=a]"),
    ROW("empty query", "GET /w? HTTP/1.1\r\n" H E, "GET /w? 1.1 keep [Host=a]"),
    ROW("second question mark", "GET /w?a?b HTTP/1.1\r\n" H E, "GET /w?a?b 1.1 keep [Host=a]"),
    ROW("other method", "PURGE / HTTP/1.1\r\n" H E, "PURGE / 1.1 keep [Host=a]"),
    ROW("method is case-sensitive", "get / HTTP/1.1\r\n" H E, "get / 1.1 keep [Host=a]"),
    ROW("one empty line before", "\r\n" GET(H), "GET / 1.1 keep [Host=a]"),
    ROW("absolute form", "GET http://h.x:80/p?q HTTP/1.1\r\n" H E, "GET /p?q 1.1 keep [Host=a]"),
    ROW("absolute form, https, case", "GET HTTPS://h/p HTTP/1.1\r\n" H E,
        "GET /p 1.1 keep [Host=a]"),
    ROW("absolute form, no path", "GET http://h HTTP/1.1\r\n" H E, "GET / 1.1 keep [Host=a]"),
    ROW("absolute form, only query", "GET http://h?q HTTP/1.1\r\n" H E,
        "GET /?q 1.1 keep [Host=a]"),
    ROW("absolute form, IPv6", "GET http://[::1]:8/p HTTP/1.1\r\n" H E, "GET /p 1.1 keep [Host=a]"),
    ROW("two slashes are a path", "GET //evil/p HTTP/1.1\r\n" H E,
        "GET //evil/p 1.1 keep [Host=a]"),
    ROW("close", GET(H "Connection: close\r\n"), "GET / 1.1 close [Host=a] [Connection=close]"),
    ROW("close in a list", GET(H "Connection: x , CLOSE,y\r\n"),
        "GET / 1.1 close [Host=a] [Connection=x , CLOSE,y]"),
    ROW("close wins", GET(H "Connection: keep-alive\r\nConnection: close\r\n"),
        "GET / 1.1 close [Host=a] [Connection=keep-alive] [Connection=close]"),
    ROW("close only as a whole word", GET(H "Connection: closed\r\n"),
        "GET / 1.1 keep [Host=a] [Connection=closed]"),
    ROW("white space round a value", GET(H "X: \t a b \t \r\n"), "GET / 1.1 keep [Host=a] [X=a b]"),
    ROW("no white space", GET("Host:a\r\nX:b\r\n"), "GET / 1.1 keep [Host=a] [X=b]"),
    ROW("empty value", GET(H "X:\r\nY: \r\n"), "GET / 1.1 keep [Host=a] [X=] [Y=]"),
    ROW("tab within a value", GET(H "X: a\tb\r\n"), "GET / 1.1 keep [Host=a] [X=a\tb]"),
    ROW("long value", GET(H "X: 0123456789abcdef0123456789abcdef\t0123456789\r\n"),
        "GET / 1.1 keep [Host=a] [X=0123456789abcdef0123456789abcdef\t0123456789]"),
    ROW("bytes above 0x7f in a value", GET(H "X: \x80\xc3\xa9\xff!\r\n"),
        "GET / 1.1 keep [Host=a] [X=\x80\xc3\xa9\xff!]"),
    ROW("all token characters in a name", GET(H "!#$%&'*+-.^_`|~09AZaz: x\r\n"),
        "GET / 1.1 keep [Host=a] [!#$%&'*+-.^_`|~09AZaz=x]"),
    ROW("chunked", GET(H "Transfer-Encoding: chunked\r\n"),
        "GET / 1.1 keep chunked [Host=a] [Transfer-Encoding=chunked]"),
    ROW("chunked, case", GET(H "TRANSFER-ENCODING: Chunked\r\n"),
        "GET / 1.1 keep chunked [Host=a] [TRANSFER-ENCODING=Chunked]"),
    ROW("largest length", GET(H "Content-Length: 18446744073709551615\r\n"),
        "GET / 1.1 keep length=18446744073709551615 [Host=a] "
        "[Content-Length=18446744073709551615]"),
    ROW("length 0", GET(H "Content-Length: 0\r\n"),
        "GET / 1.1 keep length=0 [Host=a] [Content-Length=0]"),
    ROW("expect", GET(H "Expect: 100-Continue\r\n"),
        "GET / 1.1 keep expect [Host=a] [Expect=100-Continue]"),
    ROW("expect is ignored in 1.0", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
        "GET / 1.0 close [Expect=100-continue]"),
    ROW("host with port", GET("Host: h.example:8080\r\n"), "GET / 1.1 keep [Host=h.example:8080]"),
    ROW("host in brackets", GET("Host: [2001:db8::1]:80\r\n"),
        "GET / 1.1 keep [Host=[2001:db8::1]:80]"),
    ROW("empty host", GET("Host:\r\n"), "GET / 1.1 keep [Host=]"),
    ROW("what follows is left", GET(H) "GET /2", "GET / 1.1 keep [Host=a] +6"),
    ROW("sub-delims and escapes in the path", "GET /a%20b;c=(d)!$&'*+,-._~:@[] HTTP/1.1\r\n" H E,
        "GET /a%20b;c=(d)!$&'*+,-._~:@[] 1.1 keep [Host=a]"),

    /* Incomplete. */
    ROW("nothing", "", "more"),
    ROW("half an empty line", "\r", "more"),
    ROW("an empty line", "\r\n", "more"),
    ROW("half a method", "GE", "more"),
    ROW("half a version", "GET / HTTP/1", "more"),
    ROW("half a line end", "GET / HTTP/1.1\r", "more"),
    ROW("no fields yet", "GET / HTTP/1.1\r\n", "more"),
    ROW("half a name", "GET / HTTP/1.1\r\nHo", "more"),
    ROW("half a value", "GET / HTTP/1.1\r\nHost: a", "more"),
    ROW("no empty line yet", "GET / HTTP/1.1\r\nHost: a\r\n", "more"),
    ROW("half an end", "GET / HTTP/1.1\r\nHost: a\r\n\r", "more"),

    /* The request line. */
    ROW("two empty lines before", "\r\n\r\n" GET(H), "400"),
    ROW("bare LF before", "\n" GET(H), "400"),
    ROW("space before the method", " GET / HTTP/1.1\r\n" H E, "400"),
    ROW("no method", "/ HTTP/1.1\r\n" H E, "400"),
    ROW("method with a bad character", "GE(T / HTTP/1.1\r\n" H E, "400"),
    ROW("method above 0x7f", "G\xc3\xa9T / HTTP/1.1\r\n" H E, "400"),
    ROW("two spaces after the method", "GET  / HTTP/1.1\r\n" H E, "400"),
    ROW("tab after the method", "GET\t/ HTTP/1.1\r\n" H E, "400"),
    ROW("two spaces after the target", "GET /  HTTP/1.1\r\n" H E, "400"),
    ROW("space in the target", "GET /a b HTTP/1.1\r\n" H E, "400"),
    ROW("space after the version", "GET / HTTP/1.1 \r\n" H E, "400"),
    ROW("no version (0.9)", "GET /\r\n" H E, "400"),
    ROW("version in small letters", "GET / http/1.1\r\n" H E, "400"),
    ROW("another protocol", "GET / RTSP/1.1\r\n" H E, "400"),
    ROW("long version", "GET / HTTP/1.10\r\n" H E, "400"),
    ROW("short version", "GET / HTTP/1\r\n" H E, "400"),
    ROW("version not digits", "GET / HTTP/1.x\r\n" H E, "400"),
    ROW("HTTP/1.2", "GET / HTTP/1.2\r\n" H E, "505"),
    ROW("HTTP/0.9", "GET / HTTP/0.9\r\n" H E, "505"),
    ROW("HTTP/3.0", "GET / HTTP/3.0\r\n" H E, "505"),
    ROW("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    ROW("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
    ROW("bare LF after the request line", "GET / HTTP/1.1\n" H E, "400"),
    ROW("bare CR after the request line", "GET / HTTP/1.1\r" H E, "400"),
    ROW("CR in the target", "GET /\rx HTTP/1.1\r\n" H E, "400"),
    ROW("NUL in the target", "GET /\0x HTTP/1.1\r\n" H E, "400"),
    ROW("DEL in the target", "GET /\x7f HTTP/1.1\r\n" H E, "400"),
    ROW("byte above 0x7f in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" H E, "400"),
    ROW("fragment in the target", "GET /a#b HTTP/1.1\r\n" H E, "400"),
    ROW("backslash in the target", "GET /a\\b HTTP/1.1\r\n" H E, "400"),
    ROW("quote in the target", "GET /a\"b HTTP/1.1\r\n" H E, "400"),
    ROW("asterisk form", "OPTIONS * HTTP/1.1\r\n" H E, "400"),
    ROW("authority form", "CONNECT a:80 HTTP/1.1\r\n" H E, "400"),
    ROW("relative path", "GET a/b HTTP/1.1\r\n" H E, "400"),
    ROW("another scheme", "GET ftp://h/p HTTP/1.1\r\n" H E, "400"),
    ROW("scheme without authority", "GET http:///p HTTP/1.1\r\n" H E, "400"),
    ROW("scheme only", "GET http:// HTTP/1.1\r\n" H E, "400"),
    ROW("user in the authority", "GET http://u@h/p HTTP/1.1\r\n" H E, "400"),
    ROW("port without host", "GET http://:80/p HTTP/1.1\r\n" H E, "400"),

    /* Fields. */
    ROW("white space before the colon", GET("Host : a\r\n"), "400"),
    ROW("tab before the colon", GET(H "X\t: a\r\n"), "400"),
    ROW("folded field", GET(H "X: a\r\n b\r\n"), "400"),
    ROW("folded by a tab", GET(H "X: a\r\n\tb\r\n"), "400"),
    ROW("white space before the first field", "GET / HTTP/1.1\r\n " H E, "400"),
    ROW("no name", GET(H ": a\r\n"), "400"),
    ROW("no colon", GET(H "nonsense\r\n"), "400"),
    ROW("bad character in a name", GET(H "X(y): a\r\n"), "400"),
    ROW("byte above 0x7f in a name", GET(H "X\xc3\xa9: a\r\n"), "400"),
    ROW("NUL in a name", GET(H "X\0Y: a\r\n"), "400"),
    ROW("NUL in a value", GET(H "X: a\0b\r\n"), "400"),
    ROW("control character in a value", GET(H "X: a\x01b\r\n"), "400"),
    ROW("escape character in a value", GET(H "X: 01234567\x1b[0m\r\n"), "400"),
    ROW("vertical tab in a value", GET(H "X: a\vb\r\n"), "400"),
    ROW("DEL in a value", GET(H "X: 0123456789\x7f\r\n"), "400"),
    ROW("DEL at the front of a long value",
        GET(H "X: 0\x7f"
              "23456789abcdef\r\n"),
        "400"),
    ROW("bare CR in a value", GET(H "X: a\rb\r\n"), "400"),
    ROW("bare LF in a value", GET(H "X: a\nY: b\r\n"), "400"),
    ROW("bare LF at the end", "GET / HTTP/1.1\r\nHost: a\n\n", "400"),
    ROW("CR CR LF", GET(H "X: a\r\r\n"), "400"),
    ROW("end is LF", "GET / HTTP/1.1\r\n" H "\n", "400"),

    /* Host. */
    ROW("no Host", GET("X: a\r\n"), "400"),
    ROW("two Hosts", GET(H H), "400"),
    ROW("two Hosts in 1.0", "GET / HTTP/1.0\r\n" H "host: b\r\n\r\n", "400"),
    ROW("Host with a space", GET("Host: a b\r\n"), "400"),
    ROW("Host with a list", GET("Host: a,b:80:90\r\n"), "400"),
    ROW("Host with a path", GET("Host: a/b\r\n"), "400"),
    ROW("Host with a user", GET("Host: u@a\r\n"), "400"),
    ROW("Host with a bad port", GET("Host: a:8x\r\n"), "400"),
    ROW("Host with a long port", GET("Host: a:808080\r\n"), "400"),
    ROW("Host with only a port", GET("Host: :80\r\n"), "400"),
    ROW("Host with an open bracket", GET("Host: [::1\r\n"), "400"),
    ROW("Host with empty brackets", GET("Host: []\r\n"), "400"),
    ROW("Host with more after the brackets", GET("Host: [::1]x\r\n"), "400"),

    /* How long the body is. */
    ROW("length and coding", GET(H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "400"),
    ROW("coding and length", GET(H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "400"),
    ROW("coding and length 0", GET(H "Transfer-Encoding: chunked\r\ncontent-length: 0\r\n"), "400"),
    ROW("differing lengths", GET(H "Content-Length: 5\r\nContent-Length: 6\r\n"), "400"),
    ROW("repeated length", GET(H "Content-Length: 5\r\nContent-Length: 5\r\n"), "400"),
    ROW("list of lengths", GET(H "Content-Length: 5, 5\r\n"), "400"),
    ROW("length with a sign", GET(H "Content-Length: +5\r\n"), "400"),
    ROW("negative length", GET(H "Content-Length: -5\r\n"), "400"),
    ROW("length in hex", GET(H "Content-Length: 0x5\r\n"), "400"),
    ROW("length with a letter", GET(H "Content-Length: 5a\r\n"), "400"),
    ROW("length with a space", GET(H "Content-Length: 5 5\r\n"), "400"),
    ROW("empty length", GET(H "Content-Length: \r\n"), "400"),
    ROW("length overflows", GET(H "Content-Length: 18446744073709551616\r\n"), "400"),
    ROW("length overflows far", GET(H "Content-Length: 99999999999999999999999\r\n"), "400"),
    ROW("other coding", GET(H "Transfer-Encoding: gzip\r\n"), "400"),
    ROW("identity", GET(H "Transfer-Encoding: identity\r\n"), "400"),
    ROW("two codings", GET(H "Transfer-Encoding: gzip, chunked\r\n"), "400"),
    ROW("chunked not last", GET(H "Transfer-Encoding: chunked, gzip\r\n"), "400"),
    ROW("chunked twice", GET(H "Transfer-Encoding: chunked, chunked\r\n"), "400"),
    ROW("two coding fields", GET(H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        "400"),
    ROW("coding with a parameter", GET(H "Transfer-Encoding: chunked;q=1\r\n"), "400"),
    ROW("coding in quotes", GET(H "Transfer-Encoding: \"chunked\"\r\n"), "400"),
    ROW("coding with a vertical tab", GET(H "Transfer-Encoding: \vchunked\r\n"), "400"),
    ROW("empty coding", GET(H "Transfer-Encoding:\r\n"), "400"),
    ROW("coding in 1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ROW("other expectation", GET(H "Expect: the unexpected\r\n"), "417"),
    ROW("two expectations", GET(H "Expect: 100-continue\r\nExpect: more\r\n"), "417"),
};

START_TEST(each_row)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        parse(rows[i].bytes, rows[i].bytes.size, 0, &text);
        hs_buffer_append_byte(&text, '\0');
        ck_assert_msg(strcmp(text.data, rows[i].expected) == 0, "%s: got `%s`, not `%s`",
                      rows[i].name, text.data, rows[i].expected);
    }
    hs_buffer_free(&text);
}
END_TEST

/* The first `split` bytes, and if those are not enough, all. */
START_TEST(each_row_split_anywhere)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        for (size_t split = 0; split < rows[i].bytes.size; split++) {
            parse(rows[i].bytes, split, 0, &text);
            if (hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("more")))
                parse(rows[i].bytes, rows[i].bytes.size, split, &text);
            hs_buffer_append_byte(&text, '\0');
            /* What follows the head may not have arrived yet. */
            size_t size = strcspn(rows[i].expected, "+");
            ck_assert_msg(strncmp(text.data, rows[i].expected, size - (size > 0)) == 0,
                          "%s split at %zu: got `%s`", rows[i].name, split, text.data);
        }
    }
    hs_buffer_free(&text);
}
END_TEST

START_TEST(each_row_byte_by_byte)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1 << 16);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        size_t size = 0;
        parse(rows[i].bytes, 0, 0, &text);
        while (size < rows[i].bytes.size &&
               hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("more"))) {
            size++;
            parse(rows[i].bytes, size, size - 1, &text);
        }
        hs_buffer_append_byte(&text, '\0');
        size_t compared = strcspn(rows[i].expected, "+");
        ck_assert_msg(strncmp(text.data, rows[i].expected, compared - (compared > 0)) == 0,
                      "%s byte by byte: got `%s`", rows[i].name, text.data);
    }
    hs_buffer_free(&text);
}
END_TEST

/* A head of `size` bytes in all, by one long field. */
static void fill_head(struct hs_buffer *head, size_t size)
{
    hs_buffer_clear(head);
    hs_buffer_append_text(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (head->size < size - 4)
        hs_buffer_append_byte(head, 'x');
    hs_buffer_append_text(head, "\r\n\r\n");
}

START_TEST(a_head_of_the_limit_is_taken_and_one_byte_more_is_431)
{
    struct hs_buffer head, text;
    hs_buffer_init(&head, 1 << 16);
    hs_buffer_init(&text, 1 << 16);
    fill_head(&head, LIMIT);
    parse(hs_buffer_slice(&head), head.size, 0, &text);
    ck_assert(hs_slice_starts_with(hs_buffer_slice(&text), HS_SLICE("GET / 1.1 keep")));
    parse(hs_buffer_slice(&head), head.size, head.size - 1, &text);
    ck_assert(hs_slice_starts_with(hs_buffer_slice(&text), HS_SLICE("GET / 1.1 keep")));
    fill_head(&head, LIMIT + 1);
    parse(hs_buffer_slice(&head), head.size, 0, &text);
    ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("431")));
    parse(hs_buffer_slice(&head), head.size, LIMIT - 1, &text);
    ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("431")));
    /* Does not wait for an end that would come too late. */
    parse(hs_buffer_slice(&head), LIMIT, LIMIT - 1, &text);
    ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("431")));
    parse(hs_buffer_slice(&head), LIMIT - 1, 0, &text);
    ck_assert(hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("more")));
    hs_buffer_free(&head);
    hs_buffer_free(&text);
}
END_TEST

START_TEST(one_field_too_many_is_431)
{
    for (unsigned fields = HS_HTTP_HEADERS_MAX; fields <= HS_HTTP_HEADERS_MAX + 1; fields++) {
        struct hs_buffer head, text;
        hs_buffer_init(&head, 1 << 16);
        hs_buffer_init(&text, 1 << 16);
        hs_buffer_append_text(&head, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (unsigned i = 1; i < fields; i++)
            hs_buffer_append_text(&head, "X: y\r\n");
        hs_buffer_append_text(&head, "\r\n");
        parse(hs_buffer_slice(&head), head.size, 0, &text);
        bool refused = hs_slice_equal(hs_buffer_slice(&text), HS_SLICE("431"));
        ck_assert_int_eq(refused, fields > HS_HTTP_HEADERS_MAX);
        hs_buffer_free(&head);
        hs_buffer_free(&text);
    }
}
END_TEST

START_TEST(lines_that_were_looked_at_are_not_looked_at_again)
{
    /* Otherwise a head in many small pieces would cost the square of its size. A faulty line is
     * then found when the head is complete. */
    struct hs_slice bytes = HS_SLICE("GET / HTTP/1.1\r\nHost : a\r\nX: y\r\n\r\n");
    struct hs_http_head head;
    enum hs_http_refusal refusal;
    ck_assert(hs_http_parse_head(hs_slice(bytes.data, 30), 0, LIMIT, &head, &refusal) == -EBADMSG);
    ck_assert(hs_http_parse_head(hs_slice(bytes.data, 30), 29, LIMIT, &head, &refusal) == 0);
    ck_assert(hs_http_parse_head(bytes, 30, LIMIT, &head, &refusal) == -EBADMSG);
}
END_TEST

START_TEST(fields_are_found_whatever_their_case)
{
    struct hs_slice bytes = HS_SLICE("GET / HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-tWO: 2\r\n\r\n");
    struct hs_http_head head;
    enum hs_http_refusal refusal;
    ck_assert(hs_http_parse_head(bytes, 0, LIMIT, &head, &refusal) == (ssize_t)bytes.size);
    ck_assert(hs_slice_equal(hs_http_field(&head, HS_SLICE("x-two")), HS_SLICE("1")));
    ck_assert_uint_eq(hs_http_field_count(&head, HS_SLICE("x-two")), 2);
    ck_assert_uint_eq(hs_http_field_count(&head, HS_SLICE("x-tw")), 0);
    ck_assert_ptr_null(hs_http_field(&head, HS_SLICE("x-three")).data);
}
END_TEST

START_TEST(the_words_of_a_refusal_name_the_line)
{
    struct hs_http_head head;
    enum hs_http_refusal refusal;
    struct hs_slice bytes = HS_SLICE("GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n");
    ck_assert(hs_http_parse_head(bytes, 0, LIMIT, &head, &refusal) == -EBADMSG);
    ck_assert_str_eq(hs_error_text(), "line 3 of the head: white space before the colon");
    bytes = HS_SLICE("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n");
    ck_assert(hs_http_parse_head(bytes, 0, LIMIT, &head, &refusal) == -EBADMSG);
    ck_assert_str_eq(hs_error_text(), "line 2 of the head: Content-Length is not a number");
}
END_TEST

HS_TEST_MAIN("http parse", each_row, each_row_split_anywhere, each_row_byte_by_byte,
             a_head_of_the_limit_is_taken_and_one_byte_more_is_431, one_field_too_many_is_431,
             lines_that_were_looked_at_are_not_looked_at_again,
             fields_are_found_whatever_their_case, the_words_of_a_refusal_name_the_line)
