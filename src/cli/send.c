/* send: sends signed sample events to a running hookstream, and prints a summary of the answers. */
#include "command.h"
#include "sender.h"

#include <hookstream/advice.h>
#include <hookstream/app.h>
#include <hookstream/buffer.h>
#include <hookstream/json.h>
#include <hookstream/log.h>
#include <hookstream/open.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_send = {
    .name = "send",
    .summary = "Send signed sample events, or your own.",
    .help =
        "Sends events of the types in the source's catalogue, signed with the first secret of a\n"
        "source, to the address that the configuration listens on (or to --url), and prints the\n"
        "answers and their latency. Every event has its own id. Exits with 1 if one was not\n"
        "answered 2xx.\n"
        "\n"
        "--file sends the bytes of a file instead, unchanged, so that an invalid event can be\n"
        "tried, too. Sent again it has the same id: a duplicate, which is answered 202 and not\n"
        "delivered again. With --count above 1 each gets its own id in place of the file's.\n"
        "\n"
        "  hookstream send --type order.created\n"
        "  hookstream send --file event.json\n"
        "  hookstream send --all --count 2100 --rate 500 --ledger sent.txt",
    .operands = "",
    .run = run,
};

#define TYPES_MAX 1000u /* sent in turn */

struct request {
    const char *config, *source, *url, *secret, *ledger, *file;
    struct hs_arg_texts types;
    bool all, quiet, list;
    uint64_t count, rate, connections, seed;
};

/* A new id replaces the file's if it is sent more than once. */
static int take_file(const struct hs_command *command, const struct request *request,
                     struct hs_buffer *body, struct hs_sender_options *options)
{
    if (request->all || request->types.count > 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "--file excludes --type and --all");
    if (hs_command_read(request->file, body) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "--file: %s", hs_error_text());
    options->body = hs_buffer_slice(body);
    options->count = request->count > 0 ? request->count : 1;
    if (options->count == 1)
        return 0;
    struct hs_json_member id = {.name = HS_SLICE("id")};
    enum hs_json_kind kind;
    size_t offset;
    int code = hs_json_scan(options->body, &id, 1, &kind, &offset);
    if (code < 0 || id.kind != HS_JSON_STRING || id.repeated)
        return hs_command_fail(
            command, HS_EXIT_USAGE,
            "--count: each event gets its own id, but %s is not a JSON object with one `id`, a "
            "string; without --count it is sent unchanged",
            request->file);
    options->body_id = id.value;
    return 0;
}

static int choose_types(const struct hs_command *command, const struct request *request,
                        const struct hs_catalogue *catalogue, struct hs_sender_options *options)
{
    static const struct hs_event_type *chosen[TYPES_MAX];
    options->types = chosen;
    options->type_count = 0;
    bool all = request->all || request->types.count == 0;
    if (all && catalogue->count > TYPES_MAX)
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "the catalogue has more than %u types: choose some by --type",
                               TYPES_MAX);
    for (size_t i = 0; all && i < catalogue->count; i++)
        chosen[options->type_count++] = &catalogue->types[i];
    for (size_t i = 0; !all && i < request->types.count; i++) {
        if (hs_catalogue_find(catalogue, request->types.items[i], &chosen[i]) < 0)
            return hs_command_fail(command, HS_EXIT_USAGE, "%s", hs_error_text());
        options->type_count++;
    }
    options->count = request->count > 0 ? request->count : options->type_count;
    return 0;
}

/* Parses http://host[:port][/path], the only form needed here. `url` becomes the host's text. */
static int take_url(const struct hs_command *command, char *url, struct hs_sender_options *options)
{
    static const char scheme[] = "http://";
    if (strncasecmp(url, scheme, sizeof(scheme) - 1) != 0)
        return hs_command_fail(
            command, HS_EXIT_USAGE, "--url is http://HOST:PORT/PATH, not `%s`%s", url,
            strncasecmp(url, "https://", 8) == 0 ? ": TLS is not supported" : "");
    char *place = url + sizeof(scheme) - 1;
    size_t size = strcspn(place, "/?#");
    struct hs_slice host;
    if (hs_address_parse(hs_slice(place, size), HS_ADDRESS_REMOTE, 80, &host, &options->port) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE,
                               "--url is http://HOST:PORT/PATH, not `%s`: %s", url,
                               hs_error_text());
    size_t path = strcspn(place + size, "#"); /* a fragment is not sent */
    options->path =
        place[size] == '/' ? hs_slice_dup(hs_slice(place + size, path)) : hs_strdup("/");
    place[(size_t)(host.data - place) + host.size] = '\0';
    options->host = host.data;
    return 0;
}

