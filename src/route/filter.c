/* Filter: one pattern on its own, compiled and matched as a route's. */
#include "trie.h"

struct hs_type_filter {
    struct hs_config *config; /* owns only the findings of the pattern */
    struct hs_trie *trie;
    struct hs_pattern pattern;
    char *text;
};

struct hs_type_filter *hs_type_filter_create(const char *match)
{
    if (match[0] == '\0') { /* a route's message would mention its `match` */
        (void)hs_fail(-EINVAL,
                      "the pattern is empty: write a prefix, such as order, or a pattern, such "
                      "as \"*.consumer.won\"");
        return NULL;
    }
    struct hs_type_filter *filter = hs_alloc(sizeof(*filter));
    filter->text = hs_strdup(match);
    filter->config = hs_config_parse("match", HS_SLICE("{}"), NULL, NULL);
    filter->trie = hs_trie_create();
    const struct hs_node node = {.kind = HS_NODE_SCALAR, .text = hs_slice_text(filter->text)};
    if (!hs_pattern_compile(filter->config, &node, &filter->pattern)) {
        (void)hs_fail(-EINVAL, "%s", hs_config_findings(filter->config)->items[0].message);
        hs_type_filter_free(filter);
        return NULL;
    }
    hs_trie_add(filter->trie, &filter->pattern, 0);
    return filter;
}

void hs_type_filter_free(struct hs_type_filter *filter)
{
    if (filter == NULL)
        return;
    hs_trie_free(filter->trie);
    hs_config_free(filter->config);
    free(filter->text);
    free(filter);
}

bool hs_type_filter_takes(struct hs_type_filter *filter, struct hs_slice type)
{
    uint16_t value;
    return hs_trie_match(filter->trie, type, &value, 1) > 0;
}
