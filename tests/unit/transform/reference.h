/* A reference for splices that shares no code with the program. It parses a document into a flat
 * list of values with byte positions, marks some of them, and determines the remaining bytes by the
 * rules of docs/fidelity.md. It is slow and expects valid JSON. */
#ifndef HS_TEST_REFERENCE_H
#define HS_TEST_REFERENCE_H

#include "documents.h"

struct reference_value {
    size_t item;           /* start of its name, or of the value if it has none */
    size_t begin, end;     /* its bytes */
    size_t name, name_end; /* between the quotes of its name; both 0: an element */
    int parent;            /* index of its container; -1: the document */
    bool removed;
    const char *text; /* its replacement; NULL: none */
};

struct reference {
    struct hs_slice text;
    struct reference_value *values; /* containers precede their contents */
    size_t count, most, at;
};

static inline char reference_peek(const struct reference *reference)
{
    ck_assert_uint_lt(reference->at, reference->text.size);
    return reference->text.data[reference->at];
}

static inline void reference_space(struct reference *reference)
{
    while (reference->at < reference->text.size &&
           strchr(" \t\r\n", reference->text.data[reference->at]) != NULL)
        reference->at++;
}

static inline void reference_string(struct reference *reference)
{
    reference->at++;
    while (reference_peek(reference) != '"')
        reference->at += reference_peek(reference) == '\\' ? 2 : 1;
    reference->at++;
}

static inline void reference_read(struct reference *reference, int parent, size_t item, size_t name,
                                  size_t name_end);

static inline void reference_inside(struct reference *reference, int parent, char close)
{
    reference->at++;
    reference_space(reference);
    while (reference_peek(reference) != close) {
        size_t item = reference->at, name = 0, name_end = 0;
        if (close == '}') {
            reference_string(reference);
            name = item + 1;
            name_end = reference->at - 1;
            reference_space(reference);
            ck_assert_int_eq(reference_peek(reference), ':');
            reference->at++;
            reference_space(reference);
        }
        reference_read(reference, parent, item, name, name_end);
        reference_space(reference);
        if (reference_peek(reference) == ',')
            reference->at++;
        reference_space(reference);
    }
    reference->at++;
}

static inline void reference_read(struct reference *reference, int parent, size_t item, size_t name,
                                  size_t name_end)
{
    ck_assert_uint_lt(reference->count, reference->most);
    size_t index = reference->count++;
    struct reference_value *value = &reference->values[index];
    *value = (struct reference_value){
        .item = item, .begin = reference->at, .name = name, .name_end = name_end, .parent = parent};
    char first = reference_peek(reference);
    if (first == '{' || first == '[')
        reference_inside(reference, (int)index, first == '{' ? '}' : ']');
    else if (first == '"')
        reference_string(reference);
    else
        while (reference->at < reference->text.size &&
               strchr(" \t\r\n,]}", reference->text.data[reference->at]) == NULL)
            reference->at++;
    value->end = reference->at;
}

static inline struct reference reference_of(struct hs_slice text)
{
    /* A value and what precedes it take two bytes. */
    struct reference reference = {.text = text, .most = text.size / 2 + 2};
    reference.values = calloc(reference.most, sizeof(*reference.values));
    reference_space(&reference);
    reference_read(&reference, -1, reference.at, 0, 0);
    reference_space(&reference);
    ck_assert_uint_eq(reference.at, text.size);
    return reference;
}

static inline char reference_first(const struct reference *reference, size_t index)
{
    return reference->text.data[reference->values[index].begin];
}

static inline struct hs_slice reference_bytes(const struct reference *reference, size_t index)
{
    const struct reference_value *value = &reference->values[index];
    return hs_slice(reference->text.data + value->begin, value->end - value->begin);
}

static inline bool reference_has_name(const struct reference *reference, size_t index)
{
    return reference->values[index].name != 0;
}

