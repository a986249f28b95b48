/* Redis, inside: the classes of error replies, the URL, and the making of commands. */
#ifndef HS_SINK_REDIS_H
#define HS_SINK_REDIS_H

#include "kinds.h"

#include <hookstream/buffer.h>
#include <hookstream/json.h>

const struct hs_error_class *hs_redis_classify(struct hs_slice reply);

struct hs_redis_url {
    char *host, *socket; /* one of them */
    uint16_t port;
    char *username, *password; /* or NULL */
    unsigned database;
};
/* redis://[user[:password]@]host[:port][/database] or unix:///path. Words never hold the URL,
 * which may have a password in it. The caller frees with hs_redis_url_free(). */
HS_MUST_CHECK int hs_redis_url_parse(struct hs_slice text, struct hs_redis_url *ret_url);
void hs_redis_url_free(struct hs_redis_url *url);

/* RESP: an array of `count` bulk strings, one after the other. */
void hs_resp_array(struct hs_buffer *out, size_t count);
void hs_resp_bulk(struct hs_buffer *out, struct hs_slice text);
/* XADD for a message. `tree` is for flat fields. -EINVAL: the body has no members to make
 * fields of. */
HS_MUST_CHECK int hs_resp_xadd(struct hs_buffer *out, const struct hs_message *message,
                               struct hs_json_tree *tree);

#endif
