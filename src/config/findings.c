/* Findings: gathered as they are found, shown in the order of their place. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define QUOTED_MAX 80u
#define FINDINGS_MAX 1000u

void hs_config_add(struct hs_config *config, enum hs_severity severity, unsigned line,
                   unsigned column, const char *message)
{
    struct hs_findings *findings = &config->findings;
    if (findings->count >= FINDINGS_MAX)
        return;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].line == line && findings->items[i].column == column &&
            strcmp(findings->items[i].message, message) == 0)
            return; /* the same node, seen through an alias or by a second look */
    if (findings->count == config->finding_capacity) {
        config->finding_capacity = config->finding_capacity ? config->finding_capacity * 2 : 16;
        findings->items = hs_realloc_array(findings->items, config->finding_capacity,
                                           sizeof(*findings->items));
    }
    findings->items[findings->count++] = (struct hs_finding){
        .severity = severity,
        .file = config->file,
        .line = line,
        .column = column,
        .message = message,
    };
    findings->errors += severity == HS_FINDING_ERROR;
    config->sorted = false;
}

static const char *format_message(struct hs_config *config, const char *format, va_list list)
{
    char text[2048];
    vsnprintf(text, sizeof(text), format, list);
    return hs_arena_dup(config->arena, hs_slice_text(text));
}

void hs_config_error(struct hs_config *config, const struct hs_node *node, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *message = format_message(config, format, list);
    va_end(list);
    hs_config_add(config, HS_FINDING_ERROR, node ? node->line : 0, node ? node->column : 0,
                  message);
}

void hs_config_warning(struct hs_config *config, const struct hs_node *node, const char *format,
                       ...)
{
    va_list list;
    va_start(list, format);
    const char *message = format_message(config, format, list);
    va_end(list);
    hs_config_add(config, HS_FINDING_WARNING, node ? node->line : 0, node ? node->column : 0,
                  message);
}

static int compare_places(const void *a, const void *b)
{
    const struct hs_finding *one = a, *other = b;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    if (one->column != other->column)
        return one->column < other->column ? -1 : 1;
    return strcmp(one->message, other->message);
}

const struct hs_findings *hs_config_findings(struct hs_config *config)
{
    if (!config->sorted && config->findings.count > 1)
        qsort(config->findings.items, config->findings.count, sizeof(struct hs_finding),
              compare_places);
    config->sorted = true;
    return &config->findings;
}

void hs_config_print_findings(struct hs_config *config, struct hs_buffer *ret_text)
{
    const struct hs_findings *findings = hs_config_findings(config);
    for (size_t i = 0; i < findings->count; i++) {
        const struct hs_finding *finding = &findings->items[i];
        hs_buffer_printf(ret_text, "%s:", finding->file);
        if (finding->line > 0)
            hs_buffer_printf(ret_text, "%u:%u:", finding->line, finding->column);
        hs_buffer_printf(ret_text, " %s: %s\n",
                         finding->severity == HS_FINDING_ERROR ? "error" : "warning",
                         finding->message);
    }
}

const char *hs_config_quote(struct hs_config *config, const struct hs_node *node)
{
    if (node == NULL)
        return "nothing";
    if (node->kind == HS_NODE_LIST)
        return "a list";
    if (node->kind == HS_NODE_MAP)
        return "a mapping";
    if (node->secret)
        return "`(secret)`";
    bool cut = node->text.size > QUOTED_MAX;
    return hs_arena_printf(config->arena, "`%.*s%s`", (int)(cut ? QUOTED_MAX : node->text.size),
                           node->text.data, cut ? "..." : "");
}

void hs_config_unknown_key(struct hs_config *config, const struct hs_node *key, const char *where,
                           const char *const *known, size_t count)
{
    const char *near = hs_nearest_name(key->text, known, count);
    if (near != NULL)
        hs_config_error(config, key, "unknown key %s in %s, did you mean `%s`?",
                        hs_config_quote(config, key), where, near);
    else
        hs_config_error(config, key, "unknown key %s in %s; see docs/configuration.md",
                        hs_config_quote(config, key), where);
}
