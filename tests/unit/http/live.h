/* A live server on loopback, on the test's own thread: the test writes to a client socket and runs
 * the event loop until the expected result arrives. The owner's callbacks are recorded as a
 * transcript. A test thus compares two texts: the transcript, and the bytes received (without the
 * Date line, which is checked). */
#ifndef HS_TEST_HTTP_LIVE_H
#define HS_TEST_HTTP_LIVE_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <hookstream/buffer.h>
#include <hookstream/clock.h>
#include <hookstream/http.h>
#include <hs_test.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIVE_DEADLINE_NS (UINT64_C(30) * HS_NS_PER_SECOND) /* after that a wait has failed */
#define LIVE_WAITING_MAX 64

static struct live {
    struct event_base *base;
    struct hs_http_server *server;
    struct hs_http_limits limits;
    struct hs_buffer told; /* the transcript */
    struct hs_http_exchange *waiting[LIVE_WAITING_MAX];
    size_t waiting_count;
    int64_t memory, memory_most, memory_limit;
    struct hs_slice big; /* what /big answers */
    const char *host;    /* to listen on */
} live;

/* ---- Messages on the wire ---- */

#define OK202 "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
#define OK202_CLOSE "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define POST(path, fields) "POST " path " HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define HELLO(path) POST(path, "Content-Length: 5\r\n") "hello"
#define PROBLEM(status, length, retry, rest)                                                       \
    "HTTP/1.1 " status "\r\nContent-Length: " length "\r\nConnection: close\r\n"                   \
    "Content-Type: application/problem+json\r\n" retry "\r\n"                                      \
    "{\"type\":\"about:blank\"," rest
#define ECHO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"

/* ---- The owner. The path selects its behaviour. ---- */

static inline bool path_is(const struct hs_http_exchange *exchange, const char *path)
{
    return hs_slice_equal(hs_http_exchange_head(exchange)->path, hs_slice_text(path));
}

static inline bool live_on_head(void *context, struct hs_http_exchange *exchange)
{
    const struct hs_http_head *head = hs_http_exchange_head(exchange);
    hs_buffer_printf(&live.told, "head %.*s %.*s; ", HS_SLICE_ARG(head->method_text),
                     HS_SLICE_ARG(head->path));
    char *owner = hs_http_exchange_owner(exchange);
    ck_assert_uint_eq((uintptr_t)owner % 16, 0);
    static const char zeroes[HS_HTTP_OWNER_SIZE];
    ck_assert_int_eq(memcmp(owner, zeroes, sizeof(zeroes)), 0);
    memset(owner, 'o', HS_HTTP_OWNER_SIZE);
    if (!path_is(exchange, "/unknown"))
        return true;
    hs_http_respond_problem(exchange, 404, "no such path", 0, NULL, false);
    return false;
}

static inline void live_on_request(void *context, struct hs_http_exchange *exchange,
                                   struct hs_slice body)
{
    if (body.size > 40)
        hs_buffer_printf(&live.told, "request %zu bytes; ", body.size);
    else
        hs_buffer_printf(&live.told, "request `%.*s`; ", HS_SLICE_ARG(body));
    if (path_is(exchange, "/later")) {
        ck_assert_uint_lt(live.waiting_count, LIVE_WAITING_MAX);
        live.waiting[live.waiting_count++] = exchange;
    } else if (path_is(exchange, "/echo")) {
        hs_http_respond(exchange, 200, "Content-Type: text/plain\r\n", body, false);
    } else if (path_is(exchange, "/big")) {
        hs_http_respond(exchange, 200, NULL, live.big, false);
    } else if (path_is(exchange, "/close")) {
        hs_http_respond(exchange, 202, NULL, HS_SLICE_NONE, true);
    } else if (path_is(exchange, "/again")) {
        hs_http_exchange_repeats(exchange);
        hs_http_respond(exchange, 202, NULL, HS_SLICE_NONE, false);
    } else if (path_is(exchange, "/nothing")) {
        hs_http_respond(exchange, 204, NULL, HS_SLICE_NONE, false);
    } else if (path_is(exchange, "/full")) {
        hs_http_respond_problem(exchange, 503, "a \"full\" disk\n", 7, "X-A: b\r\n", false);
    } else {
        hs_http_respond(exchange, 202, NULL, HS_SLICE_NONE, false);
    }
}

