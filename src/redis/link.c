/* Link: a connection to a Redis, from its creation to its login. */
#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hiredis/adapters/libevent.h>
#include <hookstream/redis.h>
#include <stdio.h>

int hs_redis_connect(const struct hs_redis_url *url, struct event_base *base,
                     struct redisAsyncContext **ret_link)
{
    redisAsyncContext *link = url->path != NULL ? redisAsyncConnectUnix(url->path)
                                                : redisAsyncConnect(url->host, url->port);
    if (link == NULL)
        return hs_fail(-ENOMEM, "no memory for a connection");
    int code = 0;
    if (link->err != 0)
        code = hs_fail(-ECONNREFUSED, "%s", link->errstr != NULL ? link->errstr : "");
    else if (redisLibeventAttach(link, base) != REDIS_OK)
        code = hs_fail(-ENOMEM, "no memory for a connection");
    if (code < 0) {
        redisAsyncFree(link);
        return code;
    }
    if (url->path == NULL)
        HS_IGNORE(redisEnableKeepAlive(&link->c)); /* not essential */
    *ret_link = link;
    return 0;
}

static void ignore_reply(redisAsyncContext *link, void *reply, void *context)
{
    (void)link, (void)reply, (void)context; /* an older server or an ACL may refuse a name */
}

/* Only a link that is ending refuses a command, and its end is reported anyway. */
static void send_words(redisAsyncContext *link, redisCallbackFn *on_reply, const char **words,
                       int count)
{
    HS_IGNORE(redisAsyncCommandArgv(link, on_reply, NULL, count, words, NULL));
}

void hs_redis_login(struct redisAsyncContext *link, const struct hs_redis_url *url,
                    redisCallbackFn *on_reply)
{
    const char *auth[3] = {"AUTH"};
    int count = 1;
    if (url->username != NULL)
        auth[count++] = url->username;
    if (url->password != NULL) {
        auth[count++] = url->password;
        send_words(link, on_reply, auth, count);
    }
    if (url->database > 0) {
        char number[16];
        snprintf(number, sizeof(number), "%u", url->database);
        send_words(link, on_reply, (const char *[]){"SELECT", number}, 2);
    }
    send_words(link, ignore_reply, (const char *[]){"CLIENT", "SETNAME", "hookstream"}, 3);
}
