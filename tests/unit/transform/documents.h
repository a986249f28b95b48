/* Random documents: unusual but valid JSON, with every kind of white space, number and string that
 * the grammar allows, and frequently repeated names. */
#ifndef HS_TEST_DOCUMENTS_H
#define HS_TEST_DOCUMENTS_H

#include "cases.h"
#include "hs_test.h"

#include <hookstream/json.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX (4u << 20)

/* As written between quotes, and decoded. */
struct document_name {
    const char *raw, *plain;
};
static const struct document_name document_names[] = {
    {"a", "a"},
    {"b", "b"},
    {"c", "c"},
    {"", ""},
    {"\\u0061", "a"},
    {"x.y", "x.y"},
    {"l[0]", "l[0]"},
    {"\xC3\xA9", "\xC3\xA9"},
    {"\\u00e9", "\xC3\xA9"},
    {"\\/", "/"},
};
#define DOCUMENT_NAMES HS_ARRAY_SIZE(document_names)
/* The first of them: names that cannot be mistaken for a separator or an index. */
#define DOCUMENT_PLAIN_NAMES 4u

struct document {
    struct hs_buffer *json;
    bool unlike; /* all members of an object have different names */
};

static inline void put_space(struct hs_buffer *json)
{
    static const char spaces[] = " \t\r\n";
    if (pick(3) != 0)
        return;
    for (unsigned count = 1 + pick(3); count > 0; count--)
        hs_buffer_append_byte(json, spaces[pick(4)]);
}

static inline void put_digits(struct hs_buffer *json, unsigned count)
{
    while (count-- > 0)
        hs_buffer_append_byte(json, (char)('0' + pick(10)));
}

static inline void put_number(struct hs_buffer *json)
{
    static const char *const odd[] = {"0",     "-0",   "-0.0", "1E+2",   "1e400",
                                      "0e-99", "1.50", "-1",   "1e-400", "9007199254740993"};
    if (pick(2) == 0) {
        hs_buffer_append_text(json, odd[pick(HS_ARRAY_SIZE(odd))]);
        return;
    }
    if (pick(3) == 0)
        hs_buffer_append_byte(json, '-');
    hs_buffer_append_byte(json, (char)('1' + pick(9)));
    put_digits(json, pick(20) == 0 ? 100 : pick(22));
    if (pick(2) == 0) {
        hs_buffer_append_byte(json, '.');
        put_digits(json, 1 + pick(20));
    }
    if (pick(4) == 0) {
        static const char *const exponents[] = {"e", "E", "e+", "E-"};
        hs_buffer_append_text(json, exponents[pick(4)]);
        put_digits(json, 1 + pick(4));
    }
}

/* Without quotes. */
static inline void put_characters(struct hs_buffer *json, unsigned count)
{
    static const char *const odd[] = {
        "\\\"",
        "\\\\",
        "\\/",
        "\\b",
        "\\f",
        "\\n",
        "\\r",
        "\\t",
        "\\u0000",
        "\\u001F",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\uDE00",
        "\\uDE00\\ud83d",
        "\x7F",
        "\xC2\x80",
        "\xC3\xA9",
        "\xE2\x80\xA8",
        "\xEF\xBB\xBF",
        "\xEF\xBF\xBF",
        "\xF0\x9F\x98\x80",
        "\xF4\x8F\xBF\xBF",
        "{",
        "]",
        ",",
        ":",
        " ",
        "'",
    };
    while (count-- > 0) {
        if (pick(2) == 0)
            hs_buffer_append_byte(json, (char)((pick(2) ? 'a' : 'A') + (char)pick(26)));
        else
            hs_buffer_append_text(json, odd[pick(HS_ARRAY_SIZE(odd))]);
    }
}

