/* Control: dispatches requests to their page; contains replay's pages, which are short. */
#include "control.h"

#include <hookstream/clock.h>
#include <hookstream/doc.h>
#include <inttypes.h>

/* Default events per second: a replay must not outrun live events. */
#define RATE_DEFAULT 1000u
/* Marks a parameter that was not given; 0 is a valid time. */
#define NOT_SAID UINT64_MAX
#define NAMES_MAX 512u

int hs_control_open(struct hs_control *control, const struct hs_delivery_spec *delivery,
                    const struct hs_settings *settings)
{
    struct hs_resender_spec spec = {
        .journal = delivery->journal,
        .config = delivery->config,
        .sinks = delivery->sinks,
        .sources = delivery->sources,
    };
    control->settings = settings;
    control->journal = delivery->journal;
    control->letters = delivery->letters;
    control->resender = hs_resender_create(&spec);
    struct hs_resender *replays = hs_resender_create(&spec);
    if (control->resender == NULL || replays == NULL) {
        hs_resender_free(replays);
        return -EINVAL; /* reported by the resender */
    }
    control->replay = hs_replay_create(control->journal, replays, delivery->metrics);
    control->retried = hs_metrics_counter(delivery->metrics, HS_METRIC_resent_total, "dead-letter");
    return 0;
}

void hs_control_close(struct hs_control *control)
{
    hs_replay_free(control->replay);
    hs_resender_free(control->resender);
    *control = (struct hs_control){0};
}

unsigned hs_control_refuse(unsigned status, struct hs_buffer *ret_json)
{
    hs_buffer_clear(ret_json);
    hs_buffer_append_text(ret_json, hs_error_text());
    return status;
}

/* ---- Replay ---- */

/* Whether the configuration has it; otherwise sets a message. */
static bool has(const struct hs_children *children, const char *kind, const char *name,
                const char *advice)
{
    struct hs_buffer names;
    for (size_t i = 0; i < children->count; i++)
        if (strcmp(children->names[i], name) == 0)
            return true;
    hs_buffer_init(&names, NAMES_MAX);
    for (size_t i = 0; i < children->count; i++)
        hs_buffer_printf(&names, "%s%s", i > 0 ? ", " : "", children->names[i]);
    (void)hs_fail(-EINVAL, "there is no %s `%s` in the configuration, which has: %.*s%s", kind,
                  name, HS_SLICE_ARG(hs_buffer_slice(&names)), advice);
    hs_buffer_free(&names);
    return false;
}

bool hs_control_has_sink(const struct hs_control *control, const char *sink)
{
    return has(&control->settings->sinks, "sink", sink, "");
}

/* Whether events can exist from that time and sequence on. */
static int check_begin(const struct hs_control *control, const struct hs_replay_request *request)
{
    char since[32];
    uint64_t durable = hs_journal_durable(control->journal);
    if (request->since_ns > hs_clock_wall_ns()) {
        hs_clock_format(request->since_ns, since);
        return hs_fail(-EINVAL, "since (%s) is in the future", since);
    }
    /* The position after the newest event is valid for continuing, although nothing came since. */
    if (request->from > durable + 1)
        return hs_fail(-EINVAL,
                       "there is no event from sequence %" PRIu64
                       " on: the newest one in the journal is %" PRIu64,
                       request->from, durable);
    return 0;
}

