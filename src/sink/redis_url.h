/* Redis URL: where a Redis is and who we are to it. */
#ifndef HS_SINK_REDIS_URL_H
#define HS_SINK_REDIS_URL_H

#include "kind.h"

struct hs_redis_url {
    char *host; /* NULL: `path` is the one */
    uint16_t port;
    char *path;                /* of a unix socket */
    char *username, *password; /* NULL: none */
    unsigned database;
};

/* redis://[user[:password]@]host[:port][/database], unix:///path[?db=database]; the options
 * username and password stand in when the URL has none. -EINVAL and words without a secret;
 * *ret_url is then empty. The caller frees with hs_redis_url_free(). */
HS_MUST_CHECK int hs_redis_url_parse(const struct hs_sink_options *options,
                                     struct hs_redis_url *ret_url);
void hs_redis_url_free(struct hs_redis_url *url);

#endif
