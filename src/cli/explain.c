/* explain: shows step by step what would happen to an event, without sending it. */
#include "rehearse.h"

#include <hookstream/clock.h>
#include <hookstream/json.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_explain = {
    .name = "explain",
    .summary = "Show what would happen to an event, step by step.",
    .help = "Reads an event (- for standard input), or generates a sample of --type, and shows "
            "how\n"
            "it would be verified and answered, which routes were considered, what each\n"
            "transformation changes, and every message. Connects to nothing. Signs the event\n"
            "itself unless --unsigned or a signature in --header is given. Unset variables get\n"
            "placeholders. Credentials are masked unless --show-values. Exits with 0 if the "
            "event\n"
            "would be delivered, otherwise with 1.\n"
            "\n"
            "  hookstream explain --type order.created\n"
            "  hookstream explain event.json --partitions 12",
    .operands = "[EVENT.json|-]",
    .run = run,
};

struct request {
    const char *config, *env_file, *source, *type, *at;
    struct hs_arg_texts headers;
    uint64_t seed, partitions;
    bool json, no_color, bare, show;
};

/* Written step by step; masked as a whole at the end. */
struct page {
    struct hs_buffer text;
    bool colored;
};

static const char *color(const struct page *page, const char *code)
{
    return page->colored ? code : "";
}
#define RED "\033[31m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static void head(struct page *page, const char *title)
{
    hs_buffer_printf(&page->text, "%s%s%s\n", color(page, BOLD), title, color(page, PLAIN));
}

/* ---- Steps ---- */

static void print_answer(struct page *page, const struct hs_rehearsal_result *result)
{
    const struct hs_judgement *judgement = &result->judgement;
    head(page, "Request");
    hs_buffer_printf(&page->text, "  source  %.*s\n  verdict %s%s%s\n  answer  %u%s%s\n",
                     HS_SLICE_ARG(result->event.source), hs_verdict_text(judgement->verdict),
                     result->secret ? ", by secret " : "", result->secret ? result->secret : "",
                     judgement->status, judgement->reason ? " " : "",
                     judgement->reason ? judgement->reason : "");
    if (result->event.flaw == HS_EVENT_VALID && result->event.type.size > 0)
        hs_buffer_printf(&page->text, "  event   %.*s %.*s\n", HS_SLICE_ARG(result->event.type),
                         HS_SLICE_ARG(result->event.id));
}

/* Prints a position or a share in percent: a sample takes positions below its share. */
static void print_sample(struct page *page, const char *lead, uint32_t sample, uint32_t place)
{
    const double percent = HS_SAMPLE_WHOLE / 100.0;
    hs_buffer_printf(&page->text,
                     "%s`sample` takes positions below %.7g%%, and this event's is %.4f%%\n", lead,
                     sample / percent, place / percent);
}

static void print_routes(struct page *page, const struct hs_rehearsal_result *result)
{
    static const char *const words[] = {
        [HS_ROUTE_TAKEN] = "taken: the most specific match",
        [HS_ROUTE_OTHER_TYPE] = "not taken: `match` is for other types",
        [HS_ROUTE_OTHER_SOURCE] = "not taken: `sources` does not list this source",
        [HS_ROUTE_UNMET] = "not taken: `when` is false",
        [HS_ROUTE_UNASKABLE] = "cannot be decided: `when` needs JSON",
        [HS_ROUTE_AFTER] = "not reached: a more specific one took it",
    };
    if (result->considered == NULL)
        return;
    head(page, "Routes");
    for (size_t i = 0; i < result->considered_count; i++) {
        const struct hs_considered *one = &result->considered[i];
        bool taken = one->outcome == HS_ROUTE_TAKEN;
        hs_buffer_printf(&page->text, "  %s%-20s%s match %-16s %s", color(page, taken ? GREEN : ""),
                         one->route->name, color(page, taken ? PLAIN : ""), one->route->match,
                         words[one->outcome]);
        if (one->outcome == HS_ROUTE_UNMET)
            hs_buffer_printf(&page->text, " (%.*s)", HS_SLICE_ARG(hs_condition_text(one->when)));
        hs_buffer_append_byte(&page->text, '\n');
        if (taken && one->route->sample != 0)
            print_sample(page, "    ", one->route->sample, result->place);
    }
    if (result->route != NULL && strcmp(result->route->name, "default") == 0)
        hs_buffer_append_text(&page->text, "  default: no route took it\n");
}

