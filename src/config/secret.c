/* Secret: the one rule for every option that holds a secret: no unfilled placeholder, nothing
 * guessable, and no surrounding characters that the other side lacks. The option's row gives the
 * kind of secret; binding calls this file. No message repeats any part of a value. */
#include "internal.h"
#include "placeholder.h"

#include <stdio.h>
#include <strings.h>

#define SECRET_SIZE_LEAST 16u
#define SECRET_BYTES_LEAST 5u /* distinct bytes; 16 random hex digits have fewer once in 10^7 */
#define KEYS_MAX 256u         /* remembered, to find one used twice */
#define WHERE_MAX 320u

/* The secret being checked. */
struct look {
    struct hs_config *config;
    const struct hs_node *node;
    const char *path;
    enum hs_secret_kind kind;
};

HS_PRINTF(3, 4)
static void refuse(const struct look *look, enum hs_finding_code code, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (look->config->weak_allowed)
        hs_config_warning(look->config, code, look->node, "%s", text);
    else
        hs_config_error(look->config, code, look->node, "%s", text);
}

/* " (from the environment variable NAME)", or "". */
static const char *origin(const struct look *look)
{
    if (look->node->origin == NULL)
        return "";
    return hs_arena_printf(look->config->arena, " (from %s)", look->node->origin);
}

/* ---- Placeholders and guesses ---- */

static bool refuse_placeholder(const struct look *look, struct hs_slice text)
{
    const char *form = hs_placeholder_form(text);
    if (form == NULL)
        return false;
    const char *mend = "hookstream expands ${NAME}, ${NAME:-text} and ${file:/path}, nothing else";
    if (strcmp(form, "$NAME") == 0)
        mend = "write ${NAME}, with braces, or ${file:/path}";
    else if (strcmp(form, "/path/to/a/file") == 0)
        mend = "to read the file write ${file:/path}";
    else if (strcmp(form, "xxx") == 0 || strcmp(form, "changeme") == 0)
        mend = "set the real value, such as ${NAME}";
    refuse(look, HS_FINDING_PLACEHOLDER,
           "%s is a placeholder of the form `%s`%s, which anyone can guess: %s", look->path, form,
           origin(look), mend);
    return true;
}

static const char *how_to_make(const struct look *look)
{
    return look->kind == HS_SECRET_SIGNATURE
               ? "use the sender's, or for tests generate one with `openssl rand -hex 32`"
               : "generate one with `openssl rand -hex 32`";
}

static bool refuse_words(const struct look *look, struct hs_slice text)
{
    enum hs_placeholder_words words = hs_placeholder_words(text);
    if (words == HS_WORDS_NONE)
        return false;
    if (words == HS_WORDS_TEMPLATE)
        refuse(look, HS_FINDING_PLACEHOLDER,
               "%s consists of the ordinary words of a template%s, which anyone can guess: set "
               "the real value, such as ${NAME}",
               look->path, origin(look));
    else if (look->kind == HS_SECRET_KEY || look->kind == HS_SECRET_SIGNATURE)
        refuse(look, HS_FINDING_WEAK_SECRET, "%s consists of commonly guessed words%s: %s",
               look->path, origin(look), how_to_make(look));
    else
        hs_config_warning(look->config, HS_FINDING_WEAK_SECRET, look->node,
                          "%s is a common password%s: change it on the server", look->path,
                          origin(look));
    return true;
}

static size_t different_bytes(struct hs_slice text)
{
    bool seen[256] = {false};
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        count += !seen[c];
        seen[c] = true;
    }
    return count;
}

/* Whether nearly each byte equals the previous one or is adjacent to it: 12345678, abcdefgh,
 * aabbccdd. Of 16 random hex digits one text in 10^7 is like that. */
static bool is_row(struct hs_slice text)
{
    size_t steps = 0;
    for (size_t i = 1; i < text.size; i++) {
        int step = text.data[i] - text.data[i - 1];
        bool turns = text.data[i - 1] == '9' && strchr("0aA", text.data[i]) != NULL;
        steps += (step >= -1 && step <= 1) || turns;
    }
    return steps + 3 >= text.size;
}

