/* Admin: a small HTTP server on a thread of its own. Pages are generated on request. */
#include "desk.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <hookstream/clock.h>
#include <hookstream/descriptors.h>
#include <hookstream/heartbeat.h>
#include <hookstream/http.h>
#include <hookstream/log.h>
#include <hookstream/wakeup.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define PAGE_MAX (16u << 20)
#define HTTP_PORT 80u /* of a Host field without one */

struct hs_admin {
    const struct hs_admin_options *options;
    struct hs_admin_source source;
    struct event_base *base;
    struct hs_http_server *server; /* belongs to the thread, from its start to its end */
    uint16_t port;
    struct hs_desk *desk;
    struct hs_wakeup stop;
    struct event *on_stop, *on_beat;
    pthread_t thread;
    bool started;
};

/* ---- Options: admin: ---- */

#define ADMIN(field) offsetof(struct hs_admin_options, field)

static const struct hs_option rows[] = {
    {.name = "listen",
     .kind = HS_OPTION_ADDRESS,
     .offset = ADMIN(listen),
     .fallback = "127.0.0.1:9464",
     .help = "Address and port of the metrics, health and status pages. Not for the internet. "
             "/metrics, /livez and /readyz need no token, wherever they are asked from."},
    {.name = "token",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_KEY,
     .offset = ADMIN(token),
     .help = "Bearer token for /api. A request without it is answered only when it comes from "
             "loopback and asks by a name of loopback (docs/security.md).",
     .example = "\"${ADMIN_TOKEN}\""},
};

const struct hs_options hs_admin_option_table = {
    .name = "admin",
    .title = "The operator's port",
    .options = rows,
    .option_count = HS_ARRAY_SIZE(rows),
    .struct_size = sizeof(struct hs_admin_options),
    .node_offset = SIZE_MAX,
};

/* ---- Who may see /api ---- */

static bool is_loopback(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]:", 6) == 0 ||
           strncmp(peer, "[::ffff:127.", 12) == 0;
}

/* Compares in constant time, so that the time does not reveal where they differ. */
static bool is_token(struct hs_slice given, const char *token)
{
    struct hs_slice wanted = hs_slice_text(token);
    return given.size == wanted.size && given.size > 0 &&
           CRYPTO_memcmp(given.data, wanted.data, wanted.size) == 0;
}

static bool has_token(const struct hs_admin_options *options, const struct hs_http_head *head)
{
    struct hs_slice value = hs_http_field(head, HS_SLICE("authorization"));
    if (options->token == NULL || value.size < 7 ||
        !hs_slice_equal_nocase(hs_slice(value.data, 7), HS_SLICE("bearer ")))
        return false;
    return is_token(hs_slice(value.data + 7, value.size - 7), options->token);
}

/* The host of a Host field; empty if it is not an address. */
static struct hs_slice host_of(struct hs_slice value)
{
    struct hs_slice host;
    uint16_t port;
    bool good = hs_address_parse(value, HS_ADDRESS_REMOTE, HTTP_PORT, &host, &port) == 0;
    return good ? host : HS_SLICE_NONE;
}

