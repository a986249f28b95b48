/* App: owns the running whole: reads the settings, starts the parts in order, answers what
 * they are doing, stops them in the reverse order. Threads: the owner's, but for status. */
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
    bool routed; /* routes and default were compiled without an error */
};
extern const struct hs_options hs_settings_table;

/* Loads, binds and checks a configuration file, as `run` and `check` do: everything that can
 * be known without connecting. Always gives a config, whose findings say what is wrong; the
 * settings hold only when there are no errors. */
struct hs_config *hs_settings_load(const char *path, struct hs_settings *ret_settings);
/* As hs_settings_load(), for a rehearsal: sinks need no address that works. */
struct hs_config *hs_settings_load_offline(const char *path, const struct hs_config_lookup *lookup,
                                           struct hs_settings *ret_settings);

/* Holds the sinks against the cursors of the journal on disk, if there is one: warns of sinks
 * that are new to it, and of cursors whose sink is gone or has another name now. */
void hs_settings_check_cursors(struct hs_config *config, const struct hs_settings *settings);
/* Compares the routes with those that waiting events were accepted under: warns of a sink that no
 * longer gets what waits for it. Part of hs_settings_check_cursors(). */
struct hs_journal_summary;
void hs_settings_check_routes(struct hs_config *config, const struct hs_settings *settings,
                              const struct hs_journal_summary *summary);

/* Makes each sink's client and ends it, without connecting: an error for each that cannot be made.
 * `run` holds such a sink and starts all the same. Nothing while the configuration has errors. */
void hs_settings_check_clients(struct hs_config *config, const struct hs_settings *settings);

/* For `check`: warns if the hard limit of open files has no room for `limits.connections`. Raises
 * the soft limit, as the start does. */
void hs_settings_check_file_limit(struct hs_config *config, const struct hs_settings *settings);

/* Holds settings against the catalogues of their sources; see advice.h. false: nothing was held,
 * since an error stands in what decides that: routes, sources, transformations, sinks' types. */
bool hs_settings_advise(struct hs_config *config, const struct hs_settings *settings, bool lenient);

/* Asks what the configuration names: the journal's folder, the dedupe's Redis and every sink, one
 * after the other, each question for at most `timeout_ms`. What is wrong becomes a finding (HS300
 * and up); what is good, or could not be asked, a line of the report. Nothing is asked while the
 * configuration has errors. */
void hs_settings_check_online(struct hs_config *config, const struct hs_settings *settings,
                              unsigned timeout_ms, struct hs_buffer *ret_report);

/* ---- The running whole ---- */

struct hs_app;

/* Starts everything; when it returns 0, events are accepted. `config` and `settings` are
 * borrowed until hs_app_free(). -errno and words. */
HS_MUST_CHECK int hs_app_start(struct hs_config *config, const struct hs_settings *settings,
                               struct hs_app **ret_app);
/* SIGTERM's way: stop accepting, answer who waits, sync, flush for server.shutdown_grace. */
void hs_app_stop(struct hs_app *app);
void hs_app_free(struct hs_app *app);

#endif
