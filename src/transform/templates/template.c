/* Template: text with {fields}. Compiled once into pieces, alternating literal texts and fields;
 * expanded for each event. Does not check the result: the user of a topic or stream name does. */
#include "field.h"
#include "words.h"

#include <stdlib.h>

#define TEMPLATE_TEXT_MAX 4096u
#define TEMPLATE_PIECES_MAX 64u

/* A literal, then a field; the last piece may lack the field. */
struct piece {
    char *literal;
    size_t literal_size;
    bool has_field, has_fallback;
    struct hs_field field;
    char *fallback; /* default of a missing field */
    size_t fallback_size;
};

struct hs_template {
    const struct hs_node *node; /* its position, or NULL */
    struct piece *pieces;
    size_t count;
};

/* The parser's state. */
struct parser {
    struct hs_config *config;
    const struct hs_node *node;
    struct hs_slice text;
    size_t at;
    struct hs_buffer literal; /* of the current piece */
    struct hs_template *tmpl;
};

static bool at(const struct parser *parser, char c, size_t ahead)
{
    size_t place = parser->at + ahead;
    return place < parser->text.size && parser->text.data[place] == c;
}

static char *copy(const void *data, size_t size)
{
    return hs_slice_dup(hs_slice(size != 0 ? data : "", size));
}

static struct piece *add_piece(struct parser *parser)
{
    struct hs_template *tmpl = parser->tmpl;
    if (tmpl->count == TEMPLATE_PIECES_MAX) {
        hs_error_inside(parser->config, HS_FINDING_TEMPLATE, parser->node, parser->text, parser->at,
                        "a template has at most %u fields", TEMPLATE_PIECES_MAX);
        return NULL;
    }
    tmpl->pieces = hs_realloc_array(tmpl->pieces, tmpl->count + 1, sizeof(*tmpl->pieces));
    struct piece *piece = &tmpl->pieces[tmpl->count++];
    *piece = (struct piece){.literal = copy(parser->literal.data, parser->literal.size),
                            .literal_size = parser->literal.size};
    hs_buffer_clear(&parser->literal);
    return piece;
}

/* Where the field that begins at `start` ends: at its | or }, ignoring those within ["..."]. */
static size_t field_end(struct hs_slice text, size_t start)
{
    bool quoted = false;
    for (size_t i = start; i < text.size; i++) {
        char c = text.data[i];
        if (c == '"' && (quoted || (i > start && text.data[i - 1] == '[')))
            quoted = !quoted;
        if (!quoted && (c == '|' || c == '}' || c == '{'))
            return i;
    }
    return text.size;
}

/* "{{data.x}}" means the literal text "{data.x}", which is rarely intended. */
static void warn_of_doubled(const struct parser *parser)
{
    size_t start = parser->at + 2;
    size_t end = field_end(parser->text, start);
    struct hs_slice name = hs_slice_trim(hs_slice(parser->text.data + start, end - start));
    bool field = hs_slice_starts_with(name, HS_SLICE("data.")) ||
                 hs_slice_equal(name, HS_SLICE("id")) || hs_slice_equal(name, HS_SLICE("type"));
    if (parser->node != NULL && parser->node->secret)
        name = HS_SLICE_NONE;
    if (field && end + 1 < parser->text.size && parser->text.data[end] == '}' &&
        parser->text.data[end + 1] == '}')
        hs_config_warning(parser->config, HS_FINDING_TEMPLATE_BRACES, parser->node,
                          "{{ and }} are literal braces, so this is plain text: for the field's "
                          "value use single braces, {%.*s}",
                          HS_SLICE_ARG(name));
}

/* At a "{": reads {name} or {name|fallback}. */
static bool parse_field(struct parser *parser)
{
    struct hs_slice text = parser->text;
    size_t open = parser->at, end = field_end(text, open + 1);
    struct hs_slice name = hs_slice_trim(hs_slice(text.data + open + 1, end - open - 1));
    size_t close = end;
    if (end < text.size && text.data[end] == '|') {
        const char *brace = memchr(text.data + end, '}', text.size - end);
        close = brace ? (size_t)(brace - text.data) : text.size;
    }
    if (close == text.size || text.data[close] == '{') {
        hs_error_inside(parser->config, HS_FINDING_TEMPLATE, parser->node, text, open,
                        "this { has no }: write a field as {data.name}, a brace as {{");
        return false;
    }
    if (name.size == 0) {
        hs_error_inside(parser->config, HS_FINDING_TEMPLATE, parser->node, text, open,
                        "there is no field between the braces: write {data.name}, or {{}} for "
                        "a pair of braces");
        return false;
    }
    struct hs_field field;
    if (!hs_field_compile(parser->config, parser->node, text, (size_t)(name.data - text.data), name,
                          &field))
        return false;
    struct piece *piece = add_piece(parser);
    if (piece == NULL) {
        hs_field_free(&field);
        return false;
    }
    piece->has_field = true;
    piece->field = field;
    piece->has_fallback = close > end;
    if (piece->has_fallback) {
        piece->fallback_size = close - end - 1;
        piece->fallback = copy(text.data + end + 1, piece->fallback_size);
    }
    parser->at = close + 1;
    return true;
}

