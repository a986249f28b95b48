/* Values: parses numbers, sizes and durations from a scalar's text, and explains invalid ones. */
#include "internal.h"

#include <stdio.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first, so that the first unit that divides a number is the one to print. */
static const struct unit size_units[] = {
    {"TiB", UINT64_C(1) << 40},
    {"TB", UINT64_C(1000000000000)},
    {"GiB", UINT64_C(1) << 30},
    {"GB", 1000000000},
    {"MiB", UINT64_C(1) << 20},
    {"MB", 1000000},
    {"KiB", UINT64_C(1) << 10},
    {"KB", 1000},
    {"B", 1},
    {"", 1},
};

static const struct unit duration_units[] = {
    {"d", UINT64_C(86400000000000)},
    {"h", UINT64_C(3600000000000)},
    {"m", UINT64_C(60000000000)},
    {"s", UINT64_C(1000000000)},
    {"ms", 1000000},
    {"us", 1000},
    {"ns", 1},
};

/* Common misspellings by their beginning, and what they mean. The first match counts. */
struct likely {
    const char *begin, *unit;
};

static const struct likely likely_sizes[] = {
    {"k", "KiB"}, {"m", "MiB"}, {"g", "GiB"}, {"t", "TiB"}, {"b", "B"},
};

static const struct likely likely_durations[] = {
    {"ms", "ms"}, {"mil", "ms"}, {"mic", "us"}, {"us", "us"}, {"n", "ns"},
    {"s", "s"},   {"m", "m"},    {"h", "h"},    {"d", "d"},
};

static struct hs_slice leading_digits(struct hs_slice text)
{
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    return hs_slice(text.data, digits);
}

/* Digits, then one of the units. */
static int read_unit(struct hs_slice text, const struct unit *units, size_t count,
                     uint64_t *ret_value)
{
    struct hs_slice digits = leading_digits(text);
    uint64_t number;
    int code = hs_slice_to_u64(digits, UINT64_MAX, &number);
    if (code < 0)
        return code;
    struct hs_slice rest = hs_slice(text.data + digits.size, text.size - digits.size);
    for (size_t i = 0; i < count; i++)
        if (hs_slice_equal(rest, hs_slice_text(units[i].name)))
            return __builtin_mul_overflow(number, units[i].factor, ret_value) ? -ERANGE : 0;
    return -EINVAL;
}

int hs_value_size(struct hs_slice text, uint64_t *ret_bytes)
{
    return read_unit(text, size_units, HS_ARRAY_SIZE(size_units), ret_bytes);
}

int hs_value_duration(struct hs_slice text, uint64_t *ret_ns)
{
    /* Zero needs no unit. */
    if (hs_slice_equal(text, HS_SLICE("0"))) {
        *ret_ns = 0;
        return 0;
    }
    return read_unit(text, duration_units, HS_ARRAY_SIZE(duration_units), ret_ns);
}

void hs_value_print(enum hs_option_kind kind, uint64_t value, char ret_text[32])
{
    const struct unit *units = kind == HS_OPTION_SIZE ? size_units : duration_units;
    size_t count = kind == HS_OPTION_SIZE       ? HS_ARRAY_SIZE(size_units)
                   : kind == HS_OPTION_DURATION ? HS_ARRAY_SIZE(duration_units)
                                                : 0;
    size_t at = 0;
    while (at < count && (value < units[at].factor || value % units[at].factor != 0))
        at++;
    if (at < count)
        snprintf(ret_text, 32, "%llu%s", (unsigned long long)(value / units[at].factor),
                 units[at].name);
    else
        snprintf(ret_text, 32, "%llu", (unsigned long long)value);
}

bool hs_node_is_absent(const struct hs_node *node)
{
    if (node == NULL)
        return true;
    if (node->kind != HS_NODE_SCALAR)
        return false;
    if (node->text.size == 0)
        return !node->quoted || node->secret;
    return !node->quoted && !node->secret &&
           (hs_slice_equal(node->text, HS_SLICE("null")) ||
            hs_slice_equal(node->text, HS_SLICE("~")));
}

