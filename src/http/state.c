/* The states of a connection: names, which may follow which, how long each may last. A
 * state has one time limit, so its list is sorted by when a connection is due, and one
 * periodic look at the heads of the lists serves all: no timer a connection. */
#include "internal.h"

#include <hookstream/clock.h>

#define FROM(state) (1u << HS_CONNECTION_##state)

static const struct {
    const char *name;
    unsigned from; /* the states it may follow */
} states[HS_CONNECTION_STATE_COUNT] = {
    /* Answered; or accepted, where there is no state before. */
    [HS_CONNECTION_IDLE] = {"idle", FROM(WORK) | FROM(WRITING) | FROM(EARLY)},
    [HS_CONNECTION_HEAD] = {"head", FROM(IDLE)},
    /* A head is whole; or, after BODY, a body is. */
    [HS_CONNECTION_WORK] = {"work", FROM(IDLE) | FROM(HEAD) | FROM(BODY)},
    [HS_CONNECTION_BODY] = {"body", FROM(WORK)},
    /* An answer, or a refusal at any time before one. */
    [HS_CONNECTION_WRITING] = {"writing", FROM(IDLE) | FROM(HEAD) | FROM(WORK) | FROM(BODY)},
    /* Answered, or so many were that others should have a turn. */
    [HS_CONNECTION_EARLY] = {"early", FROM(IDLE) | FROM(WORK) | FROM(WRITING)},
    [HS_CONNECTION_LINGER] = {"linger",
                              FROM(IDLE) | FROM(HEAD) | FROM(WORK) | FROM(BODY) | FROM(WRITING)},
    [HS_CONNECTION_CLOSED] = {"closed", FROM(IDLE) | FROM(HEAD) | FROM(WORK) | FROM(BODY) |
                                            FROM(WRITING) | FROM(EARLY) | FROM(LINGER)},
};

const char *hs_http_state_name(enum hs_http_state state)
{
    return states[state].name;
}

void hs_http_set_state(struct hs_http_connection *connection, enum hs_http_state state)
{
    struct hs_http_server *server = connection->server;
    HS_ASSERT(states[state].from & (1u << connection->state));
    TAILQ_REMOVE(&server->lists[connection->state], connection, link);
    TAILQ_INSERT_TAIL(&server->lists[state], connection, link);
    connection->state = (uint8_t)state;
    if (server->timeouts[state] != 0)
        connection->entered_ns = hs_clock_monotonic_ns();
}

bool hs_http_too_slow(uint64_t received, uint64_t elapsed_ns, uint64_t rate)
{
    if (rate == 0 || elapsed_ns < HS_HTTP_RATE_GRACE_NS)
        return false;
    /* received / seconds < rate, in milliseconds and without division. */
    return hs_mul_sat(received, 1000) < hs_mul_sat(rate, elapsed_ns / HS_NS_PER_MS);
}

static void expire(struct hs_http_connection *connection)
{
    switch (connection->state) {
    case HS_CONNECTION_IDLE:
        hs_http_connection_close(connection, HS_HTTP_END_IDLE);
        break;
    case HS_CONNECTION_HEAD:
        hs_http_refuse(connection, HS_HTTP_HEAD_TIMEOUT, NULL, HS_SLICE_NONE);
        break;
    case HS_CONNECTION_BODY:
        hs_http_refuse(connection, HS_HTTP_BODY_TIMEOUT, NULL, HS_SLICE_NONE);
        break;
    case HS_CONNECTION_WRITING:
        hs_http_connection_close(connection, HS_HTTP_END_UNREAD);
        break;
    default:
        hs_http_connection_close(connection, HS_HTTP_END_LINGERED);
        break;
    }
}

/* The first body that came along in time but too slowly; the list's old end has them all. */
static struct hs_http_connection *find_slow_body(struct hs_http_server *server, uint64_t now_ns)
{
    struct hs_http_connection *connection = TAILQ_FIRST(&server->lists[HS_CONNECTION_BODY]);
    for (; connection != NULL; connection = TAILQ_NEXT(connection, link)) {
        uint64_t elapsed = now_ns - connection->entered_ns;
        if (elapsed < HS_HTTP_RATE_GRACE_NS)
            return NULL;
        if (hs_http_too_slow(connection->received, elapsed, server->limits.body_rate))
            return connection;
    }
    return NULL;
}

void hs_http_expire(struct hs_http_server *server, uint64_t now_ns)
{
    for (int state = 0; state < HS_CONNECTION_STATE_COUNT; state++) {
        uint64_t limit = server->timeouts[state];
        struct hs_http_connection *connection;
        while (limit != 0 && (connection = TAILQ_FIRST(&server->lists[state])) != NULL &&
               hs_add_sat(connection->entered_ns, limit) <= now_ns)
            expire(connection);
    }
    struct hs_http_connection *slow;
    while (server->limits.body_rate != 0 && (slow = find_slow_body(server, now_ns)) != NULL)
        expire(slow); /* from the start again: a handler may have ended others */
}
