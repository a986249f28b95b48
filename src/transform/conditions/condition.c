/* Condition: evaluates `when:` for an event. condition_parse.c reads the text. */
#include "condition.h"

#include "work.h"

#include <stdlib.h>

struct hs_condition *hs_condition_compile(struct hs_config *config, const struct hs_node *node)
{
    struct hs_condition *condition = hs_alloc(sizeof(*condition));
    /* Each one-byte token may be followed by a space. */
    hs_buffer_init(&condition->canonical, HS_CONDITION_TEXT_MAX * 2);
    hs_buffer_init(&condition->scratch, HS_REGEXP_TEXT_MAX);
    condition->node = node;
    if (hs_condition_parse(config, node, condition))
        return condition;
    hs_condition_free(condition);
    return NULL;
}

void hs_condition_free(struct hs_condition *condition)
{
    if (condition == NULL)
        return;
    for (unsigned i = 0; i < condition->count; i++) {
        hs_field_free(&condition->nodes[i].field);
        hs_regexp_free(condition->nodes[i].regexp);
    }
    for (unsigned i = 0; i < condition->value_count; i++)
        hs_condition_value_free(&condition->values[i]);
    free(condition->nodes);
    free(condition->values);
    hs_buffer_free(&condition->canonical);
    hs_buffer_free(&condition->scratch);
    free(condition);
}

static bool is_among(const struct hs_condition *condition, const struct hs_condition_node *node,
                     const struct hs_field_value *value, struct hs_buffer *scratch)
{
    for (unsigned i = 0; i < node->count; i++)
        if (hs_condition_compare(value, &condition->values[node->first + i], scratch) == HS_SAME)
            return true;
    return false;
}

static bool passes(const struct hs_condition *condition, const struct hs_condition_node *node,
                   const struct hs_field_value *value, struct hs_buffer *scratch)
{
    struct hs_slice text;
    if (node->test == HS_TEST_EXISTS)
        return value->there;
    if (node->test == HS_TEST_IN)
        return is_among(condition, node, value, scratch);
    if (node->test == HS_TEST_MATCHES)
        return hs_condition_read_text(value, scratch, &text) &&
               hs_regexp_matches(node->regexp, text);
    enum hs_standing standing =
        hs_condition_compare(value, &condition->values[node->first], scratch);
    switch (node->test) {
    case HS_TEST_EQUAL:
        return standing == HS_SAME;
    case HS_TEST_DIFFERS:
        return standing != HS_SAME;
    case HS_TEST_LESS:
        return standing == HS_LESS;
    case HS_TEST_AT_MOST:
        return standing == HS_LESS || standing == HS_SAME;
    case HS_TEST_MORE:
        return standing == HS_MORE;
    default:
        return standing == HS_MORE || standing == HS_SAME;
    }
}

/* As passes(), but caches the result for a long text. The cache is not state: evaluation does not
 * change a condition. */
static bool passes_once(const struct hs_condition *condition, const struct hs_condition_node *node,
                        const struct hs_field_value *value, struct hs_work *work,
                        struct hs_buffer *scratch)
{
    if (!value->there || value->kind >= HS_JSON_ARRAY || value->text.size < HS_CONDITION_LONG ||
        node->test == HS_TEST_EXISTS)
        return passes(condition, node, value, scratch);
    struct hs_condition_memory *memory = (struct hs_condition_memory *)(uintptr_t)&node->memory;
    uint64_t epoch = hs_work_epoch(work);
    if (memory->epoch == epoch && memory->own == value->own && memory->place == value->place &&
        memory->size == value->text.size)
        return memory->holds;
    bool holds = passes(condition, node, value, scratch);
    hs_work_count(work, value->text.size);
    *memory =
        (struct hs_condition_memory){epoch, value->own, holds, value->place, value->text.size};
    return holds;
}

