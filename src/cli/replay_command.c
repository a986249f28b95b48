/* replay: makes a running hookstream deliver events again that its journal still keeps, and shows
 * the progress; an interrupt cancels it. The job belongs to the server: `replay status` and `replay
 * cancel` reach it from any terminal. */
#include "admin_client.h"

#include <hookstream/app.h>
#include <hookstream/doc.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PAGE_MAX 8192u
#define LOOK_NS 200000000L
#define NOT_SAID UINT64_MAX
/* Not without --since: if nothing matched yet, older events would be sent. */
#define GO_ON                                                                                      \
    "continue with --from %" PRIu64                                                                \
    " and the other options; a relative --since such as 2h has moved meanwhile: give it as a time"

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_replay = {
    .name = "replay",
    .summary = "Deliver events again that the journal still keeps.",
    .help = "Events that the running hookstream received earlier, and that its journal still "
            "keeps\n"
            "(journal.retain), are delivered again by the current routes. They carry the header\n"
            "`hookstream-resend: replay`, and consumers get them a second time: try --dry-run\n"
            "first. Shows its progress; an interrupt (Ctrl-C, SIGTERM, SIGHUP) cancels it. There "
            "is\n"
            "one replay at a time. It belongs to hookstream and ends with that process, not "
            "with\n"
            "this command, if this is killed or started by nohup:\n"
            "\n"
            "replay status   the progress of the current replay, or the result of the last one\n"
            "replay cancel   cancels the current one; prints where to continue\n"
            "\n"
            "Damaged records of the journal are skipped, counted and reported. Exit status: 0\n"
            "good, 1 it failed, was cancelled, met damage or no event has the --id, 2 wrong "
            "usage;\n"
            "of status: 1 the last one failed or met damage.",
    .operands = "[status|cancel]",
    .run = run,
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = 1;
}

struct progress {
    char state[16];
    bool dry_run;
    uint64_t job, at, safe, last, matched, resent, unrouted, damaged;
    char detail[256], sink[256];
    char json[4096]; /* as received */
};

/* The server to ask. */
struct asking {
    const struct hs_command *command;
    const struct hs_admin_options *options;
    uint64_t timeout_s;
};

static void copy_text(const struct json_object *document, const char *name, char *ret_text,
                      size_t size)
{
    snprintf(ret_text, size, "%.*s", HS_SLICE_ARG(hs_doc_get_text(document, name)));
}

static int read_progress(struct hs_slice body, struct progress *ret_progress)
{
    struct progress *progress = ret_progress;
    struct json_object *document;
    int code = hs_doc_read(body, &document);
    if (code < 0)
        return code;
    copy_text(document, "state", progress->state, sizeof(progress->state));
    progress->dry_run = hs_doc_get_bool(document, "dry_run");
    progress->job = hs_doc_get_u64(document, "job");
    progress->at = hs_doc_get_u64(document, "at");
    progress->safe = hs_doc_get_u64(document, "safe");
    progress->last = hs_doc_get_u64(document, "last");
    progress->matched = hs_doc_get_u64(document, "matched");
    progress->resent = hs_doc_get_u64(document, "resent");
    progress->unrouted = hs_doc_get_u64(document, "unrouted");
    progress->damaged = hs_doc_get_u64(document, "damaged");
    copy_text(document, "detail", progress->detail, sizeof(progress->detail));
    copy_text(document, "to", progress->sink, sizeof(progress->sink));
    snprintf(progress->json, sizeof(progress->json), "%.*s", HS_SLICE_ARG(body));
    json_object_put(document);
    return 0;
}

