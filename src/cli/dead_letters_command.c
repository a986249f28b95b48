/* dead-letters: lists, shows, retries and discards undeliverable events. Everything is requested
 * from the running process, page by page. */
#include "admin_client.h"

#include <hookstream/app.h>
#include <hookstream/json.h>
#include <hookstream/shown.h>
#include <inttypes.h>
#include <stdio.h>

#define PAGE_LETTERS 500u
#define TEXT_MAX (1u << 20)

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_dead_letters = {
    .name = "dead-letters",
    .summary = "List undeliverable events; retry or discard them.",
    .help =
        "list             one line per letter, oldest first\n"
        "show WHICH       reason, all attempts, headers and body\n"
        "retry WHICH      send them again by the current routes, past the dedupe, each to the\n"
        "                 sink that did not take it, or --to another; a failure makes it a "
        "letter\n"
        "                 again\n"
        "discard WHICH    remove them for good\n"
        "export           JSON Lines with headers and bodies, to stdout\n"
        "\n"
        "WHICH is the NUMBER of a letter; the ID of an event, for all its letters; filters; or,\n"
        "for retry and discard, --all. hookstream must be running; without it see `hookstream\n"
        "journal dump --dead-letters`. A crash during a retry may send letters twice, but\n"
        "never loses them.",
    .operands = "list|show|retry|discard|export [NUMBER|ID]",
    .run = run,
};

struct wish {
    const struct hs_command *command;
    const struct hs_admin_options *options;
    const char *action;
    const char *operand; /* a number or an id: check_wish() decides */
    const char *number, *reason, *route, *sink, *source, *type, *id, *since, *until;
    const char *to;
    uint64_t limit, timeout_s;
    bool json, all;
};

struct total {
    uint64_t letters; /* that matched */
    uint64_t done, last, kept;
    uint64_t unrouted, invalid; /* those that stay */
    bool more;
    bool damaged; /* the letter whose number was given */
};

static bool is(const struct wish *wish, const char *action)
{
    return strcmp(wish->action, action) == 0;
}

/* Pages after the first are selected by `after`. */
static void write_page(const struct wish *wish, uint64_t after, uint64_t limit,
                       struct hs_buffer *ret_page)
{
    hs_buffer_append_text(ret_page, "/api/dead-letters");
    if (is(wish, "retry") || is(wish, "discard"))
        hs_buffer_printf(ret_page, "/%s", wish->action);
    hs_query_add(ret_page, "number", wish->number);
    hs_query_add(ret_page, "reason", wish->reason);
    hs_query_add(ret_page, "route", wish->route);
    hs_query_add(ret_page, "sink", wish->sink);
    hs_query_add(ret_page, "source", wish->source);
    hs_query_add(ret_page, "type", wish->type);
    hs_query_add(ret_page, "id", wish->id);
    hs_query_add(ret_page, "since", wish->since);
    hs_query_add(ret_page, "until", wish->until);
    hs_query_add(ret_page, "to", wish->to);
    if (wish->all)
        hs_query_add(ret_page, "all", "1");
    if (is(wish, "show") || is(wish, "export"))
        hs_query_add(ret_page, "body", "1");
    hs_query_add_count(ret_page, "limit", limit);
    if (after > 0)
        hs_query_add_count(ret_page, "after", after);
}

/* ---- Reading the answers ---- */

static hs_json_node member(const struct hs_json_tree *tree, hs_json_node node, const char *name)
{
    return hs_json_member_get(tree, node, hs_slice_text(name));
}

static uint64_t number_of(const struct hs_json_tree *tree, hs_json_node node, const char *name)
{
    uint64_t value = 0;
    hs_json_node found = member(tree, node, name);
    if (found != HS_JSON_NO_NODE)
        HS_IGNORE(hs_slice_to_u64(hs_json_node_text(tree, found), UINT64_MAX, &value));
    return value;
}

static bool truth_of(const struct hs_json_tree *tree, hs_json_node node, const char *name)
{
    hs_json_node found = member(tree, node, name);
    return found != HS_JSON_NO_NODE && hs_json_node_kind(tree, found) == HS_JSON_TRUE;
}

static bool has_text(const struct hs_json_tree *tree, hs_json_node node, const char *name)
{
    hs_json_node found = member(tree, node, name);
    return found != HS_JSON_NO_NODE && hs_json_node_kind(tree, found) == HS_JSON_STRING &&
           hs_json_node_text(tree, found).size > 2; /* without its quotes */
}

