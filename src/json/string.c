/* String: converts between JSON strings and UTF-8, and strips JSON of white space. */
#include "walk.h"

#include <hookstream/text.h>

#define REPLACEMENT 0xfffdu

static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (unsigned)hs_hex_value(at[i]);
    return value;
}

/* Writes the code point as UTF-8, at most four bytes, and returns their number. */
static size_t to_utf8(unsigned point, char *bytes)
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (char)(0xc0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (char)(0xe0 | point >> 12);
        bytes[1] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | point >> 18);
    bytes[1] = (char)(0x80 | (point >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (point >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* The code point of \uXXXX at *at, including the second half of a pair; moves *at past it. */
static unsigned decode_unicode(const char **at, const char *end)
{
    const char *after = *at + 6;
    unsigned point = hex4(*at + 2);
    *at = after;
    if (point < 0xd800 || point > 0xdfff)
        return point;
    if (point > 0xdbff || end - after < 6 || after[0] != '\\' || after[1] != 'u')
        return REPLACEMENT;
    unsigned low = hex4(after + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return REPLACEMENT;
    *at = after + 6;
    return 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
}

static unsigned char simple_escape(char letter)
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
        return (unsigned char)letter;
    }
}

/* Decodes the escape at *at into at most four bytes; moves *at past it. */
static size_t decode_escape(const char **at, const char *end, char *bytes)
{
    if ((*at)[1] == 'u')
        return to_utf8(decode_unicode(at, end), bytes);
    bytes[0] = (char)simple_escape((*at)[1]);
    *at += 2;
    return 1;
}

/* The next backslash, or `end`. */
static const char *next_escape(const char *at, const char *end)
{
    const char *backslash = at < end ? memchr(at, '\\', (size_t)(end - at)) : NULL;
    return backslash != NULL ? backslash : end;
}

void hs_json_decode_string(struct hs_slice quoted, struct hs_buffer *ret_text)
{
    HS_ASSERT(quoted.size >= 2 && quoted.data[0] == '"');
    const char *at = quoted.data + 1, *end = quoted.data + quoted.size - 1;
    while (at < end) {
        const char *until = next_escape(at, end);
        hs_buffer_append(ret_text, at, (size_t)(until - at));
        at = until;
        if (at == end)
            break;
        char bytes[4];
        size_t size = decode_escape(&at, end, bytes);
        hs_buffer_append(ret_text, bytes, size);
    }
}

/* Removes `bytes` from the front of `rest` if it begins with them. */
static bool take(struct hs_slice *rest, const char *bytes, size_t size)
{
    if (size > rest->size || (size > 0 && memcmp(rest->data, bytes, size) != 0))
        return false;
    rest->data += size;
    rest->size -= size;
    return true;
}

bool hs_json_escaped_name_is(struct hs_slice raw, struct hs_slice wanted)
{
    const char *at = raw.data, *end = raw.data + raw.size;
    while (at < end) {
        const char *until = next_escape(at, end);
        if (!take(&wanted, at, (size_t)(until - at)))
            return false;
        at = until;
        if (at == end)
            break;
        char bytes[4];
        size_t size = decode_escape(&at, end, bytes);
        if (!take(&wanted, bytes, size))
            return false;
    }
    return wanted.size == 0;
}

/* ---- Encoding ---- */

static void encode_control(unsigned char c, struct hs_buffer *json)
{
    static const char *const names[0x20] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
    if (names[c] != NULL)
        hs_buffer_append_text(json, names[c]);
    else
        hs_buffer_printf(json, "\\u%04x", c);
}

/* The number of bytes at `at` that JSON leaves as they are: plain, or valid UTF-8. */
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
    const char *at = text.data != NULL ? text.data : "", *end = at + text.size;
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
            char bytes[4];
            hs_buffer_append(ret_json, bytes, to_utf8(REPLACEMENT, bytes));
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
