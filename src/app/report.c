/* Report: compiled on request, from figures that every part keeps anyway. */
#include "report.h"

#include <hookstream/clock.h>
#include <hookstream/doc.h>
#include <hookstream/heartbeat.h>
#include <hookstream/log.h>
#include <inttypes.h>

#define REASONS_MAX (1u << 20)

/* How many events wait for a sink that is not up, since when, and why. */
static void report_away(const struct hs_pump_status *status, struct hs_buffer *ret_reasons)
{
    hs_buffer_printf(ret_reasons, "sink %s is %s", status->name, hs_sink_state_name(status->state));
    if (status->reason[0] != '\0')
        hs_buffer_printf(ret_reasons, " (%s)", status->reason);
    if (status->away_ns != 0)
        hs_buffer_printf(ret_reasons, ", not up for %" PRIu64 " s",
                         status->away_ns / HS_NS_PER_SECOND);
    hs_buffer_printf(ret_reasons, ", %" PRIu64 " %s", status->lag_events,
                     status->lag_events == 1 ? "event waits" : "events wait");
    hs_buffer_printf(ret_reasons, " in the journal until %s",
                     status->state == HS_SINK_BLOCKED ? "this is mended" : "it is reached");
    hs_buffer_printf(ret_reasons, "%s%s\n", status->detail[0] != '\0' ? ": " : "", status->detail);
}

/* A line for each sink that is not up, is stuck or cannot save its position. None makes the process
 * unready: the journal keeps waiting events, and events are accepted. */
static void report_sinks(struct hs_app *app, struct hs_buffer *ret_reasons)
{
    for (size_t i = 0; i < hs_delivery_count(app->delivery); i++) {
        struct hs_pump_status status;
        hs_delivery_status(app->delivery, i, &status);
        if (status.state == HS_SINK_BLOCKED || status.state == HS_SINK_CONNECTING)
            report_away(&status, ret_reasons);
        else if (status.reason[0] != '\0' && status.state == HS_SINK_UP)
            hs_buffer_printf(ret_reasons, "sink %s is up (%s): %s\n", status.name, status.reason,
                             status.detail);
        if (status.stuck)
            hs_buffer_printf(ret_reasons, "sink %s is up but nothing was confirmed for over %u s\n",
                             status.name, (unsigned)(HS_PUMP_STUCK_NS / HS_NS_PER_SECOND));
        if (status.unsaved)
            hs_buffer_printf(ret_reasons,
                             "sink %s: its position cannot be saved, so events may be "
                             "redelivered after a restart; check the journal's disk\n",
                             status.name);
    }
}

/* What needs a dead letter waits meanwhile, in the journal. */
static void report_letters(struct hs_app *app, struct hs_buffer *ret_reasons)
{
    const char *why;
    if (!hs_dead_letters_writable(app->letters, &why))
        hs_buffer_printf(ret_reasons,
                         "dead letters cannot be written; an event that needs one waits, and its "
                         "sink with it: %s\n",
                         why);
    else if (hs_dead_letters_unprepared(app->letters, &why))
        hs_buffer_printf(ret_reasons,
                         "dead letters: the next segment cannot be prepared (%s); they are written "
                         "until the current one is full, check the disk\n",
                         why);
}

/* Unready only if senders are refused because of it. */
static bool report_shared(struct hs_app *app, struct hs_buffer *ret_reasons)
{
    struct hs_dedupe_shared_status status;
    if (app->shared == NULL)
        return true;
    hs_dedupe_shared_status(app->shared, &status);
    if (status.up)
        return true;
    hs_buffer_printf(ret_reasons,
                     "dedupe: the Redis shared by replicas is unavailable (%s): %s; "
                     "%s\n",
                     status.reason, status.detail,
                     status.refuses ? "senders get 503" : "only this replica's ids are known");
    return !status.refuses;
}

/* Events are accepted without a log, too. */
static void report_log(struct hs_buffer *ret_reasons)
{
    if (hs_log_is_dropping())
        hs_buffer_printf(ret_reasons,
                         "log lines are being dropped, %" PRIu64
                         " so far: stderr is not read, or cannot be written\n",
                         hs_log_dropped());
}

