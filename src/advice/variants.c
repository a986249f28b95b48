/* Variants: see variants.h. The rows list a field's possible values; for the rest (length of a
 * text, its characters) the extremes are tried. */
#include "variants.h"

#include <hookstream/clock.h>
#include <hookstream/json.h>

#include <stdlib.h>

#define LONG_TEXT 300u /* longer than a topic's or file's name may be */
#define SHOWN_MAX 40u  /* size of a value in a message */
#define ELEMENTS 3u
#define CENT 0.01 /* distance from a value that `when` compares with */
/* ISO 4217: without, with two, three and four decimal places. */
static const struct {
    const char *code, *amount;
} currencies[] = {
    {"USD", "\"149.99\""}, {"JPY", "\"150\""}, {"KWD", "\"149.995\""}, {"CLF", "\"149.9995\""}};

static bool has_choices(const struct hs_catalogue_field *field)
{
    return field->sample != NULL && field->sample[0] != '<' && strchr(field->sample, '|') != NULL;
}

/* The envelope's own fields, which every event has. */
static bool is_fixed(const struct hs_catalogue_field *field)
{
    return strcmp(field->path, "id") == 0 || strcmp(field->path, "type") == 0;
}

/* ---- Adding ---- */

static struct hs_variant *add(struct hs_variants *variants, enum hs_variant_kind kind,
                              const char *field, const char *words)
{
    if (variants->count >= variants->most)
        return NULL;
    struct hs_variant *variant = &variants->items[variants->count++];
    variant->kind = kind;
    variant->field = field;
    variant->words = words;
    variant->headers = false;
    variant->count = 0;
    return variant;
}

static void change(struct hs_variant *variant, struct hs_sample_change one)
{
    if (variant != NULL && variant->count < HS_VARIANT_CHANGES_MAX)
        variant->changes[variant->count++] = one;
}

static struct hs_sample_change value_of(size_t row, const char *json)
{
    return (struct hs_sample_change){row, HS_SAMPLE_VALUE, hs_slice_text(json), 0};
}

static void add_value(struct hs_variants *variants, enum hs_variant_kind kind, size_t row,
                      const char *json)
{
    const char *path = variants->type->fields[row].path;
    size_t size = hs_slice_text(json).size;
    const char *shown =
        size > SHOWN_MAX ? hs_arena_printf(variants->arena, "a text of %zu bytes", size - 2) : json;
    change(
        add(variants, kind, path, hs_arena_printf(variants->arena, "with %s as `%s`", path, shown)),
        value_of(row, json));
}

/* ---- Absence ---- */

static void add_absent(struct hs_variants *variants, size_t row)
{
    const struct hs_catalogue_field *field = &variants->type->fields[row];
    const char *path = field->path;
    if (field->optional)
        change(add(variants, HS_VARIANT_ABSENT, path,
                   hs_arena_printf(variants->arena, "without %s", path)),
               (struct hs_sample_change){row, HS_SAMPLE_ABSENT, HS_SLICE_NONE, 0});
    if (field->nullable)
        change(add(variants, HS_VARIANT_ABSENT, path,
                   hs_arena_printf(variants->arena, "with %s null", path)),
               value_of(row, "null"));
}

static void add_lengths(struct hs_variants *variants, size_t row)
{
    const struct hs_catalogue_field *field = &variants->type->fields[row];
    if (field->type != HS_FIELD_ARRAY)
        return;
    change(add(variants, HS_VARIANT_ABSENT, field->path,
               hs_arena_printf(variants->arena, "with %s empty", field->path)),
           (struct hs_sample_change){row, HS_SAMPLE_ELEMENTS, HS_SLICE_NONE, 0});
    if (!hs_catalogue_row_is_open(variants->type, row))
        change(add(variants, HS_VARIANT_VALUE, field->path,
                   hs_arena_printf(variants->arena, "with %u of %s", ELEMENTS, field->path)),
               (struct hs_sample_change){row, HS_SAMPLE_ELEMENTS, HS_SLICE_NONE, ELEMENTS});
}

/* ---- Values ---- */

static const char *json_of(struct hs_arena *arena, enum hs_field_type type, struct hs_slice text)
{
    if (type == HS_FIELD_INTEGER || type == HS_FIELD_NUMBER || type == HS_FIELD_BOOLEAN)
        return hs_arena_dup(arena, text);
    struct hs_buffer json;
    hs_buffer_init(&json, 1u << 20);
    hs_json_encode_string(text, &json);
    const char *kept = hs_arena_dup(arena, hs_buffer_slice(&json));
    hs_buffer_free(&json);
    return kept;
}

static void add_choices(struct hs_variants *variants, size_t row)
{
    const struct hs_catalogue_field *field = &variants->type->fields[row];
    for (const char *at = field->sample;; at++) {
        size_t size = strcspn(at, "|");
        add_value(variants, HS_VARIANT_VALUE, row,
                  json_of(variants->arena, field->type, hs_slice(at, size)));
        at += size;
        if (*at == '\0')
            return;
    }
}

