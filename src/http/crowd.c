/* Crowd: decides which connection is closed when the limit of connections or bytes is reached. A
 * connection with a request in progress is never closed, and a proven connection (peers.h) last.
 *
 * Connections: a peer that holds more than its share loses one of its own; otherwise all
 * connections are in one queue. In both cases the oldest is closed: first one that has been silent
 * for a while, then the one longest in its head, body or unread answer. Proven connections are
 * closed after all others, the longest idle first. Unproven ones may displace them up to a share of
 * the limit, so that newcomers do not close each other when all others are proven. Bytes:
 * incomplete bodies have a share of the budget, so that a complete request finds room. Past it a
 * peer that holds more than its share loses its oldest body; otherwise the oldest of all is closed
 * with a 503.
 *
 * Closing the oldest is right even if all come from one address, as behind a load balancer: a
 * genuine request finishes in less time than a slow one has waited. */
#include "internal.h"

#include <hookstream/clock.h>
#include <hookstream/log.h>

/* A peer with less than this share of the total is not considered separately. */
#define SHARE_PARTS 16u
#define SHARE_LEAST 8u        /* connections */
#define SHARE_LEAST_BODIES 2u /* times the maximum body size: no single body exceeds a share */
/* The share of the connection limit that unproven connections may take from idle proven ones. */
#define UNPROVEN_PARTS 4u
/* A connection silent for this long is closed before any that has started a request. */
#define SILENT_NS HS_NS_PER_SECOND
/* How many of the oldest are examined to find one without unread input, or the largest body. */
#define LOOKED_AT_MAX 32u
/* The most bodies that may be dropped for one. */
#define EVICTED_MAX 256u

static struct hs_http_connection *older(struct hs_http_connection *one,
                                        struct hs_http_connection *other)
{
    if (one == NULL || other == NULL)
        return one != NULL ? one : other;
    return one->entered_ns <= other->entered_ns ? one : other;
}

