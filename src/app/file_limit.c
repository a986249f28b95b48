/* File limit: distributes the limit of open files, once everything but the ingress is open. It
 * reserves what journal, dead letters, sinks, jq and the admin port may still open, so that
 * connections never take the last descriptor: otherwise a segment could not be created, and the
 * journal would refuse every event. */
#include "report.h"

#include <hookstream/app.h>
#include <hookstream/descriptors.h>
#include <hookstream/log.h>
#include <inttypes.h>

/* The next segments of journal, ids and dead letters, readers, cursors being saved, folders being
 * synced, and a replay. */
#define KEPT_FOR_STORAGE_LEAST 12u
#define KEPT_FOR_STORAGE 32u
/* A sink's connections or files, and the pipes of its jq processes. */
#define KEPT_FOR_SINK_LEAST 3u
#define KEPT_FOR_SINK 80u
/* A worker's event loop, wakeup, listener and connection to a shared dedupe. */
#define PER_WORKER 6u
#define CONNECTIONS_LEAST 8u
/* The least that a start opens: journal, dead letters, event loops, wakeups. */
#define OPENED_LEAST 28u

static uint64_t kept_for_rest(const struct hs_settings *settings)
{
    return KEPT_FOR_STORAGE + hs_descriptors_of_admin() +
           hs_ingress_workers(&settings->server) * PER_WORKER +
           settings->sinks.count * KEPT_FOR_SINK;
}

static int refuse(uint64_t limit, uint64_t open, uint64_t wanted)
{
    return hs_fail(-EMFILE,
                   "the limit of open files is %" PRIu64 ", but %" PRIu64
                   " are needed besides connections: raise it to at least %" PRIu64
                   " (`ulimit -n`, LimitNOFILE= of systemd, --ulimit nofile= of a container), "
                   "plus 1 per connection",
                   limit, open + wanted - CONNECTIONS_LEAST, open + wanted);
}

/* What is kept for the rest where little is left. */
static uint64_t least_for_rest(const struct hs_settings *settings)
{
    return KEPT_FOR_STORAGE_LEAST + hs_descriptors_of_admin() +
           hs_ingress_workers(&settings->server) * PER_WORKER +
           settings->sinks.count * KEPT_FOR_SINK_LEAST;
}

int hs_app_check_descriptors(const struct hs_settings *settings)
{
    uint64_t limit = hs_descriptors_limit(), open = hs_descriptors_open() + OPENED_LEAST;
    if (limit >= open)
        return 0;
    return refuse(limit, open, least_for_rest(settings) + CONNECTIONS_LEAST);
}

int hs_app_share_descriptors(struct hs_app *app, uint64_t *ret_connections)
{
    uint64_t limit = hs_descriptors_limit(), open = hs_descriptors_open();
    uint64_t least = least_for_rest(app->settings), kept = kept_for_rest(app->settings);
    if (limit < open + least + CONNECTIONS_LEAST)
        return refuse(limit, open, least + CONNECTIONS_LEAST);
    uint64_t left = limit - open;
    /* If little is left, half of it is reserved. */
    if (kept > left / 2)
        kept = left / 2 > least ? left / 2 : least;
    uint64_t wanted = app->settings->server.limits.connections;
    uint64_t connections = left - kept < wanted ? left - kept : wanted;
    hs_log(connections < wanted ? HS_LOG_WARN : HS_LOG_INFO,
           connections < wanted
               ? "the limit of open files has no room for limits.connections: raise it (ulimit "
                 "-n, LimitNOFILE=), or connections are closed earlier to make room"
               : "open files",
           HS_F("limit", "%" PRIu64, limit), HS_F("open", "%" PRIu64, open),
           HS_F("kept", "%" PRIu64, kept), HS_F("connections", "%" PRIu64, connections),
           HS_F("configured", "%" PRIu64, wanted));
    *ret_connections = connections;
    return 0;
}

void hs_settings_check_file_limit(struct hs_config *config, const struct hs_settings *settings)
{
    if (hs_config_findings(config)->errors > 0)
        return;
    uint64_t limit = hs_descriptors_raise(); /* as the start does */
    uint64_t wanted = settings->server.limits.connections;
    uint64_t needed = OPENED_LEAST + kept_for_rest(settings) + wanted;
    if (limit >= needed)
        return;
    const struct hs_node *root = hs_config_root(config), *server = hs_node_get(root, "server");
    hs_config_warning(config, HS_FINDING_DESCRIPTOR_LIMIT, server != NULL ? server : root,
                      "the hard limit of open files is %" PRIu64 ", but %" PRIu64
                      " are needed with `limits.connections` of %" PRIu64
                      ": raise the limit (ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= "
                      "of a container), or fewer connections are served",
                      limit, needed, wanted);
}