static void add_long_text(struct hs_variants *variants, size_t row)
{
    char *text = hs_arena_alloc(variants->arena, LONG_TEXT + 3);
    memset(text, 'x', LONG_TEXT + 2);
    text[0] = text[LONG_TEXT + 1] = '"';
    text[LONG_TEXT + 2] = '\0';
    add_value(variants, HS_VARIANT_UNUSUAL, row, text);
}

static void add_values(struct hs_variants *variants, size_t row)
{
    const struct hs_catalogue_field *field = &variants->type->fields[row];
    static const char *const usual[][3] = {
        [HS_FIELD_BOOLEAN] = {"true", "false"},
        [HS_FIELD_ANY] = {NULL},
    };
    static const char *const unusual[][3] = {
        [HS_FIELD_TEXT] = {"\"\"", "\"a b/c: \u00fc\""},
        [HS_FIELD_INTEGER] = {"0", "4102444800"},
        [HS_FIELD_NUMBER] = {"0", "-1.5", "123456789.125"},
        [HS_FIELD_TIME] = {"\"2024-12-01T10:00:00+01:00\""},
        [HS_FIELD_MONEY] = {"\"0\"", "\"100000000000\""},
        [HS_FIELD_ANY] = {NULL},
    };
    if (has_choices(field)) {
        add_choices(variants, row);
        return;
    }
    for (size_t i = 0; i < 3 && usual[field->type][i] != NULL; i++)
        add_value(variants, HS_VARIANT_VALUE, row, usual[field->type][i]);
    for (size_t i = 0; i < 3 && unusual[field->type][i] != NULL; i++)
        add_value(variants, HS_VARIANT_UNUSUAL, row, unusual[field->type][i]);
    if (field->type == HS_FIELD_TEXT)
        add_long_text(variants, row);
}

/* ---- Money ---- */

static bool is_of(const struct hs_catalogue_field *field, enum hs_field_type type)
{
    return field->type == type && (field->sample == NULL || field->sample[0] == '<');
}

static size_t count_of(const struct hs_event_type *type, enum hs_field_type kind)
{
    size_t count = 0;
    for (size_t i = 0; i < type->field_count; i++)
        count += type->fields[i].type == kind;
    return count;
}

/* Sets the type's currencies, and amounts in one of the table's currencies. */
static void set_money(const struct hs_event_type *type, size_t which,
                      struct hs_sample_change *changes, size_t *count)
{
    static const char *const codes[] = {"\"USD\"", "\"JPY\"", "\"KWD\"", "\"CLF\""};
    for (size_t i = 0; i < type->field_count && *count < HS_VARIANT_CHANGES_MAX; i++) {
        if (is_of(&type->fields[i], HS_FIELD_CURRENCY))
            changes[(*count)++] = value_of(i, codes[which]);
        else if (is_of(&type->fields[i], HS_FIELD_MONEY))
            changes[(*count)++] = value_of(i, currencies[which].amount);
    }
}

static void add_currencies(struct hs_variants *variants)
{
    const struct hs_event_type *type = variants->type;
    bool free = count_of(type, HS_FIELD_MONEY) > 0;
    bool any = false;
    for (size_t i = 0; i < type->field_count; i++) {
        any = any || is_of(&type->fields[i], HS_FIELD_CURRENCY);
        free = free && (type->fields[i].type != HS_FIELD_CURRENCY ||
                        is_of(&type->fields[i], HS_FIELD_CURRENCY));
    }
    for (size_t i = 1; free && any && i < HS_ARRAY_SIZE(currencies); i++) {
        struct hs_variant *variant =
            add(variants, HS_VARIANT_VALUE, NULL,
                hs_arena_printf(variants->arena, "in %s, with the amount %s", currencies[i].code,
                                currencies[i].amount));
        if (variant != NULL)
            set_money(type, i, variant->changes, &variant->count);
    }
}

/* ---- Values in conditions ---- */

static bool find_row(const struct hs_event_type *type, const char *path, size_t *ret_row)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].path, path) == 0) {
            *ret_row = i;
            return !is_fixed(&type->fields[i]);
        }
    return false;
}

/* Whether the field can have the value; only then a sample gets it. */
static bool can_be(const struct hs_catalogue_field *field, const struct hs_comparison *comparison)
{
    if (has_choices(field))
        return false; /* each of them is tried anyway */
    switch (field->type) {
    case HS_FIELD_INTEGER:
    case HS_FIELD_NUMBER:
    case HS_FIELD_MONEY:
        return comparison->decimal;
    case HS_FIELD_TEXT:
        return true;
    case HS_FIELD_ID:
    case HS_FIELD_CURRENCY:
        return comparison->kind == HS_JSON_STRING && comparison->literal.size > 0 &&
               (comparison->by == HS_IS || comparison->by == HS_IS_NOT);
    case HS_FIELD_TIME:
        return comparison->kind == HS_JSON_STRING && comparison->literal.size >= 20;
    default:
        return false;
    }
}

