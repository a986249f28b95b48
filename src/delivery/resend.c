/* Resend: see resend.h. */
#include <hookstream/resend.h>

#include <stdlib.h>

struct hs_resender {
    struct hs_journal *journal;
    const struct hs_children *sinks;
    struct hs_router *router;
    struct hs_work *work;
};

struct hs_resender *hs_resender_create(const struct hs_resender_spec *spec)
{
    const struct hs_node *root = hs_config_root(spec->config);
    struct hs_router *router =
        hs_router_compile(spec->config, hs_node_get(root, "routes"), hs_node_get(root, "default"),
                          spec->sinks, spec->sources);
    if (router == NULL) {
        (void)hs_fail(-EINVAL, "the routes cannot be compiled");
        return NULL;
    }
    struct hs_resender *resender = hs_alloc(sizeof(*resender));
    resender->journal = spec->journal;
    resender->sinks = spec->sinks;
    resender->router = router;
    resender->work = hs_work_create();
    return resender;
}

void hs_resender_free(struct hs_resender *resender)
{
    if (resender == NULL)
        return;
    hs_router_free(resender->router);
    hs_work_free(resender->work);
    free(resender);
}

const struct hs_router *hs_resender_router(const struct hs_resender *resender)
{
    return resender->router;
}

bool hs_resender_routes(struct hs_resender *resender, const struct hs_event *event,
                        const char *sink)
{
    const struct hs_route *route;
    if (event->flaw != HS_EVENT_VALID)
        return false;
    hs_work_begin(resender->work, event);
    if (hs_router_match(resender->router, resender->work, &route) <= 0)
        return false;
    for (unsigned i = 0; i < resender->sinks->count; i++)
        if ((sink == NULL || strcmp(resender->sinks->names[i], sink) == 0) &&
            hs_route_reaches(route, i, resender->work) != 0) /* cannot be evaluated: a dead
                                                              * letter */
            return true;
    return false;
}

static void add_header(struct hs_event *event, const char *name, struct hs_slice value)
{
    if (value.size > 0 && event->header_count < HS_EVENT_HEADERS_MAX)
        event->headers[event->header_count++] = (struct hs_header){hs_slice_text(name), value};
}

/* Whether an earlier resend added the header before the sender's. */
static bool is_own(struct hs_slice name)
{
    return hs_slice_equal(name, HS_SLICE(HS_RESEND_HEADER)) ||
           hs_slice_equal(name, HS_SLICE(HS_RESEND_SINK_HEADER)) ||
           hs_slice_equal(name, HS_SLICE(HS_RESEND_HISTORY_HEADER));
}

int hs_resender_append(struct hs_resender *resender, const struct hs_event *event,
                       const struct hs_resend *how, uint64_t *ret_sequence)
{
    if (!hs_resender_routes(resender, event, how->sink))
        return hs_fail(-ENOENT, "no route takes it to %s", how->sink ? how->sink : "a sink");
    struct hs_event again = *event;
    again.header_count = 0;
    add_header(&again, HS_RESEND_HEADER,
               how->kind == HS_RESEND_REPLAY ? HS_SLICE("replay") : HS_SLICE("dead-letter"));
    add_header(&again, HS_RESEND_SINK_HEADER, hs_slice_text(how->sink ? how->sink : ""));
    add_header(&again, HS_RESEND_HISTORY_HEADER, how->history);
    for (size_t i = 0; i < event->header_count; i++)
        if (!is_own(event->headers[i].name) && again.header_count < HS_EVENT_HEADERS_MAX)
            again.headers[again.header_count++] = event->headers[i];
    return hs_journal_append(resender->journal, &again, ret_sequence);
}

bool hs_resend_is_for(const struct hs_event *event, const char *sink)
{
    if (event->header_count < 2 || hs_event_resend(event).size == 0 ||
        !hs_slice_equal(event->headers[1].name, HS_SLICE(HS_RESEND_SINK_HEADER)))
        return true;
    return hs_slice_equal(event->headers[1].value, hs_slice_text(sink));
}
