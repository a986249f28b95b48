/* HTTP: a strict HTTP/1.1 server over libevent: listener, connections, parser, limits. Knows
 * nothing of webhooks. It follows RFC 9112 to the letter where safety depends on it: an ambiguous
 * message is answered 400 and the connection closed, and nothing after it is read as a request.
 *
 * The server calls one handler when the head of a request is complete and another when its body is.
 * The owner answers at once or later, by hs_http_respond() on the same thread. Threads: a server
 * belongs to the thread that runs its event_base. */
#ifndef HOOKSTREAM_HTTP_H
#define HOOKSTREAM_HTTP_H

#include <hookstream/limits.h>
#include <hookstream/base.h>
#include <hookstream/config.h>
#include <sys/types.h>

struct event_base;

/* ---- The parser (pure; for the server, the tests and the fuzzer) ---- */

enum hs_http_method { HS_HTTP_GET, HS_HTTP_HEAD, HS_HTTP_POST, HS_HTTP_OTHER };

struct hs_http_field {
    struct hs_slice name, value; /* value without surrounding white space */
};

struct hs_http_head {
    enum hs_http_method method;
    struct hs_slice method_text;
    struct hs_slice target; /* as sent */
    struct hs_slice path, query;
    unsigned minor_version; /* HTTP/1.<minor>: 0 or 1 */
    struct hs_http_field fields[HS_HTTP_HEADERS_MAX];
    size_t field_count;
    bool keep_alive, chunked, expect_continue;
    bool has_length;
    uint64_t content_length;
};

/* Why a request was refused by the protocol layer. Rows in http/refusals.c. */
enum hs_http_refusal {
    HS_HTTP_OK,
    HS_HTTP_BAD_REQUEST,    /* 400 */
    HS_HTTP_BAD_VERSION,    /* 505 */
    HS_HTTP_HEAD_TOO_LARGE, /* 431 */
    HS_HTTP_BODY_TOO_LARGE, /* 413 */
    HS_HTTP_BAD_EXPECT,     /* 417 */
    HS_HTTP_HEAD_TIMEOUT,   /* 408 */
    HS_HTTP_BODY_TIMEOUT,   /* 408 */
    HS_HTTP_TOO_MANY,       /* 503: connection limit */
    HS_HTTP_NO_BUDGET,      /* 503: on_memory refused */
    HS_HTTP_CROWDED_OUT,    /* 503: was slow while the server was full */
    HS_HTTP_REFUSAL_COUNT
};
/* Stable label of a refusal for metrics and logs: "bad_request", "head_timeout", ... */
const char *hs_http_refusal_name(enum hs_http_refusal refusal);

/* Parses one request head from `bytes`. Returns its size (> 0) if complete, 0 if more bytes are
 * needed, or -EBADMSG if it is not HTTP: *ret_refusal is the reason and hs_error_text() gives the
 * place. `ret_head` points into `bytes`. The first `scanned` bytes were examined before and contain
 * no end of the head. */
HS_MUST_CHECK ssize_t hs_http_parse_head(struct hs_slice bytes, size_t scanned, size_t limit,
                                         struct hs_http_head *ret_head,
                                         enum hs_http_refusal *ret_refusal);

/* The field's value (the first of several), or HS_SLICE_NONE. `name` is lower case. */
struct hs_slice hs_http_field(const struct hs_http_head *head, struct hs_slice name);
/* How often the field occurs in the head. */
size_t hs_http_field_count(const struct hs_http_head *head, struct hs_slice name);

/* ---- The server ---- */

/* The phase of a connection that was closed to make room for another. */
enum hs_http_evicted {
    HS_HTTP_EVICTED_SILENT,   /* had sent nothing, or only refused requests */
    HS_HTTP_EVICTED_HEAD,     /* in a head */
    HS_HTTP_EVICTED_BODY,     /* in a body */
    HS_HTTP_EVICTED_ANSWERED, /* had not read its answer, or was refused for good */
    HS_HTTP_EVICTED_IDLE,     /* had sent an accepted request, and was idle */
    HS_HTTP_EVICTED_COUNT
};
/* Its label for metrics: "silent", "head", ... */
const char *hs_http_evicted_name(enum hs_http_evicted evicted);

struct hs_http_limits {
    /* Of this server. At the limit another connection is closed to make room (crowd.c); a new one
     * is refused with 503 only if all others have a request in progress. */
    uint64_t connections;
    uint64_t peer_connections;            /* per address; 0: no separate limit */
    uint64_t unproven_bytes;              /* of all incomplete bodies together; 0: no limit */
    uint64_t peer_bytes;                  /* the same per address; 0: no separate limit */
    uint64_t header_size;                 /* bytes of the request line and header fields */
    uint64_t body_size;                   /* bytes */
    uint64_t idle_ns, header_ns, body_ns; /* between requests; for a head; for a body */
    uint64_t least_rate; /* minimum average bytes per second of head and body after 5 s */
};

struct hs_http_server;
/* One request in progress. Ends with hs_http_respond(). */
struct hs_http_exchange;

