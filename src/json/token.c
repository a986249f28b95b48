/* Token: strings and numbers, the two tokens that need a loop. Strings are scanned eight plain
 * bytes at a time; other bytes one by one. */
#include "walk.h"

#include <hookstream/text.h>
#include <stdio.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

/* Sets the high bit of each byte of the word that is a quote, a backslash, a control character or
 * not ASCII. A byte after such a byte may be flagged, too, which only costs a closer look. */
static inline uint64_t not_plain(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"'), backslash = word ^ (ONES * '\\');
    return ((word - ONES * 0x20) | (quote - ONES) | (backslash - ONES)) & HIGH;
}

/* The first byte from `at` on that is not plain, or `end`. */
static inline const char *plain_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t found = not_plain(word);
        if (found != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + __builtin_ctzll(found) / 8;
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
        at++;
    }
    return at;
}

static const char *fail_at(const char *why, const char *at, const char **ret_at)
{
    (void)hs_fail(-EINVAL, "%s", why);
    *ret_at = at;
    return NULL;
}

int hs_json_token_fail(struct hs_slice text, const char *where, size_t *ret_offset)
{
    char why[96];
    snprintf(why, sizeof(why), "%s", hs_error_text());
    *ret_offset = (size_t)(where - text.data);
    return hs_fail(-EINVAL, "%s at byte %zu", why, *ret_offset);
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The size of the valid UTF-8 sequence that begins at `at` (RFC 3629), or 0. */
size_t hs_json_utf8_size(const char *text, const char *end)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t room = (size_t)(end - text);
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        return room >= 2 && is_continuation(at[1]) ? 2 : 0;
    if ((at[0] & 0xf0) == 0xe0) {
        if (room < 3 || !is_continuation(at[1]) || !is_continuation(at[2]))
            return 0;
        bool overlong = at[0] == 0xe0 && at[1] < 0xa0;
        bool surrogate = at[0] == 0xed && at[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (at[0] >= 0xf0 && at[0] <= 0xf4) {
        if (room < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) ||
            !is_continuation(at[3]))
            return 0;
        bool overlong = at[0] == 0xf0 && at[1] < 0x90;
        bool beyond = at[0] == 0xf4 && at[1] > 0x8f;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

/* The end of the escape whose backslash is at `at`, or NULL. */
static const char *escape_end(const char *at, const char *end)
{
    if (end - at < 2)
        return NULL;
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case 'u':
        if (end - at < 6)
            return NULL;
        for (int i = 2; i < 6; i++)
            if (hs_hex_value(at[i]) < 0)
                return NULL;
        return at + 6;
    default:
        return NULL;
    }
}

const char *hs_json_string_end(const char *at, const char *end, const char **ret_at)
{
    at++;
    for (;;) {
        at = plain_end(at, end);
        if (at == end)
            return fail_at("a string is not closed", at, ret_at);
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            return at + 1;
        if (c == '\\') {
            const char *after = escape_end(at, end);
            if (after == NULL)
                return fail_at("a string has an escape that JSON does not have", at, ret_at);
            at = after;
            continue;
        }
        if (c < 0x20)
            return fail_at("a control character in a string must be escaped", at, ret_at);
        /* Scripts other than Latin come in runs. */
        while (at < end && (unsigned char)*at >= 0x80) {
            size_t size = hs_json_utf8_size(at, end);
            if (size == 0)
                return fail_at("a string is not valid UTF-8", at, ret_at);
            at += size;
        }
    }
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

const char *hs_json_number_end(const char *at, const char *end, const char **ret_at)
{
    const char *begin = at;
    if (at < end && *at == '-')
        at++;
    const char *after = digits_end(at, end);
    if (after == at)
        return fail_at(at == begin ? "not a JSON value" : "a number has no digits", at, ret_at);
    if (*at == '0' && after - at > 1)
        return fail_at("a number begins with a zero", at + 1, ret_at);
    at = after;
    if (at < end && *at == '.') {
        after = digits_end(at + 1, end);
        if (after == at + 1)
            return fail_at("a number has no digits after the point", at + 1, ret_at);
        at = after;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        after = digits_end(at, end);
        if (after == at)
            return fail_at("a number has no digits in its exponent", at, ret_at);
        at = after;
    }
    return at;
}
