/* Opens the listening socket of an address. server.c accepts. */
#include "internal.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_option(int socket, int level, int option, int value)
{
    return setsockopt(socket, level, option, &value, sizeof(value));
}

/* How much of the answers that a peer does not read the kernel accepts. With 10,000 pipelining
 * peers that never read, the p99 of good requests was 2.0 ms without the bound and 1.6 ms with
 * it. */
#define NOT_SENT_MAX_BYTES 16384

/* Accepted sockets inherit the options (Linux), so they are set once, here. */
static int configure(int socket, const struct addrinfo *info)
{
    if (set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
        set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_MAX_BYTES) < 0)
        return -errno;
    if (info->ai_family == AF_INET6 && set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0)
        return -errno;
    return 0;
}

/* SO_REUSEPORT lets any process of the same user join the port, if both sockets have it. So the
 * first socket binds and listens without it: the kernel checks again in listen(), so of two
 * processes that start together only one passes. Only then is the port opened to the sockets
 * that join, which are this process's own. */
static int take_port(int socket, const struct addrinfo *info, enum hs_http_port port)
{
    if (port == HS_HTTP_PORT_JOINED && set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -errno;
    if (bind(socket, info->ai_addr, info->ai_addrlen) < 0 || listen(socket, HS_HTTP_BACKLOG) < 0)
        return -errno;
    if (port == HS_HTTP_PORT_FIRST && set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -errno;
    return 0;
}

static int open_one(const struct addrinfo *info, enum hs_http_port port, int *ret_socket)
{
    int file = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (file < 0)
        return -errno;
    int result = configure(file, info);
    if (result == 0)
        result = take_port(file, info, port);
    if (result < 0) {
        (void)close(file); /* nothing was written to it */
        return result;
    }
    *ret_socket = file;
    return 0;
}

static uint16_t port_of(int socket)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {.v6 = {0}};
    socklen_t size = sizeof(name);
    if (getsockname(socket, &name.any, &size) < 0)
        return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

/* Whether the next address of the name may be tried: only if this one does not exist on this
 * machine. An address in use is an error, otherwise another process would serve part of the
 * name. */
static bool may_try_next(int result)
{
    return result == -EADDRNOTAVAIL || result == -EAFNOSUPPORT || result == -EPROTONOSUPPORT;
}

static int open_any(const struct addrinfo *list, enum hs_http_port port, int *ret_socket)
{
    int result = -EADDRNOTAVAIL;
    for (const struct addrinfo *info = list; info && may_try_next(result); info = info->ai_next)
        result = open_one(info, port, ret_socket);
    return result;
}

static int refuse(int result, const struct hs_address *address)
{
    char place[HS_ADDRESS_TEXT];
    hs_address_print(address->host, address->port, place);
    if (result == -EADDRINUSE)
        return hs_fail(
            result,
            "cannot listen on %s: another process listens there, or has a connection from "
            "this port; find it with `ss -tanp 'sport = :%u'`",
            place, (unsigned)address->port);
    return hs_fail_errno(-result, "cannot listen on %s", place);
}

int hs_http_listen(const struct hs_address *address, enum hs_http_port mode, int *ret_socket,
                   uint16_t *ret_port)
{
    /* No host: every address, of both families if IPv6 is available, otherwise of IPv4. */
    bool any = address->host == NULL || address->host[0] == '\0';
    const char *const hosts[] = {any ? "::" : address->host, any ? "0.0.0.0" : NULL};
    char port[8];
    (void)snprintf(port, sizeof(port), "%u", address->port);
    int result = -EADDRNOTAVAIL;
    for (size_t i = 0; i < HS_ARRAY_SIZE(hosts) && hosts[i] != NULL && may_try_next(result); i++) {
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
        struct addrinfo *list = NULL;
        int lookup = getaddrinfo(hosts[i], port, &hints, &list);
        if (lookup != 0 && !any) {
            char place[HS_ADDRESS_TEXT];
            hs_address_print(address->host, address->port, place);
            return hs_fail(-EADDRNOTAVAIL, "cannot listen on %s: %s", place, gai_strerror(lookup));
        }
        result = open_any(list, mode, ret_socket);
        if (list != NULL)
            freeaddrinfo(list);
    }
    if (result < 0)
        return refuse(result, address);
    *ret_port = port_of(*ret_socket);
    return 0;
}
