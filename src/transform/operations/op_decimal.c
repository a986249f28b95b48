/* decimal: converts an amount of money exactly to an integer in the currency's minor unit. */
#include "currency.h"
#include "exact.h"
#include "operation.h"
#include "words.h"

#include <stdlib.h>

#define CURRENCY_BYTES_MAX 64u /* of a quoted code, with escapes */
#define EXPONENT_MAX 18u       /* more would exceed 64 bits with the first digit */

struct decimal_options {
    const char *field, *currency, *code, *into;
    uint64_t exponent;
    bool drop_zeros;
};

static const struct hs_option rows[] = {
    {.name = "field",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct decimal_options, field),
     .required = true,
     .help = "Path of the amount.",
     .example = "data.amount"},
    {.name = "currency",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct decimal_options, currency),
     .help = "Path of the field that has the currency's code. One of `currency`, `code`, "
             "`exponent`.",
     .example = "data.currencyCode"},
    {.name = "code",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct decimal_options, code),
     .help = "The currency, where it is always the same.",
     .example = "USD"},
    {.name = "exponent",
     .kind = HS_OPTION_COUNT,
     .offset = offsetof(struct decimal_options, exponent),
     .most = EXPONENT_MAX,
     .example = "2",
     .help = "How many digits of the amount stand after the point, whatever the currency."},
    {.name = "into",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct decimal_options, into),
     .help = "Path of the field that is given the integer; the amount's own when it is left out.",
     .example = "data.amountMinor"},
    {.name = "drop_zeros",
     .kind = HS_OPTION_BOOL,
     .offset = offsetof(struct decimal_options, drop_zeros),
     .fallback = "false",
     .help = "Whether zeros after the last digit that the currency has, as in 1500.00 JPY, are "
             "dropped rather than an error."},
};

static const struct hs_options table = {.name = "transform.decimal",
                                        .title = "decimal",
                                        .options = rows,
                                        .option_count = HS_ARRAY_SIZE(rows),
                                        .struct_size = sizeof(struct decimal_options),
                                        .node_offset = SIZE_MAX};

struct decimal {
    struct hs_json_path field, currency, into; /* without steps: not given */
    unsigned exponent;                         /* without `currency` */
    bool drop_zeros;
};

/* ---- Reading ---- */

static bool compile_paths(struct hs_config *config, const struct hs_node *node,
                          struct hs_operation *operation, struct decimal *decimal)
{
    const struct hs_node *field = hs_node_get(node, "field"), *into = hs_node_get(node, "into"),
                         *currency = hs_node_get(node, "currency");
    bool good = hs_field_path_compile(config, field, into != NULL, &decimal->field);
    hs_operation_uses(operation, into != NULL ? HS_USE_READ : HS_USE_EDIT, decimal->field.text,
                      field);
    if (currency != NULL) {
        good = hs_field_path_compile(config, currency, true, &decimal->currency) && good;
        hs_operation_uses(operation, HS_USE_READ, decimal->currency.text, currency);
    }
    if (into != NULL) {
        good = hs_field_path_compile(config, into, true, &decimal->into) && good;
        hs_operation_uses(operation, HS_USE_WRITE, decimal->into.text, into);
    }
    return good;
}

static bool compile_currency(struct hs_config *config, const struct hs_node *node,
                             const struct decimal_options *bound, struct decimal *decimal)
{
    const struct hs_node *code = hs_node_get(node, "code");
    int said = (bound->currency != NULL) + (code != NULL) + (hs_node_get(node, "exponent") != NULL);
    if (said != 1) {
        hs_config_error(config, HS_FINDING_MONEY_UNIT, node,
                        "`decimal` takes one of `currency: data.currencyCode` (a field), `code: "
                        "USD` and `exponent: 2`, but here are %d",
                        said);
        return false;
    }
    decimal->exponent = (unsigned)bound->exponent;
    if (code == NULL || hs_currency_exponent(hs_slice_text(bound->code), &decimal->exponent) == 0)
        return true;
    hs_config_error(config, HS_FINDING_MONEY_UNIT, code, "%s", hs_error_text());
    return false;
}

static bool compile_decimal(struct hs_config *config, const struct hs_node *node,
                            struct hs_operation *operation)
{
    struct decimal_options bound;
    struct decimal *decimal = operation->state = hs_alloc(sizeof(*decimal));
    if (node->kind != HS_NODE_MAP) {
        hs_config_error(config, HS_FINDING_OPERATION_ARGUMENT, node,
                        "`decimal` takes a mapping, such as {field: data.amount, "
                        "currency: data.currencyCode, into: data.amountMinor}");
        return false;
    }
    if (!hs_operation_bind(config, node, &table, &bound))
        return false;
    decimal->drop_zeros = bound.drop_zeros;
    operation->parts = 1;
    bool good = compile_paths(config, node, operation, decimal);
    return compile_currency(config, node, &bound, decimal) && good;
}

/* ---- Applying ---- */

