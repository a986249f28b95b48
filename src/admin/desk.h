/* Desk: answers what is asked below /api/ on a thread of its own, one request after the other, so
 * that a long list or a retry that waits for the disk does not hold up /livez, /readyz and
 * /metrics. At most HS_DESK_JOBS_MAX requests wait; further ones are refused. Threads: everything
 * but the answering itself is called on the admin's. */
#ifndef HS_ADMIN_DESK_H
#define HS_ADMIN_DESK_H

#include <hookstream/admin.h>
#include <hookstream/http.h>

struct event_base;

#define HS_DESK_JOBS_MAX 32u
#define HS_DESK_ANSWER_MAX (16u << 20) /* bytes of one answer */

/* Gives the answer, on the admin's thread. */
typedef void hs_desk_answer_fn(struct hs_http_exchange *exchange, bool post, unsigned status,
                               struct hs_buffer *json);

struct hs_desk;
/* `source` is borrowed. -errno and a message. */
HS_MUST_CHECK int hs_desk_create(struct event_base *base, const struct hs_admin_source *source,
                                 hs_desk_answer_fn *answer, struct hs_desk **ret_desk);
/* Waits for the request in work; those that wait are dropped. No loop may run any more, and no
 * exchange be in work. NULL is fine. */
void hs_desk_free(struct hs_desk *desk);
/* Takes the request; the exchange's owner data is the desk's from now on. false: too many wait. */
HS_MUST_CHECK bool hs_desk_take(struct hs_desk *desk, struct hs_http_exchange *exchange);
/* The client of an exchange went away. One that the desk does not have is fine. */
void hs_desk_forget(struct hs_http_exchange *exchange);

#endif
