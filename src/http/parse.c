/* Parser of a request head: request line and fields, read strictly in one pass (RFC 9112). Lines
 * end in CRLF only; single spaces in the request line; token names directly before the colon; no
 * folding, no control characters, exactly one Host, and an unambiguous body length. Reads no body
 * and owns no memory: all slices point into the given bytes. */
#include <hookstream/http.h>

/* The classes of a byte: part of a token (RFC 9110, 5.6.2), of a request target (RFC 3986), of a
 * host. One lookup per byte. */
enum { T = 1, U = 2, H = 4 };
static const uint8_t classes[256] = {
    ['!'] = T | U | H, ['#'] = T,         ['$'] = T | U | H,
    ['%'] = T | U | H, ['&'] = T | U | H, ['\''] = T | U | H,
    ['('] = U | H,     [')'] = U | H,     ['*'] = T | U | H,
    ['+'] = T | U | H, [','] = U | H,     ['-'] = T | U | H,
    ['.'] = T | U | H, ['/'] = U,         ['0' ... '9'] = T | U | H,
    [':'] = U,         [';'] = U | H,     ['='] = U | H,
    ['?'] = U,         ['@'] = U,         ['A' ... 'Z'] = T | U | H,
    ['['] = U,         [']'] = U,         ['^'] = T,
    ['_'] = T | U | H, ['`'] = T,         ['a' ... 'z'] = T | U | H,
    ['|'] = T,         ['~'] = T | U | H,
};

/* Parser steps: each returns READ, or stops the whole parse with one of the others. */
enum step { READ, MORE, BAD };

struct parser {
    const char *data;
    size_t size, at;
    unsigned line;
    struct hs_http_head *head;
    enum hs_http_refusal refusal;
    unsigned hosts, lengths, codings;
    bool close, keep_alive, bad_expect;
};

static enum step bad(struct parser *parser, const char *what)
{
    parser->refusal = HS_HTTP_BAD_REQUEST;
    (void)hs_fail(-EBADMSG, "line %u of the head: %s", parser->line, what);
    return BAD;
}

static size_t skip_class(const struct parser *parser, uint8_t class)
{
    size_t at = parser->at;
    while (at < parser->size && (classes[(uint8_t)parser->data[at]] & class))
        at++;
    return at;
}

/* The first control character (below 0x20, or DEL) at or after `at`, eight bytes per step. */
static size_t skip_text(const char *data, size_t at, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones * 0x80;
    while (size - at >= 8) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        uint64_t below = (word - ones * 0x20) & ~word & highs;
        uint64_t other = word ^ (ones * 0x7f);
        uint64_t del = (other - ones) & ~other & highs;
        if (below | del)
            break;
        at += 8;
    }
    while (at < size && (uint8_t)data[at] >= 0x20 && data[at] != 0x7f)
        at++;
    return at;
}

/* Reads exactly CRLF. */
static enum step read_line_end(struct parser *parser)
{
    if (parser->at == parser->size)
        return MORE;
    if (parser->data[parser->at] == '\n')
        return bad(parser, "a line ends in LF without CR");
    if (parser->data[parser->at] != '\r')
        return bad(parser, "a control character");
    if (parser->at + 1 == parser->size)
        return MORE;
    if (parser->data[parser->at + 1] != '\n')
        return bad(parser, "CR without LF");
    parser->at += 2;
    parser->line++;
    return READ;
}

/* ---- The request line ---- */

static enum hs_http_method method_of(struct hs_slice text)
{
    if (hs_slice_equal(text, HS_SLICE("POST")))
        return HS_HTTP_POST;
    if (hs_slice_equal(text, HS_SLICE("GET")))
        return HS_HTTP_GET;
    if (hs_slice_equal(text, HS_SLICE("HEAD")))
        return HS_HTTP_HEAD;
    return HS_HTTP_OTHER;
}

