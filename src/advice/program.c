/* Program: the names in a jq program, which is not parsed: what stands after .data. is a field, and
 * what a program makes by itself is left alone. */
#include "look.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name at `at` of the program, which stands after .data. */
static struct hs_slice name_at(struct hs_slice text, size_t at)
{
    size_t size = 0;
    while (at + size < text.size && is_letter(text.data[at + size]))
        size++;
    return hs_slice(text.data + at, size);
}

/* Whether what follows a path gives it a value, or one to take when it is not there. */
static bool is_given_after(struct hs_slice text, size_t at)
{
    while (at < text.size && text.data[at] == ' ')
        at++;
    size_t signs = 0;
    while (at + signs < text.size && strchr("=|+-*/%?", text.data[at + signs]) != NULL)
        signs++;
    struct hs_slice sign = hs_slice(text.data + at, signs);
    return signs > 0 && !hs_slice_equal(sign, HS_SLICE("==")) &&
           (sign.data[signs - 1] == '=' || sign.data[0] == '?' ||
            hs_slice_equal(sign, HS_SLICE("//")));
}

static bool is_below_data(struct hs_slice text, size_t at)
{
    return at + 6 < text.size && memcmp(text.data + at, ".data.", 6) == 0 &&
           (at == 0 || !is_letter(text.data[at - 1]));
}

/* Whether some place of the program gives the name a value. */
static bool is_made_by(struct hs_slice text, struct hs_slice name)
{
    for (size_t at = 0; at < text.size; at++)
        if (is_below_data(text, at) && hs_slice_equal(name_at(text, at + 6), name) &&
            is_given_after(text, at + 6 + name.size))
            return true;
    return false;
}

/* ---- Names below data ---- */

static void look_at_name(struct hs_look *look, const struct hs_node *program, struct hs_slice name,
                         const char *path)
{
    if (hs_look_knows(look, path) || hs_paths_meet(&look->made, path))
        return;
    const char *near = hs_look_nearly(look, path);
    if (near != NULL || !is_made_by(program->text, name))
        hs_look_warn(look, HS_FINDING_NEARLY_KNOWN, program, path, "no event has `%s`%s%s%s", path,
                     near != NULL ? ": did you mean `" : "", near != NULL ? near : "",
                     near != NULL ? "`?" : "");
}

/* Whether each of the route's events that has the field has a text there. */
static bool is_text(const struct hs_look *look, const char *path)
{
    bool any = false;
    for (size_t i = 0; i < look->matched_count; i++) {
        const struct hs_catalogue_field *field =
            hs_event_type_field(look->matched[i].type, hs_slice_text(path));
        if (field == NULL)
            continue;
        if (field->type != HS_FIELD_TEXT && field->type != HS_FIELD_MONEY &&
            field->type != HS_FIELD_ID && field->type != HS_FIELD_TIME)
            return false;
        any = true;
    }
    return any;
}

/* `.data.amount > 100`: in jq every text is more than every number. */
static void look_at_order(struct hs_look *look, const struct hs_node *program, size_t at,
                          const char *path)
{
    struct hs_slice text = program->text;
    size_t signs = 0;
    while (at < text.size && text.data[at] == ' ')
        at++;
    while (at + signs < text.size && strchr("<>=!", text.data[at + signs]) != NULL)
        signs++;
    struct hs_slice sign = hs_slice(text.data + at, signs);
    for (at += signs; at < text.size && text.data[at] == ' ';)
        at++;
    bool number = at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
    if (signs == 0 || hs_slice_equal(sign, HS_SLICE("=")) || !number || !is_text(look, path) ||
        hs_paths_meet(&look->made, path) || hs_paths_meet(&look->gone, path))
        return;
    hs_look_warn(look, HS_FINDING_VALUE_NEVER, program, path,
                 "`%s` is a text, and jq holds every text to be more than every number: write "
                 "(.%s | tonumber)",
                 path, path);
}

/* ---- Names at the top ---- */

/* Whether `.` stands for something else than the event from here on. */
static bool is_elsewhere(struct hs_slice before)
{
    static const char *const words[] = {"map",     "select", "with_entries", "reduce",
                                        "foreach", "def",    " as "};
    for (size_t i = 0; i < HS_ARRAY_SIZE(words); i++)
        if (before.size > 0 &&
            memmem(before.data, before.size, words[i], hs_slice_text(words[i]).size) != NULL)
            return true;
    for (size_t i = 0; i < before.size; i++)
        if (before.data[i] == '|' && (i + 1 == before.size || before.data[i + 1] != '='))
            return true;
    return false;
}

/* .amount for .data.amount */
static void look_at_top(struct hs_look *look, const struct hs_node *program, size_t at)
{
    struct hs_slice text = program->text;
    struct hs_slice name = name_at(text, at + 1);
    struct hs_arena *arena = hs_config_arena(look->config);
    bool begins =
        at == 0 || (!is_letter(text.data[at - 1]) && strchr(".])}?\"", text.data[at - 1]) == NULL);
    if (!begins || name.size == 0 || (name.data[0] >= '0' && name.data[0] <= '9') ||
        is_elsewhere(hs_slice(text.data, at)) || is_given_after(text, at + 1 + name.size))
        return;
    const char *path = hs_arena_dup(arena, name);
    const char *below = hs_arena_printf(arena, "data.%s", path);
    if (!hs_look_knows(look, path) && hs_look_knows(look, below) &&
        !hs_paths_meet(&look->made, path))
        hs_look_warn(look, HS_FINDING_NEARLY_KNOWN, program, path,
                     "no event has `.%s` at its top: did you mean `.%s`?", path, below);
}

/* ---- The whole ---- */

void hs_look_at_program(struct hs_look *look, const struct hs_node *program)
{
    struct hs_slice text = program->text;
    for (size_t at = 0; at < text.size; at++) {
        if (text.data[at] != '.')
            continue;
        struct hs_slice name = is_below_data(text, at) ? name_at(text, at + 6) : HS_SLICE_NONE;
        if (name.size == 0) {
            look_at_top(look, program, at);
            continue;
        }
        const char *path =
            hs_arena_printf(hs_config_arena(look->config), "data.%.*s", HS_SLICE_ARG(name));
        look_at_name(look, program, name, path);
        look_at_order(look, program, at + 6 + name.size, path);
    }
}
