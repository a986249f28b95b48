/* Rows: walking over a type's fields as the tree that their paths make. */
#ifndef HOOKSTREAM_CATALOGUE_ROWS_H
#define HOOKSTREAM_CATALOGUE_ROWS_H

#include <hookstream/catalogue.h>

/* The row after `at` and all that is inside of it. */
size_t hs_catalogue_row_after(const struct hs_event_type *type, size_t at);

#endif
