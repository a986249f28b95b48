/* Lines: the configuration's text line by line, and the position in the file of a byte of a scalar,
 * whose text YAML has unquoted, unescaped and folded. */
#include "internal.h"

#include <stdlib.h>

/* ---- Lines, counted as libyaml does ---- */

/* Size of the line break at `at`, or 0: LF, CR, CR LF, NEL, LS, PS (YAML 1.1, 4.2). */
static size_t break_size(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    if (*at == '\r')
        return left > 1 && at[1] == '\n' ? 2 : 1;
    if (*at == '\n')
        return 1;
    if (left > 1 && memcmp(at, "\xC2\x85", 2) == 0)
        return 2;
    return left > 2 && (memcmp(at, "\xE2\x80\xA8", 3) == 0 || memcmp(at, "\xE2\x80\xA9", 3) == 0)
               ? 3
               : 0;
}

static void add_line(struct hs_config *config, size_t *room, struct hs_slice line)
{
    if (config->line_count == *room) {
        *room = *room ? *room * 2 : 256;
        config->lines = hs_realloc_array(config->lines, *room, sizeof(*config->lines));
    }
    config->lines[config->line_count++] = line;
}

static void find_lines(struct hs_config *config)
{
    const char *at = config->source.data, *end = at + config->source.size, *begin = at;
    size_t room = 0;
    HS_ASSERT(config->line_count == 0);
    while (at < end) {
        size_t size = break_size(at, end);
        if (size > 0)
            add_line(config, &room, hs_slice(begin, (size_t)(at - begin)));
        at += size > 0 ? size : 1;
        if (size > 0)
            begin = at;
    }
    add_line(config, &room, hs_slice(begin, (size_t)(end - begin)));
}

void hs_config_keep_source(struct hs_config *config, struct hs_slice text)
{
    config->source = hs_slice(hs_arena_dup(config->arena, text), text.size);
}

struct hs_slice hs_config_line(struct hs_config *config, unsigned line)
{
    if (config->source.data == NULL)
        return HS_SLICE("");
    if (config->lines == NULL)
        find_lines(config);
    return line >= 1 && line <= config->line_count ? config->lines[line - 1] : HS_SLICE("");
}

/* ---- The position of a byte of a scalar ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct walk {
    const char *at, *end; /* in the source */
    char quote;           /* " or ' or 0 */
};

static void skip_spaces(struct walk *walk)
{
    while (walk->at < walk->end && is_space(*walk->at))
        walk->at++;
}

/* Skips everything before the first character: anchor and tag, the quote, the head of a block. */
static void skip_head(struct walk *walk)
{
    while (walk->at < walk->end && (*walk->at == '&' || *walk->at == '!')) {
        while (walk->at < walk->end && !is_space(*walk->at))
            walk->at++;
        skip_spaces(walk);
    }
    if (walk->at == walk->end)
        return;
    if (*walk->at == '"' || *walk->at == '\'')
        walk->quote = *walk->at++;
    else if (*walk->at == '|' || *walk->at == '>')
        while (walk->at < walk->end && *walk->at != '\n' && *walk->at != '\r')
            walk->at++;
}

/* Steps over one character `c` of the text, which is not white space; false: the source has a
 * different one. An escape such as \x40, which stands for another character than the one after the
 * backslash, ends the walk: nobody writes those in a condition. */
static bool step(struct walk *walk, char c)
{
    if (walk->at == walk->end)
        return false;
    bool doubled = walk->quote == '\'' && *walk->at == '\'';
    bool escaped = walk->quote == '"' && *walk->at == '\\';
    if (doubled || escaped)
        walk->at++;
    return walk->at < walk->end && *walk->at++ == c;
}

/* White space is folded, so a run of it in the text corresponds to a run in the source; inside
 * double quotes some may be escaped. */
static void step_spaces(struct walk *walk)
{
    skip_spaces(walk);
    while (
        walk->quote == '"' && walk->end - walk->at > 1 && walk->at[0] == '\\' &&
        (is_space(walk->at[1]) || walk->at[1] == 'n' || walk->at[1] == 't' || walk->at[1] == 'r')) {
        walk->at += 2;
        skip_spaces(walk);
    }
}

/* Walks from the scalar's first mark to the byte at `offset` of its text. */
static bool walk_to(struct walk *walk, struct hs_slice text, size_t offset)
{
    skip_head(walk);
    for (size_t i = 0; i < offset; i++) {
        if (is_space(text.data[i])) {
            if (i + 1 == offset && offset < text.size && is_space(text.data[offset]))
                return true; /* within white space: at its beginning */
            continue;
        }
        if (i == 0 || is_space(text.data[i - 1]))
            step_spaces(walk);
        if (!step(walk, text.data[i]))
            return false;
    }
    if (offset < text.size && (offset == 0 || is_space(text.data[offset - 1])))
        step_spaces(walk);
    return true;
}

/* The source byte at a node's position. */
static const char *node_begin(struct hs_config *config, const struct hs_node *node)
{
    struct hs_slice line = hs_config_line(config, node->line);
    const char *at = line.data, *end = line.data + line.size;
    for (unsigned column = 1; column < node->column && at < end; column++)
        for (at++; at < end && ((unsigned char)*at & 0xC0) == 0x80;)
            at++;
    return at;
}

bool hs_config_place(struct hs_config *config, const struct hs_node *node, size_t offset,
                     unsigned *ret_line, unsigned *ret_column)
{
    if (node->kind != HS_NODE_SCALAR || node->secret || node->broken || offset > node->text.size ||
        config->source.data == NULL || node->line == 0)
        return false;
    struct walk walk = {node_begin(config, node), config->source.data + config->source.size, 0};
    if (!walk_to(&walk, node->text, offset))
        return false;
    unsigned line = node->line;
    while (line < config->line_count && config->lines[line].data <= walk.at)
        line++;
    const char *begin = config->lines[line - 1].data;
    *ret_line = line;
    *ret_column = (unsigned)hs_config_characters(hs_slice(begin, (size_t)(walk.at - begin))) + 1;
    return true;
}
