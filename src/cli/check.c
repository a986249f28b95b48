/* check: reports everything that is wrong with a configuration, without running it. */
#include "command.h"

#include <hookstream/app.h>
#include <hookstream/doc.h>
#include <hookstream/shown.h>
#include <stdio.h>

#define REPORT_MAX (1u << 20)
#define TEXT_MAX (16u << 20)
#define TIMEOUT_MOST_S 300u

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_check = {
    .name = "check",
    .summary = "Check a configuration without running it.",
    .help = "Prints every error and warning with its code and position, and exits with 1 if there\n"
            "is an error. Also checks an existing journal for sinks that are new to it or were\n"
            "renamed. Connects to nothing, unless --online is given: then it checks that topics,\n"
            "streams, settings and permissions on every sink's server are as required, and that\n"
            "the disks can be written. It changes nothing there.\n"
            "\n"
            "  hookstream check -c hookstream.yaml --strict\n"
            "  hookstream check --explain HS030",
    .operands = "",
    .run = run,
};

/* The options and results of a check. */
struct check {
    const char *path;
    bool strict, online, json;
    uint64_t timeout_s;
    bool unadvised; /* an error prevented the check against the catalogue */
    struct hs_config *config;
    struct hs_buffer report; /* of --online: one line per success */
};

/* ---- --explain ---- */

static int explain(const struct hs_command *command, const char *word)
{
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    const struct hs_finding_page *page = hs_finding_find(hs_slice_text(word));
    int code = HS_EXIT_GOOD;
    if (strcmp(word, "all") == 0) {
        hs_finding_list(&text);
    } else if (page != NULL) {
        hs_finding_explain(page, &text);
    } else {
        code = hs_command_fail(command, HS_EXIT_USAGE,
                               "there is no code `%s`; `hookstream check --explain all` lists them",
                               word);
    }
    hs_command_print(&text, stdout);
    hs_buffer_free(&text);
    return code;
}

/* ---- Printing ---- */

static bool is_bad(const struct check *check)
{
    const struct hs_findings *findings = hs_config_findings(check->config);
    return findings->errors > 0 || (check->strict && findings->count > findings->notes);
}

static void write_text(const struct check *check, struct hs_buffer *ret_text)
{
    const struct hs_findings *findings = hs_config_findings(check->config);
    size_t warnings = findings->count - findings->errors - findings->notes;
    hs_buffer_append_slice(ret_text, hs_buffer_slice(&check->report));
    hs_config_show_findings(check->config, ret_text);
    if (hs_config_root(check->config) == NULL && findings->items[0].line > 0)
        hs_buffer_append_text(ret_text, "Nothing else was checked, because this is not readable "
                                        "YAML: fix it and check again.\n");
    else if (hs_config_root(check->config) != NULL && check->unadvised)
        hs_buffer_append_text(ret_text, "The fields were not checked against the sender's "
                                        "events: fix these errors and check again.\n");
    hs_shown_append(ret_text, hs_slice_text(check->path), false);
    hs_buffer_printf(ret_text, ": %s, %zu error%s, %zu warning%s\n",
                     is_bad(check) ? "not good" : "good", findings->errors,
                     findings->errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static struct json_object *finding_document(const struct hs_finding *finding)
{
    struct json_object *document = hs_doc_object();
    char code[16];
    snprintf(code, sizeof(code), "HS%03u", (unsigned)finding->code);
    hs_doc_put_text(document, "code", code);
    hs_doc_put_text(document, "severity", hs_severity_name(finding->severity));
    hs_doc_put_text(document, "file", finding->file);
    if (finding->line > 0) {
        hs_doc_put_u64(document, "line", finding->line);
        hs_doc_put_u64(document, "column", finding->column);
    }
    hs_doc_put_text(document, "message", finding->message);
    return document;
}

/* The report's lines as texts. */
static struct json_object *report_document(struct hs_slice report)
{
    struct json_object *lines = hs_doc_array();
    for (const char *end; report.size > 0 && (end = memchr(report.data, '\n', report.size));) {
        size_t size = (size_t)(end - report.data);
        hs_doc_add(lines, hs_doc_text(hs_slice(report.data, size)));
        report = hs_slice(report.data + size + 1, report.size - size - 1);
    }
    return lines;
}

static void write_json(const struct check *check, struct hs_buffer *ret_text)
{
    const struct hs_findings *findings = hs_config_findings(check->config);
    struct json_object *document = hs_doc_object(), *list = hs_doc_array();
    for (size_t i = 0; i < findings->count; i++)
        hs_doc_add(list, finding_document(&findings->items[i]));
    hs_doc_put_text(document, "file", check->path);
    hs_doc_put_bool(document, "good", !is_bad(check));
    hs_doc_put_u64(document, "errors", findings->errors);
    hs_doc_put_u64(document, "warnings", findings->count - findings->errors - findings->notes);
    hs_doc_put_u64(document, "notes", findings->notes);
    hs_doc_put(document, "findings", list);
    if (check->online)
        hs_doc_put(document, "asked", report_document(hs_buffer_slice(&check->report)));
    hs_doc_print(document, ret_text);
    hs_buffer_append_byte(ret_text, '\n');
}

/* ---- The command ---- */

static int check_file(struct check *check)
{
    struct hs_settings settings;
    check->config = hs_settings_load(check->path, &settings);
    hs_buffer_init(&check->report, REPORT_MAX);
    check->unadvised = !hs_settings_advise(check->config, &settings, false);
    hs_settings_check_cursors(check->config, &settings);
    hs_settings_check_clients(check->config, &settings);
    hs_settings_check_file_limit(check->config, &settings);
    if (check->online)
        hs_settings_check_online(check->config, &settings, (unsigned)check->timeout_s * 1000,
                                 &check->report);
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    if (check->json)
        write_json(check, &text);
    else
        write_text(check, &text);
    if (check->json)
        hs_command_print_json(&text, stdout);
    else
        hs_command_print(&text, stdout); /* its output is harmless (show.c) */
    int code = is_bad(check) ? HS_EXIT_BAD : HS_EXIT_GOOD;
    hs_buffer_free(&text);
    hs_buffer_free(&check->report);
    hs_config_free(check->config);
    return code;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL, *word = NULL;
    struct check check = {.timeout_s = 5};
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration (else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml)."},
        {"strict", 0, HS_ARG_FLAG, &check.strict, NULL, "Treat warnings as errors."},
        {"json", 0, HS_ARG_FLAG, &check.json, NULL, "One JSON object."},
        {"explain", 0, HS_ARG_TEXT, &word, "CODE", "Explain a code; all: list them."},
        {"online", 0, HS_ARG_FLAG, &check.online, NULL,
         "Connect to the sinks and check them, too."},
        {"timeout", 0, HS_ARG_COUNT, &check.timeout_s, "SECONDS", "For each query (5)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (check.timeout_s == 0 || check.timeout_s > TIMEOUT_MOST_S)
        return hs_command_fail(command, HS_EXIT_USAGE, "--timeout is 1 to %u seconds",
                               TIMEOUT_MOST_S);
    if (word != NULL)
        return explain(command, word);
    check.path = hs_config_path(path);
    return check_file(&check);
}