/* The owner's callbacks, all on the server's thread. */
struct hs_http_handlers {
    /* The head is complete, and no byte of the body was read. Return true to continue (100 Continue
     * is sent if requested). Or call hs_http_respond() and return false: the body is not read and
     * the connection closes after the answer, unless there is no body or all of it has arrived and
     * can be skipped. */
    bool (*on_head)(void *context, struct hs_http_exchange *exchange);
    /* The whole request has arrived. `body` is borrowed until the handler returns. Respond now or
     * later. */
    void (*on_request)(void *context, struct hs_http_exchange *exchange, struct hs_slice body);
    /* The exchange ended without hs_http_respond(): the client disconnected, or a limit ended it
     * (then on_answered with the refusal came just before). The pointer is invalid afterwards. May
     * be called between on_head and respond. A client that only shut down its sending side still
     * gets its answer. */
    void (*on_abandoned)(void *context, struct hs_http_exchange *exchange);
    /* An answer was handed to the kernel, or the protocol layer refused the request (refusal !=
     * HS_HTTP_OK); for counting. `exchange` may be NULL for a refusal before a head was complete.
     * Its owner data is as set. Called from within hs_http_respond(). */
    void (*on_answered)(void *context, struct hs_http_exchange *exchange, unsigned status,
                        enum hs_http_refusal refusal);
    /* The next two are called while other connections are handled, and must not end an exchange.
     * Called before body bytes are buffered (`more` > 0; also for partial heads and early requests)
     * and when they are released (`more` < 0): one budget for all waiting bytes. Returning false
     * causes a 503 with Retry-After. May be NULL. */
    bool (*on_memory)(void *context, int64_t more);
    /* A connection was closed to make room for others: for counting. May be NULL. */
    void (*on_evicted)(void *context, enum hs_http_evicted evicted);
};

/* The server's own ceilings; those that an operator sets are in struct hs_http_limits. */
#define HS_HTTP_READ_SIZE 65536u /* bytes per recv */
#define HS_HTTP_REQUEST_BURST                                                                      \
    64u                            /* pipelined requests handled before other connections get a    \
                                    * turn */
#define HS_HTTP_TURN_REQUESTS 256u /* the same for all connections together */
#define HS_HTTP_ACCEPT_BURST 64u   /* connections accepted before others get a turn */
#define HS_HTTP_ENDED_BURST 64u    /* connections timed out before others get a turn */
#define HS_HTTP_LINGER_BYTES (1u << 20) /* bytes dropped after the last answer, before closing */
#define HS_HTTP_LINGER_NS UINT64_C(1000000000)
#define HS_HTTP_FIELDS_MAX 2048u /* bytes of extra header lines in an answer */

/* Who may listen on a server's port. Other processes never share it. */
enum hs_http_port {
    HS_HTTP_PORT_ALONE,  /* this server */
    HS_HTTP_PORT_FIRST,  /* this server, and later those that join it */
    HS_HTTP_PORT_JOINED, /* joins a FIRST server of this process; the kernel spreads connections */
};

/* Opens a listener on the address and serves on `base`. `limits` and `handlers` are copied.
 * -errno with a message; -EADDRINUSE: the port is in use. */
HS_MUST_CHECK int hs_http_server_create(struct event_base *base, const struct hs_address *address,
                                        enum hs_http_port port_mode,
                                        const struct hs_http_limits *limits,
                                        const struct hs_http_handlers *handlers, void *context,
                                        struct hs_http_server **ret_server);
/* Stops accepting. Idle connections close; others answer their current request with `Connection:
 * close` and then close. Calls no handler itself: everything happens in the event loop, until
 * hs_http_server_connections() is 0. */
void hs_http_server_drain(struct hs_http_server *server);
/* The number of open connections. */
size_t hs_http_server_connections(const struct hs_http_server *server);
/* The port listened on, for an address with port 0. */
uint16_t hs_http_server_port(const struct hs_http_server *server);
/* Closes everything immediately and calls on_abandoned for requests in progress. Must not be called
 * from a handler. NULL is fine. */
void hs_http_server_free(struct hs_http_server *server);

/* The head of the request. It is valid until the answer; its slices only until on_head or
 * on_request returns. */
const struct hs_http_head *hs_http_exchange_head(const struct hs_http_exchange *exchange);
/* The peer's address for logs, such as "203.0.113.7:4711". */
const char *hs_http_exchange_peer(const struct hs_http_exchange *exchange);
/* Marks the request as a repeat of an earlier one. Anyone who saw that one can repeat it, so a 2xx
 * answer then does not prove that the sender is genuine, and does not protect its connection when
 * the server is full. */
void hs_http_exchange_repeats(struct hs_http_exchange *exchange);
/* The owner's data of this exchange: plain storage inside it, zeroed at its start, aligned
 * for any type (16 bytes). */
#define HS_HTTP_OWNER_SIZE 96
/* The owner's data of the exchange; see HS_HTTP_OWNER_SIZE. */
void *hs_http_exchange_owner(struct hs_http_exchange *exchange);

/* Ends the exchange: writes the answer immediately, and later the rest that the socket did not
 * take. `fields` are extra lines, each "Name: value\r\n", of at most HS_HTTP_FIELDS_MAX bytes, or
 * NULL; Content-Length, Date and Connection are added. `close` closes the connection after the
 * answer. The exchange is invalid after the call. Calls on_answered and on_memory but no other
 * handler: a pipelined request is handled from the event loop. */
void hs_http_respond(struct hs_http_exchange *exchange, unsigned status, const char *fields,
                     struct hs_slice body, bool close);
/* An RFC 9457 problem body: {"type":"about:blank","title":...,"status":...,"detail":...} and
 * Retry-After if `retry_after_s` > 0. */
void hs_http_respond_problem(struct hs_http_exchange *exchange, unsigned status, const char *detail,
                             unsigned retry_after_s, const char *fields, bool close);
/* The reason phrase of a status code. */
const char *hs_http_status_text(unsigned status);

#endif
