/* Jq keep: see jq_keep.h. Walks the event and the result in parallel and writes the result. */
#include "jq_keep.h"

#include "names.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define TEXT_MAX (64u << 20)
#define EXACT_DIGITS 15u /* this many digits survive in any double */

struct number {
    double value;
    struct hs_slice token; /* data NULL: the event has another number of this value */
};

struct hs_jq_keep {
    const struct hs_json_tree *before;
    struct hs_json_tree *after;
    struct hs_buffer text[2]; /* scratch */
    struct number numbers[HS_JQ_NUMBERS_MAX];
    size_t number_count;
};

struct hs_jq_keep *hs_jq_keep_create(void)
{
    struct hs_jq_keep *keep = hs_alloc(sizeof(*keep));
    keep->after = hs_json_tree_create();
    for (size_t i = 0; i < HS_ARRAY_SIZE(keep->text); i++)
        hs_buffer_init(&keep->text[i], TEXT_MAX);
    return keep;
}

void hs_jq_keep_free(struct hs_jq_keep *keep)
{
    if (keep == NULL)
        return;
    hs_json_tree_free(keep->after);
    for (size_t i = 0; i < HS_ARRAY_SIZE(keep->text); i++)
        hs_buffer_free(&keep->text[i]);
    free(keep);
}

/* ---- Input for libjq ---- */

/* The unit of a \\uXXXX at `at`, or 0 if there is none or it is not half of a surrogate pair. */
static unsigned surrogate_at(struct hs_slice json, size_t at)
{
    unsigned unit = 0;
    if (json.size - at < 6 || json.data[at] != '\\' || json.data[at + 1] != 'u')
        return 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        unsigned char c = (unsigned char)json.data[i];
        unit = unit << 4 | (c <= '9' ? c - 0x30u : (c | 0x20u) - 0x61u + 10u);
    }
    return unit >= 0xd800 && unit <= 0xdfff ? unit : 0;
}

void hs_jq_keep_prepare(struct hs_buffer *json)
{
    struct hs_slice text = hs_buffer_slice(json);
    for (size_t i = 0; i < text.size;) {
        const char *mark = memchr(text.data + i, '\\', text.size - i);
        if (mark == NULL)
            return;
        i = (size_t)(mark - text.data);
        unsigned unit = surrogate_at(text, i);
        unsigned next = unit != 0 && text.size - i >= 12 ? surrogate_at(text, i + 6) : 0;
        if (unit == 0) {
            i += 2; /* the character behind a backslash does not start an escape */
        } else if (unit < 0xdc00 && next >= 0xdc00) {
            i += 12;
        } else {
            memcpy(json->data + i, "\\ufffd", 6);
            i += 6;
        }
    }
}

/* ---- Numbers ---- */

/* The value for jq: the nearest double, or the largest if out of range. */
static double value_of(struct hs_jq_keep *keep, struct hs_slice token)
{
    struct hs_buffer *text = &keep->text[0];
    hs_buffer_clear(text);
    hs_buffer_append_slice(text, token);
    hs_buffer_append_byte(text, '\0');
    if (hs_buffer_status(text) < 0)
        return NAN;
    double value = strtod(text->data, NULL);
    return value > DBL_MAX ? DBL_MAX : value < -DBL_MAX ? -DBL_MAX : value;
}

static bool may_lose_digits(struct hs_slice token)
{
    size_t digits = 0;
    for (size_t i = 0; i < token.size; i++) {
        char c = token.data[i];
        if (c == 'e' || c == 'E')
            return true; /* it may be too large or too small */
        digits += c >= '0' && c <= '9' && (digits > 0 || c != '0');
    }
    return digits > EXACT_DIGITS;
}

static struct number *find_number(struct hs_jq_keep *keep, double value)
{
    for (size_t i = 0; i < keep->number_count; i++)
        if (keep->numbers[i].value == value)
            return &keep->numbers[i];
    return NULL;
}

static void note_number(struct hs_jq_keep *keep, struct hs_slice token)
{
    if (!may_lose_digits(token))
        return;
    double value = value_of(keep, token);
    struct number *same = find_number(keep, value);
    if (same != NULL && !hs_slice_equal(same->token, token))
        same->token = HS_SLICE_NONE;
    else if (same == NULL && keep->number_count < HS_JQ_NUMBERS_MAX)
        keep->numbers[keep->number_count++] = (struct number){value, token};
}

/* Recursion is bounded by the depth of the JSON. */
static void note_numbers(struct hs_jq_keep *keep, hs_json_node node)
{
    if (hs_json_node_kind(keep->before, node) == HS_JSON_NUMBER)
        note_number(keep, hs_json_node_text(keep->before, node));
    for (hs_json_node child = hs_json_first_child(keep->before, node); child != HS_JSON_NO_NODE;
         child = hs_json_next(keep->before, child))
        note_numbers(keep, child);
}

/* ---- Scalars ---- */

static bool reads_the_same(struct hs_jq_keep *keep, struct hs_slice a, struct hs_slice b)
{
    if (hs_slice_equal(a, b))
        return true;
    hs_buffer_clear(&keep->text[0]);
    hs_buffer_clear(&keep->text[1]);
    hs_json_decode_string(a, &keep->text[0]);
    hs_json_decode_string(b, &keep->text[1]);
    return hs_buffer_status(&keep->text[0]) == 0 && hs_buffer_status(&keep->text[1]) == 0 &&
           hs_slice_equal(hs_buffer_slice(&keep->text[0]), hs_buffer_slice(&keep->text[1]));
}

