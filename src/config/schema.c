/* Schema: the tables of options as JSON Schema, for editors. It describes a mapping's keys and a
 * value's form; checks that need the whole file (names of sinks, ranges of sizes) are up to
 * `check`. Draft 7 is the newest that the YAML language server supports completely. */
#include "internal.h"

/* A variable reference in place of a value: it is expanded before the value is read. */
#define EXPANDED "\\\\$\\\\{"

void hs_schema_text(struct hs_buffer *json, const char *text)
{
    hs_buffer_append_byte(json, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20) {
            hs_buffer_printf(json, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            hs_buffer_append_byte(json, '\\');
        hs_buffer_append_byte(json, *text);
    }
    hs_buffer_append_byte(json, '"');
}

static void put_name(struct hs_buffer *json, const char *name)
{
    hs_schema_text(json, name);
    hs_buffer_append_byte(json, ':');
}

/* A literal number, within its range, or a text to be expanded. */
static void put_count(const struct hs_option *option, struct hs_buffer *json)
{
    hs_buffer_append_text(json, "\"anyOf\":[{\"type\":\"integer\",\"minimum\":");
    hs_buffer_printf(json, "%llu", (unsigned long long)option->least);
    if (option->most > 0)
        hs_buffer_printf(json, ",\"maximum\":%llu", (unsigned long long)option->most);
    hs_buffer_append_text(json, "},{\"type\":\"string\",\"pattern\":\"^[0-9]+$|" EXPANDED "\"}");
    if (option->auto_ok)
        hs_buffer_append_text(json, ",{\"const\":\"auto\"}");
    hs_buffer_append_byte(json, ']');
}

static void put_choice(const struct hs_option *option, struct hs_buffer *json)
{
    hs_buffer_append_text(json, "\"anyOf\":[{\"enum\":[");
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        hs_buffer_append_text(json, i > 0 ? "," : "");
        hs_schema_text(json, option->choices[i]);
    }
    hs_buffer_append_text(json, "]},{\"type\":\"string\",\"pattern\":\"" EXPANDED "\"}]");
}

static void put_child(const struct hs_option *option, struct hs_buffer *json)
{
    if (option->kind == HS_OPTION_MAP)
        hs_buffer_append_text(json, "\"type\":\"object\",\"additionalProperties\":");
    else if (option->kind == HS_OPTION_LIST)
        hs_buffer_append_text(json, "\"type\":\"array\",\"items\":");
    else
        hs_buffer_append_text(json, "\"allOf\":[");
    hs_config_schema(option->child, json);
    if (option->kind == HS_OPTION_TABLE)
        hs_buffer_append_byte(json, ']');
}

#define SCALAR "{\"type\":[\"string\",\"number\",\"boolean\"]}"

static void put_type(const struct hs_option *option, struct hs_buffer *json)
{
    switch (option->kind) {
    case HS_OPTION_STRING:
    case HS_OPTION_SECRET:
        hs_buffer_append_text(json, "\"type\":[\"string\",\"number\",\"boolean\"]");
        return;
    case HS_OPTION_BOOL:
        hs_buffer_append_text(json, "\"anyOf\":[{\"type\":\"boolean\"},{\"type\":\"string\","
                                    "\"pattern\":\"^(true|false)$|" EXPANDED "\"}]");
        return;
    case HS_OPTION_COUNT:
        put_count(option, json);
        return;
    case HS_OPTION_SIZE:
        hs_buffer_append_text(json, "\"type\":[\"integer\",\"string\"],\"minimum\":0,\"pattern\":"
                                    "\"^[0-9]+([KMGT]i?B|B)?$|" EXPANDED "\"");
        return;
    case HS_OPTION_DURATION:
        hs_buffer_append_text(json, "\"type\":[\"integer\",\"string\"],\"maximum\":0,\"minimum\":0,"
                                    "\"pattern\":\"^([0-9]+([dhms]|ms|us|ns)|0)$|" EXPANDED "\"");
        return;
    case HS_OPTION_CHOICE:
        put_choice(option, json);
        return;
    case HS_OPTION_ADDRESS:
        hs_buffer_append_text(json,
                              "\"type\":\"string\",\"pattern\":\":[0-9]{1,5}$|" EXPANDED "\"");
        return;
    case HS_OPTION_STRINGS:
    case HS_OPTION_SECRETS:
        hs_buffer_append_text(json,
                              "\"anyOf\":[" SCALAR ",{\"type\":\"array\",\"items\":" SCALAR "}]");
        return;
    case HS_OPTION_PAIRS:
        hs_buffer_append_text(json, "\"type\":\"object\",\"additionalProperties\":" SCALAR);
        return;
    case HS_OPTION_TABLE:
    case HS_OPTION_MAP:
    case HS_OPTION_LIST:
        put_child(option, json);
        return;
    case HS_OPTION_NODE:
        if (option->form != NULL)
            hs_buffer_printf(json, "\"allOf\":[{\"$ref\":\"#/definitions/%s\"}]", option->form);
        else
            hs_buffer_append_text(json, "\"not\":{\"type\":\"null\"}");
        return;
    }
}