static bool is_unrouted(const struct hs_json_tree *tree, hs_json_node letter)
{
    hs_json_node reason = member(tree, letter, "reason");
    return reason != HS_JSON_NO_NODE && !has_text(tree, letter, "detail") &&
           hs_slice_equal(hs_json_node_text(tree, reason), HS_SLICE("\"no_route\""));
}

/* Prints a member's text, escaping what would move a terminal's cursor; "-" if empty. */
static void print_text(const struct hs_json_tree *tree, hs_json_node node, const char *name,
                       int width, bool lines)
{
    struct hs_buffer text;
    hs_buffer_init(&text, TEXT_MAX);
    hs_json_node found = member(tree, node, name);
    if (found != HS_JSON_NO_NODE && hs_json_node_kind(tree, found) == HS_JSON_STRING)
        hs_json_decode_string(hs_json_node_text(tree, found), &text);
    struct hs_buffer shown;
    hs_buffer_init(&shown, HS_SHOWN_ESCAPE_MAX * TEXT_MAX);
    hs_shown_append(&shown, text.size > 0 ? hs_buffer_slice(&text) : HS_SLICE("-"), lines);
    int padding = shown.size < (size_t)width ? width - (int)shown.size : 0;
    hs_command_print(&shown, stdout);
    printf("%*s", padding, "");
    hs_buffer_free(&shown);
    hs_buffer_free(&text);
}

static void print_line(const struct hs_json_tree *tree, hs_json_node letter)
{
    printf("%-8" PRIu64 " ", number_of(tree, letter, "number"));
    print_text(tree, letter, "received", 24, false);
    static const struct {
        const char *name;
        int width;
    } columns[] = {{"reason", 16}, {"sink", 10}, {"route", 12}, {"type", 26}, {"id", 24}};
    for (size_t i = 0; i < HS_ARRAY_SIZE(columns); i++) {
        putchar(' ');
        print_text(tree, letter, columns[i].name, columns[i].width, false);
    }
    putchar('\n');
}

static void print_letter(const struct hs_json_tree *tree, hs_json_node letter)
{
    static const char *const names[] = {"received", "reason", "detail", "sink",
                                        "route",    "source", "id",     "type"};
    printf("%-10s %" PRIu64 "\n%-10s %" PRIu64 "\n%-10s %" PRIu64 "\n", "number",
           number_of(tree, letter, "number"), "sequence", number_of(tree, letter, "sequence"),
           "attempts", number_of(tree, letter, "attempts"));
    for (size_t i = 0; i < HS_ARRAY_SIZE(names); i++) {
        printf("%-10s ", names[i]);
        if (strcmp(names[i], "detail") == 0 && is_unrouted(tree, letter)) {
            printf("no route matches ");
            print_text(tree, letter, "type", 0, false);
        } else {
            print_text(tree, letter, names[i], 0, false);
        }
        putchar('\n');
    }
    hs_json_node headers = member(tree, letter, "headers"), header = HS_JSON_NO_NODE;
    if (headers != HS_JSON_NO_NODE)
        header = hs_json_first_child(tree, headers);
    struct hs_buffer line;
    hs_buffer_init(&line, TEXT_MAX);
    for (; header != HS_JSON_NO_NODE; header = hs_json_next(tree, header))
        hs_buffer_printf(&line, "%-10s %.*s: %.*s\n", "header",
                         HS_SLICE_ARG(hs_json_node_name(tree, header)),
                         HS_SLICE_ARG(hs_json_node_text(tree, header)));
    hs_command_print_shown(&line, false, stdout);
    hs_buffer_free(&line);
    bool text = member(tree, letter, "body") != HS_JSON_NO_NODE;
    if (has_text(tree, letter, "history")) {
        printf("earlier attempts:\n");
        print_text(tree, letter, "history", 0, true);
        putchar('\n');
    }
    printf("%s:\n", text ? "body" : "body (Base64)");
    print_text(tree, letter, text ? "body" : "body_base64", 0, true);
    putchar('\n');
}

static void print_head(const struct wish *wish, const struct total *total)
{
    if (is(wish, "list") && !wish->json && total->last == 0)
        printf("%-8s %-24s %-16s %-10s %-12s %-26s %s\n", "NUMBER", "RECEIVED", "REASON", "SINK",
               "ROUTE", "TYPE", "ID");
}

