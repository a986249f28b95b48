/* The states of a connection: names, transitions and time limits. A state has a single time limit,
 * so its list is sorted by due time, and one periodic check of the list heads replaces a timer per
 * connection. */
#include "internal.h"

#include <hookstream/clock.h>

#define FROM(state) (1u << HS_CONNECTION_##state)

static const struct {
    const char *name;
    unsigned from; /* the allowed predecessors */
} states[HS_CONNECTION_STATE_COUNT] = {
    /* Answered; or accepted, which has no predecessor. */
    [HS_CONNECTION_IDLE] = {"idle", FROM(WORK) | FROM(WRITING) | FROM(EARLY)},
    [HS_CONNECTION_HEAD] = {"head", FROM(IDLE)},
    /* A head is complete; or, after BODY, a body is. */
    [HS_CONNECTION_WORK] = {"work", FROM(IDLE) | FROM(HEAD) | FROM(BODY)},
    [HS_CONNECTION_BODY] = {"body", FROM(WORK)},
    /* An answer, or a refusal at any time before one. */
    [HS_CONNECTION_WRITING] = {"writing", FROM(IDLE) | FROM(HEAD) | FROM(WORK) | FROM(BODY)},
    /* Answered, or enough were that others should get a turn. */
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

/* Starts to check the rate of a HEAD or BODY. */
static void watch(struct hs_http_connection *connection)
{
    struct hs_http_server *server = connection->server;
    bool slow = connection->state == HS_CONNECTION_HEAD || connection->state == HS_CONNECTION_BODY;
    if (HS_LIKELY(!slow && connection->watch == 0))
        return;
    if (connection->watch != 0)
        TAILQ_REMOVE(&server->watched[connection->watch - 1], connection, watch_link);
    connection->watch = slow ? 1 : 0;
    if (!slow)
        return;
    connection->look_ns = hs_add_sat(connection->entered_ns, HS_HTTP_RATE_GRACE_NS);
    TAILQ_INSERT_TAIL(&server->watched[0], connection, watch_link);
}

void hs_http_set_state(struct hs_http_connection *connection, enum hs_http_state state)
{
    struct hs_http_list *lists = connection->server->lists[connection->proven];
    HS_ASSERT(states[state].from & (1u << connection->state));
    TAILQ_REMOVE(&lists[connection->state], connection, link);
    TAILQ_INSERT_TAIL(&lists[state], connection, link);
    if (state == HS_CONNECTION_LINGER)
        connection->server->lingering++;
    else if (connection->state == HS_CONNECTION_LINGER)
        connection->server->lingering--;
    connection->state = (uint8_t)state;
    if (state != HS_CONNECTION_WORK && state != HS_CONNECTION_EARLY)
        connection->entered_ns = hs_clock_monotonic_ns();
    watch(connection);
    hs_http_peer_place(connection);
}

void hs_http_prove(struct hs_http_connection *connection)
{
    struct hs_http_server *server = connection->server;
    HS_ASSERT(connection->place == HS_PLACE_NONE && !connection->proven);
    TAILQ_REMOVE(&server->lists[false][connection->state], connection, link);
    TAILQ_INSERT_TAIL(&server->lists[true][connection->state], connection, link);
    connection->proven = true;
    server->proven++;
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

/* What a watched connection has sent since it entered its state. */
static uint64_t received_of(const struct hs_http_connection *connection)
{
    return connection->state == HS_CONNECTION_HEAD ? connection->in.size : connection->received;
}

/* Checks those of one list that are due, once each. Returns how many it ended. */
static unsigned look_at_rates(struct hs_http_server *server, struct hs_http_list *list,
                              uint64_t now_ns, unsigned most)
{
    struct hs_http_connection *connection;
    unsigned ended = 0;
    while (ended < most && (connection = TAILQ_FIRST(list)) != NULL &&
           connection->look_ns <= now_ns) {
        uint64_t elapsed = now_ns - connection->entered_ns;
        if (hs_http_too_slow(received_of(connection), elapsed, server->limits.least_rate)) {
            expire(connection);
            ended++;
            continue;
        }
        TAILQ_REMOVE(list, connection, watch_link);
        connection->look_ns = now_ns + HS_HTTP_RATE_PERIOD_NS;
        connection->watch = 2;
        TAILQ_INSERT_TAIL(&server->watched[1], connection, watch_link);
    }
    return ended;
}

static unsigned end_the_late(struct hs_http_server *server, enum hs_http_state state, bool proven,
                             uint64_t now_ns, unsigned most)
{
    uint64_t limit = server->timeouts[state];
    struct hs_http_connection *connection;
    unsigned ended = 0;
    while (limit != 0 && ended < most &&
           (connection = TAILQ_FIRST(&server->lists[proven][state])) != NULL &&
           hs_add_sat(connection->entered_ns, limit) <= now_ns) {
        expire(connection);
        ended++;
    }
    return ended;
}

bool hs_http_expire(struct hs_http_server *server, uint64_t now_ns)
{
    unsigned left = HS_HTTP_ENDED_BURST;
    for (int state = 0; state < HS_CONNECTION_STATE_COUNT; state++)
        for (int proven = 0; proven <= 1; proven++)
            left -= end_the_late(server, (enum hs_http_state)state, proven, now_ns, left);
    for (int i = 0; i < 2; i++)
        left -= look_at_rates(server, &server->watched[i], now_ns, left);
    return left == 0;
}
