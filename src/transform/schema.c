/* Schema: what `transform:`, `transformations:` and `when` accept, for the configuration's
 * schema. */
#include "manual.h"
#include "operation.h"

#define SCALAR "{\"type\":[\"string\",\"number\",\"boolean\"]}"
#define OR_NULL "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}"

static void put_form(const struct hs_operation_kind *kind, struct hs_buffer *json)
{
    switch (kind->form) {
    case HS_FORM_TABLE:
        break;
    case HS_FORM_FIELDS:
        hs_buffer_append_text(json,
                              SCALAR ",{\"type\":\"array\",\"minItems\":1,\"items\":" SCALAR "}");
        break;
    case HS_FORM_TEXT:
        hs_buffer_append_text(json, SCALAR);
        break;
    case HS_FORM_PAIRS:
        hs_buffer_append_text(json, "{\"type\":\"object\",\"minProperties\":1,"
                                    "\"additionalProperties\":" OR_NULL "}");
        break;
    }
    if (kind->table == NULL)
        return;
    hs_buffer_append_text(json, kind->form == HS_FORM_TABLE ? "" : ",");
    hs_config_schema(kind->table, json);
}

void hs_operation_schema(const struct hs_operation_kind *kind, struct hs_buffer *json)
{
    hs_schema_text(json, kind->name);
    hs_buffer_append_text(json, ":{\"description\":");
    hs_schema_text(json, kind->help);
    if (kind->form != HS_FORM_TABLE || kind->table != NULL) {
        hs_buffer_append_text(json, ",\"anyOf\":[");
        put_form(kind, json);
        hs_buffer_append_byte(json, ']');
    }
    hs_buffer_append_byte(json, '}');
}