/* Returns their number; `before` were printed earlier. */
static uint64_t print_letters(const struct wish *wish, const struct hs_json_tree *tree,
                              uint64_t before, struct hs_buffer *line)
{
    uint64_t count = 0;
    hs_json_node letters = member(tree, hs_json_root(tree), "letters");
    for (hs_json_node letter = hs_json_first_child(tree, letters); letter != HS_JSON_NO_NODE;
         letter = hs_json_next(tree, letter), count++) {
        if (wish->json || is(wish, "export")) {
            hs_buffer_clear(line);
            hs_json_write_node(tree, letter, line);
            hs_buffer_append_byte(line, '\n');
            hs_command_print_json(line, stdout);
        } else if (is(wish, "show")) {
            if (before + count > 0)
                putchar('\n');
            print_letter(tree, letter);
        } else {
            print_line(tree, letter);
        }
    }
    return count;
}

/* ---- The actions ---- */

/* Processes one page. Returns the exit status; 0 is good. */
static int turn_page(const struct wish *wish, uint64_t limit, struct total *total)
{
    bool acts = is(wish, "retry") || is(wish, "discard");
    struct hs_buffer page, line;
    struct hs_admin_reply reply;
    hs_buffer_init(&page, TEXT_MAX);
    hs_buffer_init(&line, 16 * TEXT_MAX);
    write_page(wish, total->last, limit, &page);
    int code = hs_admin_ask(wish->options, wish->timeout_s, acts, hs_query_text(&page), &reply);
    hs_buffer_free(&page);
    if (code < 0)
        return hs_command_fail(wish->command, HS_EXIT_BAD, "%s", hs_error_text());
    struct hs_json_tree *tree = hs_json_tree_create();
    int status = HS_EXIT_GOOD;
    if (reply.status != 200) {
        status = hs_admin_refused(wish->command, &reply);
    } else if (hs_json_tree_parse(tree, reply.body) < 0) {
        status = hs_command_fail(wish->command, HS_EXIT_BAD, "the answer is not JSON: %s",
                                 hs_error_text());
    } else {
        hs_json_node root = hs_json_root(tree);
        uint64_t done = number_of(tree, root, is(wish, "retry") ? "retried" : "discarded");
        uint64_t unrouted = number_of(tree, root, "unrouted");
        uint64_t invalid = number_of(tree, root, "invalid");
        print_head(wish, total); /* not before there is an answer */
        total->letters +=
            acts ? done + unrouted + invalid : print_letters(wish, tree, total->letters, &line);
        total->done += done;
        total->unrouted += unrouted;
        total->invalid += invalid;
        total->last = number_of(tree, root, "last");
        total->kept = number_of(tree, root, "kept");
        total->more = truth_of(tree, root, "more");
        total->damaged = truth_of(tree, root, "damaged");
    }
    hs_buffer_free(&line);
    hs_json_tree_free(tree);
    hs_admin_reply_free(&reply);
    return status;
}

/* Reports the letters that a retry leaves, one line per cause. Returns the exit status. */
static int tell_left(const struct wish *wish, const struct total *total)
{
    const char *stay =
        total->unrouted == 1 ? "stays: no route takes it" : "stay: no route takes them";
    int status = HS_EXIT_GOOD;
    if (total->unrouted > 0 && wish->to != NULL)
        status = hs_command_fail(wish->command, HS_EXIT_BAD, "%" PRIu64 " %s to the sink %s",
                                 total->unrouted, stay, wish->to);
    else if (total->unrouted > 0)
        status = hs_command_fail(wish->command, HS_EXIT_BAD,
                                 "%" PRIu64 " %s to the sink that did not take it, or to any; see "
                                 "dead-letters list",
                                 total->unrouted, stay);
    if (total->invalid > 0)
        status = hs_command_fail(wish->command, HS_EXIT_BAD,
                                 "%" PRIu64 " %s: invalid as before; see dead-letters show",
                                 total->invalid, total->invalid == 1 ? "stays" : "stay");
    return status;
}

/* Reports the result of retry and discard. */
static int conclude(const struct wish *wish, const struct total *total)
{
    bool retried = is(wish, "retry");
    printf("%s %" PRIu64 " dead letter%s, %" PRIu64 " %s left\n", retried ? "retried" : "discarded",
           total->done, total->done == 1 ? "" : "s", total->kept, total->kept == 1 ? "is" : "are");
    if (total->letters == 0 && !wish->all) /* not an error: a cleanup job usually finds none */
        fprintf(stderr, "no dead letter matches the filters\n");
    if (retried && total->done > 0)
        fprintf(stderr, "letters that fail again return as new letters: see dead-letters list\n");
    return tell_left(wish, total);
}

