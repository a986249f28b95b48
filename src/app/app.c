/* App: starts the parts in order of dependency (journal, dedupe, dead letters, delivery, ingress,
 * admin), and stops each while what it needs still runs. */
#include <hookstream/app.h>

#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/descriptors.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

/* Requests that wait when the stop begins are answered within this time: one sync. */
#define DRAIN_NS (5 * HS_NS_PER_SECOND)

static uint64_t position(void *context, unsigned sink)
{
    struct hs_app *app = context;
    return hs_delivery_position(app->delivery, sink);
}

static bool on_sealed(void *context, uint64_t first, uint64_t last)
{
    struct hs_app *app = context;
    return hs_dedupe_write_ids(app->dedupe, first, last);
}

static void on_failed(void *context, const struct hs_event *event)
{
    struct hs_app *app = context;
    if (event->id.size > 0)
        hs_dedupe_forget(app->dedupe, event->source, event->id);
}

static void on_lost(void *context, uint64_t first, uint64_t last)
{
    struct hs_app *app = context;
    hs_dedupe_lost(app->dedupe, first, last);
    if (app->shared != NULL)
        hs_dedupe_shared_lose(app->shared, app->dedupe);
}

/* Before the journal's first segment is made: it leaves room for letters. */
static int open_letters(struct hs_app *app)
{
    struct hs_dead_letters_options options = app->settings->dead_letters;
    options.body_max = app->settings->server.limits.body_size;
    options.copies = app->settings->sinks.count;
    return hs_dead_letters_open(app->journal, &options, app->metrics, &app->letters);
}

static int start_journal(struct hs_app *app)
{
    int code =
        hs_journal_open(hs_disk_system(), &app->settings->journal, app->metrics, &app->journal);
    if (code == 0)
        code = hs_dedupe_create(&app->settings->dedupe, app->journal, app->metrics, &app->dedupe);
    if (code == 0)
        code = hs_dedupe_load(app->dedupe);
    if (code == 0 && app->settings->dedupe.store == HS_DEDUPE_REDIS)
        code = hs_dedupe_shared_create(&app->settings->dedupe, hs_journal_identity(app->journal),
                                       app->metrics, &app->shared);
    if (code < 0)
        return code;
    if (app->shared != NULL)
        hs_dedupe_shared_lose(app->shared, app->dedupe);
    code = open_letters(app);
    if (code < 0)
        return code;
    struct hs_journal_watcher watcher = {
        .context = app,
        .sealed = on_sealed,
        .failed = on_failed,
        .lost = on_lost,
    };
    return hs_journal_start(app->journal, &watcher);
}

static int start_delivery(struct hs_app *app)
{
    struct hs_delivery_spec spec = {
        .journal = app->journal,
        .letters = app->letters,
        .metrics = app->metrics,
        .config = app->config,
        .sinks = &app->settings->sinks,
        .sources = &app->settings->sources,
        .forward = app->settings->dead_letters.forward,
    };
    int code = hs_delivery_start(&spec, &app->delivery);
    if (code == 0)
        code = hs_control_open(&app->control, &spec, app->settings);
    if (code < 0)
        return code;
    hs_journal_allow_removal(app->journal); /* every cursor is open now */
    hs_journal_scrub(app->journal);
    return 0;
}

static unsigned on_control(void *context, const struct hs_admin_request *request,
                           struct hs_buffer *ret_json)
{
    struct hs_app *app = context;
    return hs_control_answer(&app->control, request, ret_json);
}

static int start_doors(struct hs_app *app)
{
    struct hs_admin_source source = {
        .context = app,
        .metrics = app->metrics,
        .ready = hs_report_ready,
        .status = hs_report_status,
        .control = on_control,
        .each_second = hs_report_changes,
    };
    int code = hs_admin_start(&app->settings->admin, &source, &app->admin);
    if (code < 0)
        return code;
    uint64_t connections;
    code = hs_app_share_descriptors(app, &connections);
    if (code < 0)
        return code;
    struct hs_ingress_spec spec = {
        .options = &app->settings->server,
        .connections = connections,
        .config = app->config,
        .sources = &app->settings->sources,
        .sinks = &app->settings->sinks,
        .journal = app->journal,
        .dedupe = app->dedupe,
        .shared = app->shared,
        .metrics = app->metrics,
        .position = position,
        .position_context = app,
    };
    code = hs_ingress_start(&spec, &app->ingress);
    if (code == 0) {
        atomic_store(&app->was_ready, true); /* log_start() reports the first state */
        atomic_store(&app->accepting, true);
    }
    return code;
}

static void set_build_metrics(struct hs_app *app)
{
    hs_gauge_set(hs_metrics_gauge(app->metrics, HS_METRIC_build_info, HS_VERSION), 1);
    hs_gauge_set(hs_metrics_gauge(app->metrics, HS_METRIC_config_info, hs_config_hash(app->config)),
                 1);
}

/* On the thread that renders the page; collectors run one at a time. */
static void collect(void *context)
{
    struct hs_app *app = context;
    uint64_t dropped = hs_log_dropped();
    hs_counter_add(app->log_dropped, dropped - hs_counter_value(app->log_dropped));
}

