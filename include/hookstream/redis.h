/* Redis: a server's address, the login, and a connection on an event_base, for the redis sink and
 * the shared dedupe. Knows nothing of the commands sent over it, nor when to reconnect. Threads: a
 * connection belongs to the thread of its event_base. */
#ifndef HOOKSTREAM_REDIS_H
#define HOOKSTREAM_REDIS_H

#include <hookstream/base.h>

struct event_base;
struct redisAsyncContext;
struct redisContext;

struct hs_redis_url {
    char *host; /* NULL: a unix socket, see `path` */
    uint16_t port;
    char *path;                /* of a unix socket */
    char *username, *password; /* NULL: none */
    unsigned database;
};

/* Parses redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]. `username`
 * and `password` (NULL or empty: none) apply if the URL has none. -EINVAL and a message without
 * secrets; *ret_url is then unchanged. The caller frees it with hs_redis_url_free(). */
HS_MUST_CHECK int hs_redis_url_parse(const char *text, const char *username, const char *password,
                                     struct hs_redis_url *ret_url);
/* Frees the URL's memory and wipes the password. */
void hs_redis_url_free(struct hs_redis_url *url);
/* Size of the text of hs_redis_url_place(). */
#define HS_REDIS_PLACE_TEXT 288u
/* Writes where the server is, without secrets: host:port, or the socket's path. */
void hs_redis_url_place(const struct hs_redis_url *url, char ret_text[HS_REDIS_PLACE_TEXT]);

/* Starts to connect. Resolves the host name here, which may block. -errno and a message. The
 * connection is the caller's; hiredis frees it itself after a failed connect or a disconnect. */
HS_MUST_CHECK int hs_redis_connect(const struct hs_redis_url *url, struct event_base *base,
                                   struct redisAsyncContext **ret_link);
/* Sends AUTH and SELECT as the URL asks; their replies go to `on_reply` (without private data).
 * Also sends the client name. */
void hs_redis_login(struct redisAsyncContext *link, const struct hs_redis_url *url,
                    void (*on_reply)(struct redisAsyncContext *, void *, void *));

/* For tools: connects and logs in, blocking for at most `timeout_ms` per wait; the same holds for
 * later commands. The caller frees it with redisFree(). -ECONNREFUSED, -EIO, -EACCES (the server
 * refuses the login), with the message of the server or the system. */
HS_MUST_CHECK int hs_redis_connect_now(const struct hs_redis_url *url, unsigned timeout_ms,
                                       struct redisContext **ret_link);

#endif
