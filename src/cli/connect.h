/* Connects to a name: each of its addresses is tried. Blocks. */
#ifndef HS_CLI_CONNECT_H
#define HS_CLI_CONNECT_H

#include <hookstream/base.h>
#include <netdb.h>

/* Connects to the first address of the list that accepts, each within `patience_ms`; reading and
 * writing then have the same bound. A socket, and its address (NULL: not wanted), which is the
 * list's; else -errno of the last one tried, without a message. */
HS_MUST_CHECK int hs_connect_any(const struct addrinfo *list, uint64_t patience_ms,
                                 const struct addrinfo **ret_address);

#endif
