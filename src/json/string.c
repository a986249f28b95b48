/* String: between JSON's escapes and plain UTF-8, and JSON without its white space. */
#include "walk.h"

#define REPLACEMENT 0xfffdu
#define NAME_DECODED_MAX 1024u

static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
        value = value << 4 | digit;
    }
    return value;
}

static void put_utf8(struct hs_buffer *text, unsigned point)
{
    char bytes[4];
    size_t size;
    if (point < 0x80) {
        bytes[0] = (char)point;
        size = 1;
    } else if (point < 0x800) {
        bytes[0] = (char)(0xc0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3f));
        size = 2;
    } else if (point < 0x10000) {
        bytes[0] = (char)(0xe0 | point >> 12);
        bytes[1] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (point & 0x3f));
        size = 3;
    } else {
        bytes[0] = (char)(0xf0 | point >> 18);
        bytes[1] = (char)(0x80 | (point >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (point & 0x3f));
        size = 4;
    }
    hs_buffer_append(text, bytes, size);
}

/* Decodes \uXXXX at `at`, with its other half if it is a pair; gives the end. */
static const char *decode_unicode(const char *at, const char *end, struct hs_buffer *text)
{
    unsigned point = hex4(at + 2);
    at += 6;
    if (point >= 0xd800 && point <= 0xdbff && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        unsigned low = hex4(at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            put_utf8(text, 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00));
            return at + 6;
        }
    }
    put_utf8(text, point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point);
    return at;
}

static char simple_escape(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

/* `raw` is what stands between the quotes. */
static void decode(struct hs_slice raw, struct hs_buffer *text)
{
    const char *at = raw.data, *end = raw.data + raw.size;
    while (at < end) {
        const char *backslash = memchr(at, '\\', (size_t)(end - at));
        const char *until = backslash != NULL ? backslash : end;
        hs_buffer_append(text, at, (size_t)(until - at));
        at = until;
        if (at == end)
            break;
        if (at[1] == 'u') {
            at = decode_unicode(at, end, text);
        } else {
            hs_buffer_append_byte(text, simple_escape(at[1]));
            at += 2;
        }
    }
}

void hs_json_decode_string(struct hs_slice quoted, struct hs_buffer *ret_text)
{
    HS_ASSERT(quoted.size >= 2 && quoted.data[0] == '"');
    decode(hs_slice(quoted.data + 1, quoted.size - 2), ret_text);
}

bool hs_json_name_is(struct hs_slice raw, struct hs_slice wanted)
{
    if (hs_slice_equal(raw, wanted))
        return memchr(raw.data ? raw.data : "", '\\', raw.size) == NULL;
    /* An escape makes a name longer, never shorter. */
    if (raw.size <= wanted.size || memchr(raw.data, '\\', raw.size) == NULL)
        return false;
    struct hs_buffer decoded;
    hs_buffer_init(&decoded, wanted.size + NAME_DECODED_MAX);
    decode(raw, &decoded);
    bool same = hs_buffer_status(&decoded) == 0 && hs_slice_equal(hs_buffer_slice(&decoded), wanted);
    hs_buffer_free(&decoded);
    return same;
}

/* ---- Encoding ---- */

static void encode_control(unsigned char c, struct hs_buffer *json)
{
    static const char *const names[0x20] = {['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n",
                                            ['\r'] = "\\r", ['\t'] = "\\t"};
    if (names[c] != NULL)
        hs_buffer_append_text(json, names[c]);
    else
        hs_buffer_printf(json, "\\u%04x", c);
}

/* How many bytes at `at` are the same in JSON: plain, or valid UTF-8. */
static size_t encodable(const char *at, const char *end)
{
    const char *from = at;
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        size_t size = c < 0x80 ? 1 : hs_json_utf8_size(at, end);
        if (size == 0)
            break;
        at += size;
    }
    return (size_t)(at - from);
}

void hs_json_encode_string(struct hs_slice text, struct hs_buffer *ret_json)
{
    const char *at = text.data, *end = text.data + text.size;
    hs_buffer_append_byte(ret_json, '"');
    while (at < end) {
        size_t plain = encodable(at, end);
        hs_buffer_append(ret_json, at, plain);
        at += plain;
        if (at == end)
            break;
        unsigned char c = (unsigned char)*at++;
        if (c == '"' || c == '\\') {
            hs_buffer_append_byte(ret_json, '\\');
            hs_buffer_append_byte(ret_json, (char)c);
        } else if (c < 0x20) {
            encode_control(c, ret_json);
        } else {
            put_utf8(ret_json, REPLACEMENT);
        }
    }
    hs_buffer_append_byte(ret_json, '"');
}

void hs_json_compact(struct hs_slice json, struct hs_buffer *ret_json)
{
    const char *at = json.data, *end = json.data + json.size, *where;
    while (at < end) {
        at = hs_json_skip_space(at, end);
        const char *from = at;
        while (at < end && *at != ' ' && *at != '\n' && *at != '\t' && *at != '\r') {
            const char *after = *at == '"' ? hs_json_string_end(at, end, &where) : at + 1;
            HS_ASSERT(after != NULL); /* it was scanned before */
            at = after;
        }
        hs_buffer_append(ret_json, from, (size_t)(at - from));
    }
}
