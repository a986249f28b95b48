/* Regexp, parsing: recursive descent over the expression that emits steps. A repeated piece is
 * copied, and an alternative gets a step inserted before it; both work because steps refer to each
 * other by distance. */
#include "regexp.h"

#include <stdlib.h>

#define NO_LIMIT UINT32_MAX

struct parser {
    struct hs_slice text;
    size_t at;
    unsigned depth;
    struct hs_regexp *regex;
    struct hs_regexp_fault fault; /* words NULL: none yet */
};

static void parse_ways(struct parser *parser);

static bool more(const struct parser *parser)
{
    return parser->fault.words == NULL && parser->at < parser->text.size;
}

static bool is_next(const struct parser *parser, char c)
{
    return more(parser) && parser->text.data[parser->at] == c;
}

static void wrong(struct parser *parser, size_t offset, const char *words)
{
    if (parser->fault.words == NULL)
        parser->fault = (struct hs_regexp_fault){offset, words};
}

/* ---- Writing steps ---- */

/* Inserts room for `count` steps at `at`. */
static struct hs_regexp_step *insert(struct parser *parser, size_t at, size_t count)
{
    struct hs_regexp *regex = parser->regex;
    if (count > HS_REGEXP_STEPS_MAX - 1 - regex->count) { /* one is reserved for the end */
        wrong(parser, parser->at,
              "the expression is too long with its repetitions: it has more than 1000 steps");
        return NULL;
    }
    struct hs_regexp_step *place = regex->steps + at;
    memmove(place + count, place, (regex->count - at) * sizeof(*place));
    regex->count += count;
    return place;
}

static void add(struct parser *parser, struct hs_regexp_step step)
{
    struct hs_regexp_step *place = insert(parser, parser->regex->count, 1);
    if (place != NULL)
        *place = step;
}

static void put_split(struct parser *parser, size_t at, size_t way)
{
    struct hs_regexp_step *place = insert(parser, at, 1);
    if (place != NULL)
        *place = (struct hs_regexp_step){.kind = HS_REGEXP_SPLIT, .way = (int)way};
}

/* Appends a copy of the piece from `start`. */
static void copy(struct parser *parser, size_t start, size_t size)
{
    struct hs_regexp_step *place = insert(parser, parser->regex->count, size);
    if (place != NULL)
        memcpy(place, parser->regex->steps + start, size * sizeof(*place));
}

static void add_range(struct parser *parser, uint32_t least, uint32_t most)
{
    struct hs_regexp *regex = parser->regex;
    regex->ranges = hs_realloc_array(regex->ranges, regex->range_count + 1, sizeof(*regex->ranges));
    regex->ranges[regex->range_count++] = (struct hs_regexp_range){least, most};
}

static int compare_ranges(const void *a, const void *b)
{
    const struct hs_regexp_range *x = a, *y = b;
    return x->least < y->least ? -1 : x->least > y->least;
}

/* Sorts the ranges from `first` on and merges adjacent ones, so that a class can be searched by
 * bisection. Returns their number. */
static uint16_t order_ranges(struct parser *parser, size_t first)
{
    struct hs_regexp *regex = parser->regex;
    size_t count = regex->range_count - first, kept = 0;
    if (count == 0)
        return 0; /* an unfinished class; there may be no array yet */
    struct hs_regexp_range *ranges = regex->ranges + first;
    qsort(ranges, count, sizeof(*ranges), compare_ranges);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && ranges[i].least <= ranges[kept - 1].most) {
            if (ranges[i].most > ranges[kept - 1].most)
                ranges[kept - 1].most = ranges[i].most;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    regex->range_count = first + kept;
    return (uint16_t)kept;
}

/* ---- Characters and classes ---- */

/* Adds the ranges of \d, \w or \s; false: another letter. */
static bool add_named(struct parser *parser, char name)
{
    switch (name) {
    case 'd':
        add_range(parser, '0', '9');
        return true;
    case 'w':
        add_range(parser, '0', '9');
        add_range(parser, 'A', 'Z');
        add_range(parser, '_', '_');
        add_range(parser, 'a', 'z');
        return true;
    case 's':
        add_range(parser, '\t', '\r');
        add_range(parser, ' ', ' ');
        return true;
    default:
        return false;
    }
}

/* The single character after a backslash. */
static uint32_t escaped(struct parser *parser)
{
    size_t start = parser->at;
    uint32_t c = hs_regexp_character(parser->text, &parser->at);
    switch (c) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    default:
        break;
    }
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter)
        wrong(parser, start - 1, "after \\ only d, w, s, D, W, S, t, n, r or a symbol may follow");
    return c;
}

/* One character, possibly escaped, where a class name is not allowed. */
static uint32_t single(struct parser *parser)
{
    if (!is_next(parser, '\\'))
        return hs_regexp_character(parser->text, &parser->at);
    parser->at++;
    if (more(parser))
        return escaped(parser);
    wrong(parser, parser->at - 1, "a character must follow the \\");
    return 0;
}

