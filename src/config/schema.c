/* Schema: the tables of options as JSON Schema, for editors. It describes a mapping's keys and a
 * value's form; checks that need the whole file (names of sinks, ranges of sizes) are up to
 * `check`. Draft 7 is the newest that the YAML language server supports completely. */
#include "internal.h"

#include <hookstream/doc.h>
#include <stdio.h>

/* A variable reference in place of a value: it is expanded before the value is read. */
#define EXPANDED "\\$\\{"
#define EXPANDED_JSON "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}"
#define SCALAR_TYPES "[\"string\",\"number\",\"boolean\"]"
#define SCALAR "{\"type\":" SCALAR_TYPES "}"

static struct json_object *object_with(const char *name, struct json_object *value)
{
    struct json_object *object = hs_doc_object();
    hs_doc_put(object, name, value);
    return object;
}

/* A literal number, within its range, or a text to be expanded. */
static void put_count(const struct hs_option *option, struct json_object *schema)
{
    struct json_object *forms = hs_doc_array(), *number = hs_doc_object(), *text = hs_doc_object();
    hs_doc_put_text(number, "type", "integer");
    hs_doc_put_u64(number, "minimum", option->least);
    if (option->most > 0)
        hs_doc_put_u64(number, "maximum", option->most);
    hs_doc_add(forms, number);
    hs_doc_put_text(text, "type", "string");
    hs_doc_put_text(text, "pattern", "^[0-9]+$|" EXPANDED);
    hs_doc_add(forms, text);
    if (option->auto_ok)
        hs_doc_add(forms, hs_doc_literal("{\"const\":\"auto\"}"));
    hs_doc_put(schema, "anyOf", forms);
}

static void put_choice(const struct hs_option *option, struct json_object *schema)
{
    struct json_object *forms = hs_doc_array(), *choices = hs_doc_array();
    for (size_t i = 0; option->choices[i] != NULL; i++)
        hs_doc_add(choices, hs_doc_text(hs_slice_text(option->choices[i])));
    hs_doc_add(forms, object_with("enum", choices));
    hs_doc_add(forms, hs_doc_literal(EXPANDED_JSON));
    hs_doc_put(schema, "anyOf", forms);
}

static void put_child(const struct hs_option *option, struct json_object *schema)
{
    struct json_object *child = hs_config_schema(option->child);
    if (option->kind == HS_OPTION_TABLE) {
        struct json_object *all = hs_doc_array();
        hs_doc_add(all, child);
        hs_doc_put(schema, "allOf", all);
        return;
    }
    bool map = option->kind == HS_OPTION_MAP;
    hs_doc_put_text(schema, "type", map ? "object" : "array");
    hs_doc_put(schema, map ? "additionalProperties" : "items", child);
}

static void put_node(const struct hs_option *option, struct json_object *schema)
{
    if (option->form == NULL) {
        hs_doc_put_literal(schema, "not", "{\"type\":\"null\"}");
        return;
    }
    HS_AUTO_FREE char *place = NULL;
    int size = asprintf(&place, "#/definitions/%s", option->form);
    HS_ASSERT(size > 0); /* out of memory ends the program */
    struct json_object *all = hs_doc_array();
    hs_doc_add(all, object_with("$ref", hs_doc_text(hs_slice_text(place))));
    hs_doc_put(schema, "allOf", all);
}

