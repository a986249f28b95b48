/* Types: lookups in a catalogue. */
#include "rows.h"

#include <hookstream/buffer.h>

#define FAMILY_WORDS_MAX 700u /* bytes of a family's types in an error message */

static const char *const families[] = {"queue", "draw",     "auction",
                                       "order", "consumer", "distribution"};

static const char *const type_names[] = {"text",   "integer", "number",   "boolean",
                                         "time",   "money",   "currency", "id",
                                         "object", "array",   "any"};

const char *hs_field_type_name(enum hs_field_type type)
{
    HS_ASSERT((size_t)type < HS_ARRAY_SIZE(type_names));
    return type_names[type];
}

const struct hs_event_type *hs_catalogue_type(const struct hs_catalogue *catalogue,
                                              struct hs_slice name)
{
    for (size_t i = 0; i < catalogue->count; i++)
        if (hs_slice_equal(hs_slice_text(catalogue->types[i].name), name))
            return &catalogue->types[i];
    return NULL;
}

/* ---- A type named by a user ---- */

static const char *family_of(const struct hs_event_type *type, struct hs_arena *arena)
{
    return hs_arena_dup(arena, hs_slice(type->name, strcspn(type->name, ".")));
}

/* The type or the family that is nearest to the name, or NULL. */
static const char *nearest(const struct hs_catalogue *catalogue, const char *name,
                           struct hs_arena *arena)
{
    const char **names = hs_arena_alloc(arena, 2 * catalogue->count * sizeof(*names));
    for (size_t i = 0; i < catalogue->count; i++) {
        names[2 * i] = catalogue->types[i].name;
        names[2 * i + 1] = family_of(&catalogue->types[i], arena);
    }
    return hs_nearest_name(hs_slice_text(name), names, 2 * catalogue->count);
}

static int refuse_family(const struct hs_catalogue *catalogue, const char *name, const char *family)
{
    struct hs_slice stem = hs_slice_text(family);
    struct hs_buffer types;
    hs_buffer_init(&types, FAMILY_WORDS_MAX);
    for (size_t i = 0; i < catalogue->count; i++)
        if (strncmp(catalogue->types[i].name, family, stem.size) == 0 &&
            catalogue->types[i].name[stem.size] == '.')
            hs_buffer_printf(&types, "%s%s", types.size > 0 ? ", " : "", catalogue->types[i].name);
    int code = hs_fail(-ENOENT, "there is no event type `%s`; the family `%s` has %.*s%s", name,
                       family, HS_SLICE_ARG(hs_buffer_slice(&types)), types.failed ? ", ..." : "");
    hs_buffer_free(&types);
    return code;
}

int hs_catalogue_find(const struct hs_catalogue *catalogue, const char *name,
                      const struct hs_event_type **ret_type)
{
    const struct hs_event_type *type = hs_catalogue_type(catalogue, hs_slice_text(name));
    if (type != NULL) {
        *ret_type = type;
        return 0;
    }
    bool own = catalogue != hs_catalogue_fanfare();
    struct hs_arena *arena = hs_arena_create();
    const char *near = nearest(catalogue, name, arena);
    int code;
    if (near == NULL)
        code = hs_fail(-ENOENT,
                       "there is no event type `%s`; `hookstream catalogue list%s%s` shows them",
                       name, own ? " --catalogue " : "", own ? catalogue->name : "");
    else if (hs_catalogue_type(catalogue, hs_slice_text(near)) != NULL)
        code = hs_fail(-ENOENT, "there is no event type `%s`, did you mean `%s`?", name, near);
    else
        code = refuse_family(catalogue, name, near);
    hs_arena_free(arena);
    return code;
}

const struct hs_catalogue_field *hs_event_type_field(const struct hs_event_type *type,
                                                     struct hs_slice path)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (hs_slice_equal(hs_slice_text(type->fields[i].path), path))
            return &type->fields[i];
    return NULL;
}

const char *hs_catalogue_family(struct hs_slice family)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(families); i++)
        if (hs_slice_equal(hs_slice_text(families[i]), family))
            return families[i];
    return "other";
}

size_t hs_catalogue_row_after(const struct hs_event_type *type, size_t at)
{
    struct hs_slice path = hs_slice_text(type->fields[at].path);
    for (at++; at < type->field_count; at++) {
        const char *other = type->fields[at].path;
        if (strncmp(other, path.data, path.size) != 0 ||
            (other[path.size] != '.' && other[path.size] != '['))
            break;
    }
    return at;
}

bool hs_catalogue_row_is_open(const struct hs_event_type *type, size_t row)
{
    enum hs_field_type kind = type->fields[row].type;
    bool holds = kind == HS_FIELD_OBJECT || kind == HS_FIELD_ARRAY;
    return kind == HS_FIELD_ANY || (holds && hs_catalogue_row_after(type, row) == row + 1);
}
