/* Exact: see exact.h. */
#include "exact.h"

#include <hookstream/json.h>

/* Larger exponents are reduced to this: no number of that size is written out. */
#define EXPONENT_MAX INT64_C(1000000000)

/* A number as written: its digits are `whole` and then `fraction`. */
struct parts {
    bool negative;
    struct hs_slice whole, fraction;
    int64_t exponent;
};

bool hs_exact_is_number(struct hs_slice text)
{
    enum hs_json_kind kind;
    size_t offset;
    struct hs_slice trimmed = hs_slice_trim(text);
    if (text.size == 0 || trimmed.size != text.size || text.data[text.size - 1] < '0' ||
        text.data[text.size - 1] > '9' || (text.data[0] != '-' && text.data[0] < '0'))
        return false;
    return hs_json_scan(text, NULL, 0, &kind, &offset) == 0 && kind == HS_JSON_NUMBER;
}

bool hs_exact_is_plain(struct hs_slice text)
{
    return hs_exact_is_number(text) && memchr(text.data, 'e', text.size) == NULL &&
           memchr(text.data, 'E', text.size) == NULL;
}

static struct hs_slice take_digits(struct hs_slice number, size_t *at)
{
    size_t start = *at;
    while (*at < number.size && number.data[*at] >= '0' && number.data[*at] <= '9')
        (*at)++;
    return hs_slice(number.data + start, *at - start);
}

static int64_t read_exponent(struct hs_slice number, size_t at)
{
    if (at >= number.size)
        return 0;
    at++; /* e or E */
    bool negative = at < number.size && number.data[at] == '-';
    if (at < number.size && (number.data[at] == '-' || number.data[at] == '+'))
        at++;
    int64_t value = 0;
    for (; at < number.size && value < EXPONENT_MAX; at++)
        value = value * 10 + (number.data[at] - '0');
    return negative ? -value : value;
}

static struct parts read_parts(struct hs_slice number)
{
    struct parts parts = {.negative = number.size > 0 && number.data[0] == '-'};
    size_t at = parts.negative ? 1 : 0;
    parts.whole = take_digits(number, &at);
    if (at < number.size && number.data[at] == '.') {
        at++;
        parts.fraction = take_digits(number, &at);
    }
    parts.exponent = read_exponent(number, at);
    return parts;
}

int64_t hs_exact_fraction_digits(struct hs_slice number)
{
    struct parts parts = read_parts(number);
    return (int64_t)parts.fraction.size - parts.exponent;
}

static char digit(const struct parts *parts, size_t index)
{
    size_t whole = parts->whole.size;
    return index < whole ? parts->whole.data[index] : parts->fraction.data[index - whole];
}

int hs_exact_integer(struct hs_slice number, unsigned shift, struct hs_buffer *ret_digits)
{
    struct parts parts = read_parts(number);
    size_t first = 0, end = parts.whole.size + parts.fraction.size;
    int64_t zeros = parts.exponent + (int64_t)shift - (int64_t)parts.fraction.size;
    while (first < end && digit(&parts, first) == '0')
        first++;
    for (; end > first && digit(&parts, end - 1) == '0'; end--)
        zeros++;
    if (first == end) {
        hs_buffer_append_byte(ret_digits, '0');
        return 0;
    }
    if (zeros < 0)
        return -EDOM;
    if (zeros > HS_EXACT_DIGITS_MAX || end - first + (size_t)zeros > HS_EXACT_DIGITS_MAX)
        return -ERANGE;
    if (parts.negative)
        hs_buffer_append_byte(ret_digits, '-');
    for (; first < end; first++)
        hs_buffer_append_byte(ret_digits, digit(&parts, first));
    for (; zeros > 0; zeros--)
        hs_buffer_append_byte(ret_digits, '0');
    return 0;
}
