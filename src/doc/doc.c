/* Doc: builds and prints documents of json-c. */
#include <hookstream/doc.h>

#include <hookstream/shown.h>
#include <json-c/printbuf.h>
#include <stdio.h>

/* Out of memory ends the program, as in hs_alloc(). */
static struct json_object *made(struct json_object *value)
{
    HS_ASSERT(value != NULL);
    return value;
}

struct json_object *hs_doc_object(void)
{
    return made(json_object_new_object());
}

struct json_object *hs_doc_array(void)
{
    return made(json_object_new_array());
}

static bool is_utf8(struct hs_slice text)
{
    uint32_t character;
    for (size_t at = 0, size; at < text.size; at += size)
        if ((size = hs_utf8_decode(hs_slice(text.data + at, text.size - at), &character)) == 0)
            return false;
    return true;
}

/* Appends the text with U+FFFD for each byte that is not UTF-8. */
static void repair(struct hs_slice text, struct hs_buffer *ret_text)
{
    uint32_t character;
    for (size_t at = 0, size; at < text.size; at += size) {
        size = hs_utf8_decode(hs_slice(text.data + at, text.size - at), &character);
        if (size > 0)
            hs_buffer_append(ret_text, text.data + at, size);
        else
            hs_buffer_append_text(ret_text, "\xEF\xBF\xBD");
        size = size > 0 ? size : 1;
    }
}

static struct json_object *string(struct hs_slice text)
{
    HS_ASSERT(text.size <= INT32_MAX);
    return made(json_object_new_string_len(text.data != NULL ? text.data : "", (int)text.size));
}

struct json_object *hs_doc_text(struct hs_slice text)
{
    if (is_utf8(text))
        return string(text);
    struct hs_buffer repaired;
    hs_buffer_init(&repaired, hs_mul_sat(text.size, 3));
    repair(text, &repaired);
    struct json_object *value = string(hs_buffer_slice(&repaired));
    hs_buffer_free(&repaired);
    return value;
}

static int print_raw(struct json_object *value, struct printbuf *out, int level, int flags)
{
    return printbuf_memappend(out, json_object_get_string(value),
                              json_object_get_string_len(value));
}

struct json_object *hs_doc_raw(struct hs_slice json)
{
    struct json_object *value = string(json);
    json_object_set_serializer(value, print_raw, NULL, NULL);
    return value;
}

struct json_object *hs_doc_literal(const char *json)
{
    return made(json_tokener_parse(json));
}

void hs_doc_put(struct json_object *object, const char *name, struct json_object *value)
{
    int code = json_object_object_add_ex(object, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW);
    HS_ASSERT(code == 0);
}

void hs_doc_put_named(struct json_object *object, struct hs_slice name, struct json_object *value)
{
    struct hs_buffer text;
    hs_buffer_init(&text, hs_add_sat(hs_mul_sat(name.size, 3), 1));
    repair(name, &text);
    hs_buffer_append_byte(&text, '\0');
    hs_doc_put(object, text.data, value);
    hs_buffer_free(&text);
}

void hs_doc_put_slice(struct json_object *object, const char *name, struct hs_slice text)
{
    hs_doc_put(object, name, hs_doc_text(text));
}

void hs_doc_put_text(struct json_object *object, const char *name, const char *text)
{
    hs_doc_put_slice(object, name, hs_slice_text(text));
}

void hs_doc_put_u64(struct json_object *object, const char *name, uint64_t value)
{
    hs_doc_put(object, name, made(json_object_new_uint64(value)));
}

void hs_doc_put_milli(struct json_object *object, const char *name, double value)
{
    char text[400]; /* DBL_MAX has 309 digits */
    snprintf(text, sizeof(text), "%.3f", value);
    hs_doc_put(object, name, made(json_object_new_double_s(value, text)));
}

void hs_doc_put_bool(struct json_object *object, const char *name, bool value)
{
    hs_doc_put(object, name, made(json_object_new_boolean(value)));
}

void hs_doc_put_literal(struct json_object *object, const char *name, const char *json)
{
    hs_doc_put(object, name, hs_doc_literal(json));
}

void hs_doc_add(struct json_object *array, struct json_object *value)
{
    int code = json_object_array_add(array, value);
    HS_ASSERT(code == 0);
}

/* Borrowed from the document. */
static struct hs_slice text_of(struct json_object *document, int flags)
{
    size_t size;
    const char *text =
        json_object_to_json_string_length(document, flags | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
    HS_ASSERT(text != NULL);
    return hs_slice(text, size);
}

void hs_doc_print(struct json_object *document, struct hs_buffer *ret_json)
{
    hs_buffer_append_slice(ret_json, text_of(document, JSON_C_TO_STRING_PLAIN));
    json_object_put(document);
}

void hs_doc_print_rest(struct json_object *object, struct hs_buffer *ret_json)
{
    HS_ASSERT(json_object_object_length(object) > 0);
    struct hs_slice text = text_of(object, JSON_C_TO_STRING_PLAIN);
    hs_buffer_append_byte(ret_json, ',');
    hs_buffer_append(ret_json, text.data + 1, text.size - 1);
    json_object_put(object);
}

void hs_doc_print_indented(struct json_object *document, struct hs_buffer *ret_json)
{
    hs_buffer_append_slice(ret_json, text_of(document, JSON_C_TO_STRING_PRETTY));
    json_object_put(document);
}

/* ---- Reading ---- */

/* json-c stops after the value and would not say that only white space follows. */
static struct hs_slice without_space_at_end(struct hs_slice text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
        text.size--;
    return text;
}

/* Not JSON_TOKENER_STRICT: json-c 0.18 rejects non-ASCII text with it. */
int hs_doc_read(struct hs_slice json, struct json_object **ret_document)
{
    struct hs_slice text = without_space_at_end(json);
    if (text.size == 0 || text.size > INT32_MAX - 1)
        return hs_fail(-EINVAL, text.size == 0 ? "the text is empty" : "the text is too long");
    struct json_tokener *tokener = json_tokener_new_ex(HS_DOC_DEPTH_MAX);
    HS_ASSERT(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    HS_AUTO_FREE char *copy = hs_slice_dup(text); /* its NUL ends a number */
    struct json_object *document = json_tokener_parse_ex(tokener, copy, (int)text.size + 1);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (error == json_tokener_success && end >= text.size) {
        *ret_document = document;
        return 0;
    }
    json_object_put(document);
    return hs_fail(-EINVAL, "%s at byte %zu",
                   error == json_tokener_success ? "more follows after the value"
                                                 : json_tokener_error_desc(error),
                   end);
}

static struct json_object *member(const struct json_object *object, const char *name,
                                  enum json_type type)
{
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
        return NULL;
    return value;
}

struct hs_slice hs_doc_get_text(const struct json_object *object, const char *name)
{
    struct json_object *value = member(object, name, json_type_string);
    if (value == NULL)
        return HS_SLICE_NONE;
    return hs_slice(json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

uint64_t hs_doc_get_u64(const struct json_object *object, const char *name)
{
    return json_object_get_uint64(member(object, name, json_type_int));
}

bool hs_doc_get_bool(const struct json_object *object, const char *name)
{
    return json_object_get_boolean(member(object, name, json_type_boolean));
}
