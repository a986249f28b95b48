/* HTTP: a strict HTTP/1.1 server over libevent events: listener, connections, parser,
 * limits. Knows nothing of webhooks. RFC 9112 to the letter where it matters for safety:
 * whatever could be read in two ways is 400 and the connection is closed, and nothing that
 * follows on it is read as a request.
 *
 * The server calls two handlers: one when the head of a request is whole, one when its body
 * is. The answer is given at once or later, by hs_http_respond() on the same thread.
 * Threads: a server belongs to the thread that runs its event_base. */
#ifndef HOOKSTREAM_HTTP_H
#define HOOKSTREAM_HTTP_H

#include <hookstream/base.h>
#include <hookstream/config.h>
#include <sys/types.h>

struct event_base;

/* ---- The parser (pure; for the server, the tests and the fuzzer) ---- */

#define HS_HTTP_HEADERS_MAX 64u

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
    HS_HTTP_NO_BUDGET,      /* 503: on_memory said no */
    HS_HTTP_CROWDED_OUT,    /* 503: was slow when the door was full of others */
    HS_HTTP_REFUSAL_COUNT
};
/* Stable label of a refusal for metrics and logs: "bad_request", "head_timeout", ... */
const char *hs_http_refusal_name(enum hs_http_refusal refusal);

/* Parses one request head out of `bytes`. Returns the size of the head (> 0) when it is
 * whole, 0 when more bytes are needed, -EBADMSG when it is not HTTP: *ret_refusal says why
 * and hs_error_text() says where. `ret_head` points into `bytes`. `scanned` bytes were seen
 * before without the end of the head in them. */
HS_MUST_CHECK ssize_t hs_http_parse_head(struct hs_slice bytes, size_t scanned, size_t limit,
                                         struct hs_http_head *ret_head,
                                         enum hs_http_refusal *ret_refusal);

/* The field's value (the first of several), or HS_SLICE_NONE. `name` is lower case. */
struct hs_slice hs_http_field(const struct hs_http_head *head, struct hs_slice name);
/* How often the field stands in the head. */
size_t hs_http_field_count(const struct hs_http_head *head, struct hs_slice name);

/* ---- The server ---- */

/* A connection that had to go for others, by what it was doing. */
enum hs_http_evicted {
    HS_HTTP_EVICTED_SILENT,   /* had sent nothing, or nothing that was accepted */
    HS_HTTP_EVICTED_HEAD,     /* within a head */
    HS_HTTP_EVICTED_BODY,     /* within a body */
    HS_HTTP_EVICTED_ANSWERED, /* had not read its answer, or was refused for good */
    HS_HTTP_EVICTED_IDLE,     /* had sent what was accepted before, and was idle */
    HS_HTTP_EVICTED_COUNT
};
/* Its label for metrics: "silent", "head", ... */
const char *hs_http_evicted_name(enum hs_http_evicted evicted);

struct hs_http_limits {
    /* Of this server. For one more another is closed (crowd.c); it is refused with 503 only
     * if all others are in work. */
    uint64_t connections;
    uint64_t peer_connections;            /* of one address; 0: no limit of its own */
    uint64_t unproven_bytes;              /* of bodies that are not whole, together; 0: no limit */
    uint64_t peer_bytes;                  /* the same of one address; 0: no limit of its own */
    uint64_t header_size;                 /* bytes of request line and fields */
    uint64_t body_size;                   /* bytes */
    uint64_t idle_ns, header_ns, body_ns; /* between requests; for a head; for a body */
    uint64_t least_rate; /* bytes a second that head and body keep up on average after 5 s */
};

struct hs_http_server;
/* One request that is being handled. Ends with hs_http_respond(). */
struct hs_http_exchange;

/* What the owner is asked and told. All on the server's thread. */
struct hs_http_handlers {
    /* The head is whole, no byte of the body was read. Return true to go on (100 Continue is
     * sent if it was asked for); or call hs_http_respond() and return false: the body is not
     * read and the connection closes after the answer, unless there is no body or all of it
     * is already here to be skipped. */
    bool (*on_head)(void *context, struct hs_http_exchange *exchange);
    /* The whole request is here. `body` is borrowed until the handler returns. Respond now
     * or later. */
    void (*on_request)(void *context, struct hs_http_exchange *exchange, struct hs_slice body);
    /* The exchange is over without a hs_http_respond(): the client went away or a limit
     * ended it (then on_answered with the refusal came just before). After this the pointer
     * is dead. May come between on_head and respond. A client that only shut down its sending
     * side still gets its answer. */
    void (*on_abandoned)(void *context, struct hs_http_exchange *exchange);
    /* An answer was handed to the kernel or the protocol layer refused the request
     * (refusal != HS_HTTP_OK): for counting. `exchange` may be NULL for a refusal before a
     * head was whole. Its owner data is as set. Called from within hs_http_respond(). */
    void (*on_answered)(void *context, struct hs_http_exchange *exchange, unsigned status,
                        enum hs_http_refusal refusal);
    /* The next two are called while other connections are handled: they end no exchange.
     * Asked before body bytes are buffered (`more` > 0; also partial heads and requests that
     * came before their turn) and told when they are released (`more` < 0): one budget for
     * all that waits. false: 503 with Retry-After. May be NULL. */
    bool (*on_memory)(void *context, int64_t more);
    /* A connection was closed to make room for others: for counting. May be NULL. */
    void (*on_evicted)(void *context, enum hs_http_evicted evicted);
};

