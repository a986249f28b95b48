/* Opens the listening socket of an address. Accepting is server.c's. */
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

/* TCP_NODELAY is inherited by what is accepted (Linux), so it is set once, here. */
static int configure(int socket, const struct addrinfo *info, bool share_port)
{
    if (set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1) < 0)
        return -errno;
    if (share_port && set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -errno;
    if (info->ai_family == AF_INET6 && set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0)
        return -errno;
    if (bind(socket, info->ai_addr, info->ai_addrlen) < 0 || listen(socket, HS_HTTP_BACKLOG) < 0)
        return -errno;
    return 0;
}

static int open_one(const struct addrinfo *info, bool share_port, int *ret_socket)
{
    int file = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (file < 0)
        return -errno;
    int result = configure(file, info, share_port);
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

int hs_http_listen(const struct hs_address *address, bool share_port, int *ret_socket,
                   uint16_t *ret_port)
{
    /* No host: every address, of both families where IPv6 is there, else of IPv4. */
    bool any = address->host == NULL || address->host[0] == '\0';
    const char *const hosts[] = {any ? "::" : address->host, any ? "0.0.0.0" : NULL};
    char port[8];
    (void)snprintf(port, sizeof(port), "%u", address->port);
    int result = -EADDRNOTAVAIL;
    for (size_t i = 0; i < HS_ARRAY_SIZE(hosts) && hosts[i] != NULL; i++) {
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
        struct addrinfo *list = NULL;
        int lookup = getaddrinfo(hosts[i], port, &hints, &list);
        if (lookup != 0 && !any)
            return hs_fail(-EADDRNOTAVAIL, "cannot listen on %s:%s: %s", hosts[i], port,
                           gai_strerror(lookup));
        for (const struct addrinfo *info = list; info && result < 0; info = info->ai_next)
            result = open_one(info, share_port, ret_socket);
        if (list != NULL)
            freeaddrinfo(list);
        if (result == 0) {
            *ret_port = port_of(*ret_socket);
            return 0;
        }
    }
    return hs_fail_errno(-result, "cannot listen on %s:%s", any ? "*" : address->host, port);
}