/* One part of [...]: \d, a, or a-z. */
static void parse_part(struct parser *parser)
{
    size_t start = parser->at;
    if (is_next(parser, '\\') && start + 1 < parser->text.size &&
        add_named(parser, parser->text.data[start + 1])) {
        parser->at += 2;
        return;
    }
    uint32_t least = single(parser), most = least;
    if (is_next(parser, '-') && parser->at + 1 < parser->text.size &&
        parser->text.data[parser->at + 1] != ']') {
        parser->at++;
        most = single(parser);
    }
    if (most < least)
        wrong(parser, start, "a range goes from the smaller character to the larger, as in a-z");
    add_range(parser, least, most);
}

static void parse_class(struct parser *parser)
{
    size_t start = parser->at++;
    struct hs_regexp_step step = {.kind = HS_REGEXP_CLASS,
                                  .first = (uint32_t)parser->regex->range_count};
    step.negated = is_next(parser, '^');
    parser->at += step.negated;
    if (is_next(parser, ']'))
        wrong(parser, start, "the class is empty; write \\] for a bracket");
    while (more(parser) && !is_next(parser, ']'))
        parse_part(parser);
    if (!is_next(parser, ']'))
        wrong(parser, start, "the class needs its closing bracket");
    parser->at++;
    step.count = order_ranges(parser, step.first);
    add(parser, step);
}

static void parse_escape(struct parser *parser)
{
    struct hs_regexp_step step = {.kind = HS_REGEXP_CLASS,
                                  .first = (uint32_t)parser->regex->range_count};
    char name = parser->at + 1 < parser->text.size ? parser->text.data[parser->at + 1] : '\0';
    step.negated = name == 'D' || name == 'W' || name == 'S';
    if (add_named(parser, step.negated ? (char)(name - 'A' + 'a') : name)) {
        parser->at += 2;
        step.count = order_ranges(parser, step.first);
    } else {
        step = (struct hs_regexp_step){.kind = HS_REGEXP_CHARACTER, .first = single(parser)};
    }
    add(parser, step);
}

static void parse_group(struct parser *parser)
{
    size_t start = parser->at++;
    struct hs_slice rest = hs_slice(parser->text.data + parser->at, parser->text.size - parser->at);
    if (rest.size > 0 && rest.data[0] == '?') {
        if (rest.size < 2 || rest.data[1] != ':')
            wrong(parser, start, "of the groups that begin with (? only (?: is supported");
        parser->at += 2;
    }
    if (parser->depth == HS_REGEXP_DEPTH_MAX)
        wrong(parser, start, "groups may be nested at most 32 deep");
    parser->depth++;
    if (parser->fault.words == NULL)
        parse_ways(parser);
    parser->depth--;
    if (!is_next(parser, ')'))
        wrong(parser, start, "the group needs its closing parenthesis");
    parser->at++;
}

static void parse_atom(struct parser *parser)
{
    switch (parser->text.data[parser->at]) {
    case '(':
        parse_group(parser);
        break;
    case '[':
        parse_class(parser);
        break;
    case '\\':
        parse_escape(parser);
        break;
    case '.':
        parser->at++;
        add(parser, (struct hs_regexp_step){.kind = HS_REGEXP_ANY});
        break;
    case '*':
    case '+':
    case '?':
    case '{':
        wrong(parser, parser->at,
              "there is nothing before it to repeat; write \\ before the "
              "symbol");
        break;
    case '^':
    case '$':
        wrong(parser, parser->at,
              "the whole text must match anyway: omit ^ and $, or write \\ before the symbol");
        break;
    default:
        add(parser,
            (struct hs_regexp_step){.kind = HS_REGEXP_CHARACTER,
                                    .first = hs_regexp_character(parser->text, &parser->at)});
        break;
    }
}

/* ---- Repeating ---- */

static bool read_count(struct parser *parser, uint32_t *ret_count)
{
    uint32_t count = 0;
    size_t start = parser->at;
    while (more(parser) && parser->text.data[parser->at] >= '0' &&
           parser->text.data[parser->at] <= '9' && count <= HS_REGEXP_REPEAT_MAX)
        count = count * 10 + (uint32_t)(parser->text.data[parser->at++] - '0');
    *ret_count = count;
    return parser->at > start && count <= HS_REGEXP_REPEAT_MAX;
}

/* {2}, {2,} or {2,5}. */
static void parse_counts(struct parser *parser, uint32_t *ret_least, uint32_t *ret_most)
{
    size_t start = parser->at++;
    bool good = read_count(parser, ret_least);
    *ret_most = *ret_least;
    if (good && is_next(parser, ',')) {
        parser->at++;
        *ret_most = NO_LIMIT;
        if (!is_next(parser, '}'))
            good = read_count(parser, ret_most);
    }
    if (!good || !is_next(parser, '}') || *ret_most < *ret_least)
        wrong(parser, start,
              "write it as {2}, {2,} or {2,5}, with numbers up to 1000; write \\{ for the symbol");
    parser->at++;
}