static inline void live_on_abandoned(void *context, struct hs_http_exchange *exchange)
{
    ck_assert_int_eq(*(char *)hs_http_exchange_owner(exchange), 'o');
    hs_buffer_append_text(&live.told, "abandoned; ");
    for (size_t i = 0; i < live.waiting_count; i++)
        if (live.waiting[i] == exchange)
            live.waiting[i--] = live.waiting[--live.waiting_count];
}

static inline void live_on_answered(void *context, struct hs_http_exchange *exchange,
                                    unsigned status, enum hs_http_refusal refusal)
{
    if (exchange != NULL)
        ck_assert_int_eq(*(char *)hs_http_exchange_owner(exchange), 'o');
    hs_buffer_printf(&live.told, "%u%s%s%s; ", status, refusal == HS_HTTP_OK ? "" : " ",
                     refusal == HS_HTTP_OK ? "" : hs_http_refusal_name(refusal),
                     exchange == NULL ? " alone" : "");
}

static inline bool live_on_memory(void *context, int64_t more)
{
    if (more > 0 && live.memory + more > live.memory_limit)
        return false;
    live.memory += more;
    ck_assert_int_ge(live.memory, 0);
    if (live.memory > live.memory_most)
        live.memory_most = live.memory;
    return true;
}

/* ---- Start and stop ---- */

/* Limits that no test reaches by accident; change them before live_start(). */
static inline void live_init(void)
{
    hs_buffer_init(&live.told, 1 << 20);
    live.limits = (struct hs_http_limits){.connections = 100,
                                          .header_size = 4096,
                                          .body_size = 1 << 20,
                                          .idle_ns = 600 * HS_NS_PER_SECOND,
                                          .header_ns = 600 * HS_NS_PER_SECOND,
                                          .body_ns = 600 * HS_NS_PER_SECOND,
                                          .least_rate = 0};
    live.memory_limit = INT64_MAX;
    live.host = "127.0.0.1";
}

static inline void live_start(void)
{
    const struct hs_http_handlers handlers = {.on_head = live_on_head,
                                              .on_request = live_on_request,
                                              .on_abandoned = live_on_abandoned,
                                              .on_answered = live_on_answered,
                                              .on_memory = live_on_memory};
    const struct hs_address address = {.host = live.host, .port = 0};
    live.base = event_base_new();
    ck_assert_ptr_nonnull(live.base);
    ck_assert_int_eq(hs_http_server_create(live.base, &address, HS_HTTP_PORT_FIRST, &live.limits,
                                           &handlers, NULL, &live.server),
                     0);
}

/* Everything reserved must have been released. */
static inline void live_stop(void)
{
    hs_http_server_free(live.server);
    live.server = NULL;
    event_base_free(live.base);
    ck_assert_int_eq(live.memory, 0);
    ck_assert_uint_eq(live.waiting_count, 0);
    hs_buffer_free(&live.told);
}

/* ---- Waiting ---- */

static inline void live_turn(void)
{
    ck_assert_int_ge(event_base_loop(live.base, EVLOOP_NONBLOCK), 0);
}

/* The start of a text, for messages: Check limits their size. */
static inline struct hs_slice start_of(const struct hs_buffer *text)
{
    return hs_slice(text->data, text->size < 1000 ? text->size : 1000);
}

/* Runs the loop until the condition holds; `what` names it if it never does. */
#define live_until(condition, what)                                                                \
    do {                                                                                           \
        uint64_t end_ = hs_clock_monotonic_ns() + LIVE_DEADLINE_NS;                                \
        live_turn();                                                                               \
        while (!(condition)) {                                                                     \
            ck_assert_msg(hs_clock_monotonic_ns() < end_, "never came: %s; told: %.*s", what,      \
                          HS_SLICE_ARG(start_of(&live.told)));                                     \
            (void)poll(NULL, 0, 1);                                                                \
            live_turn();                                                                           \
        }                                                                                          \
    } while (0)

