/* cloudevent: converts the event to CloudEvents 1.0. In structured mode the body becomes the JSON
 * envelope (JSON Event Format, 3); in binary mode the attributes become headers (Kafka Protocol
 * Binding, 3.2.3). */
#include "operation.h"
#include "uri.h"
#include "words.h"

#include <hookstream/clock.h>
#include <stdlib.h>

#define EXTENSIONS_MAX 8u /* so that all attributes fit an event's headers */
#define ATTRIBUTES_MAX (6u + EXTENSIONS_MAX)
#define NAME_MAX_BYTES 20u /* CloudEvents 1.0, 3.1: a name should not be longer */
#define VALUE_MAX (16u << 10)
#define HEADER_PREFIX "ce_"

static const char *const mode_names[] = {"structured", "binary", NULL};
static const char *const data_names[] = {"data", "whole", NULL};
enum mode { MODE_STRUCTURED, MODE_BINARY };
enum data { DATA_DATA, DATA_WHOLE };

struct cloudevent_options {
    unsigned mode, data;
    const char *source, *type, *time, *subject, *dataschema;
    struct hs_pairs extensions;
};

static const struct hs_option cloudevent_rows[] = {
    {.name = "mode",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct cloudevent_options, mode),
     .choices = mode_names,
     .fallback = "structured",
     .help = "Attributes in the body, or in the headers of the message."},
    {.name = "source",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct cloudevent_options, source),
     .fallback = "/{source}",
     .help = "Template of the attribute; a URI-reference."},
    {.name = "type",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct cloudevent_options, type),
     .fallback = "{type}",
     .help = "Template of the attribute, such as com.example.{type}."},
    {.name = "time",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct cloudevent_options, time),
     .fallback = "{time|}",
     .help = "Template of the attribute; RFC 3339. Left out where it comes out empty."},
    {.name = "subject",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct cloudevent_options, subject),
     .help = "Template of the attribute. Left out where it comes out empty.",
     .example = "\"{data.orderId|}\""},
    {.name = "dataschema",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct cloudevent_options, dataschema),
     .help = "Template of the attribute; a URI. Left out where it comes out empty.",
     .example = "\"https://schemas.example.com/{type}.json\""},
    {.name = "extensions",
     .kind = HS_OPTION_PAIRS,
     .offset = offsetof(struct cloudevent_options, extensions),
     .help = "Further attributes, name to template.",
     .example = "{partitionkey: \"{data.orderId}\"}"},
    {.name = "data",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct cloudevent_options, data),
     .choices = data_names,
     .help = "The event's data, or the whole event."},
};

static const struct hs_options cloudevent_table = {.name = "transform.cloudevent",
                                                   .title = "cloudevent",
                                                   .options = cloudevent_rows,
                                                   .option_count = HS_ARRAY_SIZE(cloudevent_rows),
                                                   .struct_size = sizeof(struct cloudevent_options),
                                                   .node_offset = SIZE_MAX};

enum attribute_kind { KIND_TEXT, KIND_URI_REFERENCE, KIND_URI, KIND_TIME };

struct attribute {
    char *header; /* "ce_source" */
    struct hs_template *tmpl;
    enum attribute_kind kind;
    bool required;
};

struct cloudevent {
    enum mode mode;
    enum data data;
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t count;
};

static struct hs_slice attribute_name(const struct attribute *attribute)
{
    return hs_slice_text(attribute->header + sizeof(HEADER_PREFIX) - 1);
}

/* ---- Values ---- */

/* The length of a character at the beginning of `text` (UTF-8) that a CloudEvents String must not
 * contain (3.2: controls and noncharacters); 0: it may. */
static bool is_forbidden(const unsigned char *at, size_t left)
{
    if (at[0] < 0x20 || at[0] == 0x7f)
        return true;
    if (left >= 2 && at[0] == 0xc2 && at[1] < 0xa0)
        return true;
    if (left >= 3 && at[0] == 0xef && at[1] == 0xb7 && at[2] >= 0x90 && at[2] <= 0xaf)
        return true; /* U+FDD0 to U+FDEF */
    if (left >= 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe)
        return true; /* U+FFFE, U+FFFF */
    return left >= 4 && at[0] >= 0xf0 && (at[1] & 0x0f) == 0x0f && at[2] == 0xbf && at[3] >= 0xbe;
}

