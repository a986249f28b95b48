/* The reading side of a connection: turns bytes from the socket into requests for the owner. It
 * keeps bytes that arrive early and drops those after the end. Writes nothing itself (respond.c)
 * and handles no time limits (state.c).
 *
 * A request that arrives whole, the normal case, is handled in the server's scratch buffer, where
 * recv() put it. It takes one recv(), one send() and no change to the event: the read event stays
 * added while an answer is owed, so a reset is noticed at once. Only what waits (part of a head,
 * part of a body, early requests) is copied to the connection's own buffer, which is freed when
 * nothing waits: an idle connection costs only its struct. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Exchanges ---- */

struct hs_http_exchange *hs_http_exchange_take(struct hs_http_server *server)
{
    struct hs_http_exchange *exchange = server->spare;
    if (exchange == NULL)
        return hs_alloc(sizeof(*exchange));
    server->spare = exchange->next_spare;
    server->spare_count--;
    return exchange;
}

void hs_http_exchange_give(struct hs_http_server *server, struct hs_http_exchange *exchange)
{
    if (server->spare_count >= HS_HTTP_SPARE_MAX) {
        free(exchange);
        return;
    }
    exchange->next_spare = server->spare;
    server->spare = exchange;
    server->spare_count++;
}

const struct hs_http_head *hs_http_exchange_head(const struct hs_http_exchange *exchange)
{
    return &exchange->head;
}

void hs_http_exchange_repeats(struct hs_http_exchange *exchange)
{
    exchange->repeats = true;
}

void *hs_http_exchange_owner(struct hs_http_exchange *exchange)
{
    return exchange->owner;
}

/* ---- Holding memory ---- */

/* Makes room in `in` for `size` bytes in total, after reserving them. A size announced by a head is
 * not reserved: memory grows with what has arrived, to at most twice that. */
static bool make_space(struct hs_http_connection *connection, size_t size, uint64_t announced)
{
    if (size <= connection->in.capacity)
        return true;
    size_t capacity = connection->in.capacity * 2;
    if (capacity > announced)
        capacity = (size_t)announced;
    if (capacity < size)
        capacity = size;
    if (!hs_http_connection_hold(connection, capacity))
        return false;
    hs_buffer_grow(&connection->in, capacity);
    return true;
}

/* The size of head and body, as far as the head announces it. */
static uint64_t announced_size(const struct hs_http_exchange *exchange)
{
    if (exchange->head.chunked)
        return UINT64_MAX;
    return hs_add_sat(exchange->head.content_length, exchange->head_size);
}

/* Releasing memory is never refused. */
static void release(struct hs_http_connection *connection, uint64_t keep)
{
    if (keep < connection->held)
        (void)hs_http_connection_hold(connection, keep);
}

/* ---- Opening and closing ---- */

static void stop_reading(struct hs_http_connection *connection)
{
    if (connection->paused)
        return;
    connection->paused = true;
    (void)event_del(&connection->readable); /* fails only for an event that was never created */
}

static void start_reading(struct hs_http_connection *connection)
{
    if (!connection->paused)
        return;
    connection->paused = false;
    if (event_add(&connection->readable, NULL) < 0)
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
}

static void connection_free(struct hs_http_connection *connection)
{
    TAILQ_REMOVE(&connection->server->lists[connection->proven][HS_CONNECTION_CLOSED], connection,
                 link);
    connection->server->proven -= connection->proven;
    if (--connection->server->open == 0)
        (void)event_del(&connection->server->tick); /* no connections are left to check */
    hs_buffer_free(&connection->in);
    hs_buffer_free(&connection->out);
    free(connection);
}

void hs_http_connection_close(struct hs_http_connection *connection, enum hs_http_end end)
{
    struct hs_http_server *server = connection->server;
    hs_log(HS_LOG_DEBUG, "connection closed", HS_F("reason", "%s", hs_http_end_text(end)),
           HS_F("state", "%s", hs_http_state_name(connection->state)));
    struct hs_http_exchange *exchange = connection->exchange;
    hs_http_set_state(connection, HS_CONNECTION_CLOSED);
    (void)event_del(&connection->readable); /* before the descriptor's number is reused */
    if (connection->writable != NULL)
        event_free(connection->writable);
    (void)close(connection->socket);
    if (exchange != NULL) {
        connection->exchange = NULL;
        server->handlers.on_abandoned(server->context, exchange);
        hs_http_exchange_give(server, exchange);
    }
    release(connection, 0);
    hs_http_peer_give(&server->peers, connection->peer);
    connection->peer = NULL;
    if (!connection->running)
        connection_free(connection);
}

