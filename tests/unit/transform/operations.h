/* Random lists of all operations. A new operation needs a function that writes it and a row in the
 * table below; a test compares the table with the manual. */
#ifndef HS_TEST_OPERATIONS_H
#define HS_TEST_OPERATIONS_H

#include "documents.h"

/* The prefix of the current item's paths: `data`, or `item` with `for`. */
static const char *operations_root;

static inline void put_path_of(struct hs_buffer *yaml, const char *const *ends, size_t count)
{
    static const char *const others[] = {"x", "id", "data[\\\"x.y\\\"].z"};
    bool outside = strcmp(operations_root, "data") == 0;
    hs_buffer_append_byte(yaml, '"');
    if (outside && pick(12) == 0)
        hs_buffer_append_text(yaml, others[pick(HS_ARRAY_SIZE(others))]);
    else
        hs_buffer_printf(yaml, "%s%s", operations_root, ends[pick((unsigned)count)]);
    hs_buffer_append_byte(yaml, '"');
}

/* A path to one place, every other time a likely one. */
static inline void put_path(struct hs_buffer *yaml)
{
    static const char *const likely[] = {".a", ".b", ".c"};
    static const char *const ends[] = {
        "",           ".a.b",   ".b.a",  ".c.a",          "[0]",       ".a[1]",
        "[2]",        ".b.b.b", "[0].a", "[\\\"x.y\\\"]", ".\xC3\xA9", "[\\\"l[0]\\\"]",
        "[\\\"\\\"]",
    };
    if (pick(2) == 0)
        put_path_of(yaml, likely, HS_ARRAY_SIZE(likely));
    else
        put_path_of(yaml, ends, HS_ARRAY_SIZE(ends));
}

/* A path to one or many places. */
static inline void put_wide_path(struct hs_buffer *yaml)
{
    static const char *const ends[] = {"[*]", ".a[*].b", "[*].a", ".a[*]", "[*][*]", ".b[*].b[0]"};
    if (pick(3) == 0)
        put_path_of(yaml, ends, HS_ARRAY_SIZE(ends));
    else
        put_path(yaml);
}

static inline void put_fields(struct hs_buffer *yaml)
{
    hs_buffer_append_byte(yaml, '[');
    for (unsigned count = 1 + pick(3); count > 0; count--) {
        put_wide_path(yaml);
        hs_buffer_append_text(yaml, count > 1 ? ", " : "]");
    }
}

/* A path to a member. */
static inline void put_member_path(struct hs_buffer *yaml)
{
    put_wide_path(yaml);
    yaml->size--; /* its quote */
    hs_buffer_append_text(yaml, pick(2) == 0 ? ".a\"" : "[\\\"x.y\\\"]\"");
}

static inline void put_given(struct hs_buffer *yaml)
{
    static const char *const values[] = {
        "1",     "null", "149.90",   "text",      "\"{data.a|none}\"",    "\"{id}-{data.b|}\"",
        "1e400", "true", "\"\\\"\"", "\"\\x01\"", "\"\xF0\x9F\x98\x80\"", "\"{received}\"",
    };
    hs_buffer_append_text(yaml, values[pick(HS_ARRAY_SIZE(values))]);
}

static inline void put_pairs(struct hs_buffer *yaml, void (*key)(struct hs_buffer *),
                             void (*value)(struct hs_buffer *))
{
    hs_buffer_append_byte(yaml, '{');
    key(yaml);
    hs_buffer_append_text(yaml, ": ");
    value(yaml);
    hs_buffer_append_byte(yaml, '}');
}

static inline void put_new_name(struct hs_buffer *yaml)
{
    static const char *const names[] = {"z", "a", "b", "\"[\\\"x.y\\\"]\"", "\"[\\\"\\\"]\""};
    hs_buffer_append_text(yaml, names[pick(HS_ARRAY_SIZE(names))]);
}

