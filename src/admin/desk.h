/* Desk: answers requests below /api/ on a thread of its own, one after the other. A long list, or a
 * retry that waits for the disk, therefore does not delay /livez, /readyz and /metrics. At most
 * HS_DESK_JOBS_MAX requests wait; further ones are refused. Threads: everything but the answering
 * is called on the admin thread. */
#ifndef HS_ADMIN_DESK_H
#define HS_ADMIN_DESK_H

#include <hookstream/limits.h>
#include <hookstream/admin.h>
#include <hookstream/http.h>

struct event_base;

/* Delivers the answer, on the admin thread. */
typedef void hs_desk_answer_fn(struct hs_http_exchange *exchange, bool post, unsigned status,
                               struct hs_buffer *json);

struct hs_desk;
/* Creates the desk and its thread. `source` is borrowed. -errno and a message. */
HS_MUST_CHECK int hs_desk_create(struct event_base *base, const struct hs_admin_source *source,
                                 hs_desk_answer_fn *answer, struct hs_desk **ret_desk);
/* Waits for the current request and drops waiting ones. No loop may run any more, and no exchange
 * may be in progress. NULL is fine. */
void hs_desk_free(struct hs_desk *desk);
/* Queues the request and takes over the exchange's owner data. Returns false if too many are
 * waiting. */
HS_MUST_CHECK bool hs_desk_take(struct hs_desk *desk, struct hs_http_exchange *exchange);
/* The client of an exchange disconnected. An exchange unknown to the desk is fine. */
void hs_desk_forget(struct hs_http_exchange *exchange);

#endif
