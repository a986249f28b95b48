/* Options of sinks and targets, names, destinations, and what `check` says of them. */
#include "hs_test.h"
#include "file/options.h"
#include "kafka/options.h"
#include "redis/options.h"

#include <event2/event.h>
#include <hookstream/sink_kind.h>
#include <stdio.h>

static struct hs_config *config;

static const char *one_secret(void *context, const char *name)
{
    return strcmp(name, "SECRET") == 0 ? "hunter2" : NULL;
}

/* Valid until the configuration is freed. */
static const void *bind_table(const struct hs_options *table, const char *yaml)
{
    config = hs_config_parse("test.yaml", hs_slice_text(yaml), one_secret, NULL);
    void *bound = hs_arena_alloc(hs_config_arena(config), hs_config_bound_size(table));
    hs_config_bind(config, hs_config_root(config), table, bound);
    return bound;
}

static const struct hs_sink_options *bind_sink(const char *yaml)
{
    return bind_table(&hs_sink_option_table, yaml);
}

#define KAFKA hs_sink_kinds[HS_SINK_INDEX_kafka]
#define REDIS hs_sink_kinds[HS_SINK_INDEX_redis]
#define FILES hs_sink_kinds[HS_SINK_INDEX_file]

/* Binds, checks, and gives the findings as text. */
static const char *findings_of(const char *yaml)
{
    static char text[4096];
    hs_sink_check(config, bind_sink(yaml));
    struct hs_buffer buffer;
    hs_buffer_init(&buffer, sizeof(text) - 1);
    hs_config_print_findings(config, &buffer);
    snprintf(text, sizeof(text), "%.*s", (int)buffer.size, buffer.data ? buffer.data : "");
    hs_buffer_free(&buffer);
    hs_config_free(config);
    return text;
}

START_TEST(each_kind_binds_its_keys)
{
    const struct hs_kafka_options *kafka = hs_kafka_options(
        bind_sink("{type: kafka, brokers: [a:1, b:2], properties: {linger.ms: 20}}"));
    ck_assert_uint_eq(hs_config_findings(config)->count, 0);
    ck_assert_uint_eq(kafka->sink.kind, HS_SINK_INDEX_kafka);
    ck_assert_uint_eq(kafka->brokers.count, 2);
    ck_assert_str_eq(kafka->properties.items[0].value, "20");
    ck_assert_ptr_nonnull(kafka->sink.node);
    hs_config_free(config);
    const struct hs_redis_options *redis =
        hs_redis_options(bind_sink("{type: redis, url: 'redis://h', username: u}"));
    ck_assert_uint_eq(redis->sink.kind, HS_SINK_INDEX_redis);
    ck_assert_str_eq(redis->url, "redis://h");
    ck_assert_str_eq(redis->cursor_key, "hookstream:cursor");
    ck_assert_uint_eq(redis->wait.replicas, 0);
    hs_config_free(config);
    redis = hs_redis_options(bind_sink("{type: redis, url: 'redis://h', wait: {replicas: 1}}"));
    ck_assert_uint_eq(redis->wait.replicas, 1);
    ck_assert_uint_eq(redis->wait.timeout_ns, 500000000);
    hs_config_free(config);
    const struct hs_file_options *file =
        hs_file_options(bind_sink("{type: file, path: data, max_size: 1MiB}"));
    ck_assert_uint_eq(file->sink.kind, HS_SINK_INDEX_file);
    ck_assert_uint_eq(file->max_size, 1 << 20);
    hs_config_free(config);
}
END_TEST

START_TEST(each_kind_of_target_binds_its_keys)
{
    const struct hs_target_options *kafka =
        bind_table(KAFKA->target, "{sink: k, topic: t, key: '{id}', headers: {a: b}}");
    ck_assert_uint_eq(hs_config_findings(config)->count, 0);
    ck_assert_str_eq(kafka->destination, "t");
    ck_assert_str_eq(kafka->key, "{id}");
    ck_assert_uint_eq(kafka->headers.count, 1);
    hs_config_free(config);
    const struct hs_redis_target *redis =
        bind_table(REDIS->target, "{sink: r, stream: s, max_length: 9, fields: flat}");
    ck_assert_str_eq(redis->target.destination, "s");
    ck_assert_uint_eq(redis->max_length, 9);
    ck_assert_uint_eq(redis->fields, HS_FIELDS_FLAT);
    hs_config_free(config);
    redis = bind_table(REDIS->target, "{sink: r, stream: s}");
    ck_assert_uint_eq(redis->max_length, 0);
    ck_assert_uint_eq(redis->fields, HS_FIELDS_BODY);
    hs_config_free(config);
    const struct hs_target_options *file = bind_table(FILES->target, "{sink: f}");
    ck_assert_uint_eq(hs_config_findings(config)->count, 0);
    ck_assert_str_eq(file->destination, "{family}.jsonl");
    hs_config_free(config);
}
END_TEST