static const struct hs_source_options *find_source(const struct hs_settings *settings,
                                                   const char *name)
{
    for (size_t i = 0; i < settings->sources.count; i++)
        if (name == NULL || strcmp(settings->sources.names[i], name) == 0)
            return hs_children_at(&settings->sources, i);
    return NULL;
}

/* Options that were not given come from the configuration. */
static int take_config(const struct hs_command *command, const struct request *request,
                       const struct hs_settings *settings, struct hs_sender_options *options)
{
    const struct hs_source_options *source = find_source(settings, request->source);
    if (source == NULL)
        return hs_command_fail(command, HS_EXIT_BAD, "the configuration has no source `%s`",
                               request->source ? request->source : "");
    options->scheme = hs_source_scheme(&source->verify);
    if (options->secret.data == NULL)
        options->secret = source->verify.secret_items[0].key;
    if (options->host != NULL)
        return 0;
    options->host = hs_address_for_client(settings->server.listen.host);
    options->port = settings->server.listen.port;
    options->path = hs_strdup(source->path);
    return 0;
}

static void print_summary(const struct hs_sender_options *options,
                          const struct hs_sender_result *result)
{
    double seconds = (double)result->nanoseconds / 1e9;
    printf("sent %" PRIu64 " in %.2f s (%.0f/s) over %" PRIu64 " connection%s\n", result->sent,
           seconds, seconds > 0 ? (double)result->answered / seconds : 0, options->connections,
           options->connections == 1 ? "" : "s");
    for (unsigned status = 0; status < HS_ARRAY_SIZE(result->statuses); status++)
        if (result->statuses[status] > 0)
            printf("  %u: %" PRIu64 "\n", status, result->statuses[status]);
    if (result->lost > 0)
        printf("  no answer: %" PRIu64 " (%s)\n", result->lost, result->why);
    if (result->answered > 0)
        printf("latency ms%s: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f\n",
               options->rate ? " (from when due)" : "",
               (double)hs_sender_percentile(result, 0.5) / 1e6,
               (double)hs_sender_percentile(result, 0.9) / 1e6,
               (double)hs_sender_percentile(result, 0.99) / 1e6,
               (double)hs_sender_percentile(result, 0.999) / 1e6, (double)result->slowest_ns / 1e6);
}

static bool all_good(const struct hs_sender_result *result)
{
    uint64_t good = 0;
    for (unsigned status = 200; status < 300; status++)
        good += result->statuses[status];
    return good == result->sent;
}

