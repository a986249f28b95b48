/* Catalogue: event types as data, a row a field: the provider's 21, or those of a file for
 * another sender; and sample events made from the rows. Events of unknown types are never an
 * error at run time: providers add them.
 * Source: the provider's "Webhook Events" reference. Threads: any; read-only once made. */
#ifndef HOOKSTREAM_CATALOGUE_H
#define HOOKSTREAM_CATALOGUE_H

#include <hookstream/config.h>

enum hs_field_type {
    HS_FIELD_TEXT,
    HS_FIELD_INTEGER,
    HS_FIELD_NUMBER,
    HS_FIELD_BOOLEAN,
    HS_FIELD_TIME,     /* RFC 3339 in a text */
    HS_FIELD_MONEY,    /* a decimal in a text: "149.99" */
    HS_FIELD_CURRENCY, /* ISO 4217 */
    HS_FIELD_ID,
    HS_FIELD_OBJECT,
    HS_FIELD_ARRAY,
    HS_FIELD_ANY
};

/* Rows stand in the order of the document; a parent's before its children's, and an array's
 * elements have a row: "data.items", "data.items[*]", "data.items[*].quantity". */
struct hs_catalogue_field {
    const char *path;
    enum hs_field_type type;
    /* optional: may be missing. personal: about a person. credential: opens a door. */
    bool optional, nullable, personal, credential, deprecated;
    const char *help; /* one line; may be NULL */
    /* How samples fill it: "<money>" a word of samples.c, or else the prefix of an id; "a|b"
     * one of these texts; NULL: as the type says. */
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

const struct hs_catalogue *hs_catalogue_fanfare(void);

/* Reads a catalogue file, a mapping of types to their fields in the order of the document:
 *   types: {order.created: {help: text, fields: {data.orderId: {type: id, optional: true}}}}
 * Always gives a config, whose findings say what is wrong and whose arena owns
 * *ret_catalogue: the caller frees it with hs_config_free(). */
struct hs_config *hs_catalogue_load(const char *path, const struct hs_catalogue **ret_catalogue);
/* As hs_catalogue_load(), from a text; `name` stands for the file in messages. */
struct hs_config *hs_catalogue_parse(const char *name, struct hs_slice text,
                                     const struct hs_catalogue **ret_catalogue);

/* By name, or NULL. */
const struct hs_event_type *hs_catalogue_type(const struct hs_catalogue *catalogue,
                                              struct hs_slice name);
/* By the name that a person gave. -ENOENT and words: the nearest type, or the types of a family
 * that stands for one, or how to list them. */
HS_MUST_CHECK int hs_catalogue_find(const struct hs_catalogue *catalogue, const char *name,
                                    const struct hs_event_type **ret_type);
/* By path as the rows write it, or NULL. */
const struct hs_catalogue_field *hs_event_type_field(const struct hs_event_type *type,
                                                     struct hs_slice path);
/* "text", "integer", ... as a catalogue file writes it. */
const char *hs_field_type_name(enum hs_field_type type);
/* The family's name as a static text if it is one of the provider's, else "other": for
 * metric labels. */
const char *hs_catalogue_family(struct hs_slice family);

enum hs_sample_form {
    HS_SAMPLE_VARIED, /* optional, null and the lengths of arrays by chance */
    HS_SAMPLE_FULL,   /* every optional field there and nothing null */
    HS_SAMPLE_BARE    /* no optional field, and null what may be */
};

/* Appends a body of this type that looks real: ids, times and amounts vary with `random`, a
 * state that the caller seeds and that this moves on. `id` is the envelope's id; `now` in ns
 * since 1970. The member order is that of the rows; compact. */
void hs_catalogue_sample(const struct hs_event_type *type, enum hs_sample_form form,
                         struct hs_slice id, uint64_t now_wall_ns, uint64_t *random,
                         struct hs_buffer *ret_body);

/* One field of a sample that is not as the form has it. */
struct hs_sample_change {
    size_t row; /* in the type's fields; of an array's elements: in each of them */
    enum hs_sample_change_kind {
        HS_SAMPLE_ABSENT,
        HS_SAMPLE_VALUE,    /* `json` is its value */
        HS_SAMPLE_ELEMENTS, /* the array has so many */
    } kind;
    struct hs_slice json;
    unsigned elements;
};
/* As hs_catalogue_sample(), with changes; the first one of a row counts. */
void hs_catalogue_sample_changed(const struct hs_event_type *type, enum hs_sample_form form,
                                 const struct hs_sample_change *changes, size_t change_count,
                                 struct hs_slice id, uint64_t now_wall_ns, uint64_t *random,
                                 struct hs_buffer *ret_body);
/* Whether the row allows any value, or members and elements that it does not list. */
bool hs_catalogue_row_is_open(const struct hs_event_type *type, size_t row);

/* ---- Differences ---- */

struct hs_catalogue_change {
    enum hs_change_kind { HS_CHANGE_ADDED, HS_CHANGE_GONE, HS_CHANGE_CHANGED } kind;
    const char *type;
    const char *path;  /* NULL: the type as a whole */
    const char *words; /* CHANGED: "is id, was text; is optional now"; else "" */
};
/* Borrowed for the call. */
typedef void hs_change_fn(void *context, const struct hs_catalogue_change *change);
/* Visits what `now` has otherwise than `before`: types, fields, their types and properties; not
 * help and samples. How many there were. */
size_t hs_catalogue_diff(const struct hs_catalogue *before, const struct hs_catalogue *now,
                         hs_change_fn *visit, void *context);

/* ---- A first catalogue out of sample payloads ---- */

#define HS_INFERENCE_ROWS_MAX 20000u /* types and fields of one inference */
struct hs_inference;
struct hs_inference *hs_inference_create(void);
void hs_inference_free(struct hs_inference *inference);
/* Takes what a file holds: one event, an array of events, or JSON Lines. `name` stands for the
 * file in words. -EINVAL: not JSON, or an event without `type`; -E2BIG: too many fields. */
HS_MUST_CHECK int hs_inference_add(struct hs_inference *inference, const char *name,
                                   struct hs_slice text);
/* Appends a catalogue file that hs_catalogue_parse() takes, types by name: what was missing at
 * times is optional, what was null nullable; names that sound personal or like a credential are
 * marked so, with a remark to look at it. */
void hs_inference_write(const struct hs_inference *inference, struct hs_buffer *ret_yaml);

/* Appends a JSON Schema (draft 2020-12) of the whole event. Members that it does not name are
 * allowed. */
void hs_catalogue_schema(const struct hs_event_type *type, struct hs_buffer *ret_json);
/* Appends the reference page of the provider's types, docs/events.md. */
void hs_catalogue_manual(struct hs_buffer *ret_page);

#endif