struct hs_http_connection *hs_http_connection_create(struct hs_http_server *server, int socket,
                                                     const struct sockaddr *peer,
                                                     socklen_t peer_size)
{
    struct hs_http_connection *connection = hs_alloc(sizeof(*connection));
    connection->server = server;
    connection->socket = socket;
    if (peer_size <= sizeof(connection->peer_name))
        memcpy(&connection->peer_name, peer, peer_size);
    hs_buffer_init(&connection->in, server->in_ceiling);
    hs_buffer_init(&connection->out, HS_HTTP_WAITING_MAX);
    connection->state = HS_CONNECTION_IDLE;
    connection->entered_ns = hs_clock_monotonic_ns();
    connection->peer = hs_http_peer_take(&server->peers, &connection->peer_name.any);
    TAILQ_INSERT_TAIL(&server->lists[false][HS_CONNECTION_IDLE], connection, link);
    hs_http_peer_place(connection);
    server->open++;
    if (event_assign(&connection->readable, server->base, socket, EV_READ | EV_PERSIST,
                     hs_http_connection_readable, connection) < 0 ||
        event_add(&connection->readable, NULL) < 0) {
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
        return NULL;
    }
    return connection;
}

static void linger(struct hs_http_connection *connection)
{
    (void)shutdown(connection->socket, SHUT_WR); /* fails if the client is gone, which does not
                                                  * matter */
    if (!connection->running)
        hs_buffer_free(&connection->in);
    release(connection, 0);
    connection->received = 0;
    hs_http_set_state(connection, HS_CONNECTION_LINGER);
    start_reading(connection);
}

/* Schedules the connection for the next turn of the event loop: never from within another's call,
 * and after the other sockets were served. */
static void wait_for_turn(struct hs_http_connection *connection)
{
    static const struct timeval now = {0, 0};
    hs_http_set_state(connection, HS_CONNECTION_EARLY);
    if (event_add(&connection->server->turn, &now) < 0)
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
}

void hs_http_connection_settle(struct hs_http_connection *connection)
{
    if (connection->last || connection->server->draining) {
        bool unread = connection->linger || !connection->last ||
                      (!connection->running && connection->in.size > 0);
        if (unread)
            linger(connection);
        else
            hs_http_connection_close(connection, HS_HTTP_END_ANSWERED);
        return;
    }
    if (connection->running) { /* its own loop continues */
        hs_http_set_state(connection, HS_CONNECTION_IDLE);
        return;
    }
    release(connection, connection->in.size);
    if (connection->in.size > 0) {
        wait_for_turn(connection);
        return;
    }
    hs_http_set_state(connection, HS_CONNECTION_IDLE);
    start_reading(connection);
}

/* Surrounds all code that may call a handler with bytes of this connection: whatever the handler
 * does, the connection and the bytes remain valid until leave(). */
static void enter(struct hs_http_connection *connection)
{
    HS_ASSERT(!connection->running);
    connection->running = true;
}

static void leave(struct hs_http_connection *connection)
{
    connection->running = false;
    if (connection->state == HS_CONNECTION_CLOSED)
        connection_free(connection);
}

/* ---- From bytes to requests ---- */

/* The whole request is available: calls the owner, who may answer from within the call. */
static void deliver(struct hs_http_connection *connection, struct hs_slice body)
{
    struct hs_http_server *server = connection->server;
    connection->exchange->whole = true;
    server->handlers.on_request(server->context, connection->exchange, body);
}

/* Keeps the head and the part of the body that has arrived, and waits for the rest. */
static void keep_part(struct hs_http_connection *connection, char *data, size_t head_size,
                      size_t body_size)
{
    struct hs_http_exchange *exchange = connection->exchange;
    exchange->body_size = body_size;
    connection->received = body_size;
    hs_http_set_state(connection, HS_CONNECTION_BODY);
    if (!make_space(connection, head_size + body_size, announced_size(exchange))) {
        hs_http_refuse(connection, HS_HTTP_NO_BUDGET, NULL, hs_slice(data, head_size));
        return;
    }
    hs_buffer_append(&connection->in, data, head_size + body_size);
    HS_ASSERT(hs_buffer_status(&connection->in) == 0);
    if (exchange->head.expect_continue && body_size == 0)
        hs_http_send_continue(connection);
}

