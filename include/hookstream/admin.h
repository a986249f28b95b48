/* Admin: the operator's port: /metrics, /livez, /readyz with reasons, /api/status, and the
 * control pages below /api/ that its owner answers. Knows how to show, and who may see; what
 * is shown it asks of its owner. A web page that some browser on this machine has open gets
 * nothing below /api/: a POST with an Origin is refused, and without the token a Host that is no
 * name of loopback.
 * Threads: one of its own, which runs the owner's callbacks except `control`. That one has a thread
 * of its own, so that health is answered whatever an operator asks for. */
#ifndef HOOKSTREAM_ADMIN_H
#define HOOKSTREAM_ADMIN_H

#include <hookstream/config.h>
#include <hookstream/metrics.h>

/* Bytes of the head of a request; a token that has more than half of them is refused. */
#define HS_ADMIN_HEADER_MAX (16u << 10)
#define HS_ADMIN_TOKEN_MAX (HS_ADMIN_HEADER_MAX / 2)

struct hs_admin_options {
    struct hs_address listen;
    const char *token; /* for /api; NULL: loopback only */
};
extern const struct hs_options hs_admin_option_table;

/* A request for a control page. */
struct hs_admin_request {
    bool post; /* else GET */
    struct hs_slice path;
    struct hs_slice query; /* as sent, without the question mark */
};

struct hs_admin_source {
    void *context;
    struct hs_metrics *metrics;
    /* Whether events can be accepted; appends a reason a line. */
    bool (*ready)(void *context, struct hs_buffer *ret_reasons);
    /* Appends the status as one JSON object. */
    void (*status)(void *context, struct hs_buffer *ret_json);
    /* About once a second; NULL is fine. */
    void (*each_second)(void *context);
    /* On a thread of its own, one request at a time: answers the other pages below /api/ with the
     * HTTP status and JSON, or a status of 400 or above and a message. 405: the other method. */
    unsigned (*control)(void *context, const struct hs_admin_request *request,
                        struct hs_buffer *ret_json);
};

struct hs_admin;
/* -errno and words. `source` is copied, `options` borrowed. */
HS_MUST_CHECK int hs_admin_start(const struct hs_admin_options *options,
                                 const struct hs_admin_source *source, struct hs_admin **ret_admin);
/* Stops its thread and frees. NULL is fine. */
void hs_admin_free(struct hs_admin *admin);
uint16_t hs_admin_port(const struct hs_admin *admin);

#endif
