/* Every row of hs_sink_kinds is whole: what no kind may leave out, and what belongs together. Holds
 * for a kind to come, too. */
#include "hs_test.h"

#include <hookstream/sink_kind.h>
#include <stdio.h>

#define KIND hs_sink_kinds[_i]

static const struct hs_option *row_of(const struct hs_options *table, const char *name)
{
    for (size_t i = 0; i < table->option_count; i++)
        if (strcmp(table->options[i].name, name) == 0)
            return &table->options[i];
    return NULL;
}

START_TEST(it_has_all_that_is_asked_of_every_kind)
{
    static const char *const names[] = {
#define HS_SINK_KIND(name, destination) #name,
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
    };
    static const char *const destinations[] = {
#define HS_SINK_KIND(name, destination) #destination,
#include <hookstream/sink_kind.def>
#undef HS_SINK_KIND
    };
    ck_assert_str_eq(KIND->name, names[_i]);
    ck_assert_str_eq(KIND->destination, destinations[_i]);
    ck_assert_ptr_nonnull(KIND->check_destination);
    ck_assert_ptr_nonnull(KIND->check_fixed);
    ck_assert_ptr_nonnull(KIND->check);
    ck_assert_ptr_nonnull(KIND->probe);
    ck_assert_ptr_nonnull(KIND->open);
    ck_assert_ptr_nonnull(KIND->letter_reasons);
}
END_TEST

START_TEST(its_tables_begin_with_what_all_have)
{
    ck_assert_str_eq(KIND->options->name, KIND->name);
    ck_assert_uint_ge(KIND->options->struct_size, sizeof(struct hs_sink_options));
    ck_assert_uint_ge(KIND->target->struct_size, sizeof(struct hs_target_options));
    ck_assert_ptr_nonnull(row_of(KIND->options, "start"));
    const struct hs_option *to = row_of(KIND->target, KIND->destination);
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(to->offset, offsetof(struct hs_target_options, destination));
    ck_assert(to->required || to->fallback != NULL);
    static const char *const routers[] = {"sink", "when", "sample", "accept", "transform"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(routers); i++)
        ck_assert_msg(row_of(KIND->target, routers[i]) != NULL, "%s", routers[i]);
    ck_assert_int_eq(row_of(KIND->target, "headers") != NULL, KIND->has_headers);
    ck_assert_int_eq(KIND->hashes_key == NULL || KIND->has_partitions, true);
}
END_TEST

START_TEST(its_options_are_described)
{
    const struct hs_options *tables[] = {KIND->options, KIND->target};
    for (size_t t = 0; t < HS_ARRAY_SIZE(tables); t++)
        for (size_t i = 0; i < tables[t]->option_count; i++) {
            const struct hs_option *option = &tables[t]->options[i];
            ck_assert_msg(option->help != NULL && option->help[0] != '\0', "%s", option->name);
            bool first = false;
            for (size_t k = 0; k < i; k++)
                first = first || strcmp(tables[t]->options[k].name, option->name) == 0;
            ck_assert_msg(!first, "%s is there twice", option->name);
        }
}
END_TEST

START_TEST(its_destinations_are_bounded)
{
    static char text[1 << 16];
    memset(text, 'a', sizeof(text));
    text[0] = '/';
    ck_assert_int_lt(KIND->check_destination(HS_SLICE_NONE), 0);
    ck_assert_int_lt(KIND->check_destination(hs_slice(text, sizeof(text))), 0);
    ck_assert_int_lt(KIND->check_fixed(hs_slice(text + 1, 1), sizeof(text), false), 0);
}
END_TEST

START_TEST(init_writes_a_whole_sink)
{
    const struct hs_sink_init *init = &KIND->init;
    char begin[64];
    if (init->sink == NULL)
        return;
    snprintf(begin, sizeof(begin), "  %s:\n    type: %s\n", KIND->name, KIND->name);
    ck_assert_msg(strncmp(init->sink, begin, strlen(begin)) == 0, "%s", init->sink);
    ck_assert_ptr_nonnull(init->target);
    ck_assert_ptr_nonnull(strstr(init->target, KIND->destination));
    ck_assert_ptr_nonnull(init->needs);
    ck_assert_int_eq(init->create != NULL, init->create_each != NULL);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("kinds");
    tcase_add_loop_test(tcase, it_has_all_that_is_asked_of_every_kind, 0, HS_SINK_KIND_COUNT);
    tcase_add_loop_test(tcase, its_tables_begin_with_what_all_have, 0, HS_SINK_KIND_COUNT);
    tcase_add_loop_test(tcase, its_options_are_described, 0, HS_SINK_KIND_COUNT);
    tcase_add_loop_test(tcase, its_destinations_are_bounded, 0, HS_SINK_KIND_COUNT);
    tcase_add_loop_test(tcase, init_writes_a_whole_sink, 0, HS_SINK_KIND_COUNT);
    Suite *suite = suite_create("sink kinds");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
