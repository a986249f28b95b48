/* Uri: see uri.h. Follows RFC 3986, section 3, on which characters are allowed where; does not
 * interpret the parts. */
#include "uri.h"

#include <hookstream/text.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The size of the scheme with its colon; 0: there is none. A colon before any slash must end a
 * scheme (4.2). */
static size_t scheme_size(struct hs_slice text, bool *ret_good)
{
    size_t size = 0;
    while (size < text.size && strchr(":/?#", text.data[size]) == NULL)
        size++;
    bool there = size < text.size && text.data[size] == ':';
    *ret_good = true;
    if (!there)
        return 0;
    *ret_good = size > 0 && is_letter(text.data[0]);
    for (size_t i = 0; i < size; i++)
        *ret_good = *ret_good && (is_letter(text.data[i]) || is_digit(text.data[i]) ||
                                  strchr("+-.", text.data[i]) != NULL);
    return size + 1;
}

/* Where the authority ends, the only part that may have brackets (for an IPv6 address). */
static size_t authority_end(struct hs_slice text, size_t begin)
{
    if (!hs_slice_starts_with(hs_slice(text.data + begin, text.size - begin), HS_SLICE("//")))
        return begin;
    size_t end = begin + 2;
    while (end < text.size && strchr("/?#", text.data[end]) == NULL)
        end++;
    return end;
}

static bool check(struct hs_slice text, bool scheme_needed)
{
    bool good;
    if (text.size == 0 || memchr(text.data, '\0', text.size) != NULL)
        return false;
    size_t begin = scheme_size(text, &good), end = authority_end(text, begin);
    size_t fragments = 0;
    good = good && (begin > 0 || !scheme_needed);
    for (size_t i = begin; good && i < text.size; i++) {
        char c = text.data[i];
        fragments += c == '#';
        if (c == '%')
            good = text.size - i > 2 && hs_hex_value(text.data[i + 1]) >= 0 &&
                   hs_hex_value(text.data[i + 2]) >= 0;
        else if (c == '[' || c == ']')
            good = i < end;
        else
            good = is_letter(c) || is_digit(c) || strchr("-._~:/?#@!$&'()*+,;=", c) != NULL;
    }
    return good && fragments <= 1;
}

bool hs_is_uri_reference(struct hs_slice text)
{
    return check(text, false);
}

bool hs_is_uri(struct hs_slice text)
{
    return check(text, true);
}
