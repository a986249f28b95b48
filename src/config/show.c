/* Show: prints findings for people: the message, then the line of the file with a caret under the
 * position.
 *
 * The line is the file's own text, so ${NAME} stays ${NAME}. A line that may hold a secret written
 * in the file is omitted. This is judged by the tree (values bound as secrets) and by the words of
 * the keys, since a file with errors may have no tree and a misspelt key is not bound. In doubt a
 * line is omitted. */
#include "internal.h"

#include <hookstream/shown.h>

#include <stdlib.h>
#include <strings.h>

#define SHOWN_MAX 120u /* characters of a line */
#define BEFORE_MAX 80u /* at most this many before the caret */
#define OUTER_MAX 64u  /* keys around a line */
#define NEAR_LINES 8u  /* before a line of a file that is not YAML */

/* Parts of names whose values are secrets, as in configurations of brokers and databases. */
static const char *const secret_words[] = {"secr", "pas",  "pwd",     "token",  "cred",
                                           "auth", "hash", "private", "key.pem"};

struct showing {
    struct hs_config *config;
    const struct hs_node **secrets; /* scalars that were bound as secrets */
    size_t count, room;
};

/* ---- Lines that may hold a secret ---- */

static bool is_secret_name(struct hs_slice name)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(secret_words); i++) {
        size_t size = hs_slice_text(secret_words[i]).size;
        for (size_t at = 0; at + size <= name.size; at++)
            if (strncasecmp(name.data + at, secret_words[i], size) == 0)
                return true;
    }
    return false;
}

/* The name that ends at the colon `end` of a line. */
static struct hs_slice name_before(struct hs_slice line, size_t end)
{
    while (end > 0 && strchr(" \t\"'", line.data[end - 1]) != NULL)
        end--;
    size_t begin = end;
    while (begin > 0 && strchr(" \t\"'{[,", line.data[begin - 1]) == NULL)
        begin--;
    return hs_slice(line.data + begin, end - begin);
}

/* Where the value of the line's first secret key begins; SIZE_MAX: it has none. */
static size_t secret_value(struct hs_slice line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] == ':' && is_secret_name(name_before(line, i)))
            return i + 1;
    return SIZE_MAX;
}

/* Size of a ${NAME} or ${file:/path} at the beginning of the text, or 0: one with a default has a
 * text of its own. */
static size_t variable_size(struct hs_slice text)
{
    if (text.size < 3 || memcmp(text.data, "${", 2) != 0)
        return 0;
    const char *end = memchr(text.data, '}', text.size);
    if (end == NULL)
        return 0;
    size_t size = (size_t)(end - text.data) + 1;
    const char *colon = memchr(text.data, ':', size);
    bool file = size > 7 && memcmp(text.data + 2, "file:", 5) == 0;
    return colon == NULL || file ? size : 0;
}

/* Whether there is nothing but ${NAME} and YAML syntax. */
static bool is_harmless(struct hs_slice text)
{
    for (size_t i = 0; i < text.size;) {
        size_t size = variable_size(hs_slice(text.data + i, text.size - i));
        if (size == 0 && strchr(" \t\r[]{},\"'-|>", text.data[i]) == NULL)
            return false;
        i += size > 0 ? size : 1;
    }
    return true;
}

/* user:password@host anywhere. */
static bool has_user(struct hs_slice line)
{
    bool colon = false;
    for (size_t i = 0; i < line.size; i++) {
        char c = line.data[i];
        if (c == '@' && colon)
            return true;
        colon = c == ' ' || c == '\t' ? false : colon || c == ':';
    }
    return false;
}

static size_t indentation(struct hs_slice line)
{
    size_t size = 0;
    while (size < line.size && (line.data[size] == ' ' || line.data[size] == '\t'))
        size++;
    return size;
}

static bool is_blank(struct hs_slice line)
{
    size_t begin = indentation(line);
    return begin == line.size || line.data[begin] == '#' || line.data[begin] == '\r';
}

/* Whether the line continues in the next one, whatever its indentation. */
static bool goes_on(struct hs_slice line)
{
    struct hs_slice text = hs_slice_trim(line);
    return text.size > 0 && strchr(",[{", text.data[text.size - 1]) != NULL;
}

/* Whether `outer` may contain what begins further in, at `inner`: a list may be in the column of
 * its key. */
static bool holds(struct hs_slice outer, struct hs_slice inner)
{
    size_t out = indentation(outer), in = indentation(inner);
    bool item = in < inner.size && inner.data[in] == '-';
    return out < in || (out == in && item && outer.data[out] != '-') || goes_on(outer);
}

/* Whether the line is under a key that has a secret. */
static bool is_under_secret(struct hs_config *config, unsigned number)
{
    struct hs_slice inner = hs_config_line(config, number);
    unsigned depth = 0, near = 0;
    for (unsigned i = number - 1; i >= 1 && depth < OUTER_MAX; i--) {
        struct hs_slice line = hs_config_line(config, i);
        if (is_blank(line))
            continue;
        bool close = config->root == NULL && near++ < NEAR_LINES;
        bool outer = holds(line, inner);
        if ((outer || close) && secret_value(line) != SIZE_MAX)
            return true;
        if (!outer)
            continue;
        depth++;
        if (indentation(line) < indentation(inner) || !goes_on(line))
            inner = line;
        if (indentation(inner) == 0 && inner.data[0] != '-')
            break;
    }
    return depth == OUTER_MAX;
}

