/* journal stat: shows what the journal holds, and the position of each cursor. */
#include "journal.h"

#include <hookstream/clock.h>
#include <hookstream/journal_inspect.h>
#include <inttypes.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_journal_stat = {
    .name = "journal stat",
    .summary = "Show what the journal holds.",
    .help = "Shows what the journal holds and the position of each sink's cursor; also works "
            "while\n"
            "hookstream runs. oldest and newest are times of receipt; replayed or retried "
            "events\n"
            "keep the time at which they were first received.",
    .operands = "",
    .run = run,
};

static void print_time(const char *label, uint64_t wall_ns)
{
    char text[32];
    hs_clock_format(wall_ns, text);
    printf("%-10s %s\n", label, wall_ns ? text : "-");
}

static void print_summary(const char *path, const struct hs_journal_summary *summary)
{
    printf("%-10s %s\n%-10s %s\n%-10s %u\n", "path", path, "identity", summary->identity, "format",
           summary->format);
    printf("%-10s %" PRIu64 "\n%-10s %" PRIu64 " bytes\n", "segments", summary->segments, "size",
           summary->bytes);
    if (summary->first <= summary->last)
        printf("%-10s %" PRIu64 " (%" PRIu64 " to %" PRIu64 ")\n", "events", summary->events,
               summary->first, summary->last);
    else
        printf("%-10s 0\n", "events");
    print_time("oldest", summary->oldest_wall_ns);
    print_time("newest", summary->newest_wall_ns);
    for (size_t i = 0; i < summary->cursor_count; i++) {
        uint64_t position = summary->cursors[i].position;
        uint64_t lag = summary->last > position ? summary->last - position : 0;
        printf("%-10s %-20s at %" PRIu64 ", %" PRIu64 " to go\n", "cursor",
               summary->cursors[i].name, position, lag);
    }
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *config_path = NULL, *chosen = NULL;
    const struct hs_arg args[] = {HS_JOURNAL_ARGS(&config_path, &chosen)};
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    HS_AUTO_FREE char *path = NULL;
    code = hs_journal_command_path(command, config_path, chosen, &path);
    if (code != 0)
        return code;
    struct hs_journal_summary summary;
    if (hs_journal_summarize(hs_disk_system(), path, &summary) < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    print_summary(path, &summary);
    hs_journal_summary_free(&summary);
    return HS_EXIT_GOOD;
}