static void print_difference(void *context, const char *path, struct hs_slice before,
                             struct hs_slice after)
{
    struct page *page = context;
    if (before.data != NULL)
        hs_buffer_printf(&page->text, "    %s- %s: %.*s%s\n", color(page, RED), path,
                         HS_SLICE_ARG(before), color(page, PLAIN));
    if (after.data != NULL)
        hs_buffer_printf(&page->text, "    %s+ %s: %.*s%s\n", color(page, GREEN), path,
                         HS_SLICE_ARG(after), color(page, PLAIN));
}

static void print_steps(struct page *page, const struct hs_rehearsal_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct hs_rehearsal_step *step = &steps[i];
        hs_buffer_printf(&page->text, "  %zu. %s (line %u)%s%s\n", i + 1, step->operation,
                         step->line, step->error ? ": failed: " : "",
                         step->error ? step->error : "");
        if (step->error == NULL && !step->done)
            hs_buffer_printf(&page->text, "    skipped: `when` is false (%.*s)\n",
                             HS_SLICE_ARG(hs_condition_text(step->when)));
        else if (hs_slice_equal(step->before, step->after))
            hs_buffer_append_text(&page->text,
                                  step->header_count == 0 ? "    nothing changed\n" : "");
        else if (hs_json_differences(step->before, step->after, print_difference, page) < 0)
            hs_buffer_append_text(&page->text, "    the body is no longer JSON\n");
        for (size_t header = 0; header < step->header_count; header++)
            hs_buffer_printf(&page->text, "    %s+ header %.*s: %.*s%s\n", color(page, GREEN),
                             HS_SLICE_ARG(step->headers[header].name),
                             HS_SLICE_ARG(step->headers[header].value), color(page, PLAIN));
    }
}

/* Prints all targets of the route, if any of them skips or edits events. */
static void print_targets(struct page *page, const struct hs_rehearsal_result *result)
{
    bool told = false;
    for (size_t i = 0; i < result->target_count; i++) {
        const struct hs_target *target = result->targets[i].target;
        told = told || target->when != NULL || target->sample != 0 ||
               !hs_transform_is_empty(target->transform);
    }
    if (!told)
        return;
    head(page, "Targets");
    for (size_t i = 0; i < result->target_count; i++) {
        const struct hs_rehearsal_target *one = &result->targets[i];
        bool left_out = one->left_out != NULL;
        hs_buffer_printf(&page->text, "  %zu. %s%s%s: ", i + 1, color(page, left_out ? "" : GREEN),
                         one->sink, color(page, left_out ? "" : PLAIN));
        if (!left_out)
            hs_buffer_append_text(&page->text, "takes it\n");
        else if (strcmp(one->left_out, "sample") == 0)
            print_sample(page, "left out: ", one->target->sample, result->place_in_targets);
        else
            hs_buffer_printf(&page->text, "%s (%.*s)\n",
                             strcmp(one->left_out, "when") == 0
                                 ? "left out: `when` is false"
                                 : "cannot be decided: `when` needs JSON",
                             HS_SLICE_ARG(hs_condition_text(one->target->when)));
        print_steps(page, one->steps, one->step_count);
    }
}

static void print_message(struct page *page, const struct hs_rehearsal_message *message,
                          uint64_t partitions)
{
    struct hs_buffer *text = &page->text;
    hs_buffer_printf(text, "  %s (%s), %s %.*s\n", message->sink, message->kind->name,
                     message->kind->destination, HS_SLICE_ARG(message->destination));
    if (message->key.data != NULL)
        hs_buffer_printf(text, "    key       %.*s\n", HS_SLICE_ARG(message->key));
    if (message->hashed && partitions > 0)
        hs_buffer_printf(text, "    partition %" PRIu64 " of %" PRIu64 "\n",
                         message->hash % partitions, partitions);
    else if (message->hashed)
        hs_buffer_printf(text, "    partition %u modulo their number (--partitions)\n",
                         message->hash);
    else if (message->kind->has_partitions)
        hs_buffer_append_text(text, "    partition any\n");
    for (size_t i = 0; i < message->header_count; i++)
        hs_buffer_printf(text, "    header    %.*s: %.*s\n", HS_SLICE_ARG(message->headers[i].name),
                         HS_SLICE_ARG(message->headers[i].value));
    if (message->kind->explain != NULL)
        message->kind->explain(message->target, text);
    hs_buffer_printf(text, "    body      %.*s\n", HS_SLICE_ARG(message->body));
}

