/* App: owns the running process: reads the settings, starts the parts in order, reports their
 * state, and stops them in reverse order. Threads: the owner's, except for status. */
#ifndef HOOKSTREAM_APP_H
#define HOOKSTREAM_APP_H

#include <hookstream/admin.h>
#include <hookstream/config.h>
#include <hookstream/delivery.h>
#include <hookstream/ingress.h>

/* ---- The whole configuration ---- */

struct hs_log_options {
    unsigned level, format; /* enum hs_log_level, enum hs_log_format */
};

struct hs_settings {
    struct hs_server_options server;
    struct hs_admin_options admin;
    struct hs_log_options log;
    struct hs_journal_options journal;
    struct hs_dedupe_options dedupe;
    struct hs_dead_letters_options dead_letters;
    struct hs_children sources; /* struct hs_source_options */
    struct hs_children sinks;   /* struct hs_sink_options */
    const struct hs_node *transformations;
    const struct hs_node *routes;
    const struct hs_node *fallback; /* default: */
    bool allow_weak_secrets;
    bool routed; /* routes and default compiled without errors */
};
extern const struct hs_options hs_settings_table;

/* Loads, binds and checks a configuration file, as `run` and `check` do, as far as possible without
 * connecting. Always returns a config, whose findings report errors; the settings are valid only
 * without errors. */
struct hs_config *hs_settings_load(const char *path, struct hs_settings *ret_settings);
/* As hs_settings_load(), for a rehearsal: sinks need no working address. */
struct hs_config *hs_settings_load_offline(const char *path, const struct hs_config_lookup *lookup,
                                           struct hs_settings *ret_settings);

/* Compares the sinks with the cursors of an existing journal on disk. Warns about sinks that are
 * new to it, and about cursors whose sink was removed or renamed. */
void hs_settings_check_cursors(struct hs_config *config, const struct hs_settings *settings);
/* See journal_inspect.h. */
struct hs_journal_summary;
/* Compares the routes with those under which waiting events were accepted, and warns about a sink
 * that no longer gets its waiting events. Part of hs_settings_check_cursors(). */
void hs_settings_check_routes(struct hs_config *config, const struct hs_settings *settings,
                              const struct hs_journal_summary *summary);

/* Creates each sink's client and destroys it, without connecting; adds an error for each that
 * cannot be created. `run` starts anyway, with that sink blocked. Does nothing while the
 * configuration has errors. */
void hs_settings_check_clients(struct hs_config *config, const struct hs_settings *settings);

/* For `check`: warns if the hard limit of open files has no room for `limits.connections`. Raises
 * the soft limit, as the start does. */
void hs_settings_check_file_limit(struct hs_config *config, const struct hs_settings *settings);

/* Checks the settings against the catalogues of their sources; see advice.h. Returns false,
 * checking nothing, if there is an error in what it depends on: routes, sources, transformations,
 * the sinks' types. */
bool hs_settings_advise(struct hs_config *config, const struct hs_settings *settings, bool lenient);

/* Queries what the configuration names: the journal's folder, the dedupe's Redis and every sink, in
 * turn, each query for at most `timeout_ms`. Problems become findings (HS300 and up); successes and
 * skipped checks become lines of the report. Does nothing while the configuration has errors. */
void hs_settings_check_online(struct hs_config *config, const struct hs_settings *settings,
                              unsigned timeout_ms, struct hs_buffer *ret_report);

/* ---- The running process ---- */

struct hs_app;

/* Starts everything; after it returns 0, events are accepted. `config` and `settings` are borrowed
 * until hs_app_free(). -errno and a message. */
HS_MUST_CHECK int hs_app_start(struct hs_config *config, const struct hs_settings *settings,
                               struct hs_app **ret_app);
/* The reaction to SIGTERM: stops accepting, answers waiting requests, syncs, and flushes for
 * server.shutdown_grace. */
void hs_app_stop(struct hs_app *app);
/* Stops if necessary, and frees everything. NULL is fine. */
void hs_app_free(struct hs_app *app);

#endif