/* Returns the exit status; 0 is good. */
static int ask(const struct asking *asking, bool post, const char *page,
               struct progress *ret_progress)
{
    struct hs_admin_reply reply;
    if (hs_admin_ask(asking->options, asking->timeout_s, post, page, &reply) < 0)
        return hs_command_fail(asking->command, HS_EXIT_BAD, "%s", hs_error_text());
    int status = HS_EXIT_GOOD;
    if (reply.status != 200)
        status = hs_admin_refused(asking->command, &reply);
    else if (read_progress(reply.body, ret_progress) < 0)
        status = hs_command_fail(asking->command, HS_EXIT_BAD, "the answer is not JSON: %s",
                                 hs_error_text());
    hs_admin_reply_free(&reply);
    return status;
}

static bool is_in(const struct progress *progress, const char *state)
{
    return strcmp(progress->state, state) == 0;
}

/* ---- Watching ---- */

static void show(const struct progress *progress)
{
    fprintf(stderr, "\rat %" PRIu64 " of %" PRIu64 ", %" PRIu64 " sent again%s%s ", progress->at,
            progress->last, progress->resent, progress->detail[0] != '\0' ? "; waits: " : "",
            progress->detail);
}

/* Polls until the job ends; an interrupt cancels it. */
static int watch(const struct asking *asking, struct progress *progress)
{
    bool shown = isatty(STDERR_FILENO), cancelled = false;
    struct progress now = *progress;
    int status = HS_EXIT_GOOD;
    while (status == HS_EXIT_GOOD && now.job == progress->job && is_in(&now, "running")) {
        *progress = now;
        bool cancel = interrupted && !cancelled;
        cancelled |= cancel;
        if (shown)
            show(progress);
        (void)nanosleep(&(struct timespec){0, LOOK_NS}, NULL); /* an interrupt is checked next */
        status = ask(asking, cancel, cancel ? "/api/replay/cancel" : "/api/replay", &now);
    }
    if (shown)
        fputc('\n', stderr);
    if (status == HS_EXIT_GOOD && now.job == progress->job) {
        *progress = now;
        return HS_EXIT_GOOD;
    }
    return hs_command_fail(asking->command, HS_EXIT_BAD,
                           "lost contact with the replay at sequence %" PRIu64 " of %" PRIu64
                           "; it ends when hookstream does: see replay status, and " GO_ON,
                           progress->at, progress->last, progress->safe + 1);
}

