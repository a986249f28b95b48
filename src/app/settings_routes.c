/* Settings and routes: what changed routes mean for events waiting in the journal. */
#include <hookstream/advice.h>
#include <hookstream/app.h>

#include <inttypes.h>
#include <stdlib.h>

#define TYPES_SHOWN 4u

/* The types reported for a sink. */
struct rerouted {
    struct hs_arena *arena;
    const char *names;
    const char *shown[TYPES_SHOWN];
    size_t count;
    bool all; /* every event of some type */
};

static void note_type(void *context, const char *type, bool all)
{
    struct rerouted *rerouted = context;
    rerouted->all = rerouted->all || all;
    for (size_t i = 0; i < rerouted->count && i < TYPES_SHOWN; i++)
        if (strcmp(rerouted->shown[i], type) == 0)
            return;
    if (rerouted->count < TYPES_SHOWN) {
        rerouted->shown[rerouted->count] = type;
        rerouted->names = hs_arena_printf(rerouted->arena, "%s%s%s", rerouted->names,
                                          rerouted->count > 0 ? ", " : "", type);
    } else if (rerouted->count == TYPES_SHOWN) {
        rerouted->names = hs_arena_printf(rerouted->arena, "%s and others", rerouted->names);
    }
    rerouted->count++;
}

static void warn(struct hs_config *config, const struct hs_reroute_question *question,
                 uint64_t waiting)
{
    struct rerouted rerouted = {.arena = hs_config_arena(config), .names = ""};
    hs_delivery_find_rerouted(question, note_type, &rerouted);
    if (rerouted.count > 0)
        hs_config_warning(
            config, HS_FINDING_ROUTES_CHANGED, hs_node_get(hs_config_root(config), "routes"),
            "%" PRIu64 " events wait for the sink `%s`; those of type %s were accepted for "
            "it, but under the current routes it %s: they become dead letters "
            "(rerouted)",
            waiting, question->sink, rerouted.names,
            rerouted.all ? "no longer gets them" : "no longer gets all of them");
}

static size_t list_types(const struct hs_settings *settings, const struct hs_catalogues *catalogues,
                         struct hs_reroute_type **ret_types)
{
    size_t count = 0, most = 1;
    for (size_t i = 0; i < settings->sources.count; i++) {
        const struct hs_catalogue *catalogue = hs_catalogues_of(catalogues, i);
        most += catalogue != NULL ? catalogue->count : 0;
    }
    struct hs_reroute_type *types = hs_alloc_array(most, sizeof(*types));
    for (size_t i = 0; i < settings->sources.count; i++) {
        const struct hs_catalogue *catalogue = hs_catalogues_of(catalogues, i);
        for (size_t k = 0; catalogue != NULL && k < catalogue->count; k++)
            types[count++] =
                (struct hs_reroute_type){catalogue->types[k].name, settings->sources.names[i]};
    }
    *ret_types = types;
    return count;
}

static const struct hs_cursor_summary *cursor_of(const struct hs_journal_summary *summary,
                                                 const char *sink)
{
    for (size_t i = 0; i < summary->cursor_count; i++)
        if (strcmp(summary->cursors[i].name, sink) == 0)
            return &summary->cursors[i];
    return NULL;
}

void hs_settings_check_routes(struct hs_config *config, const struct hs_settings *settings,
                              const struct hs_journal_summary *summary)
{
    struct hs_catalogues *catalogues = hs_catalogues_load(config, &settings->sources);
    struct hs_router *router = hs_router_compile(config, settings->routes, settings->fallback,
                                                 &settings->sinks, &settings->sources);
    struct hs_reroute_type *types;
    size_t count = list_types(settings, catalogues, &types);
    for (size_t i = 0; router != NULL && i < settings->sinks.count && i < HS_SINKS_MAX; i++) {
        const char *name = settings->sinks.names[i];
        const struct hs_cursor_summary *cursor = cursor_of(summary, name);
        if (cursor == NULL || cursor->position >= summary->last)
            continue;
        const struct hs_reroute_question question = {.disk = hs_disk_system(),
                                                     .path = settings->journal.path,
                                                     .router = router,
                                                     .sink = name,
                                                     .index = (unsigned)i,
                                                     .position = cursor->position,
                                                     .types = types,
                                                     .type_count = count};
        warn(config, &question, summary->last - cursor->position);
    }
    free(types);
    hs_router_free(router);
    hs_catalogues_free(catalogues);
}
