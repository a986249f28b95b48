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
 * token if there is one. `page` is path and query. Gives up after `timeout_s` without a byte; a
 * process that does not answer /livez either is given up after HS_ADMIN_SILENT_S, if that is
 * sooner. 0 whatever the status; -errno and a message. */
#define HS_ADMIN_SILENT_S 5u
HS_MUST_CHECK int hs_admin_ask(const struct hs_admin_options *options, uint64_t timeout_s,
                               bool post, const char *page, struct hs_admin_reply *ret_reply);
/* Rows of --timeout, and its check: an exit status, HS_EXIT_GOOD if it may be. */
#define HS_ADMIN_TIMEOUT_S 60u
#define HS_ADMIN_TIMEOUT_MOST_S 3600u
int hs_admin_check_timeout(const struct hs_command *command, uint64_t timeout_s);
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