/* nohup and a shell's & ignore signals; this is preserved. */
static void hear(int number)
{
    struct sigaction action = {.sa_handler = on_interrupt}, before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* ---- Progress ---- */

static void print_progress(const struct progress *progress)
{
    if (is_in(progress, "none")) {
        printf("none: there was no replay since hookstream started\n");
        return;
    }
    printf("%s: ", progress->state);
    if (is_in(progress, "running"))
        printf("at sequence %" PRIu64 " of %" PRIu64 ", ", progress->at, progress->last);
    printf("%" PRIu64 " event%s matched, %" PRIu64 " %s, %" PRIu64 " that no route takes to ",
           progress->matched, progress->matched == 1 ? "" : "s", progress->resent,
           progress->dry_run ? "would be sent again" : "sent again", progress->unrouted);
    printf("%s", progress->sink[0] != '\0' ? progress->sink : "a sink");
    if (progress->damaged > 0)
        printf(", %" PRIu64 " damaged", progress->damaged);
    putchar('\n');
    if (is_in(progress, "running") && progress->detail[0] != '\0')
        printf("waits: %s\n", progress->detail);
}

static int conclude(const struct asking *asking, const struct progress *progress)
{
    print_progress(progress);
    (void)fflush(stdout); /* later messages must follow it */
    int status = HS_EXIT_GOOD;
    if (progress->damaged > 0)
        status = hs_command_fail(asking->command, HS_EXIT_BAD,
                                 "%" PRIu64
                                 " event%s of this range cannot be read: damaged in the journal, "
                                 "and not sent again if selected; see hookstream journal verify",
                                 progress->damaged, progress->damaged == 1 ? "" : "s");
    if (!is_in(progress, "cancelled") && !is_in(progress, "failed"))
        return status;
    return hs_command_fail(
        asking->command, HS_EXIT_BAD, "ended at sequence %" PRIu64 "%s%s; " GO_ON, progress->at,
        progress->detail[0] != '\0' ? ": " : "", progress->detail, progress->safe + 1);
}

/* ---- Actions ---- */

static int replay(const struct asking *asking, const char *page, struct progress *ret_progress)
{
    hear(SIGINT);
    hear(SIGTERM);
    hear(SIGHUP);
    int status = ask(asking, true, page, ret_progress);
    if (status == HS_EXIT_GOOD)
        status = watch(asking, ret_progress);
    return status == HS_EXIT_GOOD ? conclude(asking, ret_progress) : status;
}

/* A cancelled replay is not an error for status, or for whoever cancelled it. */
static int tell(const struct asking *asking, const struct progress *progress, bool json)
{
    if (json)
        printf("%s", progress->json);
    else
        HS_IGNORE(conclude(asking, progress));
    return is_in(progress, "failed") || progress->damaged > 0 ? HS_EXIT_BAD : HS_EXIT_GOOD;
}

static int show_status(const struct asking *asking, bool json)
{
    struct progress progress;
    int status = ask(asking, false, "/api/replay", &progress);
    return status == HS_EXIT_GOOD ? tell(asking, &progress, json) : status;
}

static int cancel(const struct asking *asking, bool json)
{
    struct progress progress;
    int status = ask(asking, false, "/api/replay", &progress);
    if (status != HS_EXIT_GOOD)
        return status;
    if (!is_in(&progress, "running"))
        return hs_command_fail(asking->command, HS_EXIT_BAD,
                               "no replay is running; see replay status for the last one");
    status = ask(asking, true, "/api/replay/cancel", &progress);
    if (status == HS_EXIT_GOOD)
        status = watch(asking, &progress);
    return status == HS_EXIT_GOOD ? tell(asking, &progress, json) : status;
}

/* ---- The command ---- */

/* The command line's options, before they are interpreted. */
struct wishes {
    const char *path, *action; /* NULL: start a replay */
    const char *since, *until, *match, *source, *id, *sink;
    uint64_t from, last, rate;
    bool dry_run, json;
    uint64_t timeout_s;
};

static int check_wishes(const struct hs_command *command, const struct wishes *wishes)
{
    bool chosen = wishes->since || wishes->until || wishes->match || wishes->source || wishes->id ||
                  wishes->sink || wishes->from != NOT_SAID || wishes->last != NOT_SAID ||
                  wishes->rate != NOT_SAID || wishes->dry_run;
    if (wishes->action == NULL && wishes->json)
        return hs_command_fail(command, HS_EXIT_USAGE, "--json is for status and cancel");
    if (wishes->action == NULL) {
        if (wishes->since != NULL || wishes->from != NOT_SAID || wishes->id != NULL)
            return HS_EXIT_GOOD;
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "say where to start: --since, --from, or an --id; see --help");
    }
    if (strcmp(wishes->action, "status") != 0 && strcmp(wishes->action, "cancel") != 0)
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "unknown action `%s`: use status or cancel, or only options to "
                               "start a replay; see --help",
                               wishes->action);
    if (chosen)
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "%s takes only -c and --json: there is one replay at a time",
                               wishes->action);
    return HS_EXIT_GOOD;
}

/* A requested event that does not exist is not a success. */
static int miss(const struct asking *asking, const struct wishes *wishes,
                const struct progress *progress)
{
    if (wishes->id == NULL || progress->matched > 0)
        return HS_EXIT_GOOD;
    bool alone = !wishes->since && !wishes->until && !wishes->match && !wishes->source &&
                 wishes->from == NOT_SAID && wishes->last == NOT_SAID;
    return hs_command_fail(asking->command, HS_EXIT_BAD, "no kept event has this id%s",
                           alone ? "" : " and matches the other filters");
}

static void add_count(struct hs_buffer *page, const char *name, uint64_t value)
{
    if (value != NOT_SAID)
        hs_query_add_count(page, name, value);
}

