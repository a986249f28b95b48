/* Shared by the server's files: the connection, its states, the exchange, the server. Private to
 * http. The path of a request: server.c accepts; connection.c reads and hands requests to the
 * owner; respond.c answers; state.c keeps the states and their time limits. */
#ifndef HS_HTTP_INTERNAL_H
#define HS_HTTP_INTERNAL_H

#include "chunked.h"
#include "peers.h"
#include "refusals.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <hookstream/buffer.h>
#include <netinet/in.h>
#include <sys/queue.h>

#define HS_HTTP_TICK_MS 250         /* how often time limits are checked */
#define HS_HTTP_SWEEP_MS 1          /* between bursts of timeouts */
#define HS_HTTP_BACKOFF_MS 100      /* pause in accepting when descriptors or memory ran out */
#define HS_HTTP_BACKLOG 4096        /* of listen(2); the kernel caps it at net.core.somaxconn */
#define HS_HTTP_SPARE_MAX 256u      /* exchanges kept for the next requests */
#define HS_HTTP_ANSWER_SIZE 8192u   /* scratch buffer in which answers are assembled */
#define HS_HTTP_PEER_MAX 64u        /* bytes of a peer as text */
#define HS_HTTP_SIZE_MAX (1u << 30) /* of limits.header_size and limits.body_size */
#define HS_HTTP_RATE_GRACE_NS UINT64_C(5000000000)  /* before limits.least_rate applies */
#define HS_HTTP_RATE_PERIOD_NS UINT64_C(1000000000) /* between rate checks after that */

/* A connection is in exactly one state and on that state's list, in order of entry. Names,
 * transitions and time limits are in state.c. */
enum hs_http_state {
    HS_CONNECTION_IDLE,    /* no byte of a next request has arrived */
    HS_CONNECTION_HEAD,    /* `in` holds part of a head */
    HS_CONNECTION_WORK,    /* the owner has the exchange and owes the answer; `in` holds early
                            * bytes */
    HS_CONNECTION_BODY,    /* the owner accepted the head; `in` holds it and the body so far */
    HS_CONNECTION_WRITING, /* answered; `out` waits for the socket; `in` holds early bytes */
    HS_CONNECTION_EARLY,   /* answered; `in` holds early requests, which are next */
    HS_CONNECTION_LINGER,  /* answered for the last time and shut down; further input is dropped */
    HS_CONNECTION_CLOSED,  /* the socket is closed; memory is freed when the running code returns */
    HS_CONNECTION_STATE_COUNT
};

struct hs_http_exchange {
    _Alignas(16) char owner[HS_HTTP_OWNER_SIZE];
    struct hs_http_connection *connection;
    struct hs_http_exchange *next_spare;
    struct hs_chunked chunked;
    size_t head_size;
    uint64_t body_size;          /* BODY: bytes of the body in `in` */
    bool whole;                  /* all of the body has arrived, or there is none */
    bool repeats;                /* see hs_http_exchange_repeats() */
    char peer[HS_HTTP_PEER_MAX]; /* formatted on first use */
    struct hs_http_head head;
};

struct hs_http_connection {
    struct event readable; /* persistent, level-triggered; deleted only while `paused` */
    TAILQ_ENTRY(hs_http_connection) link, peer_link, watch_link;
    struct hs_http_server *server;
    struct hs_http_peer *peer;
    struct hs_http_exchange *exchange; /* WORK and BODY only */
    struct event *writable;            /* created by the first answer that the socket did not take
                                        * whole */
    uint64_t entered_ns;               /* time of entering the state; not set for WORK and EARLY */
    uint64_t look_ns;                  /* HEAD, BODY: time of the next rate check */
    uint64_t held;                     /* bytes reserved with on_memory */
    uint64_t received;                 /* BODY: bytes on the wire; LINGER: bytes dropped */
    struct hs_buffer in, out;
    size_t out_sent;
    int socket;
    uint8_t state; /* enum hs_http_state */
    uint8_t place; /* enum hs_http_place */
    uint8_t watch; /* index of its list in server->watched plus 1; 0: on none */
    bool proven;   /* a new POST on it was answered 2xx; others are closed before it */
    bool paused;   /* not reading while an answer is owed: too much arrived early, or the end did */
    bool last;     /* closes after the answer */
    bool linger;   /* input may still arrive that will not be read: see HS_CONNECTION_LINGER */
    bool running;  /* connection.c is on the stack: no freeing, no second loop */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer_name;
};