/* Handles the body after a head of `head_size` bytes in data[0, size). Returns how many bytes of
 * the request were used; the connection's state shows the result. */
static size_t take_body(struct hs_http_connection *connection, char *data, size_t size,
                        size_t head_size)
{
    struct hs_http_exchange *exchange = connection->exchange;
    size_t here = size - head_size, used = here, decoded = here;
    if (exchange->head.chunked) {
        enum hs_http_refusal refusal;
        hs_chunked_init(&exchange->chunked, connection->server->limits.body_size);
        int done = hs_chunked_decode(&exchange->chunked, data + head_size, here, &used, &decoded,
                                     &refusal);
        if (done < 0) {
            hs_http_refuse(connection, refusal, hs_error_text(), hs_slice(data, size));
            return size;
        }
        exchange->whole = done > 0;
    } else if (exchange->whole) {
        used = decoded = (size_t)exchange->head.content_length;
    }
    if (!exchange->whole) {
        keep_part(connection, data, head_size, decoded);
    } else if (hs_http_connection_hold(connection, decoded)) {
        deliver(connection, hs_slice(data + head_size, decoded));
    } else {
        hs_http_refuse(connection, HS_HTTP_NO_BUDGET, NULL, hs_slice(data, size));
        return size;
    }
    return head_size + used;
}

/* Handles a complete head: asks the owner, checks what the head says about the body, and continues
 * with the body. Returns how many bytes of data[0, size) were used. */
static size_t take_exchange(struct hs_http_connection *connection, char *data, size_t size,
                            size_t head_size)
{
    struct hs_http_server *server = connection->server;
    struct hs_http_exchange *exchange = connection->exchange;
    const struct hs_http_head *head = &exchange->head;
    uint64_t length = head->content_length; /* 0 if there is no body */
    exchange->whole = !head->chunked && length <= size - head_size;
    if (!server->handlers.on_head(server->context, exchange)) {
        HS_ASSERT(connection->exchange == NULL); /* false means it was answered */
        return connection->state == HS_CONNECTION_CLOSED || connection->last
                   ? size
                   : head_size + (size_t)length;
    }
    HS_ASSERT(connection->exchange == exchange); /* true means it was not answered */
    if (length > server->limits.body_size) {
        hs_http_refuse(connection, HS_HTTP_BODY_TOO_LARGE, NULL, hs_slice(data, size));
        return size;
    }
    return take_body(connection, data, size, head_size);
}

/* Handles one request in data[0, size). Returns the bytes used; 0: the head is incomplete. */
static size_t take_request(struct hs_http_connection *connection, char *data, size_t size,
                           size_t scanned)
{
    struct hs_http_server *server = connection->server;
    struct hs_http_exchange *exchange = hs_http_exchange_take(server);
    enum hs_http_refusal refusal;
    ssize_t head_size = hs_http_parse_head(hs_slice(data, size), scanned,
                                           server->limits.header_size, &exchange->head, &refusal);
    if (head_size <= 0) {
        hs_http_exchange_give(server, exchange);
        if (head_size == 0 && connection->state != HS_CONNECTION_HEAD)
            hs_http_set_state(connection, HS_CONNECTION_HEAD);
        if (head_size < 0)
            hs_http_refuse(connection, refusal, hs_error_text(), hs_slice(data, size));
        return 0;
    }
    memset(exchange->owner, 0, sizeof(exchange->owner));
    exchange->connection = connection;
    exchange->head_size = (size_t)head_size;
    exchange->peer[0] = '\0';
    exchange->repeats = false;
    connection->exchange = exchange;
    hs_http_set_state(connection, HS_CONNECTION_WORK);
    return take_exchange(connection, data, size, (size_t)head_size);
}

/* Keeps bytes that must wait: part of a head, or early requests. */
static void keep_rest(struct hs_http_connection *connection, const char *data, size_t size)
{
    if (connection->last || connection->state >= HS_CONNECTION_LINGER) {
        connection->linger |= size > 0;
        return; /* dropped, as is everything after it */
    }
    if (size > 0 && !hs_http_connection_hold(connection, connection->held + size)) {
        if (connection->state == HS_CONNECTION_HEAD || connection->state == HS_CONNECTION_IDLE) {
            hs_http_refuse(connection, HS_HTTP_NO_BUDGET, NULL, hs_slice(data, size));
            return;
        }
        /* The current request is answered. Early ones were not started, so their sender knows to
         * repeat them (RFC 9112, 9.3.2). */
        connection->last = connection->linger = true;
        stop_reading(connection);
        return;
    }
    hs_buffer_append(&connection->in, data, size);
    HS_ASSERT(hs_buffer_status(&connection->in) == 0);
    if (connection->state == HS_CONNECTION_IDLE && size > 0)
        wait_for_turn(connection);
}

