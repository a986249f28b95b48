/* Kafka configuration: the settings of every producer, those that users may add, and those that
 * they may not, with the reason. Builds a rd_kafka_conf_t; connects to nothing. */
#include "config.h"
#include "kafka.h"

#include <hookstream/config.h>
#include <stdio.h>
#include <unistd.h>

#define ERROR_TEXT_MAX 512u
#define FINDING_TEXT_MAX 1024u
#define BROKER_PORT 9092u /* librdkafka's, for a broker without one */
#define PROPERTY_NAMES_MAX 512u
#define PROPERTIES_PAGE "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md"

/* The guarantees depend on `fixed`: set last, and refused as `properties`. The figures behind the
 * sizes and times are in docs/internals/kafka-sink.md. */
static const struct preset {
    const char *name, *value;
} fixed[] =
    {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"log.queue", "true"}, /* logs come to our thread as events */
        {"statistics.interval.ms", "0"},
},
  /* Never expires: the journal holds waiting events. A transaction has its own timeout, and
   * librdkafka gives its messages as long (transaction.timeout.ms). */
    endless[] = {{"message.timeout.ms", "0"}},
  reader[] =
      {
          {"isolation.level", "read_committed"}, {"enable.partition.eof", "true"},
          {"auto.offset.reset", "earliest"},     {"fetch.wait.max.ms", "20"},
          {"allow.auto.create.topics", "false"},
},
  presets[] = {
      {"client.id", "hookstream"},
      {"linger.ms", "10"},
      {"compression.type", "lz4"},
      {"partitioner", "murmur2_random"}, /* like the Java client: same key, same partition */
      {"topic.metadata.propagation.max.ms", "5000"},
      {"queue.buffering.max.messages", "5000"},
      {"queue.buffering.max.kbytes", "8192"},
      {"batch.num.messages", "500"}, /* a full one is sent at once, without linger.ms */
      /* A broker's default (1 MiB plus the batch header), so that nothing it would accept is
       * refused here. */
      {"message.max.bytes", "1048588"},
      {"socket.keepalive.enable", "true"},
      {"log.connection.close", "false"},
      {"reconnect.backoff.max.ms", "5000"},
};

/* Refused, aliases too. */
static const struct refusal {
    const char *name, *why;
} refused[] = {
    {"bootstrap.servers", "the brokers stand under `brokers`"},
    {"metadata.broker.list", "the brokers stand under `brokers`"},
    {"enable.idempotence",
     "it is always true: without it a retry can write twice and out of order"},
    {"acks", "it is always `all`: an event counts as delivered when every replica in sync has it"},
    {"request.required.acks",
     "acks are always `all`: an event counts as delivered when every replica in sync has it"},
    {"message.timeout.ms", "it is always 0: an event is not given up, the journal holds it"},
    {"delivery.timeout.ms", "it is always 0: an event is not given up, the journal holds it"},
    {"retries", "they are endless: an event is not given up, the journal holds it"},
    {"message.send.max.retries",
     "they are endless: an event is not given up, the journal holds it"},
    {"enable.gapless.guarantee", "one event that is refused for good would stop all others"},
    {"queuing.strategy", "it is always fifo: events stay in order"},
    {"transactional.id", "with `exactly_once: true` it stands under `transactional_id`"},
    {"isolation.level", "what is read back is always what was committed"},
    {"delivery.report.only.error", "each event's delivery has to be reported"},
    {"statistics.interval.ms", "hookstream has metrics of its own"},
    {"log.queue", "the logs go into hookstream's"},
    {"log_level", "it is hookstream's log that has a level"},
};

static const char *refusal_of(const char *name)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(refused); i++)
        if (strcmp(refused[i].name, name) == 0)
            return refused[i].why;
    return NULL;
}

/* ---- The nearest name ---- */

/* The names in librdkafka's table of properties, one per line: "name | C/P | range ...". Cuts the
 * text; the names live as long as it. */