static const struct {
    const char *yaml, *expected; /* "" : nothing is found */
} checks[] = {
    {"{type: kafka, brokers: [kafka:9092, '[::1]:9092', host, SSL://h:1],"
     " properties: {sasl.password: x, compression.type: zstd, message.max.bytes: 2000}}",
     ""},
    {"{type: kafka, brokers: [kafka:9092], properties: {linger.msec: 5}}",
     "test.yaml:1:51: error HS061: unknown property `linger.msec`, did you mean `linger.ms`?\n"},
    {"{type: kafka, brokers: [kafka:9092], properties: {sasl.pasword: x}}",
     "test.yaml:1:51: error HS061: unknown property `sasl.pasword`, did you mean "
     "`sasl.password`?\n"},
    {"{type: kafka, brokers: [kafka:9092], properties: {zzzzzzzzzzzzz: 5}}",
     "test.yaml:1:51: error HS061: unknown property `zzzzzzzzzzzzz`: those there are stand in "
     "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md\n"},
    {"{type: kafka, brokers: [kafka:9092], properties: {acks: 1}}",
     "test.yaml:1:51: error HS061: the property `acks` is not for you to set: it is always `all`: "
     "an "
     "event counts as delivered when every replica in sync has it\n"},
    {"{type: kafka, brokers: [kafka:9092], properties: {linger.ms: soon}}",
     "test.yaml:1:51: error HS061: the property `linger.ms` does not take `soon`: Invalid value "
     "for "
     "configuration property \"queue.buffering.max.ms\"\n"},
    {"{type: kafka, brokers: [kafka:9092], properties: {compression.type: '${SECRET}'}}",
     "test.yaml:1:51: error HS061: the value of the property `compression.type` is not one it "
     "takes\n"},
    {"{type: kafka, brokers: ['a b:1', 'h:0', 'h:x', ':1', '']}",
     "test.yaml:1:25: error HS060: `a b:1` is not a broker: expected host:port, such as kafka:9092 "
     "(a host has letters, digits, `-`, `_` and `.` only)\n"
     "test.yaml:1:34: error HS060: `h:0` is not a broker: expected host:port, such as kafka:9092 "
     "(nothing can be reached at port 0)\n"
     "test.yaml:1:41: error HS060: `h:x` is not a broker: expected host:port, such as kafka:9092 "
     "(its port is not a number)\n"
     "test.yaml:1:48: error HS060: `:1` is not a broker: expected host:port, such as kafka:9092 "
     "(it names no host)\n"
     "test.yaml:1:54: error HS060: an empty text is not a broker: expected host:port, such as "
     "kafka:9092 (it names no host)\n"},
    {"{type: redis, url: 'redis://u:p@h:1/2'}", ""},
    {"{type: redis, url: 'redis://h:70000'}",
     "test.yaml:1:20: error HS062: the url's host and port, as in redis://host:6379/0: a port is "
     "at most 65535\n"},
    {"{type: redis, url: 'rediss://:${SECRET}@h'}",
     "test.yaml:1:20: error HS062: rediss:// needs TLS, which this build's hiredis does not have: "
     "use "
     "redis:// to a TLS proxy beside hookstream\n"},
    {"{type: redis, url: 'redis://h', cursor_key: ''}",
     "test.yaml:1:1: error HS064: `cursor_key` is empty\n"},
    {"{type: redis, url: 'redis://h', wait: {replicas: 2, timeout: 1s}}", ""},
    {"{type: redis, url: 'redis://h', wait: {timeout: 1s}}",
     "test.yaml:1:39: error HS031: `wait` says for how many `replicas`: such as {replicas: 1}\n"},
    {"{type: file, path: ''}", "test.yaml:1:20: error HS039: `path` is empty: name a folder\n"},
    {"{type: file, path: data}", ""},
    {"{type: http, url: 'https://h/x', headers: {Authorization: '${SECRET}'}}", ""},
    {"{type: http, url: 'http://localhost:8000/'}", ""},
    {"{type: http, url: 'http://u:p@h/${SECRET}'}",
     "test.yaml:1:19: warning HS067: events go to http://h:80 without encryption: use https://\n"},
    {"{type: http, url: 'ftp://h/${SECRET}'}",
     "test.yaml:1:19: error HS062: the url begins with http:// or https://\n"},
    {"{type: http, url: 'https://h', headers: {'a b': x, Content-Length: '1'}}",
     "test.yaml:1:42: error HS124: `a b` is not a header name\n"
     "test.yaml:1:52: error HS125: the header `content-length` belongs to the connection: omit "
     "it\n"},
};

START_TEST(check_says_what_is_wrong_and_where)
{
    ck_assert_str_eq(findings_of(checks[_i].yaml), checks[_i].expected);
}
END_TEST