/* Handles the requests in data[0, size), in the scratch buffer, one by one, until an answer is
 * owed, a request is incomplete or other connections should get a turn. */
static void take_requests(struct hs_http_connection *connection, char *data, size_t size,
                          size_t scanned)
{
    size_t used = 0;
    for (unsigned i = 0; i < HS_HTTP_REQUEST_BURST && used < size; i++) {
        if (connection->state != HS_CONNECTION_IDLE && connection->state != HS_CONNECTION_HEAD)
            break;
        if (i > 0 && connection->server->burst_left == 0)
            break;
        connection->server->burst_left -= i > 0;
        size_t step = take_request(connection, data + used, size - used, scanned);
        if (step == 0)
            break;
        used += step;
        scanned = 0;
        if (connection->state == HS_CONNECTION_IDLE)
            release(connection, 0);
    }
    if (connection->state != HS_CONNECTION_BODY)
        keep_rest(connection, data + used, size - used);
}

/* ---- Reading, by state ---- */

/* Handles the end of the client's data. While an answer is owed nothing happens: the end is seen
 * again when reading resumes. Otherwise the connection ends. */
static void read_end(struct hs_http_connection *connection)
{
    if (connection->state != HS_CONNECTION_WORK && connection->state != HS_CONNECTION_WRITING &&
        connection->state != HS_CONNECTION_EARLY) {
        hs_http_connection_close(connection, HS_HTTP_END_CLIENT);
        return;
    }
    stop_reading(connection);
}

/* Calls recv() once. Returns the bytes read; 0 if there were none, after handling the cause. */
static size_t read_some(struct hs_http_connection *connection, char *place, size_t room)
{
    ssize_t size;
    do
        size = recv(connection->socket, place, room, 0);
    while (size < 0 && errno == EINTR);
    if (size > 0)
        return (size_t)size;
    if (size == 0) {
        read_end(connection);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
    } else if (connection->server->draining && connection->state == HS_CONNECTION_IDLE) {
        hs_http_connection_close(connection, HS_HTTP_END_DRAINED);
    }
    return 0;
}

/* Moves the kept bytes to the front of the scratch buffer. Returns their size. */
static size_t fetch_waiting(struct hs_http_connection *connection)
{
    size_t waited = connection->in.size;
    if (waited > 0) {
        memcpy(connection->server->scratch, connection->in.data, waited);
        hs_buffer_free(&connection->in);
        release(connection, 0);
    }
    return waited;
}

/* IDLE, HEAD: reads requests. In the scratch buffer, kept bytes precede those from the socket. */
static void read_requests(struct hs_http_connection *connection)
{
    char *scratch = connection->server->scratch;
    size_t size = read_some(connection, scratch + connection->in.size, HS_HTTP_READ_SIZE);
    if (size == 0)
        return;
    size_t waited = fetch_waiting(connection);
    enter(connection);
    take_requests(connection, scratch, waited + size, waited);
    leave(connection);
}

/* EARLY: handles early requests; the socket is read after them. */
static void take_early(struct hs_http_connection *connection)
{
    hs_http_set_state(connection, HS_CONNECTION_IDLE);
    size_t waited = fetch_waiting(connection);
    enter(connection);
    start_reading(connection);
    take_requests(connection, connection->server->scratch, waited, 0);
    leave(connection);
}

/* Connections that return to the list meanwhile go to its end. */
static void take_early_of(struct hs_http_server *server, struct hs_http_list *list)
{
    struct hs_http_connection *connection;
    for (unsigned i = 0; i < HS_HTTP_REQUEST_BURST && server->burst_left > 0; i++)
        if ((connection = TAILQ_FIRST(list)) != NULL)
            take_early(connection);
}

