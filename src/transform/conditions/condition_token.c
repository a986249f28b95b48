/* Condition, tokens: see condition_token.h. */
#include "condition_token.h"

#include "words.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(const struct hs_condition_parser *parser, char c)
{
    return is_space(c) || memchr("()=!&|<>'\"", c, 10) != NULL ||
           (parser->in_list && (c == ',' || c == ']'));
}

/* Up to and including the closing quote; text.size if there is none. */
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

/* A path may contain anything within ["..."], and a header's name in ['...']. The word `in` ends
 * where its list begins. */
static size_t word_end(const struct hs_condition_parser *parser, size_t start)
{
    struct hs_slice text = parser->text;
    size_t i = start;
    while (i < text.size && !ends_word(parser, text.data[i])) {
        if (text.data[i] == '[' &&
            hs_slice_equal(hs_slice(text.data + start, i - start), HS_SLICE("in")))
            break;
        char after = i + 1 < text.size ? text.data[i + 1] : '\0';
        bool name = text.data[i] == '[' && (after == '"' || after == '\'');
        i = name ? quoted_end(text, i + 1) : i + 1;
    }
    return i;
}

/* One sign, or two. */
static enum hs_token_kind sign(const struct hs_condition_parser *parser, size_t *end)
{
    char first = parser->text.data[parser->at];
    bool equals = *end < parser->text.size && parser->text.data[*end] == '=';
    if (equals && memchr("=!<>", first, 4) != NULL) {
        (*end)++;
        return HS_TOKEN_COMPARE;
    }
    switch (first) {
    case '<':
    case '>':
        return HS_TOKEN_COMPARE;
    case '(':
        return HS_TOKEN_OPEN;
    case ')':
        return HS_TOKEN_CLOSE;
    case '[':
        return HS_TOKEN_LIST;
    case ',':
        return parser->in_list ? HS_TOKEN_COMMA : HS_TOKEN_STRAY;
    case ']':
        return parser->in_list ? HS_TOKEN_LIST_END : HS_TOKEN_STRAY;
    default:
        return HS_TOKEN_STRAY;
    }
}

void hs_token_next(struct hs_condition_parser *parser)
{
    struct hs_slice text = parser->text;
    struct hs_buffer *canonical = &parser->condition->canonical;
    while (parser->at < text.size && is_space(text.data[parser->at]))
        parser->at++;
    size_t start = parser->at, end = start + 1;
    enum hs_token_kind kind = HS_TOKEN_WORD;
    if (start == text.size) {
        end = start;
        kind = HS_TOKEN_END;
    } else if (text.data[start] == '"' || text.data[start] == '\'') {
        kind = HS_TOKEN_QUOTED;
        end = quoted_end(text, start);
    } else if (ends_word(parser, text.data[start]) || text.data[start] == '[') {
        kind = sign(parser, &end);
    } else {
        end = word_end(parser, start);
    }
    parser->token = (struct hs_token){kind, hs_slice(text.data + start, end - start)};
    parser->at = end;
    if (canonical->size != 0 && kind != HS_TOKEN_END)
        hs_buffer_append_byte(canonical, ' ');
    hs_buffer_append_slice(canonical, parser->token.text);
}

bool hs_token_is_word(const struct hs_condition_parser *parser, const char *word)
{
    return parser->token.kind == HS_TOKEN_WORD &&
           hs_slice_equal(parser->token.text, hs_slice_text(word));
}

/* The equivalent of another language's token; NULL: unknown. */
static const char *foreign(const struct hs_token *token, struct hs_slice rest)
{
    if (token->kind != HS_TOKEN_STRAY)
        return NULL;
    switch (token->text.data[0]) {
    case '&':
        return "`and` was expected";
    case '|':
        return "`or` was expected";
    case '!':
        return "`not` was expected";
    case '=':
        return rest.size > 0 && rest.data[0] == '~' ? "`matches` was expected"
                                                    : "`==` was expected";
    default:
        return NULL;
    }
}

bool hs_token_wrong(struct hs_condition_parser *parser, const char *words)
{
    size_t offset = (size_t)(parser->token.text.data - parser->text.data);
    const char *hint = foreign(
        &parser->token, hs_slice(parser->text.data + parser->at, parser->text.size - parser->at));
    if (parser->token.kind == HS_TOKEN_END)
        hs_error_inside(parser->config, HS_FINDING_CONDITION, parser->node, parser->text, offset,
                        "the condition ends too early: %s", words);
    else
        hs_error_inside(
            parser->config, HS_FINDING_CONDITION, parser->node, parser->text, offset, "%s where %s",
            hs_quote_piece(parser->config, parser->node, parser->token.text), hint ? hint : words);
    return false;
}

bool hs_token_wrong_inside(struct hs_condition_parser *parser, size_t offset, const char *words)
{
    size_t start = (size_t)(parser->token.text.data - parser->text.data);
    hs_error_inside(parser->config, HS_FINDING_CONDITION, parser->node, parser->text,
                    start + offset, "%s", words);
    return false;
}
