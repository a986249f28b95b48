/* Peers: a table by address, and per ranking a list for each power of two. All operations take
 * constant time, whatever the number of connections. */
#include "internal.h"

#include <hookstream/hash.h>
#include <stdlib.h>

#define TABLE_LEAST 64u
#define TABLE_MOST 65536u

void hs_http_peers_init(struct hs_http_peers *peers, uint64_t connections)
{
    size_t size = TABLE_LEAST;
    while (size < connections && size < TABLE_MOST)
        size *= 2;
    peers->table = hs_alloc_array(size, sizeof(struct hs_http_peer *));
    peers->mask = size - 1;
    hs_random_bytes(&peers->seed, sizeof(peers->seed)); /* an attacker chooses the addresses */
    for (int ranking = 0; ranking < HS_RANKING_COUNT; ranking++)
        for (size_t rank = 0; rank < HS_HTTP_RANKS; rank++)
            TAILQ_INIT(&peers->ranks[ranking][rank]);
}

void hs_http_peers_free(struct hs_http_peers *peers)
{
    free(peers->table);
    peers->table = NULL;
}

/* ---- Addresses ---- */

/* The IPv4 address, even if it arrived over IPv6; otherwise the first half of the IPv6 address. */
static uint64_t key_of(const struct sockaddr *address)
{
    uint64_t key = 0;
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (!IN6_IS_ADDR_V4MAPPED(v6)) {
            memcpy(&key, v6->s6_addr, sizeof(key));
            return key;
        }
        memcpy(&key, v6->s6_addr + 12, 4);
    } else {
        memcpy(&key, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    }
    return key | UINT64_C(0xffffffff00000000);
}

static struct hs_http_peer **chain_of(const struct hs_http_peers *peers, uint64_t key)
{
    const struct hs_slice bytes = hs_slice((const char *)&key, sizeof(key));
    return &peers->table[hs_hash64(bytes, peers->seed) & peers->mask];
}

struct hs_http_peer *hs_http_peer_take(struct hs_http_peers *peers, const struct sockaddr *address)
{
    uint64_t key = key_of(address);
    struct hs_http_peer **chain = chain_of(peers, key), *peer = *chain;
    while (peer != NULL && peer->key != key)
        peer = peer->next;
    if (peer == NULL) {
        peer = hs_alloc(sizeof(*peer));
        peer->key = key;
        peer->next = *chain;
        *chain = peer;
        for (int place = 0; place < HS_PLACE_COUNT; place++)
            TAILQ_INIT(&peer->places[place]);
    }
    peer->open++;
    return peer;
}

void hs_http_peer_give(struct hs_http_peers *peers, struct hs_http_peer *peer)
{
    if (--peer->open > 0)
        return;
    HS_ASSERT(peer->amounts[HS_RANK_CONNECTIONS] == 0 && peer->amounts[HS_RANK_BYTES] == 0);
    struct hs_http_peer **at = chain_of(peers, peer->key);
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    free(peer);
}

/* ---- Ranks ---- */

static unsigned rank_of(uint64_t amount)
{
    return 63u - (unsigned)__builtin_clzll(amount);
}

static void unlist(struct hs_http_peers *peers, struct hs_http_peer *peer,
                   enum hs_http_ranking ranking, unsigned rank)
{
    struct hs_http_peer_list *list = &peers->ranks[ranking][rank];
    TAILQ_REMOVE(list, peer, links[ranking]);
    if (TAILQ_EMPTY(list))
        peers->filled[ranking] &= ~(UINT64_C(1) << rank);
}

static void change(struct hs_http_peers *peers, struct hs_http_peer *peer,
                   enum hs_http_ranking ranking, int64_t more)
{
    uint64_t was = peer->amounts[ranking], is = was + (uint64_t)more;
    HS_ASSERT(more >= 0 || was >= (uint64_t)-more);
    peer->amounts[ranking] = is;
    peers->amounts[ranking] += (uint64_t)more;
    if (was != 0 && is != 0 && rank_of(was) == rank_of(is))
        return;
    if (was != 0)
        unlist(peers, peer, ranking, rank_of(was));
    if (is == 0)
        return;
    TAILQ_INSERT_TAIL(&peers->ranks[ranking][rank_of(is)], peer, links[ranking]);
    peers->filled[ranking] |= UINT64_C(1) << rank_of(is);
}

struct hs_http_peer *hs_http_peers_top(struct hs_http_peers *peers, enum hs_http_ranking ranking)
{
    if (peers->filled[ranking] == 0)
        return NULL;
    return TAILQ_FIRST(&peers->ranks[ranking][rank_of(peers->filled[ranking])]);
}

/* ---- Places ---- */

static enum hs_http_place place_of(const struct hs_http_connection *connection)
{
    if (connection->proven)
        return HS_PLACE_NONE;
    switch (connection->state) {
    case HS_CONNECTION_IDLE:
        return HS_PLACE_SILENT;
    case HS_CONNECTION_HEAD:
        return HS_PLACE_HEAD;
    case HS_CONNECTION_BODY:
    case HS_CONNECTION_WRITING:
    case HS_CONNECTION_EARLY:
        return HS_PLACE_BODY;
    default:
        return HS_PLACE_NONE;
    }
}

static void add(struct hs_http_connection *connection, enum hs_http_place place, int sign)
{
    struct hs_http_peers *peers = &connection->server->peers;
    if (sign > 0)
        TAILQ_INSERT_TAIL(&connection->peer->places[place], connection, peer_link);
    else
        TAILQ_REMOVE(&connection->peer->places[place], connection, peer_link);
    change(peers, connection->peer, HS_RANK_CONNECTIONS, sign);
    change(peers, connection->peer, HS_RANK_BYTES, sign * (int64_t)connection->held);
}

void hs_http_peer_place(struct hs_http_connection *connection)
{
    enum hs_http_place was = connection->place, is = place_of(connection);
    if (HS_LIKELY(was == HS_PLACE_NONE && is == HS_PLACE_NONE))
        return;
    connection->place = (uint8_t)is;
    if (was != HS_PLACE_NONE)
        add(connection, was, -1);
    if (is != HS_PLACE_NONE)
        add(connection, is, 1);
}

void hs_http_peer_count_bytes(struct hs_http_connection *connection, int64_t more)
{
    change(&connection->server->peers, connection->peer, HS_RANK_BYTES, more);
}
