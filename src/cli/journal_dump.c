/* journal dump: prints the events of a journal as JSON Lines to stdout, and errors to stderr. */
#include "event_line.h"
#include "journal.h"

#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/config.h>
#include <hookstream/dead_letters.h>
#include <hookstream/journal_inspect.h>
#include <hookstream/route.h>
#include <inttypes.h>
#include <signal.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_journal_dump = {
    .name = "journal dump",
    .summary = "Print the events of the journal.",
    .help = "Prints one JSON object per line: sequence, received, source, id, type, flaw, "
            "headers\n"
            "and body. Events are as they were received; delivered ones stay until they are\n"
            "removed. Also works while hookstream runs; ends at the newest event.\n"
            "--body json (the default): a JSON body is printed verbatim (without line breaks\n"
            "between its values), any other as body_base64; raw: always body_base64, which\n"
            "preserves every byte; none.\n"
            "An event without an id gets one computed from the signed bytes: sha256:...\n"
            "Damaged records are skipped and reported on stderr, as are records that hookstream\n"
            "removes meanwhile behind the printed ones. Exit status: 0 good, 1 damage was "
            "found,\n"
            "2 wrong usage or unreadable.",
    .operands = "",
    .run = run,
};

#define LINE_MAX_SIZE (UINT64_C(512) << 20) /* a record of 64 MiB, escaped */
#define ENDED 1                             /* of the walk, without an error */

struct dump {
    const struct hs_command *command;
    uint64_t since_ns, until_ns, limit, printed;
    const char *source, *id;
    struct hs_type_filter *types; /* NULL: all types */
    struct hs_letter_index *kept; /* of letters; NULL: all records */
    enum hs_event_line_body body;
    struct hs_buffer line;
    bool damaged;
};

static bool is_text(struct hs_slice text, const char *wanted)
{
    return wanted == NULL || hs_slice_equal(text, hs_slice_text(wanted));
}

static bool is_wanted(const struct dump *dump, const struct hs_event *event)
{
    return event->received_wall_ns >= dump->since_ns && event->received_wall_ns <= dump->until_ns &&
           is_text(event->source, dump->source) && is_text(event->id, dump->id) &&
           (dump->types == NULL || hs_type_filter_takes(dump->types, event->type)) &&
           (dump->kept == NULL || hs_letter_index_has(dump->kept, event));
}

static int on_event(void *context, const struct hs_event *event)
{
    struct dump *dump = context;
    if (!is_wanted(dump, event))
        return 0;
    hs_buffer_clear(&dump->line);
    hs_event_line(event, dump->body, &dump->line);
    hs_command_print_json(&dump->line, stdout);
    if (ferror(stdout))
        /* The reader has closed the pipe. */
        return errno == EPIPE ? ENDED : hs_fail_errno(errno, "cannot write to stdout");
    return ++dump->printed == dump->limit ? ENDED : 0;
}

static void tell_removed(const struct dump *dump, const struct hs_journal_finding *finding)
{
    if (finding->first <= finding->last)
        (void)hs_command_fail(dump->command, 0,
                              "%s: %s: sequences %" PRIu64 " to %" PRIu64 " are not printed",
                              finding->file, finding->what, finding->first, finding->last);
    else
        (void)hs_command_fail(dump->command, 0,
                              "%s: %s: sequences from %" PRIu64 " on are not printed",
                              finding->file, finding->what, finding->first);
}

static void on_finding(void *context, const struct hs_journal_finding *finding)
{
    struct dump *dump = context;
    if (finding->removed)
        tell_removed(dump, finding);
    if (!finding->damage)
        return;
    dump->damaged = true;
    (void)hs_command_fail(dump->command, 0, "%s, offset %" PRIu64 ": %s; see journal verify",
                          finding->file, finding->offset, finding->what);
}

/* As for a replay: the position after the newest event is valid for continuing. */
static int check_from(const struct dump *dump, uint64_t from,
                      const struct hs_journal_totals *totals)
{
    /* If no segment was read, `from` may be older than everything kept. */
    if (dump->damaged || totals->segments == 0 || from <= hs_add_sat(totals->end, 1))
        return 0;
    return hs_fail(-EINVAL,
                   "there is no event from sequence %" PRIu64 " on: the newest one is %" PRIu64,
                   from, totals->end);
}

static int print_events(struct dump *dump, const char *path, uint64_t from, uint64_t last)
{
    const struct hs_journal_walk walk = {
        .from = from,
        .to = last,
        .received_from_ns = dump->since_ns,
        .context = dump,
        .event = on_event,
        .finding = on_finding,
    };
    struct hs_journal_totals totals = {.segments = 0};
    signal(SIGPIPE, SIG_IGN); /* NOLINT: a failing write reports the error */
    hs_buffer_init(&dump->line, LINE_MAX_SIZE);
    int code = dump->limit == 0 ? 0 : hs_journal_walk(hs_disk_system(), path, &walk, &totals);
    hs_buffer_free(&dump->line);
    if (code == 0)
        code = check_from(dump, from, &totals);
    if (code >= 0 && fflush(stdout) != 0 && errno != EPIPE)
        code = hs_fail_errno(errno, "cannot write to stdout");
    clearerr(stdout); /* any other failure is in `code` */
    if (code < 0)
        return hs_command_fail(dump->command, HS_EXIT_USAGE, "%s", hs_error_text());
    return dump->damaged ? HS_EXIT_BAD : HS_EXIT_GOOD;
}

