/* Redis: where one is, who we are to it, and a connection to it on an event_base, for the
 * redis sink and the shared dedupe. Knows nothing of what is said over it, nor when to
 * connect again. Threads: a connection belongs to the thread of its event_base. */
#ifndef HOOKSTREAM_REDIS_H
#define HOOKSTREAM_REDIS_H

#include <hookstream/base.h>

struct event_base;
struct redisAsyncContext;
struct redisContext;

struct hs_redis_url {
    char *host; /* NULL: `path` is the one */
    uint16_t port;
    char *path;                /* of a unix socket */
    char *username, *password; /* NULL: none */
    unsigned database;
};

/* redis://[user[:password]@]host[:port][/database], unix:///path[?db=database]; `username`
 * and `password` (NULL or empty: none) stand in when the URL has none. -EINVAL and words
 * without a secret; *ret_url is then empty. The caller frees with hs_redis_url_free(). */
HS_MUST_CHECK int hs_redis_url_parse(const char *text, const char *username, const char *password,
                                     struct hs_redis_url *ret_url);
void hs_redis_url_free(struct hs_redis_url *url);
/* Where it is, in words and without a secret: host:port, or the socket's path. */
#define HS_REDIS_PLACE_TEXT 288u
void hs_redis_url_place(const struct hs_redis_url *url, char ret_text[HS_REDIS_PLACE_TEXT]);

/* Begins to connect. A host's name is looked up here, and that may block. -errno and words. The
 * caller's; hiredis frees it by itself when it could not connect or was disconnected. */
HS_MUST_CHECK int hs_redis_connect(const struct hs_redis_url *url, struct event_base *base,
                                   struct redisAsyncContext **ret_link);
/* Sends AUTH and SELECT as the URL asks, whose replies go to `on_reply` (without private
 * data), and our name. */
void hs_redis_login(struct redisAsyncContext *link, const struct hs_redis_url *url,
                    void (*on_reply)(struct redisAsyncContext *, void *, void *));

/* For tools: connects and logs in, blocking, for at most `timeout_ms` each time it waits; so do
 * the questions put to it later. The caller's, who frees it with redisFree(). -ECONNREFUSED, -EIO,
 * -EACCES (the server refuses us), with the server's or the system's words. */
HS_MUST_CHECK int hs_redis_connect_now(const struct hs_redis_url *url, unsigned timeout_ms,
                                       struct redisContext **ret_link);

#endif
