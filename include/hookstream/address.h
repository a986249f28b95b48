/* Address: a host and a port, as people write them and as messages and headers show them. The one
 * parser and the one printer of the program: for what is listened on, brokers, URLs, Host fields
 * and log lines. Resolves no names and connects to nothing. Pure functions; any thread. */
#ifndef HOOKSTREAM_ADDRESS_H
#define HOOKSTREAM_ADDRESS_H

#include <hookstream/base.h>

struct hs_address {
    const char *host; /* a name or an IP address, without brackets; "" means all addresses */
    uint16_t port;
};

/* What a text may be. Always: host:port, 127.0.0.1:80, [::1]:80, [fe80::1%eth0]:80. */
enum hs_address_use {
    HS_ADDRESS_LISTEN, /* also *:80 and :80 for all addresses, and port 0 for any free one */
    HS_ADDRESS_REMOTE, /* what is connected to: a host and a port that are real */
};

/* Bytes that the longest address takes as text, with its NUL. */
#define HS_ADDRESS_TEXT 288u

/* Splits `text` into host (a part of `text`, without brackets; empty for all addresses) and port.
 * `port` is the default for a missing port; 0: the port is required. -EINVAL, -ERANGE (a port above
 * 65535), with a message that names the fault without repeating the text. */
HS_MUST_CHECK int hs_address_parse(struct hs_slice text, enum hs_address_use use, uint16_t port,
                                   struct hs_slice *ret_host, uint16_t *ret_port);

/* host:port, with brackets around an IPv6 address; "*:80" for all addresses. */
void hs_address_print(const char *host, uint16_t port, char ret_text[HS_ADDRESS_TEXT]);
/* The same for a Host field: a zone (%eth0) means nothing to the other side and is left out (RFC
 * 6874, 1). */
void hs_address_print_host_field(const char *host, uint16_t port, char ret_text[HS_ADDRESS_TEXT]);

/* Whether it means all addresses of the machine: "", *, 0.0.0.0, :: in any spelling. */
bool hs_address_is_any(const char *host);
/* Where a client on this machine reaches what listens on `host`: loopback for all addresses, else
 * the host itself. */
const char *hs_address_for_client(const char *host);

#endif
