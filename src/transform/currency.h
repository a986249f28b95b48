/* Currency: how many digits of a currency's amounts stand after the point (ISO 4217). */
#ifndef HS_TRANSFORM_CURRENCY_H
#define HS_TRANSFORM_CURRENCY_H

#include <hookstream/base.h>

/* The exponent of an active currency: 2 for USD, 0 for JPY, 3 for KWD. `code` is its three
 * capital letters. -EINVAL and words: ISO 4217 has no such code, or gives it no minor unit
 * (XAU and the like). */
HS_MUST_CHECK int hs_currency_exponent(struct hs_slice code, unsigned *ret_exponent);

#endif
