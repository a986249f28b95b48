/* Admin client: what commands ask of a running hookstream over its admin port. Threads: the
 * main one; every call blocks. */
#ifndef HS_CLI_ADMIN_CLIENT_H
#define HS_CLI_ADMIN_CLIENT_H

#include "command.h"

#include <hookstream/admin.h>
#include <hookstream/buffer.h>

struct hs_admin_reply {
    unsigned status;         /* of HTTP */
    struct hs_buffer answer; /* as received */
    struct hs_slice body;    /* in it */
};

/* Asks the port that the options name, on this machine when they say any address; with the
 * token if there is one. `page` is path and query. 0 whatever the status; -errno and words. */
HS_MUST_CHECK int hs_admin_ask(const struct hs_admin_options *options, bool post, const char *page,
                               struct hs_admin_reply *ret_reply);
void hs_admin_reply_free(struct hs_admin_reply *reply);
/* Says on stderr what the port refused, out of its problem body. Gives HS_EXIT_USAGE for what
 * was asked wrongly, else HS_EXIT_BAD. */
int hs_admin_refused(const struct hs_command *command, const struct hs_admin_reply *reply);

/* Appends "?name=value" or "&name=value", escaped; nothing when `value` is NULL. */
void hs_query_add(struct hs_buffer *page, const char *name, const char *value);
void hs_query_add_count(struct hs_buffer *page, const char *name, uint64_t value);
/* The page as a text. */
const char *hs_query_text(struct hs_buffer *page);

#endif