bool hs_report_ready(void *context, struct hs_buffer *ret_reasons)
{
    struct hs_app *app = context;
    if (!atomic_load(&app->accepting)) {
        hs_buffer_append_text(ret_reasons, "starting or stopping\n");
        return false;
    }
    const char *why;
    bool ready = hs_journal_writable(app->journal, &why);
    if (!ready)
        hs_buffer_printf(ret_reasons, "journal: %s\n", why);
    else if (hs_journal_unprepared(app->journal, &why))
        hs_buffer_printf(ret_reasons,
                         "journal: the next segment cannot be prepared (%s); events are accepted "
                         "until the current one is full, check the disk\n",
                         why);
    ready = report_shared(app, ret_reasons) && ready;
    ready = hs_heartbeat_report(HS_HEARTBEAT_ACCEPTS, ret_reasons) && ready;
    report_letters(app, ret_reasons);
    report_log(ret_reasons);
    report_sinks(app, ret_reasons);
    return ready;
}

void hs_report_changes(void *context)
{
    struct hs_app *app = context;
    struct hs_buffer reasons;
    if (!atomic_load(&app->accepting))
        return;
    hs_buffer_init(&reasons, REASONS_MAX);
    bool ready = hs_report_ready(app, &reasons);
    hs_buffer_append_byte(&reasons, '\0');
    bool before = atomic_exchange(&app->was_ready, ready);
    if (ready && !before)
        hs_log(HS_LOG_INFO, "ready: events are accepted again");
    else if (!ready && before)
        hs_log(HS_LOG_ERROR, "not accepting events; see /readyz",
               HS_F("reason", "%.*s", (int)strcspn(reasons.data, "\n"), reasons.data));
    hs_buffer_free(&reasons);
}

static struct json_object *sink_document(const struct hs_pump_status *status)
{
    struct json_object *sink = hs_doc_object();
    hs_doc_put_text(sink, "name", status->name);
    hs_doc_put_text(sink, "type", status->kind);
    hs_doc_put_text(sink, "state", hs_sink_state_name(status->state));
    hs_doc_put_text(sink, "reason", status->reason);
    hs_doc_put_text(sink, "detail", status->detail);
    hs_doc_put_u64(sink, "position", status->position);
    hs_doc_put_u64(sink, "lag_events", status->lag_events);
    hs_doc_put_milli(sink, "lag_seconds", status->lag_seconds);
    hs_doc_put_u64(sink, "in_flight", status->in_flight);
    hs_doc_put_u64(sink, "delivered", status->delivered);
    return sink;
}

static struct json_object *journal_document(struct hs_app *app)
{
    struct json_object *journal = hs_doc_object();
    const char *why = "";
    bool writable = hs_journal_writable(app->journal, &why);
    hs_doc_put_bool(journal, "writable", writable);
    hs_doc_put_u64(journal, "durable", hs_journal_durable(app->journal));
    hs_doc_put_u64(journal, "oldest", hs_journal_oldest(app->journal));
    hs_doc_put_text(journal, "identity", hs_journal_identity(app->journal));
    hs_doc_put_text(journal, "reason", writable ? "" : why);
    return journal;
}

static struct json_object *dedupe_document(struct hs_app *app)
{
    struct json_object *dedupe = hs_doc_object();
    hs_doc_put_u64(dedupe, "ids", hs_dedupe_count(app->dedupe));
    if (app->shared != NULL) {
        struct hs_dedupe_shared_status status;
        hs_dedupe_shared_status(app->shared, &status);
        struct json_object *shared = hs_doc_object();
        hs_doc_put_bool(shared, "up", status.up);
        hs_doc_put_text(shared, "reason", status.reason);
        hs_doc_put_text(shared, "detail", status.detail);
        hs_doc_put(dedupe, "shared", shared);
    }
    return dedupe;
}

static struct json_object *sinks_document(struct hs_app *app)
{
    struct json_object *sinks = hs_doc_array();
    for (size_t i = 0; i < hs_delivery_count(app->delivery); i++) {
        struct hs_pump_status status;
        hs_delivery_status(app->delivery, i, &status);
        hs_doc_add(sinks, sink_document(&status));
    }
    return sinks;
}

void hs_report_status(void *context, struct hs_buffer *ret_json)
{
    struct hs_app *app = context;
    struct json_object *report = hs_doc_object();
    char started[32];
    hs_clock_format(app->started_wall_ns, started);
    bool accepting = atomic_load(&app->accepting);
    hs_doc_put_text(report, "version", HS_VERSION);
    hs_doc_put_text(report, "started", started);
    hs_doc_put_bool(report, "accepting", accepting);
    hs_doc_put_text(report, "config", hs_config_hash(app->config));
    if (accepting) {
        hs_doc_put_u64(report, "connections", hs_ingress_connections(app->ingress));
        hs_doc_put(report, "journal", journal_document(app));
        hs_doc_put(report, "dedupe", dedupe_document(app));
        hs_doc_put(report, "sinks", sinks_document(app));
    }
    hs_doc_print(report, ret_json);
    hs_buffer_append_byte(ret_json, '\n');
}