/* The command line's options, before they are interpreted. */
struct wishes {
    const char *config_path, *path, *since, *until, *match, *body;
    uint64_t from, last, to;
    bool letters, all_records;
};

static int check_since(uint64_t since_ns, uint64_t now)
{
    char since[32];
    if (since_ns <= now)
        return 0;
    hs_clock_format(since_ns, since);
    return hs_fail(-EINVAL, "since (%s) is in the future", since);
}

static int read_time(const char *text, const char *option, uint64_t now, uint64_t *ret_wall_ns)
{
    if (text == NULL || hs_value_time(hs_slice_text(text), now, ret_wall_ns) == 0)
        return 0;
    return hs_fail_in(-EINVAL, option);
}

static int understand(struct dump *dump, struct wishes *wishes)
{
    static const char *const bodies[] = {"json", "raw", "none"};
    uint64_t now = hs_clock_wall_ns();
    size_t body = 0;
    while (body < HS_ARRAY_SIZE(bodies) && strcmp(wishes->body, bodies[body]) != 0)
        body++;
    if (body == HS_ARRAY_SIZE(bodies))
        return hs_fail(-EINVAL, "--body is json, raw or none, not `%s`", wishes->body);
    if (wishes->all_records && !wishes->letters)
        return hs_fail(-EINVAL, "--all-records is for --dead-letters only");
    if (wishes->to != UINT64_MAX && wishes->last != UINT64_MAX)
        return hs_fail(-EINVAL, "--to is the same option as --last: use --last");
    wishes->last = wishes->to < wishes->last ? wishes->to : wishes->last;
    dump->body = (enum hs_event_line_body)body;
    int code = read_time(wishes->since, "--since", now, &dump->since_ns);
    if (code == 0)
        code = read_time(wishes->until, "--until", now, &dump->until_ns);
    if (code == 0)
        code = hs_value_check_times(dump->since_ns, dump->until_ns);
    if (code == 0)
        code = check_since(dump->since_ns, now);
    if (code == 0)
        code = hs_value_check_sequences(wishes->from, wishes->last);
    if (code < 0 || wishes->match == NULL)
        return code;
    dump->types = hs_type_filter_create(wishes->match);
    return dump->types != NULL ? 0 : hs_fail_in(-EINVAL, "--match");
}

static int dump_as_wished(struct dump *dump, struct wishes *wishes)
{
    HS_AUTO_FREE char *path = NULL;
    HS_AUTO_FREE char *letters = NULL;
    if (understand(dump, wishes) < 0)
        return hs_command_fail(dump->command, HS_EXIT_USAGE, "%s", hs_error_text());
    int code = hs_journal_command_path(dump->command, wishes->config_path, wishes->path, &path);
    if (code != 0)
        return code;
    if (asprintf(&letters, "%s/dead-letters", path) < 0)
        return hs_command_fail(dump->command, HS_EXIT_USAGE, "no memory for a path");
    if (wishes->letters && !wishes->all_records &&
        hs_letter_index_read(hs_disk_system(), letters, &dump->kept) < 0)
        return hs_command_fail(dump->command, HS_EXIT_USAGE, "%s", hs_error_text());
    return print_events(dump, wishes->letters ? letters : path, wishes->from, wishes->last);
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    struct dump dump = {.command = command, .until_ns = UINT64_MAX, .limit = UINT64_MAX};
    struct wishes wishes = {.last = UINT64_MAX, .to = UINT64_MAX, .body = "json"};
    const struct hs_arg args[] = {
        HS_JOURNAL_ARGS(&wishes.config_path, &wishes.path),
        {"since", 0, HS_ARG_TEXT, &wishes.since, "TIME",
         "Received then or later: RFC 3339, or 2h for two hours ago."},
        {"until", 0, HS_ARG_TEXT, &wishes.until, "TIME", "Received then or earlier."},
        {"match", 0, HS_ARG_TEXT, &wishes.match, "PATTERN",
         "Of these types, as a route's match: order, 'order.**', '*.won'."},
        {"source", 0, HS_ARG_TEXT, &dump.source, "NAME", "Of this source."},
        {"id", 0, HS_ARG_TEXT, &dump.id, "ID", "With this id."},
        {"from", 0, HS_ARG_COUNT, &wishes.from, "SEQUENCE", "With this sequence or a higher one."},
        {"last", 0, HS_ARG_COUNT, &wishes.last, "SEQUENCE",
         "With this sequence or a lower one; for a number of events see --limit."},
        {"to", 0, HS_ARG_COUNT, &wishes.to, "SEQUENCE", "Older name of --last."},
        {"limit", 0, HS_ARG_COUNT, &dump.limit, "N", "Maximum number of events."},
        {"dead-letters", 0, HS_ARG_FLAG, &wishes.letters, NULL,
         "The dead letters; their first headers give the reason."},
        {"all-records", 0, HS_ARG_FLAG, &wishes.all_records, NULL,
         "With --dead-letters: also those retried or discarded, until their file is removed, and "
         "the store's own records of that (x-dead-gone)."},
        {"body", 0, HS_ARG_TEXT, &wishes.body, "HOW", "json, raw or none (json)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    code = dump_as_wished(&dump, &wishes);
    hs_type_filter_free(dump.types);
    hs_letter_index_free(dump.kept);
    return code;
}