/* Reports that the requested letter does not exist. */
static int tell_none(const struct wish *wish, const struct total *total)
{
    if (total->damaged)
        return hs_command_fail(wish->command, HS_EXIT_BAD,
                               "dead letter %s is damaged on disk and lost; see hookstream "
                               "journal verify. Its event may still be in the journal: "
                               "hookstream replay --id ID --to SINK sends it again",
                               wish->number);
    bool others = wish->reason || wish->route || wish->sink || wish->source || wish->type ||
                  wish->since || wish->until || (wish->number && wish->id);
    const char *more = others ? ", or the other filters exclude it" : "";
    if (wish->number != NULL)
        return hs_command_fail(wish->command, HS_EXIT_BAD, "there is no dead letter %s%s",
                               wish->number, more);
    if (wish->id != NULL)
        return hs_command_fail(wish->command, HS_EXIT_BAD, "no dead letter belongs to event %s%s",
                               wish->id, more);
    return hs_command_fail(wish->command, HS_EXIT_BAD, "no dead letter matches the filters");
}

static int act(const struct wish *wish)
{
    struct total total = {0};
    int status;
    do {
        uint64_t rest = wish->limit > 0 ? wish->limit - total.letters : PAGE_LETTERS;
        status = turn_page(wish, rest < PAGE_LETTERS ? rest : PAGE_LETTERS, &total);
    } while (status == HS_EXIT_GOOD && total.more &&
             (wish->limit == 0 || total.letters < wish->limit));
    if (status != HS_EXIT_GOOD)
        return status;
    if (total.letters == 0 && (wish->number != NULL || wish->id != NULL || is(wish, "show")))
        return tell_none(wish, &total);
    if (is(wish, "show") && total.letters > 1)
        fprintf(stderr, "these are %" PRIu64 " dead letters\n", total.letters);
    if (is(wish, "list") && total.more)
        fprintf(stderr, "there are more; omit --limit to see all\n");
    if (!is(wish, "retry") && !is(wish, "discard"))
        return HS_EXIT_GOOD;
    return conclude(wish, &total);
}

/* ---- The command ---- */

static bool is_action(const char *word)
{
    static const char *const actions[] = {"list", "show", "retry", "discard", "export"};
    for (size_t i = 0; i < HS_ARRAY_SIZE(actions); i++)
        if (strcmp(word, actions[i]) == 0)
            return true;
    return false;
}

/* Determines whether the operand is a number or an id. */
static int read_operand(struct wish *wish)
{
    uint64_t number;
    if (wish->operand != NULL &&
        hs_slice_to_u64(hs_slice_text(wish->operand), UINT64_MAX, &number) == 0)
        wish->number = wish->operand;
    else if (wish->operand != NULL && wish->id != NULL)
        return hs_command_fail(wish->command, HS_EXIT_USAGE, "`%s` contradicts --id",
                               wish->operand);
    else if (wish->operand != NULL)
        wish->id = wish->operand;
    /* An unset variable causes this. */
    if (wish->id != NULL && wish->id[0] == '\0')
        return hs_command_fail(wish->command, HS_EXIT_USAGE, "an event's id is empty");
    return HS_EXIT_GOOD;
}

/* An unset variable causes this. */
static int refuse_empty(const struct wish *wish)
{
    const struct {
        const char *name, *value;
    } options[] = {
        {"reason", wish->reason}, {"route", wish->route}, {"sink", wish->sink},
        {"source", wish->source}, {"type", wish->type},   {"since", wish->since},
        {"until", wish->until},   {"to", wish->to},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(options); i++)
        if (options[i].value != NULL && options[i].value[0] == '\0')
            return hs_command_fail(wish->command, HS_EXIT_USAGE,
                                   "--%s is empty: give it a value, or omit it", options[i].name);
    return HS_EXIT_GOOD;
}

