/* The server: accepts connections within its limits, checks their time limits four times a second
 * while there are any, drains and ends. connection.c handles each connection. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ends what is due; the rest of a burst follows after others had a turn. */
static void sweep(evutil_socket_t socket, short what, void *context)
{
    static const struct timeval soon = {0, HS_HTTP_SWEEP_MS * 1000};
    struct hs_http_server *server = context;
    if (hs_http_expire(server, hs_clock_monotonic_ns()))
        (void)event_add(&server->sweep, &soon); /* otherwise the next tick does it */
}

static void on_tick(evutil_socket_t socket, short what, void *context)
{
    struct hs_http_server *server = context;
    hs_http_set_date(server, hs_clock_wall_ns());
    sweep(socket, what, server);
}

/* The first connection starts the tick; connection.c stops it with the last. */
static void start_tick(struct hs_http_server *server)
{
    static const struct timeval period = {0, HS_HTTP_TICK_MS * 1000};
    hs_http_set_date(server, hs_clock_wall_ns());
    if (event_add(&server->tick, &period) < 0)
        hs_log_limited(HS_LOG_ERROR, "http_tick", "no timer: slow clients are not ended");
}

/* ---- Accepting ---- */

/* Whether the peer may have this connection, possibly after another of its own was closed. */
static bool is_within_peer(struct hs_http_server *server, struct hs_http_peer *peer)
{
    uint64_t limit = server->limits.peer_connections;
    if (limit == 0 || peer->open <= limit)
        return true;
    /* The new one counts, too, but is the youngest. */
    return peer->amounts[HS_RANK_CONNECTIONS] > 1 && hs_http_evict_of_peer(peer);
}

/* Whether there is room for one more, possibly after another was closed. Refused ones that linger
 * may exceed the limit. */
static bool find_room(struct hs_http_server *server)
{
    size_t lingering = server->lingering;
    size_t spared = lingering < HS_HTTP_REFUSED_MAX ? lingering : HS_HTTP_REFUSED_MAX;
    return server->open - spared < server->limits.connections || hs_http_evict_one(server, true);
}

/* If there is no room the client gets a 503, unless too many are being refused already. */
static void take_connection(struct hs_http_server *server, int socket, const struct sockaddr *peer,
                            socklen_t peer_size)
{
    bool full = !find_room(server);
    if (full && server->lingering >= HS_HTTP_REFUSED_MAX) {
        hs_log_limited(HS_LOG_WARN, "http_connections",
                       "connection closed: far above limits.connections, and all are busy",
                       HS_F("reason", "%s", hs_http_end_text(HS_HTTP_END_CROWDED)));
        (void)close(socket); /* nothing was written to it */
        return;
    }
    if (server->open == 0)
        start_tick(server);
    struct hs_http_connection *connection =
        hs_http_connection_create(server, socket, peer, peer_size);
    if (connection != NULL && (full || !is_within_peer(server, connection->peer)))
        hs_http_refuse(connection, HS_HTTP_TOO_MANY, NULL, HS_SLICE_NONE);
}

static void on_retry(evutil_socket_t socket, short what, void *context)
{
    static const struct timeval pause = {1, 0};
    struct hs_http_server *server = context;
    if (server->socket >= 0 && event_add(&server->listener, NULL) < 0)
        (void)evtimer_add(&server->retry, &pause); /* nothing else can be tried */
}

/* Descriptors or memory ran out: the listener would stay readable and the loop spin. */
static void back_off(struct hs_http_server *server, int error)
{
    static const struct timeval pause = {0, HS_HTTP_BACKOFF_MS * 1000};
    hs_log_limited(HS_LOG_ERROR, "http_accept",
                   "cannot accept connections at the moment; raise the limit of open files",
                   HS_F("error", "%s", strerror(error)));
    (void)event_del(&server->listener); /* fails only for an event that was never created */
    if (evtimer_add(&server->retry, &pause) < 0)
        (void)event_add(&server->listener, NULL); /* spinning is better than never accepting
                                                   * again */
}

/* The error concerns that connection, not the listener: accept(2) passes on network errors. */
static bool is_passing(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM: /* by a firewall's rule */
        return true;
    default:
        return false;
    }
}

/* Closing an idle connection frees a descriptor. */
static bool is_descriptors(int error)
{
    return error == EMFILE || error == ENFILE;
}