static int send_all(const struct hs_command *command, const struct request *request,
                    struct hs_sender_options *options)
{
    if (request->ledger != NULL) {
        options->ledger = hs_open_stream(request->ledger);
        if (options->ledger == NULL)
            return hs_command_fail(command, HS_EXIT_BAD, "cannot write %s: %m", request->ledger);
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    struct hs_sender_result *result = hs_alloc(sizeof(*result));
    int code = hs_sender_run(options, result);
    if (options->ledger != NULL && fclose(options->ledger) != 0)
        code = hs_fail_errno(errno, "cannot write %s", request->ledger);
    if (code < 0) {
        free(result);
        return hs_command_fail(command, HS_EXIT_BAD, "%s", hs_error_text());
    }
    print_summary(options, result);
    bool good = all_good(result);
    free(result);
    return good ? HS_EXIT_GOOD : HS_EXIT_BAD;
}

static int list_types(void)
{
    const struct hs_catalogue *fanfare = hs_catalogue_fanfare();
    for (size_t i = 0; i < fanfare->count; i++)
        printf("%-26s %s\n", fanfare->types[i].name, fanfare->types[i].help);
    return HS_EXIT_GOOD;
}

/* The types of the source's catalogue, and how many events of them. */
static int take_types(const struct hs_command *command, const struct request *request,
                      const struct hs_settings *settings, const struct hs_catalogues *catalogues,
                      struct hs_sender_options *options)
{
    if (request->file != NULL)
        return 0;
    const struct hs_catalogue *catalogue = NULL;
    for (size_t i = settings->sources.count; i-- > 0;)
        if (request->source == NULL || strcmp(settings->sources.names[i], request->source) == 0)
            catalogue = hs_catalogues_of(catalogues, i);
    if (catalogue == NULL)
        return hs_command_fail(command, HS_EXIT_BAD,
                               "the source has no catalogue to generate sample events from");
    return choose_types(command, request, catalogue, options);
}

static int send_configured(const struct hs_command *command, const struct request *request,
                           struct hs_sender_options *options)
{
    struct hs_settings settings;
    struct hs_config *config = hs_settings_load(hs_config_path(request->config), &settings);
    struct hs_catalogues *catalogues = NULL;
    int code = 0;
    if (hs_config_findings(config)->errors == 0)
        catalogues = hs_catalogues_load(config, &settings.sources);
    if (hs_config_findings(config)->errors > 0)
        code = hs_command_fail(command, HS_EXIT_BAD,
                               "%s cannot be used: see hookstream check (or give --url and "
                               "--secret)",
                               hs_config_path(request->config));
    if (code == 0)
        code = take_config(command, request, &settings, options);
    if (code == 0)
        code = take_types(command, request, &settings, catalogues, options);
    if (code == 0)
        code = send_all(command, request, options);
    hs_catalogues_free(catalogues);
    hs_config_free(config);
    return code;
}

static int prepare_and_send(const struct hs_command *command, const struct request *request,
                            struct hs_sender_options *options)
{
    int code = 0;
    HS_AUTO_FREE char *url = request->url != NULL ? hs_strdup(request->url) : NULL;
    if (url != NULL)
        code = take_url(command, url, options);
    if (code != 0)
        return code;
    if (request->secret != NULL)
        options->secret = hs_slice_text(request->secret);
    if (options->host == NULL || options->secret.data == NULL)
        return send_configured(command, request, options);
    options->scheme = hs_schemes[0];
    if (request->file == NULL)
        code = choose_types(command, request, hs_catalogue_fanfare(), options);
    return code == 0 ? send_all(command, request, options) : code;
}

static int send_requested(const struct hs_command *command, const struct request *request,
                          struct hs_sender_options *options)
{
    struct hs_buffer body;
    hs_buffer_init(&body, HS_SENDER_BODY_MAX);
    int code = 0;
    if (request->file != NULL)
        code = take_file(command, request, &body, options);
    if (code == 0)
        code = prepare_and_send(command, request, options);
    hs_buffer_free(&body);
    free((void *)(uintptr_t)options->path);
    return code;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    struct request request = {.connections = 1, .seed = 1};
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &request.config, "FILE",
         "Configuration to take address and secret from (else $HOOKSTREAM_CONFIG, ...)."},
        {"source", 0, HS_ARG_TEXT, &request.source, "NAME", "Source (else the first)."},
        {"url", 0, HS_ARG_TEXT, &request.url, "URL", "Send there instead: http://HOST:PORT/PATH."},
        {"secret", 0, HS_ARG_TEXT, &request.secret, "TEXT", "Sign with this secret instead."},
        {"type", 't', HS_ARG_TEXTS, &request.types, "TYPE", "Event type; may be given again."},
        {"file", 0, HS_ARG_TEXT, &request.file, "FILE",
         "Your own event, - for standard input; sent unchanged."},
        {"all", 'a', HS_ARG_FLAG, &request.all, NULL,
         "All types in turn (also the default "
         "without --type)."},
        {"list", 0, HS_ARG_FLAG, &request.list, NULL, "Print the event types and exit."},
        {"count", 'n', HS_ARG_COUNT, &request.count, "N",
         "Events to send (else one of each type, or the file once)."},
        {"rate", 'r', HS_ARG_COUNT, &request.rate, "N",
         "Events per second (else as fast as possible)."},
        {"connections", 'C', HS_ARG_COUNT, &request.connections, "N", "Connections (1)."},
        {"ledger", 0, HS_ARG_TEXT, &request.ledger, "FILE",
         "Write one line per event: id, status (0: no answer), microseconds."},
        {"seed", 0, HS_ARG_COUNT, &request.seed, "N", "Seed of the sample values (1)."},
        {"quiet", 'q', HS_ARG_FLAG, &request.quiet, NULL, "No progress line."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    if (request.list)
        return list_types();
    if (request.connections < 1 || request.connections > HS_SENDER_CONNECTIONS_MAX)
        return hs_command_fail(command, HS_EXIT_USAGE, "--connections takes 1 to %u",
                               HS_SENDER_CONNECTIONS_MAX);
    hs_log_configure(HS_LOG_ERROR, HS_LOG_LOGFMT);
    struct hs_sender_options options = {
        .rate = request.rate,
        .connections = request.connections,
        .seed = request.seed,
        .progress = !request.quiet,
    };
    return send_requested(command, &request, &options);
}