static size_t read_names(char *text, const char **ret_names)
{
    size_t count = 0;
    for (char *line = text; line != NULL && *line != '\0' && count < PROPERTY_NAMES_MAX;) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        size_t size = strcspn(line, " |");
        if (size > 0 && line[size] == ' ') {
            line[size] = '\0';
            ret_names[count++] = line;
        }
        line = next;
    }
    return count;
}

static void unknown_property(const char *name, char *ret_text, size_t size)
{
    HS_AUTO_FREE char *table = NULL;
    size_t table_size = 0, count = 0;
    const char *names[PROPERTY_NAMES_MAX];
    FILE *file = open_memstream(&table, &table_size);
    if (file != NULL) {
        rd_kafka_conf_properties_show(file); /* including those without a value until one is set */
        if (fclose(file) == 0)
            count = read_names(table, names);
    }
    const char *near = hs_nearest_name(hs_slice_text(name), names, count);
    if (near != NULL)
        snprintf(ret_text, size, "unknown property `%s`, did you mean `%s`?", name, near);
    else
        snprintf(ret_text, size, "unknown property `%s`: those there are stand in %s", name,
                 PROPERTIES_PAGE);
}

/* ---- Setting ---- */

/* Sets one of the user's; false with a message. */
static bool set_property(rd_kafka_conf_t *conf, const struct hs_pair *pair, char *ret_text,
                         size_t size)
{
    const char *why = refusal_of(pair->name);
    if (why != NULL) {
        snprintf(ret_text, size, "the property `%s` is not for you to set: %s", pair->name, why);
        return false;
    }
    char error[ERROR_TEXT_MAX];
    switch (rd_kafka_conf_set(conf, pair->name, pair->value, error, sizeof(error))) {
    case RD_KAFKA_CONF_OK:
        return true;
    case RD_KAFKA_CONF_UNKNOWN:
        unknown_property(pair->name, ret_text, size);
        return false;
    case RD_KAFKA_CONF_INVALID:
        break;
    }
    if (pair->value_node == NULL || pair->value_node->secret)
        snprintf(ret_text, size, "the value of the property `%s` is not one it takes", pair->name);
    else
        snprintf(ret_text, size, "the property `%s` does not take `%s`: %s", pair->name,
                 pair->value, error);
    return false;
}

/* Sets the presets, except a compression that the library was built without. */
static int set_presets(rd_kafka_conf_t *conf, const struct preset *rows, size_t count)
{
    char error[ERROR_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        if (rd_kafka_conf_set(conf, rows[i].name, rows[i].value, error, sizeof(error)) ==
            RD_KAFKA_CONF_OK)
            continue;
        if (strcmp(rows[i].name, "compression.type") == 0)
            continue;
        return hs_fail(-EINVAL, "this librdkafka does not take %s=%s: %s", rows[i].name,
                       rows[i].value, error);
    }
    return 0;
}

void hs_kafka_config_brokers(const struct hs_kafka_options *options,
                             char ret_text[HS_KAFKA_BROKERS_TEXT])
{
    size_t size = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < options->brokers.count; i++) {
        int more = snprintf(ret_text + size, HS_KAFKA_BROKERS_TEXT - size, "%s%s",
                            i > 0 ? ", " : "", options->brokers.items[i]);
        size += (size_t)more;
        if (more < 0 || size >= HS_KAFKA_BROKERS_TEXT) {
            memcpy(ret_text + HS_KAFKA_BROKERS_TEXT - 4, "...", 4);
            return;
        }
    }
}

