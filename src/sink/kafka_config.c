/* Kafka configuration: ours, what the user may change, and what delivery rests on. */
#include "kafka.h"

#include <stdio.h>

/* The promise rests on these; a configuration cannot change them. */
static const struct fixed {
    const char *name, *value, *why;
} fixed[] = {
    {"enable.idempotence", "true", "retries must not write an event twice or out of order"},
    {"acks", "all", "an event counts as delivered when every in-sync replica has it"},
    {"request.required.acks", "-1",
     "an event counts as delivered when every in-sync replica has it"},
    {"message.timeout.ms", "0", "the journal waits for as long as the broker is away"},
    {"delivery.timeout.ms", NULL, "the journal waits for as long as the broker is away"},
    {"bootstrap.servers", NULL, "use `brokers`"},
    {"metadata.broker.list", NULL, "use `brokers`"},
    {"transactional.id", NULL, "it is not used"},
    {"enable.gapless.guarantee", NULL, "it turns passing trouble into fatal errors"},
};

/* Good for many small events; a configuration may change them. The bounds keep what waits in
 * librdkafka small, since the journal holds the rest; lingering for a few ms makes fewer and
 * larger requests, which is where the CPU goes. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"client.id", "hookstream"},
    {"partitioner", "murmur2_random"},
    {"compression.type", "lz4"},
    {"linger.ms", "10"},
    {"queue.buffering.max.messages", "20000"},
    {"queue.buffering.max.kbytes", "12288"},
    {"topic.metadata.propagation.max.ms", "5000"},
    {"reconnect.backoff.max.ms", "5000"},
    {"socket.keepalive.enable", "true"},
    {"statistics.interval.ms", "1000"}, /* tells whether a broker is in touch */
    {"log.connection.close", "false"},
};

static int set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return 0;
    return hs_fail(-EINVAL, "%s", why);
}

static const struct fixed *find_fixed(const char *name)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(fixed); i++)
        if (strcmp(fixed[i].name, name) == 0)
            return &fixed[i];
    return NULL;
}

static int set_property(rd_kafka_conf_t *conf, const struct hs_pair *pair)
{
    const struct fixed *row = find_fixed(pair->name);
    if (row != NULL)
        return hs_fail(-EINVAL, "the property `%s` cannot be set: %s", row->name, row->why);
    if (set(conf, pair->name, pair->value) == 0)
        return 0;
    /* librdkafka's words may quote the value, which may be a password. */
    char why[512];
    rd_kafka_conf_t *probe = rd_kafka_conf_new();
    rd_kafka_conf_res_t known = rd_kafka_conf_set(probe, pair->name, NULL, why, sizeof(why));
    rd_kafka_conf_destroy(probe);
    if (known == RD_KAFKA_CONF_UNKNOWN)
        return hs_fail(-EINVAL, "librdkafka knows no property `%s`", pair->name);
    return hs_fail(-EINVAL, "librdkafka does not take this value for the property `%s`",
                   pair->name);
}

static int set_properties(rd_kafka_conf_t *conf, const struct hs_sink_options *options,
                          struct hs_config *config)
{
    for (size_t i = 0; i < options->properties.count; i++) {
        const struct hs_pair *pair = &options->properties.items[i];
        if (set_property(conf, pair) == 0)
            continue;
        if (config == NULL)
            return -EINVAL;
        hs_config_error(config, pair->name_node, "%s", hs_error_text());
    }
    return 0;
}

static int set_brokers(rd_kafka_conf_t *conf, const struct hs_sink_options *options)
{
    struct hs_buffer list;
    hs_buffer_init(&list, 1u << 16);
    for (size_t i = 0; i < options->brokers.count; i++)
        hs_buffer_printf(&list, "%s%s", i > 0 ? "," : "", options->brokers.items[i]);
    hs_buffer_append_byte(&list, '\0');
    int code = hs_buffer_status(&list) < 0 ? hs_fail(-EINVAL, "the list of brokers is too long")
                                           : set(conf, "bootstrap.servers", list.data);
    hs_buffer_free(&list);
    return code;
}

int hs_kafka_configure(const struct hs_sink_options *options, struct hs_config *config,
                       rd_kafka_conf_t **ret_conf)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int code = set_brokers(conf, options);
    for (size_t i = 0; code == 0 && i < HS_ARRAY_SIZE(defaults); i++)
        /* A library built without lz4 sends uncompressed. */
        if (set(conf, defaults[i].name, defaults[i].value) < 0 &&
            strcmp(defaults[i].name, "compression.type") != 0)
            code = -EINVAL;
    if (code == 0)
        code = set_properties(conf, options, config);
    for (size_t i = 0; code == 0 && i < HS_ARRAY_SIZE(fixed); i++)
        if (fixed[i].value != NULL)
            code = set(conf, fixed[i].name, fixed[i].value);
    if (code < 0) {
        rd_kafka_conf_destroy(conf);
        return code;
    }
    *ret_conf = conf;
    return 0;
}
