/* Redis commands: the URL and RESP (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 */
#include "redis.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_PORT 6379u
#define DATABASES_MAX 1000000u

/* ---- The URL ---- */

/* %41 and the like (RFC 3986, 2.1); NULL: not well formed. */
static char *decode_percent(struct hs_slice text)
{
    char *decoded = hs_alloc(text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            unsigned value;
            char hex[3] = {0};
            if (text.size - i < 3) {
                free(decoded);
                return NULL;
            }
            memcpy(hex, text.data + i + 1, 2);
            char *end;
            value = (unsigned)strtoul(hex, &end, 16);
            if (end != hex + 2 || value == 0) {
                free(decoded);
                return NULL;
            }
            c = (char)value;
            i += 2;
        }
        decoded[size++] = c;
    }
    return decoded;
}

static int bad_url(const char *why)
{
    return hs_fail(-EINVAL,
                   "the url is none of redis://[user:password@]host:port/database and "
                   "unix:///path: %s",
                   why);
}

static int read_user(struct hs_slice text, struct hs_redis_url *url)
{
    const char *colon = text.size ? memchr(text.data, ':', text.size) : NULL;
    struct hs_slice user = text, password = HS_SLICE_NONE;
    if (colon != NULL) {
        user.size = (size_t)(colon - text.data);
        password = hs_slice(colon + 1, text.size - user.size - 1);
    }
    if (user.size > 0 && (url->username = decode_percent(user)) == NULL)
        return bad_url("the user is not well formed");
    if (password.size > 0 && (url->password = decode_percent(password)) == NULL)
        return bad_url("the password is not well formed");
    return 0;
}

static int read_host(struct hs_slice text, struct hs_redis_url *url)
{
    const char *colon = text.size ? memrchr(text.data, ':', text.size) : NULL;
    const char *bracket = text.size ? memrchr(text.data, ']', text.size) : NULL;
    struct hs_slice host = text;
    uint64_t port = DEFAULT_PORT;
    if (colon != NULL && (bracket == NULL || colon > bracket)) {
        host.size = (size_t)(colon - text.data);
        if (hs_slice_to_u64(hs_slice(colon + 1, text.size - host.size - 1), 65535, &port) < 0 ||
            port == 0)
            return bad_url("the port is not a number from 1 to 65535");
    }
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        host = hs_slice(host.data + 1, host.size - 2);
    if (host.size == 0)
        return bad_url("the host is missing");
    url->host = hs_slice_dup(host);
    url->port = (uint16_t)port;
    return 0;
}

static int read_redis(struct hs_slice rest, struct hs_redis_url *url)
{
    const char *slash = rest.size ? memchr(rest.data, '/', rest.size) : NULL;
    struct hs_slice authority = rest;
    uint64_t database = 0;
    if (slash != NULL) {
        authority.size = (size_t)(slash - rest.data);
        struct hs_slice number = hs_slice(slash + 1, rest.size - authority.size - 1);
        if (number.size > 0 && hs_slice_to_u64(number, DATABASES_MAX, &database) < 0)
            return bad_url("the database is not a number");
    }
    url->database = (unsigned)database;
    const char *at = authority.size ? memrchr(authority.data, '@', authority.size) : NULL;
    if (at != NULL) {
        size_t size = (size_t)(at - authority.data);
        int code = read_user(hs_slice(authority.data, size), url);
        if (code < 0)
            return code;
        authority = hs_slice(at + 1, authority.size - size - 1);
    }
    return read_host(authority, url);
}

int hs_redis_url_parse(struct hs_slice text, struct hs_redis_url *ret_url)
{
    static const struct hs_slice redis = {"redis://", 8}, unix_socket = {"unix://", 7},
                                 tls = {"rediss://", 9};
    struct hs_redis_url url = {.port = 0};
    int code;
    if (hs_slice_starts_with(text, tls))
        return bad_url("rediss:// (TLS) is not possible with the hiredis that this was built with; "
                       "put a TLS tunnel in between");
    if (hs_slice_starts_with(text, redis))
        code = read_redis(hs_slice(text.data + redis.size, text.size - redis.size), &url);
    else if (hs_slice_starts_with(text, unix_socket) && text.size > unix_socket.size) {
        url.socket = hs_slice_dup(hs_slice(text.data + 7, text.size - 7));
        code = 0;
    } else
        code = bad_url("it begins with neither redis:// nor unix://");
    if (code < 0)
        hs_redis_url_free(&url);
    else
        *ret_url = url;
    return code;
}

