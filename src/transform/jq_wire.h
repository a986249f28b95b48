/* Jq wire: what hookstream and a jq process say to each other over a socketpair. Both are the same
 * program on the same machine, so a frame is a struct and the bytes that it counts. */
#ifndef HS_TRANSFORM_JQ_WIRE_H
#define HS_TRANSFORM_JQ_WIRE_H

#include <hookstream/base.h>

/* The descriptor that the process finds its end of the socketpair at. */
#define HS_JQ_SOCKET 0

/* The first frame, followed by the program; answered by HS_JQ_COMPILED or an error. */
struct hs_jq_setup {
    uint64_t compile_ns;   /* CPU that reading the program may take */
    uint64_t run_ns;       /* and each run of it */
    uint64_t memory_bytes; /* beyond what the process has when it begins, and when it has read it */
    uint64_t result_bytes; /* of a result, at most */
    uint32_t program_bytes; /* that follow */
};

/* Then one after another, each followed by so many bytes of JSON. */
struct hs_jq_request {
    uint32_t json_bytes;
};

enum hs_jq_status {
    HS_JQ_COMPILED,
    HS_JQ_RESULT,  /* its JSON follows */
    HS_JQ_ERROR,   /* words follow */
    HS_JQ_NOTHING, /* the program gave no result */
    HS_JQ_SEVERAL, /* or more than one */
    HS_JQ_HALTED,
    HS_JQ_MEMORY, /* there was none left: the process ends */
    HS_JQ_LARGE,  /* the result passes result_bytes */
    HS_JQ_STATUSES
};

struct hs_jq_reply {
    uint32_t status; /* enum hs_jq_status */
    uint32_t bytes;  /* that follow */
};

/* What a jq process does until its socket closes; its exit status. */
int hs_jq_serve(void);

#endif
