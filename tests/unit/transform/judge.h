/* An independent judge of JSON: json-c at its strictest, and the C library for UTF-8. */
#ifndef HS_TEST_JUDGE_H
#define HS_TEST_JUDGE_H

#include <hookstream/buffer.h>
#include <iconv.h>
#include <json-c/json.h>
#include <stdlib.h>

static inline bool judge_takes_utf8(struct hs_slice text)
{
    size_t left = text.size, room = text.size * 4 + 4;
    char *out = malloc(room), *to = out, *from = (char *)(uintptr_t)text.data;
    iconv_t into = iconv_open("UTF-32LE", "UTF-8");
    bool good = iconv(into, &from, &left, &to, &room) != (size_t)-1 && left == 0;
    iconv_close(into);
    free(out);
    return good;
}

/* json-c 0.18 at its strictest treats non-ASCII bytes as control characters and rejects integers
 * beyond 64 bits: replaces the former with 'x', the latter with their first 15 digits. Returns the
 * new size. */
static inline size_t judge_simplify(char *text, size_t size)
{
    size_t to = 0, digits = 0;
    for (size_t i = 0; i < size; i++) {
        digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
        if (digits <= 15)
            text[to++] = (unsigned char)text[i] < 0x80 ? text[i] : 'x';
    }
    text[to] = '\0';
    return to;
}

/* Accepts white space around the value, and nothing else. */
static inline bool judge_takes(struct hs_slice text)
{
    struct hs_slice value = hs_slice_trim(text);
    char *copy = hs_slice_dup(value); /* ends in a NUL, which terminates a number or a word */
    size_t size = judge_simplify(copy, value.size);
    struct json_tokener *tokener = json_tokener_new_ex(128);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *root = json_tokener_parse_ex(tokener, copy, (int)size + 1);
    bool good = json_tokener_get_error(tokener) == json_tokener_success &&
                json_tokener_get_parse_end(tokener) >= size && judge_takes_utf8(value);
    json_object_put(root);
    json_tokener_free(tokener);
    free(copy);
    return good;
}

#endif
