/* Rows: walks a type's fields as the tree formed by their paths. */
#ifndef HOOKSTREAM_CATALOGUE_ROWS_H
#define HOOKSTREAM_CATALOGUE_ROWS_H

#include <hookstream/catalogue.h>

/* The next row after `at` and everything inside it. */
size_t hs_catalogue_row_after(const struct hs_event_type *type, size_t at);

#endif
