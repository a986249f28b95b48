/* Condition, reading: a recursive descent over
 *
 *   any     = all { "or" all }
 *   all     = one { "and" one }
 *   one     = "not" one | "(" any ")" | field test
 *   test    = "exists" | ( "==" | "!=" ) literal
 *   literal = "text" | 'text' | number | true | false | null
 *
 * into nodes that refer to each other by index. A fault is found at its column, and the words
 * say what would be right, also for what other languages write (=, &&, ||, !). */
#include "condition.h"
#include "words.h"

enum token_kind { END, OPEN, CLOSE, EQUAL, DIFFERS, QUOTED, WORD, STRAY };

struct token {
    enum token_kind kind;
    struct hs_slice text;
};

struct parser {
    struct hs_config *config;
    const struct hs_node *node;
    struct hs_condition *condition;
    struct hs_slice text;
    size_t at;
    struct token token; /* the one to be read next */
    unsigned depth;
};

static bool parse_any(struct parser *parser, unsigned *ret_index);

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c)
{
    return is_space(c) || memchr("()=!&|<>'\"", c, 10) != NULL;
}

/* Up to the closing quote, that included; text.size when there is none. */
static size_t quoted_end(struct hs_slice text, size_t start)
{
    char quote = text.data[start];
    for (size_t i = start + 1; i < text.size; i++) {
        if (text.data[i] == '\\' && quote == '"')
            i++;
        else if (text.data[i] == quote)
            return i + 1;
    }
    return text.size;
}

/* A path may hold anything within ["..."]. */
static size_t word_end(struct hs_slice text, size_t start)
{
    size_t i = start;
    while (i < text.size && !ends_word(text.data[i])) {
        bool name = text.data[i] == '[' && i + 1 < text.size && text.data[i + 1] == '"';
        i = name ? quoted_end(text, i + 1) : i + 1;
    }
    return i;
}

static void next(struct parser *parser)
{
    struct hs_slice text = parser->text;
    struct hs_buffer *canonical = &parser->condition->canonical;
    while (parser->at < text.size && is_space(text.data[parser->at]))
        parser->at++;
    size_t start = parser->at, end = start + 1;
    enum token_kind kind = STRAY;
    if (start == text.size) {
        end = start;
        kind = END;
    } else if (text.data[start] == '(' || text.data[start] == ')') {
        kind = text.data[start] == '(' ? OPEN : CLOSE;
    } else if (end < text.size && text.data[end] == '=' && memchr("=!", text.data[start], 2)) {
        kind = text.data[start] == '=' ? EQUAL : DIFFERS;
        end++;
    } else if (text.data[start] == '"' || text.data[start] == '\'') {
        kind = QUOTED;
        end = quoted_end(text, start);
    } else if (!ends_word(text.data[start])) {
        kind = WORD;
        end = word_end(text, start);
    }
    parser->token = (struct token){kind, hs_slice(text.data + start, end - start)};
    parser->at = end;
    if (canonical->size != 0 && kind != END)
        hs_buffer_append_byte(canonical, ' ');
    hs_buffer_append_slice(canonical, parser->token.text);
}

static bool is_word(const struct parser *parser, const char *word)
{
    return parser->token.kind == WORD && hs_slice_equal(parser->token.text, hs_slice_text(word));
}

/* A finding at the token to be read next; always false. */
static bool wrong(struct parser *parser, const char *words)
{
    size_t offset = (size_t)(parser->token.text.data - parser->text.data);
    if (parser->token.kind == END)
        hs_error_inside(parser->config, HS_FINDING_CONDITION, parser->node, parser->text, offset,
                        "the condition ends where it should go on: %s", words);
    else
        hs_error_inside(parser->config, HS_FINDING_CONDITION, parser->node, parser->text, offset,
                        "%s where %s",
                        hs_quote_piece(parser->config, parser->node, parser->token.text), words);
    return false;
}

/* For what another language would have had there; NULL: nothing known. */
static const char *foreign(const struct parser *parser)
{
    if (parser->token.kind != STRAY)
        return NULL;
    switch (parser->token.text.data[0]) {
    case '&':
        return "`and` joins conditions here";
    case '|':
        return "`or` joins conditions here";
    case '!':
        return "`not` turns a condition round here";
    case '=':
        return "`==` compares here";
    default:
        return "only `==`, `!=` and `exists` compare here";
    }
}

static bool add_node(struct parser *parser, enum hs_test test, unsigned *ret_index)
{
    struct hs_condition *condition = parser->condition;
    if (condition->count == HS_CONDITION_NODES_MAX)
        return wrong(parser, "the condition is too long already: it has 256 parts");
    condition->nodes =
        hs_realloc_array(condition->nodes, condition->count + 1, sizeof(*condition->nodes));
    condition->nodes[condition->count] = (struct hs_condition_node){.test = test};
    *ret_index = condition->count++;
    return true;
}

static void keep_literal(struct hs_condition_node *node, enum hs_json_kind kind,
                         struct hs_slice text)
{
    node->kind = kind;
    node->literal = hs_slice_dup(hs_slice(text.size ? text.data : "", text.size));
    node->literal_size = text.size;
}