static inline bool live_told(const char *text)
{
    return hs_slice_equal(hs_buffer_slice(&live.told), hs_slice_text(text));
}

/* Waits until the transcript is exactly this, then clears it. */
#define live_expect_told(text)                                                                     \
    do {                                                                                           \
        live_until(live.told.size >= strlen(text), text);                                          \
        ck_assert_msg(live_told(text), "told `%.*s`, not `%s`",                                    \
                      HS_SLICE_ARG(start_of(&live.told)), text);                                   \
        hs_buffer_clear(&live.told);                                                               \
    } while (0)

/* ---- The client ---- */

struct client {
    int socket;
    struct hs_buffer got; /* without Date lines, unless `raw` */
    bool raw, ended, reset;
};

static inline void client_open(struct client *client)
{
    *client = (struct client){.socket = socket(AF_INET, SOCK_STREAM, 0)};
    hs_buffer_init(&client->got, 64 << 20);
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(hs_http_server_port(live.server)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(connect(client->socket, (struct sockaddr *)&name, sizeof(name)), 0);
    ck_assert_int_eq(fcntl(client->socket, F_SETFL, O_NONBLOCK), 0);
    const int on = 1; /* a request in pieces would wait for acknowledgements */
    ck_assert_int_eq(setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
}

static inline void client_close(struct client *client)
{
    (void)close(client->socket);
    hs_buffer_free(&client->got);
}

/* Closes so that the server gets a reset. */
static inline void client_reset(struct client *client)
{
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    ck_assert_int_eq(setsockopt(client->socket, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
    client_close(client);
}

static inline void client_send(struct client *client, const void *data, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t step = send(client->socket, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (step < 0)
            ck_assert_msg(errno == EAGAIN, "send: %s", strerror(errno));
        else
            sent += (size_t)step;
        live_turn();
    }
}
#define client_say(client, literal) client_send(client, literal, sizeof(literal) - 1)

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */
static inline void drop_dates(struct hs_buffer *got)
{
    const size_t size = 37;
    char *at;
    while (got->size > 0 && (at = memmem(got->data, got->size, "\r\nDate: ", 8)) != NULL) {
        at += 2;
        size_t before = (size_t)(at - got->data);
        if (got->size - before < size)
            return;
        ck_assert_msg(memcmp(at + size - 6, " GMT\r\n", 6) == 0, "not a date: %.40s", at);
        memmove(at, at + size, got->size - before - size);
        got->size -= size;
    }
}

static inline void client_read(struct client *client)
{
    char piece[65536];
    ssize_t size;
    while (!client->ended && (size = recv(client->socket, piece, sizeof(piece), 0)) != -1) {
        if (size == 0)
            client->ended = true;
        hs_buffer_append(&client->got, piece, (size_t)size);
    }
    if (!client->ended && errno != EAGAIN)
        client->ended = client->reset = true;
    if (!client->raw)
        drop_dates(&client->got);
}

static inline bool client_has(struct client *client, size_t size)
{
    client_read(client);
    return client->got.size >= size || client->ended;
}

/* Waits for exactly these bytes (without dates), then clears them. */
#define client_expect(client, text)                                                                \
    do {                                                                                           \
        live_until(client_has(client, strlen(text)), text);                                        \
        ck_assert_msg(hs_slice_equal(hs_buffer_slice(&(client)->got), hs_slice_text(text)),        \
                      "got `%.*s`, not `%s`", HS_SLICE_ARG(start_of(&(client)->got)), text);       \
        hs_buffer_clear(&(client)->got);                                                           \
    } while (0)

/* Waits for the end of the connection, with nothing before it. */
static inline void client_expect_end(struct client *client)
{
    live_until(client_has(client, 1), "the end of the connection");
    ck_assert_msg(client->ended && !client->reset && client->got.size == 0,
                  "no clean end: reset %d, got `%.*s`", client->reset,
                  HS_SLICE_ARG(start_of(&client->got)));
}

/* The usual setup: a server and one client. */
static inline void live_begin(struct client *client)
{
    live_start();
    client_open(client);
}

static inline void live_end(struct client *client)
{
    client_close(client);
    live_stop();
}

#endif
