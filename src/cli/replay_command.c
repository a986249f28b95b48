/* replay: has a running hookstream deliver once more what its journal still keeps, and shows
 * how far it is. An interrupt cancels it. */
#include "admin_client.h"

#include <hookstream/app.h>
#include <hookstream/json.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PAGE_MAX 8192u
#define LOOK_NS 200000000L

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_replay = {
    .name = "replay",
    .summary = "Deliver once more what the journal still keeps.",
    .help = "Events that the running hookstream received before, and that its journal still keeps\n"
            "(journal.retain), are delivered once more by the routes of today. They carry the\n"
            "header `hookstream-resend: replay`, and consumers get them a second time: try\n"
            "--dry-run first. Shows its progress; an interrupt (Ctrl-C) cancels it.",
    .operands = "",
    .run = run,
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = 1;
}

struct progress {
    char state[16];
    uint64_t at, last, matched, resent, unrouted;
    char detail[256];
};

static uint64_t number_of(const struct hs_json_member *member)
{
    uint64_t value = 0;
    HS_IGNORE(hs_slice_to_u64(member->value, UINT64_MAX, &value));
    return value;
}

static void text_of(const struct hs_json_member *member, char *ret_text, size_t size)
{
    struct hs_buffer text;
    hs_buffer_init(&text, PAGE_MAX);
    if (member->kind == HS_JSON_STRING && member->value.size > 0)
        hs_json_decode_string(member->value, &text);
    snprintf(ret_text, size, "%.*s", HS_SLICE_ARG(hs_buffer_slice(&text)));
    hs_buffer_free(&text);
}

static int read_progress(struct hs_slice body, struct progress *ret_progress)
{
    struct hs_json_member members[] = {
        {.name = HS_SLICE("state")},   {.name = HS_SLICE("at")},     {.name = HS_SLICE("last")},
        {.name = HS_SLICE("matched")}, {.name = HS_SLICE("resent")}, {.name = HS_SLICE("unrouted")},
        {.name = HS_SLICE("detail")},
    };
    enum hs_json_kind kind;
    size_t offset;
    int code = hs_json_scan(body, members, HS_ARRAY_SIZE(members), &kind, &offset);
    if (code < 0)
        return code;
    text_of(&members[0], ret_progress->state, sizeof(ret_progress->state));
    ret_progress->at = number_of(&members[1]);
    ret_progress->last = number_of(&members[2]);
    ret_progress->matched = number_of(&members[3]);
    ret_progress->resent = number_of(&members[4]);
    ret_progress->unrouted = number_of(&members[5]);
    text_of(&members[6], ret_progress->detail, sizeof(ret_progress->detail));
    return 0;
}

/* The exit status; 0 is good. */
static int ask(const struct hs_command *command, const struct hs_admin_options *options, bool post,
               const char *page, struct progress *ret_progress)
{
    struct hs_admin_reply reply;
    if (hs_admin_ask(options, post, page, &reply) < 0)
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    int status = HS_EXIT_GOOD;
    if (reply.status != 200)
        status = hs_admin_refused(command, &reply);
    else if (read_progress(reply.body, ret_progress) < 0)
        status =
            hs_command_fail(command, HS_EXIT_BAD, "the answer is not JSON: %s", hs_error_text());
    hs_admin_reply_free(&reply);
    return status;
}

/* Looks until the job ends; an interrupt cancels it. */
static int watch(const struct hs_command *command, const struct hs_admin_options *options,
                 struct progress *progress)
{
    bool shown = isatty(STDERR_FILENO), cancelled = false;
    int status = HS_EXIT_GOOD;
    while (status == HS_EXIT_GOOD && strcmp(progress->state, "running") == 0) {
        bool cancel = interrupted && !cancelled;
        cancelled |= cancel;
        if (shown)
            fprintf(stderr, "\rat %" PRIu64 " of %" PRIu64 ", %" PRIu64 " sent again%s%s ",
                    progress->at, progress->last, progress->resent,
                    progress->detail[0] != '\0' ? "; waits: " : "", progress->detail);
        (void)nanosleep(&(struct timespec){0, LOOK_NS}, NULL); /* an interrupt is looked at next */
        status =
            ask(command, options, cancel, cancel ? "/api/replay/cancel" : "/api/replay", progress);
    }
    if (shown)
        fputc('\n', stderr);
    return status;
}