static int begin(const struct asking *asking, const struct wishes *wishes)
{
    struct progress progress;
    struct hs_buffer page;
    hs_buffer_init(&page, PAGE_MAX);
    hs_buffer_append_text(&page, "/api/replay");
    hs_query_add(&page, "since", wishes->since);
    hs_query_add(&page, "until", wishes->until);
    hs_query_add(&page, "match", wishes->match);
    hs_query_add(&page, "source", wishes->source);
    hs_query_add(&page, "id", wishes->id);
    hs_query_add(&page, "to", wishes->sink);
    add_count(&page, "from", wishes->from);
    add_count(&page, "last", wishes->last);
    add_count(&page, "rate", wishes->rate);
    add_count(&page, "dry_run", wishes->dry_run ? 1 : NOT_SAID);
    int status = replay(asking, hs_query_text(&page), &progress);
    if (status == HS_EXIT_GOOD)
        status = miss(asking, wishes, &progress);
    hs_buffer_free(&page);
    return status;
}

static int act(const struct asking *asking, const struct wishes *wishes)
{
    if (wishes->action == NULL)
        return begin(asking, wishes);
    return strcmp(wishes->action, "cancel") == 0 ? cancel(asking, wishes->json)
                                                 : show_status(asking, wishes->json);
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    struct wishes wishes = {
        .from = NOT_SAID, .last = NOT_SAID, .rate = NOT_SAID, .timeout_s = HS_ADMIN_TIMEOUT_S};
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &wishes.path, "FILE",
         "Configuration that names the admin port (else $HOOKSTREAM_CONFIG, ...)."},
        {"since", 0, HS_ARG_TEXT, &wishes.since, "TIME",
         "Received since: 2026-11-23T09:15:00Z, or 2h for two hours ago."},
        {"until", 0, HS_ARG_TEXT, &wishes.until, "TIME", "Received then or earlier."},
        {"match", 0, HS_ARG_TEXT, &wishes.match, "PATTERN",
         "Of these types: order, \"*.created\"."},
        {"source", 0, HS_ARG_TEXT, &wishes.source, "S", "Of this source."},
        {"id", 0, HS_ARG_TEXT, &wishes.id, "ID", "The event with this id."},
        {"from", 0, HS_ARG_COUNT, &wishes.from, "SEQ", "From this sequence of the journal on."},
        {"last", 0, HS_ARG_COUNT, &wishes.last, "SEQ", "Up to this sequence."},
        {"to", 0, HS_ARG_TEXT, &wishes.sink, "SINK",
         "Only to this sink (else to all that routes name)."},
        {"rate", 0, HS_ARG_COUNT, &wishes.rate, "N", "Events per second (1000; 0: no limit)."},
        {"dry-run", 0, HS_ARG_FLAG, &wishes.dry_run, NULL, "Only count them."},
        {"json", 0, HS_ARG_FLAG, &wishes.json, NULL, "status and cancel: print JSON."},
        {"timeout", 0, HS_ARG_COUNT, &wishes.timeout_s, "SECONDS",
         "Timeout of an answer in seconds (60); a stopped process is given up after 5."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    wishes.action = first < argc ? argv[first++] : NULL;
    if (first < argc)
        return hs_command_fail(command, HS_EXIT_USAGE, "unexpected argument `%s`", argv[first]);
    code = hs_admin_check_timeout(command, wishes.timeout_s);
    if (code == HS_EXIT_GOOD)
        code = check_wishes(command, &wishes);
    if (code != HS_EXIT_GOOD)
        return code;
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(wishes.path), &settings);
    struct asking asking = {command, &settings.admin, wishes.timeout_s};
    if (hs_config_findings(config)->errors > 0)
        code = hs_command_fail(command, HS_EXIT_BAD, "%s has errors: see hookstream check",
                               hs_config_path(wishes.path));
    else
        code = act(&asking, &wishes);
    hs_config_free(config);
    return code;
}