static const char *const refused[] = {
    "bootstrap.servers",
    "metadata.broker.list",
    "enable.idempotence",
    "acks",
    "request.required.acks",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "retries",
    "message.send.max.retries",
    "enable.gapless.guarantee",
    "queuing.strategy",
    "transactional.id",
    "delivery.report.only.error",
    "statistics.interval.ms",
    "log.queue",
    "log_level",
};

START_TEST(what_the_promises_rest_on_cannot_be_set)
{
    char yaml[128];
    snprintf(yaml, sizeof(yaml), "{type: kafka, brokers: [k:1], properties: {%s: 1}}", refused[_i]);
    ck_assert_ptr_nonnull(strstr(findings_of(yaml), "is not for you to set: "));
    const struct hs_sink_options *options = bind_sink(yaml);
    struct event_base *base = event_base_new();
    struct hs_sink_host host = {0};
    struct hs_sink *sink = NULL;
    ck_assert_int_eq(hs_sink_open(base, "k", "identity", options, &host, &sink), -EINVAL);
    ck_assert_ptr_nonnull(strstr(hs_error_text(), refused[_i]));
    ck_assert_ptr_null(sink);
    event_base_free(base);
    hs_config_free(config);
}
END_TEST

START_TEST(what_can_never_work_is_said_when_it_is_opened)
{
    static const char *const yamls[] = {
        "{type: redis, url: 'http://h'}",
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(yamls); i++) {
        const struct hs_sink_options *options = bind_sink(yamls[i]);
        struct event_base *base = event_base_new();
        struct hs_sink_host host = {0};
        struct hs_sink *sink = NULL;
        ck_assert_int_lt(hs_sink_open(base, "k", "identity", options, &host, &sink), 0);
        ck_assert_ptr_null(sink);
        event_base_free(base);
        hs_config_free(config);
    }
}
END_TEST

START_TEST(destinations_are_checked)
{
    static const struct {
        enum hs_sink_kind_index kind;
        const char *name;
        bool good;
    } rows[] = {
        {HS_SINK_INDEX_kafka, "fanfare.orders_1-x", true},
        {HS_SINK_INDEX_kafka, "", false},
        {HS_SINK_INDEX_kafka, ".", false},
        {HS_SINK_INDEX_kafka, "..", false},
        {HS_SINK_INDEX_kafka, "...", true},
        {HS_SINK_INDEX_kafka, "a b", false},
        {HS_SINK_INDEX_kafka, "a/b", false},
        {HS_SINK_INDEX_kafka, "\xc3\xa9", false},
        {HS_SINK_INDEX_redis, "a b:\xff", true},
        {HS_SINK_INDEX_redis, "", false},
        {HS_SINK_INDEX_file, "order.jsonl", true},
        {HS_SINK_INDEX_file, "", false},
        {HS_SINK_INDEX_file, ".hidden", false},
        {HS_SINK_INDEX_file, "../x", false},
        {HS_SINK_INDEX_file, "a/b", false},
        {HS_SINK_INDEX_file, "a\nb", false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++)
        ck_assert_msg((hs_sink_kinds[rows[i].kind]->check_destination(
                           hs_slice_text(rows[i].name)) == 0) == rows[i].good,
                      "%s: %s", hs_sink_kinds[rows[i].kind]->name, rows[i].name);
    static const struct {
        enum hs_sink_kind_index kind;
        size_t most;
    } sizes[] = {
        {HS_SINK_INDEX_kafka, 249}, {HS_SINK_INDEX_redis, 1024}, {HS_SINK_INDEX_file, 200}};
    char text[2048];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < HS_ARRAY_SIZE(sizes); i++) {
        ck_assert_int_eq(
            hs_sink_kinds[sizes[i].kind]->check_destination(hs_slice(text, sizes[i].most)), 0);
        ck_assert_int_eq(
            hs_sink_kinds[sizes[i].kind]->check_destination(hs_slice(text, sizes[i].most + 1)),
            -EINVAL);
    }
    ck_assert_int_eq(FILES->check_destination(hs_slice("a\0b", 3)), -EINVAL);
}
END_TEST

