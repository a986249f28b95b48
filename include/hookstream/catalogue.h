/* Catalogue: event types as data, one row per field: the provider's 21, or those of a file for
 * another sender; and sample events generated from the rows. An event of an unknown type is never
 * an error at run time: providers add types. Source: the provider's "Webhook Events" reference.
 * Threads: any; read-only once created. */
#ifndef HOOKSTREAM_CATALOGUE_H
#define HOOKSTREAM_CATALOGUE_H

#include <hookstream/config.h>

enum hs_field_type {
    HS_FIELD_TEXT,
    HS_FIELD_INTEGER,
    HS_FIELD_NUMBER,
    HS_FIELD_BOOLEAN,
    HS_FIELD_TIME,     /* an RFC 3339 text */
    HS_FIELD_MONEY,    /* a decimal text: "149.99" */
    HS_FIELD_CURRENCY, /* ISO 4217 */
    HS_FIELD_ID,
    HS_FIELD_OBJECT,
    HS_FIELD_ARRAY,
    HS_FIELD_ANY
};

/* Rows are in document order: a parent precedes its children, and an array's elements have a row of
 * their own: "data.items", "data.items[*]", "data.items[*].quantity". */
struct hs_catalogue_field {
    const char *path;
    enum hs_field_type type;
    /* optional: may be missing. personal: about a person. credential: grants access. */
    bool optional, nullable, personal, credential, deprecated;
    const char *help; /* one line; may be NULL */
    /* How samples fill it: "<money>" a generator of samples.c, or else the prefix of an id; "a|b"
     * one of these texts; NULL: by its type. */
    const char *sample;
};

struct hs_event_type {
    const char *name; /* "queue.consumer.admitted" */
    const char *help; /* one line; may be NULL */
    const struct hs_catalogue_field *fields;
    size_t field_count;
};

struct hs_catalogue {
    const char *name;
    const struct hs_event_type *types;
    size_t count;
};

/* The built-in catalogue; static. */
const struct hs_catalogue *hs_catalogue_fanfare(void);
/* The built-in catalogue of this name (`catalogue` of a scheme's row); static. NULL: `name` is
 * NULL. */
const struct hs_catalogue *hs_catalogue_built_in(const char *name);

/* Reads a catalogue file, a mapping of types to their fields in document order:
 *   types: {order.created: {help: text, fields: {data.orderId: {type: id, optional: true}}}}
 * Always returns a config, whose findings report errors and whose arena owns *ret_catalogue. The
 * caller frees it with hs_config_free(). */
struct hs_config *hs_catalogue_load(const char *path, const struct hs_catalogue **ret_catalogue);
/* As hs_catalogue_load(), from a text; messages use `name` for the file. */
struct hs_config *hs_catalogue_parse(const char *name, struct hs_slice text,
                                     const struct hs_catalogue **ret_catalogue);

/* Finds a type by name; NULL if unknown. */
const struct hs_event_type *hs_catalogue_type(const struct hs_catalogue *catalogue,
                                              struct hs_slice name);
/* Finds a type by a user's spelling. -ENOENT and a message that suggests the nearest type, lists
 * the types of a family, or says how to list them. */
HS_MUST_CHECK int hs_catalogue_find(const struct hs_catalogue *catalogue, const char *name,
                                    const struct hs_event_type **ret_type);
/* Finds a field by its path as the rows write it; NULL if unknown. */
const struct hs_catalogue_field *hs_event_type_field(const struct hs_event_type *type,
                                                     struct hs_slice path);
/* "text", "integer", ... as a catalogue file writes it. */
const char *hs_field_type_name(enum hs_field_type type);
/* The family's name as a static text if it is one of the provider's, otherwise "other": for metric
 * labels. */
const char *hs_catalogue_family(struct hs_slice family);

enum hs_sample_form {
    HS_SAMPLE_VARIED, /* optional fields, nulls and array lengths vary at random */
    HS_SAMPLE_FULL,   /* every optional field present and nothing null */
    HS_SAMPLE_BARE    /* no optional fields, and null wherever allowed */
};

/* Appends a realistic body of this type: ids, times and amounts vary with `random`, a state that
 * the caller seeds and this function advances. `id` is the envelope's id; `now` in ns since 1970.
 * Members are in row order; compact JSON. */
void hs_catalogue_sample(const struct hs_event_type *type, enum hs_sample_form form,
                         struct hs_slice id, uint64_t now_wall_ns, uint64_t *random,
                         struct hs_buffer *ret_body);

/* A field of a sample that differs from the form. */
struct hs_sample_change {
    size_t row; /* in the type's fields; of an array's elements: in each of them */
    enum hs_sample_change_kind {
        HS_SAMPLE_ABSENT,
        HS_SAMPLE_VALUE,    /* `json` is its value */
        HS_SAMPLE_ELEMENTS, /* the array has this many elements */
    } kind;
    struct hs_slice json;
    unsigned elements;
};
/* As hs_catalogue_sample(), with changes; of several changes to a row the first applies. */
void hs_catalogue_sample_changed(const struct hs_event_type *type, enum hs_sample_form form,
                                 const struct hs_sample_change *changes, size_t change_count,
                                 struct hs_slice id, uint64_t now_wall_ns, uint64_t *random,
                                 struct hs_buffer *ret_body);
/* Whether the row allows any value, or unlisted members and elements. */
bool hs_catalogue_row_is_open(const struct hs_event_type *type, size_t row);

/* ---- Differences ---- */

struct hs_catalogue_change {
    enum hs_change_kind { HS_CHANGE_ADDED, HS_CHANGE_GONE, HS_CHANGE_CHANGED } kind;
    const char *type;
    const char *path;  /* NULL: the type as a whole */
    const char *words; /* CHANGED: "is id, was text; is optional now"; else "" */
};
/* Arguments are valid only during the call. */
typedef void hs_change_fn(void *context, const struct hs_catalogue_change *change);
/* Calls `visit` for each difference between `before` and `now`: types, fields, their types and
 * properties, but not help and samples. Returns their number. */
size_t hs_catalogue_diff(const struct hs_catalogue *before, const struct hs_catalogue *now,
                         hs_change_fn *visit, void *context);

/* ---- A first catalogue out of sample payloads ---- */

#define HS_INFERENCE_ROWS_MAX 20000u /* types and fields of one inference */
struct hs_inference;
/* Starts an inference; free it with hs_inference_free(). */
struct hs_inference *hs_inference_create(void);
/* Frees the inference. NULL is fine. */
void hs_inference_free(struct hs_inference *inference);
/* Adds a file's contents: one event, an array of events, or JSON Lines. Messages use `name` for the
 * file. -EINVAL: not JSON, or an event without `type`; -E2BIG: too many fields. */
HS_MUST_CHECK int hs_inference_add(struct hs_inference *inference, const char *name,
                                   struct hs_slice text);
/* Appends a catalogue file that hs_catalogue_parse() accepts, types sorted by name. A field that
 * was sometimes missing is optional; one that was null is nullable. Names that look personal or
 * like a credential are marked so, with a remark to check. */
void hs_inference_write(const struct hs_inference *inference, struct hs_buffer *ret_yaml);

/* A JSON Schema (draft 2020-12) of the whole event, as a document of doc.h; the caller's. It allows
 * additional members. */
struct json_object *hs_catalogue_schema(const struct hs_event_type *type);
/* Appends the reference page of the provider's types, docs/events.md. */
void hs_catalogue_manual(struct hs_buffer *ret_page);

#endif
