/* Peers: the addresses that connections come from, and what each holds. An address is an IPv4
 * address or an IPv6 /64. Private to http.
 *
 * A connection is proven once a new POST on it was answered 2xx: its sender is genuine. A
 * connection that is neither proven nor has a request in progress is on a list of its peer, by
 * place, oldest first. So the oldest of a peer, and the peer that holds most, are found without a
 * search. */
#ifndef HS_HTTP_PEERS_H
#define HS_HTTP_PEERS_H

#include <hookstream/base.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct hs_http_connection;
struct hs_http_server;
TAILQ_HEAD(hs_http_list, hs_http_connection);

/* Where an unproven connection waits. */
enum hs_http_place {
    HS_PLACE_NONE,   /* proven, in progress, or refused for good */
    HS_PLACE_SILENT, /* nothing of a request has arrived */
    HS_PLACE_HEAD,   /* part of a head has arrived */
    HS_PLACE_BODY,   /* part of a body or early requests have arrived, or an answer is unread */
    HS_PLACE_COUNT
};

/* What peers are ranked by. A rank is a power of two, so it is accurate to a factor of two. */
enum hs_http_ranking { HS_RANK_CONNECTIONS, HS_RANK_BYTES, HS_RANKING_COUNT };
#define HS_HTTP_RANKS 64u

struct hs_http_peer {
    struct hs_http_peer *next; /* in the table's hash chain */
    TAILQ_ENTRY(hs_http_peer) links[HS_RANKING_COUNT];
    uint64_t key;
    uint64_t amounts[HS_RANKING_COUNT]; /* of connections that have a place */
    size_t open;                        /* connections, including proven ones */
    struct hs_http_list places[HS_PLACE_COUNT];
};
TAILQ_HEAD(hs_http_peer_list, hs_http_peer);

struct hs_http_peers {
    struct hs_http_peer **table; /* chains, by a keyed hash */
    size_t mask;
    uint64_t seed;
    struct hs_http_peer_list ranks[HS_RANKING_COUNT][HS_HTTP_RANKS];
    uint64_t filled[HS_RANKING_COUNT];  /* one bit per rank that has a peer */
    uint64_t amounts[HS_RANKING_COUNT]; /* of all peers */
};

void hs_http_peers_init(struct hs_http_peers *peers, uint64_t connections);
void hs_http_peers_free(struct hs_http_peers *peers);
/* The peer of an address, adding one connection. */
struct hs_http_peer *hs_http_peer_take(struct hs_http_peers *peers, const struct sockaddr *address);
/* Removes one connection; the last one frees the peer. */
void hs_http_peer_give(struct hs_http_peers *peers, struct hs_http_peer *peer);
/* Updates the connection's place after a change of state or of `proven`. */
void hs_http_peer_place(struct hs_http_connection *connection);
/* Updates the bytes held by a connection that has a place. */
void hs_http_peer_count_bytes(struct hs_http_connection *connection, int64_t more);
/* A peer of the highest rank, or NULL if none has a place. */
struct hs_http_peer *hs_http_peers_top(struct hs_http_peers *peers, enum hs_http_ranking ranking);

#endif