void hs_http_take_turns(evutil_socket_t socket, short what, void *context)
{
    static const struct timeval now = {0, 0};
    struct hs_http_server *server = context;
    bool left = false;
    server->burst_left = HS_HTTP_TURN_REQUESTS;
    for (int proven = 1; proven >= 0; proven--) {
        struct hs_http_list *list = &server->lists[proven][HS_CONNECTION_EARLY];
        take_early_of(server, list);
        left |= !TAILQ_EMPTY(list);
    }
    /* Fails only without memory; the connections then wait until others are EARLY. */
    if (left)
        (void)event_add(&server->turn, &now);
}

/* BODY: reads the rest of the body, then handles what follows it. */
static void finish_body(struct hs_http_connection *connection, char *rest, size_t rest_size)
{
    struct hs_http_exchange *exchange = connection->exchange;
    enum hs_http_refusal refusal;
    /* The buffer may have moved since the head was parsed: parses it again to renew its slices. */
    ssize_t head_size = hs_http_parse_head(hs_slice(connection->in.data, exchange->head_size), 0,
                                           exchange->head_size, &exchange->head, &refusal);
    HS_ASSERT(head_size == (ssize_t)exchange->head_size);
    hs_http_set_state(connection, HS_CONNECTION_WORK);
    enter(connection);
    deliver(connection, hs_slice(connection->in.data + head_size, (size_t)exchange->body_size));
    hs_buffer_free(&connection->in);
    if (connection->state == HS_CONNECTION_IDLE)
        release(connection, 0);
    take_requests(connection, rest, rest_size, 0);
    leave(connection);
}

static void read_body(struct hs_http_connection *connection)
{
    struct hs_http_exchange *exchange = connection->exchange;
    char *data = connection->server->scratch;
    size_t size = read_some(connection, data, HS_HTTP_READ_SIZE);
    if (size == 0)
        return;
    connection->received += size;
    size_t used, decoded;
    bool whole;
    if (exchange->head.chunked) {
        enum hs_http_refusal refusal;
        int done = hs_chunked_decode(&exchange->chunked, data, size, &used, &decoded, &refusal);
        if (done < 0) {
            hs_http_refuse(connection, refusal, hs_error_text(), HS_SLICE_NONE);
            return;
        }
        whole = done > 0;
    } else {
        uint64_t left = exchange->head.content_length - exchange->body_size;
        used = decoded = size < left ? size : (size_t)left;
        whole = used == left;
    }
    if (!make_space(connection, connection->in.size + decoded, announced_size(exchange))) {
        hs_http_refuse(connection, HS_HTTP_NO_BUDGET, NULL, HS_SLICE_NONE);
        return;
    }
    hs_buffer_append(&connection->in, data, decoded);
    HS_ASSERT(hs_buffer_status(&connection->in) == 0);
    exchange->body_size += decoded;
    if (whole)
        finish_body(connection, data + used, size - used);
}

/* WORK, WRITING, EARLY: reads early requests, up to a bound, and the client's end of data. */
static void read_ahead(struct hs_http_connection *connection)
{
    char *data = connection->server->scratch;
    if (connection->last || connection->in.size >= HS_HTTP_AHEAD_MAX) {
        stop_reading(connection);
        return;
    }
    size_t room = HS_HTTP_AHEAD_MAX - connection->in.size;
    size_t size = read_some(connection, data, room < HS_HTTP_READ_SIZE ? room : HS_HTTP_READ_SIZE);
    if (size > 0)
        keep_rest(connection, data, size);
}

/* LINGER: drops input, so that the client can read its answer instead of getting a reset. */
static void read_nothing(struct hs_http_connection *connection)
{
    size_t size = read_some(connection, connection->server->scratch, HS_HTTP_READ_SIZE);
    if (size == 0)
        return;
    connection->received += size;
    if (connection->received > HS_HTTP_LINGER_BYTES)
        hs_http_connection_close(connection, HS_HTTP_END_LINGERED);
}

void hs_http_connection_readable(evutil_socket_t socket, short what, void *context)
{
    struct hs_http_connection *connection = context;
    switch (connection->state) {
    case HS_CONNECTION_IDLE:
    case HS_CONNECTION_HEAD:
        read_requests(connection);
        break;
    case HS_CONNECTION_BODY:
        read_body(connection);
        break;
    case HS_CONNECTION_WORK:
    case HS_CONNECTION_WRITING:
    case HS_CONNECTION_EARLY:
        read_ahead(connection);
        break;
    default:
        read_nothing(connection);
        break;
    }
}
