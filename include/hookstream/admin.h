/* Admin: the operator's port: /metrics, /livez, /readyz with reasons, /api/status, and the control
 * pages below /api/ that its owner answers. Decides how pages are shown and who may see them; the
 * owner supplies the contents. A web page open in a browser on this machine gets nothing below
 * /api/: a POST with an Origin is refused, as is a Host that is not a loopback name if no token is
 * set. Threads: one of its own, which runs the owner's callbacks except `control`. That one has a
 * thread of its own, so that health checks are answered whatever an operator requests. */
#ifndef HOOKSTREAM_ADMIN_H
#define HOOKSTREAM_ADMIN_H

#include <hookstream/config.h>
#include <hookstream/metrics.h>

/* Size limit of a request's head; a token larger than half of it is refused. */
#define HS_ADMIN_HEADER_MAX (16u << 10)
#define HS_ADMIN_TOKEN_MAX (HS_ADMIN_HEADER_MAX / 2)

struct hs_admin_options {
    struct hs_address listen;
    const char *token; /* for /api; NULL: loopback only */
};
extern const struct hs_options hs_admin_option_table;

/* A request for a control page. */
struct hs_admin_request {
    bool post; /* otherwise GET */
    struct hs_slice path;
    struct hs_slice query; /* as sent, without the question mark */
};

struct hs_admin_source {
    void *context;
    struct hs_metrics *metrics;
    /* Whether events can be accepted; appends one line per reason. */
    bool (*ready)(void *context, struct hs_buffer *ret_reasons);
    /* Appends the status as one JSON object. */
    void (*status)(void *context, struct hs_buffer *ret_json);
    /* Called about once a second; may be NULL. */
    void (*each_second)(void *context);
    /* Answers the other pages below /api/, on a thread of its own, one request at a time. Returns
     * the HTTP status with JSON, or a status of 400 or above with a message. 405: the other method
     * is needed. */
    unsigned (*control)(void *context, const struct hs_admin_request *request,
                        struct hs_buffer *ret_json);
};

struct hs_admin;
/* Starts the port. -errno and a message. `source` is copied, `options` borrowed. */
HS_MUST_CHECK int hs_admin_start(const struct hs_admin_options *options,
                                 const struct hs_admin_source *source, struct hs_admin **ret_admin);
/* Stops the threads and frees everything. NULL is fine. */
void hs_admin_free(struct hs_admin *admin);
/* The port listened on, for `listen` with port 0. */
uint16_t hs_admin_port(const struct hs_admin *admin);

#endif