static bool parse(struct parser *parser)
{
    while (parser->at < parser->text.size) {
        char c = parser->text.data[parser->at];
        if ((c == '{' || c == '}') && at(parser, c, 1)) {
            if (c == '{')
                warn_of_doubled(parser);
            hs_buffer_append_byte(&parser->literal, c);
            parser->at += 2;
        } else if (c == '{') {
            if (!parse_field(parser))
                return false;
        } else if (c == '}') {
            hs_error_inside(parser->config, HS_FINDING_TEMPLATE, parser->node, parser->text,
                            parser->at, "this } has no {: write }} for a brace");
            return false;
        } else {
            hs_buffer_append_byte(&parser->literal, c);
            parser->at++;
        }
    }
    return parser->literal.size == 0 || add_piece(parser) != NULL;
}

struct hs_template *hs_template_compile(struct hs_config *config, const struct hs_node *node,
                                        struct hs_slice text)
{
    if (text.size > TEMPLATE_TEXT_MAX) {
        hs_config_error(config, HS_FINDING_TOO_LONG, node,
                        "a template has at most %u bytes, but this one has %zu", TEMPLATE_TEXT_MAX,
                        text.size);
        return NULL;
    }
    struct parser parser = {.config = config, .node = node, .text = text};
    parser.tmpl = hs_alloc(sizeof(*parser.tmpl));
    parser.tmpl->node = node;
    hs_buffer_init(&parser.literal, TEMPLATE_TEXT_MAX);
    if (!parse(&parser)) {
        hs_template_free(parser.tmpl);
        parser.tmpl = NULL;
    }
    hs_buffer_free(&parser.literal);
    return parser.tmpl;
}

void hs_template_free(struct hs_template *tmpl)
{
    if (tmpl == NULL)
        return;
    for (size_t i = 0; i < tmpl->count; i++) {
        free(tmpl->pieces[i].literal);
        free(tmpl->pieces[i].fallback);
        if (tmpl->pieces[i].has_field)
            hs_field_free(&tmpl->pieces[i].field);
    }
    free(tmpl->pieces);
    free(tmpl);
}

bool hs_template_is_literal(const struct hs_template *tmpl)
{
    for (size_t i = 0; i < tmpl->count; i++)
        if (tmpl->pieces[i].has_field)
            return false;
    return true;
}

void hs_template_fixed(const struct hs_template *tmpl, hs_fixed_fn *visit, void *context)
{
    size_t before = 0;
    for (size_t i = 0; i < tmpl->count; i++) {
        const struct piece *piece = &tmpl->pieces[i];
        if (piece->literal_size != 0)
            visit(context, hs_slice(piece->literal, piece->literal_size), before, i == 0);
        before += piece->literal_size;
        if (piece->has_fallback)
            visit(context, hs_slice(piece->fallback, piece->fallback_size), before,
                  i == 0 && before == 0);
    }
}

void hs_template_uses(const struct hs_template *tmpl, hs_use_fn *visit, void *context)
{
    for (size_t i = 0; i < tmpl->count; i++) {
        const struct piece *piece = &tmpl->pieces[i];
        if (!piece->has_field)
            continue;
        struct hs_use use = {piece->has_fallback ? HS_USE_READ : HS_USE_NEED,
                             hs_field_name(&piece->field), tmpl->node};
        visit(context, &use);
    }
}

static int expand_field(const struct piece *piece, struct hs_work *work, struct hs_buffer *ret_text)
{
    struct hs_field_value value;
    int code = hs_field_read(&piece->field, work, &value);
    if (code < 0)
        return code;
    if (!value.there) {
        if (!piece->has_fallback)
            return hs_fail(-ENOENT, "the event has no {%s%s}%s", piece->field.lead,
                           hs_field_name(&piece->field), value.null ? ": it is null" : "");
        hs_buffer_append(ret_text, piece->fallback, piece->fallback_size);
        return 0;
    }
    if (value.kind >= HS_JSON_ARRAY)
        return hs_fail(-EINVAL, "{%s%s} is %s, which has no text", piece->field.lead,
                       hs_field_name(&piece->field),
                       value.kind == HS_JSON_ARRAY ? "an array" : "an object");
    hs_field_append(&value, ret_text);
    return 0;
}

int hs_template_expand(const struct hs_template *tmpl, struct hs_work *work,
                       struct hs_buffer *ret_text)
{
    size_t before = ret_text->size;
    for (size_t i = 0; i < tmpl->count; i++) {
        const struct piece *piece = &tmpl->pieces[i];
        if (piece->literal_size != 0)
            hs_buffer_append(ret_text, piece->literal, piece->literal_size);
        int code = piece->has_field ? expand_field(piece, work, ret_text) : 0;
        if (code < 0) {
            ret_text->size = before;
            return code;
        }
    }
    return 0;
}
