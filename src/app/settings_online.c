/* Settings online: queries the sinks' servers, the dedupe's Redis and the journal's folder. */
#include <hookstream/app.h>
#include <hookstream/journal_inspect.h>
#include <hookstream/probe.h>
#include <hookstream/storage.h>

#include <stdio.h>
#include <stdlib.h>

/* The constant destinations of one sink, without duplicates. */
struct places {
    struct hs_probe_place *items;
    char **texts;
    size_t count;
};

static void add_place(struct places *places, char *text, const struct hs_target_options *target)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->texts[i], text) == 0) { /* strcmp: the program's own texts */
            places->items[i].keyless |= target->key == NULL;
            free(text);
            return;
        }
    places->items = hs_realloc_array(places->items, places->count + 1, sizeof(*places->items));
    places->texts = hs_realloc_array(places->texts, places->count + 1, sizeof(*places->texts));
    places->items[places->count] =
        (struct hs_probe_place){text, target->destination_node, target->key == NULL};
    places->texts[places->count++] = text;
}

/* The constant text of a template without fields, or NULL. The caller frees it. */
static char *literal_of(const struct hs_target *target, struct hs_work *work)
{
    struct hs_buffer text;
    char *copy = NULL;
    if (!hs_template_is_literal(target->destination))
        return NULL;
    hs_buffer_init(&text, 4096);
    if (hs_template_expand(target->destination, work, &text) == 0)
        copy = hs_slice_dup(hs_buffer_slice(&text));
    hs_buffer_free(&text);
    return copy;
}

static struct places find_places(const struct hs_router *router, unsigned sink)
{
    struct places places = {0};
    struct hs_work *work = hs_work_create(); /* a literal needs no event */
    for (size_t i = 0; i < hs_router_count(router); i++) {
        const struct hs_route *route = hs_router_at(router, i);
        for (size_t t = 0; t < route->target_count; t++) {
            const struct hs_target *target = &route->targets[t];
            char *text = target->sink == sink ? literal_of(target, work) : NULL;
            if (text != NULL)
                add_place(&places, text, target->options);
        }
    }
    hs_work_free(work);
    return places;
}

static void free_places(struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->texts[i]);
    free(places->texts);
    free(places->items);
}

static void probe_sinks(struct hs_probe *probe, const struct hs_settings *settings)
{
    struct hs_router *router = hs_router_compile(
        probe->config, settings->routes, settings->fallback, &settings->sinks, &settings->sources);
    for (size_t i = 0; router != NULL && i < settings->sinks.count; i++) {
        struct places places = find_places(router, (unsigned)i);
        probe->name = settings->sinks.names[i];
        hs_sink_probe(probe, hs_children_at(&settings->sinks, i), places.items, places.count);
        free_places(&places);
    }
    hs_router_free(router);
}

static void probe_dedupe(struct hs_probe *probe, const struct hs_settings *settings)
{
    const struct hs_dedupe_options *dedupe = &settings->dedupe;
    const struct hs_node *node = hs_node_get(hs_config_root(probe->config), "dedupe");
    if (dedupe->store != HS_DEDUPE_REDIS)
        return;
    probe->name = "dedupe";
    hs_redis_probe_server(probe, hs_node_get(node, "url"), dedupe->url, dedupe->username,
                          dedupe->password);
}

/* What the folder's segments may still take. */
static uint64_t may_grow(const char *folder, uint64_t max_size)
{
    struct hs_journal_summary summary = {0};
    bool there = hs_journal_summarize(hs_disk_system(), folder, &summary) == 0;
    uint64_t bytes = there ? summary.bytes : 0;
    if (there)
        hs_journal_summary_free(&summary);
    return max_size > bytes ? max_size - bytes : 0;
}