static void on_acceptable(evutil_socket_t socket, short what, void *context)
{
    struct hs_http_server *server = context;
    bool made_room = false; /* once: whatever took the descriptors may take the freed one, too */
    for (unsigned i = 0; i < HS_HTTP_ACCEPT_BURST; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        int file = accept4(socket, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (file >= 0) {
            take_connection(server, file, (struct sockaddr *)&peer, size);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (!is_passing(errno)) {
            int error = errno;
            if (made_room || !is_descriptors(error) || !hs_http_evict_one(server, false)) {
                back_off(server, error);
                return;
            }
            made_room = true;
        }
    }
}

static void stop_accepting(struct hs_http_server *server)
{
    if (server->socket < 0)
        return;
    (void)event_del(&server->listener); /* fails only for an event that was never created */
    (void)evtimer_del(&server->retry);
    (void)close(server->socket);
    server->socket = -1;
}

/* ---- Life ---- */

static void set_up(struct hs_http_server *server)
{
    for (int state = 0; state < HS_CONNECTION_STATE_COUNT; state++)
        for (int proven = 0; proven <= 1; proven++)
            TAILQ_INIT(&server->lists[proven][state]);
    server->burst_left = HS_HTTP_TURN_REQUESTS;
    TAILQ_INIT(&server->watched[0]);
    TAILQ_INIT(&server->watched[1]);
    hs_http_peers_init(&server->peers, server->limits.connections);
    server->timeouts[HS_CONNECTION_IDLE] = server->limits.idle_ns;
    server->timeouts[HS_CONNECTION_HEAD] = server->limits.header_ns;
    server->timeouts[HS_CONNECTION_BODY] = server->limits.body_ns;
    /* Sending a body may take as long as receiving one. */
    server->timeouts[HS_CONNECTION_WRITING] = server->limits.body_ns;
    server->timeouts[HS_CONNECTION_LINGER] = HS_HTTP_LINGER_NS;
    server->scratch_size = (size_t)server->limits.header_size + HS_HTTP_READ_SIZE;
    server->scratch = hs_alloc(server->scratch_size);
    server->answer = hs_alloc(HS_HTTP_ANSWER_SIZE);
    server->in_ceiling = (size_t)hs_add_sat(server->limits.body_size, server->limits.header_size) +
                         server->scratch_size;
}

int hs_http_server_create(struct event_base *base, const struct hs_address *address,
                          enum hs_http_port port_mode, const struct hs_http_limits *limits,
                          const struct hs_http_handlers *handlers, void *context,
                          struct hs_http_server **ret_server)
{
    if (limits->header_size > HS_HTTP_SIZE_MAX || limits->body_size > HS_HTTP_SIZE_MAX)
        return hs_fail(-EINVAL, "limits of more than 1 GiB per request");
    int socket;
    uint16_t port;
    int result = hs_http_listen(address, port_mode, &socket, &port);
    if (result < 0)
        return result;
    struct hs_http_server *server = hs_alloc(sizeof(*server));
    *server = (struct hs_http_server){.base = base,
                                      .limits = *limits,
                                      .handlers = *handlers,
                                      .context = context,
                                      .socket = socket,
                                      .port = port};
    set_up(server);
    if (event_assign(&server->listener, base, socket, EV_READ | EV_PERSIST, on_acceptable, server) <
            0 ||
        evtimer_assign(&server->retry, base, on_retry, server) < 0 ||
        event_assign(&server->tick, base, -1, EV_PERSIST, on_tick, server) < 0 ||
        evtimer_assign(&server->turn, base, hs_http_take_turns, server) < 0 ||
        evtimer_assign(&server->sweep, base, sweep, server) < 0 ||
        event_add(&server->listener, NULL) < 0) {
        hs_http_server_free(server);
        return hs_fail(-ENOMEM, "cannot watch the listening socket");
    }
    *ret_server = server;
    return 0;
}

void hs_http_server_drain(struct hs_http_server *server)
{
    if (server->draining)
        return;
    server->draining = true;
    stop_accepting(server);
    /* Each checks its socket once more: a request that has arrived is answered; other connections
     * close. */
    struct hs_http_connection *connection;
    for (int proven = 0; proven <= 1; proven++)
        TAILQ_FOREACH(connection, &server->lists[proven][HS_CONNECTION_IDLE], link)
    event_active(&connection->readable, EV_READ, 1);
}

size_t hs_http_server_connections(const struct hs_http_server *server)
{
    return server->open;
}

uint16_t hs_http_server_port(const struct hs_http_server *server)
{
    return server->port;
}

void hs_http_server_free(struct hs_http_server *server)
{
    if (server == NULL)
        return;
    stop_accepting(server);
    for (int list = 0; list < 2 * HS_CONNECTION_CLOSED; list++) {
        struct hs_http_connection *connection;
        while ((connection = TAILQ_FIRST(&server->lists[list % 2][list / 2])) != NULL) {
            HS_ASSERT(!connection->running); /* not from within a handler */
            hs_http_connection_close(connection, HS_HTTP_END_FREED);
        }
    }
    HS_ASSERT(server->open == 0);
    (void)evtimer_del(&server->turn);
    (void)evtimer_del(&server->sweep);
    hs_http_peers_free(&server->peers);
    while (server->spare != NULL) {
        struct hs_http_exchange *exchange = server->spare;
        server->spare = exchange->next_spare;
        free(exchange);
    }
    free(server->scratch);
    free(server->answer);
    free(server);
}