static void collect(struct showing *showing, const struct hs_node *node)
{
    if (node->kind == HS_NODE_SCALAR && node->sealed) {
        if (showing->count == showing->room) {
            showing->room = showing->room ? showing->room * 2 : 16;
            showing->secrets =
                hs_realloc_array(showing->secrets, showing->room, sizeof(const void *));
        }
        showing->secrets[showing->count++] = node;
    }
    for (size_t i = 0; i < node->count; i++)
        collect(showing, node->items[i]);
}

/* The rest of a line from a column on, in characters from 1. */
static struct hs_slice rest_from(struct hs_slice line, unsigned column)
{
    size_t at = 0;
    for (unsigned i = 1; i < column && at < line.size; i++)
        for (at++; at < line.size && ((unsigned char)line.data[at] & 0xC0) == 0x80;)
            at++;
    return hs_slice(line.data + at, line.size - at);
}

static bool has_bound_secret(const struct showing *showing, unsigned number, struct hs_slice line)
{
    for (size_t i = 0; i < showing->count; i++) {
        const struct hs_node *node = showing->secrets[i];
        if (node->line < number && number <= node->last_line)
            return true;
        if (node->line == number && !is_harmless(rest_from(line, node->column)))
            return true;
    }
    return false;
}

/* Whether the line is text. Otherwise (such as UTF-16 without a mark) keys cannot be recognised, so
 * it is unknown which lines hold a secret. */
static bool is_text(struct hs_slice line)
{
    size_t size;
    for (size_t at = 0; at < line.size; at += size) {
        uint32_t character;
        size = hs_utf8_decode(hs_slice(line.data + at, line.size - at), &character);
        if (size == 0 || character == 0)
            return false;
    }
    return true;
}

static bool may_show(const struct showing *showing, unsigned number, struct hs_slice line)
{
    if (!is_text(line))
        return false;
    size_t value = secret_value(line);
    if (value != SIZE_MAX && !is_harmless(hs_slice(line.data + value, line.size - value)))
        return false;
    if (has_user(line) || has_bound_secret(showing, number, line))
        return false;
    return is_harmless(line) || !is_under_secret(showing->config, number);
}

/* The line up to the first unknown key, whose value could be anything. */
static struct hs_slice known_part(const struct showing *showing, unsigned number,
                                  struct hs_slice line)
{
    const struct hs_findings *findings = &showing->config->findings;
    for (size_t i = 0; i < findings->count; i++) {
        const struct hs_finding *one = &findings->items[i];
        if (one->line != number ||
            (one->code != HS_FINDING_UNKNOWN_KEY && one->code != HS_FINDING_UNKNOWN_OPERATION &&
             one->code != HS_FINDING_PROPERTY))
            continue;
        struct hs_slice rest = rest_from(line, one->column);
        const char *colon = rest.size > 0 ? memchr(rest.data, ':', rest.size) : NULL;
        size_t kept = (size_t)(rest.data - line.data);
        return hs_slice(line.data, colon ? (size_t)(colon - line.data) + 1 : kept);
    }
    return line;
}

/* ---- The line and its caret ---- */

/* Characters `from` to `to` of a line; `blank`: spaces of the same width. */
static void put_characters(struct hs_buffer *text, struct hs_slice line, size_t from, size_t to,
                           bool blank)
{
    size_t size;
    for (size_t at = 0, count = 0; at < line.size && count < to; at += size, count++) {
        uint32_t character;
        bool shown;
        size = hs_shown_next(hs_slice(line.data + at, line.size - at), &character, &shown);
        if (count < from)
            continue;
        if (character == '\t')
            hs_buffer_append_byte(text, '\t');
        else if (blank)
            hs_buffer_append_byte(text, ' ');
        else if (shown)
            hs_buffer_append(text, line.data + at, size);
        else
            hs_buffer_append_byte(text, '?');
    }
}

static void put_line(const struct showing *showing, const struct hs_finding *finding,
                     struct hs_buffer *text)
{
    struct hs_slice whole = hs_config_line(showing->config, finding->line);
    if (finding->line == 0 || is_blank(whole) || !may_show(showing, finding->line, whole))
        return;
    struct hs_slice line = known_part(showing, finding->line, whole);
    size_t count = hs_config_characters(line), at = finding->column - 1;
    if (at > count || (line.size < whole.size && at == count))
        return;
    size_t from = at > BEFORE_MAX ? at - BEFORE_MAX : 0;
    size_t to = count - from > SHOWN_MAX ? from + SHOWN_MAX : count;
    const char *before = from > 0 ? "..." : "";
    hs_buffer_printf(text, "%5u | %s", finding->line, before);
    put_characters(text, line, from, to, false);
    hs_buffer_printf(text, "%s\n      | %s", to < count || line.size < whole.size ? "..." : "",
                     from > 0 ? "   " : "");
    put_characters(text, line, from, at, true);
    hs_buffer_append_text(text, "^\n");
}

void hs_config_show_findings(struct hs_config *config, struct hs_buffer *ret_text)
{
    struct showing showing = {.config = config};
    if (config->root != NULL)
        collect(&showing, config->root);
    for (size_t i = 0; i < config->findings.count; i++) {
        hs_config_put_finding(&config->findings.items[i], ret_text);
        put_line(&showing, &config->findings.items[i], ret_text);
    }
    free(showing.secrets);
}