static int replay(const struct hs_command *command, const struct hs_admin_options *options,
                  const char *page, bool dry_run)
{
    struct progress progress;
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int status = ask(command, options, true, page, &progress);
    if (status == HS_EXIT_GOOD)
        status = watch(command, options, &progress);
    if (status != HS_EXIT_GOOD)
        return status;
    printf("%s: %" PRIu64 " events matched, %" PRIu64 " %s, %" PRIu64
           " that no route takes there\n",
           progress.state, progress.matched, progress.resent,
           dry_run ? "would be sent again" : "sent again", progress.unrouted);
    if (strcmp(progress.state, "done") == 0)
        return HS_EXIT_GOOD;
    return hs_command_fail(
        command, HS_EXIT_BAD, "ended at sequence %" PRIu64 "%s%s; go on with --from %" PRIu64,
        progress.at, progress.detail[0] != '\0' ? ": " : "", progress.detail, progress.at + 1);
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL, *since = NULL, *until = NULL, *match = NULL, *source = NULL;
    const char *id = NULL, *sink = NULL;
    uint64_t from = 0, last = 0, rate = 1000;
    bool dry_run = false;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration that names the admin port (else $HOOKSTREAM_CONFIG, ...)."},
        {"since", 0, HS_ARG_TEXT, &since, "TIME",
         "Received since: 2026-11-23T09:15:00Z, or 2h for two hours ago."},
        {"until", 0, HS_ARG_TEXT, &until, "TIME", "Received until."},
        {"match", 0, HS_ARG_TEXT, &match, "PATTERN", "Of these types: order, \"*.created\"."},
        {"source", 0, HS_ARG_TEXT, &source, "S", "Of this source."},
        {"id", 0, HS_ARG_TEXT, &id, "ID", "The event with this id."},
        {"from", 0, HS_ARG_COUNT, &from, "SEQ", "From this sequence of the journal on."},
        {"last", 0, HS_ARG_COUNT, &last, "SEQ", "Up to this sequence."},
        {"to", 0, HS_ARG_TEXT, &sink, "SINK", "To this sink alone (else all that routes name)."},
        {"rate", 0, HS_ARG_COUNT, &rate, "N", "Events a second (1000; 0: no limit)."},
        {"dry-run", 0, HS_ARG_FLAG, &dry_run, NULL, "Only count them."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (since == NULL && from == 0 && id == NULL)
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "say from when: --since, --from, or an --id; see --help");
    struct hs_buffer page;
    hs_buffer_init(&page, PAGE_MAX);
    hs_buffer_append_text(&page, "/api/replay");
    hs_query_add(&page, "since", since);
    hs_query_add(&page, "until", until);
    hs_query_add(&page, "match", match);
    hs_query_add(&page, "source", source);
    hs_query_add(&page, "id", id);
    hs_query_add(&page, "sink", sink);
    hs_query_add_count(&page, "from", from);
    hs_query_add_count(&page, "to", last);
    hs_query_add_count(&page, "rate", rate);
    hs_query_add_count(&page, "dry_run", dry_run);
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(path), &settings);
    if (hs_config_findings(config)->errors > 0)
        code = hs_command_fail(command, HS_EXIT_BAD, "%s has errors: see hookstream check",
                               hs_config_path(path));
    else
        code = replay(command, &settings.admin, hs_query_text(&page), dry_run);
    hs_config_free(config);
    hs_buffer_free(&page);
    return code;
}
