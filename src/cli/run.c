/* run: starts hookstream and waits for the signal that ends it. */
#include "command.h"

#include <hookstream/app.h>
#include <hookstream/descriptors.h>
#include <hookstream/log.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_run = {
    .name = "run",
    .summary = "Accept webhooks and deliver them.",
    .help = "Runs until SIGTERM or SIGINT: then it stops accepting, answers who waits, syncs the\n"
            "journal, goes on delivering for server.shutdown_grace at most, and exits with 0. A\n"
            "second signal ends it at once; either way nothing that was answered 2xx is lost. "
            "SIGHUP,\n"
            "SIGUSR1 and SIGUSR2 are ignored: a changed configuration takes a restart.",
    .operands = "",
    .run = run,
};

static const int ignored_signals[] = {
    SIGPIPE,
    /* A terminal that closes, or what other servers read files again or reopen logs for. */
    SIGHUP,
    SIGUSR1,
    SIGUSR2,
    /* A limit of file sizes (ulimit -f): the write fails, as on a full disk, and says so. */
    SIGXFSZ,
};

/* Blocked in every thread before any starts; only the main thread takes them. */
static void block_signals(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < HS_ARRAY_SIZE(ignored_signals); i++)
        sigaction(ignored_signals[i], &ignore, NULL);
}

/* A second signal during the stop ends the process: the journal makes that safe. */
static void end_at_once(int signal_number)
{
    _exit(128 + signal_number);
}

static void unblock_for_second(const sigset_t *signals)
{
    struct sigaction end = {.sa_handler = end_at_once};
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

/* As log lines, in the log's format: the stream has nothing else. */
static void log_findings(struct hs_config *config)
{
    const struct hs_findings *findings = hs_config_findings(config);
    for (size_t i = 0; i < findings->count; i++) {
        const struct hs_finding *finding = &findings->items[i];
        hs_log_write(finding->severity == HS_FINDING_ERROR ? HS_LOG_ERROR : HS_LOG_WARN,
                     finding->message,
                     (struct hs_log_field[]){HS_F("finding", "HS%03u", (unsigned)finding->code),
                                             HS_F("file", "%s", finding->file),
                                             HS_F("line", "%u", finding->line),
                                             HS_F("column", "%u", finding->column)},
                     4);
    }
}

/* With their positions in the file. */
static void print_findings(struct hs_config *config)
{
    struct hs_buffer text;
    hs_buffer_init(&text, 16u << 20);
    hs_config_show_findings(config, &text);
    hs_log_text(hs_buffer_slice(&text));
    hs_buffer_free(&text);
}

static void show_findings(struct hs_config *config, const struct hs_settings *settings)
{
    if (settings->log.format == HS_LOG_JSON)
        log_findings(config);
    else
        print_findings(config);
}

static int serve(struct hs_config *config, const struct hs_settings *settings,
                 const sigset_t *signals)
{
    (void)hs_descriptors_raise(); /* what fits the limit is logged at the start */
    struct hs_app *app;
    if (hs_app_start(config, settings, &app) < 0) {
        hs_log(HS_LOG_ERROR, "cannot start", HS_F("error", "%s", hs_error_text()));
        return HS_EXIT_BAD;
    }
    int signal_number;
    sigwait(signals, &signal_number);
    unblock_for_second(signals);
    hs_app_stop(app);
    hs_app_free(app);
    return HS_EXIT_GOOD;
}

/* From here on no thread waits for the reader of the log. */
static int log_and_serve(struct hs_config *config, const struct hs_settings *settings)
{
    sigset_t signals;
    block_signals(&signals);
    if (hs_log_start() < 0) {
        hs_log(HS_LOG_ERROR, "cannot start", HS_F("error", "%s", hs_error_text()));
        return HS_EXIT_BAD;
    }
    show_findings(config, settings);
    int code = serve(config, settings, &signals);
    hs_log_stop();
    return code;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *path = NULL;
    const struct hs_arg args[] = {
        {"config", 'c', HS_ARG_TEXT, &path, "FILE",
         "Configuration (else $HOOKSTREAM_CONFIG, else /etc/hookstream/hookstream.yaml)."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    struct hs_settings settings = {0};
    struct hs_config *config = hs_settings_load(hs_config_path(path), &settings);
    (void)hs_settings_advise(config, &settings, true); /* errors that prevent it were reported */
    hs_log_configure((enum hs_log_level)settings.log.level,
                     (enum hs_log_format)settings.log.format);
    if (hs_config_findings(config)->errors > 0) {
        show_findings(config, &settings);
        hs_config_free(config);
        return HS_EXIT_BAD;
    }
    code = log_and_serve(config, &settings);
    hs_config_free(config);
    return code;
}
