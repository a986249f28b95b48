/* Exact: decimal numbers made integers digit by digit; no floating point. */
#ifndef HS_TRANSFORM_EXACT_H
#define HS_TRANSFORM_EXACT_H

#include <hookstream/buffer.h>

/* Digits of an integer that a number with an exponent is written out to. */
#define HS_EXACT_DIGITS_MAX 64u

/* Whether the text is a JSON number and nothing else, not even white space. */
bool hs_exact_is_number(struct hs_slice text);
/* Whether the text is such a number without an exponent, as money is written: 149.99, -3. */
bool hs_exact_is_plain(struct hs_slice text);
/* How many digits of the number stand after its point: 2 of 1.50, 3 of 1e-3, -2 of 1e2. */
int64_t hs_exact_fraction_digits(struct hs_slice number);
/* Appends the JSON number `number` times ten to the power of `shift` as an integer, without
 * leading zeros and without the sign of -0. Nothing is appended on failure. -EDOM: it is no
 * integer; -ERANGE: it has more than HS_EXACT_DIGITS_MAX digits. No words. */
HS_MUST_CHECK int hs_exact_integer(struct hs_slice number, unsigned shift,
                                   struct hs_buffer *ret_digits);

#endif
