/* An HTTP server for tests, on the owner's event_base: it reads whole requests, keeps what they
 * say, and answers each with the next text of its script. */
#ifndef HS_TEST_HTTP_SCRIPT_H
#define HS_TEST_HTTP_SCRIPT_H

#include "hs_test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <hookstream/base.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRIPT_CONNECTIONS 64u
#define SCRIPT_REQUESTS 4096u
#define SCRIPT_OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SCRIPT_SILENCE "" /* no answer while the connection lasts */

struct http_connection {
    struct http_script *script;
    int number;
    struct event *event;
    char text[1 << 16];
    size_t size;
};

struct http_script {
    struct event_base *base;
    int listener;
    uint16_t port;
    struct event *on_accept;
    char url[64];
    struct http_connection *connections[SCRIPT_CONNECTIONS];
    const char *answers[SCRIPT_REQUESTS]; /* NULL: SCRIPT_OK; cut: ended after it */
    bool cuts[SCRIPT_REQUESTS];
    size_t requests, accepted, waiting; /* waiting: requests that got silence */
    char last[1 << 16];                 /* the last request */
    char bodies[1 << 16];               /* of all, a line each */
};

static void script_drop(struct http_connection *connection)
{
    struct http_script *script = connection->script;
    for (size_t i = 0; i < SCRIPT_CONNECTIONS; i++)
        if (script->connections[i] == connection)
            script->connections[i] = NULL;
    event_free(connection->event);
    close(connection->number);
    free(connection);
}

/* The size of the whole request at the beginning of the text; 0: more is to come. */
static size_t script_request_size(const struct http_connection *connection)
{
    const char *end = memmem(connection->text, connection->size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - connection->text) + 4, body = 0;
    const char *length = strcasestr(connection->text, "\r\nContent-Length: ");
    if (length != NULL && length < end)
        body = strtoul(length + 18, NULL, 10);
    return connection->size >= head + body ? head + body : 0;
}

static void script_note(struct http_script *script, const char *text, size_t size)
{
    memcpy(script->last, text, size);
    script->last[size] = '\0';
    size_t used = strlen(script->bodies);
    snprintf(script->bodies + used, sizeof(script->bodies) - used, "%s\n",
             strstr(script->last, "\r\n\r\n") + 4);
}

static void script_on_read(evutil_socket_t number, short what, void *context)
{
    struct http_connection *connection = context;
    struct http_script *script = connection->script;
    ssize_t size = read(number, connection->text + connection->size,
                        sizeof(connection->text) - 1 - connection->size);
    if (size <= 0) {
        script_drop(connection);
        return;
    }
    connection->size += (size_t)size;
    connection->text[connection->size] = '\0';
    size_t whole = script_request_size(connection);
    if (whole == 0)
        return;
    script_note(script, connection->text, whole);
    ck_assert_uint_eq(connection->size, whole); /* nothing is pipelined */
    connection->size = 0;
    size_t at = script->requests++;
    const char *answer = script->answers[at] != NULL ? script->answers[at] : SCRIPT_OK;
    script->waiting += answer[0] == '\0' && !script->cuts[at];
    ck_assert_int_eq(write(number, answer, strlen(answer)), (ssize_t)strlen(answer));
    if (script->cuts[at])
        script_drop(connection);
}

static void script_on_accept(evutil_socket_t listener, short what, void *context)
{
    struct http_script *script = context;
    struct http_connection *connection = hs_alloc(sizeof(*connection));
    size_t slot = 0;
    while (script->connections[slot] != NULL)
        ck_assert_uint_lt(++slot, SCRIPT_CONNECTIONS);
    script->connections[slot] = connection;
    script->accepted++;
    connection->script = script;
    connection->number = accept(listener, NULL, NULL);
    ck_assert_int_ge(connection->number, 0);
    connection->event = event_new(script->base, connection->number, EV_READ | EV_PERSIST,
                                  script_on_read, connection);
    event_add(connection->event, NULL);
}

static void script_listen(struct http_script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(script->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(script->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    ck_assert_int_eq(bind(script->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(script->listener, 64), 0);
    ck_assert_int_eq(getsockname(script->listener, (struct sockaddr *)&address, &size), 0);
    script->port = ntohs(address.sin_port);
    script->on_accept =
        event_new(script->base, script->listener, EV_READ | EV_PERSIST, script_on_accept, script);
    event_add(script->on_accept, NULL);
    snprintf(script->url, sizeof(script->url), "http://127.0.0.1:%u/base", script->port);
}

/* Ends connections and listener; script_listen() takes the same port again. */
static void script_stop(struct http_script *script)
{
    for (size_t i = 0; i < SCRIPT_CONNECTIONS; i++)
        if (script->connections[i] != NULL)
            script_drop(script->connections[i]);
    if (script->on_accept != NULL)
        event_free(script->on_accept);
    script->on_accept = NULL;
    close(script->listener);
}

static struct http_script *script_create(struct event_base *base)
{
    struct http_script *script = hs_alloc(sizeof(*script));
    script->base = base;
    script_listen(script);
    return script;
}

static void script_free(struct http_script *script)
{
    script_stop(script);
    free(script);
}

#endif
