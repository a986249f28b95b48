/* Operations on texts: lower, upper, trim, truncate. A text that decodes to the same keeps its
 * bytes, including escapes. Only ASCII letters change case: beyond ASCII case depends on the
 * language and on the Unicode version, and a key must not. White space is Unicode's, unchanged
 * since 2013. */
#include "operation.h"

#include <stdlib.h>

#define LENGTH_MAX (1u << 20)

/* Only texts are changed; numbers and booleans have neither letters nor white space. */
static int put_text(const struct hs_scalar *scalar, struct hs_slice text,
                    struct hs_buffer *ret_json)
{
    if (!hs_slice_equal(scalar->text, text))
        hs_json_encode_string(text, ret_json);
    return 0;
}

static bool compile_fields(struct hs_config *config, const struct hs_node *node,
                           struct hs_operation *operation)
{
    struct hs_fields *fields = operation->state = hs_alloc(sizeof(*fields));
    const char *name =
        hs_arena_printf(hs_config_arena(config), "transform.%s", operation->kind->name);
    bool good = hs_fields_bind(config, node, name, HS_USE_EDIT, operation, fields);
    operation->parts = fields->count;
    return good;
}

static void free_fields(struct hs_operation *operation)
{
    if (operation->state != NULL)
        hs_fields_free(operation->state);
    free(operation->state);
}

static int edit_field(const struct hs_operation *operation, size_t part, struct hs_work *work,
                      hs_edit_fn *edit)
{
    const struct hs_fields *fields = operation->state;
    return hs_edit_scalars(work, &fields->paths[part], operation->kind->name, edit,
                           hs_work_scratch(work, HS_SCRATCH_MASKED));
}

/* ---- lower, upper ---- */

/* Writes the text with each letter from `first` to `first` + 25 in the other case. */
static int swap_case(const struct hs_scalar *scalar, char first, struct hs_buffer *text,
                     struct hs_buffer *ret_json)
{
    if (scalar->kind != HS_JSON_STRING)
        return 0;
    hs_buffer_clear(text);
    for (size_t i = 0; i < scalar->text.size; i++) {
        char c = scalar->text.data[i];
        bool swapped = c >= first && c < first + 26;
        hs_buffer_append_byte(text, (char)(swapped ? c ^ 0x20 : c));
    }
    return put_text(scalar, hs_buffer_slice(text), ret_json);
}

static int lower_text(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    return swap_case(scalar, 'A', context, ret_json);
}

static int upper_text(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    return swap_case(scalar, 'a', context, ret_json);
}

static int apply_lower(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    return edit_field(operation, part, work, lower_text);
}

static int apply_upper(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    return edit_field(operation, part, work, upper_text);
}

const struct hs_operation_kind hs_operation_lower = {
    .name = "lower",
    .form = HS_FORM_FIELDS,
    .table = &hs_fields_table,
    .help = "Converts ASCII capital letters (A to Z) to lower case; every other character stays. "
            "Numbers, booleans and null stay; an array or object is an error.",
    .example = "[data.email]",
    .compile = compile_fields,
    .apply = apply_lower,
    .free = free_fields,
};

const struct hs_operation_kind hs_operation_upper = {
    .name = "upper",
    .form = HS_FORM_FIELDS,
    .table = &hs_fields_table,
    .help = "Converts ASCII small letters (a to z) to upper case; every other character stays. "
            "Numbers, booleans and null stay; an array or object is an error.",
    .example = "[data.currencyCode]",
    .compile = compile_fields,
    .apply = apply_upper,
    .free = free_fields,
};

/* ---- trim ---- */

/* The size of the white space (Unicode's White_Space) at the start of `text`, or 0. */
static size_t space_size(struct hs_slice text)
{
    static const char *const wide[] = {
        "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
        "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
        "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
        "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    unsigned char c = text.size != 0 ? (unsigned char)text.data[0] : 0;
    if (c == ' ' || (c >= 0x09 && c <= 0x0D))
        return 1;
    if (c < 0xC2 || c > 0xE3)
        return 0;
    for (size_t i = 0; i < HS_ARRAY_SIZE(wide); i++) {
        struct hs_slice space = hs_slice_text(wide[i]);
        if (hs_slice_starts_with(text, space))
            return space.size;
    }
    return 0;
}

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static int trim_text(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    struct hs_slice text = scalar->text;
    if (scalar->kind != HS_JSON_STRING)
        return 0;
    for (size_t size; (size = space_size(text)) > 0;)
        text = hs_slice(text.data + size, text.size - size);
    while (text.size > 0) {
        size_t last = text.size - 1;
        while (last > 0 && !begins_character(text.data[last]))
            last--;
        if (space_size(hs_slice(text.data + last, text.size - last)) == 0)
            break;
        text.size = last;
    }
    return put_text(scalar, text, ret_json);
}

static int apply_trim(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    return edit_field(operation, part, work, trim_text);
}

const struct hs_operation_kind hs_operation_trim = {
    .name = "trim",
    .form = HS_FORM_FIELDS,
    .table = &hs_fields_table,
    .help = "Removes white space from both ends of texts: spaces, tabs, line ends and other "
            "Unicode white space, such as U+00A0. Numbers, booleans and null stay; an array or "
            "object is an error.",
    .example = "[data.fullName]",
    .compile = compile_fields,
    .apply = apply_trim,
    .free = free_fields,
};

/* ---- truncate ---- */

static const char *const unit_names[] = {"characters", "bytes", NULL};
enum unit { CHARACTERS, BYTES };

struct truncate_options {
    struct hs_strings fields;
    uint64_t length;
    unsigned unit;
    const char *with;
};

static const struct hs_option truncate_rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct truncate_options, fields),
     .required = true,
     .help = "Paths of the fields to truncate.",
     .example = "[data.note]"},
    {.name = "length",
     .kind = HS_OPTION_COUNT,
     .offset = offsetof(struct truncate_options, length),
     .required = true,
     .most = LENGTH_MAX,
     .help = "The most that stays, `with` included.",
     .example = "200"},
    {.name = "unit",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct truncate_options, unit),
     .choices = unit_names,
     .fallback = "characters",
     .help = "What `length` counts: characters (code points), or bytes of UTF-8."},
    {.name = "with",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct truncate_options, with),
     .fallback = "",
     .help = "What a text that was cut ends with.",
     .example = "\"…\""},
};

