/* Expand: ${NAME}, ${NAME:-text} and ${file:/path} in scalar values; $${ is a literal "${". The
 * result is not expanded again, and makes the node secret: it is never printed. */
#include "internal.h"

#include <hookstream/disk.h>
#include <hookstream/text.h>
#include <stdlib.h>

#define FILE_MAX (1u << 20)
#define VARIABLE_NAME_MAX 256u

struct expansion {
    struct hs_config *config;
    struct hs_node place; /* of the current ${, for findings */
    struct hs_buffer text;
    const char *origin; /* of the first value, or of the first with unusual surrounding
                         * characters */
    bool odd, marked, made_up;
    bool failed;
};

/* Appends the value of a ${...} and remembers its origin, which a warning about the text names. */
static void bring_in(struct expansion *expansion, struct hs_slice value, const char *what,
                     const char *name)
{
    hs_buffer_append_slice(&expansion->text, value);
    bool odd = hs_secret_oddity(expansion->config, value) != NULL;
    if (expansion->origin == NULL || (odd && !expansion->odd))
        expansion->origin = hs_arena_printf(expansion->config->arena, "%s %s", what, name);
    expansion->odd |= odd;
}

static const char *look_up(const struct hs_config *config, const char *name)
{
    return config->env != NULL ? config->env(config->env_context, name) : getenv(name);
}