static int set_brokers(rd_kafka_conf_t *conf, const struct hs_strings *brokers)
{
    struct hs_buffer list;
    hs_buffer_init(&list, 64 << 10);
    for (size_t i = 0; i < brokers->count; i++) {
        if (i > 0)
            hs_buffer_append_byte(&list, ',');
        hs_buffer_append_text(&list, brokers->items[i]);
    }
    hs_buffer_append_byte(&list, '\0');
    if (brokers->count == 0) {
        hs_buffer_free(&list);
        return 0;
    }
    char error[ERROR_TEXT_MAX];
    int code = hs_buffer_status(&list);
    if (code < 0)
        code = hs_fail(-EINVAL, "the list of brokers is too long");
    else if (rd_kafka_conf_set(conf, "bootstrap.servers", list.data, error, sizeof(error)) !=
             RD_KAFKA_CONF_OK)
        code = hs_fail(-EINVAL, "brokers: %s", error);
    hs_buffer_free(&list);
    return code;
}

/* Presets, then the user's properties. */
static int set_common(rd_kafka_conf_t *conf, const struct hs_kafka_options *options)
{
    char text[FINDING_TEXT_MAX];
    int code = set_presets(conf, presets, HS_ARRAY_SIZE(presets));
    for (size_t i = 0; code == 0 && i < options->properties.count; i++)
        if (!set_property(conf, &options->properties.items[i], text, sizeof(text)))
            code = hs_fail(-EINVAL, "%s", text);
    return code;
}

int hs_kafka_config_make(const struct hs_kafka_options *options, bool alone,
                         const char *transactional_id, rd_kafka_conf_t **ret_conf)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int code = set_common(conf, options);
    if (code == 0)
        code = set_presets(conf, fixed, HS_ARRAY_SIZE(fixed));
    if (code == 0 && transactional_id == NULL)
        code = set_presets(conf, endless, HS_ARRAY_SIZE(endless));
    if (code == 0 && transactional_id != NULL)
        code = set_presets(conf, &(struct preset){"transactional.id", transactional_id}, 1);
    if (code == 0 && alone)
        code = set_presets(conf, &(struct preset){"batch.num.messages", "1"}, 1);
    if (code == 0)
        code = set_brokers(conf, &options->brokers);
    if (code < 0) {
        rd_kafka_conf_destroy(conf);
        return code;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    *ret_conf = conf;
    return 0;
}

int hs_kafka_config_reader(const struct hs_kafka_options *options, rd_kafka_conf_t **ret_conf)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int code = set_common(conf, options);
    if (code == 0)
        code = set_presets(conf, reader, HS_ARRAY_SIZE(reader));
    if (code == 0)
        code = set_brokers(conf, &options->brokers);
    if (code < 0) {
        rd_kafka_conf_destroy(conf);
        return code;
    }
    /* Producer-only properties cause only a warning, and failures are returned as a result. */
    rd_kafka_conf_set_log_cb(conf, NULL);
    *ret_conf = conf;
    return 0;
}

static bool names_file(const struct hs_pair *pair)
{
    struct hs_slice name = hs_slice_text(pair->name), end = HS_SLICE(".location");
    return name.size > end.size &&
           hs_slice_equal(hs_slice(name.data + name.size - end.size, end.size), end) &&
           (pair->value_node == NULL || !pair->value_node->secret);
}

void hs_kafka_config_name_files(const struct hs_kafka_options *options, char *text, size_t size)
{
    for (size_t i = 0; i < options->properties.count; i++) {
        const struct hs_pair *pair = &options->properties.items[i];
        size_t at = strlen(text); /* strlen: librdkafka terminates it */
        if (names_file(pair) && access(pair->value, R_OK) < 0)
            snprintf(text + at, size - at, "; %s: %s: %s", pair->name, pair->value,
                     strerrordesc_np(errno));
    }
}

/* ---- For `check` ---- */

/* host, host:port, [::1]:port, each with or without a protocol before it. */
static bool broker_is_sound(struct hs_slice broker)
{
    const char *mark = broker.size > 3 ? memmem(broker.data, broker.size, "://", 3) : NULL;
    if (mark != NULL)
        broker = hs_slice(mark + 3, broker.size - (size_t)(mark + 3 - broker.data));
    struct hs_slice host;
    uint16_t port;
    return hs_address_parse(broker, HS_ADDRESS_REMOTE, BROKER_PORT, &host, &port) == 0;
}