static int check_value(const struct attribute *attribute, struct hs_slice value)
{
    struct hs_slice name = attribute_name(attribute);
    struct hs_instant instant;
    const char *want = NULL;
    if (value.size == 0 && !attribute->required)
        return 0;
    if (value.size == 0)
        return hs_fail(-EINVAL, "`%.*s` is empty for this event", HS_SLICE_ARG(name));
    if (value.size > VALUE_MAX)
        return hs_fail(-EMSGSIZE, "`%.*s` exceeds %u bytes", HS_SLICE_ARG(name), VALUE_MAX);
    if (attribute->kind == KIND_URI_REFERENCE && !hs_is_uri_reference(value))
        want = "a URI-reference, such as /fanfare or https://example.com/fanfare";
    else if (attribute->kind == KIND_URI && !hs_is_uri(value))
        want = "a URI with its scheme, such as https://example.com/order.json";
    else if (attribute->kind == KIND_TIME && hs_instant_parse(value, &instant) < 0)
        want = "a time by RFC 3339, such as 2026-11-23T09:15:00Z";
    for (size_t i = 0; want == NULL && i < value.size; i++)
        if (is_forbidden((const unsigned char *)value.data + i, value.size - i))
            want = "free of control characters and noncharacters";
    return want == NULL ? 0 : hs_fail(-EINVAL, "`%.*s` is not %s", HS_SLICE_ARG(name), want);
}

/* ---- Reading ---- */

/* A template without fields can be checked completely. */
static bool check_literal(struct hs_config *config, const struct hs_node *node,
                          const struct attribute *attribute)
{
    struct hs_buffer text;
    struct hs_event none = {0};
    struct hs_work *work = hs_work_create();
    hs_buffer_init(&text, HS_WORK_BODY_MAX);
    hs_work_begin(work, &none);
    int code = hs_template_expand(attribute->tmpl, work, &text);
    if (code == 0)
        code = check_value(attribute, hs_buffer_slice(&text));
    if (code < 0)
        hs_config_error(config, HS_FINDING_CLOUDEVENT, node, "%s", hs_error_text());
    hs_buffer_free(&text);
    hs_work_free(work);
    return code == 0;
}

/* Adds an attribute with this template (NULL: none). `node`: its position; NULL: the default. */
static bool add_attribute(struct hs_config *config, const struct hs_node *node,
                          const struct attribute *attribute, const char *name, const char *text,
                          struct hs_operation *operation)
{
    struct cloudevent *cloudevent = operation->state;
    if (text == NULL)
        return true;
    struct attribute *added = &cloudevent->attributes[cloudevent->count];
    *added = *attribute;
    added->tmpl = hs_template_compile(config, node, hs_slice_text(text));
    if (added->tmpl == NULL)
        return false;
    struct hs_buffer header;
    hs_buffer_init(&header, VALUE_MAX);
    hs_buffer_printf(&header, HEADER_PREFIX "%s", name);
    added->header = hs_slice_dup(hs_buffer_slice(&header));
    hs_buffer_free(&header);
    cloudevent->count++;
    hs_operation_uses_template(operation, added->tmpl);
    return !hs_template_is_literal(added->tmpl) || check_literal(config, node, added);
}

static bool check_extension_name(struct hs_config *config, const struct hs_pair *pair)
{
    static const char *const reserved[] = {
        "specversion", "id",      "source", "type", "datacontenttype",
        "dataschema",  "subject", "time",   "data"};
    struct hs_slice name = hs_slice_text(pair->name);
    bool good = name.size != 0 && name.size <= NAME_MAX_BYTES;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
    }
    if (!good)
        hs_config_error(config, HS_FINDING_CLOUDEVENT, pair->name_node,
                        "%s is not a name of an attribute: 1 to %u of the letters a to z and "
                        "digits",
                        hs_config_quote(config, pair->name_node), NAME_MAX_BYTES);
    for (size_t i = 0; i < HS_ARRAY_SIZE(reserved); i++) {
        if (!hs_slice_equal(name, hs_slice_text(reserved[i])))
            continue;
        hs_config_error(config, HS_FINDING_CLOUDEVENT, pair->name_node,
                        "`%s` is an attribute of CloudEvents itself, not an extension",
                        reserved[i]);
        good = false;
    }
    return good;
}

