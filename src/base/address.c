/* Address: see address.h. */
#include <hookstream/address.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define HOST_MAX 253u /* RFC 1035, 2.3.4, as text */
#define ZONE_MAX 64u

/* ---- Parsing ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_plain(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

/* The address family of a literal address, or 0. `host` has no zone. */
static int family_of(struct hs_slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.size == 0 || host.size >= sizeof(text) || memchr(host.data, '\0', host.size) != NULL)
        return 0;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    if (inet_pton(AF_INET, text, &address) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, &address) == 1 ? AF_INET6 : 0;
}

/* An IPv6 address, perhaps with a zone. */
static bool is_v6(struct hs_slice host)
{
    const char *percent = host.size > 0 ? memchr(host.data, '%', host.size) : NULL;
    struct hs_slice zone = HS_SLICE_NONE;
    if (percent != NULL) {
        zone = hs_slice(percent + 1, host.size - (size_t)(percent + 1 - host.data));
        host.size = (size_t)(percent - host.data);
        if (zone.size == 0 || zone.size > ZONE_MAX)
            return false;
    }
    for (size_t i = 0; i < zone.size; i++)
        if (!is_plain(zone.data[i]))
            return false;
    return family_of(host) == AF_INET6;
}

/* As getaddrinfo(3) reads it: accepts 127.1 and 0, too. */
static bool read_v4(struct hs_slice host, struct in_addr *ret_address)
{
    char text[INET6_ADDRSTRLEN];
    if (host.size == 0 || host.size >= sizeof(text))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_aton(text, ret_address) == 1;
}

/* A name whose last label is a number can only be meant as an IPv4 address (WHATWG URL). */
static bool looks_like_v4(struct hs_slice host)
{
    size_t at = host.size;
    while (at > 0 && is_digit(host.data[at - 1]))
        at--;
    return at < host.size && (at == 0 || host.data[at - 1] == '.');
}

static int check_name(struct hs_slice host)
{
    if (host.size > HOST_MAX)
        return hs_fail(-EINVAL, "its host has more than %u characters", HOST_MAX);
    for (size_t i = 0; i < host.size; i++)
        if (!is_plain(host.data[i]))
            return hs_fail(-EINVAL, host.data[i] == '$' || host.data[i] == '{' ||
                                            host.data[i] == '<' || host.data[i] == '%'
                                        ? "its host is a placeholder that was not filled in: "
                                          "write ${NAME}"
                                        : "a host has letters, digits, `-`, `_` and `.` only");
    if (looks_like_v4(host) && !read_v4(host, &(struct in_addr){0}))
        return hs_fail(-EINVAL, "an IPv4 address has four numbers from 0 to 255");
    return 0;
}

/* Splits the text at the closing bracket or at the last colon. *ret_port is the rest without its
 * colon, or none. */
static int split(struct hs_slice text, struct hs_slice *ret_host, bool *ret_brackets,
                 struct hs_slice *ret_port)
{
    const char *end = text.data + text.size;
    if (text.size > 3 && memmem(text.data, text.size, "://", 3) != NULL)
        return hs_fail(-EINVAL, "an address has no scheme and no path");
    *ret_brackets = text.size > 0 && text.data[0] == '[';
    *ret_port = HS_SLICE_NONE;
    const char *colon;
    if (*ret_brackets) {
        const char *close = memchr(text.data, ']', text.size);
        if (close == NULL)
            return hs_fail(-EINVAL, "a `[` without a `]`");
        *ret_host = hs_slice(text.data + 1, (size_t)(close - text.data) - 1);
        colon = close + 1 < end ? close + 1 : NULL;
        if (colon != NULL && *colon != ':')
            return hs_fail(-EINVAL, "only `:` and a port may follow the `]`");
    } else {
        colon = text.size > 0 ? memchr(text.data, ':', text.size) : NULL;
        if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon) - 1) != NULL)
            return hs_fail(-EINVAL, "an IPv6 address needs brackets, as in [::1]:8080");
        *ret_host = hs_slice(text.data, colon != NULL ? (size_t)(colon - text.data) : text.size);
    }
    if (colon != NULL)
        *ret_port = hs_slice(colon + 1, (size_t)(end - colon) - 1);
    return 0;
}

