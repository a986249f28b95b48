/* Write: a type as JSON Schema, and the provider's types as a page. */
#include "rows.h"

#include <hookstream/json.h>

static void put_row(const struct hs_event_type *type, size_t at, struct hs_buffer *json);

/* "properties" and "required" of the rows from `at` to `end`. */
static void put_members(const struct hs_event_type *type, size_t begin, size_t end, size_t skip,
                        struct hs_buffer *json)
{
    hs_buffer_append_text(json, ",\"properties\":{");
    for (size_t at = begin; at < end; at = hs_catalogue_row_after(type, at)) {
        if (at > begin)
            hs_buffer_append_byte(json, ',');
        hs_json_encode_string(hs_slice_text(type->fields[at].path + skip), json);
        hs_buffer_append_byte(json, ':');
        put_row(type, at, json);
    }
    hs_buffer_append_text(json, "},\"required\":[");
    bool first = true;
    for (size_t at = begin; at < end; at = hs_catalogue_row_after(type, at)) {
        if (type->fields[at].optional)
            continue;
        if (!first)
            hs_buffer_append_byte(json, ',');
        first = false;
        hs_json_encode_string(hs_slice_text(type->fields[at].path + skip), json);
    }
    hs_buffer_append_byte(json, ']');
}

static void put_type(const struct hs_catalogue_field *field, struct hs_buffer *json)
{
    static const char *const names[] = {
        [HS_FIELD_TEXT] = "string",     [HS_FIELD_INTEGER] = "integer",
        [HS_FIELD_NUMBER] = "number",   [HS_FIELD_BOOLEAN] = "boolean",
        [HS_FIELD_TIME] = "string",     [HS_FIELD_MONEY] = "string",
        [HS_FIELD_CURRENCY] = "string", [HS_FIELD_ID] = "string",
        [HS_FIELD_OBJECT] = "object",   [HS_FIELD_ARRAY] = "array",
        [HS_FIELD_ANY] = NULL,
    };
    const char *name = names[field->type];
    if (name == NULL)
        return;
    hs_buffer_printf(json, field->nullable ? ",\"type\":[\"%s\",\"null\"]" : ",\"type\":\"%s\"",
                     name);
    if (field->type == HS_FIELD_TIME)
        hs_buffer_append_text(json, ",\"format\":\"date-time\"");
    if (field->type == HS_FIELD_MONEY)
        hs_buffer_append_text(json, ",\"pattern\":\"^-?[0-9]+(\\\\.[0-9]+)?$\"");
    if (field->type == HS_FIELD_CURRENCY)
        hs_buffer_append_text(json, ",\"pattern\":\"^[A-Z]{3}$\"");
}

static void put_row(const struct hs_event_type *type, size_t at, struct hs_buffer *json)
{
    const struct hs_catalogue_field *field = &type->fields[at];
    hs_buffer_append_text(json, "{\"description\":");
    hs_json_encode_string(hs_slice_text(field->help), json);
    put_type(field, json);
    if (field->deprecated)
        hs_buffer_append_text(json, ",\"deprecated\":true");
    size_t end = hs_catalogue_row_after(type, at);
    if (field->type == HS_FIELD_OBJECT)
        put_members(type, at + 1, end, hs_slice_text(field->path).size + 1, json);
    if (field->type == HS_FIELD_ARRAY && at + 1 < end) {
        hs_buffer_append_text(json, ",\"items\":");
        put_row(type, at + 1, json);
    }
    hs_buffer_append_byte(json, '}');
}

void hs_catalogue_schema(const struct hs_event_type *type, struct hs_buffer *ret_json)
{
    hs_buffer_append_text(
        ret_json, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":");
    hs_json_encode_string(hs_slice_text(type->name), ret_json);
    hs_buffer_append_text(ret_json, ",\"type\":\"object\"");
    put_members(type, 0, type->field_count, 0, ret_json);
    hs_buffer_append_text(ret_json, "}\n");
}

static void put_notes(const struct hs_catalogue_field *field, struct hs_buffer *page)
{
    const struct {
        bool set;
        const char *word;
    } notes[] = {{field->optional, "optional"},
                 {field->nullable, "may be null"},
                 {field->personal, "personal"},
                 {field->credential, "credential"},
                 {field->deprecated, "deprecated"}};
    bool first = true;
    for (size_t i = 0; i < HS_ARRAY_SIZE(notes); i++) {
        if (!notes[i].set)
            continue;
        hs_buffer_printf(page, "%s%s", first ? "" : ", ", notes[i].word);
        first = false;
    }
}

void hs_catalogue_manual(struct hs_buffer *ret_page)
{
    const struct hs_catalogue *fanfare = hs_catalogue_fanfare();
    hs_buffer_append_text(ret_page,
                          "# Events\n\nThe event types that hookstream knows, made by `hookstream "
                          "manual events`. Events of other types pass, too.\n");
    for (size_t i = 0; i < fanfare->count; i++) {
        const struct hs_event_type *type = &fanfare->types[i];
        hs_buffer_printf(ret_page,
                         "\n## %s\n\n%s.\n\n| Field | Type | Notes | What it is |\n"
                         "|---|---|---|---|\n",
                         type->name, type->help);
        for (size_t k = 0; k < type->field_count; k++) {
            const struct hs_catalogue_field *field = &type->fields[k];
            hs_buffer_printf(ret_page, "| `%s` | %s | ", field->path,
                             hs_field_type_name(field->type));
            put_notes(field, ret_page);
            hs_buffer_printf(ret_page, " | %s |\n", field->help);
        }
    }
}
