/* Manual: the tables of options as a page of Markdown. */
#include "internal.h"

static const char *kind_words(const struct hs_option *option)
{
    switch (option->kind) {
    case HS_OPTION_STRING:
        return "text";
    case HS_OPTION_SECRET:
        return "secret text";
    case HS_OPTION_BOOL:
        return "true or false";
    case HS_OPTION_COUNT:
        return option->auto_ok ? "number, or `auto`" : "number";
    case HS_OPTION_SIZE:
        return "size";
    case HS_OPTION_DURATION:
        return "duration";
    case HS_OPTION_CHOICE:
        return "one of";
    case HS_OPTION_ADDRESS:
        return "address and port";
    case HS_OPTION_STRINGS:
        return "list of texts";
    case HS_OPTION_SECRETS:
        return "list of secret texts";
    case HS_OPTION_PAIRS:
        return "mapping of names to texts";
    case HS_OPTION_TABLE:
        return "mapping, see below";
    case HS_OPTION_MAP:
        return "mapping of names, see below";
    case HS_OPTION_LIST:
        return "list, see below";
    case HS_OPTION_NODE:
        return "see its help";
    }
    return "";
}

static void put_row(const struct hs_option *option, struct hs_buffer *page)
{
    hs_buffer_printf(page, "| `%s` | %s", option->name, kind_words(option));
    for (size_t i = 0; option->kind == HS_OPTION_CHOICE && option->choices[i] != NULL; i++)
        hs_buffer_printf(page, "%s `%s`", i > 0 ? "," : "", option->choices[i]);
    hs_buffer_append_text(page, " | ");
    if (option->required)
        hs_buffer_append_text(page, "required");
    else if (option->fallback != NULL)
        hs_buffer_printf(page, "`%s`", option->fallback);
    hs_buffer_printf(page, " | %s", option->help);
    if (option->example != NULL)
        hs_buffer_printf(page, " Example: `%s`", option->example);
    hs_buffer_append_text(page, " |\n");
}

static void put_options(const struct hs_options *options, struct hs_buffer *page)
{
    if (options->option_count == 0)
        return;
    hs_buffer_append_text(page, "\n| option | takes | default | what it does |\n"
                                "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < options->option_count; i++)
        put_row(&options->options[i], page);
}

static void put_page(const struct hs_options *options, unsigned level, struct hs_buffer *page)
{
    hs_buffer_printf(page, "\n%.*s %s: `%s`\n", (int)(level > 6 ? 6 : level), "######",
                     options->title, options->name);
    put_options(options, page);
    for (size_t i = 0; options->tag != NULL && options->kinds[i] != NULL; i++) {
        hs_buffer_printf(page, "\nWith `%s: %s`:\n", options->tag, options->kinds[i]->name);
        put_options(options->kinds[i], page);
    }
    for (size_t i = 0; i < options->option_count; i++)
        if (options->options[i].child != NULL)
            put_page(options->options[i].child, level + 1, page);
}

void hs_config_manual(const struct hs_options *options, struct hs_buffer *ret_page)
{
    hs_buffer_append_text(ret_page,
                          "# Configuration\n\nMade of the program's own tables by `hookstream "
                          "manual configuration`.\n\nSizes are written `64KiB`, `1MiB`, `10GiB`; "
                          "durations `250ms`, `300s`, `5m`, `24h`. `${NAME}`, `${NAME:-text}` and "
                          "`${file:/path}` are put in when the file is read; `$${` stands for a "
                          "plain `${`.\n");
    put_page(options, 2, ret_page);
}