/* An option that may be omitted may also be empty: `admin:` alone. */
static void put_option(const struct hs_option *option, struct hs_buffer *json)
{
    put_name(json, option->name);
    hs_buffer_append_text(json, "{\"description\":");
    hs_schema_text(json, option->help);
    if (option->fallback != NULL) {
        hs_buffer_append_text(json, ",\"default\":");
        bool bare = option->kind == HS_OPTION_BOOL ||
                    (option->kind == HS_OPTION_COUNT && strcmp(option->fallback, "auto") != 0);
        if (bare)
            hs_buffer_append_text(json, option->fallback);
        else
            hs_schema_text(json, option->fallback);
    }
    hs_buffer_append_text(json, option->required ? "," : ",\"anyOf\":[{");
    put_type(option, json);
    hs_buffer_append_text(json, option->required ? "}" : "},{\"type\":\"null\"}]}");
}

static void put_members(const struct hs_options *options, bool *first, struct hs_buffer *json)
{
    for (size_t i = 0; i < options->option_count; i++) {
        hs_buffer_append_text(json, *first ? "\n" : ",\n");
        *first = false;
        put_option(&options->options[i], json);
    }
}

static void put_required(const struct hs_options *options, bool *first, struct hs_buffer *json)
{
    for (size_t i = 0; i < options->option_count; i++) {
        if (!options->options[i].required)
            continue;
        hs_buffer_append_text(json, *first ? "" : ",");
        *first = false;
        hs_schema_text(json, options->options[i].name);
    }
}

/* One mapping: of the table and, for a variant, of the kind. */
static void put_mapping(const struct hs_options *options, const struct hs_options *kind,
                        struct hs_buffer *json)
{
    bool first = true;
    hs_buffer_append_text(json, "{\"type\":\"object\",\"additionalProperties\":false,"
                                "\"properties\":{");
    if (kind != NULL) {
        put_name(json, options->tag);
        hs_buffer_append_text(json, "{\"anyOf\":[{\"const\":");
        hs_schema_text(json, kind->name);
        hs_buffer_append_text(json, "},{\"type\":\"string\",\"pattern\":\"" EXPANDED "\"}]}");
        first = false;
    }
    put_members(options, &first, json);
    if (kind != NULL)
        put_members(kind, &first, json);
    hs_buffer_append_text(json, "},\"required\":[");
    first = kind == NULL;
    if (kind != NULL)
        hs_schema_text(json, options->tag);
    put_required(options, &first, json);
    if (kind != NULL)
        put_required(kind, &first, json);
    hs_buffer_append_text(json, "]}");
}

void hs_config_schema(const struct hs_options *options, struct hs_buffer *ret_json)
{
    if (options->tag == NULL) {
        put_mapping(options, NULL, ret_json);
        return;
    }
    hs_buffer_append_text(ret_json, "{\"anyOf\":[");
    for (size_t i = 0; options->kinds[i] != NULL; i++) {
        hs_buffer_append_text(ret_json, i > 0 ? ",\n" : "");
        put_mapping(options, options->kinds[i], ret_json);
    }
    hs_buffer_append_text(ret_json, "]}");
}
