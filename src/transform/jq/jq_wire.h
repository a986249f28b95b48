/* Jq wire: the messages between hookstream and a jq process over a socketpair. Both are the same
 * program on the same machine, so a frame is a struct followed by the bytes that it counts. */
#ifndef HS_TRANSFORM_JQ_WIRE_H
#define HS_TRANSFORM_JQ_WIRE_H

#include <hookstream/base.h>

/* The descriptor of the process's end of the socketpair. */
#define HS_JQ_SOCKET 0

/* The first frame, followed by the program; answered by HS_JQ_COMPILED or an error. */
struct hs_jq_setup {
    uint64_t compile_ns;    /* CPU limit for reading the program */
    uint64_t compile_bytes; /* memory limit for that */
    uint64_t run_ns;        /* CPU limit for each run */
    uint64_t memory_bytes;  /* memory limit beyond what the process uses after reading it */
    uint64_t result_bytes;  /* size limit of a result */
    uint32_t program_bytes; /* that follow */
};

/* Then one after another, each followed by this many bytes of JSON. */
struct hs_jq_request {
    uint32_t json_bytes;
};

enum hs_jq_status {
    HS_JQ_COMPILED,
    HS_JQ_RESULT,  /* its JSON follows */
    HS_JQ_ERROR,   /* a message follows */
    HS_JQ_NOTHING, /* the program gave no result */
    HS_JQ_SEVERAL, /* or more than one */
    HS_JQ_HALTED,
    HS_JQ_MEMORY, /* memory is exhausted: the process ends */
    HS_JQ_LARGE,  /* the result exceeds result_bytes */
    HS_JQ_STATUSES
};

struct hs_jq_reply {
    uint32_t status; /* enum hs_jq_status */
    uint32_t bytes;  /* that follow */
};

/* The main loop of a jq process until its socket closes; returns its exit status. */
int hs_jq_serve(void);

#endif