static void put_type(const struct hs_option *option, struct json_object *schema)
{
    switch (option->kind) {
    case HS_OPTION_STRING:
    case HS_OPTION_SECRET:
        hs_doc_put_literal(schema, "type", SCALAR_TYPES);
        return;
    case HS_OPTION_BOOL:
        hs_doc_put_literal(schema, "anyOf",
                           "[{\"type\":\"boolean\"},{\"type\":\"string\","
                           "\"pattern\":\"^(true|false)$|\\\\$\\\\{\"}]");
        return;
    case HS_OPTION_COUNT:
        put_count(option, schema);
        return;
    case HS_OPTION_SIZE:
        hs_doc_put_literal(schema, "type", "[\"integer\",\"string\"]");
        hs_doc_put_u64(schema, "minimum", 0);
        hs_doc_put_text(schema, "pattern", "^[0-9]+([KMGT]i?B|B)?$|" EXPANDED);
        return;
    case HS_OPTION_DURATION:
        hs_doc_put_literal(schema, "type", "[\"integer\",\"string\"]");
        hs_doc_put_u64(schema, "maximum", 0);
        hs_doc_put_u64(schema, "minimum", 0);
        hs_doc_put_text(schema, "pattern", "^([0-9]+([dhms]|ms|us|ns)|0)$|" EXPANDED);
        return;
    case HS_OPTION_CHOICE:
        put_choice(option, schema);
        return;
    case HS_OPTION_ADDRESS:
        hs_doc_put_text(schema, "type", "string");
        hs_doc_put_text(schema, "pattern", ":[0-9]{1,5}$|" EXPANDED);
        return;
    case HS_OPTION_STRINGS:
    case HS_OPTION_SECRETS:
        hs_doc_put_literal(schema, "anyOf",
                           "[" SCALAR ",{\"type\":\"array\",\"items\":" SCALAR "}]");
        return;
    case HS_OPTION_PAIRS:
        hs_doc_put_text(schema, "type", "object");
        hs_doc_put_literal(schema, "additionalProperties", SCALAR);
        return;
    case HS_OPTION_TABLE:
    case HS_OPTION_MAP:
    case HS_OPTION_LIST:
        put_child(option, schema);
        return;
    case HS_OPTION_NODE:
        put_node(option, schema);
        return;
    }
}

static void put_default(const struct hs_option *option, struct json_object *schema)
{
    if (option->fallback == NULL)
        return;
    bool bare = option->kind == HS_OPTION_BOOL ||
                (option->kind == HS_OPTION_COUNT && strcmp(option->fallback, "auto") != 0);
    if (bare)
        hs_doc_put_literal(schema, "default", option->fallback);
    else
        hs_doc_put_text(schema, "default", option->fallback);
}

/* An option that may be omitted may also be empty: `admin:` alone. */
static void put_option(const struct hs_option *option, struct json_object *properties)
{
    struct json_object *schema = hs_doc_object();
    hs_doc_put_text(schema, "description", option->help);
    put_default(option, schema);
    if (option->required) {
        put_type(option, schema);
    } else {
        struct json_object *forms = hs_doc_array(), *type = hs_doc_object();
        put_type(option, type);
        hs_doc_add(forms, type);
        hs_doc_add(forms, hs_doc_literal("{\"type\":\"null\"}"));
        hs_doc_put(schema, "anyOf", forms);
    }
    hs_doc_put(properties, option->name, schema);
}

static void put_options(const struct hs_options *options, struct json_object *properties,
                        struct json_object *required)
{
    for (size_t i = 0; i < options->option_count; i++) {
        put_option(&options->options[i], properties);
        if (options->options[i].required)
            hs_doc_add(required, hs_doc_text(hs_slice_text(options->options[i].name)));
    }
}

/* The option that says which kind it is. */
static void put_tag(const struct hs_options *options, const struct hs_options *kind,
                    struct json_object *properties, struct json_object *required)
{
    struct json_object *forms = hs_doc_array();
    hs_doc_add(forms, object_with("const", hs_doc_text(hs_slice_text(kind->name))));
    hs_doc_add(forms, hs_doc_literal(EXPANDED_JSON));
    hs_doc_put(properties, options->tag, object_with("anyOf", forms));
    hs_doc_add(required, hs_doc_text(hs_slice_text(options->tag)));
}

/* One mapping: of the table and, for a variant, of the kind. */
static struct json_object *mapping(const struct hs_options *options, const struct hs_options *kind)
{
    struct json_object *schema = hs_doc_object();
    struct json_object *properties = hs_doc_object(), *required = hs_doc_array();
    if (kind != NULL)
        put_tag(options, kind, properties, required);
    put_options(options, properties, required);
    if (kind != NULL)
        put_options(kind, properties, required);
    hs_doc_put_text(schema, "type", "object");
    hs_doc_put_bool(schema, "additionalProperties", false);
    hs_doc_put(schema, "properties", properties);
    hs_doc_put(schema, "required", required);
    return schema;
}

struct json_object *hs_config_schema(const struct hs_options *options)
{
    if (options->tag == NULL)
        return mapping(options, NULL);
    struct json_object *kinds = hs_doc_array();
    for (size_t i = 0; options->kinds[i] != NULL; i++)
        hs_doc_add(kinds, mapping(options, options->kinds[i]));
    return object_with("anyOf", kinds);
}
