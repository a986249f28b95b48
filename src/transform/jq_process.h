/* Jq process: one jq program in a process of its own, as seen from the thread that gives it events.
 * It is started when it is first needed, and again after it ended. Knows no tree and no option.
 * Threads: one of these belongs to one thread. */
#ifndef HS_TRANSFORM_JQ_PROCESS_H
#define HS_TRANSFORM_JQ_PROCESS_H

#include <hookstream/base.h>

struct hs_jq_limits {
    uint64_t time_ns;      /* CPU, of one event */
    uint64_t memory_bytes; /* beyond what the process has when it has read the program */
};

struct hs_jq_process;
/* `program` is copied. Starts nothing yet. */
struct hs_jq_process *hs_jq_process_create(struct hs_slice program,
                                           const struct hs_jq_limits *limits);
/* Ends it, whatever it does. NULL is fine. */
void hs_jq_process_free(struct hs_jq_process *process);

/* Whether jq reads the program: tried in a process that ends afterwards, and remembered for all
 * threads. -EINVAL: it does not, and the words are jq's; -EAGAIN: it could not be tried. */
HS_MUST_CHECK int hs_jq_process_check(struct hs_jq_process *process);

/* Gives it an event's JSON; *ret_json is its one result, borrowed until the next run. -EINVAL: the
 * program gave an error, or not one result; -ETIME, -ENOMEM, -EMSGSIZE: a bound was passed; -EIO:
 * the process ended by itself, or each one that was given it was ended from outside; -EAGAIN: none
 * could be started, which is no fault of the event. The words are about the program. */
HS_MUST_CHECK int hs_jq_process_run(struct hs_jq_process *process, struct hs_slice json,
                                    struct hs_slice *ret_json);

#endif
