/* Yaml words: translates libyaml's errors into plain language. libyaml speaks of tokens and
 * contexts; most faults in practice are a missing quote or an indentation. */
#include "yaml.h"

/* Where the message should point. */
enum at { AT_PROBLEM, AT_CONTEXT };

static const struct {
    const char *problem; /* libyaml's message (0.2.x) */
    enum at at;
    enum hs_finding_code code;
    const char *words;
} table[] = {
    {"mapping values are not allowed in this context", AT_PROBLEM, HS_FINDING_YAML_INDENTATION,
     "a `:` where no key can end: is the indentation right? Quote a text that contains `: `"},
    {"did not find expected key", AT_PROBLEM, HS_FINDING_YAML_INDENTATION,
     "expected a key here: is the indentation right, and is every text with special characters "
     "quoted?"},
    {"could not find expected ':'", AT_CONTEXT, HS_FINDING_YAML, "a key without a `:`"},
    {"did not find expected '-' indicator", AT_PROBLEM, HS_FINDING_YAML_INDENTATION,
     "expected `- ` of the next item, or an end of the list by indentation"},
    {"block sequence entries are not allowed in this context", AT_PROBLEM,
     HS_FINDING_YAML_INDENTATION,
     "a list cannot begin here: put its first `- ` on a line of its own"},
    {"block mapping keys are not allowed in this context", AT_PROBLEM, HS_FINDING_YAML_INDENTATION,
     "a key is not allowed here: put it on a line of its own"},
    {"did not find expected ',' or ']'", AT_CONTEXT, HS_FINDING_YAML,
     "this list has no `]`, or lacks a `,` between two items"},
    {"did not find expected ',' or '}'", AT_CONTEXT, HS_FINDING_YAML,
     "this mapping has no `}`, or lacks a `,` between two entries"},
    {"found unexpected end of stream", AT_CONTEXT, HS_FINDING_YAML_QUOTES,
     "this text in quotes has no closing quote"},
    {"found unexpected document indicator", AT_CONTEXT, HS_FINDING_YAML_QUOTES,
     "this text in quotes has no closing quote"},
    {"found unknown escape character", AT_PROBLEM, HS_FINDING_YAML_QUOTES,
     "unknown escape: inside \" \" write a backslash as \\\\; or use ' '"},
    {"did not find expected hexdecimal number", AT_PROBLEM, HS_FINDING_YAML_QUOTES,
     "an escape without hexadecimal digits: inside \" \" write a backslash as \\\\"},
    {"did not find expected alphabetic or numeric character", AT_CONTEXT, HS_FINDING_YAML_QUOTES,
     "quote a text that begins with `*` or `&`, such as \"*:8080\""},
    {"found a tab character that violates indentation", AT_PROBLEM, HS_FINDING_YAML_TAB,
     "a tab cannot indent: use spaces"},
    {"found a tab character where an indentation space is expected", AT_PROBLEM,
     HS_FINDING_YAML_TAB, "a tab cannot indent: use spaces"},
    {"did not find expected <document start>", AT_PROBLEM, HS_FINDING_YAML,
     "there is text after the end of the configuration"},
    {"did not find expected node content", AT_PROBLEM, HS_FINDING_YAML, "expected a value here"},
    {"found incompatible YAML document", AT_PROBLEM, HS_FINDING_YAML,
     "only %YAML 1.1 and 1.2 are supported"},
    {"found undefined tag handle", AT_PROBLEM, HS_FINDING_YAML_QUOTES,
     "quote a text that begins with `!`"},
    {"exceeded maximum depth", AT_PROBLEM, HS_FINDING_FILE_LIMIT, "nested too deep"},
};

/* The byte at a mark, whose column counts characters; '\0' at the end. */
static const char *find_byte(struct hs_slice text, yaml_mark_t mark)
{
    size_t at = 0, line = 0, column = 0;
    for (; at < text.size && line < mark.line; at++)
        line += text.data[at] == '\n' ||
                (text.data[at] == '\r' && (at + 1 == text.size || text.data[at + 1] != '\n'));
    while (at < text.size && column < mark.column) {
        at++;
        while (at < text.size && ((unsigned char)text.data[at] & 0xc0u) == 0x80u)
            at++;
        column++;
    }
    return at < text.size ? text.data + at : "";
}

/* The position of a byte, in lines and characters. */
static yaml_mark_t mark_of(struct hs_slice text, size_t offset)
{
    yaml_mark_t mark = {0};
    size_t line = 0;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        if (text.data[i] != '\n')
            continue;
        mark.line++;
        line = i + 1;
    }
    if (line < offset)
        mark.column = hs_config_characters(hs_slice(text.data + line, offset - line));
    return mark;
}

