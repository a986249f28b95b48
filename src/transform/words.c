/* Words: see words.h. Only knows how YAML shifts a text relative to the file. */
#include "words.h"

#include <stdio.h>

#define MESSAGE_MAX 512u
#define PIECE_MAX 80u

void hs_copy_words(char *ret_words, size_t size)
{
    snprintf(ret_words, size, "%s", hs_error_text());
}

/* Characters rather than bytes, because columns count characters. */
static size_t characters(struct hs_slice text, size_t end)
{
    size_t count = 0;
    for (size_t i = 0; i < end && i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

void hs_error_inside(struct hs_config *config, enum hs_finding_code code,
                     const struct hs_node *node, struct hs_slice text, size_t offset,
                     const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    struct hs_node place;
    if (node != NULL)
        place = *node;
    if (node != NULL && hs_slice_equal(node->text, text) &&
        hs_config_place(config, node, offset, &place.line, &place.column))
        hs_config_error(config, code, &place, "%s", message);
    else
        hs_config_error(config, code, node, "%s (character %zu of the text)", message,
                        characters(text, offset) + 1);
}

const char *hs_quote_piece(struct hs_config *config, const struct hs_node *node,
                           struct hs_slice piece)
{
    if (node != NULL && node->secret)
        return "`(secret)`";
    size_t size = piece.size;
    if (size > PIECE_MAX) {
        size = PIECE_MAX;
        while (size > 0 && ((unsigned char)piece.data[size] & 0xC0) == 0x80)
            size--; /* not in the middle of a character */
    }
    return hs_arena_printf(hs_config_arena(config), "`%.*s%s`", (int)size,
                           piece.data ? piece.data : "", size < piece.size ? "..." : "");
}
