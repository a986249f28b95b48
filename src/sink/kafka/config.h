/* Kafka configuration: from a sink's options to librdkafka's. */
#ifndef HS_SINK_KAFKA_CONFIG_H
#define HS_SINK_KAFKA_CONFIG_H

#include "kind.h"
#include "options.h"

#include <librdkafka/rdkafka.h>

#define HS_KAFKA_MESSAGE_BYTES 1048588u /* message.max.bytes, unless `properties` has another */

/* The properties as a new producer needs them; the caller frees it, or gives it to
 * rd_kafka_new(). `alone`: one message a batch. `transactional_id`: NULL without transactions.
 * -EINVAL and words. */
HS_MUST_CHECK int hs_kafka_config_make(const struct hs_kafka_options *options, bool alone,
                                       const char *transactional_id, rd_kafka_conf_t **ret_conf);
/* The same for a consumer that reads a cursor back: only what is committed. */
HS_MUST_CHECK int hs_kafka_config_reader(const struct hs_kafka_options *options,
                                         rd_kafka_conf_t **ret_conf);
void hs_kafka_check(struct hs_config *config, const struct hs_sink_options *sink);
void hs_kafka_check_client(struct hs_config *config, const char *name,
                           const struct hs_sink_options *sink);
/* The brokers as they stand in the options, with commas; "..." in place of what is too much. */
#define HS_KAFKA_BROKERS_TEXT 128u
void hs_kafka_config_brokers(const struct hs_kafka_options *options,
                             char ret_text[HS_KAFKA_BROKERS_TEXT]);

/* Appends to a message of librdkafka's which files its properties name and this process cannot
 * read, each with its path and the reason. */
void hs_kafka_config_name_files(const struct hs_kafka_options *options, char *text, size_t size);

#endif