START_TEST(fixed_texts_of_templates_are_checked)
{
    static const struct {
        enum hs_sink_kind_index kind;
        const char *text;
        bool first, good;
    } rows[] = {
        {HS_SINK_INDEX_kafka, "orders.", true, true},  {HS_SINK_INDEX_kafka, ".", true, true},
        {HS_SINK_INDEX_kafka, "..", false, true},      {HS_SINK_INDEX_kafka, "", true, true},
        {HS_SINK_INDEX_kafka, "a b", true, false},     {HS_SINK_INDEX_kafka, "/", false, false},
        {HS_SINK_INDEX_redis, "a b:\xff", true, true}, {HS_SINK_INDEX_redis, "", true, true},
        {HS_SINK_INDEX_file, ".jsonl", false, true},   {HS_SINK_INDEX_file, ".jsonl", true, false},
        {HS_SINK_INDEX_file, "a/b", false, false},     {HS_SINK_INDEX_file, "a\nb", true, false},
    };
    for (size_t i = 0; i < HS_ARRAY_SIZE(rows); i++) {
        bool good = hs_sink_kinds[rows[i].kind]->check_fixed(hs_slice_text(rows[i].text), 0,
                                                             rows[i].first) == 0;
        ck_assert_msg(good == rows[i].good, "%s: %s", hs_sink_kinds[rows[i].kind]->name,
                      rows[i].text);
    }
    static const size_t most[] = {[HS_SINK_INDEX_kafka] = 249,
                                  [HS_SINK_INDEX_redis] = 1024,
                                  [HS_SINK_INDEX_file] = 200,
                                  [HS_SINK_INDEX_http] = 1024};
    for (unsigned kind = 0; kind < HS_SINK_KIND_COUNT; kind++) {
        ck_assert_int_eq(hs_sink_kinds[kind]->check_fixed(HS_SLICE("x"), most[kind] - 1, false), 0);
        ck_assert_int_eq(hs_sink_kinds[kind]->check_fixed(HS_SLICE("x"), most[kind], false),
                         -EINVAL);
    }
}
END_TEST

START_TEST(names_are_those_of_metrics)
{
    ck_assert_str_eq(KAFKA->name, "kafka");
    ck_assert_str_eq(REDIS->name, "redis");
    ck_assert_str_eq(FILES->name, "file");
    ck_assert_str_eq(hs_outcome_name(HS_DELIVERED), "delivered");
    ck_assert_str_eq(hs_outcome_name(HS_TRANSIENT), "transient");
    ck_assert_str_eq(hs_outcome_name(HS_BLOCKED), "blocked");
    ck_assert_str_eq(hs_outcome_name(HS_PERMANENT), "permanent");
    ck_assert_str_eq(hs_sink_state_name(HS_SINK_CONNECTING), "connecting");
    ck_assert_str_eq(hs_sink_state_name(HS_SINK_UP), "up");
    ck_assert_str_eq(hs_sink_state_name(HS_SINK_BLOCKED), "blocked");
    ck_assert_str_eq(hs_sink_state_name(HS_SINK_STOPPED), "stopped");
}
END_TEST

START_TEST(transactions_have_defaults_and_are_off)
{
    const struct hs_kafka_options *kafka =
        hs_kafka_options(bind_sink("{type: kafka, brokers: [a:1]}"));
    ck_assert(!kafka->exactly_once);
    ck_assert_ptr_null(kafka->transactional_id);
    ck_assert_str_eq(kafka->cursor_topic, "hookstream-cursors");
    ck_assert_uint_eq(kafka->transaction_messages, 10000);
    ck_assert_uint_eq(kafka->transaction_ns, 100000000);
    hs_config_free(config);
    ck_assert_str_eq(findings_of("{type: kafka, brokers: [a:1], exactly_once: true, "
                                 "transactional_id: mine, cursor_topic: c, "
                                 "properties: {transaction.timeout.ms: 5000}}"),
                     "");
    ck_assert_ptr_nonnull(strstr(findings_of("{type: kafka, brokers: [a:1], "
                                             "transactional_id: mine}"),
                                 "set `exactly_once: true` too"));
    ck_assert_ptr_nonnull(strstr(findings_of("{type: kafka, brokers: [a:1], exactly_once: true, "
                                             "cursor_topic: 'a b'}"),
                                 "`cursor_topic`: `a b` is no Kafka topic"));
    ck_assert_ptr_nonnull(strstr(findings_of("{type: kafka, brokers: [a:1], exactly_once: true, "
                                             "properties: {transactional.id: mine}}"),
                                 "it stands under `transactional_id`"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("options");
    tcase_add_test(tcase, each_kind_binds_its_keys);
    tcase_add_test(tcase, each_kind_of_target_binds_its_keys);
    tcase_add_loop_test(tcase, check_says_what_is_wrong_and_where, 0, HS_ARRAY_SIZE(checks));
    tcase_add_loop_test(tcase, what_the_promises_rest_on_cannot_be_set, 0, HS_ARRAY_SIZE(refused));
    tcase_add_test(tcase, what_can_never_work_is_said_when_it_is_opened);
    tcase_add_test(tcase, destinations_are_checked);
    tcase_add_test(tcase, fixed_texts_of_templates_are_checked);
    tcase_add_test(tcase, names_are_those_of_metrics);
    tcase_add_test(tcase, transactions_have_defaults_and_are_off);
    Suite *suite = suite_create("sink options");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
