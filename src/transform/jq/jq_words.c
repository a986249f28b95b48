/* Jq words: turns libjq's messages into ones that may be shown. libjq quotes values of the event,
 * which hookstream's messages never do, and addresses a user at a shell. */
#include "words.h"

#define FIRST_LINE_MAX 1000u

static struct hs_slice first_line(struct hs_slice text)
{
    const char *end = text.size != 0 ? memchr(text.data, '\n', text.size) : NULL;
    size_t size = end ? (size_t)(end - text.data) : text.size;
    return hs_slice(text.data, size < FIRST_LINE_MAX ? size : FIRST_LINE_MAX);
}

static struct hs_slice without_prefix(struct hs_slice text, struct hs_slice prefix)
{
    return hs_slice_starts_with(text, prefix)
               ? hs_slice(text.data + prefix.size, text.size - prefix.size)
               : text;
}

/* Appends `text` without any occurrence of `what`. */
static void append_without(struct hs_slice text, struct hs_slice what, struct hs_buffer *ret_words)
{
    while (text.size != 0) {
        const char *at = memmem(text.data, text.size, what.data, what.size);
        size_t size = at ? (size_t)(at - text.data) : text.size;
        hs_buffer_append(ret_words, text.data, size);
        size += at ? what.size : 0;
        text = hs_slice(text.data + size, text.size - size);
    }
}

void hs_jq_compile_words(struct hs_slice message, struct hs_buffer *ret_words)
{
    struct hs_slice text = without_prefix(first_line(message), HS_SLICE("jq: error: "));
    struct hs_buffer half, rest;
    hs_buffer_init(&half, FIRST_LINE_MAX);
    hs_buffer_init(&rest, FIRST_LINE_MAX);
    append_without(text, HS_SLICE(" (Unix shell quoting issues?)"), &half);
    /* Programs have no file name; libjq prints one of these instead. */
    append_without(hs_buffer_slice(&half), HS_SLICE(" <unknown>,"), &rest);
    append_without(hs_buffer_slice(&rest), HS_SLICE(" <top-level>,"), ret_words);
    hs_buffer_free(&half);
    hs_buffer_free(&rest);
    if (ret_words->size > 0 && ret_words->data[ret_words->size - 1] == ':')
        ret_words->size--;
}

/* The span from the first to the last of them in the text; false: there is none. */
static bool find_span(struct hs_slice text, char open, char close, size_t *ret_begin,
                      size_t *ret_end)
{
    const char *first = text.size != 0 ? memchr(text.data, open, text.size) : NULL;
    const char *last = text.size != 0 ? memrchr(text.data, close, text.size) : NULL;
    if (first == NULL || last == NULL || last <= first)
        return false;
    *ret_begin = (size_t)(first - text.data) + 1;
    *ret_end = (size_t)(last - text.data);
    return true;
}

/* In "string ("ann@exam...) cannot be added" the value is in parentheses, elsewhere in quotes. A
 * quoted text stays if the program itself contains it, such as a field's name. */
void hs_jq_run_words(struct hs_slice message, struct hs_slice program, struct hs_buffer *ret_words)
{
    struct hs_slice text = without_prefix(first_line(message), HS_SLICE("jq: error: "));
    size_t begin, end, quote_begin, quote_end;
    bool hidden = find_span(text, '(', ')', &begin, &end);
    bool quoted = find_span(text, '"', '"', &quote_begin, &quote_end);
    if (quoted && (hidden || memmem(program.data, program.size, text.data + quote_begin,
                                    quote_end - quote_begin) == NULL)) {
        begin = hidden && begin < quote_begin ? begin : quote_begin;
        end = hidden && end > quote_end ? end : quote_end;
        hidden = true;
    }
    if (!hidden) {
        hs_buffer_append_slice(ret_words, text);
        return;
    }
    hs_buffer_append(ret_words, text.data, begin);
    hs_buffer_append_text(ret_words, "...");
    hs_buffer_append(ret_words, text.data + end, text.size - end);
}