/* 'text' is taken as it stands; "text" is a JSON string. */
static bool parse_quoted(struct parser *parser, struct hs_condition_node *node)
{
    struct hs_slice text = parser->token.text;
    if (text.size < 2 || text.data[text.size - 1] != text.data[0])
        return wrong(parser, "a text needs its closing quote");
    struct hs_slice inner = hs_slice(text.data + 1, text.size - 2);
    if (text.data[0] == '\'') {
        keep_literal(node, HS_JSON_STRING, inner);
        next(parser);
        return true;
    }
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(text, NULL, 0, &kind, &offset) < 0)
        return wrong(parser, "a text in double quotes follows the rules of JSON strings");
    struct hs_buffer decoded;
    hs_buffer_init(&decoded, HS_CONDITION_TEXT_MAX);
    hs_json_decode_string(text, &decoded);
    keep_literal(node, HS_JSON_STRING, hs_buffer_slice(&decoded));
    hs_buffer_free(&decoded);
    next(parser);
    return true;
}

static bool parse_literal(struct parser *parser, struct hs_condition_node *node)
{
    if (parser->token.kind == QUOTED)
        return parse_quoted(parser, node);
    enum hs_json_kind kind;
    size_t offset;
    if (parser->token.kind != WORD ||
        hs_json_scan(parser->token.text, NULL, 0, &kind, &offset) < 0 || kind >= HS_JSON_STRING)
        return wrong(parser, parser->token.kind == WORD
                                 ? "a value was expected: put text in quotes, 'like this'"
                                 : "a value was expected: a 'text', a number, true, false or null");
    keep_literal(node, kind, parser->token.text);
    next(parser);
    return true;
}

/* field exists | field == literal | field != literal */
static bool parse_test(struct parser *parser, unsigned *ret_index)
{
    if (parser->token.kind != WORD || is_word(parser, "and") || is_word(parser, "or") ||
        is_word(parser, "exists")) {
        const char *hint = foreign(parser);
        return wrong(parser, hint ? hint : "a field was expected, such as data.state or type");
    }
    unsigned index;
    if (!add_node(parser, HS_TEST_EXISTS, &index))
        return false;
    struct hs_condition_node *node = &parser->condition->nodes[index];
    struct hs_slice name = parser->token.text;
    if (!hs_field_compile(parser->config, parser->node, parser->text,
                          (size_t)(name.data - parser->text.data), name, &node->field))
        return false;
    next(parser);
    *ret_index = index;
    if (is_word(parser, "exists")) {
        next(parser);
        return true;
    }
    if (parser->token.kind != EQUAL && parser->token.kind != DIFFERS) {
        const char *hint = foreign(parser);
        return wrong(parser, hint ? hint : "`==`, `!=` or `exists` was expected after the field");
    }
    node->test = parser->token.kind == EQUAL ? HS_TEST_EQUAL : HS_TEST_DIFFERS;
    next(parser);
    return parse_literal(parser, node);
}

static bool parse_one(struct parser *parser, unsigned *ret_index)
{
    bool turned = is_word(parser, "not");
    if (!turned && parser->token.kind != OPEN)
        return parse_test(parser, ret_index);
    if (parser->depth == HS_CONDITION_DEPTH_MAX)
        return wrong(parser, "the condition is too deep already: it has 32 levels");
    parser->depth++;
    unsigned inner;
    next(parser);
    if (turned) {
        if (!parse_one(parser, &inner) || !add_node(parser, HS_TEST_NOT, ret_index))
            return false;
        parser->condition->nodes[*ret_index].left = inner;
    } else {
        if (!parse_any(parser, ret_index))
            return false;
        if (parser->token.kind != CLOSE)
            return wrong(parser, "a closing parenthesis was expected");
        next(parser);
    }
    parser->depth--;
    return true;
}

static bool parse_chain(struct parser *parser, enum hs_test test, unsigned *ret_index)
{
    bool all = test == HS_TEST_AND;
    unsigned left, right, joined;
    if (!(all ? parse_one(parser, &left) : parse_chain(parser, HS_TEST_AND, &left)))
        return false;
    while (is_word(parser, all ? "and" : "or")) {
        next(parser);
        if (!(all ? parse_one(parser, &right) : parse_chain(parser, HS_TEST_AND, &right)) ||
            !add_node(parser, test, &joined))
            return false;
        parser->condition->nodes[joined].left = left;
        parser->condition->nodes[joined].right = right;
        left = joined;
    }
    *ret_index = left;
    return true;
}

static bool parse_any(struct parser *parser, unsigned *ret_index)
{
    return parse_chain(parser, HS_TEST_OR, ret_index);
}

bool hs_condition_parse(struct hs_config *config, const struct hs_node *node,
                        struct hs_condition *condition)
{
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_CONDITION_SHAPE, node,
                        "`when` takes a condition, such as \"data.state == 'won'\", not %s",
                        hs_config_quote(config, node));
        return false;
    }
    if (node->text.size > HS_CONDITION_TEXT_MAX) {
        hs_config_error(config, HS_FINDING_TOO_LONG, node,
                        "a condition has at most %u bytes, and this has %zu", HS_CONDITION_TEXT_MAX,
                        node->text.size);
        return false;
    }
    struct parser parser = {
        .config = config, .node = node, .condition = condition, .text = node->text};
    next(&parser);
    if (parser.token.kind == END) {
        hs_config_error(config, HS_FINDING_CONDITION_SHAPE, node,
                        "`when` is empty: write a condition, such as "
                        "\"data.state == 'won'\", or leave it out");
        return false;
    }
    if (!parse_any(&parser, &condition->root))
        return false;
    if (parser.token.kind == END)
        return true;
    const char *hint = foreign(&parser);
    return wrong(&parser, hint ? hint : "`and`, `or` or the end was expected");
}
