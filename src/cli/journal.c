/* journal: looks into the journal's folder, also beside a running process. */
#include "command.h"

#include <hookstream/app.h>
#include <hookstream/clock.h>
#include <inttypes.h>
#include <stdio.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_journal = {
    .name = "journal",
    .summary = "Look into the journal (journal stat).",
    .help = "stat   what the journal holds and how far each sink's cursor is; also while\n"
            "       hookstream runs",
    .operands = "stat",
    .run = run,
};

static void print_time(const char *label, uint64_t wall_ns)
{
    char text[32];
    hs_clock_format(wall_ns, text);
    printf("%-10s %s\n", label, wall_ns ? text : "-");
}

static int print_stat(const struct hs_command *command, const char *path)
{
    struct hs_journal_summary summary;
    if (hs_journal_summarize(hs_disk_system(), path, &summary) < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    printf("%-10s %s\n%-10s %s\n%-10s %u\n", "path", path, "identity", summary.identity, "format",
           summary.format);
    printf("%-10s %" PRIu64 "\n%-10s %" PRIu64 " bytes\n", "segments", summary.segments, "size",
           summary.bytes);
    if (summary.first <= summary.last)
        printf("%-10s %" PRIu64 " (%" PRIu64 " to %" PRIu64 ")\n", "events", summary.events,
               summary.first, summary.last);
    else
        printf("%-10s 0\n", "events");
    print_time("oldest", summary.oldest_wall_ns);
    print_time("newest", summary.newest_wall_ns);
    for (size_t i = 0; i < summary.cursor_count; i++) {
        uint64_t position = summary.cursors[i].position;
        uint64_t lag = summary.last > position ? summary.last - position : 0;
        printf("%-10s %-20s at %" PRIu64 ", %" PRIu64 " to go\n", "cursor", summary.cursors[i].name,
               position, lag);
    }
    hs_journal_summary_free(&summary);
    return HS_EXIT_GOOD;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *config_path = NULL, *path = NULL;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &config_path, "FILE",
         "Configuration that names the journal (else $HOOKSTREAM_CONFIG, ...)."},
        {"path", 0, HS_ARG_TEXT, &path, "DIR", "The journal's folder, without a configuration."},
    };
    /* The subcommand may come before the options or after them. */
    bool leading = argc > 0 && strcmp(argv[0], "stat") == 0;
    int skip = leading ? 1 : 0, first;
    int code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc - skip, argv + skip, &first);
    if (code != 0)
        return code - 1;
    first += skip;
    if (!leading && (first >= argc || strcmp(argv[first++], "stat") != 0))
        return hs_command_fail(command, HS_EXIT_USAGE, "say what: journal stat; see --help");
    if (first < argc)
        return hs_command_fail(command, HS_EXIT_USAGE, "`%s` is too much", argv[first]);
    if (path != NULL)
        return print_stat(command, path);
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(config_path), &settings);
    if (hs_config_findings(config)->errors > 0)
        code = hs_command_fail(command, HS_EXIT_BAD, "%s has errors: see hookstream check",
                               hs_config_path(config_path));
    else if (settings.journal.store == HS_STORE_MEMORY)
        code = hs_command_fail(command, HS_EXIT_BAD,
                               "this configuration keeps its journal in "
                               "memory");
    else
        code = print_stat(command, settings.journal.path);
    hs_config_free(config);
    return code;
}
