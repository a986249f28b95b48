/* Say: findings of a route, and which of them its `accept` takes back. */
#include "look.h"

#include <stdio.h>

#define WORDS_MAX 2048u

/* "HS205", or "HS205 data.email". */
static bool read_item(struct hs_slice text, unsigned *ret_code, struct hs_slice *ret_field)
{
    uint64_t code;
    if (text.size < 5 || strncmp(text.data, "HS", 2) != 0 ||
        hs_slice_to_u64(hs_slice(text.data + 2, 3), 999, &code) < 0 ||
        code < HS_FINDING_MATCH_OF_NO_TYPE || code > HS_FINDING_NO_KEY)
        return false;
    if (text.size > 5 && (text.data[5] != ' ' || text.size == 6))
        return false;
    *ret_code = (unsigned)code;
    *ret_field = text.size > 5 ? hs_slice(text.data + 6, text.size - 6) : hs_slice(text.data, 0);
    return true;
}

static bool is_accepted(struct hs_look *look, enum hs_finding_code code, const char *field)
{
    const struct hs_strings *accept = &look->route->accept;
    bool accepted = false;
    for (size_t i = 0; i < accept->count && i < HS_ARRAY_SIZE(look->accepted); i++) {
        unsigned number;
        struct hs_slice only;
        if (!read_item(hs_slice_text(accept->items[i]), &number, &only) || number != code)
            continue;
        if (only.size > 0 && (field == NULL || !hs_slice_equal(only, hs_slice_text(field))))
            continue;
        look->accepted[i] = accepted = true;
    }
    return accepted;
}

void hs_look_warn(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                  const char *field, const char *format, ...)
{
    if (is_accepted(look, code, field))
        return;
    char words[WORDS_MAX];
    va_list list;
    va_start(list, format);
    vsnprintf(words, sizeof(words), format, list);
    va_end(list);
    hs_config_warning(look->config, code, node, "%s", words);
}

void hs_look_error(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                   const char *format, ...)
{
    char words[WORDS_MAX];
    va_list list;
    va_start(list, format);
    vsnprintf(words, sizeof(words), format, list);
    va_end(list);
    if (look->input->lenient)
        hs_config_warning(look->config, code, node, "%s", words);
    else
        hs_config_error(look->config, code, node, "%s", words);
}

void hs_look_check_accept(struct hs_look *look)
{
    const struct hs_strings *accept = &look->route->accept;
    if (accept->count > HS_ARRAY_SIZE(look->accepted))
        hs_config_error(look->config, HS_FINDING_TOO_MANY, accept->nodes[0],
                        "`accept` has at most %zu items", HS_ARRAY_SIZE(look->accepted));
    for (size_t i = 0; i < accept->count && i < HS_ARRAY_SIZE(look->accepted); i++) {
        unsigned number;
        struct hs_slice only;
        if (!read_item(hs_slice_text(accept->items[i]), &number, &only))
            hs_config_error(look->config, HS_FINDING_ACCEPT_WRONG, accept->nodes[i],
                            "%s: write HS202 to HS208, and a field behind it if it is meant for "
                            "that one only, such as `HS205 data.email`",
                            hs_config_quote(look->config, accept->nodes[i]));
        else if (!look->accepted[i])
            hs_config_warning(look->config, HS_FINDING_ACCEPT_UNUSED, accept->nodes[i],
                              "%s: there is no such warning about this route: take it out",
                              hs_config_quote(look->config, accept->nodes[i]));
    }
}
