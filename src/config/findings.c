/* Findings: kept in order of position, without duplicates, in a form that is safe to show: control
 * characters are escaped, secrets never included. */
#include "internal.h"

#include <hookstream/shown.h>

#include <stdio.h>

#define QUOTED_MAX 80u /* characters */
#define FINDINGS_MAX 1000u
#define MESSAGE_MAX 4096u /* bytes, more than one sentence with its excerpts takes */
#define KNOWN_SHOWN_MAX 12u

/* ---- Texts for display ---- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0u) == 0x80u;
}

size_t hs_config_characters(struct hs_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += !is_continuation(text.data[i]);
    return count;
}

const char *hs_config_excerpt(struct hs_config *config, struct hs_slice text)
{
    struct hs_buffer shown;
    hs_buffer_init(&shown, MESSAGE_MAX);
    for (size_t count = 0; text.size > 0 && count < QUOTED_MAX; count++) {
        char escape[HS_SHOWN_ESCAPE_MAX];
        uint32_t character;
        bool as_it_is;
        size_t size = hs_shown_next(text, &character, &as_it_is);
        unsigned char byte = (unsigned char)text.data[0];
        if (as_it_is)
            hs_buffer_append(&shown, text.data, size);
        else if (character < 0x100 && character != '\n')
            hs_buffer_printf(&shown, "\\x%02x", (unsigned)character);
        else
            hs_buffer_append(&shown, escape, hs_shown_escape(character, byte, escape));
        text = hs_slice(text.data + size, text.size - size);
    }
    if (text.size > 0)
        hs_buffer_append_text(&shown, "...");
    const char *kept = hs_arena_dup(config->arena, hs_buffer_slice(&shown));
    hs_buffer_free(&shown);
    return kept;
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
    if (node->text.size == 0)
        return node->quoted ? "an empty text" : "nothing";
    return hs_arena_printf(config->arena, "`%s`", hs_config_excerpt(config, node->text));
}

/* ---- The list ---- */

static int compare_places(const struct hs_finding *finding, unsigned line, unsigned column)
{
    if (finding->line != line)
        return finding->line < line ? -1 : 1;
    if (finding->column != column)
        return finding->column < column ? -1 : 1;
    return 0;
}

static void insert(struct hs_config *config, const struct hs_finding *finding)
{
    struct hs_findings *findings = &config->findings;
    size_t at = findings->count;
    for (; at > 0; at--) {
        const struct hs_finding *before = &findings->items[at - 1];
        int order = compare_places(before, finding->line, finding->column);
        /* The same node, reached through an alias or a second check. */
        if (order == 0 && strcmp(before->message, finding->message) == 0)
            return;
        if (order < 0)
            break;
    }
    while (at < findings->count &&
           compare_places(&findings->items[at], finding->line, finding->column) == 0)
        at++; /* those at the same position in the order found */
    if (findings->count == config->finding_capacity) {
        config->finding_capacity = config->finding_capacity ? config->finding_capacity * 2 : 16;
        findings->items =
            hs_realloc_array(findings->items, config->finding_capacity, sizeof(*findings->items));
    }
    memmove(&findings->items[at + 1], &findings->items[at],
            (findings->count - at) * sizeof(*findings->items));
    findings->items[at] = *finding;
    findings->count++;
    findings->errors += finding->severity == HS_FINDING_ERROR;
    findings->notes += finding->severity == HS_FINDING_NOTE;
}

void hs_config_add(struct hs_config *config, enum hs_severity severity, enum hs_finding_code code,
                   unsigned line, unsigned column, const char *message)
{
    if (config->findings.count >= FINDINGS_MAX)
        return;
    struct hs_finding finding = {severity, code, config->file, line, column, message};
    if (config->findings.count == FINDINGS_MAX - 1)
        finding = (struct hs_finding){HS_FINDING_ERROR,
                                      HS_FINDING_TOO_MANY,
                                      config->file,
                                      0,
                                      0,
                                      "there are more findings than are shown here"};
    insert(config, &finding);
}

