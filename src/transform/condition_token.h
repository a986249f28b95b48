/* Condition, tokens: the text cut into pieces, and findings at one of them. */
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
    HS_TOKEN_LIST,  /* [ where no word goes before it */
    HS_TOKEN_COMMA, /* this and the next only in a list */
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
    struct hs_token token; /* the one to be read next */
    bool in_list;
    unsigned depth;
};

/* Reads past the token. What was read goes into the condition's canonical text. */
void hs_token_next(struct hs_condition_parser *parser);
bool hs_token_is_word(const struct hs_condition_parser *parser, const char *word);
/* A finding at the token to be read next: what it is where `words` was expected. Where another
 * language's sign stands, the words for it come instead. Always false. */
bool hs_token_wrong(struct hs_condition_parser *parser, const char *words);
/* The same at a byte of the token's text as it stands, with nothing but the words. */
bool hs_token_wrong_inside(struct hs_condition_parser *parser, size_t offset, const char *words);

#endif
