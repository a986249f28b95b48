/* File limit: shares the limit of open files out, once everything but the ingress is open. What
 * journal, dead letters, sinks, jq and the admin port may still open is kept for them, so that
 * connections never take the last one: without it a segment cannot be made, and the journal would
 * refuse every event. */
#include "report.h"

#include <hookstream/descriptors.h>
#include <hookstream/log.h>
#include <inttypes.h>

/* The next segments of journal, ids and dead letters, readers, cursors being saved, folders that
 * are synced, and a replay. */
#define KEPT_FOR_STORAGE_LEAST 12u
#define KEPT_FOR_STORAGE 32u
/* A sink's connections or files, and the pipes of its jq processes. */
#define KEPT_FOR_SINK_LEAST 3u
#define KEPT_FOR_SINK 80u
/* A worker's event loop, wakeup, listener and connection to a shared dedupe. */
#define PER_WORKER 6u
#define CONNECTIONS_LEAST 8u
/* What the start opens at least: journal, dead letters, event loops, wakeups. */
#define OPENED_LEAST 28u

static uint64_t workers_of(const struct hs_app *app)
{
    return hs_ingress_workers(&app->settings->server);
}

static int refuse(uint64_t limit, uint64_t open, uint64_t wanted)
{
    return hs_fail(-EMFILE,
                   "the limit of open files is %" PRIu64 ", and %" PRIu64
                   " are needed besides connections: raise it to %" PRIu64
                   " or more (`ulimit -n`, LimitNOFILE= of systemd, --ulimit nofile= of a "
                   "container), and 1 more per connection",
                   limit, open + wanted - CONNECTIONS_LEAST, open + wanted);
}

int hs_app_check_descriptors(void)
{
    uint64_t limit = hs_descriptors_limit(), open = hs_descriptors_open();
    return limit < open + OPENED_LEAST ? refuse(limit, open, OPENED_LEAST + CONNECTIONS_LEAST) : 0;
}

int hs_app_share_descriptors(struct hs_app *app, uint64_t *ret_connections)
{
    uint64_t limit = hs_descriptors_limit(), open = hs_descriptors_open();
    uint64_t sinks = app->settings->sinks.count, workers = workers_of(app) * PER_WORKER;
    uint64_t admin = hs_descriptors_of_admin();
    uint64_t least = KEPT_FOR_STORAGE_LEAST + admin + workers + sinks * KEPT_FOR_SINK_LEAST;
    uint64_t kept = KEPT_FOR_STORAGE + admin + workers + sinks * KEPT_FOR_SINK;
    if (limit < open + least + CONNECTIONS_LEAST)
        return refuse(limit, open, least + CONNECTIONS_LEAST);
    uint64_t left = limit - open;
    /* Where little is left, the half of it is kept. */
    if (kept > left / 2)
        kept = left / 2 > least ? left / 2 : least;
    uint64_t wanted = app->settings->server.limits.connections;
    uint64_t connections = left - kept < wanted ? left - kept : wanted;
    hs_log(connections < wanted ? HS_LOG_WARN : HS_LOG_INFO,
           connections < wanted
               ? "the limit of open files has no room for limits.connections: raise it (ulimit -n, "
                 "LimitNOFILE=), or others are closed for new ones earlier"
               : "open files",
           HS_F("limit", "%" PRIu64, limit), HS_F("open", "%" PRIu64, open),
           HS_F("kept", "%" PRIu64, kept), HS_F("connections", "%" PRIu64, connections),
           HS_F("configured", "%" PRIu64, wanted));
    *ret_connections = connections;
    return 0;
}
