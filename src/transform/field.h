/* Field: what a template or a condition can name: a word of the event as received (id, type,
 * family, time, organizationId, source, received), a header that is kept with it, or a path
 * below `data` or, after `body.`, from the top of the body as it stands. One compiler and one
 * reader for all. */
#ifndef HS_TRANSFORM_FIELD_H
#define HS_TRANSFORM_FIELD_H

#include <hookstream/transform.h>

struct hs_field {
    int word;                 /* index in the table of words; -1: a path, or a header */
    struct hs_slice header;   /* its name in lower case; empty: it is none */
    struct hs_json_path path; /* from the body's top; of a header the text only */
    const char *lead;         /* what stood before the path: "body." or "" */
};

/* Compiles `name`, the part at `offset` of `text`, which stands in `node`. False, with a
 * finding, when there is no such field or it stands for more than one value. */
bool hs_field_compile(struct hs_config *config, const struct hs_node *node, struct hs_slice text,
                      size_t offset, struct hs_slice name, struct hs_field *ret_field);
void hs_field_free(struct hs_field *field);
/* The word, or the path from the body's top: as written, without its `lead`. */
const char *hs_field_name(const struct hs_field *field);

struct hs_field_value {
    bool there;             /* there, and not null */
    bool null;              /* there, and null */
    enum hs_json_kind kind; /* of what is there */
    bool quoted;            /* `text` is a JSON string with its quotes, else it is as it reads */
    struct hs_slice text;   /* of strings, numbers, booleans; borrowed until the next edit */
    /* Where the text is: one that is in the same place in the same epoch of the work and equally
     * long is the same text. */
    bool own;
    uintptr_t place;
    char storage[32]; /* for a text that is made; then the value must not be moved */
};

/* -EINVAL: the body had to be read and is not JSON. */
HS_MUST_CHECK int hs_field_read(const struct hs_field *field, struct hs_work *work,
                                struct hs_field_value *ret_value);
/* Appends the text of a string, number or boolean, decoded. */
void hs_field_append(const struct hs_field_value *value, struct hs_buffer *ret_text);

#endif
