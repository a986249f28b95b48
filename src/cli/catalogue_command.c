/* catalogue: shows event types and their fields, built in or from a file. */
#include "command.h"

#include <hookstream/catalogue.h>
#include <hookstream/disk.h>
#include <hookstream/doc.h>
#include <stdio.h>

#define SAMPLES_MAX (256u << 20) /* size limit of one file of samples */
#define OUTPUT_MAX (64u << 20)

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_catalogue = {
    .name = "catalogue",
    .summary = "Show event types and their fields.",
    .help = "list          the event types\n"
            "show TYPE     the fields of a type\n"
            "schema TYPE   a JSON Schema of the whole event\n"
            "diff FILE     how the catalogue FILE differs; exits with 1 if it does\n"
            "infer FILES   a first catalogue file from samples: JSON, or JSON Lines",
    .operands = "list | show TYPE | schema TYPE | diff FILE | infer FILES",
    .run = run,
};

/* One element per line. */
static void print_element(struct json_object *element, size_t index)
{
    struct hs_buffer json;
    hs_buffer_init(&json, OUTPUT_MAX);
    hs_buffer_append_text(&json, index == 0 ? "[" : ",\n ");
    hs_doc_print(element, &json);
    hs_command_print(&json, stdout);
    hs_buffer_free(&json);
}

static int list_json(const struct hs_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        struct json_object *type = hs_doc_object();
        hs_doc_put_text(type, "name", catalogue->types[i].name);
        hs_doc_put_text(type, "help", catalogue->types[i].help);
        print_element(type, i);
    }
    printf("%s]\n", catalogue->count == 0 ? "[" : "");
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
    hs_doc_print(hs_catalogue_schema(type), &json);
    hs_buffer_append_byte(&json, '\n');
    hs_command_print(&json, stdout);
    hs_buffer_free(&json);
    return HS_EXIT_GOOD;
}

/* ---- diff ---- */

struct difference {
    bool as_json;
    size_t count;
};

static void print_change(void *context, const struct hs_catalogue_change *change)
{
    static const char *const names[] = {"added", "gone", "changed"};
    struct difference *difference = context;
    difference->count++;
    if (!difference->as_json) {
        printf("%-7s  %s%s%s%s%s\n", names[change->kind], change->type,
               change->path != NULL ? " " : "", change->path != NULL ? change->path : "",
               change->words[0] != '\0' ? ": " : "", change->words);
        return;
    }
    struct json_object *document = hs_doc_object();
    hs_doc_put_text(document, "change", names[change->kind]);
    hs_doc_put_text(document, "type", change->type);
    if (change->path != NULL)
        hs_doc_put_text(document, "field", change->path);
    if (change->words[0] != '\0')
        hs_doc_put_text(document, "words", change->words);
    print_element(document, difference->count - 1);
}

static void print_errors(struct hs_config *config)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 16u << 20);
    hs_config_show_findings(config, &text);
    hs_command_print(&text, stderr);
    hs_buffer_free(&text);
}

static int diff(const struct hs_catalogue *before, const char *path, bool as_json)
{
    const struct hs_catalogue *now;
    struct hs_config *config = hs_catalogue_load(path, &now);
    struct difference difference = {as_json, 0};
    int code = HS_EXIT_USAGE;
    if (hs_config_findings(config)->errors > 0) {
        print_errors(config);
    } else {
        (void)hs_catalogue_diff(before, now, print_change,
                                &difference); /* the callback counts, too */
        if (as_json)
            printf("%s]\n", difference.count == 0 ? "[" : "");
        else if (difference.count == 0)
            printf("no difference\n");
        code = difference.count > 0 ? HS_EXIT_BAD : HS_EXIT_GOOD;
    }
    hs_config_free(config);
    return code;
}

/* ---- infer ---- */

static int add_file(struct hs_inference *inference, const char *path)
{
    struct hs_buffer text;
    hs_buffer_init(&text, SAMPLES_MAX);
    int code = hs_command_read(path, &text);
    if (code >= 0)
        code = hs_inference_add(inference, path, hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return code;
}

static int infer(const struct hs_command *command, int count, char **paths)
{
    if (count == 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "infer: name the files of samples");
    struct hs_inference *inference = hs_inference_create();
    int code = 0;
    for (int i = 0; code >= 0 && i < count; i++)
        code = add_file(inference, paths[i]);
    if (code >= 0) {
        struct hs_buffer yaml;
        hs_buffer_init(&yaml, OUTPUT_MAX);
        hs_inference_write(inference, &yaml);
        hs_command_print(&yaml, stdout);
        hs_buffer_free(&yaml);
    }
    hs_inference_free(inference);
    return code < 0 ? hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text()) : HS_EXIT_GOOD;
}

/* ---- The command ---- */

static int answer(const struct hs_command *command, const struct hs_catalogue *catalogue,
                  bool as_json, int argc, char **argv)
{
    const char *verb = argc > 0 ? argv[0] : "";
    if (strcmp(verb, "list") == 0 && argc == 1)
        return list(catalogue, as_json);
    if (strcmp(verb, "diff") == 0 && argc == 2)
        return diff(catalogue, argv[1], as_json);
    if (strcmp(verb, "infer") == 0)
        return infer(command, argc - 1, argv + 1);
    bool shows = strcmp(verb, "show") == 0;
    if (argc != 2 || (!shows && strcmp(verb, "schema") != 0))
        return hs_command_fail(
            command, HS_EXIT_USAGE, "%s%s%ssay what: %s", verb[0] != '\0' ? "`" : "", verb,
            verb[0] != '\0' ? "` is not it, or its names are missing: " : "", command->operands);
    const struct hs_event_type *type;
    if (hs_catalogue_find(catalogue, argv[1], &type) < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    return shows ? show(type) : schema(type);
}

static int answer_from_file(const struct hs_command *command, const char *path, bool as_json,
                            int argc, char **argv)
{
    const struct hs_catalogue *catalogue;
    struct hs_config *config = hs_catalogue_load(path, &catalogue);
    int code = HS_EXIT_BAD;
    if (hs_config_findings(config)->errors > 0) {
        print_errors(config);
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
        {"catalogue", 0, HS_ARG_TEXT, &path, "FILE",
         "This catalogue file (else the built-in "
         "one)."},
        {"json", 0, HS_ARG_FLAG, &as_json, NULL, "list, diff: as JSON."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (path != NULL)
        return answer_from_file(command, path, as_json, argc - first, argv + first);
    return answer(command, hs_catalogue_fanfare(), as_json, argc - first, argv + first);
}