void hs_redis_url_free(struct hs_redis_url *url)
{
    free(url->host);
    free(url->socket);
    free(url->username);
    free(url->password);
    *url = (struct hs_redis_url){.port = 0};
}

/* ---- RESP ---- */

void hs_resp_array(struct hs_buffer *out, size_t count)
{
    hs_buffer_append_byte(out, '*');
    hs_buffer_append_u64(out, count);
    hs_buffer_append(out, "\r\n", 2);
}

void hs_resp_bulk(struct hs_buffer *out, struct hs_slice text)
{
    hs_buffer_append_byte(out, '$');
    hs_buffer_append_u64(out, text.size);
    hs_buffer_append(out, "\r\n", 2);
    hs_buffer_append_slice(out, text);
    hs_buffer_append(out, "\r\n", 2);
}

static size_t count_members(const struct hs_json_tree *tree)
{
    size_t count = 0;
    for (hs_json_node node = hs_json_first_child(tree, hs_json_root(tree)); node != HS_JSON_NO_NODE;
         node = hs_json_next(tree, node))
        count++;
    return count;
}

/* A text without its quotes, anything else as it stands. */
static void put_value(struct hs_buffer *out, const struct hs_json_tree *tree, hs_json_node node)
{
    struct hs_slice text = hs_json_node_text(tree, node);
    if (hs_json_node_kind(tree, node) != HS_JSON_STRING) {
        hs_resp_bulk(out, text);
        return;
    }
    struct hs_buffer decoded;
    hs_buffer_init(&decoded, text.size * 3 + 16);
    hs_json_decode_string(text, &decoded);
    hs_resp_bulk(out, hs_buffer_slice(&decoded));
    hs_buffer_free(&decoded);
}

static void put_members(struct hs_buffer *out, const struct hs_json_tree *tree)
{
    for (hs_json_node node = hs_json_first_child(tree, hs_json_root(tree)); node != HS_JSON_NO_NODE;
         node = hs_json_next(tree, node)) {
        struct hs_slice name = hs_json_node_name(tree, node);
        struct hs_buffer decoded;
        hs_buffer_init(&decoded, name.size * 3 + 16);
        /* The name stands between its quotes. */
        hs_json_decode_string(hs_slice(name.data - 1, name.size + 2), &decoded);
        hs_resp_bulk(out, hs_buffer_slice(&decoded));
        hs_buffer_free(&decoded);
        put_value(out, tree, node);
    }
}

int hs_resp_xadd(struct hs_buffer *out, const struct hs_message *message, struct hs_json_tree *tree)
{
    bool flat = message->target->fields == HS_FIELDS_FLAT;
    size_t members = 1;
    if (flat) {
        if (hs_json_tree_parse(tree, message->body) < 0 ||
            hs_json_node_kind(tree, hs_json_root(tree)) != HS_JSON_OBJECT ||
            (members = count_members(tree)) == 0)
            return hs_fail(-EINVAL, "the body has no members to make fields of");
    }
    uint64_t most = message->target->max_length;
    hs_resp_array(out, (most > 0 ? 6u : 3u) + 2 * members);
    hs_resp_bulk(out, HS_SLICE("XADD"));
    hs_resp_bulk(out, message->destination);
    if (most > 0) {
        char digits[24];
        int size = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)most);
        hs_resp_bulk(out, HS_SLICE("MAXLEN"));
        hs_resp_bulk(out, HS_SLICE("~"));
        hs_resp_bulk(out, hs_slice(digits, (size_t)size));
    }
    hs_resp_bulk(out, HS_SLICE("*"));
    if (flat) {
        put_members(out, tree);
    } else {
        hs_resp_bulk(out, HS_SLICE("body"));
        hs_resp_bulk(out, message->body);
    }
    return 0;
}
