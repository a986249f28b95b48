/* HTTP sink: a POST request per message. Delivers at least once: a request whose answer was lost is
 * sent again. The header webhook-id lets the server recognize a copy. What each status and each
 * failure of a connection means is in errors.c.
 *
 * The server is reached by a connection of its own before anything is sent (H3), so that a sink
 * without events is not left `connecting`, and a certificate is judged without an event. A message
 * that failed comes again from the owner, which waits between its tries. */
#include "http.h"

#include <event2/event.h>
#include <hookstream/clock.h>
#include <pthread.h>
#include <stdio.h>

#define REACH_LEAST_MS 100u /* between two tries to reach the server */
#define REACH_MOST_MS 5000u
#define REFUSED_LEAST_MS 1000u /* the same, if a person must act */
#define REFUSED_MOST_MS 30000u
#define AWAY_AFTER 3u /* failures in a row */
#define LONG_REST_S 10

enum stage {
    WAITING,  /* on_timer reaches for the server */
    REACHING, /* `greeting` is on its way */
    READY,    /* requests are sent */
    RESTING,  /* the server asked for a pause; on_timer ends it */
};

struct hs_http {
    struct hs_sink sink;
    const struct hs_http_options *options;
    struct hs_http_url url;
    struct hs_http_link link;
    struct hs_http_request greeting, *requests;
    size_t request_count;
    struct hs_http_request **idle, **queue; /* a stack; a ring of request_count */
    size_t idle_count, queue_first, queue_count, sent;
    enum stage stage;
    unsigned failures, tries; /* in a row: of messages, to reach the server */
    bool owes_room, has_resumed;
    struct event *on_timer;
};

static struct hs_http *of(struct hs_sink *sink)
{
    return (struct hs_http *)sink; /* its first member */
}

/* ---- Sending ---- */

static bool has_room(const struct hs_http *http)
{
    return http->stage == READY && http->sent + http->queue_count < http->options->in_flight;
}

static void send_queued(struct hs_http *http)
{
    while (http->stage == READY && http->queue_count > 0 && http->sent < http->options->in_flight) {
        struct hs_http_request *request = http->queue[http->queue_first];
        http->queue_first = (http->queue_first + 1) % http->request_count;
        http->queue_count--;
        http->sent++;
        hs_http_link_send(&http->link, request);
    }
}

/* What does not fit into in_flight of a parcel waits its turn (H2). */
static enum hs_submit submit(struct hs_sink *sink, const struct hs_parcel *parcel)
{
    struct hs_http *http = of(sink);
    if (!has_room(http)) {
        http->owes_room = true;
        return HS_SUBMIT_FULL;
    }
    for (size_t i = 0; i < parcel->count; i++) {
        HS_ASSERT(http->idle_count > 0);
        struct hs_http_request *request = http->idle[--http->idle_count];
        hs_http_request_fill(request, &http->url, http->options, parcel->sequence,
                             &parcel->messages[i]);
        http->queue[(http->queue_first + http->queue_count++) % http->request_count] = request;
    }
    sink->in_flight += parcel->count;
    send_queued(http);
    return HS_SUBMIT_ACCEPTED;
}

static void continue_sending(struct hs_http *http)
{
    send_queued(http);
    if (!http->owes_room || !has_room(http))
        return;
    http->owes_room = false;
    http->sink.host.room(http->sink.host.context);
}

/* ---- The server ---- */

static void wait_for(struct hs_http *http, uint64_t ms)
{
    struct timeval time = hs_clock_timeval(ms * HS_NS_PER_MS);
    HS_IGNORE(event_add(http->on_timer, &time)); /* fails only without memory */
}

/* The server is not reached, or not as it must be. */
static void leave(struct hs_http *http, const struct hs_failure *failure, const char *detail)
{
    bool refused = failure->outcome == HS_BLOCKED;
    http->stage = WAITING;
    hs_sink_set_state(&http->sink, refused ? HS_SINK_BLOCKED : HS_SINK_CONNECTING, failure->label,
                      detail);
    wait_for(http, hs_sink_backoff_ms(http->tries++, refused ? REFUSED_LEAST_MS : REACH_LEAST_MS,
                                      refused ? REFUSED_MOST_MS : REACH_MOST_MS));
}

static void reach(struct hs_http *http)
{
    http->stage = REACHING;
    hs_http_link_send(&http->link, &http->greeting);
}

static void greeted(struct hs_http *http, CURLcode code)
{
    if (code != CURLE_OK) {
        const struct hs_failure *failure = hs_http_code_failure(code);
        char detail[HS_HTTP_DETAIL_MAX];
        hs_http_request_describe(&http->greeting, &http->url, failure, code, detail);
        leave(http, failure, detail);
        return;
    }
    http->stage = READY;
    /* A connection proves nothing of a server that did not answer: it is up with an answer. */
    if (http->failures == 0)
        hs_sink_set_state(&http->sink, HS_SINK_UP, "", "");
    if (!http->has_resumed) /* nothing is forgotten later: each request ends */
        (void)http->sink.host.resume(http->sink.host.context, 0, 0);
    http->has_resumed = true;
}

static void on_timer(evutil_socket_t number, short what, void *context)
{
    struct hs_http *http = context;
    if (http->sink.state == HS_SINK_STATE_COUNT)
        hs_sink_set_state(&http->sink, HS_SINK_CONNECTING, "start", "not connected yet");
    if (http->stage == WAITING) {
        reach(http);
        return;
    }
    http->stage = READY;
    continue_sending(http);
}

