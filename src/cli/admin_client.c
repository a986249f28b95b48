/* Admin client: one request per connection. */
#include "admin_client.h"
#include "connect.h"

#include <hookstream/clock.h>
#include <hookstream/doc.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* How long a process may be silent before it is probed, and how long the probe may take: together
 * HS_ADMIN_SILENT_S. */
#define PROBE_MS (HS_ADMIN_SILENT_S * 1000 / 2)
#define ANSWER_MAX (64u << 20)
#define READ_SIZE 65536u

static int connect_to(const struct hs_address *address, uint64_t patience_ms)
{
    char port[8], place[HS_ADDRESS_TEXT];
    const char *host = hs_address_for_client(address->host);
    snprintf(port, sizeof(port), "%u", address->port);
    hs_address_print(host, address->port, place);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0)
        return hs_fail(-EHOSTUNREACH, "%s: %s", place, gai_strerror(code));
    int file = hs_connect_any(found, patience_ms, NULL), error = -file;
    freeaddrinfo(found);
    if (file >= 0)
        return file;
    if (error == EINPROGRESS || error == EAGAIN)
        return hs_fail(-ETIMEDOUT,
                       "no answer from the admin port %s:%s within %u s: is it stopped?", host,
                       port, (unsigned)(patience_ms / 1000));
    return hs_fail_errno(error,
                         "cannot connect to the admin port %s; is hookstream running with this "
                         "configuration?",
                         place);
}

static int send_all(int file, struct hs_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(file, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return hs_fail_errno(errno, "cannot ask the admin port");
        bytes = hs_slice(bytes.data + sent, bytes.size - (size_t)sent);
    }
    return 0;
}

static bool is_readable(int file, uint64_t ms)
{
    struct pollfd in = {.fd = file, .events = POLLIN};
    return poll(&in, 1, (int)ms) > 0;
}

/* Whether the process answers at all: health checks do not wait for other requests. */
static bool is_alive(const struct hs_admin_options *options, uint64_t ms)
{
    int file = connect_to(&options->listen, ms);
    if (file < 0)
        return false;
    bool alive = send_all(file, HS_SLICE("GET /livez HTTP/1.1\r\nHost: localhost\r\n"
                                         "Connection: close\r\n\r\n")) == 0 &&
                 is_readable(file, ms);
    close(file);
    return alive;
}

static uint64_t step_ms(uint64_t until_ns)
{
    uint64_t now = hs_clock_monotonic_ns();
    uint64_t left = until_ns > now ? (until_ns - now) / HS_NS_PER_MS + 1 : 0;
    return left < PROBE_MS ? left : PROBE_MS;
}

/* Waits until there is something to read. -ETIMEDOUT and a message. */
static int wait_for_answer(int file, const struct hs_admin_options *options, uint64_t timeout_s)
{
    const struct hs_address *at = &options->listen;
    uint64_t until = hs_clock_monotonic_ns() + timeout_s * HS_NS_PER_SECOND;
    bool alive = false, stopped = false;
    for (uint64_t ms; !stopped && (ms = step_ms(until)) > 0; alive = true) {
        if (is_readable(file, ms))
            return 0;
        ms = step_ms(until);
        if (ms == 0)
            break;
        stopped = !is_alive(options, ms);
    }
    if (stopped || !alive)
        return hs_fail(
            -ETIMEDOUT, "no answer from the admin port %s:%u within %u s: is it stopped?", at->host,
            at->port, (unsigned)(timeout_s < HS_ADMIN_SILENT_S ? timeout_s : HS_ADMIN_SILENT_S));
    return hs_fail(-ETIMEDOUT,
                   "no answer from the admin port %s:%u within %u s, though the process is "
                   "alive: request less at once, or use a longer --timeout",
                   at->host, at->port, (unsigned)timeout_s);
}