/* Unquoted `{data.x}` and `{NAME}` are mappings in YAML: keys without values. */
static bool is_unquoted_braces(const struct hs_node *node)
{
    return node->kind == HS_NODE_MAP && node->count > 0 && node->keys[0]->line == node->line &&
           node->keys[0]->column > node->column && hs_node_is_absent(node->items[0]);
}

static bool is_scalar(struct hs_config *config, const struct hs_node *node, const char *what)
{
    if (node->kind == HS_NODE_SCALAR)
        return true;
    hs_config_error(config, HS_FINDING_WRONG_SHAPE, node, "expected %s, got %s%s", what,
                    hs_config_quote(config, node),
                    is_unquoted_braces(node) ? ": quote a text that begins with {" : "");
    return false;
}

/* ", did you mean `64KiB`?" for `64k`, or "". */
static const char *likely_text(struct hs_config *config, const struct hs_node *node,
                               const struct likely *likely, size_t count)
{
    struct hs_slice digits = leading_digits(node->text);
    if (node->secret || digits.size == 0 || digits.size > 19)
        return "";
    struct hs_slice rest =
        hs_slice_trim(hs_slice(node->text.data + digits.size, node->text.size - digits.size));
    for (size_t i = 0; i < rest.size; i++)
        if ((rest.data[i] | 0x20) < 'a' || (rest.data[i] | 0x20) > 'z')
            return "";
    for (size_t i = 0; i < count; i++) {
        size_t size = hs_slice_text(likely[i].begin).size;
        if (rest.size < size || strncasecmp(rest.data, likely[i].begin, size) != 0)
            continue;
        return hs_arena_printf(config->arena, ", did you mean `%.*s%s`?", HS_SLICE_ARG(digits),
                               likely[i].unit);
    }
    return "";
}

static bool refuse(struct hs_config *config, enum hs_finding_code finding,
                   const struct hs_node *node, int code, const char *what, const char *nearest,
                   const char *how)
{
    if (code == -ERANGE)
        hs_config_error(config, finding, node, "%s is larger than any %s can be",
                        hs_config_quote(config, node), what);
    else
        hs_config_error(config, finding, node, "%s is not a %s%s%s %s",
                        hs_config_quote(config, node), what, nearest,
                        nearest[0] != '\0' ? " Write" : ": write", how);
    return false;
}

bool hs_config_read_size(struct hs_config *config, const struct hs_node *node, uint64_t *ret_bytes)
{
    if (!is_scalar(config, node, "a size such as 64KiB"))
        return false;
    int code = hs_value_size(node->text, ret_bytes);
    return code == 0 || refuse(config, HS_FINDING_SIZE, node, code, "size",
                               likely_text(config, node, likely_sizes, HS_ARRAY_SIZE(likely_sizes)),
                               "digits and a unit, such as 64KiB, 1MiB or 10GiB");
}

bool hs_config_read_duration(struct hs_config *config, const struct hs_node *node, uint64_t *ret_ns)
{
    if (!is_scalar(config, node, "a duration such as 300s"))
        return false;
    int code = hs_value_duration(node->text, ret_ns);
    struct hs_slice digits = leading_digits(node->text);
    if (code == -EINVAL && digits.size > 0 && digits.size == node->text.size && !node->secret) {
        const char *number = hs_config_excerpt(config, digits);
        hs_config_error(config, HS_FINDING_DURATION, node,
                        "`%s` is not a duration, its unit is missing: write %ss, %sm or %sh",
                        number, number, number, number);
        return false;
    }
    return code == 0 ||
           refuse(config, HS_FINDING_DURATION, node, code, "duration",
                  likely_text(config, node, likely_durations, HS_ARRAY_SIZE(likely_durations)),
                  "digits and a unit, such as 250ms, 300s, 5m or 24h");
}

bool hs_config_read_count(struct hs_config *config, const struct hs_node *node, uint64_t *ret_count)
{
    if (!is_scalar(config, node, "a whole number"))
        return false;
    int code = hs_slice_to_u64(node->text, UINT64_MAX, ret_count);
    return code == 0 ||
           refuse(config, HS_FINDING_NUMBER, node, code, "whole number", "", "digits only");
}

bool hs_config_read_text(struct hs_config *config, const struct hs_node *node,
                         const char **ret_text)
{
    if (!is_scalar(config, node, "a text"))
        return false;
    *ret_text = node->text.data;
    return true;
}
