/* Exact: converts decimal numbers to integers digit by digit, without floating point. */
#ifndef HS_TRANSFORM_EXACT_H
#define HS_TRANSFORM_EXACT_H

#include <hookstream/buffer.h>

/* The most digits of an integer that a number with an exponent is expanded to. */
#define HS_EXACT_DIGITS_MAX 64u

/* Whether the text is exactly a JSON number, without white space. */
bool hs_exact_is_number(struct hs_slice text);
/* Whether the text is such a number without an exponent, as amounts are written: 149.99, -3. */
bool hs_exact_is_plain(struct hs_slice text);
/* The number's decimal places: 2 for 1.50, 3 for 1e-3, -2 for 1e2. */
int64_t hs_exact_fraction_digits(struct hs_slice number);
/* Appends the JSON number `number` times ten to the power of `shift` as an integer, without leading
 * zeros and without the sign of -0. Appends nothing on failure. -EDOM: it is not an integer;
 * -ERANGE: it has more than HS_EXACT_DIGITS_MAX digits. Sets no message. */
HS_MUST_CHECK int hs_exact_integer(struct hs_slice number, unsigned shift,
                                   struct hs_buffer *ret_digits);

#endif
