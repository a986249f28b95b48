/* Values: whether a field can have the value that a condition compares it with, or a text that
 * `matches` takes. */
#include "look.h"

#define NAMES_MAX 4096u

static bool has_choices(const struct hs_catalogue_field *field)
{
    return field->sample != NULL && field->sample[0] != '<' && strchr(field->sample, '|') != NULL;
}

static bool is_sampled_as(const struct hs_catalogue_field *field, const char *word)
{
    return field->sample != NULL && strcmp(field->sample, word) == 0;
}

static bool is_ordered(const struct hs_comparison *comparison)
{
    return comparison->by >= HS_IS_LESS && comparison->by <= HS_IS_AT_LEAST;
}

/* "a|b" lists the values. */
static bool is_listed(const struct hs_catalogue_field *field,
                      const struct hs_comparison *comparison)
{
    for (const char *at = field->sample;; at++) {
        struct hs_slice choice = hs_slice(at, strcspn(at, "|"));
        if (comparison->by == HS_IS_LIKE ? hs_comparison_takes(comparison, choice)
                                         : hs_slice_equal(choice, comparison->literal))
            return true;
        at += choice.size;
        if (*at == '\0')
            return false;
    }
}

/* ---- == != < <= > >= in ---- */

/* What counts something is never negative. */
static bool is_below_zero(const struct hs_comparison *comparison)
{
    static const struct hs_slice nothing[] = {{"0", 1}, {"0.0", 3}, {"0.00", 4}};
    bool down =
        comparison->by == HS_IS || comparison->by == HS_IS_LESS || comparison->by == HS_IS_AT_MOST;
    if (comparison->literal.size > 0 && comparison->literal.data[0] == '-')
        return down;
    bool zero = false;
    for (size_t i = 0; i < HS_ARRAY_SIZE(nothing); i++)
        zero = zero || hs_slice_equal(comparison->literal, nothing[i]);
    return zero && comparison->by == HS_IS_LESS;
}

static const char *unfit_number(const struct hs_catalogue_field *field,
                                const struct hs_comparison *comparison)
{
    if (!comparison->decimal)
        return "its type is ";
    bool counts = is_sampled_as(field, "<count>") || is_sampled_as(field, "<few>");
    return counts && is_below_zero(comparison) ? "it counts something, its type is " : NULL;
}

static const char *unfit_time(const struct hs_comparison *comparison)
{
    uint64_t wall_ns;
    if (comparison->kind == HS_JSON_STRING && comparison->literal.size >= 20 &&
        hs_value_time(comparison->literal, 0, &wall_ns) == 0)
        return NULL;
    return "it is a whole time such as '2026-11-23T09:15:00Z', its type is ";
}

static const char *unfit_text(const struct hs_catalogue_field *field,
                              const struct hs_comparison *comparison)
{
    if (comparison->kind != HS_JSON_STRING && comparison->kind != HS_JSON_NUMBER)
        return "its type is ";
    if (field->sample == NULL || field->sample[0] == '<' || is_ordered(comparison))
        return NULL;
    if (has_choices(field))
        return comparison->kind != HS_JSON_STRING || is_listed(field, comparison) ? NULL
                                                                                  : "it is one of ";
    return hs_is_near_value(comparison->literal, hs_slice_text(field->sample)) ? "did you mean "
                                                                               : NULL;
}

static bool is_currency(struct hs_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 'A' || text.data[i] > 'Z')
            return false;
    return text.size == 3;
}

/* ---- matches ---- */

/* The texts of a type, as a regular expression. */
static const char *texts_of(const struct hs_catalogue_field *field)
{
    static const char *const by_type[] = {
        [HS_FIELD_TEXT] = ".*",
        [HS_FIELD_INTEGER] = "-?[0-9]+",
        [HS_FIELD_NUMBER] = "-?[0-9]+(\\.[0-9]+)?([eE][+\\-]?[0-9]+)?",
        [HS_FIELD_BOOLEAN] = "true|false",
        [HS_FIELD_TIME] = ("[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?"
                           "([Zz]|[+\\-][0-9]{2}:[0-9]{2})"),
        [HS_FIELD_MONEY] = "-?[0-9]+(\\.[0-9]+)?",
        [HS_FIELD_CURRENCY] = "[A-Z]{3}",
        [HS_FIELD_ID] = ".+",
        [HS_FIELD_OBJECT] = NULL,
        [HS_FIELD_ARRAY] = NULL,
        [HS_FIELD_ANY] = ".*",
    };
    if (is_sampled_as(field, "<email>"))
        return ".+@.+";
    if (is_sampled_as(field, "<phone>"))
        return "[0-9+() .\\-]+";
    return by_type[field->type];
}

/* Without a sign that stands for other characters: it takes one text. */
static bool is_one_text(struct hs_slice pattern)
{
    for (size_t i = 0; i < pattern.size; i++)
        if (strchr(".*+?|[](){}\\", pattern.data[i]) != NULL)
            return false;
    return pattern.size > 0;
}

