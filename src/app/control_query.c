/* Control query: parses "name=value&name=value" with %XX and + by a table. */
#include "control.h"

#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/text.h>
#include <inttypes.h>

/* NULL: an invalid escape, or a NUL. */
static const char *decode(struct hs_slice text, struct hs_arena *arena)
{
    char *own = hs_arena_dup(arena, text), *to = own;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.size - i < 3 || !hs_hex_decode(hs_slice(text.data + i + 1, 2), &c, 1))
                return NULL;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == '\0')
            return NULL;
        *to++ = c;
    }
    *to = '\0';
    return own;
}

static int set_field(const struct hs_query_field *field, const char *value)
{
    struct hs_slice text = hs_slice_text(value);
    switch (field->kind) {
    case HS_FIELD_TEXT:
        /* An unset shell variable causes this: it would select something unintended. */
        if (text.size == 0)
            return hs_fail(-EINVAL, "%s is empty: give it a value, or omit it", field->name);
        *(const char **)field->target = value;
        return 0;
    case HS_FIELD_COUNT:
        /* The largest value marks a parameter that was not given. */
        if (hs_slice_to_u64(text, UINT64_MAX - 1, field->target) < 0)
            return hs_fail(-EINVAL, "%s takes a whole number of at most %" PRIu64 ", not `%s`",
                           field->name, UINT64_MAX - 1, value);
        return 0;
    case HS_FIELD_TIME:
        if (hs_value_time(text, hs_clock_wall_ns(), field->target) < 0)
            return hs_fail_in(-EINVAL, field->name);
        return 0;
    case HS_FIELD_FLAG:
        if (!hs_slice_equal(text, HS_SLICE("0")) && !hs_slice_equal(text, HS_SLICE("1")))
            return hs_fail(-EINVAL, "%s takes 0 or 1, not `%s`", field->name, value);
        *(bool *)field->target = text.data[0] == '1';
        return 0;
    }
    return 0;
}

static const struct hs_query_field *find(const struct hs_query_field *fields, size_t count,
                                         const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static int read_pair(struct hs_slice pair, const struct hs_query_field *fields, size_t count,
                     struct hs_arena *arena)
{
    const char *equals = memchr(pair.data, '=', pair.size);
    size_t size = equals != NULL ? (size_t)(equals - pair.data) : pair.size;
    const char *name = decode(hs_slice(pair.data, size), arena);
    const char *value =
        equals == NULL ? "1" : decode(hs_slice(equals + 1, pair.size - size - 1), arena);
    if (name == NULL || value == NULL)
        return hs_fail(-EINVAL, "the query has an invalid escape at `%.*s`", HS_SLICE_ARG(pair));
    const struct hs_query_field *field = find(fields, count, name);
    if (field == NULL)
        return hs_fail(-EINVAL, "this page has no parameter `%s`", name);
    return set_field(field, value);
}

int hs_query_read(struct hs_slice query, const struct hs_query_field *fields, size_t count,
                  struct hs_arena *arena)
{
    int code = 0;
    while (query.size > 0 && code == 0) {
        const char *end = memchr(query.data, '&', query.size);
        struct hs_slice pair =
            hs_slice(query.data, end != NULL ? (size_t)(end - query.data) : query.size);
        size_t taken = pair.size + (end != NULL);
        query = hs_slice(query.data + taken, query.size - taken);
        if (pair.size > 0)
            code = read_pair(pair, fields, count, arena);
    }
    return code;
}
