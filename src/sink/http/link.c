/* HTTP link: libcurl's multi interface on libevent. libcurl names the sockets and the time it waits
 * for, and this file has libevent watch them. Knows nothing of events or sinks. */
#include "http.h"

#include <event2/event.h>
#include <hookstream/clock.h>

/* One per socket of libcurl. */
struct watch {
    struct hs_http_link *link;
    struct event *event;
};

static void take_ended(struct hs_http_link *link)
{
    CURLMsg *message;
    int left;
    bool any = false;
    while ((message = curl_multi_info_read(link->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* removing frees the message */
        struct hs_http_request *request = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        hs_http_link_drop(link, request);
        link->ended(link->context, request, code);
        any = true;
    }
    if (any)
        link->settled(link->context);
}

/* A failing request is reported by its message; the call itself fails only for a wrong handle. */
static void act(struct hs_http_link *link, curl_socket_t number, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(link->multi, number, what, &running);
    HS_ASSERT(code == CURLM_OK || code == CURLM_BAD_SOCKET);
    take_ended(link);
}

static void on_ready(evutil_socket_t number, short what, void *context)
{
    const struct watch *watch = context;
    act(watch->link, number,
        ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
            ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static void on_timeout(evutil_socket_t number, short what, void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void forget(struct hs_http_link *link, curl_socket_t number, struct watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->event != NULL)
        event_free(watch->event);
    free(watch);
    (void)curl_multi_assign(link->multi, number, NULL); /* fails for a socket that is gone */
}

static int on_socket(CURL *easy, curl_socket_t number, int what, void *context, void *known)
{
    struct hs_http_link *link = context;
    struct watch *watch = known;
    if (what == CURL_POLL_REMOVE) {
        forget(link, number, watch);
        return 0;
    }
    if (watch == NULL) {
        watch = hs_alloc(sizeof(*watch));
        watch->link = link;
        (void)curl_multi_assign(link->multi, number, watch); /* it was just named */
    } else {
        event_free(watch->event);
    }
    short kinds = (short)(EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                          ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
    watch->event = event_new(link->base, number, kinds, on_ready, watch);
    HS_ASSERT(watch->event != NULL);
    HS_IGNORE(event_add(watch->event, NULL)); /* fails only without memory */
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct hs_http_link *link = context;
    struct timeval time = hs_clock_timeval(ms > 0 ? (uint64_t)ms * HS_NS_PER_MS : 0);
    if (ms < 0)
        HS_IGNORE(event_del(link->on_timeout)); /* it may not be pending */
    else
        HS_IGNORE(event_add(link->on_timeout, &time)); /* fails only without memory */
    return 0;
}

int hs_http_link_init(struct hs_http_link *link, long connections)
{
    link->multi = curl_multi_init();
    link->on_timeout = evtimer_new(link->base, on_timeout, link);
    if (link->multi == NULL || link->on_timeout == NULL)
        return hs_fail(-ENOMEM, "libcurl or libevent has no memory");
    curl_multi_setopt(link->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(link->multi, CURLMOPT_SOCKETDATA, link);
    curl_multi_setopt(link->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(link->multi, CURLMOPT_TIMERDATA, link);
    curl_multi_setopt(link->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    curl_multi_setopt(link->multi, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(link->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return 0;
}

void hs_http_link_send(struct hs_http_link *link, struct hs_http_request *request)
{
    CURLMcode code = curl_multi_add_handle(link->multi, request->easy);
    HS_ASSERT(code == CURLM_OK); /* out of memory ends the program, as in hs_alloc() */
    request->is_sent = true;
}

void hs_http_link_drop(struct hs_http_link *link, struct hs_http_request *request)
{
    if (request->is_sent)
        (void)curl_multi_remove_handle(link->multi, request->easy); /* it is there */
    request->is_sent = false;
}

void hs_http_link_close(struct hs_http_link *link)
{
    (void)curl_multi_cleanup(link->multi); /* calls on_socket() for what is left */
    if (link->on_timeout != NULL)
        event_free(link->on_timeout);
    link->multi = NULL;
    link->on_timeout = NULL;
}