static inline void put_string(struct hs_buffer *json)
{
    static const char *const likely[] = {
        "", "149.99", "-1.5", "USD", "2024-12-01T10:00:00.5Z", "+15551234567", "true", " Text "};
    hs_buffer_append_byte(json, '"');
    if (pick(3) == 0)
        hs_buffer_append_text(json, likely[pick(HS_ARRAY_SIZE(likely))]);
    else
        put_characters(json, pick(40) == 0 ? pick(2000) : pick(12));
    hs_buffer_append_byte(json, '"');
}

static inline void put_scalar(struct hs_buffer *json)
{
    static const char *const words[] = {"null", "true", "false"};
    switch (pick(5)) {
    case 0:
        hs_buffer_append_text(json, words[pick(3)]);
        break;
    case 1:
    case 2:
        put_number(json);
        break;
    default:
        put_string(json);
    }
}

/* Writes a member's name, `place` of its object, with quotes. */
static inline void put_name(const struct document *document, unsigned place)
{
    struct hs_buffer *json = document->json;
    hs_buffer_append_byte(json, '"');
    if (document->unlike && place < DOCUMENT_PLAIN_NAMES)
        hs_buffer_append_text(json, document_names[place].raw);
    else if (document->unlike)
        hs_buffer_printf(json, "m%c\\u00e9", 'a' + (char)(place % 26));
    else if (pick(12) == 0) {
        hs_buffer_append_byte(json, '~'); /* different from the others */
        put_characters(json, pick(8));
    } else {
        hs_buffer_append_text(json, document_names[pick(pick(2) == 0 ? 3 : DOCUMENT_NAMES)].raw);
    }
    hs_buffer_append_byte(json, '"');
}

static inline void put_value(const struct document *document, unsigned levels);

static inline void put_container(const struct document *document, bool object, unsigned count,
                                 unsigned levels)
{
    struct hs_buffer *json = document->json;
    hs_buffer_append_byte(json, object ? '{' : '[');
    put_space(json);
    for (unsigned i = 0; i < count; i++) {
        if (i != 0) {
            hs_buffer_append_byte(json, ',');
            put_space(json);
        }
        if (object) {
            put_name(document, i);
            put_space(json);
            hs_buffer_append_byte(json, ':');
            put_space(json);
        }
        put_value(document, levels);
        put_space(json);
    }
    hs_buffer_append_byte(json, object ? '}' : ']');
}

/* Writes a value with at most this many levels of containers. */
static inline void put_value(const struct document *document, unsigned levels)
{
    unsigned kind = levels == 0 ? 0 : pick(4);
    if (kind < 2)
        put_scalar(document->json);
    else
        put_container(document, kind == 2, levels > 6 ? 1 : pick(5), levels - 1);
}

/* Numbers of the envelope, which no test path names. */
#define DOCUMENT_FIRST "n1"
#define DOCUMENT_LAST "n2"

static inline void put_member(struct hs_buffer *json, const char *name)
{
    put_space(json);
    hs_buffer_printf(json, "\"%s\"", name);
    put_space(json);
    hs_buffer_append_byte(json, ':');
    put_space(json);
}

static inline void put_end(struct hs_buffer *json, char end)
{
    put_space(json);
    hs_buffer_append_byte(json, end);
}

/* An event whose `data` is any value, usually an object. */
static inline void put_event(struct hs_buffer *json, bool unlike)
{
    struct document document = {json, unlike};
    put_space(json);
    hs_buffer_append_byte(json, '{');
    put_member(json, DOCUMENT_FIRST);
    put_number(json);
    put_end(json, ',');
    put_member(json, "id");
    hs_buffer_append_text(json, "\"whk_1\"");
    put_end(json, ',');
    put_member(json, "data");
    unsigned kind = pick(20);
    if (kind < 2)
        put_value(&document, kind == 0 ? 60 : 6);
    else
        put_container(&document, kind < 17, 1 + pick(6), 5);
    put_end(json, ',');
    put_member(json, DOCUMENT_LAST);
    put_number(json);
    put_end(json, '}');
    put_space(json);
    ck_assert_int_eq(hs_buffer_status(json), 0);
}

#endif
