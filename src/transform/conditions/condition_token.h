/* Condition, tokens: splits the text into tokens, and reports findings at a token. */
#ifndef HS_TRANSFORM_CONDITION_TOKEN_H
#define HS_TRANSFORM_CONDITION_TOKEN_H

#include "condition.h"

enum hs_token_kind {
    HS_TOKEN_END,
    HS_TOKEN_OPEN,
    HS_TOKEN_CLOSE,
    HS_TOKEN_COMPARE, /* ==, !=, <, <=, >, >= */
    HS_TOKEN_QUOTED,
    HS_TOKEN_WORD,
    HS_TOKEN_LIST,  /* [ without a word before it */
    HS_TOKEN_COMMA, /* this and the next occur only in a list */
    HS_TOKEN_LIST_END,
    HS_TOKEN_STRAY,
};

struct hs_token {
    enum hs_token_kind kind;
    struct hs_slice text;
};

struct hs_condition_parser {
    struct hs_config *config;
    const struct hs_node *node;
    struct hs_condition *condition;
    struct hs_slice text;
    size_t at;
    struct hs_token token; /* the next one to read */
    bool in_list;
    unsigned depth;
};

/* Reads past the token and adds it to the condition's canonical text. */
void hs_token_next(struct hs_condition_parser *parser);
bool hs_token_is_word(const struct hs_condition_parser *parser, const char *word);
/* Reports a finding at the next token: what it is where `words` was expected, or the equivalent of
 * another language's operator. Always returns false. */
bool hs_token_wrong(struct hs_condition_parser *parser, const char *words);
/* As above, at a byte of the token's text, with only the given text. */
bool hs_token_wrong_inside(struct hs_condition_parser *parser, size_t offset, const char *words);

#endif
