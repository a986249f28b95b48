/* Answers: assembles the head, writes it with the body in one send(), and keeps the rest until the
 * socket takes it. Decides whether the connection stays open afterwards; connection.c acts on
 * that. */
#include "internal.h"

#include <arpa/inet.h>
#include <hookstream/clock.h>
#include <hookstream/log.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

/* A body up to this size is copied after its head and sent with send(); for larger ones the copy
 * costs more than sendmsg() with two parts. */
#define COPIED_BODY_MAX 4096u
#define HEAD_MAX (512u + HS_HTTP_FIELDS_MAX)
#define PROBLEM_MAX 2048u
#define DETAIL_MAX 256u
#define LINE_LOGGED_MAX 120u /* bytes of a refused request in a log line */

_Static_assert(HEAD_MAX + COPIED_BODY_MAX <= HS_HTTP_ANSWER_SIZE, "the scratch for answers");

/* The parts of an answer. */
struct answer {
    unsigned status;
    const char *fields;
    struct hs_slice body;
    bool keep;      /* the connection stays open */
    bool body_less; /* to HEAD: the length is announced, the body is not sent */
    unsigned minor_version;
};

/* ---- The bytes ---- */

static char *put(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}
#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static size_t put_head(const struct hs_http_server *server, const struct answer *answer, char *head)
{
    char *at = PUT(head, "HTTP/1.1 ");
    at = put_number(at, answer->status);
    *at++ = ' ';
    const char *words = hs_http_status_text(answer->status);
    at = put(at, words, strlen(words)); /* strlen: a row of the program's own table */
    at = PUT(at, "\r\n");
    at = put(at, server->date, server->date_size);
    if (answer->status != 204 && answer->status != 304) { /* RFC 9110, 8.6 */
        at = PUT(at, "Content-Length: ");
        at = put_number(at, answer->body.size);
        at = PUT(at, "\r\n");
    }
    if (!answer->keep)
        at = PUT(at, "Connection: close\r\n");
    else if (answer->minor_version == 0)
        at = PUT(at, "Connection: keep-alive\r\n");
    if (answer->fields != NULL) {
        size_t size = strlen(answer->fields); /* strlen: the program's own lines */
        HS_ASSERT(size <= HS_HTTP_FIELDS_MAX);
        at = put(at, answer->fields, size);
    }
    at = PUT(at, "\r\n");
    return (size_t)(at - head);
}

void hs_http_set_date(struct hs_http_server *server, uint64_t wall_ns)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_ns / HS_NS_PER_SECOND);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL)
        return;
    int size = snprintf(server->date, sizeof(server->date),
                        "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n", days + utc.tm_wday * 3,
                        utc.tm_mday, months + utc.tm_mon * 3, utc.tm_year + 1900, utc.tm_hour,
                        utc.tm_min, utc.tm_sec);
    HS_ASSERT(size > 0 && (size_t)size < sizeof(server->date));
    server->date_size = (size_t)size;
    const struct answer accepted = {.status = 202, .keep = true, .minor_version = 1};
    server->accepted_size = put_head(server, &accepted, server->accepted);
}

/* ---- Sending ---- */

