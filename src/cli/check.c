/* check: says everything that is wrong with a configuration, without running it. */
#include "command.h"

#include <hookstream/app.h>
#include <stdio.h>

#define REPORT_MAX (1u << 20)
#define TIMEOUT_MOST_S 300u

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_check = {
    .name = "check",
    .summary = "Check a configuration without running it.",
    .help = "Prints every error and warning with its place, and exits with 1 when there is an\n"
            "error. Looks into the journal, if there is one, for sinks that are new to it or have\n"
            "another name now. Connects to nothing, unless --online: then it asks every sink's\n"
            "server whether topics, streams, settings and rights are as they must be, and the\n"
            "disks whether they can be written. Nothing is changed there.",
    .operands = "",
    .run = run,
};

/* Asks the servers; prints what was good, so that silence means nothing was asked. */
static void check_online(struct hs_config *config, const struct hs_settings *settings,
                         uint64_t timeout_s)
{
    struct hs_buffer report;
    hs_buffer_init(&report, REPORT_MAX);
    hs_settings_check_online(config, settings, (unsigned)timeout_s * 1000, &report);
    hs_command_print(&report, stdout);
    hs_buffer_free(&report);
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool strict = false, online = false;
    uint64_t timeout_s = 5;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration (else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml)."},
        {"strict", 0, HS_ARG_FLAG, &strict, NULL, "Warnings count as errors."},
        {"online", 0, HS_ARG_FLAG, &online, NULL, "Connects to the sinks and asks them, too."},
        {"timeout", 0, HS_ARG_COUNT, &timeout_s, "SECONDS", "For each question (5)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (timeout_s == 0 || timeout_s > TIMEOUT_MOST_S)
        return hs_command_fail(command, HS_EXIT_USAGE, "--timeout is 1 to %u seconds",
                               TIMEOUT_MOST_S);
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(path), &settings);
    hs_settings_advise(config, &settings, false);
    hs_settings_check_cursors(config, &settings);
    if (online)
        check_online(config, &settings, timeout_s);
    const struct hs_findings *findings = hs_config_findings(config);
    struct hs_buffer text;
    hs_buffer_init(&text, 16u << 20);
    hs_config_print_findings(config, &text);
    hs_command_print(&text, stdout);
    hs_buffer_free(&text);
    bool bad = findings->errors > 0 || (strict && findings->count > 0);
    size_t warnings = findings->count - findings->errors;
    printf("%s: %s, %zu error%s, %zu warning%s\n", hs_config_path(path), bad ? "not good" : "good",
           findings->errors, findings->errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    hs_config_free(config);
    return bad ? HS_EXIT_BAD : HS_EXIT_GOOD;
}