static bool compile_extensions(struct hs_config *config, const struct hs_pairs *extensions,
                               struct hs_operation *operation)
{
    static const struct attribute extension = {.kind = KIND_TEXT};
    bool good = true;
    if (extensions->count > EXTENSIONS_MAX) {
        hs_config_error(config, HS_FINDING_CLOUDEVENT, extensions->items[EXTENSIONS_MAX].name_node,
                        "there are at most %u extensions", EXTENSIONS_MAX);
        return false;
    }
    for (size_t i = 0; i < extensions->count; i++) {
        const struct hs_pair *pair = &extensions->items[i];
        good = check_extension_name(config, pair) &&
               add_attribute(config, pair->value_node, &extension, pair->name, pair->value,
                             operation) &&
               good;
    }
    return good;
}

static bool compile_cloudevent(struct hs_config *config, const struct hs_node *node,
                               struct hs_operation *operation)
{
    static const struct attribute text = {.kind = KIND_TEXT},
                                  needed = {.kind = KIND_TEXT, .required = true},
                                  source = {.kind = KIND_URI_REFERENCE, .required = true},
                                  time = {.kind = KIND_TIME}, schema = {.kind = KIND_URI};
    struct cloudevent_options bound;
    struct cloudevent *cloudevent = operation->state = hs_alloc(sizeof(*cloudevent));
    if (!hs_operation_bind_word(config, node, HS_SLICE("mode"), &cloudevent_table, &bound))
        return false;
    operation->parts = 1;
    cloudevent->mode = (enum mode)bound.mode;
    cloudevent->data = (enum data)bound.data;
    if (cloudevent->mode == MODE_BINARY && hs_node_get(node, "data") == NULL)
        cloudevent->data = DATA_WHOLE;
    const struct {
        const char *name, *text;
        const struct attribute *attribute;
    } given[] = {
        {"id", "{id}", &needed},           {"source", bound.source, &source},
        {"type", bound.type, &needed},     {"time", bound.time, &time},
        {"subject", bound.subject, &text}, {"dataschema", bound.dataschema, &schema},
    };
    bool good = true;
    for (size_t i = 0; i < HS_ARRAY_SIZE(given); i++)
        good = add_attribute(config, hs_node_get(node, given[i].name), given[i].attribute,
                             given[i].name, given[i].text, operation) &&
               good;
    return compile_extensions(config, &bound.extensions, operation) && good;
}

/* ---- Applying ---- */

/* The attributes of one event: slices of one text; an empty one is omitted. */
struct values {
    struct hs_buffer *text;
    struct hs_slice of[ATTRIBUTES_MAX];
};

static int expand(const struct cloudevent *cloudevent, struct hs_work *work,
                  struct values *ret_values)
{
    size_t ends[ATTRIBUTES_MAX];
    struct hs_buffer *text = ret_values->text = hs_work_scratch(work, HS_SCRATCH_TEXT);
    for (size_t i = 0; i < cloudevent->count; i++) {
        int code = hs_template_expand(cloudevent->attributes[i].tmpl, work, text);
        if (code == 0 && hs_buffer_status(text) < 0)
            code = hs_fail(-EMSGSIZE, "the text of the attributes %s", HS_WORK_TOO_LONG);
        if (code < 0)
            return code;
        ends[i] = text->size;
    }
    for (size_t i = 0, begin = 0; i < cloudevent->count; begin = ends[i++]) {
        ret_values->of[i] = hs_slice(text->data + begin, ends[i] - begin);
        int code = check_value(&cloudevent->attributes[i], ret_values->of[i]);
        if (code < 0)
            return code;
    }
    return 0;
}

/* The node that becomes the data, or none. */
static hs_json_node data_node(const struct cloudevent *cloudevent, const struct hs_json_tree *tree)
{
    hs_json_node root = hs_json_root(tree);
    if (cloudevent->data == DATA_WHOLE)
        return root;
    return hs_json_node_kind(tree, root) == HS_JSON_OBJECT
               ? hs_json_member_get(tree, root, HS_SLICE("data"))
               : HS_JSON_NO_NODE;
}

static int replace_body(struct hs_work *work, struct hs_json_tree *tree,
                        const struct hs_buffer *json)
{
    if (hs_buffer_status(json) < 0)
        return hs_fail(-EMSGSIZE, "the body %s", HS_WORK_TOO_LONG);
    int code = hs_work_charge(work, hs_buffer_slice(json), 0);
    if (code < 0)
        return code;
    hs_json_replace(tree, hs_json_root(tree), hs_buffer_slice(json));
    return hs_json_status(tree);
}