/* Bytes that are not text: libyaml reads ahead, so its own mark is useless here. */
static void fail_bytes(struct hs_yaml *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;
    yaml_mark_t mark = mark_of(yaml->text, parser->problem_offset);
    if (strcmp(parser->problem, "control characters are not allowed") == 0)
        hs_yaml_fail(yaml, HS_FINDING_FILE_BYTES, mark,
                     hs_arena_printf(yaml->config->arena,
                                     "the control character U+%04X is not allowed here",
                                     (unsigned)parser->problem_value));
    else
        hs_yaml_fail(yaml, HS_FINDING_FILE_BYTES, mark,
                     "these bytes are not UTF-8: save the file as UTF-8");
}

/* Messages for faults that only the bytes themselves distinguish; NULL: none of these. */
static const char *words_of_bytes(struct hs_slice text, const char *problem, const char *at,
                                  enum hs_finding_code *ret_code)
{
    bool inside = strncmp(problem, "did not find expected ','", 25) == 0;
    if (inside && *at == '{' && at > text.data && at[-1] == '$')
        return "inside [ ] and { } quote a text that contains ${...}, such as \"${NAME}\"";
    if (strcmp(problem, "found character that cannot start any token") != 0)
        return NULL;
    if (*at != '\t')
        return "a text cannot begin with this character: put it in quotes";
    *ret_code = HS_FINDING_YAML_TAB;
    return "a tab cannot indent: use spaces";
}

/* Whether `at` begins an address that YAML does not read as text: [::1]:8080, which opens a list,
 * or ::1, whose first colon ends a key. */
static bool is_bare_address(const char *begin, const char *at, const char *end)
{
    bool bracket = *at == '[';
    if (at > begin && strchr(" \t,[{", at[-1]) == NULL)
        return false;
    size_t colons = 0;
    const char *close = at + bracket;
    for (; close < end && strchr("0123456789abcdefABCDEF:.%", *close) != NULL; close++)
        colons += *close == ':';
    bool port =
        end - close > 2 && close[0] == ']' && close[1] == ':' && close[2] >= '0' && close[2] <= '9';
    if (bracket)
        return close < end && *close == ']' && colons > 0 && (port || colons > 1);
    return end - at > 2 && at[0] == ':' && at[1] == ':' && close > at + 2;
}

/* Where such an address begins in the line around `at`; NULL: nowhere. */
static const char *find_bare_address(struct hs_slice text, const char *at)
{
    const char *end = text.data + text.size, *begin = at;
    if (text.size == 0 || at < text.data || at > end)
        return NULL;
    while (begin > text.data && begin[-1] != '\n')
        begin--;
    for (const char *one = begin; one < end && *one != '\n'; one++)
        if ((*one == '[' || *one == ':') && is_bare_address(begin, one, end))
            return one;
    return NULL;
}

bool hs_yaml_has_bare_address(const struct hs_yaml *yaml, yaml_mark_t mark)
{
    return find_bare_address(yaml->text, find_byte(yaml->text, mark)) != NULL;
}

void hs_yaml_fail_parser(struct hs_yaml *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
    if (parser->error == YAML_READER_ERROR && parser->problem != NULL) {
        fail_bytes(yaml);
        return;
    }
    const char *at = find_byte(yaml->text, parser->problem_mark);
    const char *address = find_bare_address(yaml->text, at);
    if (address != NULL) {
        hs_yaml_fail(yaml, HS_FINDING_YAML_QUOTES,
                     mark_of(yaml->text, (size_t)(address - yaml->text.data)),
                     "an IPv6 address needs brackets and quotes, such as "
                     "\"[::]:8080\"");
        return;
    }
    enum hs_finding_code code = HS_FINDING_YAML_QUOTES;
    const char *words = words_of_bytes(yaml->text, problem, at, &code);
    if (words != NULL) {
        hs_yaml_fail(yaml, code, parser->problem_mark, words);
        return;
    }
    for (size_t i = 0; i < HS_ARRAY_SIZE(table); i++) {
        if (strcmp(problem, table[i].problem) != 0)
            continue;
        bool outer = table[i].at == AT_CONTEXT && parser->context != NULL;
        hs_yaml_fail(yaml, table[i].code, outer ? parser->context_mark : parser->problem_mark,
                     table[i].words);
        return;
    }
    const char *context = parser->context != NULL ? parser->context : "";
    hs_yaml_fail(yaml, HS_FINDING_YAML, parser->problem_mark,
                 hs_arena_printf(yaml->config->arena, "this is not YAML: %s%s%s", context,
                                 context[0] != '\0' ? ", " : "", problem));
}
