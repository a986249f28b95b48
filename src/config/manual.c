/* Manual: the tables of options as a Markdown page, one row per option. */
#include "internal.h"

#define LEVEL_MAX 6u /* of a Markdown heading */

/* Text for a table cell, where a bar would end the cell. */
static void put_cell(struct hs_buffer *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            hs_buffer_append_byte(page, '\\');
        hs_buffer_append_byte(page, *text);
    }
}

static const char *kind_words(const struct hs_option *option)
{
    switch (option->kind) {
    case HS_OPTION_STRING:
        return "text";
    case HS_OPTION_SECRET:
        return "secret text";
    case HS_OPTION_BOOL:
        return "`true` or `false`";
    case HS_OPTION_COUNT:
        return "number";
    case HS_OPTION_SIZE:
        return "size";
    case HS_OPTION_DURATION:
        return "duration";
    case HS_OPTION_CHOICE:
        return "one of";
    case HS_OPTION_ADDRESS:
        return "address and port";
    case HS_OPTION_STRINGS:
        return "list of texts, or one";
    case HS_OPTION_SECRETS:
        return "list of secret texts, or one";
    case HS_OPTION_PAIRS:
        return "mapping of names to texts";
    case HS_OPTION_TABLE:
        return "mapping, see below";
    case HS_OPTION_MAP:
        return "mapping of names, see below";
    case HS_OPTION_LIST:
        return "list, see below";
    case HS_OPTION_NODE:
        return "as described";
    }
    return "";
}

/* Appends ", 1s to 5m". */
static void put_range(const struct hs_option *option, struct hs_buffer *page)
{
    char least[32], most[32];
    hs_value_print(option->kind, option->least, least);
    hs_value_print(option->kind, option->most, most);
    bool number = option->kind == HS_OPTION_COUNT || option->kind == HS_OPTION_SIZE ||
                  option->kind == HS_OPTION_DURATION;
    if (number && option->least > 0 && option->most > 0)
        hs_buffer_printf(page, ", %s to %s", least, most);
    else if (number && option->most > 0)
        hs_buffer_printf(page, ", at most %s", most);
    else if (number && option->least > 0)
        hs_buffer_printf(page, ", at least %s", least);
    if (number && option->auto_ok)
        hs_buffer_append_text(page, ", or `auto`");
}

static void put_row(const struct hs_option *option, struct hs_buffer *page)
{
    hs_buffer_printf(page, "| `%s` | %s", option->name, kind_words(option));
    for (size_t i = 0; option->kind == HS_OPTION_CHOICE && option->choices[i] != NULL; i++)
        hs_buffer_printf(page, "%s `%s`", i > 0 ? "," : "", option->choices[i]);
    put_range(option, page);
    hs_buffer_append_text(page, " | ");
    if (option->required) {
        hs_buffer_append_text(page, "required");
    } else if (option->fallback != NULL) {
        hs_buffer_append_byte(page, '`');
        put_cell(page, option->fallback);
        hs_buffer_append_byte(page, '`');
    }
    hs_buffer_append_text(page, " | ");
    put_cell(page, option->help);
    if (option->example != NULL) {
        hs_buffer_append_text(page, " Example: `");
        put_cell(page, option->example);
        hs_buffer_append_byte(page, '`');
    }
    hs_buffer_append_text(page, " |\n");
}

/* The tag of a variant is an ordinary option, but its choices are tables. */
static void put_tag(const struct hs_options *options, struct hs_buffer *page)
{
    hs_buffer_printf(page, "| `%s` | one of", options->tag);
    for (size_t i = 0; options->kinds[i] != NULL; i++)
        hs_buffer_printf(page, "%s `%s`", i > 0 ? "," : "", options->kinds[i]->name);
    hs_buffer_append_text(page, " | required | Which further options there are. |\n");
}

static void put_options(const struct hs_options *options, struct hs_buffer *page)
{
    if (options->option_count == 0 && options->tag == NULL)
        return;
    hs_buffer_append_text(page, "\n| option | takes | default | what it does |\n"
                                "| --- | --- | --- | --- |\n");
    if (options->tag != NULL)
        put_tag(options, page);
    for (size_t i = 0; i < options->option_count; i++)
        put_row(&options->options[i], page);
}

static void put_section(const struct hs_options *options, unsigned level, struct hs_buffer *page);

static void put_children(const struct hs_options *options, unsigned level, struct hs_buffer *page)
{
    for (size_t i = 0; i < options->option_count; i++)
        if (options->options[i].child != NULL)
            put_section(options->options[i].child, level, page);
}

/* Tables are constants that name their children, so there are no cycles. */
static void put_section(const struct hs_options *options, unsigned level, struct hs_buffer *page)
{
    hs_buffer_printf(page, "\n%.*s %s: `%s`\n", (int)(level > LEVEL_MAX ? LEVEL_MAX : level),
                     "######", options->title, options->name);
    put_options(options, page);
    for (size_t i = 0; options->tag != NULL && options->kinds[i] != NULL; i++) {
        hs_buffer_printf(page, "\nWith `%s: %s`:\n", options->tag, options->kinds[i]->name);
        put_options(options->kinds[i], page);
        put_children(options->kinds[i], level + 1, page);
    }
    put_children(options, level + 1, page);
}

void hs_config_manual_rows(const struct hs_options *options, struct hs_buffer *ret_page)
{
    put_options(options, ret_page);
}

void hs_config_manual(const struct hs_options *options, struct hs_buffer *ret_page)
{
    hs_buffer_append_text(
        ret_page,
        "# Configuration\n"
        "\n"
        "Generated from the program's own tables by `hookstream manual configuration`.\n"
        "\n"
        "YAML, in one document. Sizes are written `64KiB`, `1MiB`, `10GiB` (or `500KB`, in "
        "thousands), durations `250ms`, `300s`, `5m`, `24h`, `7d`. The file is read once, at the "
        "start: changes need a restart (SIGHUP is ignored). Variables are expanded when it is "
        "read: `${NAME}` becomes the environment variable of that name, `${NAME:-text}` the same "
        "or else the text, `${file:/path}` the contents of the file without its final newline; "
        "`$${` is a literal `${`. An unset `${NAME}` is an error that `check` reports with its "
        "position. Inside `[ ]` and `{ }` such a text must be quoted. An option that is omitted, "
        "empty or `null` has its default. Anchors, aliases and `<<` work; duplicate keys are "
        "errors. `hookstream check` reports everything that is wrong with a file at once.\n");
    put_section(options, 2, ret_page);
}
