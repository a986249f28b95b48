/* Connect: see connect.h. */
#include "connect.h"

#include <hookstream/clock.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(const struct addrinfo *address, const struct timeval *patience)
{
    int file = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -errno;
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, patience, sizeof(*patience));
    setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, patience, sizeof(*patience));
    if (connect(file, address->ai_addr, address->ai_addrlen) == 0)
        return file;
    int code = -errno;
    close(file);
    return code;
}

int hs_connect_any(const struct addrinfo *list, uint64_t patience_ms,
                   const struct addrinfo **ret_address)
{
    struct timeval patience = hs_clock_timeval(patience_ms * HS_NS_PER_MS);
    int code = -EADDRNOTAVAIL;
    for (const struct addrinfo *at = list; at != NULL && code < 0; at = at->ai_next) {
        code = connect_to(at, &patience);
        if (code >= 0 && ret_address != NULL)
            *ret_address = at;
    }
    return code;
}