/* ---- Answers ---- */

/* What a failing answer says of the server. Whether the sink is blocked by a message is
 * the owner's to say, which knows when the message is through. */
static void note_failure(struct hs_http *http, const struct hs_http_request *request,
                         const struct hs_failure *failure, const char *detail)
{
    long rest_s = hs_http_request_rest_s(request);
    if (failure->outcome == HS_TRANSIENT &&
        (++http->failures >= AWAY_AFTER || rest_s >= LONG_REST_S))
        hs_sink_set_state(&http->sink, HS_SINK_CONNECTING, failure->label, detail);
    if (failure->outcome != HS_TRANSIENT || rest_s == 0 || http->stage != READY)
        return;
    http->stage = RESTING;
    wait_for(http, (uint64_t)rest_s * 1000);
}

static void note(struct hs_http *http, const struct hs_http_request *request,
                 const struct hs_failure *failure, bool answered, const char *detail)
{
    if (failure == NULL || (answered && failure->outcome == HS_PERMANENT)) {
        http->failures = http->tries = 0;
        if (http->stage == READY || http->stage == RESTING)
            hs_sink_set_state(&http->sink, HS_SINK_UP, "", "");
    } else if (answered) {
        http->tries = 0;
        note_failure(http, request, failure, detail);
    } else {
        http->failures++;
        if (http->stage == READY || http->stage == RESTING)
            leave(http, failure, detail);
    }
}

static void on_ended(void *context, struct hs_http_request *request, CURLcode code)
{
    struct hs_http *http = context;
    if (request == &http->greeting) {
        greeted(http, code);
        request->error[0] = '\0';
        return;
    }
    bool answered;
    const struct hs_failure *failure = hs_http_request_judge(request, code, &answered);
    char detail[HS_HTTP_DETAIL_MAX] = "";
    if (failure != NULL)
        hs_http_request_describe(request, &http->url, failure, code, detail);
    note(http, request, failure, answered, detail);
    uint64_t sequence = request->sequence;
    unsigned part = request->part;
    hs_http_request_clear(request);
    http->idle[http->idle_count++] = request;
    http->sent--;
    hs_sink_complete(&http->sink, sequence, part, failure, detail);
}

static void on_settled(void *context)
{
    continue_sending(context);
}

/* ---- The interface ---- */

static void push(struct hs_sink *sink)
{
    (void)sink; /* nothing is held back */
}

static void skip(struct hs_sink *sink, uint64_t sequence)
{
    (void)sink, (void)sequence; /* a server has no cursor */
}

static void leave_out(struct hs_sink *sink, uint64_t sequence, uint32_t parts)
{
    (void)sink, (void)sequence, (void)parts; /* a server has no cursor */
}

static void close_sink(struct hs_sink *sink)
{
    struct hs_http *http = of(sink);
    for (size_t i = 0; i < http->request_count; i++) {
        hs_http_link_drop(&http->link, &http->requests[i]);
        hs_http_request_free(&http->requests[i]);
    }
    hs_http_link_drop(&http->link, &http->greeting);
    hs_http_request_free(&http->greeting);
    hs_http_link_close(&http->link);
    if (http->on_timer != NULL)
        event_free(http->on_timer);
    hs_http_url_free(&http->url);
    free(http->requests);
    free(http->idle);
    free(http->queue);
    free(http);
}

static const struct hs_sink_ops ops = {submit, push, skip, leave_out, close_sink};

static void begin_library(void)
{
    HS_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static int make_requests(struct hs_http *http)
{
    http->request_count = http->options->in_flight + HS_PARCEL_MESSAGES_MAX;
    http->requests = hs_alloc_array(http->request_count, sizeof(*http->requests));
    http->idle = hs_alloc_array(http->request_count, sizeof(struct hs_http_request *));
    http->queue = hs_alloc_array(http->request_count, sizeof(struct hs_http_request *));
    int code = hs_http_request_init(&http->greeting, http->options);
    for (size_t i = 0; code == 0 && i < http->request_count; i++) {
        http->idle[http->idle_count++] = &http->requests[i];
        code = hs_http_request_init(&http->requests[i], http->options);
    }
    curl_easy_setopt(http->greeting.easy, CURLOPT_URL, http->url.whole);
    curl_easy_setopt(http->greeting.easy, CURLOPT_CONNECT_ONLY, 1L);
    return code;
}

int hs_http_open(const struct hs_sink_spec *spec, struct hs_sink **ret_sink)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct hs_http_options *options = hs_http_options(spec->options);
    struct hs_http_url url;
    int code = hs_http_url_parse(options->url, &url);
    if (code < 0)
        return code;
    pthread_once(&once, begin_library);
    struct hs_http *http = hs_alloc(sizeof(*http));
    hs_sink_init(&http->sink, &ops, spec);
    http->options = options;
    http->url = url;
    http->link = (struct hs_http_link){
        .base = spec->base, .ended = on_ended, .settled = on_settled, .context = http};
    http->on_timer = evtimer_new(spec->base, on_timer, http);
    /* One more than requests: for the greeting. */
    code = hs_http_link_init(&http->link, (long)options->in_flight + 1);
    if (code == 0)
        code = make_requests(http);
    if (code == 0 && http->on_timer == NULL)
        code = hs_fail(-ENOMEM, "cannot make the events of the sink %s", spec->name);
    if (code < 0) {
        close_sink(&http->sink);
        return code;
    }
    event_active(http->on_timer, EV_TIMEOUT, 0);
    *ret_sink = &http->sink;
    return 0;
}
