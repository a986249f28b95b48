/* Paths: places in events as texts, in the catalogue's form. */
#include "look.h"

const char *hs_path_plain(struct hs_arena *arena, const char *path)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1u << 20);
    while (*path != '\0') {
        size_t digits = *path == '[' ? strspn(path + 1, "0123456789") : 0;
        if (digits > 0 && path[1 + digits] == ']') {
            hs_buffer_append_text(&text, "[*]");
            path += digits + 2;
        } else {
            hs_buffer_append_byte(&text, *path++);
        }
    }
    const char *kept = hs_arena_dup(arena, hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return kept;
}

const char *hs_look_path(const struct hs_look *look, const char *path)
{
    return hs_path_plain(hs_config_arena(look->config), path);
}

bool hs_path_is_below(const char *path, const char *above)
{
    size_t size = hs_slice_text(above).size;
    return strncmp(path, above, size) == 0 &&
           (path[size] == '\0' || path[size] == '.' || path[size] == '[');
}

void hs_paths_add(struct hs_paths *paths, const char *path)
{
    if (paths->count < HS_LOOK_PATHS_MAX)
        paths->items[paths->count++] = path;
}

void hs_paths_drop(struct hs_paths *paths, const char *above)
{
    size_t kept = 0;
    for (size_t i = 0; i < paths->count; i++)
        if (!hs_path_is_below(paths->items[i], above))
            paths->items[kept++] = paths->items[i];
    paths->count = kept;
}

bool hs_paths_meet(const struct hs_paths *paths, const char *path)
{
    for (size_t i = 0; i < paths->count; i++)
        if (hs_path_is_below(paths->items[i], path) || hs_path_is_below(path, paths->items[i]))
            return true;
    return false;
}
