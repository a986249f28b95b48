/* Diff: the differences between two catalogues. */
#include <hookstream/catalogue.h>

#define WORDS_MAX 256u

static void put_flag(struct hs_buffer *words, bool before, bool now, const char *name)
{
    if (before != now)
        hs_buffer_printf(words, "%sis %s%s %s", words->size > 0 ? "; " : "", now ? "" : "not ",
                         name, now ? "now" : "any more");
}

static void compare_field(const struct hs_catalogue_field *before,
                          const struct hs_catalogue_field *now, struct hs_buffer *words)
{
    hs_buffer_clear(words);
    if (before->type != now->type)
        hs_buffer_printf(words, "is %s, was %s", hs_field_type_name(now->type),
                         hs_field_type_name(before->type));
    put_flag(words, before->optional, now->optional, "optional");
    put_flag(words, before->nullable, now->nullable, "nullable");
    put_flag(words, before->personal, now->personal, "personal");
    put_flag(words, before->credential, now->credential, "credential");
    put_flag(words, before->deprecated, now->deprecated, "deprecated");
}

static size_t compare_type(const struct hs_event_type *before, const struct hs_event_type *now,
                           hs_change_fn *visit, void *context)
{
    size_t count = 0;
    struct hs_buffer words;
    hs_buffer_init(&words, WORDS_MAX);
    for (size_t i = 0; i < now->field_count; i++) {
        const struct hs_catalogue_field *field = &now->fields[i];
        const struct hs_catalogue_field *old =
            hs_event_type_field(before, hs_slice_text(field->path));
        struct hs_catalogue_change change = {HS_CHANGE_ADDED, now->name, field->path, ""};
        if (old != NULL) {
            compare_field(old, field, &words);
            if (words.size == 0)
                continue;
            hs_buffer_append_byte(&words, '\0');
            change.kind = HS_CHANGE_CHANGED;
            change.words = words.data;
        }
        visit(context, &change);
        count++;
    }
    hs_buffer_free(&words);
    for (size_t i = 0; i < before->field_count; i++) {
        const char *path = before->fields[i].path;
        if (hs_event_type_field(now, hs_slice_text(path)) != NULL)
            continue;
        visit(context, &(struct hs_catalogue_change){HS_CHANGE_GONE, now->name, path, ""});
        count++;
    }
    return count;
}

size_t hs_catalogue_diff(const struct hs_catalogue *before, const struct hs_catalogue *now,
                         hs_change_fn *visit, void *context)
{
    size_t count = 0;
    for (size_t i = 0; i < now->count; i++) {
        const struct hs_event_type *type = &now->types[i];
        const struct hs_event_type *old = hs_catalogue_type(before, hs_slice_text(type->name));
        if (old != NULL) {
            count += compare_type(old, type, visit, context);
            continue;
        }
        visit(context, &(struct hs_catalogue_change){HS_CHANGE_ADDED, type->name, NULL, ""});
        count++;
    }
    for (size_t i = 0; i < before->count; i++) {
        const char *name = before->types[i].name;
        if (hs_catalogue_type(now, hs_slice_text(name)) != NULL)
            continue;
        visit(context, &(struct hs_catalogue_change){HS_CHANGE_GONE, name, NULL, ""});
        count++;
    }
    return count;
}