static const char *unfit_pattern(const struct hs_catalogue_field *field,
                                 const struct hs_comparison *comparison)
{
    if (has_choices(field))
        return is_listed(field, comparison) ? NULL : "it is one of ";
    const char *texts = texts_of(field);
    if (texts == NULL || !hs_comparison_can_take(comparison, texts))
        return "its type is ";
    bool text = field->type == HS_FIELD_TEXT || field->type == HS_FIELD_ID;
    bool exact =
        field->sample != NULL && hs_slice_equal(comparison->literal, hs_slice_text(field->sample));
    return text && !exact && is_one_text(comparison->literal)
               ? "`matches` asks of the whole text; for a part of it put .* before and after; "
                 "its type is "
               : NULL;
}

/* Why the field never has the value, up to what it is; NULL: it may have it. */
static const char *unfit(const struct hs_catalogue_field *field,
                         const struct hs_comparison *comparison)
{
    static const char *const no_order = "it has no order, its type is ";
    if (comparison->by == HS_IS_LIKE)
        return field->type == HS_FIELD_ANY ? NULL : unfit_pattern(field, comparison);
    switch (field->type) {
    case HS_FIELD_INTEGER:
    case HS_FIELD_NUMBER:
    case HS_FIELD_MONEY: /* compares as a decimal, as any text that reads as one */
        return unfit_number(field, comparison);
    case HS_FIELD_BOOLEAN:
        return comparison->kind == HS_JSON_TRUE || comparison->kind == HS_JSON_FALSE
                   ? NULL
                   : "its type is ";
    case HS_FIELD_TEXT:
        return unfit_text(field, comparison);
    case HS_FIELD_TIME:
        return unfit_time(comparison);
    case HS_FIELD_CURRENCY:
        if (is_ordered(comparison))
            return no_order;
        return comparison->kind == HS_JSON_STRING && is_currency(comparison->literal)
                   ? NULL
                   : "it is three capitals such as 'USD', its type is ";
    case HS_FIELD_ID:
        if (is_ordered(comparison))
            return no_order;
        return comparison->kind == HS_JSON_STRING && comparison->literal.size > 0 ? NULL
                                                                                  : "its type is ";
    case HS_FIELD_OBJECT:
    case HS_FIELD_ARRAY:
        return "its type is ";
    case HS_FIELD_ANY:
        break;
    }
    return NULL;
}

/* What a value of the type looks like, where a text that stands for nothing would be wrong. */
static bool is_given_freely(const struct hs_catalogue_field *field)
{
    bool strict = field->type == HS_FIELD_INTEGER || field->type == HS_FIELD_NUMBER ||
                  field->type == HS_FIELD_BOOLEAN || field->type == HS_FIELD_TIME ||
                  field->type == HS_FIELD_CURRENCY || has_choices(field);
    return !strict || field->personal || field->credential;
}

const char *hs_field_refuses(const struct hs_catalogue_field *field, const struct hs_node *value)
{
    enum hs_json_kind kind;
    size_t offset;
    bool token = !value->quoted && hs_json_scan(value->text, NULL, 0, &kind, &offset) == 0 &&
                 kind <= HS_JSON_NUMBER;
    struct hs_comparison as = {.by = HS_IS,
                               .kind = token ? kind : HS_JSON_STRING,
                               .literal = value->text,
                               .decimal = token && kind == HS_JSON_NUMBER};
    if (is_given_freely(field) || as.kind == HS_JSON_NULL)
        return NULL;
    const char *why = unfit(field, &as);
    return why == NULL          ? NULL
           : has_choices(field) ? field->sample
                                : hs_field_type_name(field->type);
}

static void tell_value(struct hs_look *look, const struct hs_comparison *comparison,
                       const char *path, const struct hs_catalogue_field *field)
{
    static const char *const by[] = {[HS_IS] = "",
                                     [HS_IS_NOT] = "",
                                     [HS_IS_LESS] = "less than ",
                                     [HS_IS_AT_MOST] = "at most ",
                                     [HS_IS_MORE] = "more than ",
                                     [HS_IS_AT_LEAST] = "at least ",
                                     [HS_IS_LIKE] = "like "};
    const char *why = unfit(field, comparison);
    const char *quote = comparison->kind == HS_JSON_STRING ? "'" : "";
    struct hs_slice literal = comparison->kind == HS_JSON_TRUE    ? HS_SLICE("true")
                              : comparison->kind == HS_JSON_FALSE ? HS_SLICE("false")
                                                                  : comparison->literal;
    bool sample = strcmp(why, "it is one of ") == 0 || strcmp(why, "did you mean ") == 0;
    hs_look_tell(look, comparison->node);
    hs_look_warn(look, HS_FINDING_VALUE_NEVER, comparison->node, path,
                 "`%s` is never %s%s%.*s%s: %s%s%s", path, by[comparison->by], quote,
                 HS_SLICE_ARG(literal), quote, why,
                 sample ? field->sample : hs_field_type_name(field->type),
                 strcmp(why, "did you mean ") == 0 ? "?" : "");
}

