/* Field: see field.h. The table of words defines them completely: name, source of the value, and
 * line in the manual. */
#include "field.h"

#include "manual.h"
#include "words.h"
#include "work.h"

#include <hookstream/clock.h>
#include <hookstream/scheme.h>
#include <stdio.h>

#define TOP "body."
#define NAME_SHOWN_MAX 60u /* bytes of a name that is suggested with `data.` before it */

enum word { ID, TYPE, FAMILY, TIME, ORGANIZATION, SOURCE, RECEIVED, WORDS };

static const struct {
    const char *name, *help;
} words[WORDS] = {
    [ID] = {"id", "the event's `id`"},
    [TYPE] = {"type", "the event's `type`"},
    [FAMILY] = {"family", "the first segment of the type: `queue` of `queue.consumer.entered`"},
    [TIME] = {"time", "the envelope's `timestamp`, as the sender wrote it"},
    [ORGANIZATION] = {"organizationId", "the envelope's `organizationId`"},
    [SOURCE] = {"source", "the name of the source that took the event in"},
    [RECEIVED] = {"received", "when it came in: `2026-11-23T09:15:00.123Z`"},
};

void hs_field_manual(struct hs_buffer *ret_page)
{
    for (size_t i = 0; i < WORDS; i++)
        hs_buffer_printf(ret_page, "| `%s` | %s |\n", words[i].name, words[i].help);
    hs_buffer_append_text(ret_page, "| `data.…` | a field of the event's `data`, such as "
                                    "`data.items[0].price`; a name with dots or brackets is "
                                    "written `data[\"like.this\"]` |\n"
                                    "| `body.…` | a top-level member of the body after the "
                                    "transformations, such as `body.orderId` where `unwrap` put "
                                    "it |\n"
                                    "| `header[\"…\"]` | a header of the request, of those that "
                                    "are kept:");
    for (size_t i = 0; i < hs_kept_header_count(); i++)
        hs_buffer_printf(ret_page, "%s `%.*s`", i > 0 ? "," : "", HS_SLICE_ARG(hs_kept_header(i)));
    hs_buffer_append_text(ret_page, ". The sender does not sign them |\n");
}

static int find_word(struct hs_slice name)
{
    for (int i = 0; i < WORDS; i++)
        if (hs_slice_equal(name, hs_slice_text(words[i].name)))
            return i;
    return -1;
}

/* The name up to its first dot or bracket. */
static struct hs_slice first_part(struct hs_slice name)
{
    size_t size = 0;
    while (size < name.size && name.data[size] != '.' && name.data[size] != '[')
        size++;
    return hs_slice(name.data, size);
}

static bool is_from_top(struct hs_slice name)
{
    struct hs_slice top = HS_SLICE(TOP);
    return name.size > top.size && hs_slice_equal(hs_slice(name.data, top.size), top);
}

/* What the author most likely meant by an unknown name. */
static const char *suggestion(struct hs_config *config, const struct hs_node *node,
                              struct hs_slice name, struct hs_slice first)
{
    struct hs_arena *arena = hs_config_arena(config);
    if (hs_slice_equal(first, HS_SLICE("timestamp")))
        return ", did you mean `time`?";
    if (first.size < name.size && find_word(first) >= 0)
        return hs_arena_printf(arena, ": `%s` has no parts", words[find_word(first)].name);
    const char *names[WORDS + 1];
    for (size_t i = 0; i < WORDS; i++)
        names[i] = words[i].name;
    names[WORDS] = "data";
    const char *nearest = hs_nearest_name(first, names, WORDS + 1);
    if (nearest != NULL) {
        struct hs_slice rest = hs_slice(name.data + first.size, name.size - first.size);
        if (node != NULL && node->secret)
            rest = HS_SLICE_NONE;
        return hs_arena_printf(arena, ", did you mean `%s%.*s`?", nearest, HS_SLICE_ARG(rest));
    }
    if ((node == NULL || !node->secret) && name.size <= NAME_SHOWN_MAX &&
        hs_slice_equal(name, first))
        return hs_arena_printf(
            arena, ": fields of the event start with `data.`: did you mean `data.%.*s`?",
            HS_SLICE_ARG(name));
    return ": fields of the event start with `data.`; the other names are id, type, family, "
           "time, organizationId, source, received and header[\"...\"]; `body.` precedes one "
           "that a transformation put at the top";
}

