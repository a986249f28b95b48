/* Values: sizes, durations, numbers and addresses out of a scalar's text. */
#include "internal.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", UINT64_C(1000000000000)},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"d", UINT64_C(86400000000000)},
};

/* Digits, then one of the units. */
static int read_unit(struct hs_slice text, const struct unit *units, size_t count,
                     uint64_t *ret_value)
{
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    uint64_t number;
    if (hs_slice_to_u64(hs_slice(text.data, digits), UINT64_MAX, &number) < 0)
        return -EINVAL;
    struct hs_slice rest = hs_slice(text.data + digits, text.size - digits);
    for (size_t i = 0; i < count; i++) {
        if (!hs_slice_equal(rest, hs_slice_text(units[i].name)))
            continue;
        *ret_value = hs_mul_sat(number, units[i].factor);
        return 0;
    }
    return -EINVAL;
}

int hs_value_size(struct hs_slice text, uint64_t *ret_bytes)
{
    return read_unit(text, size_units, HS_ARRAY_SIZE(size_units), ret_bytes);
}

int hs_value_duration(struct hs_slice text, uint64_t *ret_ns)
{
    /* Nothing at all needs no unit. */
    if (hs_slice_equal(text, HS_SLICE("0"))) {
        *ret_ns = 0;
        return 0;
    }
    return read_unit(text, duration_units, HS_ARRAY_SIZE(duration_units), ret_ns);
}

bool hs_node_is_absent(const struct hs_node *node)
{
    if (node == NULL)
        return true;
    if (node->kind != HS_NODE_SCALAR || node->quoted)
        return false;
    return node->text.size == 0 || hs_slice_equal(node->text, HS_SLICE("null")) ||
           hs_slice_equal(node->text, HS_SLICE("~"));
}

static bool is_scalar(struct hs_config *config, const struct hs_node *node, const char *what)
{
    if (node->kind == HS_NODE_SCALAR)
        return true;
    hs_config_error(config, node, "expected %s, got %s", what, hs_config_quote(config, node));
    return false;
}

bool hs_config_read_size(struct hs_config *config, const struct hs_node *node, uint64_t *ret_bytes)
{
    if (!is_scalar(config, node, "a size such as 64KiB"))
        return false;
    if (hs_value_size(node->text, ret_bytes) == 0)
        return true;
    hs_config_error(config, node,
                    "%s is no size: write digits and a unit, such as 64KiB, 1MiB or 10GiB",
                    hs_config_quote(config, node));
    return false;
}

bool hs_config_read_duration(struct hs_config *config, const struct hs_node *node, uint64_t *ret_ns)
{
    if (!is_scalar(config, node, "a duration such as 300s"))
        return false;
    if (hs_value_duration(node->text, ret_ns) == 0)
        return true;
    hs_config_error(config, node,
                    "%s is no duration: write digits and a unit, such as 250ms, 300s, 5m or 24h",
                    hs_config_quote(config, node));
    return false;
}

bool hs_config_read_count(struct hs_config *config, const struct hs_node *node, uint64_t *ret_count)
{
    if (!is_scalar(config, node, "a whole number"))
        return false;
    if (hs_slice_to_u64(node->text, UINT64_MAX, ret_count) == 0)
        return true;
    hs_config_error(config, node, "%s is no whole number: write digits only",
                    hs_config_quote(config, node));
    return false;
}

bool hs_config_read_text(struct hs_config *config, const struct hs_node *node,
                         const char **ret_text)
{
    if (!is_scalar(config, node, "a text"))
        return false;
    *ret_text = node->text.data;
    return true;
}
