/* Infer, writing: the resulting file. Only names mark a field as personal or a credential; a remark
 * says so, since a name proves nothing. */
#include "infer.h"

#include <stdlib.h>

#define PATH_MAX_BYTES (64u * 1024u)

static const char *const personal_words[] = {"email",     "phone",   "fullname",
                                             "firstname", "surname", "lastname",
                                             "address",   "birth",   "passport"};
static const char *const credential_words[] = {"token",   "secret",    "password",  "apikey",
                                               "api_key", "signature", "credential"};

static bool speaks_of(const char *name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasestr(name, words[i]) != NULL)
            return true;
    return false;
}

static enum hs_field_type type_of(const struct row *row)
{
    switch (row->saw) {
    case SAW_INTEGER:
        return HS_FIELD_INTEGER;
    case SAW_NUMBER:
    case SAW_NUMBER | SAW_INTEGER:
        return HS_FIELD_NUMBER;
    case SAW_BOOLEAN:
        return HS_FIELD_BOOLEAN;
    case SAW_OBJECT:
        return HS_FIELD_OBJECT;
    case SAW_ARRAY:
        return HS_FIELD_ARRAY;
    case SAW_TEXT:
        break;
    default: /* only null, or of several kinds */
        return HS_FIELD_ANY;
    }
    if (row->can & CAN_TIME)
        return HS_FIELD_TIME;
    if (row->can & CAN_MONEY)
        return HS_FIELD_MONEY;
    if (row->can & CAN_CURRENCY)
        return HS_FIELD_CURRENCY;
    return row->can & CAN_ID ? HS_FIELD_ID : HS_FIELD_TEXT;
}

static void put_field(const struct row *row, const struct row *parent, const char *path,
                      struct hs_buffer *yaml)
{
    enum hs_field_type type = type_of(row);
    bool element = strcmp(row->name, "[*]") == 0;
    bool holds = type == HS_FIELD_OBJECT || type == HS_FIELD_ARRAY;
    bool credential = (type == HS_FIELD_TEXT || type == HS_FIELD_ID || type == HS_FIELD_ANY) &&
                      speaks_of(row->name, credential_words, HS_ARRAY_SIZE(credential_words));
    bool personal = !credential && !holds && type != HS_FIELD_BOOLEAN && type != HS_FIELD_TIME &&
                    type != HS_FIELD_ID &&
                    speaks_of(row->name, personal_words, HS_ARRAY_SIZE(personal_words));
    hs_buffer_printf(yaml, "      \"%s\": {type: %s%s%s%s%s}%s\n", path, hs_field_type_name(type),
                     !element && row->seen < parent->seen - parent->nulls ? ", optional: true" : "",
                     row->nulls > 0 ? ", nullable: true" : "", personal ? ", personal: true" : "",
                     credential ? ", credential: true" : "",
                     personal     ? "  # by its name: is it about a person?"
                     : credential ? "  # by its name: does it grant access?"
                                  : "");
    if (row->odd)
        hs_buffer_printf(
            yaml, "      # members of %s whose names have dots or symbols are omitted\n", path);
}

/* Recursion is bounded by the JSON parser's depth limit. */
static void put_rows(const struct row *parent, const char *prefix, struct hs_buffer *yaml)
{
    for (const struct row *row = parent->children; row != NULL; row = row->next) {
        struct hs_buffer path;
        hs_buffer_init(&path, PATH_MAX_BYTES);
        hs_buffer_printf(&path, "%s%s%s", prefix,
                         prefix[0] != '\0' && row->name[0] != '[' ? "." : "", row->name);
        hs_buffer_append_byte(&path, '\0');
        enum hs_field_type type = type_of(row);
        if (path.data != NULL) {
            put_field(row, parent, path.data, yaml);
            if (type == HS_FIELD_OBJECT || type == HS_FIELD_ARRAY)
                put_rows(row, path.data, yaml);
        }
        hs_buffer_free(&path);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct row *const *one = a, *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

void hs_inference_write(const struct hs_inference *inference, struct hs_buffer *ret_yaml)
{
    size_t count = 0;
    const struct row **types = hs_alloc_array(HS_INFERENCE_ROWS_MAX, sizeof(struct row *));
    for (const struct row *type = inference->types.children; type != NULL; type = type->next)
        types[count++] = type;
    qsort(types, count, sizeof(struct row *), by_name);
    hs_buffer_append_text(ret_yaml,
                          "# Generated from samples: check every line. A sample shows what "
                          "occurred, not what is possible.\n"
                          "types:\n");
    for (size_t i = 0; i < count; i++) {
        hs_buffer_printf(ret_yaml, "  \"%s\":%s\n    fields:\n", types[i]->name,
                         types[i]->seen == 1 ? "  # from one sample" : "");
        put_rows(types[i], "", ret_yaml);
    }
    free(types);
}
