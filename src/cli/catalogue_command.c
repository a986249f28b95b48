/* catalogue: shows the event types and their fields, the built-in ones or those of a file. */
#include "command.h"

#include <hookstream/catalogue.h>
#include <hookstream/json.h>
#include <stdio.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_catalogue = {
    .name = "catalogue",
    .summary = "Show event types and their fields.",
    .help = "list          the event types\n"
            "show TYPE     the fields of a type\n"
            "schema TYPE   a JSON Schema of the whole event",
    .operands = "list | show TYPE | schema TYPE",
    .run = run,
};

static int list_json(const struct hs_catalogue *catalogue)
{
    struct hs_buffer json;
    hs_buffer_init(&json, 16u << 20);
    for (size_t i = 0; i < catalogue->count; i++) {
        hs_buffer_append_text(&json, i == 0 ? "[{\"name\":" : ",\n {\"name\":");
        hs_json_encode_string(hs_slice_text(catalogue->types[i].name), &json);
        hs_buffer_append_text(&json, ",\"help\":");
        hs_json_encode_string(hs_slice_text(catalogue->types[i].help), &json);
        hs_buffer_append_byte(&json, '}');
    }
    hs_buffer_append_text(&json, "]\n");
    hs_command_print(&json, stdout);
    hs_buffer_free(&json);
    return HS_EXIT_GOOD;
}

static int list(const struct hs_catalogue *catalogue, bool as_json)
{
    if (as_json)
        return list_json(catalogue);
    for (size_t i = 0; i < catalogue->count; i++)
        printf("%-26s %s\n", catalogue->types[i].name,
               catalogue->types[i].help != NULL ? catalogue->types[i].help : "");
    return HS_EXIT_GOOD;
}

static int show(const struct hs_event_type *type)
{
    printf("%s%s%s\n", type->name, type->help != NULL ? ": " : "",
           type->help != NULL ? type->help : "");
    for (size_t i = 0; i < type->field_count; i++) {
        const struct hs_catalogue_field *field = &type->fields[i];
        printf("  %-28s %-9s%s%s%s%s%s  %s\n", field->path, hs_field_type_name(field->type),
               field->optional ? " optional" : "", field->nullable ? " nullable" : "",
               field->personal ? " personal" : "", field->credential ? " credential" : "",
               field->deprecated ? " deprecated" : "", field->help != NULL ? field->help : "");
    }
    return HS_EXIT_GOOD;
}

static int schema(const struct hs_event_type *type)
{
    struct hs_buffer json;
    hs_buffer_init(&json, 16u << 20);
    hs_catalogue_schema(type, &json);
    hs_command_print(&json, stdout);
    hs_buffer_free(&json);
    return HS_EXIT_GOOD;
}

static int answer(const struct hs_command *command, const struct hs_catalogue *catalogue,
                  bool as_json, int argc, char **argv)
{
    const char *verb = argc > 0 ? argv[0] : "";
    if (strcmp(verb, "list") == 0 && argc == 1)
        return list(catalogue, as_json);
    bool shows = strcmp(verb, "show") == 0;
    if (argc != 2 || (!shows && strcmp(verb, "schema") != 0))
        return hs_command_fail(command, HS_EXIT_USAGE, "say what: %s", command->operands);
    const struct hs_event_type *type = hs_catalogue_type(catalogue, hs_slice_text(argv[1]));
    if (type == NULL)
        return hs_command_fail(command, HS_EXIT_BAD,
                               "there is no event type `%s`; hookstream catalogue list shows them",
                               argv[1]);
    return shows ? show(type) : schema(type);
}

static int answer_from_file(const struct hs_command *command, const char *path, bool as_json,
                            int argc, char **argv)
{
    const struct hs_catalogue *catalogue;
    struct hs_config *config = hs_catalogue_load(path, &catalogue);
    int code = HS_EXIT_BAD;
    if (hs_config_findings(config)->errors > 0) {
        struct hs_buffer text;
        hs_buffer_init(&text, 16u << 20);
        hs_config_print_findings(config, &text);
        hs_command_print(&text, stderr);
        hs_buffer_free(&text);
    } else {
        code = answer(command, catalogue, as_json, argc, argv);
    }
    hs_config_free(config);
    return code;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool as_json = false;
    const struct hs_arg args[] = {
        {"catalogue", 0, HS_ARG_TEXT, &path, "FILE", "This catalogue file; else the built-in."},
        {"json", 0, HS_ARG_FLAG, &as_json, NULL, "list: as JSON."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (path != NULL)
        return answer_from_file(command, path, as_json, argc - first, argv + first);
    return answer(command, hs_catalogue_fanfare(), as_json, argc - first, argv + first);
}