/* The decoded name, if it is in document_names; otherwise NULL. */
static inline const char *reference_name(const struct reference *reference, size_t index)
{
    const struct reference_value *value = &reference->values[index];
    struct hs_slice raw =
        hs_slice(reference->text.data + value->name, value->name_end - value->name);
    static const char *const envelope[] = {"id", "data", DOCUMENT_FIRST, DOCUMENT_LAST};
    for (size_t i = 0; i < HS_ARRAY_SIZE(envelope); i++)
        if (hs_slice_equal(raw, hs_slice_text(envelope[i])))
            return envelope[i];
    for (size_t i = 0; i < DOCUMENT_NAMES; i++)
        if (hs_slice_equal(raw, hs_slice_text(document_names[i].raw)))
            return document_names[i].plain;
    return NULL;
}

/* Whether it remains: neither it nor a container of it was removed or replaced. */
static inline bool reference_stands(const struct reference *reference, size_t index)
{
    const struct reference_value *value = &reference->values[index];
    if (value->removed)
        return false;
    for (int up = value->parent; up >= 0; up = reference->values[up].parent)
        if (reference->values[up].removed || reference->values[up].text != NULL)
            return false;
    return true;
}

/* Its index among the remaining elements. */
static inline size_t reference_place(const struct reference *reference, size_t index)
{
    size_t place = 0;
    for (size_t i = 0; i < index; i++)
        place += reference->values[i].parent == reference->values[index].parent &&
                 !reference->values[i].removed;
    return place;
}

/* Whether a path to `index` also leads to `other`: a duplicate member is visited twice. */
static inline bool reference_same_path(const struct reference *reference, int index, int other)
{
    while (index >= 0 && other >= 0 && index != other) {
        bool named = reference_has_name(reference, (size_t)index);
        if (named != reference_has_name(reference, (size_t)other))
            return false;
        if (named) {
            const char *name = reference_name(reference, (size_t)index),
                       *others = reference_name(reference, (size_t)other);
            if (name == NULL || others == NULL || strcmp(name, others) != 0)
                return false;
        } else if (reference_place(reference, (size_t)index) !=
                   reference_place(reference, (size_t)other)) {
            return false;
        }
        index = reference->values[index].parent;
        other = reference->values[other].parent;
    }
    return index == other;
}

/* ---- The remaining bytes ---- */

static inline void reference_drop(bool *dropped, size_t from, size_t to)
{
    for (; from < to; from++)
        dropped[from] = true;
}

/* What the removed items of one container take along: everything between its brackets if none
 * stays; before the first that stays, everything up to it; otherwise everything from the end of the
 * last remaining one before them. */
static inline void reference_thin(const struct reference *reference, int container, bool *dropped)
{
    const struct reference_value *values = reference->values;
    size_t first = SIZE_MAX, last_end = 0;
    bool stays = false, goes = false;
    for (size_t i = 0; i < reference->count; i++) {
        if (values[i].parent != container)
            continue;
        if (first == SIZE_MAX)
            first = values[i].item;
        goes = goes || values[i].removed;
        if (values[i].removed && stays)
            reference_drop(dropped, last_end, values[i].end);
        if (!values[i].removed && !stays)
            reference_drop(dropped, first, values[i].item);
        if (!values[i].removed)
            last_end = values[i].end;
        stays = stays || !values[i].removed;
    }
    if (goes && !stays)
        reference_drop(dropped, values[container].begin + 1, values[container].end - 1);
}

static inline void reference_write(const struct reference *reference, struct hs_buffer *json)
{
    bool *dropped = calloc(reference->text.size + 1, sizeof(*dropped));
    const char **put = calloc(reference->text.size + 1, sizeof(*put));
    for (size_t i = 0; i < reference->count; i++) {
        const struct reference_value *value = &reference->values[i];
        if (!reference_stands(reference, i))
            continue;
        if (value->text != NULL) {
            put[value->begin] = value->text;
            reference_drop(dropped, value->begin, value->end);
        } else if (reference_first(reference, i) == '{' || reference_first(reference, i) == '[') {
            reference_thin(reference, (int)i, dropped);
        }
    }
    for (size_t i = 0; i < reference->text.size; i++) {
        if (put[i] != NULL)
            hs_buffer_append_text(json, put[i]);
        if (!dropped[i])
            hs_buffer_append_byte(json, reference->text.data[i]);
    }
    free(dropped);
    free(put);
}

static inline void reference_free(struct reference *reference)
{
    free(reference->values);
}

#endif