static void refuse_weak(const struct look *look, struct hs_slice text)
{
    if (text.size < SECRET_SIZE_LEAST)
        refuse(look, HS_FINDING_WEAK_SECRET,
               "%s has fewer than %u characters%s and can be guessed: %s (only for a test: "
               "`allow_weak_secrets: true`)",
               look->path, SECRET_SIZE_LEAST, origin(look), how_to_make(look));
    else if (different_bytes(text) < SECRET_BYTES_LEAST)
        refuse(look, HS_FINDING_WEAK_SECRET, "%s repeats a few characters%s and can be guessed: %s",
               look->path, origin(look), how_to_make(look));
    else if (is_row(text))
        hs_config_warning(look->config, HS_FINDING_WEAK_SECRET, look->node,
                          "%s counts characters up or down%s and can be guessed: %s", look->path,
                          origin(look), how_to_make(look));
}

/* ---- Surrounding characters ---- */

/* Invisible characters, and traces of how a value was written down. */
static const struct edge {
    const char *bytes, *name;
} edges[] = {
    {"\r\n", "a line break"},
    {"\n", "a line break"},
    {"\r", "a carriage return"},
    {"\\r\\n", "a backslash and letters that denote a line break"},
    {"\\n", "a backslash and an n that denote a line break"},
    {"\\t", "a backslash and a t that denote a tab"},
    {" ", "a space"},
    {"\t", "a tab"},
    {"\v", "a control character"},
    {"\f", "a control character"},
    {"\xEF\xBB\xBF", "a byte order mark"},
    {"\xC2\xA0", "a no-break space"},
    {"\xC2\x85", "a line break"},
    {"\xC2\xAD", "a soft hyphen"},
    {"\xE1\x9A\x80", "a space"},
    {"\xE2\x81\xA0", "a word joiner"},
    {"\xE2\x81\x9F", "a space"},
    {"\xE2\x80\xAF", "a no-break space"},
    {"\xE3\x80\x80", "a wide space"},
    {"\xE2\x80\x9C", "a quotation mark"},
    {"\xE2\x80\x9D", "a quotation mark"},
    {"\xE2\x80\x98", "a quotation mark"},
    {"\xE2\x80\x99", "a quotation mark"},
    {"\xE2\x80\x9E", "a quotation mark"},
};

/* U+2000 to U+200F, U+2028 to U+202E and U+FFF9 to U+FFFF: spaces, joiners, direction marks. */
static bool is_unseen(const char *at, size_t size)
{
    const unsigned char *byte = (const unsigned char *)at;
    if (size < 3 || (byte[0] != 0xE2 && byte[0] != 0xEF))
        return false;
    if (byte[0] == 0xEF)
        return byte[1] == 0xBF && byte[2] >= 0xB9;
    return byte[1] == 0x80 && (byte[2] <= 0x8F || (byte[2] >= 0xA8 && byte[2] <= 0xAE));
}

static const char *edge_at(struct hs_slice text, bool end)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(edges); i++) {
        size_t size = strlen(edges[i].bytes); /* strlen: the table above */
        if (size <= text.size &&
            memcmp(text.data + (end ? text.size - size : 0), edges[i].bytes, size) == 0)
            return edges[i].name;
    }
    if (text.size >= 3 && is_unseen(end ? text.data + text.size - 3 : text.data, 3))
        return "an invisible character";
    unsigned char c = (unsigned char)text.data[end ? text.size - 1 : 0];
    return c < 0x20 || c == 0x7f ? "a control character" : NULL;
}

static bool has_quotes(struct hs_slice text)
{
    char c = text.data[0];
    return text.size > 2 && (c == '"' || c == '\'' || c == '`') && text.data[text.size - 1] == c;
}