/* A start that is not ready yet is logged as such; readiness is logged later: see
 * hs_report_changes(). */
static void log_start(struct hs_app *app)
{
    const struct hs_settings *settings = app->settings;
    struct hs_buffer reasons;
    hs_buffer_init(&reasons, 1u << 20);
    bool ready = hs_report_ready(app, &reasons);
    atomic_store(&app->was_ready, ready);
    if (ready)
        hs_buffer_clear(&reasons); /* sinks that are still connecting */
    hs_buffer_append_byte(&reasons, '\0');
    char listen[HS_ADDRESS_TEXT], admin[HS_ADDRESS_TEXT];
    hs_address_print(settings->server.listen.host, hs_ingress_port(app->ingress), listen);
    hs_address_print(settings->admin.listen.host, hs_admin_port(app->admin), admin);
    hs_log(
        ready ? HS_LOG_INFO : HS_LOG_ERROR, ready ? "ready" : "started, not accepting events",
        HS_F("version", "%s", HS_VERSION), HS_F("listen", "%s", listen), HS_F("admin", "%s", admin),
        HS_F("journal", "%s",
             settings->journal.store == HS_STORE_MEMORY ? "memory" : hs_journal_path(app->journal)),
        HS_F("durable", "%" PRIu64, hs_journal_durable(app->journal)),
        HS_F("config", "%s", hs_config_hash(app->config)),
        HS_F("reason", "%.*s", (int)strcspn(reasons.data, "\n"), reasons.data));
    hs_buffer_free(&reasons);
}

/* libevent would write to stderr itself and block on its reader. */
static void on_event_log(int severity, const char *message)
{
    hs_log_limited(severity == EVENT_LOG_ERR ? HS_LOG_ERROR : HS_LOG_WARN, "libevent",
                   "libevent reports", HS_F("detail", "%s", message));
}

static void on_event_fatal(int error)
{
    char words[64];
    snprintf(words, sizeof(words), "hookstream: libevent ends the process: %d", error);
    hs_log_last_words(words);
    abort();
}

/* Adds advice to the error of a part that could not open a file because of the limit. */
static void name_limit(int code)
{
    if ((code != -EMFILE && code != -ENFILE) || strstr(hs_error_text(), "open files is") != NULL)
        return;
    char text[512];
    (void)snprintf(text, sizeof(text), "%s", hs_error_text());
    (void)hs_fail(
        code,
        "%s; the limit of open files is %" PRIu64
        ": raise it (`ulimit -n`, LimitNOFILE= of systemd, --ulimit nofile= of a container)",
        text, hs_descriptors_limit());
}

int hs_app_start(struct hs_config *config, const struct hs_settings *settings,
                 struct hs_app **ret_app)
{
    struct hs_app *app = hs_alloc(sizeof(*app));
    app->config = config;
    app->settings = settings;
    app->started_wall_ns = hs_clock_wall_ns();
    app->metrics = hs_metrics_create();
    event_set_log_callback(on_event_log);
    event_set_fatal_callback(on_event_fatal);
    app->log_dropped = hs_metrics_counter(app->metrics, HS_METRIC_log_dropped_total);
    hs_metrics_on_collect(app->metrics, collect, app);
    set_build_metrics(app);
    int code = hs_app_check_descriptors(settings);
    if (code == 0)
        code = hs_heartbeat_watch(app->metrics);
    if (code == 0)
        code = start_journal(app);
    if (code == 0)
        code = start_delivery(app);
    if (code == 0)
        code = start_doors(app);
    if (code < 0) {
        name_limit(code);
        hs_app_free(app);
        return code;
    }
    log_start(app);
    *ret_app = app;
    return 0;
}

void hs_app_stop(struct hs_app *app)
{
    atomic_store(&app->accepting, false);
    hs_log(HS_LOG_INFO, "stopping: no new requests, answering the waiting ones");
    hs_replay_cancel(app->control.replay);
    hs_ingress_drain(app->ingress, DRAIN_NS);
    /* Commits what was appended; the durable sequence stays constant afterwards. */
    hs_journal_stop(app->journal);
    hs_delivery_stop(app->delivery, app->settings->server.shutdown_grace_ns);
    hs_log(HS_LOG_INFO, "stopped; undelivered events are in the journal",
           HS_F("durable", "%" PRIu64, hs_journal_durable(app->journal)));
}

void hs_app_free(struct hs_app *app)
{
    if (app == NULL)
        return;
    /* Before any cursor closes: the keeper must not mistake a missing cursor for one that is past
     * everything (J5). */
    if (app->journal != NULL)
        hs_journal_stop(app->journal);
    hs_admin_free(app->admin);
    hs_control_close(&app->control);
    hs_ingress_free(app->ingress);
    hs_delivery_free(app->delivery);
    hs_dead_letters_close(app->letters);
    hs_dedupe_shared_free(app->shared);
    hs_dedupe_free(app->dedupe);
    hs_journal_close(app->journal);
    hs_heartbeat_unwatch();
    hs_metrics_free(app->metrics);
    free(app);
}