/* Reads a word of the request line and the single space after it. */
static enum step read_word(struct parser *parser, uint8_t class, const char *fault,
                           struct hs_slice *ret_word)
{
    size_t end = skip_class(parser, class);
    if (end == parser->size)
        return MORE;
    if (end == parser->at || parser->data[end] != ' ')
        return bad(parser, fault);
    *ret_word = hs_slice(parser->data + parser->at, end - parser->at);
    parser->at = end + 1;
    return READ;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static enum step read_version(struct parser *parser)
{
    static const char pattern[] = "HTTP/d.d"; /* d: a digit */
    const char *text = parser->data + parser->at;
    size_t left = parser->size - parser->at;
    for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
        if (i == left)
            return MORE;
        if (pattern[i] == 'd' ? !is_digit(text[i]) : text[i] != pattern[i])
            return bad(parser, "the version is not `HTTP/` digit `.` digit");
    }
    parser->at += sizeof(pattern) - 1;
    enum step step = read_line_end(parser);
    if (step != READ)
        return step;
    if (text[5] != '1' || text[7] > '1') {
        parser->refusal = HS_HTTP_BAD_VERSION;
        (void)hs_fail(-EBADMSG, "HTTP/%c.%c is not supported", text[5], text[7]);
        return BAD;
    }
    parser->head->minor_version = (unsigned)(text[7] - '0');
    return READ;
}

/* host [":" port]; the host may be an address in brackets, and may be empty only in a Host
 * field. */
static bool is_authority(struct hs_slice text)
{
    size_t at = 0;
    if (text.size > 0 && text.data[0] == '[') {
        at = 1;
        while (at < text.size && ((classes[(uint8_t)text.data[at]] & H) || text.data[at] == ':'))
            at++;
        if (at == 1 || at == text.size || text.data[at] != ']')
            return false;
        at++;
    } else {
        while (at < text.size && (classes[(uint8_t)text.data[at]] & H))
            at++;
    }
    if (at == text.size)
        return true;
    if (at == 0) /* a port without a host */
        return false;
    if (text.data[at++] != ':' || text.size - at > 5)
        return false;
    while (at < text.size && is_digit(text.data[at]))
        at++;
    return at == text.size;
}

/* Size of `http://` or `https://` before a host, or 0. */
static size_t scheme_size(struct hs_slice target)
{
    if (target.size > 7 && hs_slice_equal_nocase(hs_slice(target.data, 7), HS_SLICE("http://")))
        return 7;
    if (target.size > 8 && hs_slice_equal_nocase(hs_slice(target.data, 8), HS_SLICE("https://")))
        return 8;
    return 0;
}

/* origin-form, or absolute-form of http and https (RFC 9112, 3.2). */
static bool split_target(struct hs_http_head *head)
{
    struct hs_slice rest = head->target;
    if (rest.data[0] != '/') {
        size_t scheme = scheme_size(rest);
        if (scheme == 0)
            return false;
        size_t end = scheme;
        while (end < rest.size && rest.data[end] != '/' && rest.data[end] != '?')
            end++;
        struct hs_slice authority = hs_slice(rest.data + scheme, end - scheme);
        if (authority.size == 0 || !is_authority(authority))
            return false;
        rest = hs_slice(rest.data + end, rest.size - end);
    }
    const char *mark = rest.size ? memchr(rest.data, '?', rest.size) : NULL;
    size_t path_size = mark ? (size_t)(mark - rest.data) : rest.size;
    head->path = path_size ? hs_slice(rest.data, path_size) : HS_SLICE("/");
    head->query = mark ? hs_slice(mark + 1, rest.size - path_size - 1) : HS_SLICE_NONE;
    return true;
}

static enum step read_request_line(struct parser *parser)
{
    struct hs_http_head *head = parser->head;
    /* RFC 9112, 2.2: at least one empty line before the request line should be ignored. */
    if (parser->size > 0 && (parser->data[0] == '\r' || parser->data[0] == '\n')) {
        enum step step = read_line_end(parser);
        if (step != READ)
            return step;
    }
    enum step step =
        read_word(parser, T, "the method is not a token and one space", &head->method_text);
    if (step != READ)
        return step;
    step = read_word(parser, U,
                     "the target has a character that is not allowed in a URI, or no "
                     "space after it",
                     &head->target);
    if (step != READ)
        return step;
    step = read_version(parser);
    if (step != READ)
        return step;
    head->method = method_of(head->method_text);
    if (!split_target(head)) {
        parser->line--;
        return bad(parser, "the target is neither a path nor an http URI");
    }
    return READ;
}

/* ---- Fields ---- */

static enum step note_host(struct parser *parser, struct hs_slice value)
{
    if (++parser->hosts > 1)
        return bad(parser, "a second Host");
    return is_authority(value) ? READ : bad(parser, "Host is not a host name and port");
}