/* The server's own ceilings; what an operator sets stands in struct hs_http_limits. */
#define HS_HTTP_READ_SIZE 65536u        /* bytes of one recv */
#define HS_HTTP_AHEAD_MAX 65536u        /* bytes kept of requests that came before their turn */
#define HS_HTTP_REQUEST_BURST 64u       /* pipelined requests handled before others' turn */
#define HS_HTTP_TURN_REQUESTS 256u      /* the same of all connections together */
#define HS_HTTP_ACCEPT_BURST 64u        /* connections accepted before others' turn */
#define HS_HTTP_REFUSED_MAX 64u         /* above limits.connections, while being told 503 */
#define HS_HTTP_ENDED_BURST 64u         /* connections ended for their time before others' turn */
#define HS_HTTP_LINGER_BYTES (1u << 20) /* dropped after the last answer, then closed */
#define HS_HTTP_LINGER_NS UINT64_C(1000000000)
#define HS_HTTP_FIELDS_MAX 2048u       /* bytes of extra lines in an answer */
#define HS_HTTP_ANSWER_MAX (64u << 20) /* bytes of an answer that wait for the client */

/* Who may listen on a server's port. No other process ever shares it. */
enum hs_http_port {
    HS_HTTP_PORT_ALONE,  /* this server */
    HS_HTTP_PORT_FIRST,  /* this server, and later those that join */
    HS_HTTP_PORT_JOINED, /* joins a FIRST of this process; the kernel spreads connections */
};

/* Opens a listener on the address and serves on `base`. `limits` and `handlers` are copied.
 * -errno with a message; -EADDRINUSE: another process listens there. */
HS_MUST_CHECK int hs_http_server_create(struct event_base *base, const struct hs_address *address,
                                        enum hs_http_port port_mode,
                                        const struct hs_http_limits *limits,
                                        const struct hs_http_handlers *handlers, void *context,
                                        struct hs_http_server **ret_server);
/* Stops accepting; idle connections close, those with a request in work or in part answer
 * it with `Connection: close` and then close. Calls no handler itself: all happens from the
 * event loop; hs_http_server_connections() falls to 0. */
void hs_http_server_drain(struct hs_http_server *server);
size_t hs_http_server_connections(const struct hs_http_server *server);
/* The port that is listened on (for port 0). */
uint16_t hs_http_server_port(const struct hs_http_server *server);
/* Closes everything at once; on_abandoned is called for what was in work. Not from within a
 * handler. NULL is fine. */
void hs_http_server_free(struct hs_http_server *server);

/* The head of the request; valid until the answer, and its slices only until on_head or
 * on_request returns. */
const struct hs_http_head *hs_http_exchange_head(const struct hs_http_exchange *exchange);
/* "203.0.113.7:4711" of the peer, for logs. */
const char *hs_http_exchange_peer(const struct hs_http_exchange *exchange);
/* The request repeats an earlier one, as anyone can who saw that: an answer 2xx then does not show
 * that its sender is genuine, and does not spare its connection when the door is full. */
void hs_http_exchange_repeats(struct hs_http_exchange *exchange);
/* The owner's data of this exchange: plain storage inside it, zeroed at its start, aligned
 * for any type (16 bytes). */
#define HS_HTTP_OWNER_SIZE 96
void *hs_http_exchange_owner(struct hs_http_exchange *exchange);

/* Ends the exchange: writes the answer at once, and later what the socket did not take.
 * `fields` are extra lines, each "Name: value\r\n", or NULL, HS_HTTP_FIELDS_MAX bytes at
 * most; Content-Length, Date and Connection are added here. `close` closes after the answer.
 * The exchange is dead after the call. Calls on_answered and on_memory, no other handler: a
 * pipelined request is taken up from the event loop. */
void hs_http_respond(struct hs_http_exchange *exchange, unsigned status, const char *fields,
                     struct hs_slice body, bool close);
/* An RFC 9457 problem body: {"type":"about:blank","title":...,"status":...,"detail":...}
 * and Retry-After when `retry_after_s` > 0. */
void hs_http_respond_problem(struct hs_http_exchange *exchange, unsigned status, const char *detail,
                             unsigned retry_after_s, const char *fields, bool close);
const char *hs_http_status_text(unsigned status);

#endif
