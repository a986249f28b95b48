/* Manual: the parts of the module's page written by the files that own the tables. */
#ifndef HS_TRANSFORM_MANUAL_H
#define HS_TRANSFORM_MANUAL_H

#include <hookstream/buffer.h>

/* Appends the rows of the names that templates and conditions know. */
void hs_field_manual(struct hs_buffer *ret_page);

struct hs_operation_kind;
struct json_object;
/* Adds the operation's member of an item: its name and the allowed values. */
void hs_operation_schema(const struct hs_operation_kind *kind, struct json_object *properties);

#endif
