/* Admin client: requests of commands to a running hookstream over its admin port. Threads: the main
 * one; every call blocks. */
#ifndef HS_CLI_ADMIN_CLIENT_H
#define HS_CLI_ADMIN_CLIENT_H

#include "command.h"

#include <hookstream/admin.h>
#include <hookstream/buffer.h>

struct hs_admin_reply {
    unsigned status;         /* of the HTTP response */
    struct hs_buffer answer; /* as received */
    struct hs_slice body;    /* a part of `answer` */
};

/* Sends a request to the port in the options, on this machine if they name any address, with the
 * token if there is one. `page` is path and query. Gives up after `timeout_s` without a byte;
 * earlier, after HS_ADMIN_SILENT_S, if the process does not answer /livez either. 0 whatever the
 * status; -errno and a message. */
#define HS_ADMIN_SILENT_S 5u
HS_MUST_CHECK int hs_admin_ask(const struct hs_admin_options *options, uint64_t timeout_s,
                               bool post, const char *page, struct hs_admin_reply *ret_reply);
/* The option row of --timeout, and its check: returns an exit status, HS_EXIT_GOOD if valid. */
#define HS_ADMIN_TIMEOUT_S 60u
#define HS_ADMIN_TIMEOUT_MOST_S 3600u
int hs_admin_check_timeout(const struct hs_command *command, uint64_t timeout_s);
void hs_admin_reply_free(struct hs_admin_reply *reply);
/* Prints to stderr what the port refused, from its problem body. Returns HS_EXIT_USAGE for an
 * invalid request, otherwise HS_EXIT_BAD. */
int hs_admin_refused(const struct hs_command *command, const struct hs_admin_reply *reply);

/* Appends "?name=value" or "&name=value", escaped; nothing if `value` is NULL. */
void hs_query_add(struct hs_buffer *page, const char *name, const char *value);
void hs_query_add_count(struct hs_buffer *page, const char *name, uint64_t value);
/* The page as a text. */
const char *hs_query_text(struct hs_buffer *page);

#endif
