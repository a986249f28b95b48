/* Pattern: see pattern.h. Matching types against many patterns at once is the trie's. */
#include "pattern.h"

#include <stdlib.h>

static bool is_segment_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* NULL, or what is wrong with the segment; *ret_offset says where, from its start. */
static const char *parse_segment(struct hs_slice text, struct hs_pattern *pattern,
                                 size_t *ret_offset)
{
    struct hs_segment *segment = &pattern->segments[pattern->count];
    bool after_any = pattern->count != 0 && segment[-1].kind == HS_SEGMENT_ANY;
    *ret_offset = 0;
    if (text.size == 0)
        return "a segment is empty; segments are parted by one dot";
    if (pattern->count == HS_PATTERN_SEGMENTS_MAX)
        return "it has more than 16 segments";
    if (hs_slice_equal(text, HS_SLICE("*"))) {
        segment->kind = HS_SEGMENT_ONE;
    } else if (hs_slice_equal(text, HS_SLICE("**"))) {
        if (after_any)
            return "`**` twice in a row says no more than once";
        segment->kind = HS_SEGMENT_ANY;
    } else {
        segment->kind = HS_SEGMENT_LITERAL;
        segment->text = text;
        for (*ret_offset = 0; *ret_offset < text.size; ++*ret_offset)
            if (text.data[*ret_offset] == '*')
                return "`*` stands for a whole segment and `**` for any number of them";
            else if (!is_segment_byte(text.data[*ret_offset]))
                return "a segment is made of letters, digits, _ and -";
    }
    pattern->floating |= after_any;
    pattern->count++;
    return NULL;
}

const char *hs_pattern_parse(struct hs_slice text, struct hs_pattern *ret_pattern,
                             size_t *ret_offset)
{
    *ret_pattern = (struct hs_pattern){0};
    for (size_t start = 0; start <= text.size;) {
        const char *dot =
            start < text.size ? memchr(text.data + start, '.', text.size - start) : NULL;
        size_t end = dot ? (size_t)(dot - text.data) : text.size;
        const char *words =
            parse_segment(hs_slice(text.data + start, end - start), ret_pattern, ret_offset);
        *ret_offset += start;
        if (words != NULL)
            return words;
        start = end + 1;
    }
    if (memchr(text.data, '*', text.size) == NULL)
        ret_pattern->segments[ret_pattern->count++].kind = HS_SEGMENT_ANY;
    return NULL;
}

bool hs_pattern_compile(struct hs_config *config, const struct hs_node *node,
                        struct hs_pattern *ret_pattern)
{
    size_t offset;
    if (node->kind != HS_NODE_SCALAR || node->text.size == 0) {
        *ret_pattern = (struct hs_pattern){0};
        hs_config_error(config, node,
                        "`match` is a type prefix, such as order, or a pattern, such "
                        "as \"*.consumer.won\"; \"**\" matches every type");
        return false;
    }
    const char *words = hs_pattern_parse(node->text, ret_pattern, &offset);
    if (words == NULL)
        return true;
    /* What stands before the place was checked to be letters, digits, dots and the like, so
     * the column is that of the file. */
    struct hs_node place = *node;
    if (!node->secret)
        place.column += (unsigned)offset + (node->quoted ? 1 : 0);
    hs_config_error(config, &place, "%s is no pattern: %s", hs_config_quote(config, node), words);
    return false;
}

static enum hs_segment_kind kind_at(const struct hs_pattern *pattern, size_t index)
{
    return index < pattern->count ? pattern->segments[index].kind : HS_SEGMENT_END;
}

int hs_pattern_compare(const struct hs_pattern *a, const struct hs_pattern *b)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        int difference = (int)kind_at(a, i) - (int)kind_at(b, i);
        if (difference != 0)
            return difference;
    }
    return 0;
}

/* Whether the segments can stand for one and the same segment of a type. */
static bool segments_meet(const struct hs_segment *a, const struct hs_segment *b)
{
    return a->kind != HS_SEGMENT_LITERAL || b->kind != HS_SEGMENT_LITERAL ||
           hs_slice_equal(a->text, b->text);
}

bool hs_pattern_overlap(const struct hs_pattern *a, const struct hs_pattern *b)
{
    /* meets[i][j]: what is left of `a` from i on and of `b` from j on match a common type.
     * With a ** on either side, it ends there or takes what the other side spends. */
    bool meets[HS_PATTERN_SEGMENTS_MAX + 2][HS_PATTERN_SEGMENTS_MAX + 2] = {{false}};
    for (size_t i = a->count + 1; i-- > 0;)
        for (size_t j = b->count + 1; j-- > 0;) {
            bool any = kind_at(a, i) == HS_SEGMENT_ANY || kind_at(b, j) == HS_SEGMENT_ANY;
            if (i == a->count && j == b->count)
                meets[i][j] = true;
            else if (any)
                meets[i][j] =
                    (i < a->count && meets[i + 1][j]) || (j < b->count && meets[i][j + 1]);
            else if (i < a->count && j < b->count)
                meets[i][j] =
                    segments_meet(&a->segments[i], &b->segments[j]) && meets[i + 1][j + 1];
        }
    return meets[0][0];
}

/* ---- For commands ---- */

struct hs_type_pattern {
    struct hs_pattern pattern;
    char text[];
};

int hs_type_pattern_parse(struct hs_slice text, struct hs_type_pattern **ret_pattern)
{
    struct hs_type_pattern *own = hs_alloc(sizeof(*own) + text.size + 1);
    if (text.size > 0)
        memcpy(own->text, text.data, text.size);
    size_t offset;
    const char *words = hs_pattern_parse(hs_slice(own->text, text.size), &own->pattern, &offset);
    if (words != NULL) {
        free(own);
        return hs_fail(-EINVAL, "`%.*s` is no pattern of types: %s", HS_SLICE_ARG(text), words);
    }
    *ret_pattern = own;
    return 0;
}

void hs_type_pattern_free(struct hs_type_pattern *pattern)
{
    free(pattern);
}

bool hs_type_pattern_matches(const struct hs_type_pattern *pattern, struct hs_slice type)
{
    /* reach[i]: the segments of the pattern from i on match the rest of the type. Taken from
     * the type's end, so that a ** needs no second look. */
    const struct hs_pattern *p = &pattern->pattern;
    bool reach[HS_PATTERN_SEGMENTS_MAX + 2] = {false};
    reach[p->count] = true;
    for (size_t i = p->count; i-- > 0 && p->segments[i].kind == HS_SEGMENT_ANY;)
        reach[i] = true;
    for (size_t end = type.size; type.size > 0;) {
        size_t start = end;
        while (start > 0 && type.data[start - 1] != '.')
            start--;
        struct hs_slice segment = hs_slice(type.data + start, end - start);
        bool before[HS_PATTERN_SEGMENTS_MAX + 2];
        memcpy(before, reach, sizeof(before));
        reach[p->count] = false;
        for (size_t i = p->count; i-- > 0;) {
            const struct hs_segment *s = &p->segments[i];
            if (s->kind == HS_SEGMENT_ANY)
                reach[i] = before[i] || reach[i + 1];
            else
                reach[i] = before[i + 1] &&
                           (s->kind == HS_SEGMENT_ONE || hs_slice_equal(s->text, segment));
        }
        if (start == 0)
            break;
        end = start - 1;
    }
    return reach[0];
}
