/* Redis errors: the meaning of the first word of an error reply. */
#ifndef HS_SINK_REDIS_ERRORS_H
#define HS_SINK_REDIS_ERRORS_H

#include "kind.h"

struct hs_redis_error {
    const char *prefix; /* the reply's first word */
    struct hs_failure failure;
    bool leave; /* this server cannot help: reconnect, perhaps to another */
};

/* By the reply's text, without its "-". Never NULL. An EXECABORT that names its cause counts
 * as the cause. */
const struct hs_redis_error *hs_redis_error(struct hs_slice text);
/* The table, for tests. */
const struct hs_redis_error *hs_redis_error_table(size_t *ret_count);

#endif
