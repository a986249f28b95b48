/* Kafka, inside: the classes of its errors and how a client is configured. */
#ifndef HS_SINK_KAFKA_H
#define HS_SINK_KAFKA_H

#include "kinds.h"

#include <librdkafka/rdkafka.h>

const struct hs_error_class *hs_kafka_classify(rd_kafka_resp_err_t code);

/* A client configuration with our settings and the user's properties. Without `config` a
 * wrong property is an error with words; with it, a finding at its place and the next one is
 * tried. The caller frees, or gives it to rd_kafka_new(). */
HS_MUST_CHECK int hs_kafka_configure(const struct hs_sink_options *options,
                                     struct hs_config *config, rd_kafka_conf_t **ret_conf);

#endif
