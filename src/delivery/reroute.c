/* Reroute: which types a sink got under the routes that waiting events were accepted by, and does
 * not get under others. past.c decides what happens to such an event when it is read. */
#include "routing.h"

#include <stdio.h>

#define FILES_MAX 128u

/* How much of a type's events a router gives to a sink. */
enum share { SHARE_NONE, SHARE_SOME, SHARE_ALL };

static bool gives_all(const struct hs_route *route, unsigned sink)
{
    if (route->sample != 0)
        return false;
    for (size_t i = 0; i < route->target_count; i++)
        if (route->targets[i].sink == sink && route->targets[i].when == NULL &&
            route->targets[i].sample == 0)
            return true;
    return false;
}

static enum share share_of(const struct hs_router *router, unsigned sink, struct hs_slice type,
                           struct hs_slice source)
{
    if ((hs_router_sinks(router, type, source) >> sink & 1) == 0)
        return SHARE_NONE;
    bool ends = false;
    for (size_t i = 0; i < hs_router_count(router); i++) {
        const struct hs_route *route = hs_router_at(router, i);
        if (!hs_router_may_take(router, i, type, source))
            continue;
        if (!gives_all(route, sink))
            return SHARE_SOME;
        ends = ends || route->when == NULL;
    }
    return ends ? SHARE_ALL : SHARE_SOME;
}

struct files {
    char names[FILES_MAX][32];
    size_t count;
    uint64_t position;
};

/* The current routes, and earlier ones under which events past the position were accepted. */
static void on_name(void *context, const char *name)
{
    struct files *files = context;
    uint64_t until;
    bool current = strcmp(name, "current") == 0;
    bool past =
        hs_slice_to_u64(hs_slice_text(name), UINT64_MAX, &until) == 0 && until > files->position;
    if ((current || past) && files->count < FILES_MAX)
        snprintf(files->names[files->count++], sizeof(files->names[0]), "%s", name);
}

static void ask_file(const struct hs_reroute_question *question, const char *path,
                     hs_reroute_fn *visit, void *context)
{
    struct hs_routing routing;
    int code = hs_routing_load(question->disk, path, &routing);
    unsigned before = code == 0 ? hs_routing_sink(&routing, question->sink) : 0;
    bool had = code == 0 && before < routing.sinks.count;
    for (size_t i = 0; had && i < question->type_count; i++) {
        struct hs_slice type = hs_slice_text(question->types[i].type);
        struct hs_slice source = hs_slice_text(question->types[i].source);
        enum share old = share_of(routing.router, before, type, source);
        enum share now = share_of(question->router, question->index, type, source);
        if (now < old)
            visit(context, question->types[i].type, now == SHARE_NONE);
    }
    hs_routing_free(&routing);
}

void hs_delivery_find_rerouted(const struct hs_reroute_question *question, hs_reroute_fn *visit,
                               void *context)
{
    struct hs_buffer path;
    struct files files = {.position = question->position};
    hs_buffer_init(&path, 1u << 16);
    hs_buffer_printf(&path, "%s/routing", question->path);
    hs_buffer_append_byte(&path, '\0');
    if (hs_buffer_status(&path) < 0 || hs_disk_list(question->disk, path.data, on_name, &files) < 0)
        files.count = 0; /* no journal yet */
    for (size_t i = 0; i < files.count; i++) {
        hs_buffer_clear(&path);
        hs_buffer_printf(&path, "%s/routing/%s", question->path, files.names[i]);
        hs_buffer_append_byte(&path, '\0');
        ask_file(question, path.data, visit, context);
    }
    hs_buffer_free(&path);
}
