/* Infer: a first catalogue file from sample payloads. A row is a path in the events of a type; it
 * counts occurrences and records the kinds of its values. Concludes nothing that the samples do not
 * show. infer_write.c writes the file. */
#include "infer.h"

#include <ctype.h>
#include <hookstream/clock.h>
#include <stdio.h>
#include <stdlib.h>

struct hs_inference *hs_inference_create(void)
{
    struct hs_inference *inference = hs_alloc(sizeof(*inference));
    inference->arena = hs_arena_create();
    inference->tree = hs_json_tree_create();
    return inference;
}

void hs_inference_free(struct hs_inference *inference)
{
    if (inference == NULL)
        return;
    hs_json_tree_free(inference->tree);
    hs_arena_free(inference->arena);
    free(inference);
}

/* ---- Reading ---- */

/* The child of this name, created if new. NULL and a message if there are too many. */
static struct row *child_of(struct hs_inference *inference, struct row *row, struct hs_slice name)
{
    for (struct row *child = row->children; child != NULL; child = child->next)
        if (hs_slice_equal(hs_slice_text(child->name), name))
            return child;
    if (inference->rows++ >= HS_INFERENCE_ROWS_MAX) {
        (void)hs_fail(-E2BIG, "there are more than %u fields", HS_INFERENCE_ROWS_MAX);
        return NULL;
    }
    struct row *child = hs_arena_alloc(inference->arena, sizeof(*child));
    *child = (struct row){.name = hs_arena_dup(inference->arena, name),
                          .can = CAN_TIME | CAN_MONEY | CAN_CURRENCY | CAN_ID};
    if (row->last != NULL)
        row->last->next = child;
    else
        row->children = child;
    row->last = child;
    return child;
}

static bool is_plain(struct hs_slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!isalnum((unsigned char)name.data[i]) && name.data[i] != '_' && name.data[i] != '-')
            return false;
    return name.size > 0;
}

static bool ends_in(struct hs_slice text, const char *end)
{
    struct hs_slice tail = hs_slice_text(end);
    return text.size >= tail.size &&
           memcmp(text.data + text.size - tail.size, tail.data, tail.size) == 0;
}

/* Digits with a point; without one the field's name must indicate money. */
static bool is_money(const char *name, struct hs_slice text)
{
    size_t at = text.size > 0 && text.data[0] == '-', digits = 0, points = 0;
    for (; at < text.size; at++) {
        digits += isdigit((unsigned char)text.data[at]) != 0;
        points += text.data[at] == '.' && digits > 0;
        if (!isdigit((unsigned char)text.data[at]) && text.data[at] != '.')
            return false;
    }
    bool speaks =
        strcasestr(name, "amount") || strcasestr(name, "price") || strcasestr(name, "total");
    return digits > 0 && text.data[text.size - 1] != '.' && (points == 1 || (speaks && !points));
}

static unsigned text_can_be(const char *name, struct hs_slice text)
{
    struct hs_instant instant;
    struct hs_slice field = hs_slice_text(name);
    unsigned can = 0;
    if (text.size > 10 && hs_instant_parse(text, &instant) == 0)
        can |= CAN_TIME;
    if (is_money(name, text))
        can |= CAN_MONEY;
    bool capitals = text.size == 3;
    for (size_t i = 0; capitals && i < 3; i++)
        capitals = text.data[i] >= 'A' && text.data[i] <= 'Z';
    if (capitals && strcasestr(name, "currency"))
        can |= CAN_CURRENCY;
    if (strcmp(name, "id") == 0 || ends_in(field, "Id") || ends_in(field, "ID") ||
        ends_in(field, "_id"))
        can |= CAN_ID;
    return can;
}

static int add_value(struct hs_inference *inference, struct row *row, hs_json_node node);

/* Recursion is as deep as the tree, which its parser bounds. */
static int add_children(struct hs_inference *inference, struct row *row, hs_json_node node,
                        bool members)
{
    const struct hs_json_tree *tree = inference->tree;
    hs_json_node child = hs_json_first_child(tree, node);
    for (; child != HS_JSON_NO_NODE; child = hs_json_next(tree, child)) {
        struct hs_slice name = members ? hs_json_node_name(tree, child) : HS_SLICE("[*]");
        if (members && !is_plain(name)) {
            row->odd = true;
            continue;
        }
        struct row *below = child_of(inference, row, name);
        int code = below != NULL ? add_value(inference, below, child) : -E2BIG;
        if (code < 0)
            return code;
    }
    return 0;
}