static void print_result(struct page *page, const struct hs_rehearsal_result *result,
                         uint64_t partitions)
{
    print_answer(page, result);
    print_routes(page, result);
    if (result->step_count > 0)
        head(page, "Transformations");
    print_steps(page, result->steps, result->step_count);
    print_targets(page, result);
    if (result->message_count > 0)
        head(page, "Messages");
    for (size_t i = 0; i < result->message_count; i++)
        print_message(page, &result->messages[i], partitions);
    head(page, "Outcome");
    hs_buffer_printf(&page->text, "  %s%s%s%s%s\n", hs_rehearsal_end_name(result->end),
                     result->reason ? ": " : "", result->reason ? result->reason : "",
                     result->detail ? ": " : "", result->detail ? result->detail : "");
}

/* ---- Masking ---- */

/* Whether a member of this name holds a bearer credential: "admissionToken", "apiSecret". */
static bool is_credential(const char *path)
{
    static const char *const ends[] = {"token", "secret", "password"};
    struct hs_slice text = hs_slice_text(path);
    for (size_t i = 0; i < HS_ARRAY_SIZE(ends); i++) {
        struct hs_slice end = hs_slice_text(ends[i]);
        if (text.size >= end.size &&
            hs_slice_equal_nocase(hs_slice(text.data + text.size - end.size, end.size), end))
            return true;
    }
    return false;
}

/* Maximum of different masked values; each costs a pass over the page. */
#define CREDENTIALS_MAX 256u

struct credentials {
    struct hs_slice values[CREDENTIALS_MAX]; /* copies */
    size_t count;
    bool too_many;
};

static void note_credential(void *context, const char *path, struct hs_slice before,
                            struct hs_slice after)
{
    struct credentials *credentials = context;
    if (!is_credential(path) || after.size < 6 || after.data[0] != '"')
        return;
    struct hs_slice value = hs_slice(after.data + 1, after.size - 2);
    for (size_t i = 0; i < credentials->count; i++)
        if (hs_slice_equal(credentials->values[i], value))
            return;
    credentials->too_many = credentials->count == CREDENTIALS_MAX;
    if (!credentials->too_many)
        credentials->values[credentials->count++] = hs_slice(hs_slice_dup(value), value.size);
}

/* Masks a value everywhere in the page. */
static void mask_value(struct hs_buffer *text, struct hs_slice value)
{
    struct hs_buffer masked;
    hs_buffer_init(&masked, text->ceiling);
    const char *at = text->data, *end = at + text->size;
    for (const char *hit; (hit = memmem(at, (size_t)(end - at), value.data, value.size)) != NULL;
         at = hit + value.size) {
        hs_buffer_append(&masked, at, (size_t)(hit - at));
        hs_buffer_printf(&masked, "(masked, %zu characters)", value.size);
    }
    hs_buffer_append(&masked, at, (size_t)(end - at));
    hs_buffer_free(text);
    *text = masked;
}

/* Masks all credentials of the event. If that fails, the page is discarded. */
static int mask(struct hs_slice body, struct hs_buffer *page)
{
    struct credentials credentials = {0};
    /* A body that is not JSON has no members to mask. */
    HS_IGNORE(hs_json_differences(HS_SLICE("{}"), body, note_credential, &credentials));
    for (size_t i = 0; i < credentials.count; i++) {
        if (!credentials.too_many)
            mask_value(page, credentials.values[i]);
        free((char *)credentials.values[i].data);
    }
    if (!credentials.too_many)
        return 0;
    hs_buffer_clear(page);
    return hs_fail(-E2BIG,
                   "the event has more than %u different credentials (names that end in token, "
                   "secret or password), too many to mask: use --show-values",
                   CREDENTIALS_MAX);
}

/* ---- The command ---- */

static int read_event(const struct hs_command *command, const struct request *request,
                      const struct hs_stage *stage, const char *path, uint64_t now,
                      struct hs_buffer *ret_body)
{
    size_t source;
    if ((path != NULL) == (request->type != NULL))
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "give either a file with an event or a --type");
    int code = hs_stage_source(stage, request->source, &source);
    if (code == 0)
        code = path != NULL
                   ? hs_command_read(path, ret_body)
                   : hs_stage_sample(stage, source, request->type, request->seed, now, ret_body);
    return code < 0 ? hs_command_fail(command, HS_EXIT_USAGE, "%s", hs_error_text()) : 0;
}

