/* The manual's page: it contains everything in a table of options. */
#include "tables.h"

static char *print_manual(const struct hs_options *options)
{
    struct hs_buffer page;
    hs_buffer_init(&page, 1u << 20);
    hs_config_manual(options, &page);
    ck_assert_int_eq(hs_buffer_status(&page), 0);
    char *copy = hs_slice_dup(hs_buffer_slice(&page));
    hs_buffer_free(&page);
    return copy;
}

START_TEST(test_a_row_says_all_of_an_option)
{
    static const char *const rows[] = {
        "\n## Settings: `the configuration`\n",
        "\n### Server: `server`\n",
        "\n| `listen` | address and port | `0.0.0.0:8080` | Where. |\n",
        "\n| `workers` | number, 1 to 64, or `auto` | `auto` | How many. |\n",
        "\n| `count` | number, at least 2 | `5` | A number. |\n",
        "\n| `size` | size, 1KiB to 1MiB | `64KiB` | How large. |\n",
        "\n| `unbounded_size` | size, at least 1B | `0` | How large at most. |\n",
        "\n| `time` | duration, at most 5m | `30s` | How long. |\n",
        "\n| `quick` | `true` or `false` | `true` | Whether. |\n",
        "\n| `mode` | one of `slow`, `steady`, `fast` | `steady` | How \\| which. |\n",
        "\n| `token` | secret text |  | A secret. |\n",
        "\n### A sink: `sinks.*`\n",
        "\n| `type` | one of `redis`, `kafka` | required | Which further options there are. |\n"
        "| `note` | text |  | A note. |\n",
        "\nWith `type: kafka`:\n",
        "\n| `brokers` | list of texts, or one | required | Where the brokers are. Example: "
        "`[kafka:9092]` |\n",
        "\n| `match` | text | `**` | What. |\n",
        "\n| `free` | as described |  | Anything. |\n",
    };
    char *page = print_manual(&test_table);
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_msg(strstr(page, rows[i]) != NULL, "%s is not in:\n%s", rows[i], page);
    free(page);
}
END_TEST

/* One heading for the page, before the first section. */
START_TEST(test_the_page_has_one_head)
{
    char *page = print_manual(&test_server_table);
    ck_assert_int_eq(strncmp(page, "# Configuration\n", 16), 0);
    ck_assert_ptr_null(strstr(page + 1, "\n# "));
    ck_assert_ptr_nonnull(strstr(page, "\n## Server: `server`\n"));
    free(page);
}
END_TEST

HS_TEST_MAIN("manual of options", test_a_row_says_all_of_an_option, test_the_page_has_one_head)
