/* Number: JSON numbers compared by their exact decimal value, digit by digit. */
#ifndef HS_TRANSFORM_NUMBER_H
#define HS_TRANSFORM_NUMBER_H

#include <hookstream/base.h>

/* Whether two JSON number tokens mean the same number: 1.0 and 1, 1e2 and 100, -0 and 0. */
bool hs_number_equal(struct hs_slice a, struct hs_slice b);

/* < 0: `a` is the smaller; > 0: the larger; 0: they are the same. */
int hs_number_compare(struct hs_slice a, struct hs_slice b);

#endif
