/* Kafka read: reads a sink's cursor record back from the compacted topic, and makes the topic if
 * there is none. Everything here blocks, for about READ_MS: it is a job of the helper's thread, and
 * shares only the struct it is given with the sink. */
#ifndef HS_SINK_KAFKA_READ_H
#define HS_SINK_KAFKA_READ_H

#include "cursor.h"
#include "kind.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

struct hs_kafka_read {
    const struct hs_kafka_options *options;
    const char *key;   /* of the record: the transactional id */
    _Atomic bool stop; /* set from another thread: end soon */
    bool checked;      /* the topic's policy was asked for once */
    /* Results. */
    rd_kafka_resp_err_t error;        /* NO_ERROR: `found` and the rest hold */
    const struct hs_failure *failure; /* with an error: its row */
    char text[256];                   /* with an error: the message for the operator */
    bool found;
    size_t size;
    char value[HS_KAFKA_CURSOR_TEXT];
};

/* Reads everything that is committed and was written before the call; waits for open transactions
 * of other sinks in the topic. */
void hs_kafka_read(struct hs_kafka_read *read);

#endif
