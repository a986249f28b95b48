/* Schema: what `transform:`, `transformations:` and `when` accept, for the configuration's
 * schema. */
#include "manual.h"
#include "operation.h"

#include <hookstream/doc.h>

#define SCALAR "{\"type\":[\"string\",\"number\",\"boolean\"]}"
#define OR_NULL "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}"

static void add_forms(const struct hs_operation_kind *kind, struct json_object *forms)
{
    switch (kind->form) {
    case HS_FORM_TABLE:
        break;
    case HS_FORM_FIELDS:
        hs_doc_add(forms, hs_doc_literal(SCALAR));
        hs_doc_add(forms,
                   hs_doc_literal("{\"type\":\"array\",\"minItems\":1,\"items\":" SCALAR "}"));
        break;
    case HS_FORM_TEXT:
        hs_doc_add(forms, hs_doc_literal(SCALAR));
        break;
    case HS_FORM_PAIRS:
        hs_doc_add(forms, hs_doc_literal("{\"type\":\"object\",\"minProperties\":1,"
                                         "\"additionalProperties\":" OR_NULL "}"));
        break;
    }
    if (kind->table != NULL)
        hs_doc_add(forms, hs_config_schema(kind->table));
}

void hs_operation_schema(const struct hs_operation_kind *kind, struct json_object *properties)
{
    struct json_object *schema = hs_doc_object(), *forms;
    hs_doc_put_text(schema, "description", kind->help);
    if (kind->form != HS_FORM_TABLE || kind->table != NULL) {
        forms = hs_doc_array();
        add_forms(kind, forms);
        hs_doc_put(schema, "anyOf", forms);
    }
    hs_doc_put(properties, kind->name, schema);
}
