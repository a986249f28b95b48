/* Condition: `when:` as it is asked of each event. Reading the text is condition_parse.c's. */
#include "condition.h"

#include "number.h"

#include <stdlib.h>

/* A string of an event that is decoded to be compared; longer ones equal no literal. */
#define SCRATCH_MAX (HS_CONDITION_TEXT_MAX * 8u)

struct hs_condition *hs_condition_compile(struct hs_config *config, const struct hs_node *node)
{
    struct hs_condition *condition = hs_alloc(sizeof(*condition));
    /* A space may follow each token of one byte. */
    hs_buffer_init(&condition->canonical, HS_CONDITION_TEXT_MAX * 2);
    hs_buffer_init(&condition->scratch, SCRATCH_MAX);
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
        free(condition->nodes[i].literal);
    }
    free(condition->nodes);
    hs_buffer_free(&condition->canonical);
    hs_buffer_free(&condition->scratch);
    free(condition);
}

static bool equals(const struct hs_condition_node *node, const struct hs_field_value *value,
                   struct hs_buffer *scratch)
{
    if (value->null)
        return node->kind == HS_JSON_NULL;
    if (!value->there || value->kind != node->kind)
        return false;
    struct hs_slice literal = hs_slice(node->literal, node->literal_size);
    if (value->kind == HS_JSON_NUMBER)
        return hs_number_equal(value->text, literal);
    if (value->kind != HS_JSON_STRING)
        return true; /* true or false, and the kinds agree */
    if (!value->quoted)
        return hs_slice_equal(value->text, literal);
    if (memchr(value->text.data, '\\', value->text.size) == NULL)
        return hs_slice_equal(hs_slice(value->text.data + 1, value->text.size - 2), literal);
    hs_buffer_clear(scratch);
    hs_field_append(value, scratch);
    return hs_buffer_status(scratch) == 0 && hs_slice_equal(hs_buffer_slice(scratch), literal);
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
    if (code < 0)
        return code;
    if (node->test == HS_TEST_EXISTS)
        return value.there;
    return equals(node, &value, scratch) == (node->test == HS_TEST_EQUAL);
}

int hs_condition_holds(const struct hs_condition *condition, struct hs_work *work)
{
    /* The scratch is memory and no state: a condition that is asked stays as it is. */
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
    for (unsigned i = 0; i < condition->count; i++) {
        const struct hs_condition_node *node = &condition->nodes[i];
        if (node->test != HS_TEST_EQUAL && node->test != HS_TEST_DIFFERS)
            continue;
        struct hs_comparison comparison = {hs_field_name(&node->field), node->kind,
                                           hs_slice(node->literal, node->literal_size),
                                           condition->node};
        visit(context, &comparison);
    }
}

struct hs_slice hs_condition_text(const struct hs_condition *condition)
{
    return hs_buffer_slice(&condition->canonical);
}
