/* Condition, reading: a recursive descent over
 *
 *   any     = all { "or" all }
 *   all     = one { "and" one }
 *   one     = "not" one | "(" any ")" | field test
 *   test    = "exists"
 *           | ( "==" | "!=" ) value
 *           | ( "<" | "<=" | ">" | ">=" ) value      (a number or a time)
 *           | "in" "[" value { "," value } "]"
 *           | "matches" text                         (a regular expression)
 *   value   = text | number | true | false | null
 *   text    = "text" | 'text'
 *
 * into nodes that refer to each other by index. A fault is reported at its column with the correct
 * form, even for operators of other languages (=, &&, ||, !, =~). */
#include "condition_token.h"

#define TESTS "`==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `matches` or `exists`"

static bool parse_any(struct hs_condition_parser *parser, unsigned *ret_index);

static bool add_node(struct hs_condition_parser *parser, enum hs_test test, unsigned *ret_index)
{
    struct hs_condition *condition = parser->condition;
    if (condition->count == HS_CONDITION_NODES_MAX)
        return hs_token_wrong(parser, "the condition is too long: at most 256 parts");
    condition->nodes =
        hs_realloc_array(condition->nodes, condition->count + 1, sizeof(*condition->nodes));
    condition->nodes[condition->count] = (struct hs_condition_node){.test = test};
    *ret_index = condition->count++;
    return true;
}

/* ---- Values ---- */

/* Decodes the quoted token: 'text' verbatim, "text" as a JSON string. The caller frees
 * *ret_text. */
static bool read_quoted(struct hs_condition_parser *parser, struct hs_buffer *ret_text)
{
    struct hs_slice text = parser->token.text;
    if (text.size < 2 || text.data[text.size - 1] != text.data[0])
        return hs_token_wrong(parser, "a text needs its closing quote");
    hs_buffer_init(ret_text, HS_CONDITION_TEXT_MAX);
    if (text.data[0] == '\'') {
        hs_buffer_append(ret_text, text.data + 1, text.size - 2);
        return true;
    }
    enum hs_json_kind kind;
    size_t offset;
    if (hs_json_scan(text, NULL, 0, &kind, &offset) < 0)
        return hs_token_wrong(parser, "a text in double quotes follows the rules of JSON strings");
    hs_json_decode_string(text, ret_text);
    return true;
}

static bool keep_value(struct hs_condition_parser *parser, struct hs_condition_node *node,
                       enum hs_json_kind kind, struct hs_slice text)
{
    struct hs_condition *condition = parser->condition;
    if (condition->value_count == HS_CONDITION_VALUES_MAX)
        return hs_token_wrong(parser, "a condition has at most 256 values");
    condition->values =
        hs_realloc_array(condition->values, condition->value_count + 1, sizeof(*condition->values));
    hs_condition_value_set(&condition->values[condition->value_count], kind, text);
    if (node->count++ == 0)
        node->first = condition->value_count;
    condition->value_count++;
    return true;
}

static bool parse_value(struct hs_condition_parser *parser, unsigned index)
{
    struct hs_condition_node *node = &parser->condition->nodes[index];
    enum hs_json_kind kind = HS_JSON_STRING;
    struct hs_buffer decoded = {0};
    size_t offset;
    bool good;
    if (parser->token.kind == HS_TOKEN_QUOTED) {
        good = read_quoted(parser, &decoded) &&
               keep_value(parser, node, kind, hs_buffer_slice(&decoded));
        hs_buffer_free(&decoded);
    } else if (parser->token.kind != HS_TOKEN_WORD) {
        good =
            hs_token_wrong(parser, "a value was expected: a 'text', a number, true, false or null");
    } else if (hs_json_scan(parser->token.text, NULL, 0, &kind, &offset) < 0) {
        good = hs_token_wrong(parser, "a value was expected: put text in quotes, 'like this'");
    } else {
        good = keep_value(parser, node, kind, parser->token.text);
    }
    if (good)
        hs_token_next(parser);
    return good;
}

