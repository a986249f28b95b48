/* Kafka configuration: converts a sink's options to librdkafka's. */
#ifndef HS_SINK_KAFKA_CONFIG_H
#define HS_SINK_KAFKA_CONFIG_H

#include "kind.h"
#include "options.h"

#include <librdkafka/rdkafka.h>

#define HS_KAFKA_MESSAGE_BYTES 1048588u /* message.max.bytes, unless `properties` sets another */

/* The properties for a new producer; the caller frees them, or gives them to rd_kafka_new().
 * `alone`: one message per batch. `transactional_id`: NULL without transactions. -EINVAL and a
 * message. */
HS_MUST_CHECK int hs_kafka_config_make(const struct hs_kafka_options *options, bool alone,
                                       const char *transactional_id, rd_kafka_conf_t **ret_conf);
/* The same for a consumer that reads a cursor back, and reads only committed records. */
HS_MUST_CHECK int hs_kafka_config_reader(const struct hs_kafka_options *options,
                                         rd_kafka_conf_t **ret_conf);
void hs_kafka_check(struct hs_config *config, const struct hs_sink_options *sink);
void hs_kafka_check_client(struct hs_config *config, const char *name,
                           const struct hs_sink_options *sink);
/* The brokers as in the options, with commas; "..." replaces what is too long. */
#define HS_KAFKA_BROKERS_TEXT 128u
void hs_kafka_config_brokers(const struct hs_kafka_options *options,
                             char ret_text[HS_KAFKA_BROKERS_TEXT]);

/* Appends to a message of librdkafka's the files, named by its properties, that this process cannot
 * read, each with its path and the reason. */
void hs_kafka_config_name_files(const struct hs_kafka_options *options, char *text, size_t size);

#endif