/* The bytes to write for a scalar of the result. */
static struct hs_slice bytes_for(struct hs_jq_keep *keep, hs_json_node before, hs_json_node after)
{
    struct hs_slice token = hs_json_node_text(keep->after, after);
    enum hs_json_kind kind = hs_json_node_kind(keep->after, after);
    bool paired = before != HS_JSON_NO_NODE && hs_json_node_kind(keep->before, before) == kind;
    struct hs_slice old = paired ? hs_json_node_text(keep->before, before) : HS_SLICE_NONE;
    if (kind == HS_JSON_STRING)
        return paired && reads_the_same(keep, old, token) ? old : token;
    if (kind != HS_JSON_NUMBER)
        return token;
    double value = value_of(keep, token);
    if (paired && value_of(keep, old) == value)
        return old;
    const struct number *same = find_number(keep, value);
    return same != NULL && same->token.data != NULL ? same->token : token;
}

/* ---- Containers ---- */

static void write_value(struct hs_jq_keep *keep, hs_json_node before, hs_json_node after,
                        struct hs_buffer *json);

/* The members of an object of the event, usually requested in order. */
struct members {
    const struct hs_json_tree *tree;
    hs_json_node object, next;
    struct hs_names names; /* of all members, once one was requested out of order */
    bool named;
};

static hs_json_node find_member(struct members *members, struct hs_slice raw)
{
    bool fresh;
    if (members->next != HS_JSON_NO_NODE &&
        hs_slice_equal(hs_json_node_name(members->tree, members->next), raw)) {
        hs_json_node found = members->next;
        members->next = hs_json_next(members->tree, found);
        return found;
    }
    if (!members->named) {
        hs_names_init(&members->names);
        members->named = true;
        for (hs_json_node child = hs_json_first_child(members->tree, members->object);
             child != HS_JSON_NO_NODE; child = hs_json_next(members->tree, child)) {
            uint32_t *value = hs_names_put(&members->names, hs_json_node_name(members->tree, child),
                                           child, &fresh);
            if (value == NULL)
                return HS_JSON_NO_NODE; /* too many: the rest is written by jq's spelling */
            *value = child;
        }
    }
    hs_json_node found = hs_names_get(&members->names, raw, HS_JSON_NO_NODE);
    if (found != HS_JSON_NO_NODE)
        members->next = hs_json_next(members->tree, found);
    return found;
}

static void write_object(struct hs_jq_keep *keep, hs_json_node before, hs_json_node after,
                         struct hs_buffer *json)
{
    struct members members = {.tree = keep->before, .object = before, .next = HS_JSON_NO_NODE};
    if (before != HS_JSON_NO_NODE)
        members.next = hs_json_first_child(keep->before, before);
    char glue = '{';
    for (hs_json_node child = hs_json_first_child(keep->after, after); child != HS_JSON_NO_NODE;
         child = hs_json_next(keep->after, child), glue = ',') {
        struct hs_slice name = hs_json_node_name(keep->after, child);
        hs_json_node old =
            before != HS_JSON_NO_NODE ? find_member(&members, name) : HS_JSON_NO_NODE;
        if (old != HS_JSON_NO_NODE)
            name = hs_json_node_name(keep->before, old);
        hs_buffer_append_byte(json, glue);
        hs_buffer_append_byte(json, '"');
        hs_buffer_append_slice(json, name);
        hs_buffer_append_text(json, "\":");
        write_value(keep, old, child, json);
    }
    hs_buffer_append_text(json, glue == '{' ? "{}" : "}");
    if (members.named)
        hs_names_free(&members.names);
}

static void write_array(struct hs_jq_keep *keep, hs_json_node before, hs_json_node after,
                        struct hs_buffer *json)
{
    hs_json_node old =
        before != HS_JSON_NO_NODE ? hs_json_first_child(keep->before, before) : HS_JSON_NO_NODE;
    char glue = '[';
    for (hs_json_node child = hs_json_first_child(keep->after, after); child != HS_JSON_NO_NODE;
         child = hs_json_next(keep->after, child), glue = ',') {
        hs_buffer_append_byte(json, glue);
        write_value(keep, old, child, json);
        old = old != HS_JSON_NO_NODE ? hs_json_next(keep->before, old) : HS_JSON_NO_NODE;
    }
    hs_buffer_append_text(json, glue == '[' ? "[]" : "]");
}

/* Recursion is bounded by the depth of the result. `before` may be none. */
static void write_value(struct hs_jq_keep *keep, hs_json_node before, hs_json_node after,
                        struct hs_buffer *json)
{
    enum hs_json_kind kind = hs_json_node_kind(keep->after, after);
    if (before != HS_JSON_NO_NODE && kind >= HS_JSON_ARRAY &&
        hs_json_node_kind(keep->before, before) != kind)
        before = HS_JSON_NO_NODE;
    if (kind == HS_JSON_OBJECT)
        write_object(keep, before, after, json);
    else if (kind == HS_JSON_ARRAY)
        write_array(keep, before, after, json);
    else
        hs_buffer_append_slice(json, bytes_for(keep, before, after));
}

int hs_jq_keep_bytes(struct hs_jq_keep *keep, const struct hs_json_tree *tree, hs_json_node node,
                     struct hs_slice result, struct hs_buffer *ret_json)
{
    int code = hs_json_tree_parse(keep->after, result);
    if (code < 0)
        return code;
    keep->before = tree;
    keep->number_count = 0;
    note_numbers(keep, node);
    write_value(keep, node, hs_json_root(keep->after), ret_json);
    return hs_buffer_status(ret_json);
}

bool hs_jq_keep_was_object(const struct hs_jq_keep *keep)
{
    return hs_json_node_kind(keep->after, hs_json_root(keep->after)) == HS_JSON_OBJECT;
}
