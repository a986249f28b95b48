/* Address: a host and a port, as users write them and as messages and headers show them. The
 * program's only address parser and printer: listen addresses, brokers, URLs, Host fields and log
 * lines. Resolves no names and connects to nothing. Pure functions; any thread. */
#ifndef HOOKSTREAM_ADDRESS_H
#define HOOKSTREAM_ADDRESS_H

#include <hookstream/base.h>

struct hs_address {
    const char *host; /* a name or an IP address, without brackets; "" means all addresses */
    uint16_t port;
};

/* The forms a text may take. All uses accept host:port, 127.0.0.1:80, [::1]:80,
 * [fe80::1%eth0]:80. */
enum hs_address_use {
    HS_ADDRESS_LISTEN, /* also *:80 and :80 for all addresses, and port 0 for any free one */
    HS_ADDRESS_REMOTE, /* an address to connect to: a specific host and a nonzero port */
};

/* Size of the longest address as text, including its NUL. */
#define HS_ADDRESS_TEXT 288u

/* Splits `text` into a host (a slice of `text`, without brackets; empty for all addresses) and a
 * port. `port` is the default for a missing port; 0 makes the port mandatory. Returns -EINVAL, or
 * -ERANGE for a port above 65535, with a message that names the fault without repeating the
 * text. */
HS_MUST_CHECK int hs_address_parse(struct hs_slice text, enum hs_address_use use, uint16_t port,
                                   struct hs_slice *ret_host, uint16_t *ret_port);

/* host:port, with brackets around an IPv6 address; "*:80" for all addresses. */
void hs_address_print(const char *host, uint16_t port, char ret_text[HS_ADDRESS_TEXT]);
/* As hs_address_print(), for a Host field: omits the zone (%eth0), which means nothing to the peer
 * (RFC 6874, 1). */
void hs_address_print_host_field(const char *host, uint16_t port, char ret_text[HS_ADDRESS_TEXT]);

/* Whether the host stands for all local addresses: "", *, 0.0.0.0, or :: in any spelling. */
bool hs_address_is_any(const char *host);
/* Where a client on this machine reaches what listens on `host`: loopback for all addresses, else
 * the host itself. */
const char *hs_address_for_client(const char *host);

#endif