/* Checks the request against the configuration and the journal. */
static int check_request(const struct hs_control *control, struct hs_replay_request *request)
{
    if (request->from == 0)
        return hs_fail(-EINVAL, "from is 0, but sequences begin at 1; from=1 is everything that "
                                "the journal keeps");
    if (request->since_ns == NOT_SAID && request->from == NOT_SAID && request->id == NULL)
        return hs_fail(-EINVAL, "say where to start: since, from, or an id; from=1 is everything "
                                "that the journal keeps");
    if (request->since_ns == NOT_SAID)
        request->since_ns = 0;
    if (request->from == NOT_SAID)
        request->from = 1;
    int code = hs_value_check_times(request->since_ns, request->until_ns);
    if (code == 0)
        code = hs_value_check_sequences(request->from, request->last);
    if (code == 0)
        code = check_begin(control, request);
    if (code < 0)
        return code;
    if (request->sink != NULL && !hs_control_has_sink(control, request->sink))
        return -EINVAL;
    if (request->source != NULL && !has(&control->settings->sources, "source", request->source,
                                        "; for events of a removed one use match, id or from"))
        return -EINVAL;
    return 0;
}

/* Keeps the valid query's parameters as texts. */
static void keep_asked(struct hs_slice query, const struct hs_query_field *fields, size_t count,
                       struct hs_arena *arena, struct hs_replay_request *request)
{
    const char *given[HS_REPLAY_ASKED_MAX] = {NULL};
    struct hs_query_field texts[HS_REPLAY_ASKED_MAX];
    HS_ASSERT(count <= HS_REPLAY_ASKED_MAX);
    for (size_t i = 0; i < count; i++)
        texts[i] = (struct hs_query_field){fields[i].name, HS_FIELD_TEXT, &given[i]};
    HS_IGNORE(hs_query_read(query, texts, count, arena));
    for (size_t i = 0; i < count; i++)
        if (given[i] != NULL)
            request->asked[request->asked_count++] = HS_F(fields[i].name, "%s", given[i]);
}

static int start(struct hs_control *control, struct hs_slice query, struct hs_arena *arena)
{
    struct hs_replay_request request = {.since_ns = NOT_SAID,
                                        .until_ns = NOT_SAID,
                                        .from = NOT_SAID,
                                        .last = NOT_SAID,
                                        .rate = RATE_DEFAULT};
    const char *match = NULL;
    const struct hs_query_field fields[] = {
        {"since", HS_FIELD_TIME, &request.since_ns},
        {"until", HS_FIELD_TIME, &request.until_ns},
        {"from", HS_FIELD_COUNT, &request.from},
        {"last", HS_FIELD_COUNT, &request.last},
        {"match", HS_FIELD_TEXT, &match},
        {"source", HS_FIELD_TEXT, &request.source},
        {"id", HS_FIELD_TEXT, &request.id},
        {"to", HS_FIELD_TEXT, &request.sink},
        {"rate", HS_FIELD_COUNT, &request.rate},
        {"dry_run", HS_FIELD_FLAG, &request.dry_run},
    };
    int code = hs_query_read(query, fields, HS_ARRAY_SIZE(fields), arena);
    if (code == 0)
        code = check_request(control, &request);
    if (code == 0 && match != NULL)
        code = (request.match = hs_type_filter_create(match)) != NULL
                   ? 0
                   : hs_fail_in(-EINVAL, "match");
    if (code == 0)
        keep_asked(query, fields, HS_ARRAY_SIZE(fields), arena, &request);
    if (code == 0)
        code = hs_replay_start(control->replay, &request);
    if (code < 0)
        hs_type_filter_free(request.match);
    return code;
}

unsigned hs_control_replay_start(struct hs_control *control, struct hs_slice query,
                                 struct hs_buffer *ret_json)
{
    struct hs_arena *arena = hs_arena_create();
    int code = start(control, query, arena);
    hs_arena_free(arena);
    if (code < 0)
        return hs_control_refuse(code == -EBUSY ? 409 : code == -EINVAL ? 400 : 503, ret_json);
    return hs_control_replay_status(control, ret_json);
}

