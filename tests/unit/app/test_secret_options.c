/* Every option that holds a secret is marked in its row: an unmarked one would be neither hidden
 * nor checked by the rule of src/config/secret.c. */
#include "hs_test.h"

#include <hookstream/app.h>

static bool names_a_secret(const char *name)
{
    static const char *const parts[] = {"secret", "password", "token", "passphrase"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(parts); i++)
        if (strstr(name, parts[i]) != NULL)
            return true;
    return strcmp(name, "url") == 0;
}

static unsigned look(const struct hs_options *options)
{
    unsigned count = 0;
    for (size_t i = 0; i < options->option_count; i++) {
        const struct hs_option *one = &options->options[i];
        bool kind = one->kind == HS_OPTION_SECRET || one->kind == HS_OPTION_SECRETS;
        if (one->kind == HS_OPTION_PAIRS) { /* some of them, by their names */
            ck_assert_msg(one->is_password != NULL, "%s.%s", options->name, one->name);
            continue;
        }
        bool expected = one->kind != HS_OPTION_BOOL && (kind || names_a_secret(one->name));
        ck_assert_msg((one->secret != HS_SECRET_NONE) == expected, "%s.%s", options->name,
                      one->name);
        count += expected;
        if (one->child != NULL)
            count += look(one->child);
    }
    for (size_t i = 0; options->tag != NULL && options->kinds[i] != NULL; i++)
        count += look(options->kinds[i]);
    return count;
}

START_TEST(every_option_that_holds_a_secret_says_so)
{
    ck_assert_uint_ge(look(&hs_settings_table), 6);
}
END_TEST

HS_TEST_MAIN("secret options", every_option_that_holds_a_secret_says_so)
