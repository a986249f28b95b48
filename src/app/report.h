/* Report: the process's account of itself: the reasons of /readyz, and /api/status. Threads: called
 * on the admin thread. */
#ifndef HS_APP_REPORT_H
#define HS_APP_REPORT_H

#include "control.h"

#include <pthread.h>
#include <stdatomic.h>

struct hs_app {
    struct hs_config *config;
    const struct hs_settings *settings;
    struct hs_metrics *metrics;
    struct hs_journal *journal;
    struct hs_dedupe *dedupe;
    struct hs_dedupe_shared *shared; /* NULL with dedupe: {store: local} */
    struct hs_dead_letters *letters;
    struct hs_delivery *delivery;
    struct hs_ingress *ingress;
    struct hs_control control;
    struct hs_admin *admin;
    struct hs_counter *log_dropped;
    uint64_t started_wall_ns;
    _Atomic bool was_ready; /* at the last check */
    _Atomic bool accepting; /* between the start of the ingress and the stop */
};

/* file_limit.c, before anything is open. -EMFILE with a message: the limit of open files does not
 * even allow a start. */
HS_MUST_CHECK int hs_app_check_descriptors(const struct hs_settings *settings);
/* file_limit.c: how many connections the limit of open files leaves room for, when everything
 * but the ingress is open. Logs the numbers. -EMFILE with a message: not even for the rest. */
HS_MUST_CHECK int hs_app_share_descriptors(struct hs_app *app, uint64_t *ret_connections);

/* Logs when events are no longer accepted, and when they are accepted again. */
void hs_report_changes(void *context);
bool hs_report_ready(void *context, struct hs_buffer *ret_reasons);
void hs_report_status(void *context, struct hs_buffer *ret_json);

#endif
