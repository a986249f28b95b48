/* Proves: the samples have the shape of the provider's examples: same members, same order. */
#include "hs_test.h"

#include <hookstream/catalogue.h>
#include <hookstream/json.h>
#include <stdio.h>
#include <string.h>

/* The member names of a document, in order, depth first. */
static void names_of(struct hs_json_tree *tree, hs_json_node node, struct hs_buffer *names)
{
    for (hs_json_node child = hs_json_first_child(tree, node); child != HS_JSON_NO_NODE;
         child = hs_json_next(tree, child)) {
        hs_buffer_append_slice(names, hs_json_node_name(tree, child));
        hs_buffer_append_byte(names, ' ');
        names_of(tree, child, names);
    }
}

static void read_names(struct hs_slice text, struct hs_buffer *ret_names)
{
    struct hs_json_tree *tree = hs_json_tree_create();
    ck_assert_int_eq(hs_json_tree_parse(tree, text), 0);
    names_of(tree, hs_json_root(tree), ret_names);
    hs_json_tree_free(tree);
}

START_TEST(every_type_has_the_members_of_its_example)
{
    const struct hs_catalogue *fanfare = hs_catalogue_fanfare();
    ck_assert_uint_eq(fanfare->count, 21);
    uint64_t random = 7;
    for (size_t i = 0; i < fanfare->count; i++) {
        const struct hs_event_type *type = &fanfare->types[i];
        char path[512], example[4096];
        snprintf(path, sizeof(path), HS_FIXTURES "/fanfare/%s.json", type->name);
        FILE *file = fopen(path, "rb");
        ck_assert_msg(file != NULL, "%s", path);
        size_t size = fread(example, 1, sizeof(example), file);
        fclose(file);
        struct hs_buffer body, wanted, got;
        hs_buffer_init(&body, 1 << 16);
        hs_buffer_init(&wanted, 1 << 16);
        hs_buffer_init(&got, 1 << 16);
        hs_catalogue_sample(type, HS_SAMPLE_FULL, HS_SLICE("whk_\"quoted\""),
                            UINT64_C(1733043600123456789), &random, &body);
        read_names(hs_slice(example, size), &wanted);
        read_names(hs_buffer_slice(&body), &got);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&wanted), hs_buffer_slice(&got)),
                      "%s\n%.*s\n%.*s", type->name, (int)wanted.size, wanted.data, (int)got.size,
                      got.data);
        hs_buffer_free(&body);
        hs_buffer_free(&wanted);
        hs_buffer_free(&got);
    }
}
END_TEST

START_TEST(a_change_is_all_that_differs)
{
    static const struct hs_catalogue_field fields[] = {
        {.path = "id", .type = HS_FIELD_ID, .sample = "<id>"},
        {.path = "state", .type = HS_FIELD_TEXT, .sample = "open"},
        {.path = "list", .type = HS_FIELD_ARRAY, .optional = true},
        {.path = "list[*]", .type = HS_FIELD_OBJECT},
        {.path = "list[*].size", .type = HS_FIELD_INTEGER, .sample = "7"},
    };
    static const struct hs_event_type type = {
        .name = "a.b", .fields = fields, .field_count = HS_ARRAY_SIZE(fields)};
    static const struct {
        enum hs_sample_form form;
        struct hs_sample_change change;
        const char *body;
    } cases[] = {
        {HS_SAMPLE_FULL, {2, HS_SAMPLE_ABSENT, {NULL, 0}, 0}, "{\"id\":\"x\",\"state\":\"open\"}"},
        {HS_SAMPLE_FULL,
         {2, HS_SAMPLE_ELEMENTS, {NULL, 0}, 0},
         "{\"id\":\"x\",\"state\":\"open\",\"list\":[]}"},
        {HS_SAMPLE_BARE,
         {2, HS_SAMPLE_ELEMENTS, {NULL, 0}, 2},
         "{\"id\":\"x\",\"state\":\"open\",\"list\":[{\"size\":7},{\"size\":7}]}"},
        {HS_SAMPLE_FULL,
         {4, HS_SAMPLE_VALUE, {"null", 4}, 0},
         "{\"id\":\"x\",\"state\":\"open\",\"list\":[{\"size\":null}]}"},
        {HS_SAMPLE_BARE, {1, HS_SAMPLE_VALUE, {"\"\"", 2}, 0}, "{\"id\":\"x\",\"state\":\"\"}"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct hs_buffer body;
        uint64_t random = 1;
        hs_buffer_init(&body, 1 << 16);
        hs_catalogue_sample_changed(&type, cases[i].form, &cases[i].change, 1, HS_SLICE("x"), 0,
                                    &random, &body);
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&body), hs_slice_text(cases[i].body)),
                      "%zu: %.*s", i, (int)body.size, body.data);
        hs_buffer_free(&body);
    }
}
END_TEST

START_TEST(the_same_seed_gives_the_same_sample)
{
    struct hs_buffer one, other;
    hs_buffer_init(&one, 1 << 16);
    hs_buffer_init(&other, 1 << 16);
    uint64_t a = 3, b = 3, c = 4;
    const struct hs_event_type *type =
        hs_catalogue_type(hs_catalogue_fanfare(), HS_SLICE("order.created"));
    hs_catalogue_sample(type, HS_SAMPLE_VARIED, HS_SLICE("x"), 1, &a, &one);
    hs_catalogue_sample(type, HS_SAMPLE_VARIED, HS_SLICE("x"), 1, &b, &other);
    ck_assert(hs_slice_equal(hs_buffer_slice(&one), hs_buffer_slice(&other)));
    hs_buffer_clear(&other);
    hs_catalogue_sample(type, HS_SAMPLE_VARIED, HS_SLICE("x"), 1, &c, &other);
    ck_assert(!hs_slice_equal(hs_buffer_slice(&one), hs_buffer_slice(&other)));
    hs_buffer_free(&one);
    hs_buffer_free(&other);
}
END_TEST

START_TEST(families_are_the_catalogues_or_other)
{
    ck_assert_str_eq(hs_catalogue_family(HS_SLICE("queue")), "queue");
    ck_assert_str_eq(hs_catalogue_family(HS_SLICE("queued")), "other");
    ck_assert_str_eq(hs_catalogue_family(HS_SLICE("")), "other");
    ck_assert_ptr_null(hs_catalogue_type(hs_catalogue_fanfare(), HS_SLICE("order.creatd")));
}
END_TEST

HS_TEST_MAIN("catalogue samples", every_type_has_the_members_of_its_example,
             a_change_is_all_that_differs, the_same_seed_gives_the_same_sample,
             families_are_the_catalogues_or_other)