/* NAME=value: a complete line of an env file. */
static bool is_assignment(struct hs_slice text)
{
    size_t size = 0, underscores = 0;
    while (size < text.size &&
           ((text.data[size] >= 'A' && text.data[size] <= 'Z') || text.data[size] == '_' ||
            (text.data[size] >= '0' && text.data[size] <= '9')))
        underscores += text.data[size++] == '_';
    return underscores > 0 && size + 4 < text.size && text.data[size] == '=';
}

/* A line break or an invisible character inside. */
static const char *odd_inside(struct hs_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '\n' || c == '\r')
            return "more than one line";
        if (c < 0x20 || c == 0x7f)
            return "a control character in it";
        if (is_unseen(text.data + i, text.size - i))
            return "an invisible character in it";
    }
    return NULL;
}

const char *hs_secret_oddity(struct hs_config *config, struct hs_slice text)
{
    if (text.size == 0)
        return NULL;
    const char *begin = edge_at(text, false), *end = edge_at(text, true);
    const char *inside = odd_inside(text);
    if (end != NULL && begin != NULL)
        return hs_arena_printf(config->arena, "begins with %s and ends in %s", begin, end);
    if (end != NULL)
        return hs_arena_printf(config->arena, "ends in %s", end);
    if (begin != NULL)
        return hs_arena_printf(config->arena, "begins with %s", begin);
    if (has_quotes(text))
        return "has quotes around it";
    if (text.size > 4 && hs_slice_starts_with(text, HS_SLICE("{\"")) &&
        text.data[text.size - 1] == '}')
        return "is a whole JSON object, not the value of one of its members";
    if (is_assignment(text))
        return "begins with the name of a variable and `=`";
    if (text.size > 7 && strncasecmp(text.data, "bearer ", 7) == 0)
        return "begins with `Bearer `, which belongs to the header";
    return inside != NULL ? hs_arena_printf(config->arena, "has %s", inside) : NULL;
}

/* RFC 9110, 11.4: "Bearer TOKEN". A value without a scheme is all secret. */
static struct hs_slice without_scheme(struct hs_slice text)
{
    const char *space = text.size > 0 ? memchr(text.data, ' ', text.size) : NULL;
    if (space == NULL || space == text.data)
        return text;
    return hs_slice(space + 1, (size_t)(text.data + text.size - space) - 1);
}

static void warn_of_oddity(const struct look *look, struct hs_slice text)
{
    bool key_file = memmem(text.data, text.size, "-----BEGIN ", 11) != NULL; /* has many lines */
    const char *oddity = key_file ? NULL : hs_secret_oddity(look->config, text);
    if (oddity != NULL)
        hs_config_warning(look->config, HS_FINDING_SECRET_EDGES, look->node,
                          "%s %s%s, which counts as part of the secret: %s. Remove it where the "
                          "value is set, unless the other side has it, too",
                          look->path, oddity, origin(look),
                          look->kind == HS_SECRET_SIGNATURE ? "every genuine request would get 401"
                                                            : "the other side would refuse it");
    if (look->node->marked)
        hs_config_warning(look->config, HS_FINDING_SECRET_EDGES, look->node,
                          "%s%s began with a byte order mark, which was dropped: save the file "
                          "as UTF-8 without one",
                          look->path, origin(look));
}

/* ---- One secret for two purposes ---- */

static void warn_of_sharing(const struct look *look, const struct hs_option *option)
{
    struct hs_config *config = look->config;
    struct hs_slice text = look->node->text;
    for (size_t i = 0; i < config->key_count; i++) {
        const struct hs_known_key *known = &config->keys[i];
        if (known->node == look->node)
            return;
        bool meant = known->option == option && look->kind != HS_SECRET_SIGNATURE;
        if (meant || !hs_slice_equal(known->node->text, text))
            continue;
        hs_config_warning(config, HS_FINDING_SECRET_SHARED, look->node,
                          "%s is the same secret as %s in line %u: whoever has one has both, and "
                          "a request for one is genuine for the other. Use different secrets",
                          look->path, known->path, known->node->line);
        break;
    }
    if (config->keys == NULL)
        config->keys = hs_arena_alloc(config->arena, KEYS_MAX * sizeof(*config->keys));
    if (config->key_count < KEYS_MAX)
        config->keys[config->key_count++] = (struct hs_known_key){look->node, option, look->path};
}