/* ---- Tests ---- */

/* The test that the token starts; EXISTS: none of those with one value. */
static enum hs_test comparison(const struct hs_token *token)
{
    static const struct {
        const char *sign;
        enum hs_test test;
    } rows[] = {
        {"==", HS_TEST_EQUAL},   {"!=", HS_TEST_DIFFERS}, {"<", HS_TEST_LESS},
        {"<=", HS_TEST_AT_MOST}, {">", HS_TEST_MORE},     {">=", HS_TEST_AT_LEAST},
    };
    for (size_t i = 0; token->kind == HS_TOKEN_COMPARE && i < HS_ARRAY_SIZE(rows); i++)
        if (hs_slice_equal(token->text, hs_slice_text(rows[i].sign)))
            return rows[i].test;
    return HS_TEST_EXISTS;
}

static bool parse_comparison(struct hs_condition_parser *parser, unsigned index)
{
    enum hs_test test = comparison(&parser->token);
    parser->condition->nodes[index].test = test;
    hs_token_next(parser);
    struct hs_token token = parser->token;
    if (!parse_value(parser, index))
        return false;
    const struct hs_condition *condition = parser->condition;
    const struct hs_condition_value *value = &condition->values[condition->value_count - 1];
    if (test == HS_TEST_EQUAL || test == HS_TEST_DIFFERS || value->decimal || value->time)
        return true;
    parser->token = token;
    return hs_token_wrong(parser, "a number or a time was expected, such as 100, '99.95' or "
                                  "'2026-11-23T09:15:00Z': other values have no order");
}

/* in [value, value] */
static bool parse_list(struct hs_condition_parser *parser, unsigned index)
{
    parser->condition->nodes[index].test = HS_TEST_IN;
    hs_token_next(parser);
    if (parser->token.kind != HS_TOKEN_LIST)
        return hs_token_wrong(parser, "a list was expected, such as ['won', 'lost']");
    parser->in_list = true;
    do {
        hs_token_next(parser);
        if (!parse_value(parser, index))
            return false;
    } while (parser->token.kind == HS_TOKEN_COMMA);
    if (parser->token.kind != HS_TOKEN_LIST_END)
        return hs_token_wrong(parser, "a comma or the closing bracket of the list was expected");
    parser->in_list = false;
    hs_token_next(parser);
    return true;
}

/* matches 'regular expression' */
static bool parse_matches(struct hs_condition_parser *parser, unsigned index)
{
    struct hs_condition_node *node = &parser->condition->nodes[index];
    struct hs_buffer text = {0};
    struct hs_regexp_fault fault;
    node->test = HS_TEST_MATCHES;
    hs_token_next(parser);
    if (parser->token.kind != HS_TOKEN_QUOTED)
        return hs_token_wrong(parser,
                              "a regular expression was expected, in quotes: 'que_[0-9A-Z]+'");
    bool read = read_quoted(parser, &text) &&
                keep_value(parser, node, HS_JSON_STRING, hs_buffer_slice(&text));
    if (read)
        node->regexp = hs_regexp_compile(hs_buffer_slice(&text), &fault);
    /* With JSON escapes before it the position is unknown. */
    bool plain = text.size + 2 == parser->token.text.size;
    hs_buffer_free(&text);
    if (!read)
        return false;
    if (node->regexp == NULL)
        return hs_token_wrong_inside(parser, plain ? 1 + fault.offset : 0, fault.words);
    hs_token_next(parser);
    return true;
}

