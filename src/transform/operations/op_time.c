/* time: converts points in time between RFC 3339 and seconds or milliseconds since 1970. */
#include "operation.h"
#include "words.h"

#include <hookstream/clock.h>
#include <stdlib.h>

/* For `from: auto`: numbers from this on are milliseconds. As seconds it would be the year 5138; as
 * milliseconds it is 1973. */
#define AUTO_MS_LEAST INT64_C(100000000000)
#define MS_DIGITS 3u
#define NUMBER_DIGITS_MAX 15u /* the year 9999 in milliseconds */

static const char *const to_names[] = {"unix_s", "unix_ms", "rfc3339", NULL};
static const char *const from_names[] = {"unix_s", "unix_ms", "rfc3339", "auto", NULL};
enum form { UNIX_S, UNIX_MS, RFC3339, AUTO };

struct time_options {
    struct hs_strings fields;
    const char *field, *into;
    unsigned to, from;
};

static const struct hs_option rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct time_options, fields),
     .help = "Paths of the fields to change where they stand.",
     .example = "[data.admittedAt, data.expiresAt]"},
    {.name = "field",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct time_options, field),
     .help = "Path of one field, in the place of `fields`.",
     .example = "timestamp"},
    {.name = "into",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct time_options, into),
     .help = "With `field`: path of the field that is given what comes out; without it the "
             "field's own is changed.",
     .example = "data.timestampMs"},
    {.name = "to",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct time_options, to),
     .choices = to_names,
     .required = true,
     .help = "What comes out: whole seconds or milliseconds since 1970 as a number, rounded "
             "down, or a text in UTC.",
     .example = "unix_ms"},
    {.name = "from",
     .kind = HS_OPTION_CHOICE,
     .offset = offsetof(struct time_options, from),
     .choices = from_names,
     .fallback = "auto",
     .help = "What is there. `auto`: a text is RFC 3339; a number is seconds below 100000000000 "
             "(either side of zero), else milliseconds."},
};

static const struct hs_options table = {.name = "transform.time",
                                        .title = "time",
                                        .options = rows,
                                        .option_count = HS_ARRAY_SIZE(rows),
                                        .struct_size = sizeof(struct time_options),
                                        .node_offset = SIZE_MAX};

struct time {
    struct hs_fields fields;
    struct hs_json_path from_path, into; /* with `into` */
    enum form to, from;
};

/* ---- Reading ---- */

static bool compile_into(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation, struct time *time)
{
    const struct hs_node *field = hs_node_get(node, "field"), *into = hs_node_get(node, "into");
    bool good = hs_field_path_compile(config, field, true, &time->from_path);
    good = hs_field_path_compile(config, into, true, &time->into) && good;
    hs_operation_uses(operation, HS_USE_READ, time->from_path.text, field);
    hs_operation_uses(operation, HS_USE_WRITE, time->into.text, into);
    operation->parts = 1;
    return good;
}

static bool compile_fields(struct hs_config *config, const struct hs_node *node,
                           const struct time_options *bound, struct hs_operation *operation,
                           struct time *time)
{
    const struct hs_node *field = hs_node_get(node, "field");
    const struct hs_strings one = {&bound->field, &field, 1};
    bool good = hs_fields_compile(config, node, bound->field != NULL ? &one : &bound->fields,
                                  operation, HS_USE_EDIT, &time->fields);
    operation->parts = time->fields.count;
    return good;
}

static bool compile_time(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation)
{
    struct time_options bound;
    struct time *time = operation->state = hs_alloc(sizeof(*time));
    if (!hs_operation_bind(config, node, &table, &bound))
        return false;
    time->to = (enum form)bound.to;
    time->from = (enum form)bound.from;
    const struct hs_node *field = hs_node_get(node, "field"), *into = hs_node_get(node, "into");
    if (field != NULL && bound.fields.count != 0) {
        hs_config_error(config, HS_FINDING_OPERATION_OPTION, field,
                        "`field` and `fields` mean the same: use one of them");
        return false;
    }
    if (into != NULL && field == NULL) {
        hs_config_error(config, HS_FINDING_OPERATION_OPTION, into,
                        "`into` needs `field`, which names the one field to convert");
        return false;
    }
    return into != NULL ? compile_into(config, node, operation, time)
                        : compile_fields(config, node, &bound, operation, time);
}

/* ---- Applying ---- */

/* A point in time, with the fraction of a second as digits. */
struct moment {
    int64_t seconds; /* rounded down */
    char fraction[MS_DIGITS];
    struct hs_slice digits; /* of the fraction; in `fraction`, or in the input */
};