static int check_wish(struct wish *wish)
{
    int code = read_operand(wish);
    if (code == HS_EXIT_GOOD)
        code = refuse_empty(wish);
    if (code != HS_EXIT_GOOD)
        return code;
    bool acts = is(wish, "retry") || is(wish, "discard");
    bool chosen = wish->number || wish->reason || wish->route || wish->sink || wish->source ||
                  wish->type || wish->id || wish->since || wish->until;
    if (wish->to != NULL && !is(wish, "retry"))
        return hs_command_fail(wish->command, HS_EXIT_USAGE, "--to is for retry only");
    if (is(wish, "show") && !chosen)
        return hs_command_fail(wish->command, HS_EXIT_USAGE,
                               "say which letters: a NUMBER, an event's ID, or a filter such as "
                               "--reason");
    if (acts && !chosen && !wish->all)
        return hs_command_fail(wish->command, HS_EXIT_USAGE,
                               "say which letters: a NUMBER, an event's ID, a filter such as "
                               "--reason, or --all");
    if (acts && chosen && wish->all)
        return hs_command_fail(wish->command, HS_EXIT_USAGE, "--all contradicts a filter");
    return HS_EXIT_GOOD;
}

/* Sends the request to the admin port that the configuration names. */
static int act_by(struct wish *wish, const char *path)
{
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(path, &settings);
    wish->options = &settings.admin;
    int code = hs_config_findings(config)->errors > 0
                   ? hs_command_fail(wish->command, HS_EXIT_BAD,
                                     "%s has errors: see hookstream check", path)
                   : act(wish);
    hs_config_free(config);
    return code;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    struct wish wish = {.command = command, .timeout_s = HS_ADMIN_TIMEOUT_S};
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration that names the admin port (else $HOOKSTREAM_CONFIG, ...)."},
        {"reason", 0, HS_ARG_TEXT, &wish.reason, "R", "With this reason."},
        {"route", 0, HS_ARG_TEXT, &wish.route, "R", "Of this route."},
        {"sink", 0, HS_ARG_TEXT, &wish.sink, "S", "Not taken by this sink."},
        {"source", 0, HS_ARG_TEXT, &wish.source, "S", "Of this source."},
        {"type", 0, HS_ARG_TEXT, &wish.type, "PATTERN", "Of these types: order, \"*.created\"."},
        {"id", 0, HS_ARG_TEXT, &wish.id, "ID", "Of this event."},
        {"since", 0, HS_ARG_TEXT, &wish.since, "TIME",
         "Received since: 2026-11-23T09:15:00Z, or 2h for two hours ago."},
        {"until", 0, HS_ARG_TEXT, &wish.until, "TIME",
         "Received until then; 7d: older than seven days."},
        {"limit", 0, HS_ARG_COUNT, &wish.limit, "N", "Maximum number (0: all)."},
        {"to", 0, HS_ARG_TEXT, &wish.to, "SINK",
         "For retry: to this sink (else to the one that did not take it)."},
        {"all", 0, HS_ARG_FLAG, &wish.all, NULL, "For retry and discard: all letters."},
        {"json", 0, HS_ARG_FLAG, &wish.json, NULL, "List as JSON Lines."},
        {"timeout", 0, HS_ARG_COUNT, &wish.timeout_s, "SECONDS",
         "Timeout of an answer in seconds (60); a stopped process is given up after 5."},
    };
    bool leading = argc > 0 && is_action(argv[0]);
    int skip = leading ? 1 : 0, first;
    wish.action = leading ? argv[0] : "";
    /* The number or id may precede or follow the options. */
    if (leading && argc > 1 && argv[1][0] != '-') {
        wish.operand = argv[1];
        skip = 2;
    }
    int code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc - skip, argv + skip, &first);
    if (code != 0)
        return code - 1;
    first += skip;
    if (!leading && first < argc)
        wish.action = argv[first++];
    if (!is_action(wish.action))
        return hs_command_fail(command, HS_EXIT_USAGE,
                               wish.action == NULL
                                   ? "give an action: list, show, retry, discard or export; see "
                                     "--help"
                                   : "there is no action `%s`: use list, show, retry, discard or "
                                     "export",
                               wish.action);
    if (first < argc && wish.operand == NULL)
        wish.operand = argv[first++];
    if (first < argc)
        return hs_command_fail(command, HS_EXIT_USAGE, "unexpected argument `%s`", argv[first]);
    code = hs_admin_check_timeout(command, wish.timeout_s);
    if (code == HS_EXIT_GOOD)
        code = check_wish(&wish);
    if (code != HS_EXIT_GOOD)
        return code;
    return act_by(&wish, hs_config_path(path));
}