static bool is_loopback_address(struct hs_slice host)
{
    char text[INET6_ADDRSTRLEN];
    if (host.size == 0 || host.size >= sizeof(text))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Whether Host is a loopback name, or the host of admin.listen. A web page can make a browser on
 * this machine connect here (DNS rebinding), but the browser then sends the page's own host
 * name. */
static bool asks_this_machine(const struct hs_admin_options *options,
                              const struct hs_http_head *head)
{
    struct hs_slice host = host_of(hs_http_field(head, HS_SLICE("host")));
    return hs_slice_equal_nocase(host, HS_SLICE("localhost")) || is_loopback_address(host) ||
           (host.size > 0 && hs_slice_equal_nocase(host, hs_slice_text(options->listen.host)));
}

/* ---- Pages ---- */

static void show_metrics(struct hs_admin *admin, struct hs_http_exchange *exchange)
{
    struct hs_buffer page;
    hs_buffer_init(&page, PAGE_MAX);
    hs_metrics_render(admin->source.metrics, &page);
    if (hs_buffer_status(&page) < 0)
        hs_http_respond_problem(exchange, 500, "the metrics page is too large", 0, NULL, false);
    else
        hs_http_respond(exchange, 200, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
                        hs_buffer_slice(&page), false);
    hs_buffer_free(&page);
}

static void show_live(struct hs_admin *admin, struct hs_http_exchange *exchange)
{
    struct hs_buffer stuck;
    hs_buffer_init(&stuck, PAGE_MAX);
    bool live = hs_heartbeat_report(0, &stuck);
    hs_http_respond(exchange, live ? 200 : 503, "Content-Type: text/plain; charset=utf-8\r\n",
                    live ? HS_SLICE("ok\n") : hs_buffer_slice(&stuck), false);
    hs_buffer_free(&stuck);
}

static void show_ready(struct hs_admin *admin, struct hs_http_exchange *exchange)
{
    struct hs_buffer reasons;
    hs_buffer_init(&reasons, PAGE_MAX);
    bool ready = admin->source.ready(admin->source.context, &reasons);
    struct hs_buffer page;
    hs_buffer_init(&page, PAGE_MAX);
    hs_buffer_append_text(&page, ready ? "ready\n" : "not ready\n");
    hs_buffer_append_slice(&page, hs_buffer_slice(&reasons));
    hs_http_respond(exchange, ready ? 200 : 503, "Content-Type: text/plain; charset=utf-8\r\n",
                    hs_buffer_slice(&page), false);
    hs_buffer_free(&page);
    hs_buffer_free(&reasons);
}

static void show_status(struct hs_admin *admin, struct hs_http_exchange *exchange)
{
    struct hs_buffer json;
    hs_buffer_init(&json, PAGE_MAX);
    admin->source.status(admin->source.context, &json);
    hs_http_respond(exchange, 200, "Content-Type: application/json\r\n", hs_buffer_slice(&json),
                    false);
    hs_buffer_free(&json);
}

static void answer_control(struct hs_http_exchange *exchange, bool post, unsigned status,
                           struct hs_buffer *json)
{
    const char *allow = post ? "Allow: GET, HEAD\r\n" : "Allow: POST\r\n";
    if (hs_buffer_status(json) < 0)
        hs_http_respond_problem(exchange, 500, "the answer is too large: request less at once", 0,
                                NULL, false);
    else if (status >= 400)
        hs_http_respond_problem(exchange, status, (hs_buffer_append_byte(json, '\0'), json->data),
                                0, status == 405 ? allow : NULL, false);
    else
        hs_http_respond(exchange, status, "Content-Type: application/json\r\n",
                        hs_buffer_slice(json), false);
}

/* On the desk's thread, because it may take a while. */
static void show_control(struct hs_admin *admin, struct hs_http_exchange *exchange)
{
    if (!hs_desk_take(admin->desk, exchange))
        hs_http_respond_problem(exchange, 503, "too many requests below /api/ are waiting already",
                                1, NULL, true);
}

static const struct page {
    struct hs_slice path;
    void (*show)(struct hs_admin *admin, struct hs_http_exchange *exchange);
    bool guarded, takes_post;
} pages[] = {
    {{"/metrics", 8}, show_metrics, false, false}, {{"/livez", 6}, show_live, false, false},
    {{"/readyz", 7}, show_ready, false, false},    {{"/api/status", 11}, show_status, true, false},
    {{"/api/", 5}, show_control, true, true}, /* and everything below */
};

static const struct page *find_page(struct hs_slice path)
{
    const struct page *below = &pages[HS_ARRAY_SIZE(pages) - 1];
    for (size_t i = 0; i + 1 < HS_ARRAY_SIZE(pages); i++)
        if (hs_slice_equal(pages[i].path, path))
            return &pages[i];
    bool is_below =
        path.size > below->path.size && memcmp(path.data, below->path.data, below->path.size) == 0;
    return is_below ? below : NULL;
}

/* Returns true if it answered because the client may not see /api. */
static bool refuse_stranger(const struct hs_admin *admin, struct hs_http_exchange *exchange)
{
    const struct hs_http_head *head = hs_http_exchange_head(exchange);
    if (has_token(admin->options, head))
        return false;
    if (!is_loopback(hs_http_exchange_peer(exchange)))
        hs_http_respond_problem(exchange, 401,
                                "outside loopback /api requires the token of admin.token", 0,
                                "WWW-Authenticate: Bearer\r\n", false);
    else if (!asks_this_machine(admin->options, head))
        hs_http_respond_problem(exchange, 403,
                                "without a token /api answers to localhost, 127.0.0.1 and [::1] "
                                "only; to use another name set admin.token and send it",
                                0, NULL, false);
    else
        return false;
    return true;
}

/* Returns true if it answered and nothing remains to be done. */
static bool refuse(const struct hs_admin *admin, const struct page *page,
                   struct hs_http_exchange *exchange)
{
    const struct hs_http_head *head = hs_http_exchange_head(exchange);
    bool reads = head->method == HS_HTTP_GET || head->method == HS_HTTP_HEAD;
    if (page == NULL)
        hs_http_respond_problem(exchange, 404,
                                "the pages here are /metrics, /livez, /readyz, /api/status, "
                                "/api/dead-letters and /api/replay",
                                0, NULL, false);
    else if (!reads && !(page->takes_post && head->method == HS_HTTP_POST))
        hs_http_respond_problem(
            exchange, 405,
            page->takes_post ? "these pages take GET or POST" : "this page is read with GET", 0,
            page->takes_post ? "Allow: GET, HEAD, POST\r\n" : "Allow: GET, HEAD\r\n", false);
    else if (page->guarded && refuse_stranger(admin, exchange))
        return true;
    else if (!reads && hs_http_field_count(head, HS_SLICE("origin")) > 0)
        hs_http_respond_problem(exchange, 403, "web pages may not do this", 0, NULL, false);
    else
        return false;
    return true;
}

static bool on_head(void *context, struct hs_http_exchange *exchange)
{
    return !refuse(context, find_page(hs_http_exchange_head(exchange)->path), exchange);
}

static void on_request(void *context, struct hs_http_exchange *exchange, struct hs_slice body)
{
    struct hs_admin *admin = context;
    find_page(hs_http_exchange_head(exchange)->path)->show(admin, exchange);
}

static void on_abandoned(void *context, struct hs_http_exchange *exchange)
{
    hs_desk_forget(exchange);
}

static void on_answered(void *context, struct hs_http_exchange *exchange, unsigned status,
                        enum hs_http_refusal refusal)
{
}

/* ---- Life ---- */

static void on_stop(evutil_socket_t file, short what, void *context)
{
    event_base_loopbreak(((struct hs_admin *)context)->base);
}

static void on_beat(evutil_socket_t file, short what, void *context)
{
    struct hs_admin *admin = context;
    hs_heartbeat();
    if (admin->source.each_second != NULL)
        admin->source.each_second(admin->source.context);
}

static void *run(void *context)
{
    struct hs_admin *admin = context;
    prctl(PR_SET_NAME, "hs-admin");
    hs_heartbeat_begin("hs-admin", 0);
    hs_heartbeat_work("serving the admin port");
    event_base_loop(admin->base, 0);
    hs_heartbeat_end();
    return NULL;
}

static int open_all(struct hs_admin *admin)
{
    int code = hs_wakeup_init(&admin->stop);
    if (code < 0)
        return code;
    admin->base = event_base_new();
    if (admin->base == NULL)
        return hs_fail(-ENOMEM, "cannot create an event loop for the admin port");
    admin->on_stop = event_new(admin->base, admin->stop.file, EV_READ | EV_PERSIST, on_stop, admin);
    admin->on_beat = event_new(admin->base, -1, EV_PERSIST, on_beat, admin);
    struct timeval turn = hs_clock_timeval(HS_HEARTBEAT_TURN_MS * HS_NS_PER_MS);
    if (admin->on_stop == NULL || event_add(admin->on_stop, NULL) < 0 || admin->on_beat == NULL ||
        event_add(admin->on_beat, &turn) < 0)
        return hs_fail(-ENOMEM, "cannot create the events of the admin port");
    code = hs_desk_create(admin->base, &admin->source, answer_control, &admin->desk);
    if (code < 0)
        return code;
    const struct hs_http_limits limits = {
        .connections = hs_descriptors_of_admin(),
        .header_size = HS_ADMIN_HEADER_MAX,
        .body_size = 1 << 20,
        .idle_ns = 60 * HS_NS_PER_SECOND,
        .header_ns = 10 * HS_NS_PER_SECOND,
        .body_ns = 10 * HS_NS_PER_SECOND,
    };
    static const struct hs_http_handlers handlers = {
        .on_head = on_head,
        .on_request = on_request,
        .on_abandoned = on_abandoned,
        .on_answered = on_answered,
    };
    code = hs_http_server_create(admin->base, &admin->options->listen, HS_HTTP_PORT_ALONE, &limits,
                                 &handlers, admin, &admin->server);
    return code < 0 ? hs_fail_in(code, "admin.listen") : 0;
}

int hs_admin_start(const struct hs_admin_options *options, const struct hs_admin_source *source,
                   struct hs_admin **ret_admin)
{
    struct hs_admin *admin = hs_alloc(sizeof(*admin));
    admin->options = options;
    admin->source = *source;
    admin->stop.file = -1;
    int code = open_all(admin);
    if (code == 0) {
        admin->port = hs_http_server_port(admin->server);
        int failed = pthread_create(&admin->thread, NULL, run, admin);
        admin->started = failed == 0;
        if (failed != 0)
            code = hs_fail_errno(failed, "cannot start the admin thread");
    }
    if (code < 0) {
        hs_admin_free(admin);
        return code;
    }
    *ret_admin = admin;
    return 0;
}

void hs_admin_free(struct hs_admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->started) {
        hs_wakeup_tell(&admin->stop);
        pthread_join(admin->thread, NULL);
    }
    hs_http_server_free(admin->server); /* forgets the desk's pending answers */
    hs_desk_free(admin->desk);
    if (admin->on_stop != NULL)
        event_free(admin->on_stop);
    if (admin->on_beat != NULL)
        event_free(admin->on_beat);
    if (admin->base != NULL)
        event_base_free(admin->base);
    hs_wakeup_close(&admin->stop);
    free(admin);
}

uint16_t hs_admin_port(const struct hs_admin *admin)
{
    return admin->port;
}