static int64_t divide_down(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Parses digits with an optional sign. 0 or -EINVAL. */
static int read_whole(struct hs_slice text, int64_t *ret_value)
{
    bool negative = text.size != 0 && text.data[0] == '-';
    struct hs_slice digits = hs_slice(text.data + negative, text.size - negative);
    uint64_t value;
    if (digits.size > NUMBER_DIGITS_MAX || hs_slice_to_u64(digits, INT64_MAX, &value) < 0)
        return hs_fail(-EINVAL,
                       "it is not a whole number of at most %u digits, as a time since 1970 is",
                       NUMBER_DIGITS_MAX);
    *ret_value = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}

static int read_number(enum form from, struct hs_slice text, struct moment *moment)
{
    int64_t value = 0;
    int code = read_whole(text, &value);
    if (code < 0)
        return code;
    if (from == AUTO)
        from = value >= AUTO_MS_LEAST || value <= -AUTO_MS_LEAST ? UNIX_MS : UNIX_S;
    moment->seconds = from == UNIX_MS ? divide_down(value, 1000) : value;
    if (moment->seconds < HS_INSTANT_SECONDS_MIN || moment->seconds > HS_INSTANT_SECONDS_MAX)
        return hs_fail(-ERANGE, "its year is not 0000 to 9999");
    if (from == UNIX_MS) {
        int64_t rest = value - moment->seconds * 1000;
        for (size_t i = MS_DIGITS; i-- > 0; rest /= 10)
            moment->fraction[i] = (char)('0' + rest % 10);
        moment->digits = hs_slice(moment->fraction, MS_DIGITS);
    }
    return 0;
}

/* `moment` must not be moved afterwards. */
static int read_moment(enum form from, const struct hs_scalar *scalar, struct moment *moment)
{
    bool text = scalar->kind == HS_JSON_STRING;
    if (!text && scalar->kind != HS_JSON_NUMBER)
        return hs_fail(-EINVAL, "it is %s, not a time", hs_kind_words(scalar->kind));
    if (from == UNIX_S || from == UNIX_MS || !text) {
        if (from == RFC3339)
            return hs_fail(-EINVAL, "it is a number, but `from` is rfc3339");
        return read_number(from, scalar->text, moment);
    }
    struct hs_instant instant;
    int code = hs_instant_parse(scalar->text, &instant);
    if (code < 0)
        return code;
    moment->seconds = instant.seconds;
    moment->digits = instant.fraction;
    return 0;
}

static int64_t milliseconds(struct hs_slice digits)
{
    int64_t value = 0;
    for (size_t i = 0; i < MS_DIGITS; i++)
        value = value * 10 + (i < digits.size ? digits.data[i] - '0' : 0);
    return value;
}

static int convert(const struct time *time, const struct hs_scalar *scalar,
                   struct hs_buffer *ret_json)
{
    struct moment moment = {0};
    int code = read_moment(time->from, scalar, &moment);
    if (code < 0)
        return code;
    char text[32];
    switch (time->to) {
    case UNIX_S:
        hs_buffer_printf(ret_json, "%lld", (long long)moment.seconds);
        break;
    case UNIX_MS:
        hs_buffer_printf(ret_json, "%lld",
                         (long long)(moment.seconds * 1000 + milliseconds(moment.digits)));
        break;
    default:
        hs_instant_format(moment.seconds, text);
        hs_buffer_printf(ret_json, "\"%s%s", text, moment.digits.size != 0 ? "." : "");
        hs_buffer_append_slice(ret_json, moment.digits);
        hs_buffer_append_text(ret_json, "Z\"");
    }
    return 0;
}

static int convert_scalar(void *context, const struct hs_scalar *scalar, struct hs_buffer *ret_json)
{
    return convert(context, scalar, ret_json);
}

static int convert_into(const struct time *time, struct hs_work *work)
{
    struct hs_slice json;
    int code = hs_scalar_made(work, &time->from_path, "time", convert_scalar,
                              (void *)(uintptr_t)time, &json);
    struct hs_json_tree *tree;
    if (code <= 0)
        return code;
    code = hs_work_tree(work, &tree);
    return code < 0 ? code : hs_put(work, tree, "time", &time->into, json);
}

static int apply_time(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    struct time *time = operation->state;
    if (time->into.count > 0)
        return convert_into(time, work);
    return hs_edit_scalars(work, &time->fields.paths[part], "time", convert_scalar, time);
}

static void free_time(struct hs_operation *operation)
{
    struct time *time = operation->state;
    if (time == NULL)
        return;
    hs_fields_free(&time->fields);
    hs_json_path_free(&time->from_path);
    hs_json_path_free(&time->into);
    free(time);
}

const struct hs_operation_kind hs_operation_time = {
    .name = "time",
    .table = &table,
    .help = "Converts times (`to`) to whole seconds (`unix_s`) or milliseconds (`unix_ms`) since "
            "1970, rounded down, or to RFC 3339 in UTC (`rfc3339`), where a fraction keeps its "
            "digits; in place (`field`, or `fields: [...]`) or `into` another field. Accepts RFC "
            "3339 with any offset, years 0000 to 9999, and whole numbers: seconds below "
            "100000000000, otherwise milliseconds, unless `from` is `unix_s` or `unix_ms`. A leap "
            "second (23:59:60 at the end of a month) equals the second after it, as in POSIX. null "
            "stays null; an impossible date, and anything else, is an error.",
    .example = "{field: timestamp, to: unix_ms, into: data.timestampMs}",
    .compile = compile_time,
    .apply = apply_time,
    .free = free_time,
};