unsigned hs_control_replay_status(struct hs_control *control, struct hs_buffer *ret_json)
{
    struct hs_replay_status status;
    hs_replay_status(control->replay, &status);
    struct json_object *replay = hs_doc_object();
    hs_doc_put_text(replay, "state", hs_replay_state_name(status.state));
    hs_doc_put_bool(replay, "dry_run", status.dry_run);
    hs_doc_put_u64(replay, "job", status.number);
    hs_doc_put_u64(replay, "at", status.at);
    hs_doc_put_u64(replay, "safe", status.safe);
    hs_doc_put_u64(replay, "last", status.last);
    hs_doc_put_u64(replay, "looked_at", status.looked_at);
    hs_doc_put_u64(replay, "matched", status.matched);
    hs_doc_put_u64(replay, "resent", status.resent);
    hs_doc_put_u64(replay, "unrouted", status.unrouted);
    hs_doc_put_u64(replay, "damaged", status.damaged);
    hs_doc_put_text(replay, "to", status.sink);
    hs_doc_put_text(replay, "detail", status.detail);
    hs_doc_print(replay, ret_json);
    hs_buffer_append_byte(ret_json, '\n');
    return 200;
}

/* ---- The pages ---- */

/* An unexpected parameter may be meant seriously: it is refused, not ignored. */
static unsigned refuse_query(const char *words, struct hs_buffer *ret_json)
{
    (void)hs_fail(-EINVAL, "%s", words);
    return hs_control_refuse(400, ret_json);
}

static unsigned on_letters(struct hs_control *control, struct hs_slice query,
                           struct hs_buffer *ret_json)
{
    return hs_control_letters(control, HS_LETTERS_LIST, query, ret_json);
}

static unsigned on_retry(struct hs_control *control, struct hs_slice query,
                         struct hs_buffer *ret_json)
{
    return hs_control_letters(control, HS_LETTERS_RETRY, query, ret_json);
}

static unsigned on_discard(struct hs_control *control, struct hs_slice query,
                           struct hs_buffer *ret_json)
{
    return hs_control_letters(control, HS_LETTERS_DISCARD, query, ret_json);
}

static unsigned on_replay(struct hs_control *control, struct hs_slice query,
                          struct hs_buffer *ret_json)
{
    if (query.size > 0)
        return refuse_query("GET only shows the state of a replay, and takes no parameters: "
                            "start one with POST",
                            ret_json);
    return hs_control_replay_status(control, ret_json);
}

static unsigned on_cancel(struct hs_control *control, struct hs_slice query,
                          struct hs_buffer *ret_json)
{
    if (query.size > 0)
        return refuse_query("cancel takes no parameters: there is one replay at a time", ret_json);
    hs_replay_cancel(control->replay);
    return hs_control_replay_status(control, ret_json);
}

/* NULL: method not supported. */
typedef unsigned page_fn(struct hs_control *control, struct hs_slice query,
                         struct hs_buffer *ret_json);
static const struct page {
    const char *path;
    page_fn *get, *post;
} pages[] = {
    {"/api/dead-letters", on_letters, NULL},
    {"/api/dead-letters/retry", NULL, on_retry},
    {"/api/dead-letters/discard", NULL, on_discard},
    {"/api/replay", on_replay, hs_control_replay_start},
    {"/api/replay/cancel", NULL, on_cancel},
};

unsigned hs_control_answer(void *context, const struct hs_admin_request *request,
                           struct hs_buffer *ret_json)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(pages); i++) {
        if (!hs_slice_equal(request->path, hs_slice_text(pages[i].path)))
            continue;
        page_fn *answer = request->post ? pages[i].post : pages[i].get;
        if (answer != NULL)
            return answer(context, request->query, ret_json);
        (void)hs_fail(-EINVAL, "this page takes %s", request->post ? "GET" : "POST");
        return hs_control_refuse(405, ret_json);
    }
    (void)hs_fail(-ENOENT, "there is no such page; the pages are GET /api/dead-letters, POST "
                           "/api/dead-letters/retry and /discard, GET and POST /api/replay, POST "
                           "/api/replay/cancel");
    return hs_control_refuse(404, ret_json);
}
