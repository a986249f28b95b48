/* Currency: how many decimal places the amounts of a currency have (ISO 4217). */
#ifndef HS_TRANSFORM_CURRENCY_H
#define HS_TRANSFORM_CURRENCY_H

#include <hookstream/base.h>

/* The exponent of an active currency: 2 for USD, 0 for JPY, 3 for KWD. `code` is its three capital
 * letters. -EINVAL and a message if ISO 4217 has no such code, or no minor unit for it (XAU and the
 * like). */
HS_MUST_CHECK int hs_currency_exponent(struct hs_slice code, unsigned *ret_exponent);

#endif