static int read_port(struct hs_slice text, enum hs_address_use use, uint16_t fallback,
                     uint16_t *ret_port)
{
    uint64_t port = fallback;
    if (text.data == NULL && fallback == 0)
        return hs_fail(-EINVAL, "its port is missing");
    if (text.data != NULL) {
        int code = hs_slice_to_u64(text, UINT16_MAX, &port);
        if (code == -ERANGE)
            return hs_fail(-ERANGE, "a port is at most 65535");
        if (code < 0)
            return hs_fail(-EINVAL, "its port is not a number");
    }
    if (port == 0 && use == HS_ADDRESS_REMOTE)
        return hs_fail(-EINVAL, "nothing can be reached at port 0");
    *ret_port = (uint16_t)port;
    return 0;
}

int hs_address_parse(struct hs_slice text, enum hs_address_use use, uint16_t port,
                     struct hs_slice *ret_host, uint16_t *ret_port)
{
    struct hs_slice host = HS_SLICE_NONE, digits = HS_SLICE_NONE;
    bool brackets = false;
    uint16_t number = 0;
    int code = split(text, &host, &brackets, &digits);
    if (code == 0)
        code = read_port(digits, use, port, &number);
    if (code < 0)
        return code;
    bool all = !brackets && (host.size == 0 || hs_slice_equal(host, HS_SLICE("*")));
    if (all && use == HS_ADDRESS_REMOTE)
        return hs_fail(-EINVAL, "it names no host");
    if (brackets && !is_v6(host))
        return hs_fail(-EINVAL, "the text between [ and ] is not an IPv6 address");
    if (!all && !brackets)
        code = check_name(host);
    if (code < 0)
        return code;
    *ret_host = all ? HS_SLICE("") : host;
    *ret_port = number;
    return 0;
}

/* ---- Printing ---- */

static void print(struct hs_slice host, uint16_t port, char ret_text[HS_ADDRESS_TEXT])
{
    bool brackets = host.size > 0 && memchr(host.data, ':', host.size) != NULL;
    if (host.size > HOST_MAX)
        host.size = HOST_MAX;
    (void)snprintf(ret_text, HS_ADDRESS_TEXT, "%s%.*s%s:%u", brackets ? "[" : "",
                   HS_SLICE_ARG(host), brackets ? "]" : "", (unsigned)port);
}

void hs_address_print(const char *host, uint16_t port, char ret_text[HS_ADDRESS_TEXT])
{
    bool all = host == NULL || host[0] == '\0';
    print(all ? HS_SLICE("*") : hs_slice_text(host), port, ret_text);
}

void hs_address_print_host_field(const char *host, uint16_t port, char ret_text[HS_ADDRESS_TEXT])
{
    struct hs_slice name = hs_slice_text(host);
    const char *zone = name.size > 0 ? memchr(name.data, '%', name.size) : NULL;
    if (zone != NULL)
        name.size = (size_t)(zone - name.data);
    print(name, port, ret_text);
}

/* ---- All addresses ---- */

static int any_family(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (host == NULL || host[0] == '\0' || strcmp(host, "*") == 0)
        return AF_INET; /* loopback of IPv4 is there with and without IPv6 */
    if (read_v4(hs_slice_text(host), &v4))
        return v4.s_addr == INADDR_ANY ? AF_INET : 0;
    if (inet_pton(AF_INET6, host, &v6) != 1)
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
        return v4.s_addr == INADDR_ANY ? AF_INET : 0;
    }
    return IN6_IS_ADDR_UNSPECIFIED(&v6) ? AF_INET6 : 0;
}

bool hs_address_is_any(const char *host)
{
    return any_family(host) != 0;
}

const char *hs_address_for_client(const char *host)
{
    int family = any_family(host);
    return family == AF_INET ? "127.0.0.1" : family == AF_INET6 ? "::1" : host;
}