static const struct hs_options truncate_table = {.name = "transform.truncate",
                                                 .title = "truncate",
                                                 .options = truncate_rows,
                                                 .option_count = HS_ARRAY_SIZE(truncate_rows),
                                                 .struct_size = sizeof(struct truncate_options),
                                                 .node_offset = SIZE_MAX};

struct truncate {
    struct hs_fields fields;
    size_t length;
    enum unit unit;
    char *with;
};

struct truncating {
    const struct truncate *truncate;
    struct hs_buffer *text;
};

/* The size of the longest prefix of `text` that has at most `length` units and ends at a character
 * boundary. */
static size_t cut(struct hs_slice text, size_t length, enum unit unit)
{
    size_t at = 0;
    for (size_t used = 0; at < text.size;) {
        size_t next = at + 1;
        while (next < text.size && !begins_character(text.data[next]))
            next++;
        used += unit == BYTES ? next - at : 1;
        if (used > length)
            break;
        at = next;
    }
    return at;
}

static size_t units_of(struct hs_slice text, enum unit unit)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += unit == BYTES || begins_character(text.data[i]);
    return count;
}

static bool compile_truncate(struct hs_config *config, const struct hs_node *node,
                             struct hs_operation *operation)
{
    struct truncate_options bound;
    struct truncate *truncate = operation->state = hs_alloc(sizeof(*truncate));
    bool good = hs_operation_bind(config, node, &truncate_table, &bound);
    good = hs_fields_compile(config, good ? node : NULL, &bound.fields, operation, HS_USE_EDIT,
                             &truncate->fields) &&
           good;
    operation->parts = truncate->fields.count;
    truncate->length = (size_t)bound.length;
    truncate->unit = (enum unit)bound.unit;
    truncate->with = hs_strdup(bound.with);
    if (good && units_of(hs_slice_text(bound.with), truncate->unit) > truncate->length) {
        hs_config_error(config, HS_FINDING_OPERATION_OPTION, hs_node_get(node, "with"),
                        "`with` is longer than `length`, which includes it");
        good = false;
    }
    return good;
}

static int truncate_text(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    const struct truncating *truncating = context;
    const struct truncate *truncate = truncating->truncate;
    struct hs_slice text = scalar->text, with = hs_slice_text(truncate->with);
    if (cut(text, truncate->length, truncate->unit) == text.size)
        return 0;
    if (scalar->kind != HS_JSON_STRING)
        return hs_fail(-EINVAL,
                       "it is %s of more than %zu %s, but only a text can be cut: `cast` it to "
                       "string first",
                       hs_kind_words(scalar->kind), truncate->length, unit_names[truncate->unit]);
    size_t room = truncate->length - units_of(with, truncate->unit);
    hs_buffer_clear(truncating->text);
    hs_buffer_append(truncating->text, text.data, cut(text, room, truncate->unit));
    hs_buffer_append_slice(truncating->text, with);
    hs_json_encode_string(hs_buffer_slice(truncating->text), ret_json);
    return 0;
}

static int apply_truncate(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct truncate *truncate = operation->state;
    struct truncating truncating = {truncate, hs_work_scratch(work, HS_SCRATCH_MASKED)};
    return hs_edit_scalars(work, &truncate->fields.paths[part], "truncate", truncate_text,
                           &truncating);
}

static void free_truncate(struct hs_operation *operation)
{
    struct truncate *truncate = operation->state;
    if (truncate == NULL)
        return;
    hs_fields_free(&truncate->fields);
    free(truncate->with);
    free(truncate);
}

const struct hs_operation_kind hs_operation_truncate = {
    .name = "truncate",
    .table = &truncate_table,
    .help = "Cuts texts longer than `length` `characters` (code points; the default) or `bytes` "
            "of UTF-8 (`unit`), never within a character. A cut text ends with `with`, which "
            "`length` includes. Shorter ones and null stay; a longer number, an array or an "
            "object is an error.",
    .example = "{fields: [data.note], length: 200, with: \"…\"}",
    .compile = compile_truncate,
    .apply = apply_truncate,
    .free = free_truncate,
};
