/* Walk: the JSON grammar (RFC 8259), once, for the scanner and for the tree. It is inlined into
 * both with their handlers, so that neither pays for calls. No recursion: one bit per level records
 * whether it is an object. */
#ifndef HS_JSON_WALK_H
#define HS_JSON_WALK_H

#include <hookstream/json.h>

#define HS_JSON_INLINE static inline __attribute__((always_inline))

/* The end of the string whose opening quote is at `at`, one past the closing quote. NULL if it is
 * not a string: *ret_at is the wrong byte, and hs_error_text() gives the reason. */
const char *hs_json_string_end(const char *at, const char *end, const char **ret_at);
/* The end of the number at `at`; NULL and *ret_at as above. */
const char *hs_json_number_end(const char *at, const char *end, const char **ret_at);

HS_JSON_INLINE const char *hs_json_skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* A name as written between its quotes; data NULL for array elements and the root. */
struct hs_json_handlers {
    void (*open)(void *context, enum hs_json_kind kind, struct hs_slice name, const char *at);
    void (*close)(void *context, const char *end);
    void (*scalar)(void *context, enum hs_json_kind kind, struct hs_slice name, const char *at,
                   const char *end);
};

HS_JSON_INLINE const char *hs_json_literal_end(const char *at, const char *end, const char *word,
                                               size_t size)
{
    if ((size_t)(end - at) < size || memcmp(at, word, size) != 0)
        return NULL;
    return at + size;
}

/* The end of a scalar, and its kind; NULL: no value begins here. */
HS_JSON_INLINE const char *hs_json_scalar_end(const char *at, const char *end,
                                              enum hs_json_kind *ret_kind, const char **ret_at)
{
    const char *after;
    *ret_at = at;
    switch (*at) {
    case '"':
        *ret_kind = HS_JSON_STRING;
        return hs_json_string_end(at, end, ret_at);
    case 't':
        *ret_kind = HS_JSON_TRUE;
        after = hs_json_literal_end(at, end, "true", 4);
        break;
    case 'f':
        *ret_kind = HS_JSON_FALSE;
        after = hs_json_literal_end(at, end, "false", 5);
        break;
    case 'n':
        *ret_kind = HS_JSON_NULL;
        after = hs_json_literal_end(at, end, "null", 4);
        break;
    default:
        *ret_kind = HS_JSON_NUMBER;
        return hs_json_number_end(at, end, ret_at);
    }
    if (after == NULL)
        (void)hs_fail(-EINVAL, "not a JSON value");
    return after;
}

HS_JSON_INLINE int hs_json_walk_fail(const char *why, struct hs_slice text, const char *at,
                                     size_t *ret_offset)
{
    *ret_offset = (size_t)(at - text.data);
    return hs_fail(-EINVAL, "%s at byte %zu", why, *ret_offset);
}

/* Adds the position to the message of a failed token. */
int hs_json_token_fail(struct hs_slice text, const char *where, size_t *ret_offset);

/* Walks over exactly one value of at most `levels` (<= HS_JSON_DEPTH_MAX) nested containers. 0;
 * -EINVAL or -E2BIG with *ret_offset and a message. */
HS_JSON_INLINE int hs_json_walk(struct hs_slice text, unsigned levels,
                                const struct hs_json_handlers *handlers, void *context,
                                size_t *ret_offset)
{
    const char *at, *end, *after, *where;
    uint64_t objects = 0; /* one bit per level, the innermost lowest: 1 for an object */
    unsigned depth = 0;
    struct hs_slice name = HS_SLICE_NONE;
    enum hs_json_kind kind;
    if (text.size == 0) {
        *ret_offset = 0;
        return hs_fail(-EINVAL, "the text is empty");
    }
    at = text.data;
    end = at + text.size;

value:
    at = hs_json_skip_space(at, end);
    if (at == end)
        return hs_json_walk_fail("the text ends too early", text, at, ret_offset);
    if (*at == '{' || *at == '[') {
        bool object = *at == '{';
        if (depth == levels) {
            *ret_offset = (size_t)(at - text.data);
            return hs_fail(-E2BIG, "nested deeper than %u levels at byte %zu", HS_JSON_DEPTH_MAX,
                           *ret_offset);
        }
        handlers->open(context, object ? HS_JSON_OBJECT : HS_JSON_ARRAY, name, at);
        depth++;
        objects = objects << 1 | object;
        at = hs_json_skip_space(at + 1, end);
        if (at < end && *at == (object ? '}' : ']'))
            goto close;
        name = HS_SLICE_NONE;
        if (object)
            goto member;
        goto value;
    }
    after = hs_json_scalar_end(at, end, &kind, &where);
    if (after == NULL && hs_slice_starts_with(text, HS_SLICE("\xEF\xBB\xBF")) && at == text.data)
        return hs_json_walk_fail("JSON may not start with a byte order mark", text, at, ret_offset);
    if (after == NULL)
        return hs_json_token_fail(text, where, ret_offset);
    handlers->scalar(context, kind, name, at, after);
    at = after;

after_value:
    if (depth == 0)
        goto done;
    at = hs_json_skip_space(at, end);
    if (at == end)
        return hs_json_walk_fail("the text ends too early", text, at, ret_offset);
    if (*at == ',') {
        at = hs_json_skip_space(at + 1, end);
        if (objects & 1)
            goto member;
        name = HS_SLICE_NONE;
        goto value;
    }
    if (*at != (objects & 1 ? '}' : ']'))
        return hs_json_walk_fail(objects & 1 ? "expected `,` or `}`" : "expected `,` or `]`", text,
                                 at, ret_offset);
close:
    at++;
    depth--;
    objects >>= 1;
    handlers->close(context, at);
    goto after_value;

member:
    if (at == end || *at != '"')
        return hs_json_walk_fail("expected a member's name in quotes", text, at, ret_offset);
    after = hs_json_string_end(at, end, &where);
    if (after == NULL)
        return hs_json_token_fail(text, where, ret_offset);
    name = hs_slice(at + 1, (size_t)(after - at) - 2);
    at = hs_json_skip_space(after, end);
    if (at == end || *at != ':')
        return hs_json_walk_fail("expected `:`", text, at, ret_offset);
    at++;
    goto value;

done:
    at = hs_json_skip_space(at, end);
    if (at != end)
        return hs_json_walk_fail("more follows after the value", text, at, ret_offset);
    return 0;
}

/* The size of the valid UTF-8 sequence of more than one byte at `text` (RFC 3629), or 0. */
size_t hs_json_utf8_size(const char *text, const char *end);

/* Whether a string's text between its quotes has escapes. */
static inline bool hs_json_is_escaped(struct hs_slice raw)
{
    return raw.size > 0 && memchr(raw.data, '\\', raw.size) != NULL;
}

/* Whether a name with escapes, as written between its quotes, decodes to `wanted`. */
bool hs_json_escaped_name_is(struct hs_slice raw, struct hs_slice wanted);

/* Whether a name, as written between its quotes, decodes to `wanted`. */
static inline bool hs_json_name_is(struct hs_slice raw, struct hs_slice wanted)
{
    /* Escapes make a name longer, never shorter. */
    if (raw.size < wanted.size)
        return false;
    if (raw.size == wanted.size)
        return hs_slice_equal(raw, wanted) && !hs_json_is_escaped(raw);
    return hs_json_is_escaped(raw) && hs_json_escaped_name_is(raw, wanted);
}

#endif