#define HEADER_WORD "header["

static bool is_header(struct hs_slice name)
{
    size_t size = sizeof(HEADER_WORD) - 1;
    return name.size > size && memcmp(name.data, HEADER_WORD, size) == 0;
}

/* The text between the quotes of header["..."] or header['...']; empty: not of this form. */
static struct hs_slice header_name(struct hs_slice name)
{
    size_t before = sizeof(HEADER_WORD) - 1;
    if (name.size < before + 3)
        return HS_SLICE_NONE;
    char quote = name.data[before];
    if ((quote != '"' && quote != '\'') || name.data[name.size - 1] != ']' ||
        name.data[name.size - 2] != quote)
        return HS_SLICE_NONE;
    return hs_slice(name.data + before + 1, name.size - before - 3);
}

static void unknown_header(struct hs_config *config, const struct hs_node *node,
                           struct hs_slice text, size_t offset, struct hs_slice name)
{
    struct hs_arena *arena = hs_config_arena(config);
    const char *known = "";
    for (size_t i = 0; i < hs_kept_header_count(); i++)
        known = hs_arena_printf(arena, "%s%s%.*s", known, i > 0 ? ", " : "",
                                HS_SLICE_ARG(hs_kept_header(i)));
    hs_error_inside(config, HS_FINDING_UNKNOWN_FIELD, node, text, offset,
                    "%s is not a header that is kept with an event, such as header[\"%.*s\"]; "
                    "the kept ones are: %s",
                    hs_quote_piece(config, node, name), HS_SLICE_ARG(hs_kept_header(0)), known);
}

static bool compile_header(struct hs_config *config, const struct hs_node *node,
                           struct hs_slice text, size_t offset, struct hs_slice name,
                           struct hs_field *ret_field)
{
    struct hs_slice asked = header_name(name);
    for (size_t i = 0; i < hs_kept_header_count(); i++) {
        struct hs_slice kept = hs_kept_header(i);
        if (!hs_slice_equal_nocase(asked, kept))
            continue;
        *ret_field = (struct hs_field){.word = -1, .header = kept, .lead = ""};
        int size = asprintf(&ret_field->path.text, HEADER_WORD "\"%.*s\"]", HS_SLICE_ARG(kept));
        HS_ASSERT(size > 0);
        return true;
    }
    unknown_header(config, node, text, offset, name);
    return false;
}

bool hs_field_compile(struct hs_config *config, const struct hs_node *node, struct hs_slice text,
                      size_t offset, struct hs_slice name, struct hs_field *ret_field)
{
    struct hs_field field = {.word = find_word(name), .lead = ""};
    if (field.word >= 0) {
        *ret_field = field;
        return true;
    }
    if (is_header(name))
        return compile_header(config, node, text, offset, name, ret_field);
    struct hs_slice first = first_part(name);
    const char *scope = hs_config_scope(config);
    bool from_top = is_from_top(name);
    field.lead = from_top ? TOP : "";
    if (!from_top && !hs_slice_equal(first, HS_SLICE("data")) &&
        (scope == NULL || !hs_slice_equal(first, hs_slice_text(scope)))) {
        hs_error_inside(config, HS_FINDING_UNKNOWN_FIELD, node, text, offset, "unknown field %s%s",
                        hs_quote_piece(config, node, name), suggestion(config, node, name, first));
        return false;
    }
    size_t skip = from_top ? sizeof(TOP) - 1 : 0;
    if (hs_json_path_parse(hs_slice(name.data + skip, name.size - skip), &field.path) < 0) {
        hs_error_inside(config, HS_FINDING_FIELD_PATH, node, text, offset, "%s",
                        node && node->secret ? "`(secret)` is not a path" : hs_error_text());
        return false;
    }
    if (field.path.wildcard) {
        hs_error_inside(config, HS_FINDING_FIELD_MANY, node, text, offset,
                        "%s refers to many values where one is needed: name one, such as [0]",
                        hs_quote_piece(config, node, name));
        hs_json_path_free(&field.path);
        return false;
    }
    *ret_field = field;
    return true;
}

