/* Expand: ${NAME}, ${NAME:-text} and ${file:/path} in scalar values; $${ stands for "${".
 * What comes out is not looked at again, and makes the node secret: it is never printed. */
#include "internal.h"

#include <hookstream/disk.h>
#include <stdlib.h>

#define EXPANDED_MAX (1u << 20)
#define NAME_MAX_SIZE 256u

static const char *look_up(const struct hs_config *config, const char *name)
{
    return config->env != NULL ? config->env(config->env_context, name) : getenv(name);
}

static bool is_name(struct hs_slice name)
{
    if (name.size == 0 || name.size > NAME_MAX_SIZE || (name.data[0] >= '0' && name.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return true;
}

static void expand_file(struct hs_config *config, const struct hs_node *node, struct hs_slice path,
                        struct hs_buffer *text)
{
    HS_AUTO_FREE char *name = hs_slice_dup(path);
    struct hs_buffer contents;
    hs_buffer_init(&contents, EXPANDED_MAX);
    if (hs_disk_read_all(hs_disk_system(), name, &contents) < 0)
        hs_config_error(config, node, "${file:...}: %s", hs_error_text());
    if (contents.size > 0 && contents.data[contents.size - 1] == '\n')
        contents.size--;
    if (contents.size > 0 && memchr(contents.data, '\0', contents.size) != NULL)
        hs_config_error(config, node, "${file:%s}: the file has NUL bytes", name);
    else
        hs_buffer_append_slice(text, hs_buffer_slice(&contents));
    hs_buffer_free(&contents);
}

/* `inner` is what stands between ${ and }. */
static void expand_one(struct hs_config *config, const struct hs_node *node, struct hs_slice inner,
                       struct hs_buffer *text)
{
    static const struct hs_slice file = {"file:", 5};
    if (hs_slice_starts_with(inner, file)) {
        expand_file(config, node, hs_slice(inner.data + file.size, inner.size - file.size), text);
        return;
    }
    const char *colon = inner.size ? memchr(inner.data, ':', inner.size) : NULL;
    struct hs_slice name = inner, fallback = HS_SLICE_NONE;
    if (colon != NULL && colon + 1 < inner.data + inner.size && colon[1] == '-') {
        name.size = (size_t)(colon - inner.data);
        fallback = hs_slice(colon + 2, inner.size - name.size - 2);
    }
    if (!is_name(name)) {
        hs_config_error(config, node,
                        "`${%.*s}` is none of ${NAME}, ${NAME:-text} and ${file:/path}; a plain "
                        "${ is written $${",
                        HS_SLICE_ARG(inner));
        return;
    }
    HS_AUTO_FREE char *key = hs_slice_dup(name);
    const char *value = look_up(config, key);
    if (value != NULL && (value[0] != '\0' || fallback.data == NULL))
        hs_buffer_append_text(text, value);
    else if (fallback.data != NULL)
        hs_buffer_append_slice(text, fallback);
    else
        hs_config_error(config, node,
                        "the environment has no `%s`: set it, or write ${%s:-text} for a default",
                        key, key);
}

static const char *find(const char *at, const char *end, const char *what)
{
    return at < end ? memmem(at, (size_t)(end - at), what, 2) : NULL;
}

void hs_config_expand(struct hs_config *config, struct hs_node *node)
{
    const char *at = node->text.data, *end = at + node->text.size;
    if (find(at, end, "${") == NULL)
        return;
    struct hs_buffer text;
    hs_buffer_init(&text, EXPANDED_MAX);
    for (const char *open; (open = find(at, end, "${")) != NULL;) {
        bool escaped = open > at && open[-1] == '$';
        hs_buffer_append(&text, at, (size_t)(open - at) - escaped);
        if (escaped) {
            hs_buffer_append_text(&text, "${");
            at = open + 2;
            continue;
        }
        const char *close = memchr(open, '}', (size_t)(end - open));
        if (close == NULL) {
            hs_config_error(config, node, "a `${` without its `}`; a plain ${ is written $${");
            at = end;
            break;
        }
        expand_one(config, node, hs_slice(open + 2, (size_t)(close - open) - 2), &text);
        node->secret = true;
        at = close + 1;
    }
    hs_buffer_append(&text, at, (size_t)(end - at));
    if (hs_buffer_status(&text) < 0)
        hs_config_error(config, node, "what this expands to is too long");
    node->text = hs_slice(hs_arena_dup(config->arena, hs_buffer_slice(&text)), text.size);
    hs_buffer_free(&text);
}
