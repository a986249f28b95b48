/* Number: see number.h. Uses no floating point: 20-digit integers and 1e400 compare exactly.
 *
 * A token is read as sign, digits and a power of ten, 0.d1d2d3... * 10^power with d1 not 0; without
 * trailing zeros, so that sign, power and digits decide in this order. */
#include "number.h"

/* Larger exponents are reduced to this: 1e999999999999999999 and above are equal, which does not
 * matter in practice. */
#define EXPONENT_MAX INT64_C(1000000000000000000)

struct decimal {
    bool negative, zero;
    int64_t power;
    struct hs_slice whole, fraction; /* digits before and after the point */
    size_t first, count;             /* of both together, without leading and trailing zeros */
};

static char digit(const struct decimal *decimal, size_t index)
{
    size_t whole = decimal->whole.size;
    return index < whole ? decimal->whole.data[index] : decimal->fraction.data[index - whole];
}

static struct hs_slice take_digits(struct hs_slice token, size_t *at)
{
    size_t start = *at;
    while (*at < token.size && token.data[*at] >= '0' && token.data[*at] <= '9')
        (*at)++;
    return hs_slice(token.data + start, *at - start);
}

static int64_t exponent(struct hs_slice token, size_t at)
{
    if (at >= token.size)
        return 0;
    at++; /* e or E */
    bool negative = at < token.size && token.data[at] == '-';
    if (at < token.size && (token.data[at] == '-' || token.data[at] == '+'))
        at++;
    int64_t value = 0;
    for (; at < token.size; at++)
        value = value < EXPONENT_MAX / 10 ? value * 10 + (token.data[at] - '0') : EXPONENT_MAX;
    return negative ? -value : value;
}

static struct decimal read_decimal(struct hs_slice token)
{
    struct decimal decimal = {0};
    size_t at = 0;
    if (token.size != 0 && token.data[0] == '-') {
        decimal.negative = true;
        at++;
    }
    decimal.whole = take_digits(token, &at);
    if (at < token.size && token.data[at] == '.') {
        at++;
        decimal.fraction = take_digits(token, &at);
    }
    size_t end = decimal.whole.size + decimal.fraction.size;
    while (decimal.first < end && digit(&decimal, decimal.first) == '0')
        decimal.first++;
    while (end > decimal.first && digit(&decimal, end - 1) == '0')
        end--;
    decimal.count = end - decimal.first;
    decimal.zero = decimal.count == 0;
    decimal.power = (int64_t)decimal.whole.size - (int64_t)decimal.first + exponent(token, at);
    return decimal;
}

static int sign_of(const struct decimal *decimal)
{
    if (decimal->zero)
        return 0;
    return decimal->negative ? -1 : 1;
}

/* Compares two nonzero numbers, ignoring their signs. */
static int compare_sizes(const struct decimal *x, const struct decimal *y)
{
    if (x->power != y->power)
        return x->power < y->power ? -1 : 1;
    for (size_t i = 0; i < x->count && i < y->count; i++) {
        char a = digit(x, x->first + i), b = digit(y, y->first + i);
        if (a != b)
            return a < b ? -1 : 1;
    }
    return (x->count > y->count) - (x->count < y->count); /* the last digit is not 0 */
}

int hs_number_compare(struct hs_slice a, struct hs_slice b)
{
    struct decimal x = read_decimal(a), y = read_decimal(b);
    int sign = sign_of(&x), other = sign_of(&y);
    if (sign != other)
        return sign < other ? -1 : 1;
    return sign == 0 ? 0 : sign * compare_sizes(&x, &y);
}

bool hs_number_equal(struct hs_slice a, struct hs_slice b)
{
    return hs_slice_equal(a, b) || hs_number_compare(a, b) == 0;
}