static int add_value(struct hs_inference *inference, struct row *row, hs_json_node node)
{
    struct hs_slice text = hs_json_node_text(inference->tree, node);
    row->seen++;
    switch (hs_json_node_kind(inference->tree, node)) {
    case HS_JSON_NULL:
        row->nulls++;
        break;
    case HS_JSON_FALSE:
    case HS_JSON_TRUE:
        row->saw |= SAW_BOOLEAN;
        break;
    case HS_JSON_NUMBER: {
        bool whole = true;
        for (size_t i = 0; i < text.size; i++)
            whole = whole && (isdigit((unsigned char)text.data[i]) || text.data[i] == '-');
        row->saw |= whole ? SAW_INTEGER : SAW_NUMBER;
        break;
    }
    case HS_JSON_STRING:
        row->saw |= SAW_TEXT;
        row->can &= text_can_be(row->name, hs_slice(text.data + 1, text.size - 2));
        break;
    case HS_JSON_ARRAY:
        row->saw |= SAW_ARRAY;
        return add_children(inference, row, node, false);
    case HS_JSON_OBJECT:
        row->saw |= SAW_OBJECT;
        return add_children(inference, row, node, true);
    }
    return 0;
}

static int add_event(struct hs_inference *inference, hs_json_node node)
{
    const struct hs_json_tree *tree = inference->tree;
    hs_json_node type = HS_JSON_NO_NODE;
    if (hs_json_node_kind(tree, node) == HS_JSON_OBJECT)
        type = hs_json_member_get(tree, node, HS_SLICE("type"));
    if (type == HS_JSON_NO_NODE || hs_json_node_kind(tree, type) != HS_JSON_STRING)
        return hs_fail(-EINVAL, "an event is an object with a text `type`");
    struct hs_slice text = hs_json_node_text(tree, type);
    struct hs_slice name = hs_slice(text.data + 1, text.size - 2);
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] != '.' && !is_plain(hs_slice(name.data + i, 1)))
            return hs_fail(-EINVAL, "`%.*s` is not a type: words separated by dots",
                           (int)(name.size < 80 ? name.size : 80), name.data);
    struct row *row = child_of(inference, &inference->types, name);
    return row != NULL ? add_value(inference, row, node) : -E2BIG;
}

static int add_document(struct hs_inference *inference, struct hs_slice text)
{
    int code = hs_json_tree_parse(inference->tree, text);
    if (code < 0)
        return code;
    hs_json_node root = hs_json_root(inference->tree);
    if (hs_json_node_kind(inference->tree, root) != HS_JSON_ARRAY)
        return add_event(inference, root);
    hs_json_node event = hs_json_first_child(inference->tree, root);
    for (; code == 0 && event != HS_JSON_NO_NODE; event = hs_json_next(inference->tree, event))
        code = add_event(inference, event);
    return code;
}

/* Adds the file's name to an error; `line` 0: the file as a whole. */
static int say_where(int code, const char *name, size_t line)
{
    char words[256];
    snprintf(words, sizeof(words), "%s", hs_error_text());
    return line > 0 ? hs_fail(code, "%s:%zu: %s", name, line, words)
                    : hs_fail(code, "%s: %s", name, words);
}

int hs_inference_add(struct hs_inference *inference, const char *name, struct hs_slice text)
{
    if (hs_json_tree_parse(inference->tree, text) == 0) {
        int code = add_document(inference, text);
        return code < 0 ? say_where(code, name, 0) : 0;
    }
    size_t line = 1;
    for (size_t at = 0; at < text.size; line++) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end != NULL ? (size_t)(end - text.data) - at : text.size - at;
        struct hs_slice one = hs_slice(text.data + at, size);
        while (one.size > 0 && isspace((unsigned char)one.data[one.size - 1]))
            one.size--;
        int code = one.size > 0 ? add_document(inference, one) : 0;
        if (code < 0)
            return say_where(code, name, line);
        at += size + 1;
    }
    return 0;
}
