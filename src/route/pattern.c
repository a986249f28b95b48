/* Pattern: see pattern.h. The trie matches types against many patterns at once. */
#include "pattern.h"

/* Reports a finding at byte `offset` of the node's text. The text before it consists of checked
 * characters such as letters, digits and dots, so the column is that of the file. */
static bool wrong(struct hs_config *config, const struct hs_node *node, size_t offset,
                  const char *words)
{
    struct hs_node place = *node;
    if (!node->secret)
        place.column += (unsigned)offset + (node->quoted ? 1 : 0);
    hs_config_error(config, HS_FINDING_PATTERN, &place, "%s is not a pattern: %s",
                    hs_config_quote(config, node), words);
    return false;
}

static bool is_segment_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool compile_segment(struct hs_config *config, const struct hs_node *node,
                            struct hs_slice text, size_t offset, struct hs_pattern *pattern)
{
    struct hs_segment *segment = &pattern->segments[pattern->count];
    bool after_any = pattern->count != 0 && segment[-1].kind == HS_SEGMENT_ANY;
    if (text.size == 0)
        return wrong(config, node, offset, "a segment is empty; segments are separated by one dot");
    if (pattern->count == HS_PATTERN_SEGMENTS_MAX)
        return wrong(config, node, offset, "it has more than 16 segments");
    if (hs_slice_equal(text, HS_SLICE("*"))) {
        segment->kind = HS_SEGMENT_ONE;
    } else if (hs_slice_equal(text, HS_SLICE("**"))) {
        if (after_any)
            return wrong(config, node, offset, "`**` twice in a row means the same as once");
        segment->kind = HS_SEGMENT_ANY;
    } else {
        segment->kind = HS_SEGMENT_LITERAL;
        segment->text = text;
        for (size_t i = 0; i < text.size; i++)
            if (text.data[i] == '*')
                return wrong(config, node, offset + i,
                             "`*` stands for a whole segment and `**` for any number of them");
            else if (!is_segment_byte(text.data[i]))
                return wrong(config, node, offset + i,
                             "a segment is made of letters, digits, _ and -");
    }
    pattern->floating |= after_any;
    pattern->count++;
    return true;
}

bool hs_pattern_compile(struct hs_config *config, const struct hs_node *node,
                        struct hs_pattern *ret_pattern)
{
    struct hs_pattern *pattern = ret_pattern;
    struct hs_slice text = node->text;
    *pattern = (struct hs_pattern){0};
    if (node->kind != HS_NODE_SCALAR || text.size == 0) {
        hs_config_error(config, HS_FINDING_PATTERN, node,
                        "`match` is a type prefix, such as order, or a pattern, such "
                        "as \"*.consumer.won\"; \"**\" matches every type");
        return false;
    }
    bool wildcard = memchr(text.data, '*', text.size) != NULL;
    for (size_t start = 0; start <= text.size;) {
        const char *dot =
            start < text.size ? memchr(text.data + start, '.', text.size - start) : NULL;
        size_t end = dot ? (size_t)(dot - text.data) : text.size;
        if (!compile_segment(config, node, hs_slice(text.data + start, end - start), start,
                             pattern))
            return false;
        start = end + 1;
    }
    if (!wildcard)
        pattern->segments[pattern->count++].kind = HS_SEGMENT_ANY;
    return true;
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

/* Whether both segments can match the same segment of a type. */
static bool segments_meet(const struct hs_segment *a, const struct hs_segment *b)
{
    return a->kind != HS_SEGMENT_LITERAL || b->kind != HS_SEGMENT_LITERAL ||
           hs_slice_equal(a->text, b->text);
}

bool hs_pattern_overlap(const struct hs_pattern *a, const struct hs_pattern *b)
{
    /* meets[i][j]: the rest of `a` from i and of `b` from j match a common type. With a ** on
     * either side, it ends there or absorbs a segment of the other side. */
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