/* The piece from `start` to the end, at least `least` times. */
static void repeat_on(struct parser *parser, size_t start, uint32_t least)
{
    struct hs_regexp *regex = parser->regex;
    size_t size = regex->count - start;
    if (least == 0) {
        put_split(parser, start, size + 2);
        add(parser, (struct hs_regexp_step){.kind = HS_REGEXP_JUMP, .way = -(int)(size + 1)});
        return;
    }
    for (uint32_t i = 1; i < least && parser->fault.words == NULL; i++)
        copy(parser, start, size);
    add(parser, (struct hs_regexp_step){.kind = HS_REGEXP_SPLIT, .way = -(int)size});
}

/* The piece from `start` to the end, `least` to `most` times: each optional copy includes all that
 * follow it, and a split before it leads to the end of all. */
static void repeat(struct parser *parser, size_t start, uint32_t least, uint32_t most)
{
    struct hs_regexp *regex = parser->regex;
    size_t size = regex->count - start;
    if (most == 0) {
        regex->count = start;
        return;
    }
    for (uint32_t i = 1; i < least && parser->fault.words == NULL; i++)
        copy(parser, start, size);
    if (least == 0)
        put_split(parser, start++, most * (size + 1));
    for (uint32_t i = least == 0 ? 1 : least; i < most && parser->fault.words == NULL; i++) {
        put_split(parser, regex->count, (most - i) * (size + 1));
        copy(parser, start, size);
    }
}

static void parse_piece(struct parser *parser)
{
    size_t start = parser->regex->count;
    parse_atom(parser);
    bool repeated = false;
    while (more(parser) && memchr("*+?{", parser->text.data[parser->at], 4) != NULL) {
        if (repeated) {
            wrong(parser, parser->at, "to repeat a repetition use parentheses, as in (a+){2}");
            return;
        }
        repeated = true;
        char sign = parser->text.data[parser->at];
        uint32_t least = sign == '+', most = sign == '?' ? 1 : NO_LIMIT;
        if (sign == '{')
            parse_counts(parser, &least, &most);
        else
            parser->at++;
        if (parser->fault.words == NULL && most == NO_LIMIT)
            repeat_on(parser, start, least);
        else if (parser->fault.words == NULL)
            repeat(parser, start, least, most);
    }
}

/* a|b|c: a split before each alternative but the last, and a jump after it to the end of all. That
 * is not known yet: until then the jumps form a chain, each with the position of the previous
 * one. */
static void parse_ways(struct parser *parser)
{
    struct hs_regexp *regex = parser->regex;
    int chain = -1;
    for (;;) {
        size_t start = regex->count;
        while (more(parser) && !is_next(parser, '|') && !is_next(parser, ')'))
            parse_piece(parser);
        if (!is_next(parser, '|'))
            break;
        parser->at++;
        put_split(parser, start, regex->count - start + 2);
        add(parser, (struct hs_regexp_step){.kind = HS_REGEXP_JUMP, .way = chain});
        chain = (int)regex->count - 1;
    }
    while (parser->fault.words == NULL && chain >= 0) {
        struct hs_regexp_step *jump = &regex->steps[chain];
        int before = jump->way;
        jump->way = (int)regex->count - chain;
        chain = before;
    }
}

static void make_lists(struct hs_regexp *regex)
{
    struct hs_regexp_list *lists[] = {&regex->now, &regex->next};
    for (size_t i = 0; i < HS_ARRAY_SIZE(lists); i++) {
        lists[i]->items = hs_alloc_array(regex->count, sizeof(*lists[i]->items));
        lists[i]->at = hs_alloc_array(regex->count, sizeof(*lists[i]->at));
    }
    regex->pending = hs_alloc_array(regex->count * 2 + 1, sizeof(*regex->pending));
}

struct hs_regexp *hs_regexp_compile(struct hs_slice text, struct hs_regexp_fault *ret_fault)
{
    struct hs_regexp *regex = hs_alloc(sizeof(*regex));
    struct parser parser = {.text = text, .regex = regex};
    regex->steps = hs_alloc_array(HS_REGEXP_STEPS_MAX, sizeof(*regex->steps));
    parse_ways(&parser);
    if (more(&parser))
        wrong(&parser, parser.at, "there is no group that this closes; write \\) for the symbol");
    if (parser.fault.words != NULL) {
        *ret_fault = parser.fault;
        hs_regexp_free(regex);
        return NULL;
    }
    regex->steps[regex->count++] = (struct hs_regexp_step){.kind = HS_REGEXP_END};
    make_lists(regex);
    return regex;
}