/* The exponent of the event's currency, given as one byte string. */
static int find_exponent(const struct decimal *decimal, struct hs_work *work,
                         const struct hs_json_tree *tree, unsigned *ret_exponent)
{
    *ret_exponent = decimal->exponent;
    if (decimal->currency.count == 0)
        return 0;
    hs_json_node node = hs_json_find(tree, &decimal->currency);
    enum hs_json_kind kind = node == HS_JSON_NO_NODE ? HS_JSON_NULL : hs_json_node_kind(tree, node);
    if (kind == HS_JSON_NULL)
        return hs_fail(-ENOENT,
                       "%s is missing, so the currency is unknown: use `default` before, or "
                       "`code`",
                       decimal->currency.text);
    if (kind != HS_JSON_STRING)
        return hs_fail(-EINVAL, "%s is %s, not a currency code", decimal->currency.text,
                       hs_kind_words(kind));
    struct hs_slice quoted = hs_json_node_text(tree, node);
    if (quoted.size > CURRENCY_BYTES_MAX) /* it is examined once for each amount */
        return hs_fail(-EINVAL, "%s is a text of %zu bytes, not a currency code",
                       decimal->currency.text, quoted.size);
    struct hs_buffer *code = hs_work_scratch(work, HS_SCRATCH_MASKED);
    hs_json_decode_string(quoted, code);
    int found = hs_currency_exponent(hs_buffer_slice(code), ret_exponent);
    if (found == 0)
        return 0;
    char why[160];
    hs_copy_words(why, sizeof(why));
    return hs_fail(found, "%s: %s", decimal->currency.text, why);
}

static bool fits_64_bits(struct hs_slice integer)
{
    bool negative = integer.data[0] == '-';
    uint64_t value, most = (uint64_t)INT64_MAX + negative;
    return hs_slice_to_u64(hs_slice(integer.data + negative, integer.size - negative), most,
                           &value) == 0;
}

/* Appends the amount in units of 10^-exponent. */
static int scale(const struct decimal *decimal, const struct hs_scalar *amount, unsigned exponent,
                 struct hs_buffer *ret_json)
{
    struct hs_slice text = amount->text;
    bool exponential = text.size != 0 && amount->kind == HS_JSON_STRING &&
                       (memchr(text.data, 'e', text.size) || memchr(text.data, 'E', text.size));
    if ((amount->kind != HS_JSON_STRING && amount->kind != HS_JSON_NUMBER) || exponential ||
        !hs_exact_is_number(text))
        return hs_fail(-EINVAL, "it is %s that is not an amount such as 149.99",
                       hs_kind_words(amount->kind));
    if (!decimal->drop_zeros && hs_exact_fraction_digits(text) > (int64_t)exponent)
        return hs_fail(-EDOM,
                       "it has more than %u decimal places, which is all that the currency has",
                       exponent);
    int code = hs_exact_integer(text, exponent, ret_json);
    if (code == -EDOM)
        return hs_fail(-EDOM, "it has more than %u decimal places that are not zero", exponent);
    if (code == -ERANGE || !fits_64_bits(hs_buffer_slice(ret_json)))
        return hs_fail(-ERANGE, "in the minor unit it exceeds 64 bits");
    return code;
}

struct scaling {
    const struct decimal *decimal;
    struct hs_work *work;
};

static int scale_scalar(void *context, const struct hs_scalar *amount, struct hs_buffer *ret_json)
{
    const struct scaling *scaling = context;
    const struct hs_json_tree *tree;
    unsigned exponent;
    int code = hs_work_look(scaling->work, &tree);
    if (code == 0)
        code = find_exponent(scaling->decimal, scaling->work, tree, &exponent);
    return code < 0 ? code : scale(scaling->decimal, amount, exponent, ret_json);
}

static int apply_decimal(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct decimal *decimal = operation->state;
    struct scaling scaling = {decimal, work};
    if (decimal->into.count == 0)
        return hs_edit_scalars(work, &decimal->field, "decimal", scale_scalar, &scaling);
    struct hs_slice json;
    struct hs_json_tree *tree;
    int code = hs_scalar_made(work, &decimal->field, "decimal", scale_scalar, &scaling, &json);
    if (code <= 0)
        return code;
    code = hs_work_tree(work, &tree);
    return code < 0 ? code : hs_put(work, tree, "decimal", &decimal->into, json);
}

static void free_decimal(struct hs_operation *operation)
{
    struct decimal *decimal = operation->state;
    if (decimal == NULL)
        return;
    hs_json_path_free(&decimal->field);
    hs_json_path_free(&decimal->currency);
    hs_json_path_free(&decimal->into);
    free(decimal);
}

const struct hs_operation_kind hs_operation_decimal = {
    .name = "decimal",
    .table = &table,
    .help =
        "Converts an amount, such as \"149.99\", exactly to an integer in the currency's minor "
        "unit (14999). The exponent is that of ISO 4217 for the field `currency` or for `code: "
        "USD`, or given as `exponent: 2`. `into` names the field for the result; without it the "
        "amount's own field is changed. Accepts a text or a JSON number; null and a missing "
        "amount stay. Errors are: more decimal places than the currency has (`drop_zeros: true` "
        "allows zeros), more than 64 bits, an unknown or missing currency, and anything that is "
        "not a number.",
    .example = "{field: data.amount, currency: data.currencyCode, into: data.amountMinor}",
    .compile = compile_decimal,
    .apply = apply_decimal,
    .free = free_decimal,
};
