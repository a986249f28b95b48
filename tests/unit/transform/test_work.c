/* The event under work: lazy, reverted, and without copies when nothing was edited. */
#include "edit.h"

#define TEXT "{\"timestamp\":\"t\",\"data\":{\"a\":1,\"b\":2}}"

START_TEST(test_an_unedited_body_is_the_bytes_received)
{
    struct hs_work *work = hs_work_create();
    struct hs_event event = edit_event(HS_SLICE(TEXT));
    hs_work_begin(work, &event);
    ck_assert_ptr_eq(hs_work_event(work), &event);
    struct hs_slice body;
    ck_assert_int_eq(hs_work_body(work, &body), 0);
    ck_assert_ptr_eq(body.data, event.body.data);
    struct hs_json_tree *tree;
    ck_assert_int_eq(hs_work_tree(work, &tree), 0); /* looking changes nothing */
    ck_assert_int_eq(hs_work_body(work, &body), 0);
    ck_assert_ptr_eq(body.data, event.body.data);
    hs_work_free(work);
    hs_work_free(NULL);
}
END_TEST

START_TEST(test_a_body_that_is_no_json_passes_untouched)
{
    struct hs_work *work = hs_work_create();
    struct hs_event event = edit_event(HS_SLICE("no json"));
    hs_work_begin(work, &event);
    struct hs_slice body;
    ck_assert_int_eq(hs_work_body(work, &body), 0);
    ck_assert_ptr_eq(body.data, event.body.data);
    struct hs_json_tree *tree;
    ck_assert_int_eq(hs_work_tree(work, &tree), -EINVAL);
    ck_assert_int_eq(hs_work_body(work, &body), 0);
    ck_assert_ptr_eq(body.data, event.body.data);
    hs_work_free(work);
}
END_TEST

static void remove_a(struct hs_work *work, struct hs_config *config)
{
    struct hs_transform *transform =
        hs_transform_compile(config, hs_node_get(hs_config_root(config), "transform"));
    ck_assert_int_eq(hs_transform_apply(transform, work), 0);
    hs_transform_free(transform);
}

START_TEST(test_revert_and_begin_forget_the_edits)
{
    struct hs_config *config = edit_config("transform: [{remove: [data.a]}]");
    struct hs_work *work = hs_work_create();
    struct hs_event event = edit_event(HS_SLICE(TEXT));
    struct hs_slice body;
    hs_work_begin(work, &event);
    for (int i = 0; i < 3; i++) {
        remove_a(work, config);
        ck_assert_int_eq(hs_work_body(work, &body), 0);
        ck_assert(hs_slice_equal(body, HS_SLICE("{\"timestamp\":\"t\",\"data\":{\"b\":2}}")));
        if (i == 1)
            hs_work_begin(work, &event);
        else
            hs_work_revert(work);
        ck_assert_int_eq(hs_work_body(work, &body), 0);
        ck_assert_ptr_eq(body.data, event.body.data);
    }
    hs_work_free(work);
    hs_config_free(config);
}
END_TEST

START_TEST(test_a_body_given_outlives_looks_and_follows_edits)
{
    struct hs_config *config = edit_config("transform: [{remove: [data.a]}]");
    struct hs_template *tmpl = hs_template_compile(config, NULL, HS_SLICE("{data.b}{time}"));
    struct hs_work *work = hs_work_create();
    struct hs_event event = edit_event(HS_SLICE(TEXT));
    hs_work_begin(work, &event);
    remove_a(work, config);
    struct hs_slice body, again;
    ck_assert_int_eq(hs_work_body(work, &body), 0);
    struct hs_buffer out;
    hs_buffer_init(&out, 100);
    ck_assert_int_eq(hs_template_expand(tmpl, work, &out), 0);
    ck_assert(hs_slice_equal(hs_buffer_slice(&out), HS_SLICE("2t")));
    ck_assert_int_eq(hs_work_body(work, &again), 0);
    ck_assert_ptr_eq(again.data, body.data);
    /* Edits by a caller's own hand show. */
    struct hs_json_tree *tree;
    ck_assert_int_eq(hs_work_tree(work, &tree), 0);
    struct hs_json_path path;
    ck_assert_int_eq(hs_json_path_parse(HS_SLICE("data.b"), &path), 0);
    ck_assert_int_eq(hs_json_set(tree, &path, HS_SLICE("3")), 0);
    ck_assert_int_eq(hs_work_body(work, &again), 0);
    ck_assert(hs_slice_equal(again, HS_SLICE("{\"timestamp\":\"t\",\"data\":{\"b\":3}}")));
    hs_json_path_free(&path);
    hs_buffer_free(&out);
    hs_template_free(tmpl);
    hs_work_free(work);
    hs_config_free(config);
}
END_TEST

/* The words are those of the event as received, whether the body was looked into before the
 * edit, after it, or not at all. */
START_TEST(test_words_are_of_the_event_as_received)
{
    struct hs_config *config = edit_config("transform: [{remove: [timestamp]}, {set: {id: x}}]");
    struct hs_template *tmpl = hs_template_compile(config, NULL, HS_SLICE("{time}{id}"));
    struct hs_work *work = hs_work_create();
    struct hs_event event = edit_event(HS_SLICE(TEXT));
    struct hs_buffer out;
    hs_buffer_init(&out, 100);
    for (int look_first = 0; look_first < 2; look_first++) {
        hs_work_begin(work, &event);
        if (look_first)
            ck_assert_int_eq(hs_template_expand(tmpl, work, &out), 0);
        remove_a(work, config);
        hs_buffer_clear(&out);
        ck_assert_int_eq(hs_template_expand(tmpl, work, &out), 0);
        ck_assert(hs_slice_equal(hs_buffer_slice(&out), HS_SLICE("twhk_1")));
    }
    hs_buffer_free(&out);
    hs_template_free(tmpl);
    hs_work_free(work);
    hs_config_free(config);
}
END_TEST

HS_TEST_MAIN("event under work", test_an_unedited_body_is_the_bytes_received,
             test_a_body_that_is_no_json_passes_untouched, test_revert_and_begin_forget_the_edits,
             test_a_body_given_outlives_looks_and_follows_edits,
             test_words_are_of_the_event_as_received)
