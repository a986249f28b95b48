/* Kafka errors: the meaning of each error code for the message it ended. */
#ifndef HS_SINK_KAFKA_ERRORS_H
#define HS_SINK_KAFKA_ERRORS_H

#include "kind.h"

struct hs_kafka_error {
    int code; /* rd_kafka_resp_err_t */
    struct hs_failure failure;
    /* The broker judged a batch as a whole, so one message's fault is reported for all. They are
     * redelivered, one per batch, and judged separately. */
    bool of_batch;
};

/* Never NULL: a code that is not in the table has a row of its own, transient. */
const struct hs_kafka_error *hs_kafka_error(int code);
/* The table, for tests. */
const struct hs_kafka_error *hs_kafka_error_table(size_t *ret_count);

#endif