/* ---- type, family, source ---- */

/* Whether the comparison takes the name. */
static bool takes(const struct hs_comparison *comparison, struct hs_slice name)
{
    return comparison->by == HS_IS_LIKE ? hs_comparison_takes(comparison, name)
                                        : hs_slice_equal(name, comparison->literal);
}

static struct hs_slice name_of(const struct hs_event_type *type, bool family)
{
    return family ? hs_event_family(hs_slice_text(type->name)) : hs_slice_text(type->name);
}

static bool takes_one(const struct hs_matched *types, size_t count, bool family,
                      const struct hs_comparison *comparison)
{
    for (size_t i = 0; i < count; i++)
        if (takes(comparison, name_of(types[i].type, family)))
            return true;
    return false;
}

/* What no known event has: with the name that is nearest. */
static void tell_name(struct hs_look *look, const struct hs_comparison *comparison, bool family)
{
    struct hs_arena *arena = hs_config_arena(look->config);
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < look->all_count && count < NAMES_MAX; i++)
        names[count++] = hs_arena_dup(arena, name_of(look->all[i].type, family));
    const char *near =
        comparison->by == HS_IS_LIKE ? NULL : hs_nearest_name(comparison->literal, names, count);
    const char *word = family ? "family" : "type";
    hs_look_warn(look, HS_FINDING_VALUE_NEVER, comparison->node, word,
                 "no known event has the %s%s'%.*s'%s%s%s", word,
                 comparison->by == HS_IS_LIKE ? " like " : " ", HS_SLICE_ARG(comparison->literal),
                 near ? ", did you mean `" : "", near ? near : "", near ? "`?" : "");
}

static void look_at_name(struct hs_look *look, const struct hs_comparison *comparison, bool family)
{
    bool comes = look->shared > 0 || look->matched_count == 0 || comparison->by == HS_IS_NOT ||
                 takes_one(look->matched, look->matched_count, family, comparison);
    bool known = takes_one(look->all, look->all_count, family, comparison);
    if (look->all_count == 0 || (known && comes))
        return;
    hs_look_tell(look, comparison->node);
    if (!known)
        tell_name(look, comparison, family);
    else
        hs_look_warn(look, HS_FINDING_VALUE_NEVER, comparison->node, family ? "family" : "type",
                     "no event of %s '%.*s' comes to this route", family ? "family" : "type",
                     HS_SLICE_ARG(comparison->literal));
}

static void look_at_source(struct hs_look *look, const struct hs_comparison *comparison)
{
    const struct hs_children *sources = look->input->sources;
    for (size_t i = 0; i < sources->count; i++) {
        struct hs_slice name = hs_slice_text(sources->names[i]);
        if (takes(comparison, name) &&
            (look->shared > 0 ||
             hs_router_takes_source(look->input->router, look->route->index, name)))
            return;
    }
    hs_look_tell(look, comparison->node);
    hs_look_warn(look, HS_FINDING_VALUE_NEVER, comparison->node, "source",
                 "no source '%.*s' sends events to this route", HS_SLICE_ARG(comparison->literal));
}

/* ---- One comparison ---- */

static void look_at_field(struct hs_look *look, const struct hs_comparison *comparison,
                          const char *path)
{
    const struct hs_matched *types = look->shared > 0 ? look->all : look->matched;
    size_t count = look->shared > 0 ? look->all_count : look->matched_count;
    const struct hs_catalogue_field *never = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct hs_catalogue_field *field =
            hs_event_type_field(types[i].type, hs_slice_text(path));
        if (field == NULL && !hs_type_may_have(types[i].type, path))
            continue;
        if (field == NULL || unfit(field, comparison) == NULL)
            return;
        never = field;
    }
    if (never != NULL)
        tell_value(look, comparison, path, never);
}

static void look_at_value(void *context, const struct hs_comparison *comparison)
{
    struct hs_look *look = context;
    const char *path = hs_look_path(look, comparison->path);
    bool texts = comparison->kind == HS_JSON_STRING && !is_ordered(comparison);
    if (comparison->kind == HS_JSON_NULL || comparison->node->secret)
        return;
    if (strcmp(path, "source") == 0 && texts)
        look_at_source(look, comparison);
    if (look->open)
        return;
    if ((strcmp(path, "type") == 0 || strcmp(path, "family") == 0) && texts)
        look_at_name(look, comparison, path[0] == 'f');
    if (!look->blurred && !hs_paths_meet(&look->made, path) && hs_path_is_below(path, "data"))
        look_at_field(look, comparison, path);
}

void hs_look_at_values(struct hs_look *look, const struct hs_condition *condition)
{
    hs_condition_comparisons(condition, look_at_value, look);
}

void hs_look_at_item_values(struct hs_look *look, const struct hs_transform *transform,
                            size_t index)
{
    hs_transform_when_comparisons(transform, index, look_at_value, look);
}