static void check_brokers(struct hs_config *config, const struct hs_kafka_options *options)
{
    /* A missing one, or one that no sink of this type has, was already reported. */
    const struct hs_node *list = hs_node_get(options->sink.node, "brokers");
    if (list != NULL && list->kind == HS_NODE_LIST && list->count == 0)
        hs_config_error(config, HS_FINDING_BROKER, list, "`brokers` names no broker");
    for (size_t i = 0; i < options->brokers.count; i++)
        if (!broker_is_sound(hs_slice_text(options->brokers.items[i])))
            hs_config_error(config, HS_FINDING_BROKER, options->brokers.nodes[i],
                            "%s is not a broker: expected host:port, such as kafka:9092 (%s)",
                            hs_config_quote(config, options->brokers.nodes[i]), hs_error_text());
}

static void check_transactions(struct hs_config *config, const struct hs_kafka_options *options)
{
    const struct hs_node *node = options->sink.node;
    const struct hs_node *id = node != NULL ? hs_node_get(node, "transactional_id") : NULL;
    const struct hs_node *topic = node != NULL ? hs_node_get(node, "cursor_topic") : NULL;
    if (options->transactional_id != NULL && !options->exactly_once)
        hs_config_error(config, HS_FINDING_TRANSACTIONAL_ID, id != NULL ? id : node,
                        "`transactional_id` is for transactions: set `exactly_once: true` too");
    if (options->transactional_id != NULL && options->transactional_id[0] == '\0')
        hs_config_error(config, HS_FINDING_TRANSACTIONAL_ID, id != NULL ? id : node,
                        "`transactional_id` is empty");
    if (options->exactly_once && options->cursor_topic != NULL &&
        hs_kafka_kind.check_destination(hs_slice_text(options->cursor_topic)) < 0)
        hs_config_error(config, HS_FINDING_CURSOR_PLACE, topic != NULL ? topic : node,
                        "`cursor_topic`: %s", hs_error_text());
}

void hs_kafka_check(struct hs_config *config, const struct hs_sink_options *sink)
{
    const struct hs_kafka_options *options = hs_kafka_options(sink);
    check_transactions(config, options);
    if (options->sink.node == NULL || hs_node_get(options->sink.node, "brokers") != NULL)
        check_brokers(config, options); /* missing: the binding reported it */
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < options->properties.count; i++) {
        const struct hs_pair *pair = &options->properties.items[i];
        char text[FINDING_TEXT_MAX];
        if (!set_property(conf, pair, text, sizeof(text)))
            hs_config_error(config, HS_FINDING_PROPERTY, pair->name_node, "%s", text);
    }
    rd_kafka_conf_destroy(conf);
}

/* Without brokers, so that it connects to nothing. */
void hs_kafka_check_client(struct hs_config *config, const char *name,
                           const struct hs_sink_options *sink)
{
    const struct hs_kafka_options *options = hs_kafka_options(sink);
    char text[ERROR_TEXT_MAX];
    const char *id = options->transactional_id != NULL ? options->transactional_id : "check";
    struct hs_kafka_options alone = *options;
    rd_kafka_conf_t *conf;
    alone.brokers = (struct hs_strings){0};
    if (hs_kafka_config_make(&alone, false, options->exactly_once ? id : NULL, &conf) < 0)
        return; /* hs_kafka_check() reported it */
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (rk != NULL) {
        rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        return;
    }
    rd_kafka_conf_destroy(conf);
    hs_kafka_config_name_files(options, text, sizeof(text));
    const struct hs_node *node = options->sink.node;
    const struct hs_node *properties = node != NULL ? hs_node_get(node, "properties") : NULL;
    hs_config_error(config, HS_FINDING_NO_CLIENT, properties != NULL ? properties : node,
                    "sink `%s`: no Kafka client can be made of its properties: %s", name, text);
}
