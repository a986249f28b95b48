/* Field: a name in a template or condition: a word of the event as received (id, type, family,
 * time, organizationId, source, received), a kept header, or a path below `data` or, after `body.`,
 * from the top of the current body. One compiler and one reader for all. */
#ifndef HS_TRANSFORM_FIELD_H
#define HS_TRANSFORM_FIELD_H

#include <hookstream/transform.h>

struct hs_field {
    int word;                 /* index in the table of words; -1: a path, or a header */
    struct hs_slice header;   /* its name in lower case; empty: not a header */
    struct hs_json_path path; /* from the body's top; for a header only the text */
    const char *lead;         /* the text before the path: "body." or "" */
};

/* Compiles `name`, the part at `offset` of `text`, which is in `node`. Returns false, with a
 * finding, if there is no such field or it refers to more than one value. */
bool hs_field_compile(struct hs_config *config, const struct hs_node *node, struct hs_slice text,
                      size_t offset, struct hs_slice name, struct hs_field *ret_field);
void hs_field_free(struct hs_field *field);
/* The word, or the path from the body's top, as written without its `lead`. */
const char *hs_field_name(const struct hs_field *field);

struct hs_field_value {
    bool there;             /* present and not null */
    bool null;              /* present and null */
    enum hs_json_kind kind; /* the value's kind */
    bool quoted;            /* `text` is a JSON string with its quotes, otherwise verbatim */
    struct hs_slice text;   /* of strings, numbers, booleans; borrowed until the next edit */
    /* Location of the text: an equally long one at the same location in the same epoch of the work
     * is the same text. */
    bool own;
    uintptr_t place;
    char storage[32]; /* for a generated text; the value must then not be moved */
};

/* -EINVAL: the body is needed but is not JSON. */
HS_MUST_CHECK int hs_field_read(const struct hs_field *field, struct hs_work *work,
                                struct hs_field_value *ret_value);
/* Appends the text of a string, number or boolean, decoded. */
void hs_field_append(const struct hs_field_value *value, struct hs_buffer *ret_text);

#endif
