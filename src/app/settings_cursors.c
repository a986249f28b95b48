/* Settings and cursors: what a changed configuration means for an existing journal. */
#include <hookstream/app.h>

#include <inttypes.h>

static bool has_cursor(const struct hs_journal_summary *summary, const char *name)
{
    for (size_t i = 0; i < summary->cursor_count; i++)
        if (strcmp(summary->cursors[i].name, name) == 0)
            return true;
    return false;
}

static bool has_sink(const struct hs_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->sinks.count; i++)
        if (strcmp(settings->sinks.names[i], name) == 0)
            return true;
    return false;
}

/* Whether its cursor existed and is missing. Events without any cursor: all cursors were lost. */
static bool lost_cursor(const struct hs_settings *settings,
                        const struct hs_journal_summary *summary, const char *name)
{
    if (has_cursor(summary, name))
        return false;
    return (summary->cursor_count == 0 && summary->events > 0) ||
           hs_journal_had_cursor(hs_disk_system(), settings->journal.path, name);
}

/* A sink without a cursor so far, or NULL. */
static const char *find_new(const struct hs_settings *settings,
                            const struct hs_journal_summary *summary)
{
    for (size_t i = 0; i < settings->sinks.count; i++)
        if (!has_cursor(summary, settings->sinks.names[i]) &&
            !lost_cursor(settings, summary, settings->sinks.names[i]))
            return settings->sinks.names[i];
    return NULL;
}

static void warn_of_orphans(struct hs_config *config, const struct hs_settings *settings,
                            const struct hs_journal_summary *summary)
{
    const struct hs_node *node = hs_node_get(hs_config_root(config), "sinks");
    const char *fresh = find_new(settings, summary);
    for (size_t i = 0; i < summary->cursor_count; i++) {
        const struct hs_cursor_summary *cursor = &summary->cursors[i];
        uint64_t rest = summary->last > cursor->position ? summary->last - cursor->position : 0;
        /* Names with a dot are the program's own. */
        if (cursor->name[0] == '.' || has_sink(settings, cursor->name))
            continue;
        if (fresh != NULL)
            hs_config_warning(config, HS_FINDING_CURSOR_RENAMED, node,
                              "the journal has a cursor of sink `%s`, %" PRIu64
                              " events behind, but no such sink is configured; was it renamed to "
                              "`%s`? Then rename %s/cursors/%s.cursor to %s.cursor while "
                              "hookstream is stopped, or those events will not reach it",
                              cursor->name, rest, fresh, settings->journal.path, cursor->name,
                              fresh);
        else
            hs_config_warning(config, HS_FINDING_CURSOR_GONE, node,
                              "the journal has a cursor of sink `%s`, %" PRIu64
                              " events behind, but no such sink is configured: the cursor no "
                              "longer keeps events; remove %s/cursors/%s.cursor if the sink will "
                              "not come back",
                              cursor->name, rest, settings->journal.path, cursor->name);
    }
}

static void warn_of_new(struct hs_config *config, const struct hs_settings *settings,
                        const struct hs_journal_summary *summary)
{
    for (size_t i = 0; i < settings->sinks.count; i++) {
        const struct hs_sink_options *sink = hs_children_at(&settings->sinks, i);
        if (lost_cursor(settings, summary, settings->sinks.names[i])) {
            hs_config_warning(
                config, HS_FINDING_CURSOR_LOST, settings->sinks.nodes[i],
                "the journal had a cursor of sink `%s`, but its file is missing: the sink gets "
                "all %" PRIu64 " kept events, some for the second time",
                settings->sinks.names[i], summary->events);
            continue;
        }
        if (sink->start == HS_START_NOW && !has_cursor(summary, settings->sinks.names[i]))
            hs_config_warning(config, HS_FINDING_CURSOR_NEW, settings->sinks.nodes[i],
                              "sink `%s` is new to the journal and will not get the %" PRIu64
                              " events in it: set `start: oldest` if it should",
                              settings->sinks.names[i], summary->events);
    }
}

void hs_settings_check_cursors(struct hs_config *config, const struct hs_settings *settings)
{
    struct hs_journal_summary summary;
    if (hs_config_findings(config)->errors > 0 || settings->journal.store == HS_STORE_MEMORY ||
        hs_journal_summarize(hs_disk_system(), settings->journal.path, &summary) < 0)
        return; /* there is none yet */
    if (summary.events > 0)
        warn_of_new(config, settings, &summary);
    warn_of_orphans(config, settings, &summary);
    hs_settings_check_routes(config, settings, &summary);
    hs_journal_summary_free(&summary);
}