static enum step note_length(struct parser *parser, struct hs_slice value)
{
    /* RFC 9112, 6.3 tolerates identical repetitions; no honest client sends them. */
    if (++parser->lengths > 1)
        return bad(parser, "a second Content-Length");
    if (hs_slice_to_u64(value, UINT64_MAX, &parser->head->content_length) < 0)
        return bad(parser, "Content-Length is not a number");
    parser->head->has_length = true;
    return READ;
}

static enum step note_coding(struct parser *parser, struct hs_slice value)
{
    if (++parser->codings > 1)
        return bad(parser, "a second Transfer-Encoding");
    if (!hs_slice_equal_nocase(value, HS_SLICE("chunked")))
        return bad(parser, "Transfer-Encoding is not exactly `chunked`");
    parser->head->chunked = true;
    return READ;
}

static void note_connection(struct parser *parser, struct hs_slice value)
{
    while (value.size > 0) {
        const char *comma = memchr(value.data, ',', value.size);
        size_t size = comma ? (size_t)(comma - value.data) : value.size;
        struct hs_slice option = hs_slice_trim(hs_slice(value.data, size));
        if (hs_slice_equal_nocase(option, HS_SLICE("close")))
            parser->close = true;
        else if (hs_slice_equal_nocase(option, HS_SLICE("keep-alive")))
            parser->keep_alive = true;
        size_t step = comma ? size + 1 : size;
        value = hs_slice(value.data + step, value.size - step);
    }
}

static void note_expect(struct parser *parser, struct hs_slice value)
{
    if (hs_slice_equal_nocase(value, HS_SLICE("100-continue")))
        parser->head->expect_continue = true;
    else
        parser->bad_expect = true;
}

/* Handles the fields that the protocol itself uses. */
static enum step note_field(struct parser *parser, struct hs_slice name, struct hs_slice value)
{
    switch (name.size) {
    case 4:
        if (hs_slice_equal_nocase(name, HS_SLICE("host")))
            return note_host(parser, value);
        break;
    case 6:
        if (hs_slice_equal_nocase(name, HS_SLICE("expect")))
            note_expect(parser, value);
        break;
    case 10:
        if (hs_slice_equal_nocase(name, HS_SLICE("connection")))
            note_connection(parser, value);
        break;
    case 14:
        if (hs_slice_equal_nocase(name, HS_SLICE("content-length")))
            return note_length(parser, value);
        break;
    case 17:
        if (hs_slice_equal_nocase(name, HS_SLICE("transfer-encoding")))
            return note_coding(parser, value);
        break;
    default:
        break;
    }
    return READ;
}

static enum step read_name(struct parser *parser, struct hs_slice *ret_name)
{
    const char *data = parser->data;
    if (data[parser->at] == ' ' || data[parser->at] == '\t')
        return bad(parser, "a line begins with white space (folded field)");
    size_t end = skip_class(parser, T);
    if (end == parser->size)
        return MORE;
    if (data[end] == ' ' || data[end] == '\t')
        return bad(parser, "white space before the colon");
    if (data[end] != ':' || end == parser->at)
        return bad(parser, "the field name is not a token and a colon");
    *ret_name = hs_slice(data + parser->at, end - parser->at);
    parser->at = end + 1;
    return READ;
}

static enum step read_value(struct parser *parser, struct hs_slice *ret_value)
{
    const char *data = parser->data;
    size_t start = parser->at;
    size_t end = skip_text(data, start, parser->size);
    while (end < parser->size && data[end] == '\t')
        end = skip_text(data, end + 1, parser->size);
    *ret_value = hs_slice_trim(hs_slice(data + start, end - start));
    parser->at = end;
    return read_line_end(parser);
}

static enum step read_fields(struct parser *parser)
{
    struct hs_http_head *head = parser->head;
    for (;;) {
        if (parser->at == parser->size)
            return MORE;
        if (parser->data[parser->at] == '\r' || parser->data[parser->at] == '\n')
            return read_line_end(parser);
        if (head->field_count == HS_HTTP_HEADERS_MAX) {
            parser->refusal = HS_HTTP_HEAD_TOO_LARGE;
            (void)hs_fail(-EBADMSG, "more than %u header fields", HS_HTTP_HEADERS_MAX);
            return BAD;
        }
        struct hs_http_field *field = &head->fields[head->field_count];
        enum step step = read_name(parser, &field->name);
        if (step == READ)
            step = read_value(parser, &field->value);
        if (step != READ)
            return step;
        head->field_count++;
        parser->line--; /* the faults of a value are reported at its own line */
        step = note_field(parser, field->name, field->value);
        parser->line++;
        if (step != READ)
            return step;
    }
}

