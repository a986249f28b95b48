/* Fuzzes regular expressions: the first line is one, the rest the text that is held against it.
 * What is taken must say the same as a group, as one of two equal ways and as once of itself. */
#include "../../src/transform/conditions/regexp.h"

#include <hookstream/buffer.h>
#include <stdlib.h>

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* The expression in such a frame, in which it stands once or twice; it may be too long then. */
static void expect(const char *frame, struct hs_slice expression, struct hs_slice text,
                   bool matches)
{
    struct hs_buffer framed;
    hs_buffer_init(&framed, 1u << 20);
    for (; *frame != '\0'; frame++)
        if (*frame == 'E')
            hs_buffer_append_slice(&framed, expression);
        else
            hs_buffer_append_byte(&framed, *frame);
    struct hs_regexp_fault fault;
    struct hs_regexp *regexp = hs_regexp_compile(hs_buffer_slice(&framed), &fault);
    require(regexp == NULL || hs_regexp_matches(regexp, text) == matches);
    hs_regexp_free(regexp);
    hs_buffer_free(&framed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = size > 0 ? (const char *)data : "";
    const char *end = memchr(bytes, '\n', size);
    size_t line = end != NULL ? (size_t)(end - bytes) : size;
    struct hs_slice expression = hs_slice(bytes, line);
    struct hs_slice text = end != NULL ? hs_slice(end + 1, size - line - 1) : hs_slice(bytes, 0);
    struct hs_regexp_fault fault = {0};
    struct hs_regexp *regexp = hs_regexp_compile(expression, &fault);
    if (regexp == NULL) {
        require(fault.words != NULL && fault.offset <= expression.size);
        return 0;
    }
    bool matches = hs_regexp_matches(regexp, text);
    require(hs_regexp_matches(regexp, text) == matches);
    hs_regexp_free(regexp);
    expect("(E)", expression, text, matches);
    expect("(?:E)|(?:E)", expression, text, matches);
    expect("(E){1,1}", expression, text, matches);
    if (matches || text.size == 0)
        expect("(E)*", expression, text, true);
    return 0;
}