/* Its data has arrived but was not read yet: it waits for this program, not the reverse. */
static bool has_unread(const struct hs_http_connection *connection)
{
    char byte;
    return recv(connection->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The oldest in the list that has no unread input, otherwise the oldest. */
static struct hs_http_connection *oldest(struct hs_http_list *list, bool of_peer)
{
    struct hs_http_connection *at = TAILQ_FIRST(list);
    for (unsigned i = 0; at != NULL && i < LOOKED_AT_MAX; i++) {
        if (!has_unread(at))
            return at;
        at = of_peer ? TAILQ_NEXT(at, peer_link) : TAILQ_NEXT(at, link);
    }
    return TAILQ_FIRST(list);
}

static struct hs_http_connection *choose(struct hs_http_connection *silent,
                                         struct hs_http_connection *begun, uint64_t now_ns)
{
    if (silent != NULL && now_ns - silent->entered_ns >= SILENT_NS)
        return silent;
    return older(silent, begun);
}

static struct hs_http_connection *choose_of_peer(struct hs_http_peer *peer, uint64_t now_ns)
{
    return choose(oldest(&peer->places[HS_PLACE_SILENT], true),
                  older(oldest(&peer->places[HS_PLACE_HEAD], true),
                        oldest(&peer->places[HS_PLACE_BODY], true)),
                  now_ns);
}

/* Chooses among all peers, proven or not. */
static struct hs_http_connection *choose_of_all(struct hs_http_server *server, bool proven,
                                                uint64_t now_ns)
{
    struct hs_http_list *lists = server->lists[proven];
    struct hs_http_connection *silent = oldest(&lists[HS_CONNECTION_IDLE], false);
    struct hs_http_connection *begun = older(oldest(&lists[HS_CONNECTION_HEAD], false),
                                             older(oldest(&lists[HS_CONNECTION_BODY], false),
                                                   oldest(&lists[HS_CONNECTION_WRITING], false)));
    if (!proven) /* early requests of a proven one may be genuine */
        begun = older(begun, oldest(&lists[HS_CONNECTION_EARLY], false));
    if (proven)
        return silent != NULL ? silent : begun;
    return choose(silent, begun, now_ns);
}

/* Chooses among those refused for good, which are kept only so that they can read the answer. */
static struct hs_http_connection *choose_refused(struct hs_http_server *server)
{
    return older(TAILQ_FIRST(&server->lists[false][HS_CONNECTION_LINGER]),
                 TAILQ_FIRST(&server->lists[true][HS_CONNECTION_LINGER]));
}

static struct hs_http_connection *choose_unproven(struct hs_http_server *server, uint64_t now_ns)
{
    uint64_t share = server->limits.connections / SHARE_PARTS;
    struct hs_http_peer *top = hs_http_peers_top(&server->peers, HS_RANK_CONNECTIONS);
    if (top == NULL)
        return NULL;
    if (top->amounts[HS_RANK_CONNECTIONS] > (share > SHARE_LEAST ? share : SHARE_LEAST))
        return choose_of_peer(top, now_ns);
    return choose_of_all(server, false, now_ns);
}

static struct hs_http_connection *choose_connection(struct hs_http_server *server, bool proven)
{
    if (server->lingering > HS_HTTP_REFUSED_MAX)
        return choose_refused(server);
    uint64_t now_ns = hs_clock_monotonic_ns();
    struct hs_http_connection *chosen = choose_unproven(server, now_ns);
    if (!proven)
        return chosen;
    if (chosen == NULL)
        return choose_of_all(server, true, now_ns);
    /* If nearly all are proven, newcomers would only close each other. */
    uint64_t limit = server->limits.connections;
    if (server->proven > limit - limit / UNPROVEN_PARTS)
        return older(oldest(&server->lists[true][HS_CONNECTION_IDLE], false), chosen);
    return chosen;
}

/* ---- Closing one ---- */

static enum hs_http_evicted phase_of(const struct hs_http_connection *connection)
{
    switch (connection->state) {
    case HS_CONNECTION_HEAD:
        return HS_HTTP_EVICTED_HEAD;
    case HS_CONNECTION_BODY:
        return HS_HTTP_EVICTED_BODY;
    case HS_CONNECTION_WRITING:
    case HS_CONNECTION_LINGER:
        return HS_HTTP_EVICTED_ANSWERED;
    default:
        return connection->proven ? HS_HTTP_EVICTED_IDLE : HS_HTTP_EVICTED_SILENT;
    }
}

static void evict(struct hs_http_connection *connection)
{
    struct hs_http_server *server = connection->server;
    if (server->handlers.on_evicted != NULL)
        server->handlers.on_evicted(server->context, phase_of(connection));
    if (connection->state == HS_CONNECTION_HEAD || connection->state == HS_CONNECTION_BODY)
        hs_http_refuse_and_close(connection, HS_HTTP_CROWDED_OUT);
    else
        hs_http_connection_close(connection, HS_HTTP_END_CROWDED);
}

bool hs_http_evict_one(struct hs_http_server *server, bool proven)
{
    struct hs_http_connection *connection = choose_connection(server, proven);
    if (connection == NULL)
        return false;
    evict(connection);
    return true;
}

bool hs_http_evict_of_peer(struct hs_http_peer *peer)
{
    struct hs_http_connection *connection = choose_of_peer(peer, hs_clock_monotonic_ns());
    if (connection == NULL)
        return false;
    evict(connection);
    return true;
}

/* ---- Bytes ---- */

/* Half of what an unproven connection holds on average, and at least 1. */
static uint64_t half_of_average(const struct hs_http_server *server)
{
    const uint64_t *all = server->peers.amounts;
    uint64_t count = all[HS_RANK_CONNECTIONS];
    return count > 0 ? all[HS_RANK_BYTES] / count / 2 + 1 : 1;
}

/* The oldest in the list that holds as much as the average, otherwise the largest of the oldest;
 * not `self`. The largest of all could be a genuine body that is nearly complete. */
static struct hs_http_connection *largest(struct hs_http_list *list, bool of_peer,
                                          const struct hs_http_connection *self)
{
    uint64_t enough = half_of_average(self->server);
    struct hs_http_connection *found = NULL, *at = TAILQ_FIRST(list);
    for (unsigned i = 0; at != NULL && i < LOOKED_AT_MAX; i++) {
        if (at != self && at->held >= enough && !has_unread(at))
            return at;
        if (at != self && at->held > 0 && (found == NULL || at->held > found->held))
            found = at;
        at = of_peer ? TAILQ_NEXT(at, peer_link) : TAILQ_NEXT(at, link);
    }
    return found;
}

static struct hs_http_connection *largest_of_peer(struct hs_http_peer *peer,
                                                  const struct hs_http_connection *self)
{
    struct hs_http_connection *body = largest(&peer->places[HS_PLACE_BODY], true, self);
    return body != NULL ? body : largest(&peer->places[HS_PLACE_HEAD], true, self);
}

static struct hs_http_connection *choose_bytes(struct hs_http_server *server,
                                               const struct hs_http_connection *self)
{
    struct hs_http_peer *top = hs_http_peers_top(&server->peers, HS_RANK_BYTES);
    struct hs_http_connection *found = NULL;
    if (top == NULL)
        return NULL;
    uint64_t share = server->limits.unproven_bytes / SHARE_PARTS;
    uint64_t least = SHARE_LEAST_BODIES * server->limits.body_size;
    if (top->amounts[HS_RANK_BYTES] > (share > least ? share : least))
        found = largest_of_peer(top, self);
    static const enum hs_http_state states[] = {HS_CONNECTION_BODY, HS_CONNECTION_WRITING,
                                                HS_CONNECTION_EARLY, HS_CONNECTION_HEAD};
    for (size_t i = 0; found == NULL && i < HS_ARRAY_SIZE(states); i++)
        found = largest(&server->lists[false][states[i]], false, self);
    return found;
}

/* Makes room for `more` bytes of an incomplete body within the share of such bodies. If no other
 * can be dropped, the body may exceed it: the owner's budget is then the limit. */
static bool make_room(struct hs_http_connection *self, uint64_t more)
{
    struct hs_http_server *server = self->server;
    const struct hs_http_limits *limits = &server->limits;
    const uint64_t *all = &server->peers.amounts[HS_RANK_BYTES];
    const uint64_t *own = &self->peer->amounts[HS_RANK_BYTES];
    struct hs_http_connection *other;
    for (unsigned i = 0; limits->peer_bytes != 0 && *own + more > limits->peer_bytes; i++) {
        if (i >= EVICTED_MAX || (other = largest_of_peer(self->peer, self)) == NULL)
            return false;
        evict(other);
    }
    for (unsigned i = 0; limits->unproven_bytes != 0 && *all + more > limits->unproven_bytes &&
                         i < EVICTED_MAX && (other = choose_bytes(server, self)) != NULL;
         i++)
        evict(other);
    return true;
}

/* Asks the owner's budget, closing others until it agrees. */
static bool ask_owner(struct hs_http_connection *self, int64_t more)
{
    struct hs_http_server *server = self->server;
    for (unsigned i = 0; !server->handlers.on_memory(server->context, more); i++) {
        if (more <= 0)
            return true; /* releasing memory is never refused */
        struct hs_http_connection *other = i < EVICTED_MAX ? choose_bytes(server, self) : NULL;
        if (other == NULL)
            return false;
        evict(other);
    }
    return true;
}

bool hs_http_connection_hold(struct hs_http_connection *connection, uint64_t bytes)
{
    if (bytes == connection->held || connection->server->handlers.on_memory == NULL)
        return true;
    int64_t more = (int64_t)bytes - (int64_t)connection->held;
    bool placed = connection->place != HS_PLACE_NONE;
    if (placed && more > 0 && !make_room(connection, (uint64_t)more))
        return false;
    if (!ask_owner(connection, more))
        return false;
    connection->held = bytes;
    if (placed)
        hs_http_peer_count_bytes(connection, more);
    return true;
}