void hs_field_free(struct hs_field *field)
{
    hs_json_path_free(&field->path);
}

const char *hs_field_name(const struct hs_field *field)
{
    return field->word >= 0 ? words[field->word].name : field->path.text;
}

static int read_envelope(struct hs_work *work, enum hs_envelope_word word,
                         struct hs_field_value *value)
{
    const struct hs_json_member *member;
    int code = hs_work_envelope(work, word, &member);
    if (code < 0)
        return code;
    value->kind = member->value.data ? member->kind : HS_JSON_NULL;
    value->there = value->kind != HS_JSON_NULL;
    value->null = member->value.data && !value->there;
    value->quoted = value->kind == HS_JSON_STRING;
    value->text = member->value;
    value->place = (uintptr_t)member->value.data;
    return 0;
}

static void read_header(const struct hs_field *field, const struct hs_event *event,
                        struct hs_field_value *value)
{
    value->text = hs_event_header(event, field->header);
    value->there = value->text.data != NULL;
    value->place = (uintptr_t)value->text.data;
}

static int read_path(const struct hs_field *field, struct hs_work *work,
                     struct hs_field_value *value)
{
    const struct hs_json_tree *tree;
    int code = hs_work_look(work, &tree);
    if (code < 0)
        return code;
    hs_json_node node = hs_json_find(tree, &field->path);
    if (node == HS_JSON_NO_NODE)
        return 0;
    value->kind = hs_json_node_kind(tree, node);
    value->there = value->kind != HS_JSON_NULL;
    value->null = !value->there;
    value->quoted = value->kind == HS_JSON_STRING;
    if (value->kind >= HS_JSON_ARRAY)
        return 0;
    value->text = hs_json_node_text(tree, node);
    struct hs_json_place place = hs_json_node_place(tree, node);
    value->own = place.own;
    value->place = place.begin;
    return 0;
}

int hs_field_read(const struct hs_field *field, struct hs_work *work,
                  struct hs_field_value *ret_value)
{
    const struct hs_event *event = hs_work_event(work);
    struct hs_field_value *value = ret_value;
    value->there = true;
    value->null = false;
    value->quoted = false;
    value->own = false;
    value->place = 0;
    value->kind = HS_JSON_STRING;
    switch (field->word) {
    case ID:
        value->text = event->id;
        break;
    case TYPE:
        value->text = event->type;
        break;
    case FAMILY:
        value->text = hs_event_family(event->type);
        break;
    case SOURCE:
        value->text = event->source;
        break;
    case RECEIVED:
        hs_clock_format(event->received_wall_ns, value->storage);
        value->text = hs_slice_text(value->storage);
        break;
    case TIME:
        return read_envelope(work, HS_ENVELOPE_TIMESTAMP, value);
    case ORGANIZATION:
        return read_envelope(work, HS_ENVELOPE_ORGANIZATION, value);
    default:
        if (field->header.size > 0) {
            read_header(field, event, value);
            break;
        }
        value->there = false;
        return read_path(field, work, value);
    }
    return 0;
}

void hs_field_append(const struct hs_field_value *value, struct hs_buffer *ret_text)
{
    if (!value->quoted)
        hs_buffer_append_slice(ret_text, value->text);
    else if (memchr(value->text.data, '\\', value->text.size) == NULL)
        hs_buffer_append(ret_text, value->text.data + 1, value->text.size - 2);
    else
        hs_json_decode_string(value->text, ret_text);
}