static void warn_of_space(const struct hs_probe *probe, const char *section, const char *what,
                          uint64_t growth, uint64_t free_bytes)
{
    if (free_bytes < growth)
        hs_config_warning(probe->config, HS_FINDING_ONLINE_SPACE,
                          hs_node_get(hs_config_root(probe->config), section),
                          "%s may grow by %llu MiB more, and the disk has %llu MiB free", what,
                          (unsigned long long)(growth >> 20),
                          (unsigned long long)(free_bytes >> 20));
}

/* On one disk both must fit: what the journal leaves free for dead letters is at most what their
 * store may take, so that is counted. */
static void probe_space(const struct hs_probe *probe, const struct hs_settings *settings,
                        const struct hs_storage *storage)
{
    HS_AUTO_FREE char *folder = NULL;
    int size = asprintf(&folder, "%s/dead-letters", settings->journal.path);
    HS_ASSERT(size > 0); /* out of memory ends the program, as in hs_alloc() */
    uint64_t journal = may_grow(settings->journal.path, settings->journal.max_size);
    struct hs_dead_letters_options options = settings->dead_letters;
    options.body_max = settings->server.limits.body_size;
    uint64_t letters = may_grow(folder, hs_dead_letters_bytes_max(&options));
    struct hs_storage beside;
    if (hs_storage_look(folder, &beside) < 0) {
        hs_config_error(probe->config, HS_FINDING_ONLINE_FOLDER,
                        hs_node_get(hs_config_root(probe->config), "journal"), "dead letters: %s",
                        hs_error_text());
    } else if (beside.device == storage->device) {
        warn_of_space(probe, "journal",
                      "journal and dead letters (journal.max_size, dead_letters.max_size)",
                      hs_add_sat(journal, letters), storage->free_bytes);
    } else {
        warn_of_space(probe, "journal", "journal (journal.max_size)", journal, storage->free_bytes);
        warn_of_space(probe, "dead_letters", "dead letters (dead_letters.max_size)", letters,
                      beside.free_bytes);
    }
}

static void probe_journal(const struct hs_probe *probe, const struct hs_settings *settings)
{
    const struct hs_journal_options *journal = &settings->journal;
    const struct hs_node *node = hs_node_get(hs_config_root(probe->config), "journal");
    struct hs_storage storage;
    if (journal->store == HS_STORE_MEMORY)
        return;
    if (hs_storage_look(journal->path, &storage) < 0) {
        hs_config_error(probe->config, HS_FINDING_ONLINE_FOLDER, node, "journal: %s",
                        hs_error_text());
        return;
    }
    probe_space(probe, settings, &storage);
    hs_buffer_printf(probe->report, "journal: %s can be written and synced, %llu GiB free%s\n",
                     journal->path, (unsigned long long)(storage.free_bytes >> 30),
                     storage.exists ? "" : " (the folder will be created)");
}

void hs_settings_check_clients(struct hs_config *config, const struct hs_settings *settings)
{
    if (hs_config_findings(config)->errors > 0)
        return;
    for (size_t i = 0; i < settings->sinks.count; i++)
        hs_sink_check_client(config, settings->sinks.names[i], hs_children_at(&settings->sinks, i));
}

void hs_settings_check_online(struct hs_config *config, const struct hs_settings *settings,
                              unsigned timeout_ms, struct hs_buffer *ret_report)
{
    struct hs_probe probe = {
        .config = config,
        .report = ret_report,
        .body_size = settings->server.limits.body_size,
        .timeout_ms = timeout_ms,
    };
    struct hs_journal_summary summary = {0};
    if (hs_config_findings(config)->errors > 0)
        return;
    bool there = settings->journal.store == HS_STORE_DISK &&
                 hs_journal_summarize(hs_disk_system(), settings->journal.path, &summary) == 0;
    probe.identity = there ? summary.identity : NULL;
    probe_journal(&probe, settings);
    probe_dedupe(&probe, settings);
    probe_sinks(&probe, settings);
    if (there)
        hs_journal_summary_free(&summary);
}
