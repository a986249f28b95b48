/* manual: prints the reference pages generated from the program's own tables, for
 * docs/configuration.md, docs/metrics.md, docs/events.md, docs/findings.md and docs/limits.md. */
#include "command.h"

#include <hookstream/app.h>
#include <hookstream/catalogue.h>
#include <hookstream/config.h>
#include <hookstream/limits.h>
#include <hookstream/doc.h>
#include <stdio.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_manual = {
    .name = "manual",
    .summary = "Print a reference page, or the schema of the configuration.",
    .help = "configuration   every option with its type, range and default\n"
            "metrics         every metric with its labels and meaning\n"
            "events          every event type with its fields\n"
            "findings        every code of a finding, its meaning and what to do\n"
            "limits          every fixed bound and what happens beyond it\n"
            "schema          a JSON Schema of the configuration, for editors",
    .operands = "configuration | metrics | events | findings | limits | schema",
    .run = run,
};

static void configuration_page(struct hs_buffer *page)
{
    hs_config_manual(&hs_settings_table, page);
    hs_route_manual(page);
    hs_transform_manual(page);
}

static void schema_page(struct hs_buffer *json)
{
    struct json_object *schema = hs_doc_object(), *all = hs_doc_array();
    struct json_object *definitions = hs_doc_object();
    hs_doc_add(all, hs_config_schema(&hs_settings_table));
    hs_transform_schema(definitions);
    hs_source_schema(definitions);
    hs_route_schema(definitions);
    hs_doc_put_text(schema, "$schema", "http://json-schema.org/draft-07/schema#");
    hs_doc_put_text(schema, "title", "hookstream");
    hs_doc_put(schema, "allOf", all);
    hs_doc_put(schema, "definitions", definitions);
    hs_doc_print_indented(schema, json);
    hs_buffer_append_byte(json, '\n');
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    int first, code = hs_args_read(command, NULL, 0, argc, argv, &first);
    if (code != 0)
        return code - 1;
    const char *name = first < argc ? argv[first] : "";
    struct hs_buffer page;
    hs_buffer_init(&page, 16u << 20);
    if (strcmp(name, "configuration") == 0)
        configuration_page(&page);
    else if (strcmp(name, "metrics") == 0)
        hs_metrics_manual(&page);
    else if (strcmp(name, "events") == 0)
        hs_catalogue_manual(&page);
    else if (strcmp(name, "findings") == 0)
        hs_findings_manual(&page);
    else if (strcmp(name, "limits") == 0)
        hs_limits_manual(&page);
    else if (strcmp(name, "schema") == 0)
        schema_page(&page);
    else
        return hs_command_fail(command, HS_EXIT_USAGE, "say which page: %s", command->operands);
    hs_command_print(&page, stdout);
    hs_buffer_free(&page);
    return HS_EXIT_GOOD;
}
