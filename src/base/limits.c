/* Limits: prints the table of fixed bounds, for docs/limits.md. */
#include <hookstream/limits.h>

#include <hookstream/buffer.h>

#include <string.h>

static const struct row {
    const char *name;
    unsigned value;
    const char *of, *at, *shown, *test;
} rows[] = {
#define HS_LIMIT(name, value, of, at, shown, test) {#name, value, of, at, shown, test},
#include <hookstream/limits.def>
#undef HS_LIMIT
};

static void put_value(unsigned value, struct hs_buffer *page)
{
    if (value >= 1u << 20 && value % (1u << 20) == 0)
        hs_buffer_printf(page, "%u Mi", value >> 20);
    else if (value >= 1u << 10 && value % (1u << 10) == 0)
        hs_buffer_printf(page, "%u Ki", value >> 10);
    else
        hs_buffer_printf(page, "%u", value);
}

void hs_limits_manual(struct hs_buffer *ret_page)
{
    hs_buffer_append_text(ret_page,
                          "# Limits\n"
                          "\n"
                          "Generated from the program's own table by `hookstream manual limits`.\n"
                          "\n"
                          "These bounds are fixed. Bounds that can be set are options "
                          "([configuration.md](configuration.md)). Metrics are named without "
                          "`hookstream_`; a test in `tests/` meets the bound.\n"
                          "\n"
                          "| at most | what | beyond it | shown by | name | test |\n"
                          "| ---: | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        const struct row *row = &rows[i];
        bool tested = strcmp(row->test, "-") != 0;
        hs_buffer_append_text(ret_page, "| ");
        put_value(row->value, ret_page);
        hs_buffer_printf(ret_page, " | %s | %s | %s | `%s` | %s%s%s |\n", row->of, row->at,
                         row->shown, row->name, tested ? "`" : "", row->test, tested ? "`" : "");
    }
}
