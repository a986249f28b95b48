/* Kafka configuration: from a sink's options to librdkafka's. */
#ifndef HS_SINK_KAFKA_CONFIG_H
#define HS_SINK_KAFKA_CONFIG_H

#include "kind.h"

#include <librdkafka/rdkafka.h>

/* The properties as a new producer needs them; the caller frees it, or gives it to
 * rd_kafka_new(). `alone`: one message a batch. -EINVAL and words. */
HS_MUST_CHECK int hs_kafka_config_make(const struct hs_sink_options *options, bool alone,
                                       rd_kafka_conf_t **ret_conf);

#endif
