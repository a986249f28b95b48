/* Proves: a source that could verify nothing, or that nobody could reach, is refused. */
#include "hs_test.h"

#include <hookstream/source.h>
#include <string.h>

struct bound {
    struct hs_children sources;
};

static const struct hs_option rows[] = {
    {.name = "sources",
     .kind = HS_OPTION_MAP,
     .offset = offsetof(struct bound, sources),
     .child = &hs_source_option_table,
     .help = ""},
};
static const struct hs_options table = {
    .name = "test",
    .title = "",
    .options = rows,
    .option_count = 1,
    .struct_size = sizeof(struct bound),
    .node_offset = SIZE_MAX,
};

static struct hs_config *load(const char *text, struct bound *ret_bound)
{
    struct hs_config *config = hs_config_parse("t", hs_slice_text(text), NULL, NULL);
    hs_config_bind(config, hs_config_root(config), &table, ret_bound);
    hs_source_check_paths(config, &ret_bound->sources);
    return config;
}

START_TEST(secrets_are_a_list_or_a_mapping_and_empty_ones_are_left_out)
{
    struct bound bound;
    struct hs_config *config = load("sources: {a: {path: /a, verify: {scheme: fanfare, secrets: "
                                    "['', first-secret-of-a]}}, b: {path: /b, verify: {scheme: "
                                    "fanfare, secrets: {old: second-secret-of-b}}}}",
                                    &bound);
    ck_assert_uint_eq(hs_config_findings(config)->errors, 0);
    const struct hs_source_options *a = hs_children_at(&bound.sources, 0);
    const struct hs_source_options *b = hs_children_at(&bound.sources, 1);
    ck_assert_uint_eq(a->verify.secret_count, 1);
    ck_assert_str_eq(a->verify.secret_items[0].name, "2");
    ck_assert_uint_eq(b->verify.secret_count, 1);
    ck_assert_str_eq(b->verify.secret_items[0].name, "old");
    ck_assert_uint_eq(a->ack, HS_ACK_DURABLE);
    ck_assert_uint_eq(a->verify.max_age_ns, UINT64_C(300000000000));
    hs_config_free(config);
}
END_TEST

#define PATH(path)                                                                                 \
    "sources: {a: {path: '" path "', verify: {scheme: fanfare, secrets: [is-now-long-enough]}}}"

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"sources: {a: {path: /a, verify: {scheme: fanfare, secrets: ['']}}}", "no secret is left"},
        {"sources: {a: {path: /a, verify: {scheme: fanfare, secrets: [short]}}}",
         "fewer than 16 characters"},
        {"sources: {a: {path: /a, verify: {scheme: fanfare}}}", "`secrets` is missing"},
        {"sources: {a: {path: /a, verify: {scheme: hmac, secrets: [is-now-long-enough]}}}",
         "fanfare"},
        {"sources: {a: {verify: {scheme: fanfare, secrets: [is-now-long-enough]}}}",
         "`path` is missing"},
        {"sources: {a: {path: a, verify: {scheme: fanfare, secrets: [is-now-long-enough]}}}",
         "begins with a slash"},
        {"sources: {a: {path: '/a?b', verify: {scheme: fanfare, secrets: [is-now-long-enough]}}}",
         "no ? and no #"},
        {PATH("/webhooks/*"), "match nothing"},
        {PATH("/{source}"), "match nothing"},
        {PATH("/a/:id"), "match nothing"},
        {PATH("/a#b"), "no ? and no #"},
        {PATH("/a b"), "no spaces"},
        {PATH("/\xC3\xA4"), "outside of ASCII"},
        {PATH("/a//b"), "one slash at a time"},
        {PATH("/a/../b"), "`.` or `..`"},
        {PATH("/a/."), "`.` or `..`"},
        {PATH("/a%2"), "two hex digits"},
        {PATH("/a%zz"), "two hex digits"},
        {PATH("/a|b"), "only letters"},
        {PATH("https://host/a"), "begins with a slash"},
        {"sources: {a: {path: /a/, verify: {scheme: fanfare, secrets: [is-now-long-enough]}}, "
         "b: {path: /a, verify: {scheme: fanfare, secrets: [is-now-long-enough]}}}",
         "a slash at the end makes no difference"},
        {"sources: {a: {path: /a, verify: {scheme: fanfare, secrets: [is-now-long-enough]}}, b: "
         "{path: "
         "/a, verify: {scheme: fanfare, secrets: [is-now-long-enough]}}}",
         "of source `a`"},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(cases); i++) {
        struct bound bound;
        struct hs_config *config = load(cases[i].text, &bound);
        struct hs_buffer text;
        hs_buffer_init(&text, 1 << 20);
        hs_config_print_findings(config, &text);
        hs_buffer_append_byte(&text, '\0');
        ck_assert_msg(strstr(text.data, cases[i].words) != NULL, "%s\n%s", cases[i].text,
                      text.data);
        ck_assert_msg(strstr(text.data, "is-now-long-enough") == NULL, "a secret was printed: %s",
                      text.data);
        hs_buffer_free(&text);
        hs_config_free(config);
    }
}
END_TEST

HS_TEST_MAIN("source options", secrets_are_a_list_or_a_mapping_and_empty_ones_are_left_out,
             what_is_wrong_is_said)