static bool parse_test(struct hs_condition_parser *parser, unsigned *ret_index)
{
    static const char *const keywords[] = {"and", "or", "exists", "in", "matches"};
    bool keyword = false;
    for (size_t i = 0; i < HS_ARRAY_SIZE(keywords); i++)
        keyword = keyword || hs_token_is_word(parser, keywords[i]);
    if (parser->token.kind != HS_TOKEN_WORD || keyword)
        return hs_token_wrong(parser, "a field was expected, such as data.state or type");
    unsigned index;
    if (!add_node(parser, HS_TEST_EXISTS, &index))
        return false;
    struct hs_slice name = parser->token.text;
    if (!hs_field_compile(parser->config, parser->node, parser->text,
                          (size_t)(name.data - parser->text.data), name,
                          &parser->condition->nodes[index].field))
        return false;
    hs_token_next(parser);
    *ret_index = index;
    if (comparison(&parser->token) != HS_TEST_EXISTS)
        return parse_comparison(parser, index);
    if (hs_token_is_word(parser, "in"))
        return parse_list(parser, index);
    if (hs_token_is_word(parser, "matches"))
        return parse_matches(parser, index);
    if (!hs_token_is_word(parser, "exists"))
        return hs_token_wrong(parser, hs_token_is_word(parser, "not")
                                          ? "`not` precedes the field: not data.state in ['won']"
                                          : TESTS " was expected after the field");
    hs_token_next(parser);
    return true;
}

static bool parse_one(struct hs_condition_parser *parser, unsigned *ret_index)
{
    bool turned = hs_token_is_word(parser, "not");
    if (!turned && parser->token.kind != HS_TOKEN_OPEN)
        return parse_test(parser, ret_index);
    if (parser->depth == HS_CONDITION_DEPTH_MAX)
        return hs_token_wrong(parser, "the condition is nested too deep: at most 32 levels");
    parser->depth++;
    unsigned inner;
    hs_token_next(parser);
    if (turned) {
        if (!parse_one(parser, &inner) || !add_node(parser, HS_TEST_NOT, ret_index))
            return false;
        parser->condition->nodes[*ret_index].left = inner;
    } else {
        if (!parse_any(parser, ret_index))
            return false;
        if (parser->token.kind != HS_TOKEN_CLOSE)
            return hs_token_wrong(parser, "a closing parenthesis was expected");
        hs_token_next(parser);
    }
    parser->depth--;
    return true;
}

static bool parse_chain(struct hs_condition_parser *parser, enum hs_test test, unsigned *ret_index)
{
    bool all = test == HS_TEST_AND;
    unsigned left, right, joined;
    if (!(all ? parse_one(parser, &left) : parse_chain(parser, HS_TEST_AND, &left)))
        return false;
    while (hs_token_is_word(parser, all ? "and" : "or")) {
        hs_token_next(parser);
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

static bool parse_any(struct hs_condition_parser *parser, unsigned *ret_index)
{
    return parse_chain(parser, HS_TEST_OR, ret_index);
}

bool hs_condition_parse(struct hs_config *config, const struct hs_node *node,
                        struct hs_condition *condition)
{
    if (node->kind != HS_NODE_SCALAR) {
        hs_config_error(config, HS_FINDING_CONDITION_SHAPE, node,
                        "`when` takes a condition, such as \"data.state == 'won'\", not %s%s",
                        hs_config_quote(config, node),
                        node->kind == HS_NODE_LIST ? ": join several with `and`" : "");
        return false;
    }
    if (node->text.size > HS_CONDITION_TEXT_MAX) {
        hs_config_error(config, HS_FINDING_TOO_LONG, node,
                        "a condition has at most %u bytes, but this one has %zu",
                        HS_CONDITION_TEXT_MAX, node->text.size);
        return false;
    }
    struct hs_condition_parser parser = {
        .config = config, .node = node, .condition = condition, .text = node->text};
    hs_token_next(&parser);
    if (parser.token.kind == HS_TOKEN_END) {
        hs_config_error(config, HS_FINDING_CONDITION_SHAPE, node,
                        "`when` is empty: write a condition, such as \"data.state == 'won'\", or "
                        "omit it");
        return false;
    }
    if (!parse_any(&parser, &condition->root))
        return false;
    return parser.token.kind == HS_TOKEN_END ||
           hs_token_wrong(&parser, "`and`, `or` or the end was expected");
}