static int read_headers(const struct hs_command *command, const struct request *request,
                        struct hs_header *headers)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        const char *line = request->headers.items[i], *colon = strchr(line, ':');
        if (colon == NULL)
            return hs_command_fail(command, HS_EXIT_USAGE, "--header is NAME:VALUE, not `%s`",
                                   line);
        headers[i] = (struct hs_header){hs_slice(line, (size_t)(colon - line)),
                                        hs_slice_trim(hs_slice_text(colon + 1))};
    }
    return 0;
}

static int explain(const struct hs_command *command, const struct request *request,
                   struct hs_stage *stage, struct hs_slice body, uint64_t now)
{
    struct hs_header headers[HS_ARG_TEXTS_MAX];
    struct hs_rehearsal_request one = {.body = body,
                                       .now_wall_ns = now,
                                       .headers = headers,
                                       .header_count = request->headers.count,
                                       .sign = !request->bare};
    int code = read_headers(command, request, headers);
    if (code != 0)
        return code;
    const struct hs_rehearsal_result *result;
    if (hs_stage_source(stage, request->source, &one.source) < 0 ||
        hs_rehearse(stage->rehearsal, &one, &result) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "%s", hs_error_text());
    const char *no_color = getenv("NO_COLOR");
    struct page page = {.colored = !request->no_color && isatty(STDOUT_FILENO) == 1 &&
                                   (no_color == NULL || no_color[0] == '\0')};
    hs_buffer_init(&page.text, 1u << 30);
    if (request->json) {
        hs_rehearsal_write(result, &page.text);
        hs_buffer_append_byte(&page.text, '\n');
    } else {
        print_result(&page, result, request->partitions);
    }
    code = request->show ? 0 : mask(body, &page.text);
    if (code < 0) {
        hs_buffer_free(&page.text);
        return hs_command_fail(command, HS_EXIT_USAGE, "%s", hs_error_text());
    }
    if (request->json)
        hs_command_print_json(&page.text, stdout);
    else
        hs_command_print_shown(&page.text, page.colored, stdout);
    hs_buffer_free(&page.text);
    return result->end == HS_END_DELIVERED ? HS_EXIT_GOOD : HS_EXIT_BAD;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    struct request request = {0};
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &request.config, "FILE",
         "Configuration (else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml)."},
        {"env-file", 0, HS_ARG_TEXT, &request.env_file, "FILE", "NAME=value lines for ${NAME}."},
        {"source", 0, HS_ARG_TEXT, &request.source, "NAME", "Source (else the first)."},
        {"type", 0, HS_ARG_TEXT, &request.type, "TYPE", "Use a sample event of this type."},
        {"seed", 0, HS_ARG_COUNT, &request.seed, "N", "Which sample."},
        {"at", 0, HS_ARG_TEXT, &request.at, "TIME", "Time of receipt (else now)."},
        {"header", 'H', HS_ARG_TEXTS, &request.headers, "NAME:VALUE", "A header of the request."},
        {"unsigned", 0, HS_ARG_FLAG, &request.bare, NULL, "Do not sign it."},
        {"partitions", 0, HS_ARG_COUNT, &request.partitions, "N",
         "Number of partitions of the topics."},
        {"json", 0, HS_ARG_FLAG, &request.json, NULL, "Print the outcome as JSON."},
        {"show-values", 0, HS_ARG_FLAG, &request.show, NULL, "Do not mask credentials."},
        {"no-color", 0, HS_ARG_FLAG, &request.no_color, NULL, "No colours (also with $NO_COLOR)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    uint64_t now = hs_clock_wall_ns();
    if (request.at != NULL && hs_value_time(hs_slice_text(request.at), now, &now) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "--at: %s", hs_error_text());
    struct hs_stage stage;
    struct hs_buffer body;
    hs_buffer_init(&body, 64u << 20);
    code = hs_stage_open(&stage, command, request.config, request.env_file);
    if (code == 0)
        code = read_event(command, &request, &stage, first < argc ? argv[first] : NULL, now, &body);
    if (code == 0) {
        if (stage.absent.size > 0)
            fprintf(stderr, "note: these variables are not set and have placeholders: %.*s\n",
                    HS_SLICE_ARG(hs_buffer_slice(&stage.absent)));
        code = explain(command, &request, &stage, hs_buffer_slice(&body), now);
    }
    hs_stage_close(&stage);
    hs_buffer_free(&body);
    return code;
}