struct hs_http_server {
    struct event_base *base;
    struct hs_http_limits limits;
    struct hs_http_handlers handlers;
    void *context;
    struct event listener, retry, tick, turn, sweep;
    int socket; /* of the listener, -1 when it is closed */
    uint16_t port;
    bool draining;
    size_t open;         /* connections in any state */
    size_t lingering;    /* in the state LINGER */
    size_t proven;       /* connections that are proven */
    unsigned burst_left; /* requests after a connection's first that may go before others' */
    struct hs_http_list lists[2][HS_CONNECTION_STATE_COUNT]; /* [proven][state] */
    /* HEAD and BODY by look_ns: before the first check, and after it. */
    struct hs_http_list watched[2];
    struct hs_http_peers peers;
    uint64_t timeouts[HS_CONNECTION_STATE_COUNT]; /* maximum ns in a state; 0: no limit */
    struct hs_http_exchange *spare;
    size_t spare_count;
    size_t in_ceiling;
    /* Shared scratch buffer: data read from a socket, after the connection's kept bytes. Handlers
     * get slices of it. */
    char *scratch;
    size_t scratch_size;
    char *answer;  /* where answers are assembled */
    char date[48]; /* "Date: ...\r\n", updated by the tick */
    size_t date_size;
    char accepted[128]; /* the most common answer as a whole: 202, keep-alive, no body */
    size_t accepted_size;
};

/* ---- state.c ---- */

const char *hs_http_state_name(enum hs_http_state state);
/* Moves the connection to the state's list; asserts that the transition is allowed. */
void hs_http_set_state(struct hs_http_connection *connection, enum hs_http_state state);
/* Whether a body that received this much in this time is below `rate` bytes per second. */
bool hs_http_too_slow(uint64_t received, uint64_t elapsed_ns, uint64_t rate);
/* Ends connections that were in their state too long or are too slow, at most HS_HTTP_ENDED_BURST.
 * Returns true if there may be more. */
bool hs_http_expire(struct hs_http_server *server, uint64_t now_ns);
/* Marks the connection, whose request is in progress, as proven. */
void hs_http_prove(struct hs_http_connection *connection);

/* ---- crowd.c ---- */

/* Closes the connection with the least claim to stay; a proven one only if `proven`. Returns false
 * if all others have a request in progress. */
bool hs_http_evict_one(struct hs_http_server *server, bool proven);
/* As above, among the unproven connections of a peer. */
bool hs_http_evict_of_peer(struct hs_http_peer *peer);
/* Sets the connection's reservation of the owner's budget; others that hold bytes may be closed for
 * it. Returns false, changing nothing, if the budget is exhausted. */
bool hs_http_connection_hold(struct hs_http_connection *connection, uint64_t bytes);

/* ---- connection.c ---- */

/* Takes ownership of the socket. */
struct hs_http_connection *hs_http_connection_create(struct hs_http_server *server, int socket,
                                                     const struct sockaddr *peer,
                                                     socklen_t peer_size);
/* Closes immediately: abandons the exchange and frees the memory unless `running`. */
void hs_http_connection_close(struct hs_http_connection *connection, enum hs_http_end end);
/* The answer was handed to the kernel: continues with the next request, or ends. */
void hs_http_connection_settle(struct hs_http_connection *connection);
/* Reads and handles the socket's input. */
void hs_http_connection_readable(evutil_socket_t socket, short what, void *context);
/* Handles the waiting requests of EARLY connections. */
void hs_http_take_turns(evutil_socket_t socket, short what, void *context);
/* Takes a spare exchange, or returns one to the spares. */
struct hs_http_exchange *hs_http_exchange_take(struct hs_http_server *server);
void hs_http_exchange_give(struct hs_http_server *server, struct hs_http_exchange *exchange);

/* ---- respond.c ---- */

/* Answers with the row of the refusal, logs it, and ends the connection. `detail` NULL: the row's.
 * `bytes` start with the request, for the log; none: the bytes the connection has kept. */
void hs_http_refuse(struct hs_http_connection *connection, enum hs_http_refusal refusal,
                    const char *detail, struct hs_slice bytes);
/* As above, for a connection that makes room for others: closes it in the same call. */
void hs_http_refuse_and_close(struct hs_http_connection *connection, enum hs_http_refusal refusal);
/* "203.0.113.7:4711" of the connection's other end. */
void hs_http_peer_text(const struct hs_http_connection *connection,
                       char ret_text[HS_HTTP_PEER_MAX]);
/* Sends the interim answer 100. */
void hs_http_send_continue(struct hs_http_connection *connection);
/* Updates the Date line and the answer that contains it. */
void hs_http_set_date(struct hs_http_server *server, uint64_t wall_ns);

/* ---- listen.c ---- */

/* Opens a listening socket; -errno and a message. */
HS_MUST_CHECK int hs_http_listen(const struct hs_address *address, enum hs_http_port mode,
                                 int *ret_socket, uint16_t *ret_port);

#endif
