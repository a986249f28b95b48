/* Jq process: one jq program in a process of its own, as seen from the thread that sends it events.
 * Started on first use, and again after it ended. Knows nothing of trees and options. Threads:
 * belongs to one thread. */
#ifndef HS_TRANSFORM_JQ_PROCESS_H
#define HS_TRANSFORM_JQ_PROCESS_H

#include <hookstream/base.h>

struct hs_jq_limits {
    uint64_t time_ns;      /* CPU time per event */
    uint64_t memory_bytes; /* beyond what the process uses after reading the program */
};

struct hs_jq_process;
/* Creates the handle and copies `program`. Starts nothing yet. */
struct hs_jq_process *hs_jq_process_create(struct hs_slice program,
                                           const struct hs_jq_limits *limits);
/* Ends the process, whatever it does. NULL is fine. */
void hs_jq_process_free(struct hs_jq_process *process);

/* Whether jq can read the program: tries it in a process that ends afterwards, and caches success
 * for all threads. -EINVAL: it cannot, with jq's message; -EAGAIN: it could not be tried. */
HS_MUST_CHECK int hs_jq_process_check(struct hs_jq_process *process);

/* Sends an event's JSON; *ret_json is the single result, borrowed until the next run. -EINVAL: the
 * program raised an error, or did not produce exactly one result; -ETIME, -ENOMEM, -EMSGSIZE: a
 * limit was exceeded; -EIO: the process ended by itself, or each one that got the event was ended
 * from outside; -EAGAIN: none could be started, which is not the event's fault. Messages refer to
 * the program. */
HS_MUST_CHECK int hs_jq_process_run(struct hs_jq_process *process, struct hs_slice json,
                                    struct hs_slice *ret_json);

#endif
