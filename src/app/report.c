/* Report: compiled on request, from figures that every part keeps anyway. */
#include "report.h"

#include <hookstream/clock.h>
#include <hookstream/heartbeat.h>
#include <hookstream/json.h>
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

static void add_text(struct hs_buffer *json, const char *name, const char *text)
{
    hs_buffer_printf(json, ",\"%s\":", name);
    hs_json_encode_string(hs_slice_text(text), json);
}

static void add_sink(struct hs_buffer *json, const struct hs_pump_status *status)
{
    hs_buffer_append_text(json, "{\"name\":");
    hs_json_encode_string(hs_slice_text(status->name), json);
    add_text(json, "type", status->kind);
    add_text(json, "state", hs_sink_state_name(status->state));
    add_text(json, "reason", status->reason);
    add_text(json, "detail", status->detail);
    hs_buffer_printf(json,
                     ",\"position\":%" PRIu64 ",\"lag_events\":%" PRIu64
                     ",\"lag_seconds\":%.3f,\"in_flight\":%" PRIu64 ",\"delivered\":%" PRIu64 "}",
                     status->position, status->lag_events, status->lag_seconds, status->in_flight,
                     status->delivered);
}

static void add_journal(struct hs_app *app, struct hs_buffer *json)
{
    const char *why = "";
    bool writable = hs_journal_writable(app->journal, &why);
    hs_buffer_printf(json,
                     ",\"journal\":{\"writable\":%s,\"durable\":%" PRIu64 ",\"oldest\":%" PRIu64,
                     writable ? "true" : "false", hs_journal_durable(app->journal),
                     hs_journal_oldest(app->journal));
    add_text(json, "identity", hs_journal_identity(app->journal));
    add_text(json, "reason", writable ? "" : why);
    hs_buffer_append_byte(json, '}');
}

static void add_dedupe(struct hs_app *app, struct hs_buffer *json)
{
    hs_buffer_printf(json, ",\"dedupe\":{\"ids\":%" PRIu64, hs_dedupe_count(app->dedupe));
    if (app->shared != NULL) {
        struct hs_dedupe_shared_status status;
        hs_dedupe_shared_status(app->shared, &status);
        hs_buffer_printf(json, ",\"shared\":{\"up\":%s", status.up ? "true" : "false");
        add_text(json, "reason", status.reason);
        add_text(json, "detail", status.detail);
        hs_buffer_append_byte(json, '}');
    }
    hs_buffer_append_byte(json, '}');
}

void hs_report_status(void *context, struct hs_buffer *ret_json)
{
    struct hs_app *app = context;
    char started[32];
    hs_clock_format(app->started_wall_ns, started);
    bool accepting = atomic_load(&app->accepting);
    hs_buffer_printf(ret_json, "{\"version\":\"%s\",\"started\":\"%s\",\"accepting\":%s",
                     HS_VERSION, started, accepting ? "true" : "false");
    add_text(ret_json, "config", hs_config_hash(app->config));
    if (accepting) {
        hs_buffer_printf(ret_json, ",\"connections\":%zu", hs_ingress_connections(app->ingress));
        add_journal(app, ret_json);
        add_dedupe(app, ret_json);
        hs_buffer_append_text(ret_json, ",\"sinks\":[");
        for (size_t i = 0; i < hs_delivery_count(app->delivery); i++) {
            struct hs_pump_status status;
            hs_delivery_status(app->delivery, i, &status);
            if (i > 0)
                hs_buffer_append_byte(ret_json, ',');
            add_sink(ret_json, &status);
        }
        hs_buffer_append_byte(ret_json, ']');
    }
    hs_buffer_append_text(ret_json, "}\n");
}
