/* Types: looking things up in a catalogue. */
#include "rows.h"

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