static inline void put_rename(struct hs_buffer *yaml)
{
    put_pairs(yaml, put_member_path, put_new_name);
}

static inline void put_copy(struct hs_buffer *yaml)
{
    put_pairs(yaml, put_path, put_path);
}

static inline void put_set(struct hs_buffer *yaml)
{
    put_pairs(yaml, put_path, put_given);
}

static inline void put_redact(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "{fields: ");
    put_fields(yaml);
    hs_buffer_append_text(yaml, pick(2) == 0 ? ", with: \"\\\"\\\\\\n\"}" : "}");
}

static inline void put_mask(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "{fields: ");
    put_fields(yaml);
    hs_buffer_printf(yaml, ", keep_first: %u, keep_last: %u%s}", pick(3), pick(6),
                     pick(2) == 0 ? ", with: \"\xE2\x80\xA2\"" : "");
}

static inline void put_hash(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "{key: k, fields: ");
    put_fields(yaml);
    hs_buffer_append_byte(yaml, '}');
}

static inline void put_truncate(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "{fields: ");
    put_fields(yaml);
    hs_buffer_printf(yaml, ", length: %u, unit: %s%s}", 3 + pick(5),
                     pick(2) == 0 ? "bytes" : "characters",
                     pick(2) == 0 ? ", with: \"\xE2\x80\xA6\"" : "");
}

static inline void put_cast(struct hs_buffer *yaml)
{
    static const char *const kinds[] = {"string", "number", "integer", "boolean"};
    hs_buffer_append_text(yaml, "{fields: ");
    put_fields(yaml);
    hs_buffer_printf(yaml, ", to: %s}", kinds[pick(4)]);
}

static inline void put_flatten(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "{field: ");
    put_wide_path(yaml);
    hs_buffer_printf(yaml, ", separator: \"%s\", arrays: %s}", pick(2) == 0 ? "." : "\\\"",
                     pick(2) == 0 ? "keep" : "index");
}

static inline void put_unwrap(struct hs_buffer *yaml)
{
    static const char *const clashes[] = {"error", "keep", "replace"};
    hs_buffer_append_text(yaml, "{field: ");
    if (pick(4) == 0 && strcmp(operations_root, "data") == 0)
        hs_buffer_append_text(yaml, "data");
    else
        put_member_path(yaml);
    hs_buffer_printf(yaml, ", on_clash: %s}", clashes[pick(3)]);
}

static inline void put_into(struct hs_buffer *yaml)
{
    if (pick(2) == 0)
        return;
    hs_buffer_append_text(yaml, ", into: ");
    put_path(yaml);
}

static inline void put_decimal(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "{field: ");
    put_path(yaml);
    put_into(yaml);
    switch (pick(3)) {
    case 0:
        hs_buffer_append_text(yaml, ", code: KWD");
        break;
    case 1:
        hs_buffer_printf(yaml, ", exponent: %u", pick(19));
        break;
    default:
        hs_buffer_append_text(yaml, ", currency: ");
        put_path(yaml);
    }
    hs_buffer_append_text(yaml, pick(2) == 0 ? ", drop_zeros: true}" : "}");
}

static inline void put_time(struct hs_buffer *yaml)
{
    static const char *const forms[] = {"unix_s", "unix_ms", "rfc3339", "auto"};
    hs_buffer_append_text(yaml, "{field: ");
    put_path(yaml);
    put_into(yaml);
    hs_buffer_printf(yaml, ", to: %s, from: %s}", forms[pick(3)], forms[pick(4)]);
}

static inline void put_cloudevent(struct hs_buffer *yaml)
{
    static const char *const items[] = {
        "structured",
        "binary",
        "{mode: binary, data: data}",
        "{data: whole, time: \"\"}",
        "{subject: \"{data.a|}\", extensions: {ref: \"{data.b|none}\"}}",
    };
    hs_buffer_append_text(yaml, items[pick(HS_ARRAY_SIZE(items))]);
}

