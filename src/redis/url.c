/* Redis URL: the `redis` scheme as registered with IANA, and `unix` as redis-py and others
 * have it. The text holds a password: no message repeats it. */
#include <hookstream/address.h>
#include <hookstream/redis.h>
#include <hookstream/text.h>
#include <stdio.h>

#define PORT_DEFAULT 6379u
#define DATABASE_MAX 65535u

/* RFC 3986, 2.1. A NUL would end the text early. */
static char *percent_decode(struct hs_slice text)
{
    char *decoded = hs_alloc(text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.size - i < 3 || !hs_hex_decode(hs_slice(text.data + i + 1, 2), &c, 1) ||
                c == '\0') {
                free(decoded);
                return NULL;
            }
            i += 2;
        }
        decoded[size++] = c;
    }
    return decoded;
}

/* Cuts `*rest` at the first or last `mark`; returns the part before it, or none. */
static bool cut(struct hs_slice *rest, char mark, bool last, struct hs_slice *ret_before)
{
    const char *at = rest->size == 0 ? NULL
                     : last          ? memrchr(rest->data, mark, rest->size)
                                     : memchr(rest->data, mark, rest->size);
    if (at == NULL)
        return false;
    size_t size = (size_t)(at - rest->data);
    *ret_before = hs_slice(rest->data, size);
    *rest = hs_slice(at + 1, rest->size - size - 1);
    return true;
}

/* Reads user, user:password or :password. */
static int read_user(struct hs_slice user, struct hs_redis_url *url)
{
    struct hs_slice name = user, password = user;
    bool has_password = cut(&password, ':', false, &name);
    if (name.size > 0 && (url->username = percent_decode(name)) == NULL)
        return hs_fail(-EINVAL, "the url's user has a wrong %% escape");
    if (has_password && (url->password = percent_decode(password)) == NULL)
        return hs_fail(-EINVAL, "the url's password has a wrong %% escape");
    return 0;
}

static int read_database(struct hs_slice text, struct hs_redis_url *url)
{
    uint64_t number = 0;
    if (text.size > 0 && hs_slice_to_u64(text, DATABASE_MAX, &number) < 0)
        return hs_fail(-EINVAL, "the url's database is not a number: expected .../0");
    url->database = (unsigned)number;
    return 0;
}

static int read_host(struct hs_slice text, struct hs_redis_url *url)
{
    if (text.size > 0 && text.data[text.size - 1] == ':')
        text.size--; /* a port may be empty (RFC 3986, 3.2.3) */
    struct hs_slice host;
    uint16_t port;
    if (text.size == 0)
        return hs_fail(-EINVAL, "the url has no host: expected redis://host:6379/0");
    if (hs_address_parse(text, HS_ADDRESS_REMOTE, PORT_DEFAULT, &host, &port) < 0) {
        HS_AUTO_FREE char *why = hs_strdup(hs_error_text());
        return hs_fail(-EINVAL, "the url's host and port, as in redis://host:6379/0: %s", why);
    }
    url->host = hs_slice_dup(host);
    url->port = port;
    return 0;
}

static int read_tcp(struct hs_slice rest, struct hs_redis_url *url)
{
    struct hs_slice user, host = rest, database = HS_SLICE_NONE;
    int code = cut(&host, '@', true, &user) ? read_user(user, url) : 0;
    struct hs_slice before;
    database = host;
    if (cut(&database, '/', false, &before))
        host = before;
    else
        database = HS_SLICE_NONE;
    if (code == 0)
        code = read_host(host, url);
    return code == 0 ? read_database(database, url) : code;
}

static int read_unix(struct hs_slice rest, struct hs_redis_url *url)
{
    struct hs_slice user, path = rest, query = HS_SLICE_NONE, before;
    int code = cut(&path, '@', true, &user) ? read_user(user, url) : 0;
    query = path;
    if (cut(&query, '?', false, &before))
        path = before;
    else
        query = HS_SLICE_NONE;
    if (code < 0)
        return code;
    if (path.size == 0 || path.data[0] != '/' || memchr(path.data, '\0', path.size) != NULL)
        return hs_fail(-EINVAL, "the url has no socket path: expected unix:///path/to/socket");
    if (query.size > 0 && !hs_slice_starts_with(query, HS_SLICE("db=")))
        return hs_fail(-EINVAL, "the only parameter the url may have is ?db=NUMBER");
    url->path = hs_slice_dup(path);
    return query.size == 0 ? 0 : read_database(hs_slice(query.data + 3, query.size - 3), url);
}

static int add_options(const char *username, const char *password, struct hs_redis_url *url)
{
    bool has_user = username != NULL && username[0] != '\0';
    bool has_password = password != NULL && password[0] != '\0';
    if ((has_user && url->username != NULL) || (has_password && url->password != NULL))
        return hs_fail(-EINVAL, "user or password are given both in the url and as options: give "
                                "them once");
    if (has_user)
        url->username = hs_strdup(username);
    if (has_password)
        url->password = hs_strdup(password);
    if (url->username != NULL && url->password == NULL)
        return hs_fail(-EINVAL, "a user needs a password");
    return 0;
}

static int parse(struct hs_slice text, struct hs_redis_url *url)
{
    struct hs_slice redis = HS_SLICE("redis://"), local = HS_SLICE("unix://");
    int code;
    if (hs_slice_starts_with(text, redis))
        code = read_tcp(hs_slice(text.data + redis.size, text.size - redis.size), url);
    else if (hs_slice_starts_with(text, local))
        code = read_unix(hs_slice(text.data + local.size, text.size - local.size), url);
    else if (hs_slice_starts_with(text, HS_SLICE("rediss://")))
        code = hs_fail(-EINVAL, "rediss:// needs TLS, which this build's hiredis does not have: "
                                "use redis:// to a TLS proxy beside hookstream");
    else
        code = hs_fail(-EINVAL, "the url must begin with redis:// or unix://, such as "
                                "redis://redis:6379/0");
    return code;
}

int hs_redis_url_parse(const char *text, const char *username, const char *password,
                       struct hs_redis_url *ret_url)
{
    struct hs_redis_url url = {0};
    int code = parse(hs_slice_text(text), &url);
    if (code == 0)
        code = add_options(username, password, &url);
    if (code < 0) {
        hs_redis_url_free(&url);
        return code;
    }
    *ret_url = url;
    return 0;
}

void hs_redis_url_place(const struct hs_redis_url *url, char ret_text[HS_REDIS_PLACE_TEXT])
{
    if (url->path != NULL)
        snprintf(ret_text, HS_REDIS_PLACE_TEXT, "%s", url->path);
    else
        hs_address_print(url->host, url->port, ret_text);
}

void hs_redis_url_free(struct hs_redis_url *url)
{
    free(url->host);
    free(url->path);
    free(url->username);
    if (url->password != NULL)
        explicit_bzero(url->password, strlen(url->password)); /* strlen: hookstream's own copy */
    free(url->password);
    *url = (struct hs_redis_url){0};
}