/* ---- The rule ---- */

static void check_key(const struct look *look, const struct hs_option *option)
{
    struct hs_slice text = look->node->text;
    if (look->kind == HS_SECRET_HEADER)
        text = without_scheme(text);
    if (refuse_placeholder(look, text) || refuse_words(look, text))
        return;
    warn_of_oddity(look, text);
    if (look->kind == HS_SECRET_PASSWORD || look->kind == HS_SECRET_HEADER)
        return;
    refuse_weak(look, text);
    warn_of_sharing(look, option);
}

/* Checks the password of scheme://user:password@host, and the rest as a text that is not a
 * secret. */
static void check_url(const struct look *look)
{
    struct hs_slice url = look->node->text, rest = url;
    if (refuse_placeholder(look, url))
        return;
    const char *scheme = memmem(url.data, url.size, "://", 3);
    const char *at = memrchr(url.data, '@', url.size);
    if (scheme != NULL && at != NULL && at > scheme) {
        const char *end = url.data + url.size, *user = scheme + 3;
        const char *colon = memchr(user, ':', (size_t)(at - user));
        struct look inner = *look;
        inner.path = hs_arena_printf(look->config->arena, "the password in %s", look->path);
        struct hs_slice password =
            colon != NULL ? hs_slice(colon + 1, (size_t)(at - colon) - 1) : HS_SLICE_NONE;
        if (password.size > 0 && !refuse_placeholder(&inner, password))
            (void)refuse_words(&inner, password);
        rest = hs_slice(at, (size_t)(end - at));
    }
    hs_config_warn_placeholder(look->config, look->node, look->path, rest);
}

static void check_node(struct look look, const struct hs_option *option)
{
    const struct hs_node *node = look.node;
    for (size_t i = 0; node->kind != HS_NODE_SCALAR && i < node->count; i++) {
        struct look inner = look;
        inner.node = node->items[i];
        inner.path = node->kind == HS_NODE_MAP
                         ? hs_arena_printf(look.config->arena, "%s.%s", look.path,
                                           hs_config_excerpt(look.config, node->keys[i]->text))
                         : hs_arena_printf(look.config->arena, "%s[%zu]", look.path, i);
        check_node(inner, option);
    }
    if (node->kind != HS_NODE_SCALAR || node->text.size == 0 || node->broken || node->made_up)
        return;
    if (look.kind == HS_SECRET_URL)
        check_url(&look);
    else
        check_key(&look, option);
}

void hs_secret_check(struct hs_config *config, const struct hs_node *node, const char *path,
                     const struct hs_option *option, enum hs_secret_kind kind)
{
    check_node((struct look){config, node, path, kind}, option);
}

/* ---- Texts that are not secrets ---- */

void hs_config_warn_placeholder(struct hs_config *config, const struct hs_node *node,
                                const char *path, struct hs_slice text)
{
    struct hs_slice name;
    const char *form = node->made_up ? NULL : hs_placeholder_within(text, &name);
    if (form == NULL)
        return;
    bool shown = name.size > 0 && name.size < WHERE_MAX && !node->secret;
    const char *mend =
        shown ? hs_arena_printf(config->arena, "to read it from the environment write ${%.*s}",
                                HS_SLICE_ARG(name))
              : "hookstream expands ${NAME}, ${NAME:-text} and ${file:/path}, nothing else";
    hs_config_warning(config, HS_FINDING_UNEXPANDED, node,
                      "%s contains a placeholder of the form `%s`%s%s%s, which is used "
                      "literally: %s",
                      path, form, node->origin != NULL ? " (from " : "",
                      node->origin != NULL ? node->origin : "", node->origin != NULL ? ")" : "",
                      mend);
}