/* Each starts a process, so few are used: usually an inexpensive one. */
static inline void put_jq(struct hs_buffer *yaml)
{
    static const char *const programs[] = {
        ".", "\".new = 1\"", "\"del(.data)\"", "\".data |= [.]\"", "empty", "error",
    };
    hs_buffer_append_text(yaml, programs[pick(HS_ARRAY_SIZE(programs))]);
    if (pick(20) != 0)
        hs_buffer_append_text(yaml, "\n  when: data.never exists");
}

static inline void put_use(struct hs_buffer *yaml)
{
    hs_buffer_append_text(yaml, "shared");
}

struct random_operation {
    const char *name;
    void (*put)(struct hs_buffer *yaml); /* the text after "name: " */
    bool thins;                          /* removes members that it does not name */
    bool alone;                          /* cannot be used with `for` */
    bool conditional;                    /* writes its own `when` */
};

static const struct random_operation random_operations[] = {
    {.name = "remove", .put = put_fields},
    {.name = "keep", .put = put_fields, .thins = true},
    {.name = "rename", .put = put_rename},
    {.name = "copy", .put = put_copy},
    {.name = "set", .put = put_set},
    {.name = "redact", .put = put_redact},
    {.name = "mask", .put = put_mask},
    {.name = "hash", .put = put_hash},
    {.name = "lower", .put = put_fields},
    {.name = "upper", .put = put_fields},
    {.name = "trim", .put = put_fields},
    {.name = "truncate", .put = put_truncate},
    {.name = "default", .put = put_set},
    {.name = "cast", .put = put_cast},
    {.name = "flatten", .put = put_flatten},
    {.name = "unwrap", .put = put_unwrap},
    {.name = "decimal", .put = put_decimal},
    {.name = "time", .put = put_time},
    {.name = "cloudevent", .put = put_cloudevent, .thins = true, .alone = true},
    {.name = "jq", .put = put_jq, .thins = true, .alone = true, .conditional = true},
    {.name = "use", .put = put_use, .alone = true},
};

/* Writes one item; returns whether it may remove the envelope's numbers. */
static inline bool put_item(struct hs_buffer *yaml)
{
    static const char *const conditions[] = {
        "data.a exists or not data.b == 'x'", "data.a != 1.50 and id == 'whk_1'",
        "not (data.c.a exists)", "data[0] == -0 or data.a == null"};
    const struct random_operation *operation =
        &random_operations[pick(HS_ARRAY_SIZE(random_operations))];
    bool each = !operation->alone && pick(5) == 0;
    operations_root = each ? "item" : "data";
    hs_buffer_printf(yaml, "- %s: ", operation->name);
    operation->put(yaml);
    hs_buffer_append_byte(yaml, '\n');
    if (each)
        hs_buffer_printf(yaml, "  for: \"%s\"\n", pick(2) == 0 ? "data[*]" : "data.a[*]");
    if (pick(4) != 0)
        hs_buffer_append_text(yaml, "  on_error: skip\n");
    if (!operation->conditional && pick(5) == 0)
        hs_buffer_printf(yaml, "  when: \"%s\"\n", conditions[pick(HS_ARRAY_SIZE(conditions))]);
    return operation->thins && !each;
}

/* A configuration with a list, as `transform`. */
static inline bool put_list(struct hs_buffer *yaml)
{
    bool thins = false;
    hs_buffer_append_text(yaml, "transformations:\n  shared:\n    - trim: [data.a, \"data[*]\"]\n"
                                "    - remove: [data.b.b]\n      when: data.a exists\n"
                                "transform:\n");
    for (unsigned items = 1 + pick(7); items > 0; items--)
        thins = put_item(yaml) || thins;
    hs_buffer_append_byte(yaml, '\0');
    ck_assert_int_eq(hs_buffer_status(yaml), 0);
    return thins;
}

#endif