static bool is_name(struct hs_slice name)
{
    if (name.size == 0 || name.size > VARIABLE_NAME_MAX ||
        (name.data[0] >= '0' && name.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return true;
}

/* Supplies a value for something missing, if the config was told to continue without it. */
static bool stand_in(struct expansion *expansion, const char *name)
{
    struct hs_config *config = expansion->config;
    const char *value = config->absent ? config->absent(config->env_context, name) : NULL;
    if (value != NULL)
        hs_buffer_append_text(&expansion->text, value);
    expansion->made_up |= value != NULL;
    return value != NULL;
}

/* A text file's contents without its byte order mark and without its final line ending, LF or CR
 * LF. */
static struct hs_slice trim_file(struct expansion *expansion, struct hs_slice text)
{
    size_t size = text.size;
    text = hs_text_without_mark(text);
    expansion->marked |= text.size < size;
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

/* Why a file with NUL bytes cannot be used. */
static const char *binary_words(struct hs_slice text)
{
    return hs_text_is_utf16(text) ? "the file is UTF-16: save it as UTF-8"
                                  : "the file has NUL bytes, so it is not a text file";
}

/* A file's contents, without the final newline. */
static void expand_file(struct expansion *expansion, struct hs_slice path)
{
    struct hs_config *config = expansion->config;
    HS_AUTO_FREE char *name = hs_slice_dup(path);
    struct hs_buffer contents;
    hs_buffer_init(&contents, FILE_MAX);
    bool good = true;
    if (path.size == 0) {
        hs_config_error(config, HS_FINDING_EXPANSION_FILE, &expansion->place,
                        "`${file:}` names no file: write ${file:/path}");
        good = false;
    } else if (hs_disk_read_all(hs_disk_system(), name, &contents) < 0) {
        good = stand_in(expansion, name);
        if (!good)
            hs_config_error(config, HS_FINDING_EXPANSION_FILE, &expansion->place,
                            "`${file:...}`: %s", hs_error_text());
    } else if (contents.size > 0 && memchr(contents.data, '\0', contents.size) != NULL) {
        hs_config_error(config, HS_FINDING_EXPANSION_FILE, &expansion->place, "`${file:%s}`: %s",
                        name, binary_words(hs_buffer_slice(&contents)));
        good = false;
    } else {
        bring_in(expansion, trim_file(expansion, hs_buffer_slice(&contents)), "the file", name);
    }
    expansion->failed |= !good;
    hs_buffer_free(&contents);
}

static void expand_variable(struct expansion *expansion, struct hs_slice name,
                            struct hs_slice fallback)
{
    HS_AUTO_FREE char *key = hs_slice_dup(name);
    const char *value = look_up(expansion->config, key);
    if (value != NULL && (value[0] != '\0' || fallback.data == NULL)) {
        bring_in(expansion, hs_slice_text(value), "the environment variable", key);
    } else if (fallback.data != NULL) {
        hs_buffer_append_slice(&expansion->text, fallback);
    } else if (!stand_in(expansion, key)) {
        hs_config_error(expansion->config, HS_FINDING_VARIABLE_UNSET, &expansion->place,
                        "the environment variable `%s` is not set: set it, or write "
                        "${%s:-default}",
                        key, key);
        expansion->failed = true;
    }
}

/* memmem() would do, but under a sanitizer each call scans the whole rest. */
static const char *find_open(const char *at, const char *end)
{
    while (at < end && (at = memchr(at, '$', (size_t)(end - at))) != NULL) {
        if (at + 1 < end && at[1] == '{')
            return at;
        at++;
    }
    return NULL;
}

/* `inner` is the text between ${ and }. A wrong one is not shown: it may be part of a password. */
static void expand_one(struct expansion *expansion, struct hs_slice inner)
{
    static const struct hs_slice file = {"file:", 5};
    if (hs_slice_starts_with(inner, file)) {
        expand_file(expansion, hs_slice(inner.data + file.size, inner.size - file.size));
        return;
    }
    const char *colon = inner.size ? memchr(inner.data, ':', inner.size) : NULL;
    struct hs_slice name = inner, fallback = HS_SLICE_NONE;
    if (colon != NULL && colon + 1 < inner.data + inner.size && colon[1] == '-') {
        name.size = (size_t)(colon - inner.data);
        fallback = hs_slice(colon + 2, inner.size - name.size - 2);
    }
    bool nested =
        fallback.size > 0 && find_open(fallback.data, fallback.data + fallback.size) != NULL;
    if (is_name(name) && !nested) {
        expand_variable(expansion, name, fallback);
        return;
    }
    expansion->failed = true;
    hs_config_error(expansion->config, HS_FINDING_EXPANSION, &expansion->place,
                    nested ? "the default of a ${NAME:-default} cannot hold another ${"
                           : "expected ${NAME}, ${NAME:-default} or ${file:/path} here; write a "
                             "plain ${ as $${");
}

/* Appends the text from `at` to the end of the ${...} that begins at `open`; returns where to
 * continue, or NULL if it has no end. */
static const char *expand_next(struct expansion *expansion, const char *at, const char *open,
                               const char *end)
{
    bool escaped = open > at && open[-1] == '$';
    hs_buffer_append(&expansion->text, at, (size_t)(open - at) - escaped);
    if (escaped) {
        hs_buffer_append_text(&expansion->text, "${");
        return open + 2;
    }
    const char *close = memchr(open, '}', (size_t)(end - open));
    if (close == NULL) {
        hs_config_error(expansion->config, HS_FINDING_EXPANSION, &expansion->place,
                        "a `${` without a `}`; write a plain ${ as $${");
        expansion->failed = true;
        return NULL;
    }
    expand_one(expansion, hs_slice(open + 2, (size_t)(close - open) - 2));
    return close + 1;
}

static void check_total(struct expansion *expansion)
{
    expansion->config->expanded_bytes += expansion->text.size;
    if (hs_buffer_status(&expansion->text) == 0 &&
        expansion->config->expanded_bytes <= HS_CONFIG_EXPANDED_MAX)
        return;
    hs_config_error(expansion->config, HS_FINDING_TOO_LONG, &expansion->place,
                    "the texts inserted for ${...} exceed %u bytes altogether",
                    HS_CONFIG_EXPANDED_MAX);
    expansion->failed = true;
}

void hs_config_expand(struct hs_config *config, struct hs_node *node, bool as_written)
{
    const char *at = node->text.data, *end = at + node->text.size, *counted = at;
    if (find_open(at, end) == NULL)
        return;
    struct expansion expansion = {.config = config, .place = *node};
    hs_buffer_init(&expansion.text, HS_CONFIG_EXPANDED_MAX);
    expansion.place.column += as_written && node->quoted;
    for (const char *open; (open = find_open(at, end)) != NULL; counted = open) {
        if (as_written)
            expansion.place.column +=
                (unsigned)hs_config_characters(hs_slice(counted, (size_t)(open - counted)));
        node->secret |= open == at || open[-1] != '$';
        at = expand_next(&expansion, at, open, end);
        if (at == NULL)
            break;
    }
    if (at != NULL)
        hs_buffer_append(&expansion.text, at, (size_t)(end - at));
    check_total(&expansion);
    node->broken = expansion.failed;
    node->origin = expansion.origin;
    node->marked = expansion.marked;
    node->made_up = expansion.made_up;
    node->text = HS_SLICE("");
    if (!node->broken && expansion.text.size > 0)
        node->text = hs_slice(hs_arena_dup(config->arena, hs_buffer_slice(&expansion.text)),
                              expansion.text.size);
    hs_buffer_free(&expansion.text);
}