/* ---- The whole head ---- */

/* Checks rules across fields. */
static enum step judge(struct parser *parser)
{
    struct hs_http_head *head = parser->head;
    if (head->minor_version == 1 && parser->hosts == 0)
        return bad(parser, "HTTP/1.1 without Host");
    if (head->chunked && head->has_length)
        return bad(parser, "both Content-Length and Transfer-Encoding");
    if (head->chunked && head->minor_version == 0)
        return bad(parser, "Transfer-Encoding in HTTP/1.0");
    if (parser->bad_expect) {
        parser->refusal = HS_HTTP_BAD_EXPECT;
        (void)hs_fail(-EBADMSG, "only `Expect: 100-continue` is supported");
        return BAD;
    }
    /* RFC 9110, 10.1.1: in HTTP/1.0 the expectation is ignored. */
    if (head->minor_version == 0)
        head->expect_continue = false;
    head->keep_alive = !parser->close && (head->minor_version == 1 || parser->keep_alive);
    return READ;
}

/* The fields themselves need no clearing: field_count limits which are valid. */
static void clear_head(struct hs_http_head *head)
{
    head->field_count = 0;
    head->keep_alive = head->chunked = head->expect_continue = head->has_length = false;
    head->content_length = 0;
}

/* Checks an incomplete head: can it still become valid? Examines only new bytes, so that a head in
 * many small pieces costs no more than one in few. */
static ssize_t check_part(struct hs_slice bytes, size_t scanned, size_t limit,
                          enum hs_http_refusal *ret_refusal)
{
    if (bytes.size >= limit) {
        *ret_refusal = HS_HTTP_HEAD_TOO_LARGE;
        return hs_fail(-EBADMSG, "the head is larger than %zu bytes", limit);
    }
    for (size_t i = scanned; i < bytes.size; i++) {
        uint8_t byte = (uint8_t)bytes.data[i];
        bool after_cr = i > 0 && bytes.data[i - 1] == '\r';
        bool sound = byte == '\n' ? after_cr
                                  : !after_cr && (byte >= 0x20 || byte == '\t' || byte == '\r') &&
                                        byte != 0x7f;
        if (!sound) {
            *ret_refusal = HS_HTTP_BAD_REQUEST;
            return hs_fail(-EBADMSG, "a control character or a bare CR or LF in the head");
        }
    }
    return 0;
}

static bool has_end(struct hs_slice bytes, size_t scanned)
{
    size_t from = scanned > 3 ? scanned - 3 : 0;
    return bytes.size > from && memmem(bytes.data + from, bytes.size - from, "\r\n\r\n", 4);
}

ssize_t hs_http_parse_head(struct hs_slice bytes, size_t scanned, size_t limit,
                           struct hs_http_head *ret_head, enum hs_http_refusal *ret_refusal)
{
    HS_ASSERT(scanned <= bytes.size);
    if (bytes.size > limit)
        bytes.size = limit;
    if (scanned > bytes.size)
        scanned = bytes.size;
    if (scanned > 0 && !has_end(bytes, scanned))
        return check_part(bytes, scanned, limit, ret_refusal);
    struct parser parser = {.data = bytes.data, .size = bytes.size, .line = 1, .head = ret_head};
    clear_head(ret_head);
    enum step step = read_request_line(&parser);
    if (step == READ)
        step = read_fields(&parser);
    if (step == READ)
        step = judge(&parser);
    if (step == MORE)
        return check_part(bytes, scanned, limit, ret_refusal);
    if (step == BAD) {
        *ret_refusal = parser.refusal;
        return -EBADMSG;
    }
    *ret_refusal = HS_HTTP_OK;
    return (ssize_t)parser.at;
}

/* ---- Lookups ---- */

struct hs_slice hs_http_field(const struct hs_http_head *head, struct hs_slice name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (head->fields[i].name.size == name.size &&
            hs_slice_equal_nocase(head->fields[i].name, name))
            return head->fields[i].value;
    return HS_SLICE_NONE;
}

size_t hs_http_field_count(const struct hs_http_head *head, struct hs_slice name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->field_count; i++)
        if (head->fields[i].name.size == name.size &&
            hs_slice_equal_nocase(head->fields[i].name, name))
            count++;
    return count;
}