static int holds(const struct hs_condition *condition, unsigned index, struct hs_work *work,
                 struct hs_buffer *scratch)
{
    const struct hs_condition_node *node = &condition->nodes[index];
    if (node->test == HS_TEST_AND || node->test == HS_TEST_OR) {
        int left = holds(condition, node->left, work, scratch);
        if (left < 0 || left == (node->test == HS_TEST_OR))
            return left;
        return holds(condition, node->right, work, scratch);
    }
    if (node->test == HS_TEST_NOT) {
        int inner = holds(condition, node->left, work, scratch);
        return inner < 0 ? inner : !inner;
    }
    struct hs_field_value value;
    int code = hs_field_read(&node->field, work, &value);
    return code < 0 ? code : passes_once(condition, node, &value, work, scratch);
}

int hs_condition_holds(const struct hs_condition *condition, struct hs_work *work)
{
    /* The scratch buffer is not state: evaluation does not change a condition. */
    struct hs_buffer *scratch = (struct hs_buffer *)&condition->scratch;
    return holds(condition, condition->root, work, scratch);
}

bool hs_condition_same(const struct hs_condition *a, const struct hs_condition *b)
{
    return hs_slice_equal(hs_buffer_slice(&a->canonical), hs_buffer_slice(&b->canonical));
}

void hs_condition_uses(const struct hs_condition *condition, hs_use_fn *visit, void *context)
{
    for (unsigned i = 0; i < condition->count; i++) {
        const struct hs_condition_node *node = &condition->nodes[i];
        if (node->test == HS_TEST_AND || node->test == HS_TEST_OR || node->test == HS_TEST_NOT)
            continue;
        struct hs_use use = {HS_USE_READ, hs_field_name(&node->field), condition->node};
        visit(context, &use);
    }
}

void hs_condition_comparisons(const struct hs_condition *condition, hs_comparison_fn *visit,
                              void *context)
{
    static const enum hs_comparison_kind kinds[] = {
        [HS_TEST_EQUAL] = HS_IS,     [HS_TEST_DIFFERS] = HS_IS_NOT,
        [HS_TEST_LESS] = HS_IS_LESS, [HS_TEST_AT_MOST] = HS_IS_AT_MOST,
        [HS_TEST_MORE] = HS_IS_MORE, [HS_TEST_AT_LEAST] = HS_IS_AT_LEAST,
        [HS_TEST_IN] = HS_IS,        [HS_TEST_MATCHES] = HS_IS_LIKE,
    };
    for (unsigned i = 0; i < condition->count; i++) {
        const struct hs_condition_node *node = &condition->nodes[i];
        if (node->test < HS_TEST_EQUAL)
            continue;
        for (unsigned k = 0; k < node->count; k++) {
            const struct hs_condition_value *value = &condition->values[node->first + k];
            struct hs_comparison comparison = {hs_field_name(&node->field),
                                               kinds[node->test],
                                               value->kind,
                                               hs_slice(value->text, value->size),
                                               value->decimal,
                                               condition->node,
                                               node->regexp};
            visit(context, &comparison);
        }
    }
}

bool hs_comparison_takes(const struct hs_comparison *comparison, struct hs_slice text)
{
    HS_ASSERT(comparison->by == HS_IS_LIKE);
    return hs_regexp_matches((struct hs_regexp *)(uintptr_t)comparison->pattern, text);
}

bool hs_comparison_can_take(const struct hs_comparison *comparison, const char *texts)
{
    HS_ASSERT(comparison->by == HS_IS_LIKE);
    struct hs_regexp_fault fault;
    struct hs_regexp *other = hs_regexp_compile(hs_slice_text(texts), &fault);
    HS_ASSERT(other != NULL); /* out of the program, not out of the configuration */
    bool can = hs_regexp_meet(comparison->pattern, other);
    hs_regexp_free(other);
    return can;
}

static bool has_test(const struct hs_condition *condition, enum hs_test test)
{
    bool has = false;
    for (unsigned i = 0; i < condition->count; i++)
        has = has || condition->nodes[i].test == test;
    return has;
}

bool hs_condition_matches(const struct hs_condition *condition)
{
    return has_test(condition, HS_TEST_MATCHES);
}

bool hs_condition_asks_existence(const struct hs_condition *condition)
{
    return has_test(condition, HS_TEST_EXISTS);
}

struct hs_slice hs_condition_text(const struct hs_condition *condition)
{
    return hs_buffer_slice(&condition->canonical);
}