static int make_structured(const struct cloudevent *cloudevent, struct hs_work *work,
                           struct hs_json_tree *tree, const struct values *values)
{
    hs_json_node data = data_node(cloudevent, tree);
    struct hs_buffer *json = hs_work_scratch(work, HS_SCRATCH_JSON);
    hs_buffer_append_text(json, "{\"specversion\":\"1.0\"");
    for (size_t i = 0; i < cloudevent->count; i++) {
        if (values->of[i].size == 0)
            continue;
        hs_buffer_append_text(json, ",\"");
        hs_buffer_append_slice(json, attribute_name(&cloudevent->attributes[i]));
        hs_buffer_append_text(json, "\":");
        hs_json_encode_string(values->of[i], json);
    }
    if (data != HS_JSON_NO_NODE) {
        hs_buffer_append_text(json, ",\"datacontenttype\":\"application/json\",\"data\":");
        hs_json_write_node(tree, data, json);
    }
    hs_buffer_append_byte(json, '}');
    int code = replace_body(work, tree, json);
    if (code == 0)
        code = hs_work_set_header(work, HS_SLICE("content-type"),
                                  HS_SLICE("application/cloudevents+json; charset=UTF-8"));
    return code;
}

static int make_binary(const struct cloudevent *cloudevent, struct hs_work *work,
                       struct hs_json_tree *tree, const struct values *values)
{
    hs_json_node data = data_node(cloudevent, tree);
    int code = 0;
    if (data == HS_JSON_NO_NODE)
        return hs_fail(-ENOENT, "the event has no `data`, and without it there is no body");
    if (data != hs_json_root(tree)) {
        struct hs_buffer *json = hs_work_scratch(work, HS_SCRATCH_JSON);
        hs_json_write_node(tree, data, json);
        code = replace_body(work, tree, json);
    }
    if (code == 0)
        code = hs_work_set_header(work, HS_SLICE(HEADER_PREFIX "specversion"), HS_SLICE("1.0"));
    for (size_t i = 0; code == 0 && i < cloudevent->count; i++)
        if (values->of[i].size != 0)
            code = hs_work_set_header(work, hs_slice_text(cloudevent->attributes[i].header),
                                      values->of[i]);
    if (code == 0)
        code = hs_work_set_header(work, HS_SLICE("content-type"), HS_SLICE("application/json"));
    return code;
}

static int apply_cloudevent(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct cloudevent *cloudevent = operation->state;
    struct hs_json_tree *tree;
    struct values values;
    char why[256];
    int code = hs_work_tree(work, &tree);
    if (code < 0)
        return code;
    code = expand(cloudevent, work, &values);
    if (code == 0)
        code = cloudevent->mode == MODE_BINARY ? make_binary(cloudevent, work, tree, &values)
                                               : make_structured(cloudevent, work, tree, &values);
    if (code == 0)
        return 0;
    hs_copy_words(why, sizeof(why));
    return hs_fail(code, "cloudevent: %s", why);
}

static bool needs_headers(const struct hs_operation *operation)
{
    const struct cloudevent *cloudevent = operation->state;
    return cloudevent->mode == MODE_BINARY;
}

static void free_cloudevent(struct hs_operation *operation)
{
    struct cloudevent *cloudevent = operation->state;
    for (size_t i = 0; cloudevent != NULL && i < cloudevent->count; i++) {
        hs_template_free(cloudevent->attributes[i].tmpl);
        free(cloudevent->attributes[i].header);
    }
    free(cloudevent);
}

const struct hs_operation_kind hs_operation_cloudevent = {
    .name = "cloudevent",
    .help =
        "Makes the event one of CloudEvents 1.0: `id`, `source` (`/{source}`, a "
        "URI-reference), `type` (`{type}`), `time` (`{time|}`), and if given `subject`, "
        "`dataschema` (a URI) and `extensions` (name to template). `mode: structured` puts "
        "them into the body, beside the event's `data`, or with `data: whole` beside the whole "
        "event; the header `content-type` says so. `mode: binary` puts them into the headers "
        "`ce_id`, `ce_source`, ... of the message (`ce-id` in an HTTP request), whose body stays, "
        "or with `data: data` becomes the event's `data`. An attribute that comes out empty is "
        "left out; one that CloudEvents does not allow is an error.",
    .example = "{source: /fanfare, type: \"com.example.{type}\", subject: \"{data.orderId|}\"}",
    .form = HS_FORM_TEXT,
    .table = &cloudevent_table,
    .reshapes = true,
    .whole = true,
    .compile = compile_cloudevent,
    .apply = apply_cloudevent,
    .needs_headers = needs_headers,
    .free = free_cloudevent,
};