/* Sends the parts with one call. Returns the bytes taken, 0 if the socket is full, or -1. */
static ssize_t send_parts(int socket, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent;
    do
        sent = count == 1 ? send(socket, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                          : sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : sent;
}

static void on_writable(evutil_socket_t socket, short what, void *context)
{
    struct hs_http_connection *connection = context;
    struct iovec rest = {connection->out.data + connection->out_sent,
                         connection->out.size - connection->out_sent};
    ssize_t sent = send_parts(socket, &rest, 1);
    if (sent < 0) {
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
        return;
    }
    connection->out_sent += (size_t)sent;
    if (connection->out_sent < connection->out.size)
        return;
    (void)event_del(connection->writable); /* fails only for an event that was never created */
    hs_buffer_free(&connection->out);
    connection->out_sent = 0;
    hs_http_connection_settle(connection);
}

/* Keeps what the socket did not take. */
static bool keep_rest(struct hs_http_connection *connection, const struct iovec *parts,
                      size_t count, size_t sent)
{
    for (size_t i = 0; i < count; i++) {
        size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        hs_buffer_append(&connection->out, (const char *)parts[i].iov_base + skip,
                         parts[i].iov_len - skip);
        sent -= skip;
    }
    return hs_buffer_status(&connection->out) == 0;
}

static bool watch_writable(struct hs_http_connection *connection)
{
    if (connection->writable == NULL)
        connection->writable = event_new(connection->server->base, connection->socket,
                                         EV_WRITE | EV_PERSIST, on_writable, connection);
    return connection->writable != NULL && event_add(connection->writable, NULL) == 0;
}

static bool is_commonest(const struct answer *answer)
{
    return answer->status == 202 && answer->keep && answer->minor_version == 1 &&
           answer->fields == NULL && answer->body.size == 0;
}

/* Assembles the answer's bytes: one part, or two if copying the body costs too much. */
static size_t make_parts(struct hs_http_server *server, const struct answer *answer,
                         struct iovec parts[2])
{
    if (HS_LIKELY(is_commonest(answer))) {
        parts[0] = (struct iovec){server->accepted, server->accepted_size};
        return 1;
    }
    size_t size = put_head(server, answer, server->answer);
    struct hs_slice body = answer->body_less ? HS_SLICE_NONE : answer->body;
    if (body.size > COPIED_BODY_MAX) {
        parts[0] = (struct iovec){server->answer, size};
        parts[1] = (struct iovec){(void *)(uintptr_t)body.data, body.size}; /* only read */
        return 2;
    }
    if (body.size > 0)
        (void)put(server->answer + size, body.data, body.size);
    parts[0] = (struct iovec){server->answer, size + body.size};
    return 1;
}

enum transmitted { ALL, PART, FAILED };

/* Passes the answer to the kernel, and the rest to `out`. */
static enum transmitted transmit(struct hs_http_connection *connection, const struct answer *answer)
{
    struct iovec parts[2];
    size_t count = make_parts(connection->server, answer, parts);
    size_t size = parts[0].iov_len + (count == 2 ? parts[1].iov_len : 0);
    ssize_t sent = send_parts(connection->socket, parts, count);
    if (HS_LIKELY(sent == (ssize_t)size))
        return ALL;
    return sent >= 0 && keep_rest(connection, parts, count, (size_t)sent) ? PART : FAILED;
}

/* Sets the connection's next state after transmit(); the connection may be freed afterwards. */
static void move_on(struct hs_http_connection *connection, enum transmitted transmitted)
{
    if (HS_LIKELY(transmitted == ALL)) {
        hs_http_connection_settle(connection);
    } else if (transmitted == PART && watch_writable(connection)) {
        hs_http_set_state(connection, HS_CONNECTION_WRITING);
    } else {
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
    }
}

void hs_http_send_continue(struct hs_http_connection *connection)
{
    static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec part = {text, sizeof(text) - 1};
    ssize_t sent = send_parts(connection->socket, &part, 1);
    /* If the socket is full, the client continues without it (RFC 9110, 10.1.1); half of it would
     * corrupt the answer. */
    if (sent != 0 && sent != (ssize_t)part.iov_len)
        hs_http_connection_close(connection, HS_HTTP_END_RESET);
}

/* ---- Answering ---- */

void hs_http_respond(struct hs_http_exchange *exchange, unsigned status, const char *fields,
                     struct hs_slice body, bool close)
{
    struct hs_http_connection *connection = exchange->connection;
    struct hs_http_server *server = connection->server;
    HS_ASSERT(connection->exchange == exchange);
    const struct hs_http_head *head = &exchange->head;
    bool keep =
        head->keep_alive && exchange->whole && !close && !connection->last && !server->draining;
    connection->last = !keep;
    /* A client that asked to close sends no more; any other might. */
    connection->linger |= !keep && (head->keep_alive || !exchange->whole);
    const struct answer answer = {.status = status,
                                  .fields = fields,
                                  .body = body,
                                  .keep = keep,
                                  .body_less = head->method == HS_HTTP_HEAD,
                                  .minor_version = head->minor_version};
    connection->exchange = NULL; /* nothing below abandons it */
    if (!connection->proven && head->method == HS_HTTP_POST && status / 100 == 2 &&
        connection->state == HS_CONNECTION_WORK && !exchange->repeats)
        hs_http_prove(connection);
    enum transmitted transmitted = transmit(connection, &answer);
    server->handlers.on_answered(server->context, exchange, status, HS_HTTP_OK);
    hs_http_exchange_give(server, exchange);
    move_on(connection, transmitted);
}

/* Appends text as the inside of a JSON string. */
static size_t put_json_text(char *to, size_t room, const char *text)
{
    size_t size = 0;
    for (const char *at = text; *at != '\0' && size + 6 <= room; at++) {
        uint8_t byte = (uint8_t)*at;
        if (byte == '"' || byte == '\\')
            to[size++] = '\\';
        if (byte < 0x20)
            size += (size_t)snprintf(to + size, room - size, "\\u%04x", byte);
        else
            to[size++] = *at;
    }
    to[size] = '\0';
    return size;
}

/* Makes the problem body and the header fields that belong to it. */
static struct hs_slice make_problem(unsigned status, const char *detail, unsigned retry_after_s,
                                    const char *fields, char ret_body[PROBLEM_MAX],
                                    char ret_fields[HS_HTTP_FIELDS_MAX + 1])
{
    char words[DETAIL_MAX * 6 + 1];
    (void)put_json_text(words, sizeof(words) - 1, detail == NULL ? "" : detail);
    int size = snprintf(ret_body, PROBLEM_MAX,
                        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u%s%s%s}",
                        hs_http_status_text(status), status, detail ? ",\"detail\":\"" : "", words,
                        detail ? "\"" : "");
    HS_ASSERT(size > 0 && size < (int)PROBLEM_MAX);
    char retry[48] = "";
    if (retry_after_s > 0)
        (void)snprintf(retry, sizeof(retry), "Retry-After: %u\r\n", retry_after_s);
    int fields_size =
        snprintf(ret_fields, HS_HTTP_FIELDS_MAX + 1,
                 "Content-Type: application/problem+json\r\n%s%s", retry, fields ? fields : "");
    HS_ASSERT(fields_size > 0 && fields_size <= (int)HS_HTTP_FIELDS_MAX);
    return hs_slice(ret_body, (size_t)size);
}

