/* The cost of an event is linear in its size, whatever it holds. Work is counted, not timed: twice
 * the size may take about twice the steps, and no rule may exceed the limit. */
#include "edit.h"
#include "names.h"
#include "sanitized.h"
#include "shapes.h"
#include "work.h"

#define SIZE (SANITIZED ? 8u << 10 : 24u << 10)
/* For what does not grow with the body, such as the search that comes before an index. */
#define SLACK 4000u

struct run {
    uint64_t steps;
    int code;
};

static struct run run(const struct shape_rule *rule, enum shape shape, size_t size)
{
    char yaml[1024];
    snprintf(yaml, sizeof(yaml), "transform:\n%s\n", rule->list);
    struct hs_config *config = edit_config(yaml);
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    edit_expect_no_findings(config, yaml);
    struct hs_buffer body;
    shape_make(shape, size, &body);
    struct hs_event event = edit_event(hs_buffer_slice(&body));
    struct hs_work *work = hs_work_create();
    struct hs_slice edited;
    hs_work_begin(work, &event);
    struct run run = {.code = hs_transform_apply(transform, work)};
    if (run.code == 0)
        run.code = hs_work_body(work, &edited);
    run.steps = hs_work_steps(work);
    hs_work_free(work);
    hs_transform_free(transform);
    hs_config_free(config);
    hs_buffer_free(&body);
    return run;
}

START_TEST(test_twice_the_size_takes_twice_the_work)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(shape_rules); i++)
        for (enum shape shape = 0; shape < SHAPES; shape++) {
            const struct shape_rule *rule = &shape_rules[i];
            if (rule->process || rule->square)
                continue;
            struct run once = run(rule, shape, SIZE), twice = run(rule, shape, 2 * SIZE);
            ck_assert_msg(twice.steps <= once.steps * 5 / 2 + SLACK,
                          "%s of %s: %llu steps, and %llu for twice the size", rule->name,
                          shape_names[shape], (unsigned long long)once.steps,
                          (unsigned long long)twice.steps);
            /* A byte of a body is examined a few times, not hundreds of times. */
            ck_assert_msg(twice.steps <= 2 * SIZE * 12, "%s of %s: %llu steps", rule->name,
                          shape_names[shape], (unsigned long long)twice.steps);
        }
}
END_TEST

START_TEST(test_rules_that_ask_for_more_end_at_the_bound)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(shape_rules); i++) {
        const struct shape_rule *rule = &shape_rules[i];
        if (!rule->square)
            continue;
        struct run most = run(rule, SHAPE_TEXT, 256u << 10);
        struct run elements = run(rule, SHAPE_ELEMENTS, 256u << 10);
        ck_assert_uint_le(most.steps,
                          2 * (HS_WORK_STEPS_LEAST + HS_WORK_STEPS_A_BYTE * (256u << 10)));
        ck_assert_uint_le(elements.steps,
                          2 * (HS_WORK_STEPS_LEAST + HS_WORK_STEPS_A_BYTE * (256u << 10)));
    }
}
END_TEST

START_TEST(test_names_that_collide_without_a_key_do_not_with_one)
{
    struct hs_buffer body;
    struct hs_names names;
    bool fresh;
    shape_make(SHAPE_COLLIDING, 256u << 10, &body);
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, hs_buffer_slice(&body)), 0);
    hs_json_node data = hs_json_member_get(tree, hs_json_root(tree), HS_SLICE("data"));
    hs_names_init(&names);
    for (hs_json_node child = hs_json_first_child(tree, data); child != HS_JSON_NO_NODE;
         child = hs_json_next(tree, child))
        ck_assert_ptr_nonnull(hs_names_put(&names, hs_json_node_name(tree, child), 0, &fresh));
    ck_assert_uint_gt(names.count, 20000);
    ck_assert_uint_lt(names.probes, names.count * 3);
    hs_names_free(&names);
    hs_json_tree_free(tree);
    hs_buffer_free(&body);
}
END_TEST

HS_TEST_MAIN("linear", test_twice_the_size_takes_twice_the_work,
             test_rules_that_ask_for_more_end_at_the_bound,
             test_names_that_collide_without_a_key_do_not_with_one)
