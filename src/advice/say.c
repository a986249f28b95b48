/* Say: adds a route's findings, except those that its `accept` or a target's suppresses. */
#include "look.h"

#include <stdio.h>

#define WORDS_MAX 2048u

static bool can_be_accepted(uint64_t code)
{
    return (code >= HS_FINDING_MATCH_OF_NO_TYPE && code <= HS_FINDING_NO_KEY) ||
           (code >= HS_FINDING_FAILS_WITHOUT && code <= HS_FINDING_PLAIN_FIELD) ||
           code == HS_FINDING_KEY_CONSTANT || code == HS_FINDING_ALWAYS_DEFAULT ||
           (code >= HS_FINDING_NEARLY_KNOWN && code <= HS_FINDING_KEYS_DIFFER);
}

/* "HS205", or "HS205 data.email". */
static bool read_item(struct hs_slice text, unsigned *ret_code, struct hs_slice *ret_field)
{
    uint64_t code;
    if (text.size < 5 || strncmp(text.data, "HS", 2) != 0 ||
        hs_slice_to_u64(hs_slice(text.data + 2, 3), 999, &code) < 0 || !can_be_accepted(code))
        return false;
    if (text.size > 5 && (text.data[5] != ' ' || text.size == 6))
        return false;
    *ret_code = (unsigned)code;
    *ret_field = text.size > 5 ? hs_slice(text.data + 6, text.size - 6) : hs_slice(text.data, 0);
    return true;
}

void hs_look_read_accept(struct hs_look *look)
{
    const struct hs_route *route = look->route;
    size_t size = (route->target_count + 1) * sizeof(*look->accepts);
    look->accepts = hs_arena_alloc(hs_config_arena(look->config), size);
    memset(look->accepts, 0, size);
    look->accepts[0] = (struct hs_accept){.whose = "route", .items = &route->accept};
    for (size_t i = 0; i < route->target_count; i++)
        look->accepts[i + 1] =
            (struct hs_accept){.whose = "target", .items = &route->targets[i].options->accept};
}

static bool takes_back(struct hs_accept *accept, enum hs_finding_code code, const char *field)
{
    bool accepted = false;
    for (size_t i = 0; i < accept->items->count && i < HS_ACCEPT_MAX; i++) {
        unsigned number;
        struct hs_slice only;
        if (!read_item(hs_slice_text(accept->items->items[i]), &number, &only) || number != code)
            continue;
        if (only.size > 0 && (field == NULL || !hs_slice_equal(only, hs_slice_text(field))))
            continue;
        accept->used[i] = accepted = true;
    }
    return accepted;
}

bool hs_look_accepts(struct hs_look *look, enum hs_finding_code code, const char *field)
{
    bool by_route = takes_back(&look->accepts[0], code, field);
    return (look->target > 0 && takes_back(&look->accepts[look->target], code, field)) || by_route;
}

void hs_look_warn(struct hs_look *look, enum hs_finding_code code, const struct hs_node *node,
                  const char *field, const char *format, ...)
{
    if (hs_look_accepts(look, code, field))
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

void hs_look_tell(struct hs_look *look, const struct hs_node *node)
{
    if (look->told->count < HS_LOOK_PATHS_MAX)
        look->told->nodes[look->told->count++] = node;
}

bool hs_look_has_told(const struct hs_look *look, const struct hs_node *node)
{
    for (size_t i = 0; i < look->told->count; i++)
        if (look->told->nodes[i] == node)
            return true;
    return false;
}

static void check_accept(struct hs_look *look, const struct hs_accept *accept)
{
    const struct hs_strings *items = accept->items;
    if (items->count > HS_ACCEPT_MAX)
        hs_config_error(look->config, HS_FINDING_TOO_MANY, items->nodes[0],
                        "`accept` has at most %u items", HS_ACCEPT_MAX);
    for (size_t i = 0; i < items->count && i < HS_ACCEPT_MAX; i++) {
        unsigned number;
        struct hs_slice only;
        if (!read_item(hs_slice_text(items->items[i]), &number, &only))
            hs_config_error(
                look->config, HS_FINDING_ACCEPT_WRONG, items->nodes[i],
                "%s: write HS202 to HS208 or HS213 to HS231, followed by a field to accept it "
                "only for that one, such as `HS205 data.email`",
                hs_config_quote(look->config, items->nodes[i]));
        else if (!accept->used[i])
            hs_config_warning(look->config, HS_FINDING_ACCEPT_UNUSED, items->nodes[i],
                              "%s: there is no such warning about this %s: remove it",
                              hs_config_quote(look->config, items->nodes[i]), accept->whose);
    }
}

void hs_look_check_accept(struct hs_look *look)
{
    for (size_t i = 0; i <= look->route->target_count; i++)
        check_accept(look, &look->accepts[i]);
}