/* The literal, or a value of the field's type next to it. */
static const char *value_near(struct hs_arena *arena, const struct hs_catalogue_field *field,
                              const struct hs_comparison *comparison, int side)
{
    enum hs_field_type type = field->type;
    uint64_t wall_ns;
    if (type == HS_FIELD_TIME && side != 0 &&
        hs_value_time(comparison->literal, 0, &wall_ns) == 0 && wall_ns > HS_NS_PER_SECOND) {
        char text[32];
        hs_clock_format(side < 0 ? wall_ns - HS_NS_PER_SECOND : wall_ns + HS_NS_PER_SECOND, text);
        return hs_arena_printf(arena, "\"%.19sZ\"", text);
    }
    if (side == 0 || !comparison->decimal)
        return json_of(arena, type, comparison->literal);
    char *end, *text = hs_arena_dup(arena, comparison->literal);
    double value = strtod(text, &end) + side;
    const char *number = type == HS_FIELD_INTEGER ? hs_arena_printf(arena, "%.0f", value)
                                                  : hs_arena_printf(arena, "%.2f", value);
    return json_of(arena, type, hs_slice_text(number));
}

/* On which side of the literal a value makes the comparison true. */
static int side_of(enum hs_comparison_kind by)
{
    return by == HS_IS_LESS ? -1 : by == HS_IS_MORE || by == HS_IS_NOT ? 1 : 0;
}

static bool is_changed(const struct hs_variant *variant, size_t row)
{
    for (size_t i = 0; variant != NULL && i < variant->count; i++)
        if (variant->changes[i].row == row)
            return true;
    return false;
}

/* A variant that makes all comparisons of one condition true, as far as they are independent; with
 * `turned` those of a field compared twice are tried from the last one on. */
static void add_joint(struct hs_variants *variants, const struct hs_asked *asked, size_t from,
                      size_t to, bool turned)
{
    struct hs_variant *variant = add(variants, HS_VARIANT_ASKED, NULL, "with what `when` tests");
    for (size_t i = from; i < to; i++) {
        size_t row, at = turned ? to - 1 - (i - from) : i;
        const struct hs_comparison *comparison = &asked->items[at].comparison;
        if (!find_row(variants->type, comparison->path, &row) || is_changed(variant, row) ||
            !can_be(&variants->type->fields[row], comparison))
            continue;
        change(variant, value_of(row, value_near(variants->arena, &variants->type->fields[row],
                                                 comparison, side_of(comparison->by))));
    }
    if (variant != NULL && variant->count == 0)
        variants->count--;
}

static void add_asked(struct hs_variants *variants, const struct hs_asked *asked)
{
    for (size_t i = 0, end; i < asked->count; i = end) {
        for (end = i + 1;
             end < asked->count && asked->items[end].condition == asked->items[i].condition;)
            end++;
        add_joint(variants, asked, i, end, false);
        if (end - i > 1)
            add_joint(variants, asked, i, end, true);
    }
    for (size_t i = 0; i < asked->count; i++) {
        size_t row;
        const struct hs_comparison *comparison = &asked->items[i].comparison;
        if (!find_row(variants->type, comparison->path, &row) ||
            !can_be(&variants->type->fields[row], comparison))
            continue;
        bool ordered = comparison->decimal || variants->type->fields[row].type == HS_FIELD_TIME;
        for (int side = -1; side <= 1; side++)
            if (side == 0 || ordered)
                add_value(
                    variants, HS_VARIANT_ASKED, row,
                    value_near(variants->arena, &variants->type->fields[row], comparison, side));
    }
}

/* ---- The whole ---- */

static bool can_be_bare(const struct hs_event_type *type)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].optional || type->fields[i].nullable)
            return true;
    return false;
}

void hs_variants_make(struct hs_variants *variants, const struct hs_event_type *type,
                      const struct hs_asked *asked, size_t most)
{
    variants->type = type;
    variants->count = 0;
    variants->most = most < HS_VARIANTS_MAX ? most : HS_VARIANTS_MAX;
    variants->base_count = 0;
    set_money(type, 0, variants->base, &variants->base_count);
    (void)add(variants, HS_VARIANT_FULL, NULL, "with every field");
    if (can_be_bare(type))
        (void)add(variants, HS_VARIANT_BARE, NULL, "with no field that can be missing");
    for (size_t i = 0; i < type->field_count; i++)
        if (!is_fixed(&type->fields[i]))
            add_absent(variants, i);
    struct hs_variant *headers =
        add(variants, HS_VARIANT_ASKED, NULL, "with the headers of a retry");
    if (headers != NULL)
        headers->headers = true;
    for (size_t i = 0; i < type->field_count; i++)
        add_lengths(variants, i);
    add_currencies(variants);
    add_asked(variants, asked);
    for (size_t i = 0; i < type->field_count; i++)
        if (!is_fixed(&type->fields[i]))
            add_values(variants, i);
}