/* Receives everything until the server closes. */
static int receive_all(int file, const struct hs_admin_options *options, uint64_t timeout_s,
                       struct hs_buffer *ret_answer)
{
    for (;;) {
        int code = wait_for_answer(file, options, timeout_s);
        if (code < 0)
            return code;
        char *at = hs_buffer_reserve(ret_answer, READ_SIZE);
        if (at == NULL)
            return hs_fail(-EMSGSIZE, "the answer of the admin port is too large");
        ssize_t got = recv(file, at, READ_SIZE, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hs_fail_errno(errno, "no answer from the admin port");
        if (got == 0)
            return 0;
        hs_buffer_commit(ret_answer, (size_t)got);
    }
}

static int read_reply(struct hs_admin_reply *reply)
{
    uint64_t status;
    struct hs_slice answer = hs_buffer_slice(&reply->answer);
    const char *end = answer.size > 12 ? memmem(answer.data, answer.size, "\r\n\r\n", 4) : NULL;
    if (end == NULL || memcmp(answer.data, "HTTP/1.1 ", 9) != 0 ||
        hs_slice_to_u64(hs_slice(answer.data + 9, 3), 999, &status) < 0)
        return hs_fail(-EPROTO, "the server at the admin port is not hookstream");
    reply->status = (unsigned)status;
    reply->body = hs_slice(end + 4, answer.size - (size_t)(end + 4 - answer.data));
    return 0;
}

static int exchange(int file, const struct hs_admin_options *options, uint64_t timeout_s,
                    struct hs_slice request, struct hs_admin_reply *ret_reply)
{
    int code = send_all(file, request);
    if (code == 0)
        code = receive_all(file, options, timeout_s, &ret_reply->answer);
    return code == 0 ? read_reply(ret_reply) : code;
}

int hs_admin_ask(const struct hs_admin_options *options, uint64_t timeout_s, bool post,
                 const char *page, struct hs_admin_reply *ret_reply)
{
    uint64_t patience_s = timeout_s < HS_ADMIN_SILENT_S ? timeout_s : HS_ADMIN_SILENT_S;
    *ret_reply = (struct hs_admin_reply){0};
    hs_buffer_init(&ret_reply->answer, ANSWER_MAX);
    struct hs_buffer request;
    hs_buffer_init(&request, READ_SIZE);
    hs_buffer_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                     post ? "POST" : "GET", page);
    if (post)
        hs_buffer_append_text(&request, "Content-Length: 0\r\n");
    if (options->token != NULL)
        hs_buffer_printf(&request, "Authorization: Bearer %s\r\n", options->token);
    hs_buffer_append_text(&request, "\r\n");
    int code = hs_buffer_status(&request);
    if (code < 0)
        (void)hs_fail(code, "the request is too long");
    int file = code < 0 ? code : connect_to(&options->listen, patience_s * 1000);
    if (file >= 0) {
        code = exchange(file, options, timeout_s, hs_buffer_slice(&request), ret_reply);
        close(file);
    } else {
        code = file;
    }
    hs_buffer_free(&request);
    if (code < 0)
        hs_admin_reply_free(ret_reply);
    return code;
}

int hs_admin_check_timeout(const struct hs_command *command, uint64_t timeout_s)
{
    if (timeout_s > 0 && timeout_s <= HS_ADMIN_TIMEOUT_MOST_S)
        return HS_EXIT_GOOD;
    return hs_command_fail(command, HS_EXIT_USAGE, "--timeout is 1 to %u seconds",
                           HS_ADMIN_TIMEOUT_MOST_S);
}

void hs_admin_reply_free(struct hs_admin_reply *reply)
{
    hs_buffer_free(&reply->answer);
    reply->body = HS_SLICE_NONE;
}

int hs_admin_refused(const struct hs_command *command, const struct hs_admin_reply *reply)
{
    struct json_object *problem = NULL;
    struct hs_slice detail = HS_SLICE_NONE;
    if (hs_doc_read(reply->body, &problem) == 0)
        detail = hs_doc_get_text(problem, "detail");
    int status = reply->status == 400 || reply->status == 404 ? HS_EXIT_USAGE : HS_EXIT_BAD;
    status = hs_command_fail(command, status, "%.*s (%u)",
                             HS_SLICE_ARG(detail.size > 0 ? detail : reply->body), reply->status);
    json_object_put(problem);
    return status;
}

void hs_query_add(struct hs_buffer *page, const char *name, const char *value)
{
    if (value == NULL)
        return;
    bool first = memchr(page->data, '?', page->size) == NULL;
    hs_buffer_printf(page, "%c%s=", first ? '?' : '&', name);
    for (const char *at = value; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || strchr("-._~:*", *at) != NULL;
        if (plain)
            hs_buffer_append_byte(page, *at);
        else
            hs_buffer_printf(page, "%%%02X", (unsigned)(unsigned char)*at);
    }
}

void hs_query_add_count(struct hs_buffer *page, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    hs_query_add(page, name, text);
}

const char *hs_query_text(struct hs_buffer *page)
{
    hs_buffer_append_byte(page, '\0');
    return page->data;
}
