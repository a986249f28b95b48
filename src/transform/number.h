/* Number: compares JSON numbers by their exact decimal value, digit by digit. */
#ifndef HS_TRANSFORM_NUMBER_H
#define HS_TRANSFORM_NUMBER_H

#include <hookstream/base.h>

/* Whether two JSON number tokens are equal: 1.0 and 1, 1e2 and 100, -0 and 0. */
bool hs_number_equal(struct hs_slice a, struct hs_slice b);

/* < 0: `a` is smaller; > 0: larger; 0: equal. */
int hs_number_compare(struct hs_slice a, struct hs_slice b);

#endif