/* One sentence in the arena; unchecked text from the caller is escaped. */
HS_PRINTF(2, 0)
static const char *format_message(struct hs_config *config, const char *format, va_list list)
{
    char text[MESSAGE_MAX];
    int size = vsnprintf(text, sizeof(text), format, list);
    size_t kept = size < 0 ? 0 : (size_t)size;
    if (kept >= sizeof(text))
        for (kept = sizeof(text) - 1; kept > 0 && is_continuation(text[kept]); kept--)
            ;
    size_t harmless = 0;
    for (size_t at = 0, step; at < kept; at += step) {
        uint32_t character;
        bool shown;
        step = hs_shown_next(hs_slice(text + at, kept - at), &character, &shown);
        if (shown)
            memmove(text + harmless, text + at, step);
        else
            text[harmless] = '?';
        harmless += shown ? step : 1;
    }
    return hs_arena_dup(config->arena, hs_slice(text, harmless));
}

HS_PRINTF(5, 0)
static void add_formatted(struct hs_config *config, enum hs_severity severity,
                          enum hs_finding_code code, const struct hs_node *node, const char *format,
                          va_list list)
{
    if (node != NULL && node->broken)
        return; /* reported already, where its text could not be made */
    if (config->findings.count >= FINDINGS_MAX)
        return; /* before memory is spent on the message */
    hs_config_add(config, severity, code, node ? node->line : 0, node ? node->column : 0,
                  format_message(config, format, list));
}

void hs_config_error(struct hs_config *config, enum hs_finding_code code,
                     const struct hs_node *node, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add_formatted(config, HS_FINDING_ERROR, code, node, format, list);
    va_end(list);
}

void hs_config_warning(struct hs_config *config, enum hs_finding_code code,
                       const struct hs_node *node, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add_formatted(config, HS_FINDING_WARNING, code, node, format, list);
    va_end(list);
}

void hs_config_note(struct hs_config *config, enum hs_finding_code code, const struct hs_node *node,
                    const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add_formatted(config, HS_FINDING_NOTE, code, node, format, list);
    va_end(list);
}

const char *hs_severity_name(enum hs_severity severity)
{
    static const char *const names[] = {"error", "warning", "note"};
    return names[severity];
}

const struct hs_findings *hs_config_findings(struct hs_config *config)
{
    return &config->findings;
}

void hs_config_put_finding(const struct hs_finding *finding, struct hs_buffer *ret_text)
{
    hs_shown_append(ret_text, hs_slice_text(finding->file), false);
    hs_buffer_append_byte(ret_text, ':');
    if (finding->line > 0)
        hs_buffer_printf(ret_text, "%u:%u:", finding->line, finding->column);
    hs_buffer_printf(ret_text, " %s HS%03u: %s\n", hs_severity_name(finding->severity),
                     (unsigned)finding->code, finding->message);
}

void hs_config_print_findings(struct hs_config *config, struct hs_buffer *ret_text)
{
    for (size_t i = 0; i < config->findings.count; i++)
        hs_config_put_finding(&config->findings.items[i], ret_text);
}

void hs_config_unknown_key(struct hs_config *config, enum hs_finding_code code,
                           const struct hs_node *key, const char *where, const char *const *known,
                           size_t count)
{
    const char *near = hs_nearest_name(key->text, known, count);
    if (near != NULL) {
        hs_config_error(config, code, key, "unknown key %s in %s, did you mean `%s`?",
                        hs_config_quote(config, key), where, near);
        return;
    }
    const char *names = "";
    for (size_t i = 0; i < count && i < KNOWN_SHOWN_MAX; i++)
        names = hs_arena_printf(config->arena, "%s%s`%s`", names, i > 0 ? ", " : "", known[i]);
    hs_config_error(config, code, key, "unknown key %s in %s, which takes %s%s",
                    hs_config_quote(config, key), where, count > 0 ? names : "no key",
                    count > KNOWN_SHOWN_MAX ? ", ..." : "");
}