void hs_http_respond_problem(struct hs_http_exchange *exchange, unsigned status, const char *detail,
                             unsigned retry_after_s, const char *fields, bool close)
{
    char body[PROBLEM_MAX], lines[HS_HTTP_FIELDS_MAX + 1];
    struct hs_slice problem = make_problem(status, detail, retry_after_s, fields, body, lines);
    hs_http_respond(exchange, status, lines, problem, close);
}

/* The request line without the query, which may hold what a log must not. */
static struct hs_slice line_of(struct hs_slice bytes)
{
    size_t size = 0;
    while (size < bytes.size && size < LINE_LOGGED_MAX && bytes.data[size] != '\r' &&
           bytes.data[size] != '\n' && bytes.data[size] != '?')
        size++;
    return hs_slice(bytes.data, size);
}

static void log_refusal(const struct hs_http_connection *connection,
                        const struct hs_http_refusal_row *row, const char *detail,
                        struct hs_slice bytes)
{
    char peer[HS_HTTP_PEER_MAX];
    hs_http_peer_text(connection, peer);
    struct hs_slice line = line_of(bytes.size > 0 ? bytes : hs_buffer_slice(&connection->in));
    hs_log_limited(HS_LOG_WARN, row->name, "request refused", HS_F("peer", "%s", peer),
                   HS_F("status", "%u", row->status), HS_F("detail", "%s", detail),
                   HS_F("line", "%.*s", HS_SLICE_ARG(line)));
}

static enum transmitted answer_refusal(struct hs_http_connection *connection,
                                       enum hs_http_refusal refusal, const char *detail,
                                       struct hs_slice bytes)
{
    struct hs_http_server *server = connection->server;
    struct hs_http_exchange *exchange = connection->exchange;
    const struct hs_http_refusal_row *row = hs_http_refusal_row(refusal);
    char body[PROBLEM_MAX], lines[HS_HTTP_FIELDS_MAX + 1];
    struct answer answer = {.status = row->status, .fields = lines, .minor_version = 1};
    detail = detail != NULL ? detail : row->detail;
    log_refusal(connection, row, detail, bytes);
    answer.body = make_problem(row->status, detail, row->retry_after_s, NULL, body, lines);
    answer.body_less = exchange != NULL && exchange->head.method == HS_HTTP_HEAD;
    connection->last = connection->linger = true;
    connection->exchange = NULL;
    enum transmitted transmitted = transmit(connection, &answer);
    server->handlers.on_answered(server->context, exchange, row->status, refusal);
    if (exchange != NULL) {
        server->handlers.on_abandoned(server->context, exchange);
        hs_http_exchange_give(server, exchange);
    }
    return transmitted;
}

void hs_http_refuse(struct hs_http_connection *connection, enum hs_http_refusal refusal,
                    const char *detail, struct hs_slice bytes)
{
    move_on(connection, answer_refusal(connection, refusal, detail, bytes));
}

void hs_http_refuse_and_close(struct hs_http_connection *connection, enum hs_http_refusal refusal)
{
    /* The part that the socket does not take is lost: a connection that makes room cannot be waited
     * for. */
    (void)answer_refusal(connection, refusal, NULL, HS_SLICE_NONE);
    hs_http_connection_close(connection, HS_HTTP_END_CROWDED);
}

void hs_http_peer_text(const struct hs_http_connection *connection, char ret_text[HS_HTTP_PEER_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";
    bool v6 = connection->peer_name.any.sa_family == AF_INET6;
    const struct in6_addr *address = &connection->peer_name.v6.sin6_addr;
    bool mapped = v6 && IN6_IS_ADDR_V4MAPPED(address);
    if (v6 && !mapped)
        (void)inet_ntop(AF_INET6, address, host, sizeof(host));
    else if (mapped)
        (void)inet_ntop(AF_INET, address->s6_addr + 12, host, sizeof(host));
    else
        (void)inet_ntop(AF_INET, &connection->peer_name.v4.sin_addr, host, sizeof(host));
    char text[HS_ADDRESS_TEXT];
    hs_address_print(
        host, ntohs(v6 ? connection->peer_name.v6.sin6_port : connection->peer_name.v4.sin_port),
        text);
    (void)snprintf(ret_text, HS_HTTP_PEER_MAX, "%.*s", (int)HS_HTTP_PEER_MAX - 1, text);
}

const char *hs_http_exchange_peer(const struct hs_http_exchange *exchange)
{
    /* Formatted on first use: most requests never need it. */
    char *text = ((struct hs_http_exchange *)(uintptr_t)exchange)->peer;
    if (text[0] == '\0')
        hs_http_peer_text(exchange->connection, text);
    return text;
}
