/* check: says everything that is wrong with a configuration, without running it. */
#include "command.h"

#include <hookstream/app.h>
#include <stdio.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_check = {
    .name = "check",
    .summary = "Check a configuration without running it.",
    .help = "Prints every error and warning with its place, and exits with 1 when there is an\n"
            "error. Connects to nothing. Looks into the journal, if there is one, for sinks that\n"
            "are new to it or have another name now.",
    .operands = "",
    .run = run,
};

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool strict = false;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration (else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml)."},
        {"strict", 0, HS_ARG_FLAG, &strict, NULL, "Warnings count as errors."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(path), &settings);
    hs_settings_advise(config, &settings, false);
    hs_settings_check_cursors(config, &settings);
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
