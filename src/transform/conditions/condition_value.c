/* Condition, values: compares a field's value with one of the condition.
 *
 * In this order: two numbers compare by their exact value, whether they are numbers or texts (money
 * is text: "149.99"); two texts that are RFC 3339 times compare as points in time; two texts are
 * the same when their bytes are; true, false and null are the same as themselves. All other pairs
 * are neither equal nor ordered. A text with an exponent, a plus sign, a leading zero or a space is
 * not a number: ids such as "12e4" and "007" are texts. */
#include "condition.h"

#include "operations/exact.h"
#include "number.h"

#include <stdlib.h>

void hs_condition_value_set(struct hs_condition_value *value, enum hs_json_kind kind,
                            struct hs_slice text)
{
    *value = (struct hs_condition_value){.kind = kind, .size = text.size};
    value->text = hs_slice_dup(hs_slice(text.size ? text.data : "", text.size));
    struct hs_slice kept = hs_slice(value->text, value->size);
    value->decimal = kind == HS_JSON_NUMBER || (kind == HS_JSON_STRING && hs_exact_is_plain(kept));
    value->time = kind == HS_JSON_STRING && hs_instant_parse(kept, &value->instant) == 0;
}

void hs_condition_value_free(struct hs_condition_value *value)
{
    free(value->text);
}

static enum hs_standing standing(int order)
{
    if (order == 0)
        return HS_SAME;
    return order < 0 ? HS_LESS : HS_MORE;
}

/* Compares the digits of two fractions, as if padded with zeros. */
static int compare_fractions(struct hs_slice a, struct hs_slice b)
{
    for (size_t i = 0; i < a.size || i < b.size; i++) {
        char x = i < a.size ? a.data[i] : '0', y = i < b.size ? b.data[i] : '0';
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static int compare_instants(const struct hs_instant *a, const struct hs_instant *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return compare_fractions(a->fraction, b->fraction);
}

bool hs_condition_read_text(const struct hs_field_value *value, struct hs_buffer *scratch,
                            struct hs_slice *ret_text)
{
    if (!value->there || value->kind >= HS_JSON_ARRAY)
        return false;
    bool escaped = value->quoted && memchr(value->text.data, '\\', value->text.size) != NULL;
    if (!value->quoted)
        *ret_text = value->text;
    else if (!escaped)
        *ret_text = hs_slice(value->text.data + 1, value->text.size - 2);
    if (!escaped)
        return ret_text->size <= HS_REGEXP_TEXT_MAX;
    hs_buffer_clear(scratch);
    hs_field_append(value, scratch);
    *ret_text = hs_buffer_slice(scratch);
    return hs_buffer_status(scratch) == 0;
}

static enum hs_standing compare_texts(struct hs_slice text, const struct hs_condition_value *with)
{
    struct hs_instant instant;
    if (hs_slice_equal(text, hs_slice(with->text, with->size)))
        return HS_SAME;
    if (with->time && hs_instant_parse(text, &instant) == 0)
        return standing(compare_instants(&instant, &with->instant));
    return HS_APART;
}

enum hs_standing hs_condition_compare(const struct hs_field_value *value,
                                      const struct hs_condition_value *with,
                                      struct hs_buffer *scratch)
{
    struct hs_slice text;
    if (value->null || with->kind == HS_JSON_NULL)
        return value->null && with->kind == HS_JSON_NULL ? HS_SAME : HS_APART;
    if (!hs_condition_read_text(value, scratch, &text))
        return HS_APART;
    bool number = value->kind == HS_JSON_NUMBER;
    if (with->decimal && (number || (value->kind == HS_JSON_STRING && hs_exact_is_plain(text))))
        return standing(hs_number_compare(text, hs_slice(with->text, with->size)));
    if (value->kind != with->kind)
        return HS_APART;
    return value->kind == HS_JSON_STRING ? compare_texts(text, with) : HS_SAME;
}
