/* Proves: a catalogue file yields the same rows as the built-in ones, and errors have positions. */
#include "hs_test.h"

#include <hookstream/catalogue.h>

START_TEST(a_file_becomes_types_and_fields)
{
    const struct hs_catalogue *catalogue;
    struct hs_config *config = hs_catalogue_parse(
        "own.yaml",
        HS_SLICE("types:\n  a.b:\n    help: A thing\n    fields:\n      id: {type: id}\n"
                 "      data: {type: object}\n      data.list: {type: array, optional: true}\n"
                 "      data.list[*]: {type: integer, personal: true, sample: 7}\n"),
        &catalogue);
    ck_assert_uint_eq(hs_config_findings(config)->count, 0);
    ck_assert_uint_eq(catalogue->count, 1);
    const struct hs_event_type *type = hs_catalogue_type(catalogue, HS_SLICE("a.b"));
    ck_assert_ptr_nonnull(type);
    ck_assert_str_eq(type->help, "A thing");
    const struct hs_catalogue_field *field = hs_event_type_field(type, HS_SLICE("data.list[*]"));
    ck_assert_ptr_nonnull(field);
    ck_assert(field->type == HS_FIELD_INTEGER && field->personal && !field->optional);
    struct hs_buffer full, bare;
    hs_buffer_init(&full, 4096);
    hs_buffer_init(&bare, 4096);
    uint64_t random = 1;
    hs_catalogue_sample(type, HS_SAMPLE_FULL, HS_SLICE("x"), 1, &random, &full);
    hs_catalogue_sample(type, HS_SAMPLE_BARE, HS_SLICE("x"), 1, &random, &bare);
    ck_assert(
        hs_slice_equal(hs_buffer_slice(&full), HS_SLICE("{\"id\":\"x\",\"data\":{\"list\":[7]}}")));
    ck_assert(hs_slice_equal(hs_buffer_slice(&bare), HS_SLICE("{\"id\":\"x\",\"data\":{}}")));
    hs_buffer_free(&full);
    hs_buffer_free(&bare);
    hs_config_free(config);
}
END_TEST

static void faulty(const char *text, const char *words, unsigned line)
{
    const struct hs_catalogue *catalogue;
    struct hs_config *config = hs_catalogue_parse("own.yaml", hs_slice_text(text), &catalogue);
    const struct hs_findings *findings = hs_config_findings(config);
    ck_assert_uint_ge(findings->errors, 1);
    ck_assert_msg(strstr(findings->items[0].message, words) != NULL, "%s",
                  findings->items[0].message);
    ck_assert_uint_eq(findings->items[0].line, line);
    hs_config_free(config);
}

START_TEST(a_fault_is_told_with_its_line)
{
    faulty("types:\n  a:\n    fields:\n      id: {type: idd}\n", "did you mean `id`", 4);
    faulty("types:\n  a:\n    fields:\n      id: {type: id, optinal: true}\n", "optional", 4);
    faulty("types:\n  a:\n    fields:\n      id: {type: id, optional: 3}\n", "neither", 4);
    faulty("types:\n  a:\n    fields:\n      data.x: {type: id}\n", "needs `data: {type", 4);
    faulty("types:\n  a: {}\n", "needs `fields`", 2);
    faulty("types:\n  a:\n    fields:\n      n: {type: integer, sample: 1|b}\n",
           "is not a valid integer", 4);
    faulty("types:\n  a:\n    fields:\n      n: {type: object, sample: b}\n", "has no sample", 4);
    faulty("type: 3\n", "has `types`", 1);
}
END_TEST

START_TEST(a_wrong_name_is_told_in_a_line_however_many_types_there_are)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 1u << 20);
    hs_buffer_append_text(&text, "types:\n  sold: {fields: {id: {type: id}}}\n");
    for (unsigned i = 0; i < 200; i++)
        hs_buffer_printf(&text, "  shop.of_number_%u: {fields: {id: {type: id}}}\n", i);
    const struct hs_catalogue *catalogue;
    struct hs_config *config = hs_catalogue_parse("own.yaml", hs_buffer_slice(&text), &catalogue);
    const struct hs_event_type *type = NULL;
    ck_assert_int_eq(hs_catalogue_find(catalogue, "shop.of_number_7", &type), 0);
    ck_assert_str_eq(type->name, "shop.of_number_7");
    static const char *const rows[][2] = {
        {"shop", "the family `shop` has shop.of_number_0, shop.of_number_1, "},
        {"sould", "did you mean `sold`?"},
        {"", "`hookstream catalogue list --catalogue own.yaml` shows them"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        ck_assert_int_eq(hs_catalogue_find(catalogue, rows[i][0], &type), -ENOENT);
        ck_assert_msg(strstr(hs_error_text(), rows[i][1]) != NULL, "%s", hs_error_text());
        bool cut = strstr(hs_error_text(), ", ...") != NULL;
        ck_assert_msg(cut == (i == 0), "%s", hs_error_text());
    }
    ck_assert_str_eq(type->name, "shop.of_number_7");
    hs_config_free(config);
    hs_buffer_free(&text);
}
END_TEST

HS_TEST_MAIN("catalogue load", a_file_becomes_types_and_fields, a_fault_is_told_with_its_line,
             a_wrong_name_is_told_in_a_line_however_many_types_there_are)
