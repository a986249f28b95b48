/* Proves: a shared dedupe that cannot work is refused with a message that contains no secret. */
#include "hs_test.h"

#include <hookstream/dedupe.h>
#include <string.h>

static const struct {
    const char *text, *words; /* NULL: it is fine */
} cases[] = {
    {"{}", NULL},
    {"{store: local}", NULL},
    {"{store: redis, url: 'redis://h:1/0'}", NULL},
    {"{store: redis, url: 'unix:///s', on_unavailable: refuse, prefix: 'a:'}", NULL},
    {"{store: redis}", "name the Redis in dedupe.url"},
    {"{store: redis, url: 'http://:nobody@h'}", "must begin with redis:// or unix://"},
    {"{store: redis, url: 'redis://:nobody@h', password: nobody}", "give them once"},
    {"{store: redis, url: 'redis://h', timeout: 2s, reservation: 2s}", "must be shorter"},
    {"{store: redis, url: 'redis://h', reservation: 10ms}", "between"},
    {"{store: somewhere}", "local"},
    {"{url: 'redis://h'}", "is not used"},
};

START_TEST(what_is_wrong_is_said)
{
    struct hs_dedupe_options options;
    struct hs_buffer text;
    struct hs_config *config = hs_config_parse("t", hs_slice_text(cases[_i].text), NULL, NULL);
    hs_config_bind(config, hs_config_root(config), &hs_dedupe_option_table, &options);
    hs_buffer_init(&text, 65536);
    hs_config_print_findings(config, &text);
    hs_buffer_append_byte(&text, '\0');
    if (cases[_i].words == NULL)
        ck_assert_str_eq(text.data, "");
    else
        ck_assert_msg(strstr(text.data, cases[_i].words) != NULL, "%s: %s", cases[_i].text,
                      text.data);
    ck_assert_ptr_null(strstr(text.data, "nobody"));
    hs_buffer_free(&text);
    hs_config_free(config);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("dedupe options");
    tcase_add_loop_test(tcase, what_is_wrong_is_said, 0, sizeof(cases) / sizeof(cases[0]));
    Suite *suite = suite_create("dedupe options");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
