/* Now: a connection that blocks, for tools. */
#include <hiredis/hiredis.h>
#include <hookstream/clock.h>
#include <hookstream/redis.h>
#include <stdio.h>

/* -errno and a message, prefixed with `place` except for the server's own message. */
static int say(struct redisContext *link, const char *place, int count, const char **words)
{
    redisReply *reply = redisCommandArgv(link, count, words, NULL);
    if (reply == NULL)
        return hs_fail(-EIO, "%s: no answer: %s", place, link->errstr);
    int code = 0;
    if (reply->type == REDIS_REPLY_ERROR)
        code = hs_fail(-EACCES, "%s", reply->str);
    freeReplyObject(reply);
    return code;
}

static int log_in(struct redisContext *link, const char *place, const struct hs_redis_url *url)
{
    const char *auth[3] = {"AUTH"};
    int count = 1;
    if (url->username != NULL)
        auth[count++] = url->username;
    if (url->password != NULL)
        auth[count++] = url->password;
    int code = url->password != NULL ? say(link, place, count, auth) : 0;
    if (code < 0 || url->database == 0)
        return code;
    char number[16];
    snprintf(number, sizeof(number), "%u", url->database);
    return say(link, place, 2, (const char *[]){"SELECT", number});
}

int hs_redis_connect_now(const struct hs_redis_url *url, unsigned timeout_ms,
                         struct redisContext **ret_link)
{
    struct timeval time = hs_clock_timeval(timeout_ms * HS_NS_PER_MS);
    redisContext *link = url->path != NULL ? redisConnectUnixWithTimeout(url->path, time)
                                           : redisConnectWithTimeout(url->host, url->port, time);
    char place[HS_REDIS_PLACE_TEXT];
    int code = 0;
    if (link == NULL)
        return hs_fail(-ENOMEM, "no memory for a connection");
    hs_redis_url_place(url, place);
    if (link->err != 0)
        code = hs_fail(-ECONNREFUSED, "%s: %s", place, link->errstr);
    else if (redisSetTimeout(link, time) != REDIS_OK)
        code = hs_fail(-EINVAL, "%s: %s", place, link->errstr);
    if (code == 0)
        code = log_in(link, place, url);
    if (code < 0) {
        redisFree(link);
        return code;
    }
    *ret_link = link;
    return 0;
}
